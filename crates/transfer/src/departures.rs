//! All files that are being sent: whose piece leaves next.

use std::collections::VecDeque;
use std::time::Duration;

use units::Timestamp;

use crate::{Command, News, Piece, Sender, TransferId};

/// A person looks at a bar: more often nobody sees.
const TOLD_EACH: Duration = Duration::from_millis(250);
/// A packet of which nothing is heard for so long was lost with the report of it, or with its connection.
const FORGOTTEN: Duration = Duration::from_secs(5);

/// The files that are being sent, one piece of each in turn.
#[derive(Debug, Default)]
pub struct Departures {
    leaving: VecDeque<Leaving>,
    news: VecDeque<News>,
    /// Of those that are over: bytes that left, and that left again.
    before: (u64, u64),
}

#[derive(Debug)]
struct Leaving {
    handle: u64,
    sender: Sender,
    paused: bool,
    /// [`News::Quiet`] was said of what it is now.
    told_quiet: bool,
    told_moved: Option<(Timestamp, u64)>,
    /// When something of it left last.
    active: Timestamp,
}

impl Departures {
    /// Does what a command says of files that are sent; passes over others.
    pub fn command(&mut self, now: Timestamp, command: &Command) {
        match command {
            Command::Send { id, handle, bytes, have } => {
                if let Some(leaving) = self.find(*id) {
                    leaving.sender.on_have(have);
                    (leaving.paused, leaving.told_quiet, leaving.active) = (false, false, now);
                } else if let Some(sender) = Sender::new(*id, *bytes, have) {
                    self.leaving.push_back(Leaving {
                        handle: *handle,
                        sender,
                        paused: false,
                        told_quiet: false,
                        told_moved: None,
                        active: now,
                    });
                }
            }
            Command::Pause(id) => {
                if let Some(leaving) = self.find(*id) {
                    leaving.paused = true;
                    leaving.sender.on_connection_lost();
                }
            }
            Command::Close { id, incoming: false, .. } => {
                if let Some(at) = self.leaving.iter().position(|leaving| leaving.sender.id() == *id)
                    && let Some(over) = self.leaving.remove(at)
                {
                    let (sent, again) = over.sender.sent_bytes();
                    self.before = (self.before.0 + sent, self.before.1 + again);
                }
            }
            Command::Close { .. } | Command::Receive { .. } | Command::Tell(_) | Command::TakeStill => {}
        }
    }

    /// The next piece, of so many blocks at most, and the number of its file.
    pub fn next(&mut self, now: Timestamp, most_blocks: u32) -> Option<(u64, Piece)> {
        let at = self.leaving.iter().position(Leaving::has_more)?;
        let mut leaving = self.leaving.remove(at)?;
        let piece = leaving.sender.next(most_blocks);
        let handle = leaving.handle;
        leaving.active = now;
        // The next one is another's.
        self.leaving.push_back(leaving);
        Some((handle, piece?))
    }

    /// This piece arrived, or was lost.
    pub fn on_fate(&mut self, now: Timestamp, piece: &Piece, arrived: bool) {
        if let Some(leaving) = self.find(piece.id) {
            leaving.sender.on_fate(piece, arrived);
            leaving.active = now;
        }
    }

    /// This piece never left.
    pub fn on_not_sent(&mut self, piece: &Piece) {
        if let Some(leaving) = self.find(piece.id) {
            leaving.sender.on_not_sent(piece);
        }
    }

    /// The connection is another one, or none: of what was on the way nothing will be heard.
    pub fn on_connection_lost(&mut self) {
        self.leaving.iter_mut().for_each(|leaving| leaving.sender.on_connection_lost());
    }

    /// Looks whether there is news. To be called some times a second.
    pub fn look(&mut self, now: Timestamp) {
        for leaving in &mut self.leaving {
            let sender = &mut leaving.sender;
            if !sender.has_more() && !sender.is_quiet() && now.since(leaving.active) >= FORGOTTEN {
                sender.on_connection_lost();
            }
            let moved = sender.arrived_bytes();
            let (told_at, told) = leaving.told_moved.unwrap_or((Timestamp::ZERO, u64::MAX));
            if moved != told && now.since(told_at) >= TOLD_EACH {
                leaving.told_moved = Some((now, moved));
                self.news.push_back(News::Moved { id: sender.id(), incoming: false, bytes: moved });
            }
            if !leaving.paused && sender.is_quiet() && !std::mem::replace(&mut leaving.told_quiet, true) {
                self.news.push_back(News::Quiet(sender.id()));
            }
        }
    }

