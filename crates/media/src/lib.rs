//! Signal code without threads: echo, noise and gain, Opus, H.264, jitter buffer, frame assembly, scaling.
//!
//! **Invariant:** nothing here opens a device, a file or a socket, asks a clock or rolls a die. Packets and samples come
//! in as plain values with the time at which they came; sound and pictures go out. The thread, the pacing and the
//! device are the caller's.

pub mod convert;
pub mod frame_assembly;
pub mod h264;
pub mod jpeg;
pub mod lip_sync;
pub mod near_end;
pub mod picture;
pub mod scale;
pub mod voice;

pub use frame_assembly::{AssembledFrame, AssemblyStats, FrameAssembler, PicturePacket};
pub use lip_sync::LipSync;
pub use picture::I420;
