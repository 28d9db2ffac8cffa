//! A sender and a receiver over two links, in virtual time.

mod ends;
mod measures;

use std::time::Duration;

use call::{CameraFormat, LinkEstimate, MediaConfig, PicturePlan, Preferences, QualityPolicy};
use congestion::{
    Class, Estimator, EstimatorConfig, Feedback, FeedbackRecorder, FrameQueue, Paced, Pacer, PacketReport, QueuedFrame,
    SentPacket, SequenceUnwrapper, VoiceLosses,
};
use media::voice::{VoicePacket, VoiceSettings};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use testkit::link::{Link, LinkConfig};
use units::{DataRate, PictureSize, Timestamp};

use crate::ear::Talk;
use crate::picture::{PictureSink, PictureSource, Piece, begins_anew};
use crate::slideshow::{SlidePacket, Slideshow};

/// One step of the simulation.
const TICK: Duration = Duration::from_millis(1);
/// Headers, SRTP and extensions of a media packet.
pub(crate) const OVERHEAD: usize = 64;

/// The other side's voice: 27 kbps.
const ANSWER_EVERY: Duration = Duration::from_millis(60);
const ANSWER_BYTES: usize = 200;

/// A report or request with SRTCP, UDP and IPv4 around it.
const REQUEST_BYTES: usize = 64;

/// What may be found while a file is sent.
const MOST_FOR_FILES: DataRate = DataRate::from_kbps(50_000);

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
    /// Of what was delivered: pieces of a file.
    pub(crate) files: u64,
    /// The rows of a picture that moves; none of any other.
    pub(crate) rows: u64,
    /// What the picture's encoder may take, and what its repair packets take.
    pub(crate) picture: u64,
    pub(crate) repairs: u64,
}

#[derive(Debug, Clone)]
struct Flying {
    sequence: u16,
    bytes: usize,
    sent: Timestamp,
    what: What,
}

/// What is in a packet.
#[derive(Debug, Clone)]
enum What {
    /// With what is said in it, where somebody listens.
    Voice(Option<VoicePacket>),
    /// A picture of which only the size counts.
    Picture,
    /// A picture of real packets.
    Piece(Piece),
    Slide(SlidePacket),
    Bulk,
    Padding,
    /// What the other side is told of its own direction, without a number.
    Report,
}

/// What waits for its turn.
#[derive(Debug, Clone)]
struct Waiting {
    what: What,
    pushed: Timestamp,
}

/// What goes back.
#[derive(Debug)]
enum Answer {
    Voice,
    Report(Feedback),
    Missing(Vec<u16>),
    /// These of a slide are missing.
    MissingOfSlide(Vec<u16>),
    KeyFrame,
}

/// The whole path.
pub(crate) struct Path {
    now: Timestamp,
    round_trip: Duration,
    forward: Link<Flying>,
    /// Reports, and between them the other side's voice.
    back: Link<Answer>,
    next_answer: Timestamp,
    /// The other side sends just what this one does.
    mirrored: bool,
    policy: QualityPolicy,
    /// Another policy that takes over, and when: there is a camera from then on.
    next_policy: Option<(Timestamp, QualityPolicy)>,
    losses: VoiceLosses,
    told: Timestamp,
    random: StdRng,
    estimator: Estimator,
    pacer: Pacer<Waiting>,
    frames: FrameQueue<usize>,
    next_number: u64,
    next_voice: Timestamp,
    next_frame: Timestamp,
    key_wanted: bool,
    pub(crate) slideshow: Slideshow,
    /// Both ends of a picture of real packets, where one is looked at.
    pub(crate) picture: Option<(PictureSource, PictureSink)>,
    recorder: FeedbackRecorder,
    delivered: u64,
    /// From when on a file without end is sent.
    file_from: Option<Timestamp>,
    delivered_of_file: u64,
    pub(crate) samples: Vec<Sample>,
    pub(crate) feedback_bytes: u64,
    pub(crate) received_bytes: u64,
    pub(crate) padding_bytes: u64,
    pub(crate) sent_bytes: u64,
    /// How often the link was taken to have collapsed.
    pub(crate) collapses: u32,
    /// The longest that a voice packet waited in the pacer.
    pub(crate) voice_held: Duration,
    /// When each voice packet arrived, and how long it took.
    pub(crate) voice: Vec<(Timestamp, Duration)>,
    /// What is said and heard, where somebody listens.
    pub(crate) talk: Option<Talk>,
}

