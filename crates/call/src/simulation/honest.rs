//! What an honest pair of apps gets through, however the server carries it.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use signaling_protocol::{Event, ReceiptKind, ReceiptPath, SCHEME_SEALED};
use trust::InnerMessage;

use super::people::People;
use super::world::{GUEST, HOST, World};
use super::{DAY, NAME, epoch};
use crate::{Input, Intent, Output, Phase, Problem, Refusal};

#[test]
fn two_honest_apps_connect_and_every_box_is_sealed() {
    let world = World::new(&People::default()).run(10);
    assert!(world.are_both_live(), "{:?} {:?}", world.phase(HOST), world.phase(GUEST));
    assert!(world.boxes.iter().any(|(from, _)| *from == HOST) && world.boxes.iter().any(|(from, _)| *from == GUEST));
    for (_, envelope) in &world.boxes {
        assert_eq!(envelope.scheme, SCHEME_SEALED);
        let plain = InnerMessage::from_bytes(envelope.sealed.as_ref());
        assert!(plain.is_err(), "the server reads what was said");
    }
    assert_eq!(world.assurance(GUEST).name.map(|name| name.expose().clone()), Some(NAME.to_owned()));
    assert_eq!(world.assurance(HOST).name, None);
}

#[test]
fn sealing_adds_no_message_and_so_no_round_trip() {
    let world = World::new(&People::default()).run(10);
    assert!(world.are_both_live());
    let sent = |side| -> Vec<_> {
        world.boxes.iter().filter(|(from, _)| *from == side).map(|(_, one)| (one.epoch, one.seq)).collect()
    };
    // What the two would say in the open as well: an offer or its answer, and where each can be reached.
    let two = vec![(0, 0), (0, 1)];
    assert_eq!((sent(HOST), sent(GUEST)), (two.clone(), two));
    // The offer is the first word of all, and no other comes before its answer.
    let first = |side| world.boxes.iter().position(|(from, _)| *from == side);
    assert_eq!(first(HOST), Some(0));
    assert!(first(GUEST) <= Some(2));
}

#[test]
fn boxes_that_come_late_twice_in_any_order_or_not_at_all_end_in_the_same_call() {
    for seed in 0..60 {
        let mut dice = StdRng::seed_from_u64(seed);
        let mut world = World::new(&People::default());
        world.lie = Box::new(move |_, event| {
            let Event::Message { .. } = event else { return vec![(0, event)] };
            match dice.random_range(0..10) {
                0..2 => vec![],
                2..4 => vec![(0, event.clone()), (dice.random_range(0..3_000), event)],
                _ => vec![(dice.random_range(0..1_500), event)],
            }
        });
        let world = world.run(60);
        assert!(world.are_both_live(), "seed {seed}: {:?} {:?}", world.phase(HOST), world.phase(GUEST));
    }
}

#[test]
fn one_lost_box_is_asked_for_again_and_no_epoch_is_begun_for_it() {
    // The offer of the host, the answer of the guest.
    for side in [HOST, GUEST] {
        let mut lost = false;
        let mut world = World::new(&People::default());
        world.lie = Box::new(move |to, event| {
            let is_first = matches!(&event, Event::Message { envelope } if to == 1 - side && envelope.seq == 0);
            if is_first && !std::mem::replace(&mut lost, true) { vec![] } else { vec![(0, event)] }
        });
        let world = world.run(5);
        assert!(world.are_both_live(), "{side}: {:?} {:?}", world.phase(HOST), world.phase(GUEST));
        let of_side = world.boxes.iter().filter(|(from, _)| *from == side);
        assert!(of_side.clone().all(|(_, envelope)| envelope.epoch == 0), "{side}: an epoch was begun");
        assert_eq!(of_side.filter(|(_, envelope)| envelope.seq == 0).count(), 2, "{side}: sent and sent again");
    }
}

#[test]
fn an_app_that_comes_back_by_itself_needs_nobody_to_let_it_in_again() {
    let mut world = World::new(&People::default()).run(10);
    assert!(world.are_both_live());
    let (before, id) = (world.endpoint(GUEST), world.boxes.len());
    world.admits = false;
    world.forget_guest();
    world.pass(30);
    assert_ne!(world.endpoint(GUEST), before);
    assert!(world.boxes.len() > id, "it said something anew");
    assert!(world.are_both_live(), "{:?} {:?}", world.phase(HOST), world.phase(GUEST));
    assert_eq!(world.apps[HOST].call.snapshot().partner, Some(world.endpoint(GUEST)));
}

