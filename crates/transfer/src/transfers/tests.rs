//! Two sides, a channel of words that breaks, packets that are lost, and disks made of memory.

use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sha2::{Digest, Sha256};

use super::*;
use crate::{Departures, Frame, MOST_BLOCKS, Offer, Piece, Pieces, Receiver};

fn hash(bytes: &[u8]) -> FileHash {
    FileHash(Sha256::digest(bytes).into())
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(10_000 + millis)
}

/// What one side keeps on its disk, known by length and hash.
type Disk = BTreeMap<(u64, FileHash), Part>;

#[derive(Debug, Clone)]
struct Part {
    bytes: Vec<u8>,
    have: Pieces,
    is_whole: bool,
}

struct Side {
    transfers: Transfers,
    departures: Departures,
    receivers: BTreeMap<TransferId, (Receiver, (u64, FileHash))>,
    disk: Disk,
    files: BTreeMap<u64, Vec<u8>>,
    rng: StdRng,
    /// Takes what is offered.
    accepts: bool,
}

impl Side {
    fn new(seed: u64) -> Self {
        Self {
            transfers: Transfers::new(Limits::default()),
            departures: Departures::default(),
            receivers: BTreeMap::new(),
            disk: Disk::new(),
            files: BTreeMap::new(),
            rng: StdRng::seed_from_u64(seed),
            accepts: true,
        }
    }

    fn offer(&mut self, name: &str, bytes: Vec<u8>) -> TransferId {
        let handle = self.files.len() as u64;
        let file = LocalFile {
            handle,
            kind: Kind::File,
            name: Phi::new(name.to_owned()),
            bytes: bytes.len() as u64,
            sha256: hash(&bytes),
        };
        self.files.insert(handle, bytes);
        self.transfers.offer(file, self.rng.random()).expect("a small file")
    }

    fn obey(&mut self, now: Timestamp) {
        while let Some(command) = self.transfers.poll_command() {
            self.departures.command(now, &command);
            let news = match command {
                Command::Receive { id, bytes, sha256, .. } => {
                    let key = (bytes, sha256);
                    let part = self.disk.entry(key).or_insert_with(|| Part {
                        bytes: vec![0; bytes as usize],
                        have: Pieces::default(),
                        is_whole: false,
                    });
                    let have = part.have.clone();
                    let receiver = Receiver::new(id, bytes, &have).expect("few blocks");
                    self.receivers.insert(id, (receiver, key));
                    Some(News::Ready { id, have })
                }
                Command::Tell(id) => self.receivers.get(&id).map(|(receiver, key)| {
                    let part = self.disk.get_mut(key).expect("it was made");
                    if !receiver.is_whole() {
                        return News::Have { id, have: receiver.have() };
                    }
                    if hash(&part.bytes) == key.1 {
                        part.is_whole = true;
                        News::Whole(id)
                    } else {
                        News::WrongHash(id)
                    }
                }),
                Command::Close { id, incoming: true, delete } => {
                    if let Some((_, key)) = self.receivers.remove(&id).filter(|_| delete) {
                        self.disk.remove(&key);
                    }
                    None
                }
                _ => None,
            };
            if let Some(news) = news {
                self.transfers.on_news(now, news);
            }
        }
        self.departures.look(now);
        while let Some(news) = self.departures.poll_news() {
            self.transfers.on_news(now, news);
        }
        let offered: Vec<_> =
            self.transfers.incoming.iter().filter(|(_, it)| it.state == State::Offered).map(|(id, _)| *id).collect();
        if self.accepts {
            offered.into_iter().for_each(|id| self.transfers.accept(id));
        }
    }

    /// A frame came; it is written at once, and noted.
    fn take(&mut self, bytes: &[u8]) {
        let frame = Frame::read(bytes).expect("honest");
        let Some((receiver, key)) = self.receivers.get_mut(&frame.id) else { return };
        if let Some(write) = receiver.on_frame(&frame).expect("honest") {
            let part = self.disk.get_mut(key).expect("it was made");
            part.bytes[write.offset as usize..][..write.data.len()].copy_from_slice(write.data);
            part.have = receiver.have();
        }
    }

    /// The app is killed and started again: the disk is left.
    fn restart(&mut self, seed: u64) {
        let disk = std::mem::take(&mut self.disk);
        *self = Self { disk, accepts: self.accepts, ..Self::new(seed) };
        for ((bytes, sha256), part) in &self.disk {
            if !part.is_whole {
                self.transfers.on_kept(*bytes, *sha256);
            }
        }
    }