impl Path {
    /// Both directions are like `config`.
    pub(crate) fn new(config: LinkConfig, media: Media, seed: u64) -> Self {
        let mut estimator = Estimator::new(EstimatorConfig::default());
        // As the checks of the path have measured it.
        estimator.on_path(Timestamp::from_millis(1_000), config.delay * 2, None);
        Self {
            now: Timestamp::from_millis(1_000),
            round_trip: config.delay * 2,
            forward: Link::new(config, seed),
            back: Link::new(config, seed + 1_000),
            next_answer: Timestamp::from_millis(1_000),
            mirrored: false,
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
            slideshow: Slideshow::new(config.delay * 2),
            picture: None,
            recorder: FeedbackRecorder::new(),
            delivered: 0,
            file_from: None,
            delivered_of_file: 0,
            samples: Vec::new(),
            feedback_bytes: 0,
            received_bytes: 0,
            padding_bytes: 0,
            sent_bytes: 0,
            collapses: 0,
            voice_held: Duration::ZERO,
            voice: Vec::new(),
            talk: None,
        }
    }

    /// From `secs` on both directions are like `config`.
    pub(crate) fn step(self, secs: u64, config: LinkConfig) -> Self {
        self.step_at(Timestamp::from_millis(1_000 + secs * 1_000), config)
    }

    /// From `at` on both directions are like `config`.
    pub(crate) fn step_at(mut self, at: Timestamp, config: LinkConfig) -> Self {
        self.forward = self.forward.step(at, config);
        self.back = self.back.step(at, config);
        self
    }

    /// From `secs` on there is this to send.
    pub(crate) fn camera_from(mut self, secs: u64, media: Media) -> Self {
        self.next_policy = Some((Timestamp::from_millis(1_000 + secs * 1_000), media.policy()));
        self
    }

    /// From `secs` on a file without end is sent as well.
    pub(crate) fn file_from(mut self, secs: u64) -> Self {
        self.file_from = Some(Timestamp::from_millis(1_000 + secs * 1_000));
        self
    }

    /// The picture is of real packets, which are asked for again, repaired and put together.
    pub(crate) fn watched(mut self) -> Self {
        self.picture = Some((PictureSource::new(EstimatorConfig::default().start), PictureSink::new()));
        self
    }

    /// The other side sends just what this one does, instead of a voice alone: what goes back waits behind it.
    pub(crate) fn mirrored(mut self) -> Self {
        self.mirrored = true;
        self
    }

    /// This is said, round and round, and listened to.
    pub(crate) fn spoken(mut self, said: &[f32]) -> Self {
        self.talk = Some(Talk::new(self.now, said));
        self
    }

    /// Lets `secs` pass.
    pub(crate) fn run(mut self, secs: u64) -> Self {
        for tick in 1..=secs * 1_000 {
            self.now += TICK;
            self.tick();
            if tick % 100 == 0 {
                let estimate = self.estimator.estimate(self.now);
                let plan = self.policy.plans().1;
                let spending = self.picture.as_mut().map(|(source, _)| source.planner.spending(self.now));
                self.samples.push(Sample {
                    target: estimate.target.as_kbps(),
                    delivered: self.delivered * 8 / 100,
                    files: self.delivered_of_file * 8 / 100,
                    queue_ms: self.forward.queueing_delay(self.now).as_millis() as u64,
                    loss: estimate.loss,
                    rows: if let PicturePlan::On { height, .. } = plan { height.into() } else { 0 },
                    picture: plan.rate().as_kbps(),
                    repairs: spending.map_or(0, DataRate::as_kbps),
                });
                (self.delivered, self.delivered_of_file) = (0, 0);
            }
        }
        if std::env::var_os("TRAJECTORY").is_some() {
            self.print();
            self.talk.iter().for_each(Talk::print);
        }
        self
    }

