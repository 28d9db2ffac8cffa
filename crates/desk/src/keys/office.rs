//! The clinic's keys, for an admin: made, kept, used to certify and to revoke, and recovered from the sheet.

use std::collections::{HashMap, VecDeque};

use clinic::{BoxSecret, IssuingKey, RecoveryError, RecoverySecret};
use signaling_protocol::{
    Base64, BoxReply, CertifyRequest, CheckMessage, CheckSide, Clinic, ClinicFingerprint, Code, Device, DeviceId,
    DevicesReply, NoticeRequest, ObjectId, WaitingDevice, WriteBoxRequest,
};
use trust::{
    Chain, CheckError, DeviceFacts, DeviceIdentity, DeviceKeys, DeviceRole, Epoch, Expected, Notice, UnixTime,
    Validity, name_hash,
};
use units::Phi;

use super::card::{self, CARD_KIND};
use super::digits::{DigitsCheck, Heard};
use super::tools::Tools;
use super::wire::{Card, DeviceRequest, IssuingRecord, serial_of};
use crate::{
    Comparing, DeviceRow, Entry, KeysAnswer, KeysOutput, KeysProblem, KeysRequest, OfficeSnapshot, OfficeStage,
    RequestNumber, RowState, Sheet, Standing, WaitingRow,
};

mod beginning;
mod issuing;
mod jobs;
mod view;

use issuing::{Issuing, before};
use jobs::{Job, Plan};

/// The clinic's keys, as an admin has them.
pub(super) struct Office {
    account: Phi<String>,
    /// The issuing key, if it is here.
    issuing: Option<Issuing>,
    loaded: bool,
    setting_up: Option<SettingUp>,
    /// Opens the cards that the lost laptop made, until they are made anew.
    recovery: Option<BoxSecret>,
    listed: Option<Vec<Listed>>,
    waiting: Vec<WaitingDevice>,
    comparison: Option<Comparison>,
    jobs: VecDeque<Job>,
    asked: Option<(RequestNumber, Job)>,
    /// What the server was told and has not told back yet: the generation, the epoch.
    told: (Option<u16>, Option<Epoch>),
    /// Something was refused: nothing more is tried by itself before the person, or a while, says so.
    halted: bool,
    pub(super) problem: Option<KeysProblem>,
}

struct SettingUp {
    secret: RecoverySecret,
    asked: [usize; 2],
}

/// A device on the list, with what its card says, once it was read.
struct Listed {
    device: Device,
    card: CardState,
    /// Of the newest box about it.
    revision: u32,
}

#[derive(Clone)]
enum CardState {
    ToRead,
    None,
    Read(Card),
}

struct Comparison {
    device: DeviceId,
    card: Card,
    digits: DigitsCheck,
}

impl Office {
    pub(super) fn new(account: Phi<String>) -> Self {
        Self {
            account,
            issuing: None,
            loaded: false,
            setting_up: None,
            recovery: None,
            listed: None,
            waiting: Vec::new(),
            comparison: None,
            jobs: VecDeque::new(),
            asked: None,
            told: (None, None),
            halted: false,
            problem: None,
        }
    }

    /// What the keyring has. Bytes that cannot be read are left alone: the sheet brings another key.
    pub(super) fn loaded(&mut self, bytes: Option<&[u8]>) {
        self.loaded = true;
        self.issuing = bytes.and_then(IssuingRecord::read).and_then(|record| {
            let key = IssuingKey::new(&record.secret, &record.head).ok()?;
            Some(Issuing { record, key, statement: None })
        });
        self.jobs.push_back(Job::List);
    }

    /// The clinic whose issuing key is here.
    pub(super) fn clinic(&self) -> Option<trust::KeyFingerprint> {
        self.issuing.as_ref().map(|issuing| issuing.key.clinic())
    }

    /// The server has news.
    pub(super) fn news(&mut self, before: Option<&Standing>, standing: &Standing) {
        if before.is_none_or(|before| before.devices != standing.devices) {
            self.add(Job::List);
        }
        if let Some(device) = self.comparison.as_ref().map(|comparison| comparison.device)
            && before.is_none_or(|before| before.checks != standing.checks)
        {
            self.add(Job::Heard(device));
        }
    }

    /// Compares digits with a device that waits, to certify it so.
    pub(super) fn compare(&mut self, device: DeviceId, (name, role): (Phi<String>, DeviceRole), tools: &mut Tools) {
        let Some(issuing) = &self.issuing else { return };
        let waiting = self.waiting.iter().find(|waiting| waiting.device == device);
        let Some(request) = waiting.and_then(|waiting| DeviceRequest::read(&waiting.request.0)) else { return };
        let name = Phi::new(name.expose().trim().to_owned());
        let salt = tools.random();
        if name_hash(&salt, name.expose()).is_none() {
            return self.problem = Some(KeysProblem::Name);
        }
        self.problem = None;
        let digits = DigitsCheck::new(CheckSide::Voucher, &request.keys, &issuing.record.head);
        let card = Card { keys: request.keys, role, name, salt };
        self.comparison = Some(Comparison { device, card, digits });
        self.add(Job::Heard(device));
    }

