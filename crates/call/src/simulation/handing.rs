//! Words, files and photographs between the two, whatever happens to their connection.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use transfer::{ChatMessage, Command, Ending, FileHash, Kind, LineState, Message, Offer, State, Still, TransferId};
use units::Phi;

use super::people::People;
use super::world::{GUEST, HOST, World};
use crate::{ControlMessage, EndReason, Handed, HandingIntent, Input, Intent, PeerInput};

fn live() -> World {
    let world = World::new(&People::default()).run(10);
    assert!(world.are_both_live());
    world
}

fn handed(world: &World, side: usize) -> Handed {
    world.apps[side].call.snapshot().around.handed.clone()
}

fn lines(world: &World, side: usize) -> Vec<(bool, String)> {
    handed(world, side).lines.iter().map(|line| (line.ours, line.text.expose().clone())).collect()
}

fn write(world: &mut World, side: usize, text: &str) {
    world.tell(side, Input::Written(Phi::new(text.to_owned())));
}

fn file(bytes: usize) -> Vec<u8> {
    let mut dice = StdRng::seed_from_u64(bytes as u64);
    (0..bytes).map(|_| dice.random()).collect()
}

fn offer(world: &mut World, side: usize, kind: Kind, bytes: &[u8]) {
    let offered = world.apps[side].files.put("../../letter.pdf", kind, bytes.to_vec());
    world.tell(side, Input::OfferFile(offered));
}

fn accept_all(world: &mut World, side: usize) {
    for view in handed(world, side).transfers {
        if view.place.incoming && view.state == State::Offered {
            world.intend(side, Intent::Hand(HandingIntent::Accept(view.place.id)));
        }
    }
}

fn states(world: &World, side: usize) -> Vec<State> {
    handed(world, side).transfers.iter().map(|view| view.state).collect()
}

/// Says this over the control channel as the other app would not.
fn say(world: &mut World, to: usize, message: &ControlMessage) {
    let from = world.endpoint(1 - to);
    world.tell(to, Input::Peer(from, PeerInput::Control(message.to_bytes())));
}

fn foreign(id: u32, bytes: u64) -> ControlMessage {
    let sha256 = FileHash([id as u8; 32]);
    let offer = Offer { id: TransferId(id), of: Kind::File, name: Phi::new("a".to_owned()), bytes, sha256 };
    ControlMessage::Transfer { transfer: Message::Offer(offer) }
}

#[test]
fn what_is_written_arrives_in_order_and_both_see_it() {
    let mut world = live();
    write(&mut world, HOST, "Does it hurt here?");
    write(&mut world, HOST, "Or further down?");
    world.pass(1);
    write(&mut world, GUEST, "Further down");
    world.pass(1);
    let said = ["Does it hurt here?", "Or further down?", "Further down"];
    let seen = |side| lines(&world, side).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
    assert_eq!((seen(HOST), seen(GUEST)), (said.map(String::from).to_vec(), said.map(String::from).to_vec()));
    assert!(handed(&world, HOST).lines.iter().all(|line| line.state == LineState::Arrived));
    world.intend(HOST, Intent::Hand(HandingIntent::ChatSaved));
    world.pass(1);
    assert!(handed(&world, HOST).saved_by_us && handed(&world, GUEST).saved_by_them);
}

#[test]
fn what_is_written_while_the_connection_is_lost_arrives_once_with_the_next() {
    let mut world = live();
    write(&mut world, GUEST, "one");
    world.pass(1);
    world.forget_guest();
    write(&mut world, GUEST, "two");
    write(&mut world, HOST, "three");
    assert_eq!(handed(&world, GUEST).lines[1].state, LineState::Waiting);
    world.pass(60);
    assert!(world.are_both_live());
    let texts =
        |side| lines(&world, side).into_iter().map(|(ours, text)| (ours == (side == GUEST), text)).collect::<Vec<_>>();
    let mut all = [texts(HOST), texts(GUEST)];
    all.iter_mut().for_each(|texts| texts.sort());
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0].len(), 3);
    assert!(handed(&world, GUEST).lines.iter().all(|line| line.state == LineState::Arrived));
}