    /// What is to be said.
    pub fn poll_news(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    /// Whether a piece is there to be sent.
    pub fn has_more(&self) -> bool {
        self.leaving.iter().any(Leaving::has_more)
    }

    /// Whether something is being sent that does not wait for a connection.
    pub fn is_active(&self) -> bool {
        self.leaving.iter().any(|leaving| !leaving.paused)
    }

    /// Whether nothing is being sent.
    pub fn is_empty(&self) -> bool {
        self.leaving.is_empty()
    }

    /// How many bytes left of all files so far, and how many of them not for the first time.
    pub fn sent_bytes(&self) -> (u64, u64) {
        self.leaving.iter().map(|leaving| leaving.sender.sent_bytes()).fold(self.before, |sum, one| {
            let (sent, again) = one;
            (sum.0 + sent, sum.1 + again)
        })
    }

    fn find(&mut self, id: TransferId) -> Option<&mut Leaving> {
        self.leaving.iter_mut().find(|leaving| leaving.sender.id() == id)
    }
}

impl Leaving {
    fn has_more(&self) -> bool {
        !self.paused && self.sender.has_more()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pieces;

    fn send(id: u32, bytes: u64) -> Command {
        Command::Send { id: TransferId(id), handle: u64::from(id), bytes, have: Pieces::default() }
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(1_000 + millis)
    }

    #[test]
    fn files_take_turns_and_one_that_waits_holds_none_up() {
        let mut departures = Departures::default();
        departures.command(at(0), &send(1, 10_000));
        departures.command(at(0), &send(2, 10_000));
        let mut next = || departures.next(at(0), 2).map(|(handle, piece)| (handle, piece.first));
        assert_eq!([next(), next(), next()], [Some((1, 0)), Some((2, 0)), Some((1, 2))]);
        departures.command(at(1), &Command::Pause(TransferId(1)));
        assert_eq!(departures.next(at(1), 2).map(|(handle, _)| handle), Some(2));
        assert_eq!(departures.next(at(1), 2).map(|(handle, _)| handle), Some(2));
    }

    #[test]
    fn it_is_quiet_once_all_was_heard_of_and_again_after_the_receivers_word() {
        let mut departures = Departures::default();
        departures.command(at(0), &send(1, 1_500));
        let pieces: Vec<_> = std::iter::from_fn(|| departures.next(at(0), 2)).collect();
        departures.look(at(0));
        assert_eq!(departures.poll_news(), Some(News::Moved { id: TransferId(1), incoming: false, bytes: 0 }));
        pieces.iter().for_each(|(_, piece)| departures.on_fate(at(10), piece, true));
        departures.look(at(20));
        departures.look(at(21));
        let news: Vec<_> = std::iter::from_fn(|| departures.poll_news()).collect();
        assert_eq!(news, [News::Quiet(TransferId(1))]);
        departures.command(at(30), &send(1, 1_500));
        assert!(departures.has_more(), "nothing had been written");
        assert_eq!(departures.sent_bytes(), (1_536, 0));
    }

    #[test]
    fn a_packet_of_which_nothing_is_heard_is_sent_again() {
        let mut departures = Departures::default();
        departures.command(at(0), &send(1, 500));
        let (_, piece) = departures.next(at(0), 2).expect("a piece");
        departures.look(at(4_999));
        assert!(!departures.has_more());
        departures.look(at(5_000));
        assert_eq!(departures.next(at(5_000), 2), Some((1, Piece { again: 1, ..piece })));
        departures.command(at(5_001), &Command::Close { id: TransferId(1), incoming: false, delete: false });
        assert!(departures.is_empty());
        assert_eq!(departures.sent_bytes(), (1_024, 512));
    }
}
