//! What a test asks of a path that was run.

use std::time::Duration;

use call::{PicturePlan, VoicePlan};
use units::Timestamp;

use super::{Path, Sample};

impl Path {
    /// The mean of what `measure` says of the samples from `from` to `to` (seconds).
    pub(crate) fn mean(&self, from: f64, to: f64, measure: impl Fn(&Sample) -> u64) -> u64 {
        let samples = self.between(from, to);
        samples.iter().map(&measure).sum::<u64>() / samples.len() as u64
    }

    /// The largest of what `measure` says of the samples from `from` to `to` (seconds).
    pub(crate) fn most(&self, from: f64, to: f64, measure: impl Fn(&Sample) -> u64) -> u64 {
        self.between(from, to).iter().map(measure).max().expect("samples")
    }

    /// The smallest.
    pub(crate) fn least(&self, from: f64, to: f64, measure: impl Fn(&Sample) -> u64) -> u64 {
        self.between(from, to).iter().map(measure).min().expect("samples")
    }

    /// The second from which on `holds` holds for a whole second, looked for from `from` on.
    pub(crate) fn first(&self, from: f64, holds: impl Fn(&Sample) -> bool) -> f64 {
        let start = (from * 10.0) as usize;
        let lasting = self.samples[start..].windows(10).position(|second| second.iter().all(&holds));
        lasting.map_or(f64::INFINITY, |index| (start + index) as f64 / 10.0)
    }

    /// What the encoders do at the end.
    pub(crate) fn plans(&self) -> (VoicePlan, PicturePlan) {
        self.policy.plans()
    }

    /// One-way delays of the voice that arrived from `from` to `to` (seconds): the 5th, 50th and 95th of a hundred, in
    /// milliseconds.
    pub(crate) fn voice_delays(&self, from: f64, to: f64) -> (u64, u64, u64) {
        let second = |at: f64| Timestamp::from_millis(1_000 + (at * 1e3) as u64);
        let within = |(at, _): &&(Timestamp, Duration)| (second(from)..second(to)).contains(at);
        let mut delays: Vec<u64> =
            self.voice.iter().filter(within).map(|(_, delay)| delay.as_millis() as u64).collect();
        delays.sort_unstable();
        let part = |hundredth: usize| delays[(delays.len() - 1) * hundredth / 100];
        (part(5), part(50), part(95))
    }

    fn between(&self, from: f64, to: f64) -> &[Sample] {
        &self.samples[(from * 10.0) as usize..(to * 10.0) as usize]
    }

    #[allow(clippy::print_stderr, reason = "a picture of the trajectory for whoever asks with TRAJECTORY=1")]
    pub(super) fn print(&self) {
        for (index, second) in self.samples.chunks(5).enumerate() {
            let Sample { target, queue_ms, loss, rows, picture, repairs, .. } = second[second.len() - 1];
            let files = second.iter().map(|sample| sample.files).sum::<u64>() / second.len() as u64;
            let delivered = second.iter().map(|sample| sample.delivered).sum::<u64>() / second.len() as u64;
            eprintln!(
                "{:5.1}s target {target:5} delivered {delivered:5} queue {queue_ms:4} loss {loss:.2} rows {rows:4} picture {picture:5} repairs {repairs:4} files {files:5}",
                index as f64 / 2.0 + 0.5
            );
        }
        let (p5, p50, p95) = self.voice_delays(10.0, self.samples.len() as f64 / 10.0);
        eprintln!("voice after 10 s: {p5} {p50} {p95} ms, {:?}", self.policy.plans());
        eprintln!("voice before: {:?} {:?}", self.voice_delays(0.0, 5.0), self.voice_delays(5.0, 10.0));
        eprintln!(
            "feedback {} of {} bytes, padding {} of {}",
            self.feedback_bytes, self.received_bytes, self.padding_bytes, self.sent_bytes
        );
    }
}
