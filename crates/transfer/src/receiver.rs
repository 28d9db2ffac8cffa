//! What of a file is there, and which bytes are to be written where.

use std::ops::Range;

use crate::{BLOCK, BlockSet, Frame, Pieces, TransferId, blocks_of};

/// Gaps that are kept at most: what would make one more is passed over and asked for later. An honest sender sends in order and
/// soon again what was lost.
const MOST_RUNS: usize = 4_096;

/// One file that comes in. It never takes a byte beyond the length that was offered.
#[derive(Debug)]
pub struct Receiver {
    id: TransferId,
    bytes: u64,
    total: u32,
    have: BlockSet,
    again_blocks: u64,
}

/// Bytes of a frame that are to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Write<'a> {
    /// Where.
    pub offset: u64,
    /// What.
    pub data: &'a [u8],
}

/// A frame that does not belong to what was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It lies beyond the end, in part or whole.
    #[error("a frame goes beyond the end of its file")]
    BeyondTheEnd,
    /// It does not consist of whole blocks.
    #[error("a frame ends within a block")]
    Uneven,
}

impl Receiver {
    /// A file of so many bytes of which these blocks are there. `None` if it has more blocks than can be numbered.
    pub fn new(id: TransferId, bytes: u64, have: &Pieces) -> Option<Self> {
        let total = blocks_of(bytes)?;
        let mut there = have.blocks().clone();
        there.remove(total..u32::MAX);
        Some(Self { id, bytes, total, have: there, again_blocks: 0 })
    }

