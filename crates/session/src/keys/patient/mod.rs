//! By what a clinic knows a patient's device again: 32 bytes for each clinic in the system's keyring.
//!
//! A patient is two clicks away from a visit, so nothing here ever makes the system ask for a password or a permission, and
//! nobody waits for a keyring for long. Where there is no secret, no device is named to the clinic: one made for a single visit
//! would be remembered there, and the next visit would look like an impostor's.

#[cfg_attr(target_os = "linux", path = "secret_service.rs")]
#[cfg_attr(not(target_os = "linux"), path = "store.rs")]
mod system;

use std::sync::Arc;
use std::time::Duration;

use call::Intent;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use trust::{KeyFingerprint, PatientDevice};
use units::KeyringTrouble;
use zeroize::Zeroizing;

use crate::headless::{InputError, random_bytes};

/// How long after a link was opened whoever joins waits for the keyring at most. While the preview is looked at, it may take as
/// long as it likes. An answer takes some 20 ms, half a second where the keyring has to be started for it; one that a person does
/// not give would never come.
const PATIENCE: Duration = Duration::from_secs(2);

/// A keyring that asks nobody for anything.
pub(super) trait QuietKeyring {
    /// What is kept under this name.
    fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringTrouble>;
    /// Keeps it under this name.
    fn keep(&self, name: &str, secret: &[u8]) -> Result<(), KeyringTrouble>;
}

/// Opens the secret of this name, or makes one of these bytes. Waits for the system.
type Open = dyn Fn(&str, Zeroizing<[u8; 32]>) -> Result<Zeroizing<[u8; 32]>, KeyringTrouble> + Send + Sync;

/// The keyring of a patient's window. Cheap to clone.
#[derive(Clone)]
pub(crate) struct PatientKeyring(Arc<Open>);

impl PatientKeyring {
    /// The system's.
    pub(crate) fn of_system() -> Self {
        Self(Arc::new(|name, fresh| open_or_make(&system::open()?, name, fresh)))
    }

    /// Asks for the secret of this clinic, beside everything else. To be called within the runtime.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub(crate) fn ask(&self, clinic: KeyFingerprint) -> Result<AwaitedDevice, InputError> {
        let (fresh, open) = (Zeroizing::new(random_bytes()?), self.0.clone());
        let (answer, answered) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let opened = open(&name(&clinic), fresh);
            let _ = answer.send(opened.map(|secret| PatientDevice::for_clinic(&secret, &clinic)));
        });
        Ok(AwaitedDevice {
            answer: answered,
            until: Instant::now() + PATIENCE,
            joins: false,
            trouble: watch::Sender::new(None),
        })
    }
}

/// How the entry of a clinic is called: by its key's fingerprint, which says no more than the file of who was met.
fn name(clinic: &KeyFingerprint) -> String {
    let hex: String = clinic.0.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("patient's device, for clinic {hex}")
}

/// What is not there is made. What another window made in the same moment counts as well as ours; what the keyring did not
/// really take must not be told to a clinic.
fn open_or_make(
    keyring: &impl QuietKeyring,
    name: &str,
    fresh: Zeroizing<[u8; 32]>,
) -> Result<Zeroizing<[u8; 32]>, KeyringTrouble> {
    let kept = match keyring.read(name)? {
        Some(kept) => kept,
        None => {
            keyring.keep(name, &*fresh)?;
            keyring.read(name)?.ok_or(KeyringTrouble::Unusable)?
        }
    };
    let secret = <[u8; 32]>::try_from(kept.as_slice()).map_err(|_| KeyringTrouble::Unusable)?;
    Ok(Zeroizing::new(secret))
}

/// The keyring's answer, while it is waited for.
pub(crate) struct AwaitedDevice {
    answer: oneshot::Receiver<Result<PatientDevice, KeyringTrouble>>,
    until: Instant,
    /// Whether the person has joined meanwhile.
    joins: bool,
    trouble: watch::Sender<Option<KeyringTrouble>>,
}

/// What came of it.
pub(crate) struct SettledDevice {
    /// By what the clinic knows this device.
    pub(crate) device: Option<PatientDevice>,
    /// Whether [`Intent::Join`] was held back meanwhile.
    pub(crate) joins: bool,
}

impl AwaitedDevice {
    /// Why there is none, once that is known.
    pub(crate) fn trouble(&self) -> watch::Receiver<Option<KeyringTrouble>> {
        self.trouble.subscribe()
    }

    /// Whether this is held back until the answer is there.
    pub(crate) fn holds(&mut self, intent: Intent) -> bool {
        self.joins |= intent == Intent::Join;
        intent == Intent::Join
    }

    /// Waits for the answer, and not too long for who joins; never ends if nothing is awaited. May be begun again.
    pub(crate) async fn settle(awaited: &mut Option<Self>) -> SettledDevice {
        let Some(it) = awaited else { return std::future::pending().await };
        let (joins, until) = (it.joins, it.until);
        let late = async {
            match joins {
                true if Instant::now() >= until => {}
                true => tokio::time::sleep_until(until).await,
                false => std::future::pending().await,
            }
        };
        let answer = tokio::select! {
            biased;
            answer = &mut it.answer => answer.unwrap_or(Err(KeyringTrouble::NoAnswer)),
            () = late => Err(KeyringTrouble::NoAnswer),
        };
        let trouble = answer.as_ref().err().copied();
        if let Some(trouble) = trouble {
            tracing::info!(?trouble, "the clinic is not told which device this is");
        }
        it.trouble.send_replace(trouble);
        *awaited = None;
        SettledDevice { device: answer.ok(), joins }
    }
}

#[cfg(test)]
mod tests;
