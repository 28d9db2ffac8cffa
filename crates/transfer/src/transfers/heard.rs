//! What the other side does, and what becomes of it.

use units::{Phi, Timestamp};

use super::view::{Transfer, Trouble};
use super::{Command, Ending, State, Still, Transfers, open};
use crate::{Kind, Message, Offer, Pieces, Reason, TransferId, blocks_of, safe_name};

impl Transfers {
    /// The control channel to them is open, for the first time or again.
    pub fn on_connected(&mut self) {
        self.connected = true;
        self.messages.clear();
        let offers: Vec<_> =
            self.outgoing.iter().filter(|(_, it)| it.is_open()).map(|(id, it)| it.offer(*id)).collect();
        self.messages.extend(offers.into_iter().map(Message::Offer));
        self.messages.extend(self.withdrawn.drain(..).map(|id| Message::Withdraw { id }));
        if self.still == Still::AskedByUs {
            self.messages.push_back(Message::AskStill);
        }
    }

    /// They are not heard any more. What moved waits.
    pub fn on_disconnected(&mut self) {
        if !std::mem::take(&mut self.connected) {
            return;
        }
        self.messages.clear();
        for (id, transfer) in &mut self.outgoing {
            if matches!(transfer.state, State::Moving | State::Checking) {
                transfer.wait(State::Waiting);
                self.commands.push_back(Command::Pause(*id));
            }
        }
        for transfer in self.incoming.values_mut().filter(|transfer| transfer.state == State::Moving) {
            transfer.wait(State::Waiting);
        }
    }

    /// They said this.
    pub fn on_message(&mut self, now: Timestamp, message: Message) {
        match message {
            Message::Offer(offer) => self.on_offer(now, offer),
            Message::Accept { id, have } => self.on_accept(id, have),
            Message::Have { id, have } => {
                if self.outgoing.get(&id).is_some_and(|transfer| transfer.state == State::Checking) {
                    self.on_accept(id, have);
                }
            }
            Message::Refuse { id, why } => {
                let ending = match (why, self.outgoing.get(&id).map(|transfer| transfer.state)) {
                    (Reason::Declined, Some(State::Offered)) => Ending::Declined,
                    (Reason::Declined | Reason::Unknown, _) => Ending::CancelledByThem,
                    (Reason::TooLarge | Reason::TooMany, _) => Ending::NotTaken(why),
                    (Reason::NotWritten, _) => Ending::Broken(Trouble::UnwritableThere),
                    (Reason::WrongHash, _) => Ending::WrongHash,
                };
                self.end(id, false, ending);
            }
            Message::Ask { id } => match self.incoming.get(&id).map(|transfer| transfer.state) {
                Some(State::Moving | State::Checking) => self.commands.push_back(Command::Tell(id)),
                Some(State::Arrived) => self.say(Message::Arrived { id }),
                _ => {}
            },
            Message::Arrived { id } => {
                if self.outgoing.get(&id).is_some_and(|transfer| transfer.is_open() && transfer.state != State::Offered)
                {
                    self.finish(id, false);
                }
            }
            Message::Withdraw { id } => self.end(id, true, Ending::CancelledByThem),
            Message::AskStill => {
                if self.still == Still::None {
                    self.still = Still::AskedByThem;
                }
            }
            Message::RefuseStill => {
                if self.still == Still::AskedByUs {
                    self.still = Still::Refused;
                }
            }
            Message::Unknown => {}
        }
    }

    fn on_offer(&mut self, now: Timestamp, offer: Offer) {
        let Offer { id, of, name, bytes, sha256 } = offer;
        if !self.rate.lets_in(now) {
            // Not even an answer: that would be a flood of ours.
            self.turned_away = self.turned_away.saturating_add(1);
            return;
        }
        if let Some(known) = self.incoming.get(&id) {
            let answer = match known.state {
                _ if (known.bytes, known.sha256) != (bytes, sha256) => {
                    Some(Message::Refuse { id, why: Reason::Declined })
                }
                State::Waiting | State::Moving | State::Opening | State::Checking => return self.receive(id),
                State::Offered => None,
                State::Arrived => Some(Message::Arrived { id }),
                State::Ended(ending) => Some(Message::Refuse { id, why: ending.reason() }),
            };
            self.messages.extend(answer);
            return;
        }
        let too_large = bytes > self.limits.most(of) || blocks_of(bytes).is_none();
        let why = match self.known_by_content(bytes, sha256) {
            // Their app was started again: it draws another number.
            Some(before) => {
                self.rename(before, id);
                return self.receive(id);
            }
            None if too_large => Some(Reason::TooLarge),
            None if open(&self.incoming) >= self.limits.most_open => Some(Reason::TooMany),
            None => None,
        };
        if let Some(why) = why {
            self.turned_away = self.turned_away.saturating_add(1);
            return self.say(Message::Refuse { id, why });
        }
        let awaited = of == Kind::Still && self.still == Still::AskedByUs;
        let is_kept = self.kept.iter().position(|kept| *kept == (bytes, sha256)).map(|at| self.kept.swap_remove(at));
        let name = Phi::new(safe_name(name.expose()));
        self.begin(true, id, Transfer::new(of, name, bytes, sha256, None));
        if awaited {
            self.still = Still::None;
        }
        if awaited || is_kept.is_some() {
            self.receive(id);
        }
    }

    /// They have this, and want the rest.
    fn on_accept(&mut self, id: TransferId, have: Pieces) {
        let Some(transfer) = self.outgoing.get_mut(&id).filter(|transfer| transfer.is_open()) else { return };
        let Some(handle) = transfer.handle else { return };
        transfer.state = State::Moving;
        let bytes = transfer.bytes;
        self.commands.push_back(Command::Send { id, handle, bytes, have });
    }
}
