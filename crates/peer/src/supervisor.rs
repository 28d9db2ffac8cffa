//! The task that turns what the library says into [`PeerEvent`]s and keeps the two timers that the library lacks.
//!
//! The library never fails a handshake with the wrong certificate, it only never finishes it; and a call that may last
//! through a power cut needs an ICE agent that never gives up, so somebody else must say "no path" at the start.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use trust::DtlsFingerprint;
use units::Clock;
use webrtc::peer_connection::{
    PeerConnection, RTCIceConnectionState, RTCPeerConnectionState, RTCStatsReportEntry, StatsSelector,
};

use crate::handler::LibraryEvent;
use crate::receiver::{ReceivedSenders, receive_track};
use crate::shared::Shared;
use crate::{Path, PeerError, PeerEvent, candidate};

/// What [`run`] works with.
pub(crate) struct Supervisor {
    pub(crate) connection: Arc<dyn PeerConnection>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) clock: Clock,
    pub(crate) received: ReceivedSenders,
    /// What the other side announced, once it has.
    pub(crate) announced: Arc<Mutex<Option<DtlsFingerprint>>>,
}

/// Runs until the connection's handler is gone or its owner takes no more events.
pub(crate) async fn run(supervisor: Supervisor, mut library: mpsc::Receiver<LibraryEvent>) {
    let mut watch = Watch::default();
    let mut every_second = interval(PATH_INTERVAL);
    every_second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let deadline = watch.deadline();
        let told = tokio::select! {
            event = library.recv() => match event {
                Some(event) => supervisor.on_library(event, &mut watch).await,
                None => return,
            },
            () = sleep_until(deadline.unwrap_or_else(far_away)), if deadline.is_some() => {
                supervisor.on_deadline(&mut watch).await
            }
            _ = every_second.tick() => {
                watch.negotiated(supervisor.announced().is_some());
                if watch.path_found {
                    supervisor.look_at_path().await;
                }
                Ok(())
            }
        };
        if told.is_err() {
            return;
        }
    }
}

/// Where the connection stands.
#[derive(Default)]
struct Watch {
    path_found: bool,
    secured: bool,
    refused: bool,
    /// A path must be found by then.
    path_by: Option<Instant>,
    /// The handshake must be done by then.
    handshake_by: Option<Instant>,
}