    fn tick(&mut self) {
        let now = self.now;
        while let Some((at, packet)) = self.back.poll(now) {
            self.take_answer(at, packet);
        }
        if now >= self.next_answer && !self.mirrored {
            self.next_answer += ANSWER_EVERY;
            self.back.send(now, ANSWER_BYTES, Answer::Voice);
        }
        self.estimator.handle_timeout(now);
        if let Some(probe) = self.estimator.poll_probe(now) {
            self.pacer.start_probe(now, probe);
        }
        let estimate = self.estimator.estimate(now);
        self.pacer.set_rate(now, estimate.target);
        self.pacer.set_held(now, self.estimator.is_overdue(now));
        if estimate.acknowledged.is_some() {
            self.pacer.set_known(now);
        }
        self.decide();
        self.speak();
        self.show();
        self.hand_over();
        self.send();
        while let Some((at, packet)) = self.forward.poll(now) {
            if matches!(packet.what, What::Report) {
                continue;
            }
            self.recorder.on_packet(at, packet.sequence, packet.bytes);
            self.delivered += packet.bytes as u64;
            self.received_bytes += packet.bytes as u64;
            match packet.what {
                What::Voice(words) => {
                    self.voice.push((at, at.since(packet.sent)));
                    if let Some((talk, words)) = self.talk.as_mut().zip(words) {
                        talk.hear(at, words);
                    }
                }
                What::Slide(slide) => self.slideshow.on_packet(at, slide),
                What::Piece(piece) => {
                    if let Some((_, sink)) = &mut self.picture {
                        sink.take(at, piece);
                    }
                }
                What::Bulk => self.delivered_of_file += packet.bytes as u64,
                What::Picture | What::Padding | What::Report => {}
            }
        }
        let missing = self.slideshow.missing(now);
        if !missing.is_empty() {
            let bytes = 28 + 20 + 12 + missing.len() * 4;
            self.feedback_bytes += bytes as u64;
            self.answer(bytes, Answer::MissingOfSlide(missing));
        }
        if let Some(feedback) = self.recorder.poll(now) {
            let bytes = 68 + feedback.arrivals.len() / 4 + feedback.arrivals.iter().flatten().count();
            self.feedback_bytes += bytes as u64;
            self.answer(bytes, Answer::Report(feedback));
        }
        self.watch();
        if let Some(talk) = &mut self.talk {
            talk.play(now);
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
        let mut target = estimate.target;
        if let Some((source, sink)) = &mut self.picture {
            let round_trip = self.round_trip + self.forward.queueing_delay(self.now);
            source.history.set_rate(self.now, target);
            source.history.set_round_trip(round_trip);
            source.planner.set_rate(self.now, target);
            source.planner.set_round_trip(round_trip);
            source.planner.set_loss(source.losses.loss(), source.losses.loss_follows_loss());
            sink.set_round_trip(round_trip);
            target = target.saturating_sub(source.planner.spending(self.now));
        }
        let link = LinkEstimate {
            target,
            loss: estimate.loss,
            voice_loss: self.losses.loss(),
            loss_follows_loss: self.losses.loss_follows_loss(),
            round_trip: estimate.round_trip,
            takes_red: true,
        };
        self.policy.on_estimate(self.now, link);
        let spending = self.picture.as_mut().map_or(DataRate::ZERO, |(source, _)| source.planner.spending(self.now));
        let wanted = if self.sends_file() { MOST_FOR_FILES } else { self.policy.wanted() + spending };
        self.estimator.set_wanted(wanted);
    }

    fn sends_file(&self) -> bool {
        self.file_from.is_some_and(|from| self.now >= from)
    }

    /// As `peer` does it.
    fn hand_over(&mut self) {
        if !self.sends_file() {
            return;
        }
        if self.policy.set_files(self.now, true) {
            self.estimator.set_most(MOST_FOR_FILES);
        }
        let target = self.estimator.estimate(self.now).target;
        let bytes = if target >= DataRate::from_kbps(600) { 2 * 512 } else { 512 } + OVERHEAD;
        let most = (target.bytes_in(Duration::from_millis(10)) as usize / bytes).clamp(2, 64);
        while self.pacer.queued_bulk() < most {
            self.pacer.push(self.now, Class::Bulk, bytes, self.waiting(What::Bulk));
        }
    }

    fn speak(&mut self) {
        if let Some(talk) = &mut self.talk {
            let (plan, _) = self.policy.plans();
            let call::VoicePlan { rate, packet_ms, redundancy, expected_loss } = plan;
            let settings = VoiceSettings { rate, packet_ms, redundancy, expected_loss };
            if let Some((packet, bytes)) = talk.say(self.now, settings) {
                let item = Waiting { what: What::Voice(Some(packet)), pushed: self.now };
                self.pacer.push(self.now, Class::Voice, bytes + OVERHEAD, item);
            }
            return;
        }
        if self.now < self.next_voice {
            return;
        }
        let (voice, _) = self.policy.plans();
        let span = Duration::from_millis(voice.packet_ms.into());
        self.next_voice += span;
        let payload = voice.rate.bytes_in(span) as usize;
        self.pacer.push(self.now, Class::Voice, payload + OVERHEAD, self.waiting(What::Voice(None)));
    }

    fn show(&mut self) {
        if self.now < self.next_frame {
            return;
        }
        let (_, plan) = self.policy.plans();
        let PicturePlan::On { height, fps, rate } = plan else {
            self.key_wanted = true;
            if let PicturePlan::Slides { every, rate, .. } = plan {
                for packet in self.slideshow.take(self.now, every, rate) {
                    let waiting = Waiting { what: What::Slide(packet), pushed: self.now };
                    self.pacer.push(self.now, Class::Slide, packet.bytes(), waiting);
                }
            }
            return;
        };
        self.next_frame = self.now + Duration::from_secs(1) / fps.max(1);
        if let Some((source, _)) = &mut self.picture {
            source.code(self.now, height, rate.as_bps() as f64 / 8.0 / f64::from(fps), &mut self.random);
            return;
        }
        let key = std::mem::take(&mut self.key_wanted);
        let scale = if key { 4.0 } else { self.random.random_range(0.7..1.3) };
        let bytes = (rate.as_bps() as f64 / 8.0 / f64::from(fps) * scale) as usize;
        let deadline = self.now + Duration::from_millis(200);
        self.frames.push(self.now, QueuedFrame { key, layer: 0, bytes, deadline, item: bytes });
    }

    fn send(&mut self) {
        let now = self.now;
        while let Some(bytes) = self.frames.next(now, self.pacer.backlog()) {
            let mut left = bytes;
            while left > 0 {
                let payload = left.min(1_100);
                left -= payload;
                self.pacer.push(now, Class::Picture, payload + OVERHEAD, self.waiting(What::Picture));
            }
        }
        self.release();
        self.key_wanted |= self.frames.take_dropped().reference_lost;
        while let Some(paced) = self.pacer.poll(now) {
            let (bytes, probe, what) = match paced {
                Paced::Packet { bytes, probe, item: Waiting { what, pushed }, class } => {
                    match what {
                        What::Voice(_) => self.voice_held = self.voice_held.max(now.since(pushed)),
                        What::Slide(packet) if class == Class::Slide => self.slideshow.on_sent(now, packet),
                        _ => {}
                    }
                    (bytes, probe, what)
                }
                Paced::Padding { bytes, probe } => {
                    self.padding_bytes += bytes as u64;
                    (bytes, Some(probe), What::Padding)
                }
            };
            let number = self.next_number;
            self.next_number += 1;
            self.sent_bytes += bytes as u64;
            self.estimator.on_sent(SentPacket { number, at: now, bytes, probe });
            if matches!(what, What::Voice(_)) {
                self.losses.on_sent(now, number);
            }
            if let Some(((source, _), What::Piece(piece))) = self.picture.as_mut().zip(Some(&what)) {
                source.losses.on_sent(now, number);
                if let Piece::Packet(packet) = piece {
                    source.history.on_sent(now, packet.sequence, bytes, packet.clone());
                    if begins_anew(packet) {
                        source.history.begin_anew(packet.sequence);
                    }
                }
            }
            self.forward.send(now, bytes, Flying { sequence: number as u16, bytes, sent: now, what });
            if self.mirrored {
                self.back.send(now, bytes, Answer::Voice);
            }
        }
        if self.pacer.poll_timeout(now) == Some(now) {
            panic!("the pacer wants to be polled again at once");
        }
    }

    /// Says something of what came, as the other side then does of what goes back.
    fn answer(&mut self, bytes: usize, answer: Answer) {
        self.back.send(self.now, bytes, answer);
        if self.mirrored {
            self.forward.send(self.now, bytes, Flying { sequence: 0, bytes, sent: self.now, what: What::Report });
        }
    }

    fn waiting(&self, what: What) -> Waiting {
        Waiting { what, pushed: self.now }
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
        if let Some((source, _)) = &mut self.picture {
            source.losses.on_feedback(at, &reports);
        }
        if self.estimator.take_collapse() {
            self.forget_picture();
        }
    }

    /// What waits was made for a faster link; the policy is told at once.
    fn forget_picture(&mut self) {
        self.collapses += 1;
        self.told = Timestamp::ZERO;
        self.pacer.forget_picture();
        self.losses.skip();
        self.frames.clear();
        if let Some((source, _)) = &mut self.picture {
            source.frames.clear();
            source.history.clear();
            source.losses.skip();
        }
    }
}
