//! Where what comes is written: a part beside its place until it is whole, and beside the part what of it is there, so that an app
//! that was killed goes on.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use transfer::{BLOCK, FileHash, Pieces, numbered};

use super::hashing::write_at;

/// What is there of a part, as it stands on the disk.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    bytes: u64,
    sha256: FileHash,
    have: Pieces,
}

/// Parts of one folder that are looked at; more lie there because of somebody else.
const MOST_KEPT: usize = 64;
/// A note is a hundred bytes, and 64 runs.
const LONGEST_NOTE: u64 = 4 * 1024;
const PART: &str = ".part";
const NOTE: &str = ".part-note";
/// What stays free on the disk: a full one harms more than what does not arrive.
const LEFT_FREE: u64 = 256 * 1024 * 1024;
/// Others of the same name in one folder.
const MOST_ALIKE: u32 = 1_000;

/// A folder that a person chose.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Whether it is this one.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        self.0 == path
    }

    /// What lies here of an earlier run.
    pub(super) fn kept(&self) -> Vec<(u64, FileHash)> {
        let Ok(entries) = fs::read_dir(&self.0) else { return Vec::new() };
        let notes = entries.flatten().map(|entry| entry.path());
        let notes = notes.filter(|path| path.to_string_lossy().ends_with(NOTE)).filter_map(|path| read_note(&path));
        notes.take(MOST_KEPT).map(|note| (note.bytes, note.sha256)).collect()
    }

    /// A place for a file of this name, which is safe; what is there of one of this length and hash goes on. `promised` is what
    /// other parts may still become longer by.
    pub(super) fn open(&self, name: &str, bytes: u64, sha256: FileHash, promised: u64) -> io::Result<Part> {
        // By its content, so that it is found again by whatever name.
        let stem = sha256.to_string().chars().take(16).collect::<String>();
        let path = self.0.join(format!("{stem}{PART}"));
        let note = self.0.join(format!("{stem}{NOTE}"));
        let known = read_note(&note).filter(|it| (it.bytes, it.sha256) == (bytes, sha256) && path.is_file());
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(known.is_none());
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            // Nobody else's to read, nobody's to run; and no way to somewhere else.
            options.mode(0o600).custom_flags(NO_FOLLOW);
        }
        let there = known.as_ref().map_or(0, |note| note.have.blocks().count());
        let wanted = bytes.saturating_sub(u64::from(there) * BLOCK as u64);
        if free(&self.0).is_some_and(|free| !has_room(free, promised, wanted)) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let file = options.open(&path)?;
        file.set_len(bytes)?;
        let kept = known.map(|note| note.have).unwrap_or_default();
        let (folder, name) = (self.0.clone(), name.to_owned());
        let part = Part { folder, name, bytes, sha256, path, note, file, kept, is_finished: false };
        part.note(&part.kept);
        Ok(part)
    }
}

/// Whether so many bytes fit beside those that are promised to others, and something is left for everybody else.
const fn has_room(free: u64, promised: u64, wanted: u64) -> bool {
    free >= wanted.saturating_add(promised).saturating_add(LEFT_FREE)
}

/// How many bytes this person may still write on the folder's disk, if the system says so.
#[cfg(unix)]
fn free(folder: &Path) -> Option<u64> {
    let about = rustix::fs::statvfs(folder).ok()?;
    Some(about.f_bavail.saturating_mul(about.f_frsize))
}

/// Windows keeps the room itself when a part gets its length, or refuses it.
#[cfg(not(unix))]
const fn free(_: &Path) -> Option<u64> {
    None
}

/// `O_NOFOLLOW`: a link in the place of a part is not followed. The same number on all of one system.
#[cfg(all(unix, target_os = "linux"))]
const NO_FOLLOW: i32 = 0o400_000;
#[cfg(all(unix, not(target_os = "linux")))]
const NO_FOLLOW: i32 = 0x100;

fn read_note(path: &Path) -> Option<Note> {
    let length = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file)?.len();
    if length > LONGEST_NOTE {
        return None;
    }
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// A file that is not whole yet.
#[derive(Debug)]
pub(super) struct Part {
    folder: PathBuf,
    name: String,
    bytes: u64,
    sha256: FileHash,
    path: PathBuf,
    note: PathBuf,
    file: File,
    kept: Pieces,
    is_finished: bool,
}

impl Part {
    /// What is there of an earlier run.
    pub(super) const fn kept(&self) -> &Pieces {
        &self.kept
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) const fn is_finished(&self) -> bool {
        self.is_finished
    }

