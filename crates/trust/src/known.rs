//! Devices that were met before: recognised, or seen to have changed; and how sure that makes us who is there.

use std::collections::BTreeMap;

use ed25519_dalek::{Signer, SigningKey};

use crate::KeyFingerprint;
use crate::codec::{Reader, derive, hash, secret_debug};

/// The key by which one clinic knows a patient's device. Another clinic knows another key, so that no two of them can
/// tell that it is the same patient.
#[derive(Clone)]
pub struct PatientDevice(SigningKey);

impl PatientDevice {
    /// The key for this clinic, of the 32 secret bytes that the device keeps.
    pub fn for_clinic(secret: &[u8; 32], clinic: &KeyFingerprint) -> Self {
        let label = [b"housecall patient device v1".as_slice(), &clinic.0].concat();
        Self(SigningKey::from_bytes(&derive(secret, &label)))
    }

    pub(crate) fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    pub(crate) fn sign(&self, labelled: &[u8]) -> [u8; 64] {
        self.0.sign(labelled).to_bytes()
    }
}

secret_debug!(PatientDevice);

/// What is known of a device that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognition {
    /// Nobody was remembered under this name.
    New,
    /// Met before; nobody compared digits.
    Met,
    /// Met before, and digits were compared.
    Compared,
    /// Somebody else's device, or none that says which it is, in the place of the one that is remembered: to be told.
    Changed,
}

/// The devices that an app remembers: at a clinic under an opaque name
/// for each patient, at a patient under the [`clinician`](Self::clinician).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownDevices(BTreeMap<[u8; 32], Known>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    device: KeyFingerprint,
    compared: bool,
}

impl KnownDevices {
    /// Under which name a patient remembers a clinician: a clinic has many, and each has a device of their own.
    pub fn clinician(clinic: &KeyFingerprint, name: &str) -> [u8; 32] {
        hash(&[b"housecall clinician v1", &clinic.0, name.as_bytes()])
    }

    /// Under which name a clinician's app remembers a patient, by what the clinician calls them: large or small letters
    /// and the spaces do not matter. `secret` is the app's own, so that the name cannot be guessed without it.
    pub fn patient(secret: &[u8; 32], called: &str) -> [u8; 32] {
        let called = called.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        hash(&[b"housecall patient v1", secret, called.as_bytes()])
    }

    /// Whether the device that is there, if it says which it is, was met under this name.
    pub fn recognise(&self, name: &[u8; 32], device: Option<KeyFingerprint>) -> Recognition {
        match self.0.get(name) {
            None => Recognition::New,
            Some(known) if device != Some(known.device) => Recognition::Changed,
            Some(Known { compared: true, .. }) => Recognition::Compared,
            Some(_) => Recognition::Met,
        }
    }

    /// Remembers a device in the place of the one before: at the end of a visit in which nothing was refused. What was
    /// once compared stays so for the same device. `false` if [`MOST_KNOWN`] others are remembered.
    pub fn remember(&mut self, name: [u8; 32], device: KeyFingerprint, compared: bool) -> bool {
        if self.0.len() >= MOST_KNOWN && !self.0.contains_key(&name) {
            return false;
        }
        let before = self.0.get(&name).is_some_and(|known| known.device == device && known.compared);
        self.0.insert(name, Known { device, compared: compared || before });
        true
    }

    /// Forgets what is remembered under a name.
    pub fn forget(&mut self, name: &[u8; 32]) {
        self.0.remove(name);
    }

    /// For where the app keeps it: version, then name, device and whether digits were compared, for each.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        for (name, known) in &self.0 {
            bytes.extend_from_slice(name);
            bytes.extend_from_slice(&known.device.0);
            bytes.push(u8::from(known.compared));
        }
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        if reader.u8()? != VERSION || reader.0.len() > MOST_KNOWN * 65 {
            return None;
        }
        let mut all = BTreeMap::new();
        while !reader.0.is_empty() {
            let (name, device, compared) = (*reader.array()?, KeyFingerprint(*reader.array()?), reader.u8()?);
            if compared > 1 || all.last_key_value().is_some_and(|(last, _)| *last >= name) {
                return None;
            }
            all.insert(name, Known { device, compared: compared == 1 });
        }
        Some(Self(all))
    }
}

/// How sure a person can be of who is at the other end. Nothing that the other side says of itself raises it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// By the link, and one side is a page: whoever serves the page is trusted with everything.
    LinkPage,
    /// By the link, between two apps.
    LinkApp,
    /// By a device with which digits were compared in an earlier visit.
    KnownDevice,
    /// By digits compared in this visit.
    DigitsCompared,
}

impl Level {
    /// The level of a connection, for our side.
    pub fn of(either_is_a_page: bool, recognised: Recognition, compared_now: bool) -> Self {
        match (either_is_a_page, recognised, compared_now) {
            // A page's script can show any digits: comparing them says nothing.
            (true, ..) => Self::LinkPage,
            (false, _, true) => Self::DigitsCompared,
            (false, Recognition::Compared, false) => Self::KnownDevice,
            (false, ..) => Self::LinkApp,
        }
    }
}

