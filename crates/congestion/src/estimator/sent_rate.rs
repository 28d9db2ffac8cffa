//! How much was sent in the last second.

use std::collections::VecDeque;
use std::time::Duration;

use units::{DataRate, Timestamp};

/// Long enough for a frame every second; shorter, each gap between frames would look like idleness.
const WINDOW: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct SentRate {
    packets: VecDeque<(Timestamp, usize)>,
    bytes: u64,
}

impl SentRate {
    pub(super) fn on_sent(&mut self, at: Timestamp, bytes: usize) {
        self.packets.push_back((at, bytes));
        self.bytes += bytes as u64;
        self.forget(at);
    }

    pub(super) fn over_last_second(&self) -> DataRate {
        DataRate::of_bytes(self.bytes, WINDOW)
    }

    pub(super) fn forget(&mut self, now: Timestamp) {
        while let Some((at, bytes)) = self.packets.front()
            && now.since(*at) > WINDOW
        {
            self.bytes -= *bytes as u64;
            self.packets.pop_front();
        }
    }
}
