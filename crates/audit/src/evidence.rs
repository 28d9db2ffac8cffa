//! Evidence files: rows of the log with all that proves them, to be verified by anybody, offline, years later.
//!
//! One JSON object a line (media type `application/jsonl`), each as it must be written (the [canonical form](crate::Record));
//! bytes are in base64url without padding, and a proof is its hashes one after another:
//!
//! ```text
//! {"about":"vis_…","checkpoint":"…","erased_before":0,"evidence":1,"key":"…"}   the first line: about what, and signed by whom
//! {"consistency":"…","since":812}                                            the log goes on from its first 812 rows
//! {"proof":"…","row":{…}}                                                      a row, and that it is in the log
//! {"row":{…}}                                                                  a row of a whole log (`"about":"*"`)
//! {"hash":"…","n":7}                                                           there, too: a row whose time is over
//! ```
//!
//! A **whole log** has all rows from the first to the last, so it needs no proofs: the root is reckoned anew. A **selection** has
//! some rows in their order, each with its proof. The rows about a visit follow each other (`follows`), so that of a visit none can
//! be left out between the first and the last; of anything else a selection does not show that there is no more.

use crate::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::encoding::{bytes_from_base64 as bytes, from_base64, to_base64};
use crate::note::{LogKey, NoteError};
use crate::record::{Builder, Record, RecordError, Value};
use crate::row::{Row, RowError};
use crate::tree::{Frontier, Hash, leaf_hash, verify_consistency, verify_inclusion};

mod receipts;

use receipts::Receipts;

/// The form of the files that are written.
const VERSION: u64 = 1;

/// About what a whole log is.
pub const WHOLE: &str = "*";

/// As many hashes as no proof has.
const MOST_HASHES: usize = 128;

/// Why evidence is refused. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A line is not what it must be.
    #[error("line {line} is not a line of an evidence file")]
    Malformed {
        /// Which.
        line: u64,
    },
    /// The file is of a later version.
    #[error("the file is of a later version: a newer verifier is needed")]
    Later,
    /// It is signed by another key than was expected.
    #[error("the file is of another log: its key is not the one that was expected")]
    OtherKey,
    /// The checkpoint is not to be believed.
    #[error("the checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// A row is none.
    #[error("line {line}: {reason}")]
    Row {
        /// Where.
        line: u64,
        /// Why not.
        reason: RowError,
    },
    /// A row is not in the log that was signed.
    #[error("row {number} is not in the log that was signed, or it was changed")]
    NotIncluded {
        /// Which.
        number: u64,
    },
    /// Rows are not in their order, or twice there.
    #[error("line {line}: the rows are not in their order")]
    OutOfOrder {
        /// Where.
        line: u64,
    },
    /// A whole log is not as long as the checkpoint says.
    #[error("the file has {found} rows of a log of {size}")]
    NotWhole {
        /// How many there are.
        found: u64,
        /// How many there must be.
        size: u64,
    },
    /// A whole log has another root than the signed one.
    #[error("the rows together are not the log that was signed")]
    RootDiffers,
    /// A row is about something else.
    #[error("row {number} is not about what the file is about")]
    Foreign {
        /// Which.
        number: u64,
    },
    /// Rows about the visit were left out.
    #[error("rows about the visit are missing before row {number}")]
    Missing {
        /// Before which.
        number: u64,
    },
    /// The log was longer.
    #[error("the log had {kept} rows when a checkpoint was kept, and here it has {size}: rows are gone")]
    RolledBack {
        /// How many it had.
        kept: u64,
        /// How many it has.
        size: u64,
    },
    /// The log was another one.
    #[error("the log is not the one of which a checkpoint of {kept} rows was kept: it was rewritten")]
    Forked {
        /// How long it was.
        kept: u64,
    },
    /// Nothing shows that the log goes on from what was kept.
    #[error("the file does not show that the log goes on from its first {kept} rows: export it anew with since={kept}")]
    NoConsistency {
        /// How long it was.
        kept: u64,
    },
    /// A receipt is not signed by who is said to have given it.
    #[error("row {number}: a receipt that its endpoint has not signed")]
    Receipt {
        /// Where.
        number: u64,
    },
    /// The two ends of a connection say that they were connected to somebody else.
    #[error("the receipts of {one} and {other} contradict each other: each saw other certificates")]
    ReceiptsDiffer {
        /// The one end.
        one: String,
        /// The other.
        other: String,
    },
}

