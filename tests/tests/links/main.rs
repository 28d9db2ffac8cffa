//! How the estimate, the pacer and the feedback behave together on thin links, second by second, in virtual time.
//!
//! `TRAJECTORY=1 cargo test -p tests --test links NAME -- --nocapture` prints what a test looks at.

mod ear;
mod files;
mod frozen;
mod path;
mod picture;
mod shared;
mod slideshow;

use std::time::Duration;

use path::{Media, Path};
use testkit::link::{LinkConfig, Loss};
use units::{DataRate, Timestamp, VoiceRedundancy};

const SEEDS: std::ops::Range<u64> = 1..9;

#[test]
fn a_steady_megabit_is_used_and_its_queue_stays_short() {
    for seed in SEEDS {
        let path = Path::new(LinkConfig::of(1_000, 30, 300), Media::all(), seed).run(30);
        assert!(path.first(0.0, |at| at.target >= 700) <= 3.0, "seed {seed}: found too late");
        let used = path.mean(5.0, 30.0, |at| at.delivered);
        assert!((700..=1_000).contains(&used), "seed {seed}: {used} kbps");
        let queue = path.mean(5.0, 30.0, |at| at.queue_ms);
        assert!(queue <= 60, "seed {seed}: {queue} ms of queue");
        assert_eq!(path.voice_held, Duration::ZERO);
    }
}

#[test]
fn a_link_that_falls_to_a_seventh_is_followed_down_and_up_again() {
    for seed in SEEDS {
        let full = LinkConfig::of(1_000, 30, 300);
        let path = Path::new(full, Media::all(), seed).step(20, full.rate_kbps(150)).step(40, full).run(60);
        let drained = path.first(20.0, |at| at.queue_ms <= 60);
        assert!(drained <= 22.0, "seed {seed}: drained at {drained}");
        let thin = path.mean(24.0, 40.0, |at| at.delivered);
        assert!((85..=150).contains(&thin), "seed {seed}: {thin} kbps while thin");
        let back = path.first(40.0, |at| at.target >= 800);
        assert!(back <= 45.0, "seed {seed}: back at {back}");
        assert_eq!(path.voice_held, Duration::ZERO, "seed {seed}: the picture held the voice back");
        let gap = longest_silence(&path, 20.0, 45.0);
        assert!(gap <= Duration::from_millis(500), "seed {seed}: no voice for {gap:?}");
    }
}

#[test]
fn random_loss_of_one_in_twenty_does_not_slow_three_megabits_down() {
    for seed in SEEDS {
        let link = LinkConfig::of(3_000, 40, 300).loss(Loss::Random(0.05));
        let path = Path::new(link, Media::all(), seed).run(30);
        let used = path.mean(5.0, 30.0, |at| at.delivered);
        assert!(used >= 2_000, "seed {seed}: {used} kbps");
        assert!(path.mean(5.0, 30.0, |at| at.queue_ms) <= 80, "seed {seed}");
    }
}

#[test]
fn loss_in_bursts_on_a_fast_link_is_not_taken_for_congestion() {
    for seed in SEEDS {
        let loss = Loss::Bursts { mean: 0.10, length: 5.0 };
        let link = LinkConfig::of(10_000, 10, 150).jitter_ms(3).loss(loss);
        let path = Path::new(link, Media::all(), seed).run(40);
        let used = path.mean(10.0, 40.0, |at| at.target);
        assert!(used >= 2_000, "seed {seed}: {used} kbps");
    }
}

#[test]
fn rural_3g_carries_a_picture_without_a_standing_queue() {
    for seed in SEEDS {
        let link = LinkConfig::of(300, 75, 500).jitter_ms(8).loss(Loss::Random(0.02));
        let path = Path::new(link, Media::all(), seed).run(45);
        let used = path.mean(5.0, 45.0, |at| at.delivered);
        assert!(used >= 190, "seed {seed}: {used} kbps");
        let queue = path.mean(5.0, 45.0, |at| at.queue_ms);
        assert!(queue <= 90, "seed {seed}: {queue} ms of queue");
    }
}

#[test]
fn edge_finds_its_64_kbps_and_keeps_the_round_trip_short() {
    for seed in SEEDS {
        let path = Path::new(edge(), Media::all(), seed).run(60);
        let queue = path.mean(10.0, 60.0, |at| at.queue_ms);
        assert!(queue <= 200, "seed {seed}: {queue} ms of queue");
        let target = path.mean(10.0, 60.0, |at| at.target);
        assert!((30..=80).contains(&target), "seed {seed}: {target} kbps");
    }
}

