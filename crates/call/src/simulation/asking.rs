//! What is asked inside the seal: where the patient is, and the clinic's code; and what is around a talk.

use signaling_protocol::{Event, GuestRole, MOST_CODE_TRIES, WaitingNote};
use units::Phi;

use super::people::People;
use super::world::{GUEST, HOST, World};
use super::{DAY, NAME};
use crate::{Around, CodeStanding, EndReason, Facts, Input, Intent, Phase, Problem, Refusal, TimeLeft};

fn facts(call_back: &str) -> Facts {
    Facts {
        place: Phi::new("5 Elm Street".to_owned()),
        call_back: Phi::new(call_back.to_owned()),
        emergency: Phi::new("Ann, 555 0102".to_owned()),
        beside: vec![GuestRole::Guardian],
    }
}

fn with_code(code: &str) -> People {
    let mut people = People::default();
    people.invite.code = Some(Phi::new(code.to_owned()));
    people
}

fn around(world: &World, side: usize) -> Around {
    world.apps[side].call.snapshot().around.clone()
}

fn types(world: &mut World, code: &str) {
    world.tell(GUEST, Input::Code(Phi::new(code.to_owned())));
    world.pass(2);
}

fn standing(world: &World) -> Option<CodeStanding> {
    world.apps[HOST].call.snapshot().waiting.first().map(|one| one.code)
}

#[test]
fn where_the_patient_is_comes_to_the_clinician_and_to_nobody_else() {
    let mut world = World::new(&People::default());
    world.tell(GUEST, Input::Facts(facts("555 0101")));
    let mut world = world.run(10);
    assert!(world.are_both_live());
    assert_eq!(around(&world, HOST).facts, Some(facts("555 0101")));
    assert_eq!(around(&world, GUEST).facts, None);
    world.tell(GUEST, Input::Facts(facts("555 0199")));
    world.pass(2);
    assert_eq!(around(&world, HOST).facts, Some(facts("555 0199")), "what is said anew counts");
    for (_, envelope) in &world.boxes {
        assert!(!envelope.sealed.0.windows(3).any(|three| three == b"Elm"));
    }
    world.intend(HOST, Intent::HangUp);
    assert_eq!(around(&world, HOST).facts, None, "kept while the visit lasts");
    assert_eq!(around(&world, GUEST).own_facts.is_some(), !world.phase(GUEST).is_ended());
    world.pass(5);
    assert_eq!(around(&world, GUEST).own_facts, None);
}

#[test]
fn the_telephone_stays_when_the_connection_does_not() {
    let mut world = World::new(&People::default());
    world.tell(GUEST, Input::Facts(facts("555 0101")));
    let mut world = world.run(10);
    let guest = world.endpoint(GUEST);
    world.tell(HOST, Input::Peer(guest, crate::PeerInput::ControlClosed));
    assert!(matches!(world.phase(HOST), Phase::Reconnecting { .. }));
    assert_eq!(around(&world, HOST).facts, Some(facts("555 0101")));
}

#[test]
fn nobody_is_let_in_before_the_code_was_right() {
    let mut world = World::new(&with_code("4711"));
    world.admits = false;
    let mut world = world.run(10);
    assert_eq!(around(&world, GUEST).code_asked, Some(0));
    assert_eq!(standing(&world), Some(CodeStanding::Asked { left: MOST_CODE_TRIES }));
    let guest = world.endpoint(GUEST);
    world.intend(HOST, Intent::Admit(guest));
    world.pass(5);
    assert_eq!(world.apps[HOST].call.snapshot().problem, Some(Problem::CodeNotSaid(guest)));
    assert!(!world.did_anybody_open());
    types(&mut world, "4712");
    assert_eq!(around(&world, GUEST).code_asked, Some(1));
    assert_eq!(standing(&world), Some(CodeStanding::Asked { left: MOST_CODE_TRIES - 1 }));
    types(&mut world, " 47-11 ");
    assert_eq!((around(&world, GUEST).code_asked, standing(&world)), (None, Some(CodeStanding::Right)));
    world.intend(HOST, Intent::Admit(guest));
    world.pass(5);
    assert!(world.are_both_live());
}

#[test]
fn who_has_said_the_code_says_it_once_and_another_app_says_it_again() {
    let people = with_code("4711");
    let mut world = World::new(&people);
    world.admits = false;
    let mut world = world.run(10);
    types(&mut world, "4711");
    world.forget_guest();
    world.pass(20);
    assert_eq!(standing(&world), Some(CodeStanding::Right), "the same app");
    world.restart_guest(&people);
    world.pass(20);
    assert_eq!(around(&world, GUEST).code_asked, Some(0), "another app");
    assert!(world.apps[HOST].call.snapshot().waiting.iter().any(|one| one.code != CodeStanding::Right));
}

