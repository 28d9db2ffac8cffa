//! The second verifier of evidence, in Python, which shares no code with the first.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What it stands on.
const MODULE: &str = "cryptography>=40";

/// Verifies `file` by `tests/tools/verify_evidence.py`: none if it is believed, or the name of the refusal. `key` and `kept` as
/// that program takes them; `kept` are the texts of checkpoints.
///
/// # Panics
/// When there is no Python that could do it, or it fails otherwise: this is for tests.
#[allow(clippy::expect_used, reason = "for tests")]
pub fn verify_evidence(scratch: &Path, file: &str, key: Option<&str>, kept: &[&str]) -> Option<String> {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tools/verify_evidence.py");
    let mut command = Command::new(python());
    command.arg("-B").arg(tool).arg("-").stdin(Stdio::piped()).stdout(Stdio::piped());
    for (number, kept) in kept.iter().enumerate() {
        let path = scratch.join(format!("kept-{number}"));
        std::fs::write(&path, kept).expect("a scratch folder");
        command.arg("--checkpoint").arg(path);
    }
    command.args(key.map(|key| format!("--key={key}")));
    let mut process = command.spawn().expect("Python was found a moment ago");
    let mut input = process.stdin.take().expect("piped");
    let bytes = file.as_bytes().to_vec();
    let writing = std::thread::spawn(move || input.write_all(&bytes));
    let output = process.wait_with_output().expect("it ends");
    // Who refuses at the first line may not read the others.
    writing.join().expect("no panic").ok();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.code() {
        Some(0) => None,
        Some(1) => {
            let name = said.strip_prefix("refused ").expect("its form").split([':', '\n']).next().unwrap_or_default();
            Some(name.to_owned())
        }
        other => panic!("the verifier in Python ended with {other:?}: {said}"),
    }
}

/// A Python that has what it takes: the system's, or one of its virtual environments, made at the first time.
#[allow(clippy::expect_used, reason = "for tests")]
fn python() -> PathBuf {
    let can = |python: &Path| {
        let mut asking = Command::new(python);
        asking.args(["-c", "import cryptography"]).stderr(Stdio::null());
        asking.status().is_ok_and(|status| status.success())
    };
    let system = PathBuf::from("python3");
    if can(&system) {
        return system;
    }
    let home = std::env::temp_dir().join("housecall-second-verifier");
    let own = home.join("bin/python");
    // Tests that run at the same time wait here for one of them.
    let lock = File::create(home.with_extension("lock")).expect("a file to lock");
    lock.lock().expect("files can be locked");
    if !can(&own) {
        let made = Command::new("python3").args(["-m", "venv"]).arg(&home).status();
        let installed =
            made.and_then(|_| Command::new(&own).args(["-m", "pip", "install", "--quiet", MODULE]).status());
        assert!(
            installed.is_ok_and(|status| status.success()),
            "the second verifier needs Python 3.9 with venv, and the package `cryptography`: install python3-cryptography"
        );
    }
    own
}
