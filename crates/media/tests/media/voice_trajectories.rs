//! How the far end follows a link, second by second, in figures.

use std::time::Duration;

use crate::signals::Random;
use crate::voice_link::{Call, PLAIN, Sending, jitter};

const RED: Sending = Sending { packet_ms: 60, in_band: false, red: 1, outline_ms: 0 };

/// A bottleneck with a queue: how long a packet of `bits` takes that comes to it at a moment.
struct Bottleneck {
    free_us: u64,
}

impl Bottleneck {
    fn takes(&mut self, at: u64, bits: u64, bits_per_second: u64) -> u64 {
        self.free_us = self.free_us.max(at) + bits * 1_000_000 / bits_per_second;
        30_000 + self.free_us - at
    }
}

#[test]
fn on_a_clean_link_nothing_is_made_up_stretched_or_shrunk_and_the_delay_is_the_least() {
    for packet_ms in [20, 40, 60, 80, 120] {
        for offset_us in [0, 3_300, 9_900] {
            let mut call = Call::new(Sending { packet_ms, ..RED });
            call.go_on(60.0, |_| Some(30_000 + offset_us));
            let last = call.now();
            assert_eq!((last.concealed_samples, last.stretched_samples, last.shrunk_samples), (0, 0, 0), "{packet_ms}");
            assert_eq!((last.recovered_samples(), last.late_packets, last.skipped_samples), (0, 0, 0), "{packet_ms}");
            assert!(call.mean_delay(50) <= 25.0, "{packet_ms} ms: {} ms", call.mean_delay(50));
        }
    }
}

#[test]
fn after_a_rate_step_the_delay_is_back_within_three_seconds_of_the_queue_being_gone() {
    let mut call = Call::new(PLAIN);
    let mut queue = Bottleneck { free_us: 0 };
    // 800 bits each 20 ms, over 1 Mbps, then 30 kbps for a second and a half, then 60 kbps until the queue is gone.
    let rate = |at: u64| match at {
        10_000_000..11_500_000 => 30_000,
        11_500_000..16_000_000 => 60_000,
        _ => 1_000_000,
    };
    call.go_on(12.0, |at| Some(queue.takes(at, 800, rate(at))));
    let made_up = call.made_up_ms(2);
    assert!(made_up <= 100, "{made_up} ms made up while the queue filled to 500 ms");
    call.go_on(1.5, |at| Some(queue.takes(at, 800, rate(at))));
    let drained = call.stats.len();
    call.go_on(9.0, |at| Some(queue.takes(at, 800, rate(at))));
    let back = call.stats[drained..].iter().position(|stats| stats.playout_delay_ms < 60.0);
    assert!(back.is_some_and(|ticks| ticks < 300), "the delay is back after {back:?} times 10 ms");
    assert!(call.mean_delay(2) < 40.0, "{}", call.mean_delay(2));
    assert_eq!(call.made_up_ms(10), 0);
    assert_eq!(call.now().skipped_samples, 0, "{:?}", call.now());
}

#[test]
fn spikes_that_repeat_themselves_are_covered_and_forgotten_when_they_stop() {
    let mut call = Call::new(PLAIN);
    let spikes = |at: u64| Some(30_000 + 160_000_u64.saturating_sub(at % 4_000_000));
    call.go_on(10.0, spikes);
    call.go_on(20.0, spikes);
    assert_eq!(call.made_up_ms(20), 0);
    assert!(call.mean_delay(20) < 185.0, "{}", call.mean_delay(20));
    call.go_on(14.0, |_| Some(30_000));
    assert!(call.mean_delay(2) < 40.0, "{}", call.mean_delay(2));
}

#[test]
fn one_spike_is_survived_and_soon_forgotten() {
    let mut call = Call::new(PLAIN);
    call.go_on(20.0, |at| Some(30_000 + if at > 10_000_000 { 310_000_u64.saturating_sub(at - 10_000_000) } else { 0 }));
    let spike = call.stats[1_000..1_040].iter().map(|stats| stats.playout_delay_ms).fold(0.0, f32::max);
    assert!(spike > 250.0, "{spike}");
    let after = call.stats[1_400].playout_delay_ms;
    assert!(after < 60.0, "{after} ms three and a half seconds after the spike");
    assert!(call.made_up_ms(11) <= 300, "{}", call.made_up_ms(11));
}

#[test]
fn jitter_costs_little_delay_and_few_gaps() {
    let mut random = Random(11);
    let mut call = Call::new(PLAIN);
    call.go_on(120.0, |_| Some(jitter(&mut random, 15.0)));
    assert!(call.mean_delay(110) < 70.0, "{}", call.mean_delay(110));
    let made_up = call.made_up_ms(110);
    assert!(made_up < 3_300, "{made_up} of 110,000 ms");
}

