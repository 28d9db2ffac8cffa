//! The files of one app, made of memory.

use std::collections::BTreeMap;

use transfer::{
    Command, Departures, FileHash, Frame, Kind, LocalFile, MOST_BLOCKS, News, Pieces, Receiver, TransferId,
};
use units::{Phi, Timestamp};

type Key = (u64, FileHash);

#[derive(Default)]
pub(crate) struct Files {
    pub(crate) departures: Departures,
    receivers: BTreeMap<TransferId, (Receiver, Key)>,
    /// What is on the disk, and what its owner knows to be there.
    disk: BTreeMap<Key, (Vec<u8>, Pieces, bool)>,
    ours: BTreeMap<u64, Vec<u8>>,
    /// What was asked for that is not done by itself.
    pub(crate) asked: Vec<Command>,
}

/// Stands for SHA-256: differs where the bytes do.
fn hash(bytes: &[u8]) -> FileHash {
    let mut hash = [0_u8; 32];
    for (index, byte) in bytes.iter().enumerate() {
        let at = index % 32;
        hash[at] = hash[at].rotate_left(3).wrapping_add(*byte);
    }
    FileHash(hash)
}

impl Files {
    /// Puts a file there; as it is offered.
    pub(crate) fn put(&mut self, name: &str, kind: Kind, bytes: Vec<u8>) -> LocalFile {
        let handle = self.ours.len() as u64;
        let (length, sha256) = (bytes.len() as u64, hash(&bytes));
        self.ours.insert(handle, bytes);
        LocalFile { handle, kind, name: Phi::new(name.to_owned()), bytes: length, sha256 }
    }

    /// The app was killed: the disk is left. What is there of files that are not whole.
    pub(crate) fn restart(&mut self) -> Vec<Key> {
        *self = Self { disk: std::mem::take(&mut self.disk), ..Self::default() };
        self.disk.iter().filter(|(_, (_, _, whole))| !whole).map(|(key, _)| *key).collect()
    }

    pub(crate) fn has(&self, bytes: &[u8]) -> bool {
        let key = (bytes.len() as u64, hash(bytes));
        self.disk.get(&key).is_some_and(|(there, _, whole)| *whole && there == bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.disk.is_empty()
    }

    /// Does what is wanted; what there is to say of it.
    pub(crate) fn command(&mut self, now: Timestamp, command: Command) -> Option<News> {
        self.departures.command(now, &command);
        match command {
            Command::Receive { id, bytes, sha256, .. } => {
                let key = (bytes, sha256);
                let fresh = || (vec![0; bytes as usize], Pieces::default(), false);
                let have = self.disk.entry(key).or_insert_with(fresh).1.clone();
                let receiver = Receiver::new(id, bytes, &have).expect("few blocks");
                self.receivers.insert(id, (receiver, key));
                Some(News::Ready { id, have })
            }
            Command::Tell(id) => {
                let (receiver, key) = self.receivers.get(&id)?;
                let (bytes, _, whole) = self.disk.get_mut(key)?;
                if !receiver.is_whole() {
                    return Some(News::Have { id, have: receiver.have() });
                }
                *whole = hash(bytes) == key.1;
                Some(if *whole { News::Whole(id) } else { News::WrongHash(id) })
            }
            Command::Close { id, incoming: true, delete } => {
                if let Some((_, key)) = self.receivers.remove(&id).filter(|_| delete) {
                    self.disk.remove(&key);
                }
                None
            }
            Command::TakeStill => {
                self.asked.push(command);
                None
            }
            Command::Send { .. } | Command::Pause(_) | Command::Close { .. } => None,
        }
    }

    /// The next frame and what to say of its fate.
    pub(crate) fn next_frame(&mut self, now: Timestamp) -> Option<(transfer::Piece, Vec<u8>)> {
        let (handle, piece) = self.departures.next(now, MOST_BLOCKS)?;
        let data = self.ours.get(&handle)?.get(piece.offset as usize..)?.get(..piece.bytes)?;
        Some((piece, Frame { id: piece.id, first: piece.first, data }.to_bytes()))
    }

    pub(crate) fn take(&mut self, bytes: &[u8]) {
        let frame = Frame::read(bytes).expect("a frame of ours");
        let Some((receiver, key)) = self.receivers.get_mut(&frame.id) else { return };
        let Ok(Some(write)) = receiver.on_frame(&frame) else { return };
        let (there, have, _) = self.disk.get_mut(key).expect("it is being received");
        there[write.offset as usize..][..write.data.len()].copy_from_slice(write.data);
        *have = receiver.have();
    }
}
