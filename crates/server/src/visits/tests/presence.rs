//! Streams that break and come back, and servers that do.

use std::time::Duration;

use proptest::prelude::*;
use signaling_protocol::{Code, Event, LeaveReason, VisitState};

use super::clinic::{Clinic, Link, Person, kinds};
use crate::visits::{Closed, Command};

#[test]
fn a_stream_that_breaks_is_told_within_a_second_and_its_return_at_once() {
    let mut clinic = Clinic::new();
    let (_, mut host, mut guest) = clinic.call();
    guest.breaks(&mut clinic);
    clinic.pass(Duration::from_millis(499));
    assert_eq!(host.hears(&mut clinic), []);
    clinic.pass(Duration::from_millis(1));
    assert_eq!(host.hears(&mut clinic), [Event::Away { endpoint: guest.id }]);
    guest.returns(&mut clinic);
    assert_eq!(host.hears(&mut clinic), [Event::Back { endpoint: guest.id }]);
}

#[test]
fn a_stream_rebuilt_in_a_moment_troubles_nobody() {
    let mut clinic = Clinic::new();
    let (_, mut host, mut guest) = clinic.call();
    guest.breaks(&mut clinic);
    clinic.pass(Duration::from_millis(300));
    guest.returns(&mut clinic);
    clinic.pass(Duration::from_secs(60));
    assert_eq!(host.hears(&mut clinic), []);
}

#[test]
fn the_newest_stream_wins_and_an_older_one_that_ends_means_nothing() {
    let mut clinic = Clinic::new();
    let (_, mut host, mut guest) = clinic.call();
    let old = guest.stream;
    guest.returns(&mut clinic);
    assert!(!clinic.visits.is_newest(guest.id, old) && clinic.visits.is_newest(guest.id, guest.stream));
    clinic.visits.stream_closed(clinic.now, guest.id, old, Closed::Broken);
    clinic.pass(Duration::from_secs(60));
    assert_eq!(host.hears(&mut clinic), []);
}

#[test]
fn between_two_long_polls_nobody_is_away() {
    let mut clinic = Clinic::new();
    let (_, mut host, mut guest) = clinic.call();
    for _ in 0..3 {
        clinic.visits.stream_closed(clinic.now, guest.id, guest.stream, Closed::Answered);
        clinic.pass(Duration::from_millis(2_900));
        guest.returns(&mut clinic);
    }
    assert_eq!(host.hears(&mut clinic), []);
    clinic.visits.stream_closed(clinic.now, guest.id, guest.stream, Closed::Answered);
    clinic.pass(Duration::from_secs(3));
    assert_eq!(kinds(&host.hears(&mut clinic)), ["away"]);
}

#[test]
fn who_stays_away_is_gone_after_the_grace() {
    let mut clinic = Clinic::new();
    let (_, mut host, mut guest) = clinic.call();
    guest.breaks(&mut clinic);
    clinic.pass(Duration::from_secs(599));
    assert_eq!(kinds(&host.hears(&mut clinic)), ["away"]);
    clinic.pass(Duration::from_secs(1));
    assert_eq!(host.hears(&mut clinic), [Event::Left { endpoint: guest.id, reason: LeaveReason::ConnectionLost }]);
    assert_eq!(clinic.ask(Command::Leave { by: guest.id }), Ok(crate::visits::Reply::Done));
    assert_eq!(clinic.ask(Command::Ice { by: guest.id }), Err(Code::NotSignedIn));
}

#[test]
fn who_joins_and_never_listens_is_away_and_then_gone() {
    let mut clinic = Clinic::new();
    let link = clinic.link();
    let mut host = clinic.host(link.visit);
    clinic.try_join(&link, b"guest").unwrap();
    clinic.pass(Duration::from_secs(119));
    assert_eq!(kinds(&host.hears(&mut clinic)), ["hello", "away"]);
    clinic.pass(Duration::from_secs(1));
    assert_eq!(kinds(&host.hears(&mut clinic)), ["left"]);
}

#[test]
fn a_hello_says_who_is_away() {
    let mut clinic = Clinic::new();
    let (_, mut host, mut guest) = clinic.call();
    guest.breaks(&mut clinic);
    clinic.pass(Duration::from_secs(1));
    host.cursor = None;
    assert_eq!(kinds(&host.hears(&mut clinic)), ["hello", "away"]);
}

