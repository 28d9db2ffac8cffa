//! What the interceptor on the library's task and our own tasks both touch.

use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use congestion::RepairPlanner;
use rtc::rtp;
use tokio::sync::{Notify, mpsc};
use trust::ConnectionParameters;
use units::{DataRate, Timestamp};

use crate::bulk::Bulk;
use crate::engine::{PICTURE_CLOCK, VOICE_CLOCK};
use crate::sender_clock::{CaptureClock, MediaKind, SenderClock};
use crate::sent_frames::SentFrames;
use crate::{PeerEvent, PeerStats, VoiceFormat};

/// The numbers by which packets are told apart, once both sides have spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flows {
    pub(crate) voice: Flow,
    pub(crate) picture: Flow,
    pub(crate) rtx: Flow,
    /// Voice as RED, where both know it: what we send it as, and what they do.
    pub(crate) red: Option<Red>,
    /// Header extension id of the transport-wide sequence number.
    pub(crate) transport_cc: u8,
}

/// The payload types of RED on the voice's sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Red {
    /// What they want to receive it as.
    pub(crate) payload_type: u8,
    /// What we want to receive it as.
    pub(crate) own_payload_type: u8,
}

/// One RTP stream each way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flow {
    /// Ours.
    pub(crate) local_ssrc: u32,
    /// Theirs.
    pub(crate) remote_ssrc: u32,
    /// What they want to receive it as.
    pub(crate) payload_type: u8,
    /// What we want to receive it as.
    pub(crate) own_payload_type: u8,
}

impl Flows {
    pub(crate) fn new(local: &ConnectionParameters, remote: &ConnectionParameters) -> Self {
        let (ours, theirs) = (&local.picture, &remote.picture);
        Self {
            voice: Flow {
                local_ssrc: local.voice.ssrc,
                remote_ssrc: remote.voice.ssrc,
                payload_type: remote.voice.payload_type,
                own_payload_type: local.voice.payload_type,
            },
            picture: Flow {
                local_ssrc: ours.ssrc,
                remote_ssrc: theirs.ssrc,
                payload_type: theirs.payload_type,
                own_payload_type: ours.payload_type,
            },
            rtx: Flow {
                local_ssrc: ours.rtx_ssrc,
                remote_ssrc: theirs.rtx_ssrc,
                payload_type: theirs.rtx_payload_type,
                own_payload_type: ours.rtx_payload_type,
            },
            red: local
                .voice
                .red_payload_type
                .zip(remote.voice.red_payload_type)
                .map(|(own_payload_type, payload_type)| Red { payload_type, own_payload_type }),
            transport_cc: remote.extensions.transport_cc,
        }
    }

    /// Whose sender report comes under this source.
    pub(crate) fn theirs(&self, ssrc: u32) -> Option<MediaKind> {
        [(self.voice, MediaKind::Voice), (self.picture, MediaKind::Picture)]
            .into_iter()
            .find_map(|(flow, kind)| (flow.remote_ssrc == ssrc).then_some(kind))
    }

    /// What of ours is reported on under this source.
    pub(crate) fn ours(&self, ssrc: u32) -> Option<MediaKind> {
        [(self.voice, MediaKind::Voice), (self.picture, MediaKind::Picture)]
            .into_iter()
            .find_map(|(flow, kind)| (flow.local_ssrc == ssrc).then_some(kind))
    }

    /// Whether the other side announced to send from this source and, for voice, in this form.
    pub(crate) fn is_announced(&self, header: &rtp::Header) -> bool {
        if header.ssrc == self.voice.remote_ssrc {
            return self.voice_format(header.payload_type).is_some();
        }
        [self.picture, self.rtx].iter().any(|flow| flow.remote_ssrc == header.ssrc)
    }

    /// In which form a packet of voice with this payload type is; `None` if nobody has agreed on it.
    pub(crate) fn voice_format(&self, payload_type: u8) -> Option<VoiceFormat> {
        if payload_type == self.voice.own_payload_type {
            return Some(VoiceFormat::Opus);
        }
        self.red.filter(|red| red.own_payload_type == payload_type).map(|_| VoiceFormat::Red)
    }
}

