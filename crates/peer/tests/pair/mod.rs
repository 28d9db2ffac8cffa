//! Two peers and the little that passes between them.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use peer::{Peer, PeerConfig, PeerEvent, PeerStreams, PictureOut, ReceivedPacket, VoiceFormat, VoiceOut};
use tokio::time::timeout;
use trust::{Candidate, DtlsFingerprint};
use units::{Clock, DataRate, Timestamp};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(12);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Host,
    Guest,
}

pub(crate) struct PairConfig {
    pub(crate) start_rate: DataRate,
    pub(crate) max_rate: Option<DataRate>,
    /// What else a side is opened with.
    pub(crate) base: PeerConfig,
}

impl Default for PairConfig {
    fn default() -> Self {
        Self { start_rate: DataRate::from_kbps(1_000), max_rate: None, base: PeerConfig::default() }
    }
}

pub(crate) struct End {
    pub(crate) peer: Peer,
    pub(crate) streams: PeerStreams,
}

/// What becomes of a side's candidate on its way to the other side.
pub(crate) type Detour = Box<dyn FnMut(Side, Candidate) -> Option<Candidate> + Send>;

pub(crate) struct Pair {
    pub(crate) host: End,
    pub(crate) guest: End,
    pub(crate) clock: Clock,
    /// Where each side's candidates go instead of to the other side, if anywhere: a network in between.
    pub(crate) detour: Option<Detour>,
}

pub(crate) fn clock() -> Clock {
    Clock::starting_at(Instant::now(), SystemTime::now())
}

impl End {
    async fn new(config: &PairConfig, clock: Clock) -> Self {
        let config = PeerConfig {
            start_rate: config.start_rate,
            max_rate: config.max_rate,
            include_loopback: true,
            ..config.base.clone()
        };
        let (peer, streams) = Peer::open(config, clock).await.expect("a peer opens");
        Self { peer, streams }
    }

    pub(crate) async fn event(&mut self) -> PeerEvent {
        timeout(PATIENCE, self.streams.events.recv()).await.expect("an event in time").expect("the peer is there")
    }

    pub(crate) async fn control(&mut self) -> Vec<u8> {
        loop {
            if let PeerEvent::Control(message) = self.event().await {
                return message;
            }
        }
    }

    pub(crate) async fn voice(&mut self) -> ReceivedPacket {
        timeout(PATIENCE, self.streams.voice.recv()).await.expect("voice in time").expect("the peer is there")
    }

    pub(crate) async fn picture(&mut self) -> ReceivedPacket {
        timeout(PATIENCE, self.streams.picture.recv()).await.expect("picture in time").expect("the peer is there")
    }

    pub(crate) async fn nothing_heard_for(&mut self, span: Duration) {
        tokio::select! {
            packet = self.streams.voice.recv() => panic!("heard {packet:?}"),
            packet = self.streams.picture.recv() => panic!("saw {packet:?}"),
            () = tokio::time::sleep(span) => {}
        }
    }
}

impl Pair {
    pub(crate) async fn new(config: PairConfig) -> Self {
        let clock = clock();
        Self { host: End::new(&config, clock).await, guest: End::new(&config, clock).await, clock, detour: None }
    }

    pub(crate) async fn connected(config: PairConfig) -> Self {
        let mut pair = Self::new(config).await;
        pair.connect().await;
        pair
    }

    /// Connected, with both gates open.
    pub(crate) async fn open(config: PairConfig) -> Self {
        let pair = Self::connected(config).await;
        pair.open_media();
        pair
    }

    pub(crate) fn open_media(&self) {
        self.host.peer.set_media_open(true);
        self.guest.peer.set_media_open(true);
    }

    /// The host offers and the guest answers; their fingerprints.
    async fn negotiate(&mut self) -> (DtlsFingerprint, DtlsFingerprint) {
        let offer = self.host.peer.create_offer(false).await.expect("an offer");
        let host_print = offer.fingerprint;
        let answer = self.guest.peer.accept_offer(offer).await.expect("an answer");
        let guest_print = answer.fingerprint;
        self.host.peer.accept_answer(answer).await.expect("the answer is taken");
        (host_print, guest_print)
    }

