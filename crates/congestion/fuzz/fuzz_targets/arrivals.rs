#![no_main]
//! A receiver whom packets with any number reach: its reports stay short, and so does what it asks for again.

use std::time::Duration;

use congestion::{FeedbackRecorder, NackGenerator, SequenceUnwrapper};
use libfuzzer_sys::fuzz_target;
use units::Timestamp;

// Each four bytes are a packet: its number, how much later it comes, its size.
fuzz_target!(|bytes: &[u8]| {
    let (mut recorder, mut nack) = (FeedbackRecorder::new(), NackGenerator::new());
    let mut unwrapper = SequenceUnwrapper::near(100_000);
    let mut now = Timestamp::from_millis(1_000);
    for packet in bytes.chunks_exact(4).take(4_000) {
        let sequence = u16::from_be_bytes([packet[0], packet[1]]);
        now += Duration::from_millis(u64::from(packet[2]));
        recorder.on_packet(now, sequence, usize::from(packet[3]) * 6);
        nack.on_packet(now, sequence, packet[3] & 1 == 1);
        if let Some(feedback) = recorder.poll(now) {
            assert!(feedback.arrivals.len() <= 2_048);
            assert!(feedback.arrivals.iter().flatten().all(|at| *at <= now));
            let _ = unwrapper.unwrap(feedback.base);
        }
        assert!(recorder.interval() <= Duration::from_millis(500));
        assert!(nack.poll(now).len() <= 64);
        assert!(nack.missing() <= 250);
    }
});
