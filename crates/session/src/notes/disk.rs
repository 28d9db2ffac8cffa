//! The thread that writes notes: what is typed quickly is written once.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use call::NotSaved;
use desk::{Note, NoteNews};
use signaling_protocol::VisitId;
use trust::DeviceIdentity;

use super::Shared;
use crate::handed_here::save_new;
use crate::headless::random_bytes;
use crate::identity::unix_now;
use crate::whole_file::WholeFile;

/// For so long what is typed is gathered: half a second of it may be lost with the machine's power.
const GATHER: Duration = Duration::from_millis(500);
/// Files of notes are called by their visit and this.
const SUFFIX: &str = "note";
/// Larger than the largest box.
const MOST_BYTES: u64 = 1 << 17;

/// What the disk is to do.
#[derive(Debug)]
pub(super) enum Work {
    /// Read what this device has sealed.
    Look(Arc<DeviceIdentity>),
    /// Seal it in the place of what was there, or take that away.
    Keep { visit: VisitId, note: Option<Note>, by: Arc<DeviceIdentity> },
    /// Write it where everybody of this machine's account can read it, and take the sealed one away.
    Export { visit: VisitId, note: Note, by: Arc<DeviceIdentity>, path: PathBuf },
}

pub(super) struct Disk {
    folder: Option<PathBuf>,
    shared: Arc<Shared>,
}

impl Disk {
    pub(super) fn new(folder: Option<PathBuf>, shared: Arc<Shared>) -> Self {
        Self { folder, shared }
    }

    /// Works until nobody orders anything more, and then to the end.
    pub(super) fn run(self, orders: &Receiver<Work>) {
        while let Ok(first) = orders.recv() {
            let mut kept: BTreeMap<VisitId, (Option<Note>, Arc<DeviceIdentity>)> = BTreeMap::new();
            let (until, mut next) = (Instant::now() + GATHER, Some(first));
            while let Some(work) = next.take() {
                match work {
                    Work::Keep { visit, note, by } => {
                        kept.insert(visit, (note, by));
                        next = orders.recv_timeout(until.saturating_duration_since(Instant::now())).ok();
                    }
                    // What was typed before the others comes before them.
                    Work::Look(by) => {
                        self.keep(std::mem::take(&mut kept));
                        let (found, of_others) = self.look(&by);
                        self.shared.found(&by, found, of_others);
                    }
                    Work::Export { visit, note, by, path } => {
                        self.keep(std::mem::take(&mut kept));
                        self.export(visit, &note, &by, &path);
                    }
                }
            }
            self.keep(kept);
        }
    }

    fn keep(&self, notes: BTreeMap<VisitId, (Option<Note>, Arc<DeviceIdentity>)>) {
        for (visit, (note, by)) in notes {
            let Some(path) = self.path(visit, &by) else { continue };
            let done = match note {
                Some(note) => self.seal(&path, visit, &note, &by),
                None => take_away(&path),
            };
            if let Err(error) = done {
                // Its words may tell of names.
                tracing::warn!(kind = ?error.kind(), "a note is not kept");
                self.shared.tell(NoteNews::NotKept);
            }
        }
    }

    fn seal(&self, path: &Path, visit: VisitId, note: &Note, by: &DeviceIdentity) -> io::Result<()> {
        let random = random_bytes().map_err(io::Error::other)?;
        let sealed = note.seal(visit, by, (unix_now(self.shared.clock), random)).map_err(io::Error::other)?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        WholeFile::prepare(path)?.finish(&sealed)
    }

    fn export(&self, visit: VisitId, note: &Note, by: &DeviceIdentity, path: &Path) {
        match self.write_open(note, path) {
            Ok(()) => {
                if let Some(sealed) = self.path(visit, by)
                    && let Err(error) = take_away(&sealed)
                {
                    tracing::warn!(kind = ?error.kind(), "an exported note stays sealed too");
                }
                self.shared.exported(visit, path);
            }
            Err(NotSaved::NameTaken) => self.shared.tell(NoteNews::NameTaken),
            Err(NotSaved::NotWritten) => self.shared.tell(NoteNews::NotExported),
        }
    }

    fn write_open(&self, note: &Note, path: &Path) -> Result<(), NotSaved> {
        let began = self.shared.calendar.shown(note.began_unix_secs);
        let patient = note.patient.as_ref().map(|patient| format!(" · {}", patient.expose())).unwrap_or_default();
        let text = format!("{began}{patient}\n\n{}\n", note.text.expose().trim_end());
        save_new(path, text.as_bytes())
    }

    /// What this device opens, and how many files it does not.
    fn look(&self, by: &DeviceIdentity) -> (BTreeMap<VisitId, Note>, usize) {
        let (mut found, mut of_others) = (BTreeMap::new(), 0);
        let Some(folder) = &self.folder else { return (found, of_others) };
        let own = own_folder(folder, by);
        for other in entries(folder).filter(|other| *other != own) {
            of_others += entries(&other).filter(|path| visit_of(path).is_some()).count();
        }
        for path in entries(&own) {
            let Some(visit) = visit_of(&path) else { continue };
            let is_small = fs::metadata(&path).is_ok_and(|file| file.len() <= MOST_BYTES);
            let sealed = is_small.then(|| fs::read(&path).ok()).flatten().unwrap_or_default();
            match Note::open(&sealed, by, visit, unix_now(self.shared.clock)) {
                Ok(note) => drop(found.insert(visit, note)),
                Err(error) => {
                    tracing::debug!(%error, "a note is not opened by this device");
                    of_others += 1;
                }
            }
        }
        (found, of_others)
    }

    fn path(&self, visit: VisitId, by: &DeviceIdentity) -> Option<PathBuf> {
        Some(own_folder(self.folder.as_ref()?, by).join(format!("{visit}.{SUFFIX}")))
    }
}

/// Each device has a folder of its own: what one cannot open it does not replace either.
fn own_folder(folder: &Path, by: &DeviceIdentity) -> PathBuf {
    let name: String = by.public().signing[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    folder.join(name)
}

/// What lies in a folder; nothing in one that is not there.
fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

/// About which visit a file is.
fn visit_of(path: &Path) -> Option<VisitId> {
    path.extension().filter(|suffix| *suffix == SUFFIX)?;
    path.file_stem()?.to_str()?.parse().ok()
}

/// Nothing there is as good as taken away.
fn take_away(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
