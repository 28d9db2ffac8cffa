//! What the two hand each other: words, files, a photograph. Decided by `transfer`; here is who may, and over which connection.

use std::sync::Arc;

use rand_core::Rng;
use transfer::{Chat, ChatMessage, Limits, Line, LocalFile, Message, News, TextError, Transfers};
use units::{Phi, Timestamp};

use super::{Call, draw};
use crate::remote_party::Gate;
use crate::{ControlMessage, Handed, HandingIntent, Output, PeerCommand, Problem};

/// What was written and handed over in this visit, with one other person.
#[derive(Debug)]
pub(super) struct Handing {
    chat: Chat,
    /// As it is shown: made anew when something was written.
    lines: Arc<[Line]>,
    transfers: Transfers,
    /// Host: by which link the person came with whom this was. Another one sees nothing of it.
    with: Option<signaling_protocol::InviteId>,
    is_over: bool,
}

impl Handing {
    pub(super) fn new(rng: &mut (dyn Rng + Send)) -> Self {
        Self {
            chat: Chat::new(u32::from_be_bytes(draw(rng))),
            lines: Arc::default(),
            transfers: Transfers::new(Limits::default()),
            with: None,
            is_over: false,
        }
    }

    fn show_lines(&mut self) {
        self.lines = self.chat.lines().cloned().collect();
    }

    pub(super) fn shown(&self) -> Handed {
        let (saved_by_us, saved_by_them) = self.chat.saved();
        Handed {
            lines: self.lines.clone(),
            saved_by_us,
            saved_by_them,
            transfers: self.transfers.views(),
            still: self.transfers.still(),
            turned_away: self.transfers.turned_away(),
        }
    }
}

impl Call {
    pub(super) fn hand(&mut self, intent: HandingIntent) {
        let handing = &mut self.handing;
        match intent {
            HandingIntent::Accept(id) => handing.transfers.accept(id),
            HandingIntent::Cancel(place) => handing.transfers.cancel(place.id, place.incoming),
            HandingIntent::AskStill if self.config.party.role() == signaling_protocol::Role::Host => {
                handing.transfers.ask_still();
            }
            // Whoever is cared for asks nobody for a photograph.
            HandingIntent::AskStill => {}
            HandingIntent::AnswerStill(agrees) => handing.transfers.answer_still(agrees),
            HandingIntent::ChatSaved => {
                let saved = handing.chat.on_saved();
                self.say_chat(saved);
            }
        }
    }

    pub(super) fn write(&mut self, now: Timestamp, text: &Phi<String>) {
        match self.handing.chat.write(now, text.expose()) {
            Ok(line) => {
                self.handing.show_lines();
                self.say_chat(line);
            }
            Err(TextError::Empty) => {}
            Err(error) => self.problem = Some(Problem::NotWritten(error)),
        }
    }

    pub(super) fn offer_file(&mut self, file: LocalFile) {
        let number = u32::from_be_bytes(draw(&mut *self.rng));
        if let Err(error) = self.handing.transfers.offer(file, number) {
            self.problem = Some(Problem::NotOffered(error));
        }
    }

    pub(super) fn on_file_news(&mut self, now: Timestamp, news: News) {
        self.handing.transfers.on_news(now, news);
    }

    pub(super) fn on_kept_part(&mut self, bytes: u64, sha256: transfer::FileHash) {
        self.handing.transfers.on_kept(bytes, sha256);
    }

    pub(super) fn on_chat(&mut self, now: Timestamp, index: usize, message: ChatMessage) {
        if !self.may_hand(index) {
            return tracing::debug!("who is not in the visit writes");
        }
        let answer = self.handing.chat.on_message(now, message);
        self.handing.show_lines();
        if let Some(answer) = answer {
            self.say_chat(answer);
        }
    }

    pub(super) fn on_transfer(&mut self, now: Timestamp, index: usize, message: Message) {
        if !self.may_hand(index) {
            return tracing::debug!("who is not in the visit hands something over");
        }
        let remote = &self.remotes[index];
        if message == Message::AskStill && matches!(remote.gate, Gate::Host(_)) {
            return tracing::debug!("a guest cannot ask for a photograph");
        }
        self.handing.transfers.on_message(now, message);
    }

    /// Whether this one is in the visit with us, and was let in by our own gate.
    fn may_hand(&self, index: usize) -> bool {
        let remote = &self.remotes[index];
        self.is_partner(remote.endpoint) && remote.media_open
    }

    /// Whom we can say something, after all that they must have heard before.
    fn handed_to(&self) -> Option<usize> {
        let index = self.partner.and_then(|partner| self.index(partner))?;
        let remote = &self.remotes[index];
        (remote.media_open && remote.negotiation.is_control_open()).then_some(index)
    }

    /// What follows of who is there now, and what is to be said and done.
    pub(super) fn settle_handing(&mut self, now: Timestamp) {
        self.forget_another();
        match self.handed_to() {
            Some(index) if !std::mem::replace(&mut self.remotes[index].hears_handing, true) => {
                // The other end's app may know nothing of what was said over a connection before.
                self.handing.transfers.on_disconnected();
                self.handing.transfers.on_connected();
                for message in self.handing.chat.on_connected() {
                    self.say_chat(message);
                }
            }
            Some(_) => {}
            None => self.handing.transfers.on_disconnected(),
        }
        while let Some(message) = self.handing.transfers.poll_message() {
            if let Some(index) = self.handed_to() {
                let bytes = ControlMessage::Transfer { transfer: message }.to_bytes();
                let endpoint = self.remotes[index].endpoint;
                self.peer(endpoint, PeerCommand::SendControl(bytes));
            }
        }
        self.do_with_files();
        self.policy.set_files(now, self.handing.transfers.is_sending());
    }

    /// Host: somebody else is let in, by another link. What was written to the one before is not theirs.
    fn forget_another(&mut self) {
        let Some(index) = self.partner.and_then(|partner| self.index(partner)) else { return };
        let Some(invite) = self.remotes[index].invite else { return };
        if self.handing.with.replace(invite).is_some_and(|before| before != invite) {
            self.handing.transfers.abandon(true);
            self.do_with_files();
            self.handing = Handing { with: Some(invite), ..Handing::new(&mut *self.rng) };
        }
    }

    /// The visit is over. Parts of files stay only where a lost connection or a stopped app ended it.
    pub(super) fn end_handing(&mut self) {
        if let crate::Phase::Ended(reason) = self.phase
            && !std::mem::replace(&mut self.handing.is_over, true)
        {
            self.handing.transfers.abandon(!reason.is_lost());
            self.do_with_files();
        }
    }

    fn do_with_files(&mut self) {
        while let Some(command) = self.handing.transfers.poll_command() {
            self.outputs.push_back(Output::Files(command));
        }
    }

    fn say_chat(&mut self, message: ChatMessage) {
        // What nobody hears now is said on the next connection.
        if let Some(index) = self.handed_to() {
            let bytes = ControlMessage::Chat { chat: message }.to_bytes();
            let endpoint = self.remotes[index].endpoint;
            self.peer(endpoint, PeerCommand::SendControl(bytes));
        }
    }
}
