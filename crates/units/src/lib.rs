//! The words that all crates share: moments, rates, picture sizes, devices, keyrings, proxy scripts and people's data.
//!
//! Open to every crate, names none of them.

#![forbid(unsafe_code)]

mod clock;
mod data_rate;
mod devices;
mod keyring;
mod phi;
mod picture_size;
mod script_fault;
mod server_trouble;
mod timestamp;
mod voice_redundancy;

pub use clock::Clock;
pub use data_rate::DataRate;
pub use devices::{DeviceKind, DeviceList, DeviceMove, DeviceTrouble, Devices, Listening, MoveCause};
pub use keyring::KeyringTrouble;
pub use phi::Phi;
pub use picture_size::PictureSize;
pub use script_fault::ScriptFault;
pub use server_trouble::ServerTrouble;
pub use timestamp::Timestamp;
pub use voice_redundancy::VoiceRedundancy;
