//! What the environment names, and else the settings of the system.

use std::env;
use std::process::Command;
use std::sync::Arc;

use signaling_client::ProxyRules;

use super::Named;

/// What is named. Asks other programs, and waits for them.
pub(super) fn named() -> Named {
    if by_environment() {
        return environment();
    }
    // On macOS and Windows these are the system's as well, but for scripts.
    settings().unwrap_or_else(environment)
}

fn environment() -> Named {
    Named::Rules(Arc::new(ProxyRules::of_environment()))
}

fn by_environment() -> bool {
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        .into_iter()
        .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// The settings of the desktop: KDE's in its file, those of GNOME and its relatives by their own program. Without a desktop there
/// are none.
#[cfg(target_os = "linux")]
fn settings() -> Option<Named> {
    use super::desktop::{of_gsettings, of_kde};

    let desktop = env::var("XDG_CURRENT_DESKTOP").ok().filter(|desktop| !desktop.is_empty())?;
    if desktop.split(':').any(|one| one == "KDE") {
        let home = || env::var_os("HOME").map(|home| std::path::PathBuf::from(home).join(".config"));
        let folder = env::var_os("XDG_CONFIG_HOME").map(Into::into).or_else(home)?;
        return of_kde(&std::fs::read_to_string(folder.join("kioslaverc")).ok()?);
    }
    let said = Command::new("gsettings").args(["list-recursively", "org.gnome.system.proxy"]).output().ok()?;
    of_gsettings(&String::from_utf8_lossy(&said.stdout))
}

/// The script that the network in use names, by the system's own program.
#[cfg(target_os = "macos")]
fn settings() -> Option<Named> {
    let said = Command::new("/usr/sbin/scutil").arg("--proxy").output().ok()?;
    super::desktop::of_scutil(&String::from_utf8_lossy(&said.stdout))
}

/// The script that the person's settings name, by the system's own program.
#[cfg(windows)]
fn settings() -> Option<Named> {
    use std::os::windows::process::CommandExt as _;

    /// No window for it.
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    const SETTINGS: &str = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Internet Settings";
    let root = env::var_os("SystemRoot")?;
    let said = Command::new(std::path::PathBuf::from(root).join(r"System32\reg.exe"))
        .args(["query", SETTINGS, "/v", "AutoConfigURL"])
        .creation_flags(CREATE_NO_WINDOW)
        .output()
        .ok()?;
    super::desktop::of_reg(&String::from_utf8_lossy(&said.stdout))
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn settings() -> Option<Named> {
    None
}
