//! What staff do about the day without a window: plan, list, call off, hand over, make a link anew. Each is one go from
//! signing in to the answer; what is decided is decided in [`desk::day`].

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use clinic::{BoxSecret, StaffBoxError};
use desk::day::{Calendar, CardLink, Choice, Colleague, Moment, VISIT_KIND, VisitCard, readers, verified, window};
use serde_json::{Value, json};
use signaling_client::{ClientError, SignalingClient};
use signaling_protocol::{
    Base64, CancelReason, Code, CreateInviteRequest, CreateVisitRequest, GuestRole, InviteId, LinkWindow, ListedVisit,
    ObjectId, PlanRequest, Planned, StaffId, VisitId, WaitingNote, WriteBoxRequest,
};
use trust::{DeviceIdentity, InviteSecret, Link, ServerAddress, TlsPin};
use units::{Clock, Phi};

use crate::device_secret::DeviceSecret;
use crate::headless::{Account, InputError, random_bytes, runtime};
use crate::identity;
use crate::proxies::{ProxyChoice, ProxyFinder};
use crate::signed_in::{Going, SignedIn};

/// How long a link of a visit without a plan is good: the longest visit and some waiting.
pub(crate) const LINK_LIFETIME: Duration = Duration::from_secs(4 * 3600);

/// How often a card is written again when a colleague was quicker.
const TRIES: u32 = 4;

/// What is to be done about the day.
#[derive(Debug)]
pub enum DayCommand {
    /// Plan a visit and make its link.
    Schedule(Box<Appointment>),
    /// Move a visit to another time.
    Move(VisitId, Moved),
    /// The visits of a day, with what their cards say.
    List {
        /// Any time of it on the clinic's clock, `2026-10-25 00:00`; today without it.
        day: Option<String>,
        /// The clinic's time zone.
        zone: String,
    },
    /// Call a visit off, or say that nobody came.
    Cancel(VisitId, CancelReason),
    /// Hand a visit to a colleague, or to nobody.
    HandOver(VisitId, Option<StaffId>),
    /// Let those who wait know something.
    Tell(VisitId, WaitingNote),
    /// Make the link of a visit anew: the old one is dead.
    Reinvite(VisitId),
    /// Make another link to a visit: for a guardian or an interpreter.
    Invite(VisitId, GuestRole),
    /// Take a link back.
    Revoke(VisitId, InviteId),
}

/// A visit that is to be planned.
#[derive(Debug)]
pub struct Appointment {
    /// When, on the clinic's clock: `2026-10-25 14:30`. Without it the visit is now.
    pub start: Option<String>,
    /// The clinic's time zone.
    pub zone: String,
    /// Which of the two where clocks change; asked about if nobody has said.
    pub choice: Option<Choice>,
    /// How long it is to take.
    pub minutes: u16,
    /// Whose it will be; without one the own of a clinician, nobody's of the front desk.
    pub clinician: Option<StaffId>,
    /// What colleagues are to know: name, notes, code.
    pub card: VisitCard,
}

/// What becomes of a card that we cannot read.
#[derive(Debug, Clone, Copy)]
enum Unreadable {
    /// It is not changed.
    Refused,
    /// Of a visit that we took over, another is begun.
    BeginAnew,
}

/// When a visit is to be from now on.
#[derive(Debug)]
pub struct Moved {
    /// When, on the clinic's clock: `2026-10-25 14:30`.
    pub start: String,
    /// The clinic's time zone.
    pub zone: String,
    /// Which of the two where clocks change; asked about if nobody has said.
    pub choice: Option<Choice>,
    /// How long it is to take; as long as before without it.
    pub minutes: Option<u16>,
}

/// How long a visit without a plan takes that is given one by being moved.
const USUAL_MINUTES: u16 = 30;

/// How long a planned visit is to take.
pub(crate) fn length_of(planned: &Planned) -> Duration {
    Duration::from_secs(u64::from(planned.length_minutes) * 60)
}

/// Somebody of the staff, signed in on a device that the clinic vouches for.
pub struct Office {
    pub(crate) client: SignalingClient,
    pub(crate) token: Phi<String>,
    pub(crate) staff: StaffId,
    pub(crate) device: DeviceIdentity,
    own: BoxSecret,
    address: ServerAddress,
    pin: Option<TlsPin>,
    pub(crate) clock: Clock,
}

