//! Our side of the call: a `peer` with the product's codecs and the files' devices.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use peer::{Peer, PeerConfig, PeerEvent};
use tokio::sync::mpsc;
use units::{Clock, DataRate};

use crate::footage::Footage;
use crate::media_in;
use crate::media_out::{MediaOut, Plan};
use crate::seen::Seen;

/// One of our apps, without its windows.
pub(crate) struct Caller {
    pub(crate) peer: Peer,
    /// What came out of its decoders.
    pub(crate) seen: Seen,
    /// What happened to the peer, but for estimates and requests for key frames.
    pub(crate) events: mpsc::UnboundedReceiver<PeerEvent>,
    /// What it sends.
    pub(crate) plan: Arc<Plan>,
    key_frames_wanted: Arc<AtomicU64>,
    sending: Option<MediaOut>,
}

impl Caller {
    /// Opens the peer and listens to what comes; nothing is sent yet.
    pub(crate) async fn open(clock: Clock) -> Self {
        let config = PeerConfig { start_rate: START_RATE, include_loopback: true, ..PeerConfig::default() };
        let (peer, streams) = Peer::open(config, clock).await.expect("a peer opens");
        let seen = Seen::default();
        tokio::spawn(media_in::pictures(streams.picture, peer.clone(), clock, seen.clone()));
        tokio::spawn(media_in::voice(streams.voice, peer.clone(), clock, seen.clone()));
        let (sender, events) = mpsc::unbounded_channel();
        let (plan, key_frames_wanted) = (Arc::<Plan>::default(), Arc::<AtomicU64>::default());
        tokio::spawn(pump(streams.events, sender, plan.clone(), key_frames_wanted.clone()));
        Self { peer, seen, events, plan, key_frames_wanted, sending: None }
    }

    /// Opens the gate and sends picture and voice.
    pub(crate) fn start_media(&mut self, clock: Clock, footage: &Footage) {
        self.peer.set_media_open(true);
        self.sending = Some(MediaOut::start(&self.peer, clock, footage, &self.plan));
    }

    /// How many times a key frame of ours was wanted.
    pub(crate) fn key_frames_wanted(&self) -> u64 {
        self.key_frames_wanted.load(Ordering::Relaxed)
    }

    /// Stops sending and closes.
    pub(crate) async fn hang_up(&mut self) {
        self.sending = None;
        self.peer.close().await;
    }
}

/// Requests for key frames go to the encoder at once, whatever the test is waiting for.
async fn pump(
    mut events: mpsc::Receiver<PeerEvent>,
    sender: mpsc::UnboundedSender<PeerEvent>,
    plan: Arc<Plan>,
    key_frames_wanted: Arc<AtomicU64>,
) {
    while let Some(event) = events.recv().await {
        match event {
            PeerEvent::KeyFrameWanted => {
                plan.key_frame_wanted.store(true, Ordering::Relaxed);
                key_frames_wanted.fetch_add(1, Ordering::Relaxed);
            }
            PeerEvent::Estimate { .. } => {}
            event => drop(sender.send(event)),
        }
    }
}

/// What the product starts with.
pub(crate) const START_RATE: DataRate = DataRate::from_kbps(300);
