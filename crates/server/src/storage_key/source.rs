//! Where the storage key lies: in a file of its own, in the environment, or among systemd's credentials.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRng;
use rand::rngs::SysRng;
use units::Phi;
use zeroize::Zeroizing;

use super::StorageKeys;

/// Its name in the data directory, where it lies unless the operator says otherwise.
const FILE: &str = "storage.key";

/// More keys than anybody keeps; a longer file is the wrong one.
const LONGEST: u64 = 4_096;

/// What stands above the keys in a file.
const HEADER: &str = "# The storage key of a housecall-server: without it neither its data nor its backups open.\n\
    # Keep a copy where no backup of the data lies. The first line seals, the others open what they have sealed.\n";

/// Where the storage key is to be found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum KeySource {
    /// In the data directory, made there at the first start.
    #[default]
    Beside,
    /// In a file elsewhere, made there at the first start.
    File(PathBuf),
    /// In the environment or a credential: its text, one key a line or separated by commas. Never made.
    Given(Phi<String>),
}

/// A data directory and the key of what lies in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where the database is.
    pub directory: PathBuf,
    /// Where its key is.
    pub key: KeySource,
}

impl From<&Path> for Place {
    fn from(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), key: KeySource::Beside }
    }
}

impl From<&PathBuf> for Place {
    fn from(directory: &PathBuf) -> Self {
        Self::from(directory.as_path())
    }
}

impl From<&Place> for Place {
    fn from(place: &Place) -> Self {
        place.clone()
    }
}

/// There is no storage key to be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// What is there was sealed with a key, and the key is gone.
    #[error("the data is sealed, and its storage key {} is not there; put it back from where you keep a copy", .0.display())]
    Missing(PathBuf),
    /// The file cannot be read or made.
    #[error("the storage key {} cannot be used: {source}; check that it may be read, and where it is to lie", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others can read the file.
    #[error("the storage key {} may be read by others (mode {mode:03o}); make it yours alone: chmod 600", path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is not a key.
    #[error("{0} holds no storage key; `housecall-server key new` prints one: 43 letters and digits on a line")]
    NoKey(String),
    /// It is one that anybody would try.
    #[error("{0} holds a key that was not drawn at random; `housecall-server key new` prints one that is")]
    Weak(String),
    /// The system gives no randomness.
    #[error("the operating system gives no random numbers")]
    Random,
    /// It is sealed with another key.
    #[error(
        "the data is sealed with the storage key {sealed}, but {found} is here; put the right key back, or add it as a second line"
    )]
    Another {
        /// The key that is needed.
        sealed: String,
        /// The one that seals here.
        found: String,
    },
}

impl Place {
    /// The file in which the key lies; none if it is given.
    pub fn key_file(&self) -> Option<PathBuf> {
        match &self.key {
            KeySource::Beside => Some(self.directory.join(FILE)),
            KeySource::File(path) => Some(path.clone()),
            KeySource::Given(_) => None,
        }
    }

    /// The keys that are there.
    ///
    /// # Errors
    /// When there is none, others could read it, or it is weak.
    pub fn keys(&self) -> Result<StorageKeys, KeyError> {
        match self.key_file() {
            None => self.given(),
            Some(path) => match read(&path) {
                Err(KeyError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                    Err(KeyError::Missing(path))
                }
                read => parse(read?.expose(), &path.display().to_string()),
            },
        }
    }

    /// The keys that are there; where a file is to hold them and is not there, one that is made now.
    ///
    /// # Errors
    /// As [`Self::keys`], and when the file cannot be made.
    pub(crate) fn keys_or_new(&self) -> Result<StorageKeys, KeyError> {
        if let Some(path) = self.key_file()
            && !path.exists()
        {
            make(&path)?;
        }
        self.keys()
    }

    /// Puts a new key before those that are there.
    pub(crate) fn add_key(&self) -> Result<(), KeyError> {
        let path = self.key_file().ok_or_else(|| KeyError::NoKey("the environment".to_owned()))?;
        let known = read(&path)?;
        let kept = known.expose().lines().filter(|line| !line.starts_with('#'));
        let text = format!("{HEADER}{}{}\n", fresh_key_line()?.expose(), kept.collect::<Vec<_>>().join("\n"));
        let failed = |source| KeyError::File { path: path.clone(), source };
        crate::tls::write_private(&path, text.as_bytes()).map_err(failed)
    }

