#![no_main]
use libfuzzer_sys::fuzz_target;
use trust::InnerMessage;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(message) = InnerMessage::from_bytes(bytes) {
        assert_eq!(InnerMessage::from_bytes(&message.to_bytes()).as_ref(), Ok(&message));
    }
});
