//! The bytes of what is kept in the keyring, what a device asks a certificate for, and a device's card.
//!
//! All of it is small on purpose: Windows' keyring takes 2,560 bytes an entry.

use signaling_protocol::DeviceId;
use trust::certificate::MOST_NAME_BYTES;
use trust::{DevicePublic, DeviceRole, Epoch, KeyFingerprint, UnixTime};
use units::Phi;
use zeroize::Zeroizing;

/// What the keyring keeps of this device, for one account at one server.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct DeviceRecord {
    /// Of the device's keys.
    pub(super) secret: Zeroizing<[u8; 32]>,
    /// The clinic, once this device's person has compared digits with it, or set it up here.
    pub(super) clinic: Option<KeyFingerprint>,
    /// The highest that was ever seen of it.
    pub(super) epoch: Epoch,
    /// As the server calls the device, once it asked.
    pub(super) device: Option<DeviceId>,
    /// What is certified, with the chain that says so.
    pub(super) certified: Option<Certified>,
    /// Whether the clinic has revoked it: for good, whatever the server says later.
    pub(super) revoked: bool,
}

/// What a clinic has certified of this device.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Certified {
    pub(super) name: Phi<String>,
    pub(super) salt: [u8; 16],
    pub(super) chain: Vec<u8>,
}

/// What the keyring keeps of the clinic's issuing key.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct IssuingRecord {
    pub(super) secret: Zeroizing<[u8; 32]>,
    /// The clinic's key, and its certificate for this one.
    pub(super) head: Vec<u8>,
    /// To which what colleagues share is sealed, too.
    pub(super) recovery: [u8; 32],
    pub(super) generation: u16,
    /// Until when it may certify.
    pub(super) until: UnixTime,
    /// Of the last statement, and when it was made.
    pub(super) counter: u16,
    pub(super) made_at: UnixTime,
    /// Serials that are revoked, and until when they are to be listed.
    pub(super) revoked: Vec<(u64, UnixTime)>,
}

/// What a device asks a certificate for. The server can change it: the digits tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DeviceRequest {
    pub(super) keys: DevicePublic,
    /// What its account is for, by the server's word. Who certifies decides.
    pub(super) role: DeviceRole,
}

/// What is certified of a device, for itself and for who certifies: sealed, so that the server learns no name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Card {
    pub(super) keys: DevicePublic,
    pub(super) role: DeviceRole,
    pub(super) name: Phi<String>,
    pub(super) salt: [u8; 16],
}

impl DeviceRecord {
    pub(super) fn new(secret: [u8; 32]) -> Self {
        Self {
            secret: secret.into(),
            clinic: None,
            epoch: Epoch::default(),
            device: None,
            certified: None,
            revoked: false,
        }
    }

    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(ROOM));
        bytes.push(VERSION);
        bytes.extend_from_slice(&*self.secret);
        optional(&mut bytes, self.clinic.as_ref().map(|clinic| clinic.0.as_slice()));
        bytes.extend_from_slice(&self.epoch.0.to_be_bytes());
        optional(&mut bytes, self.device.as_ref().map(|device| device.as_bytes().as_slice()));
        bytes.push(u8::from(self.revoked));
        match &self.certified {
            None => bytes.push(0),
            Some(Certified { name, salt, chain }) => {
                bytes.push(1);
                bytes.extend_from_slice(salt);
                bytes.push(name.expose().len() as u8);
                bytes.extend_from_slice(name.expose().as_bytes());
                bytes.extend_from_slice(&(chain.len() as u16).to_be_bytes());
                bytes.extend_from_slice(chain);
            }
        }
        bytes
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        (reader.u8()? == VERSION).then_some(())?;
        let secret = Zeroizing::new(*reader.array()?);
        let clinic = reader.optional()?.map(|clinic| KeyFingerprint(*clinic));
        let epoch = Epoch(u32::from_be_bytes(*reader.array()?));
        let device = reader.optional()?.map(|bits| DeviceId::from_random(*bits));
        let revoked = match reader.u8()? {
            0 => false,
            1 => true,
            _ => return None,
        };
        let certified = match reader.u8()? {
            0 => None,
            1 => {
                let salt = *reader.array()?;
                let length = usize::from(reader.u8()?);
                let name = std::str::from_utf8(reader.take(length)?).ok()?.to_owned();
                let length = usize::from(reader.u16()?);
                Some(Certified { name: Phi::new(name), salt, chain: reader.take(length)?.to_vec() })
            }
            _ => return None,
        };
        reader.end()?;
        Some(Self { secret, clinic, epoch, device, certified, revoked })
    }
}