#[test]
fn who_was_let_in_in_time_may_come_back_after_it_and_nobody_else() {
    for another_app in [false, true] {
        let mut people = People::default();
        people.invite.not_after = DAY.plus(30);
        let mut world = World::new(&people).run(10);
        world.pass(30);
        assert!(world.are_both_live());
        if another_app {
            world.restart_guest(&people);
        } else {
            world.forget_guest();
        }
        world.pass(30);
        assert_eq!(world.are_both_live(), !another_app, "{:?} {:?}", world.phase(HOST), world.phase(GUEST));
        let problem = world.apps[HOST].call.snapshot().problem;
        let refused = matches!(problem, Some(Problem::GuestRefused { reason: Refusal::LinkExpired, .. }));
        assert_eq!(refused, another_app, "{problem:?}");
    }
}

#[test]
fn a_clinics_epoch_that_was_seen_is_to_be_remembered() {
    let mut people = People::default();
    people.link.epoch = None;
    let world = World::new(&people).run(10);
    let remembered = world.apps[GUEST].to_remember.iter().any(
        |output| matches!(output, Output::RememberEpoch { clinic, epoch: seen } if *clinic == people.link.clinic_key && *seen == epoch()),
    );
    assert!(remembered);
    assert!(world.apps[HOST].to_remember.is_empty(), "its own, it knows");
    let world = World::new(&People::default()).run(10);
    assert!(world.are_both_live() && world.apps[GUEST].to_remember.is_empty(), "the link has said so");
}

#[test]
fn hanging_up_is_heard_at_once() {
    let mut world = World::new(&People::default()).run(10);
    world.tell(GUEST, Input::Intent(Intent::HangUp));
    world.pass(2);
    assert!(matches!(world.phase(HOST), Phase::Ended(crate::EndReason::TheyHungUp)));
}

#[test]
fn both_ends_tell_the_audit_log_the_same_story_signed() {
    let mut world = World::new(&People::default()).run(10);
    world.tell(GUEST, Input::Intent(Intent::HangUp));
    world.pass(2);
    let told = [HOST, GUEST].map(|side| world.apps[side].receipts.clone());
    for side in [HOST, GUEST] {
        let happened: Vec<_> = told[side].iter().map(|draft| draft.happened).collect();
        assert_eq!(happened, [ReceiptKind::Opened, ReceiptKind::Closed], "{side}");
        assert!(told[side].iter().all(|draft| draft.peer == world.endpoint(1 - side)));
        assert!(told[side].iter().all(|draft| draft.agreed == told[HOST][0].agreed));
        let receipt = world.apps[side].call.receipt(&told[side][0], ReceiptPath::Direct).expect("it has joined");
        let bundle = world.apps[side].call.bundle();
        let said = audit::Receipt {
            visit: super::VISIT.to_string(),
            endpoint: world.endpoint(side).to_string(),
            peer: receipt.peer.to_string(),
            happened: audit::Happened::Opened,
            agreed: told[side][0].agreed,
            path: audit::PathKind::Direct,
            level: "app".to_owned(),
            unix_micros: receipt.receipt_at,
        };
        let key = audit::bundle_key(bundle).expect("a bundle");
        said.verify(&key, &receipt.signature.0).expect("by the key of its join");
    }
}

#[test]
fn each_shows_the_other_what_it_keeps_of_the_log_and_nobody_makes_the_other_ask_without_end() {
    let mut world = World::new(&People::default()).run(10);
    for _ in 0..20 {
        world.tell(HOST, Input::Log("a note".to_owned()));
    }
    world.tell(GUEST, Input::Log("another".to_owned()));
    world.pass(2);
    assert_eq!(world.apps[HOST].logs, ["another"]);
    assert_eq!(world.apps[GUEST].logs, ["a note"; 8]);
    world.tell(GUEST, Input::LogRewritten);
    assert_eq!(world.apps[GUEST].call.snapshot().problem, Some(Problem::LogRewritten));
}
