use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

use super::*;

/// Voice over a path, with a report every 100 ms that repeats the one before.
struct Path {
    losses: VoiceLosses,
    now: Timestamp,
    packet: Duration,
    /// What became of each packet, by its number.
    arrived: Vec<bool>,
    told_up_to: usize,
    reported: Timestamp,
}

impl Path {
    fn new(packet_ms: u64) -> Self {
        Self {
            losses: VoiceLosses::new(),
            now: Timestamp::from_millis(1_000),
            packet: Duration::from_millis(packet_ms),
            arrived: Vec::new(),
            told_up_to: 0,
            reported: Timestamp::ZERO,
        }
    }

    fn send(&mut self, arrives: bool) {
        // Every third number is a picture's.
        let number = self.arrived.len() as u64 * 3;
        self.losses.on_sent(self.now, number);
        self.arrived.push(arrives);
        self.now += self.packet;
        if self.now.since(self.reported) >= Duration::from_millis(100) {
            self.report();
        }
    }

    fn report(&mut self) {
        // A report ends with what arrived.
        let Some(last) = self.arrived.iter().rposition(|arrived| *arrived) else { return };
        let from = self.told_up_to.saturating_sub(10);
        let told = |index: usize| PacketReport {
            number: index as u64 * 3,
            received: self.arrived[index].then_some(Timestamp::from_millis(77 + index as u64)),
        };
        let reports: Vec<_> = (from..=last).map(told).collect();
        self.losses.on_feedback(self.now, &reports);
        self.told_up_to = last;
        self.reported = self.now;
    }

    /// Sends for `secs` what `arrives`; mean loss and mean loss after loss, looked at after each packet of the last half.
    fn run(&mut self, secs: u64, mut arrives: impl FnMut() -> bool) -> (f32, f32) {
        let packets = secs * 1_000 / self.packet.as_millis() as u64;
        let (mut loss, mut follows) = (0.0, 0.0);
        for index in 0..packets {
            let arrives = arrives();
            self.send(arrives);
            if index >= packets / 2 {
                loss += self.losses.loss();
                follows += self.losses.loss_follows_loss();
            }
        }
        let looked = packets.div_ceil(2) as f32;
        (loss / looked, follows / looked)
    }
}

