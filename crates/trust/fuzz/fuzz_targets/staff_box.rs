#![no_main]
use std::sync::OnceLock;

use clinic::{BoxContext, BoxExpected, BoxSecret, open_staff_box, reseal_staff_box, seal_staff_box};
use libfuzzer_sys::fuzz_target;
use trust::fuzzing;

const KIND: u8 = 3;
const OBJECT: [u8; 16] = [5; 16];
const REVISION: u32 = 7;

fn sealed(own: &BoxSecret) -> &'static [u8] {
    static MADE: OnceLock<Vec<u8>> = OnceLock::new();
    MADE.get_or_init(|| {
        let context = BoxContext { kind: KIND, object: OBJECT, revision: REVISION, made_at: fuzzing::NOW };
        seal_staff_box(&context, b"payload", &[own.public()], &fuzzing::device(), &[40; 32]).expect("small")
    })
}

fuzz_target!(|bytes: &[u8]| {
    let own = BoxSecret::of_device(&fuzzing::device_keys());
    let clinic = fuzzing::expected().clinic;
    let expected = BoxExpected { clinic, kind: KIND, object: OBJECT, least_revision: REVISION, now: fuzzing::NOW };
    let _ = open_staff_box(bytes, &own, &expected);
    let _ = reseal_staff_box(bytes, &own, &expected, &[9; 32], &[1; 32]);
    let good = sealed(&own);
    let mut changed = good.to_vec();
    for (at, byte) in bytes.iter().enumerate().take(good.len()) {
        changed[at] ^= byte;
    }
    assert_eq!(open_staff_box(&changed, &own, &expected).is_ok(), changed == good);
});
