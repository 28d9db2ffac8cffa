//! How fast the path carries: the one number that decides everything else.
//!
//! After draft-ietf-rmcat-gcc-02 (delay-based control with acknowledged rate) with a trendline in place of its Kalman
//! filter, a loss model of its own, and probing.

use std::time::Duration;

use units::{DataRate, Timestamp};

/// Between which rates the estimate lies, and where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EstimatorConfig {
    /// Never lower.
    pub min: DataRate,
    /// Before anything is known.
    pub start: DataRate,
    /// Never higher.
    pub max: DataRate,
}

impl Default for EstimatorConfig {
    fn default() -> Self {
        Self {
            // A voice at 60 ms packets and the lowest bit rate: below this there is no call.
            min: DataRate::from_kbps(20),
            // libwebrtc's start: a picture worth seeing, and a queue of half a second at most on 64 kbps links until
            // the first probe has told.
            start: DataRate::from_kbps(300),
            // 1080p at 30 frames a second with H.264 baseline.
            max: DataRate::from_kbps(4_000),
        }
    }
}

/// A packet that left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentPacket {
    /// Its unwrapped transport sequence number: one more than the packet before it, of whatever kind.
    pub number: u64,
    /// When it left, by our clock.
    pub at: Timestamp,
    /// Bytes of the IP packet.
    pub bytes: usize,
    /// The probe that it is part of.
    pub probe: Option<u32>,
}

/// What the receiver tells of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacketReport {
    /// Its unwrapped transport sequence number.
    pub number: u64,
    /// When it arrived, by the receiver's clock (any origin); `None` if it did not.
    pub received: Option<Timestamp>,
}

/// What is known of the path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// How much to send in all, as IP packets: voice, picture, retransmissions, control.
    pub target: DataRate,
    /// Which part of the packets is lost, lately (0 to 1).
    pub loss: f32,
    /// How long packets wait in the path's queues.
    pub queueing_delay: Duration,
    /// At which rate packets arrive.
    pub acknowledged: Option<DataRate>,
    /// The round-trip time, smoothed.
    pub round_trip: Option<Duration>,
    /// Less is sent than could be, so the estimate stands still.
    pub application_limited: bool,
}

/// A short burst to be sent at a rate, to see whether it arrives at that rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// Its number, for [`SentPacket::probe`].
    pub cluster: u32,
    /// How fast to send it.
    pub rate: DataRate,
    /// How much.
    pub bytes: usize,
}

/// Estimates how fast the path carries, from what was sent and what the receiver tells of it.
#[derive(Debug)]
pub struct Estimator {
    config: EstimatorConfig,
}

impl Estimator {
    /// An estimator that knows nothing of the path.
    pub fn new(config: EstimatorConfig) -> Self {
        Self { config }
    }

    /// A packet left.
    pub fn on_sent(&mut self, packet: SentPacket) {
        let _ = packet;
    }

    /// The receiver's report came. Repeated, late and foreign reports do no harm.
    pub fn on_feedback(&mut self, now: Timestamp, reports: &[PacketReport]) {
        let _ = (now, reports);
    }

    /// A round-trip time was measured elsewhere (the candidate pair's STUN checks).
    pub fn on_round_trip(&mut self, now: Timestamp, round_trip: Duration) {
        let _ = (now, round_trip);
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let _ = now;
    }

    /// When to call [`handle_timeout`](Estimator::handle_timeout) and [`poll_probe`](Estimator::poll_probe) again.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        None
    }

    /// What is known of the path.
    pub fn estimate(&self) -> Estimate {
        Estimate {
            target: self.config.start,
            loss: 0.0,
            queueing_delay: Duration::ZERO,
            acknowledged: None,
            round_trip: None,
            application_limited: false,
        }
    }

    /// A probe that is wanted now: hand it to [`Pacer::start_probe`](crate::Pacer::start_probe).
    pub fn poll_probe(&mut self, now: Timestamp) -> Option<Probe> {
        let _ = now;
        None
    }
}