/// State of one connection. No lock is ever held across an `await` or while another is taken.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Whether the owner lets media through.
    gate: AtomicBool,
    /// Whether the handshake is done with the right certificate; without it there is nobody to send media to.
    secured: AtomicBool,
    flows: Mutex<Option<Flows>>,
    /// What our own microphone and camera take when: voice, picture.
    captures: Mutex<[CaptureClock; 2]>,
    /// What the other side reports of its own, likewise.
    sender_clocks: Mutex<[Option<SenderClock>; 2]>,
    stats: Mutex<PeerStats>,
    /// What is believed of a path of which nothing is known.
    start_rate: DataRate,
    sent_frames: Mutex<SentFrames>,
    /// Picture bytes handed to the library's task that the pacer has not seen yet.
    in_flight: AtomicUsize,
    backlog: Mutex<Backlog>,
    /// What of the picture was handed over last is a single one of a slow slideshow.
    slides: AtomicBool,
    /// How a picture that is protected by repair packets is best cut into packets, as of lately.
    repairs: Mutex<Option<RepairPlanner>>,
    /// How many packets of the other side's picture came.
    pictures_came: AtomicU64,
    /// The other side, or our own frame queue, needs a key frame.
    key_frame_wanted: AtomicBool,
    /// What of the picture waits was made for a link that is no more.
    picture_stale: AtomicBool,
    /// The picture task has something to look at: the pacer ran down, or a key frame is wanted.
    pub(crate) picture_wake: Notify,
    /// How long a missing picture packet is of use, in milliseconds; zero until somebody says.
    playout_deadline: AtomicUsize,
    /// How long the handshake took, in milliseconds; zero before its end.
    handshake_millis: AtomicUsize,
    /// What can be used at most, in bits a second; zero until somebody says.
    wanted: AtomicU64,
    events: mpsc::Sender<PeerEvent>,
    /// Pieces of files, either way.
    pub(crate) bulk: Bulk,
}

#[derive(Debug, Clone, Copy, Default)]
struct Backlog {
    /// When what is queued in the pacer will have left.
    until: Timestamp,
    rate: DataRate,
}

impl Shared {
    pub(crate) fn new(events: mpsc::Sender<PeerEvent>, start_rate: DataRate, bulk: Bulk) -> Self {
        let stats = PeerStats { target: start_rate, ..PeerStats::default() };
        Self {
            gate: AtomicBool::new(false),
            secured: AtomicBool::new(false),
            flows: Mutex::new(None),
            captures: Mutex::new([CaptureClock::new(VOICE_CLOCK), CaptureClock::new(PICTURE_CLOCK)]),
            sender_clocks: Mutex::default(),
            stats: Mutex::new(stats),
            start_rate,
            sent_frames: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            backlog: Mutex::new(Backlog { until: Timestamp::ZERO, rate: start_rate }),
            slides: AtomicBool::new(false),
            repairs: Mutex::new(None),
            pictures_came: AtomicU64::new(0),
            key_frame_wanted: AtomicBool::new(false),
            picture_stale: AtomicBool::new(false),
            picture_wake: Notify::new(),
            playout_deadline: AtomicUsize::new(0),
            handshake_millis: AtomicUsize::new(0),
            wanted: AtomicU64::new(0),
            events,
            bulk,
        }
    }

    /// Whether media may pass, in either direction.
    pub(crate) fn is_open(&self) -> bool {
        self.gate.load(Ordering::Acquire) && self.secured.load(Ordering::Acquire)
    }

    pub(crate) fn set_gate(&self, open: bool) {
        let was_open = self.is_open();
        self.gate.store(open, Ordering::Release);
        self.in_flight.store(0, Ordering::Release);
        self.start_with_a_key_frame(was_open);
    }

