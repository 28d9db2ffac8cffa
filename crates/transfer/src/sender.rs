//! Which blocks leave next: what was lost before what is new, and nothing that has arrived.

use std::ops::Range;

use crate::{BLOCK, BlockSet, Pieces, TransferId, blocks_of};

/// The blocks of one file on their way.
///
/// It is told what became of each piece by who counts packets, and at the end by the receiver, whose word is the last: a packet
/// that arrived may still not have been written.
#[derive(Debug)]
pub struct Sender {
    id: TransferId,
    bytes: u64,
    total: u32,
    /// To be sent, for the first time or again.
    todo: BlockSet,
    /// On the way.
    flying: BlockSet,
    arrived: BlockSet,
    /// Sent at least once, or there before.
    sent: BlockSet,
    sent_blocks: u64,
    again_blocks: u64,
}

/// What is to be read from the file and sent as one [`Frame`](crate::Frame).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Of which transfer.
    pub id: TransferId,
    /// The number of its first block.
    pub first: u32,
    /// How many.
    pub blocks: u32,
    /// Where in the file it begins.
    pub offset: u64,
    /// How long it is.
    pub bytes: usize,
    /// How many of its blocks had left before.
    pub again: u32,
}

impl Piece {
    fn range(&self) -> Range<u32> {
        self.first..self.first.saturating_add(self.blocks)
    }
}

impl Sender {
    /// A file of so many bytes, of which the receiver has these. `None` if it has more blocks than can be numbered.
    pub fn new(id: TransferId, bytes: u64, have: &Pieces) -> Option<Self> {
        let total = blocks_of(bytes)?;
        let mut sender = Self {
            id,
            bytes,
            total,
            todo: BlockSet::new(),
            flying: BlockSet::new(),
            arrived: BlockSet::new(),
            sent: BlockSet::new(),
            sent_blocks: 0,
            again_blocks: 0,
        };
        sender.on_have(have);
        Some(sender)
    }

    // What changes it.

    /// The next piece, of so many blocks at most.
    pub fn next(&mut self, most: u32) -> Option<Piece> {
        let run = self.todo.take_first(most)?;
        let blocks = run.end - run.start;
        self.flying.insert(run.clone());
        let new = self.sent.insert(run.clone());
        self.sent_blocks += u64::from(blocks);
        self.again_blocks += u64::from(blocks - new);
        let offset = u64::from(run.start) * BLOCK as u64;
        let end = (u64::from(run.end) * BLOCK as u64).min(self.bytes);
        let bytes = (end - offset) as usize;
        Some(Piece { id: self.id, first: run.start, blocks, offset, bytes, again: blocks - new })
    }

    /// This piece arrived, or was lost.
    pub fn on_fate(&mut self, piece: &Piece, arrived: bool) {
        let blocks = piece.range();
        if blocks.end > self.total {
            return;
        }
        let flew = self.flying.remove(blocks.clone());
        if arrived {
            self.todo.remove(blocks.clone());
            self.arrived.insert(blocks);
        } else if flew > 0 && self.arrived.overlap(&blocks) == 0 {
            self.todo.insert(blocks);
        }
    }

    /// This piece never left.
    pub fn on_not_sent(&mut self, piece: &Piece) {
        let blocks = piece.range();
        if blocks.end > self.total || self.flying.remove(blocks.clone()) == 0 {
            return;
        }
        self.sent_blocks = self.sent_blocks.saturating_sub(u64::from(piece.blocks));
        self.again_blocks = self.again_blocks.saturating_sub(u64::from(piece.again));
        if self.arrived.overlap(&blocks) == 0 {
            self.todo.insert(blocks.clone());
            if piece.again == 0 {
                self.sent.remove(blocks);
            }
        }
    }

    /// What is on the way will not be heard of: the connection is gone, or another one.
    pub fn on_connection_lost(&mut self) {
        let flying = std::mem::take(&mut self.flying);
        flying.runs().iter().for_each(|run| {
            self.todo.insert(run.clone());
        });
    }

    /// The receiver says what it has; what is not in it is sent, first or again.
    pub fn on_have(&mut self, have: &Pieces) {
        // Beyond the end of a list that was cut short nothing is known but what was reported.
        if let Some(known_to) = have.known_to() {
            self.arrived.remove(0..known_to);
        } else {
            self.arrived = BlockSet::new();
        }
        let inside = |run: &Range<u32>| run.start.min(self.total)..run.end.min(self.total);
        let there: Vec<_> = have.blocks().runs().iter().map(inside).collect();
        for run in there {
            self.sent.insert(run.clone());
            self.arrived.insert(run);
        }
        self.flying = BlockSet::new();
        self.todo = self.arrived.missing(self.total);
    }

    // What asks it.

    /// Which transfer.
    pub const fn id(&self) -> TransferId {
        self.id
    }

