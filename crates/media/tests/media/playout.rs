//! The receiver's promises for every trace of packets.

use std::collections::HashSet;

use media::voice::{Decoder, FRAME, OpusDecoder, Receiver, RedundantBlock, VoicePacket};
use proptest::prelude::*;
use units::Timestamp;

use crate::voice_link::{Ledger, Made, SPOKEN, payload};

fn packet(index: u64, start: (u16, u32), length: u8) -> VoicePacket {
    let timestamp = (index * u64::from(length) * 120) as u32;
    VoicePacket {
        sequence: start.0.wrapping_add(index as u16),
        timestamp: start.1.wrapping_add(timestamp),
        payload: payload(timestamp, length, 0, 0, false),
        redundant: Vec::new(),
    }
}

#[test]
fn before_the_first_packet_and_in_a_long_pause_there_is_silence_and_then_the_voice_again() {
    for clock_runs_on in [true, false] {
        let mut receiver = Receiver::with_decoder(Ledger::default());
        let mut out = [1.0; FRAME];
        receiver.pull(Timestamp::ZERO, &mut out);
        assert_eq!(out, [0.0; FRAME]);
        assert_eq!((receiver.playout_delay(), receiver.next_timestamp()), (None, None));
        let mut index = 0;
        let mut silent_since_return = 0;
        for tick in 0..6_000_u64 {
            let now = Timestamp::from_millis(tick * 10);
            let paused = (1_000..5_000).contains(&tick);
            if tick % 2 == 0 {
                if !paused {
                    receiver.push(now, packet(index, (0, 0), 8));
                }
                index += u64::from(!paused || clock_runs_on);
            }
            receiver.pull(now, &mut out);
            if (1_200..5_000).contains(&tick) {
                assert_eq!(out, [0.0; FRAME], "at {tick}");
            }
            silent_since_return += u64::from(tick >= 5_000 && out.iter().all(|&s| s < SPOKEN / 2.0));
        }
        assert!(silent_since_return <= 10, "silent for {silent_since_return}0 ms, clock {clock_runs_on}");
    }
}

/// One packet of a trace: its length, what it brings of earlier ones, and what the link does to it.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// In 2.5 ms.
    length: u8,
    red: Option<u8>,
    /// In 2.5 ms, as what follows.
    in_band: u8,
    reach: u8,
    late_ms: u64,
    lost: bool,
    twice: bool,
}

fn step(most_late: u64, losses: u32) -> impl Strategy<Value = Step> {
    let length = prop::sample::select(vec![8_u8, 8, 16, 24]);
    let help = (
        prop::option::weighted(0.3, 1_u8..4),
        prop::sample::select(vec![0_u8, 0, 8, 24]),
        prop::sample::select(vec![0_u8, 0, 0, 40]),
    );
    let link = (0..=most_late, prop::bool::weighted(f64::from(losses) / 100.0), prop::bool::weighted(0.1));
    (length, help, link).prop_map(|(length, (red, in_band, reach), (late_ms, lost, twice))| Step {
        length,
        red,
        in_band,
        reach,
        late_ms,
        lost,
        twice,
    })
}

/// A trace whose packets change their length only now and then, as a sender's do.
fn trace(most_late: u64, losses: u32, packets: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(most_late, losses), packets).prop_map(|mut steps| {
        for index in 0..steps.len() {
            if index % 40 != 0 {
                steps[index].length = steps[index - 1].length;
            }
        }
        steps
    })
}

struct Heard {
    receiver: Receiver<Ledger>,
    made: Vec<Made>,
    /// Everything that was pushed: first samples by sequence number.
    pushed: HashSet<u32>,
    delays: Vec<f32>,
    /// Concealed samples after each 10 ms.
    concealed: Vec<u64>,
}

