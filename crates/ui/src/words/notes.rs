//! A clinician's notes.

use desk::NoteNews;
use units::Phi;

words! {
    own_notes,
    notes_close,
    notes_help,
    notes_label,
    notes_kept,
    notes_file,
    notes_export,
    notes_delete,
    notes_delete_asked,
    notes_delete_now,
    notes_keep,
    key_notes,
}

/// About which visit a note is: when that began, and with whom, where that is known.
pub(crate) fn note_about(began: &str, patient: Option<&Phi<String>>) -> String {
    match patient {
        Some(patient) => say!(note_about, began = began, patient = patient.expose().as_str()),
        None => began.to_owned(),
    }
}

/// How many notes lie here that are not to be read.
pub(crate) fn notes_of_others(count: usize) -> String {
    say!(notes_of_others, count = count)
}

/// No more can be written.
pub(crate) fn notes_full(most: usize) -> String {
    say!(notes_full, most = most)
}

/// What became of what was wanted last, and whether that was done.
pub(crate) fn note_news(news: &NoteNews) -> (bool, String) {
    match news {
        NoteNews::Exported(file) => (true, say!(notes_exported, place = file.expose().as_str())),
        NoteNews::NotKept => (false, say!(notes_not_kept).to_owned()),
        NoteNews::NameTaken => (false, say!(notes_name_taken).to_owned()),
        NoteNews::NotExported => (false, say!(notes_not_exported).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_done_is_said_with_a_next_step() {
        for news in [NoteNews::NotKept, NoteNews::NameTaken, NoteNews::NotExported] {
            let (done, sentence) = note_news(&news);
            assert!(!done && sentence.contains(". ") && sentence.ends_with('.'), "{sentence}");
        }
        let (done, sentence) = note_news(&NoteNews::Exported(Phi::new("/records/visit.txt".to_owned())));
        assert!(done && sentence.contains("/records/visit.txt"), "{sentence}");
        assert_eq!(note_about("2026-11-24 14:30", None), "2026-11-24 14:30");
    }
}