    /// Whether something is to be sent.
    pub const fn has_more(&self) -> bool {
        !self.todo.is_empty()
    }

    /// Whether nothing is left to be sent or heard of: the receiver is to be asked.
    pub const fn is_quiet(&self) -> bool {
        self.todo.is_empty() && self.flying.is_empty()
    }

    /// How many bytes the receiver has, as far as is known.
    pub fn arrived_bytes(&self) -> u64 {
        (u64::from(self.arrived.count()) * BLOCK as u64).min(self.bytes)
    }

    /// How many bytes left, and how many of them not for the first time; whole blocks.
    pub const fn sent_bytes(&self) -> (u64, u64) {
        (self.sent_blocks * BLOCK as u64, self.again_blocks * BLOCK as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MOST_BLOCKS;

    const ID: TransferId = TransferId(1);

    fn have(total: u32) -> Pieces {
        Pieces::of(&BlockSet::all(total))
    }

    fn sender(bytes: u64, there: u32) -> Sender {
        Sender::new(ID, bytes, &have(there)).expect("few blocks")
    }

    #[test]
    fn a_file_leaves_in_order_and_its_last_piece_is_as_long_as_it_is() {
        let mut sender = sender(512 * 4 + 10, 0);
        let pieces: Vec<_> = std::iter::from_fn(|| sender.next(MOST_BLOCKS)).collect();
        let lengths: Vec<_> = pieces.iter().map(|piece| (piece.offset, piece.bytes)).collect();
        assert_eq!(lengths, [(0, 1_024), (1_024, 1_024), (2_048, 10)]);
        assert!(!sender.is_quiet());
        pieces.iter().for_each(|piece| sender.on_fate(piece, true));
        assert!(sender.is_quiet());
        assert_eq!((sender.arrived_bytes(), sender.sent_bytes().1), (2_058, 0));
    }

    #[test]
    fn what_was_lost_goes_before_what_is_new() {
        let mut sender = sender(512 * 100, 0);
        let first = sender.next(2).expect("a piece");
        sender.next(2);
        sender.on_fate(&first, false);
        assert_eq!(sender.next(2), Some(Piece { again: 2, ..first }));
        assert_eq!(sender.sent_bytes(), (6 * 512, 2 * 512));
        sender.on_fate(&first, true);
        sender.on_fate(&first, false);
        assert_eq!(sender.next(2).map(|piece| piece.first), Some(4), "it had arrived after all");
    }

    #[test]
    fn nothing_that_is_there_is_sent() {
        let mut sender = sender(512 * 10, 8);
        assert_eq!(sender.arrived_bytes(), 512 * 8);
        assert_eq!(sender.next(2).map(|piece| piece.first), Some(8));
        assert_eq!(sender.next(2), None);
        assert_eq!(sender.sent_bytes(), (1_024, 0));
    }

    #[test]
    fn the_receivers_word_is_the_last() {
        let mut sender = sender(512 * 4, 0);
        while let Some(piece) = sender.next(2) {
            sender.on_fate(&piece, true);
        }
        sender.on_have(&have(3));
        assert_eq!(sender.next(2).map(|piece| piece.first), Some(3), "it came and was not written");
    }

    #[test]
    fn a_lost_connection_sends_again_what_was_on_the_way_and_no_more() {
        let mut sender = sender(512 * 100, 0);
        for _ in 0..10 {
            let piece = sender.next(2).expect("a piece");
            sender.on_fate(&piece, true);
        }
        sender.next(2);
        sender.on_connection_lost();
        assert_eq!(sender.next(2).map(|piece| piece.first), Some(20));
        assert_eq!(sender.sent_bytes().1, 1_024);
    }

    #[test]
    fn what_never_left_is_sent_and_not_counted_as_sent_again() {
        let mut sender = sender(512 * 4, 0);
        let piece = sender.next(2).expect("a piece");
        sender.on_not_sent(&piece);
        sender.on_not_sent(&piece);
        assert_eq!(sender.sent_bytes(), (0, 0));
        assert_eq!(sender.next(2), Some(piece));
        assert_eq!(sender.sent_bytes(), (1_024, 0));
    }

    #[test]
    fn a_receiver_that_claims_blocks_beyond_the_end_changes_nothing() {
        let mut sender = Sender::new(ID, 512 * 4, &Pieces::of(&BlockSet::all(u32::MAX))).expect("few blocks");
        assert_eq!((sender.next(2), sender.arrived_bytes()), (None, 2_048));
        assert!(Sender::new(ID, u64::MAX, &have(0)).is_none());
        let foreign = Piece { id: ID, first: u32::MAX, blocks: 2, offset: 0, bytes: 0, again: 0 };
        sender.on_fate(&foreign, false);
        assert!(sender.is_quiet());
    }

    #[test]
    fn an_empty_file_is_there_at_once() {
        let mut sender = sender(0, 0);
        assert!(sender.is_quiet() && sender.next(2).is_none());
    }
}
