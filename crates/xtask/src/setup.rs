//! What the build needs of the system, and getting it where we know how: Debian and Ubuntu, through apt.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::cargo::{run as run_command, succeeds};
use crate::say::say;

/// Something that the build needs: what for, the Debian package, and how to see elsewhere whether it is there.
struct Need {
    package: &'static str,
    purpose: &'static str,
    seen_by: SeenBy,
}

/// How a system without apt shows that it has something.
#[derive(Clone, Copy)]
enum SeenBy {
    /// One of these programs is on the path.
    Program(&'static [&'static str]),
    /// pkg-config knows the library; asked on Linux only.
    Library(&'static str),
}

const NEEDS: [Need; 6] = [
    Need {
        package: "g++",
        purpose: "a C++ compiler for the H.264 codec",
        seen_by: SeenBy::Program(&["c++", "g++", "clang++"]),
    },
    Need {
        package: "make",
        purpose: "make, to build the voice codec",
        seen_by: SeenBy::Program(&["make", "gmake", "ninja"]),
    },
    Need {
        package: "nasm",
        purpose: "nasm, the assembler that makes the H.264 codec three times as fast",
        seen_by: SeenBy::Program(&["nasm"]),
    },
    Need { package: "cmake", purpose: "cmake, to build the voice codec", seen_by: SeenBy::Program(&["cmake"]) },
    Need {
        package: "pkg-config",
        purpose: "pkg-config, to find the sound library",
        seen_by: SeenBy::Program(&["pkg-config", "pkgconf"]),
    },
    Need {
        package: "libasound2-dev",
        purpose: "ALSA's headers, for microphone and loudspeaker",
        seen_by: SeenBy::Library("alsa"),
    },
];

/// Sees to it that all the build needs is there: installs it on Debian and Ubuntu, having said so; elsewhere fails
/// with what is missing, by what it is for.
pub fn run() -> Result<()> {
    if has_apt() {
        install(&missing_packages(&NEEDS.map(|need| need.package)), "to build the codecs, sound and camera support")
    } else {
        let missing: Vec<_> = NEEDS.iter().filter(|need| !is_there(need.seen_by)).map(|need| need.purpose).collect();
        if missing.is_empty() {
            return Ok(());
        }
        bail!(
            "this machine lacks what the build needs: {}. Install that with the system's package manager and run this again",
            missing.join("; ")
        );
    }
}

/// Sees to it that a window can open: it loads what it needs of X, Wayland and OpenGL only then, so that no build fails
/// without.
pub fn for_windows() -> Result<()> {
    if !cfg!(target_os = "linux") || !has_apt() {
        return Ok(());
    }
    install(&missing_packages(&WINDOW_PACKAGES), "to open a window")
}

/// OpenGL by both of its ways, what winit asks of X and of Wayland, and the list of the system's fonts.
const WINDOW_PACKAGES: [&str; 9] = [
    "libgl1",
    "libegl1",
    "libx11-xcb1",
    "libxcursor1",
    "libxi6",
    "libxkbcommon-x11-0",
    "libwayland-client0",
    "libwayland-egl1",
    "libfontconfig1",
];

/// Sees to it that a window can open where nobody looks.
pub fn for_windows_without_display() -> Result<()> {
    for_windows()?;
    if on_path("Xvfb") && !has_apt() {
        return Ok(());
    }
    packages(&["xvfb", "libgl1-mesa-dri"], "to open windows where there is no display")
}

/// Sees to it that the tests of microphone and loudspeaker have a sound server that they can start for themselves, those
/// of the windows a display and what a screen reader uses, and that there is a browser to call.
pub fn for_tests() -> Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    for_windows_without_display()?;
    if has_apt() || !on_path("dbus-daemon") {
        packages(&["dbus", "at-spi2-core"], "to press what is in a window as a screen reader finds it, in the tests")?;
    }
    if !TEST_PROGRAMS.iter().all(|program| on_path(program)) {
        packages(&TEST_PACKAGES, "for the tests of microphone and loudspeaker")?;
    }
    if !on_path("gnome-keyring-daemon") {
        packages(&["gnome-keyring"], "to keep keys in a keyring, in the tests")?;
    }
    if !on_path("turnserver") {
        packages(&["coturn"], "for a relay of the operator's own, in the tests")?;
    }
    if browser().is_none() {
        packages(&["chromium"], "to call a browser in the tests").context(NO_BROWSER)?;
    }
    if !NODE_PROGRAMS.iter().all(|program| on_path(program)) {
        packages(&["nodejs", "npm"], "for the second implementation of trust, in the tests").context(NO_NODE)?;
    }
    Ok(())
}

/// What to do where there is no Node, or one that is too old.
pub const NO_NODE: &str = "the tests run the second implementation of trust with Node 18 or later and npm: install them \
    (on Debian `apt-get install nodejs npm`, elsewhere from nodejs.org)";

const NODE_PROGRAMS: [&str; 2] = ["node", "npm"];

