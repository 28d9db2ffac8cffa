//! The day: plans, windows, whose visit it is, and what is taken back.

use std::time::Duration;

use ed25519_dalek::SigningKey;
use signaling_protocol::{
    AssignRequest, CancelReason, Code, CreateInviteRequest, CreateVisitRequest, EndReason, Event, GuestRole, InviteId,
    InviteKey, LeaveReason, LinkWindow, PlanRequest, Planned, StaffId, VisitId, VisitState, WaitingNote,
};

use super::clinic::{CLINICIAN, Clinic, HOUR, Link, Person, kinds};
use crate::visits::{Command, Reply, StaffMember};

const COLLEAGUE: StaffId = StaffId::from_random([0xC2; 16]);
const FRONT_DESK: StaffId = StaffId::from_random([0xFD; 16]);
const OWN: StaffMember = StaffMember::own(CLINICIAN);
const OTHER: StaffMember = StaffMember::own(COLLEAGUE);
const DESK: StaffMember = StaffMember::all(FRONT_DESK);
const HALF_AN_HOUR: Duration = Duration::from_secs(1_800);

fn unix_secs(clinic: &Clinic) -> u64 {
    clinic.visits.list(clinic.now, DESK, 0, 0).now_unix_secs
}

/// A plan that begins so many seconds from now.
fn in_secs(clinic: &Clinic, secs: u64) -> Planned {
    let start_unix_secs = unix_secs(clinic) + secs;
    Planned { start_unix_secs, length_minutes: 30, time_zone: "Europe/Berlin".to_owned() }
}

fn make(clinic: &mut Clinic, by: StaffMember, planned: Option<Planned>, whose: Option<StaffId>) -> VisitId {
    let request = CreateVisitRequest { planned, clinician: whose };
    let Ok(Reply::Visit(reply)) = clinic.ask(Command::CreateVisit { by, request }) else { panic!() };
    reply.visit
}

fn invite(clinic: &mut Clinic, visit: VisitId, secret: u8, change: impl FnOnce(&mut CreateInviteRequest)) -> Link {
    let key = SigningKey::from_bytes(&[secret; 32]);
    let mut request = CreateInviteRequest::new(InviteKey(key.verifying_key().to_bytes()), HOUR);
    change(&mut request);
    let Ok(Reply::Invite(reply)) = clinic.ask(Command::CreateInvite { by: DESK, visit, request }) else { panic!() };
    Link { visit, invite: reply.invite, key }
}