/// Runs a trace; every 10 ms are looked at. `drift` is in parts per million.
fn run(steps: &[Step], start: (u16, u32), base_ms: u64, drift: i64) -> Heard {
    let ledger = Ledger::default();
    let mut receiver = Receiver::with_decoder(ledger.clone());
    let mut arrivals: Vec<(u64, u32, VoicePacket)> = Vec::new();
    let (mut spoken, mut starts) = (0_u32, Vec::new());
    for (index, step) in steps.iter().enumerate() {
        let first = spoken;
        spoken += u32::from(step.length) * 120;
        starts.push((first, step.length));
        let copied = step.red.and_then(|back| starts.iter().rev().nth(usize::from(back)).copied());
        let redundant = copied.filter(|(before, _)| first - before <= 16_383).map(|(before, length)| RedundantBlock {
            offset: (first - before) as u16,
            payload: payload(before, length, 0, 0, true),
        });
        let sent_us = i64::from(spoken) * 1_000 / 48;
        let sent_us = (sent_us + sent_us * drift / 1_000_000) as u64;
        let packet = VoicePacket {
            sequence: start.0.wrapping_add(index as u16),
            timestamp: start.1.wrapping_add(first),
            payload: payload(first, step.length, step.in_band, step.reach, false),
            redundant: redundant.into_iter().collect(),
        };
        let at = sent_us + (base_ms + step.late_ms) * 1_000;
        if !step.lost {
            arrivals.push((at, first, packet.clone()));
            if step.twice {
                arrivals.push((at + 7_000, first, packet));
            }
        }
    }
    arrivals.sort_by_key(|&(at, ..)| at);
    let end = arrivals.last().map_or(0, |&(at, ..)| at) / 10_000 + 160;
    let mut arrivals = arrivals.into_iter().peekable();
    let mut pushed = HashSet::new();
    let (mut delays, mut concealed) = (Vec::new(), Vec::new());
    for tick in 0..end {
        let now = Timestamp::from_millis(tick * 10);
        while let Some((at, first, packet)) = arrivals.next_if(|&(at, ..)| at <= tick * 10_000) {
            let before = receiver.stats();
            receiver.push(Timestamp::from_micros(at), packet);
            let after = receiver.stats();
            if (before.late_packets, before.repeated_packets, before.refused_packets)
                == (after.late_packets, after.repeated_packets, after.refused_packets)
            {
                pushed.insert(first);
            }
        }
        let mut out = [f32::NAN; FRAME];
        receiver.pull(now, &mut out);
        assert!(out.iter().all(|sample| (0.0..=SPOKEN + 1e-3).contains(sample)), "{out:?}");
        delays.push(receiver.stats().playout_delay_ms);
        concealed.push(receiver.stats().concealed_samples);
    }
    let made = ledger.0.borrow().clone();
    Heard { receiver, made, pushed, delays, concealed }
}