impl Watch {
    fn negotiated(&mut self, negotiated: bool) {
        if negotiated && !self.path_found && !self.secured && self.path_by.is_none() && !self.refused {
            self.path_by = Some(Instant::now() + PATH_TIMEOUT);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        [self.path_by, self.handshake_by].into_iter().flatten().min()
    }
}

/// The owner takes no more events.
struct Gone;

impl Supervisor {
    fn announced(&self) -> Option<DtlsFingerprint> {
        *self.announced.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    async fn tell(&self, event: PeerEvent) -> Result<(), Gone> {
        self.shared.events().send(event).await.map_err(|_| Gone)
    }

    async fn on_library(&self, event: LibraryEvent, watch: &mut Watch) -> Result<(), Gone> {
        match event {
            LibraryEvent::Candidate(candidate) => match candidate::from_library(&candidate) {
                Some(candidate) => self.tell(PeerEvent::Candidate(candidate)).await,
                None => Ok(()),
            },
            LibraryEvent::Gathered => self.tell(PeerEvent::CandidatesEnded).await,
            LibraryEvent::Ice(state) => self.on_ice(state, watch).await,
            LibraryEvent::Connection(RTCPeerConnectionState::Connected) => self.on_connected(watch).await,
            LibraryEvent::Connection(_) => Ok(()),
            LibraryEvent::Track(track) => {
                // The task ends with the track.
                tokio::spawn(receive_track(track, self.shared.clone(), self.clock, self.received.clone()));
                Ok(())
            }
        }
    }

    async fn on_ice(&self, state: RTCIceConnectionState, watch: &mut Watch) -> Result<(), Gone> {
        tracing::debug!(?state, "path");
        match state {
            RTCIceConnectionState::Connected | RTCIceConnectionState::Completed => {
                watch.path_by = None;
                if !watch.secured && !watch.refused && watch.handshake_by.is_none() {
                    watch.handshake_by = Some(Instant::now() + HANDSHAKE_TIMEOUT);
                }
                if std::mem::replace(&mut watch.path_found, true) {
                    return Ok(());
                }
                self.tell(PeerEvent::IceConnected).await
            }
            // An ICE restart drops the path before it looks for the next.
            RTCIceConnectionState::Checking | RTCIceConnectionState::New => {
                watch.path_found = false;
                Ok(())
            }
            RTCIceConnectionState::Disconnected => {
                watch.path_found = false;
                self.tell(PeerEvent::Disconnected).await
            }
            RTCIceConnectionState::Failed => {
                watch.path_found = false;
                self.tell(PeerEvent::Failed).await
            }
            _ => Ok(()),
        }
    }

    /// The handshake is done. The library has compared the certificate; we compare again, by ourselves.
    async fn on_connected(&self, watch: &mut Watch) -> Result<(), Gone> {
        if watch.secured || watch.refused {
            return Ok(());
        }
        watch.handshake_by = None;
        let Some(sctp) = self.connection.sctp().await else { return Ok(()) };
        let shown = match sctp.transport().get_remote_certificates().await {
            Ok(chain) => chain.first().map(|certificate| DtlsFingerprint::of_certificate(certificate)),
            Err(error) => {
                tracing::warn!(%error, "the remote certificate cannot be read");
                None
            }
        };
        let Some(remote_fingerprint) = shown.filter(|shown| self.announced() == Some(*shown)) else {
            return self.refuse(watch, &PeerError::FingerprintMismatch).await;
        };
        watch.secured = true;
        self.shared.set_secured(true);
        self.tell(PeerEvent::DtlsConnected { remote_fingerprint }).await
    }

    async fn on_deadline(&self, watch: &mut Watch) -> Result<(), Gone> {
        let now = Instant::now();
        if watch.handshake_by.is_some_and(|by| by <= now) {
            return self.refuse(watch, &PeerError::HandshakeTimeout).await;
        }
        if watch.path_by.is_some_and(|by| by <= now) {
            watch.path_by = None;
            watch.refused = true;
            return self.tell(PeerEvent::Failed).await;
        }
        Ok(())
    }

    async fn refuse(&self, watch: &mut Watch, why: &PeerError) -> Result<(), Gone> {
        watch.refused = true;
        watch.handshake_by = None;
        self.shared.set_secured(false);
        self.tell(PeerEvent::Refused(why.to_string())).await
    }

    /// Which way the packets go, and how long the STUN checks take: the only round trip known before media flows.
    async fn look_at_path(&self) {
        let Some(sctp) = self.connection.sctp().await else { return };
        let pair = sctp.transport().ice_transport().get_selected_candidate_pair().await.ok().flatten();
        let path = pair.and_then(|pair| {
            Some(Path { local: candidate::kind(pair.local().typ)?, remote: candidate::kind(pair.remote().typ)? })
        });
        let report = self.connection.get_stats(std::time::Instant::now(), StatsSelector::None).await;
        let round_trip = report.iter().find_map(|entry| match entry {
            RTCStatsReportEntry::IceCandidatePair(pair) if pair.nominated && pair.current_round_trip_time > 0.0 => {
                Duration::try_from_secs_f64(pair.current_round_trip_time).ok()
            }
            _ => None,
        });
        self.shared.update_stats(|stats| {
            stats.path = path;
            // Reports on our own packets say it more often; without any, this is all there is.
            if stats.sent_packets == 0 {
                stats.round_trip = round_trip.or(stats.round_trip);
            }
        });
    }
}

fn far_away() -> Instant {
    Instant::now() + Duration::from_secs(3_600)
}

/// Two keepalives apart at most, and cheap.
const PATH_INTERVAL: Duration = Duration::from_secs(1);
/// Signalling may be slow and a relay slower; after this there is none.
const PATH_TIMEOUT: Duration = Duration::from_secs(30);
/// Six flights' worth of DTLS retransmission at its one second timer; a handshake takes two round trips.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