    pub(crate) fn set_secured(&self, secured: bool) {
        let was_open = self.is_open();
        self.secured.store(secured, Ordering::Release);
        self.start_with_a_key_frame(was_open);
    }

    /// Whatever was encoded before the gate opened is not there to refer to.
    fn start_with_a_key_frame(&self, was_open: bool) {
        if self.is_open() && !was_open {
            self.want_key_frame();
        }
    }

    pub(crate) fn flows(&self) -> Option<Flows> {
        *lock(&self.flows)
    }

    pub(crate) fn set_flows(&self, flows: Flows) {
        let before = lock(&self.flows).replace(flows);
        let sources = |flows: Flows| (flows.voice.remote_ssrc, flows.picture.remote_ssrc);
        if before.map(sources) != Some(sources(flows)) {
            *lock(&self.sender_clocks) = Default::default();
        }
    }

    /// Our device took what is sent under `rtp` at `captured`, or a little earlier.
    pub(crate) fn note_capture(&self, kind: MediaKind, captured: Timestamp, rtp: u32) {
        lock(&self.captures)[kind as usize].note(captured, rtp);
    }

    /// What our device takes now; `None` before it has taken anything.
    pub(crate) fn capture_at(&self, kind: MediaKind, now: Timestamp) -> Option<u32> {
        lock(&self.captures)[kind as usize].rtp_at(now)
    }

    /// The other side reported.
    pub(crate) fn set_sender_clock(&self, kind: MediaKind, clock: SenderClock) {
        lock(&self.sender_clocks)[kind as usize] = Some(clock);
    }

    pub(crate) fn sender_clock(&self, kind: MediaKind) -> Option<SenderClock> {
        lock(&self.sender_clocks)[kind as usize]
    }

    pub(crate) fn set_playout_deadline(&self, deadline: Duration) {
        self.playout_deadline.store(deadline.as_millis() as usize, Ordering::Release);
    }

    pub(crate) fn playout_deadline(&self) -> Option<Duration> {
        let millis = self.playout_deadline.load(Ordering::Acquire);
        (millis > 0).then(|| Duration::from_millis(millis as u64))
    }

    /// The handshake took so long.
    pub(crate) fn set_handshake(&self, took: Duration) {
        self.handshake_millis.store(took.as_millis().max(1) as usize, Ordering::Release);
    }

    /// How long the handshake took; `None` before its end.
    pub(crate) fn handshake(&self) -> Option<Duration> {
        let millis = self.handshake_millis.load(Ordering::Acquire);
        (millis > 0).then(|| Duration::from_millis(millis as u64))
    }

    /// The checks of the path took so long, and nothing has been sent yet: what to begin with can be told.
    pub(crate) fn set_first_round_trip(&self, round_trip: Duration) {
        let target = congestion::start_rate(self.start_rate, round_trip, self.handshake());
        self.update_stats(|stats| (stats.round_trip, stats.target) = (Some(round_trip), target));
        self.tell_estimate();
    }

    /// What the stats say of the path, and what is left of it beside repair packets.
    pub(crate) fn tell_estimate(&self) {
        let PeerStats { target, repairs, loss, voice_loss, loss_follows_loss, round_trip, .. } = self.stats();
        let target = target.saturating_sub(repairs);
        self.tell_latest(PeerEvent::Estimate { target, loss, voice_loss, loss_follows_loss, round_trip });
    }

    pub(crate) fn set_wanted(&self, wanted: DataRate) {
        self.wanted.store(wanted.as_bps(), Ordering::Release);
    }

    pub(crate) fn wanted(&self) -> Option<DataRate> {
        let bps = self.wanted.load(Ordering::Acquire);
        (bps > 0).then(|| DataRate::from_bps(bps))
    }

    pub(crate) fn stats(&self) -> PeerStats {
        *lock(&self.stats)
    }

    pub(crate) fn update_stats(&self, update: impl FnOnce(&mut PeerStats)) {
        update(&mut lock(&self.stats));
    }