/// The Chromium to test with: the one that is named, or one that is on the path or where macOS has it.
pub fn browser() -> Option<PathBuf> {
    let named = env::var_os("HOUSECALL_CHROMIUM").map(PathBuf::from);
    let on_macos = || Some(PathBuf::from(CHROME_ON_MACOS)).filter(|program| program.is_file());
    named.or_else(|| BROWSERS.iter().find_map(|name| find(name))).or_else(on_macos)
}

/// What to do where no browser was found.
pub const NO_BROWSER: &str = "the tests call a Chromium, and there is none: install one (on Debian \
    `apt-get install chromium`, elsewhere Google Chrome), or name its program in HOUSECALL_CHROMIUM";

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const CHROME_ON_MACOS: &str = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

const TEST_PROGRAMS: [&str; 2] = ["pulseaudio", "pactl"];
const TEST_PACKAGES: [&str; 3] = ["pulseaudio", "pulseaudio-utils", "libasound2-plugins"];

/// Installs further Debian packages for one purpose, or says what is missing.
pub fn packages(names: &[&str], purpose: &str) -> Result<()> {
    if has_apt() {
        return install(&missing_packages(names), purpose);
    }
    say(format_args!("(not a Debian or Ubuntu system: {} must be there already, {purpose})", names.join(", ")));
    Ok(())
}

fn has_apt() -> bool {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    is_debian_like(&release) && on_path("apt-get") && on_path("dpkg-query")
}

fn is_debian_like(os_release: &str) -> bool {
    os_release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|value| value.trim_matches('"').split_whitespace())
        .any(|id| id == "debian" || id == "ubuntu")
}

fn missing_packages<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let installed = |name: &&&str| {
        Command::new("dpkg-query")
            .args(["--show", "--showformat=${db:Status-Status}", name])
            .output()
            .is_ok_and(|output| output.status.success() && output.stdout.starts_with(b"installed"))
    };
    names.iter().filter(|name| !installed(name)).copied().collect()
}

fn install(missing: &[&str], purpose: &str) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let prefix = match (is_root(), on_path("sudo")) {
        (true, _) => None,
        (false, true) => Some("sudo"),
        (false, false) => bail!(
            "Housecall needs the packages {} {purpose}, and there is no sudo here: run `apt-get install {}` as root, then this again",
            missing.join(", "),
            missing.join(" ")
        ),
    };
    let with = prefix.map(|prefix| format!(" with {prefix}")).unwrap_or_default();
    say(format_args!("Installing {} through apt-get{with}, {purpose}.", missing.join(", ")));
    let apt = |arguments: &[&str]| run_command(&mut apt_get(prefix, arguments));
    let install: Vec<&str> = ["install", "--yes", "--no-install-recommends"].iter().chain(missing).copied().collect();
    if !has_package_lists() {
        apt(&["update"])?;
        return apt(&install);
    }
    // Old lists name versions that the mirror no longer has.
    apt(&install).or_else(|_| {
        apt(&["update"])?;
        apt(&install)
    })
}

fn apt_get(prefix: Option<&str>, arguments: &[&str]) -> Command {
    // By `env` and not by our own environment, which sudo does not pass on.
    let words = prefix.into_iter().chain(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet"]);
    let words: Vec<&str> = words.chain(arguments.iter().copied()).collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command
}

fn has_package_lists() -> bool {
    fs::read_dir("/var/lib/apt/lists").is_ok_and(|mut entries| {
        entries.any(|entry| entry.is_ok_and(|e| e.file_name().to_string_lossy().contains("_Packages")))
    })
}

/// Whether this process may write everywhere.
pub(crate) fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn is_there(seen_by: SeenBy) -> bool {
    match seen_by {
        SeenBy::Program(names) => names.iter().any(|name| on_path(name)),
        SeenBy::Library(name) => {
            !cfg!(target_os = "linux") || succeeds(Command::new("pkg-config").args(["--exists", name]))
        }
    }
}

/// Whether a program of this name can be started.
pub(crate) fn on_path(name: &str) -> bool {
    find(name).is_some()
}

/// The program of this name that would be started.
fn find(name: &str) -> Option<PathBuf> {
    let name = OsString::from(format!("{name}{}", env::consts::EXE_SUFFIX));
    let paths = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&paths).map(|folder| folder.join(&name)).find(|program| program.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_and_what_descends_from_it_is_known() {
        assert!(is_debian_like("NAME=x\nID=debian\n"));
        assert!(is_debian_like("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"));
        assert!(!is_debian_like("ID=fedora\nID_LIKE=\"rhel centos\"\nHOME_URL=\"https://debian.example\"\n"));
        assert!(!is_debian_like(""));
    }

    #[test]
    fn a_program_that_is_there_is_found_and_one_that_is_not_is_not() {
        assert!(on_path("cargo"));
        assert!(!on_path("no-such-program-of-housecall"));
    }

    #[test]
    fn with_sudo_the_words_for_apt_come_after_it() {
        let command = apt_get(Some("sudo"), &["install", "nasm"]);
        let words: Vec<_> = command.get_args().collect();
        assert_eq!(command.get_program(), "sudo");
        assert_eq!(words, ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", "install", "nasm"]);
    }
}