    fn state(&self, incoming: bool) -> Vec<State> {
        let views = self.transfers.views();
        views.iter().filter(|view| view.place.incoming == incoming).map(|view| view.state).collect()
    }
}

struct Pair {
    sides: [Side; 2],
    now: u64,
    connected: bool,
    /// One packet in so many is lost.
    loses: u32,
    weather: StdRng,
}

impl Pair {
    fn new() -> Self {
        Self {
            sides: [Side::new(1), Side::new(2)],
            now: 0,
            connected: false,
            loses: 0,
            weather: StdRng::seed_from_u64(3),
        }
    }

    fn connect(&mut self) {
        self.connected = true;
        self.sides.iter_mut().for_each(|side| side.transfers.on_connected());
    }

    fn disconnect(&mut self) {
        self.connected = false;
        self.sides.iter_mut().for_each(|side| side.transfers.on_disconnected());
    }

    /// So many times 10 ms pass; in each, so many packets leave of each side.
    fn pass(&mut self, steps: u32, packets: u32) {
        for _ in 0..steps {
            self.now += 10;
            let now = at(self.now);
            for from in [0, 1] {
                self.sides[from].obey(now);
                while let Some(message) = self.sides[from].transfers.poll_message() {
                    if self.connected {
                        self.sides[1 - from].transfers.on_message(now, message);
                    }
                }
                for _ in 0..packets {
                    self.packet(now, from);
                }
            }
        }
    }

    fn packet(&mut self, now: Timestamp, from: usize) {
        let Some((handle, piece)) = self.sides[from].departures.next(now, MOST_BLOCKS) else { return };
        let Piece { id, first, offset, bytes, .. } = piece;
        let data = self.sides[from].files[&handle][offset as usize..][..bytes].to_vec();
        let lost = !self.connected || self.loses > 0 && self.weather.random_range(0..self.loses) == 0;
        if !lost {
            self.sides[1 - from].take(&Frame { id, first, data: &data }.to_bytes());
        }
        if self.connected {
            self.sides[from].departures.on_fate(now, &piece, !lost);
        }
    }

    fn received(&self, side: usize, file: &[u8]) -> bool {
        let part = self.sides[side].disk.get(&(file.len() as u64, hash(file)));
        part.is_some_and(|part| part.is_whole && part.bytes == file)
    }
}

fn file(bytes: usize, seed: u64) -> Vec<u8> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..bytes).map(|_| rng.random()).collect()
}

#[test]
fn a_file_that_is_accepted_arrives_whole_and_both_see_it() {
    let mut pair = Pair::new();
    pair.connect();
    let bytes = file(100_000, 1);
    pair.sides[0].offer("../x-ray.png", bytes.clone());
    pair.pass(30, 10);
    let view = pair.sides[1].transfers.views().remove(0);
    assert_eq!((view.name.expose().as_str(), view.bytes), ("x-ray.png", 100_000));
    assert!(pair.received(1, &bytes));
    assert_eq!((pair.sides[0].state(false), pair.sides[1].state(true)), (vec![State::Arrived], vec![State::Arrived]));
    assert_eq!(pair.sides[0].departures.sent_bytes().1, 0);
    assert!(!pair.sides[0].transfers.is_sending());
}

#[test]
fn nothing_leaves_before_the_person_has_accepted_and_nothing_after_they_declined() {
    let mut pair = Pair::new();
    pair.sides[1].accepts = false;
    pair.connect();
    let id = pair.sides[0].offer("a", file(10_000, 1));
    pair.pass(20, 10);
    assert_eq!((pair.sides[0].departures.sent_bytes(), pair.sides[1].disk.len()), ((0, 0), 0));
    pair.sides[1].transfers.cancel(id, true);
    pair.pass(5, 10);
    assert_eq!(pair.sides[0].state(false), [State::Ended(Ending::Declined)]);
    assert_eq!(pair.sides[0].departures.sent_bytes(), (0, 0));
}

#[test]
fn either_side_stops_it_and_the_part_is_deleted() {
    for stops in [0, 1] {
        let mut pair = Pair::new();
        pair.connect();
        let id = pair.sides[0].offer("a", file(100_000, 1));
        pair.pass(10, 2);
        assert_eq!(pair.sides[1].disk.len(), 1);
        pair.sides[stops].transfers.cancel(id, stops == 1);
        pair.pass(5, 2);
        let states = [pair.sides[0].state(false), pair.sides[1].state(true)];
        assert_eq!(states[stops], [State::Ended(Ending::CancelledByUs)]);
        assert_eq!(states[1 - stops], [State::Ended(Ending::CancelledByThem)]);
        assert!(pair.sides[1].disk.is_empty() && pair.sides[0].departures.is_empty());
    }
}

