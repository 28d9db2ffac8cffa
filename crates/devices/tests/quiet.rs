//! What the sound library thinks is not for who uses the program.
#![cfg(target_os = "linux")]

use std::process::Command;

#[test]
fn looking_for_devices_writes_nothing_to_standard_error() {
    const LOOKING: &str = "HOUSECALL_LOOKING";
    if std::env::var_os(LOOKING).is_some() {
        // Where there is no sound system, both say so; that is not the point here.
        let _ = devices::microphone::names();
        let _ = devices::speaker::open(&devices::SpeakerChoice::Device(None));
        return;
    }
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "looking_for_devices_writes_nothing_to_standard_error", "--nocapture"])
        .env(LOOKING, "1")
        // No sound server: ALSA's own devices are looked at.
        .env("PULSE_SERVER", "unix:/nonexistent")
        .env("XDG_RUNTIME_DIR", "/nonexistent")
        .output()
        .expect("this program, once more");
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
