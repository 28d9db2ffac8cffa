//! All that two apps hand each other, decided: what is offered, taken, refused, gone on with, and over.

use std::collections::{BTreeMap, VecDeque};

use units::{Phi, Timestamp};

use crate::limits::OfferRate;
use crate::{FileHash, Kind, Limits, Message, Reason, TransferId, blocks_of, safe_name};

mod heard;
mod orders;
mod view;

pub use orders::{Command, LocalFile, News};
use view::Transfer;
pub use view::{Ending, OfferError, Place, State, Still, TransferView, Trouble};

/// A part of a file that an earlier run of this app has received: known by length and hash.
type Kept = (u64, FileHash);

/// Every transfer between us and one other person.
pub struct Transfers {
    limits: Limits,
    rate: OfferRate,
    outgoing: BTreeMap<TransferId, Transfer>,
    incoming: BTreeMap<TransferId, Transfer>,
    /// Both directions, in the order in which they began.
    order: VecDeque<(bool, TransferId)>,
    kept: Vec<Kept>,
    still: Still,
    /// Ours that are over while they did not hear.
    withdrawn: Vec<TransferId>,
    /// Offers that nobody was asked about.
    turned_away: u32,
    connected: bool,
    messages: VecDeque<Message>,
    commands: VecDeque<Command>,
}

