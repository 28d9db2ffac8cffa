#![no_main]
//! A sender that keeps on sending, and reports that say whatever the bytes say.

use std::time::Duration;

use congestion::{Estimator, EstimatorConfig, PacketReport, SentPacket};
use libfuzzer_sys::fuzz_target;
use units::{DataRate, Timestamp};

/// What the receiver's clock is ahead.
const OFFSET: u64 = 86_400_000_000;

// Each four bytes are a step: what happens, and three numbers for it.
fuzz_target!(|bytes: &[u8]| {
    let config = EstimatorConfig::default();
    let mut estimator = Estimator::new(config);
    let (mut now, mut number, mut told) = (Timestamp::from_millis(1_000), 0, 0);
    let mut sent: Vec<Timestamp> = Vec::new();
    let mut probe = None;
    for step in bytes.chunks_exact(4).take(4_000) {
        let [what, a, b, c] = [step[0], step[1], step[2], step[3]];
        match what % 8 {
            // Packets leave, so far apart.
            0 | 1 => {
                for _ in 0..=a % 32 {
                    now += Duration::from_micros(u64::from(b) * 100);
                    let bytes = 40 + usize::from(c) * 5;
                    estimator.on_sent(SentPacket { number, at: now, bytes, probe });
                    sent.push(now);
                    number += 1;
                }
            }
            // They arrive after a delay, some of them late or never.
            2 | 3 => {
                let mut reports = Vec::new();
                while told < number && reports.len() < 64 {
                    let index = reports.len() as u64;
                    let delay = u64::from(a) * 2_000 + u64::from(b) * 100 * index;
                    let received = (c == 0 || index % u64::from(c) != 0)
                        .then(|| Timestamp::from_micros(OFFSET + sent[told as usize].as_micros() + delay));
                    reports.push(PacketReport { number: told, received });
                    told += 1;
                }
                now += Duration::from_millis(20);
                estimator.on_feedback(now, &reports);
            }
            // A report out of thin air.
            4 => {
                let received = Some(Timestamp::from_micros(u64::MAX >> (a % 64)));
                let far = u64::MAX >> (b % 64);
                let reports = [number.wrapping_sub(u64::from(c)), far, u64::from(c)];
                estimator.on_feedback(now, &reports.map(|number| PacketReport { number, received }));
            }
            5 => now += Duration::from_millis(u64::from(a) * u64::from(b)),
            6 => estimator.set_wanted(DataRate::from_kbps(u64::from(a) * u64::from(b))),
            _ => estimator.on_round_trip(Duration::from_millis(u64::from(a) * u64::from(b))),
        }
        estimator.handle_timeout(now);
        probe = estimator.poll_probe(now).map(|probe| probe.cluster).or(probe.filter(|_| c > 7));
        let estimate = estimator.estimate(now);
        assert!((config.min..=config.max).contains(&estimate.target), "{estimate:?}");
        assert!((0.0..=1.0).contains(&estimate.loss), "{estimate:?}");
        let _ = estimator.poll_timeout(now);
    }
});
