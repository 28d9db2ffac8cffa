//! Where keys are kept, and the loop around [`desk::Keys`].

mod ask;
mod driver;
mod kept;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod own_session;
mod patient;
mod vault;

pub use ask::ask_server;
pub use driver::KeysHandle;
pub(crate) use driver::{KeysDriver, KeysOf};
pub(crate) use kept::Kept;
pub(crate) use patient::{AwaitedDevice, PatientKeyring, SettledDevice};
pub(crate) use vault::Vault;

/// The name under which the system's own program lists what is kept here.
const SERVICE: &str = "Housecall";
