//! Who is in the room: ghosts, thieves of links, and a server that lets people in.

use std::time::Duration;

use call::{EndReason, Intent, Refusal};
use signaling_protocol::{Admission, Base64, Code, EndpointId, Event, InviteId, LeaveReason, Participant, Role};
use trust::InviteSecret;

use crate::apps::{Guest, Habit};
use crate::fixtures::{ANOTHER_CLINIC, Papers, guest_bundle};
use crate::proxy::Liar;
use crate::script::{Passed, Script, now};
use crate::verdict::{beside_a_twin, goes_on, honest, is_silent, refused, refused_as};
use crate::world::{LIMIT, World};

fn somebody(number: u8, role: Role, admission: Admission, bundle: Vec<u8>) -> Participant {
    Participant { endpoint: EndpointId::from_random([number; 16]), role, admission, bundle: Base64(bundle) }
}

fn ghost(admission: Admission) -> Participant {
    let bundle = guest_bundle(1, InviteId::from_random([5; 16]), &InviteSecret::from_random([66; 32]));
    somebody(9, Role::Guest, admission, bundle)
}

fn tell(liar: &Liar, role: Role, event: &Event) {
    liar.tell(liar.seats(role)[0].endpoint, event);
}

#[test]
fn a_ghost_in_the_waiting_room() {
    a_ghost_is_turned_away(Admission::Waiting);
}

#[test]
fn a_ghost_that_the_server_let_in() {
    a_ghost_is_turned_away(Admission::Admitted);
}

/// Who has no link is never shown to the clinician's person, and the call with the patient goes on.
#[track_caller]
fn a_ghost_is_turned_away(admission: Admission) {
    let ghost = ghost(admission);
    let before = ghost.clone();
    goes_on(
        || {
            Script::honest().events(move |seat, event| match event {
                Event::Hello { .. } if seat.role == Role::Host => {
                    [now(event), now(Event::Joined { participant: before.clone() })].concat()
                }
                event => now(event),
            })
        },
        |world| {
            assert!(world.seen(Role::Host).refused(Refusal::NotByOurLink), "{:?}", world.seen);
            let shown = world.host.snapshot().unwrap();
            assert!(shown.waiting.iter().all(|one| one.endpoint != ghost.endpoint), "{:?}", shown.waiting);
            assert_ne!(shown.partner, Some(ghost.endpoint));
        },
    );
}

#[test]
fn a_ghost_beside_the_clinician() {
    let papers = Papers { clinic: ANOTHER_CLINIC, ..Papers::default() };
    refused(Role::Guest, Refusal::WrongClinicKey, || {
        Script::honest().events(move |seat, event| match event {
            Event::Hello { endpoint, admission, state, mut participants } if seat.role == Role::Guest => {
                participants.insert(0, somebody(9, Role::Host, Admission::Admitted, papers.bundle(seat.visit)));
                now(Event::Hello { endpoint, admission, state, participants })
            }
            event => now(event),
        })
    });
}

#[test]
fn more_apps_than_a_visit_can_have() {
    refused_as(Role::Host, Refusal::TooManyBundles, |lies| {
        if !lies {
            return honest();
        }
        let habit = Habit::default();
        let stolen = habit.stolen.clone();
        let script = Script::honest().events(move |seat, event| {
            let (Event::Joined { .. }, Role::Host, Some(link)) = (&event, seat.role, stolen.get()) else {
                return now(event);
            };
            let crowd = (0..40_u8).flat_map(|number| {
                let bundle = guest_bundle(number, link.invite, &link.secret);
                let participant = somebody(100 + number, Role::Guest, Admission::Waiting, bundle);
                let left = Event::Left { endpoint: participant.endpoint, reason: LeaveReason::ConnectionLost };
                [now(Event::Joined { participant }), now(left)].concat()
            });
            crowd.chain(now(event.clone())).collect()
        });
        (script, habit)
    });
}

#[test]
fn a_link_used_a_second_time_while_the_patient_is_there() {
    let habit = Habit::default();
    beside_a_twin(|clinic| {
        let mut world = World::open(clinic, Script::honest(), &habit);
        assert!(world.until(LIMIT, |world| world.is_whole()), "{:?}", world.seen);
        let link = habit.stolen.get().unwrap().clone();
        let second = Guest::open(link, &clinic.folder(), Duration::ZERO);
        assert!(world.until(LIMIT, |_| second.visit.snapshot().phase.is_ended()));
        let refusal = EndReason::Refused(Refusal::Server(Code::InviteInUse));
        assert_eq!(second.visit.snapshot().phase, call::Phase::Ended(refusal));
        let outcome = second.close();
        assert_eq!(outcome.problem, Some(refusal.to_string()));
        assert_eq!((outcome.report.totals.frames_shown, outcome.report.timeline_ms.first_audio), (0, None));
        world.pass(Duration::from_millis(300));
        assert!(world.is_live(), "{:?}", world.seen);
        world.close();
    });
}