impl Refusal {
    /// A word for reports; the same as the second verifier's.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed",
            Self::Later | Self::Row { reason: RowError::Later, .. } => "later_version",
            Self::OtherKey => "other_key",
            Self::Checkpoint(CheckpointError::Note(NoteError::NotSigned)) => "not_signed",
            Self::Checkpoint(CheckpointError::Note(NoteError::WrongSignature)) => "wrong_signature",
            Self::Checkpoint(_) => "checkpoint_malformed",
            Self::Row { .. } => "row_malformed",
            Self::NotIncluded { .. } => "not_included",
            Self::OutOfOrder { .. } => "out_of_order",
            Self::NotWhole { .. } => "not_whole",
            Self::RootDiffers => "root_differs",
            Self::Foreign { .. } => "foreign_row",
            Self::Missing { .. } => "row_missing",
            Self::RolledBack { .. } => "rolled_back",
            Self::Forked { .. } => "forked",
            Self::NoConsistency { .. } => "no_consistency",
            Self::Receipt { .. } => "receipt_not_signed",
            Self::ReceiptsDiffer { .. } => "receipts_differ",
        }
    }
}

/// What a verifier knows beforehand.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The log's key, if it is known from elsewhere than from the file.
    pub key: Option<[u8; 32]>,
    /// Checkpoints that were kept, by apps, auditors, witnesses.
    pub kept: Vec<String>,
}

/// What was found to be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// About what it is; [`WHOLE`] for a whole log.
    pub about: String,
    /// The log's key.
    pub key: [u8; 32],
    /// Up to where it is verified.
    pub checkpoint: Checkpoint,
    /// How many rows there are, with their text.
    pub rows: u64,
    /// How many there are of which only the hash is left.
    pub erased: u64,
    /// The times of the first and of the last row, in microseconds of Unix time.
    pub span: Option<(u64, u64)>,
    /// Whether no row can have been left out between the first and the last.
    pub is_gapless: bool,
    /// Whether the rows that a visit began with are no longer kept.
    pub begins_erased: bool,
    /// Connections of which both ends gave the same receipts.
    pub agreed: u64,
    /// Receipts to which the other end has given none.
    pub one_sided: u64,
    /// The sizes of kept checkpoints from which the log was shown to go on.
    pub since: Vec<u64>,
}

/// The first line of a file about `about` (an id, or [`WHOLE`]). `erased_before`: rows below this number may have been
/// erased, because their time was over.
///
/// # Errors
/// [`RecordError::Unwritable`].
pub fn header(
    about: &str,
    key: &LogKey,
    checkpoint: &SignedCheckpoint,
    erased_before: u64,
) -> Result<String, RecordError> {
    let mut line = Builder::default();
    line.put("evidence", VERSION)?;
    line.put("about", about)?;
    line.put("key", to_base64(&key.to_bytes()).as_str())?;
    line.put("checkpoint", to_base64(checkpoint.note().as_bytes()).as_str())?;
    line.put("erased_before", erased_before)?;
    Ok(line.finish())
}

/// A line that proves that the log goes on from its first `since` rows.
///
/// # Errors
/// [`RecordError::Unwritable`].
pub fn consistency_line(since: u64, proof: &[Hash]) -> Result<String, RecordError> {
    let mut line = Builder::default();
    line.put("since", since)?;
    line.put("consistency", to_base64(&proof.concat()).as_str())?;
    Ok(line.finish())
}

/// A row, with its proof unless the file is a whole log.
pub fn row_line(row: &str, proof: Option<&[Hash]>) -> String {
    match proof {
        None => format!("{{\"row\":{row}}}"),
        Some(proof) => format!("{{\"proof\":\"{}\",\"row\":{row}}}", to_base64(&proof.concat())),
    }
}

/// A row of a whole log whose text is kept no more.
///
/// # Errors
/// [`RecordError::Unwritable`].
pub fn erased_line(number: u64, hash: &Hash) -> Result<String, RecordError> {
    let mut line = Builder::default();
    line.put("n", number)?;
    line.put("hash", to_base64(hash).as_str())?;
    Ok(line.finish())
}

