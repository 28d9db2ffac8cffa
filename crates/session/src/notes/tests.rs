use std::fs;
use std::time::{Duration, Instant, SystemTime};

use super::*;

/// How long a disk may take.
const PATIENCE: Duration = Duration::from_secs(20);
const VISIT: VisitId = VisitId::from_random([7; 16]);

fn device(number: u8) -> DeviceIdentity {
    let clock = Clock::starting_at(Instant::now(), SystemTime::now());
    clinic::clinic_of_one(&[number; 32], "Dr. Lee", unix_now(clock)).unwrap()
}

fn notes(folder: &Path) -> Notes {
    let clock = Clock::starting_at(Instant::now(), SystemTime::now());
    Notes::open(Some(folder.join("notes")), clock, Calendar::utc(), Arc::new(|| {}))
}

fn phi(text: &str) -> Phi<String> {
    Phi::new(text.to_owned())
}

/// Notes that this device has looked for.
fn notes_of(folder: &Path, by: u8) -> Notes {
    let notes = self::notes(folder);
    notes.unlock(&device(by));
    wait_until(|| notes.shared.lock().looked);
    notes
}

#[track_caller]
fn wait_until(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "it never came");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The files of notes, whosever.
fn sealed(folder: &Path) -> Vec<PathBuf> {
    let files = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    files(folder.join("notes")).flat_map(files).collect()
}

#[test]
fn what_is_written_stays_sealed_until_it_is_exported() {
    let folder = tempfile::tempdir().unwrap();
    let written = notes_of(folder.path(), 1);
    written.begin(VISIT, Some(phi("Rosa")));
    for text in ["S", "Sleeps", "Sleeps badly."] {
        written.write(&phi(text));
    }
    drop(written);
    let bytes = fs::read(&sealed(folder.path())[0]).unwrap();
    assert!(!bytes.windows(6).any(|piece| piece == b"Sleeps") && !bytes.windows(4).any(|piece| piece == b"Rosa"));
    let again = notes_of(folder.path(), 1);
    let kept = again.view().kept.clone();
    assert_eq!((kept.len(), kept[0].patient.clone()), (1, Some(phi("Rosa"))));
    again.look(VISIT);
    assert_eq!(again.view().open.as_ref().unwrap().text, phi("Sleeps badly."));

    // A file that is there is not replaced, and the note stays.
    let (taken, free) = (folder.path().join("taken.txt"), folder.path().join("visit.txt"));
    fs::write(&taken, "precious").unwrap();
    again.export(&taken);
    wait_until(|| again.view().news.is_some());
    assert_eq!(again.view().news, Some(NoteNews::NameTaken));
    assert!(fs::read_to_string(&taken).unwrap() == "precious" && sealed(folder.path()).len() == 1);
    again.look(VISIT);
    again.export(&free);
    wait_until(|| again.view().news.is_some());
    assert!(matches!(again.view().news, Some(NoteNews::Exported(_))));
    let text = fs::read_to_string(&free).unwrap();
    assert!(text.contains(" · Rosa\n") && text.ends_with("\n\nSleeps badly.\n"), "{text}");
    assert!(again.view().kept.is_empty() && sealed(folder.path()).is_empty());
}

#[test]
fn who_is_there_already_is_not_kept_from_their_notes() {
    let folder = tempfile::tempdir().unwrap();
    let written = notes_of(folder.path(), 1);
    written.begin(VISIT, None);
    written.write(&phi("Sleeps badly."));
    drop(written);
    // A visit begins while the disk is looked at.
    let again = notes(folder.path());
    again.unlock(&device(1));
    again.unlock(&device(1));
    wait_until(|| again.shared.lock().looked);
    assert_eq!(again.view().kept.len(), 1);
}

#[test]
fn another_device_sees_that_there_is_something_and_not_what() {
    let folder = tempfile::tempdir().unwrap();
    let written = notes_of(folder.path(), 1);
    written.begin(VISIT, None);
    written.write(&phi("Sleeps badly."));
    drop(written);
    let other = notes_of(folder.path(), 2);
    assert_eq!((other.view().kept.len(), other.view().of_others), (0, 1));
    // About the same visit it writes beside what it cannot read.
    other.begin(VISIT, None);
    other.write(&phi("I took her over."));
    drop(other);
    assert_eq!(sealed(folder.path()).len(), 2);
    for (by, text) in [(1, "Sleeps badly."), (2, "I took her over.")] {
        let notes = notes_of(folder.path(), by);
        notes.look(VISIT);
        assert_eq!(notes.view().open.as_ref().unwrap().text, phi(text));
    }
}

#[test]
fn a_locked_desk_shows_nothing_and_keeps_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let written = notes_of(folder.path(), 1);
    written.begin(VISIT, None);
    written.write(&phi("Sleeps badly."));
    written.lock();
    assert_eq!(*written.view(), NotesView::default());
    written.write(&phi("nobody is there"));
    drop(written);
    let again = notes_of(folder.path(), 1);
    again.look(VISIT);
    assert_eq!(again.view().open.as_ref().unwrap().text, phi("Sleeps badly."));
    again.delete();
    assert!(again.view().kept.is_empty());
    drop(again);
    assert!(sealed(folder.path()).is_empty(), "deleted from the disk too");
}
