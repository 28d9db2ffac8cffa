//! What is kept of the log on a device holds nobody's data because every message is a literal: this reads the sources.

use std::fs;
use std::path::{Path, PathBuf};

/// The crates whose messages are kept.
const KEPT: [&str; 18] = include!("../src/manners/crates_of_literals.rs");

#[test]
fn what_varies_stands_in_fields_and_not_in_messages() {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo and nextest set it");
    let crates = Path::new(&here).parent().expect("crates/");
    let (mut seen, mut bad) = (0, Vec::new());
    for name in KEPT {
        let folder = match name {
            "housecall" => crates.join("app"),
            "signaling_protocol" => crates.join("../signaling-protocol"),
            _ => crates.join(name.replace('_', "-")),
        };
        let mut files = Vec::new();
        collect(&folder.join("src"), &mut files);
        for file in files {
            let text = fs::read_to_string(&file).expect("a source");
            for event in events(&text) {
                seen += 1;
                if !ends_with_a_literal(event) {
                    bad.push(format!("{}: {event}", file.display()));
                }
            }
        }
    }
    assert!(seen > 40, "only {seen} events were found: this test reads too little");
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn a_message_that_is_put_together_is_found() {
    let text = r#"tracing::warn!(%error, "fine"); tracing::error!("bad: {name}"); tracing::info!(n, "bad {}", n);"#;
    let verdicts: Vec<bool> = events(text).into_iter().map(ends_with_a_literal).collect();
    assert_eq!(verdicts, [true, false, false]);
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            files.push(path);
        }
    }
}

/// What stands between the brackets of each event that is grave enough to be kept.
fn events(text: &str) -> Vec<&str> {
    let begins = ["error!(", "warn!(", "info!("];
    let inside = |begin: &'static str| {
        text.match_indices(begin).map(move |(at, _)| {
            let event = &text[at + begin.len()..];
            (at, &event[..closing(event)])
        })
    };
    let mut found: Vec<(usize, &str)> = begins.into_iter().flat_map(inside).collect();
    found.sort_unstable_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, event)| event).collect()
}

/// Where the bracket closes that was open before `text`; brackets within texts are none.
fn closing(text: &str) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' => depth += 1,
            ')' if depth == 0 => return at,
            ')' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

/// Whether the last thing is a literal into which nothing is put.
fn ends_with_a_literal(event: &str) -> bool {
    let event = event.trim().trim_end_matches(',').trim_end();
    let Some(before) = event.strip_suffix('"') else { return false };
    let Some((_, literal)) = before.rsplit_once('"') else { return false };
    !literal.contains('{')
}