/// By which device staff read what colleagues share.
#[derive(Debug, Clone, Copy)]
pub enum DeviceBy<'a> {
    /// The one whose keys are in the system's keyring, certified by the clinic.
    Keyring,
    /// That of a clinic of one, by the folder with its secret.
    Folder(&'a Path),
    /// Likewise, by the secret itself.
    Secret(&'a DeviceSecret),
}

/// Does one thing about the day and answers with what came of it, as JSON. A link in it is a secret.
///
/// # Errors
/// What was given cannot be used, or the server says no.
pub fn run(
    account: &Account,
    device: DeviceBy<'_>,
    proxies: ProxyChoice,
    command: DayCommand,
) -> Result<Value, InputError> {
    let clock = Clock::starting_at(Instant::now(), SystemTime::now());
    runtime()?.block_on(async {
        let signed_in = SignedIn::by(account, ProxyFinder::new(proxies), Going::On, clock).await?;
        signed_in.look_at_log(account).await;
        let answer = match Office::open(&signed_in, account, device, clock).await {
            Ok(office) => office.carry_out(command).await,
            Err(error) => Err(error),
        };
        // It may have gone on meanwhile.
        signed_in.keep().await;
        answer
    })
}

impl Office {
    /// The office of who has signed in without a window.
    pub(crate) async fn open(
        signed_in: &SignedIn,
        account: &Account,
        device: DeviceBy<'_>,
        clock: Clock,
    ) -> Result<Self, InputError> {
        let key = match device {
            DeviceBy::Keyring => None,
            DeviceBy::Folder(folder) => Some(identity::load_or_make(folder, random_bytes()?)?),
            DeviceBy::Secret(secret) => Some(secret.as_identity()),
        };
        let device = match key {
            Some(key) => identity::clinic_of_one(&key, Some(account.user.expose()), clock)?,
            None => signed_in.device().await?,
        };
        let who = (signed_in.client.clone(), signed_in.reply.token.clone(), signed_in.reply.staff);
        Ok(Self::of(who, device, (signed_in.address.clone(), signed_in.pin), clock))
    }

    /// Somebody who has signed in already.
    pub fn of(
        (client, token, staff): (SignalingClient, Phi<String>, StaffId),
        device: DeviceIdentity,
        (address, pin): (ServerAddress, Option<TlsPin>),
        clock: Clock,
    ) -> Self {
        let own = BoxSecret::of_device(&device.keys);
        Self { client, token, staff, device, own, address, pin, clock }
    }

    /// By what boxes are opened that are sealed to this device.
    pub(crate) const fn own(&self) -> &BoxSecret {
        &self.own
    }

    /// The time of day.
    pub(crate) fn unix_now(&self) -> u64 {
        identity::unix_now(self.clock).0
    }

    /// Does one thing about the day and answers with what came of it, as [`run`] does.
    ///
    /// # Errors
    /// What was given cannot be used, or the server says no.
    pub async fn carry_out(&self, command: DayCommand) -> Result<Value, InputError> {
        let (client, token) = (&self.client, &self.token);
        match command {
            DayCommand::Schedule(appointment) => return self.schedule(*appointment).await,
            DayCommand::Move(visit, moved) => return self.move_to(visit, moved).await,
            DayCommand::List { day, zone } => return self.list(day.as_deref(), &zone).await,
            DayCommand::Cancel(visit, reason) => client.cancel_visit(token, visit, reason).await.map_err(asked)?,
            DayCommand::HandOver(visit, clinician) => self.hand_over(visit, clinician).await?,
            DayCommand::Tell(visit, note) => client.tell_waiting(token, visit, note).await.map_err(asked)?,
            DayCommand::Reinvite(visit) => return self.invite_anew(visit, GuestRole::Patient, true).await,
            DayCommand::Invite(visit, role) => return self.invite_anew(visit, role, false).await,
            DayCommand::Revoke(visit, invite) => {
                client.revoke_invite(token, visit, invite).await.map_err(asked)?;
                self.change_card(visit, |card| card.links.retain(|link| link.invite != invite)).await?;
            }
        }
        Ok(json!({}))
    }

    async fn schedule(&self, appointment: Appointment) -> Result<Value, InputError> {
        let calendar = Calendar::new(&appointment.zone)?;
        let planned = match &appointment.start {
            None => None,
            Some(start) => Some(planned(&calendar, start, appointment.choice, appointment.minutes)?),
        };
        // Before anything is made.
        planned.as_ref().map(|planned| self.good_for(planned)).transpose()?;
        let request = CreateVisitRequest { planned: planned.clone(), clinician: appointment.clinician };
        let visit = self.client.plan_visit(&self.token, &request).await.map_err(asked)?.visit;
        let mut card = appointment.card;
        let (link, on_card) = self.make_link(visit, planned.as_ref(), GuestRole::Patient).await?;
        card.replace(None, on_card);
        let whose = self.whose(visit).await?;
        self.keep(visit, &card, 1, whose).await?;
        let at = planned.map(|planned| calendar.clock(planned.start_unix_secs));
        Ok(json!({ "visit": visit, "link": link.to_string(), "at": at, "staff": self.staff }))
    }

    /// The links of the visit stay and are good around its new time, at the server and on the card by which the clinician's own
    /// app looks after that.
    async fn move_to(&self, visit: VisitId, moved: Moved) -> Result<Value, InputError> {
        let calendar = Calendar::new(&moved.zone)?;
        let minutes = match (moved.minutes, self.listed(visit).await?.planned) {
            (Some(minutes), _) => minutes,
            (None, before) => before.map_or(USUAL_MINUTES, |planned| planned.length_minutes),
        };
        let planned = planned(&calendar, &moved.start, moved.choice, minutes)?;
        self.good_for(&planned)?;
        let (opens, life) = window(&planned);
        let expires_unix_secs = opens + life;
        let at = calendar.clock(planned.start_unix_secs);
        let links = Some(LinkWindow { opens_unix_secs: opens, expires_unix_secs });
        let request = PlanRequest { planned, links };
        self.client.move_visit(&self.token, visit, &request).await.map_err(asked)?;
        self.change_card(visit, |card| card.links.iter_mut().for_each(|link| link.not_after = expires_unix_secs))
            .await?;
        Ok(json!({ "visit": visit, "at": at }))
    }

    /// Makes a link, and how it is to stand on the card.
    async fn make_link(
        &self,
        visit: VisitId,
        planned: Option<&Planned>,
        role: GuestRole,
    ) -> Result<(Link, CardLink), InputError> {
        let bits = random_bytes()?;
        let secret = InviteSecret::from_random(bits);
        let (opens, life) = match planned {
            Some(planned) => (Some(window(planned).0), self.good_for(planned)?),
            None => (None, LINK_LIFETIME.as_secs()),
        };
        let now = identity::unix_now(self.clock).0;
        let not_after = opens.unwrap_or(now).max(now) + life;
        let request =
            CreateInviteRequest { opens_unix_secs: opens, role, ..CreateInviteRequest::new(secret.invite_key(), life) };
        let made = self.client.create_invite(&self.token, visit, &request).await.map_err(asked)?;
        let on_card = CardLink::new(made.invite, &bits, role, not_after);
        Ok((self.link(made.invite, secret), on_card))
    }

    /// For how many seconds a link to a visit at this time is good, counted from now or from when it opens.
    fn good_for(&self, planned: &Planned) -> Result<u64, InputError> {
        let (opens, life) = window(planned);
        let left = (opens + life).saturating_sub(opens.max(self.unix_now()));
        if left == 0 { Err(InputError::TimeOver) } else { Ok(left) }
    }

    fn link(&self, invite: InviteId, secret: InviteSecret) -> Link {
        Link {
            server: self.address.clone(),
            app_only: self.pin.is_some(),
            invite,
            secret,
            clinic_key: self.device.clinic(),
            epoch: Some(self.device.epoch().0),
            pin: self.pin,
        }
    }

    /// Makes another link. One that it replaces is taken back only once the new one stands on the card: whatever fails on the
    /// way, there is a link that is good and that colleagues know.
    async fn invite_anew(&self, visit: VisitId, role: GuestRole, replaces: bool) -> Result<Value, InputError> {
        let listed = self.listed(visit).await?;
        let (card, _) = self.card_or_anew(&listed).await?;
        let on_card = card.links.iter().find(|link| link.role == role).map(|link| link.invite);
        let on_list = || listed.invites.iter().find(|link| link.role == role).map(|link| link.invite);
        let old = on_card.or_else(on_list).filter(|_| replaces);
        let (link, new) = self.make_link(visit, listed.planned.as_ref(), role).await?;
        self.change_card_of(&listed, Unreadable::BeginAnew, |card| card.replace(None, new.clone())).await?;
        if let Some(old) = old {
            self.client.revoke_invite(&self.token, visit, old).await.map_err(asked)?;
            self.change_card_of(&listed, Unreadable::BeginAnew, |card| card.links.retain(|link| link.invite != old))
                .await?;
        }
        Ok(json!({ "visit": visit, "link": link.to_string() }))
    }

    /// The colleague's devices can read the card before the visit is theirs: else they would have one that they cannot open.
    async fn hand_over(&self, visit: VisitId, clinician: Option<StaffId>) -> Result<(), InputError> {
        let (card, revision) = self.card(visit).await?;
        self.keep(visit, &card, revision + 1, clinician).await?;
        self.client.assign_visit(&self.token, visit, clinician).await.map_err(asked)
    }

    async fn list(&self, day: Option<&str>, zone: &str) -> Result<Value, InputError> {
        let calendar = Calendar::new(zone)?;
        let at = match day {
            Some(day) => calendar.moment(day)?.only().or(calendar.moment(day)?.chosen(Some(Choice::ByRule))),
            None => None,
        };
        let span = calendar.day(at.unwrap_or_else(|| identity::unix_now(self.clock).0));
        let reply = self.client.visits(&self.token, span, None).await.map_err(asked)?;
        let mut visits = Vec::new();
        for listed in reply.visits {
            let card = self.card(listed.visit).await.ok().map(|(card, _)| card);
            let (name, notes) = card.map_or((None, None), |card| (Some(card.name), Some(card.notes)));
            let at = listed.planned.as_ref().map(|planned| calendar.clock(planned.start_unix_secs));
            visits.push(json!({
                "at": at, "name": name, "notes": notes, "own": listed.clinician == Some(self.staff), "listed": listed,
            }));
        }
        Ok(json!({ "staff": self.staff, "now": reply.now_unix_secs, "visits": visits }))
    }

    /// A visit as the server lists it: page after page of all that it has, since a list is no longer than a busy day.
    ///
    /// # Errors
    /// It is none of theirs, or the server says no.
    pub async fn listed(&self, visit: VisitId) -> Result<ListedVisit, InputError> {
        let mut from = 0;
        loop {
            let reply = self.client.visits(&self.token, (from, u64::MAX), None).await.map_err(asked)?;
            let last = reply.visits.last().map(begins);
            if let Some(found) = reply.visits.into_iter().find(|listed| listed.visit == visit) {
                return Ok(found);
            }
            match last {
                Some(last) if reply.more && last > from => from = last,
                _ => return Err(asked(ClientError::Refused(Code::VisitNotFound.into()))),
            }
        }
    }

    async fn whose(&self, visit: VisitId) -> Result<Option<StaffId>, InputError> {
        Ok(self.listed(visit).await?.clinician)
    }

    /// What colleagues know of a visit, and its revision. The newest that opens counts.
    ///
    /// # Errors
    /// None opens, or the server says no.
    pub async fn card(&self, visit: VisitId) -> Result<(VisitCard, u32), InputError> {
        let (object, now) = (ObjectId::Visit(visit), identity::unix_now(self.clock));
        let mut below = None;
        let mut newest = None;
        loop {
            let reply = self.client.read_box(&self.token, VISIT_KIND, object, below).await.map_err(asked)?;
            newest.get_or_insert(reply.revision);
            match VisitCard::open(&reply.sealed.0, &self.own, &self.device, visit, now) {
                Ok(card) => return Ok((card, newest.unwrap_or(reply.revision))),
                Err(error @ StaffBoxError::LaterVersion) => return Err(InputError::Card(error)),
                Err(error) if reply.revision <= 1 => return Err(InputError::Card(error)),
                Err(_) => below = Some(reply.revision),
            }
        }
    }

    /// Seals a card to all who are to read it, and keeps it at the server.
    pub(crate) async fn keep(
        &self,
        visit: VisitId,
        card: &VisitCard,
        revision: u32,
        clinician: Option<StaffId>,
    ) -> Result<(), InputError> {
        let now = identity::unix_now(self.clock);
        let readers = readers(&self.colleagues().await?, &self.device, clinician);
        let sealed = card.seal(visit, revision, &readers, &self.device, (now, random_bytes()?));
        let request = WriteBoxRequest { revision, sealed: Base64(sealed.map_err(InputError::Card)?) };
        self.client.write_box(&self.token, VISIT_KIND, ObjectId::Visit(visit), &request).await.map_err(asked)
    }

    /// Changes a card that can be read.
    async fn change_card(&self, visit: VisitId, change: impl Fn(&mut VisitCard)) -> Result<(), InputError> {
        let listed = self.listed(visit).await?;
        self.change_card_of(&listed, Unreadable::Refused, change).await
    }

    /// Changes a card, again if a colleague was quicker.
    async fn change_card_of(
        &self,
        listed: &ListedVisit,
        unreadable: Unreadable,
        change: impl Fn(&mut VisitCard),
    ) -> Result<(), InputError> {
        let mut tries = 0;
        loop {
            let (mut card, revision) = match unreadable {
                Unreadable::Refused => self.card(listed.visit).await?,
                Unreadable::BeginAnew => self.card_or_anew(listed).await?,
            };
            change(&mut card);
            tries += 1;
            match self.keep(listed.visit, &card, revision + 1, listed.clinician).await {
                Err(InputError::Asked(ClientError::Refused(refusal)))
                    if refusal.code == Code::RevisionRefused && tries < TRIES => {}
                kept => return kept,
            }
        }
    }

    /// The colleagues' devices for which the clinic vouches.
    pub(crate) async fn colleagues(&self) -> Result<Vec<Colleague>, InputError> {
        let mut devices = Vec::new();
        let mut after = None;
        loop {
            let page = self.client.devices(&self.token, after).await.map_err(asked)?;
            after = page.devices.last().map(|device| device.device);
            let more = page.more && after.is_some();
            devices.extend(page.devices);
            if !more {
                return Ok(verified(&devices, &self.device, identity::unix_now(self.clock)));
            }
        }
    }

    /// The host's side of a visit that is planned, by what its card says, and how long it is to take.
    pub(crate) async fn host(&self, visit: VisitId) -> Result<(call::Party, Option<Duration>), InputError> {
        let (card, _) = self.card(visit).await?;
        let planned = self.listed(visit).await?.planned;
        let invites = card.links.iter().filter_map(|link| {
            Some(call::HostInvite {
                invite: link.invite,
                secret: link.secret()?,
                visit,
                not_after: trust::UnixTime(link.not_after),
                patient: None,
                code: card.code.clone(),
                role: link.role,
            })
        });
        let party = call::Party::Host { device: self.device.clone(), visit, invites: invites.collect() };
        Ok((party, planned.as_ref().map(length_of)))
    }
}

/// By when a visit stands on the list, in seconds of Unix time.
fn begins(listed: &ListedVisit) -> u64 {
    listed.planned.as_ref().map_or(listed.created_unix_secs, |planned| planned.start_unix_secs)
}

/// The plan for this time on the clinic's clock.
fn planned(
    calendar: &Calendar,
    start: &str,
    choice: Option<Choice>,
    length_minutes: u16,
) -> Result<Planned, InputError> {
    let moment = calendar.moment(start)?;
    let start_unix_secs = match (moment, moment.only().or(moment.chosen(choice))) {
        (_, Some(at)) => at,
        (Moment::LeftOut { earlier, later } | Moment::Twice { earlier, later }, None) => {
            let [earlier, later] = [earlier, later].map(|at| calendar.clock(at));
            return Err(InputError::ClocksChange { earlier, later });
        }
        (Moment::Once(at), None) => at,
    };
    Ok(Planned { start_unix_secs, length_minutes, time_zone: calendar.name().to_owned() })
}

fn asked(error: ClientError) -> InputError {
    InputError::Asked(error)
}
