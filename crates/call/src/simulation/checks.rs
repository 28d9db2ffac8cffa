//! The level, the digits, the device that is known again.

use trust::{KnownDevices, Level, PatientDevice, Recognition};

use super::people::People;
use super::world::{GUEST, HOST, World};
use crate::{Check, ControlMessage, EndReason, Input, Intent, Output, PeerInput, Problem, Refusal};

fn shown(world: &World) -> [trust::Digits; 2] {
    [HOST, GUEST].map(|side| match world.assurance(side).check {
        Check::Shown(digits) => digits,
        other => panic!("no digits at {side}: {other:?}"),
    })
}

#[test]
fn either_side_begins_and_both_read_the_same_digits() {
    for beginner in [HOST, GUEST] {
        let mut world = World::new(&People::default()).run(10);
        for side in [HOST, GUEST] {
            assert_eq!((world.assurance(side).level, world.assurance(side).check), (Level::LinkApp, Check::None));
        }
        world.intend(beginner, Intent::StartCheck);
        assert_eq!(world.assurance(beginner).check, Check::Asked);
        world.pass(1);
        let [host, guest] = shown(&world);
        assert_eq!(host, guest);
        world.intend(HOST, Intent::DigitsSame);
        world.pass(1);
        assert_eq!((world.assurance(HOST).level, world.assurance(HOST).check), (Level::DigitsCompared, Check::Same));
        assert_eq!(world.assurance(GUEST).level, Level::LinkApp, "by one's own person alone");
        world.intend(GUEST, Intent::DigitsSame);
        assert_eq!(world.assurance(GUEST).level, Level::DigitsCompared);
        assert!(world.are_both_live());
    }
}

#[test]
fn both_may_begin_at_once() {
    let mut world = World::new(&People::default()).run(10);
    world.intend(HOST, Intent::StartCheck);
    world.intend(GUEST, Intent::StartCheck);
    world.pass(1);
    let [host, guest] = shown(&world);
    assert_eq!(host, guest);
}

#[test]
fn digits_that_differ_end_the_call_on_both_sides() {
    for (says, ends) in [(Intent::DigitsSame, false), (Intent::DigitsDiffer, true)] {
        let mut world = World::new(&People::default()).run(10);
        world.intend(GUEST, Intent::StartCheck);
        world.pass(1);
        world.intend(GUEST, says);
        world.pass(1);
        let expected = ends.then_some(EndReason::Refused(Refusal::DigitsDiffer));
        assert_eq!((world.ended(HOST), world.ended(GUEST)), (expected, expected));
    }
}

#[test]
fn a_word_about_digits_that_nobody_shows_changes_nothing() {
    let mut world = World::new(&People::default()).run(10);
    for intent in [Intent::DigitsSame, Intent::DigitsDiffer] {
        world.intend(HOST, intent);
    }
    assert_eq!(world.assurance(HOST).level, Level::LinkApp);
    assert!(world.are_both_live());
}

#[test]
fn what_was_compared_stays_with_the_keys_and_goes_with_another_certificate() {
    for other_certificate in [false, true] {
        let mut world = World::new(&People::default()).run(10);
        world.intend(HOST, Intent::StartCheck);
        world.pass(1);
        world.intend(HOST, Intent::DigitsSame);
        world.intend(GUEST, Intent::DigitsSame);
        if other_certificate {
            world.use_another_certificate(HOST);
        }
        world.forget_guest();
        world.pass(30);
        assert!(world.are_both_live(), "{:?} {:?}", world.phase(HOST), world.phase(GUEST));
        let (level, check) =
            if other_certificate { (Level::LinkApp, Check::Lost) } else { (Level::DigitsCompared, Check::Same) };
        for side in [HOST, GUEST] {
            assert_eq!((world.assurance(side).level, world.assurance(side).check), (level, check), "{side}");
        }
    }
}

#[test]
fn an_answer_that_was_not_committed_to_is_told_and_shows_no_digits() {
    let mut world = World::new(&People::default()).run(10);
    world.intend(HOST, Intent::StartCheck);
    let guest = world.endpoint(GUEST);
    let nonce = signaling_protocol::Base64(vec![1; 32]);
    for check in [
        trust::CheckMessage::Commit { run: 1, hash: signaling_protocol::Base64(vec![2; 32]) },
        trust::CheckMessage::Reveal { run: 1, nonce },
    ] {
        let message = ControlMessage::Check { check }.to_bytes();
        world.tell(HOST, Input::Peer(guest, PeerInput::Control(message)));
    }
    assert_eq!(world.assurance(HOST).check, Check::Lost);
    assert_eq!(world.apps[HOST].call.snapshot().problem, Some(Problem::CheckInterrupted));
}

