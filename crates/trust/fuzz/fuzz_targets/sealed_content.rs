#![no_main]
use libfuzzer_sys::fuzz_target;
use trust::{InnerMessage, fuzzing};

fuzz_target!(|bytes: &[u8]| {
    let (mut host, mut guest) = fuzzing::channels();
    for piece in bytes.split(|byte| *byte == 0xa5).take(8) {
        let Some((kind, content)) = piece.split_first() else { continue };
        if let Ok(sealed) = fuzzing::seal(&mut host, *kind, content) {
            let _ = guest.open(&sealed.bytes);
        }
    }
    let last = host.seal(&InnerMessage::OfferRequest).expect("small");
    assert!(guest.open(&last.bytes).is_ok());
});
