//! Pieces of files between two of our own apps: in packets of the media's kind, not over SCTP.
//!
//! The library's SCTP sends by a window of its own, which nobody tells what the voice needs, and the estimate does not see it. So a
//! piece goes as an RTP packet on the source of the retransmissions, as repair packets do: encrypted by the same keys, behind the
//! same gate, sent when the pacer has room for it, and reported on like any other, so that its sender knows what became of it.
//! It is sent only to who has accepted a file over the control channel, which no other program does.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use units::DataRate;

use crate::bridge::free_payload_types;
use crate::shared::Flows;

/// A piece of a file to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkOut {
    /// By what its sender knows it.
    pub tag: u64,
    /// What goes into the packet: 1,040 bytes at most, so that the packet fits into every link.
    pub payload: Bytes,
}

/// What became of which piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkFate {
    /// Which.
    pub tag: u64,
    /// What.
    pub fate: Fate,
}

/// What became of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It reached the other side's app.
    Arrived,
    /// It left, and did not come.
    Lost,
    /// It never left: the connection went first.
    NotSent,
}

/// The receiving ends of what [`crate::Peer`] says of files.
#[derive(Debug)]
pub struct BulkStreams {
    /// Pieces of the other side's files, as they came: not in order, now and then twice. Bounded; the newest is dropped when full,
    /// and missed by who counts.
    pub received: mpsc::Receiver<Bytes>,
    /// What became of ours. Bounded; the newest is dropped when full, and is then sent again by who waits for it.
    pub fates: mpsc::Receiver<BulkFate>,
}

/// What the interceptor and who reads files share.
#[derive(Debug)]
pub(crate) struct Bulk {
    /// How much the estimate may find while files are sent.
    most: DataRate,
    active: AtomicBool,
    /// How many pieces may wait at present.
    capacity: AtomicUsize,
    waiting: Mutex<VecDeque<BulkOut>>,
    received: mpsc::Sender<Bytes>,
    fates: mpsc::Sender<BulkFate>,
}

impl Bulk {
    pub(crate) fn new(most: DataRate) -> (Self, BulkStreams) {
        let (received_sender, received) = mpsc::channel(RECEIVED_CAPACITY);
        let (fates_sender, fates) = mpsc::channel(FATES_CAPACITY);
        let bulk = Self {
            most,
            active: AtomicBool::new(false),
            capacity: AtomicUsize::new(LEAST_WAITING),
            waiting: Mutex::default(),
            received: received_sender,
            fates: fates_sender,
        };
        (bulk, BulkStreams { received, fates })
    }

    pub(crate) const fn most(&self) -> DataRate {
        self.most
    }

    /// Whether files are being sent.
    pub(crate) fn is_active(&self) -> bool {
        self.active.load(Ordering::Acquire)
    }

    pub(crate) fn set_active(&self, active: bool) {
        self.active.store(active, Ordering::Release);
        if !active {
            self.drop_waiting();
        }
    }

    /// So much may leave: what waits is what leaves between two looks at a disk that takes its time, and no more, since it is lost
    /// with the connection.
    pub(crate) fn set_rate(&self, rate: DataRate) {
        let pieces = rate.bytes_in(AHEAD) as usize / MOST_PAYLOAD;
        self.capacity.store(pieces.clamp(LEAST_WAITING, MOST_WAITING), Ordering::Release);
    }

    /// Takes a piece to be sent, if there is room for it.
    pub(crate) fn push(&self, piece: BulkOut) -> Result<(), BulkOut> {
        let mut waiting = self.lock();
        if waiting.len() >= self.capacity.load(Ordering::Acquire)
            || !self.is_active()
            || piece.payload.len() > MOST_PAYLOAD
        {
            return Err(piece);
        }
        waiting.push_back(piece);
        Ok(())
    }

    /// The next piece to be sent.
    pub(crate) fn pop(&self) -> Option<BulkOut> {
        self.lock().pop_front()
    }

    /// What waits will not leave.
    pub(crate) fn drop_waiting(&self) {
        let waiting = std::mem::take(&mut *self.lock());
        waiting.into_iter().for_each(|piece| self.tell(piece.tag, Fate::NotSent));
    }

    /// This is what became of a piece.
    pub(crate) fn tell(&self, tag: u64, fate: Fate) {
        // DropNewest: whoever waits in vain sends it again.
        let _ = self.fates.try_send(BulkFate { tag, fate });
    }

    /// A piece of theirs came.
    pub(crate) fn take(&self, payload: Bytes) {
        // DropNewest: a disk that does not keep up is asked at the end what it has.
        let _ = self.received.try_send(payload);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<BulkOut>> {
        // A task that panicked with the lock held has left whole pieces behind.
        self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// As which payload type we take pieces: the second that means nothing else to us, the first being the repair packets'.
pub(crate) fn own_payload_type(flows: &Flows) -> Option<u8> {
    let taken = [flows.voice, flows.picture, flows.rtx].map(|flow| flow.own_payload_type);
    free_payload_types(taken, flows.red.map(|red| red.own_payload_type)).nth(1)
}

/// As which the other side takes them: it reckons by the same numbers.
pub(crate) fn their_payload_type(flows: &Flows) -> Option<u8> {
    let taken = [flows.voice, flows.picture, flows.rtx].map(|flow| flow.payload_type);
    free_payload_types(taken, flows.red.map(|red| red.payload_type)).nth(1)
}

/// Between who reads the disk, which looks every few milliseconds, and the pacer.
const AHEAD: Duration = Duration::from_millis(25);
const LEAST_WAITING: usize = 4;
const MOST_WAITING: usize = 128;
/// A quarter of a second of 30 Mbps.
const RECEIVED_CAPACITY: usize = 1_024;
const FATES_CAPACITY: usize = 8_192;
/// With RTP header and extension (20), GCM tag (16), UDP and IPv6 (48) and a relay's framing (36) this stays below 1,280 bytes.
const MOST_PAYLOAD: usize = 1_040;

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(tag: u64, bytes: usize) -> BulkOut {
        BulkOut { tag, payload: Bytes::from(vec![0; bytes]) }
    }

    #[test]
    fn no_more_is_taken_than_there_is_room_for_and_nothing_while_no_file_is_sent() {
        let (bulk, mut streams) = Bulk::new(DataRate::from_kbps(1_000));
        assert!(bulk.push(piece(0, 10)).is_err());
        bulk.set_active(true);
        assert!(bulk.push(piece(0, MOST_PAYLOAD + 1)).is_err());
        let taken = (0..100).take_while(|tag| bulk.push(piece(*tag, 10)).is_ok()).count();
        assert_eq!(taken, LEAST_WAITING);
        bulk.set_rate(DataRate::from_kbps(20_000));
        let more = (taken as u64..100).take_while(|tag| bulk.push(piece(*tag, 10)).is_ok()).count();
        assert_eq!(taken + more, 60, "25 ms");
        assert_eq!(bulk.pop().map(|piece| piece.tag), Some(0));
        bulk.set_active(false);
        let lost: Vec<_> = std::iter::from_fn(|| streams.fates.try_recv().ok()).collect();
        assert_eq!(lost.len(), 59, "they are told of");
        assert!(lost.iter().all(|fate| fate.fate == Fate::NotSent));
    }
}
