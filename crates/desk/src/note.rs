//! What a clinician writes for themselves about a visit: sealed by their device to itself and kept on its disk until they export or
//! delete it. No server ever has it, and no colleague's device opens it.

use clinic::{BoxContext, BoxExpected, BoxSecret, StaffBoxError, open_staff_box, seal_staff_box};
use serde::{Deserialize, Serialize};
use signaling_protocol::VisitId;
use trust::{DeviceIdentity, UnixTime};
use units::Phi;

/// The kind of staff box that a note is: the fourth of the clinic's list.
const NOTE_KIND: u8 = 4;

/// The longest note, in characters: six bytes each in the worst case, they fit into a box.
pub const MOST_NOTE_CHARS: usize = 5_000;

/// What is written about one visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What the clinician calls the patient, if they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patient: Option<Phi<String>>,
    /// When the visit was opened, in seconds of Unix time.
    pub began_unix_secs: u64,
    /// What is written.
    pub text: Phi<String>,
}

impl Note {
    /// Seals it by this device to itself. `random` was drawn for this.
    ///
    /// # Errors
    /// For more than [`MOST_NOTE_CHARS`].
    pub fn seal(
        &self,
        visit: VisitId,
        by: &DeviceIdentity,
        (made_at, random): (UnixTime, [u8; 32]),
    ) -> Result<Vec<u8>, StaffBoxError> {
        let context = BoxContext { kind: NOTE_KIND, object: *visit.as_bytes(), revision: 1, made_at };
        let bytes = serde_json::to_vec(self).expect("plain structs, strings and numbers always serialise");
        seal_staff_box(&context, &bytes, &[BoxSecret::of_device(&by.keys).public()], by, &random)
    }

    /// Opens what this device sealed about this visit.
    ///
    /// # Errors
    /// Whatever does not fit: another device's, another visit's, somebody else's hand in the file.
    pub fn open(sealed: &[u8], by: &DeviceIdentity, visit: VisitId, now: UnixTime) -> Result<Self, StaffBoxError> {
        let (clinic, own) = (by.clinic(), BoxSecret::of_device(&by.keys));
        let expected = BoxExpected { clinic, kind: NOTE_KIND, object: *visit.as_bytes(), least_revision: 1, now };
        let opened = open_staff_box(sealed, &own, &expected)?;
        if opened.creator.signing != by.public().signing {
            // Whoever of the clinic can write to this disk cannot put words into this device's mouth.
            return Err(StaffBoxError::WrongSignature);
        }
        let note: Self = serde_json::from_slice(&opened.payload).map_err(|_| StaffBoxError::Malformed)?;
        if note.text.expose().chars().count() > MOST_NOTE_CHARS {
            return Err(StaffBoxError::Malformed);
        }
        Ok(note)
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.text.expose().trim().is_empty()
    }
}

/// What is known of notes, for one drawing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotesView {
    /// The one that is written or read.
    pub open: Option<OpenNote>,
    /// Those on this device that were not exported, the oldest first.
    pub kept: Vec<KeptNote>,
    /// How many lie here that this device cannot open: somebody else's, or of a device that this one was before.
    pub of_others: usize,
    /// What became of what the person wanted last.
    pub news: Option<NoteNews>,
}

/// A note that is written or read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenNote {
    /// About which visit.
    pub about: KeptNote,
    /// What is written.
    pub text: Phi<String>,
}

/// What is said of a note in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptNote {
    /// About which visit.
    pub visit: VisitId,
    /// When that began, as people of the clinic write it: `2026-10-25 14:30`.
    pub began: String,
    /// What the clinician calls the patient, if they do.
    pub patient: Option<Phi<String>>,
}

/// What became of something that the person wanted of notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoteNews {
    /// The disk does not keep what is written: it is in memory alone.
    NotKept,
    /// It was written to this file, and is kept sealed no more.
    Exported(Phi<String>),
    /// It was not exported, since another file has this name; it stays sealed.
    NameTaken,
    /// It was not exported: there is no such folder, it may not be written to, or the disk is full. It stays sealed.
    NotExported,
}

#[cfg(test)]
mod tests {
    use clinic::clinic_of_one;

    use super::*;

    const NOW: UnixTime = UnixTime(1_800_000_000);
    const VISIT: VisitId = VisitId::from_random([7; 16]);

    fn device(number: u8) -> DeviceIdentity {
        clinic_of_one(&[number; 32], "Dr. Lee", NOW).unwrap()
    }

    fn note(text: &str) -> Note {
        Note { patient: None, began_unix_secs: NOW.0, text: Phi::new(text.to_owned()) }
    }

    #[test]
    fn a_note_is_opened_by_its_device_alone_and_about_its_visit_alone() {
        let written = note("Sleeps badly.\nAgain in two weeks.");
        let sealed = written.seal(VISIT, &device(1), (NOW, [6; 32])).unwrap();
        assert!(!sealed.windows(6).any(|bytes| bytes == b"Sleeps"));
        assert_eq!(Note::open(&sealed, &device(1), VISIT, NOW), Ok(written));
        assert!(Note::open(&sealed, &device(2), VISIT, NOW).is_err(), "another device");
        let other = VisitId::from_random([8; 16]);
        assert_eq!(Note::open(&sealed, &device(1), other, NOW), Err(StaffBoxError::AnotherObject));
        for at in [0, 30, sealed.len() / 2, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(Note::open(&changed, &device(1), VISIT, NOW).is_err(), "byte {at}");
        }
    }

    #[test]
    fn the_longest_note_fits_and_a_longer_one_is_no_note() {
        // What JSON makes the longest of.
        let longest = note(&"\u{1}".repeat(MOST_NOTE_CHARS));
        let sealed = longest.seal(VISIT, &device(1), (NOW, [6; 32])).unwrap();
        assert_eq!(Note::open(&sealed, &device(1), VISIT, NOW), Ok(longest));
        let longer = note(&"a".repeat(MOST_NOTE_CHARS + 1)).seal(VISIT, &device(1), (NOW, [6; 32])).unwrap();
        assert_eq!(Note::open(&longer, &device(1), VISIT, NOW), Err(StaffBoxError::Malformed));
        assert!(note(" \n").is_empty() && !note(".").is_empty());
    }
}
