#![no_main]
use libfuzzer_sys::fuzz_target;
use signaling_protocol::{Event, JoinReply};

// What a server says to an app: the envelopes of boxes, who is there, and the answer to a join.
fuzz_target!(|bytes: &[u8]| {
    let _ = serde_json::from_slice::<JoinReply>(bytes);
    if let Ok(event) = serde_json::from_slice::<Event>(bytes) {
        let text = serde_json::to_vec(&event).expect("it was JSON");
        assert_eq!(serde_json::from_slice::<Event>(&text).ok().as_ref(), Some(&event));
    }
});
