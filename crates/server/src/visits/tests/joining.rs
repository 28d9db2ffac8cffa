//! Coming in, and not coming in.

use std::time::Duration;

use signaling_protocol::{Base64, Code, HostJoinRequest, InviteId, Signature, StaffId, VersionRange, VisitState};

use super::clinic::{CLINICIAN, Clinic, HOUR, kinds};
use crate::store::Store;
use crate::visits::{Command, Reply};

#[test]
fn a_guest_waits_until_the_host_admits() {
    let mut clinic = Clinic::new();
    let link = clinic.link();
    assert_eq!(clinic.state(&link), VisitState::Scheduled);
    let mut guest = clinic.guest(&link, b"guest");
    assert_eq!(clinic.state(&link), VisitState::Open);
    let mut host = clinic.host(link.visit);
    assert_eq!(kinds(&host.hears(&mut clinic)), ["hello"]);
    assert_eq!(kinds(&guest.hears(&mut clinic)), ["hello"]);
    clinic.done(Command::Admit { by: host.id, endpoint: guest.id });
    assert_eq!(clinic.state(&link), VisitState::Active);
    assert_eq!(kinds(&guest.hears(&mut clinic)), ["admitted", "visit"]);
    assert_eq!(kinds(&host.hears(&mut clinic)), ["admitted", "visit"]);
    clinic.done(Command::Admit { by: host.id, endpoint: guest.id });
    assert_eq!(kinds(&host.hears(&mut clinic)), [] as [&str; 0], "admitted twice is admitted once");
}

#[test]
fn without_proof_every_bad_link_gets_the_same_answer() {
    let mut clinic = Clinic::new();
    let (good, used) = (clinic.link(), clinic.link());
    clinic.guest(&used, b"somebody");
    let unknown =
        super::clinic::Link { invite: InviteId::from_random([9; 16]), visit: good.visit, key: good.key.clone() };
    for link in [&good, &used, &unknown] {
        let mut request = clinic.request(link, b"mallory");
        request.signature = Signature([1; 64]);
        assert_eq!(clinic.ask(Command::JoinGuest { invite: link.invite, request }), Err(Code::InviteNotUsable));
    }
    assert_eq!(clinic.try_join(&unknown, b"mallory"), Err(Code::InviteNotUsable));
    clinic.pass(Duration::from_secs(2 * HOUR));
    let mut request = clinic.request(&good, b"mallory");
    request.signature = Signature([1; 64]);
    assert_eq!(clinic.ask(Command::JoinGuest { invite: good.invite, request }), Err(Code::InviteNotUsable));
}

#[test]
fn with_proof_the_truth_about_the_link_is_told() {
    let mut clinic = Clinic::new();
    let (used, late, over) = (clinic.link(), clinic.link(), clinic.link());
    clinic.guest(&used, b"somebody");
    assert_eq!(clinic.try_join(&used, b"another"), Err(Code::InviteInUse));
    let host = clinic.host(over.visit);
    clinic.done(Command::End { by: host.id });
    assert_eq!(clinic.try_join(&over, b"guest"), Err(Code::VisitEnded));
    clinic.pass(Duration::from_secs(HOUR));
    assert_eq!(clinic.try_join(&late, b"guest"), Err(Code::InviteExpired));
}

#[test]
fn a_proof_is_good_for_a_minute_and_for_its_bundle() {
    let mut clinic = Clinic::new();
    let link = clinic.link();
    let request = clinic.request(&link, b"guest");
    let mut other = request.clone();
    other.bundle = Base64(b"put in its place".to_vec());
    assert_eq!(clinic.ask(Command::JoinGuest { invite: link.invite, request: other }), Err(Code::InviteNotUsable));
    clinic.pass(Duration::from_secs(61));
    assert_eq!(clinic.ask(Command::JoinGuest { invite: link.invite, request }), Err(Code::InviteNotUsable));
}

