//! The audit log as mathematics and formats: what a row is, how rows hang together, who signed that, and how it is proven.
//!
//! Every row is a leaf of a Merkle tree (RFC 9162, section 2.1). The server signs the tree's root now and then: a [`Checkpoint`],
//! which apps keep. Whoever has one honest checkpoint finds every later change of what stood in the log then, also one by
//! somebody who has the server's key. An [evidence file](evidence) bears rows with their proofs, and is verified without any
//! network.
//!
//! **Invariant:** nothing here opens anything, and no row holds a name: ids, words of closed lists, numbers, hashes and public
//! keys alone.

#![forbid(unsafe_code)]

pub mod evidence;

mod checkpoint;
mod encoding;
mod keeper;
mod note;
mod receipt;
mod record;
mod row;
mod tree;

pub use checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
pub use encoding::{bytes_from_base64, from_base64, to_base64};
pub use keeper::{Alarm, Keeper};
pub use note::{LogKey, LogSigner, NoteError};
pub use receipt::{Happened, PathKind, Receipt, ReceiptError, bundle_key};
pub use record::{Builder, Record, RecordError, Value};
pub use row::{Origin, Row, RowBuilder, RowError, is_id, row};
pub use tree::{
    Frontier, Hash, MemoryNodes, Nodes, TreeError, consistency_proof, inclusion_proof, leaf_hash, range_hash, root,
    verify_consistency, verify_inclusion,
};
