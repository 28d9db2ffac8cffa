//! One transfer, and how it is shown.

use std::time::Duration;

use units::{DataRate, Phi, Timestamp};

use crate::speed::Speed;
use crate::{FileHash, Kind, Offer, Reason, TransferId};

/// One transfer, as a window shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferView {
    /// Which, and who offered it.
    pub place: Place,
    /// What.
    pub kind: Kind,
    /// Its name, safe to show and to save under.
    pub name: Phi<String>,
    /// How long it is.
    pub bytes: u64,
    /// How much of it has arrived.
    pub moved: u64,
    /// How fast it goes.
    pub rate: Option<DataRate>,
    /// How long it still takes.
    pub time_left: Option<Duration>,
    /// Where it stands.
    pub state: State,
}

/// By what a transfer is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Whether they offered it.
    pub incoming: bool,
    /// Its number among what its offerer offered.
    pub id: TransferId,
}

/// Where a transfer stands.
///
/// ```text
/// Offered ▸ (Opening ▸) Moving ▸ Checking ▸ Arrived
///               ▲          │ ▲        │
///               └ Waiting ◂┘ └────────┘ something is missing
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// The receiving person has not said anything yet.
    Offered,
    /// Theirs, and taken: a place for it is being made.
    Opening,
    /// On its way.
    Moving,
    /// Begun, and waiting for a connection.
    Waiting,
    /// Ours: all has left, the other side looks whether it is whole.
    Checking,
    /// Whole: its hash is right.
    Arrived,
    /// Over without that.
    Ended(Ending),
}

/// Why a transfer is over. Its `Display` is one sentence for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Ending {
    /// The receiving person did not want it.
    #[error("It was declined.")]
    Declined,
    /// Our person stopped it.
    #[error("You stopped it.")]
    CancelledByUs,
    /// Theirs did.
    #[error("The other side stopped it.")]
    CancelledByThem,
    /// The other app does not take it.
    #[error("The other side's app does not take it: it is too large, or too much is under way.")]
    NotTaken(Reason),
    /// What came is not what was offered.
    #[error("What arrived is not what was sent, so it was deleted.")]
    WrongHash,
    /// The visit ended before it had arrived.
    #[error("The visit ended before it had arrived.")]
    Over,
    /// It could not go on.
    #[error("{0}")]
    Broken(Trouble),
}

impl Ending {
    /// What is said to who offers it again.
    pub(super) const fn reason(self) -> Reason {
        match self {
            Self::WrongHash => Reason::WrongHash,
            Self::Broken(_) => Reason::NotWritten,
            _ => Reason::Declined,
        }
    }

    /// Its name, for reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Declined => "declined",
            Self::CancelledByUs => "cancelled_here",
            Self::CancelledByThem => "cancelled_there",
            Self::NotTaken(_) => "not_taken",
            Self::WrongHash => "wrong_hash",
            Self::Over => "over",
            Self::Broken(_) => "broken",
        }
    }
}

/// What happened to a file. Its `Display` is one sentence for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Trouble {
    /// Ours cannot be read any more, or has become another one.
    #[error("The file could not be read any more, or was changed.")]
    Unreadable,
    /// Theirs cannot be written.
    #[error("The file could not be written: there is no room, or the folder does not allow it.")]
    Unwritable,
    /// The same, at the other side.
    #[error("The other side could not write the file.")]
    UnwritableThere,
}

/// Why something is not offered. Its `Display` is one sentence for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum OfferError {
    /// It is too large.
    #[error("The file is too large to be sent here.")]
    TooLarge,
    /// Too much is under way.
    #[error("Too many files are under way; wait until one has arrived.")]
    TooMany,
}

/// How it stands with a photograph in full size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Still {
    /// Nobody asks.
    #[default]
    None,
    /// Our person asked.
    AskedByUs,
    /// They ask, and our person has not answered.
    AskedByThem,
    /// Our person agreed; the camera takes it.
    Taking,
    /// They did not want to, or have no camera.
    Refused,
}

#[derive(Debug, Clone)]
pub(super) struct Transfer {
    pub(super) kind: Kind,
    pub(super) name: Phi<String>,
    pub(super) bytes: u64,
    pub(super) sha256: FileHash,
    /// Of ours: under which number its reader knows it.
    pub(super) handle: Option<u64>,
    pub(super) state: State,
    moved: u64,
    speed: Speed,
}

impl Transfer {
    pub(super) fn new(kind: Kind, name: Phi<String>, bytes: u64, sha256: FileHash, handle: Option<u64>) -> Self {
        let speed = Speed::default();
        Self { kind, name, bytes, sha256, handle, state: State::Offered, moved: 0, speed }
    }

    pub(super) fn offer(&self, id: TransferId) -> Offer {
        Offer { id, of: self.kind, name: self.name.clone(), bytes: self.bytes, sha256: self.sha256 }
    }

    pub(super) fn moved(&mut self, now: Timestamp, bytes: u64) {
        self.moved = bytes.min(self.bytes);
        self.speed.note(now, self.moved);
    }

    pub(super) fn arrived(&mut self) {
        self.moved = self.bytes;
        self.wait(State::Arrived);
    }

    /// Nothing moves from now on.
    pub(super) fn wait(&mut self, state: State) {
        self.state = state;
        self.speed.pause();
    }

    pub(super) const fn is_open(&self) -> bool {
        !matches!(self.state, State::Arrived | State::Ended(_))
    }

    /// Whether its receiver's person has said yes to it, and it is not over.
    pub(super) const fn is_taken(&self) -> bool {
        self.is_open() && !matches!(self.state, State::Offered)
    }

    pub(super) fn view(&self, id: TransferId, incoming: bool) -> TransferView {
        TransferView {
            place: Place { incoming, id },
            kind: self.kind,
            name: self.name.clone(),
            bytes: self.bytes,
            moved: self.moved,
            rate: self.speed.rate(),
            time_left: self.speed.time_for(self.bytes - self.moved),
            state: self.state,
        }
    }
}