#[test]
fn nobody_compares_with_somebody_who_waits() {
    for lets_in in [true, false] {
        let mut world = World::new(&People::default());
        world.admits = lets_in;
        let mut world = world.run(10);
        let guest = world.endpoint(GUEST);
        let check = trust::CheckMessage::Commit { run: 1, hash: signaling_protocol::Base64(vec![2; 32]) };
        let message = ControlMessage::Check { check }.to_bytes();
        let said = world.control_messages;
        world.tell(HOST, Input::Peer(guest, PeerInput::Control(message)));
        world.intend(HOST, Intent::StartCheck);
        assert_eq!(world.control_messages > said, lets_in);
    }
}

#[test]
fn a_device_that_was_compared_is_known_again_and_another_one_is_told() {
    let mut people = People::default();
    let mut world = World::new(&people).run(10);
    for side in [HOST, GUEST] {
        assert_eq!(world.assurance(side).device, Recognition::New);
    }
    world.intend(HOST, Intent::StartCheck);
    world.pass(1);
    for side in [HOST, GUEST] {
        world.intend(side, Intent::DigitsSame);
        world.intend(side, Intent::RememberDevice);
    }
    let remembered = [HOST, GUEST].map(|side| {
        let mut known = KnownDevices::default();
        for output in &world.apps[side].to_remember {
            if let Output::RememberDevice { name, device, compared } = output {
                assert!(compared);
                known.remember(*name, *device, *compared);
            }
        }
        known
    });
    [people.known_by_host, people.known_by_guest] = remembered;
    let again = World::new(&people).run(10);
    for side in [HOST, GUEST] {
        assert_eq!(again.assurance(side).level, Level::KnownDevice, "{side}");
    }
    people.patient = Some([22; 32]);
    let another = World::new(&people).run(10);
    assert_eq!((another.assurance(HOST).device, another.assurance(HOST).level), (Recognition::Changed, Level::LinkApp));
    people.patient = None;
    let hidden = World::new(&people).run(10);
    assert_eq!(hidden.assurance(HOST).device, Recognition::Changed, "who hides which device it is gains nothing");
}

#[test]
fn a_device_that_is_found_before_the_join_is_known_again_and_one_found_later_is_passed_over() {
    let mut people = People::default();
    let link = people.link.clone();
    let found = |secret| Input::OwnDevice(PatientDevice::for_clinic(&secret, &link.clinic_key));
    let mut first = World::new(&people).run(10);
    first.intend(GUEST, Intent::HangUp);
    first.pass(1);
    for output in &first.apps[HOST].to_remember {
        if let Output::RememberDevice { name, device, compared } = output {
            people.known_by_host.remember(*name, *device, *compared);
        }
    }
    let before = people.patient.take().unwrap();
    let mut again = World::new(&people);
    again.tell(GUEST, found(before));
    assert_eq!(again.run(10).assurance(HOST).device, Recognition::Met);
    let mut late = World::new(&people);
    late.intend(GUEST, Intent::Join);
    late.tell(GUEST, found(before));
    assert_eq!(late.run(10).assurance(HOST).device, Recognition::Changed, "this visit has begun without");
}

#[test]
fn a_device_is_known_by_the_name_of_its_own_person_alone() {
    let mut people = People::default();
    let mut world = World::new(&people).run(10);
    for side in [HOST, GUEST] {
        world.intend(side, Intent::RememberDevice);
    }
    let names = [HOST, GUEST].map(|side| match world.apps[side].to_remember.last() {
        Some(Output::RememberDevice { name, device, .. }) => {
            let known = [&mut people.known_by_host, &mut people.known_by_guest];
            known.into_iter().nth(side).unwrap().remember(*name, *device, true);
            *name
        }
        other => panic!("{other:?}"),
    });
    let clinician = KnownDevices::clinician(&people.link.clinic_key, super::NAME);
    assert_eq!(names, [people.invite.patient.unwrap(), clinician]);
    assert_eq!(World::new(&people).run(10).assurance(HOST).device, Recognition::Compared);

    people.invite.patient = Some([6; 32]);
    assert_eq!(World::new(&people).run(10).assurance(HOST).device, Recognition::New, "another patient");
    people.invite.patient = None;
    let mut nobody = World::new(&people).run(10);
    assert_eq!(nobody.assurance(HOST).device, Recognition::New, "a link for nobody in particular");
    nobody.intend(HOST, Intent::RememberDevice);
    nobody.intend(HOST, Intent::HangUp);
    assert!(remembered(&nobody, HOST).is_empty());
}

