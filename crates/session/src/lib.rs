//! Wires devices, media, peer and signalling around the engine.
//!
//! One loop around [`call::Call`], a thread for sound, one for each way of the picture, and a task a connection. What
//! is decided, is decided in `call`; what is here is dull.

#![forbid(unsafe_code)]

mod audit_command;
mod auditor;
mod board;
mod comparing;
mod day_driver;
mod desk_driver;
mod desk_person;
mod desk_requests;
mod device_keeper;
mod device_secret;
pub mod doctor;
mod driver;
mod files;
mod freeze;
mod handed_here;
mod handing;
pub mod headless;
mod host;
mod identity;
mod kept_logs;
mod keys;
mod media;
mod memory;
mod network;
mod notes;
pub mod office;
mod outcome;
mod peers;
mod person;
mod pictures;
mod proxies;
mod recorder;
mod relays;
pub mod report;
mod signaling;
mod signed_in;
mod stopping;
pub mod take_over;
mod talk;
mod totp;
mod transcript;
mod usage;
mod verdict;
mod visit;
mod whole_file;
mod window;

pub use ::media::I420;
pub use ::media::jpeg::Rgb;
pub use audit_command::{AuditCommand, TypedSpan, run as carry_out_audit};
pub use call::{self, Mode, Paths, Preferences, RelayWay};
pub use comparing::Comparing;
pub use day_driver::DayHandle;
pub use desk;
pub use desk_driver::DeskHandle;
pub use device_secret::DeviceSecret;
pub use devices::FrameRate;
pub use devices::camera::{CameraChoice, PatternKind};
pub use devices::microphone::{MicrophoneChoice, ToneKind};
pub use devices::screen::ScreenChoice;
pub use devices::speaker::SpeakerChoice;
pub use handed_here::{HandedView, Photograph};
pub use headless::{Account, Pin};
pub use identity::IdentityError;
pub use keys::{KeysCommand, KeysHandle, Spoken, ask_server, carry_out_keys};
pub use memory::{Memory, MemoryError};
pub use notes::Notes;
pub use office::{Appointment, DayCommand, DeviceBy, Moved, Office};
pub use outcome::Outcome;
pub use person::Habits;
pub use pictures::{Pictures, Repaint};
pub use proxies::{ProxyChoice, ScriptPlace};
pub use signaling_client::ClientError;
pub use signaling_protocol::{CancelReason, GuestRole, InviteId, StaffId, VisitId, WaitingNote};
pub use talk::Talked;
pub use trust::{Link, LinkError};
pub use visit::{Tell, Visit, VisitEnd, as_sentence};
pub use window::{Session, Unattended, WindowConfig};

pub use crate::media::{HeardBack, MediaChoices, Processing};
pub use crate::whole_file::WholeFile;

/// Makes aws-lc-rs the one provider of TLS for this process; first thing in `main`.
pub fn install_crypto_provider() {
    // A second call in one process (tests) finds the same provider there.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
