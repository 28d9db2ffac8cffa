#![no_main]
use libfuzzer_sys::fuzz_target;
use trust::{Notice, fuzzing};

// As it is, and a true one with each byte changed as the input says.
fuzz_target!(|bytes: &[u8]| {
    let expected = fuzzing::expected();
    let _ = Notice::verify(bytes, &expected);
    let good = fuzzing::notice();
    let mut changed = good.clone();
    for (at, byte) in bytes.iter().enumerate().take(good.len()) {
        changed[at] ^= byte;
    }
    assert_eq!(Notice::verify(&changed, &expected).is_ok(), changed == good);
});
