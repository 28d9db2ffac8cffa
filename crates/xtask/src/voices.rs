//! Two people who read ten digits to each other, with files in the place of their voices: `docs/headless.md` tells how.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// How often it is looked whether the digits are there.
const LOOK: Duration = Duration::from_millis(100);

/// The two ends whose digits are compared.
pub const ENDS: [&str; 2] = ["clinician", "patient"];

/// Carries what one end reads out to the other.
#[derive(Debug, Clone)]
pub struct Voices {
    folder: PathBuf,
}

impl Voices {
    /// Voices that pass through this folder.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The words with which the end of this name reads out and listens.
    #[must_use]
    pub fn words(&self, end: &str) -> Vec<OsString> {
        vec!["--digits-out".into(), self.shown(end).into(), "--digits-in".into(), self.heard(end).into()]
    }

    /// What this end shows, once it shows something.
    #[must_use]
    pub fn digits_of(&self, end: &str) -> Option<String> {
        fs::read_to_string(self.shown(end)).ok().map(|digits| digits.trim().to_owned())
    }

    /// Says these digits so that the end of this name hears them.
    pub fn say_to(&self, end: &str, digits: &str) -> Result<()> {
        // Whole or not at all: half of the digits would be no digits.
        let (path, beside) = (self.heard(end), self.heard(end).with_extension("part"));
        fs::write(&beside, digits).and_then(|()| fs::rename(&beside, &path)).context("the digits cannot be passed on")
    }

    /// Waits until both ends show digits, unless it is to stop before.
    #[must_use]
    pub fn both(&self, stop: &AtomicBool) -> Option<[String; 2]> {
        while !stop.load(Ordering::Relaxed) {
            if let [Some(one), Some(other)] = ENDS.map(|end| self.digits_of(end)) {
                return Some([one, other]);
            }
            thread::sleep(LOOK);
        }
        None
    }

    fn shown(&self, end: &str) -> PathBuf {
        self.folder.join(format!("{end}-digits"))
    }

    fn heard(&self, end: &str) -> PathBuf {
        self.folder.join(format!("{end}-hears"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_show_is_carried_to_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let voices = Voices::in_folder(folder.path());
        assert_eq!(voices.both(&AtomicBool::new(true)), None);
        for end in ENDS {
            fs::write(voices.shown(end), format!("{end}\n")).unwrap();
        }
        assert_eq!(voices.both(&AtomicBool::new(false)), Some(ENDS.map(str::to_owned)));
        voices.say_to("patient", "12345 67890").unwrap();
        assert_eq!(fs::read_to_string(voices.heard("patient")).unwrap(), "12345 67890");
        assert_eq!(voices.words("patient")[3], voices.heard("patient"));
    }
}
