//! Where keys are kept, and the loop around [`desk::Keys`].

mod driver;
mod vault;

pub use driver::KeysHandle;
pub(crate) use driver::{KeysDriver, KeysOf};
pub(crate) use vault::Vault;
