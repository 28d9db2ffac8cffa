//! The checkpoints of clinics' audit logs that this app has seen: the newest of each, in one file beside [`Memory`]'s.
//!
//! Whoever rewrites a clinic's log, the server itself with its key included, is found out by the next visit: the log must go on from
//! what is kept here. The first checkpoint of a clinic is believed, as the first of everything is.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use audit::{Alarm, Hash, Keeper, LogKey, from_base64, to_base64};
use signaling_protocol::CheckpointReply;
use trust::KeyFingerprint;

use crate::whole_file::WholeFile;

/// The file begins with this line; the number is the version of the format.
const HEAD: &str = "housecall logs 1";
/// A checkpoint is some hundred bytes, and nobody is a patient of so many clinics.
const MOST_BYTES: u64 = 1 << 20;

/// Where one clinic's newest checkpoint is kept.
#[derive(Debug, Clone)]
pub(crate) struct KeptLog {
    /// Nowhere: then nothing is compared.
    path: Option<PathBuf>,
    clinic: KeyFingerprint,
    /// Whether the other side is the clinic's: of a stranger, another log is no alarm.
    meets_clinic: bool,
}

impl KeptLog {
    pub(crate) fn new(path: Option<PathBuf>, clinic: KeyFingerprint, meets_clinic: bool) -> Self {
        Self { path, clinic, meets_clinic }
    }

    /// The newest checkpoint that is kept: what the other side is shown.
    pub(crate) fn note(&self) -> Option<String> {
        self.keeper().map(|keeper| keeper.newest().note().to_owned())
    }

    /// Which proof is needed to compare with what the other side keeps; none if there is nothing to compare.
    ///
    /// # Errors
    /// [`Alarm::OtherKey`]: somebody of the clinic keeps the log of another key.
    pub(crate) fn between(&self, theirs: &str) -> Result<Option<(u64, u64)>, Alarm> {
        match self.keeper().map(|keeper| keeper.between(theirs)) {
            Some(Err(alarm)) if self.meets_clinic => Err(alarm),
            Some(between) => Ok(between.ok()),
            None => Ok(None),
        }
    }

    /// Whether the other side keeps the same log; the server's answer has the proof.
    ///
    /// # Errors
    /// [`Alarm`].
    pub(crate) fn agrees(&self, theirs: &str, reply: &CheckpointReply) -> Result<(), Alarm> {
        let Some(keeper) = self.keeper() else { return Ok(()) };
        keeper.agrees(theirs, &proof(reply))
    }

    /// How many rows the log had when it was last seen; 0 if it never was.
    pub(crate) fn since(&self) -> u64 {
        self.keeper().map_or(0, |keeper| keeper.newest().checkpoint.size)
    }

    /// Compares, and keeps the newer one, which is answered. Waits for the disk.
    ///
    /// # Errors
    /// [`Alarm`]: what was kept stays.
    pub(crate) fn take(&self, reply: &CheckpointReply) -> Result<Keeper, Alarm> {
        let key = reply.key.0.as_slice().try_into().ok().and_then(|key| LogKey::from_bytes(key).ok());
        let key = key.ok_or(Alarm::NotSigned)?;
        let keeper = match self.keeper() {
            None => Keeper::first(key, &reply.checkpoint)?,
            Some(mut keeper) => {
                keeper.take(&key, &reply.checkpoint, &proof(reply))?;
                keeper
            }
        };
        if let Err(error) = self.write(&keeper) {
            // The log itself is all right; it is compared with an older one the next time.
            tracing::warn!(%error, "the checkpoint of the clinic's log is not kept");
        }
        Ok(keeper)
    }

    /// What is kept.
    pub(crate) fn keeper(&self) -> Option<Keeper> {
        let (key, note) = all(self.path.as_deref()?).remove(&self.clinic.0)?;
        // Who has changed this file can do nothing but make it forget.
        Keeper::first(LogKey::from_bytes(&key).ok()?, &note).ok()
    }

    fn write(&self, keeper: &Keeper) -> std::io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let mut logs = all(path);
        logs.insert(self.clinic.0, (keeper.key().to_bytes(), keeper.newest().note().to_owned()));
        let mut text = format!("{HEAD}\n");
        for (clinic, (key, note)) in logs {
            text += &format!("{} {} {}\n", to_base64(&clinic), to_base64(&key), to_base64(note.as_bytes()));
        }
        WholeFile::prepare(path)?.finish(text.as_bytes())
    }
}

/// The hashes of a proof; of what is none, none.
fn proof(reply: &CheckpointReply) -> Vec<Hash> {
    let bytes = reply.consistency.as_ref().map_or(&[][..], |proof| &proof.0);
    let (hashes, rest) = bytes.as_chunks::<32>();
    if rest.is_empty() { hashes.to_vec() } else { Vec::new() }
}

