//! Who gets how much of a link that is shared: two calls of ours, or one beside downloads by TCP, in virtual time.
//!
//! `TRAJECTORY=1 cargo test -p tests --test links NAME -- --nocapture` prints what a test looks at.

use std::time::Duration;

use testkit::link::{Link, LinkConfig};
use units::Timestamp;

use super::SEEDS;
use caller::{Arrived, Caller};
use tcp::{Download, Segment};

mod caller;
mod tcp;

/// One step of the simulation.
const TICK: Duration = Duration::from_millis(1);
const START: Timestamp = Timestamp::from_millis(1_000);
/// An IP packet with nothing but an acknowledgement in it.
const ACK_BYTES: usize = 52;

/// What is on the shared link.
#[derive(Debug, Clone, Copy)]
enum Packet {
    Media(usize, Arrived),
    Tcp(usize, Segment),
}

/// What comes back over it.
#[derive(Debug)]
enum Answer {
    Report(usize, congestion::Feedback),
    /// The other side's voice.
    Voice,
    Ack(usize, tcp::Ack),
}

/// What went through in each tenth of a second.
#[derive(Debug, Clone, Default)]
struct Sample {
    queue_ms: u64,
    /// kbps of each call and then of each download.
    through: Vec<u64>,
    targets: Vec<u64>,
}

/// Everybody on one link. Each begins when it is said to, in seconds.
struct Shared {
    now: Timestamp,
    forward: Link<Packet>,
    back: Link<Answer>,
    calls: Vec<(u64, Caller)>,
    downloads: Vec<(u64, u64, Download)>,
    bytes: Vec<u64>,
    samples: Vec<Sample>,
    kbps: u64,
}

impl Shared {
    fn new(config: LinkConfig, seed: u64) -> Self {
        Self {
            now: START,
            forward: Link::new(config, seed),
            back: Link::new(config, seed + 1_000),
            calls: Vec::new(),
            downloads: Vec::new(),
            bytes: Vec::new(),
            samples: Vec::new(),
            kbps: config.rate.map_or(0, units::DataRate::as_kbps),
        }
    }

    /// From `secs` on both directions are like `config`.
    fn step(mut self, secs: u64, config: LinkConfig) -> Self {
        let at = START + Duration::from_secs(secs);
        self.forward = self.forward.step(at, config);
        self.back = self.back.step(at, config);
        self
    }

    /// A call that begins at this second. Its own frames and moments differ from another's by `seed`.
    fn call(mut self, from: u64, round_trip: Duration, seed: u64) -> Self {
        let at = START + Duration::from_millis(from * 1_000 + seed * 7 % 60);
        self.calls.push((from, Caller::new(at, round_trip, seed)));
        self
    }

    /// A download from this second to that.
    fn download(mut self, from: u64, to: u64) -> Self {
        self.downloads.push((from, to, Download::new()));
        self
    }

    /// Lets `secs` pass.
    fn run(mut self, secs: u64) -> Self {
        self.bytes = vec![0; self.calls.len() + self.downloads.len()];
        for tick in 1..=secs * 1_000 {
            self.now += TICK;
            self.tick();
            if tick % 100 == 0 {
                let through = self.bytes.iter_mut().map(|bytes| std::mem::take(bytes) * 8 / 100).collect();
                let targets = self.calls.iter().map(|(_, call)| call.estimate(self.now).target.as_kbps()).collect();
                let queue_ms = self.forward.queueing_delay(self.now).as_millis() as u64;
                self.samples.push(Sample { queue_ms, through, targets });
            }
        }
        if std::env::var_os("TRAJECTORY").is_some() {
            self.print();
        }
        self
    }