/// Gilbert's model: bursts of `burst` packets on average, and a share `loss` of all.
fn bursts(random: &mut impl Rng, loss: f64, burst: f64) -> impl FnMut() -> bool {
    let (ends, begins) = (1.0 / burst, loss / (burst * (1.0 - loss)));
    let mut lost = false;
    move || {
        lost = random.random_bool(if lost { 1.0 - ends } else { begins });
        !lost
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn independent_losses_are_their_share_and_follow_each_other_by_chance(
        loss in 0.01..0.4_f64, packet_ms in prop::sample::select(vec![20_u64, 40, 60]), seed in any::<u64>(),
    ) {
        let mut random = StdRng::seed_from_u64(seed);
        let (share, follows) = Path::new(packet_ms).run(240, || !random.random_bool(loss));
        // Four standard deviations of what is looked at: two minutes of packets.
        let packets = 120_000.0 / packet_ms as f64;
        let near = 4.0 * (loss * (1.0 - loss) / packets).sqrt() + 0.08 * loss + 0.003;
        prop_assert!((f64::from(share) - loss).abs() < near, "{share} of {loss}");
        let near = 4.0 * (loss * (1.0 - loss) / (packets * loss)).sqrt() + 0.1 * loss + 0.01;
        prop_assert!((f64::from(follows) - loss).abs() < near, "{follows} after {loss}");
    }

    #[test]
    fn losses_in_bursts_are_the_same_share_and_follow_each_other(
        loss in 0.05..0.25_f64, burst in 2.0..5.0_f64, seed in any::<u64>(),
    ) {
        let mut random = StdRng::seed_from_u64(seed);
        let (share, follows) = Path::new(20).run(240, bursts(&mut random, loss, burst));
        // Five standard deviations of what two minutes' bursts hold together: their number and their lengths both vary.
        let lost = 120_000.0 / 20.0 * loss;
        let bursts = lost / burst;
        let near = (5.0 * (2.0 / bursts).sqrt() + 0.08) * loss;
        prop_assert!((f64::from(share) - loss).abs() < near, "{share} of {loss}");
        let truth = 1.0 - 1.0 / burst;
        // The same of what follows, and what those that count as followed by chance take from it: twice, as they weigh most
        // where few were lost.
        let by_chance = 2.0 * FEW * truth / (lost * LASTING.as_secs_f64() / 120.0);
        let near = 5.0 * (truth / bursts).sqrt() / burst + by_chance + 0.02;
        prop_assert!((f64::from(follows) - truth).abs() < near, "{follows}, not {truth}");
        prop_assert!(f64::from(follows) > loss + 0.1);
    }

    /// Packets come in any order, and some twice: a report says "missing" of what the next one says came.
    #[test]
    fn what_comes_out_of_order_is_not_lost(late in prop::collection::vec(any::<bool>(), 200)) {
        let mut losses = VoiceLosses::new();
        let mut now = Timestamp::from_millis(1_000);
        for (index, late) in late.iter().enumerate() {
            let number = index as u64;
            losses.on_sent(now, number);
            now += Duration::from_millis(20);
            let received = Some(now);
            losses.on_feedback(now, &[PacketReport { number, received: received.filter(|_| !late) }]);
            if number >= 3 {
                losses.on_feedback(now, &[PacketReport { number: number - 3, received }]);
            }
        }
        prop_assert_eq!(losses.loss(), 0.0);
        prop_assert_eq!(losses.loss_follows_loss(), 0.0);
    }

    #[test]
    fn a_report_that_comes_twice_says_nothing_new(arrives in prop::collection::vec(any::<bool>(), 1..300)) {
        let (mut once, mut twice) = (Path::new(20), Path::new(20));
        for arrives in arrives {
            once.send(arrives);
            twice.send(arrives);
            twice.told_up_to = twice.told_up_to.saturating_sub(40);
            twice.report();
            once.report();
        }
        prop_assert_eq!(once.losses.loss(), twice.losses.loss());
        prop_assert_eq!(once.losses.loss_follows_loss(), twice.losses.loss_follows_loss());
    }

    #[test]
    fn no_report_takes_the_shares_out_of_their_bounds_or_makes_the_memory_grow(
        steps in prop::collection::vec((any::<u64>(), prop::option::of(any::<u64>()), 0..4_000_u64, 0..300_u64), 1..200),
    ) {
        let mut losses = VoiceLosses::new();
        let mut now = Timestamp::from_millis(1_000);
        let mut number = 0;
        for (told, received, sent, millis) in steps {
            for _ in 0..sent {
                number += 1;
                losses.on_sent(now, number);
            }
            losses.on_sent(now, told % 3);
            now += Duration::from_millis(millis);
            let received = received.map(Timestamp::from_micros);
            for number in [told, told % (number + 1)] {
                losses.on_feedback(now, &[PacketReport { number, received }]);
            }
            prop_assert!((0.0..=1.0).contains(&losses.loss()) && (0.0..=1.0).contains(&losses.loss_follows_loss()));
            prop_assert!(losses.undecided.len() <= MAX_UNDECIDED);
        }
    }
}

#[test]
fn a_path_that_becomes_bad_is_known_in_seconds_and_one_that_becomes_good_is_not_trusted_at_once() {
    let mut path = Path::new(20);
    path.run(30, || true);
    assert_eq!(path.losses.loss(), 0.0);
    let mut count = 0;
    let mut every_fifth = || {
        count += 1;
        count % 5 != 0
    };
    path.run(2, &mut every_fifth);
    assert!(path.losses.loss() > 0.08, "{}", path.losses.loss());
    path.run(30, &mut every_fifth);
    assert!((0.17..0.21).contains(&path.losses.loss()), "{}", path.losses.loss());
    path.run(5, || true);
    assert!(path.losses.loss() > 0.1, "{}", path.losses.loss());
    path.run(60, || true);
    assert!(path.losses.loss() < 0.01, "{}", path.losses.loss());
}

#[test]
fn an_outage_of_five_seconds_is_half_a_second_of_loss() {
    let mut path = Path::new(20);
    path.run(30, || true);
    path.run(5, || false);
    path.run(1, || true);
    let loss = path.losses.loss();
    assert!(loss < 0.2, "{loss}");
    path.run(10, || true);
    assert!(path.losses.loss() < 0.04, "{}", path.losses.loss());
}

#[test]
fn what_no_report_told_of_is_neither_lost_nor_waited_for() {
    let mut path = Path::new(20);
    path.run(10, || true);
    // Two seconds of reports are lost, and with them what became of half the packets.
    let silent = path.arrived.len() as u64 * 3;
    for index in 0..100 {
        path.losses.on_sent(path.now, silent + index * 3);
        path.arrived.push(true);
        path.now += path.packet;
    }
    path.told_up_to = path.arrived.len() + 10;
    path.run(10, || true);
    assert_eq!(path.losses.loss(), 0.0);
    assert!(path.losses.undecided.len() < 20, "{}", path.losses.undecided.len());
}

#[test]
fn what_is_skipped_is_no_loss() {
    let mut losses = VoiceLosses::new();
    let at = |number: u64| Timestamp::from_millis(1_000 + number * 20);
    (0..50).for_each(|number| losses.on_sent(at(number), number));
    losses.skip();
    (50..100).for_each(|number| losses.on_sent(at(number), number));
    let report = |number| PacketReport { number, received: (number >= 50).then(|| at(number)) };
    losses.on_feedback(at(110), &(0..100).map(report).collect::<Vec<_>>());
    losses.on_feedback(at(120), &[]);
    assert_eq!(losses.loss(), 0.0);
}