#[test]
fn a_join_sent_again_is_answered_again() {
    let mut clinic = Clinic::new();
    let link = clinic.link();
    let request = clinic.request(&link, b"guest");
    let command = Command::JoinGuest { invite: link.invite, request };
    let first = clinic.ask(command.clone());
    assert!(matches!(first, Ok(Reply::Joined(_))));
    assert_eq!(clinic.ask(command.clone()), first);
    clinic.restart();
    let Ok(Reply::Joined(third)) = clinic.ask(command) else { panic!("a challenge outlives a restart") };
    let Ok(Reply::Joined(first)) = first else { panic!() };
    assert_eq!(third.endpoint, first.endpoint);
    let owner = |token: &units::Phi<String>| clinic.visits.endpoint_of(token.expose(), link.visit);
    assert_eq!(owner(&third.endpoint_token), Ok(first.endpoint));
    assert_eq!(owner(&first.endpoint_token), Err(Code::NotSignedIn), "one token an endpoint");
    let host = clinic.try_host(link.visit, b"host").unwrap();
    assert_eq!(clinic.try_host(link.visit, b"host").unwrap(), host);
}

#[test]
fn the_same_app_comes_back_where_it_stood_and_another_waits() {
    let mut clinic = Clinic::new();
    let (link, mut host, mut guest) = clinic.call();
    assert_eq!(clinic.try_join(&link, b"guest").unwrap().endpoint, guest.id);
    guest.breaks(&mut clinic);
    clinic.pass(Duration::from_secs(9));
    assert_eq!(clinic.try_join(&link, b"a new app"), Err(Code::InvitePlaceKept), "who was admitted may come back");
    clinic.pass(Duration::from_secs(1));
    host.hears(&mut clinic);
    let another = clinic.guest(&link, b"a new app");
    assert_ne!(another.id, guest.id);
    assert_eq!(kinds(&host.hears(&mut clinic)), ["left", "joined"]);
    assert_eq!(clinic.ask(Command::Ice { by: guest.id }), Err(Code::NotSignedIn));
    clinic.done(Command::Deny { by: host.id, endpoint: another.id });
}

#[test]
fn a_clinician_takes_over_on_another_device() {
    let mut clinic = Clinic::new();
    let (link, mut host, mut guest) = clinic.call();
    let other = clinic.try_host(link.visit, b"other device").unwrap();
    assert_eq!(kinds(&host.hears(&mut clinic)), ["removed"]);
    assert_eq!(kinds(&guest.hears(&mut clinic)), ["left", "joined"]);
    assert_eq!(clinic.ask(Command::End { by: host.id }), Err(Code::NotSignedIn));
    clinic.done(Command::End { by: other.endpoint });
}

#[test]
fn an_app_that_comes_back_by_itself_takes_no_other_devices_place() {
    let mut clinic = Clinic::new();
    let (link, mut host, _guest) = clinic.call();
    assert_eq!(clinic.try_host_as(link.visit, b"sleeper", false), Err(Code::HostPresent));
    assert_eq!(kinds(&host.hears(&mut clinic)), [] as [&str; 0]);
    assert_eq!(clinic.try_host_as(link.visit, b"host", false).unwrap().endpoint, host.id, "the same app may");
    host.breaks(&mut clinic);
    assert_eq!(clinic.try_host_as(link.visit, b"sleeper", false), Err(Code::HostPresent), "not yet away");
    clinic.pass(Duration::from_secs(2));
    clinic.try_host_as(link.visit, b"sleeper", false).unwrap();
}

#[test]
fn only_the_visits_clinician_hosts_it() {
    let mut clinic = Clinic::new();
    let link = clinic.link();
    let stranger = StaffId::from_random([1; 16]);
    let request = HostJoinRequest { protocol: VersionRange::CURRENT, bundle: Base64(vec![1]), take_over: true };
    let command = Command::JoinHost { staff: stranger, visit: link.visit, request };
    assert_eq!(clinic.ask(command), Err(Code::VisitNotFound));
    let request = signaling_protocol::CreateInviteRequest::new(
        signaling_protocol::InviteKey(link.key.verifying_key().to_bytes()),
        60,
    );
    let command = Command::CreateInvite { by: crate::visits::StaffMember::own(stranger), visit: link.visit, request };
    assert_eq!(clinic.ask(command), Err(Code::VisitNotFound));
}

