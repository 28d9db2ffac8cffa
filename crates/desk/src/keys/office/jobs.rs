//! What the office tells and asks the server, one after another, and what comes of it.

use super::*;

/// One question to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Job {
    SetUp(Clinic),
    /// A new statement, which takes these devices off the list.
    Publish(Vec<DeviceId>),
    List,
    ReadCard {
        device: DeviceId,
        below: Option<u32>,
        tries: u8,
    },
    /// Which revision does the box have that is in the way?
    FindRevision(Plan),
    WriteCard(Plan),
    Certify(Plan),
    Heard(DeviceId),
    Say(DeviceId, CheckMessage),
    Forget(DeviceId),
}

/// A device that is to be certified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) device: DeviceId,
    pub(super) card: Card,
    /// Of its card's box.
    pub(super) revision: u32,
    /// Of the certificate before.
    pub(super) after: u32,
    pub(super) tries: u8,
}

impl Office {
    /// The question that a job is now; none if there is nothing to ask any more.
    pub(super) fn request(
        &mut self,
        now: UnixTime,
        job: &mut Job,
        standing: &Standing,
        own: Option<&DeviceKeys>,
        tools: &mut Tools,
    ) -> Option<KeysRequest> {
        Some(match job {
            Job::SetUp(clinic) => KeysRequest::SetUp(clinic.clone()),
            Job::Publish(revoked) => self.statement(now, revoked.clone(), standing, tools)?,
            Job::List => KeysRequest::Devices,
            Job::ReadCard { device, below, .. } => read(*device, *below),
            Job::FindRevision(plan) => read(plan.device, None),
            Job::WriteCard(plan) => {
                let sealed = self.sealed(now, plan, standing, own, tools);
                let Some(sealed) = sealed else {
                    let device = plan.device;
                    self.jobs.retain(|job| !matches!(job, Job::Certify(plan) if plan.device == device));
                    return None;
                };
                KeysRequest::WriteBox {
                    kind: CARD_KIND,
                    object: ObjectId::Device(plan.device),
                    request: WriteBoxRequest { revision: plan.revision, sealed: Base64(sealed) },
                }
            }
            Job::Certify(plan) => {
                let issuing = self.issuing.as_ref()?;
                let certificate = Base64(issuing.certificate(&plan.card, now)?);
                let issuer = Base64(issuing.record.head.clone());
                let revision = plan.after.saturating_add(1);
                KeysRequest::Certify(plan.device, CertifyRequest { revision, issuer, certificate })
            }
            Job::Heard(device) => KeysRequest::Heard(*device),
            Job::Say(device, message) => KeysRequest::Say(*device, message.clone()),
            Job::Forget(device) => KeysRequest::Forget(*device),
        })
    }

    /// A card for its device, for this one and for the sheet.
    fn sealed(
        &mut self,
        now: UnixTime,
        plan: &Plan,
        standing: &Standing,
        own: Option<&DeviceKeys>,
        tools: &mut Tools,
    ) -> Option<Vec<u8>> {
        let (issuing, own) = (self.issuing.as_ref()?, own?);
        let admin = issuing.admin(own, self.account.expose(), issuing.revocations(standing)?, now)?;
        let mut readers = vec![plan.card.keys.agreement, own.public().agreement, issuing.record.recovery];
        readers.dedup();
        let sealed = card::seal(&plan.card, plan.device, plan.revision, &readers, &admin, (now, tools.random()));
        sealed.map_err(|_| self.problem = Some(KeysProblem::NotSealed)).ok()
    }

    /// A statement with a higher counter than any before, kept before it is told.
    fn statement(
        &mut self,
        now: UnixTime,
        revoked: Vec<DeviceId>,
        standing: &Standing,
        tools: &mut Tools,
    ) -> Option<KeysRequest> {
        let issuing = self.issuing.as_mut()?;
        let (clinic, role) = (issuing.key.clinic(), None);
        // A keyring that was set back knows a lower one than the clinic has heard.
        let heard = standing.notice.as_ref().and_then(|notice| {
            let expected = Expected { clinic, least_epoch: Epoch::default(), role, now };
            Notice::verify(&notice.notice.0, &expected).ok().map(|notice| notice.epoch().0)
        });
        let heard = heard.filter(|epoch| *epoch >> 16 == u32::from(issuing.record.generation));
        let highest = issuing.record.counter.max(heard.map_or(0, |epoch| (epoch & 0xFFFF) as u16));
        let Some(statement) = highest.checked_add(1).and_then(|counter| issuing.state(now, counter)) else {
            self.problem = Some(KeysProblem::OddAnswer);
            return None;
        };
        issuing.keep(tools);
        let notice = Base64(issuing.key.notice(&statement));
        let notice = signaling_protocol::Notice { epoch: issuing.epoch().0, notice };
        Some(KeysRequest::Publish(NoticeRequest { notice, revoked }))
    }

