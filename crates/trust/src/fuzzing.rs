//! What the fuzz targets need: two apps that met, and sealing of what nobody would seal. Compiled for them alone.

use std::sync::OnceLock;

use signaling_protocol::Role;

use crate::{OwnBundle, PeerBundle, SealError, SealedBox, SealedChannel, SpokenCheck, Transcript, fixtures};

pub use crate::fixtures::{INVITE, NOW, VISIT, device, device_keys, expected, secret};

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

/// A notice that passes with [`expected`].
pub fn notice() -> Vec<u8> {
    static MADE: OnceLock<Vec<u8>> = OnceLock::new();
    let issuer = fixtures::issuer;
    MADE.get_or_init(|| issuer().notice(&fixtures::revocations(&issuer()))).clone()
}

/// One side of a check that has begun.
pub fn check() -> SpokenCheck {
    let mut check = SpokenCheck::new(Role::Host, Transcript([7; 32]));
    let _ = check.start([0xff; 32]);
    check
}
