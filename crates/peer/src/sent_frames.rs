//! Which pictures have left in full, for whoever counts them.

use std::collections::VecDeque;

/// The RTP timestamps of pictures whose last packet has left and that nobody has asked about yet: the latest few.
#[derive(Debug)]
pub(crate) struct SentFrames(VecDeque<u32>);

impl Default for SentFrames {
    fn default() -> Self {
        Self(VecDeque::with_capacity(MAX_SENT_FRAMES))
    }
}

impl SentFrames {
    /// One more; the oldest makes room for it.
    pub(crate) fn push(&mut self, timestamp: u32) {
        if self.0.len() == MAX_SENT_FRAMES {
            self.0.pop_front();
        }
        self.0.push_back(timestamp);
    }

    /// All of them, in the order in which they left, and none the next time.
    pub(crate) fn take(&mut self) -> Vec<u32> {
        self.0.drain(..).collect()
    }
}

/// Two seconds of picture: who asks once a second misses none.
pub(crate) const MAX_SENT_FRAMES: usize = 64;
