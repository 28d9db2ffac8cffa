//! Where whole pictures wait before they are cut into numbered packets.

use std::collections::VecDeque;
use std::time::Duration;

use units::Timestamp;

/// A frame goes on when what is before it in the pacer leaves within this time: long enough that the pacer never
/// runs dry between two timer ticks (some systems' timers are 15 ms coarse), short enough that a frame can still be
/// dropped when the rate falls.
const RELEASE_BACKLOG: Duration = Duration::from_millis(15);

/// An encoded picture that waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedFrame<T> {
    /// Decodes without any other.
    pub key: bool,
    /// Its temporal layer: it needs frames of its own and lower ones only, and those of layer 0 only each other. A key
    /// frame is of layer 0.
    pub layer: u8,
    /// Its size.
    pub bytes: usize,
    /// When it is too old to be worth sending.
    pub deadline: Timestamp,
    /// The frame itself.
    pub item: T,
}

/// What was thrown away since the last time somebody asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dropped {
    /// How many frames.
    pub frames: u32,
    /// One of them was needed by later ones: the encoder must make a key frame.
    pub reference_lost: bool,
}

/// Whole frames wait here, before RTP numbering, so that the receiver never sees a gap where one is thrown away.
///
/// When a frame goes, those that follow and need it are thrown away too, because nobody could decode them: the frames of
/// higher layers up to the next one of its layer or a lower one, and after one of layer 0 all up to the next key frame.
#[derive(Debug)]
pub struct FrameQueue<T> {
    frames: VecDeque<QueuedFrame<T>>,
    dropped: Dropped,
    needs_key: bool,
    /// A frame of this layer was thrown away, and none of it or a lower one was queued or sent since.
    broken: Option<u8>,
}

impl<T> Default for FrameQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> FrameQueue<T> {
    /// An empty queue.
    pub const fn new() -> Self {
        Self {
            frames: VecDeque::new(),
            dropped: Dropped { frames: 0, reference_lost: false },
            needs_key: false,
            broken: None,
        }
    }

    /// Queues a frame, in the order of encoding.
    pub fn push(&mut self, now: Timestamp, frame: QueuedFrame<T>) {
        if frame.key {
            // It replaces everything before it, and the picture goes on from it.
            self.dropped.frames += self.frames.len() as u32;
            self.frames.clear();
            self.needs_key = false;
        }
        self.frames.push_back(frame);
        self.drop_stale(now, Duration::ZERO);
    }

    /// The next frame, if the pacer's `backlog` before it is short enough. Call until it answers `None`, with the
    /// backlog as it then is.
    pub fn next(&mut self, now: Timestamp, backlog: Duration) -> Option<T> {
        self.drop_stale(now, backlog);
        if backlog > RELEASE_BACKLOG {
            return None;
        }
        self.frames.pop_front().map(|frame| frame.item)
    }

    /// What was thrown away since this was last asked.
    pub fn take_dropped(&mut self) -> Dropped {
        std::mem::take(&mut self.dropped)
    }