#[test]
fn a_queue_that_comes_and_goes_by_little_is_ridden_over_and_not_followed() {
    let mut random = Random(17);
    for (period, queued) in [(2_000_000, 40_000), (3_500_000, 40_000), (5_000_000, 30_000)] {
        let mut call = Call::new(PLAIN);
        // A sender that feels for the link's rate: a queue grows for most of the period, and is let go.
        let queue = |at: u64| ((at % period) * queued * 4 / period / 3).min(queued * 2) % (queued + 1);
        call.go_on(120.0, |at| Some(30_000 + queue(at) + (random.share() * 8_000.0) as u64));
        let scaled = (call.now().stretched_samples + call.now().shrunk_samples) / 48;
        let (delay, made_up) = (call.mean_delay(60), call.made_up_ms(60));
        assert!(scaled < 200, "{period}: {scaled} ms of 120 s stretched or shrunk");
        assert!(delay < 85.0, "{period}: {delay}");
        assert!(made_up < 100, "{period}: {made_up}");
    }
}

#[test]
fn with_jitter_and_loss_copies_are_waited_for_and_nearly_all_is_heard() {
    let mut random = Random(12);
    let mut call = Call::new(RED);
    call.go_on(130.0, |_| {
        let delay = jitter(&mut random, 15.0);
        (random.share() > 0.1).then_some(delay)
    });
    assert!(call.mean_delay(120) <= 90.0, "{}", call.mean_delay(120));
    let made_up = call.made_up_ms(120);
    // A tenth of 120,000 ms is lost, a tenth of that twice.
    assert!(made_up < 3_600, "{made_up} ms");
    assert!(call.now().red_samples > 120 * 48_000 * 7 / 100, "{:?}", call.now());
    // A short wait stands for the beginning of what came at last, instead of making the delay longer and then shorter.
    assert!(call.now().shrunk_samples < 130 * 48 * 3, "{:?}", call.now());
}

#[test]
fn copies_are_no_reason_to_wait_before_anything_is_lost_nor_long_after() {
    let mut random = Random(13);
    let mut call = Call::new(RED);
    call.go_on(20.0, |_| Some(30_000));
    assert!(call.mean_delay(15) < 30.0, "{}", call.mean_delay(15));
    call.go_on(20.0, |_| (random.share() > 0.1).then_some(30_000));
    let lossy = call.mean_delay(10);
    assert!((60.0..90.0).contains(&lossy), "{lossy}");
    call.go_on(12.0, |_| Some(30_000));
    assert!(call.mean_delay(1) < 40.0, "{}", call.mean_delay(1));
}

#[test]
fn nobody_waits_for_copies_that_are_not_sent() {
    let mut random = Random(14);
    let mut call = Call::new(Sending { packet_ms: 60, ..PLAIN });
    call.go_on(30.0, |_| (random.share() > 0.1).then_some(30_000));
    assert!(call.mean_delay(25) < 40.0, "{}", call.mean_delay(25));
}

#[test]
fn a_copy_in_the_packet_after_the_next_is_waited_for() {
    let mut random = Random(15);
    let mut call = Call::new(Sending { packet_ms: 40, red: 2, ..RED });
    call.go_on(60.0, |_| (random.share() > 0.08).then_some(30_000));
    assert!(call.now().red_samples > 60 * 48_000 * 6 / 100, "{:?}", call.now());
    assert!(call.mean_delay(50) < 115.0, "{}", call.mean_delay(50));
}

#[test]
fn a_copy_that_is_about_to_come_is_heard_whole_where_the_delay_shall_grow_anyway() {
    let mut call = Call::new(Sending { packet_ms: 40, red: 2, ..RED });
    call.receiver.set_least_delay(Duration::from_millis(75));
    let link = |at: u64| Some(if at / 40_000 % 5 == 4 { 70_000 } else { 30_000 });
    call.go_on(10.0, link);
    // The next packet is there when the lost one is needed, and its copy comes about 20 ms later.
    assert!((65.0..80.0).contains(&call.mean_delay(2)), "{}", call.mean_delay(2));
    call.receiver.set_least_delay(Duration::from_millis(80));
    call.go_on(1.0, |at| if at / 40_000 % 25 == 1 { None } else { link(at) });
    call.go_on(1.0, link);
    let last = call.now();
    assert!((1..=20 * 48).contains(&last.concealed_samples) && last.red_samples >= 40 * 48, "{last:?}");
}

