//! What the estimator is told, and what it says.

use std::time::Duration;

use units::{DataRate, Timestamp};

/// A path with such a round trip (a mobile link, another continent) is believed to carry this part of the usual …
const MIDDLING_ROUND_TRIP: Duration = Duration::from_millis(100);
const MIDDLING_START: f64 = 0.6;

/// … and one with such (a satellite, a thin mobile link) says late what it carries: until it does no more is sent than a
/// voice needs, or its first seconds wait in a queue. What is looked for at first is this part.
const LONG_ROUND_TRIP: Duration = Duration::from_millis(250);
const LONG_START: f64 = 0.15;
pub(super) const LONG_INITIAL: f64 = 0.9;

/// A handshake takes two round trips; one that took another round trip and so much longer was sent in pieces, waited in a
/// queue or was lost in part …
const HANDSHAKE_ROUND_TRIPS: u32 = 3;
const SLOW_HANDSHAKE: Duration = Duration::from_millis(700);

/// … as does one whose quickest way there and back takes longer than by a satellite in a geostationary orbit (ITU-T G.114,
/// annex A: 260 ms each way), with room for the links at both ends. Its queue is full.
const LONGEST_ROUND_TRIP: Duration = Duration::from_millis(720);

/// A slow handshake that took so long was not slow for one lost packet, which is sent again within a second: what looked for the
/// path, and what the server was asked for meanwhile, stands in its queue.
const HANDSHAKE_OF_FULL_PATH: Duration = Duration::from_millis(2_000);

/// That path is believed to carry a voice, 24 kbps of the usual 500, until it shows more.
const SLOW_START: f64 = 0.048;

/// Between which rates the estimate lies, and where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EstimatorConfig {
    /// Never lower, but for half of it while a queue of ours drains.
    pub min: DataRate,
    /// Before anything is known.
    pub start: DataRate,
    /// Never higher.
    pub max: DataRate,
}

impl Default for EstimatorConfig {
    fn default() -> Self {
        Self {
            // A voice in packets of 60 ms with a copy of each, which a fifth of loss leaves intelligible, and nothing beside
            // it. Reports and checks of the path are another 5 kbps (measured): more than this would stand in the queue of a
            // link of 30 kbps for the whole call. Below there is no call, and to send less into a lossy link than it carries
            // makes of few words none.
            min: DataRate::from_kbps(24),
            // A picture of 360 rows at once; libwebrtc begins with 300. On a path with a longer round trip less is
            // believed: see `start_rate`.
            start: DataRate::from_kbps(500),
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

/// What is believed of a path with such a round trip and such a handshake (DTLS, from the path to its end) before any media
/// were sent over it, where `usual` is believed of others.
pub fn start_rate(usual: DataRate, round_trip: Duration, handshake: Option<Duration>) -> DataRate {
    if is_slow(round_trip, handshake) {
        return usual * SLOW_START;
    }
    match round_trip {
        long if long >= LONG_ROUND_TRIP => usual * LONG_START,
        middling if middling >= MIDDLING_ROUND_TRIP => usual * MIDDLING_START,
        _ => usual,
    }
}

/// Whether the checks of a path or the handshake say that it is thin, or loses much.
pub(super) fn is_slow(round_trip: Duration, handshake: Option<Duration>) -> bool {
    let handshake_is_slow = handshake.is_some_and(|took| took > round_trip * HANDSHAKE_ROUND_TRIPS + SLOW_HANDSHAKE);
    handshake_is_slow || round_trip > LONGEST_ROUND_TRIP
}

/// Whether a path that is slow has a full queue before anything was sent over it.
pub(super) fn is_full(round_trip: Duration, handshake: Option<Duration>) -> bool {
    round_trip > LONGEST_ROUND_TRIP || handshake.is_some_and(|took| took > HANDSHAKE_OF_FULL_PATH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_to_be_thin_by_what_came_before_the_media() {
        let slow =
            |round_trip, handshake| is_slow(Duration::from_millis(round_trip), Some(Duration::from_millis(handshake)));
        let measured_thin = [(475, 2_600), (794, 2_060), (480, 3_500)];
        let measured_wide = [(45, 260), (60, 260), (45, 700), (225, 570), (420, 1_680), (640, 1_870)];
        assert!(measured_thin.into_iter().all(|(round_trip, took)| slow(round_trip, took)));
        assert!(measured_wide.into_iter().all(|(round_trip, took)| !slow(round_trip, took)));
    }

    #[test]
    fn one_lost_packet_of_a_handshake_is_no_full_queue() {
        let full = |round_trip, took| is_full(Duration::from_millis(round_trip), Some(Duration::from_millis(took)));
        assert!(!full(45, 900) && !full(640, 1_950));
        assert!(full(475, 2_600) && full(794, 1_200));
    }
}