    fn tick(&mut self) {
        let now = self.now;
        while let Some((at, answer)) = self.back.poll(now) {
            match answer {
                Answer::Report(call, feedback) => self.calls[call].1.on_feedback(at, &feedback),
                Answer::Ack(flow, ack) => self.downloads[flow].2.on_ack(at, &ack),
                Answer::Voice => {}
            }
        }
        let second = |secs: u64| START + Duration::from_secs(secs);
        for (index, (from, call)) in self.calls.iter_mut().enumerate() {
            if now < second(*from) {
                continue;
            }
            if call.answers(now) {
                self.back.send(now, caller::ANSWER_BYTES, Answer::Voice);
            }
            call.send(now, |bytes, packet| self.forward.send(now, bytes, Packet::Media(index, packet)));
        }
        for (index, (from, to, download)) in self.downloads.iter_mut().enumerate() {
            if (second(*from)..second(*to)).contains(&now) {
                download.send(now, |segment| self.forward.send(now, tcp::BYTES, Packet::Tcp(index, segment)));
            }
        }
        while let Some((at, packet)) = self.forward.poll(now) {
            match packet {
                Packet::Media(call, packet) => {
                    self.bytes[call] += packet.bytes as u64;
                    self.calls[call].1.on_arrival(at, packet);
                }
                Packet::Tcp(flow, segment) => {
                    self.bytes[self.calls.len() + flow] += tcp::BYTES as u64;
                    let ack = self.downloads[flow].2.on_segment(segment);
                    self.back.send(now, ACK_BYTES, Answer::Ack(flow, ack));
                }
            }
        }
        for (index, (_, call)) in self.calls.iter_mut().enumerate() {
            if let Some((bytes, feedback)) = call.report(now) {
                self.back.send(now, bytes, Answer::Report(index, feedback));
            }
        }
    }

    fn between(&self, from: u64, to: u64) -> &[Sample] {
        &self.samples[from as usize * 10..to as usize * 10]
    }

    /// Which part of what went through was this one's, in hundredths.
    fn share(&self, whose: usize, from: u64, to: u64) -> u64 {
        let samples = self.between(from, to);
        let its: u64 = samples.iter().map(|at| at.through[whose]).sum();
        its * 100 / samples.iter().flat_map(|at| &at.through).sum::<u64>().max(1)
    }

    /// How much goes through in all, in kbps.
    fn used(&self, from: u64, to: u64) -> u64 {
        let samples = self.between(from, to);
        samples.iter().flat_map(|at| &at.through).sum::<u64>() / samples.len() as u64
    }

    /// What the link carries at first, in kbps.
    fn rate(&self) -> u64 {
        self.kbps
    }

    /// How long the queue was, in milliseconds: the `hundredth` of a hundred.
    fn queue(&self, from: u64, to: u64, hundredth: usize) -> u64 {
        let mut queues: Vec<u64> = self.between(from, to).iter().map(|at| at.queue_ms).collect();
        queues.sort_unstable();
        queues[(queues.len() - 1) * hundredth / 100]
    }

    #[allow(clippy::print_stderr, reason = "a picture of the trajectory for whoever asks with TRAJECTORY=1")]
    fn print(&self) {
        for (index, second) in self.samples.chunks(10).enumerate() {
            let last = &second[second.len() - 1];
            let through: Vec<u64> = (0..last.through.len())
                .map(|whose| second.iter().map(|at| at.through[whose]).sum::<u64>() / second.len() as u64)
                .collect();
            let least = second.iter().map(|at| at.queue_ms).min().unwrap_or(0);
            let losses: Vec<f32> = self.calls.iter().map(|(_, call)| call.estimate(self.now).loss).collect();
            eprintln!(
                "{:3} s queue {least:4}-{:4} through {through:?} targets {:?} {losses:?}",
                index + 1,
                last.queue_ms,
                last.targets
            );
        }
    }
}

/// An ordinary line, as `cargo xtask bench links` has it for these.
fn ordinary() -> LinkConfig {
    LinkConfig::of(1_500, 30, 300)
}

const ROUND_TRIP: Duration = Duration::from_millis(60);

