//! The voice codec on both sides of a link.

use media::voice::{Encoder, FRAME, Receiver, ReceiverStats, VoicePacket, VoiceSettings};
use units::{DataRate, Timestamp, VoiceRedundancy};

use crate::signals::{Random, babble, likeness};

/// What the link does to the packet spoken at `ms`: how long it takes, or that it is lost.
type Weather<'a> = &'a mut dyn FnMut(u64) -> Option<u64>;

/// Sends `spoken` through; hears ten milliseconds at a time, and what the receiver says after each.
fn call(spoken: &[f32], settings: VoiceSettings, weather: Weather<'_>) -> (Vec<f32>, Vec<ReceiverStats>) {
    let mut encoder = Encoder::new(settings).expect("an encoder");
    let mut receiver = Receiver::new().expect("a receiver");
    let mut under_way: Vec<(u64, VoicePacket)> = Vec::new();
    let mut sequence = 65_500_u16;
    let (mut heard, mut stats) = (Vec::new(), Vec::new());
    for (index, frame) in spoken.chunks_exact(FRAME).enumerate() {
        let now = index as u64 * 10;
        if let Some(voice) = encoder.push(frame.try_into().expect("480 samples")) {
            sequence = sequence.wrapping_add(1);
            if let Some(delay) = weather(now) {
                let timestamp = voice.timestamp.wrapping_add(u32::MAX - 96_000);
                under_way.push((
                    now + delay,
                    VoicePacket { sequence, timestamp, payload: voice.payload, redundant: voice.redundant },
                ));
            }
        }
        under_way.sort_by_key(|&(at, _)| at);
        let arrived = under_way.partition_point(|&(at, _)| at <= now);
        for (at, packet) in under_way.drain(..arrived) {
            receiver.push(Timestamp::from_millis(at), packet);
        }
        let mut out = [0.0; FRAME];
        receiver.pull(Timestamp::from_millis(now), &mut out);
        heard.extend_from_slice(&out);
        stats.push(receiver.stats());
    }
    (heard, stats)
}

#[test]
fn a_voice_comes_through_a_clean_link_whole_and_soon() {
    let spoken = babble(8);
    let (heard, stats) = call(&spoken, VoiceSettings::default(), &mut |_| Some(30));
    let last = stats.last().expect("stats");
    assert_eq!((last.concealed_samples, last.stretched_samples, last.shrunk_samples), (0, 0, 0));
    let (alike, lag) = likeness(&spoken[48_000..7 * 48_000], &heard[48_000..], 9_600);
    assert!(alike > 0.93, "correlation {alike}");
    assert!(lag < 4_800, "{} ms from mouth to ear, 30 of them the link", lag / 48);
}

#[test]
fn light_jitter_makes_no_gap() {
    let spoken = babble(20);
    let mut random = Random(3);
    let (heard, stats) = call(&spoken, VoiceSettings::default(), &mut |_| Some(30 + (random.share() * 12.0) as u64));
    let last = stats.last().expect("stats");
    assert!(last.concealed_samples <= 960, "{last:?}");
    assert!(last.stretched_samples + last.shrunk_samples < 2_000, "{last:?}");
    assert!(last.target_ms <= 40.0, "{last:?}");
    assert!(likeness(&spoken[10 * 48_000..11 * 48_000], &heard[10 * 48_000..], 9_600).0 > 0.9);
}

#[test]
fn most_of_what_is_lost_comes_back_from_the_copies() {
    let spoken = babble(20);
    let settings = VoiceSettings {
        rate: DataRate::from_kbps(32),
        packet_ms: 20,
        redundancy: VoiceRedundancy::InBand,
        expected_loss: 0.1,
    };
    let weather = |seed: u64| {
        let mut random = Random(seed);
        move |_| (random.share() > 0.1).then_some(30)
    };
    let (_, with) = call(&spoken, settings, &mut weather(5));
    let (_, without) = call(&spoken, VoiceSettings { redundancy: VoiceRedundancy::None, ..settings }, &mut weather(5));
    let (with, without) = (with.last().expect("stats"), without.last().expect("stats"));
    assert!(without.concealed_samples > 60_000 && without.recovered_samples() == 0, "{without:?}");
    assert!(with.recovered_samples() > 40_000, "{with:?}");
    assert!(with.concealed_samples < without.concealed_samples / 2, "{with:?} {without:?}");
}

