//! The system's keyring, on a thread of its own: it may ask the person for a password and take its time.
//!
//! Linux has the Secret Service (GNOME Keyring, KWallet, KeePassXC), macOS the Keychain, Windows the Credential Manager. Where
//! there is none, keys are kept in memory until the window is closed; they are never written to a file.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use desk::{Entry, Keeping, Loaded};
use keyring_core::api::CredentialStore;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::SERVICE;

/// The keyring, and what stands in for it. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Vault(Sender<Command>);

/// A bounded channel would have to say what happens when it is full; a person makes a few of these a minute.
enum Command {
    Load { place: String, answer: oneshot::Sender<Loaded> },
    Read { place: String, entry: Entry, answer: oneshot::Sender<Option<Zeroizing<Vec<u8>>>> },
    Keep { place: String, entry: Entry, secret: Zeroizing<Vec<u8>>, answer: oneshot::Sender<Keeping> },
}

impl Vault {
    /// Starts the thread; the keyring itself is opened when something is asked of it. It ends with the last clone.
    pub(crate) fn start() -> Self {
        Self::with(open_system)
    }

    /// One that forgets with the test.
    #[cfg(test)]
    pub(super) fn without_a_keyring() -> Self {
        Self::with(|| None)
    }

    fn with(open: impl FnOnce() -> Option<Arc<CredentialStore>> + Send + 'static) -> Self {
        let (commands, work) = channel();
        let started = std::thread::Builder::new().name("keyring".to_owned()).spawn(move || run(&work, open));
        if let Err(error) = started {
            tracing::warn!(%error, "no thread for the keyring");
        }
        Self(commands)
    }

    /// What is kept for this account at this server.
    pub(crate) async fn load(&self, place: String) -> Loaded {
        let (answer, loaded) = oneshot::channel();
        let _ = self.0.send(Command::Load { place, answer });
        loaded.await.unwrap_or(Loaded::Read { device: None, issuing: None, keeping: Keeping::Memory })
    }

    /// One entry of this account at this server, if it is there and can be read.
    pub(crate) async fn read(&self, place: String, entry: Entry) -> Option<Zeroizing<Vec<u8>>> {
        let (answer, read) = oneshot::channel();
        let _ = self.0.send(Command::Read { place, entry, answer });
        read.await.ok().flatten()
    }

    /// Keeps this in the place of what is there. Answers where.
    pub(crate) fn keep(
        &self,
        place: String,
        entry: Entry,
        secret: Zeroizing<Vec<u8>>,
    ) -> impl Future<Output = Keeping> + Send + use<> {
        let (answer, kept) = oneshot::channel();
        let _ = self.0.send(Command::Keep { place, entry, secret, answer });
        async move { kept.await.unwrap_or(Keeping::Memory) }
    }
}

fn run(work: &Receiver<Command>, open: impl FnOnce() -> Option<Arc<CredentialStore>>) {
    let Ok(mut command) = work.recv() else { return };
    let mut shelf = Shelf { store: open(), memory: HashMap::new() };
    loop {
        match command {
            Command::Load { place, answer } => drop(answer.send(shelf.load(&place))),
            Command::Read { place, entry, answer } => drop(answer.send(shelf.read(&place, entry).ok().flatten())),
            Command::Keep { place, entry, secret, answer } => drop(answer.send(shelf.keep(&place, entry, secret))),
        }
        match work.recv() {
            Ok(next) => command = next,
            Err(_nobody_is_left) => return,
        }
    }
}

struct Shelf {
    store: Option<Arc<CredentialStore>>,
    /// What the keyring did not take, or all where there is none. Gone with the window.
    memory: HashMap<(String, Entry), Zeroizing<Vec<u8>>>,
}

impl Shelf {
    fn load(&self, place: &str) -> Loaded {
        match (self.read(place, Entry::Device), self.read(place, Entry::Issuing)) {
            (Ok(device), Ok(issuing)) => {
                let in_memory = self.store.is_none() || self.holds_keys_of(place);
                let keeping = if in_memory { Keeping::Memory } else { Keeping::Keyring };
                Loaded::Read { device, issuing, keeping }
            }
            // Other keys in the place of those that cannot be read would shut this device out for good.
            _ => Loaded::Locked,
        }
    }

    /// Whether keys of this account are in memory alone; who is signed in is no key.
    fn holds_keys_of(&self, place: &str) -> bool {
        self.memory.keys().any(|(kept, entry)| kept == place && *entry != Entry::Session)
    }

    fn read(&self, place: &str, entry: Entry) -> Result<Option<Zeroizing<Vec<u8>>>, keyring_core::Error> {
        if let Some(secret) = self.memory.get(&(place.to_owned(), entry)) {
            return Ok(Some(secret.clone()));
        }
        let Some(store) = &self.store else { return Ok(None) };
        let found = store.build(SERVICE, &user(place, entry), None).and_then(|entry| entry.get_secret());
        match found {
            Ok(secret) => Ok(Some(secret.into())),
            Err(keyring_core::Error::NoEntry) => Ok(None),
            Err(error) => {
                tracing::warn!(%error, "the keyring cannot be read");
                Err(error)
            }
        }
    }

