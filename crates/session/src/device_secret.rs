//! By what a clinic knows a patient's device again: 32 secret bytes.
//!
//! Whoever has them passes for this device, so they lie in no file that the app makes by itself: in one that somebody
//! named. Without one, a window asks the system's keyring, which has others for each clinic ([`crate::keys`]).

use std::fmt;
use std::path::Path;

use trust::{KeyFingerprint, PatientDevice};

use crate::headless::{InputError, random_bytes};
use crate::identity;

/// The secret of this device. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct DeviceSecret([u8; 32]);

impl DeviceSecret {
    /// These bytes, wherever they were kept.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of this file; made, for its owner alone, if it is not there.
    ///
    /// # Errors
    /// The file cannot be read or made, or holds something else: it is never overwritten.
    pub fn of_file(path: &Path) -> Result<Self, InputError> {
        Ok(Self(identity::load_or_make_file(path, random_bytes()?)?))
    }

    /// By what this clinic knows the device.
    pub(crate) fn for_clinic(&self, clinic: &KeyFingerprint) -> PatientDevice {
        PatientDevice::for_clinic(&self.0, clinic)
    }

    /// As the secret of a clinic of one, for a host that is given no folder.
    pub(crate) fn as_identity(&self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Debug for DeviceSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceSecret([secret])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_the_same_the_next_time_and_does_not_print_its_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("device.key");
        let first = DeviceSecret::of_file(&path).unwrap();
        assert_eq!(first.0, DeviceSecret::of_file(&path).unwrap().0);
        assert_eq!(format!("{first:?}"), "DeviceSecret([secret])");
        std::fs::write(&path, b"short").unwrap();
        assert!(matches!(DeviceSecret::of_file(&path), Err(InputError::Identity(_))));
        assert_eq!(std::fs::read(&path).unwrap(), b"short");
    }
}
