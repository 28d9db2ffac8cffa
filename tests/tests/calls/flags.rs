//! Flags: what is wrong with them is told before anything begins, and what they are without a word stands in
//! `docs/headless.md`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use xtask::workspace::Workspace;

use crate::clinic::programs;
use crate::program::USAGE;

/// Well-formed and complete, to a server that is not there.
const HOST: &str = "headless host --server https://127.0.0.1:1 --user lee --password-file no-such --invite-out no-such";
const JOIN: &str = "headless join --link-file no-such";

fn housecall(words: &str) -> Output {
    let mut command = Command::new(&programs().app);
    command.args(words.split_whitespace()).stdin(Stdio::null()).output().expect("the program starts")
}

#[test]
fn a_command_line_that_is_wrong_has_a_status_of_its_own() {
    let common = [
        "--camera film.y4m",
        "--camera tone",
        "--camera file:",
        "--microphone pattern",
        "--speaker tone",
        "--screen device",
        "--screen-size 640",
        "--processing maybe",
        "--mode fast",
        "--max-kbps 9",
        "--max-kbps -1",
        "--max-kbps many",
        "--relay-by carrier-pigeon",
        "--duration 1h",
        "--duration -1s",
        "--give-up soon",
        "--report",
        "--no-such-flag",
        "word",
    ];
    let both = common.iter().flat_map(|wrong| [format!("{HOST} {wrong}"), format!("{JOIN} {wrong}")]);
    let own = [
        "headless",
        "headless host",
        "headless join",
        "headless answer",
        "no-such-command",
        "headless join --link a --link-file b",
        "headless join --link-file a --admit-after 1s",
        "headless host --server https://127.0.0.1:1 --user lee --invite-out no-such",
        "headless host --server https://127.0.0.1:1 --password-file no-such --invite-out no-such",
    ];
    let own = own.map(str::to_owned).into_iter().chain([
        format!("{HOST} --pin sha256:short"),
        format!("{HOST} --admit-after later"),
        format!("{HOST} --link-file no-such"),
    ]);
    for words in both.chain(own) {
        let output = housecall(&words);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(USAGE), "`housecall {words}` said: {said}");
        assert!(!said.trim().is_empty() && !said.contains("panicked"), "`housecall {words}` said: {said}");
        assert!(output.stdout.is_empty(), "`housecall {words}` wrote to standard output");
    }
    assert!(
        String::from_utf8_lossy(&housecall(&format!("{HOST} --pin sha256:short")).stderr).contains("43 characters")
    );
}

#[test]
fn who_asks_for_help_or_the_version_made_no_mistake() {
    for words in ["--help", "--version", "headless --help", "headless host --help", "headless join --help"] {
        let output = housecall(words);
        assert!(output.status.success() && output.stderr.is_empty(), "housecall {words}");
        assert!(!output.stdout.is_empty(), "housecall {words}");
    }
}

/// The flags of a help text, each with what it is when it is not given.
fn flags_in_help(words: &str) -> BTreeMap<String, Option<String>> {
    let help = String::from_utf8(housecall(words).stdout).unwrap();
    let mut flags = BTreeMap::new();
    let mut last = None;
    for line in help.lines().map(str::trim) {
        if line.starts_with('-') {
            last = line.split([' ', ',']).find(|word| word.starts_with("--")).map(str::to_owned);
            flags.extend(last.clone().map(|flag| (flag, None)));
        }
        if let (Some(flag), Some((_, rest))) = (&last, line.split_once("[default: ")) {
            flags.insert(flag.clone(), rest.split(']').next().map(str::to_owned));
        }
    }
    flags.remove("--help");
    flags
}

/// The rows of the table of flags: `| `--flag …` | default | … |`.
fn flags_in_document() -> BTreeMap<String, Option<String>> {
    let root = Workspace::find().unwrap().root;
    let text = fs::read_to_string(Path::new(&root).join("docs/headless.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `--"));
    let flag = |row: &str| {
        let cells: Vec<&str> = row.split(" | ").collect();
        let name = cells[0].trim_start_matches("| `").split([' ', '`']).next().unwrap().to_owned();
        let default = cells[1].trim().trim_matches('`').to_owned();
        (name, Some(default).filter(|default| default != "-"))
    };
    rows.map(flag).collect()
}

#[test]
fn every_flag_and_its_default_stand_in_the_document() {
    let mut flags = flags_in_help("headless host --help");
    flags.extend(flags_in_help("headless join --help"));
    assert!(flags.len() > 20, "read too little of the help: {flags:?}");
    assert_eq!(flags_in_document(), flags);
}
