//! What was written in a visit, as a text file has it.

use std::io;
use std::path::Path;

use transfer::Line;

use crate::whole_file::WholeFile;

/// A line each, who wrote it before it; what goes on in a further line is indented. Of a clinician's side: theirs are the patient's.
fn transcript(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        text += if line.ours { "Clinician: " } else { "Patient: " };
        text += &line.text.expose().replace('\n', "\n    ");
        text.push('\n');
    }
    text
}

/// Writes it to a file of its owner's alone, in the place of what stood there.
pub(crate) fn save(lines: &[Line], path: &Path) -> io::Result<()> {
    WholeFile::prepare(path)?.finish(transcript(lines).as_bytes())
}

#[cfg(test)]
mod tests {
    use transfer::LineState;
    use units::{Phi, Timestamp};

    use super::*;

    #[test]
    fn what_was_written_stands_in_order_with_who_wrote_it() {
        let line = |ours, text: &str| Line {
            ours,
            text: Phi::new(text.to_owned()),
            at: Timestamp::ZERO,
            state: LineState::Arrived,
        };
        let lines = [line(true, "Where?"), line(false, "Here\nPatient: and there"), line(true, "Thank you")];
        let expected = "Clinician: Where?\nPatient: Here\n    Patient: and there\nClinician: Thank you\n";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chat.txt");
        save(&lines[..1], &path).unwrap();
        save(&lines, &path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
