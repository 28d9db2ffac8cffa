//! The receiver's promises for every trace of packets, with a codec that makes them visible.

use media::voice::{Decoder, FRAME, OpusDecoder, Receiver, VoiceError, VoicePacket};
use proptest::prelude::*;
use units::Timestamp;

/// A codec whose packets hold as many samples as their first byte says in units of 2.5 ms, all of one level.
struct Plain;

const SPOKEN: f32 = 0.5;
const MADE_UP: f32 = 0.25;

impl Decoder for Plain {
    fn decode(&mut self, payload: &[u8], out: &mut Vec<f32>) -> Result<usize, VoiceError> {
        let samples = self.samples(payload);
        out.resize(out.len() + samples, SPOKEN);
        Ok(samples)
    }

    fn recover(&mut self, _: &[u8], samples: usize, out: &mut Vec<f32>) -> Result<usize, VoiceError> {
        out.resize(out.len() + samples, SPOKEN);
        Ok(samples)
    }

    fn has_copy(&self, next: &[u8]) -> bool {
        next.get(1) == Some(&1)
    }

    fn reach(&mut self, _: &[u8]) -> usize {
        0
    }

    fn restore(&mut self, _: &[u8], _: usize, samples: usize, out: &mut Vec<f32>) -> Result<usize, VoiceError> {
        out.resize(out.len() + samples, SPOKEN);
        Ok(samples)
    }

    fn conceal(&mut self, samples: usize, out: &mut Vec<f32>) -> Result<usize, VoiceError> {
        out.resize(out.len() + samples, MADE_UP);
        Ok(samples)
    }

    fn samples(&self, payload: &[u8]) -> usize {
        payload.first().map_or(0, |&units| usize::from(units) * 120)
    }
}

fn packet(index: u64, start: (u16, u32), length: u8, copy: bool) -> VoicePacket {
    VoicePacket {
        sequence: start.0.wrapping_add(index as u16),
        timestamp: start.1.wrapping_add((index * u64::from(length) * 120) as u32),
        payload: vec![length, u8::from(copy)],
        redundant: Vec::new(),
    }
}

#[test]
fn before_the_first_packet_and_in_a_long_pause_there_is_silence_and_then_the_voice_again() {
    for clock_runs_on in [true, false] {
        let mut receiver = Receiver::with_decoder(Plain);
        let mut out = [1.0; FRAME];
        receiver.pull(Timestamp::ZERO, &mut out);
        assert_eq!(out, [0.0; FRAME]);
        let mut index = 0;
        let mut silent_since_return = 0;
        for tick in 0..6_000_u64 {
            let now = Timestamp::from_millis(tick * 10);
            let paused = (1_000..5_000).contains(&tick);
            if tick % 2 == 0 {
                if !paused {
                    receiver.push(now, packet(index, (0, 0), 8, false));
                }
                index += u64::from(!paused || clock_runs_on);
            }
            receiver.pull(now, &mut out);
            if (1_200..5_000).contains(&tick) {
                assert_eq!(out, [0.0; FRAME], "at {tick}");
            }
            silent_since_return += u64::from(tick >= 5_000 && out.iter().all(|&s| s < MADE_UP));
        }
        assert!(silent_since_return <= 10, "silent for {silent_since_return}0 ms, clock {clock_runs_on}");
    }
}

#[test]
fn a_sender_whose_clock_drifts_is_followed() {
    for drift_ppm in [-300_i64, 300] {
        let mut receiver = Receiver::with_decoder(Plain);
        let mut out = [0.0; FRAME];
        let mut sent = 0_u64;
        for tick in 0..30_000_u64 {
            let now_us = tick * 10_000;
            let theirs = (now_us as i64 + now_us as i64 * drift_ppm / 1_000_000) as u64;
            while sent * 20_000 <= theirs {
                receiver.push(Timestamp::from_micros(now_us), packet(sent, (9, 9), 8, false));
                sent += 1;
            }
            receiver.pull(Timestamp::from_micros(now_us), &mut out);
        }
        let stats = receiver.stats();
        assert!(stats.buffer_ms < 150.0, "{drift_ppm} ppm: {stats:?}");
        assert!(stats.concealed_samples < 9_600, "{drift_ppm} ppm: {stats:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Four seconds of bad weather and six of good: no panic, no bad sample, a bounded delay, and the voice is there.
    #[test]
    fn whatever_the_link_did_the_voice_is_there_when_packets_flow_again(
        start in (any::<u16>(), any::<u32>()),
        length in prop::sample::select(vec![4_u8, 8, 16, 24]),
        copies in any::<bool>(),
        delays in prop::collection::vec((0_u64..900, 0_u8..10, 0_u8..10), 100),
        base in 0_u64..500,
    ) {
        let mut receiver = Receiver::with_decoder(Plain);
        let interval = u64::from(length) * 5 / 2;
        let mut arrivals = Vec::new();
        for index in 0..10_000 / interval {
            let spoken = index * interval;
            let (extra, lost, twice) = delays[(index % 100) as usize];
            let calm = spoken >= 4_000;
            if calm || lost > 1 {
                arrivals.push((spoken + base + if calm { 0 } else { extra }, index));
            }
            if !calm && twice > 7 {
                arrivals.push((spoken + base + extra / 2, index));
            }
        }
        arrivals.sort_unstable();
        let mut arrivals = arrivals.into_iter().peekable();
        let mut spoken_samples = 0;
        for tick in 0..1_000 + base / 10 {
            let now = tick * 10;
            while let Some((at, index)) = arrivals.next_if(|&(at, _)| at <= now) {
                receiver.push(Timestamp::from_millis(at), packet(index, start, length, copies));
            }
            let mut out = [f32::NAN; FRAME];
            receiver.pull(Timestamp::from_millis(now), &mut out);
            prop_assert!(out.iter().all(|sample| (0.0..=SPOKEN + 1e-3).contains(sample)));
            prop_assert!(receiver.stats().buffer_ms < 2_000.0, "{:?}", receiver.stats());
            if now >= base + 6_000 && now < base + 9_900 {
                spoken_samples += out.iter().filter(|&&sample| sample > SPOKEN - 1e-3).count();
            }
        }
        prop_assert!(spoken_samples > 185_000, "of 187,200 samples {} were heard: {:?}", spoken_samples, receiver.stats());
    }

    #[test]
    fn no_packet_makes_the_opus_receiver_panic(
        packets in prop::collection::vec((any::<u16>(), any::<u32>(), prop::collection::vec(any::<u8>(), 0..60), 0_u64..80), 0..60),
        near in any::<bool>(),
    ) {
        let mut receiver = Receiver::<OpusDecoder>::new().expect("a receiver");
        let mut now = 0;
        for (sequence, timestamp, payload, later) in packets {
            now += later;
            let timestamp = if near { timestamp % 96_000 } else { timestamp };
            receiver.push(Timestamp::from_millis(now), VoicePacket { sequence, timestamp, payload, redundant: Vec::new() });
            let mut out = [0.0; FRAME];
            receiver.pull(Timestamp::from_millis(now), &mut out);
            prop_assert!(out.iter().all(|sample| sample.is_finite()));
        }
    }
}
