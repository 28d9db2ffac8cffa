//! What is sent: from files to the connection.

use peer::{BulkFate, BulkOut, Fate};
use transfer::{Frame, MOST_BLOCKS, News, Trouble};
use units::DataRate;

use super::{Clerk, Gone};

/// On a thinner link a piece is one block, so that it holds no word up for long.
const WHOLE_PIECES_FROM: DataRate = DataRate::from_kbps(600);

impl Clerk {
    pub(super) fn hear_fates(&mut self) {
        let now = self.now();
        let Some((_, streams)) = &mut self.attached else { return };
        while let Ok(BulkFate { tag, fate }) = streams.fates.try_recv() {
            let Some(piece) = self.flying.remove(&tag) else { continue };
            match fate {
                Fate::Arrived => self.departures.on_fate(now, &piece, true),
                Fate::Lost => self.departures.on_fate(now, &piece, false),
                Fate::NotSent => self.departures.on_not_sent(&piece),
            }
        }
    }

    pub(super) fn send(&mut self) -> Result<(), Gone> {
        let now = self.now();
        let Some((peer, _)) = &self.attached else { return Ok(()) };
        let peer = peer.clone();
        let most_blocks = if peer.stats().target >= WHOLE_PIECES_FROM { MOST_BLOCKS } else { 1 };
        if let Some(unsent) = self.unsent.take()
            && let Err(unsent) = peer.send_bulk(unsent)
        {
            self.unsent = Some(unsent);
            return Ok(());
        }
        while let Some((handle, piece)) = self.departures.next(now, most_blocks) {
            let mut data = vec![0; piece.bytes];
            if self.ours.get_mut(&handle).is_none_or(|ours| ours.read_at(piece.offset, &mut data).is_err()) {
                return self.say(News::Broken { id: piece.id, incoming: false, trouble: Trouble::Unreadable });
            }
            let payload = Frame { id: piece.id, first: piece.first, data: &data }.to_bytes().into();
            let tag = self.next_tag;
            self.next_tag += 1;
            self.flying.insert(tag, piece);
            if let Err(unsent) = peer.send_bulk(BulkOut { tag, payload }) {
                self.unsent = Some(unsent);
                break;
            }
        }
        Ok(())
    }

    pub(super) fn lose_connection(&mut self) {
        if let Some((peer, _)) = &self.attached {
            peer.set_bulk_active(false);
        }
        // What waited had not left.
        self.hear_fates();
        self.attached = None;
        if let Some(piece) = self.unsent.take().and_then(|unsent| self.flying.remove(&unsent.tag)) {
            self.departures.on_not_sent(&piece);
        }
        self.flying.clear();
        self.departures.on_connection_lost();
    }
}
