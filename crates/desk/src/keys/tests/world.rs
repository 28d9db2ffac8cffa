//! A server in memory, as honest as it is told to be, and the apps around it.

use std::collections::{BTreeMap, HashMap};

use clinic::{IssuingKey, RecoverySecret};
use rand::SeedableRng;
use rand::rngs::StdRng;
use signaling_protocol::{
    Base64, BoxReply, CertifyRequest, CheckMessage, CheckReply, CheckSide, Clinic, Code, Device, DeviceId, DeviceReply,
    DevicesReply, Notice, ObjectId, StaffId, WaitingDevice,
};
use trust::{DeviceIdentity, DeviceKeys, DeviceRole, Validity};

use super::super::digits::{DigitsCheck, Heard};
use super::super::wire::DeviceRequest;
use super::*;

pub(super) const ADMIN: &str = "admin";
pub(super) const LEE: &str = "lee";
/// Another admin, whose device is certified and has no issuing key.
pub(super) const MAY: &str = "may";

/// What the server lies about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lie {
    /// Shows the admin other keys than the device's.
    Keys,
    /// The same, and holds the check with both.
    KeysAndCheck,
    /// Tells clinicians of another clinic.
    Clinic,
}

type Keyring = BTreeMap<Entry, Vec<u8>>;

pub(super) struct App {
    keys: Option<Keys>,
    role: StaffRole,
    keyring: Keyring,
    locked: bool,
    identity: Option<Box<DeviceIdentity>>,
    told: Option<Standing>,
}

#[derive(Default)]
pub(super) struct Server {
    pub(super) clinic: Option<Clinic>,
    notice: Option<Notice>,
    /// Whose, request, and the certificate once there is one.
    rows: BTreeMap<DeviceId, (&'static str, Base64, Option<CertifyRequest>)>,
    said: HashMap<DeviceId, Vec<CheckMessage>>,
    boxes: HashMap<ObjectId, BTreeMap<u32, Base64>>,
    devices: u64,
    checks: u64,
    ids: u8,
    lie: Option<Lie>,
    /// For the lie about the check: what the server says to each side in the other's name.
    between: HashMap<&'static str, (DigitsCheck, Vec<CheckMessage>)>,
}

pub(super) struct World {
    pub(super) server: Server,
    apps: BTreeMap<&'static str, App>,
    now: u64,
    seed: u64,
}

/// The keys of a server that puts itself between.
fn liars_keys() -> DeviceKeys {
    DeviceKeys::from_secret(&[66; 32])
}

/// The clinic of a server that invents one.
fn liars_clinic() -> (Clinic, Notice) {
    let clinic = RecoverySecret::from_random([66; 20]).clinic_key();
    let from = UnixTime(1_799_000_000);
    let validity = Validity { from, until: from.plus(300 * DAY) };
    let head = clinic.certify_issuer(&IssuingKey::public_key(&[66; 32]), 1, validity).unwrap();
    let issuer = IssuingKey::new(&[66; 32], &head).unwrap();
    let week = Validity { from: UnixTime(1_800_000_000 - 60), until: UnixTime(1_800_000_000 + 6 * DAY) };
    let notice = issuer.notice(&issuer.revoke(9, &[], week).unwrap());
    let fingerprint = signaling_protocol::ClinicFingerprint(clinic.fingerprint().0);
    let clinic = Clinic { fingerprint, generation: 1, head: Base64(head) };
    (clinic, Notice { epoch: 0x0001_0009, notice: Base64(notice) })
}

impl World {
    pub(super) fn new() -> Self {
        Self { server: Server::default(), apps: BTreeMap::new(), now: 0, seed: 0 }
    }

    pub(super) fn unix(&self) -> UnixTime {
        UnixTime(1_800_000_000 + self.now)
    }

    fn at(&self) -> Timestamp {
        Timestamp::from_millis(self.now * 1_000)
    }

    pub(super) fn lie(&mut self, lie: Lie) {
        self.server.lie = Some(lie);
    }

    pub(super) fn sign_in(&mut self, who: &'static str, role: StaffRole) {
        let config = KeysConfig { role, account: Phi::new(who.to_owned()), unix_at_zero: UnixTime(1_800_000_000) };
        self.seed += 1;
        let keys = Keys::new(self.at(), config, Box::new(StdRng::seed_from_u64(self.seed)));
        let app = self.apps.entry(who).or_insert_with(|| App {
            keys: None,
            role,
            keyring: Keyring::new(),
            locked: false,
            identity: None,
            told: None,
        });
        (app.keys, app.role, app.identity, app.told) = (Some(keys), role, None, None);
        self.settle();
    }

