//! A film as a camera.

use std::path::Path;

use media::picture::I420;

use super::CameraFormat;
use super::paced::Source;
use crate::{DeviceError, y4m};

/// Pictures of a y4m film, the first after the last.
pub(super) struct FileSource(y4m::Reader);

impl FileSource {
    pub(super) fn open(path: &Path) -> Result<Self, DeviceError> {
        Ok(Self(y4m::Reader::open(path)?))
    }
}

impl Source for FileSource {
    fn format(&self) -> CameraFormat {
        let y4m::Header { size, fps } = self.0.header();
        CameraFormat { size, fps }
    }

    fn draw(&mut self, index: u64, picture: &mut I420) -> Result<(), DeviceError> {
        self.0.read(index, picture)
    }
}