#[test]
fn one_that_was_stopped_while_nobody_heard_is_over_for_the_other_too() {
    for stops in [0, 1] {
        let mut pair = Pair::new();
        pair.connect();
        let id = pair.sides[0].offer("a", file(100_000, 1));
        pair.pass(10, 2);
        pair.disconnect();
        assert_eq!(pair.sides[1].state(true), [State::Waiting]);
        pair.sides[stops].transfers.cancel(id, stops == 1);
        pair.connect();
        pair.pass(10, 2);
        let ended = |states: Vec<State>| states.iter().all(|state| matches!(state, State::Ended(_)));
        assert!(ended(pair.sides[0].state(false)) && ended(pair.sides[1].state(true)));
    }
}

#[test]
fn three_lost_connections_and_a_killed_app_cost_nothing_that_had_arrived() {
    let bytes = file(3_000_000, 1);
    for killed in [0, 1] {
        let mut pair = Pair::new();
        pair.connect();
        pair.sides[0].offer("a", bytes.clone());
        let mut before = (0, 0);
        for round in 0..4_u64 {
            pair.pass(100, 5);
            pair.disconnect();
            pair.pass(10, 5);
            if round == 2 {
                before = pair.sides[0].departures.sent_bytes();
                pair.sides[killed].restart(10 + round);
                if killed == 0 {
                    // Their person hands it over anew.
                    pair.sides[0].offer("a", bytes.clone());
                } else {
                    before = (0, 0);
                }
            }
            pair.connect();
        }
        pair.pass(500, 10);
        assert!(pair.received(1, &bytes));
        assert!(pair.sides[1].state(true).iter().all(|state| *state == State::Arrived));
        let (sent, _) = pair.sides[0].departures.sent_bytes();
        let again = (sent + before.0).saturating_sub(bytes.len() as u64) as f64 / bytes.len() as f64;
        assert!(again <= 0.01, "{again} of it was sent again");
    }
}

#[test]
fn a_link_that_loses_a_fifth_costs_a_quarter_more_and_no_more() {
    let mut pair = Pair::new();
    pair.loses = 5;
    pair.connect();
    let bytes = file(1_000_000, 1);
    pair.sides[0].offer("a", bytes.clone());
    pair.pass(200, 10);
    assert!(pair.received(1, &bytes));
    let (sent, again) = pair.sides[0].departures.sent_bytes();
    assert!((again as f64) < sent as f64 * 0.23, "{again} of {sent}");
}

#[test]
fn who_lies_about_the_hash_is_refused_and_nothing_is_left() {
    let mut pair = Pair::new();
    pair.connect();
    let id = pair.sides[0].offer("a", file(10_000, 1));
    pair.sides[0].files.insert(0, file(10_000, 2));
    pair.pass(20, 10);
    assert_eq!(pair.sides[1].state(true), [State::Ended(Ending::WrongHash)]);
    assert_eq!(pair.sides[0].state(false), [State::Ended(Ending::WrongHash)]);
    assert!(pair.sides[1].disk.is_empty());
    assert!(!pair.sides[1].transfers.incoming[&id].is_open());
}

fn foreign(id: u32, bytes: u64) -> Message {
    let sha256 = hash(&id.to_be_bytes());
    Message::Offer(Offer { id: TransferId(id), of: Kind::File, name: Phi::new("a".into()), bytes, sha256 })
}

#[test]
fn ten_thousand_offers_are_turned_away_and_fill_no_memory() {
    let mut ours = Transfers::new(Limits::default());
    ours.on_connected();
    let mut answers = 0;
    for id in 0..10_000 {
        ours.on_message(at(u64::from(id) / 10), foreign(id, 100));
        answers += std::iter::from_fn(|| ours.poll_message()).count();
        assert!(ours.poll_command().is_none(), "nobody has accepted anything");
    }
    assert_eq!(ours.views().len(), 16);
    assert_eq!(ours.turned_away(), 10_000 - 16);
    assert!(answers < 40, "{answers}");
    for id in 0..10_000 {
        ours.on_message(at(60_000 + u64::from(id)), Message::Withdraw { id: TransferId(id) });
        ours.on_message(at(60_000 + u64::from(id)), foreign(id + 20_000, 100));
    }
    assert!(ours.incoming.len() <= MOST_ENDED + 17 && ours.order.len() == ours.incoming.len());
}