    /// Whether this answer was ours to take.
    pub(in super::super) fn answered(
        &mut self,
        now: UnixTime,
        number: RequestNumber,
        answer: KeysAnswer,
        own: Option<&DeviceKeys>,
        tools: &mut Tools,
    ) -> bool {
        let Some((_, job)) = self.asked.take_if(|(asked, _)| *asked == number) else { return false };
        match (job, answer) {
            (Job::List, KeysAnswer::Devices(reply)) => self.list(reply),
            (Job::ReadCard { device, tries, .. }, KeysAnswer::Box(reply)) => {
                self.card(now, device, tries, &reply, own);
            }
            (Job::ReadCard { device, .. }, KeysAnswer::Refused(Code::BoxNotFound)) => {
                self.card_is(device, CardState::None);
            }
            (Job::FindRevision(mut plan), KeysAnswer::Box(reply)) => {
                plan.revision = reply.revision.saturating_add(1);
                self.jobs.push_front(Job::WriteCard(plan));
            }
            // Somebody else wrote about this device: over it.
            (Job::WriteCard(mut plan), KeysAnswer::Refused(Code::RevisionRefused)) if plan.tries < MOST_TRIES => {
                plan.tries += 1;
                self.jobs.push_front(Job::FindRevision(plan));
            }
            (Job::WriteCard(plan), KeysAnswer::Refused(code)) => {
                self.jobs.retain(|job| !matches!(job, Job::Certify(other) if other.device == plan.device));
                self.refused(code);
            }
            (Job::Certify(_), KeysAnswer::Refused(Code::RevisionRefused | Code::DeviceNotFound)) => {
                self.add(Job::List);
            }
            (Job::Certify(plan), KeysAnswer::Done) => self.certified(&plan),
            (Job::Heard(device), KeysAnswer::Said(reply)) => self.heard(device, &reply.messages, tools),
            (Job::Heard(_) | Job::Say(..), KeysAnswer::Refused(Code::DeviceNotFound)) => {
                if self.comparison.take().is_some() {
                    self.problem = Some(KeysProblem::CheckFailed);
                }
                self.add(Job::List);
            }
            (Job::Say(device, _), KeysAnswer::Refused(Code::CheckOutOfTurn)) => self.add(Job::Heard(device)),
            (Job::SetUp(clinic), KeysAnswer::Done) => (self.told.0, self.problem) = (Some(clinic.generation), None),
            (Job::Publish(revoked), KeysAnswer::Done) => {
                self.told.1 = self.issuing.as_ref().map(Issuing::epoch);
                self.problem = None;
                if !revoked.is_empty() {
                    self.add(Job::List);
                }
            }
            (Job::Forget(_), KeysAnswer::Done) => self.add(Job::List),
            (_, KeysAnswer::Done) => {}
            (_, KeysAnswer::Refused(code)) => self.refused(code),
            (_, KeysAnswer::Failed(trouble)) => {
                (self.halted, self.problem) = (true, Some(KeysProblem::Failed(trouble)));
            }
            (_, _) => self.problem = Some(KeysProblem::OddAnswer),
        }
        true
    }

    fn refused(&mut self, code: Code) {
        (self.halted, self.problem) = (true, Some(KeysProblem::Refused(code)));
    }

