//! A sender and a receiver over two links, in virtual time.

use std::time::Duration;

use call::{CameraFormat, LinkEstimate, MediaConfig, PicturePlan, Preferences, QualityPolicy};
use congestion::{
    Class, Estimator, EstimatorConfig, Feedback, FeedbackRecorder, FrameQueue, Paced, Pacer, PacketReport, QueuedFrame,
    SentPacket, SequenceUnwrapper, VoiceLosses,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use testkit::link::{Link, LinkConfig};
use units::{DataRate, PictureSize, Timestamp};

/// One step of the simulation.
const TICK: Duration = Duration::from_millis(1);
/// Headers, SRTP and extensions of a media packet.
const OVERHEAD: usize = 64;

/// The other side's voice: 27 kbps.
const ANSWER_EVERY: Duration = Duration::from_millis(60);
const ANSWER_BYTES: usize = 200;

/// What the receiver's clock is ahead.
const CLOCK_OFFSET: Duration = Duration::from_secs(86_400);

/// The policy is told of the estimate this often.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// What the application has to send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Media {
    pub(crate) camera: Option<CameraFormat>,
    /// Voice and picture never take more.
    pub(crate) up_to: Option<DataRate>,
}

impl Media {
    /// Voice, and as much picture as there is room for.
    pub(crate) fn all() -> Self {
        Self { camera: Some(CameraFormat { size: PictureSize::new(1_920, 1_080), fps: 30 }), up_to: None }
    }

    /// No camera.
    pub(crate) fn voice() -> Self {
        Self { camera: None, up_to: None }
    }

    fn policy(self) -> QualityPolicy {
        let preferences = Preferences { max_rate: self.up_to, ..Preferences::default() };
        let media = MediaConfig { sends_voice: true, camera: self.camera, receives_picture: true };
        QualityPolicy::new(media, preferences)
    }
}

/// What was measured in each tenth of a second.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sample {
    pub(crate) target: u64,
    pub(crate) delivered: u64,
    pub(crate) queue_ms: u64,
    pub(crate) loss: f32,
}

#[derive(Debug, Clone, Copy)]
struct Flying {
    sequence: u16,
    bytes: usize,
    sent: Timestamp,
    voice: bool,
}

/// The whole path.
pub(crate) struct Path {
    now: Timestamp,
    forward: Link<Flying>,
    /// Reports, and between them the other side's voice.
    back: Link<Option<Feedback>>,
    next_answer: Timestamp,
    policy: QualityPolicy,
    /// Another policy that takes over, and when: there is a camera from then on.
    next_policy: Option<(Timestamp, QualityPolicy)>,
    losses: VoiceLosses,
    told: Timestamp,
    random: StdRng,
    estimator: Estimator,
    pacer: Pacer<(bool, Timestamp)>,
    frames: FrameQueue<usize>,
    next_number: u64,
    next_voice: Timestamp,
    next_frame: Timestamp,
    key_wanted: bool,
    recorder: FeedbackRecorder,
    delivered: u64,
    pub(crate) samples: Vec<Sample>,
    pub(crate) feedback_bytes: u64,
    pub(crate) received_bytes: u64,
    pub(crate) padding_bytes: u64,
    pub(crate) sent_bytes: u64,
    /// The longest that a voice packet waited in the pacer.
    pub(crate) voice_held: Duration,
    /// When each voice packet arrived, and how long it took.
    pub(crate) voice: Vec<(Timestamp, Duration)>,
}

impl Path {
    /// Both directions are like `config`.
    pub(crate) fn new(config: LinkConfig, media: Media, seed: u64) -> Self {
        let mut estimator = Estimator::new(EstimatorConfig::default());
        // As the checks of the path have measured it.
        estimator.on_round_trip(Timestamp::from_millis(1_000), config.delay * 2);
        Self {
            now: Timestamp::from_millis(1_000),
            forward: Link::new(config, seed),
            back: Link::new(config, seed + 1_000),
            next_answer: Timestamp::from_millis(1_000),
            policy: media.policy(),
            next_policy: None,
            losses: VoiceLosses::new(),
            told: Timestamp::ZERO,
            random: StdRng::seed_from_u64(seed + 2_000),
            pacer: Pacer::new(EstimatorConfig::default().start),
            estimator,
            frames: FrameQueue::new(),
            next_number: 1,
            next_voice: Timestamp::from_millis(1_000),
            next_frame: Timestamp::from_millis(1_000),
            key_wanted: true,
            recorder: FeedbackRecorder::new(),
            delivered: 0,
            samples: Vec::new(),
            feedback_bytes: 0,
            received_bytes: 0,
            padding_bytes: 0,
            sent_bytes: 0,
            voice_held: Duration::ZERO,
            voice: Vec::new(),
        }
    }

    /// From `secs` on both directions are like `config`.
    pub(crate) fn step(mut self, secs: u64, config: LinkConfig) -> Self {
        let at = Timestamp::from_millis(1_000 + secs * 1_000);
        self.forward = self.forward.step(at, config);
        self.back = self.back.step(at, config);
        self
    }

    /// From `secs` on there is this to send.
    pub(crate) fn camera_from(mut self, secs: u64, media: Media) -> Self {
        self.next_policy = Some((Timestamp::from_millis(1_000 + secs * 1_000), media.policy()));
        self
    }

    /// Lets `secs` pass.
    pub(crate) fn run(mut self, secs: u64) -> Self {
        for tick in 1..=secs * 1_000 {
            self.now += TICK;
            self.tick();
            if tick % 100 == 0 {
                let estimate = self.estimator.estimate(self.now);
                self.samples.push(Sample {
                    target: estimate.target.as_kbps(),
                    delivered: self.delivered * 8 / 100,
                    queue_ms: self.forward.queueing_delay(self.now).as_millis() as u64,
                    loss: estimate.loss,
                });
                self.delivered = 0;
            }
        }
        if std::env::var_os("TRAJECTORY").is_some() {
            self.print();
        }
        self
    }

