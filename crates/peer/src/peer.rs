//! [`Peer`]: open, negotiate, send, close.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use rtc::peer_connection::configuration::RTCOfferOptions;
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use trust::{Candidate, CandidateKind, ConnectionParameters, DtlsFingerprint, Setup, SrtpProfile};
use units::{Clock, DataRate};
use webrtc::data_channel::DataChannel;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::peer_connection::{PeerConnection, RTCSessionDescription};

use crate::bulk::{Bulk, BulkOut};
use crate::connection::{build, configuration, sequence, sources, track};
use crate::receiver::ReceivedSenders;
use crate::relay::Relays;
use crate::repeating_runtime::Repeaters;
use crate::sender::{PictureCommand, PictureSender, send_voice};
use crate::sender_clock::{MediaKind, SenderClock};
use crate::session_description::{MAX_CONTROL_MESSAGE, from_sdp, to_sdp};
use crate::shared::{Flows, Shared};
use crate::supervisor::{self, Supervisor};
use crate::{
    IceServer, PeerConfig, PeerError, PeerEvent, PeerStats, PeerStreams, PictureOut, VoiceFormats, VoiceOut, candidate,
    control, engine,
};

/// A connection to one other person. Cheap to clone; the connection closes with [`Peer::close`] or the last clone.
///
/// ```text
/// offerer   open ▸ create_offer(false) ▸ accept_answer ▸ add_candidates … ▸ create_offer(true) ▸ accept_answer
/// answerer  open ▸ accept_offer ▸ add_candidates … ▸ accept_offer
/// ```
#[derive(Clone)]
pub struct Peer {
    inner: Arc<Inner>,
}

struct Inner {
    connection: Arc<dyn PeerConnection>,
    control: Arc<dyn DataChannel>,
    control_open: Arc<AtomicBool>,
    /// Whether we begin the handshake.
    is_client: Arc<AtomicBool>,
    voice_track: Arc<TrackLocalStaticRTP>,
    picture_track: Arc<TrackLocalStaticRTP>,
    shared: Arc<Shared>,
    announced: Arc<Mutex<Option<DtlsFingerprint>>>,
    negotiation: tokio::sync::Mutex<Negotiation>,
    version: AtomicU32,
    relays: Arc<Relays>,
    /// What it was opened with.
    config: PeerConfig,
    voice: mpsc::Sender<VoiceOut>,
    picture: mpsc::Sender<PictureCommand>,
    tasks: Vec<JoinHandle<()>>,
    closed: AtomicBool,
}