#[test]
fn edge_carries_single_pictures_beside_a_voice_that_does_not_wait_for_them() {
    for seed in SEEDS {
        let path = Path::new(edge(), Media::all(), seed).run(90);
        let slides = path.slideshow.arrived(15.0, 90.0);
        let gaps: Vec<f64> = slides.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
        let late = gaps.iter().filter(|gap| **gap > 5.0).count();
        assert!(slides.len() >= 18 && late <= 1, "seed {seed}: {} slides, {gaps:.1?}", slides.len());
        let mean = slides.iter().map(|(_, bytes)| bytes).sum::<usize>() / slides.len();
        assert!(mean >= 3_000, "seed {seed}: {mean} bytes are too few for a face");
        let queue = path.mean(15.0, 90.0, |at| at.queue_ms);
        assert!(queue <= 100, "seed {seed}: {queue} ms of queue");
        let (early, _, late) = path.voice_delays(15.0, 90.0);
        assert!(late - early <= 90, "seed {seed}: {early} to {late} ms, and the jitter alone is 60");
        assert_eq!(path.voice_held, Duration::ZERO, "seed {seed}");
        let first = path.slideshow.arrived(0.0, 15.0).first().map_or(f64::INFINITY, |(at, _)| *at);
        // Something is known with the first report, after two round trips.
        assert!(first <= 0.8 + 5.0, "seed {seed}: the first after {first:.1} s");
    }
}

#[test]
fn a_voice_beside_single_pictures_is_heard_nearly_as_one_alone() {
    let said = ear::words();
    let edge = |media, seed| Path::new(edge(), media, seed).spoken(&said).run(50);
    // Which packets are lost differs between the two, so that one pair tells little.
    let mut more = 0.0;
    for seed in SEEDS {
        let [alone, beside] = [Media::voice(), Media::all()].map(|media| {
            let path = edge(media, seed);
            path.talk.expect("somebody speaks").tally(10.0, 49.0)
        });
        more += (beside.made_up - alone.made_up) / SEEDS.count() as f64;
        assert!(beside.playout_ms <= alone.playout_ms + 25.0, "seed {seed}: {beside:?} and {alone:?}");
        assert!(beside.bent <= 0.03, "seed {seed}: {beside:?}");
    }
    assert!(more <= 0.01, "{more} of the voice more is made up than of one alone");
}

#[test]
fn a_bloated_queue_is_not_filled() {
    for seed in SEEDS {
        let path = Path::new(LinkConfig::of(1_000, 20, 1_000), Media::all(), seed).run(45);
        let used = path.mean(5.0, 45.0, |at| at.delivered);
        assert!(used >= 700, "seed {seed}: {used} kbps");
        let mut queues: Vec<u64> = path.samples[50..].iter().map(|at| at.queue_ms).collect();
        queues.sort_unstable();
        let p95 = queues[queues.len() * 95 / 100];
        assert!(p95 <= 150, "seed {seed}: {p95} ms of queue");
    }
}

#[test]
fn an_outage_of_ten_seconds_is_noticed_and_got_over() {
    for seed in SEEDS {
        let link = LinkConfig::of(1_000, 40, 300);
        let path = Path::new(link, Media::all(), seed).step(20, link.cut()).step(30, link).run(45);
        assert!(path.most(23.0, 30.0, |at| at.target) <= 100, "seed {seed}: sends into the void");
        let back = path.first(30.0, |at| at.target >= 500);
        assert!(back <= 32.0, "seed {seed}: half back at {back}");
        let back = path.first(30.0, |at| at.target >= 700);
        assert!(back <= 35.0, "seed {seed}: back at {back}");
    }
}

#[test]
fn a_thin_link_that_was_gone_for_ten_seconds_carries_a_picture_again_soon_after() {
    for seed in SEEDS {
        let link = LinkConfig::of(300, 75, 500).jitter_ms(8).loss(Loss::Random(0.02));
        let path = Path::new(link, Media::all(), seed).step(20, link.cut()).step(30, link).run(45);
        let back = path.first(30.0, |at| at.target >= 150);
        assert!(back <= 32.5, "seed {seed}: half back at {back}");
    }
}

#[test]
fn who_sends_little_keeps_the_estimate_as_it_is() {
    for seed in SEEDS {
        let media = Media { up_to: Some(DataRate::from_kbps(250)), ..Media::all() };
        let path = Path::new(LinkConfig::of(2_000, 30, 300), media, seed).run(60);
        let most = path.most(5.0, 60.0, |at| at.target);
        assert!(most <= 2_000, "seed {seed}: inflated to {most} kbps");
        let least = path.least(5.0, 60.0, |at| at.target);
        assert!(least >= 250, "seed {seed}: decayed to {least} kbps");
        assert!(path.padding_bytes * 20 <= path.sent_bytes, "seed {seed}: {} bytes of padding", path.padding_bytes);
    }
}

#[test]
fn a_voice_alone_keeps_its_link_for_itself() {
    for seed in SEEDS {
        let media = Media::voice();
        let path = Path::new(LinkConfig::of(128, 50, 500).jitter_ms(5), media, seed).run(40);
        assert!(path.least(3.0, 40.0, |at| at.target) >= 45, "seed {seed}");
        assert!(path.mean(3.0, 40.0, |at| at.queue_ms) <= 20, "seed {seed}");
    }
}

