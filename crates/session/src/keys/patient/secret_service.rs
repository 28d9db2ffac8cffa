//! The Secret Service over D-Bus: GNOME Keyring, KWallet, KeePassXC.
//!
//! The keyring's store unlocks what it finds locked, which makes the system ask, and looks into all collections, which makes
//! KeePassXC ask. So what is asked here is the default collection alone, once it says itself that it is not locked.

use std::collections::HashMap;

use secret_service::blocking::{Collection, SecretService};
use secret_service::{EncryptionType, Error};
use units::KeyringTrouble;
use zeroize::Zeroizing;

use super::QuietKeyring;
use crate::keys::SERVICE;

/// Connects to the service; the system starts it if it can.
pub(super) fn open() -> Result<SecretService<'static>, KeyringTrouble> {
    SecretService::connect(EncryptionType::Dh).map_err(|error| {
        tracing::info!(%error, "this machine has no keyring");
        KeyringTrouble::Missing
    })
}

impl QuietKeyring for SecretService<'_> {
    fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringTrouble> {
        let collection = unlocked(self)?;
        let items = collection.search_items(attributes(name)).map_err(trouble)?;
        let Some(item) = items.first() else { return Ok(None) };
        // KeePassXC locks what it has not yet been allowed to give to this program.
        item.ensure_unlocked().map_err(trouble)?;
        Ok(Some(item.get_secret().map_err(trouble)?.into()))
    }

    fn keep(&self, name: &str, secret: &[u8]) -> Result<(), KeyringTrouble> {
        let label = format!("{SERVICE} ({name})");
        let collection = unlocked(self)?;
        collection.create_item(&label, attributes(name), secret, true, "application/octet-stream").map_err(trouble)?;
        Ok(())
    }
}

fn unlocked<'a>(service: &'a SecretService<'_>) -> Result<Collection<'a>, KeyringTrouble> {
    let collection = service.get_default_collection().map_err(trouble)?;
    collection.ensure_unlocked().map_err(trouble)?;
    Ok(collection)
}

/// As the store names its own.
fn attributes(name: &str) -> HashMap<&str, &str> {
    HashMap::from([("service", SERVICE), ("username", name)])
}

fn trouble(error: Error) -> KeyringTrouble {
    match error {
        Error::Locked => KeyringTrouble::Locked,
        // There is a service, and it keeps nothing.
        Error::NoResult | Error::Unavailable => KeyringTrouble::Missing,
        error => {
            tracing::warn!(%error, "the keyring refuses");
            KeyringTrouble::Unusable
        }
    }
}
