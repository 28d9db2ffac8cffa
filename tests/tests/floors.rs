//! The house keeps its floors: who may name whom (`[workspace.metadata.floors]`), who keeps which third-party family
//! (`[workspace.metadata.only]`), and what else of the plan a machine can see.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Crates that open nothing, and whose clippy.toml says so to the compiler.
const PURE: [&str; 10] = [
    "signaling-protocol",
    "crates/units",
    "crates/trust",
    "crates/audit",
    "crates/clinic",
    "crates/media",
    "crates/congestion",
    "crates/call",
    "crates/desk",
    "crates/ui",
];

/// A file longer than this is several ideas.
const MOST_LINES: usize = 600;

/// What a reviewer reads in a day (`docs/trust.md`).
const MOST_LINES_OF_TRUST: usize = 2_500;

fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo and nextest set it");
    Path::new(&here).parent().expect("tests/ stands in the root").to_owned()
}

fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo writes JSON")
}

/// Each member and the names of all that it depends on, of whatever kind: normal, for tests, for the build.
fn dependencies(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let text = |value: &Value| value.as_str().expect("a name").to_owned();
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let names = |package: &Value| list(&package["dependencies"]).iter().map(|d| text(&d["name"])).collect();
    list(&metadata["packages"]).iter().map(|package| (text(&package["name"]), names(package))).collect()
}

/// A table of lists in the workspace's metadata.
fn table(metadata: &Value, name: &str) -> BTreeMap<String, BTreeSet<String>> {
    let table =
        metadata["metadata"][name].as_object().unwrap_or_else(|| panic!("[workspace.metadata.{name}] is missing"));
    let list = |value: &Value| -> BTreeSet<String> {
        value.as_array().into_iter().flatten().filter_map(|entry| entry.as_str().map(str::to_owned)).collect()
    };
    table.iter().map(|(key, value)| (key.clone(), list(value))).collect()
}

/// The arrows that stand in the code and not in the plan.
fn arrows_too_many(
    members: &BTreeMap<String, BTreeSet<String>>,
    floors: &BTreeMap<String, BTreeSet<String>>,
) -> Vec<String> {
    let nobody = BTreeSet::new();
    let mut wrong = Vec::new();
    for (from, names) in members {
        let allowed = floors.get(from).unwrap_or(&nobody);
        for to in names.iter().filter(|name| members.contains_key(*name) && *name != "units") {
            if !allowed.contains(to) {
                wrong.push(format!("{from} → {to}"));
            }
        }
    }
    wrong
}

/// Whether the plan leads in a circle: then it has no floors.
fn circle(floors: &BTreeMap<String, BTreeSet<String>>) -> Option<String> {
    let mut standing: BTreeSet<&str> = BTreeSet::new();
    loop {
        let next: Vec<&str> = floors
            .iter()
            .filter(|(name, on)| {
                !standing.contains(name.as_str()) && on.iter().all(|below| standing.contains(below.as_str()))
            })
            .map(|(name, _)| name.as_str())
            .collect();
        if next.is_empty() {
            return floors.keys().find(|name| !standing.contains(name.as_str())).cloned();
        }
        standing.extend(next);
    }
}

#[test]
fn arrows_between_crates_go_down_only() {
    let metadata = metadata();
    let wrong = arrows_too_many(&dependencies(&metadata), &table(&metadata, "floors"));
    assert!(wrong.is_empty(), "not in [workspace.metadata.floors]: {wrong:?}");
}

#[test]
fn every_crate_stands_on_a_floor_and_every_floor_is_a_crate() {
    let metadata = metadata();
    let floors = table(&metadata, "floors");
    let members: BTreeSet<_> = dependencies(&metadata).into_keys().collect();
    assert_eq!(floors.keys().cloned().collect::<BTreeSet<_>>(), members);
    for (from, to) in &floors {
        assert!(to.is_subset(&members), "{from} names a crate that is none: {:?}", to.difference(&members));
    }
}

#[test]
fn the_floors_do_not_lead_in_a_circle() {
    assert_eq!(circle(&table(&metadata(), "floors")), None);
}

#[test]
fn a_third_party_family_is_named_by_its_keeper_only() {
    let metadata = metadata();
    let members = dependencies(&metadata);
    for (family, keepers) in table(&metadata, "only") {
        let named_by: BTreeSet<_> =
            members.iter().filter(|(_, names)| names.contains(&family)).map(|(name, _)| name.clone()).collect();
        assert!(named_by.is_subset(&keepers), "{family} is kept by {keepers:?} and named by {named_by:?}");
    }
}

#[test]
fn the_test_of_the_floors_can_fail() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let map = |entries: &[(&str, &[&str])]| -> BTreeMap<_, _> {
        entries.iter().map(|(name, names)| ((*name).to_owned(), set(names))).collect()
    };
    let members = map(&[("units", &[]), ("media", &["units", "serde"]), ("call", &["media"])]);
    assert_eq!(arrows_too_many(&members, &map(&[("call", &[]), ("media", &[])])), ["call → media"]);
    assert!(arrows_too_many(&members, &map(&[("call", &["media"])])).is_empty());
    assert!(circle(&map(&[("a", &["b"]), ("b", &["a"]), ("c", &[])])).is_some());
    assert!(circle(&map(&[("a", &["b"]), ("b", &["c"]), ("c", &[])])).is_none());
}

