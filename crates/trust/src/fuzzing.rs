//! What the fuzz targets need: two apps that met, and sealing of what nobody would seal. Compiled for them alone.

use signaling_protocol::Role;

use crate::{BoxContext, BoxExpected, SealError, SealedBox, SealedChannel, SpokenCheck, Transcript, seal_staff_box};

pub use crate::fixtures::{INVITE, VISIT, channels, device_keys, expected, secret};

/// Seals any content.
pub fn seal(channel: &mut SealedChannel, kind: u8, content: &[u8]) -> Result<SealedBox, SealError> {
    channel.seal_content(kind, content)
}

/// One side of a check that has begun.
pub fn check() -> SpokenCheck {
    let mut check = SpokenCheck::new(Role::Host, Transcript([7; 32]));
    let _ = check.start([0xff; 32]);
    check
}

/// What an opener of [`sealed_staff_box`] asks.
pub fn box_expected() -> BoxExpected {
    let clinic = expected().clinic;
    BoxExpected { clinic, kind: 3, object: [5; 16], least_revision: 7, now: crate::fixtures::NOW }
}

/// A box for [`device_keys`].
pub fn sealed_staff_box() -> Vec<u8> {
    let context = BoxContext { kind: 3, object: [5; 16], revision: 7, made_at: crate::fixtures::NOW };
    let readers = [device_keys().box_secret().public()];
    seal_staff_box(&context, b"payload", &readers, &crate::fixtures::device(), &[40; 32]).unwrap_or_default()
}