#[test]
fn reports_take_a_twentieth_of_what_they_report_at_most() {
    for kbps in [150, 300, 1_000, 3_000] {
        let path = Path::new(LinkConfig::of(kbps, 40, 300), Media::all(), 1).run(30);
        let share = path.feedback_bytes as f64 / path.received_bytes as f64;
        assert!(share <= 0.055, "{kbps} kbps: {:.1} %", share * 100.0);
    }
}

#[test]
fn thirty_kilobits_with_a_fifth_lost_carry_a_voice_and_few_reports() {
    let mut with_copies = 0;
    for seed in SEEDS {
        let link = LinkConfig::of(30, 75, 1_000).jitter_ms(10).loss(Loss::Random(0.2));
        let path = Path::new(link, Media::all(), seed).run(60);
        let reports = DataRate::of_bytes(path.feedback_bytes, Duration::from_secs(60));
        assert!(reports <= DataRate::from_kbps(30) * 0.05, "seed {seed}: reports take {reports}");
        let (voice, picture) = path.plans();
        let takes = voice.wire_rate();
        // Less for a moment while a queue drains.
        assert!((DataRate::from_kbps(15)..DataRate::from_kbps(33)).contains(&takes), "seed {seed}: {voice:?}");
        with_copies += u32::from(matches!(voice.redundancy, VoiceRedundancy::Red { .. }));
        assert!(voice.packet_ms >= 40, "seed {seed}: {voice:?}");
        assert_eq!(picture.rate(), DataRate::ZERO, "seed {seed}");
        let (early, middle, _) = path.voice_delays(15.0, 60.0);
        assert!(middle - early <= 120, "seed {seed}: {early} to {middle} ms");
    }
    assert!(with_copies >= 6, "{with_copies} of 8 have copies at the end");
}

#[test]
fn a_voice_alone_on_edge_is_not_held_up_by_looking_for_more() {
    for seed in SEEDS {
        let path = Path::new(edge(), Media::voice(), seed).run(60);
        let (early, _, late) = path.voice_delays(5.0, 60.0);
        assert!(late - early <= 110, "seed {seed}: {early} to {late} ms, and the jitter alone is 80");
        let (_, _, first) = path.voice_delays(0.0, 5.0);
        assert!(first <= 450, "seed {seed}: {first} ms in the first seconds");
        assert!(path.padding_bytes * 25 <= path.sent_bytes, "seed {seed}: {} bytes of padding", path.padding_bytes);
    }
}

#[test]
fn the_voice_on_edge_is_not_held_up_by_a_picture_that_does_not_fit() {
    for seed in SEEDS {
        let path = Path::new(edge(), Media::all(), seed).run(60);
        let (early, _, late) = path.voice_delays(10.0, 60.0);
        // A packet of a single picture takes 45.
        assert!(late - early <= 125, "seed {seed}: {early} to {late} ms, and the jitter alone is 80");
        let (_, _, first) = path.voice_delays(0.0, 5.0);
        assert!(first <= 1_000, "seed {seed}: {first} ms in the first seconds");
        let (_, _, then) = path.voice_delays(2.0, 10.0);
        assert!(then <= 700, "seed {seed}: {then} ms after them");
    }
}

#[test]
fn a_long_way_is_no_reason_to_be_slow_for_long() {
    for seed in SEEDS {
        let link = LinkConfig::of(2_000, 300, 300).jitter_ms(3).loss(Loss::Random(0.01));
        let path = Path::new(link, Media::all(), seed).run(20);
        let found = path.first(0.0, |at| at.target >= 1_000);
        assert!(found <= 5.0, "seed {seed}: found at {found}");
    }
}

#[test]
fn a_camera_that_is_switched_on_finds_its_rate_at_once() {
    for seed in SEEDS {
        let path = Path::new(LinkConfig::of(2_000, 30, 300), Media::voice(), seed);
        let path = path.camera_from(20, Media::all()).run(30);
        assert!(path.most(5.0, 20.0, |at| at.target) <= 300, "seed {seed}: looks for what nobody can use");
        let found = path.first(20.0, |at| at.target >= 1_000);
        assert!(found <= 22.0, "seed {seed}: found at {found}");
    }
}

/// A thin mobile link: 64 kbps, 200 ms each way, one in twenty lost.
fn edge() -> LinkConfig {
    LinkConfig::of(64, 200, 1_000).jitter_ms(20).loss(Loss::Random(0.05))
}

fn longest_silence(path: &Path, from: f64, to: f64) -> Duration {
    let second = |at: f64| Timestamp::from_millis(1_000 + (at * 1e3) as u64);
    let arrivals: Vec<Timestamp> =
        path.voice.iter().map(|(at, _)| *at).filter(|at| (second(from)..second(to)).contains(at)).collect();
    arrivals.windows(2).map(|pair| pair[1].since(pair[0])).max().expect("voice")
}