/// More patients than a practice has; bounds what a file can make us read.
pub const MOST_KNOWN: usize = 16_384;
const VERSION: u8 = 1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ADA: [u8; 32] = [1; 32];
    const BOB: [u8; 32] = [2; 32];
    const PHONE: KeyFingerprint = KeyFingerprint([7; 32]);
    const LAPTOP: KeyFingerprint = KeyFingerprint([8; 32]);

    #[test]
    fn a_device_is_known_again_and_another_one_is_told() {
        let mut known = KnownDevices::default();
        assert_eq!(known.recognise(&ADA, Some(PHONE)), Recognition::New);
        assert_eq!(known.recognise(&ADA, None), Recognition::New);
        assert!(known.remember(ADA, PHONE, false));
        assert_eq!(known.recognise(&ADA, Some(PHONE)), Recognition::Met);
        assert_eq!(known.recognise(&ADA, Some(LAPTOP)), Recognition::Changed);
        assert_eq!(known.recognise(&ADA, None), Recognition::Changed, "who hides which device it is gains nothing");
        assert_eq!(known.recognise(&BOB, Some(PHONE)), Recognition::New);
        known.forget(&ADA);
        assert_eq!(known.recognise(&ADA, Some(PHONE)), Recognition::New);
    }

    #[test]
    fn a_patient_is_the_same_however_the_name_is_typed_and_another_in_another_app() {
        let ada = KnownDevices::patient(&[1; 32], "Ada  Lovelace ");
        assert_eq!(ada, KnownDevices::patient(&[1; 32], " ada lovelace"));
        assert_ne!(ada, KnownDevices::patient(&[1; 32], "adalovelace"));
        assert_ne!(ada, KnownDevices::patient(&[2; 32], "ada lovelace"));
    }

    #[test]
    fn what_was_compared_once_stays_so_for_that_device_alone() {
        let mut known = KnownDevices::default();
        known.remember(ADA, PHONE, true);
        known.remember(ADA, PHONE, false);
        assert_eq!(known.recognise(&ADA, Some(PHONE)), Recognition::Compared);
        known.remember(ADA, LAPTOP, false);
        assert_eq!(known.recognise(&ADA, Some(LAPTOP)), Recognition::Met);
        known.remember(ADA, LAPTOP, true);
        assert_eq!(known.recognise(&ADA, Some(LAPTOP)), Recognition::Compared);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let name = |number: usize| {
            let mut name = [0; 32];
            name[..8].copy_from_slice(&(number as u64).to_be_bytes());
            name
        };
        let mut known = KnownDevices::default();
        assert!((0..MOST_KNOWN).all(|number| known.remember(name(number), PHONE, false)));
        assert!(!known.remember(name(MOST_KNOWN), PHONE, false));
        assert!(known.remember(name(0), LAPTOP, false), "another device of somebody who is known");
        let bytes = known.to_bytes();
        assert_eq!(KnownDevices::from_bytes(&bytes), Some(known));
        assert_eq!(KnownDevices::from_bytes(&[bytes.as_slice(), &[0xff; 65]].concat()), None);
    }

    #[test]
    fn what_is_kept_has_one_form() {
        let mut known = KnownDevices::default();
        known.remember(ADA, PHONE, true);
        known.remember(BOB, LAPTOP, false);
        let bytes = known.to_bytes();
        assert_eq!(KnownDevices::from_bytes(&bytes), Some(known));
        assert_eq!(KnownDevices::from_bytes(&[1]), Some(KnownDevices::default()));
        let (first, second) = bytes[1..].split_at(65);
        let swapped = [&[1], second, first].concat();
        let twice = [&[1], first, first].concat();
        let mut other_bool = bytes.clone();
        other_bool[65] = 2;
        let later = [&[2], &bytes[1..]].concat();
        for wrong in [&[][..], &bytes[..65], &swapped, &twice, &other_bool, &later] {
            assert_eq!(KnownDevices::from_bytes(wrong), None);
        }
    }

    #[test]
    fn levels_are_in_the_order_of_what_they_prove() {
        use Recognition as R;
        assert!(Level::LinkPage < Level::LinkApp && Level::LinkApp < Level::KnownDevice);
        assert!(Level::KnownDevice < Level::DigitsCompared);
        for recognised in [R::New, R::Met, R::Compared, R::Changed] {
            assert_eq!(Level::of(true, recognised, true), Level::LinkPage);
            assert_eq!(Level::of(true, recognised, false), Level::LinkPage);
            assert_eq!(Level::of(false, recognised, true), Level::DigitsCompared);
        }
        assert_eq!(Level::of(false, R::Compared, false), Level::KnownDevice);
        for recognised in [R::New, R::Met, R::Changed] {
            assert_eq!(Level::of(false, recognised, false), Level::LinkApp);
        }
    }

    #[test]
    fn each_clinician_of_each_clinic_is_remembered_apart() {
        let names = [
            KnownDevices::clinician(&PHONE, "Dr Hopper"),
            KnownDevices::clinician(&LAPTOP, "Dr Hopper"),
            KnownDevices::clinician(&PHONE, "Dr Who"),
        ];
        assert!(names[0] != names[1] && names[0] != names[2] && names[1] != names[2]);
        assert_eq!(names[0], KnownDevices::clinician(&PHONE, "Dr Hopper"));
    }

    #[test]
    fn a_device_does_not_print_its_key() {
        assert_eq!(format!("{:?}", PatientDevice::for_clinic(&[5; 32], &PHONE)), "PatientDevice([secret])");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Some(known) = KnownDevices::from_bytes(&bytes) {
                prop_assert_eq!(known.to_bytes(), bytes);
            }
        }
    }
}
