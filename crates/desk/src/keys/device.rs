//! This device: its keys, how it asks to be certified, compares digits, and stays certified.

use std::collections::VecDeque;

use signaling_protocol::{
    BoxReply, CheckSide, Code, DeviceId, DeviceReply, DevicesReply, EnrolRequest, ObjectId, StaffRole,
};
use trust::{
    CertificateError, Chain, CheckError, DeviceIdentity, DeviceKeys, DeviceRole, Epoch, Expected, KeyFingerprint,
    Notice, UnixTime,
};
use units::Phi;

use super::card::{self, CARD_KIND};
use super::digits::{DigitsCheck, Heard};
use super::tools::{Tools, clinic_of};
use super::wire::{Certified, DeviceRecord, DeviceRequest};
use crate::{DeviceStanding, Entry, KeysAnswer, KeysOutput, KeysProblem, KeysRequest, RequestNumber, Standing};

mod certificate;
mod view;

/// This device of who is signed in.
#[derive(Debug)]
pub(super) struct OwnDevice {
    role: StaffRole,
    state: State,
    asked: Option<(RequestNumber, What)>,
    /// To be asked when nothing else is.
    wants: Wants,
    to_say: VecDeque<signaling_protocol::CheckMessage>,
    check: Option<Check>,
    /// The certificate on the server's list: of the issuing key, of the device.
    listed: Option<(Vec<u8>, Vec<u8>)>,
    identity: Option<DeviceIdentity>,
    pub(super) problem: Option<KeysProblem>,
}

enum State {
    Opening,
    Locked,
    Unreadable,
    Known { record: Box<DeviceRecord>, end: Option<End> },
}

/// Why nothing goes on until the person says so, or something changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Differ,
    Refused,
    Revoked,
    Replaced,
    Over,
}

#[derive(Debug)]
struct Check {
    digits: DigitsCheck,
    head: Vec<u8>,
}

#[derive(Debug, Default)]
struct Wants {
    enrolment: bool,
    devices: bool,
    checks: bool,
    /// A card with a lower revision than this, and how many were looked at.
    card: Option<(Option<u32>, u8)>,
    /// There is none of use, until there is another certificate.
    no_card: bool,
    /// To be taken off the list: an earlier request of ours.
    forget: Option<DeviceId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Enrol,
    Devices,
    Heard,
    Say,
    Card(u8),
    Forget,
}

impl OwnDevice {
    pub(super) fn new(role: StaffRole) -> Self {
        Self {
            role,
            state: State::Opening,
            asked: None,
            wants: Wants::default(),
            to_say: VecDeque::new(),
            check: None,
            listed: None,
            identity: None,
            problem: None,
        }
    }

    /// What the keyring has.
    pub(super) fn loaded(&mut self, bytes: Option<&[u8]>, tools: &mut Tools) {
        self.state = match bytes.map(DeviceRecord::read) {
            Some(None) => State::Unreadable,
            Some(Some(record)) => {
                let end = record.revoked.then_some(End::Revoked);
                State::Known { record: Box::new(record), end }
            }
            None => {
                let record = DeviceRecord::new(tools.random());
                keep(&record, tools);
                State::Known { record: Box::new(record), end: None }
            }
        };
        self.begin();
    }

    pub(super) fn locked(&mut self) {
        self.state = State::Locked;
    }

    fn begin(&mut self) {
        if let State::Known { record, .. } = &self.state {
            self.wants =
                Wants { enrolment: record.certified.is_none() && !record.revoked, devices: true, ..Wants::default() };
        }
    }

