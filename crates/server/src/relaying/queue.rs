//! What waits to be written to a client's stream: answers in their order, and data that is not late.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::relay::padding;
use tokio::sync::Notify;
use tokio::time::Instant;

/// What waits at most; when it is full, the oldest data goes. Half a second at 4 Mbps.
const MOST: usize = 256 * 1_024;

/// How long data may wait: a packet of voice that is later is of no use, and would hold up those behind it.
const LATE: Duration = Duration::from_millis(250);

/// How much is written in one go: one TLS record.
const CHUNK: usize = 16 * 1_024;

/// The queue of one stream.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    messages: VecDeque<Message>,
    bytes: usize,
    closed: bool,
}

#[derive(Debug)]
struct Message {
    bytes: Vec<u8>,
    is_data: bool,
    since: Instant,
}

impl Queue {
    /// Adds a message, padded as streams want it.
    pub(super) fn push(&self, mut bytes: Vec<u8>, is_data: bool) {
        bytes.resize(bytes.len() + padding(bytes.len()), 0);
        let mut waiting = self.waiting();
        while waiting.bytes + bytes.len() > MOST {
            let Some(oldest) = waiting.messages.iter().position(|message| message.is_data) else { break };
            let gone = waiting.messages.remove(oldest).map_or(0, |message| message.bytes.len());
            waiting.bytes -= gone;
        }
        // Answers alone fill it only for whoever asks and does not read.
        if waiting.bytes + bytes.len() <= MOST {
            waiting.bytes += bytes.len();
            waiting.messages.push_back(Message { bytes, is_data, since: Instant::now() });
        }
        drop(waiting);
        self.changed.notify_one();
    }

    /// Nothing more comes; what waits is still written.
    pub(super) fn close(&self) {
        self.waiting().closed = true;
        self.changed.notify_one();
    }

    /// What is to be written next, some messages at once; none when it is closed and empty.
    pub(super) async fn next_chunk(&self) -> Option<Vec<u8>> {
        loop {
            {
                let mut waiting = self.waiting();
                let chunk = waiting.take(Instant::now());
                if !chunk.is_empty() {
                    return Some(chunk);
                }
                if waiting.closed {
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn take(&mut self, now: Instant) -> Vec<u8> {
        let mut chunk = Vec::new();
        while let Some(message) = self.messages.front() {
            let is_late = message.is_data && now.saturating_duration_since(message.since) > LATE;
            if !is_late && !chunk.is_empty() && chunk.len() + message.bytes.len() > CHUNK {
                break;
            }
            let Some(message) = self.messages.pop_front() else { break };
            self.bytes -= message.bytes.len();
            if !is_late {
                chunk.extend(message.bytes);
            }
        }
        chunk
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn late_data_goes_and_answers_stay() {
        let queue = Queue::default();
        queue.push(vec![1; 8], true);
        queue.push(vec![2; 8], false);
        tokio::time::advance(LATE * 2).await;
        queue.push(vec![3; 5], true);
        queue.close();
        let chunk = queue.next_chunk().await.unwrap();
        assert_eq!(chunk, [&[2; 8][..], &[3; 5], &[0; 3]].concat());
        assert_eq!(queue.next_chunk().await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_queue_loses_its_oldest_data_and_never_grows() {
        let queue = Queue::default();
        queue.push(vec![9; 4], false);
        for n in 0..1_000_u16 {
            queue.push([&n.to_be_bytes()[..], &[0; 998]].concat(), true);
            assert!(queue.waiting().bytes <= MOST);
        }
        queue.close();
        let mut all = Vec::new();
        while let Some(chunk) = queue.next_chunk().await {
            assert!(chunk.len() <= CHUNK);
            all.extend(chunk);
        }
        assert_eq!(all[..4], [9; 4], "an answer is not lost");
        assert_eq!(all[all.len() - 1_000..][..2], 999_u16.to_be_bytes(), "the newest is there");
        assert!(all.len() > MOST - 2_000);
    }
}