    /// The last packet of the picture with this RTP timestamp has left.
    pub(crate) fn frame_left(&self, timestamp: u32) {
        lock(&self.sent_frames).push(timestamp);
    }

    pub(crate) fn take_sent_frames(&self) -> Vec<u32> {
        lock(&self.sent_frames).take()
    }

    pub(crate) fn events(&self) -> &mpsc::Sender<PeerEvent> {
        &self.events
    }

    /// Tells the owner of something of which only the latest counts: dropped where events that all count need the room.
    pub(crate) fn tell_latest(&self, event: PeerEvent) {
        if self.events.capacity() > EVENT_RESERVE {
            let _ = self.events.try_send(event);
        }
    }

    pub(crate) fn set_slides(&self, slides: bool) {
        self.slides.store(slides, Ordering::Release);
    }

    pub(crate) fn slides(&self) -> bool {
        self.slides.load(Ordering::Acquire)
    }

    /// The other side takes repair packets, and this is how many are planned at present.
    pub(crate) fn set_repairs(&self, planner: RepairPlanner) {
        *lock(&self.repairs) = Some(planner);
    }

    /// How long payloads are to be of a picture of `bytes` that all later ones need, at most `longest`.
    pub(crate) fn payload(&self, bytes: usize, longest: usize) -> usize {
        let planned = lock(&self.repairs).as_ref().and_then(|planner| planner.payload(bytes, longest));
        planned.unwrap_or(longest)
    }

    pub(crate) fn picture_came(&self) {
        self.pictures_came.fetch_add(1, Ordering::AcqRel);
    }

    /// How many packets of the other side's picture came.
    pub(crate) fn pictures_came(&self) -> u64 {
        self.pictures_came.load(Ordering::Acquire)
    }

    pub(crate) fn want_key_frame(&self) {
        self.key_frame_wanted.store(true, Ordering::Release);
        self.picture_wake.notify_one();
    }

    /// The link has collapsed: no picture that waits shall go over it.
    pub(crate) fn forget_picture(&self) {
        self.picture_stale.store(true, Ordering::Release);
        self.picture_wake.notify_one();
    }

    /// Whether that was said since this was last asked.
    pub(crate) fn take_picture_stale(&self) -> bool {
        self.picture_stale.swap(false, Ordering::AcqRel)
    }

    pub(crate) fn key_frame_wanted(&self) -> bool {
        self.key_frame_wanted.load(Ordering::Acquire)
    }

    pub(crate) fn key_frame_asked_for(&self) {
        self.key_frame_wanted.store(false, Ordering::Release);
    }

    /// How long what waits before a new frame takes to leave, in the pacer and on the way to it.
    pub(crate) fn backlog(&self, now: Timestamp) -> Duration {
        let Backlog { until, rate } = *lock(&self.backlog);
        let in_flight = self.in_flight.load(Ordering::Acquire) as u64;
        until.since(now) + if in_flight == 0 { Duration::ZERO } else { rate.time_for(in_flight) }
    }

    /// The pacer's backlog as of `now`, at a target of `rate`.
    pub(crate) fn set_backlog(&self, now: Timestamp, backlog: Duration, rate: DataRate) {
        *lock(&self.backlog) = Backlog { until: now + backlog, rate };
        self.picture_wake.notify_one();
    }

    pub(crate) fn on_its_way(&self, bytes: usize) {
        self.in_flight.fetch_add(bytes, Ordering::AcqRel);
    }

    pub(crate) fn reached_the_pacer(&self, bytes: usize) {
        // Saturating: the gate may have been closed and reset the count in between.
        let _ =
            self.in_flight.fetch_update(Ordering::AcqRel, Ordering::Acquire, |count| Some(count.saturating_sub(bytes)));
    }
}

/// A task that panicked with the lock held has left plain numbers behind, good enough to go on with.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Room in the event channel that is kept for events that all count.
const EVENT_RESERVE: usize = 64;
