//! For tests: network weather in virtual time, meters of sound, a camera that the machine does not have, a sound server of
//! the test's own, an allocator that counts, a TURN client without sockets, an authenticator app, the second
//! verifier of evidence.

#![deny(unsafe_code)]

#[cfg(target_os = "linux")]
pub mod allocations;
pub mod authenticator;
pub mod echo_meter;
#[cfg(target_os = "linux")]
pub mod fake_camera;
pub mod link;
pub mod mouth_to_ear;
pub mod python;
#[cfg(target_os = "linux")]
pub mod sound_server;
pub mod turn;
