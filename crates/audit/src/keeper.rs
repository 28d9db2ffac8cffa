//! What an app does with checkpoints: it keeps the newest, and believes a later one only if it was shown to go on from it.

use crate::checkpoint::SignedCheckpoint;
use crate::note::LogKey;
use crate::tree::{Hash, verify_consistency};

/// What is wrong with a log. Each is a reason to tell people and the clinic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Alarm {
    /// It is another log than the one that was met before.
    #[error("the log is signed by another key than before")]
    OtherKey,
    /// The signature is wrong, or there is none.
    #[error("the log's checkpoint is not signed by its key")]
    NotSigned,
    /// It is shorter than it was.
    #[error("the log is shorter than it was: rows are gone")]
    RolledBack,
    /// It is another one, from before what is known on.
    #[error("the log does not begin with what it was before: it was rewritten, or others are shown another one")]
    Forked,
}

impl Alarm {
    /// A word for reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::OtherKey => "log_key_changed",
            Self::NotSigned => "log_not_signed",
            Self::RolledBack => "log_rolled_back",
            Self::Forked => "log_forked",
        }
    }
}

/// The newest checkpoint of one log that is known to be honest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeper {
    key: LogKey,
    newest: SignedCheckpoint,
}

impl Keeper {
    /// Believes the first checkpoint that is seen of a clinic's log: whoever changes it later is found out.
    ///
    /// # Errors
    /// [`Alarm::NotSigned`].
    pub fn first(key: LogKey, note: &str) -> Result<Self, Alarm> {
        let newest = SignedCheckpoint::parse(&key, note).map_err(|_| Alarm::NotSigned)?;
        Ok(Self { key, newest })
    }

    /// The log's key.
    pub fn key(&self) -> &LogKey {
        &self.key
    }

    /// The newest that was shown to go on from all before.
    pub fn newest(&self) -> &SignedCheckpoint {
        &self.newest
    }

    /// Takes a later checkpoint of the server's, with the proof from the kept one to it.
    ///
    /// # Errors
    /// [`Alarm`]; what was kept is kept, as a proof of what was.
    pub fn take(&mut self, key: &LogKey, note: &str, proof: &[Hash]) -> Result<(), Alarm> {
        let later = self.follows(key, note, &self.newest, proof)?;
        self.newest = later;
        Ok(())
    }

    /// From which size to which one a proof is needed to compare with a checkpoint that somebody else keeps, whom the server may
    /// have shown another log.
    ///
    /// # Errors
    /// [`Alarm::OtherKey`] if it is not signed by this log's key.
    pub fn between(&self, others: &str) -> Result<(u64, u64), Alarm> {
        let (ours, others) = (self.newest.checkpoint.size, self.others(others)?.checkpoint.size);
        Ok((ours.min(others), ours.max(others)))
    }

    /// Whether what we keep and what somebody else keeps are of one log.
    ///
    /// # Errors
    /// [`Alarm`].
    pub fn agrees(&self, others: &str, proof: &[Hash]) -> Result<(), Alarm> {
        let (ours, others) = (self.newest.checkpoint, self.others(others)?.checkpoint);
        let (earlier, later) = if ours.size <= others.size { (ours, others) } else { (others, ours) };
        let verified = verify_consistency((earlier.size, &earlier.root), (later.size, &later.root), proof);
        verified.map_err(|_| Alarm::Forked)
    }

    fn others(&self, note: &str) -> Result<SignedCheckpoint, Alarm> {
        SignedCheckpoint::parse(&self.key, note).map_err(|_| Alarm::OtherKey)
    }

    fn follows(
        &self,
        key: &LogKey,
        note: &str,
        earlier: &SignedCheckpoint,
        proof: &[Hash],
    ) -> Result<SignedCheckpoint, Alarm> {
        if *key != self.key {
            return Err(Alarm::OtherKey);
        }
        let later = SignedCheckpoint::parse(key, note).map_err(|_| Alarm::NotSigned)?;
        let (before, now) = (&earlier.checkpoint, &later.checkpoint);
        if now.size < before.size {
            return Err(Alarm::RolledBack);
        }
        verify_consistency((before.size, &before.root), (now.size, &now.root), proof).map_err(|_| Alarm::Forked)?;
        Ok(later)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Checkpoint;
    use crate::note::LogSigner;
    use crate::tree::{MemoryNodes, consistency_proof, leaf_hash, root};

    fn log(rows: &[&str]) -> MemoryNodes {
        MemoryNodes::of(rows.iter().map(|row| leaf_hash(row.as_bytes())))
    }

    fn checkpoint(signer: &LogSigner, nodes: &MemoryNodes) -> SignedCheckpoint {
        let size = nodes.size();
        let root = root(nodes, size).unwrap();
        SignedCheckpoint::sign(signer, Checkpoint { size, root, unix_micros: 1 })
    }

    #[test]
    fn a_log_that_goes_on_is_believed_and_no_other() {
        let signer = LogSigner::from_seed(&[1; 32]).unwrap();
        let key = signer.public();
        let old = log(&["a", "b", "c"]);
        let kept = checkpoint(&signer, &old);
        let mut keeper = Keeper::first(key.clone(), kept.note()).unwrap();
        let shorter = checkpoint(&signer, &log(&["a", "b"]));
        assert_eq!(keeper.take(key, shorter.note(), &[]), Err(Alarm::RolledBack));
        let forked = log(&["a", "x", "c", "d"]);
        let proof = consistency_proof(&forked, 3, 4).unwrap().unwrap();
        assert_eq!(keeper.take(key, checkpoint(&signer, &forked).note(), &proof), Err(Alarm::Forked));
        let other = LogSigner::from_seed(&[2; 32]).unwrap();
        assert_eq!(keeper.take(other.public(), checkpoint(&other, &old).note(), &[]), Err(Alarm::OtherKey));
        assert_eq!(keeper.take(key, checkpoint(&other, &old).note(), &[]), Err(Alarm::NotSigned));
        assert_eq!(keeper.newest(), &kept);
        let longer = log(&["a", "b", "c", "d", "e"]);
        let proof = consistency_proof(&longer, 3, 5).unwrap().unwrap();
        keeper.take(key, checkpoint(&signer, &longer).note(), &proof).unwrap();
        assert_eq!(keeper.newest().checkpoint.size, 5);
    }

    #[test]
    fn who_was_shown_another_log_is_found_by_exchanging_checkpoints() {
        let signer = LogSigner::from_seed(&[1; 32]).unwrap();
        let (ours, theirs) = (log(&["a", "b", "c"]), log(&["a", "y"]));
        let keeper = Keeper::first(signer.public().clone(), checkpoint(&signer, &ours).note()).unwrap();
        let honest = checkpoint(&signer, &log(&["a", "b"]));
        assert_eq!(keeper.between(honest.note()), Ok((2, 3)));
        let proof = consistency_proof(&ours, 2, 3).unwrap().unwrap();
        assert_eq!(keeper.agrees(honest.note(), &proof), Ok(()));
        assert_eq!(keeper.agrees(checkpoint(&signer, &theirs).note(), &proof), Err(Alarm::Forked));
        assert_eq!(keeper.agrees(keeper.newest().note(), &[]), Ok(()));
        let longer = log(&["a", "b", "c", "d"]);
        let proof = consistency_proof(&longer, 3, 4).unwrap().unwrap();
        assert_eq!(keeper.agrees(checkpoint(&signer, &longer).note(), &proof), Ok(()));
        let other = LogSigner::from_seed(&[2; 32]).unwrap();
        assert_eq!(keeper.between(checkpoint(&other, &ours).note()), Err(Alarm::OtherKey));
    }
}
