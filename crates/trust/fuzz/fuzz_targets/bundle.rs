#![no_main]
use libfuzzer_sys::fuzz_target;
use trust::PeerBundle;
use trust::fuzzing::{self, INVITE, VISIT};

fuzz_target!(|bytes: &[u8]| {
    let _ = PeerBundle::claimed_invite(bytes);
    let _ = PeerBundle::verify_guest(bytes, INVITE, &fuzzing::secret().invite_key());
    let _ = PeerBundle::verify_host(bytes, VISIT, &fuzzing::expected());
});