    fn given(&self) -> Result<StorageKeys, KeyError> {
        let KeySource::Given(text) = &self.key else { return Err(KeyError::NoKey(String::new())) };
        parse(text.expose(), "what was given as storage key")
    }
}

/// A new key, as a line of a key file.
///
/// # Errors
/// When the system gives no randomness.
pub fn fresh_key_line() -> Result<Phi<String>, KeyError> {
    let mut key = Zeroizing::new([0; 32]);
    SysRng.try_fill_bytes(&mut *key).map_err(|_| KeyError::Random)?;
    Ok(Phi::new(URL_SAFE_NO_PAD.encode(*key) + "\n"))
}

fn read(path: &Path) -> Result<Phi<String>, KeyError> {
    let failed = |source| KeyError::File { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::MetadataExt::mode(&file.metadata().map_err(failed)?) & 0o777;
        // systemd gives credentials as 0400, an operator may let a group of the server's read it.
        if mode & 0o027 != 0 {
            return Err(KeyError::Open { path: path.to_owned(), mode });
        }
    }
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).map_err(failed)?;
    Ok(Phi::new(text))
}

/// Makes the file, unless somebody else makes it in the same moment: then theirs is the key.
fn make(path: &Path) -> Result<(), KeyError> {
    let failed = |source| KeyError::File { path: path.to_owned(), source };
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        crate::store::make_private(directory).map_err(failed)?;
    }
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let text = format!("{HEADER}{}", fresh_key_line()?.expose());
    let written = options.open(&draft).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        // Whole or not at all, and never over one that is there.
        match fs::hard_link(&draft, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }
    });
    fs::remove_file(&draft).ok();
    written.map_err(failed)
}

fn parse(text: &str, name: &str) -> Result<StorageKeys, KeyError> {
    let words = text.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(|line| line.split(','));
    let mut secrets = Vec::new();
    for word in words.map(str::trim).filter(|word| !word.is_empty()) {
        let bytes = Zeroizing::new(
            URL_SAFE_NO_PAD.decode(word.trim_end_matches('=')).map_err(|_| KeyError::NoKey(name.to_owned()))?,
        );
        let secret = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| KeyError::NoKey(name.to_owned()))?;
        if is_weak(&secret) {
            return Err(KeyError::Weak(name.to_owned()));
        }
        secrets.push(Zeroizing::new(secret));
    }
    StorageKeys::new(secrets).ok_or_else(|| KeyError::NoKey(name.to_owned()))
}

/// Fewer than sixteen different bytes among thirty-two random ones: once in 10^17 keys.
fn is_weak(secret: &[u8; 32]) -> bool {
    let mut seen = [false; 256];
    secret.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    let is_text = secret.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    is_text || seen.iter().filter(|seen| **seen).count() < 16
}

/// Whether a key lies beside the database.
pub(crate) fn made_beside(place: &Place) -> bool {
    place.key_file().is_some_and(|path| path.starts_with(&place.directory))
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beside => f.write_str("in the data directory"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Given(_) => f.write_str("given by the environment"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(directory: &Path, text: &str) -> Place {
        Place { directory: directory.to_owned(), key: KeySource::Given(Phi::new(text.to_owned())) }
    }

    #[test]
    fn a_key_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::from(folder.path());
        assert!(matches!(place.keys(), Err(KeyError::Missing(_))));
        let first = place.keys_or_new().unwrap().newest();
        assert_eq!(place.keys_or_new().unwrap().newest(), first);
        place.add_key().unwrap();
        let keys = place.keys().unwrap();
        assert!(keys.newest() != first && format!("{keys:?}").contains(&super::super::hex(&first)), "{keys:?}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let path = place.key_file().unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
            let sentence = place.keys().unwrap_err().to_string();
            assert!(sentence.contains("may be read by others (mode 644)"), "{sentence}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn what_is_no_key_or_a_weak_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let good = fresh_key_line().unwrap().into_exposed();
        assert!(place(folder.path(), &good).keys().is_ok());
        assert!(place(folder.path(), &format!("# a comment\n{good}, {good}")).keys().is_ok());
        for bad in ["", "# nothing", "password", &good[..40], &format!("{good}{good}x")] {
            assert!(matches!(place(folder.path(), bad).keys(), Err(KeyError::NoKey(_))), "{bad}");
        }
        for bad in [[0; 32], *b"correct horse battery staple pas"] {
            let text = URL_SAFE_NO_PAD.encode(bad);
            assert!(matches!(place(folder.path(), &text).keys(), Err(KeyError::Weak(_))), "{text}");
        }
    }
}
