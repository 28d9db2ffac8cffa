//! A file that is sealed in pieces, so that neither its length nor its end can be forged: the STREAM construction (Hoang,
//! Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance, 2015) over AES-256-GCM.
//!
//! `MAGIC ‖ key id (4) ‖ salt (32)`, then pieces of 64 KiB and their tags. The file has a key of its own, from the storage key and the
//! salt; a piece's nonce is its number and whether it is the last.

use std::io::{self, Read, Write};

use aws_lc_rs::aead::{Aad, LessSafeKey, MAX_TAG_LEN, NONCE_LEN, Nonce};
use rand::TryRng;
use rand::rngs::SysRng;

use crate::storage_key::{KeyId, Sealed, StorageKeys};

const MAGIC: &[u8; 18] = b"housecall backup 1";
const HEAD: usize = MAGIC.len() + size_of::<KeyId>() + SALT;
const SALT: usize = 32;
const PIECE: usize = 64 << 10;

/// Why a file is not opened.
#[derive(Debug)]
pub(super) enum Unopened {
    /// It is something else.
    NoBackup,
    /// It was sealed with another key.
    Key(Sealed),
    /// It was changed, or its end is missing.
    Torn,
    /// It cannot be read.
    Read(io::Error),
}

impl From<io::Error> for Unopened {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

fn nonce(number: u64, is_last: bool) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    bytes[3..11].copy_from_slice(&number.to_be_bytes());
    bytes[11] = u8::from(is_last);
    Nonce::assume_unique_for_key(bytes)
}

/// Seals what is written to it; [`Self::finish`] makes it whole.
pub(super) struct SealedWriter<W> {
    to: W,
    key: LessSafeKey,
    head: [u8; HEAD],
    piece: Vec<u8>,
    number: u64,
}

impl<W: Write> SealedWriter<W> {
    pub(super) fn begin(mut to: W, keys: &StorageKeys) -> io::Result<Self> {
        let mut head = [0; HEAD];
        head[..MAGIC.len()].copy_from_slice(MAGIC);
        head[MAGIC.len()..HEAD - SALT].copy_from_slice(&keys.newest());
        let mut salt = [0; SALT];
        SysRng.try_fill_bytes(&mut salt).map_err(io::Error::other)?;
        head[HEAD - SALT..].copy_from_slice(&salt);
        let key = keys.file_key(keys.newest(), &salt).map_err(io::Error::other)?;
        to.write_all(&head)?;
        Ok(Self { to, key, head, piece: Vec::with_capacity(PIECE + MAX_TAG_LEN), number: 0 })
    }

    fn seal(&mut self, is_last: bool) -> io::Result<()> {
        let nonce = nonce(self.number, is_last);
        let sealed = self.key.seal_in_place_append_tag(nonce, Aad::from(&self.head), &mut self.piece);
        sealed.map_err(|_| io::Error::other("a piece could not be sealed"))?;
        self.to.write_all(&self.piece)?;
        self.piece.clear();
        self.number += 1;
        Ok(())
    }

    /// Seals the last piece, and gives back what was written to.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        Ok(self.to)
    }
}

impl<W: Write> Write for SealedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full piece waits until something follows it: the last one is sealed as such.
        if self.piece.len() == PIECE {
            self.seal(false)?;
        }
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Opens a sealed file, piece by piece: nothing of a piece that was changed comes out.
pub(super) struct SealedReader<R> {
    from: R,
    key: LessSafeKey,
    head: [u8; HEAD],
    number: u64,
    /// What was read of the next piece.
    ahead: Vec<u8>,
    is_over: bool,
}

impl<R: Read> SealedReader<R> {
    pub(super) fn begin(mut from: R, keys: &StorageKeys) -> Result<Self, Unopened> {
        let mut head = [0; HEAD];
        let read = read_full(&mut from, &mut head)?;
        if !head[..read].starts_with(MAGIC) {
            return Err(Unopened::NoBackup);
        }
        if read < HEAD {
            return Err(Unopened::Torn);
        }
        let mut id = KeyId::default();
        id.copy_from_slice(&head[MAGIC.len()..HEAD - SALT]);
        let mut salt = [0; SALT];
        salt.copy_from_slice(&head[HEAD - SALT..]);
        let key = keys.file_key(id, &salt).map_err(Unopened::Key)?;
        let mut reader = Self { from, key, head, number: 0, ahead: Vec::new(), is_over: false };
        reader.ahead = reader.fetch()?;
        Ok(reader)
    }

