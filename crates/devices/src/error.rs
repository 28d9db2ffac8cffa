//! What can go wrong with a device or a file that stands in for one.

use std::io;
use std::path::{Path, PathBuf};

use units::DeviceKind;

use crate::{wav, y4m};

/// Why a device could not be opened, or why it stopped. Each prints as one sentence for who started the program.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// There is nothing at this path.
    #[error("there is no file {}; check the name", path.display())]
    Missing {
        /// The path as it was given.
        path: PathBuf,
    },
    /// The path names a folder or a pipe.
    #[error("{} is not a file; name a file to read or to write", path.display())]
    NotAFile {
        /// The path as it was given.
        path: PathBuf,
    },
    /// The system did not let us read.
    #[error("{} cannot be read: {reason}; allow this program to read it or name another", path.display())]
    Unreadable {
        /// The path as it was given.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// The file is not a y4m film that can be shown.
    #[error("{} cannot be used as a camera: {defect}", path.display())]
    Film {
        /// The path as it was given.
        path: PathBuf,
        /// What is wrong with it.
        defect: y4m::Defect,
    },
    /// The file is not WAV sound that can be played.
    #[error("{} cannot be used as a microphone: {defect}", path.display())]
    Sound {
        /// The path as it was given.
        path: PathBuf,
        /// What is wrong with it.
        defect: wav::Defect,
    },
    /// There is no room for more; what was written until then is whole.
    #[error("the disk is full: {} holds only what was written before; make room on it", path.display())]
    DiskFull {
        /// The path as it was given.
        path: PathBuf,
    },
    /// The system did not let us write.
    #[error("{} cannot be written: {reason}; name a place where this program may write", path.display())]
    Unwritable {
        /// The path as it was given.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// No device of this kind is there at all.
    #[error("there is no {kind} on this computer; plug one in or choose another")]
    NoDevice {
        /// Which kind.
        kind: DeviceKind,
    },
    /// No device of this name is there.
    #[error("there is no {kind} called \"{name}\"; there is: {present}; choose one of these")]
    NoSuchDevice {
        /// Which kind.
        kind: DeviceKind,
        /// The name that was asked for.
        name: String,
        /// The names of those that are there, with commas between.
        present: String,
    },
    /// Another program uses it and does not share.
    #[error("the {kind} is in use by another program; close that and try again")]
    Busy {
        /// Which kind.
        kind: DeviceKind,
    },
    /// The person or the system has forbidden it.
    #[error("this program may not use the {kind}; {}", permission(*kind))]
    Forbidden {
        /// Which kind.
        kind: DeviceKind,
    },
    /// It offers nothing that we can use.
    #[error("the {kind} offers no format that can be used: {reason}; plug it in anew or choose another")]
    NoFormat {
        /// Which kind.
        kind: DeviceKind,
        /// What the system says.
        reason: String,
    },
    /// It was unplugged, or it gives nothing any more, or its driver failed.
    #[error("the {kind} stopped: {cause}; check its plug or choose another")]
    Stopped {
        /// Which kind.
        kind: DeviceKind,
        /// Why.
        cause: StopCause,
    },
}

/// Why a device that was there gives or takes nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StopCause {
    /// It is gone.
    #[error("it was unplugged")]
    Unplugged,
    /// It is there and silent.
    #[error("it does not answer any more")]
    Stalled,
    /// Its driver, or the system, failed.
    #[error("{0}")]
    Failed(String),
}

/// Who can allow it. Linux lets the members of a group use cameras; elsewhere, and in its sound servers, it is a setting.
fn permission(kind: DeviceKind) -> &'static str {
    if cfg!(target_os = "linux") && kind == DeviceKind::Camera {
        "let an administrator add you to the group \"video\", then sign in to the system anew"
    } else {
        "allow it in the system's privacy settings"
    }
}

impl DeviceError {
    /// The error for `reason` when reading `path`.
    pub(crate) fn reading(path: &Path, reason: io::Error) -> Self {
        let path = path.to_owned();
        match reason.kind() {
            io::ErrorKind::NotFound => Self::Missing { path },
            io::ErrorKind::IsADirectory => Self::NotAFile { path },
            _ => Self::Unreadable { path, reason },
        }
    }

    /// The error for `reason` when writing `path`.
    pub(crate) fn writing(path: &Path, reason: io::Error) -> Self {
        let path = path.to_owned();
        match reason.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::DiskFull { path }
            }
            io::ErrorKind::IsADirectory => Self::NotAFile { path },
            _ => Self::Unwritable { path, reason },
        }
    }
}