    pub(super) fn restart(&mut self, who: &'static str) {
        let role = self.apps[who].role;
        self.sign_in(who, role);
    }

    pub(super) fn stop(&mut self, who: &'static str) {
        self.apps.get_mut(who).unwrap().keys = None;
    }

    /// The machine is gone, with its keyring.
    pub(super) fn lose(&mut self, who: &'static str) {
        self.apps.remove(who);
    }

    pub(super) fn clone_of(&self, who: &str) -> Keyring {
        self.apps[who].keyring.clone()
    }

    pub(super) fn put_back(&mut self, who: &'static str, keyring: Keyring) {
        let app = self.apps.get_mut(who).unwrap();
        (app.keyring, app.locked) = (keyring, false);
        self.restart(who);
    }

    pub(super) fn lock_keyring(&mut self, who: &'static str) {
        self.sign_in(who, StaffRole::Clinician);
        let app = self.apps.get_mut(who).unwrap();
        (app.locked, app.keyring) = (true, Keyring::new());
        self.server = Server::default();
    }

    pub(super) fn keyring(&self, who: &str) -> &Keyring {
        &self.apps[who].keyring
    }

    pub(super) fn keys(&self, who: &str) -> &Keys {
        self.apps[who].keys.as_ref().expect("signed in")
    }

    pub(super) fn snapshot(&self, who: &str) -> KeysSnapshot {
        self.keys(who).snapshot().clone()
    }

    pub(super) fn office(&self, who: &str) -> OfficeSnapshot {
        self.snapshot(who).office.expect("an admin")
    }

    pub(super) fn identity(&self, who: &str) -> Option<&DeviceIdentity> {
        self.apps[who].identity.as_deref()
    }

    pub(super) fn digits(&self, who: &str) -> Option<Phi<String>> {
        if let DeviceStanding::Comparing(digits) = self.snapshot(who).device { digits } else { None }
    }

    pub(super) fn admin_digits(&self, who: &str) -> Option<Phi<String>> {
        self.office(who).comparing.and_then(|comparing| comparing.digits)
    }

    pub(super) fn device_of(&self, who: &str) -> DeviceId {
        *self.server.rows.iter().find(|(_, row)| row.0 == who).expect("a device").0
    }

    pub(super) fn want(&mut self, who: &'static str, intent: KeysIntent) {
        let at = self.at();
        self.apps.get_mut(who).unwrap().keys.as_mut().unwrap().handle_input(at, KeysInput::Intent(intent));
        self.settle();
    }

    pub(super) fn compare(&mut self, who: &'static str, name: &str) {
        self.compare_as(who, name, DeviceRole::Clinician);
    }

    pub(super) fn compare_as(&mut self, who: &'static str, name: &str, role: DeviceRole) {
        let device = self.office(who).waiting.first().expect("a device that waits").device;
        self.want(who, KeysIntent::Compare { device, name: Phi::new(name.to_owned()), role });
    }

    pub(super) fn pass(&mut self, secs: u64) {
        self.now += secs;
        let at = self.at();
        for keys in self.apps.values_mut().filter_map(|app| app.keys.as_mut()) {
            keys.handle_timeout(at);
        }
        self.settle();
    }

    pub(super) fn tell_all(&mut self) {
        self.apps.values_mut().for_each(|app| app.told = None);
        self.settle();
    }

