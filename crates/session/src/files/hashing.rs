//! Reading files: their hashes, and pieces of them.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};
use transfer::FileHash;

/// How long a file is, and its SHA-256.
pub(super) fn hash_of(path: &Path) -> io::Result<(u64, FileHash)> {
    let mut file = File::open(path)?;
    if !file.metadata()?.is_file() {
        // A pipe or a device has no end.
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((bytes, FileHash(hasher.finalize().into())));
        }
        bytes += read as u64;
        hasher.update(&buffer[..read]);
    }
}

/// The SHA-256 of what lies in memory.
pub(super) fn hash_of_bytes(bytes: &[u8]) -> FileHash {
    FileHash(Sha256::digest(bytes).into())
}

/// Fills `into` from `offset` on.
pub(super) fn read_at(file: &File, offset: u64, into: &mut [u8]) -> io::Result<()> {
    #[cfg(unix)]
    {
        std::os::unix::fs::FileExt::read_exact_at(file, into, offset)
    }
    #[cfg(not(unix))]
    {
        use std::io::{Seek, SeekFrom};
        let mut file = file;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(into)
    }
}

/// Writes all of `bytes` from `offset` on.
pub(super) fn write_at(file: &File, offset: u64, bytes: &[u8]) -> io::Result<()> {
    #[cfg(unix)]
    {
        std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
    }
    #[cfg(not(unix))]
    {
        use std::io::{Seek, SeekFrom, Write};
        let mut file = file;
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_hashed_to_its_end_and_a_folder_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, b"abc").unwrap();
        let (bytes, hash) = hash_of(&path).unwrap();
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((bytes, hash.to_string().as_str()), (3, expected));
        assert!(hash_of(folder.path()).is_err());
    }
}
