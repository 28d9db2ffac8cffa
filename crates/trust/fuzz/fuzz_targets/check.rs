#![no_main]
use libfuzzer_sys::fuzz_target;
use trust::fuzzing;

fuzz_target!(|bytes: &[u8]| {
    let mut check = fuzzing::check();
    for (index, line) in bytes.split(|byte| *byte == b'\n').take(16).enumerate() {
        if let Ok(message) = serde_json::from_slice(line) {
            let _ = check.handle(&message, [index as u8; 32]);
        }
        assert!(!check.is_compared());
    }
});