    fn fetch(&mut self) -> io::Result<Vec<u8>> {
        let mut piece = vec![0; PIECE + MAX_TAG_LEN];
        let read = read_full(&mut self.from, &mut piece)?;
        piece.truncate(read);
        Ok(piece)
    }

    /// The next piece; none after the last.
    pub(super) fn piece(&mut self) -> Result<Option<Vec<u8>>, Unopened> {
        if self.is_over {
            return Ok(None);
        }
        let next = if self.ahead.len() == PIECE + MAX_TAG_LEN { self.fetch()? } else { Vec::new() };
        let mut piece = std::mem::replace(&mut self.ahead, next);
        self.is_over = self.ahead.is_empty();
        let nonce = nonce(self.number, self.is_over);
        self.number += 1;
        let opened = self.key.open_in_place(nonce, Aad::from(&self.head), &mut piece).map_err(|_| Unopened::Torn)?;
        let length = opened.len();
        piece.truncate(length);
        Ok(Some(piece))
    }
}

/// Reads until it is full or there is nothing more.
fn read_full(from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match from.read(&mut into[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage_key::{KeySource, Place};

    fn keys() -> StorageKeys {
        let line = crate::storage_key::fresh_key_line().unwrap();
        Place { directory: "none".into(), key: KeySource::Given(line) }.keys().unwrap()
    }

    fn sealed(keys: &StorageKeys, bytes: &[u8]) -> Vec<u8> {
        let mut writer = SealedWriter::begin(Vec::new(), keys).unwrap();
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    fn opened(keys: &StorageKeys, file: &[u8]) -> Result<Vec<u8>, Unopened> {
        let mut reader = SealedReader::begin(file, keys)?;
        let mut all = Vec::new();
        while let Some(piece) = reader.piece()? {
            all.extend(piece);
        }
        Ok(all)
    }

    #[test]
    fn every_length_comes_back_and_no_part_of_it_passes_for_the_whole() {
        let keys = keys();
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7] {
            let bytes: Vec<u8> = (0..length).map(|at| (at * 31 % 251) as u8).collect();
            let file = sealed(&keys, &bytes);
            assert_eq!(opened(&keys, &file).unwrap(), bytes, "{length}");
            let piece = PIECE + MAX_TAG_LEN;
            let cuts = [HEAD, HEAD + 1, HEAD + piece, HEAD + 2 * piece, file.len() - 1];
            for cut in cuts.into_iter().filter(|cut| *cut < file.len()) {
                assert!(matches!(opened(&keys, &file[..cut]), Err(Unopened::Torn)), "{length} cut at {cut}");
            }
            let more = [&file[..], b"x"].concat();
            assert!(matches!(opened(&keys, &more), Err(Unopened::Torn)), "{length} and one more");
            for at in [MAGIC.len() + 5, HEAD, file.len() / 2, file.len() - 1] {
                let mut changed = file.clone();
                changed[at.max(HEAD - 1).min(file.len() - 1)] ^= 1;
                assert!(matches!(opened(&keys, &changed), Err(Unopened::Torn)), "{length} changed at {at}");
            }
        }
    }

    #[test]
    fn pieces_in_another_order_or_from_another_file_do_not_open() {
        let keys = keys();
        let (one, other) = (sealed(&keys, &vec![1; 3 * PIECE]), sealed(&keys, &vec![1; 3 * PIECE]));
        let piece = PIECE + MAX_TAG_LEN;
        let mut swapped = one.clone();
        let (first, second) = swapped[HEAD..].split_at_mut(piece);
        first.swap_with_slice(&mut second[..piece]);
        let mut mixed = one.clone();
        mixed[HEAD + piece..HEAD + 2 * piece].copy_from_slice(&other[HEAD + piece..HEAD + 2 * piece]);
        for file in [swapped, mixed] {
            assert!(matches!(opened(&keys, &file), Err(Unopened::Torn)));
        }
    }

    #[test]
    fn another_key_and_another_file_are_told_apart_from_a_torn_one() {
        let file = sealed(&keys(), b"x");
        assert!(matches!(opened(&keys(), &file), Err(Unopened::Key(Sealed::ByAnother(_)))));
        assert!(matches!(opened(&keys(), b"SQLite format 3\0 and so on and on and on"), Err(Unopened::NoBackup)));
        assert!(matches!(opened(&keys(), b""), Err(Unopened::NoBackup)));
    }
}
