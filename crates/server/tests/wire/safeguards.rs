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
        assert!(code.contains(&format!("fn {name}(")), "{name}");
    }
    assert!(count > 60, "{count}");
}