    fn settle(&mut self) {
        for round in 0.. {
            assert!(round < 500, "the apps and the server never come to rest");
            let mut is_still = true;
            let at = self.at();
            for (who, app) in &mut self.apps {
                let Some(keys) = &mut app.keys else { continue };
                let standing = self.server.standing(app.role);
                if app.told.as_ref() != Some(&standing) {
                    app.told = Some(standing.clone());
                    keys.handle_input(at, KeysInput::Standing(standing));
                }
                while let Some(output) = keys.poll_output() {
                    is_still = false;
                    match output {
                        KeysOutput::Load if app.locked => keys.handle_input(at, KeysInput::Loaded(Loaded::Locked)),
                        KeysOutput::Load => {
                            let entry = |entry| app.keyring.get(&entry).cloned().map(Into::into);
                            let (device, issuing) = (entry(Entry::Device), entry(Entry::Issuing));
                            let loaded = Loaded::Read { device, issuing, keeping: Keeping::Keyring };
                            keys.handle_input(at, KeysInput::Loaded(loaded));
                        }
                        KeysOutput::Keep(entry, secret) => drop(app.keyring.insert(entry, secret.to_vec())),
                        KeysOutput::Ask { number, request } => {
                            let answer = self.server.answer(who, app.role, request);
                            keys.handle_input(at, KeysInput::Answer { number, answer });
                        }
                        KeysOutput::Identity(identity) => app.identity = identity,
                        KeysOutput::Changed => {}
                    }
                }
            }
            if is_still {
                return;
            }
        }
    }
}

impl Server {
    fn standing(&self, role: StaffRole) -> Standing {
        let (mut clinic, mut notice) = (self.clinic.clone(), self.notice.clone());
        if self.lie == Some(Lie::Clinic) && role != StaffRole::Admin {
            let (other, others) = liars_clinic();
            (clinic, notice) = (Some(other), Some(others));
        }
        Standing { clinic, notice, devices: self.devices, checks: self.checks }
    }

    pub(super) fn certified(&self) -> usize {
        self.rows.values().filter(|row| row.2.is_some()).count()
    }

    pub(super) fn request_of(&self, device: DeviceId) -> Vec<u8> {
        self.rows[&device].1.0.clone()
    }

