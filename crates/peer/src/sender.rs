//! The tasks that number packets and hand them to the library: one for voice, one for the picture.
//!
//! They are apart because handing over may wait, and voice must not wait for the picture.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use congestion::{FrameQueue, QueuedFrame};
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtp;
use rtc::rtp::codec::h264::H264Payloader;
use rtc::rtp::packetizer::Payloader;
use tokio::sync::mpsc;
use units::{Clock, Timestamp};
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;

use crate::sender_clock::MediaKind;
use crate::shared::{Flow, Shared};
use crate::{PeerEvent, PictureOut, VoiceFormat, VoiceOut, bridge};

/// Numbers voice packets and hands them over, until the other end is dropped.
pub(crate) async fn send_voice(
    track: Arc<TrackLocalStaticRTP>,
    shared: Arc<Shared>,
    mut packets: mpsc::Receiver<VoiceOut>,
    mut sequence: u16,
) {
    while let Some(VoiceOut { payload, format, timestamp, captured, marker }) = packets.recv().await {
        let Some(flows) = shared.flows().filter(|_| shared.is_open()) else { continue };
        let payload_type = match (format, flows.red) {
            (VoiceFormat::Opus, _) => flows.voice.payload_type,
            (VoiceFormat::Red, Some(red)) => red.payload_type,
            // Packed before a negotiation that took it away.
            (VoiceFormat::Red, None) => continue,
        };
        let packet = packet(Flow { payload_type, ..flows.voice }, sequence, timestamp, marker, payload);
        sequence = sequence.wrapping_add(1);
        shared.note_capture(MediaKind::Voice, captured, timestamp);
        if let Err(error) = track.write_rtp(packet).await {
            tracing::debug!(%error, "voice not sent");
        }
    }
}

/// What the picture task is told.
pub(crate) enum PictureCommand {
    Send(PictureOut),
    /// The other side shall send a key frame.
    RequestKeyFrame,
}

/// The picture's way from the encoder to the pacer.
pub(crate) struct PictureSender {
    track: Arc<TrackLocalStaticRTP>,
    shared: Arc<Shared>,
    clock: Clock,
    queue: FrameQueue<PictureOut>,
    payloader: H264Payloader,
    sequence: u16,
    /// When we last told our encoder to make a key frame.
    wanted: Option<Timestamp>,
    requests: KeyFrameRequests,
}

impl PictureSender {
    pub(crate) fn new(track: Arc<TrackLocalStaticRTP>, shared: Arc<Shared>, clock: Clock, sequence: u16) -> Self {
        Self {
            track,
            shared,
            clock,
            queue: FrameQueue::new(),
            payloader: H264Payloader::default(),
            sequence,
            wanted: None,
            requests: KeyFrameRequests::default(),
        }
    }

    /// Queues, packetises and hands over frames, until the other end is dropped.
    pub(crate) async fn run(mut self, mut commands: mpsc::Receiver<PictureCommand>) {
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    Some(PictureCommand::Send(frame)) => {
                        self.forget_stale();
                        self.queue(frame);
                    }
                    Some(PictureCommand::RequestKeyFrame) => self.request_key_frame().await,
                    None => return,
                },
                () = self.shared.picture_wake.notified() => {}
                // Only where nothing else would wake us: a frame that goes stale, a key frame that waits for its turn.
                () = tokio::time::sleep(IDLE_LOOK), if !self.queue.is_empty() || self.shared.key_frame_wanted() => {}
            }
            self.forget_stale();
            self.release().await;
            self.want_key_frame();
        }
    }

    /// Throws away what waits if it was made for a link that is no more.
    fn forget_stale(&mut self) {
        if self.shared.take_picture_stale() {
            self.queue.clear();
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.timestamp(Instant::now())
    }

    fn queue(&mut self, frame: PictureOut) {
        if frame.key {
            self.shared.key_frame_asked_for();
        }
        let deadline = frame.captured + if frame.slide { MAX_WAIT_OF_SLIDE } else { MAX_WAIT };
        let PictureOut { key, layer, .. } = frame;
        let bytes = frame.annexb.len();
        self.queue.push(self.now(), QueuedFrame { key, layer, bytes, deadline, item: frame });
    }

    /// Hands over what the pacer has room for.
    async fn release(&mut self) {
        let flows = self.shared.flows().filter(|_| self.shared.is_open());
        let Some(flows) = flows else {
            self.queue.clear();
            return;
        };
        loop {
            let now = self.now();
            let Some(frame) = self.queue.next(now, self.shared.backlog(now)) else { break };
            self.send(&frame, flows.picture).await;
        }
        let dropped = self.queue.take_dropped();
        if dropped.frames > 0 {
            self.shared.update_stats(|stats| stats.frames_dropped += u64::from(dropped.frames));
        }
        if dropped.reference_lost {
            self.shared.want_key_frame();
        }
    }

    async fn send(&mut self, frame: &PictureOut, flow: Flow) {
        self.shared.set_slides(frame.slide);
        let most = match frame.layer {
            _ if frame.slide => MAX_PAYLOAD_OF_SLIDE,
            // And what a piece of a unit has of its own (RFC 6184, section 5.8).
            0 => (self.shared.payload(frame.annexb.len(), MAX_PAYLOAD) + FRAGMENT_HEADERS).min(MAX_PAYLOAD),
            _ => MAX_PAYLOAD,
        };
        let payloads = match self.payloader.payload(most, &frame.annexb) {
            Ok(payloads) => payloads,
            Err(error) => {
                tracing::warn!(%error, "a picture could not be cut into packets");
                return;
            }
        };
        self.shared.note_capture(MediaKind::Picture, frame.captured, frame.timestamp);
        let last = payloads.len().saturating_sub(1);
        for (index, payload) in payloads.into_iter().enumerate() {
            let packet = packet(flow, self.sequence, frame.timestamp, index == last, payload);
            self.sequence = self.sequence.wrapping_add(1);
            let bytes = bridge::size(&packet);
            self.shared.on_its_way(bytes);
            if let Err(error) = self.track.write_rtp(packet).await {
                self.shared.reached_the_pacer(bytes);
                tracing::debug!(%error, "picture not sent");
            }
        }
        self.shared.update_stats(|stats| stats.frames_sent += 1);
    }

    /// Tells the encoder, not more often than it could answer.
    fn want_key_frame(&mut self) {
        let now = self.now();
        if !self.shared.key_frame_wanted() || self.wanted.is_some_and(|at| now.since(at) < KEY_FRAME_INTERVAL) {
            return;
        }
        if self.shared.events().try_send(PeerEvent::KeyFrameWanted).is_ok() {
            // Said once: an encoder that is off answers never, and one that answers late is asked again by who waits.
            self.shared.key_frame_asked_for();
            self.wanted = Some(now);
        }
    }

    async fn request_key_frame(&mut self) {
        let now = self.now();
        let Some(flows) = self.shared.flows().filter(|_| self.shared.is_open()) else { return };
        if !self.requests.may_ask(now, self.shared.pictures_came()) {
            return;
        }
        let request =
            PictureLossIndication { sender_ssrc: flows.picture.local_ssrc, media_ssrc: flows.picture.remote_ssrc };
        if let Err(error) = self.track.write_rtcp(vec![Box::new(request)]).await {
            tracing::debug!(%error, "key frame not requested");
        }
    }
}

