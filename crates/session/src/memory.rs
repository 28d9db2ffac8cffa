//! Whom this person's app has met before, in one file: devices, and the newest lists of revocations that were seen.
//!
//! Nothing in it is a name, and nothing opens anything; who reads it learns how many were met.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use call::Output;
use trust::{Epoch, KeyFingerprint, KnownDevices};

use crate::headless::{InputError, random_bytes};
use crate::identity::make_once;
use crate::whole_file::WholeFile;

/// The file begins with this; the number is the version of the format.
const HEAD: &[u8] = b"housecall known 1\n";
/// More clinics than anybody is a patient of; bounds what a file can make us read.
const MOST_CLINICS: usize = 1_024;
const EPOCH_BYTES: usize = 32 + 4;

/// What keeps the file from being used.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// The folder or the file.
    #[error(
        "whom this app has met before cannot be kept in {path}: {source}; let this program write there, or name \
         another place"
    )]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something else stands there, or what a later version wrote; it is left as it is.
    #[error(
        "{path} is not what this program wrote there, so nobody who was met before is known; move it away, or update \
         the app"
    )]
    Foreign {
        /// Which.
        path: PathBuf,
    },
    /// No room for another.
    #[error("no more devices or clinics can be remembered in {path}; move it away to begin anew")]
    Full {
        /// Which.
        path: PathBuf,
    },
}

/// Something to remember.
#[derive(Debug, Clone, Copy)]
pub(crate) enum News {
    /// The highest epoch of revocations that was seen of a clinic.
    Epoch(KeyFingerprint, Epoch),
    /// A device, under this name, and whether digits were compared with it.
    Device([u8; 32], KeyFingerprint, bool),
}

impl News {
    /// What the engine wants remembered, if it is that.
    pub(crate) fn of(output: &Output) -> Option<Self> {
        match output {
            Output::RememberEpoch { clinic, epoch } => Some(Self::Epoch(*clinic, *epoch)),
            Output::RememberDevice { name, device, compared } => Some(Self::Device(*name, *device, *compared)),
            _ => None,
        }
    }
}

/// What is remembered, and where; all who hold it see the same.
#[derive(Clone)]
pub struct Memory(Arc<Inner>);

struct Inner {
    /// Nowhere: for as long as the program runs.
    path: Option<PathBuf>,
    remembered: Mutex<Remembered>,
}

impl Memory {
    /// Remembers until the program ends.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn of_this_run() -> Result<Self, InputError> {
        Ok(Self::at(None, Remembered::new(random_bytes()?)))
    }

    /// Remembers in this file, which is made if it is not there, and so is its folder: for their owner alone.
    ///
    /// # Errors
    /// The file cannot be read or made, or something else stands there: it is never overwritten.
    pub fn open(path: &Path) -> Result<Self, InputError> {
        let io = |source| MemoryError::Io { path: path.to_owned(), source };
        let remembered = match read(path)? {
            Some(remembered) => remembered,
            None => {
                make_once(path, &Remembered::new(random_bytes()?).to_bytes()).map_err(io)?;
                // Another window may have made one at the same time; whichever stands there now counts.
                read(path)?.ok_or_else(|| io(ErrorKind::NotFound.into()))?
            }
        };
        Ok(Self::at(Some(path.to_owned()), remembered))
    }

    fn at(path: Option<PathBuf>, remembered: Remembered) -> Self {
        Self(Arc::new(Inner { path, remembered: Mutex::new(remembered) }))
    }

    /// The devices that were met.
    pub(crate) fn devices(&self) -> KnownDevices {
        self.lock().devices.clone()
    }

    /// The highest epoch of revocations that was seen of this clinic.
    pub(crate) fn least_epoch(&self, clinic: &KeyFingerprint) -> Epoch {
        Epoch(self.lock().epochs.get(&clinic.0).copied().unwrap_or_default())
    }

    /// Where something else is kept beside it, if anything is.
    pub(crate) fn beside(&self, name: &str) -> Option<PathBuf> {
        self.0.path.as_ref().map(|path| path.with_extension(name))
    }

    /// By what patients' names are made opaque in this file.
    pub(crate) fn names_secret(&self) -> [u8; 32] {
        self.lock().names_secret
    }

    /// Keeps it, in the file first read anew: another window may have written meanwhile, and none writes now. Waits for the disk
    /// and for other windows, which take moments.
    ///
    /// # Errors
    /// The file cannot be written, or something else stands there now: then it is remembered until the program ends.
    pub(crate) fn keep(&self, news: News) -> Result<(), MemoryError> {
        let mut remembered = self.lock();
        let path = self.0.path.as_deref();
        // Where there are no locks, or none can be made, two windows that write at once may lose something of one.
        let _turn = path.and_then(|path| take_turn(path).ok());
        let newest = path.map(read).transpose();
        if let Ok(Some(Some(newest))) = &newest {
            remembered.clone_from(newest);
        }
        let shown = path.map(Path::to_owned).unwrap_or_default();
        if !remembered.take(news) {
            return Err(MemoryError::Full { path: shown });
        }
        // What is not ours is left as it is.
        newest?;
        let Some(path) = path else { return Ok(()) };
        let written = WholeFile::prepare(path).and_then(|file| file.finish(&remembered.to_bytes()));
        written.map_err(|source| MemoryError::Io { path: shown, source })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Remembered> {
        self.0.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("path", &self.0.path).finish_non_exhaustive()
    }
}

