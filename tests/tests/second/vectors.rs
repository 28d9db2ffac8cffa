//! The second implementation against the vectors that the first one wrote.

use std::fs;
use std::path::PathBuf;

use xtask::workspace::Workspace;

use crate::package::{node, ready, run};

#[test]
fn the_second_implementation_gives_what_the_vectors_say_and_refuses_what_they_refuse() {
    let package = ready();
    let built = fs::read_dir(package.join("dist/test")).expect("it was built");
    let paths = built.map(|entry| entry.expect("it can be read").path());
    let tests: Vec<_> = paths.filter(|path| path.to_string_lossy().ends_with(".test.js")).collect();
    assert!(tests.len() >= 5, "only {tests:?}");
    let mut node = node();
    node.args(["--test", "--test-reporter=spec"]).args(&tests).current_dir(&package);
    let said = run(&mut node, "the second implementation does not fit the vectors");
    let count = |what: &str| {
        let line = said.lines().find_map(|line| line.split_once(&format!(" {what} ")));
        line.and_then(|(_, number)| number.trim().parse::<u32>().ok()).unwrap_or_else(|| panic!("no {what} in {said}"))
    };
    assert!(count("pass") >= 30 && count("pass") == count("tests"), "{said}");
}

#[test]
fn no_file_of_vectors_is_left_out() {
    let root = Workspace::find().expect("a clone").root;
    let files = |folder: &str| -> Vec<PathBuf> {
        let entries = fs::read_dir(root.join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
        entries.map(|entry| entry.expect("it can be read").path()).filter(|path| path.is_file()).collect()
    };
    let tests: String = files("web/trust/test").iter().map(|path| fs::read_to_string(path).expect("text")).collect();
    let vectors = files("crates/trust/tests/vectors");
    assert!(vectors.len() >= 6, "only {vectors:?}");
    for file in vectors {
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        assert!(tests.contains(&format!("vectors(\"{name}\")")), "no test of web/trust reads {name}");
    }
}