/// The key and the note of each clinic; of a file that is none, nothing.
fn all(path: &Path) -> BTreeMap<[u8; 32], ([u8; 32], String)> {
    let is_small = fs::metadata(path).is_ok_and(|file| file.len() <= MOST_BYTES);
    let text = is_small.then(|| fs::read_to_string(path).ok()).flatten().unwrap_or_default();
    let mut lines = text.lines();
    if lines.next() != Some(HEAD) {
        return BTreeMap::new();
    }
    let line = |line: &str| {
        let mut words = line.split(' ');
        let (clinic, key) = (from_base64(words.next()?)?, from_base64(words.next()?)?);
        let note = audit::bytes_from_base64(words.next()?).and_then(|note| String::from_utf8(note).ok())?;
        Some((clinic, (key, note)))
    };
    lines.filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use audit::{Checkpoint, LogSigner, MemoryNodes, SignedCheckpoint, consistency_proof, leaf_hash, root};
    use signaling_protocol::Base64;

    use super::*;

    /// The answer of a server with this log.
    fn reply(seed: u8, rows: &[&str], since: u64) -> CheckpointReply {
        let signer = LogSigner::from_seed(&[seed; 32]).unwrap();
        let nodes = MemoryNodes::of(rows.iter().map(|row| leaf_hash(row.as_bytes())));
        let size = rows.len() as u64;
        let checkpoint = Checkpoint { size, root: root(&nodes, size).unwrap(), unix_micros: 1 };
        let proof = consistency_proof(&nodes, since.min(size), size).unwrap().unwrap();
        CheckpointReply {
            key: Base64(signer.public().to_bytes().to_vec()),
            checkpoint: SignedCheckpoint::sign(&signer, checkpoint).note().to_owned(),
            consistency: Some(Base64(proof.concat())),
        }
    }

    #[test]
    fn a_log_must_go_on_from_what_was_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = Some(folder.path().join("logs"));
        let kept = KeptLog::new(path.clone(), KeyFingerprint([1; 32]), true);
        assert_eq!(kept.since(), 0);
        kept.take(&reply(1, &["a", "b"], 0)).unwrap();
        assert_eq!(kept.since(), 2);
        kept.take(&reply(1, &["a", "b", "c"], 2)).unwrap();
        assert_eq!(kept.since(), 3);
        assert_eq!(kept.take(&reply(1, &["a", "x", "c", "d"], 3)), Err(Alarm::Forked));
        assert_eq!(kept.take(&reply(1, &["a", "b"], 2)), Err(Alarm::RolledBack));
        assert_eq!(kept.take(&reply(2, &["a", "b", "c"], 3)), Err(Alarm::OtherKey));
        assert_eq!(kept.since(), 3, "what was kept stays");
        // Another clinic's is its own.
        let other = KeptLog::new(path, KeyFingerprint([2; 32]), true);
        assert_eq!(other.since(), 0);
        other.take(&reply(2, &["z"], 0)).unwrap();
        assert_eq!((other.since(), kept.since()), (1, 3));
    }

    #[test]
    fn two_who_were_shown_two_logs_find_it_out() {
        let folder = tempfile::tempdir().unwrap();
        let kept = |name: &str, meets_clinic| {
            KeptLog::new(Some(folder.path().join(name)), KeyFingerprint([1; 32]), meets_clinic)
        };
        let (host, guest, misled) = (kept("host", false), kept("guest", true), kept("misled", true));
        let honest = ["a", "b", "c"];
        host.take(&reply(1, &honest, 0)).unwrap();
        guest.take(&reply(1, &honest[..2], 0)).unwrap();
        misled.take(&reply(1, &["a", "x"], 0)).unwrap();
        for (one, other) in [(&host, &guest), (&guest, &host)] {
            let theirs = other.note().unwrap();
            assert_eq!(one.between(&theirs), Ok(Some((2, 3))));
            assert_eq!(one.agrees(&theirs, &reply(1, &honest, 2)), Ok(()));
        }
        assert_eq!(host.agrees(&misled.note().unwrap(), &reply(1, &honest, 2)), Err(Alarm::Forked));
        // Of another key: the clinic's word is an alarm, a stranger's is not.
        let strange = reply(2, &honest, 0).checkpoint;
        assert_eq!((host.between(&strange), guest.between(&strange)), (Ok(None), Err(Alarm::OtherKey)));
        assert_eq!(host.between("nothing"), Ok(None));
    }

    #[test]
    fn a_file_that_is_none_is_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs");
        for text in ["", "housecall logs 2\n", "housecall logs 1\nx y z\n\u{fffd}"] {
            fs::write(&path, text).unwrap();
            assert_eq!(KeptLog::new(Some(path.clone()), KeyFingerprint([1; 32]), true).since(), 0);
        }
        KeptLog::new(None, KeyFingerprint([1; 32]), true).take(&reply(1, &["a"], 0)).unwrap();
    }
}
