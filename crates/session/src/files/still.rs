//! A photograph in the camera's full size, as a file: not a picture of the film that the call sends.

use devices::camera::StillTaker;
use media::jpeg;

/// As libjpeg counts it: what is lost beyond this is not seen, also where a wound is looked at closely.
const QUALITY: u8 = 92;

/// Takes one; none if the camera gives none.
pub(super) fn take(camera: &StillTaker) -> Option<Vec<u8>> {
    let picture = camera.take().map_err(|error| tracing::warn!(%error, "no photograph is taken")).ok()?;
    jpeg::encode(&picture, QUALITY).map_err(|error| tracing::error!(%error, "a photograph is lost")).ok()
}
