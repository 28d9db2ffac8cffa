#![no_main]
//! A stranger's words and frames: what is kept stays small, no byte is written outside of what was accepted, no name is a path.

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use transfer::{Chat, ChatMessage, Command, Frame, Limits, Message, News, Pieces, Receiver, Transfers, safe_name};
use units::Timestamp;

// Lines; the first byte of each says what the rest is.
fuzz_target!(|bytes: &[u8]| {
    let (mut transfers, mut chat) = (Transfers::new(Limits::default()), Chat::new(1));
    let mut receivers: Vec<(u64, Receiver)> = Vec::new();
    let mut now = Timestamp::from_millis(1_000);
    transfers.on_connected();
    for line in bytes.split(|byte| *byte == b'\n').take(500) {
        now += Duration::from_millis(100);
        let Some((kind, rest)) = line.split_first() else { continue };
        match kind % 4 {
            0 => {
                if let Ok(message) = serde_json::from_slice::<Message>(rest) {
                    transfers.on_message(now, message);
                }
            }
            1 => {
                if let Ok(message) = serde_json::from_slice::<ChatMessage>(rest) {
                    let _ = chat.on_message(now, message);
                }
            }
            2 => {
                if let Ok(frame) = Frame::read(rest) {
                    for (length, receiver) in receivers.iter_mut().filter(|(_, it)| it.id() == frame.id) {
                        if let Ok(Some(write)) = receiver.on_frame(&frame) {
                            assert!(write.offset + write.data.len() as u64 <= *length);
                        }
                    }
                }
            }
            _ => {
                let name = safe_name(&String::from_utf8_lossy(rest));
                assert!(!name.is_empty() && !name.contains(['/', '\\', '\0']) && name != "." && name != "..");
            }
        }
        for view in transfers.views() {
            assert!(view.moved <= view.bytes);
            if view.place.incoming {
                transfers.accept(view.place.id);
            }
        }
        while let Some(command) = transfers.poll_command() {
            if let Command::Receive { id, bytes, .. } = command {
                let have = Pieces::default();
                if let Some(receiver) = Receiver::new(id, bytes, &have) {
                    receivers.retain(|(_, it)| it.id() != id);
                    receivers.push((bytes, receiver));
                }
                transfers.on_news(now, News::Ready { id, have });
            }
        }
        while transfers.poll_message().is_some() {}
        assert!(transfers.views().len() <= 100 && chat.lines().len() <= 1_000);
        receivers.drain(..receivers.len().saturating_sub(32));
    }
});
