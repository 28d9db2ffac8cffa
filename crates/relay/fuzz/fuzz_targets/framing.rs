#![no_main]
//! A stream of whatever, in pieces: each message is whole, and none is longer than it may be.

use libfuzzer_sys::fuzz_target;
use relay::{Deframer, LARGEST_MESSAGE};

fuzz_target!(|bytes: &[u8]| {
    let Some((piece, bytes)) = bytes.split_first() else { return };
    let mut deframer = Deframer::default();
    for piece in bytes.chunks(usize::from(*piece) + 1) {
        deframer.push(piece);
        loop {
            match deframer.next_message() {
                Ok(Some(message)) => assert!((4..=LARGEST_MESSAGE).contains(&message.len())),
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
});
