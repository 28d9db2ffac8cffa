//! What the fuzz targets need: two apps that met, and sealing of what nobody would seal. Compiled for them alone.

use std::sync::OnceLock;

use signaling_protocol::Role;

use crate::{
    BoxContext, BoxExpected, OwnBundle, PeerBundle, SealError, SealedBox, SealedChannel, SpokenCheck, Transcript,
    fixtures, seal_staff_box,
};

pub use crate::fixtures::{INVITE, VISIT, device_keys, expected, secret};

/// Host and guest who have met; what they met by is made once.
pub fn channels() -> (SealedChannel, SealedChannel) {
    static MADE: OnceLock<(OwnBundle, PeerBundle, OwnBundle, PeerBundle)> = OnceLock::new();
    let (host, seen_host, guest, seen_guest) = MADE.get_or_init(|| {
        let (host, guest) = (fixtures::host_bundle(), fixtures::guest_bundle());
        let seen = (fixtures::seen_host(&host), fixtures::seen_guest(&guest));
        (host, seen.0, guest, seen.1)
    });
    let psk = secret().psk();
    let channel = |own, peer, bits| SealedChannel::new(VISIT, own, peer, &psk, None, bits).expect("they fit");
    (channel(host, seen_guest, [31; 32]), channel(guest, seen_host, [32; 32]))
}

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
    BoxExpected { clinic, kind: 3, object: [5; 16], least_revision: 7, now: fixtures::NOW }
}

/// A box for [`device_keys`].
pub fn sealed_staff_box() -> Vec<u8> {
    static MADE: OnceLock<Vec<u8>> = OnceLock::new();
    MADE.get_or_init(staff_box).clone()
}

fn staff_box() -> Vec<u8> {
    let context = BoxContext { kind: 3, object: [5; 16], revision: 7, made_at: fixtures::NOW };
    let readers = [device_keys().box_secret().public()];
    seal_staff_box(&context, b"payload", &readers, &fixtures::device(), &[40; 32]).unwrap_or_default()
}
