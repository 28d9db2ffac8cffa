//! Comparing digits where nobody speaks: what would be read out goes to a file, what would be heard comes from one.
//!
//! Nothing is skipped by it: the digits of both ends are compared as two people would, and whoever carries the files is
//! the voice. Without a file to hear from, nothing is said.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use call::{Check, Digits, Intent, Snapshot};

use crate::headless::InputError;
use crate::whole_file::WholeFile;

/// How a side without a hand compares digits.
#[derive(Debug, Clone, Default)]
pub struct Comparing {
    /// Begins so long after the call was first live.
    pub after: Option<Duration>,
    /// Where the digits are written once they are shown.
    pub digits_out: Option<PathBuf>,
    /// Where those of the other side are read once they are there; then they are the same, or they are not.
    pub digits_in: Option<PathBuf>,
}

impl Comparing {
    /// # Errors
    /// What can never be written is known now.
    pub fn check(&self) -> Result<(), InputError> {
        let Some(path) = &self.digits_out else { return Ok(()) };
        WholeFile::prepare(path).map(drop).map_err(|source| InputError::DigitsOut { path: path.clone(), source })
    }
}

/// Reads out and listens, by files.
#[derive(Debug)]
pub(crate) struct Voice {
    comparing: Comparing,
    /// What was read out last.
    read_out: Option<Digits>,
    /// What was answered to.
    answered: Option<Digits>,
}

/// How often the file is looked for that tells what the other side reads out.
const LISTEN: Duration = Duration::from_millis(200);

impl Voice {
    pub(crate) fn new(comparing: Comparing) -> Self {
        Self { comparing, read_out: None, answered: None }
    }

    /// Writes the digits that are shown, once.
    pub(crate) fn read_out(&mut self, snapshot: &Snapshot) {
        let Some(digits) = shown(snapshot).filter(|digits| self.read_out != Some(*digits)) else { return };
        self.read_out = Some(digits);
        if let Some(path) = &self.comparing.digits_out
            && let Err(error) = write(path, digits)
        {
            tracing::error!(%error, "the digits cannot be written");
        }
    }

    /// What the person says of the digits that are shown, having heard the other side's.
    pub(crate) fn compare(&mut self, snapshot: &Snapshot) -> Option<Intent> {
        let digits = self.is_asked(snapshot)?;
        let heard = std::fs::read_to_string(self.comparing.digits_in.as_ref()?).ok()?;
        // What is not there whole is not heard yet.
        let heard: Digits = heard.parse().ok()?;
        self.answered = Some(digits);
        Some(if heard == digits { Intent::DigitsSame } else { Intent::DigitsDiffer })
    }

    /// After what time to listen again, if there is something to be heard.
    pub(crate) fn listens_again(&self, snapshot: &Snapshot) -> Option<Duration> {
        self.comparing.digits_in.as_ref().and_then(|_| self.is_asked(snapshot)).map(|_| LISTEN)
    }

    fn is_asked(&self, snapshot: &Snapshot) -> Option<Digits> {
        shown(snapshot).filter(|digits| self.answered != Some(*digits))
    }
}

fn shown(snapshot: &Snapshot) -> Option<Digits> {
    match snapshot.assurance.as_ref()?.check {
        Check::Shown(digits) => Some(digits),
        _ => None,
    }
}

fn write(path: &Path, digits: Digits) -> io::Result<()> {
    WholeFile::prepare(path)?.finish(format!("{digits}\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use call::{Assurance, Level, Phase, Recognition};
    use units::Timestamp;

    use super::*;
    use crate::person::tests::snapshot;

    fn showing(check: Check) -> Snapshot {
        let assurance =
            Assurance { level: Level::LinkApp, device: Recognition::New, name: None, check, dropped_boxes: 0 };
        Snapshot { assurance: Some(assurance), ..snapshot(Phase::Live { since: Timestamp::ZERO }) }
    }

    fn digits(text: &str) -> Check {
        Check::Shown(text.parse().unwrap())
    }

    #[test]
    fn digits_are_read_out_and_compared_with_what_is_heard() {
        let folder = tempfile::tempdir().unwrap();
        let (own, theirs) = (folder.path().join("own"), folder.path().join("theirs"));
        let comparing = Comparing { after: None, digits_out: Some(own.clone()), digits_in: Some(theirs.clone()) };
        comparing.check().unwrap();
        let mut voice = Voice::new(comparing);
        let seen = showing(digits("12345 67890"));
        voice.read_out(&showing(Check::Asked));
        assert!(!own.exists());
        assert_eq!(voice.listens_again(&showing(Check::Asked)), None);
        voice.read_out(&seen);
        assert_eq!(fs::read_to_string(&own).unwrap(), "12345 67890\n");
        assert_eq!(voice.compare(&seen), None, "nothing was heard");
        for unfinished in ["", "12345"] {
            fs::write(&theirs, unfinished).unwrap();
            assert_eq!((voice.compare(&seen), voice.listens_again(&seen)), (None, Some(LISTEN)));
        }
        fs::write(&theirs, "1234567890\n").unwrap();
        assert_eq!(voice.compare(&seen), Some(Intent::DigitsSame));
        assert_eq!((voice.compare(&seen), voice.listens_again(&seen)), (None, None), "said once");
        let others = showing(digits("00000 00001"));
        assert_eq!(voice.compare(&others), Some(Intent::DigitsDiffer));
    }

    #[test]
    fn who_hears_nothing_says_nothing_and_a_place_that_cannot_be_written_to_is_known_beforehand() {
        let mut voice = Voice::new(Comparing::default());
        let seen = showing(digits("12345 67890"));
        voice.read_out(&seen);
        assert_eq!((voice.compare(&seen), voice.listens_again(&seen)), (None, None));
        let nowhere = tempfile::tempdir().unwrap().path().join("gone").join("digits");
        let comparing = Comparing { digits_out: Some(nowhere), ..Comparing::default() };
        assert!(matches!(comparing.check(), Err(InputError::DigitsOut { .. })));
    }
}