#[test]
fn the_delay_rises_with_a_worsening_link_and_comes_down_when_it_heals() {
    let spoken = babble(60);
    // For 20 s, every two seconds a standstill, each longer than the last; what was sent meanwhile comes in a burst.
    let mut weather = |now: u64| {
        let standstill = if now < 20_000 { 60 + now / 2_000 * 40 } else { 0 };
        Some(30 + standstill.saturating_sub(now % 2_000))
    };
    let (heard, stats) = call(&spoken, VoiceSettings::default(), &mut weather);
    let highest = stats[..2_200].iter().map(|s| s.target_ms).fold(0.0, f32::max);
    assert!(highest >= 250.0, "the target only rose to {highest} ms");
    let last = stats.last().expect("stats");
    assert_eq!(last.target_ms, 15.0);
    assert!(last.buffer_ms <= 80.0, "{last:?}");
    assert!(last.skipped_samples == 0 && last.late_packets == 0, "{last:?}");
    assert!(last.shrunk_samples > 10_000, "{last:?}");
    // The last ten seconds are as if nothing had happened.
    let (alike, _) = likeness(&spoken[50 * 48_000..52 * 48_000], &heard[50 * 48_000..], 9_600);
    assert!(alike > 0.9, "correlation {alike}");
}

#[test]
fn after_an_outage_the_talk_goes_on_now_and_not_seconds_late() {
    let spoken = babble(16);
    // Three seconds kept back and then delivered at once.
    let mut weather = |now: u64| Some(if (5_000..8_000).contains(&now) { 8_030 - now } else { 30 });
    let (heard, stats) = call(&spoken, VoiceSettings::default(), &mut weather);
    assert!(stats[850].buffer_ms < 900.0, "{:?}", stats[850]);
    assert!(stats[1_500].buffer_ms < 150.0, "{:?}", stats[1_500]);
    let loud = heard[810 * FRAME..1_000 * FRAME].iter().map(|s| s * s).sum::<f32>();
    assert!(loud > 1.0, "silent after the outage");
    assert!(likeness(&spoken[14 * 48_000..15 * 48_000], &heard[14 * 48_000..], 9_600).0 > 0.85);
}

#[test]
fn packets_have_the_length_and_the_rate_that_was_set_and_lose_no_sample() {
    let spoken = babble(30);
    let mut encoder = Encoder::new(VoiceSettings::default()).expect("an encoder");
    let mut expected = 0_u32;
    for (part, (packet_ms, kbps)) in
        [(20, 40), (60, 24), (40, 24), (20, 16), (60, 48), (20, 32)].into_iter().enumerate()
    {
        let rate = DataRate::from_kbps(kbps);
        let redundancy = if kbps == 24 { VoiceRedundancy::InBand } else { VoiceRedundancy::None };
        encoder.set(VoiceSettings { rate, packet_ms, redundancy, expected_loss: 0.1 });
        let (mut bytes, mut samples) = (0, 0);
        for frame in spoken[part * 5 * 48_000..][..5 * 48_000].chunks_exact(FRAME) {
            if let Some(voice) = encoder.push(frame.try_into().expect("480 samples")) {
                assert_eq!(voice.timestamp, expected);
                assert_eq!(voice.samples, u32::from(packet_ms) * 48);
                expected += voice.samples;
                samples += voice.samples as u64;
                bytes += voice.payload.len() as u64;
            }
        }
        let reached = bytes as f64 * 8.0 * 48.0 / samples as f64;
        assert!(reached < kbps as f64 * 1.15 && reached > kbps as f64 * 0.4, "{reached:.1} instead of {kbps} kbps");
    }
    assert_eq!(expected, 30 * 48_000);
}

#[test]
fn impossible_settings_are_brought_into_range() {
    let mut encoder = Encoder::new(VoiceSettings {
        rate: DataRate::ZERO,
        packet_ms: 0,
        redundancy: VoiceRedundancy::InBand,
        expected_loss: f32::NAN,
    })
    .expect("an encoder");
    encoder.set(VoiceSettings {
        rate: DataRate::from_kbps(9_999),
        packet_ms: 255,
        redundancy: VoiceRedundancy::None,
        expected_loss: -3.0,
    });
    let packets = (0..12).filter_map(|_| encoder.push(&[0.1; FRAME])).count();
    assert_eq!(packets, 1, "of 120 ms");
}