#[test]
fn an_outline_restores_a_burst() {
    let mut call = Call::new(Sending { outline_ms: 100, ..PLAIN });
    // Every two seconds four packets in a row.
    call.go_on(60.0, |at| (at % 2_000_000 >= 80_000).then_some(30_000));
    let made_up = call.made_up_ms(40);
    assert!(made_up <= 40, "{made_up} of 1,600 ms lost");
    assert!(call.now().dred_samples > 50 * 48_000 * 4 / 100 * 9 / 10, "{:?}", call.now());
    assert!(call.mean_delay(40) < 110.0, "{}", call.mean_delay(40));
}

#[test]
fn in_half_an_hour_no_drift_of_clocks_adds_up() {
    for drift_ppm in [-120.0, 120.0] {
        let mut random = Random(16);
        let mut call = Call::new(PLAIN);
        call.drift_ppm = drift_ppm;
        call.go_on(1_800.0, |_| Some(30_000 + (random.share() * 5_000.0) as u64));
        let worst = call.stats.iter().map(|stats| stats.playout_delay_ms).fold(0.0, f32::max);
        assert!(worst < 60.0, "{drift_ppm} ppm: {worst} ms");
        assert!(call.made_up_ms(1_799) <= 60, "{drift_ppm} ppm: {:?}", call.now());
        let scaled = call.now().stretched_samples + call.now().shrunk_samples;
        // 216 ms have to be won or lost.
        assert!(scaled < 48 * 500, "{drift_ppm} ppm: {:?}", call.now());
    }
}

#[test]
fn a_loudspeaker_that_asks_for_much_at_once_is_served_without_gaps() {
    for at_once in [2, 3, 5] {
        let mut call = Call::new(PLAIN);
        call.at_once = at_once;
        call.go_on(60.0, |_| Some(30_000));
        let made_up = call.now().concealed_samples / 48;
        assert!(made_up <= 10 * at_once, "{at_once} at once: {made_up} ms made up");
        assert_eq!(call.made_up_ms(58), 0, "{at_once} at once");
        let delay = call.mean_delay(50);
        assert!(delay <= 25.0 + 10.0 * at_once as f32, "{at_once} at once: {delay} ms");
    }
}

#[test]
fn longer_packets_are_followed_up_and_shorter_ones_down() {
    let mut call = Call::new(PLAIN);
    for (packet_ms, seconds) in [(20, 10.0), (60, 10.0), (20, 10.0), (40, 10.0), (120, 10.0), (20, 10.0)] {
        call.sending.packet_ms = packet_ms;
        call.go_on(seconds, |_| Some(30_000));
        assert!(call.mean_delay(4) < 40.0, "{packet_ms}: {}", call.mean_delay(4));
    }
    let made_up = call.now().concealed_samples / 48;
    assert!(made_up <= 40 + 20 + 80 + 30, "{made_up} ms made up for three steps up");
    assert_eq!(call.now().skipped_samples, 0);
}

#[test]
fn lips_are_waited_for_as_far_as_is_allowed_and_no_farther() {
    let mut call = Call::new(PLAIN);
    call.go_on(5.0, |_| Some(30_000));
    let least = call.mean_delay(2);
    call.receiver.set_least_delay(Duration::from_millis(40));
    call.go_on(8.0, |_| Some(30_000));
    assert!((30.0..60.0).contains(&call.mean_delay(2)), "{}", call.mean_delay(2));
    call.receiver.set_least_delay(Duration::MAX);
    call.go_on(8.0, |_| Some(30_000));
    assert!((least + 25.0..least + 65.0).contains(&call.mean_delay(2)), "{}", call.mean_delay(2));
    let said = call.receiver.playout_delay().expect("a voice").as_secs_f32() * 1e3;
    assert!((said - call.now().playout_delay_ms).abs() < 0.1);
    call.receiver.set_least_delay(Duration::ZERO);
    call.go_on(8.0, |_| Some(30_000));
    assert!(call.mean_delay(2) < least + 21.0, "{}", call.mean_delay(2));
    assert_eq!(call.made_up_ms(28), 0, "stretched, not made up");
}

#[test]
fn the_next_timestamp_is_that_of_the_sample_heard_next() {
    let mut call = Call::new(PLAIN);
    assert_eq!(call.receiver.next_timestamp(), None);
    call.go_on(10.0, |_| Some(30_000));
    let heard = call.receiver.next_timestamp().expect("a voice").wrapping_sub(u32::MAX - 500_000);
    // What was spoken 10 s ago less the link, the packet and the delay.
    let delay = (10_000.0 - f64::from(heard) / 48.0) - 30.0 - 20.0;
    assert!((delay - f64::from(call.now().playout_delay_ms)).abs() < 10.1, "{delay} {:?}", call.now());
}