/// What each seed comes to, and the one in the middle.
fn median(mut of: impl FnMut(u64) -> u64) -> u64 {
    let mut all: Vec<u64> = SEEDS.map(&mut of).collect();
    all.sort_unstable();
    all[all.len() / 2]
}

#[test]
fn two_calls_that_begin_together_halve_the_link() {
    let share = median(|seed| {
        let calls = Shared::new(ordinary(), seed).call(0, ROUND_TRIP, seed).call(0, ROUND_TRIP, seed + 50).run(60);
        assert!((40..=60).contains(&calls.share(0, 10, 60)), "seed {seed}: {} %", calls.share(0, 10, 60));
        assert!(calls.used(10, 60) >= 1_100, "seed {seed}: {} kbps in all", calls.used(10, 60));
        assert!(calls.queue(10, 60, 95) <= 90, "seed {seed}: {} ms of queue", calls.queue(10, 60, 95));
        calls.share(0, 10, 60)
    });
    assert!((45..=55).contains(&share), "{share} %");
}

#[test]
fn a_call_that_comes_later_gets_its_share_of_a_link_that_is_taken() {
    let share = median(|seed| {
        let calls = Shared::new(ordinary(), seed).call(0, ROUND_TRIP, seed).call(15, ROUND_TRIP, seed + 50).run(60);
        let share = calls.share(1, 25, 60);
        assert!((33..=60).contains(&share), "seed {seed}: {share} %");
        assert!(calls.queue(15, 60, 95) <= 90, "seed {seed}: {} ms of queue", calls.queue(15, 60, 95));
        share
    });
    assert!((40..=60).contains(&share), "{share} %");
}

#[test]
fn a_call_beside_a_download_keeps_a_fair_share_and_gives_the_queue_back_when_it_ends() {
    for (link, least, most) in [
        (ordinary(), 35, 65),
        // A queue too short to be told from our own bursts, a bloated one, a faster link.
        (LinkConfig::of(1_500, 30, 100), 20, 65),
        (LinkConfig::of(1_500, 30, 1_000), 20, 65),
        (LinkConfig::of(5_000, 30, 200), 20, 65),
    ] {
        for seed in SEEDS {
            let shared = Shared::new(link, seed).call(0, ROUND_TRIP, seed).download(7, 50).run(70);
            let share = shared.share(0, 17, 50);
            assert!((least..=most).contains(&share), "{link:?}, seed {seed}: {share} %");
            assert!(shared.used(17, 50) >= shared.rate() * 9 / 10, "{link:?}, seed {seed}: the link stays empty");
            let queue = shared.queue(53, 70, 95);
            assert!(queue <= 90, "{link:?}, seed {seed}: {queue} ms of queue after it");
            let after = shared.used(53, 70);
            assert!(after >= shared.rate() * 6 / 10, "{link:?}, seed {seed}: {after} kbps after it");
        }
    }
}

#[test]
fn what_is_lost_beside_a_download_is_little_and_the_voice_waits_no_longer_than_its_queue() {
    for seed in SEEDS {
        let shared = Shared::new(ordinary(), seed).call(0, ROUND_TRIP, seed).download(7, 50).run(50);
        let call = &shared.calls[0].1;
        let lost = 100.0 - call.voice.len() as f64 * 100.0 / call.voice_sent as f64;
        assert!(lost <= 3.0, "seed {seed}: {lost:.1} % of the voice lost");
        let longest = call.voice.iter().map(|(_, took)| *took).max().expect("voice");
        // The queue of 300 ms, 30 ms of way, a packet of the other's.
        assert!(longest <= Duration::from_millis(340), "seed {seed}: {longest:?}");
    }
}

#[test]
fn two_downloads_do_not_starve_a_call() {
    for seed in SEEDS {
        let shared = Shared::new(ordinary(), seed).call(0, ROUND_TRIP, seed).download(7, 60).download(9, 60).run(60);
        let share = shared.share(0, 17, 60);
        assert!((20..=50).contains(&share), "seed {seed}: {share} %");
    }
}