fn remembered(world: &World, side: usize) -> Vec<bool> {
    let compared = |output: &Output| match output {
        Output::RememberDevice { compared, .. } => Some(*compared),
        _ => None,
    };
    world.apps[side].to_remember.iter().filter_map(compared).collect()
}

#[test]
fn whoever_was_talked_with_is_known_again_unless_something_was_refused() {
    for (says, known) in
        [(None, vec![false]), (Some(Intent::DigitsSame), vec![true]), (Some(Intent::DigitsDiffer), vec![])]
    {
        let mut world = World::new(&People::default()).run(10);
        world.intend(HOST, Intent::StartCheck);
        world.pass(1);
        for side in [HOST, GUEST] {
            says.into_iter().for_each(|says| world.intend(side, says));
        }
        assert_eq!(remembered(&world, HOST).len() + remembered(&world, GUEST).len(), 0, "not before the end");
        world.intend(GUEST, Intent::HangUp);
        world.pass(1);
        assert_eq!([remembered(&world, HOST), remembered(&world, GUEST)], [known.clone(), known], "{says:?}");
    }
}

#[test]
fn a_changed_device_is_remembered_after_digits_and_by_a_wish_and_not_by_itself() {
    let mut people = People::default();
    let host = World::new(&people).run(10);
    let mut first = host;
    first.intend(GUEST, Intent::HangUp);
    first.pass(1);
    for output in &first.apps[HOST].to_remember {
        if let Output::RememberDevice { name, device, compared } = output {
            people.known_by_host.remember(*name, *device, *compared);
        }
    }
    people.patient = Some([22; 32]);
    for (compares, wishes) in [(false, false), (true, false), (false, true)] {
        let mut world = World::new(&people).run(10);
        assert_eq!(world.assurance(HOST).device, Recognition::Changed);
        if compares {
            world.intend(GUEST, Intent::StartCheck);
            world.pass(1);
            world.intend(HOST, Intent::DigitsSame);
        }
        if wishes {
            world.intend(HOST, Intent::RememberDevice);
            assert_eq!(world.assurance(HOST).device, Recognition::Met);
        }
        world.intend(HOST, Intent::HangUp);
        assert_eq!(!remembered(&world, HOST).is_empty(), compares || wishes);
        assert_eq!(remembered(&world, HOST).contains(&true), compares);
    }
}

#[test]
fn nobody_is_remembered_whose_app_refuses_ours_or_who_was_not_let_in() {
    let mut world = World::new(&People::default()).run(10);
    let host = world.endpoint(HOST);
    let bye = ControlMessage::Bye { reason: trust::ByeReason::Refused }.to_bytes();
    world.tell(GUEST, Input::Peer(host, PeerInput::Control(bye)));
    assert_eq!(world.ended(GUEST), Some(EndReason::TheyHungUp));
    assert!(remembered(&world, GUEST).is_empty());
    let mut world = World::new(&People::default());
    world.admits = false;
    let mut world = world.run(10);
    world.intend(GUEST, Intent::HangUp);
    assert!(remembered(&world, GUEST).is_empty());
}

#[test]
fn the_servers_word_that_it_is_over_does_not_overtake_why() {
    for says in [HOST, GUEST] {
        let mut world = World::new(&People::default()).run(10);
        world.intend(GUEST, Intent::StartCheck);
        world.pass(1);
        world.control_millis = 300;
        world.intend(says, Intent::DigitsDiffer);
        world.pass(5);
        for side in [HOST, GUEST] {
            assert_eq!(
                world.ended(side),
                Some(EndReason::Refused(Refusal::DigitsDiffer)),
                "{side} when {says} says it"
            );
        }
        assert!(!world.apps[GUEST].is_there, "the server is told at last");
    }
}
