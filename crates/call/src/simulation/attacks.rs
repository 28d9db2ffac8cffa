//! What a server that lies makes of boxes, and somebody in the middle of connections. Each attack ends by its name before
//! anything is heard; its twin, the same world without the attack, connects.

use signaling_protocol::{Event, SCHEME_OPEN};
use trust::DtlsFingerprint;

use super::people::People;
use super::world::{GUEST, HOST, Lie, World};
use crate::{EndReason, Input, Problem, Refusal, SignalingInput};

/// The guest's app refuses the one world by this name, and lives through its twin.
pub(super) fn guest_refuses(refusal: Refusal, world: impl Fn(bool) -> World) {
    let twin = world(false).run(40);
    assert!(twin.are_both_live(), "the twin: {:?} {:?}", twin.phase(HOST), twin.phase(GUEST));
    let world = world(true).run(40);
    assert_eq!(world.ended(GUEST), Some(EndReason::Refused(refusal)));
    assert!(!world.did_anybody_open(), "media was open");
}

/// The host's app turns the guest of the one world away for this, and lives through its twin.
pub(super) fn host_refuses(reason: Refusal, world: impl Fn(bool) -> World) {
    let twin = world(false).run(40);
    assert!(twin.are_both_live(), "the twin: {:?} {:?}", twin.phase(HOST), twin.phase(GUEST));
    let world = world(true).run(40);
    let problem = world.apps[HOST].call.snapshot().problem;
    let named = matches!(problem, Some(Problem::GuestRefused { reason: named, .. }) if named == reason)
        || world.ended(HOST) == Some(EndReason::Refused(reason));
    assert!(named, "{problem:?} {:?}", world.ended(HOST));
    assert!(!world.did_anybody_open(), "media was open");
}

pub(super) fn with(people: &People, lies: bool, lie: Lie) -> World {
    let mut world = World::new(people);
    if lies {
        world.lie = lie;
    }
    world
}

/// Changes what comes to this app in boxes.
fn changing(side: usize, change: impl Fn(&mut signaling_protocol::Envelope) + 'static) -> Lie {
    Box::new(move |to, mut event| {
        if let Event::Message { envelope } = &mut event
            && to == side
        {
            change(envelope);
        }
        vec![(0, event)]
    })
}

#[test]
fn a_seal_that_was_taken_off() {
    let people = People::default();
    let strip = |side| changing(side, |envelope| envelope.scheme = SCHEME_OPEN);
    guest_refuses(Refusal::NotSealed, |lies| with(&people, lies, strip(GUEST)));
    host_refuses(Refusal::NotSealed, |lies| with(&people, lies, strip(HOST)));
}

#[test]
fn a_scheme_that_we_do_not_know() {
    let people = People::default();
    guest_refuses(Refusal::NewerApp, |lies| with(&people, lies, changing(GUEST, |envelope| envelope.scheme = 2)));
    guest_refuses(Refusal::NewerApp, |lies| with(&people, lies, changing(GUEST, |envelope| envelope.sealed.0[0] = 2)));
}

#[test]
fn boxes_that_were_changed_on_their_way() {
    let people = People::default();
    for byte in [10, 60, 300] {
        let flip = |side| changing(side, move |envelope| envelope.sealed.0[byte.min(250)] ^= 1);
        guest_refuses(Refusal::Tampered, |lies| with(&people, lies, flip(GUEST)));
        host_refuses(Refusal::Tampered, |lies| with(&people, lies, flip(HOST)));
    }
    let cut = |side| changing(side, |envelope| envelope.sealed.0.truncate(100));
    guest_refuses(Refusal::Tampered, |lies| with(&people, lies, cut(GUEST)));
    host_refuses(Refusal::Tampered, |lies| with(&people, lies, cut(HOST)));
}

#[test]
fn a_key_of_low_order_in_a_first_box() {
    let people = People::default();
    let zero = |side| {
        changing(side, |envelope| {
            if envelope.seq == 0 {
                envelope.sealed.0[9..41].fill(0);
            }
        })
    };
    let at_once = with(&people, true, zero(GUEST)).run(5);
    assert_eq!(at_once.ended(GUEST), Some(EndReason::Refused(Refusal::UnsafeKeys)), "nobody makes it by accident");
    guest_refuses(Refusal::UnsafeKeys, |lies| with(&people, lies, zero(GUEST)));
    host_refuses(Refusal::UnsafeKeys, |lies| with(&people, lies, zero(HOST)));
}

#[test]
fn numbers_on_the_envelope_are_not_believed() {
    let people = People::default();
    let lie = changing(GUEST, |envelope| (envelope.seq, envelope.epoch) = (77, 99));
    assert!(with(&people, true, lie).run(10).are_both_live());
}