    /// Whether keys can be made and kept.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Known { .. })
    }

    pub(super) fn keys(&self) -> Option<DeviceKeys> {
        self.record().map(|record| DeviceKeys::from_secret(&record.secret))
    }

    pub(super) fn id(&self) -> Option<DeviceId> {
        self.record().and_then(|record| record.device)
    }

    /// The clinic that this device believes.
    pub(super) fn clinic(&self) -> Option<KeyFingerprint> {
        self.record().and_then(|record| record.clinic)
    }

    pub(super) fn identity(&self) -> Option<&DeviceIdentity> {
        self.identity.as_ref()
    }

    /// The clinic's key was made, or recovered, at this machine: no digits are needed to believe it.
    pub(super) fn believe(&mut self, clinic: KeyFingerprint, tools: &mut Tools) {
        if let State::Known { record, end } = &mut self.state
            && record.clinic != Some(clinic)
        {
            record.clinic = Some(clinic);
            *end = None;
            keep(record, tools);
        }
    }

    /// The server has news.
    pub(super) fn news(&mut self, before: Option<&Standing>, standing: &Standing) {
        self.wants.devices |= before.is_none_or(|before| before.devices != standing.devices);
        self.wants.checks |= before.is_none_or(|before| before.checks != standing.checks);
        let head = standing.clinic.as_ref().map(|clinic| clinic.head.0.as_slice());
        // Another issuing key: what was said is of another transcript.
        if self.check.as_ref().is_some_and(|check| Some(check.head.as_slice()) != head) {
            self.check = None;
        }
    }

    /// The digits are the same, or they are not.
    pub(super) fn person_says(&mut self, same: bool, tools: &mut Tools) {
        let (State::Known { record, end }, Some(check)) = (&mut self.state, &mut self.check) else { return };
        let Ok(message) = check.digits.person_says(same) else { return };
        self.to_say.extend(message);
        if same {
            record.clinic = clinic_of(&check.head);
            keep(record, tools);
            self.wants.devices = true;
        } else {
            *end = Some(End::Differ);
            self.wants.forget = record.device.take();
            keep(record, tools);
        }
    }

    /// Other keys, and the clinic is asked anew.
    pub(super) fn ask_anew(&mut self, standing: Option<&Standing>, tools: &mut Tools) {
        let (clinic, device) = match &self.state {
            State::Known { record, .. } => (record.clinic, record.device),
            State::Unreadable => (None, None),
            State::Opening | State::Locked => return,
        };
        let mut record = DeviceRecord::new(tools.random());
        // Who asks anew at another clinic compares digits with its admin; who asks the same one need not doubt it.
        record.clinic = clinic.filter(|clinic| said_clinic(standing) == Some(*clinic));
        keep(&record, tools);
        let role = self.role;
        *self = Self { state: State::Known { record: Box::new(record), end: None }, ..Self::new(role) };
        self.begin();
        self.wants.forget = device;
    }

    /// Whether this answer was ours to take.
    pub(super) fn answered(
        &mut self,
        now: UnixTime,
        number: RequestNumber,
        answer: &KeysAnswer,
        tools: &mut Tools,
        standing: Option<&Standing>,
    ) -> bool {
        let Some((_, what)) = self.asked.take_if(|(asked, _)| *asked == number) else { return false };
        match (what, answer) {
            (What::Enrol, KeysAnswer::Waits(reply)) => self.waits(reply, tools),
            (What::Devices, KeysAnswer::Devices(reply)) => self.listed(reply),
            (What::Heard, KeysAnswer::Said(reply)) => self.heard(&reply.messages, standing, tools),
            (What::Card(tried), KeysAnswer::Box(reply)) => self.card(now, tried, reply),
            (What::Say | What::Forget, KeysAnswer::Done) => {}
            // Somebody else spoke meanwhile, or the device waits no more: see how it stands.
            (What::Say | What::Heard, KeysAnswer::Refused(Code::CheckOutOfTurn)) => self.wants.checks = true,
            (
                What::Say | What::Heard | What::Card(_),
                KeysAnswer::Refused(Code::DeviceNotFound | Code::BoxNotFound),
            ) => {
                self.wants.devices = true;
                self.to_say.clear();
            }
            (What::Forget, KeysAnswer::Refused(_)) => {}
            (What::Enrol, KeysAnswer::Refused(Code::QuotaFull)) => self.problem = Some(KeysProblem::TooManyWait),
            (_, KeysAnswer::Refused(code)) => self.problem = Some(KeysProblem::Refused(*code)),
            (_, KeysAnswer::Failed(trouble)) => self.problem = Some(KeysProblem::Failed(*trouble)),
            (_, _) => self.problem = Some(KeysProblem::OddAnswer),
        }
        true
    }

    /// Looks how it stands, and asks what is to be asked next.
    pub(super) fn advance(&mut self, now: UnixTime, standing: Option<&Standing>, tools: &mut Tools) {
        let Some(standing) = standing else { return };
        self.evaluate(now, standing, tools);
        if self.asked.is_some() {
            return;
        }
        let Some((what, request)) = self.next_question(standing) else { return };
        self.asked = Some((tools.ask(request), what));
    }

    fn next_question(&mut self, standing: &Standing) -> Option<(What, KeysRequest)> {
        let State::Known { record, end } = &self.state else { return None };
        if let Some(message) = self.to_say.pop_front() {
            let device = record.device.or(self.wants.forget)?;
            return Some((What::Say, KeysRequest::Say(device, message)));
        }
        if let Some(device) = self.wants.forget.take() {
            return Some((What::Forget, KeysRequest::Forget(device)));
        }
        let clinic = said_clinic(Some(standing))?;
        if record.clinic.is_some_and(|believed| believed != clinic)
            || matches!(end, Some(End::Differ | End::Refused | End::Revoked))
        {
            return None;
        }
        if std::mem::take(&mut self.wants.enrolment) {
            let role = device_role(self.role);
            let keys = DeviceKeys::from_secret(&record.secret).public();
            let request = DeviceRequest { keys, role }.to_bytes().into();
            return Some((What::Enrol, KeysRequest::Enrol(EnrolRequest { request })));
        }
        let device = record.device?;
        if std::mem::take(&mut self.wants.devices) {
            return Some((What::Devices, KeysRequest::Devices));
        }
        if let Some((below, tried)) = self.wants.card.take() {
            let object = ObjectId::Device(device);
            return Some((What::Card(tried), KeysRequest::ReadBox { kind: CARD_KIND, object, below }));
        }
        if self.listed.is_none() && std::mem::take(&mut self.wants.checks) {
            return Some((What::Heard, KeysRequest::Heard(device)));
        }
        None
    }

    fn waits(&mut self, reply: &DeviceReply, tools: &mut Tools) {
        let State::Known { record, .. } = &mut self.state else { return };
        if record.device != Some(reply.device) {
            record.device = Some(reply.device);
            keep(record, tools);
        }
        (self.wants.devices, self.wants.checks) = (true, true);
    }

    fn listed(&mut self, reply: &DevicesReply) {
        let State::Known { record, end } = &mut self.state else { return };
        let keys = DeviceKeys::from_secret(&record.secret).public();
        let ours = |device, request: &[u8]| {
            Some(device) == record.device && DeviceRequest::read(request).is_some_and(|request| request.keys == keys)
        };
        self.listed = reply
            .devices
            .iter()
            .find(|device| ours(device.device, &device.request.0))
            .map(|device| (device.issuer.0.clone(), device.certificate.0.clone()));
        let waits = reply.waiting.iter().any(|device| ours(device.device, &device.request.0));
        if self.listed.is_some() {
            self.wants.no_card = false;
            self.to_say.clear();
        } else if !waits && record.certified.is_none() {
            end.get_or_insert(End::Refused);
        }
    }

    fn heard(&mut self, messages: &[signaling_protocol::CheckMessage], standing: Option<&Standing>, tools: &mut Tools) {
        let Some(clinic) = standing.and_then(|standing| standing.clinic.as_ref()) else { return };
        let Some(keys) = self.keys() else { return };
        let check = self.check.get_or_insert_with(|| Check {
            digits: DigitsCheck::new(CheckSide::Device, &keys.public(), &clinic.head.0),
            head: clinic.head.0.clone(),
        });
        let rng = tools.rng.as_mut();
        let result = check.digits.take(messages, rng).and_then(|heard| match heard {
            Heard::Say(messages) => Ok(messages),
            Heard::Forgotten => check.digits.start(rng).map(|message| vec![message]),
        });
        match result {
            Ok(messages) => {
                self.problem = self.problem.take_if(|problem| *problem != KeysProblem::CheckFailed);
                self.to_say.extend(messages);
            }
            Err(CheckError::Differ) => self.end(End::Differ),
            Err(CheckError::TooManyRuns) => {
                self.problem = Some(KeysProblem::CheckedTooOften);
                self.end(End::Refused);
            }
            Err(_) => self.problem = Some(KeysProblem::CheckFailed),
        }
    }

    fn end(&mut self, why: End) {
        self.check = None;
        if let State::Known { end, .. } = &mut self.state {
            *end = Some(why);
        }
    }
}

fn keep(record: &DeviceRecord, tools: &mut Tools) {
    tools.outputs.push_back(KeysOutput::Keep(Entry::Device, record.to_bytes()));
}

/// Which clinic the server says it is; none if what it says does not hold together.
fn said_clinic(standing: Option<&Standing>) -> Option<KeyFingerprint> {
    let clinic = standing?.clinic.as_ref()?;
    clinic_of(&clinic.head.0).filter(|fingerprint| fingerprint.0 == clinic.fingerprint.0)
}

pub(super) const fn device_role(role: StaffRole) -> DeviceRole {
    match role {
        StaffRole::Admin => DeviceRole::Admin,
        StaffRole::Clinician => DeviceRole::Clinician,
        StaffRole::FrontDesk => DeviceRole::FrontDesk,
        StaffRole::Auditor => DeviceRole::Auditor,
    }
}

impl OwnDevice {
    fn record(&self) -> Option<&DeviceRecord> {
        if let State::Known { record, .. } = &self.state { Some(record) } else { None }
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Opening => "Opening",
            Self::Locked => "Locked",
            Self::Unreadable => "Unreadable",
            Self::Known { .. } => "Known",
        })
    }
}