#[test]
fn an_invite_wants_a_usable_key_and_a_sensible_life() {
    let mut clinic = Clinic::new();
    let link = clinic.link();
    let good = signaling_protocol::InviteKey(link.key.verifying_key().to_bytes());
    let weak = signaling_protocol::InviteKey({
        let mut identity_point = [0; 32];
        identity_point[0] = 1;
        identity_point
    });
    for (invite_key, expires_in_secs) in [(weak, HOUR), (good, 0), (good, 93 * 24 * HOUR)] {
        let request = signaling_protocol::CreateInviteRequest::new(invite_key, expires_in_secs);
        let command =
            Command::CreateInvite { by: crate::visits::StaffMember::own(CLINICIAN), visit: link.visit, request };
        assert_eq!(clinic.ask(command), Err(Code::Malformed));
    }
}

#[test]
fn versions_and_bundles_are_checked_before_anything_is_told() {
    let mut clinic = Clinic::new();
    let link = clinic.link();
    let mut request = clinic.request(&link, b"guest");
    request.protocol = VersionRange { min: 2, max: 9 };
    assert_eq!(clinic.ask(Command::JoinGuest { invite: link.invite, request }), Err(Code::VersionNotSpoken));
    assert_eq!(clinic.try_join(&link, &[0; 4097]), Err(Code::TooLarge));
    assert_eq!(clinic.try_join(&link, &[]), Err(Code::Malformed));
}

#[test]
fn the_waiting_room_and_the_visit_have_room_for_so_many() {
    let mut clinic = Clinic::with(|config| {
        config.limits.waiting_per_visit = 2;
        config.limits.endpoints_per_visit = 2;
    });
    let first = clinic.link();
    let others: Vec<_> = (20..22).map(|secret| clinic.link_to(first.visit, secret)).collect();
    let host = clinic.host(first.visit);
    let one = clinic.guest(&first, b"one");
    let two = clinic.guest(&others[0], b"two");
    assert_eq!(clinic.try_join(&others[1], b"three"), Err(Code::VisitFull));
    clinic.done(Command::Admit { by: host.id, endpoint: one.id });
    assert_eq!(clinic.ask(Command::Admit { by: host.id, endpoint: two.id }), Err(Code::VisitFull));
    clinic.try_join(&others[1], b"three").unwrap();
}

#[test]
fn a_full_disk_refuses_and_changes_nothing() {
    let mut clinic = Clinic::new();
    let link = clinic.link();
    let mut host = clinic.host(link.visit);
    let guest = clinic.guest(&link, b"guest");
    host.hears(&mut clinic);
    clinic.store.set_full(true);
    assert_eq!(
        clinic.ask(Command::CreateVisit {
            by: crate::visits::StaffMember::own(CLINICIAN),
            request: signaling_protocol::CreateVisitRequest::default()
        }),
        Err(Code::StorageFailed)
    );
    assert_eq!(clinic.try_host(link.visit, b"other device"), Err(Code::StorageFailed));
    assert_eq!(clinic.ask(Command::Admit { by: host.id, endpoint: guest.id }), Err(Code::StorageFailed));
    assert_eq!(clinic.ask(Command::Deny { by: host.id, endpoint: guest.id }), Err(Code::StorageFailed));
    assert_eq!(kinds(&host.hears(&mut clinic)), [] as [&str; 0]);
    clinic.store.set_full(false);
    clinic.done(Command::Admit { by: host.id, endpoint: guest.id });
    assert_eq!(kinds(&host.hears(&mut clinic)), ["admitted", "visit"]);
}