/// What is in the file: [`HEAD`], the secret for names (32), the count of clinics (2), for each its fingerprint (32) and
/// the epoch (4), ascending; then the length (4) of the devices and these, as [`KnownDevices::to_bytes`] gives them. Numbers are big endian.
#[derive(Clone, PartialEq, Eq)]
struct Remembered {
    names_secret: [u8; 32],
    epochs: BTreeMap<[u8; 32], u32>,
    devices: KnownDevices,
}

impl Remembered {
    fn new(names_secret: [u8; 32]) -> Self {
        Self { names_secret, epochs: BTreeMap::new(), devices: KnownDevices::default() }
    }

    /// `false` if there is no room.
    fn take(&mut self, news: News) -> bool {
        match news {
            News::Epoch(clinic, epoch) => {
                if self.epochs.len() >= MOST_CLINICS && !self.epochs.contains_key(&clinic.0) {
                    return false;
                }
                let highest = self.epochs.entry(clinic.0).or_default();
                *highest = epoch.0.max(*highest);
                true
            }
            News::Device(name, device, compared) => self.devices.remember(name, device, compared),
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = HEAD.to_vec();
        bytes.extend_from_slice(&self.names_secret);
        bytes.extend_from_slice(&(self.epochs.len() as u16).to_be_bytes());
        for (clinic, epoch) in &self.epochs {
            bytes.extend_from_slice(clinic);
            bytes.extend_from_slice(&epoch.to_be_bytes());
        }
        let devices = self.devices.to_bytes();
        bytes.extend_from_slice(&(devices.len() as u32).to_be_bytes());
        bytes.extend_from_slice(&devices);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (names_secret, rest) = bytes.strip_prefix(HEAD)?.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        let count = usize::from(u16::from_be_bytes(*count));
        let (epochs, rest) = rest.split_at_checked(count * EPOCH_BYTES)?;
        let (length, devices) = rest.split_first_chunk()?;
        // What was cut off is not taken for less.
        if usize::try_from(u32::from_be_bytes(*length)).ok()? != devices.len() {
            return None;
        }
        let mut all = BTreeMap::new();
        for entry in epochs.chunks_exact(EPOCH_BYTES) {
            let (clinic, epoch) = entry.split_first_chunk::<32>()?;
            let is_next = all.last_key_value().is_none_or(|(last, _)| last < clinic);
            if !is_next || all.len() >= MOST_CLINICS {
                return None;
            }
            all.insert(*clinic, u32::from_be_bytes(epoch.try_into().ok()?));
        }
        Some(Self { names_secret: *names_secret, epochs: all, devices: KnownDevices::from_bytes(devices)? })
    }
}

/// Waits until no other window writes. Held until it is dropped, or its window is gone. The lock is a file of its own beside the
/// other, which is replaced whenever something is written.
fn take_turn(path: &Path) -> io::Result<File> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(PathBuf::from(beside))?;
    file.lock()?;
    Ok(file)
}