    fn list(&mut self, reply: DevicesReply) {
        let mut known: HashMap<DeviceId, Listed> =
            self.listed.take().into_iter().flatten().map(|listed| (listed.device.device, listed)).collect();
        let listed = reply.devices.into_iter().map(|device| {
            let keys = DeviceRequest::read(&device.request.0).map(|request| request.keys);
            let before = known.remove(&device.device);
            let (card, revision) = match before.map(|before| (before.card, before.revision)) {
                // Other keys than those of the card are another device's.
                Some((CardState::Read(card), revision)) if Some(card.keys) == keys => (CardState::Read(card), revision),
                Some((CardState::None, revision)) => (CardState::None, revision),
                Some((_, revision)) => (CardState::ToRead, revision),
                None => (CardState::ToRead, 0),
            };
            Listed { device, card, revision }
        });
        self.listed = Some(listed.collect());
        self.waiting = reply.waiting;
        let comparison = self.comparison.as_ref();
        let is_there = comparison.is_none_or(|comparison| self.waiting.iter().any(|w| w.device == comparison.device));
        if !is_there {
            self.comparison = None;
        }
    }

    fn card(&mut self, now: UnixTime, device: DeviceId, tries: u8, reply: &BoxReply, own: Option<&DeviceKeys>) {
        let Some(clinic) = self.issuing.as_ref().map(|issuing| issuing.key.clinic()) else {
            return self.card_is(device, CardState::None);
        };
        let Some(listed) = self.listed.iter_mut().flatten().find(|listed| listed.device.device == device) else {
            return;
        };
        listed.revision = listed.revision.max(reply.revision);
        let keys = DeviceRequest::read(&listed.device.request.0).map(|request| request.keys);
        let by_own = own.and_then(|own| {
            card::open_by(&reply.sealed.0, &clinic::BoxSecret::of_device(own), clinic, device, now)
                // Cards of this laptop alone renew by themselves: nobody else's word changes a name or a role.
                .filter(|(_, creator)| *creator == own.public().signing)
        });
        let by_sheet = || {
            let recovery = self.recovery.as_ref()?;
            card::open_by(&reply.sealed.0, recovery, clinic, device, now)
        };
        let card = by_own.or_else(by_sheet).map(|(card, _)| card).filter(|card| Some(card.keys) == keys);
        match card {
            Some(card) => self.card_is(device, CardState::Read(card)),
            None if tries < MOST_TRIES => {
                let below = Some(reply.revision);
                self.jobs.push_front(Job::ReadCard { device, below, tries: tries + 1 });
            }
            None => self.card_is(device, CardState::None),
        }
    }

    fn card_is(&mut self, device: DeviceId, card: CardState) {
        if let Some(listed) = self.listed.iter_mut().flatten().find(|listed| listed.device.device == device) {
            listed.card = card;
        }
        let is_over = self.listed.iter().flatten().all(|listed| !matches!(listed.card, CardState::ToRead));
        if is_over && self.issuing.is_some() {
            self.recovery = None;
        }
    }

    fn certified(&mut self, plan: &Plan) {
        if let Some(listed) = self.listed.iter_mut().flatten().find(|listed| listed.device.device == plan.device) {
            listed.card = CardState::Read(plan.card.clone());
            listed.revision = listed.revision.max(plan.revision);
        }
        self.add(Job::List);
    }

    fn heard(&mut self, device: DeviceId, messages: &[CheckMessage], tools: &mut Tools) {
        let Some(comparison) = self.comparison.as_mut().filter(|comparison| comparison.device == device) else {
            return;
        };
        let (digits, rng) = (&mut comparison.digits, tools.rng.as_mut());
        let result = match digits.take(messages, rng) {
            Ok(Heard::Say(messages)) if digits.is_running() => Ok(messages),
            Ok(Heard::Say(_) | Heard::Forgotten) => digits.start(rng).map(|message| vec![message]),
            Err(error) => Err(error),
        };
        match result {
            Ok(messages) => self.jobs.extend(messages.into_iter().map(|message| Job::Say(device, message))),
            Err(error) => {
                self.comparison = None;
                match error {
                    CheckError::Differ => {
                        self.problem = Some(KeysProblem::Differed);
                        self.jobs.push_back(Job::Forget(device));
                    }
                    CheckError::TooManyRuns => {
                        self.problem = Some(KeysProblem::CheckedTooOften);
                        self.jobs.push_back(Job::Forget(device));
                    }
                    _ => self.problem = Some(KeysProblem::CheckFailed),
                }
            }
        }
    }
}

fn read(device: DeviceId, below: Option<u32>) -> KeysRequest {
    KeysRequest::ReadBox { kind: CARD_KIND, object: ObjectId::Device(device), below }
}

/// Boxes that are looked at before one is given up: each account can put one in the way.
const MOST_TRIES: u8 = 8;