impl IssuingRecord {
    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(ROOM));
        bytes.push(VERSION);
        bytes.extend_from_slice(&*self.secret);
        bytes.extend_from_slice(&self.recovery);
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.extend_from_slice(&self.until.0.to_be_bytes());
        bytes.extend_from_slice(&self.counter.to_be_bytes());
        bytes.extend_from_slice(&self.made_at.0.to_be_bytes());
        bytes.extend_from_slice(&(self.head.len() as u16).to_be_bytes());
        bytes.extend_from_slice(&self.head);
        bytes.push(self.revoked.len() as u8);
        for (serial, until) in &self.revoked {
            bytes.extend_from_slice(&serial.to_be_bytes());
            bytes.extend_from_slice(&until.0.to_be_bytes());
        }
        bytes
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        (reader.u8()? == VERSION).then_some(())?;
        let secret = Zeroizing::new(*reader.array()?);
        let recovery = *reader.array()?;
        let (generation, until) = (reader.u16()?, UnixTime(reader.u64()?));
        let (counter, made_at) = (reader.u16()?, UnixTime(reader.u64()?));
        let length = usize::from(reader.u16()?);
        let head = reader.take(length)?.to_vec();
        let count = reader.u8()?;
        let revoked = (0..count).map(|_| Some((reader.u64()?, UnixTime(reader.u64()?)))).collect::<Option<Vec<_>>>()?;
        reader.end()?;
        Some(Self { secret, head, recovery, generation, until, counter, made_at, revoked })
    }
}

impl DeviceRequest {
    pub(super) fn to_bytes(self) -> Vec<u8> {
        [&[VERSION, self.role as u8], self.keys.signing.as_slice(), &self.keys.agreement].concat()
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        (reader.u8()? == VERSION).then_some(())?;
        let role = role(reader.u8()?)?;
        let keys = DevicePublic { signing: *reader.array()?, agreement: *reader.array()? };
        reader.end()?;
        Some(Self { keys, role })
    }
}

impl Card {
    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(vec![VERSION, self.role as u8]);
        for part in [self.keys.signing.as_slice(), &self.keys.agreement, &self.salt, self.name.expose().as_bytes()] {
            bytes.extend_from_slice(part);
        }
        bytes
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        (reader.u8()? == VERSION).then_some(())?;
        let role = role(reader.u8()?)?;
        let keys = DevicePublic { signing: *reader.array()?, agreement: *reader.array()? };
        let salt = *reader.array()?;
        let name = std::str::from_utf8(reader.0).ok()?;
        (1..=MOST_NAME_BYTES).contains(&name.len()).then_some(())?;
        Some(Self { keys, role, name: Phi::new(name.to_owned()), salt })
    }
}

/// By which a device is revoked: of its own keys, so that it is the same in each of its certificates, and no server can
/// make two devices share one.
pub(super) fn serial_of(keys: &DevicePublic) -> u64 {
    let hash = KeyFingerprint::of_key(&keys.signing).0;
    u64::from_be_bytes([hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]])
}

fn role(byte: u8) -> Option<DeviceRole> {
    [DeviceRole::Admin, DeviceRole::Clinician, DeviceRole::FrontDesk, DeviceRole::Auditor]
        .into_iter()
        .find(|role| *role as u8 == byte)
}

fn optional(bytes: &mut Vec<u8>, part: Option<&[u8]>) {
    bytes.push(u8::from(part.is_some()));
    bytes.extend_from_slice(part.unwrap_or_default());
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        self.take(N)?.first_chunk()
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| *byte)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(|bytes| u16::from_be_bytes(*bytes))
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(|bytes| u64::from_be_bytes(*bytes))
    }

    fn optional<const N: usize>(&mut self) -> Option<Option<&'a [u8; N]>> {
        match self.u8()? {
            0 => Some(None),
            1 => self.array().map(Some),
            _ => None,
        }
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