/// One at a time: the library's descriptions depend on each other.
#[derive(Default)]
struct Negotiation {
    tracks_added: bool,
    local: Option<ConnectionParameters>,
    /// An offer of another path that is not in force before it is answered: the old path may come back by itself.
    unanswered_restart: Option<RTCSessionDescription>,
    remote_known: bool,
    /// Candidates that came before the parameters they belong to.
    early: Vec<Candidate>,
    /// Candidates taken before media was open for the first time.
    taken: usize,
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl Peer {
    /// Opens sockets, and makes a fresh certificate if none is given; nothing is sent yet, and the media gate is closed.
    ///
    /// # Errors
    /// If this computer lacks something, or a server's address cannot be used.
    pub async fn open(config: PeerConfig, clock: Clock) -> Result<(Self, PeerStreams), PeerError> {
        let (event_sender, events) = mpsc::channel(EVENT_CAPACITY);
        let (voice_sender, voice) = mpsc::channel(VOICE_CAPACITY);
        let (picture_sender, picture) = mpsc::channel(PICTURE_CAPACITY);
        let (bulk, bulk_streams) = Bulk::new(config.max_rate.unwrap_or(MOST_FOR_FILES));
        let shared = Arc::new(Shared::new(event_sender.clone(), config.start_rate, bulk));

        let (library_sender, library) = mpsc::channel(LIBRARY_CAPACITY);
        let repeaters = Repeaters::default();
        let relays = Arc::new(Relays::new(config.relay_dialer.clone(), config.relay_only));
        let connection =
            build(&config, clock, shared.clone(), library_sender, repeaters.clone(), relays.clone()).await?;
        let Repeaters { handshake, control: control_repeats } = repeaters;
        let control_channel =
            connection.create_data_channel(control::LABEL, Some(control::options())).await.map_err(engine::setup)?;
        let control_open = Arc::new(AtomicBool::new(false));
        let [voice_ssrc, picture_ssrc, rtx_ssrc] = sources()?;
        let voice_track = track("voice", RtpCodecKind::Audio, engine::voice_codec(), voice_ssrc, None);
        let picture_track =
            track("picture", RtpCodecKind::Video, engine::picture_codec(), picture_ssrc, Some(rtx_ssrc));
        let announced = Arc::new(Mutex::new(None));

        let supervisor = Supervisor {
            connection: connection.clone(),
            shared: shared.clone(),
            clock,
            relays: relays.clone(),
            relay_only: config.relay_only,
            received: ReceivedSenders { voice: voice_sender, picture: picture_sender },
            handshake: handshake.clone(),
            announced: announced.clone(),
        };
        let (voice_out, voice_packets) = mpsc::channel(SEND_CAPACITY);
        let (control_sender, control_events) = mpsc::channel(CONTROL_CAPACITY);
        let (picture_out, picture_commands) = mpsc::channel(SEND_CAPACITY);
        let pictures = PictureSender::new(picture_track.clone(), shared.clone(), clock, sequence()?);
        let is_client = Arc::new(AtomicBool::new(false));
        let control_receiver = control::Receiver {
            channel: control_channel.clone(),
            events: control_sender,
            open: control_open.clone(),
            is_client: is_client.clone(),
            handshake: handshake.clone(),
        };
        let tasks = vec![
            tokio::spawn(supervisor::run(supervisor, library)),
            tokio::spawn(handshake.repeat()),
            tokio::spawn(control_repeats.run(control_channel.clone(), shared.clone())),
            tokio::spawn(control_receiver.run()),
            tokio::spawn(hand_on_control(control_events, event_sender, shared.clone(), clock)),
            tokio::spawn(send_voice(voice_track.clone(), shared.clone(), voice_packets, sequence()?)),
            tokio::spawn(pictures.run(picture_commands)),
        ];
        let inner = Inner {
            connection,
            control: control_channel,
            control_open,
            is_client,
            voice_track,
            picture_track,
            shared,
            announced,
            negotiation: tokio::sync::Mutex::default(),
            version: AtomicU32::new(1),
            relays,
            config,
            voice: voice_out,
            picture: picture_out,
            tasks,
            closed: AtomicBool::new(false),
        };
        Ok((Self { inner: Arc::new(inner) }, PeerStreams { events, voice, picture, bulk: bulk_streams }))
    }

    /// Our parameters, for the other side to answer. With `restart`, fresh ICE credentials: a new path is looked for,
    /// the encryption and the control channel stay.
    ///
    /// A restart leaves the present path as it is until [`accept_answer`](Self::accept_answer) (the library gives the old
    /// path up before it has another): one that nobody answers costs nothing, and does not stand in the way of the next.
    ///
    /// # Errors
    /// If the connection is closed or the library refuses.
    pub async fn create_offer(&self, restart: bool) -> Result<ConnectionParameters, PeerError> {
        let mut negotiation = self.begin().await?;
        self.add_tracks(&mut negotiation).await?;
        if restart {
            // A restart answered late, or never, must not stand in the way of the next.
            negotiation.remote_known = false;
        }
        let options = restart.then_some(RTCOfferOptions { ice_restart: true });
        let connection = &self.inner.connection;
        let offer = connection.create_offer(options).await.map_err(negotiation_error)?;
        let local = from_sdp(&offer.sdp)?;
        if restart {
            negotiation.unanswered_restart = Some(offer);
        } else {
            connection.set_local_description(offer).await.map_err(negotiation_error)?;
        }
        negotiation.local = Some(local.clone());
        Ok(local)
    }

    /// Takes the other side's offer and gives our answer. Again with fresh ICE credentials: an ICE restart.
    ///
    /// # Errors
    /// If the offer is not one we take (see [`PeerError`]), the connection is closed or the library refuses.
    pub async fn accept_offer(&self, remote: ConnectionParameters) -> Result<ConnectionParameters, PeerError> {
        let mut negotiation = self.begin().await?;
        if remote.setup != Setup::ActPass {
            return Err(PeerError::WrongRole);
        }
        self.check(&remote)?;
        let connection = &self.inner.connection;
        let offer = RTCSessionDescription::offer(self.sdp(&remote)).map_err(negotiation_error)?;
        connection.set_remote_description(offer).await.map_err(negotiation_error)?;
        // After the remote description: the tracks then take the sections that were offered.
        self.add_tracks(&mut negotiation).await?;
        let answer = connection.create_answer(None).await.map_err(negotiation_error)?;
        let local = from_sdp(&answer.sdp)?;
        self.inner.is_client.store(local.setup == Setup::Active, Ordering::Release);
        connection.set_local_description(answer).await.map_err(negotiation_error)?;
        self.negotiated(&mut negotiation, local.clone(), &remote).await;
        Ok(local)
    }

    /// Takes the other side's answer to our offer.
    ///
    /// # Errors
    /// If the answer is not one we take, there was no offer, or the library refuses.
    pub async fn accept_answer(&self, remote: ConnectionParameters) -> Result<(), PeerError> {
        let mut negotiation = self.begin().await?;
        if remote.setup == Setup::ActPass {
            return Err(PeerError::WrongRole);
        }
        let Some(local) = negotiation.local.clone() else {
            return Err(PeerError::Negotiation("it answers an offer that was never made".into()));
        };
        self.check(&remote)?;
        self.inner.is_client.store(remote.setup == Setup::Passive, Ordering::Release);
        if let Some(offer) = negotiation.unanswered_restart.take() {
            self.inner.connection.set_local_description(offer).await.map_err(negotiation_error)?;
        }
        let answer = RTCSessionDescription::answer(self.sdp(&remote)).map_err(negotiation_error)?;
        self.inner.connection.set_remote_description(answer).await.map_err(negotiation_error)?;
        self.negotiated(&mut negotiation, local, &remote).await;
        Ok(())
    }

    /// Other servers, or the same ones with fresh passwords: asked when a path is next looked for. A relay that is in use stays
    /// so until then.
    ///
    /// # Errors
    /// If the connection is closed or the library refuses.
    pub async fn set_ice_servers(&self, servers: Vec<IceServer>) -> Result<(), PeerError> {
        let _negotiation = self.begin().await?;
        let configuration = configuration(&self.inner.config, &self.inner.relays, &servers);
        self.inner.connection.set_configuration(configuration).await.map_err(engine::setup)
    }

    /// Addresses at which the other side may be reached. Those that come before its parameters wait for them.
    ///
    /// # Errors
    /// If the connection is closed. A candidate that the library cannot use is passed over.
    pub async fn add_candidates(&self, candidates: Vec<Candidate>) -> Result<(), PeerError> {
        let mut negotiation = self.begin().await?;
        let mut candidates = candidates;
        // Checks are sent to where a stranger says: not to this machine, nor to what only its own link reaches.
        candidates.retain(|candidate| self.inner.config.include_loopback || candidate.is_beyond_the_link());
        if !self.inner.shared.is_open() {
            candidates.truncate(MAX_CANDIDATES_BEFORE_ADMISSION.saturating_sub(negotiation.taken));
            negotiation.taken += candidates.len();
        }
        if negotiation.remote_known {
            self.add_now(candidates).await;
        } else {
            let room = MAX_EARLY_CANDIDATES.saturating_sub(negotiation.early.len());
            negotiation.early.extend(candidates.into_iter().take(room));
        }
        Ok(())
    }

    /// Sends a message on the control channel, which may be done before the gate is open.
    ///
    /// # Errors
    /// If the channel is not open, or the message too large.
    pub async fn send_control(&self, message: Vec<u8>) -> Result<(), PeerError> {
        if message.len() > MAX_CONTROL_MESSAGE {
            return Err(PeerError::ControlTooLarge(message.len(), MAX_CONTROL_MESSAGE));
        }
        if !self.inner.control_open.load(Ordering::Acquire) {
            return Err(PeerError::ControlNotOpen);
        }
        // Not `send`: it would wait for a link that is down, and with it the loop that must notice.
        self.inner.control.try_send(message.as_slice().into()).await.map_err(|_| PeerError::ControlNotOpen)
    }

    /// The media gate. Closed, as it is at first, not one RTP packet leaves or is handed on.
    pub fn set_media_open(&self, open: bool) {
        self.inner.shared.set_gate(open);
        self.inner.shared.picture_wake.notify_one();
    }

    /// Sends a voice packet at once; nothing happens while the gate is closed. Never waits: callable from any thread.
    pub fn send_voice(&self, packet: VoiceOut) {
        if self.inner.shared.is_open() {
            // DropNewest: the queue is empty but for an instant, unless the connection is closing.
            let _ = self.inner.voice.try_send(packet);
        }
    }

    /// As what the other side takes voice; `None` before both have spoken.
    pub fn voice_formats(&self) -> Option<VoiceFormats> {
        let flows = self.inner.shared.flows()?;
        Some(VoiceFormats { opus: flows.voice.payload_type, red: flows.red.map(|red| red.payload_type) })
    }

    /// As what we take voice: the blocks of RED that come are marked with our number for Opus. `None` before both have
    /// spoken.
    pub fn own_voice_formats(&self) -> Option<VoiceFormats> {
        let flows = self.inner.shared.flows()?;
        Some(VoiceFormats { opus: flows.voice.own_payload_type, red: flows.red.map(|red| red.own_payload_type) })
    }

    /// Sends a picture when its turn comes, or drops it; nothing happens while the gate is closed. Never waits.
    pub fn send_picture(&self, picture: PictureOut) {
        if self.inner.shared.is_open() && self.inner.picture.try_send(PictureCommand::Send(picture)).is_err() {
            // A frame that others need is gone.
            self.inner.shared.want_key_frame();
        }
    }

    /// Whether files are being sent: room is kept for them, and more is looked for than a call could use.
    pub fn set_bulk_active(&self, active: bool) {
        self.inner.shared.bulk.set_active(active);
    }

    /// Sends a piece of a file when nothing else wants to leave. Never waits; what becomes of it is said by
    /// [`BulkStreams::fates`](crate::BulkStreams).
    ///
    /// # Errors
    /// The piece itself, if there is no room for it: there will be within milliseconds, as fast as the link takes them.
    pub fn send_bulk(&self, piece: BulkOut) -> Result<(), BulkOut> {
        self.inner.shared.bulk.push(piece)
    }

    /// Asks the other side for a key frame, at most every 400 ms.
    pub fn request_key_frame(&self) {
        let _ = self.inner.picture.try_send(PictureCommand::RequestKeyFrame);
    }

    /// How long after it is missed a picture packet is still of use: nothing is asked for again that would come later.
    pub fn set_playout_deadline(&self, deadline: std::time::Duration) {
        self.inner.shared.set_playout_deadline(deadline);
    }

    /// How much voice and picture can use at most, headers and reports counted: nobody looks for more.
    pub fn set_wanted(&self, wanted: DataRate) {
        self.inner.shared.set_wanted(wanted);
    }

    /// What was counted.
    pub fn stats(&self) -> PeerStats {
        self.inner.shared.stats()
    }

    /// RTP timestamps of the pictures that have left in full since this was last asked, in order; the latest 64 of them.
    /// One that was handed over and is not among them was dropped, or still waits.
    pub fn take_sent_frames(&self) -> Vec<u32> {
        self.inner.shared.take_sent_frames()
    }

    /// What the other side's clocks said when it last reported of its voice or its picture, about a second ago; `None` until
    /// it has.
    pub fn sender_clock(&self, kind: MediaKind) -> Option<SenderClock> {
        self.inner.shared.sender_clock(kind)
    }

    /// Closes in order: the other side sees [`PeerEvent::ControlClosed`] at once, if a path is left.
    pub async fn close(&self) {
        self.inner.shared.set_gate(false);
        if self.inner.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        self.inner.tasks.iter().for_each(JoinHandle::abort);
        if let Err(error) = self.inner.connection.close().await {
            tracing::debug!(%error, "closed with an error");
        }
        self.inner.relays.close();
    }

    async fn begin(&self) -> Result<tokio::sync::MutexGuard<'_, Negotiation>, PeerError> {
        let negotiation = self.inner.negotiation.lock().await;
        if self.inner.closed.load(Ordering::Acquire) { Err(PeerError::Closed) } else { Ok(negotiation) }
    }

