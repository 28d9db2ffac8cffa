//! Going, being put out, and how every visit ends.

use std::time::Duration;

use signaling_protocol::{Code, EndReason, Event, LeaveReason, VisitState};

use super::clinic::{CLINICIAN, Clinic, HOUR, kinds};
use crate::store::Store;
use crate::visits::Command;

#[test]
fn the_host_ends_the_visit_for_all() {
    let mut clinic = Clinic::new();
    let (link, mut host, mut guest) = clinic.call();
    clinic.done(Command::End { by: host.id });
    let end = Event::Visit { state: VisitState::Ended, reason: Some(EndReason::HostEnded) };
    assert_eq!(guest.hears(&mut clinic), std::slice::from_ref(&end));
    assert_eq!(host.hears(&mut clinic), [end]);
    assert!(clinic.visits.is_over(guest.id, guest.cursor));
    clinic.done(Command::End { by: host.id });
    clinic.done(Command::Leave { by: guest.id });
    assert_eq!(clinic.ask(Command::Ice { by: guest.id }), Err(Code::VisitEnded));
    assert_eq!(clinic.state(&link), VisitState::Ended);
}

#[test]
fn only_a_host_admits_denies_removes_and_ends() {
    let mut clinic = Clinic::new();
    let (_, host, guest) = clinic.call();
    let (by, endpoint) = (guest.id, host.id);
    for command in [
        Command::Admit { by, endpoint },
        Command::Deny { by, endpoint },
        Command::Remove { by, endpoint },
        Command::End { by },
    ] {
        assert_eq!(clinic.ask(command), Err(Code::NotAllowed));
    }
    assert_eq!(clinic.ask(Command::Remove { by: host.id, endpoint: host.id }), Err(Code::NotAllowed));
}

#[test]
fn a_host_reaches_nobody_in_another_visit() {
    let mut clinic = Clinic::new();
    let (_, host, _) = clinic.call();
    let other = clinic.link();
    let stranger = clinic.guest(&other, b"stranger");
    let (by, endpoint) = (host.id, stranger.id);
    for command in [Command::Admit { by, endpoint }, Command::Deny { by, endpoint }, Command::Remove { by, endpoint }] {
        assert_eq!(clinic.ask(command), Err(Code::EndpointNotFound));
    }
}

#[test]
fn who_is_denied_or_removed_hears_it_and_only_the_latter_may_knock_again() {
    let mut clinic = Clinic::new();
    let link = clinic.link();
    let mut host = clinic.host(link.visit);
    let mut first = clinic.guest(&link, b"first");
    first.hears(&mut clinic);
    host.hears(&mut clinic);
    clinic.done(Command::Deny { by: host.id, endpoint: first.id });
    clinic.done(Command::Deny { by: host.id, endpoint: first.id });
    assert_eq!(first.hears(&mut clinic), [Event::Denied]);
    assert_eq!(host.hears(&mut clinic), [Event::Left { endpoint: first.id, reason: LeaveReason::Removed }]);
    assert_eq!(clinic.try_join(&link, b"second"), Err(Code::InviteNotUsable));
    let link = clinic.link_to(link.visit, 8);
    let mut second = clinic.guest(&link, b"second");
    clinic.done(Command::Admit { by: host.id, endpoint: second.id });
    second.hears(&mut clinic);
    clinic.done(Command::Remove { by: host.id, endpoint: second.id });
    assert_eq!(second.hears(&mut clinic), [Event::Removed]);
    clinic.try_join(&link, b"third").unwrap();
}

#[test]
fn who_leaves_is_gone_for_the_others_and_a_second_leave_is_fine() {
    let mut clinic = Clinic::new();
    let (_, mut host, guest) = clinic.call();
    clinic.done(Command::Leave { by: guest.id });
    clinic.done(Command::Leave { by: guest.id });
    assert_eq!(host.hears(&mut clinic), [Event::Left { endpoint: guest.id, reason: LeaveReason::Left }]);
    assert!(clinic.visits.is_over(guest.id, guest.cursor));
    clinic.pass(Duration::from_secs(300));
    assert_eq!(clinic.ask(Command::Ice { by: guest.id }), Err(Code::NotSignedIn));
}

#[test]
fn a_visit_that_all_abandon_pauses_and_then_ends() {
    let mut clinic = Clinic::new();
    let (link, mut host, mut guest) = clinic.call();
    guest.breaks(&mut clinic);
    clinic.pass(Duration::from_secs(1));
    assert_eq!(clinic.state(&link), VisitState::Active);
    host.breaks(&mut clinic);
    clinic.pass(Duration::from_secs(1));
    assert_eq!(clinic.state(&link), VisitState::Paused);
    host.returns(&mut clinic);
    assert_eq!(clinic.state(&link), VisitState::Active);
    host.breaks(&mut clinic);
    clinic.pass(Duration::from_secs(601));
    assert_eq!(clinic.state(&link), VisitState::Ended);
}

