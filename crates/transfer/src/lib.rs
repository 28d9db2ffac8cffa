//! What two people hand each other during a visit: words, files, a photograph in full size.
//!
//! Everything here is told the time and opens nothing. [`Transfers`] decides about offers and their ends and speaks in
//! [`Message`]s over the control channel; [`Chat`] keeps what was written. The bytes go another way: cut into [`Frame`]s, in
//! whatever order, now and then twice or not at all, from a [`Sender`] that hears what became of each, to a [`Receiver`] that
//! knows what it has. Whoever reads and writes the files stands between, and does what a [`Command`] says.
//!
//! ```text
//! offer ▸ Offer ─▸ Offered ─ the person accepts ▸ Command::Receive ▸ News::Ready ▸ Accept { have } ─▸ Command::Send
//!                  Frame ◂────────────────────────────────────────────────────────────────────────────┘
//!         Arrived ◂─ News::Whole ◂ hash ◂ all there ◂ Ask ◂──────────────────────────── News::Quiet
//! ```

#![forbid(unsafe_code)]

mod block_set;
pub mod chat;
mod departures;
mod file_hash;
mod frame;
mod limits;
mod message;
mod name;
mod receiver;
mod sender;
mod speed;
mod transfers;

pub use block_set::{BlockSet, Pieces};
pub use chat::{Chat, ChatMessage, Line, LineState, TextError};
pub use departures::Departures;
pub use file_hash::FileHash;
pub use frame::{BLOCK, Frame, FrameError, MOST_BLOCKS, blocks_of};
pub use limits::Limits;
pub use message::{Kind, Message, Offer, Reason, TransferId};
pub use name::{numbered, safe_name};
pub use receiver::{Receiver, Refused, Write};
pub use sender::{Piece, Sender};
pub use transfers::{
    Command, Ending, LocalFile, News, OfferError, Place, State, Still, TransferView, Transfers, Trouble,
};