    async fn add_tracks(&self, negotiation: &mut Negotiation) -> Result<(), PeerError> {
        if !negotiation.tracks_added {
            let connection = &self.inner.connection;
            connection.add_track(self.inner.voice_track.clone()).await.map_err(engine::setup)?;
            connection.add_track(self.inner.picture_track.clone()).await.map_err(engine::setup)?;
            negotiation.tracks_added = true;
        }
        Ok(())
    }

    /// Whether these are parameters of somebody we may talk to, and of the same one as before.
    fn check(&self, remote: &ConnectionParameters) -> Result<(), PeerError> {
        remote.validate().map_err(|error| PeerError::Negotiation(error.to_string()))?;
        let aead = |profile: &SrtpProfile| matches!(profile, SrtpProfile::AeadAes256Gcm | SrtpProfile::AeadAes128Gcm);
        if !remote.srtp.iter().any(aead) {
            return Err(PeerError::NoEncryption);
        }
        let mut announced = self.announced();
        if announced.is_some_and(|before| before != remote.fingerprint) {
            return Err(PeerError::FingerprintChanged);
        }
        *announced = Some(remote.fingerprint);
        Ok(())
    }

    fn announced(&self) -> MutexGuard<'_, Option<DtlsFingerprint>> {
        self.inner.announced.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn sdp(&self, remote: &ConnectionParameters) -> String {
        to_sdp(remote, self.inner.version.fetch_add(1, Ordering::Relaxed))
    }

