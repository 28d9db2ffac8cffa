//! Keeps the report while the visit goes on.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use call::{
    Assurance, Check, EndReason, Level, Milestone, MilestoneKind, Mode, Phase, PicturePlan, PictureSent, Problem,
    Recognition, Refusal, Snapshot,
};
use peer::{Path, RelayProtocol};
use signaling_protocol::ReceiptPath;
use trust::CandidateKind;
use units::{Clock, DataRate, Timestamp};

use crate::files::{FileMeters, HandedLog};
use crate::freeze::FreezeMeter;
use crate::media::{Meters, PictureTotals};
use crate::peers::Active;
use crate::report::{LipSyncMillis, Report, ReportEvent, SCHEMA, Sample, Timeline, Totals};
use crate::usage::UsageMeter;

/// A sample a second.
const INTERVAL: Duration = Duration::from_secs(1);

/// Builds the report.
pub(crate) struct Recorder {
    clock: Clock,
    timeline: Timeline,
    events: Vec<ReportEvent>,
    samples: Vec<Sample>,
    usage: UsageMeter,
    freeze: FreezeMeter,
    pictures_fed: usize,
    next: Timestamp,
    last_at: Timestamp,
    last: Counters,
    /// Of the connection that `last` is from, and what earlier connections sent again.
    connection: Option<u64>,
    retransmitted: (u64, u64),
    phase: &'static str,
    signaling_up: bool,
    problem: Option<Problem>,
    picture_plan: PicturePlan,
    their_picture: PictureSent,
    mode: Mode,
    /// How sure we were of the other side, the last time that it was known.
    assurance: Option<Assurance>,
    refusal: Option<Refusal>,
    handed: HandedLog,
    /// Of the thread of the files, once there is one.
    files: Arc<FileMeters>,
}

/// What a second is the difference of.
#[derive(Debug, Clone, Copy, Default)]
struct Counters {
    sent_bytes: u64,
    feedback_bytes: u64,
    received_bytes: u64,
    frames_sent: u64,
    shown: u64,
    played: u64,
    concealed: u64,
}