    fn tick(&mut self) {
        let now = self.now;
        while let Some((at, packet)) = self.back.poll(now) {
            if let Some(feedback) = packet {
                self.take_feedback(at, &feedback);
            }
        }
        if now >= self.next_answer {
            self.next_answer += ANSWER_EVERY;
            self.back.send(now, ANSWER_BYTES, None);
        }
        self.estimator.handle_timeout(now);
        if let Some(probe) = self.estimator.poll_probe(now) {
            self.pacer.start_probe(now, probe);
        }
        let target = self.estimator.estimate(now).target;
        self.pacer.set_rate(now, target);
        self.decide();
        self.speak();
        self.show();
        self.send();
        while let Some((at, packet)) = self.forward.poll(now) {
            self.recorder.on_packet(at, packet.sequence, packet.bytes);
            self.delivered += packet.bytes as u64;
            self.received_bytes += packet.bytes as u64;
            if packet.voice {
                self.voice.push((at, at.since(packet.sent)));
            }
        }
        if let Some(feedback) = self.recorder.poll(now) {
            let bytes = 68 + feedback.arrivals.len() / 4 + feedback.arrivals.iter().flatten().count();
            self.feedback_bytes += bytes as u64;
            self.back.send(now, bytes, Some(feedback));
        }
    }

    fn decide(&mut self) {
        if self.now.since(self.told) < TELL_EVERY {
            return;
        }
        self.told = self.now;
        if let Some((_, policy)) = self.next_policy.take_if(|(at, _)| *at <= self.now) {
            self.policy = policy;
        }
        let estimate = self.estimator.estimate(self.now);
        let link = LinkEstimate {
            target: estimate.target,
            loss: estimate.loss,
            voice_loss: self.losses.loss(),
            loss_follows_loss: self.losses.loss_follows_loss(),
            round_trip: estimate.round_trip,
            takes_red: true,
        };
        self.policy.on_estimate(self.now, link);
        self.estimator.set_wanted(self.policy.wanted());
    }

    fn speak(&mut self) {
        if self.now < self.next_voice {
            return;
        }
        let (voice, _) = self.policy.plans();
        let span = Duration::from_millis(voice.packet_ms.into());
        self.next_voice += span;
        let payload = voice.rate.bytes_in(span) as usize;
        self.pacer.push(self.now, Class::Voice, payload + OVERHEAD, (true, self.now));
    }

    fn show(&mut self) {
        if self.now < self.next_frame {
            return;
        }
        let (_, PicturePlan::On { fps, rate, .. }) = self.policy.plans() else {
            self.key_wanted = true;
            return;
        };
        self.next_frame = self.now + Duration::from_secs(1) / fps.max(1);
        let key = std::mem::take(&mut self.key_wanted);
        let scale = if key { 4.0 } else { self.random.random_range(0.7..1.3) };
        let bytes = (rate.as_bps() as f64 / 8.0 / f64::from(fps) * scale) as usize;
        let deadline = self.now + Duration::from_millis(200);
        self.frames.push(self.now, QueuedFrame { key, reference: true, bytes, deadline, item: bytes });
    }

    fn send(&mut self) {
        let now = self.now;
        while let Some(bytes) = self.frames.next(now, self.pacer.backlog()) {
            let mut left = bytes;
            while left > 0 {
                let payload = left.min(1_100);
                left -= payload;
                self.pacer.push(now, Class::Picture, payload + OVERHEAD, (false, now));
            }
        }
        self.key_wanted |= self.frames.take_dropped().reference_lost;
        while let Some(paced) = self.pacer.poll(now) {
            let (bytes, probe, voice) = match paced {
                Paced::Packet { bytes, probe, item: (voice, pushed), .. } => {
                    if voice {
                        self.voice_held = self.voice_held.max(now.since(pushed));
                    }
                    (bytes, probe, voice)
                }
                Paced::Padding { bytes, probe } => {
                    self.padding_bytes += bytes as u64;
                    (bytes, Some(probe), false)
                }
            };
            let number = self.next_number;
            self.next_number += 1;
            self.sent_bytes += bytes as u64;
            self.estimator.on_sent(SentPacket { number, at: now, bytes, probe });
            if voice {
                self.losses.on_sent(now, number);
            }
            self.forward.send(now, bytes, Flying { sequence: number as u16, bytes, sent: now, voice });
        }
        if self.pacer.poll_timeout(now) == Some(now) {
            panic!("the pacer wants to be polled again at once");
        }
    }

    fn take_feedback(&mut self, at: Timestamp, feedback: &Feedback) {
        let mut unwrapper = SequenceUnwrapper::near(self.next_number);
        let base = unwrapper.unwrap(feedback.base);
        let reports: Vec<PacketReport> = feedback
            .arrivals
            .iter()
            .zip(base..)
            // The receiver's clock is another one.
            .map(|(arrival, number)| PacketReport { number, received: arrival.map(|at| at + CLOCK_OFFSET) })
            .collect();
        self.estimator.on_feedback(at, &reports);
        self.losses.on_feedback(at, &reports);
    }

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
    fn print(&self) {
        for (index, second) in self.samples.chunks(5).enumerate() {
            let Sample { target, queue_ms, loss, .. } = second[second.len() - 1];
            let delivered = second.iter().map(|sample| sample.delivered).sum::<u64>() / second.len() as u64;
            eprintln!(
                "{:5.1}s target {target:5} delivered {delivered:5} queue {queue_ms:4} loss {loss:.2}",
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
