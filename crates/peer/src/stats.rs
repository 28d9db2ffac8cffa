//! Figures of a peer connection.

use std::net::IpAddr;
use std::time::Duration;

use trust::CandidateKind;
use units::{DataRate, Timestamp};

use crate::RelayProtocol;

/// What a [`crate::Peer`] counted since it was opened. Nothing in it says who is talking.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PeerStats {
    /// RTP packets sent, retransmitted ones and filler included.
    pub sent_packets: u64,
    /// Bytes of the IP packets that carried them and our reports (RTCP), as `target` counts them
    /// ([`congestion::wire_bytes`]). STUN and the control channel are not in it.
    pub sent_bytes: u64,
    /// Those of them that carried reports, feedback and requests (RTCP).
    pub feedback_bytes: u64,
    /// RTP packets that came in while the gate was open.
    pub received_packets: u64,
    /// Bytes of the IP packets with RTP and RTCP that came, likewise, gate open or closed.
    pub received_bytes: u64,
    /// When anything at all last came from the other side: voice, picture or a report, also while the gate is closed,
    /// or the control channel. Whoever is connected sends something every half second, camera and microphone or none.
    /// STUN answers do not count: they may be a relay's, and prove nothing about who sent them.
    pub last_heard: Option<Timestamp>,
    /// Packets that the other side reported as not received.
    pub packets_lost: u64,
    /// Packets sent again because the other side asked.
    pub retransmitted: u64,
    /// Packets asked for again.
    pub requested: u64,
    /// Packets that came again after they had been asked for.
    pub repaired: u64,
    /// Packets that repair packets brought back.
    pub rebuilt: u64,
    /// Picture frames handed to the pacer.
    pub frames_sent: u64,
    /// Picture frames dropped unsent because they had become stale.
    pub frames_dropped: u64,
    /// RTP packets dropped, either way, because the gate was closed.
    pub gated: u64,
    /// RTP packets dropped because they came from a source, or as voice in a form, that nobody had announced.
    pub unannounced: u64,
    /// There and back, where it is known.
    pub round_trip: Option<Duration>,
    /// How much may be sent now.
    pub target: DataRate,
    /// How much of it repair packets take.
    pub repairs: DataRate,
    /// Share of packets lost on the way there, 0 to 1.
    pub loss: f32,
    /// Share of voice packets lost on the way there, 0 to 1 ([`congestion::VoiceLosses`]).
    pub voice_loss: f32,
    /// How likely the voice packet after a lost one is lost as well, 0 to 1.
    pub loss_follows_loss: f32,
    /// How long the path's queues hold a packet, beyond its empty delay.
    pub queueing_delay: Duration,
    /// Which way the packets go, once it is known.
    pub path: Option<Path>,
}

/// The kinds of address at both ends of the path in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path {
    /// The address of this device by which packets leave, where it is known: a relay's path does not say.
    pub leaves_by: Option<IpAddr>,
    /// Our end.
    pub local: CandidateKind,
    /// Theirs.
    pub remote: CandidateKind,
    /// How our relay is reached, if our end is one's.
    pub relay: Option<RelayProtocol>,
}