#[test]
fn a_photograph_that_is_asked_for_is_no_way_to_send_what_is_large_unasked() {
    let mut asks = Transfers::new(Limits::default());
    asks.on_connected();
    asks.ask_still();
    assert_eq!(asks.poll_message(), Some(Message::AskStill));
    let bytes = Limits::default().most_still_bytes + 1;
    let offer = Offer { id: TransferId(1), of: Kind::Still, name: Phi::new("a".to_owned()), bytes, sha256: hash(b"a") };
    asks.on_message(at(0), Message::Offer(offer));
    assert_eq!(asks.poll_message(), Some(Message::Refuse { id: TransferId(1), why: Reason::TooLarge }));
    assert_eq!(asks.poll_command(), None, "nothing is written");
}

#[test]
fn who_waits_for_a_photograph_that_cannot_be_offered_hears_of_it() {
    let mut gives = Transfers::new(Limits { most_still_bytes: 10, ..Limits::default() });
    gives.on_connected();
    gives.on_message(at(0), Message::AskStill);
    gives.answer_still(true);
    let name = Phi::new("photograph.jpg".to_owned());
    let still = LocalFile { handle: 0, kind: Kind::Still, name, bytes: 11, sha256: hash(b"a") };
    assert_eq!(gives.offer(still, 1), Err(OfferError::TooLarge));
    assert_eq!((gives.poll_message(), gives.still()), (Some(Message::RefuseStill), Still::None));
}

#[test]
fn what_is_too_large_is_refused_on_both_sides() {
    let mut ours = Transfers::new(Limits { most_bytes: 1_000, ..Limits::default() });
    ours.on_connected();
    ours.on_message(at(0), foreign(1, 1_001));
    ours.on_message(at(0), foreign(2, u64::MAX));
    let refused = |id| Some(Message::Refuse { id: TransferId(id), why: Reason::TooLarge });
    assert_eq!([ours.poll_message(), ours.poll_message()], [refused(1), refused(2)]);
    let large = LocalFile { handle: 0, kind: Kind::File, name: Phi::new("a".into()), bytes: 1_001, sha256: hash(b"") };
    assert_eq!(ours.offer(large, 1), Err(OfferError::TooLarge));
    assert!(ours.views().is_empty());
}

#[test]
fn an_offer_that_changes_its_mind_is_not_the_one_that_was_accepted() {
    let mut ours = Transfers::new(Limits::default());
    ours.on_connected();
    ours.on_message(at(0), foreign(1, 100));
    ours.accept(TransferId(1));
    assert!(matches!(ours.poll_command(), Some(Command::Receive { bytes: 100, .. })));
    ours.on_message(at(1), foreign(1, 1_000_000));
    assert_eq!(ours.poll_message(), Some(Message::Refuse { id: TransferId(1), why: Reason::Declined }));
    assert_eq!(ours.poll_command(), None);
}

#[test]
fn a_photograph_comes_only_to_who_asked_and_once() {
    let mut pair = Pair::new();
    pair.sides[1].accepts = false;
    pair.connect();
    pair.sides[1].transfers.ask_still();
    pair.pass(2, 1);
    assert_eq!(pair.sides[0].transfers.still(), Still::AskedByThem);
    pair.sides[0].transfers.answer_still(true);
    assert_eq!(pair.sides[0].transfers.poll_command(), Some(Command::TakeStill));
    let picture = file(50_000, 1);
    let still = LocalFile {
        handle: 0,
        kind: Kind::Still,
        name: Phi::new("photograph.jpg".into()),
        bytes: 50_000,
        sha256: hash(&picture),
    };
    pair.sides[0].files.insert(0, picture.clone());
    let offer = |pair: &mut Pair| {
        let side = &mut pair.sides[0];
        side.transfers.offer(still.clone(), side.rng.random()).expect("small");
    };
    offer(&mut pair);
    pair.pass(20, 10);
    assert!(pair.received(1, &picture), "who asked need not be asked");
    pair.sides[1].disk.clear();
    offer(&mut pair);
    pair.pass(20, 10);
    assert_eq!(pair.sides[1].state(true), [State::Arrived, State::Offered], "the second one is an offer like any");
}

