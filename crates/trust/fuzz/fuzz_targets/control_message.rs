#![no_main]
use call::ControlMessage;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(message) = ControlMessage::from_bytes(bytes) {
        assert_eq!(ControlMessage::from_bytes(&message.to_bytes()).as_ref(), Ok(&message));
    }
});
