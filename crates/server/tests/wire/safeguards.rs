//! docs/safeguards.md names tests: they are there.

use std::path::{Path, PathBuf};

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            if !path.ends_with("target") {
                sources(&path, into);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// Whether this is a test's name, and not only a function's.
fn is_a_test(code: &str, name: &str) -> bool {
    let is_marked = |at: usize| {
        // What the function's own line begins with, and above it what is said of it.
        let above = code[..at].rsplit('\n').skip(1).map(str::trim);
        let mut attributes = above.take_while(|line| line.starts_with("#[") || line.starts_with("//"));
        attributes.any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    };
    code.match_indices(&format!("fn {name}(")).any(|(at, _)| is_marked(at))
}

#[test]
fn every_test_that_the_safeguards_name_is_there() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut paths = Vec::new();
    for folder in ["crates", "tests", "signaling-protocol"] {
        sources(&repository.join(folder), &mut paths);
    }
    let code: String = paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let text = std::fs::read_to_string(repository.join("docs/safeguards.md")).unwrap();
    let named = text.split('`').skip(1).step_by(2).filter(|name| name.matches('_').count() > 2);
    let mut count = 0;
    for name in named {
        count += 1;
        assert!(is_a_test(&code, name), "{name}");
    }
    assert!(count > 60, "{count}");
}