/// Where in the call each thing that was made ends. (Where it begins may have been made up or restored already.)
fn ends(made: &Made) -> i64 {
    match *made {
        Made::Decoded { start, samples, .. } => i64::from(start) + samples as i64,
        Made::Recovered { next, .. } => i64::from(next),
        Made::Restored { next, offset, samples } => i64::from(next) - offset as i64 + samples as i64,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Any order, loss, duplicates, lengths, drift and redundancy: what comes out is a voice, in its order, bounded in its
    /// delay, and of all that came in time nothing is left out or heard twice.
    #[test]
    fn whatever_comes_is_heard_in_its_order_and_once(
        start in (any::<u16>(), any::<u32>()),
        steps in prop_oneof![trace(0, 10, 150), trace(40, 5, 150), trace(300, 10, 150), trace(300, 60, 150)],
        base in 0_u64..500,
        drift in -300_i64..300,
    ) {
        let heard = run(&steps, start, base, drift);
        let order: Vec<i64> = heard.made.iter().map(ends).collect();
        prop_assert!(order.is_sorted_by(|before, after| before < after), "{:?}", heard.made);
        prop_assert!(heard.delays.iter().all(|&delay| delay < 1_500.0));
        let decoded: Vec<u32> = heard.made.iter().filter_map(|made| match made {
            Made::Decoded { start, copy: false, .. } => Some(*start),
            _ => None,
        }).collect();
        let once: HashSet<u32> = decoded.iter().copied().collect();
        prop_assert_eq!(once.len(), decoded.len(), "heard twice");
        if heard.receiver.stats().skipped_samples == 0 {
            let missing: Vec<u32> = heard.pushed.difference(&once).copied().collect();
            prop_assert!(missing.is_empty(), "came in time and was not heard: {:?}", missing);
        }
    }

    /// Four seconds of bad weather, then good: soon nothing is made up any more and the delay is near the least.
    #[test]
    fn when_the_link_gets_well_the_voice_is_whole_and_soon_without_delay(
        bad in prop_oneof![trace(60, 10, 100), trace(900, 20, 100), trace(300, 60, 100)],
        good in trace(0, 0, 300),
        base in 0_u64..500,
    ) {
        let length = good[0].length;
        let calm = good.into_iter().map(|step| Step { length, late_ms: 0, lost: false, ..step });
        let worse: Vec<Step> = bad.into_iter().chain(calm).collect();
        let heard = run(&worse, (0, 0), base, 0);
        let well = worse[..100].iter().map(|step| u64::from(step.length) * 5 / 2).sum::<u64>() + base + 900;
        let end = worse.iter().map(|step| u64::from(step.length) * 5 / 2).sum::<u64>() + base;
        let at = |ms: u64| (ms / 10) as usize;
        prop_assert_eq!(heard.concealed[at(well + 1_000)], heard.concealed[at(end) - 1], "made up on a good link");
        if end > well + 12_500 {
            let delay = heard.delays[at(well + 12_000)];
            prop_assert!(delay < 45.0, "{} ms", delay);
        }
    }

    /// A sender that jumps about in its timestamps, or begins anew.
    #[test]
    fn jumps_of_the_senders_clock_are_survived(
        jumps in prop::collection::vec((any::<u32>(), 1_u64..60), 1..8),
        base in 0_u64..200,
    ) {
        let mut receiver = Receiver::with_decoder(Ledger::default());
        let (mut tick, mut sequence, mut out) = (0, 0_u16, [0.0; FRAME]);
        for (offset, packets) in jumps {
            for index in 0..packets {
                sequence = sequence.wrapping_add(1);
                let timestamp = offset.wrapping_add(index as u32 * 960);
                let payload = payload(0, 8, 0, 0, false);
                receiver.push(
                    Timestamp::from_millis(tick * 10 + base),
                    VoicePacket { sequence, timestamp, payload, redundant: Vec::new() },
                );
                for _ in 0..2 {
                    receiver.pull(Timestamp::from_millis(tick * 10 + base), &mut out);
                    prop_assert!(out.iter().all(|sample| (0.0..=SPOKEN + 1e-3).contains(sample)));
                    prop_assert!(receiver.stats().playout_delay_ms < 1_500.0, "{:?}", receiver.stats());
                    tick += 1;
                }
            }
        }
        // And then goes on evenly.
        let from = sequence;
        for index in 0..150_u64 {
            receiver.push(Timestamp::from_millis(tick * 10 + base), packet(index, (from.wrapping_add(1), 77), 8));
            for _ in 0..2 {
                receiver.pull(Timestamp::from_millis(tick * 10 + base), &mut out);
                tick += 1;
            }
        }
        prop_assert!(out.iter().all(|&sample| sample > SPOKEN - 1e-3), "{:?}", receiver.stats());
    }

    #[test]
    fn no_packet_makes_the_opus_receiver_panic(
        packets in prop::collection::vec(
            (any::<u16>(), any::<u32>(), prop::collection::vec(any::<u8>(), 0..60), 0_u64..80,
             prop::collection::vec((any::<u16>(), prop::collection::vec(any::<u8>(), 0..40)), 0..5)), 0..60),
        near in any::<bool>(),
    ) {
        let mut receiver = Receiver::<OpusDecoder>::new().expect("a receiver");
        let mut now = 0;
        for (index, (sequence, timestamp, payload, later, blocks)) in packets.into_iter().enumerate() {
            now += later;
            let timestamp = if near { timestamp % 96_000 } else { timestamp };
            let sequence = if near { index as u16 } else { sequence };
            let redundant = blocks.into_iter().map(|(offset, payload)| RedundantBlock { offset, payload }).collect();
            receiver.push(Timestamp::from_millis(now), VoicePacket { sequence, timestamp, payload, redundant });
            let mut out = [0.0; FRAME];
            receiver.pull(Timestamp::from_millis(now), &mut out);
            prop_assert!(out.iter().all(|sample| (-1.0..=1.0).contains(sample)));
            prop_assert!(receiver.stats().buffer_ms < 60_000.0);
        }
    }
}

#[test]
fn a_flood_of_packets_in_one_moment_is_survived() {
    let mut receiver = Receiver::<OpusDecoder>::new().expect("a receiver");
    let mut out = [0.0; FRAME];
    for index in 0..20_000_u32 {
        // One sample apart, each said to hold 120 ms and a copy of itself.
        let payload = vec![0x1b, 0x02, 0xff];
        let redundant = vec![RedundantBlock { offset: 1, payload: payload.clone() }];
        let packet = VoicePacket { sequence: index as u16, timestamp: index, payload, redundant };
        receiver.push(Timestamp::from_micros(u64::from(index)), packet);
        if index % 500 == 0 {
            receiver.pull(Timestamp::from_micros(u64::from(index)), &mut out);
            assert!(out.iter().all(|sample| (-1.0..=1.0).contains(sample)));
        }
    }
    let decoder = OpusDecoder::new().expect("a decoder");
    assert!(decoder.samples(&[0x1b, 0x02, 0xff]) > 0, "the flood was of packets");
}
