//! One call on a link that it has not for itself: what sends, what receives, and nothing of the link.

use std::time::Duration;

use call::{CameraFormat, LinkEstimate, MediaConfig, PicturePlan, Preferences, QualityPolicy};
use congestion::{
    Class, Estimate, Estimator, EstimatorConfig, Feedback, FeedbackRecorder, FrameQueue, Paced, Pacer, PacketReport,
    QueuedFrame, SentPacket, SequenceUnwrapper,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use units::{PictureSize, Timestamp};

/// Headers, SRTP and extensions of a media packet.
const OVERHEAD: usize = 64;
/// The other side's voice: 27 kbps.
const ANSWER_EVERY: Duration = Duration::from_millis(60);
pub(super) const ANSWER_BYTES: usize = 200;
/// What the receiver's clock is ahead.
const CLOCK_OFFSET: Duration = Duration::from_secs(86_400);
/// The policy is told of the estimate this often.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// A media packet on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrived {
    pub(super) bytes: usize,
    sequence: u16,
    sent: Timestamp,
    voice: bool,
}

/// Both ends of a call.
pub(super) struct Caller {
    estimator: Estimator,
    pacer: Pacer<bool>,
    policy: QualityPolicy,
    frames: FrameQueue<usize>,
    recorder: FeedbackRecorder,
    random: StdRng,
    next_number: u64,
    next_voice: Timestamp,
    next_frame: Timestamp,
    next_answer: Timestamp,
    told: Timestamp,
    key_wanted: bool,
    /// When each voice packet arrived, and how long it took.
    pub(super) voice: Vec<(Timestamp, Duration)>,
    pub(super) voice_sent: usize,
}

impl Caller {
    /// One that begins at `at`, on a path whose checks have measured `round_trip`.
    pub(super) fn new(at: Timestamp, round_trip: Duration, seed: u64) -> Self {
        let mut estimator = Estimator::new(EstimatorConfig::default());
        estimator.on_path(at, round_trip, None);
        let camera = CameraFormat { size: PictureSize::new(1_920, 1_080), fps: 30 };
        let media = MediaConfig { sends_voice: true, camera: Some(camera), receives_picture: true };
        Self {
            estimator,
            pacer: Pacer::new(EstimatorConfig::default().start),
            policy: QualityPolicy::new(media, Preferences::default()),
            frames: FrameQueue::new(),
            recorder: FeedbackRecorder::new(),
            random: StdRng::seed_from_u64(seed),
            next_number: 1,
            next_voice: at,
            next_frame: at,
            next_answer: at,
            told: Timestamp::ZERO,
            key_wanted: true,
            voice: Vec::new(),
            voice_sent: 0,
        }
    }

    pub(super) fn estimate(&self, now: Timestamp) -> Estimate {
        self.estimator.estimate(now)
    }

    /// Whether the other side says something now.
    pub(super) fn answers(&mut self, now: Timestamp) -> bool {
        let due = now >= self.next_answer;
        if due {
            self.next_answer = now + ANSWER_EVERY;
        }
        due
    }

    /// Makes what is due, and hands `out` what leaves.
    pub(super) fn send(&mut self, now: Timestamp, mut out: impl FnMut(usize, Arrived)) {
        self.estimator.handle_timeout(now);
        if let Some(probe) = self.estimator.poll_probe(now) {
            self.pacer.start_probe(now, probe);
        }
        self.pacer.set_rate(now, self.estimator.estimate(now).target);
        self.decide(now);
        self.speak(now);
        self.show(now);
        while let Some(bytes) = self.frames.next(now, self.pacer.backlog()) {
            let mut left = bytes;
            while left > 0 {
                let payload = left.min(1_100);
                left -= payload;
                self.pacer.push(now, Class::Picture, payload + OVERHEAD, false);
            }
        }
        self.key_wanted |= self.frames.take_dropped().reference_lost;
        while let Some(paced) = self.pacer.poll(now) {
            let (bytes, probe, voice) = match paced {
                Paced::Packet { bytes, probe, item, .. } => (bytes, probe, item),
                Paced::Padding { bytes, probe } => (bytes, Some(probe), false),
            };
            let number = self.next_number;
            self.next_number += 1;
            self.voice_sent += usize::from(voice);
            self.estimator.on_sent(SentPacket { number, at: now, bytes, probe });
            out(bytes, Arrived { bytes, sequence: number as u16, sent: now, voice });
        }
    }

    pub(super) fn on_arrival(&mut self, at: Timestamp, packet: Arrived) {
        self.recorder.on_packet(at, packet.sequence, packet.bytes);
        if packet.voice {
            self.voice.push((at, at.since(packet.sent)));
        }
    }

    /// The report that is due, and its size.
    pub(super) fn report(&mut self, now: Timestamp) -> Option<(usize, Feedback)> {
        let feedback = self.recorder.poll(now)?;
        let bytes = 68 + feedback.arrivals.len() / 4 + feedback.arrivals.iter().flatten().count();
        Some((bytes, feedback))
    }

    pub(super) fn on_feedback(&mut self, at: Timestamp, feedback: &Feedback) {
        let base = SequenceUnwrapper::near(self.next_number).unwrap(feedback.base);
        let told = feedback.arrivals.iter().zip(base..);
        let reports: Vec<PacketReport> = told
            .map(|(arrival, number)| PacketReport { number, received: arrival.map(|at| at + CLOCK_OFFSET) })
            .collect();
        self.estimator.on_feedback(at, &reports);
    }

    fn decide(&mut self, now: Timestamp) {
        if now.since(self.told) < TELL_EVERY {
            return;
        }
        self.told = now;
        let estimate = self.estimator.estimate(now);
        let link = LinkEstimate {
            target: estimate.target,
            loss: estimate.loss,
            voice_loss: 0.0,
            loss_follows_loss: 0.0,
            round_trip: estimate.round_trip,
            takes_red: true,
        };
        self.policy.on_estimate(now, link);
        self.estimator.set_wanted(self.policy.wanted());
    }

    fn speak(&mut self, now: Timestamp) {
        if now < self.next_voice {
            return;
        }
        let (voice, _) = self.policy.plans();
        let span = Duration::from_millis(voice.packet_ms.into());
        self.next_voice += span;
        self.pacer.push(now, Class::Voice, voice.rate.bytes_in(span) as usize + OVERHEAD, true);
    }

    fn show(&mut self, now: Timestamp) {
        if now < self.next_frame {
            return;
        }
        let (_, PicturePlan::On { fps, rate, .. }) = self.policy.plans() else {
            self.key_wanted = true;
            return;
        };
        self.next_frame = now + Duration::from_secs(1) / fps.max(1);
        let key = std::mem::take(&mut self.key_wanted);
        let scale = if key { 4.0 } else { self.random.random_range(0.7..1.3) };
        let bytes = (rate.as_bps() as f64 / 8.0 / f64::from(fps) * scale) as usize;
        let deadline = now + Duration::from_millis(200);
        self.frames.push(now, QueuedFrame { key, layer: 0, bytes, deadline, item: bytes });
    }
}