    async fn negotiated(
        &self,
        negotiation: &mut Negotiation,
        local: ConnectionParameters,
        remote: &ConnectionParameters,
    ) {
        self.inner.shared.set_flows(Flows::new(&local, remote));
        negotiation.local = Some(local);
        negotiation.remote_known = true;
        self.add_now(std::mem::take(&mut negotiation.early)).await;
    }

    async fn add_now(&self, candidates: Vec<Candidate>) {
        for relayed in candidates.iter().filter(|candidate| candidate.kind == CandidateKind::Relay) {
            self.inner.relays.on_their_relay(SocketAddr::new(relayed.address, relayed.port));
        }
        for candidate in candidates.iter().filter_map(candidate::to_library) {
            if let Err(error) = self.inner.connection.add_ice_candidate(candidate).await {
                tracing::debug!(%error, "candidate passed over");
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        // The library's task holds its connection alive; only closing ends it.
        if !self.closed.load(Ordering::Acquire)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let connection = self.connection.clone();
            runtime.spawn(async move { connection.close().await });
        }
    }
}

/// Notes that the other side was heard. What waits for the owner waits here, and with it the control channel.
async fn hand_on_control(
    mut events: mpsc::Receiver<PeerEvent>,
    owner: mpsc::Sender<PeerEvent>,
    shared: Arc<Shared>,
    clock: Clock,
) {
    while let Some(event) = events.recv().await {
        if matches!(event, PeerEvent::ControlOpened | PeerEvent::Control(_)) {
            let now = clock.timestamp(Instant::now());
            // The bridge writes it, too, and what it wrote may be later.
            shared.update_stats(|stats| stats.last_heard = stats.last_heard.max(Some(now)));
        }
        if owner.send(event).await.is_err() {
            return;
        }
    }
}

fn negotiation_error(error: impl fmt::Display) -> PeerError {
    PeerError::Negotiation(error.to_string())
}

/// What the estimate may find while files are sent: more than most links have, and what two small processors still encrypt beside a
/// call.
const MOST_FOR_FILES: DataRate = DataRate::from_kbps(50_000);
/// Events that all count come one at a time; full means that the owner is stuck (control messages: Block, estimates:
/// dropped).
const EVENT_CAPACITY: usize = 256;
/// Control messages that came and wait to be handed on: as few as may be, so that the other side waits, too.
const CONTROL_CAPACITY: usize = 1;
/// Five seconds of voice.
const VOICE_CAPACITY: usize = 256;
/// A second of picture at the highest rate.
const PICTURE_CAPACITY: usize = 1_024;
/// Callbacks of the library: a restart on a machine with many interfaces brings some dozens at once.
const LIBRARY_CAPACITY: usize = 256;
/// From the media threads to the sending tasks: a second of voice, two of picture.
const SEND_CAPACITY: usize = 64;
/// Before anybody was admitted: an hour of restarts on a machine with some interfaces.
const MAX_CANDIDATES_BEFORE_ADMISSION: usize = 512;
/// As many as an honest side finds on a machine with many interfaces.
const MAX_EARLY_CANDIDATES: usize = 64;

#[cfg(test)]
mod tests;
