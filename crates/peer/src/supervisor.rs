//! The task that turns what the library says into [`PeerEvent`]s and keeps the two timers that the library lacks.
//!
//! The library never fails a handshake, it only never finishes it; and a call that may last
//! through a power cut needs an ICE agent that never gives up, so somebody else must say "no path" at the start.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use trust::{Candidate, CandidateKind, DtlsFingerprint};
use units::Clock;
use webrtc::peer_connection::{
    PeerConnection, RTCIceCandidate, RTCIceCandidateType, RTCIceConnectionState, RTCPeerConnectionState,
    RTCStatsReportEntry, StatsSelector,
};

use crate::handler::LibraryEvent;
use crate::receiver::{ReceivedSenders, receive_track};
use crate::relay::Relays;
use crate::repeater::Handshake;
use crate::shared::Shared;
use crate::{Path, PeerError, PeerEvent, candidate};

/// What [`run`] works with.
pub(crate) struct Supervisor {
    pub(crate) connection: Arc<dyn PeerConnection>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) clock: Clock,
    pub(crate) received: ReceivedSenders,
    /// How relays are reached.
    pub(crate) relays: Arc<Relays>,
    /// Of our own addresses, only relays' are told.
    pub(crate) relay_only: bool,
    /// What passed of the handshake.
    pub(crate) handshake: Arc<Handshake>,
    /// What the other side announced, once it has.
    pub(crate) announced: Arc<Mutex<Option<DtlsFingerprint>>>,
}