#[test]
fn boxes_of_another_visit_by_the_same_link() {
    let people = People::default();
    let mut before = World::new(&people);
    before.apps[HOST].call = people.host(7);
    before.apps[GUEST].call = people.guest(8);
    let before = before.run(10);
    assert!(before.are_both_live());
    let of = |side: usize| -> Vec<_> {
        before.boxes.iter().filter(|(from, _)| *from != side).map(|(_, envelope)| envelope.sealed.clone()).collect()
    };
    let splice = |side: usize| {
        let old = of(side);
        changing(side, move |envelope| envelope.sealed = old[envelope.seq as usize % old.len()].clone())
    };
    guest_refuses(Refusal::Tampered, |lies| with(&people, lies, splice(GUEST)));
    host_refuses(Refusal::Tampered, |lies| with(&people, lies, splice(HOST)));
}

#[test]
fn boxes_that_are_sent_back_to_who_sealed_them() {
    let people = People::default();
    let mut world = World::new(&people).run(10);
    assert!(world.are_both_live());
    let dropped = world.assurance(HOST).dropped_boxes;
    let guest = world.endpoint(GUEST);
    for (from, mut envelope) in world.boxes.clone() {
        if from == HOST {
            envelope.from = Some(guest);
            world.tell(HOST, Input::Signaling(SignalingInput::Event(Event::Message { envelope })));
        }
    }
    world.pass(20);
    assert!(world.are_both_live(), "what the server makes up ends no call that is heard");
    assert!(world.assurance(HOST).dropped_boxes > dropped);
}

#[test]
fn boxes_that_are_brought_again_later_and_after_coming_back() {
    let mut world = World::new(&People::default()).run(10);
    let replay = |world: &mut World| {
        for (from, mut envelope) in world.boxes.clone() {
            envelope.from = Some(world.endpoint(from));
            world.tell(1 - from, Input::Signaling(SignalingInput::Event(Event::Message { envelope })));
        }
    };
    let open = world.boxes.len();
    replay(&mut world);
    world.pass(5);
    assert!(world.are_both_live());
    assert_eq!(world.boxes.len(), open, "nobody answers what was answered");
    world.forget_guest();
    world.pass(1);
    replay(&mut world);
    world.pass(30);
    assert!(world.are_both_live(), "{:?} {:?}", world.phase(HOST), world.phase(GUEST));
}

#[test]
fn another_certificate_in_the_handshake() {
    let people = People::default();
    for side in [HOST, GUEST] {
        let world = |lies: bool| {
            let mut world = World::new(&people);
            world.shown[side] = lies.then_some(DtlsFingerprint([66; 32]));
            world
        };
        if side == HOST {
            host_refuses(Refusal::FingerprintMismatch, world);
        } else {
            guest_refuses(Refusal::FingerprintMismatch, world);
        }
    }
}

#[test]
fn protection_that_both_have_and_one_leaves_out() {
    let people = People::default();
    let world = |side: usize| {
        let people = &people;
        move |lies: bool| {
            let mut world = World::new(people);
            if lies {
                world.describe = match side {
                    HOST => |side, parameters| if side == HOST { weaker(parameters) } else { parameters },
                    _ => |side, parameters| if side == GUEST { weaker(parameters) } else { parameters },
                };
            }
            world
        }
    };
    guest_refuses(Refusal::Downgraded, world(HOST));
    host_refuses(Refusal::Downgraded, world(GUEST));
}

fn weaker(mut parameters: trust::ConnectionParameters) -> trust::ConnectionParameters {
    parameters.srtp.retain(|profile| *profile != trust::SrtpProfile::AeadAes256Gcm);
    parameters
}

#[test]
fn media_that_is_not_protected_at_all() {
    let people = People::default();
    guest_refuses(Refusal::Parameters, |lies| {
        let mut world = World::new(&people);
        if lies {
            world.describe = |side, mut parameters| {
                parameters.srtp.retain(|_| side != HOST);
                parameters
            };
        }
        world
    });
}

#[test]
fn boxes_from_a_future_that_never_comes_do_not_disturb_who_is_heard() {
    let mut world = World::new(&People::default()).run(10);
    let (before, said) = ([world.phase(HOST), world.phase(GUEST)], world.boxes.len());
    for side in [HOST, GUEST] {
        for (epoch, seq) in [(0, 40), (9, 3)] {
            let (_, envelope) = world.boxes.iter().rev().find(|(from, _)| *from == 1 - side).cloned().unwrap();
            let mut sealed = envelope.sealed.clone();
            sealed.0[1..5].copy_from_slice(&u32::to_be_bytes(epoch));
            sealed.0[5..9].copy_from_slice(&u32::to_be_bytes(seq));
            let from = Some(world.endpoint(1 - side));
            let envelope = signaling_protocol::Envelope { sealed, from, ..envelope };
            world.tell(side, Input::Signaling(SignalingInput::Event(Event::Message { envelope })));
        }
    }
    world.pass(60);
    assert_eq!([world.phase(HOST), world.phase(GUEST)], before, "it was interrupted");
    assert!(world.boxes.len() <= said + 4, "{} boxes were said for it", world.boxes.len() - said);
}
