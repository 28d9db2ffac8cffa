#![no_main]
use libfuzzer_sys::fuzz_target;
use trust::{fuzzing, open_staff_box, reseal_staff_box};

fuzz_target!(|bytes: &[u8]| {
    let (own, expected) = (fuzzing::device_keys().box_secret(), fuzzing::box_expected());
    let _ = open_staff_box(bytes, &own, &expected);
    let _ = reseal_staff_box(bytes, &own, &expected, &[9; 32], &[1; 32]);
    let sealed = fuzzing::sealed_staff_box();
    let mut changed = sealed.clone();
    for (at, byte) in bytes.iter().enumerate().take(sealed.len()) {
        changed[at] ^= byte;
    }
    assert_eq!(open_staff_box(&changed, &own, &expected).is_ok(), changed == sealed);
});
