//! Checkpoints (C2SP tlog-checkpoint, c2sp.org/tlog-checkpoint): the log's size and root, signed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::note::{LogKey, LogSigner, NoteError};
use crate::tree::Hash;

/// Before the time of the checkpoint, as an extension line.
const AT: &str = "at ";

/// Why a checkpoint is not to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// It is signed, and no checkpoint of this log.
    #[error("a signed note that is no checkpoint of this log")]
    Malformed,
}

/// What was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// How many rows the log has.
    pub size: u64,
    /// The tree's root.
    pub root: Hash,
    /// When it was signed, in microseconds of Unix time, by the server's clock.
    pub unix_micros: u64,
}

/// A checkpoint, with the note that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What was signed.
    pub checkpoint: Checkpoint,
    note: String,
}

impl SignedCheckpoint {
    /// Signs a checkpoint.
    pub fn sign(signer: &LogSigner, checkpoint: Checkpoint) -> Self {
        let Checkpoint { size, root, unix_micros } = checkpoint;
        let text = format!("{}\n{size}\n{}\n{AT}{unix_micros}\n", signer.public().name(), STANDARD.encode(root));
        Self { checkpoint, note: signer.sign(&text) }
    }

    /// Reads one, if `key` has signed it.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn parse(key: &LogKey, note: &str) -> Result<Self, CheckpointError> {
        let text = key.open(note)?;
        let checkpoint = read(key, text).ok_or(CheckpointError::Malformed)?;
        Ok(Self { checkpoint, note: note.to_owned() })
    }

    /// The signed note.
    pub fn note(&self) -> &str {
        &self.note
    }
}

fn read(key: &LogKey, text: &str) -> Option<Checkpoint> {
    let mut lines = text.strip_suffix('\n')?.split('\n');
    (lines.next()? == key.name()).then_some(())?;
    let size = number(lines.next()?)?;
    let root = STANDARD.decode(lines.next()?).ok()?.try_into().ok()?;
    let unix_micros = number(lines.next()?.strip_prefix(AT)?)?;
    lines.next().is_none().then_some(Checkpoint { size, root, unix_micros })
}

/// A whole number in the one way in which it may be written.
fn number(text: &str) -> Option<u64> {
    let is_canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_canonical)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn signer() -> LogSigner {
        LogSigner::from_seed(&[7; 32]).unwrap()
    }

    #[test]
    fn a_checkpoint_is_a_note_of_five_lines() {
        let signed = SignedCheckpoint::sign(&signer(), Checkpoint { size: 12, root: [3; 32], unix_micros: 99 });
        let lines: Vec<_> = signed.note().split('\n').collect();
        assert_eq!(lines[0], signer().public().name());
        let expected = ["12", "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=", "at 99", ""];
        assert_eq!(lines[1..5], expected);
        assert!(lines[5].starts_with("\u{2014} housecall.log/"));
        assert_eq!(SignedCheckpoint::parse(signer().public(), signed.note()), Ok(signed));
    }

    #[test]
    fn a_witness_may_sign_below() {
        let signed = SignedCheckpoint::sign(&signer(), Checkpoint { size: 12, root: [3; 32], unix_micros: 99 });
        let note = format!("{}\u{2014} witness.example AAAAAAAA\n", signed.note());
        assert_eq!(SignedCheckpoint::parse(signer().public(), &note).unwrap().checkpoint, signed.checkpoint);
    }

    #[test]
    fn who_has_not_signed_is_not_believed() {
        let other = LogSigner::from_seed(&[8; 32]).unwrap();
        let signed = SignedCheckpoint::sign(&other, Checkpoint { size: 12, root: [3; 32], unix_micros: 99 });
        let refused = SignedCheckpoint::parse(signer().public(), signed.note());
        assert_eq!(refused, Err(CheckpointError::Note(NoteError::NotSigned)));
        // Under our name, by another's key.
        let forged = signed.note().replace(other.public().name(), signer().public().name());
        assert!(SignedCheckpoint::parse(signer().public(), &forged).is_err());
        // What is signed is no checkpoint.
        for text in ["", "a\n", "housecall.log/x\n1\n\n", &format!("{}\n01\nAAAA\n", signer().public().name())] {
            assert!(SignedCheckpoint::parse(signer().public(), &signer().sign(text)).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn one_bit_makes_it_worthless(at in 0usize..240, bit in 0u8..7) {
            let signed = SignedCheckpoint::sign(&signer(), Checkpoint { size: 12, root: [3; 32], unix_micros: 99 });
            let mut bytes = signed.note().as_bytes().to_vec();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            if let Ok(note) = String::from_utf8(bytes) {
                prop_assert!(SignedCheckpoint::parse(signer().public(), &note).is_err());
            }
        }

        #[test]
        fn whatever_is_shown_nothing_panics(note in "\\PC{0,40}|(housecall.log/[a-z]{0,9}|12|\n|\u{2014} | |AAAA){0,20}") {
            SignedCheckpoint::parse(signer().public(), &note).ok();
        }
    }
}
