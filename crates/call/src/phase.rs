//! Where a call stands.

use units::Timestamp;

use crate::Refusal;

/// Where a call stands. Data lives in the variant, so a stale timer cannot exist.
///
/// ```text
///            Join            joined            admitted            connected
///  Lobby ──────────▶ (asks) ────────▶ WaitingRoom ──────▶ Connecting ───────▶ Live
///    │                  │                 │                   │             ▲  │ path lost
///    │                  │                 │                   │    path back│  ▼
///    │                  │                 │                   │         Reconnecting
///    │ HangUp           │ refused         │ denied, hung up   │ no path       │ grace over, hung up
///    ▼                  ▼                 ▼                   ▼               ▼
///  Ended(HungUp)   Ended(Refused)    Ended(Denied)     Ended(NoConnection)  Ended(ConnectionLost)
/// ```
/// `Lobby` lasts until the server has answered the join. From everywhere a refusal, a hang-up of either side or the
/// visit's end leads to `Ended`, and nothing leads out of it. The loss of the server is no phase: see
/// [`Snapshot::signaling_up`](crate::Snapshot::signaling_up). A host whose guest is replaced by another app of the
/// same patient goes from `Reconnecting` to `Connecting`; so does a guest whose clinician came back in another app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Not in the visit yet.
    Lobby,
    /// In the visit; nobody is admitted yet (host), or we are not (guest).
    WaitingRoom {
        /// When we came in.
        since: Timestamp,
    },
    /// Admitted; the two apps are not connected yet.
    Connecting {
        /// When the admission was confirmed.
        since: Timestamp,
    },
    /// Both see and hear each other.
    Live {
        /// When that began, the last time.
        since: Timestamp,
    },
    /// The other side is not heard. Waits and tries until the grace is over.
    Reconnecting {
        /// When it was lost.
        since: Timestamp,
        /// What seems to have happened.
        cause: ReconnectCause,
    },
    /// It is over.
    Ended(EndReason),
}

impl Phase {
    /// Its name, for reports and logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Lobby => "lobby",
            Self::WaitingRoom { .. } => "waiting_room",
            Self::Connecting { .. } => "connecting",
            Self::Live { .. } => "live",
            Self::Reconnecting { .. } => "reconnecting",
            Self::Ended(_) => "ended",
        }
    }

    /// Whether it is over.
    pub const fn is_ended(&self) -> bool {
        matches!(self, Self::Ended(_))
    }
}

/// Why the other side is not heard, as far as we can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReconnectCause {
    /// The way between the two is broken.
    LinkLost,
    /// Their app is gone: it closed the connection without a word, or its connection to the server broke at once.
    TheirAppStopped,
}

impl ReconnectCause {
    /// Its name, for reports and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LinkLost => "link_lost",
            Self::TheirAppStopped => "their_app_stopped",
        }
    }
}

/// Why a call is over. Its `Display` is one sentence for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum EndReason {
    /// We hung up.
    #[error("You ended the call.")]
    HungUp,
    /// They hung up.
    #[error("The other side ended the call.")]
    TheyHungUp,
    /// The host did not let us in.
    #[error("The clinic did not let you in.")]
    Denied,
    /// The host took us out.
    #[error("The clinic took you out of the visit.")]
    Removed,
    /// The visit's time was over, or all were away too long.
    #[error("The visit is over.")]
    VisitOver,
    /// Admitted, and no path between the two was found.
    #[error("The two apps could not be connected; try another network, or call the clinic.")]
    NoConnection,
    /// Admitted, a path was found, and the encrypted connection over it was never finished.
    #[error("A path between the two apps was found, but it is too poor for a safe connection; try another network.")]
    HandshakeUnfinished,
    /// Lost, and not back within the grace.
    #[error("The connection was lost and did not come back.")]
    ConnectionLost,
    /// Something that must hold does not.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl EndReason {
    /// Whether nobody wanted it to end.
    pub const fn is_lost(&self) -> bool {
        matches!(self, Self::ConnectionLost | Self::NoConnection | Self::HandshakeUnfinished)
    }

    /// Its name, for reports and logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::HungUp => "hung_up",
            Self::TheyHungUp => "they_hung_up",
            Self::Denied => "denied",
            Self::Removed => "removed",
            Self::VisitOver => "visit_over",
            Self::NoConnection => "no_connection",
            Self::HandshakeUnfinished => "handshake_unfinished",
            Self::ConnectionLost => "connection_lost",
            Self::Refused(_) => "refused",
        }
    }
}
