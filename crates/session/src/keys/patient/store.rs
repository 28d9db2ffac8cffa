//! Keychain and Credential Manager, through the store that the staff's keys use.
//!
//! The Credential Manager asks nobody for anything. The Keychain does where it is locked, unless it is told not to.

use std::sync::Arc;

use keyring_core::api::CredentialStore;
use keyring_core::{Entry, Error};
use units::KeyringTrouble;
use zeroize::Zeroizing;

use super::QuietKeyring;
use crate::keys::SERVICE;
use crate::keys::vault::system_store;

/// Opens it, if there is one.
pub(super) fn open() -> Result<Store, KeyringTrouble> {
    #[cfg(target_os = "macos")]
    let quiet = security_framework::os::macos::keychain::SecKeychain::disable_user_interaction()
        .map_err(|_| KeyringTrouble::Unusable)?;
    Ok(Store {
        store: system_store().map_err(trouble)?,
        #[cfg(target_os = "macos")]
        _quiet: quiet,
    })
}

/// The system's store while it is told to ask nobody.
pub(super) struct Store {
    store: Arc<CredentialStore>,
    #[cfg(target_os = "macos")]
    _quiet: security_framework::os::macos::keychain::KeychainUserInteractionLock,
}

impl Store {
    fn entry(&self, name: &str) -> Result<Entry, KeyringTrouble> {
        self.store.build(SERVICE, name, None).map_err(trouble)
    }
}

impl QuietKeyring for Store {
    fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringTrouble> {
        match self.entry(name)?.get_secret() {
            Ok(secret) => Ok(Some(secret.into())),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(trouble(error)),
        }
    }

    fn keep(&self, name: &str, secret: &[u8]) -> Result<(), KeyringTrouble> {
        self.entry(name)?.set_secret(secret).map_err(trouble)
    }
}

fn trouble(error: Error) -> KeyringTrouble {
    match error {
        Error::NoStorageAccess(_) => KeyringTrouble::Locked,
        Error::NotSupportedByStore(_) => KeyringTrouble::Missing,
        error => {
            tracing::warn!(%error, "the keyring refuses");
            KeyringTrouble::Unusable
        }
    }
}