#[test]
fn a_call_that_begins_beside_a_download_is_not_starved_though_it_never_saw_the_queue_empty() {
    let share = median(|seed| {
        let shared = Shared::new(ordinary(), seed).call(15, ROUND_TRIP * 4, seed).download(0, 60).run(60);
        let share = shared.share(0, 25, 60);
        assert!(share >= 15, "seed {seed}: {share} %");
        share
    });
    assert!(share >= 20, "{share} %");
}

#[test]
fn two_calls_that_a_download_has_left_do_not_take_each_other_for_it() {
    for seed in SEEDS {
        let calls = Shared::new(ordinary(), seed).call(0, ROUND_TRIP, seed).call(0, ROUND_TRIP, seed + 50);
        let shared = calls.download(7, 50).run(90);
        let both = shared.share(0, 17, 50) + shared.share(1, 17, 50);
        assert!((40..=80).contains(&both), "seed {seed}: {both} %");
        let queue = shared.queue(66, 90, 95);
        assert!(queue <= 90, "seed {seed}: {queue} ms of queue after it");
    }
}

#[test]
fn a_path_that_becomes_longer_is_not_taken_for_a_download() {
    for seed in SEEDS {
        let longer = LinkConfig { delay: Duration::from_millis(150), ..ordinary() };
        let shared = Shared::new(ordinary(), seed).step(20, longer).call(0, ROUND_TRIP, seed).run(60);
        let queue = shared.queue(21, 60, 95);
        assert!(queue <= 60, "seed {seed}: {queue} ms of queue");
        assert!(shared.used(30, 60) >= 1_000, "seed {seed}: {} kbps", shared.used(30, 60));
    }
}

#[test]
fn a_link_that_becomes_thin_beside_a_download_is_not_overrun() {
    let share = median(|seed| {
        let thin = ordinary().rate_kbps(400);
        let shared = Shared::new(ordinary(), seed).step(20, thin).call(0, ROUND_TRIP, seed).download(5, 40).run(60);
        let queue = shared.queue(46, 60, 95);
        assert!(queue <= 100, "seed {seed}: {queue} ms of queue after it");
        let share = shared.share(0, 25, 40);
        assert!((20..=90).contains(&share), "seed {seed}: {share} %");
        share
    });
    assert!(share <= 75, "{share} %");
}

#[test]
fn the_download_of_these_tests_fills_a_link_alone_and_shares_it_with_another() {
    for seed in SEEDS {
        let alone = Shared::new(ordinary(), seed).download(0, 30).run(30);
        assert!(alone.used(3, 30) >= 1_480, "seed {seed}: {} kbps", alone.used(3, 30));
        assert!((150..=300).contains(&alone.queue(3, 30, 50)), "seed {seed}: {} ms", alone.queue(3, 30, 50));
        let two = Shared::new(ordinary(), seed).download(0, 90).download(5, 90).run(90);
        assert!((35..=65).contains(&two.share(0, 20, 90)), "seed {seed}: {} %", two.share(0, 20, 90));
    }
}

#[test]
fn a_rate_that_changes_every_few_seconds_is_not_taken_for_a_download() {
    // A mobile link's, and a bloated one's.
    for (link, every) in [(LinkConfig::of(1_500, 40, 500).jitter_ms(5), 3), (LinkConfig::of(1_500, 20, 1_000), 5)] {
        for seed in SEEDS {
            let mut shared = Shared::new(link, seed).call(0, link.delay * 2, seed);
            for at in (every..60).step_by(every as usize) {
                // 350 to 1500 kbps, in no order.
                shared = shared.step(at, link.rate_kbps(350 + (at * 7 + seed) * 389 % 1_150));
            }
            let shared = shared.run(60);
            let (half, most) = (shared.queue(5, 60, 50), shared.queue(5, 60, 95));
            assert!(half <= 30 && most <= 250, "{link:?}, seed {seed}: {half} and {most} ms of queue");
        }
    }
}