/// Verifies a file, given as its lines.
///
/// # Errors
/// [`Refusal`]: nothing of the file is to be believed then.
pub fn verify<'a>(lines: impl IntoIterator<Item = &'a str>, known: &Known) -> Result<Verified, Refusal> {
    let mut lines = lines.into_iter();
    let mut reading = Reading::begin(lines.next().ok_or(Refusal::Malformed { line: 1 })?, known)?;
    for line in lines {
        reading.line += 1;
        reading.take(line)?;
    }
    reading.finish()
}

/// A kept checkpoint, and whether it was found to be this log's beginning.
struct Kept {
    checkpoint: Checkpoint,
    holds: bool,
}

struct Reading {
    line: u64,
    found: Verified,
    erased_before: u64,
    kept: Vec<Kept>,
    /// Of a whole log.
    frontier: Frontier,
    /// The number of the last row.
    last: Option<u64>,
    /// The number of the last row of the visit that the file is about: others may name it, too.
    last_of_visit: Option<u64>,
    receipts: Receipts,
}

impl Reading {
    fn begin(header: &str, known: &Known) -> Result<Self, Refusal> {
        let malformed = Refusal::Malformed { line: 1 };
        let header = Record::parse(header).map_err(|_| malformed.clone())?;
        match header.number("evidence") {
            Some(VERSION) => {}
            Some(later) if later > VERSION => return Err(Refusal::Later),
            _ => return Err(malformed),
        }
        let about = header.text("about").ok_or(malformed.clone())?;
        let key = header.text("key").and_then(from_base64).ok_or(malformed.clone())?;
        let erased_before = header.number("erased_before").ok_or(malformed.clone())?;
        let note = header.text("checkpoint").and_then(bytes).and_then(|note| String::from_utf8(note).ok());
        let note = note.ok_or(malformed.clone())?;
        if header.members().count() != 5 || !(about == WHOLE || crate::row::is_id(about)) {
            return Err(malformed);
        }
        if known.key.is_some_and(|expected| expected != key) {
            return Err(Refusal::OtherKey);
        }
        let log = LogKey::from_bytes(&key).map_err(CheckpointError::from)?;
        let checkpoint = SignedCheckpoint::parse(&log, &note)?.checkpoint;
        let mut kept = Vec::new();
        for note in &known.kept {
            let earlier = SignedCheckpoint::parse(&log, note)?.checkpoint;
            if earlier.size > checkpoint.size {
                return Err(Refusal::RolledBack { kept: earlier.size, size: checkpoint.size });
            }
            let same = earlier.size == checkpoint.size;
            if same && earlier.root != checkpoint.root {
                return Err(Refusal::Forked { kept: earlier.size });
            }
            kept.push(Kept { checkpoint: earlier, holds: same });
        }
        let about = about.to_owned();
        let found = Verified {
            is_gapless: about == WHOLE || about.starts_with("vis_"),
            about,
            key,
            checkpoint,
            rows: 0,
            erased: 0,
            span: None,
            begins_erased: false,
            agreed: 0,
            one_sided: 0,
            since: Vec::new(),
        };
        let mut reading = Self {
            line: 1,
            found,
            erased_before,
            kept,
            frontier: Frontier::default(),
            last: None,
            last_of_visit: None,
            receipts: Receipts::default(),
        };
        // The beginning of all logs.
        reading.compare_kept()?;
        Ok(reading)
    }

    fn is_whole(&self) -> bool {
        self.found.about == WHOLE
    }

    fn malformed(&self) -> Refusal {
        Refusal::Malformed { line: self.line }
    }

    fn take(&mut self, line: &str) -> Result<(), Refusal> {
        if let Some(row) = line.strip_prefix("{\"row\":").and_then(|rest| rest.strip_suffix('}')) {
            return if self.is_whole() { self.take_row(row, None) } else { Err(self.malformed()) };
        }
        if let Some(rest) = line.strip_prefix("{\"proof\":\"").and_then(|rest| rest.strip_suffix('}')) {
            let (proof, row) = rest.split_once("\",\"row\":").ok_or(self.malformed())?;
            let proof = hashes(proof).ok_or(self.malformed())?;
            return if self.is_whole() { Err(self.malformed()) } else { self.take_row(row, Some(&proof)) };
        }
        let record = Record::parse(line).map_err(|_| self.malformed())?;
        let members: Vec<_> = record.members().collect();
        match members.as_slice() {
            [("consistency", Value::Text(proof)), ("since", Value::Number(since))] => {
                let proof = hashes(proof).ok_or(self.malformed())?;
                self.take_consistency(*since, &proof)
            }
            [("hash", Value::Text(hash)), ("n", Value::Number(number))] if self.is_whole() => {
                let hash = from_base64(hash).ok_or(self.malformed())?;
                if *number != self.frontier.size() {
                    return Err(Refusal::OutOfOrder { line: self.line });
                }
                self.found.erased += 1;
                self.append(hash)
            }
            _ => Err(self.malformed()),
        }
    }