    pub(super) fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        write_at(&self.file, offset, bytes)
    }

    /// Writes down what is there. If that fails, more is sent again; nothing else.
    pub(super) fn note(&self, have: &Pieces) {
        let note = Note { bytes: self.bytes, sha256: self.sha256, have: have.clone() };
        let written = serde_json::to_vec(&note).map_err(io::Error::from).and_then(|json| {
            let beside = self.note.with_extension("part-note-new");
            fs::write(&beside, json)?;
            fs::rename(&beside, &self.note)
        });
        if let Err(error) = written {
            tracing::debug!(%error, "what is there of a file is not written down");
        }
    }

    /// It is whole: it gets its name, or one beside it where that is taken. Where it stands.
    pub(super) fn finish(&mut self) -> io::Result<PathBuf> {
        self.file.sync_all()?;
        for count in 1..=MOST_ALIKE {
            let place = self.folder.join(numbered(&self.name, count));
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            match options.open(&place) {
                // Ours by now, and empty: nobody's file is replaced.
                Ok(_) => {
                    fs::rename(&self.path, &place)?;
                    self.is_finished = true;
                    let _ = fs::remove_file(&self.note);
                    return Ok(place);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Nobody wants it.
    pub(super) fn delete(self) {
        if !self.is_finished {
            for path in [&self.path, &self.note] {
                if let Err(error) = fs::remove_file(path) {
                    tracing::debug!(%error, "a part of a file is left behind");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use transfer::BlockSet;

    use super::*;

    const HASH: FileHash = FileHash([7; 32]);

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_part_goes_on_where_it_was_and_gets_its_name_at_the_end() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().to_owned());
        let part = folder.open("a.txt", 1_000, HASH, 0).unwrap();
        part.write(512, &[9; 488]).unwrap();
        let mut have = BlockSet::new();
        have.insert(1..2);
        part.note(&Pieces::of(&have));
        drop(part);

        assert_eq!(folder.kept(), [(1_000, HASH)]);
        let mut part = folder.open("a.txt", 1_000, HASH, 0).unwrap();
        assert_eq!(part.kept().blocks(), &have);
        part.write(0, &[8; 512]).unwrap();
        fs::write(place.path().join("a.txt"), b"another's").unwrap();
        assert_eq!(part.finish().unwrap(), place.path().join("a (2).txt"));
        assert_eq!(names(place.path()), ["a (2).txt", "a.txt"]);
        assert_eq!(fs::read(place.path().join("a.txt")).unwrap(), b"another's");
        let whole = fs::read(place.path().join("a (2).txt")).unwrap();
        assert_eq!((whole.len(), whole[0], whole[999]), (1_000, 8, 9));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(place.path().join("a (2).txt")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "its owner's alone, and not to be run");
        }
    }

    #[test]
    fn what_would_fill_the_disk_is_not_begun() {
        const GIB: u64 = 1 << 30;
        assert!(has_room(3 * GIB, GIB, GIB));
        assert!(!has_room(3 * GIB, 2 * GIB, GIB), "nothing would be left");
        assert!(!has_room(u64::MAX - 1, u64::MAX, 1));
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().to_owned());
        assert!(free(place.path()).is_none_or(|free| free > 0));
        if cfg!(unix) {
            let refused = folder.open("a", 10, HASH, u64::MAX / 2).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
            assert!(names(place.path()).is_empty());
        }
    }

    #[test]
    fn what_nobody_wants_is_deleted() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().to_owned());
        folder.open("a", 10, HASH, 0).unwrap().delete();
        assert!(names(place.path()).is_empty() && folder.kept().is_empty());
    }

    #[test]
    fn notes_that_nobody_wrote_so_are_passed_over() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().to_owned());
        fs::write(place.path().join("x.part-note"), b"{}").unwrap();
        fs::write(place.path().join("y.part-note"), vec![b' '; 10_000]).unwrap();
        assert!(folder.kept().is_empty());
        let stem = HASH.to_string().chars().take(16).collect::<String>();
        fs::write(place.path().join(format!("{stem}.part-note")), b"{\"bytes\":5}").unwrap();
        assert_eq!(folder.open("a", 10, HASH, 0).unwrap().kept(), &Pieces::default());
    }

    #[test]
    #[cfg(unix)]
    fn a_link_in_the_place_of_a_part_is_not_followed() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("target");
        fs::write(&target, b"precious").unwrap();
        let stem = HASH.to_string().chars().take(16).collect::<String>();
        std::os::unix::fs::symlink(&target, place.path().join(format!("{stem}.part"))).unwrap();
        assert!(Folder::new(place.path().to_owned()).open("a", 10, HASH, 0).is_err());
        assert_eq!(fs::read(&target).unwrap(), b"precious");
    }
}
