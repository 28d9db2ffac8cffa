//! Microphone, loudspeaker, camera and screen, and file-backed ones of the same types.
//!
//! Everything here touches the world and decides nothing: a device gives or takes sound in frames of 10 ms and pictures
//! as I420, and says with one sentence when it cannot. What is kept in real time is kept by the program's own clock:
//! sample n of a microphone is spoken at its start plus n / 48000 s, picture n of a camera is taken at its start plus
//! n / rate.
//!
//! **Invariant:** this crate knows no codec, no network and no call.

#![forbid(unsafe_code)]

mod bell;
pub mod camera;
mod error;
mod frame_rate;
mod input;
pub mod microphone;
mod output;
mod rate;
pub mod screen;
pub mod sound;
mod sound_system;
pub mod speaker;
pub mod wav;
pub mod y4m;

pub use camera::{Camera, CameraChoice, CameraFormat, CapturedFrame};
pub use error::{DeviceError, StopCause};
pub use frame_rate::FrameRate;
pub use microphone::{Microphone, MicrophoneChoice};
pub use screen::{Screen, ScreenChoice};
pub use speaker::{Speaker, SpeakerChoice};

#[cfg(all(test, target_os = "linux"))]
#[global_allocator]
static COUNTING: testkit::allocations::CountingAllocator = testkit::allocations::CountingAllocator;