#[test]
fn pure_crates_are_kept_from_clocks_threads_and_sockets_by_clippy() {
    for folder in PURE {
        let path = root().join(folder).join("clippy.toml");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for banned in
            ["std::time::Instant::now", "std::time::SystemTime::now", "std::thread::spawn", "std::sync::Mutex"]
        {
            assert!(text.contains(banned), "{} does not ban {banned}", path.display());
        }
    }
}

#[test]
fn no_source_file_is_longer_than_one_can_keep_in_mind() {
    let mut long = Vec::new();
    for (path, text) in sources(&["rs", "py", "sh"]) {
        let lines = text.lines().count();
        if lines > MOST_LINES {
            long.push(format!("{}: {lines} lines", path.display()));
        }
    }
    assert!(long.is_empty(), "split these into rooms with names: {long:#?}");
}

#[test]
fn trust_is_short_enough_to_be_read_whole() {
    let folder = root().join("crates/trust/src");
    let written = sources(&["rs"]).into_iter().filter(|(path, _)| path.starts_with(&folder) && !is_for_tests(path));
    let lines: usize = written.map(|(_, text)| code_lines(&text)).sum();
    assert!((1_000..=MOST_LINES_OF_TRUST).contains(&lines), "{lines} lines of code");
}

/// Files that `cfg(test)` or `cfg(fuzzing)` alone compiles.
fn is_for_tests(path: &Path) -> bool {
    let names = ["tests", "tests.rs", "fixtures.rs", "fuzzing.rs", "vectors.rs"];
    path.iter().any(|part| names.iter().any(|name| part == *name))
}

/// Lines of code: neither blank, nor comments, nor what is compiled for tests alone. By the form that rustfmt gives: an
/// item ends with a line that ends with `;`, or with a brace that stands as far in as the item began.
fn code_lines(text: &str) -> usize {
    let (mut count, mut lines) = (0, text.lines());
    while let Some(line) = lines.next() {
        let code = line.trim_start();
        if ["#[cfg(test)]", "#[cfg(any(test, fuzzing))]", "#[cfg(fuzzing)]"].contains(&code) {
            let brace = format!("{}}}", &line[..line.len() - code.len()]);
            let _ = lines.by_ref().find(|line| line.ends_with(';') && !line.starts_with("    ") || *line == brace);
        } else if !code.is_empty() && !code.starts_with("//") {
            count += 1;
        }
    }
    count
}

#[test]
fn lines_of_code_are_counted_without_comments_and_tests() {
    let text = "//! a\n\nuse b;\n#[cfg(test)]\n#[path = \"d.rs\"]\nmod d;\n\n    // e\nfn f() {\n    g();\n}\n\
                #[cfg(test)]\nmod tests {\n    use h;\n    fn i() {\n    }\n}\nconst J: u8 = 1;\n";
    assert_eq!(code_lines(text), 5);
}

#[test]
fn nothing_names_a_folder_of_one_machine() {
    let mut found = Vec::new();
    for (path, text) in sources(&["rs", "py", "sh", "md", "toml", "yml", "json", "service"]) {
        let lines = text.lines().enumerate().filter(|(_, line)| names_a_home(line));
        found.extend(lines.map(|(number, line)| format!("{}:{}: {line}", path.display(), number + 1)));
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// Somebody's home or workplace, as an absolute path.
fn names_a_home(line: &str) -> bool {
    // In two pieces, or this file would find itself.
    [("/ro", "ot/"), ("/ho", "me/"), ("/Us", "ers/"), ("/wo", "rk/"), ("C:\\Us", "ers")].iter().any(|(head, tail)| {
        let home = [*head, *tail].concat();
        line.match_indices(&home)
            .any(|(at, _)| !line[..at].ends_with(|before: char| before.is_alphanumeric() || "._-}~*".contains(before)))
    })
}

#[test]
fn a_home_is_told_from_a_folder_that_is_merely_called_so() {
    for (head, tail, is_home) in
        [("see /ro", "ot/x", true), ("(/ho", "me/lee)", true), ("docs/wo", "rk/x", false), ("~/wo", "rk/", false)]
    {
        assert_eq!(names_a_home(&[head, tail].concat()), is_home, "{head}{tail}");
    }
}

/// All text files of these kinds that belong to the project.
fn sources(kinds: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the project") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if path.is_dir() {
                if !["target", "dist", ".git"].contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|kind| kinds.iter().any(|k| kind == *k)) {
                found.push((path.clone(), fs::read_to_string(&path).expect("text")));
            }
        }
    }
    assert!(found.len() > 3, "nothing was found to look at");
    found
}