#[test]
fn a_visit_that_nobody_ever_used_ends_when_its_links_are_over() {
    let mut clinic = Clinic::new();
    let link = clinic.link();
    clinic.pass(Duration::from_secs(24 * HOUR - 1));
    assert_eq!(clinic.state(&link), VisitState::Scheduled);
    clinic.pass(Duration::from_secs(1));
    assert_eq!(clinic.state(&link), VisitState::Ended);
    clinic.pass(Duration::from_secs(30 * 24 * HOUR));
    assert_eq!(clinic.visits.poll_timeout(), None, "nothing is left to wait for");
}

#[test]
fn hanging_up_needs_no_disk_and_is_written_when_there_is_one() {
    let mut clinic = Clinic::new();
    let (link, host, mut guest) = clinic.call();
    clinic.store.set_full(true);
    clinic.done(Command::End { by: host.id });
    assert_eq!(kinds(&guest.hears(&mut clinic)), ["visit"]);
    clinic.pass(Duration::from_secs(30));
    clinic.store.set_full(false);
    clinic.pass(Duration::from_secs(6));
    clinic.restart();
    assert_eq!(clinic.state(&link), VisitState::Ended);
}

#[test]
fn a_denial_that_an_admission_overtook_still_puts_the_guest_out() {
    let mut clinic = Clinic::new();
    let (_, mut host, mut guest) = clinic.call();
    clinic.done(Command::Deny { by: host.id, endpoint: guest.id });
    assert_eq!(kinds(&guest.hears(&mut clinic)), ["removed"]);
    assert_eq!(kinds(&host.hears(&mut clinic)), ["left"]);
}

#[test]
fn a_visit_that_ended_says_so_for_its_time_and_is_then_forgotten_with_all_that_was_in_it() {
    let mut clinic = Clinic::new();
    let (link, mut host, _) = clinic.call();
    let other = clinic.link_to(link.visit, 8);
    let denied = clinic.guest(&other, b"denied");
    clinic.done(Command::Deny { by: host.id, endpoint: denied.id });
    host.hears(&mut clinic);
    clinic.done(Command::End { by: host.id });
    clinic.pass(Duration::from_secs(29 * 24 * HOUR));
    clinic.restart();
    assert_eq!(clinic.try_join(&link, b"late"), Err(Code::VisitEnded));
    clinic.pass(Duration::from_secs(24 * HOUR));
    assert_eq!(clinic.try_join(&link, b"late"), Err(Code::InviteNotUsable));
    assert_eq!(clinic.visits.state(link.visit), None);
    assert_eq!(clinic.visits.poll_timeout(), None, "nothing is left to wait for");
    let rows = clinic.store.load().unwrap();
    let counts = (rows.visits.len(), rows.invites.len(), rows.endpoints.len(), rows.tokens.len());
    assert_eq!(counts, (0, 0, 0, 0));
}

#[test]
fn when_a_visit_ended_is_still_known_after_a_disk_was_full() {
    let mut clinic = Clinic::new();
    let (link, host, _) = clinic.call();
    clinic.done(Command::End { by: host.id });
    let ended = clinic.store.load().unwrap().visits[0].ended_unix_micros;
    assert!(ended.is_some());
    clinic.store.set_full(true);
    clinic
        .ask(Command::CreateVisit {
            by: crate::visits::StaffMember::own(CLINICIAN),
            request: signaling_protocol::CreateVisitRequest::default(),
        })
        .unwrap_err();
    clinic.store.set_full(false);
    // Tried with a row that stands there already.
    assert!(clinic.visits.is_ready());
    assert_eq!(clinic.store.load().unwrap().visits[0].ended_unix_micros, ended);
    clinic.restart();
    clinic.pass(Duration::from_secs(30 * 24 * HOUR));
    assert_eq!(clinic.visits.state(link.visit), None);
}

#[test]
fn a_server_that_was_off_for_long_forgets_at_its_start_what_is_past_its_time() {
    let mut clinic = Clinic::new();
    let (link, host, _) = clinic.call();
    clinic.done(Command::End { by: host.id });
    // No timer runs while it is off.
    clinic.now += Duration::from_secs(31 * 24 * HOUR);
    clinic.restart();
    clinic.pass(Duration::from_millis(1));
    assert_eq!(clinic.visits.state(link.visit), None);
    assert_eq!(clinic.store.load().unwrap().visits, []);
}