impl Recorder {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            timeline: Timeline::default(),
            events: Vec::new(),
            samples: Vec::new(),
            usage: UsageMeter::new(),
            freeze: FreezeMeter::default(),
            pictures_fed: 0,
            next: Timestamp::ZERO + INTERVAL,
            last_at: Timestamp::ZERO,
            last: Counters::default(),
            connection: None,
            retransmitted: (0, 0),
            phase: "lobby",
            signaling_up: false,
            problem: None,
            picture_plan: PicturePlan::On { height: 0, fps: 0, rate: DataRate::ZERO },
            their_picture: PictureSent::Moving,
            mode: Mode::Smooth,
            assurance: None,
            refusal: None,
            handed: HandedLog::default(),
            files: Arc::default(),
        }
    }

    /// Bytes of files are counted there.
    pub(crate) fn count_files(&mut self, files: Arc<FileMeters>) {
        self.files = files;
    }

    /// Whether the server took the app in.
    pub(crate) fn has_joined(&self) -> bool {
        self.timeline.joined.is_some()
    }

    /// The server took the password.
    pub(crate) fn signed_in(&mut self, now: Timestamp) {
        self.timeline.signed_in.get_or_insert(millis(now));
    }

    /// Something happened for the first time.
    pub(crate) fn milestone(&mut self, milestone: Milestone) {
        let slot = match milestone.kind {
            MilestoneKind::Joined => &mut self.timeline.joined,
            MilestoneKind::Admitted => &mut self.timeline.admitted,
            MilestoneKind::Negotiated => &mut self.timeline.negotiated,
            MilestoneKind::IceConnected => &mut self.timeline.ice_connected,
            MilestoneKind::DtlsConnected => &mut self.timeline.dtls_connected,
            // The media threads saw these first and know better when: see `finish`.
            MilestoneKind::FirstAudio | MilestoneKind::FirstVideo => return,
        };
        slot.get_or_insert(millis(milestone.at));
    }

    /// Notes what changed between two snapshots, in closed words.
    pub(crate) fn snapshot(&mut self, now: Timestamp, snapshot: &Snapshot) -> &[ReportEvent] {
        let before = self.events.len();
        if std::mem::replace(&mut self.phase, snapshot.phase.name()) != self.phase {
            let detail = match snapshot.phase {
                Phase::Reconnecting { cause, .. } => format!(":{}", cause.name()),
                Phase::Ended(reason) => format!(":{}", reason.name()),
                _ => String::new(),
            };
            self.event(now, format!("{}{detail}", snapshot.phase.name()));
        }
        if std::mem::replace(&mut self.signaling_up, snapshot.signaling_up) != snapshot.signaling_up {
            self.event(now, if snapshot.signaling_up { "signaling_up" } else { "signaling_down" }.to_owned());
        }
        if std::mem::replace(&mut self.problem, snapshot.problem) != snapshot.problem
            && let Some(problem) = snapshot.problem
        {
            self.event(now, format!("problem:{}", word(problem)));
        }
        if let Phase::Ended(EndReason::Refused(refusal)) = snapshot.phase {
            self.refusal = Some(refusal);
        }
        self.handed.look(now, &snapshot.around.handed);
        self.assurance(now, snapshot.assurance.as_ref());
        self.picture_events(now, snapshot);
        &self.events[before..]
    }

    /// What becomes of the pictures of both, and what they keep on a thin link.
    fn picture_events(&mut self, now: Timestamp, snapshot: &Snapshot) {
        let (before, theirs, mode) = (self.picture_plan, self.their_picture, self.mode);
        (self.picture_plan, self.mode) = (snapshot.picture_plan, snapshot.mode);
        self.their_picture = snapshot.remote.map_or(PictureSent::Moving, |remote| remote.picture);
        if !snapshot.media_open {
            return;
        }
        match (before, snapshot.picture_plan) {
            (PicturePlan::Off(before), PicturePlan::Off(why)) if before == why => {}
            (_, PicturePlan::Off(why)) => {
                let why = why.name();
                self.event(now, format!("picture_off:{why}"));
            }
            (PicturePlan::On { .. }, PicturePlan::On { .. }) => {}
            (_, PicturePlan::On { .. }) => self.event(now, "picture_on".to_owned()),
            (PicturePlan::Slides { .. }, PicturePlan::Slides { .. }) => {}
            (_, PicturePlan::Slides { .. }) => self.event(now, "picture_slides".to_owned()),
        }
        if self.their_picture != theirs {
            let word = match self.their_picture {
                PictureSent::Moving => "their_picture_on",
                PictureSent::Slides => "their_picture_slides",
                PictureSent::LinkTooThin => "their_picture_off",
            };
            self.event(now, word.to_owned());
        }
        if self.mode != mode {
            self.event(now, if self.mode == Mode::Sharp { "mode_sharp" } else { "mode_smooth" }.to_owned());
        }
    }

    /// Who it is: what changed, and what is kept for the report when they are gone.
    fn assurance(&mut self, now: Timestamp, known: Option<&Assurance>) {
        let Some(known) = known else { return };
        let before = self.assurance.replace(known.clone());
        let said = |of: fn(&Assurance) -> &'static str| {
            let word = of(known);
            Some(word).filter(|word| before.as_ref().map(of) != Some(word))
        };
        let device = said(|known| device_word(known.device));
        let level = said(|known| level_word(known.level));
        // Nobody compares: that is how it begins.
        let check = said(|known| check_word(known.check)).filter(|_| before.is_some() || known.check != Check::None);
        for (kind, word) in [("device", device), ("level", level), ("check", check)] {
            if let Some(word) = word {
                self.event(now, format!("{kind}:{word}"));
            }
        }
    }

    /// Notes something that happened, in a closed word.
    pub(crate) fn event(&mut self, now: Timestamp, event: String) {
        self.events.push(ReportEvent { t: now.as_secs_f64(), event });
    }

    /// When the next sample is due.
    pub(crate) fn wakes_at(&self) -> Timestamp {
        self.next
    }

    /// Takes a sample if one is due.
    pub(crate) fn sample(&mut self, now: Timestamp, active: Option<&Active>, meters: &Meters) -> Option<&Sample> {
        if now < self.next {
            return None;
        }
        let span = (now - self.last_at).as_secs_f64().max(f64::EPSILON);
        self.last_at = now;
        self.follow_connection(active);
        let stats = active.map(|active| &active.stats);
        while self.next <= now {
            self.next += INTERVAL;
        }
        let usage = self.usage.read();
        let pictures = self.pictures(now, meters);
        let counters = Counters {
            sent_bytes: stats.map_or(self.last.sent_bytes, |stats| stats.sent_bytes),
            feedback_bytes: stats.map_or(self.last.feedback_bytes, |stats| stats.feedback_bytes),
            received_bytes: stats.map_or(self.last.received_bytes, |stats| stats.received_bytes),
            frames_sent: meters.frames_sent.load(Ordering::Relaxed),
            shown: pictures.shown,
            played: meters.voice_played.load(Ordering::Relaxed),
            concealed: meters.voice_concealed.load(Ordering::Relaxed),
        };
        let last = std::mem::replace(&mut self.last, counters);
        let per_second = |now: u64, before: u64| now.saturating_sub(before) as f64 / span;
        let played = counters.played.saturating_sub(last.played);
        let size = pictures.size;
        self.samples.push(Sample {
            t: now.as_secs_f64(),
            phase: self.phase,
            rtt_ms: stats.and_then(|stats| stats.round_trip).map(|rtt| rtt.as_secs_f64() * 1e3),
            target_kbps: stats.map_or(0.0, |stats| stats.target.as_kbps_f64()),
            sent_kbps: per_second(counters.sent_bytes, last.sent_bytes) * 8.0 / 1e3,
            feedback_kbps: per_second(counters.feedback_bytes, last.feedback_bytes) * 8.0 / 1e3,
            received_kbps: per_second(counters.received_bytes, last.received_bytes) * 8.0 / 1e3,
            lost_ratio: stats.map_or(0.0, |stats| f64::from(stats.loss)),
            voice_lost_ratio: stats.map_or(0.0, |stats| f64::from(stats.voice_loss)),
            loss_follows_loss: stats.map_or(0.0, |stats| f64::from(stats.loss_follows_loss)),
            retransmitted: self.retransmitted.0 + self.retransmitted.1,
            fps_sent: per_second(counters.frames_sent, last.frames_sent),
            fps_shown: per_second(counters.shown, last.shown),
            width: size.map_or(0, |size| size.width),
            height: size.map_or(0, |size| size.height),
            frozen_ms: pictures.frozen.as_secs_f64() * 1e3,
            audio_buffer_ms: meters.voice_buffer_us.load(Ordering::Relaxed) as f64 / 1e3,
            concealed_ratio: if played == 0 {
                0.0
            } else {
                counters.concealed.saturating_sub(last.concealed) as f64 / played as f64
            },
            path: stats.and_then(|stats| stats.path).map(|path| format!("{}-{}", kind(path.local), kind(path.remote))),
            way: stats.and_then(|stats| stats.path).map(way),
            cpu_s: usage.cpu_secs,
            rss_mb: usage.rss_bytes as f64 / 1e6,
        });
        self.samples.last()
    }

    /// Figures begin anew with each connection; sums go on.
    fn follow_connection(&mut self, active: Option<&Active>) {
        let Some(active) = active else { return };
        if self.connection.replace(active.number) != Some(active.number) {
            self.last.sent_bytes = 0;
            self.last.feedback_bytes = 0;
            self.last.received_bytes = 0;
            self.retransmitted = (self.retransmitted.0 + self.retransmitted.1, 0);
        }
        self.retransmitted.1 = active.stats.retransmitted;
    }

    /// The report as it stands.
    pub(crate) fn finish(mut self, now: Timestamp, meters: &Meters, end: &str, exit: u8) -> Report {
        let pictures = self.pictures(now, meters);
        let usage = self.usage.read();
        self.timeline.first_audio = Meters::first(&meters.first_voice).map(millis);
        self.timeline.first_video = pictures.first_shown.map(millis);
        let (log, lips) = (meters.picture_log(), meters.lips());
        let unix = |at: Timestamp| self.clock.unix_micros(at);
        Report {
            schema: SCHEMA,
            started_unix_us: unix(Timestamp::ZERO),
            timeline_ms: self.timeline,
            events: self.events,
            samples: self.samples,
            totals: Totals {
                frames_sent: meters.frames_sent.load(Ordering::Relaxed),
                frames_shown: pictures.shown,
                freezes: pictures.freezes,
                frozen_ms: pictures.frozen.as_secs_f64() * 1e3,
                cpu_s: usage.cpu_secs,
                peak_rss_mb: usage.peak_rss_bytes as f64 / 1e6,
            },
            microphone_started_unix_us: Meters::first(&meters.microphone_started).map(unix),
            speaker_started_unix_us: Meters::first(&meters.speaker_started).map(unix),
            captured_unix_us: log.captured.iter().map(|at| at.map(unix)).collect(),
            captured_rtp: log.captured_rtp,
            shown_unix_us: log.shown.iter().copied().map(unix).collect(),
            shown_rtp: log.shown_rtp,
            lip_sync_ms: LipSyncMillis { median: lips.median(), p95: lips.apart() },
            handed: self.handed.report(&self.files),
            level: self.assurance.as_ref().map(|known| level_word(known.level)),
            device: self.assurance.as_ref().map(|known| device_word(known.device)),
            name_certified: self.assurance.as_ref().is_some_and(|known| known.name.is_some()),
            check: self.assurance.as_ref().map(|known| check_word(known.check)),
            refusal: self.refusal.map(Refusal::name),
            end: end.to_owned(),
            exit,
        }
    }

    fn pictures(&mut self, now: Timestamp, meters: &Meters) -> PictureTotals {
        meters.picture_totals(now, &mut self.pictures_fed, &mut self.freeze)
    }
}