#[test]
fn another_app_with_the_patients_link_that_the_server_lets_into_the_waiting_room() {
    let habit = Habit::default();
    beside_a_twin(|clinic| {
        let mut world = World::open(clinic, Script::honest(), &habit);
        assert!(world.until(LIMIT, |world| world.is_whole()), "{:?}", world.seen);
        let link = habit.stolen.get().unwrap();
        let thief = somebody(9, Role::Guest, Admission::Admitted, guest_bundle(3, link.invite, &link.secret));
        let (endpoint, partner) = (thief.endpoint, world.host.snapshot().unwrap().partner);
        tell(&world.proxy.liar, Role::Host, &Event::Joined { participant: thief });
        let alarm = world.until(LIMIT, |world| {
            world.host.snapshot().unwrap().waiting.iter().any(|one| one.endpoint == endpoint && one.reused)
        });
        assert!(alarm, "no alarm: {:?}", world.host.snapshot());
        world.pass(Duration::from_millis(300));
        assert!(world.is_live() && world.host.snapshot().unwrap().partner == partner, "{:?}", world.seen);
        world.close();
    });
}

#[test]
fn a_server_that_admits_by_itself() {
    nobody_is_let_in_by(|world| {
        let endpoint = world.proxy.liar.seats(Role::Guest)[0].endpoint;
        tell(&world.proxy.liar, Role::Guest, &Event::Admitted { endpoint });
    });
}

#[test]
fn a_server_that_passes_on_no_denial() {
    nobody_is_let_in_by(|world| {
        let endpoint = world.proxy.liar.seats(Role::Guest)[0].endpoint;
        tell(&world.proxy.liar, Role::Guest, &Event::Admitted { endpoint });
        world.host.visit().unwrap().intend(Intent::Deny(endpoint));
    });
}

/// A path to the patient stands already, and the clinician has not said yes: whatever the server does, nothing passes.
#[track_caller]
fn nobody_is_let_in_by(lie: impl FnOnce(&mut World<'_>) + Send) {
    beside_a_twin(|clinic| {
        let script = Script::honest().requests(|path, _, _| match path {
            _ if path.ends_with("/deny") || path.ends_with("/remove") => Passed::Answered(b"{}".to_vec()),
            _ => Passed::On,
        });
        let mut world = World::open(clinic, script, &Habit { admits: false, ..Habit::default() });
        let warm = world.until(LIMIT, |world| {
            world.host.snapshot().is_some_and(|snapshot| snapshot.waiting.iter().any(|one| one.warm))
        });
        assert!(warm, "no path: {:?}", world.seen);
        lie(&mut world);
        world.pass(Duration::from_secs(2));
        let (outcomes, seen, _) = world.close();
        for (outcome, seen) in outcomes.iter().zip(&seen) {
            is_silent(outcome, seen);
        }
    });
}

#[test]
fn an_admission_that_the_server_only_says_it_wrote_down() {
    goes_on(
        || {
            Script::honest().requests(|path, _, _| {
                if path.ends_with("/admit") { Passed::Answered(b"{}".to_vec()) } else { Passed::On }
            })
        },
        |_| {},
    );
}

#[test]
fn a_patient_and_a_clinician_that_the_server_says_are_gone() {
    goes_on(Script::honest, |world| {
        for (role, other) in [(Role::Host, Role::Guest), (Role::Guest, Role::Host)] {
            let endpoint = world.proxy.liar.seats(other)[0].endpoint;
            tell(&world.proxy.liar, role, &Event::Away { endpoint });
            tell(&world.proxy.liar, role, &Event::Left { endpoint, reason: LeaveReason::ConnectionLost });
        }
        world.pass(Duration::from_secs(1));
        assert!(world.is_live(), "{:?}", world.seen);
    });
}

#[test]
fn one_app_under_two_names() {
    goes_on(Script::honest, |world| {
        let bundles = world.proxy.liar.books().bundles.clone();
        let (_, bundle) = bundles.into_iter().find(|(seat, _)| seat.role == Role::Guest).unwrap();
        let participant = somebody(9, Role::Guest, Admission::Waiting, bundle.0);
        tell(&world.proxy.liar, Role::Host, &Event::Joined { participant });
        world.pass(Duration::from_millis(500));
        assert!(world.host.snapshot().unwrap().waiting.is_empty());
    });
}