fn read(path: &Path) -> Result<Option<Remembered>, MemoryError> {
    match fs::read(path) {
        Ok(bytes) => {
            Remembered::from_bytes(&bytes).map(Some).ok_or_else(|| MemoryError::Foreign { path: path.to_owned() })
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(MemoryError::Io { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use trust::Recognition;

    use super::*;

    const CLINIC: KeyFingerprint = KeyFingerprint([3; 32]);
    const LAPTOP: KeyFingerprint = KeyFingerprint([8; 32]);
    const LEE: [u8; 32] = [1; 32];

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("known");
        (folder, path)
    }

    #[test]
    fn what_was_remembered_is_there_the_next_time_and_readable_by_its_owner_alone() {
        let (_folder, path) = folder();
        let memory = Memory::open(&path).unwrap();
        assert_eq!(memory.least_epoch(&CLINIC), Epoch::default());
        memory.keep(News::Epoch(CLINIC, Epoch(7))).unwrap();
        memory.keep(News::Epoch(CLINIC, Epoch(5))).unwrap();
        memory.keep(News::Device(LEE, LAPTOP, true)).unwrap();
        let again = Memory::open(&path).unwrap();
        assert_eq!(again.least_epoch(&CLINIC), Epoch(7), "the highest that was ever seen");
        assert_eq!(again.devices().recognise(&LEE, Some(LAPTOP)), Recognition::Compared);
        assert_eq!(again.names_secret(), memory.names_secret());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        }
    }

    #[test]
    fn two_windows_that_remember_lose_nothing_of_each_other() {
        let (_folder, path) = folder();
        let (one, other) = (Memory::open(&path).unwrap(), Memory::open(&path).unwrap());
        assert_eq!(one.names_secret(), other.names_secret());
        one.keep(News::Device(LEE, LAPTOP, false)).unwrap();
        other.keep(News::Epoch(CLINIC, Epoch(2))).unwrap();
        let both = Memory::open(&path).unwrap();
        assert_eq!(both.devices().recognise(&LEE, Some(LAPTOP)), Recognition::Met);
        assert_eq!(both.least_epoch(&CLINIC), Epoch(2));
        assert_eq!(other.devices(), both.devices());
    }

    #[test]
    fn windows_that_remember_in_the_same_moment_lose_nothing() {
        const WINDOWS: u8 = 4;
        const DEVICES: u8 = 25;
        let (_folder, path) = folder();
        let windows: Vec<Memory> = (0..WINDOWS).map(|_| Memory::open(&path).unwrap()).collect();
        std::thread::scope(|scope| {
            for (window, memory) in windows.iter().enumerate() {
                scope.spawn(move || {
                    for device in 0..DEVICES {
                        let name = [window as u8 * DEVICES + device; 32];
                        memory.keep(News::Device(name, LAPTOP, false)).unwrap();
                    }
                });
            }
        });
        let all = Memory::open(&path).unwrap();
        let forgotten = (0..WINDOWS * DEVICES)
            .filter(|name| all.devices().recognise(&[*name; 32], Some(LAPTOP)) != Recognition::Met)
            .count();
        assert_eq!(forgotten, 0, "of {}", WINDOWS * DEVICES);
    }

    #[test]
    fn what_is_not_ours_is_said_and_left_as_it_is() {
        let (_folder, path) = folder();
        let memory = Memory::open(&path).unwrap();
        memory.keep(News::Epoch(CLINIC, Epoch(1))).unwrap();
        memory.keep(News::Epoch(LAPTOP, Epoch(2))).unwrap();
        memory.keep(News::Device(LEE, LAPTOP, false)).unwrap();
        let good = fs::read(&path).unwrap();
        let later = [b"housecall known 2\n".as_slice(), &good[HEAD.len()..]].concat();
        let longer = [good.as_slice(), &[0]].concat();
        let mut swapped = good.clone();
        let first = HEAD.len() + 34;
        let (one, other) = (good[first..first + 36].to_vec(), good[first + 36..first + 72].to_vec());
        swapped[first..first + 72].copy_from_slice(&[other, one].concat());
        let cut = (0..good.len()).map(|end| good[..end].to_vec());
        for wrong in [b"something else".to_vec(), later, longer, swapped].into_iter().chain(cut) {
            fs::write(&path, &wrong).unwrap();
            assert!(matches!(Memory::open(&path), Err(InputError::Memory(MemoryError::Foreign { .. }))));
            assert!(matches!(memory.keep(News::Device(LEE, CLINIC, true)), Err(MemoryError::Foreign { .. })));
            assert_eq!(fs::read(&path).unwrap(), wrong);
        }
        let kept = memory.devices().recognise(&LEE, Some(CLINIC));
        assert_eq!(kept, Recognition::Compared, "remembered until the program ends");
    }

    #[test]
    fn a_place_that_cannot_be_written_to_is_known_beforehand() {
        let (folder, _) = folder();
        let file = folder.path().join("file");
        fs::write(&file, b"").unwrap();
        assert!(matches!(Memory::open(&file.join("known")), Err(InputError::Memory(MemoryError::Io { .. }))));
        assert!(matches!(Memory::open(folder.path()), Err(InputError::Memory(MemoryError::Io { .. }))));
    }

    #[test]
    fn clinics_are_bounded_and_without_a_file_it_is_remembered_until_the_end() {
        let memory = Memory::of_this_run().unwrap();
        let clinic = |number: usize| {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&number.to_be_bytes());
            KeyFingerprint(bytes)
        };
        assert!((0..MOST_CLINICS).all(|number| memory.keep(News::Epoch(clinic(number), Epoch(1))).is_ok()));
        assert!(matches!(memory.keep(News::Epoch(LAPTOP, Epoch(1))), Err(MemoryError::Full { .. })));
        memory.keep(News::Epoch(clinic(5), Epoch(9))).unwrap();
        assert_eq!(memory.least_epoch(&clinic(5)), Epoch(9));
        let remembered = memory.lock().clone();
        assert!(Remembered::from_bytes(&remembered.to_bytes()) == Some(remembered));
    }
}