    fn take_consistency(&mut self, since: u64, proof: &[Hash]) -> Result<(), Refusal> {
        let now = &self.found.checkpoint;
        for kept in self.kept.iter_mut().filter(|kept| kept.checkpoint.size == since) {
            verify_consistency((since, &kept.checkpoint.root), (now.size, &now.root), proof)
                .map_err(|_| Refusal::Forked { kept: since })?;
            kept.holds = true;
        }
        Ok(())
    }

    fn take_row(&mut self, text: &str, proof: Option<&[Hash]>) -> Result<(), Refusal> {
        let row = Row::parse(text).map_err(|reason| Refusal::Row { line: self.line, reason })?;
        match proof {
            None if row.number != self.frontier.size() => return Err(Refusal::OutOfOrder { line: self.line }),
            None => self.append(leaf_hash(text.as_bytes()))?,
            Some(proof) => {
                if self.last.is_some_and(|last| last >= row.number) {
                    return Err(Refusal::OutOfOrder { line: self.line });
                }
                let tree = &self.found.checkpoint;
                verify_inclusion(&tree.root, tree.size, row.number, text.as_bytes(), proof)
                    .map_err(|_| Refusal::NotIncluded { number: row.number })?;
                self.follows(&row)?;
                // Of a whole log they are looked at by the visit.
                self.receipts.take(&row)?;
            }
        }
        self.last = Some(row.number);
        self.found.rows += 1;
        let (first, last) = self.found.span.unwrap_or((row.unix_micros, row.unix_micros));
        self.found.span = Some((first.min(row.unix_micros), last.max(row.unix_micros)));
        Ok(())
    }

    /// A row of a selection is about what the file is about, and none of a visit's is missing before it.
    fn follows(&mut self, row: &Row<'_>) -> Result<(), Refusal> {
        if !row.ids().any(|id| id == self.found.about) {
            return Err(Refusal::Foreign { number: row.number });
        }
        if row.visit() != Some(&self.found.about) {
            return Ok(());
        }
        let before = self.last_of_visit.replace(row.number);
        if row.follows == before {
            return Ok(());
        }
        // What it follows may have been erased: nobody can show it any more.
        if before.is_none() && row.follows.is_some_and(|before| before < self.erased_before) {
            self.found.begins_erased = true;
            return Ok(());
        }
        Err(Refusal::Missing { number: row.number })
    }

    /// One more leaf of a whole log.
    fn append(&mut self, leaf: Hash) -> Result<(), Refusal> {
        self.frontier.push(leaf, |_, _, _| {});
        self.compare_kept()
    }

    fn compare_kept(&mut self) -> Result<(), Refusal> {
        let size = self.frontier.size();
        for kept in self.kept.iter_mut().filter(|kept| kept.checkpoint.size == size) {
            if kept.checkpoint.root != self.frontier.root() {
                return Err(Refusal::Forked { kept: size });
            }
            kept.holds = true;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Verified, Refusal> {
        if self.is_whole() {
            let (found, size) = (self.frontier.size(), self.found.checkpoint.size);
            if found != size {
                return Err(Refusal::NotWhole { found, size });
            }
            if self.frontier.root() != self.found.checkpoint.root {
                return Err(Refusal::RootDiffers);
            }
        }
        if let Some(kept) = self.kept.iter().find(|kept| !kept.holds) {
            return Err(Refusal::NoConsistency { kept: kept.checkpoint.size });
        }
        (self.found.agreed, self.found.one_sided) = self.receipts.compare()?;
        self.found.since = self.kept.iter().map(|kept| kept.checkpoint.size).collect();
        Ok(self.found)
    }
}

/// The hashes of a proof.
fn hashes(text: &str) -> Option<Vec<Hash>> {
    let bytes = bytes(text)?;
    let (hashes, rest) = bytes.as_chunks::<32>();
    (rest.is_empty() && hashes.len() <= MOST_HASHES).then(|| hashes.to_vec())
}

#[cfg(test)]
mod tests;
