//! Where keys are kept, and the loop around [`desk::Keys`].

mod ask;
mod driver;
mod kept;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod own_session;
mod patient;
mod unattended;
mod vault;

use trust::ServerAddress;
use units::Phi;

pub use ask::ask_server;
pub use driver::KeysHandle;
pub(crate) use driver::{KeysDriver, KeysOf};
pub(crate) use kept::Kept;
pub(crate) use patient::{AwaitedDevice, PatientKeyring, SettledDevice};
pub use unattended::{KeysCommand, Spoken, run as carry_out_keys};
pub(crate) use vault::Vault;

/// Under which name the keyring has the keys and the session of this account at this server.
pub(crate) fn keys_place(account: &Phi<String>, server: &ServerAddress) -> String {
    format!("{} at {server}", account.expose())
}

/// The name under which the system's own program lists what is kept here.
const SERVICE: &str = "Housecall";
