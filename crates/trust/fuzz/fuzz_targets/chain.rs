#![no_main]
use libfuzzer_sys::fuzz_target;
use clinic::IssuingKey;
use trust::{Chain, DeviceIdentity, fuzzing};

fuzz_target!(|bytes: &[u8]| {
    let _ = Chain::verify(bytes, &fuzzing::expected());
    let _ = IssuingKey::new(&[1; 32], bytes);
    let _ = DeviceIdentity::new(fuzzing::device_keys(), bytes.to_vec(), "Dr Grace Hopper", [9; 16]);
});