#[test]
fn a_file_arrives_over_three_lost_connections_and_a_killed_app_without_going_twice() {
    let bytes = file(600_000);
    let people = People::default();
    let mut world = World::new(&people).run(10);
    offer(&mut world, HOST, Kind::File, &bytes);
    world.frames = 100;
    world.pass(1);
    accept_all(&mut world, GUEST);
    for round in 0..4 {
        world.pass(5);
        assert_eq!(states(&world, HOST), [State::Moving], "{round}");
        world.frames = 100;
        if round < 3 {
            world.forget_guest();
        } else {
            let kept = world.apps[GUEST].files.restart();
            world.restart_guest(&people);
            for (bytes, sha256) in kept {
                world.tell(GUEST, Input::KeptPart { bytes, sha256 });
            }
        }
        world.pass(60);
        assert!(world.are_both_live(), "{round}");
    }
    world.frames = u32::MAX;
    world.forget_guest();
    world.pass(60);
    assert_eq!((states(&world, HOST), states(&world, GUEST)), (vec![State::Arrived], vec![State::Arrived]));
    assert!(world.apps[GUEST].files.has(&bytes));
    assert_eq!(handed(&world, GUEST).transfers[0].name.expose(), "letter.pdf");
    let (sent, again) = world.apps[HOST].files.departures.sent_bytes();
    assert!(again as f64 <= 0.01 * bytes.len() as f64, "{again} of {sent} went again");
}

#[test]
fn who_waits_can_neither_write_nor_hand_anything_over() {
    let mut world = World::new(&People::default());
    world.admits = false;
    let mut world = world.run(10);
    let line = ChatMessage::Line { run: 1, number: 1, oldest: 1, text: Phi::new("hello".to_owned()) };
    for message in [ControlMessage::Chat { chat: line }, foreign(1, 100)] {
        for to in [HOST, GUEST] {
            say(&mut world, to, &message);
        }
    }
    world.pass(1);
    for side in [HOST, GUEST] {
        assert_eq!(handed(&world, side), Handed::default());
    }
}

#[test]
fn ten_thousand_offers_are_turned_away() {
    let mut world = live();
    for id in 0..10_000 {
        say(&mut world, HOST, &foreign(id, 100));
    }
    let handed = handed(&world, HOST);
    assert_eq!(handed.transfers.len(), 16);
    assert_eq!(handed.turned_away, 10_000 - 16);
    assert!(world.apps[HOST].files.is_empty());
    assert!(world.are_both_live());
}

#[test]
fn only_a_clinician_asks_for_a_photograph_and_only_the_patient_says_yes() {
    let mut world = live();
    world.intend(GUEST, Intent::Hand(HandingIntent::AskStill));
    say(&mut world, HOST, &ControlMessage::Transfer { transfer: Message::AskStill });
    world.pass(1);
    assert_eq!([HOST, GUEST].map(|side| handed(&world, side).still), [Still::None; 2]);

    world.intend(HOST, Intent::Hand(HandingIntent::AskStill));
    world.pass(1);
    assert_eq!([HOST, GUEST].map(|side| handed(&world, side).still), [Still::AskedByUs, Still::AskedByThem]);
    assert!(world.apps[GUEST].files.asked.is_empty(), "nobody has said yes");
    world.intend(GUEST, Intent::Hand(HandingIntent::AnswerStill(true)));
    assert_eq!(world.apps[GUEST].files.asked, [Command::TakeStill]);
    let picture = file(70_000);
    offer(&mut world, GUEST, Kind::Still, &picture);
    world.pass(5);
    assert!(world.apps[HOST].files.has(&picture));
    assert_eq!(states(&world, HOST), [State::Arrived]);
}

#[test]
fn an_orderly_end_leaves_no_part_behind_and_a_lost_connection_does() {
    for orderly in [true, false] {
        let mut world = live();
        offer(&mut world, HOST, Kind::File, &file(100_000));
        world.frames = 20;
        world.pass(1);
        accept_all(&mut world, GUEST);
        world.pass(2);
        assert!(!world.apps[GUEST].files.is_empty());
        if orderly {
            world.intend(HOST, Intent::HangUp);
            world.pass(5);
            assert_eq!(world.ended(GUEST), Some(EndReason::TheyHungUp));
            assert_eq!(states(&world, GUEST), [State::Ended(Ending::Over)]);
        }
        assert_eq!(world.apps[GUEST].files.is_empty(), orderly);
    }
}