#[test]
fn a_link_that_was_denied_leads_nowhere_any_more() {
    let mut clinic = Clinic::new();
    let link = clinic.link();
    let host = clinic.host(link.visit);
    let guest = clinic.guest(&link, b"guest");
    clinic.done(Command::Deny { by: host.id, endpoint: guest.id });
    for _ in 0..3 {
        assert_eq!(clinic.try_join(&link, b"guest"), Err(Code::InviteNotUsable));
        assert_eq!(clinic.try_join(&link, b"another app"), Err(Code::InviteNotUsable));
        clinic.pass(Duration::from_secs(300));
        clinic.restart();
    }
    let (other, _, removed) = clinic.call();
    let host = clinic.try_host(other.visit, b"host").unwrap();
    clinic.done(Command::Remove { by: host.endpoint, endpoint: removed.id });
    clinic.try_join(&other, b"guest").unwrap();
}

#[test]
fn a_denial_that_came_late_shuts_the_link_after_a_restart_too() {
    let mut clinic = Clinic::new();
    let (link, host, guest) = clinic.call();
    clinic.done(Command::Deny { by: host.id, endpoint: guest.id });
    clinic.restart();
    assert_eq!(clinic.try_join(&link, b"guest"), Err(Code::InviteNotUsable));
}

#[test]
fn who_holds_a_link_cannot_join_and_leave_without_end() {
    let mut clinic = Clinic::new();
    let link = clinic.link();
    for _ in 0..10 {
        let guest = clinic.guest(&link, b"guest");
        clinic.done(Command::Leave { by: guest.id });
    }
    assert_eq!(clinic.try_join(&link, b"guest"), Err(Code::TooManyRequests));
    clinic.pass(Duration::from_secs(20));
    clinic.try_join(&link, b"guest").unwrap();
}

#[test]
fn a_join_with_a_fresh_challenge_writes_nothing_new() {
    let mut clinic = Clinic::new();
    let link = clinic.link();
    let first = clinic.try_join(&link, b"guest").unwrap();
    for _ in 0..50 {
        assert_eq!(clinic.try_join(&link, b"guest").unwrap(), first);
    }
    assert_eq!(clinic.store.clone().load().unwrap().tokens.len(), 1);
}

#[test]
fn rows_of_those_who_are_gone_do_not_pile_up() {
    let mut clinic = Clinic::new();
    let link = clinic.link();
    clinic.host(link.visit);
    for _ in 0..5 {
        let guest = clinic.guest(&link, b"guest");
        clinic.done(Command::Leave { by: guest.id });
    }
    clinic.pass(Duration::from_secs(121));
    let rows = clinic.store.clone().load().unwrap();
    assert_eq!((rows.endpoints.len(), rows.tokens.len()), (1, 1), "the host's");
}

#[test]
fn what_cannot_be_written_does_not_grow_with_time() {
    let mut clinic = Clinic::new();
    let (link, mut host, mut guest) = clinic.call();
    clinic.store.set_full(true);
    for _ in 0..20 {
        guest.breaks(&mut clinic);
        host.breaks(&mut clinic);
        clinic.pass(Duration::from_secs(20));
        host.returns(&mut clinic);
        guest.returns(&mut clinic);
    }
    assert_eq!(clinic.visits.unwritten.len(), 1);
    assert!(!clinic.visits.is_ready());
    clinic.store.set_full(false);
    assert!(clinic.visits.is_ready() && clinic.visits.unwritten.is_empty());
    assert_eq!(clinic.state(&link), VisitState::Active);
}

#[test]
fn links_end_by_the_wall_clock_as_it_is_set_later() {
    let mut clinic = Clinic::new();
    let link = clinic.link();
    let end = clinic.store.clone().load().unwrap().invites[0].expires_unix_micros;
    clinic.visits.set_wall_clock(clinic.now, end - 5_000_000);
    clinic.try_join(&link, b"guest").unwrap();
    let late = clinic.link();
    clinic.visits.set_wall_clock(clinic.now, end + HOUR * 1_000_000);
    assert_eq!(clinic.try_join(&late, b"guest"), Err(Code::InviteExpired));
}
