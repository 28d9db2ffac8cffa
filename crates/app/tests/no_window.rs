//! Where no window can be opened, the program says so in one sentence with a next step.
#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};

#[test]
fn without_a_display_one_sentence_says_what_to_do() {
    let link = "https://clinic.example/j/x#1.damaged";
    let home = tempfile::tempdir().expect("a folder");
    for arguments in [&[][..], &[link]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_housecall"));
        command.args(arguments).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("WAYLAND_SOCKET");
        // Nothing of whoever runs the test: neither their settings nor the window that they may have open.
        command.env("HOME", home.path()).env("XDG_RUNTIME_DIR", home.path());
        for place in ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"] {
            command.env_remove(place);
        }
        let output = command.stdin(Stdio::null()).output().expect("the program starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains("No window can be opened") && said.contains("housecall headless"), "{said}");
        assert_eq!(said.trim().lines().count(), 1, "{said}");
        assert!(output.stdout.is_empty());
    }
}
