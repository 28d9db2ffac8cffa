//! What waits to be written to a client's stream: answers in their order, and data that is not late.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::relay::padding;
use congestion::segments::{Next, Segments};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

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
    /// What was taken of them, and is not written yet: whole messages but the first, which are not left out any more.
    segments: Segments<Instant>,
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
            let until = {
                let mut waiting = self.waiting();
                match waiting.next(Instant::now()) {
                    Next::Write(chunk) => return Some(chunk),
                    Next::Wait(until) => Some(until),
                    Next::Nothing if waiting.closed => return None,
                    Next::Nothing => None,
                }
            };
            match until {
                Some(until) => tokio::select! {
                    () = self.changed.notified() => {}
                    () = sleep_until(until) => {}
                },
                None => self.changed.notified().await,
            }
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn next(&mut self, now: Instant) -> Next<Instant> {
        let mut taken = 0;
        while let Some(message) = self.messages.front() {
            let is_late = message.is_data && now.saturating_duration_since(message.since) > LATE;
            if !is_late && taken > 0 && taken + message.bytes.len() > CHUNK {
                break;
            }
            let Some(message) = self.messages.pop_front() else { break };
            self.bytes -= message.bytes.len();
            if !is_late {
                taken += message.bytes.len();
                self.segments.push(&message.bytes);
            }
        }
        self.segments.next(now, self.closed)
    }
}

#[cfg(test)]
mod tests {
    use congestion::segments::SEGMENT;

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
            // And what was left of the one before.
            assert!(chunk.len() < CHUNK + SEGMENT);
            all.extend(chunk);
        }
        assert_eq!(all[..4], [9; 4], "an answer is not lost");
        assert_eq!(all[all.len() - 1_000..][..2], 999_u16.to_be_bytes(), "the newest is there");
        assert!(all.len() > MOST - 2_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dense_stream_goes_in_whole_packets_and_what_is_left_of_one_soon_after() {
        let queue = Queue::default();
        queue.push(vec![1; 1_000], true);
        queue.push(vec![2; 1_000], true);
        let began = Instant::now();
        assert_eq!(queue.next_chunk().await.unwrap().len(), SEGMENT);
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert_eq!(queue.next_chunk().await.unwrap(), [2; 2_000 - SEGMENT]);
        assert!(began.elapsed() <= Duration::from_millis(11), "{:?}", began.elapsed());
        queue.push(vec![3; 100], true);
        assert_eq!(queue.next_chunk().await.unwrap(), [3; 100], "at once: nothing is dense any more");
    }
}