fn host(clinic: &mut Clinic, staff: StaffId, visit: VisitId) -> Result<Person, Code> {
    let bundle = signaling_protocol::Base64(staff.as_bytes().to_vec());
    let protocol = signaling_protocol::VersionRange::CURRENT;
    let request = signaling_protocol::HostJoinRequest { protocol, bundle, take_over: false };
    match clinic.ask(Command::JoinHost { staff, visit, request })? {
        Reply::Joined(reply) => Ok(Person::new(clinic, reply.endpoint)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_link_opens_and_closes_at_its_time_and_says_so_only_to_who_holds_it() {
    let mut clinic = Clinic::new();
    let planned = in_secs(&clinic, 2 * HOUR);
    let opens = planned.start_unix_secs - 1_800;
    let visit = make(&mut clinic, DESK, Some(planned), Some(CLINICIAN));
    let link = invite(&mut clinic, visit, 7, |request| request.opens_unix_secs = Some(opens));
    assert_eq!(clinic.try_join(&link, b"early"), Err(Code::InviteTooEarly));
    assert_eq!(clinic.visits.opens_unix_secs(link.invite), Some(opens));
    let stranger = Link { visit, invite: link.invite, key: SigningKey::from_bytes(&[8; 32]) };
    assert_eq!(clinic.try_join(&stranger, b"thief"), Err(Code::InviteNotUsable));
    clinic.pass(Duration::from_secs(5_399));
    assert_eq!(clinic.try_join(&link, b"early"), Err(Code::InviteTooEarly));
    clinic.pass(Duration::from_secs(1));
    clinic.try_join(&link, b"in time").unwrap();
    let other = invite(&mut clinic, visit, 9, |request| request.opens_unix_secs = Some(opens));
    clinic.pass(Duration::from_secs(HOUR - 1));
    clinic.try_join(&other, b"in time too").unwrap();
    let late = invite(&mut clinic, visit, 10, |request| request.expires_in_secs = 1);
    clinic.pass(Duration::from_secs(1));
    assert_eq!(clinic.try_join(&late, b"late"), Err(Code::InviteExpired));
    assert_eq!(clinic.try_join(&stranger, b"thief"), Err(Code::InviteNotUsable));
}

#[test]
fn a_link_opens_within_400_days() {
    let mut clinic = Clinic::new();
    let visit = make(&mut clinic, OWN, None, None);
    let key = SigningKey::from_bytes(&[7; 32]);
    let opens_unix_secs = Some(unix_secs(&clinic) + 401 * 24 * HOUR);
    let request = CreateInviteRequest {
        opens_unix_secs,
        ..CreateInviteRequest::new(InviteKey(key.verifying_key().to_bytes()), HOUR)
    };
    assert_eq!(clinic.ask(Command::CreateInvite { by: OWN, visit, request }), Err(Code::Malformed));
}

#[test]
fn a_visit_of_next_month_is_still_there_then_and_expires_a_day_after_its_end() {
    let mut clinic = Clinic::new();
    let planned = in_secs(&clinic, 30 * 24 * HOUR);
    let visit = make(&mut clinic, DESK, Some(planned), None);
    clinic.pass(Duration::from_secs(30 * 24 * HOUR + 1_800 + 24 * HOUR - 1));
    assert_eq!(clinic.visits.state(visit), Some(VisitState::Scheduled));
    clinic.pass(Duration::from_secs(2));
    assert_eq!(clinic.visits.state(visit), Some(VisitState::Ended));
}

/// The visit is to begin so many seconds from now, and its links are good half an hour before to an hour after.
fn moved(clinic: &Clinic, by: StaffMember, visit: VisitId, secs: u64) -> Command {
    let planned = in_secs(clinic, secs);
    let opens_unix_secs = planned.start_unix_secs.saturating_sub(1_800);
    let links = LinkWindow { opens_unix_secs, expires_unix_secs: planned.end_unix_secs() + HOUR };
    Command::Plan { by, visit, request: PlanRequest { planned, links: Some(links) } }
}

#[test]
fn a_visit_that_is_moved_takes_its_links_along_over_a_restart_too() {
    let mut clinic = Clinic::new();
    let planned = in_secs(&clinic, 24 * HOUR);
    let opens = planned.start_unix_secs - 1_800;
    let visit = make(&mut clinic, DESK, Some(planned), Some(CLINICIAN));
    let link = invite(&mut clinic, visit, 7, |request| request.opens_unix_secs = Some(opens));
    let gone = invite(&mut clinic, visit, 8, |request| request.opens_unix_secs = Some(opens));
    let beside = invite(&mut clinic, visit, 6, |request| request.opens_unix_secs = Some(opens));
    clinic.done(Command::RevokeInvite { by: DESK, visit, invite: gone.invite });
    assert_eq!(clinic.try_join(&link, b"early"), Err(Code::InviteTooEarly));
    // To now: the same link is good at once; what was taken back stays so.
    let command = moved(&clinic, OWN, visit, 600);
    clinic.done(command);
    clinic.try_join(&link, b"in time").unwrap();
    assert_eq!(clinic.try_join(&gone, b"gone"), Err(Code::InviteRevoked));
    // To later: who waits goes on waiting, nobody new comes.
    let command = moved(&clinic, DESK, visit, 7 * 24 * HOUR);
    clinic.done(command);
    let list = clinic.visits.list(clinic.now, OWN, 0, u64::MAX);
    assert_eq!((list.visits[0].waiting.len(), list.visits[0].invites.len()), (1, 2));
    let opens = unix_secs(&clinic) + 7 * 24 * HOUR - 1_800;
    assert!(list.visits[0].invites.iter().all(|listed| listed.opens_unix_secs == opens));
    assert_eq!(clinic.try_join(&beside, b"another"), Err(Code::InviteTooEarly));
    clinic.restart();
    assert_eq!(clinic.try_join(&beside, b"another"), Err(Code::InviteTooEarly));
    // It does not expire before its new time, and its link is good then.
    clinic.pass(Duration::from_secs(7 * 24 * HOUR));
    clinic.try_join(&link, b"there").unwrap();
    // A link whose time was over is good again.
    let visit = make(&mut clinic, DESK, None, Some(CLINICIAN));
    let late = invite(&mut clinic, visit, 9, |request| request.expires_in_secs = 1);
    clinic.pass(Duration::from_secs(2));
    assert_eq!(clinic.try_join(&late, b"late"), Err(Code::InviteExpired));
    let command = moved(&clinic, OWN, visit, 0);
    clinic.done(command);
    clinic.try_join(&late, b"late").unwrap();
}

#[test]
fn links_are_moved_to_no_time_at_which_none_could_be_made() {
    let mut clinic = Clinic::new();
    let now = unix_secs(&clinic);
    let visit = make(&mut clinic, OWN, None, None);
    invite(&mut clinic, visit, 7, |_| {});
    let day = 24 * HOUR;
    for (opens_unix_secs, expires_unix_secs) in [
        (now, now),
        (now + 60, now + 30),
        (0, now),
        (now, now + 93 * day),
        (now + 401 * day, now + 402 * day),
        (0, u64::MAX),
    ] {
        let links = Some(LinkWindow { opens_unix_secs, expires_unix_secs });
        let request = PlanRequest { planned: in_secs(&clinic, 0), links };
        let answer = clinic.ask(Command::Plan { by: OWN, visit, request });
        assert_eq!(answer, Err(Code::Malformed), "{opens_unix_secs} {expires_unix_secs}");
    }
    assert_eq!(clinic.visits.list(clinic.now, OWN, 0, u64::MAX).visits[0].planned, None, "nothing was moved");
}

#[test]
fn a_new_link_shuts_the_old_one_and_puts_out_who_came_by_it() {
    let mut clinic = Clinic::new();
    let (old, mut host, mut guest) = clinic.call();
    let new = invite(&mut clinic, old.visit, 8, |request| {
        request.replaces = Some(old.invite);
        request.role = GuestRole::Guardian;
    });
    assert_eq!(guest.hears(&mut clinic), [Event::Removed]);
    assert_eq!(host.hears(&mut clinic), [Event::Left { endpoint: guest.id, reason: LeaveReason::Removed }]);
    assert_eq!(clinic.try_join(&old, b"guest"), Err(Code::InviteRevoked));
    clinic.restart();
    assert_eq!(clinic.try_join(&old, b"guest"), Err(Code::InviteRevoked));
    clinic.try_join(&new, b"guest").unwrap();
    let list = clinic.visits.list(clinic.now, OWN, 0, u64::MAX);
    let links: Vec<_> = list.visits[0].invites.iter().map(|one| (one.invite, one.role)).collect();
    assert_eq!(links, [(new.invite, GuestRole::Guardian)]);
    // Of another visit it is no link at all.
    let visit = make(&mut clinic, OWN, None, None);
    for invite in [new.invite, InviteId::from_random([9; 16])] {
        let command = Command::RevokeInvite { by: OWN, visit, invite };
        assert_eq!(clinic.ask(command), Err(Code::InviteNotUsable));
    }
    clinic.done(Command::RevokeInvite { by: OWN, visit: new.visit, invite: new.invite });
    clinic.done(Command::RevokeInvite { by: OWN, visit: new.visit, invite: new.invite });
    assert_eq!(clinic.try_join(&new, b"guest"), Err(Code::InviteRevoked));
}

#[test]
fn a_list_that_is_longer_than_a_busy_day_goes_on_from_its_last() {
    let mut clinic = Clinic::new();
    let begin = unix_secs(&clinic);
    let made: Vec<_> = (0..450)
        .map(|number| {
            let planned = in_secs(&clinic, 60 * number);
            make(&mut clinic, DESK, Some(planned), Some(CLINICIAN))
        })
        .collect();
    let mut from = 0;
    let mut seen = std::collections::BTreeSet::new();
    for page in 0.. {
        let list = clinic.visits.list(clinic.now, DESK, from, u64::MAX);
        seen.extend(list.visits.iter().map(|one| one.visit));
        if !list.more {
            break;
        }
        assert!(page < 3, "{from}");
        from = list.visits.last().unwrap().planned.as_ref().unwrap().start_unix_secs;
        assert!(from > begin);
    }
    assert_eq!(seen, made.into_iter().collect());
}

/// What may be done with a visit, by command.
fn commands(by: StaffMember, visit: VisitId, invite: InviteId, planned: &Planned) -> Vec<Command> {
    let request = CreateInviteRequest::new(InviteKey(SigningKey::from_bytes(&[99; 32]).verifying_key().to_bytes()), 60);
    let assign = AssignRequest { clinician: Some(StaffId::from_random([0xEE; 16])) };
    vec![
        Command::Note { by, visit, note: WaitingNote::Next },
        Command::Plan { by, visit, request: PlanRequest { planned: planned.clone(), links: None } },
        Command::CreateInvite { by, visit, request },
        Command::RevokeInvite { by, visit, invite },
        Command::Assign { by, visit, request: assign },
        Command::Cancel { by, visit, reason: CancelReason::Cancelled },
    ]
}

#[test]
fn ones_own_a_colleagues_and_nobodys_visit_are_three_things() {
    for (by, whose, may) in [
        (OWN, Some(CLINICIAN), true),
        (OTHER, Some(CLINICIAN), false),
        (OTHER, None, false),
        (DESK, Some(CLINICIAN), true),
        (DESK, None, true),
    ] {
        let mut clinic = Clinic::new();
        let planned = in_secs(&clinic, 0);
        let visit = make(&mut clinic, DESK, Some(planned.clone()), whose);
        let link = invite(&mut clinic, visit, 7, |_| {});
        for (at, command) in commands(by, visit, link.invite, &planned).into_iter().enumerate() {
            // What was handed over is the clinician's no more.
            let may = may && !(by == OWN && at == 5);
            let answer = clinic.ask(command.clone());
            assert_eq!(answer.is_ok(), may, "{whose:?} {command:?}: {answer:?}");
            if !may {
                assert_eq!(answer, Err(Code::VisitNotFound), "{command:?}");
            }
        }
    }
}

#[test]
fn a_clinician_makes_visits_for_nobody_else_and_the_front_desk_for_everybody() {
    let mut clinic = Clinic::new();
    let request = CreateVisitRequest { planned: None, clinician: Some(COLLEAGUE) };
    assert_eq!(clinic.ask(Command::CreateVisit { by: OWN, request }), Err(Code::NotAllowed));
    let planned = Some(Planned { length_minutes: 0, ..in_secs(&clinic, 0) });
    let request = CreateVisitRequest { planned, clinician: None };
    assert_eq!(clinic.ask(Command::CreateVisit { by: OWN, request }), Err(Code::Malformed));
    let (own, theirs) = (make(&mut clinic, OWN, None, None), make(&mut clinic, DESK, None, Some(COLLEAGUE)));
    let nobodys = make(&mut clinic, DESK, None, None);
    let sees = |clinic: &Clinic, by| {
        let list = clinic.visits.list(clinic.now, by, 0, u64::MAX);
        let mut ids: Vec<_> = list.visits.iter().map(|one| one.visit).collect();
        ids.sort();
        ids
    };
    let sorted = |mut ids: Vec<VisitId>| {
        ids.sort();
        ids
    };
    assert_eq!(sees(&clinic, OWN), sorted(vec![own, nobodys]));
    assert_eq!(sees(&clinic, OTHER), sorted(vec![theirs, nobodys]));
    assert_eq!(sees(&clinic, DESK), sorted(vec![own, theirs, nobodys]));
}

#[test]
fn of_two_clinicians_the_first_to_join_nobodys_visit_has_it() {
    let mut clinic = Clinic::new();
    let visit = make(&mut clinic, DESK, None, None);
    host(&mut clinic, CLINICIAN, visit).unwrap();
    assert_eq!(host(&mut clinic, COLLEAGUE, visit).err(), Some(Code::VisitNotFound));
    clinic.restart();
    assert_eq!(host(&mut clinic, COLLEAGUE, visit).err(), Some(Code::VisitNotFound));
    let nobodys = make(&mut clinic, DESK, None, None);
    let mine = AssignRequest { clinician: Some(COLLEAGUE) };
    clinic.done(Command::Assign { by: OTHER, visit: nobodys, request: mine });
    assert_eq!(host(&mut clinic, CLINICIAN, nobodys).err(), Some(Code::VisitNotFound));
    host(&mut clinic, COLLEAGUE, nobodys).unwrap();
}

#[test]
fn of_two_devices_the_first_hosts_and_the_list_tells_the_other() {
    let mut clinic = Clinic::new();
    let link = clinic.link();
    assert!(!clinic.visits.list(clinic.now, OWN, 0, u64::MAX).visits[0].hosted);
    clinic.try_host_as(link.visit, b"laptop", false).unwrap();
    assert_eq!(clinic.try_host_as(link.visit, b"desktop", false), Err(Code::HostPresent));
    assert!(clinic.visits.list(clinic.now, OWN, 0, u64::MAX).visits[0].hosted);
}

#[test]
fn a_visit_that_is_handed_over_is_left_by_who_had_it_and_by_nobody_else() {
    let mut clinic = Clinic::new();
    let (link, mut before, mut guest) = clinic.call();
    let to = AssignRequest { clinician: Some(COLLEAGUE) };
    // The front desk does not take a visit away from somebody who is in it with a patient.
    let by_desk = Command::Assign { by: DESK, visit: link.visit, request: to };
    assert_eq!(clinic.ask(by_desk), Err(Code::VisitGoingOn));
    clinic.done(Command::Assign { by: OWN, visit: link.visit, request: to });
    assert_eq!(before.hears(&mut clinic), [Event::Removed]);
    assert_eq!(kinds(&guest.hears(&mut clinic)), ["left"]);
    assert_eq!(clinic.state(&link), VisitState::Active);
    assert_eq!(clinic.ask(Command::Admit { by: before.id, endpoint: guest.id }), Err(Code::NotSignedIn));
    assert_eq!(host(&mut clinic, CLINICIAN, link.visit).err(), Some(Code::VisitNotFound));
    let mut after = host(&mut clinic, COLLEAGUE, link.visit).unwrap();
    assert_eq!(kinds(&guest.hears(&mut clinic)), ["joined"]);
    let Event::Hello { participants, .. } = &after.hears(&mut clinic)[0] else { panic!() };
    assert_eq!(participants.len(), 1);
    clinic.done(Command::Admit { by: after.id, endpoint: guest.id });
}

#[test]
fn a_locked_visit_lets_in_who_was_in_and_nobody_new() {
    let mut clinic = Clinic::new();
    let (link, mut host, guest) = clinic.call();
    let other = clinic.link_to(link.visit, 8);
    clinic.done(Command::Lock { by: host.id, locked: true });
    assert_eq!(host.hears(&mut clinic), [Event::Locked { locked: true }]);
    assert_eq!(clinic.ask(Command::Lock { by: guest.id, locked: false }), Err(Code::NotAllowed));
    assert_eq!(clinic.try_join(&other, b"new"), Err(Code::VisitLocked));
    clinic.restart();
    clinic.try_join(&link, b"guest").unwrap();
    let host = clinic.visits.hosts_of(link.visit)[0];
    let mut host = Person::new(&mut clinic, host);
    assert!(kinds(&host.hears(&mut clinic)).contains(&"locked"));
    assert_eq!(clinic.try_join(&other, b"new"), Err(Code::VisitLocked));
    // Admitted by the same link, with an app that was started again: waits, as always.
    clinic.done(Command::Leave { by: guest.id });
    clinic.try_join(&link, b"the guest's next app").unwrap();
    clinic.done(Command::Lock { by: host.id, locked: false });
    clinic.try_join(&other, b"new").unwrap();
}

#[test]
fn tries_at_a_code_are_counted_by_link_over_devices_guests_and_restarts() {
    let mut clinic = Clinic::new();
    let link = clinic.link();
    let host = clinic.host(link.visit);
    let guest = clinic.guest(&link, b"guest");
    let tries = |clinic: &mut Clinic, by, endpoint| match clinic.ask(Command::CountTry { by, endpoint }) {
        Ok(Reply::Tries(reply)) => Ok(reply.used),
        Err(code) => Err(code),
        Ok(other) => panic!("{other:?}"),
    };
    assert_eq!(tries(&mut clinic, host.id, guest.id), Ok(1));
    assert_eq!(tries(&mut clinic, guest.id, guest.id), Err(Code::NotAllowed));
    assert_eq!(tries(&mut clinic, host.id, host.id), Err(Code::EndpointNotFound));
    clinic.done(Command::Leave { by: guest.id });
    let next = clinic.guest(&link, b"the next app with the link");
    assert_eq!(tries(&mut clinic, host.id, next.id), Ok(2));
    clinic.restart();
    let laptop = clinic.try_host(link.visit, b"laptop").unwrap().endpoint;
    assert_eq!(tries(&mut clinic, laptop, next.id), Ok(3));
}

#[test]
fn who_waits_hears_what_is_said_before_and_after_they_came() {
    let mut clinic = Clinic::new();
    let link = clinic.link();
    let mut early = clinic.guest(&link, b"early");
    early.hears(&mut clinic);
    let note = WaitingNote::Late { minutes: 5 };
    clinic.done(Command::Note { by: OWN, visit: link.visit, note });
    assert_eq!(early.hears(&mut clinic), [Event::Note { note }]);
    let other = clinic.link_to(link.visit, 8);
    let mut late = clinic.guest(&other, b"late");
    assert_eq!(late.hears(&mut clinic).last(), Some(&Event::Note { note }));
    clinic.done(Command::Note { by: DESK, visit: link.visit, note: WaitingNote::Nothing });
    assert_eq!(early.hears(&mut clinic), [Event::Note { note: WaitingNote::Nothing }]);
    let none = WaitingNote::Late { minutes: 0 };
    let command = Command::Note { by: OWN, visit: link.visit, note: none };
    assert_eq!(clinic.ask(command), Err(Code::Malformed));
}

#[test]
fn what_is_called_off_is_over_and_what_goes_on_is_not_called_off() {
    let mut clinic = Clinic::new();
    let (link, host, guest) = clinic.call();
    let cancel = |by, visit, reason| Command::Cancel { by, visit, reason };
    for by in [OWN, DESK] {
        assert_eq!(clinic.ask(cancel(by, link.visit, CancelReason::NoShow)), Err(Code::VisitGoingOn));
    }
    let visit = make(&mut clinic, DESK, None, Some(CLINICIAN));
    let other = invite(&mut clinic, visit, 9, |_| {});
    let mut waits = clinic.guest(&other, b"waits");
    waits.hears(&mut clinic);
    clinic.done(cancel(DESK, visit, CancelReason::Cancelled));
    clinic.done(cancel(DESK, visit, CancelReason::Cancelled));
    assert_eq!(clinic.ask(cancel(DESK, visit, CancelReason::NoShow)), Err(Code::VisitEnded));
    let reason = Some(EndReason::Cancelled);
    assert_eq!(waits.hears(&mut clinic), [Event::Visit { state: VisitState::Ended, reason }]);
    assert_eq!(clinic.try_join(&other, b"again"), Err(Code::VisitEnded));
    // The other visit never noticed.
    clinic.done(Command::Admit { by: host.id, endpoint: guest.id });
}

#[test]
fn a_host_alone_is_idle_after_an_hour_and_a_guest_never() {
    let mut clinic = Clinic::new();
    let (link, _, guest) = clinic.call();
    clinic.pass(5 * Duration::from_secs(HOUR));
    assert_eq!(clinic.state(&link), VisitState::Active, "a crisis is not cut off");
    clinic.done(Command::Leave { by: guest.id });
    clinic.pass(Duration::from_secs(HOUR - 1));
    assert_eq!(clinic.state(&link), VisitState::Active);
    clinic.pass(Duration::from_secs(1));
    assert_eq!(clinic.state(&link), VisitState::Ended);
    // Before its time nothing is idle.
    let planned = in_secs(&clinic, 3 * HOUR);
    let visit = make(&mut clinic, OWN, Some(planned), None);
    let _host = clinic.host(visit);
    clinic.pass(Duration::from_secs(4 * HOUR + 1_799));
    assert_eq!(clinic.visits.state(visit), Some(VisitState::Open));
    clinic.pass(Duration::from_secs(1));
    assert_eq!(clinic.visits.state(visit), Some(VisitState::Ended));
}

#[test]
fn whose_account_is_taken_away_is_out_of_every_visit_at_once() {
    let mut clinic = Clinic::new();
    let (link, mut mine, mut guest) = clinic.call();
    let visit = make(&mut clinic, DESK, None, Some(COLLEAGUE));
    let theirs = host(&mut clinic, COLLEAGUE, visit).unwrap();
    clinic.visits.put_out_staff(clinic.now, CLINICIAN);
    assert_eq!(mine.hears(&mut clinic), [Event::Removed]);
    assert_eq!(guest.hears(&mut clinic), [Event::Left { endpoint: mine.id, reason: LeaveReason::Removed }]);
    assert!(!clinic.visits.is_present(mine.id) && clinic.visits.is_present(theirs.id));
    assert_eq!(clinic.state(&link), VisitState::Active, "the patient is not put out");
}

#[test]
fn nobody_new_comes_in_once_something_is_taken_back() {
    // Nothing passes between the two: what is taken back is taken back when it is answered.
    let mut clinic = Clinic::new();
    let link = clinic.link();
    clinic.done(Command::RevokeInvite { by: OWN, visit: link.visit, invite: link.invite });
    assert_eq!(clinic.try_join(&link, b"guest"), Err(Code::InviteRevoked));
    let link = clinic.link();
    let host = clinic.host(link.visit);
    clinic.done(Command::End { by: host.id });
    assert_eq!(clinic.try_join(&link, b"guest"), Err(Code::VisitEnded));
    let link = clinic.link();
    let joined = clinic.try_host(link.visit, b"host").unwrap();
    let guest = clinic.guest(&link, b"guest");
    let token = joined.endpoint_token.expose();
    clinic.ask(Command::Ice { by: joined.endpoint }).unwrap();
    clinic.visits.put_out_staff(clinic.now, CLINICIAN);
    // The token is known for a while, so that its holder hears why; it opens nothing, and is forgotten.
    assert_eq!(clinic.visits.endpoint_of(token, link.visit), Ok(joined.endpoint));
    let by = joined.endpoint;
    for command in [
        Command::Ice { by },
        Command::Admit { by, endpoint: guest.id },
        Command::End { by },
        Command::Lock { by, locked: true },
    ] {
        assert_eq!(clinic.ask(command), Err(Code::NotSignedIn));
    }
    clinic.pass(Duration::from_secs(HOUR));
    assert_eq!(clinic.visits.endpoint_of(token, link.visit), Err(Code::NotSignedIn));
}

#[test]
fn the_list_is_of_its_hours_and_of_all_where_somebody_is() {
    let mut clinic = Clinic::new();
    let now = unix_secs(&clinic);
    let (soon, later) = (in_secs(&clinic, 600), in_secs(&clinic, 24 * HOUR));
    let soon = make(&mut clinic, DESK, Some(soon), Some(CLINICIAN));
    let later = make(&mut clinic, DESK, Some(later), Some(CLINICIAN));
    let link = invite(&mut clinic, later, 7, |_| {});
    let ids = |clinic: &Clinic| {
        let list = clinic.visits.list(clinic.now, OWN, now, now + HOUR);
        list.visits.iter().map(|one| one.visit).collect::<Vec<_>>()
    };
    assert_eq!(ids(&clinic), [soon]);
    let before = clinic.visits.version();
    clinic.pass(Duration::from_secs(60));
    let guest = clinic.guest(&link, b"a day early");
    assert!(clinic.visits.version() > before, "an arrival is news");
    assert_eq!(ids(&clinic), [soon, later]);
    let list = clinic.visits.list(clinic.now, OWN, now, now + HOUR);
    let waiting = &list.visits[1].waiting;
    assert_eq!((waiting.len(), waiting[0].invite, waiting[0].away), (1, link.invite, false));
    assert_eq!(list.now_unix_secs, waiting[0].since_unix_secs);
    let mut guest = guest;
    guest.breaks(&mut clinic);
    clinic.pass(Duration::from_secs(1));
    assert!(clinic.visits.list(clinic.now, OWN, now, now + HOUR).visits[1].waiting[0].away);
    clinic.pass(HALF_AN_HOUR);
    assert!(clinic.visits.list(clinic.now, OWN, now, now + HOUR).visits[1].waiting.is_empty(), "gone");
}
