#![no_main]
use libfuzzer_sys::fuzz_target;
use trust::KnownDevices;

fuzz_target!(|bytes: &[u8]| {
    if let Some(known) = KnownDevices::from_bytes(bytes) {
        assert_eq!(known.to_bytes(), bytes);
    }
});