#[test]
fn who_does_not_want_to_be_photographed_says_so_without_a_word() {
    let mut pair = Pair::new();
    pair.connect();
    for answer in [false, true] {
        pair.sides[1].transfers.ask_still();
        pair.pass(2, 1);
        pair.sides[0].transfers.answer_still(answer);
        // There is no camera.
        pair.sides[0].transfers.on_news(at(0), News::NoStill);
        pair.pass(2, 1);
        assert_eq!([0, 1].map(|side| pair.sides[side].transfers.still()), [Still::None, Still::Refused]);
    }
}

#[test]
fn every_end_is_a_sentence() {
    let endings = [
        Ending::Declined,
        Ending::CancelledByUs,
        Ending::CancelledByThem,
        Ending::NotTaken(Reason::TooLarge),
        Ending::WrongHash,
        Ending::Over,
        Ending::Broken(Trouble::Unreadable),
        Ending::Broken(Trouble::Unwritable),
        Ending::Broken(Trouble::UnwritableThere),
    ];
    let said = endings.map(|ending| ending.to_string()).into_iter();
    let errors = [OfferError::TooLarge, OfferError::TooMany].map(|error| error.to_string());
    for sentence in said.chain(errors) {
        assert!(sentence.len() > 10 && sentence.ends_with('.'), "{sentence}");
    }
}

fn message() -> impl Strategy<Value = Message> {
    let id = (0_u32..6).prop_map(TransferId);
    let have = prop::collection::vec((0_u32..40, 1_u32..5), 0..4).prop_map(|runs| {
        let mut blocks = crate::BlockSet::new();
        runs.into_iter().for_each(|(from, length)| {
            blocks.insert(from..from + length);
        });
        Pieces::of(&blocks)
    });
    prop_oneof![
        (0_u32..6, 0_u64..9_000).prop_map(|(id, bytes)| foreign(id, bytes)),
        (id.clone(), have.clone()).prop_map(|(id, have)| Message::Accept { id, have }),
        (id.clone(), have).prop_map(|(id, have)| Message::Have { id, have }),
        id.clone().prop_map(|id| Message::Refuse { id, why: Reason::WrongHash }),
        id.clone().prop_map(|id| Message::Ask { id }),
        id.clone().prop_map(|id| Message::Arrived { id }),
        id.prop_map(|id| Message::Withdraw { id }),
        Just(Message::AskStill),
        Just(Message::RefuseStill),
        Just(Message::Unknown),
    ]
}

proptest! {
    #[test]
    fn a_stranger_can_say_what_they_want(messages in prop::collection::vec(message(), 0..60)) {
        let mut side = Side::new(1);
        side.transfers.on_connected();
        // The first numbers that this seed draws are not theirs to guess: ours are known to the test alone.
        let ours = side.offer("ours", file(3_000, 1));
        for (step, message) in messages.into_iter().enumerate() {
            let named = match message {
                Message::Accept { have, .. } if step % 2 == 0 => Message::Accept { id: ours, have },
                Message::Arrived { .. } if step % 3 == 0 => Message::Arrived { id: ours },
                other => other,
            };
            let now = at(step as u64 * 100);
            side.transfers.on_message(now, named);
            side.obey(now);
            while side.departures.next(now, MOST_BLOCKS).is_some() {}
            while side.transfers.poll_message().is_some() {}
            prop_assert!(side.transfers.views().len() <= 2 * MOST_ENDED);
            for view in side.transfers.views() {
                prop_assert!(view.moved <= view.bytes);
            }
        }
    }

    #[test]
    fn files_arrive_whatever_the_weather(
        sizes in prop::collection::vec(0_usize..60_000, 1..4),
        weather in prop::collection::vec((0_u8..6, 1_u32..40), 0..12),
        loses in prop::sample::select(vec![0_u32, 3, 10]),
    ) {
        let mut pair = Pair::new();
        pair.loses = loses;
        pair.connect();
        let files: Vec<_> = sizes.iter().zip(1..).map(|(size, seed)| file(*size + 1, seed)).collect();
        for (index, bytes) in files.iter().enumerate() {
            pair.sides[index % 2].offer("a", bytes.clone());
        }
        for (what, steps) in weather {
            match what {
                0 => pair.disconnect(),
                1 => pair.connect(),
                // Of one side the files are on the other's disk; it goes on with them when they are offered.
                2 if files.len() == 1 => pair.sides[1].restart(u64::from(steps)),
                _ => {}
            }
            pair.pass(steps, 2);
        }
        pair.disconnect();
        pair.connect();
        pair.pass(1_500, 4);
        for (index, bytes) in files.iter().enumerate() {
            prop_assert!(pair.received(1 - index % 2, bytes), "file {index}");
        }
    }
}