impl Transfers {
    /// Nothing was offered.
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            rate: OfferRate::new(),
            outgoing: BTreeMap::new(),
            incoming: BTreeMap::new(),
            order: VecDeque::new(),
            kept: Vec::new(),
            still: Still::None,
            withdrawn: Vec::new(),
            turned_away: 0,
            connected: false,
            messages: VecDeque::new(),
            commands: VecDeque::new(),
        }
    }

    // What our person and our files do.

    /// Offers a file. `number` is random; one that is taken is counted on from.
    ///
    /// # Errors
    /// If it is too large, or too much is open.
    pub fn offer(&mut self, file: LocalFile, number: u32) -> Result<TransferId, OfferError> {
        let too_large = file.bytes > self.limits.most(file.kind) || blocks_of(file.bytes).is_none();
        let error = if too_large {
            Some(OfferError::TooLarge)
        } else if open(&self.outgoing) >= self.limits.most_open {
            Some(OfferError::TooMany)
        } else {
            None
        };
        if let Some(error) = error {
            if file.kind == Kind::Still {
                self.no_still();
            }
            return Err(error);
        }
        let mut id = TransferId(number);
        while self.outgoing.contains_key(&id) {
            id = TransferId(id.0.wrapping_add(1));
        }
        let LocalFile { handle, kind, name, bytes, sha256 } = file;
        let name = Phi::new(safe_name(name.expose()));
        if kind == Kind::Still {
            self.still = Still::None;
        }
        let transfer = Transfer::new(kind, name, bytes, sha256, Some(handle));
        let offer = transfer.offer(id);
        self.begin(false, id, transfer);
        self.say(Message::Offer(offer));
        Ok(id)
    }

    /// Our person takes what was offered.
    pub fn accept(&mut self, id: TransferId) {
        if self.incoming.get(&id).is_some_and(|transfer| transfer.state == State::Offered) {
            self.receive(id);
        }
    }

    /// Our person does not want this, or not any more, whoever offered it.
    pub fn cancel(&mut self, id: TransferId, incoming: bool) {
        let Some(transfer) = self.side(incoming).get(&id).filter(|transfer| transfer.is_open()) else { return };
        let ending =
            if transfer.state == State::Offered && incoming { Ending::Declined } else { Ending::CancelledByUs };
        self.say_over(id, incoming, Reason::Declined);
        self.end(id, incoming, ending);
    }

    /// A photograph is wished for. Clinicians only.
    pub fn ask_still(&mut self) {
        if matches!(self.still, Still::None | Still::Refused) && self.connected {
            self.still = Still::AskedByUs;
            self.say(Message::AskStill);
        }
    }

    /// Our person answers to that wish.
    pub fn answer_still(&mut self, agrees: bool) {
        if self.still != Still::AskedByThem {
            return;
        }
        if agrees {
            self.still = Still::Taking;
            self.commands.push_back(Command::TakeStill);
        } else {
            self.still = Still::None;
            self.say(Message::RefuseStill);
        }
    }

    /// An earlier run of this app has a part of such a file, and its person wanted it.
    pub fn on_kept(&mut self, bytes: u64, sha256: FileHash) {
        if self.kept.len() < MOST_KEPT {
            self.kept.push((bytes, sha256));
        }
    }

    /// Who reads and writes files says this.
    pub fn on_news(&mut self, now: Timestamp, news: News) {
        match news {
            News::Ready { id, have } => {
                let connected = self.connected;
                if let Some(transfer) = self.incoming.get_mut(&id).filter(|transfer| transfer.is_taken()) {
                    transfer.state = if connected { State::Moving } else { State::Waiting };
                    self.say(Message::Accept { id, have });
                }
            }
            News::Moved { id, incoming, bytes } => {
                if let Some(transfer) = self.side_mut(incoming).get_mut(&id).filter(|transfer| transfer.is_open()) {
                    transfer.moved(now, bytes);
                }
            }
            News::Quiet(id) => {
                if let Some(transfer) = self.outgoing.get_mut(&id).filter(|transfer| transfer.state == State::Moving) {
                    transfer.state = State::Checking;
                    self.say(Message::Ask { id });
                }
            }
            News::Have { id, have } => {
                if self.incoming.get(&id).is_some_and(Transfer::is_open) {
                    self.say(Message::Have { id, have });
                }
            }
            News::Whole(id) => {
                if self.incoming.get(&id).is_some_and(Transfer::is_open) {
                    self.finish(id, true);
                    self.say(Message::Arrived { id });
                }
            }
            News::WrongHash(id) => self.give_up(id, true, Ending::WrongHash, Reason::WrongHash),
            News::Broken { id, incoming, trouble } => {
                self.give_up(id, incoming, Ending::Broken(trouble), Reason::NotWritten);
            }
            News::NoStill => self.no_still(),
        }
    }

    /// It is over with this person: no file is sent or taken any more. Parts are deleted, or kept for another run of this app.
    pub fn abandon(&mut self, delete: bool) {
        for (incoming, id) in self.order.clone() {
            if let Some(transfer) = self.side_mut(incoming).get_mut(&id).filter(|transfer| transfer.is_open()) {
                transfer.wait(State::Ended(Ending::Over));
                self.commands.push_back(Command::Close { id, incoming, delete: delete && incoming });
            }
        }
    }

    // Helpers.

    /// Has this made ready to be written, for the first time or again.
    fn receive(&mut self, id: TransferId) {
        let Some(transfer) = self.incoming.get_mut(&id) else { return };
        transfer.state = State::Opening;
        let Transfer { kind, name, bytes, sha256, .. } = transfer;
        let command = Command::Receive { id, kind: *kind, name: name.clone(), bytes: *bytes, sha256: *sha256 };
        self.commands.push_back(command);
    }

    /// One that is not over, was taken, and is the same.
    fn known_by_content(&self, bytes: u64, sha256: FileHash) -> Option<TransferId> {
        let same = |it: &Transfer| it.is_taken() && (it.bytes, it.sha256) == (bytes, sha256);
        self.incoming.iter().find(|(_, transfer)| same(transfer)).map(|(id, _)| *id)
    }

    fn rename(&mut self, before: TransferId, now: TransferId) {
        if let Some(transfer) = self.incoming.remove(&before) {
            self.commands.push_back(Command::Close { id: before, incoming: true, delete: false });
            self.incoming.insert(now, transfer);
            for place in self.order.iter_mut().filter(|place| **place == (true, before)) {
                place.1 = now;
            }
        }
    }

    fn begin(&mut self, incoming: bool, id: TransferId, transfer: Transfer) {
        self.side_mut(incoming).insert(id, transfer);
        self.order.push_back((incoming, id));
        // What is over goes, the oldest first; what is open is counted elsewhere.
        let over = |&(incoming, id): &(bool, TransferId)| !self.side(incoming).get(&id).is_some_and(Transfer::is_open);
        let ended: Vec<_> = self.order.iter().copied().filter(over).collect();
        for (incoming, id) in ended.iter().take(ended.len().saturating_sub(MOST_ENDED)) {
            self.side_mut(*incoming).remove(id);
            self.order.retain(|place| place != &(*incoming, *id));
        }
    }

    fn finish(&mut self, id: TransferId, incoming: bool) {
        if let Some(transfer) = self.side_mut(incoming).get_mut(&id) {
            transfer.arrived();
            self.commands.push_back(Command::Close { id, incoming, delete: false });
        }
    }

    /// It cannot go on because of us.
    fn give_up(&mut self, id: TransferId, incoming: bool, ending: Ending, why: Reason) {
        if self.side(incoming).get(&id).is_some_and(Transfer::is_open) {
            self.say_over(id, incoming, why);
            self.end(id, incoming, ending);
        }
    }

    /// Says that it is over because of us.
    fn say_over(&mut self, id: TransferId, incoming: bool, why: Reason) {
        match (incoming, self.connected) {
            (true, _) => self.say(Message::Refuse { id, why }),
            (false, true) => self.say(Message::Withdraw { id }),
            // Theirs would wait for us for ever; who offers hears it from us when they do so again.
            (false, false) => self.withdrawn.push(id),
        }
    }

    fn end(&mut self, id: TransferId, incoming: bool, ending: Ending) {
        if let Some(transfer) = self.side_mut(incoming).get_mut(&id).filter(|transfer| transfer.is_open()) {
            transfer.wait(State::Ended(ending));
            self.commands.push_back(Command::Close { id, incoming, delete: incoming });
        }
    }

    /// They wished for a photograph, and there will be none.
    fn no_still(&mut self) {
        if self.still == Still::Taking {
            self.still = Still::None;
            self.say(Message::RefuseStill);
        }
    }

    /// Says something, if they hear; what still matters is said on the next connection.
    fn say(&mut self, message: Message) {
        if self.connected {
            self.messages.push_back(message);
        }
    }

    fn side(&self, incoming: bool) -> &BTreeMap<TransferId, Transfer> {
        if incoming { &self.incoming } else { &self.outgoing }
    }

    fn side_mut(&mut self, incoming: bool) -> &mut BTreeMap<TransferId, Transfer> {
        if incoming { &mut self.incoming } else { &mut self.outgoing }
    }

    // What asks it.

    /// What to say next.
    pub fn poll_message(&mut self) -> Option<Message> {
        self.messages.pop_front()
    }

    /// What is to be done next with files.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// Whether bytes of ours are on their way: room for them is to be kept.
    pub fn is_sending(&self) -> bool {
        self.outgoing.values().any(|transfer| matches!(transfer.state, State::Moving | State::Checking))
    }

    /// What is shown, in the order in which it began.
    pub fn views(&self) -> Vec<TransferView> {
        let view = |&(incoming, id): &(bool, TransferId)| Some(self.side(incoming).get(&id)?.view(id, incoming));
        self.order.iter().filter_map(view).collect()
    }

    /// How it stands with a photograph.
    pub const fn still(&self) -> Still {
        self.still
    }

    /// How many offers of theirs were turned away without asking anybody.
    pub const fn turned_away(&self) -> u32 {
        self.turned_away
    }
}

impl std::fmt::Debug for Transfers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transfers").field("views", &self.views()).finish_non_exhaustive()
    }
}

fn open(side: &BTreeMap<TransferId, Transfer>) -> usize {
    side.values().filter(|transfer| transfer.is_open()).count()
}

/// Parts of files from earlier runs that are known.
const MOST_KEPT: usize = 64;
/// Transfers that are over and still shown.
const MOST_ENDED: usize = 64;

#[cfg(test)]
mod tests;
