//! Sound files: read at any rate and written at 48 kHz, as the product does.

use std::path::Path;

use anyhow::Result;
use devices::wav::Writer;
pub(crate) use devices::wav::read;
use media::voice::FRAME;

/// Writes whole frames of 48 kHz mono; what is less than one at the end is left out.
pub(crate) fn write(path: &Path, samples: &[f32]) -> Result<()> {
    let mut file = Writer::create(path)?;
    for frame in samples.as_chunks::<FRAME>().0 {
        file.write(frame)?;
    }
    Ok(file.finish()?)
}
