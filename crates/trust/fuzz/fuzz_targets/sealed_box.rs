#![no_main]
use libfuzzer_sys::fuzz_target;
use trust::{InnerMessage, fuzzing};

// The first byte of each piece says whether a true box comes, a changed one, or the bytes as they are.
fuzz_target!(|bytes: &[u8]| {
    let (mut host, mut guest) = fuzzing::channels();
    for piece in bytes.split(|byte| *byte == 0xa5).take(8) {
        let Some((how, piece)) = piece.split_first() else { continue };
        if how % 4 == 0 {
            let mut raw = piece.to_vec();
            raw.resize(raw.len().next_multiple_of(64).max(256), 0);
            let _ = guest.open(&raw);
            continue;
        }
        if how % 4 == 3 {
            host.begin_epoch([*how; 32]);
        }
        let mut sealed = host.seal(&InnerMessage::OfferRequest).expect("small");
        for (at, byte) in piece.iter().enumerate().take(sealed.bytes.len()) {
            sealed.bytes[at] ^= byte;
        }
        let changed = piece.iter().any(|byte| *byte != 0);
        let opened = guest.open(&sealed.bytes);
        assert!(!changed || opened.is_err());
    }
});