    /// Connects, and each says its first word on the control channel the moment that it opens, until both are heard.
    pub(crate) async fn connect_and_speak_at_once(&mut self) {
        self.negotiate().await;
        let mut heard = [false; 2];
        let exchange = async {
            while heard != [true; 2] {
                let (side, event) = tokio::select! {
                    event = self.host.streams.events.recv() => (Side::Host, event.expect("the host is there")),
                    event = self.guest.streams.events.recv() => (Side::Guest, event.expect("the guest is there")),
                };
                let (own, other) = match side {
                    Side::Host => (&self.host.peer, &self.guest.peer),
                    Side::Guest => (&self.guest.peer, &self.host.peer),
                };
                match event {
                    PeerEvent::Candidate(candidate) => other.add_candidates(vec![candidate]).await.expect("taken"),
                    PeerEvent::ControlOpened => own.send_control(b"first".to_vec()).await.expect("it is open"),
                    PeerEvent::Control(message) => {
                        assert_eq!(message, b"first");
                        heard[side as usize] = true;
                    }
                    _ => {}
                }
            }
        };
        timeout(PATIENCE, exchange).await.expect("both are heard");
    }

    pub(crate) async fn connect(&mut self) {
        let prints = self.negotiate().await;
        assert_eq!(self.until_connected().await, prints);
    }

    /// Carries candidates across until both control channels are open; the fingerprints of host and guest, as shown.
    pub(crate) async fn until_connected(&mut self) -> (DtlsFingerprint, DtlsFingerprint) {
        let mut opened = [false; 2];
        let (mut host, mut guest) = (None, None);
        self.exchange_until(PATIENCE, |side, event| {
            match (side, event) {
                (_, PeerEvent::ControlOpened) => opened[side as usize] = true,
                (Side::Guest, PeerEvent::DtlsConnected { remote_fingerprint }) => host = Some(*remote_fingerprint),
                (Side::Host, PeerEvent::DtlsConnected { remote_fingerprint }) => guest = Some(*remote_fingerprint),
                (_, PeerEvent::Failed | PeerEvent::Refused(_)) => panic!("{side:?}: {event:?}"),
                _ => {}
            }
            host.zip(guest).filter(|_| opened == [true; 2])
        })
        .await
    }

    /// Carries candidates across until `look` has seen what it wants.
    pub(crate) async fn exchange_until<T>(
        &mut self,
        patience: Duration,
        mut look: impl FnMut(Side, &PeerEvent) -> Option<T>,
    ) -> T {
        let exchange = async {
            loop {
                let (side, event) = tokio::select! {
                    event = self.host.streams.events.recv() => (Side::Host, event.expect("the host is there")),
                    event = self.guest.streams.events.recv() => (Side::Guest, event.expect("the guest is there")),
                };
                if let Some(found) = look(side, &event) {
                    return found;
                }
                let PeerEvent::Candidate(candidate) = event else { continue };
                let candidate = match &mut self.detour {
                    Some(detour) => detour(side, candidate),
                    None => Some(candidate),
                };
                let other = if side == Side::Host { &self.guest.peer } else { &self.host.peer };
                other.add_candidates(candidate.into_iter().collect()).await.expect("candidates are taken");
            }
        };
        timeout(patience, exchange).await.expect("it happens in time")
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.timestamp(Instant::now())
    }

    pub(crate) async fn close(self) {
        self.host.peer.close().await;
        self.guest.peer.close().await;
    }
}

pub(crate) fn voice(n: u32) -> VoiceOut {
    VoiceOut {
        payload: Bytes::from(vec![n as u8; 60]),
        format: VoiceFormat::Opus,
        timestamp: n * 960,
        captured: Timestamp::from_millis(20 * u64::from(n)),
        marker: n == 0,
    }
}

/// One slice of `bytes` bytes that decoders would call a P frame.
pub(crate) fn picture(captured: Timestamp, timestamp: u32, bytes: usize) -> PictureOut {
    PictureOut { annexb: annexb(0x41, bytes), timestamp, key: false, layer: 0, captured, slide: false }
}

/// One slice of `bytes` bytes that decoders would call an IDR.
pub(crate) fn key_frame(captured: Timestamp, timestamp: u32, bytes: usize) -> PictureOut {
    PictureOut { annexb: annexb(0x65, bytes), timestamp, key: true, layer: 0, captured, slide: false }
}

fn annexb(nal_header: u8, bytes: usize) -> Bytes {
    let mut data = vec![0, 0, 0, 1, nal_header];
    data.extend((0..bytes).map(|n| (n % 251) as u8 | 1));
    Bytes::from(data)
}

/// One NAL unit out of single or fragmented (FU-A) packets.
pub(crate) fn reassemble(packets: &[ReceivedPacket]) -> Bytes {
    let mut data = vec![0, 0, 0, 1];
    for packet in packets {
        let payload = &packet.payload;
        if payload[0] & 0x1f != 28 {
            data.extend_from_slice(payload);
            continue;
        }
        if payload[1] & 0x80 != 0 {
            data.push((payload[0] & 0xe0) | (payload[1] & 0x1f));
        }
        data.extend_from_slice(&payload[2..]);
    }
    Bytes::from(data)
}