const VERSION: u8 = 1;
/// More than any record has, so that none is copied while it is written and left behind in memory.
const ROOM: usize = 2_560;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn device() -> DeviceRecord {
        DeviceRecord {
            clinic: Some(KeyFingerprint([2; 32])),
            epoch: Epoch::new(3, 4),
            device: Some(DeviceId::from_random([5; 16])),
            certified: Some(Certified {
                name: Phi::new("Dr Grace Hopper".to_owned()),
                salt: [6; 16],
                chain: vec![7; 931],
            }),
            revoked: true,
            ..DeviceRecord::new([1; 32])
        }
    }

    fn issuing(revoked: u64) -> IssuingRecord {
        IssuingRecord {
            secret: [1; 32].into(),
            head: vec![2; 147],
            recovery: [3; 32],
            generation: 1,
            until: UnixTime(9),
            counter: 4,
            made_at: UnixTime(5),
            revoked: (0..revoked).map(|serial| (serial, UnixTime(serial))).collect(),
        }
    }

    #[test]
    fn what_is_kept_is_read_as_it_was_written_and_is_small_enough_for_every_keyring() {
        for record in [device(), DeviceRecord::new([1; 32])] {
            assert!(DeviceRecord::read(&record.to_bytes()) == Some(record));
        }
        let mut longest = device();
        longest.certified.as_mut().unwrap().name = Phi::new("n".repeat(MOST_NAME_BYTES));
        assert!(longest.to_bytes().len() <= ROOM);
        for record in [issuing(0), issuing(64)] {
            assert!(record.to_bytes().len() <= ROOM);
            assert!(IssuingRecord::read(&record.to_bytes()) == Some(record));
        }
    }

    #[test]
    fn a_request_and_a_card_are_read_as_they_were_written() {
        let keys = DevicePublic { signing: [1; 32], agreement: [2; 32] };
        for role in [DeviceRole::Admin, DeviceRole::Clinician, DeviceRole::FrontDesk, DeviceRole::Auditor] {
            let request = DeviceRequest { keys, role };
            assert_eq!(DeviceRequest::read(&request.to_bytes()), Some(request));
            let card = Card { keys, role, name: Phi::new("Grace".to_owned()), salt: [3; 16] };
            assert_eq!(Card::read(&card.to_bytes()), Some(card));
        }
    }

    #[test]
    fn what_is_cut_or_lengthened_or_of_a_later_version_is_not_read() {
        let keys = DevicePublic { signing: [1; 32], agreement: [2; 32] };
        let request = DeviceRequest { keys, role: DeviceRole::Admin }.to_bytes();
        let card = Card { keys, role: DeviceRole::Admin, name: Phi::new("G".to_owned()), salt: [3; 16] }.to_bytes();
        type IsRead = fn(&[u8]) -> bool;
        let readers: [(Vec<u8>, IsRead); 4] = [
            (device().to_bytes().to_vec(), |bytes| DeviceRecord::read(bytes).is_some()),
            (issuing(2).to_bytes().to_vec(), |bytes| IssuingRecord::read(bytes).is_some()),
            (request, |bytes| DeviceRequest::read(bytes).is_some()),
            (card.to_vec(), |bytes| Card::read(bytes).is_some_and(|card| card.name.expose().len() == 1)),
        ];
        for (whole, is_read) in readers {
            assert!(is_read(&whole));
            for cut in 0..whole.len() {
                assert!(!is_read(&whole[..cut]), "{cut} of {}", whole.len());
            }
            assert!(!is_read(&[whole.as_slice(), &[0]].concat()));
            assert!(!is_read(&[&[2], &whole[1..]].concat()));
        }
    }

    #[test]
    fn a_serial_is_of_the_keys() {
        let keys = |signing| DevicePublic { signing: [signing; 32], agreement: [9; 32] };
        assert_eq!(serial_of(&keys(1)), serial_of(&keys(1)));
        assert_ne!(serial_of(&keys(1)), serial_of(&keys(2)));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let versioned = [&[VERSION], bytes.as_slice()].concat();
            for bytes in [bytes, versioned] {
                let _ = (DeviceRecord::read(&bytes), IssuingRecord::read(&bytes), DeviceRequest::read(&bytes), Card::read(&bytes));
            }
        }
    }
}