#[test]
fn a_restart_keeps_visits_endpoints_and_tokens_and_says_reset() {
    let mut clinic = Clinic::new();
    let link = clinic.link();
    let joined = clinic.try_join(&link, b"guest").unwrap();
    let mut guest = Person::new(&mut clinic, joined.endpoint);
    let mut host = clinic.host(link.visit);
    clinic.done(Command::Admit { by: host.id, endpoint: guest.id });
    host.hears(&mut clinic);
    guest.hears(&mut clinic);
    clinic.pass(Duration::from_secs(20));
    clinic.restart();
    assert_eq!(clinic.visits.endpoint_of(joined.endpoint_token.expose(), link.visit), Ok(guest.id));
    assert_eq!(clinic.state(&link), VisitState::Active);
    guest.returns(&mut clinic);
    assert_eq!(kinds(&guest.hears(&mut clinic)), ["reset", "hello"]);
    clinic.pass(Duration::from_secs(11));
    assert_eq!(guest.hears(&mut clinic), [Event::Away { endpoint: host.id }]);
    host.returns(&mut clinic);
    assert_eq!(kinds(&host.hears(&mut clinic)), ["reset", "hello"]);
}

#[test]
fn who_was_put_out_before_a_restart_hears_it_after() {
    let mut clinic = Clinic::new();
    let (link, host, mut guest) = clinic.call();
    clinic.done(Command::Remove { by: host.id, endpoint: guest.id });
    clinic.restart();
    guest.returns(&mut clinic);
    assert_eq!(kinds(&guest.hears(&mut clinic)), ["reset", "hello", "removed"]);
    assert!(clinic.visits.is_over(guest.id, guest.cursor));
    clinic.done(Command::End { by: host.id });
    clinic.restart();
    let mut host = host;
    host.returns(&mut clinic);
    assert_eq!(kinds(&host.hears(&mut clinic)), ["reset", "hello", "visit"]);
    assert_eq!(clinic.state(&link), VisitState::Ended);
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Break,
    Return,
    Join,
    Admit,
    Deny,
    Remove,
    Leave,
    Restart,
    Full(bool),
    Wait(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Break),
        Just(Step::Return),
        Just(Step::Join),
        Just(Step::Admit),
        Just(Step::Deny),
        Just(Step::Remove),
        Just(Step::Leave),
        Just(Step::Restart),
        any::<bool>().prop_map(Step::Full),
        (0..900_u16).prop_map(Step::Wait),
    ]
}

proptest! {
    /// Whatever happens, the visit ends when all stay away and is forgotten after its time, nothing panics, and no timer stands still.
    #[test]
    fn every_visit_ends(steps in prop::collection::vec((any::<bool>(), step()), 0..40)) {
        let mut clinic = Clinic::new();
        let link = clinic.link();
        let mut host = clinic.host(link.visit);
        let mut guest = clinic.guest(&link, b"guest");
        for (first, step) in steps {
            let who = if first { &mut host } else { &mut guest };
            take(&mut clinic, &link, who, step, first);
            let endpoint = guest.id;
            match step {
                Step::Admit => drop(clinic.ask(Command::Admit { by: host.id, endpoint })),
                Step::Deny => drop(clinic.ask(Command::Deny { by: host.id, endpoint })),
                Step::Remove => drop(clinic.ask(Command::Remove { by: host.id, endpoint })),
                _ => {}
            }
        }
        clinic.store.set_full(false);
        host.breaks(&mut clinic);
        guest.breaks(&mut clinic);
        clinic.pass(Duration::from_secs(26 * 3600));
        prop_assert_eq!(clinic.state(&link), VisitState::Ended);
        clinic.restart();
        prop_assert_eq!(clinic.state(&link), VisitState::Ended);
        clinic.pass(Duration::from_secs(30 * 24 * 3600));
        prop_assert_eq!(clinic.visits.state(link.visit), None);
        prop_assert_eq!(clinic.visits.poll_timeout(), None);
    }
}

fn take(clinic: &mut Clinic, link: &Link, who: &mut Person, step: Step, host: bool) {
    match step {
        Step::Break => who.breaks(clinic),
        Step::Return => {
            if let Ok(stream) = clinic.visits.stream_opened(clinic.now, who.id) {
                who.stream = stream;
            }
        }
        Step::Join => {
            let bundle = clinic.now.as_micros().to_be_bytes();
            let joined = if host { clinic.try_host(link.visit, &bundle) } else { clinic.try_join(link, &bundle) };
            if let Ok(joined) = joined {
                *who = Person::new(clinic, joined.endpoint);
            }
        }
        Step::Leave => drop(clinic.ask(Command::Leave { by: who.id })),
        Step::Restart => clinic.restart(),
        Step::Full(full) => clinic.store.set_full(full),
        Step::Wait(secs) => clinic.pass(Duration::from_secs(secs.into())),
        Step::Admit | Step::Deny | Step::Remove => {}
    }
}

#[test]
fn a_cursor_from_before_a_restart_within_the_same_second_is_not_taken_for_one_of_now() {
    let mut clinic = Clinic::new();
    let (_, mut host, mut guest) = clinic.call();
    clinic.pass(Duration::from_millis(10));
    clinic.restart();
    // More events than the guest had heard before.
    for _ in 0..20 {
        host.sends(&mut clinic, &guest, "on");
    }
    guest.returns(&mut clinic);
    assert_eq!(kinds(&guest.hears(&mut clinic))[..2], ["reset", "hello"]);
}