/// Runs until the connection's handler is gone or its owner takes no more events.
pub(crate) async fn run(supervisor: Supervisor, mut library: mpsc::Receiver<LibraryEvent>) {
    let mut watch = Watch::default();
    let mut every_second = interval(PATH_INTERVAL);
    every_second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let told = tokio::select! {
            event = library.recv() => match event {
                Some(event) => supervisor.on_library(event, &mut watch).await,
                None => return,
            },
            () = sleep_until(watch.path_by.unwrap_or_else(far_away)), if watch.path_by.is_some() => {
                watch.path_by = None;
                watch.refused = true;
                supervisor.tell(PeerEvent::Failed).await
            }
            _ = every_second.tick() => {
                watch.negotiated(supervisor.announced().is_some());
                if watch.path_found {
                    supervisor.look_at_path().await;
                }
                supervisor.look_at_handshake(&mut watch).await
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
    /// When the handshake could begin, until it is done or given up.
    handshake_since: Option<Instant>,
}

impl Watch {
    fn negotiated(&mut self, negotiated: bool) {
        if negotiated && !self.path_found && !self.secured && self.path_by.is_none() && !self.refused {
            self.path_by = Some(Instant::now() + PATH_TIMEOUT);
        }
    }
}

/// Whether a handshake is to be given up that could begin at `since` and was last `heard` of then.
fn is_given_up(now: std::time::Instant, since: std::time::Instant, heard: Option<std::time::Instant>) -> bool {
    let silent_since = heard.map_or(since, |heard| heard.max(since));
    now.duration_since(since) >= HANDSHAKE_TIMEOUT || now.duration_since(silent_since) >= HANDSHAKE_SILENCE
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
            LibraryEvent::Candidate(candidate) => match self.own_candidate(&candidate) {
                Some(candidate) => self.tell(PeerEvent::Candidate(candidate)).await,
                None => Ok(()),
            },
            LibraryEvent::Gathered => self.tell(PeerEvent::CandidatesEnded).await,
            LibraryEvent::Ice(state) => self.on_ice(state, watch).await,
            LibraryEvent::Connection(RTCPeerConnectionState::Connected) => self.on_connected(watch).await,
            LibraryEvent::Connection(_) => Ok(()),
            LibraryEvent::ForeignChannel(channel) => {
                // Nobody would read it, and what nobody reads would pile up: the whole connection goes.
                watch.refused = true;
                self.shared.set_secured(false);
                for closed in [channel.close().await, self.connection.close().await] {
                    if let Err(error) = closed {
                        tracing::debug!(%error, "closed with an error");
                    }
                }
                self.refuse(watch, PeerError::ForeignChannel).await
            }
            LibraryEvent::Track(track) => {
                // The task ends with the track.
                tokio::spawn(receive_track(track, self.shared.clone(), self.clock, self.received.clone()));
                Ok(())
            }
        }
    }

    /// One of our addresses, as the other side is told of it.
    fn own_candidate(&self, found: &RTCIceCandidate) -> Option<Candidate> {
        let candidate = candidate::from_library(found)?;
        if candidate.kind != CandidateKind::Relay {
            return (!self.relay_only).then_some(candidate);
        }
        let relayed = SocketAddr::new(candidate.address, candidate.port);
        Some(candidate::of_relay(candidate, self.relays.protocol_of(relayed)))
    }

    async fn on_ice(&self, state: RTCIceConnectionState, watch: &mut Watch) -> Result<(), Gone> {
        tracing::debug!(?state, "path");
        match state {
            RTCIceConnectionState::Connected | RTCIceConnectionState::Completed => {
                watch.path_by = None;
                if !watch.secured && !watch.refused && watch.handshake_since.is_none() {
                    watch.handshake_since = Some(Instant::now());
                }
                if std::mem::replace(&mut watch.path_found, true) {
                    return Ok(());
                }
                // By which address it leaves must be known when the next network change asks.
                self.look_at_path().await;
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
        let handshake_since = watch.handshake_since.take();
        let Some(sctp) = self.connection.sctp().await else { return Ok(()) };
        let shown = match sctp.transport().get_remote_certificates().await {
            Ok(chain) => chain.first().map(|certificate| DtlsFingerprint::of_certificate(certificate)),
            Err(error) => {
                tracing::warn!(%error, "the remote certificate cannot be read");
                None
            }
        };
        let Some(remote_fingerprint) = shown else {
            // Closed in the moment in which it was done, as by a host who declines: nobody's fault, and nothing opens.
            return self.tell(PeerEvent::Failed).await;
        };
        if self.announced() != Some(remote_fingerprint) {
            return self.refuse(watch, PeerError::FingerprintMismatch).await;
        }
        watch.secured = true;
        self.shared.set_secured(true);
        if let Some(since) = handshake_since {
            self.shared.set_handshake(since.elapsed());
        }
        self.look_at_path().await;
        self.tell(PeerEvent::DtlsConnected { remote_fingerprint }).await
    }

    /// A certificate that was turned down is the other side's doing; silence is the link's, and another try may help.
    async fn look_at_handshake(&self, watch: &mut Watch) -> Result<(), Gone> {
        let Some(since) = watch.handshake_since else { return Ok(()) };
        if self.handshake.certificate_refused().is_some_and(|shown| self.announced() != Some(shown)) {
            return self.refuse(watch, PeerError::FingerprintMismatch).await;
        }
        if !is_given_up(std::time::Instant::now(), since.into_std(), self.handshake.heard()) {
            return Ok(());
        }
        tracing::warn!("the handshake did not come to an end");
        watch.handshake_since = None;
        self.tell(PeerEvent::Failed).await
    }

    async fn refuse(&self, watch: &mut Watch, why: PeerError) -> Result<(), Gone> {
        watch.refused = true;
        watch.handshake_since = None;
        self.shared.set_secured(false);
        self.tell(PeerEvent::Refused(why)).await
    }

    /// Which way the packets go, and how long the STUN checks take: the only round trip known before media flows.
    async fn look_at_path(&self) {
        let Some(sctp) = self.connection.sctp().await else { return };
        let pair = sctp.transport().ice_transport().get_selected_candidate_pair().await.ok().flatten();
        let path = pair.and_then(|pair| {
            let (own, theirs) = (pair.local(), pair.remote());
            let address = |of: &RTCIceCandidate| Some(SocketAddr::new(of.address.parse().ok()?, of.port));
            let relay = address(own).filter(|_| own.typ == RTCIceCandidateType::Relay);
            let relay = relay.and_then(|address| self.relays.protocol_of(address));
            let (local, remote) = (candidate::kind(own.typ)?, candidate::kind(theirs.typ)?);
            let remote = address(theirs).map_or(remote, |address| self.relays.their_kind(remote, address));
            Some(Path { leaves_by: candidate::leaves_by(own), local, remote, relay })
        });
        let report = self.connection.get_stats(std::time::Instant::now(), StatsSelector::None).await;
        let round_trip = report.iter().find_map(|entry| match entry {
            RTCStatsReportEntry::IceCandidatePair(pair) if pair.nominated && pair.current_round_trip_time > 0.0 => {
                Duration::try_from_secs_f64(pair.current_round_trip_time).ok()
            }
            _ => None,
        });
        self.shared.update_stats(|stats| stats.path = path);
        // Who only answered checks has measured none. A handshake takes two round trips, or is slow for other reasons.
        let round_trip = round_trip.or_else(|| Some((self.shared.handshake()? / 2).min(LIKELY_ROUND_TRIP)));
        // Reports on our own packets say it more often; without any, this is all there is.
        if let (0, Some(round_trip)) = (self.shared.stats().sent_packets, round_trip) {
            self.shared.set_first_round_trip(round_trip);
        }
    }
}

fn far_away() -> Instant {
    Instant::now() + Duration::from_secs(3_600)
}

/// Of a path of which nothing is known but that the handshake took long.
const LIKELY_ROUND_TRIP: Duration = Duration::from_millis(300);
/// Two keepalives apart at most, and cheap.
const PATH_INTERVAL: Duration = Duration::from_secs(1);
/// Signalling may be slow and a relay slower; after this there is none.
const PATH_TIMEOUT: Duration = Duration::from_secs(30);
/// How long nothing may be heard of a handshake: every datagram of it is sent again and again, more than once a second.
const HANDSHAKE_SILENCE: Duration = Duration::from_secs(10);
/// A handshake takes two round trips; on a link that loses every second datagram it is done by then, or never.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_may_be_slow_but_not_silent() {
        let since = std::time::Instant::now();
        let at = |secs| since + Duration::from_secs(secs);
        assert!(!is_given_up(at(9), since, None));
        assert!(is_given_up(at(10), since, None));
        assert!(!is_given_up(at(15), since, Some(at(6))), "the link is slow");
        assert!(is_given_up(at(16), since, Some(at(6))));
        assert!(is_given_up(at(30), since, Some(at(29))), "thirty seconds in all");
    }
}