#[test]
fn five_wrong_codes_shut_the_link_whatever_comes_sixth() {
    let mut world = World::new(&with_code("4711"));
    world.admits = false;
    let mut world = world.run(10);
    for wrong in 0..MOST_CODE_TRIES {
        assert_eq!(around(&world, GUEST).code_asked, Some(wrong));
        types(&mut world, "0000");
    }
    assert_eq!(world.ended(GUEST), Some(EndReason::Denied));
    let problem = world.apps[HOST].call.snapshot().problem;
    assert!(matches!(problem, Some(Problem::GuestRefused { reason: Refusal::CodeWrong, .. })), "{problem:?}");
    assert!(!world.did_anybody_open());
}

#[test]
fn tries_on_another_device_count_here() {
    let mut world = World::new(&with_code("4711"));
    (world.admits, world.tries) = (false, MOST_CODE_TRIES);
    let mut world = world.run(10);
    types(&mut world, "4711");
    assert_eq!(world.ended(GUEST), Some(EndReason::Denied), "the right one comes too late");
}

#[test]
fn a_code_that_nobody_asked_for_is_not_said() {
    let mut world = World::new(&People::default()).run(10);
    types(&mut world, "4711");
    assert!(world.are_both_live());
    assert_eq!(world.tries, 0);
}

#[test]
fn who_waits_reads_what_the_clinic_says_and_the_host_sees_the_door() {
    let mut world = World::new(&People::default());
    world.admits = false;
    let mut world = world.run(10);
    let note = WaitingNote::Late { minutes: 5 };
    let event = |event| Input::Signaling(crate::SignalingInput::Event(event));
    world.tell(GUEST, event(Event::Note { note }));
    world.tell(HOST, event(Event::Note { note }));
    assert_eq!((around(&world, GUEST).note, around(&world, HOST).note), (Some(note), None));
    world.tell(GUEST, event(Event::Note { note: WaitingNote::Nothing }));
    assert_eq!(around(&world, GUEST).note, None);
    for side in [HOST, GUEST] {
        world.tell(side, event(Event::Locked { locked: true }));
    }
    assert!(around(&world, HOST).locked && !around(&world, GUEST).locked);
}

#[test]
fn a_visit_that_takes_too_long_is_said_and_never_cut_off() {
    let people = People { longest: Some(std::time::Duration::from_secs(1_800)), ..People::default() };
    let mut world = World::new(&people).run(10);
    assert!(world.are_both_live());
    world.pass(1_400);
    assert_eq!(around(&world, HOST).time_left, TimeLeft::Enough);
    world.pass(200);
    assert_eq!((around(&world, HOST).time_left, around(&world, GUEST).time_left), (TimeLeft::Nearly, TimeLeft::Enough));
    world.pass(300);
    assert_eq!(around(&world, HOST).time_left, TimeLeft::Over);
    world.pass(3 * 3_600);
    assert!(world.are_both_live(), "a crisis is not cut off");
    world.intend(HOST, Intent::Extend);
    assert_eq!(around(&world, HOST).time_left, TimeLeft::Enough);
    world.pass(11 * 60);
    assert_eq!(around(&world, HOST).time_left, TimeLeft::Nearly);
}

#[test]
fn a_visit_without_a_plan_is_said_to_be_over_after_an_hour_and_may_be_given_more() {
    let mut world = World::new(&People::default()).run(10);
    world.pass(54 * 60);
    assert_eq!(around(&world, HOST).time_left, TimeLeft::Enough);
    world.pass(2 * 60);
    assert_eq!((around(&world, HOST).time_left, around(&world, GUEST).time_left), (TimeLeft::Nearly, TimeLeft::Enough));
    world.pass(5 * 60);
    assert!(around(&world, HOST).time_left == TimeLeft::Over && world.are_both_live());
    world.intend(HOST, Intent::Extend);
    assert_eq!(around(&world, HOST).time_left, TimeLeft::Enough);
}

#[test]
fn somebody_who_is_taken_out_may_knock_again_and_is_not_let_in_by_itself() {
    let mut world = World::new(&People::default()).run(10);
    let guest = world.endpoint(GUEST);
    world.admits = false;
    world.intend(HOST, Intent::Remove(guest));
    world.pass(5);
    assert_eq!(world.ended(GUEST), Some(EndReason::Removed));
    assert!(matches!(world.phase(HOST), Phase::WaitingRoom { .. }));
    world.restart_guest(&People::default());
    world.pass(20);
    assert!(matches!(world.phase(GUEST), Phase::WaitingRoom { .. }), "{:?}", world.phase(GUEST));
}

#[test]
fn a_clock_that_is_wrong_is_named_and_one_that_is_right_is_not() {
    let right = World::new(&People::default()).run(10);
    assert_eq!(around(&right, GUEST).clock_ahead_secs, None);
    let mut people = People { guest_day: DAY.plus(3_600), ..People::default() };
    let hour = World::new(&people).run(10);
    assert!(hour.are_both_live(), "{NAME} is met all the same");
    let ahead = around(&hour, GUEST).clock_ahead_secs.expect("it is told");
    assert!((3_590..3_610).contains(&ahead), "{ahead}");
    people.guest_day = DAY.plus(30 * 86_400);
    let month = World::new(&people).run(10);
    assert_eq!(month.ended(GUEST), Some(EndReason::Refused(Refusal::ClockWrong)));
}