fn word(problem: Problem) -> &'static str {
    match problem {
        Problem::GuestRefused { .. } => "guest_refused",
        Problem::AdmissionFailed(_) => "admission_failed",
        Problem::AlreadySomebodyIn => "already_somebody_in",
        Problem::CodeNotSaid(_) => "code_not_said",
        Problem::CheckInterrupted => "check_interrupted",
        Problem::CheckedTooOften => "checked_too_often",
        Problem::LogRewritten => "log_rewritten",
        Problem::NotWritten(_) => "not_written",
        Problem::NotOffered(_) => "not_offered",
        Problem::MicrophoneLost => "microphone_lost",
        Problem::CameraLost => "camera_lost",
        Problem::SpeakerLost => "speaker_lost",
    }
}

fn level_word(level: Level) -> &'static str {
    match level {
        Level::LinkPage => "link_page",
        Level::LinkApp => "link_app",
        Level::KnownDevice => "known_device",
        Level::DigitsCompared => "digits_compared",
    }
}

fn device_word(device: Recognition) -> &'static str {
    match device {
        Recognition::New => "new",
        Recognition::Met => "met",
        Recognition::Compared => "compared",
        Recognition::Changed => "changed",
    }
}

fn check_word(check: Check) -> &'static str {
    match check {
        Check::None => "none",
        Check::Asked => "asked",
        Check::Shown(_) => "shown",
        Check::Same => "same",
        Check::Lost => "lost",
    }
}

