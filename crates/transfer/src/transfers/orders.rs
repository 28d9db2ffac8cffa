//! What goes between who decides about files, and who reads and writes them.

use units::Phi;

use super::Trouble;
use crate::{FileHash, Kind, Pieces, TransferId};

/// A file of ours that is to be offered, read once to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalFile {
    /// Under which number the reader of files knows it.
    pub handle: u64,
    /// What.
    pub kind: Kind,
    /// How it is called.
    pub name: Phi<String>,
    /// Its length.
    pub bytes: u64,
    /// What is in it.
    pub sha256: FileHash,
}

/// Something for who reads and writes files. Each is to be done once, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Send what is not in `have`, and say [`News::Quiet`] when nothing is left to be heard of. Said again of one that is being
    /// sent, it says anew what the receiver has.
    Send {
        /// Which.
        id: TransferId,
        /// Of which file.
        handle: u64,
        /// How long that is.
        bytes: u64,
        /// What the receiver has.
        have: Pieces,
    },
    /// Send nothing more of this until it is said again.
    Pause(TransferId),
    /// Be ready to write this, and say [`News::Ready`]: what of a file of this length and hash is there from before goes on.
    Receive {
        /// Which.
        id: TransferId,
        /// What.
        kind: Kind,
        /// A name that is safe.
        name: Phi<String>,
        /// How long it will be.
        bytes: u64,
        /// What will be in it.
        sha256: FileHash,
    },
    /// Say [`News::Have`], [`News::Whole`] or [`News::WrongHash`] of this once all that came is written.
    Tell(TransferId),
    /// This is over.
    Close {
        /// Which.
        id: TransferId,
        /// Whether they offered it.
        incoming: bool,
        /// Whether what is there of it is deleted.
        delete: bool,
    },
    /// Take a photograph in the camera's full size and offer it, or say that it cannot be.
    TakeStill,
}

/// What who reads and writes files says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// This can be written now, and so much of it is there.
    Ready {
        /// Which.
        id: TransferId,
        /// What is there.
        have: Pieces,
    },
    /// So many bytes of this have arrived: there, of one that is sent, here of another.
    Moved {
        /// Which.
        id: TransferId,
        /// Whether they offered it.
        incoming: bool,
        /// In all.
        bytes: u64,
    },
    /// All of this has left, and nothing of it is to be heard of any more.
    Quiet(TransferId),
    /// The answer to [`Command::Tell`], if something is missing.
    Have {
        /// Which.
        id: TransferId,
        /// What is there.
        have: Pieces,
    },
    /// All of this is there, and it is what was offered; it has its name now.
    Whole(TransferId),
    /// All of this came, and it is something else. It is deleted.
    WrongHash(TransferId),
    /// It cannot go on, for this reason.
    Broken {
        /// Which.
        id: TransferId,
        /// Whether they offered it.
        incoming: bool,
        /// Why.
        trouble: Trouble,
    },
    /// There is no photograph.
    NoStill,
}