    /// All that it was ever given.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let rows = self.rows.values().flat_map(|row| {
            let certificate = row.2.iter().flat_map(|certificate| certificate.certificate.0.clone());
            row.1.0.clone().into_iter().chain(certificate)
        });
        let boxes = self.boxes.values().flat_map(|revisions| revisions.values().flat_map(|sealed| sealed.0.clone()));
        rows.chain(boxes).collect()
    }

    /// A colleague writes rubbish over a device's card.
    pub(super) fn scribble(&mut self, device: DeviceId) {
        self.write_over(device, |_| vec![1; 300]);
    }

    /// A colleague writes this over a device's card, as its next revision.
    pub(super) fn write_over(&mut self, device: DeviceId, sealed: impl FnOnce(u32) -> Vec<u8>) {
        let revisions = self.boxes.entry(ObjectId::Device(device)).or_default();
        let next = revisions.keys().last().copied().unwrap_or(0) + 1;
        revisions.insert(next, Base64(sealed(next)));
    }

    fn answer(&mut self, who: &'static str, role: StaffRole, request: KeysRequest) -> KeysAnswer {
        match self.serve(who, role, request) {
            Ok(answer) => answer,
            Err(code) => KeysAnswer::Refused(code),
        }
    }

    fn serve(&mut self, who: &'static str, role: StaffRole, request: KeysRequest) -> Result<KeysAnswer, Code> {
        match request {
            KeysRequest::SetUp(clinic) => {
                let follows = self.clinic.as_ref().is_none_or(|known| {
                    known == &clinic
                        || (known.fingerprint == clinic.fingerprint && known.generation + 1 == clinic.generation)
                });
                if !follows {
                    return Err(Code::ClinicMismatch);
                }
                self.clinic = Some(clinic);
            }
            KeysRequest::Publish(asked) => {
                if self.notice.as_ref().is_some_and(|known| asked.notice.epoch <= known.epoch) {
                    return Err(Code::EpochRefused);
                }
                self.notice = Some(asked.notice);
                asked.revoked.iter().for_each(|device| drop(self.rows.remove(device)));
                self.devices += 1;
            }
            KeysRequest::Enrol(asked) => {
                let known = self.rows.iter().find(|(_, row)| row.0 == who && row.1 == asked.request);
                let known = known.map(|(device, _)| *device);
                let device = known.unwrap_or_else(|| {
                    self.ids += 1;
                    DeviceId::from_random([self.ids; 16])
                });
                self.rows.entry(device).or_insert((who, asked.request, None));
                self.devices += u64::from(known.is_none());
                return Ok(KeysAnswer::Waits(DeviceReply { device, expires_in_secs: 86_400 }));
            }
            KeysRequest::Devices => return Ok(KeysAnswer::Devices(self.list(who, role))),
            KeysRequest::Certify(device, asked) => {
                let row = self.rows.get_mut(&device).ok_or(Code::DeviceNotFound)?;
                if row.2.as_ref().map_or(0, |before| before.revision) >= asked.revision {
                    return Err(Code::RevisionRefused);
                }
                row.2 = Some(asked);
                self.said.remove(&device);
                self.devices += 1;
            }
            KeysRequest::Forget(device) => {
                self.rows.remove(&device);
                self.devices += 1;
            }
            KeysRequest::Say(device, message) => self.say(device, message)?,
            KeysRequest::Heard(device) => {
                let messages = match self.between.get(who) {
                    Some((_, messages)) => messages.clone(),
                    None => self.said.get(&device).cloned().unwrap_or_default(),
                };
                return Ok(KeysAnswer::Said(CheckReply { messages }));
            }
            KeysRequest::ReadBox { object, below, .. } => {
                let revisions = self.boxes.get(&object).ok_or(Code::BoxNotFound)?;
                let newest = revisions.range(..below.unwrap_or(u32::MAX)).next_back().ok_or(Code::BoxNotFound)?;
                let by = StaffId::from_random([1; 16]);
                return Ok(KeysAnswer::Box(BoxReply { revision: *newest.0, by, sealed: newest.1.clone() }));
            }
            KeysRequest::WriteBox { object, request, .. } => {
                let revisions = self.boxes.entry(object).or_default();
                if revisions.keys().last().is_some_and(|newest| request.revision <= *newest) {
                    return Err(Code::RevisionRefused);
                }
                revisions.insert(request.revision, request.sealed);
            }
        }
        Ok(KeysAnswer::Done)
    }

    fn list(&self, who: &str, role: StaffRole) -> DevicesReply {
        let lies = matches!(self.lie, Some(Lie::Keys | Lie::KeysAndCheck)) && role == StaffRole::Admin;
        let shown = |request: &Base64| match lies {
            true => Base64(DeviceRequest { keys: liars_keys().public(), role: DeviceRole::Clinician }.to_bytes()),
            false => request.clone(),
        };
        let staff = StaffId::from_random([1; 16]);
        let (mut devices, mut waiting) = (Vec::new(), Vec::new());
        for (device, (owner, request, certificate)) in &self.rows {
            let account = Some(Phi::new((*owner).to_owned()));
            match certificate {
                Some(CertifyRequest { revision, issuer, certificate }) => devices.push(Device {
                    device: *device,
                    staff,
                    account,
                    request: request.clone(),
                    revision: *revision,
                    issuer: issuer.clone(),
                    certificate: certificate.clone(),
                }),
                None if role == StaffRole::Admin || *owner == who => waiting.push(WaitingDevice {
                    device: *device,
                    staff,
                    account,
                    request: if *owner == who { request.clone() } else { shown(request) },
                    expires_in_secs: 1,
                }),
                None => {}
            }
        }
        DevicesReply { devices, waiting, more: false }
    }

    fn say(&mut self, device: DeviceId, message: CheckMessage) -> Result<(), Code> {
        let row = self.rows.get(&device).filter(|row| row.2.is_none()).ok_or(Code::DeviceNotFound)?;
        self.checks += 1;
        if self.lie == Some(Lie::KeysAndCheck) {
            let (owner, head) = (row.0, self.clinic.as_ref().unwrap().head.0.clone());
            let honest = DeviceRequest::read(&row.1.0).unwrap().keys;
            self.between_two(owner, &head, honest, message);
            return Ok(());
        }
        let said = self.said.entry(device).or_default();
        let newest = said.first().map_or(0, |message| message.run);
        if message.run > newest {
            said.clear();
        } else if message.run < newest {
            return Err(Code::CheckOutOfTurn);
        }
        said.push(message);
        Ok(())
    }

    /// The server speaks with the admin as the device, by its own keys, and with the device as the admin.
    fn between_two(&mut self, owner: &'static str, head: &[u8], honest: trust::DevicePublic, message: CheckMessage) {
        let mut rng = StdRng::seed_from_u64(66);
        let fake = |side, keys: trust::DevicePublic| (DigitsCheck::new(side, &keys, head), Vec::new());
        self.between.entry(ADMIN).or_insert_with(|| fake(CheckSide::Device, liars_keys().public()));
        self.between.entry(owner).or_insert_with(|| {
            let (mut check, mut said) = fake(CheckSide::Voucher, honest);
            said.push(check.start(&mut StdRng::seed_from_u64(67)).unwrap());
            (check, said)
        });
        let to = if message.side == CheckSide::Voucher { ADMIN } else { owner };
        let (check, said) = self.between.get_mut(to).unwrap();
        said.push(message);
        if let Ok(Heard::Say(more)) = check.take(&said.clone(), &mut rng) {
            said.extend(more);
        }
    }
}