    fn keep(&mut self, place: &str, entry: Entry, secret: Zeroizing<Vec<u8>>) -> Keeping {
        let kept = self
            .store
            .as_ref()
            .map(|store| store.build(SERVICE, &user(place, entry), None).and_then(|entry| entry.set_secret(&secret)));
        let at = (place.to_owned(), entry);
        match kept {
            Some(Ok(())) => {
                self.memory.remove(&at);
                if self.holds_keys_of(place) { Keeping::Memory } else { Keeping::Keyring }
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "the keyring takes nothing");
                self.memory.insert(at, secret);
                Keeping::Memory
            }
            None => {
                self.memory.insert(at, secret);
                Keeping::Memory
            }
        }
    }
}

/// How an entry is called in the keyring.
fn user(place: &str, entry: Entry) -> String {
    match entry {
        Entry::Device => format!("{place} (this device)"),
        Entry::Issuing => format!("{place} (the clinic's issuing key)"),
        Entry::Session => format!("{place} (who is signed in)"),
    }
}

/// The system's own keyring, if there is one.
fn open_system() -> Option<Arc<CredentialStore>> {
    match system_store() {
        Ok(store) => Some(store),
        Err(error) => {
            tracing::info!(%error, "this machine has no keyring");
            None
        }
    }
}

#[cfg(target_os = "linux")]
fn system_store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

#[cfg(target_os = "macos")]
pub(super) fn system_store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(windows)]
pub(super) fn system_store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
pub(super) fn system_store() -> keyring_core::Result<Arc<CredentialStore>> {
    Err(keyring_core::Error::NotSupportedByStore("no keyring is known for this system".to_owned()))
}

#[cfg(test)]
mod tests {
    use keyring_core::mock;

    use super::*;

    fn secret(byte: u8) -> Zeroizing<Vec<u8>> {
        vec![byte; 40].into()
    }

    fn read(loaded: Loaded) -> (Option<Vec<u8>>, Option<Vec<u8>>, Keeping) {
        match loaded {
            Loaded::Read { device, issuing, keeping } => {
                (device.map(|secret| secret.to_vec()), issuing.map(|secret| secret.to_vec()), keeping)
            }
            Loaded::Locked => panic!("locked"),
        }
    }

    #[tokio::test]
    async fn what_is_kept_is_there_the_next_time_for_that_account_alone() {
        let store: Arc<CredentialStore> = mock::Store::new().unwrap();
        let again = store.clone();
        let vault = Vault::with(move || Some(store));
        assert_eq!(read(vault.load("lee at a".into()).await), (None, None, Keeping::Keyring));
        assert_eq!(vault.keep("lee at a".into(), Entry::Device, secret(1)).await, Keeping::Keyring);
        assert_eq!(vault.keep("lee at a".into(), Entry::Issuing, secret(2)).await, Keeping::Keyring);
        drop(vault);
        let vault = Vault::with(move || Some(again));
        let both = (Some(vec![1; 40]), Some(vec![2; 40]), Keeping::Keyring);
        assert_eq!(read(vault.load("lee at a".into()).await), both);
        assert_eq!(read(vault.load("kim at a".into()).await), (None, None, Keeping::Keyring));
    }

    #[tokio::test]
    async fn without_a_keyring_keys_last_as_long_as_the_window_and_that_is_said() {
        let vault = Vault::with(|| None);
        assert_eq!(read(vault.load("lee at a".into()).await), (None, None, Keeping::Memory));
        assert_eq!(vault.keep("lee at a".into(), Entry::Device, secret(1)).await, Keeping::Memory);
        assert_eq!(read(vault.load("lee at a".into()).await), (Some(vec![1; 40]), None, Keeping::Memory));
        assert_eq!(read(Vault::with(|| None).load("lee at a".into()).await), (None, None, Keeping::Memory));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_secret_service_keeps_keys_from_one_start_to_the_next() {
        let test = "keys::vault::tests::a_secret_service_keeps_keys_from_one_start_to_the_next";
        if crate::keys::own_session::is_inside_or_runs(test) {
            inside_of_a_session();
        }
    }

    #[cfg(target_os = "linux")]
    fn inside_of_a_session() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let vault = Vault::start();
            assert_eq!(read(vault.load("lee at a".into()).await), (None, None, Keeping::Keyring));
            for byte in [1, 2] {
                assert_eq!(vault.keep("lee at a".into(), Entry::Device, secret(byte)).await, Keeping::Keyring);
            }
            assert_eq!(vault.keep("lee at a".into(), Entry::Issuing, secret(3)).await, Keeping::Keyring);
            drop(vault);
            let both = (Some(vec![2; 40]), Some(vec![3; 40]), Keeping::Keyring);
            assert_eq!(read(Vault::start().load("lee at a".into()).await), both);
            assert_eq!(read(Vault::start().load("kim at a".into()).await), (None, None, Keeping::Keyring));
        });
    }
}
