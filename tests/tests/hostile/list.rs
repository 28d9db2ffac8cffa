//! `docs/hostile.md` lists the attacks of this suite, all of them, each with the name by which it ends.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Attacks at least, as was promised.
const PROMISED: usize = 40;

fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo and nextest set it");
    Path::new(&here).parent().expect("tests/ stands in the root").to_owned()
}

/// Each test of the suite but those here, and its text.
fn tests() -> BTreeMap<String, String> {
    let mut tests = BTreeMap::new();
    for entry in fs::read_dir(root().join("tests/tests/hostile")).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if module == "list" {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for test in text.split("#[test]\nfn ").skip(1) {
            let name = test.split('(').next().unwrap();
            let body = test.split("\n}\n").next().unwrap();
            tests.insert(format!("{module}::{name}"), body.to_owned());
        }
    }
    tests
}

/// Each test that is listed, and how it ends.
fn listed() -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join("docs/hostile.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| ") && line.contains("::"));
    let cells = rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect::<Vec<_>>());
    cells.map(|cells| (cells[3].trim_matches('`').to_owned(), cells[2].trim_matches('`').to_owned())).collect()
}

#[test]
fn every_attack_is_listed_once_and_nothing_else_is() {
    let mut listed: Vec<_> = listed().into_iter().map(|(test, _)| test).collect();
    listed.sort();
    assert_eq!(listed, tests().into_keys().collect::<Vec<_>>());
    assert!(listed.len() >= PROMISED, "only {}", listed.len());
}

#[test]
fn every_attack_ends_as_the_list_says() {
    let tests = tests();
    let mut names = 0;
    for (test, end) in listed() {
        let text = &tests[&test];
        // The first refusal that a test names is the one that it asks for.
        let refusal = text.split("Refusal::").nth(1).and_then(|rest| rest.split(|c: char| !c.is_alphanumeric()).next());
        let said = match refusal {
            Some("Server") => text.split("Code::").nth(1).and_then(|rest| rest.split(')').next()).map(snake),
            Some(refusal) => Some(snake(refusal)),
            None => None,
        };
        if let Some(said) = said {
            assert_eq!(said, end, "{test}");
            names += 1;
        }
        if text.contains(" goes_on(") {
            assert_eq!(end, "goes on", "{test}");
        }
    }
    assert!(names >= PROMISED, "only {names} name their refusal");
}

/// `WrongRole` as `wrong_role`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}
