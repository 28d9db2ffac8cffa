//! Schemathesis against the description of the wire: whatever it sends, by whomever, there is no server error. It is installed by pip at
//! the first run.

use std::path::{Path, PathBuf};
use std::process::Command;

use hyper::StatusCode;
use signaling_protocol::StaffRole;

use crate::client::{Client, Clinic};

/// How many requests are made up for an operation, besides those that belong to its schema.
const EXAMPLES: &str = "40";

/// What would take the caller's own token away: those are asked by nobody who is signed in.
const ENDS_THE_CALLER: &str =
    "sign-out|/v1/auth/password|/disable|/enable|/role|/code|/v1/sessions|/end$|/leave$|/events";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; install python3 and its venv"));
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{said}");
    said.into_owned()
}

/// The program, installed as the list says.
fn installed() -> PathBuf {
    let list = repository().join("tests/tools/schemathesis.txt");
    let (wanted, home) = (std::fs::read(&list).unwrap(), Path::new(env!("CARGO_TARGET_TMPDIR")).join("schemathesis"));
    let stamp = home.join("installed-by");
    if std::fs::read(&stamp).ok().as_ref() != Some(&wanted) {
        run(Command::new("python3").args(["-m", "venv"]).arg(&home));
        run(Command::new(home.join("bin/pip")).args(["install", "--quiet", "--requirement"]).arg(&list));
        std::fs::write(stamp, wanted).unwrap();
    }
    home.join("bin/schemathesis")
}

/// Asks everything of the description, and answers what it said.
async fn ask(program: &Path, client: &Client, token: Option<&str>, home: &Path) {
    let mut command = Command::new(program);
    command.arg("run").arg(repository().join("docs/openapi.json"));
    command.args(["--url", &format!("https://{}", client.address), "--tls-verify", "false", "--no-color"]);
    command.args(["--checks", "not_a_server_error", "--max-examples", EXAMPLES, "--seed", "1", "--warnings", "off"]);
    command.args(["--phases", "examples,coverage,fuzzing", "--suppress-health-check", "all", "--continue-on-failure"]);
    command.args(["--generation-database", "none", "--request-timeout", "40"]).current_dir(home);
    match token {
        Some(token) => {
            command.args(["-H", &format!("Authorization: Bearer {token}"), "--exclude-path-regex", ENDS_THE_CALLER]);
        }
        None => {
            command.args(["--exclude-path-regex", "/events"]);
        }
    }
    let said = tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap();
    // That it was understood at all, and sent something.
    assert!(said.contains("test cases generated") || said.contains("generated"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn long_whatever_schemathesis_sends_there_is_no_server_error() {
    let (program, home) = (installed(), tempfile::tempdir().unwrap());
    let clinic = Clinic::start().await;
    // Somebody in a visit; and before anybody guesses at the account of its clinician, who is in the description's examples.
    let (_, host, _) = clinic.call().await;
    ask(&program, &clinic.client(), Some(host.joined.endpoint_token.expose()), home.path()).await;
    ask(&program, &clinic.client(), None, home.path()).await;
    for (name, role) in [
        ("ada", StaffRole::Admin),
        ("cleo", StaffRole::Clinician),
        ("fred", StaffRole::FrontDesk),
        ("otto", StaffRole::Auditor),
    ] {
        let token = clinic.staff(name, role).await.token.into_exposed();
        ask(&program, &clinic.client(), Some(&token), home.path()).await;
        let still = clinic.client().request("GET", "/v1/clinic", Some(&token), Vec::new()).await;
        still.is(StatusCode::OK);
    }
    clinic.client().request("GET", "/readyz", None, Vec::new()).await.is(StatusCode::OK);
}