    /// How many frames wait.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// When the oldest frame becomes too old. (The pacer's timer is the one to wait for; this is for an idle one.)
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.frames.iter().map(|frame| frame.deadline).min()
    }

    /// Throws everything away: the path it was meant for is gone, or the camera is off.
    pub fn clear(&mut self) {
        self.dropped.frames += self.frames.len() as u32;
        if self.frames.iter().any(|frame| frame.layer == 0) {
            self.dropped.reference_lost = true;
            self.needs_key = true;
        }
        self.broken = self.frames.iter().map(|frame| frame.layer).min().into_iter().chain(self.broken).min();
        self.frames.clear();
    }

    fn drop_stale(&mut self, now: Timestamp, backlog: Duration) {
        let (mut needs_key, mut broken) = (self.needs_key, self.broken);
        let dropped = &mut self.dropped;
        self.frames.retain(|frame| {
            let intact = frame.key || !needs_key && broken.is_none_or(|layer| frame.layer <= layer);
            if intact && now + backlog <= frame.deadline {
                needs_key &= !frame.key;
                broken = None;
                return true;
            }
            dropped.frames += 1;
            // Said once a loss: while a key frame is awaited, asking again would only make a storm of them.
            if frame.key || (frame.layer == 0 && !needs_key) {
                dropped.reference_lost = true;
                needs_key = true;
            }
            broken = Some(broken.map_or(frame.layer, |layer| layer.min(frame.layer)));
            false
        });
        // What was thrown away before a frame that is still there is mended by it.
        self.broken = broken;
        self.needs_key = needs_key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn frame(name: &'static str, deadline: u64) -> QueuedFrame<&'static str> {
        let key = name.starts_with('K');
        let layer = match name.as_bytes()[0] {
            b'u' => 2,
            b'm' => 1,
            _ => 0,
        };
        QueuedFrame { key, layer, bytes: 1_000, deadline: at(deadline), item: name }
    }

    #[test]
    fn frames_wait_for_the_pacer_and_leave_in_order() {
        let mut queue = FrameQueue::new();
        queue.push(at(0), frame("K1", 300));
        queue.push(at(33), frame("p2", 333));
        assert_eq!(queue.next(at(34), Duration::from_millis(50)), None);
        assert_eq!(queue.next(at(40), Duration::ZERO), Some("K1"));
        assert_eq!(queue.next(at(40), Duration::ZERO), Some("p2"));
        assert_eq!(queue.take_dropped(), Dropped::default());
    }

    #[test]
    fn a_stale_reference_takes_its_followers_with_it_and_asks_once_for_a_key_frame() {
        let mut queue = FrameQueue::new();
        queue.push(at(0), frame("p1", 100));
        queue.push(at(33), frame("p2", 133));
        assert_eq!(queue.next(at(101), Duration::ZERO), None);
        assert_eq!(queue.take_dropped(), Dropped { frames: 2, reference_lost: true });
        queue.push(at(110), frame("p3", 210));
        assert_eq!(queue.next(at(111), Duration::ZERO), None);
        assert_eq!(queue.take_dropped(), Dropped { frames: 1, reference_lost: false });
        queue.push(at(140), frame("K4", 240));
        assert_eq!(queue.next(at(141), Duration::ZERO), Some("K4"));
    }

    #[test]
    fn a_stale_frame_that_nobody_needs_costs_no_key_frame() {
        let mut queue = FrameQueue::new();
        queue.push(at(0), frame("u1", 100));
        queue.push(at(33), frame("p2", 300));
        assert_eq!(queue.next(at(101), Duration::ZERO), Some("p2"));
        assert_eq!(queue.take_dropped(), Dropped { frames: 1, reference_lost: false });
    }

    #[test]
    fn a_stale_frame_of_the_middle_layer_takes_only_the_upper_ones_with_it() {
        let mut queue = FrameQueue::new();
        queue.push(at(0), frame("m1", 100));
        queue.push(at(33), frame("u2", 300));
        queue.push(at(66), frame("p3", 300));
        queue.push(at(99), frame("u4", 300));
        assert_eq!(queue.next(at(101), Duration::ZERO), Some("p3"));
        assert_eq!(queue.next(at(101), Duration::ZERO), Some("u4"));
        assert_eq!(queue.take_dropped(), Dropped { frames: 2, reference_lost: false });
        queue.push(at(120), frame("m5", 130));
        assert_eq!(queue.next(at(131), Duration::ZERO), None);
        queue.push(at(140), frame("u6", 300));
        assert_eq!(queue.next(at(141), Duration::ZERO), None, "the one that it needs is gone");
    }

    #[test]
    fn a_frame_that_would_be_stale_after_the_backlog_is_not_sent() {
        let mut queue = FrameQueue::new();
        queue.push(at(0), frame("p1", 100));
        assert_eq!(queue.next(at(50), Duration::from_millis(60)), None);
        assert!(queue.take_dropped().reference_lost);
    }

    #[test]
    fn a_key_frame_replaces_what_waits_before_it() {
        let mut queue = FrameQueue::new();
        queue.push(at(0), frame("p1", 300));
        queue.push(at(33), frame("K2", 333));
        assert_eq!(queue.next(at(34), Duration::ZERO), Some("K2"));
        assert_eq!(queue.take_dropped(), Dropped { frames: 1, reference_lost: false });
    }
}