    /// A frame of this transfer came: what is to be written, if it brings anything. It counts as there from now on.
    ///
    /// # Errors
    /// If no honest sender would send it.
    pub fn on_frame<'a>(&mut self, frame: &Frame<'a>) -> Result<Option<Write<'a>>, Refused> {
        let offset = u64::from(frame.first) * BLOCK as u64;
        let end = offset + frame.data.len() as u64;
        if end > self.bytes || frame.data.is_empty() {
            return Err(Refused::BeyondTheEnd);
        }
        if !frame.data.len().is_multiple_of(BLOCK) && end != self.bytes {
            return Err(Refused::Uneven);
        }
        let blocks: Range<u32> = frame.first..frame.first + frame.data.len().div_ceil(BLOCK) as u32;
        if self.have.runs().len() >= MOST_RUNS && self.have.stands_alone(&blocks) {
            return Ok(None);
        }
        let count = blocks.end - blocks.start;
        let new = self.have.insert(blocks);
        self.again_blocks += u64::from(count - new);
        Ok((new > 0).then_some(Write { offset, data: frame.data }))
    }

    /// Which transfer.
    pub const fn id(&self) -> TransferId {
        self.id
    }

    /// How long the whole is.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether all of it is there.
    pub const fn is_whole(&self) -> bool {
        self.have.count() == self.total
    }

    /// What is there, for the sender and for the disk.
    pub fn have(&self) -> Pieces {
        Pieces::of(&self.have)
    }

    /// How many bytes are there.
    pub fn have_bytes(&self) -> u64 {
        (u64::from(self.have.count()) * BLOCK as u64).min(self.bytes)
    }

    /// How many bytes came that were there already; whole blocks.
    pub const fn again_bytes(&self) -> u64 {
        self.again_blocks * BLOCK as u64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{MOST_BLOCKS, Sender};

    const ID: TransferId = TransferId(1);

    fn receiver(bytes: u64) -> Receiver {
        Receiver::new(ID, bytes, &Pieces::default()).expect("few blocks")
    }

    fn frame(first: u32, data: &[u8]) -> Frame<'_> {
        Frame { id: ID, first, data }
    }

    #[test]
    fn not_a_byte_is_taken_beyond_the_end() {
        let mut receiver = receiver(700);
        for (first, bytes) in [(0, 1_024), (1, 189), (1, 512), (2, 1), (u32::MAX, 512), (0, 0)] {
            assert_eq!(receiver.on_frame(&frame(first, &vec![0; bytes])), Err(Refused::BeyondTheEnd), "{first}");
        }
        assert_eq!(receiver.on_frame(&frame(0, &[0; 100])), Err(Refused::Uneven));
        assert_eq!(receiver.have_bytes(), 0);
        assert!(receiver.on_frame(&frame(0, &[0; 700])).expect("all of it").is_some());
        assert!(receiver.is_whole());
    }

    #[test]
    fn what_comes_twice_is_written_once() {
        let mut receiver = receiver(2_048);
        assert!(receiver.on_frame(&frame(2, &[1; 512])).expect("a block").is_some());
        assert_eq!(receiver.on_frame(&frame(2, &[2; 512])), Ok(None));
        assert_eq!((receiver.again_bytes(), receiver.have_bytes()), (512, 512));
    }

    #[test]
    fn a_sender_that_leaves_gaps_everywhere_fills_no_memory() {
        let mut receiver = receiver(u64::from(u32::MAX) * 512);
        for block in 0..100_000 {
            let _ = receiver.on_frame(&frame(block * 2, &[0; 512]));
        }
        assert_eq!(receiver.have.runs().len(), MOST_RUNS);
        assert!(receiver.on_frame(&frame(1, &[0; 512])).expect("a gap that closes").is_some());
    }

    #[test]
    fn what_the_disk_remembers_is_not_believed_beyond_the_end() {
        let receiver = Receiver::new(ID, 600, &Pieces::of(&BlockSet::all(900))).expect("few blocks");
        assert!(receiver.is_whole());
        assert_eq!(receiver.have_bytes(), 600);
    }

    /// What happens to a packet, or to everything.
    #[derive(Debug, Clone, Copy)]
    enum Fate {
        Arrives,
        ArrivesTwice,
        Lost,
        /// It comes, the report of it does not.
        Unreported,
        /// It comes and cannot be written.
        Dropped,
        ConnectionLost,
        /// The receiving app is killed; what it had written down is known.
        Restart,
    }

    fn fate() -> impl Strategy<Value = Fate> {
        prop_oneof![
            20 => Just(Fate::Arrives),
            1 => Just(Fate::ArrivesTwice),
            3 => Just(Fate::Lost),
            1 => Just(Fate::Unreported),
            1 => Just(Fate::Dropped),
            1 => Just(Fate::ConnectionLost),
            1 => Just(Fate::Restart),
        ]
    }

    proptest! {
        #[test]
        fn a_file_arrives_whole_whatever_happens_to_its_packets(
            length in 0_usize..40_000,
            fates in prop::collection::vec(fate(), 1..200),
            seed in any::<u8>(),
        ) {
            let file: Vec<u8> = (0..length).map(|index| (index as u8).wrapping_mul(31) ^ seed).collect();
            let mut disk = vec![0; length];
            let mut sender = Sender::new(ID, length as u64, &Pieces::default()).expect("few blocks");
            let mut receiver = receiver(length as u64);
            // After these, nothing goes wrong any more.
            let mut fates = fates.into_iter().chain(std::iter::repeat(Fate::Arrives));
            let mut asked = 0;
            while !receiver.is_whole() || !sender.is_quiet() {
                let Some(piece) = sender.next(MOST_BLOCKS) else {
                    if !sender.is_quiet() {
                        sender.on_connection_lost();
                    }
                    if !sender.has_more() {
                        sender.on_have(&receiver.have());
                        asked += 1;
                        prop_assert!(asked < 300, "it does not end");
                    }
                    continue;
                };
                let data = &file[piece.offset as usize..][..piece.bytes];
                let mut take = |receiver: &mut Receiver| {
                    let frame = Frame { id: ID, first: piece.first, data };
                    if let Some(write) = receiver.on_frame(&frame).expect("honest") {
                        disk[write.offset as usize..][..write.data.len()].copy_from_slice(write.data);
                    }
                };
                match fates.next().expect("endless") {
                    Fate::Arrives => {
                        take(&mut receiver);
                        sender.on_fate(&piece, true);
                    }
                    Fate::ArrivesTwice => {
                        take(&mut receiver);
                        take(&mut receiver);
                        sender.on_fate(&piece, true);
                    }
                    Fate::Lost => sender.on_fate(&piece, false),
                    Fate::Unreported => take(&mut receiver),
                    Fate::Dropped => sender.on_fate(&piece, true),
                    Fate::ConnectionLost => {
                        sender.on_connection_lost();
                        sender.on_have(&receiver.have());
                    }
                    Fate::Restart => {
                        receiver = Receiver::new(ID, length as u64, &receiver.have()).expect("few blocks");
                        sender.on_have(&receiver.have());
                    }
                }
            }
            prop_assert_eq!(disk, file);
        }

        #[test]
        fn no_frame_writes_outside(bytes in 0_u64..5_000, frames in prop::collection::vec((0_u32..12, 0_usize..1_100), 0..50)) {
            let mut receiver = receiver(bytes);
            for (first, length) in frames {
                let data = vec![0; length];
                if let Ok(Some(write)) = receiver.on_frame(&frame(first, &data)) {
                    prop_assert!(write.offset + write.data.len() as u64 <= bytes);
                }
                prop_assert!(receiver.have_bytes() <= bytes);
            }
        }
    }
}