    pub(super) fn leave_comparison(&mut self) {
        self.comparison = None;
    }

    pub(super) fn person_says(&mut self, same: bool) {
        let Some(comparison) = &mut self.comparison else { return };
        let Ok(message) = comparison.digits.person_says(same) else { return };
        let Some(Comparison { device, card, .. }) = self.comparison.take() else { return };
        if same {
            self.certify(Plan { device, card, revision: 1, after: 0, tries: 0 });
        } else {
            self.jobs.extend(message.map(|message| Job::Say(device, message)));
            self.jobs.push_back(Job::Forget(device));
            self.problem = Some(KeysProblem::Differed);
        }
    }

    pub(super) fn refuse(&mut self, device: DeviceId) {
        self.jobs.push_back(Job::Forget(device));
    }

    pub(super) fn revoke(&mut self, now: UnixTime, device: DeviceId) {
        let (Some(issuing), Some(listed)) = (&mut self.issuing, &self.listed) else { return };
        let Some(listed) = listed.iter().find(|listed| listed.device.device == device) else { return };
        // By what was certified, if that is known: the server could name others.
        let keys = match &listed.card {
            CardState::Read(card) => Some(card.keys),
            _ => DeviceRequest::read(&listed.device.request.0).map(|request| request.keys),
        };
        let Some(keys) = keys else { return self.add(Job::Forget(device)) };
        let revoked = &mut issuing.record.revoked;
        revoked.retain(|(_, until)| *until >= now);
        let serial = serial_of(&keys);
        if !revoked.iter().any(|(known, _)| *known == serial) {
            if revoked.len() >= trust::certificate::MOST_REVOKED {
                return self.problem = Some(KeysProblem::TooManyRevoked);
            }
            revoked.push((serial, now.plus(REVOKED_FOR)));
        }
        self.problem = None;
        // At once, before whatever else is to be told.
        self.jobs.push_front(Job::Publish(vec![device]));
    }

    pub(super) fn certify_anew(&mut self, device: DeviceId) {
        let Some(listed) = self.listed.iter().flatten().find(|listed| listed.device.device == device) else { return };
        let CardState::Read(card) = &listed.card else { return };
        let plan = Plan {
            device,
            card: card.clone(),
            revision: listed.revision.saturating_add(1),
            after: listed.device.revision,
            tries: 0,
        };
        self.certify(plan);
    }

    fn certify(&mut self, plan: Plan) {
        self.jobs.push_back(Job::WriteCard(plan.clone()));
        self.jobs.push_back(Job::Certify(plan));
    }

    /// What was refused may be tried again.
    pub(super) fn try_again(&mut self) {
        self.halted = false;
    }

    fn add(&mut self, job: Job) {
        if !self.jobs.contains(&job) {
            self.jobs.push_back(job);
        }
    }

    /// Sees to it that the clinic stands at the server as it stands here, and that nobody's certificate runs out.
    pub(super) fn advance(
        &mut self,
        now: UnixTime,
        standing: Option<&Standing>,
        own: (Option<DeviceKeys>, Option<DeviceId>),
        tools: &mut Tools,
    ) {
        let Some(standing) = standing.filter(|_| self.loaded) else { return };
        if !self.halted {
            self.see_to_the_clinic(now, standing);
        }
        if !self.halted && self.asked.is_none() && self.jobs.is_empty() {
            self.see_to_the_devices(now, standing, &own);
        }
        while self.asked.is_none() {
            let Some(mut job) = self.jobs.pop_front() else { return };
            if let Some(request) = self.request(now, &mut job, standing, own.0.as_ref(), tools) {
                self.asked = Some((tools.ask(request), job));
            }
        }
    }

