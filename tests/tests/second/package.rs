//! The package in TypeScript: its dependencies installed by its lock file, compiled, ready for Node.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::setup::NO_NODE;
use xtask::workspace::Workspace;

/// The folder of the package, ready. Tests that run at the same time wait here for one of them to make it so.
pub(crate) fn ready() -> PathBuf {
    let folder = Workspace::find().expect("a clone").root.join("web/trust");
    let lock = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("second.lock")).expect("a file to lock");
    lock.lock().expect("files can be locked");
    demand_node();
    install(&folder);
    let compiler = folder.join("node_modules/typescript/bin/tsc");
    run(node().arg(compiler).arg("--build").current_dir(&folder), "the package in web/trust does not compile");
    folder
}

/// Runs to the end, which must be a good one.
pub(crate) fn run(command: &mut Command, otherwise: &str) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} does not start ({error}): {NO_NODE}"));
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{otherwise}:\n{said}");
    said.into_owned()
}

/// Node with WebCrypto in every program's reach.
pub(crate) fn node() -> Command {
    let mut node = Command::new(NODE);
    if major(&run(Command::new(NODE).arg("--version"), NO_NODE)) == Some(OLDEST_NODE) {
        node.env("NODE_OPTIONS", "--experimental-global-webcrypto");
    }
    node
}

const NODE: &str = "node";

/// Debian 12's.
const OLDEST_NODE: u32 = 18;

fn demand_node() {
    let version = run(Command::new(NODE).arg("--version"), NO_NODE);
    assert!(major(&version).is_some_and(|major| major >= OLDEST_NODE), "Node is {}: {NO_NODE}", version.trim());
}

fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

/// Installs what the lock file names, unless that was done before.
fn install(folder: &Path) {
    let wanted = fs::read(folder.join("package-lock.json")).expect("the lock file is in the repository");
    let stamp = folder.join("node_modules/.installed-by");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return;
    }
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    run(
        Command::new(npm).args(arguments).current_dir(folder),
        "the packages of web/trust cannot be installed: see that npm reaches its registry, run `npm ci` there, then this again",
    );
    fs::write(stamp, wanted).expect("where npm could write, so can we");
}
