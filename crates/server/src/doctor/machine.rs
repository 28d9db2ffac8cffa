//! The machine: folder, disk, files, clock.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rand::TryRng;
use rand::rngs::SysRng;

use super::{Check, nearest};
use crate::connections::allowed_files;

const FOLDER: &str = "data folder";
const SPACE: &str = "disk space";
const FILES: &str = "open files";
const CLOCK: &str = "clock";

/// Whether the server could write there. A file is made and taken away again, in the folder or in the one in which it would be made.
pub(super) fn folder(data: &Path) -> Check {
    let (there, folder) = (data.is_dir(), nearest(data));
    if data.exists() && !there {
        return Check::bad(FOLDER, format!("{} is no folder.", data.display()), "Name another with --data.");
    }
    let mut name = [0; 8];
    // Two of these that meet find that out below.
    SysRng.try_fill_bytes(&mut name).ok();
    let file = folder.join(format!(".housecall-doctor-{:016x}", u64::from_be_bytes(name)));
    let written = OpenOptions::new().write(true).create_new(true).open(&file);
    fs::remove_file(&file).ok();
    match written {
        Ok(_) if there => Check::good(FOLDER, format!("{} can be written.", data.display())),
        Ok(_) => Check::good(FOLDER, format!("{} will be made at the first start.", data.display())),
        Err(error) => {
            let next = match error.kind() {
                ErrorKind::PermissionDenied => {
                    "Run this as the user that the server runs as, and let that user write there."
                }
                ErrorKind::ReadOnlyFilesystem => "Choose a folder on a disk that can be written, with --data.",
                ErrorKind::StorageFull => "Make room on the disk.",
                _ => "Choose another with --data.",
            };
            Check::bad(FOLDER, format!("{} cannot be written: {error}.", folder.display()), next)
        }
    }
}

/// How much room there is; nothing where the system is not asked.
#[cfg(unix)]
pub(super) fn space(data: &Path) -> Option<Check> {
    let disk = rustix::fs::statvfs(nearest(data)).ok()?;
    Some(of_space(disk.f_bavail.saturating_mul(disk.f_frsize)))
}

#[cfg(not(unix))]
pub(super) fn space(_: &Path) -> Option<Check> {
    None
}

#[cfg_attr(not(unix), allow(dead_code, reason = "the system is not asked"))]
pub(super) fn of_space(free: u64) -> Check {
    let says = format!("{} MB are free.", free / 1_000_000);
    let why = "a server that cannot write takes nobody in.";
    if free < SPACE_NEEDED {
        return Check::bad(SPACE, says, format!("Make room: {why}"));
    }
    if free < SPACE_WISHED {
        return Check::warning(SPACE, says, format!("Make room before it is used up: {why}"));
    }
    Check::good(SPACE, says)
}

/// A server without visits has a database of less than that.
const SPACE_NEEDED: u64 = 50_000_000;
/// Years of visits and staff boxes, and what else grows there meanwhile.
const SPACE_WISHED: u64 = 1_000_000_000;

/// How many connections and relayed sockets there may be.
pub(super) fn files() -> Check {
    of_files(allowed_files())
}

pub(super) fn of_files(files: usize) -> Check {
    // Docker and systemd allow thousands; a shell 1,024 on some systems, of which a quarter is for the relay.
    if files < FILES_WISHED {
        let says =
            format!("The system allows {files} open files, which is some {} visits by the relay at once.", files / 16);
        return Check::warning(FILES, says, "Allow more: LimitNOFILE= in the unit of systemd, or ulimit -n.");
    }
    let count = if files == usize::MAX { "any number of".to_owned() } else { files.to_string() };
    Check::good(FILES, format!("The system allows {count} open files."))
}

/// With fewer the relay has less than its usual share of sockets (`connections::caps`).
const FILES_WISHED: usize = 8_192;

/// Whether the clock can be right. Nobody is asked for the time.
pub(super) fn clock() -> Check {
    of_clock(SystemTime::now())
}

pub(super) fn of_clock(now: SystemTime) -> Check {
    let right = SystemTime::UNIX_EPOCH + Duration::from_secs(EARLIEST_UNIX_SECS);
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    if now < right {
        let says = format!("The clock stands at {seconds} seconds since 1970, before this program was made.");
        return Check::bad(CLOCK, says, "Set the time, and have it kept by NTP: links and sign-in codes end by it.");
    }
    Check::good(CLOCK, format!("{seconds} seconds since 1970; apps compare it with theirs."))
}

/// The beginning of 2026: no Housecall is older.
const EARLIEST_UNIX_SECS: u64 = 1_767_225_600;
