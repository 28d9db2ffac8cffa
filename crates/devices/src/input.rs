//! Opening a file to read, with the clear word where that is not possible.

use std::fs::File;
use std::path::Path;

use crate::DeviceError;

/// Opens a regular file and tells its length: a folder opens too on Linux, and a pipe would block for ever.
pub(crate) fn open(path: &Path) -> Result<(File, u64), DeviceError> {
    let metadata = std::fs::metadata(path).map_err(|reason| DeviceError::reading(path, reason))?;
    if !metadata.is_file() {
        return Err(DeviceError::NotAFile { path: path.to_owned() });
    }
    let file = File::open(path).map_err(|reason| DeviceError::reading(path, reason))?;
    Ok((file, metadata.len()))
}
