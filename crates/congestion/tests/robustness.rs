//! What comes from the network may be anything: no report may upset the estimate or the program.

use std::time::Duration;

use congestion::{
    Estimator, EstimatorConfig, FeedbackRecorder, NackGenerator, PacketReport, SentPacket, SequenceUnwrapper,
};
use proptest::prelude::*;
use units::Timestamp;

fn report() -> impl Strategy<Value = PacketReport> {
    let number = prop_oneof![0..400u64, any::<u64>()];
    let received = prop_oneof![Just(None), (0..5_000_000u64).prop_map(Some), any::<u64>().prop_map(Some)];
    (number, received)
        .prop_map(|(number, received)| PacketReport { number, received: received.map(Timestamp::from_micros) })
}

proptest! {
    #[test]
    fn no_report_takes_the_target_out_of_its_bounds(
        reports in prop::collection::vec((prop::collection::vec(report(), 0..40), 0..600u64), 1..40),
    ) {
        let config = EstimatorConfig::default();
        let mut estimator = Estimator::new(config);
        let mut now = Timestamp::from_millis(1_000);
        let mut number = 0;
        for (reports, millis) in reports {
            for _ in 0..10 {
                estimator.on_sent(SentPacket { number, at: now, bytes: 1_000, probe: Some(1) });
                number += 1;
                now += Duration::from_millis(millis / 10);
            }
            estimator.on_feedback(now, &reports);
            estimator.handle_timeout(now);
            let _ = estimator.poll_probe(now);
            let estimate = estimator.estimate(now);
            prop_assert!(estimate.target >= config.min * 0.5 && estimate.target <= config.max);
            prop_assert!((0.0..=1.0).contains(&estimate.loss));
        }
    }

    #[test]
    fn a_lost_report_loses_nothing_and_every_arrival_is_told(
        lost in prop::collection::vec(any::<bool>(), 400),
        first in any::<u16>(),
        dropped in 0..20u64,
    ) {
        let mut recorder = FeedbackRecorder::new();
        let mut unwrapper = SequenceUnwrapper::near(100_000);
        let mut told = std::collections::BTreeSet::new();
        let mut arrived = std::collections::BTreeSet::new();
        let mut reports = 0;
        for (index, lost) in lost.iter().enumerate() {
            let now = Timestamp::from_millis(1_000 + 10 * index as u64);
            let sequence = first.wrapping_add(index as u16);
            let number = unwrapper.unwrap(sequence);
            if !lost {
                recorder.on_packet(now, sequence, 1_000);
                arrived.insert(number);
            }
            if let Some(feedback) = recorder.poll(now) {
                reports += 1;
                if reports != dropped {
                    let base = unwrapper.peek(feedback.base);
                    let here = (base..).zip(&feedback.arrivals).filter(|(_, at)| at.is_some()).map(|(number, _)| number);
                    told.extend(here);
                }
            }
        }
        // The last may wait for the next report (and the one before for its repetition).
        let until = unwrapper.peek(first.wrapping_add(330));
        prop_assert_eq!(arrived.range(..until).collect::<Vec<_>>(), told.range(..until).collect::<Vec<_>>());
    }

    #[test]
    fn no_sequence_of_packets_makes_a_storm_of_requests(packets in prop::collection::vec((any::<u16>(), any::<bool>()), 1..300)) {
        let mut nack = NackGenerator::new();
        for (index, (sequence, recovered)) in packets.into_iter().enumerate() {
            let now = Timestamp::from_millis(1_000 + 5 * index as u64);
            nack.on_packet(now, sequence, recovered);
            prop_assert!(nack.poll(now).len() <= 64);
            prop_assert!(nack.missing() <= 250);
        }
    }
}