    fn see_to_the_clinic(&mut self, now: UnixTime, standing: &Standing) {
        let Some(issuing) = &self.issuing else { return };
        let ours = issuing.clinic();
        match &standing.clinic {
            // It was recovered on another laptop, or is another clinic: this key is of no use any more.
            Some(clinic) if clinic.generation > ours.generation || clinic.fingerprint != ours.fingerprint => {
                self.issuing = None;
                self.jobs.retain(|job| *job == Job::List);
                return;
            }
            Some(clinic) if *clinic == ours => {}
            _ if self.told.0 == Some(ours.generation) => return,
            _ => return self.add_first(Job::SetUp(ours)),
        }
        let told = self.told.1 == Some(issuing.epoch());
        let stands = told
            || standing.notice.as_ref().is_some_and(|notice| {
                let (least_epoch, clinic) = (issuing.epoch(), issuing.key.clinic());
                notice.epoch == issuing.epoch().0
                    && Notice::verify(&notice.notice.0, &Expected { clinic, least_epoch, role: None, now }).is_ok()
            });
        if !stands || now.0.saturating_sub(issuing.record.made_at.0) > RENEWED_AFTER {
            let publishes = |job: &Job| matches!(job, Job::Publish(_));
            let is_on = self.jobs.iter().any(publishes) || self.asked.as_ref().is_some_and(|(_, job)| publishes(job));
            if !is_on {
                self.jobs.push_front(Job::Publish(Vec::new()));
            }
        }
    }

    fn see_to_the_devices(&mut self, now: UnixTime, standing: &Standing, own: &(Option<DeviceKeys>, Option<DeviceId>)) {
        let (Some(keys), Some(id)) = own else { return };
        if let Some(issuing) = &self.issuing
            && let Some(revocations) = issuing.revocations(standing)
        {
            let is_good = |certificate: &[u8]| {
                let chain = issuing.key.chain(certificate, revocations);
                let (clinic, least_epoch) = (issuing.key.clinic(), Epoch::default());
                let verified = Chain::verify(&chain, &Expected { clinic, least_epoch, role: None, now });
                verified.is_ok_and(|chain| chain.facts.validity.until.0.saturating_sub(now.0) >= RENEWED_BEFORE)
            };
            let by_us = |listed: &Listed| listed.device.issuer.0 == issuing.record.head;
            let mut plans = Vec::new();
            for listed in self.listed.iter().flatten() {
                if listed.device.device != *id
                    && let CardState::Read(card) = &listed.card
                    && by_us(listed)
                    && !is_good(&listed.device.certificate.0)
                    && !issuing.record.revoked.iter().any(|(serial, _)| *serial == serial_of(&card.keys))
                {
                    let (device, after) = (listed.device.device, listed.device.revision);
                    plans.push(Plan { device, card: card.clone(), revision: 0, after, tries: 0 });
                }
            }
            // This device is the admin's own: nobody need compare digits with themselves.
            let mine = self.listed.iter().flatten().find(|listed| listed.device.device == *id);
            let waits = self.waiting.iter().any(|waiting| waiting.device == *id);
            let name = Phi::new(fitting(self.account.expose()));
            let card = |salt| Card { keys: keys.public(), role: DeviceRole::Admin, name: name.clone(), salt };
            let salt = *trust::KeyFingerprint::of_key(&keys.public().signing).0.last_chunk().expect("16 of 32");
            match mine {
                Some(listed) if !by_us(listed) || !is_good(&listed.device.certificate.0) => {
                    let (revision, after) = (listed.revision.saturating_add(1), listed.device.revision);
                    self.certify(Plan { device: *id, card: card(salt), revision, after, tries: 0 });
                }
                None if waits => {
                    self.certify(Plan { device: *id, card: card(salt), revision: 1, after: 0, tries: 0 });
                }
                _ => {}
            }
            self.jobs.extend(plans.into_iter().map(Job::Certify));
        }
        let to_read = |listed: &&Listed| matches!(listed.card, CardState::ToRead);
        if let Some(listed) = self.listed.iter().flatten().find(to_read) {
            self.jobs.push_back(Job::ReadCard { device: listed.device.device, below: None, tries: 0 });
        }
    }

    fn add_first(&mut self, job: Job) {
        let is_on = self.asked.as_ref().is_some_and(|(_, asked)| *asked == job);
        if !is_on && !self.jobs.contains(&job) {
            self.jobs.push_front(job);
        }
    }
}

/// As much of an account's name as a certificate takes.
fn fitting(name: &str) -> String {
    let mut fitting = String::new();
    for letter in name.chars().filter(|letter| !letter.is_control()) {
        if fitting.len() + letter.len_utf8() > trust::certificate::MOST_NAME_BYTES {
            break;
        }
        fitting.push(letter);
    }
    if fitting.is_empty() { "Admin".to_owned() } else { fitting }
}

/// A statement is a day old at most while an admin works: nobody waits until the last moment of its week.
const RENEWED_AFTER: u64 = 86_400;
/// A certificate that is good for less than this, in seconds, is renewed: an admin may be away for days.
const RENEWED_BEFORE: u64 = 6 * 86_400 - 7_200;
/// A revoked serial is listed until its last certificate is over, and a day for clocks.
const REVOKED_FOR: u64 = 8 * 86_400;
