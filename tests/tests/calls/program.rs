//! The command line of one program: changed for a test, and judged by what it says when it fails.

use std::ffi::OsStr;
use std::process::Command;
use std::time::Duration;

use xtask::process::Process;

/// Picture and sound arrived, of what was wanted and sent.
pub(crate) const WHOLE: i32 = 0;
/// Something that was given cannot be used.
pub(crate) const BAD_INPUT: i32 = 1;
pub(crate) const SOUND_ONLY: i32 = 2;
pub(crate) const NEVER_LIVE: i32 = 3;
pub(crate) const REFUSED: i32 = 4;
/// The command line is wrong.
pub(crate) const USAGE: i32 = 64;

/// The command with the value after this flag replaced.
pub(crate) fn with(command: &Command, flag: &str, value: impl AsRef<OsStr>) -> Command {
    let mut changed = Command::new(command.get_program());
    let mut replace = false;
    for word in command.get_args() {
        changed.arg(if replace { value.as_ref() } else { word });
        replace = word == flag;
    }
    changed
}

/// A program that is to fail: its status, one sentence about it with these words, and no more than that.
#[track_caller]
pub(crate) fn fails(command: &mut Command, exit: i32, words: &[&str]) {
    let mut process = Process::spawn("the program", command, |_| {}).expect("a program that starts");
    let status = process.wait(Duration::from_secs(60)).expect("a program that ends");
    one_sentence(&process.stderr(), words);
    assert_eq!(status.code(), Some(exit), "{}", process.stderr());
}

#[track_caller]
fn one_sentence(stderr: &str, words: &[&str]) {
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert_eq!(stderr.trim().lines().count(), 1, "not one sentence: {stderr:?}");
    for word in words {
        assert!(stderr.to_lowercase().contains(&word.to_lowercase()), "{word:?} is not in {stderr:?}");
    }
    for jargon in ["Error {", "Os {", "Some(", "kind:", "RUST_BACKTRACE"] {
        assert!(!stderr.contains(jargon), "{stderr:?} is for programmers");
    }
}