/// What we asked the other side for.
#[derive(Debug, Default)]
struct KeyFrameRequests {
    last: Option<KeyFrameRequest>,
}

#[derive(Debug, Clone, Copy)]
struct KeyFrameRequest {
    at: Timestamp,
    /// How long to wait with the next one, if nothing comes.
    pause: Duration,
    /// How many packets of their picture had come by then.
    came: u64,
}

impl KeyFrameRequests {
    /// Whether to ask now, when so many packets of their picture came so far. Who sends none, as its link is too thin, has
    /// none to give, and begins with a key frame in any case: it is asked less and less often.
    fn may_ask(&mut self, now: Timestamp, came: u64) -> bool {
        let (wait, pause) = match self.last {
            None => (Duration::ZERO, KEY_FRAME_INTERVAL),
            Some(last) if last.came == came => (last.pause, (last.pause * 2).min(LONGEST_REQUEST_INTERVAL)),
            Some(_) => (KEY_FRAME_INTERVAL, KEY_FRAME_INTERVAL),
        };
        if self.last.is_some_and(|last| now.since(last.at) < wait) {
            return false;
        }
        self.last = Some(KeyFrameRequest { at: now, pause, came });
        true
    }
}

fn packet(flow: Flow, sequence: u16, timestamp: u32, marker: bool, payload: Bytes) -> rtp::Packet {
    let header = rtp::Header {
        version: 2,
        marker,
        payload_type: flow.payload_type,
        sequence_number: sequence,
        timestamp,
        ssrc: flow.local_ssrc,
        ..rtp::Header::default()
    };
    rtp::Packet { header, payload }
}

/// With RTP header and extension (20), GCM tag (16), UDP and IPv6 (48), RTX (2) and a relay's framing (36) this stays
/// below 1,280 bytes, which every IPv6 link carries (RFC 8200, section 5).
const MAX_PAYLOAD: usize = 1_120;
const FRAGMENT_HEADERS: usize = 2;
/// On a link of 64 kbps this and its headers take 29 ms, which is what packets of voice, 60 ms apart, leave between them: what
/// goes right behind one is through before the next. With smaller ones more than a third would be headers.
const MAX_PAYLOAD_OF_SLIDE: usize = 170;
/// How old a picture may be when it leaves. At the lowest picture rates a key frame alone occupies the pacer for most
/// of a second; dropping what follows it would cost the next key frame, and so on for ever.
const MAX_WAIT: Duration = Duration::from_millis(1_200);
/// The same of a single picture: two of its intervals.
const MAX_WAIT_OF_SLIDE: Duration = Duration::from_secs(8);
/// A key frame costs several others; one that is on its way cannot have arrived sooner than this on a weak link.
const KEY_FRAME_INTERVAL: Duration = Duration::from_millis(400);
/// A request is 60 bytes: two a second of them would be one thirtieth of a link of 30 kbps.
const LONGEST_REQUEST_INTERVAL: Duration = Duration::from_secs(5);
/// How often the queue is looked at when the pacer says nothing.
const IDLE_LOOK: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sends_no_picture_is_asked_for_a_key_frame_less_and_less_often() {
        let mut requests = KeyFrameRequests::default();
        let mut asked = |came: u64, millis: std::ops::Range<u64>| -> Vec<u64> {
            millis.step_by(100).filter(|at| requests.may_ask(Timestamp::from_millis(*at), came)).collect()
        };
        assert_eq!(asked(0, 1_000..20_000), [1_000, 1_400, 2_200, 3_800, 7_000, 12_000, 17_000]);
        assert_eq!(asked(1, 20_000..20_400), [20_000], "something came that cannot be decoded");
        assert_eq!(asked(2, 20_400..20_800), [20_400]);
    }
}