/// As candidates are named in SDP (RFC 8839 section 5.1).
fn kind(kind: CandidateKind) -> &'static str {
    match kind {
        CandidateKind::Host => "host",
        CandidateKind::ServerReflexive => "srflx",
        CandidateKind::PeerReflexive => "prflx",
        CandidateKind::Relay => "relay",
    }
}

/// The same, as the audit log is told.
pub(crate) fn receipt_path(path: Path) -> ReceiptPath {
    match (path.local, path.remote) {
        (CandidateKind::Relay, _) | (_, CandidateKind::Relay) => ReceiptPath::Relayed,
        _ => ReceiptPath::Direct,
    }
}

/// Which way the packets go.
fn way(path: Path) -> &'static str {
    match (path.local, path.remote, path.relay) {
        (CandidateKind::Relay, _, Some(RelayProtocol::Tcp)) => "relay_tcp",
        (CandidateKind::Relay, _, Some(RelayProtocol::Tls)) => "relay_tls",
        (CandidateKind::Relay, _, Some(RelayProtocol::Udp) | None) => "relay_udp",
        (_, CandidateKind::Relay, _) => "relay_theirs",
        _ => "direct",
    }
}

fn millis(at: Timestamp) -> f64 {
    at.as_micros() as f64 / 1e3
}
