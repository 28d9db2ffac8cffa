//! Boxes from one endpoint to another, and every other event on its way into a mailbox.

use signaling_protocol::{
    Admission, Code, EndpointId, Envelope, Event, MessageId, Notice, Role, SCHEME_OPEN, SendReply, is_sealed_size,
};
use std::time::Duration;
use units::Timestamp;

use super::endpoint::Endpoint;
use super::presence::Presence;
use super::sent::Seen;
use super::{Numbered, Visits};
use crate::store::Store;

impl<S: Store> Visits<S> {
    pub(super) fn send(&mut self, now: Timestamp, by: EndpointId, messages: Vec<Envelope>) -> Result<SendReply, Code> {
        let sender = self.present(by)?;
        let limits = &self.config.limits;
        if messages.is_empty() {
            return Err(Code::Malformed);
        }
        if messages.len() > limits.boxes_per_request || messages.iter().any(|one| one.sealed.len() > limits.box_bytes) {
            return Err(Code::TooLarge);
        }
        // The size is all that can be seen of a sealed box; one that is not padded tells more than it should.
        if messages.iter().any(|one| one.scheme != SCHEME_OPEN && !is_sealed_size(one.sealed.len())) {
            return Err(Code::BoxSize);
        }
        // All are looked at before the first is delivered: a request is taken whole or not at all.
        let mut fresh: Vec<&Envelope> = Vec::new();
        for message in &messages {
            match sender.sent.look_up(message) {
                Seen::Other => return Err(Code::MessageIdReused),
                Seen::Same => continue,
                Seen::Never => {}
            }
            match fresh.iter().find(|earlier| earlier.id == message.id) {
                Some(earlier) if *earlier == message => continue,
                Some(_) => return Err(Code::MessageIdReused),
                None => {}
            }
            let receiver = self.endpoints.get(&message.to).filter(|other| can_see(sender, other));
            receiver.ok_or(Code::EndpointNotFound)?;
            fresh.push(message);
        }
        let fresh: Vec<Envelope> = fresh.into_iter().cloned().collect();
        self.has_room(now, by, &fresh)?;
        let sender = self.endpoints.get_mut(&by).ok_or(Code::NotSignedIn)?;
        if !sender.messages.take(now, fresh.len() as f64) {
            return Err(Code::TooManyRequests);
        }
        for message in &fresh {
            sender.sent.remember(message);
        }
        for message in fresh {
            let expires = now + Duration::from_millis(message.ttl_ms.into());
            let to = message.to;
            let envelope = Envelope { from: Some(by), ..message };
            self.tell_until(to, Event::Message { envelope }, expires);
        }
        let accepted: Vec<MessageId> = messages.iter().map(|one| one.id).collect();
        Ok(SendReply { accepted })
    }

    /// Whether the mailboxes take these: a guest may fill but a share of a mailbox whose owner is away, or one could crowd
    /// out what the others say.
    fn has_room(&mut self, now: Timestamp, by: EndpointId, fresh: &[Envelope]) -> Result<(), Code> {
        let Some(sender) = self.endpoints.get(&by).map(|known| &known.row) else { return Err(Code::NotSignedIn) };
        let share = match (sender.role, sender.admission) {
            (Role::Host, _) => return Ok(()),
            (Role::Guest, Admission::Admitted) => SHARE_ADMITTED,
            (Role::Guest, Admission::Waiting) => SHARE_WAITING,
        };
        let most_boxes = self.config.limits.mailbox_messages / share;
        let most_bytes = self.config.limits.mailbox_bytes / share;
        let mut receivers: Vec<EndpointId> = fresh.iter().map(|message| message.to).collect();
        receivers.sort();
        receivers.dedup();
        for receiver in receivers {
            let Some(known) = self.endpoints.get_mut(&receiver) else { continue };
            let waiting = known.mailbox.waiting_from(now, by);
            let to_receiver = fresh.iter().filter(|message| message.to == receiver);
            let then = to_receiver.fold(waiting, |sum, message| sum.and(message.sealed.len()));
            if then.boxes > most_boxes || then.bytes > most_bytes {
                return Err(Code::TooManyRequests);
            }
        }
        Ok(())
    }

    /// What happened for `endpoint` after `cursor`, oldest first, with the cursor to go on from.
    ///
    /// Without a cursor it begins with `hello`; with one that cannot be resumed from (an overflow, a restart of the
    /// server) with `reset` and `hello`. Messages not yet past their time follow.
    ///
    /// # Errors
    /// [`Code::NotSignedIn`] if there is no such endpoint any more.
    pub fn events_after(
        &mut self,
        now: Timestamp,
        endpoint: EndpointId,
        cursor: Option<u64>,
    ) -> Result<Vec<Numbered>, Code> {
        let known = self.endpoints.get_mut(&endpoint).ok_or(Code::NotSignedIn)?;
        if let Some(cursor) = cursor.filter(|cursor| known.mailbox.can_resume(*cursor)) {
            return Ok(known.mailbox.after(now, cursor));
        }
        let waiting = known.mailbox.take();
        let before = known.mailbox.newest();
        if cursor.is_some() {
            self.tell(endpoint, Event::Reset);
        }
        self.say_hello(endpoint);
        for (event, expires) in waiting {
            // The rest stands in the hello.
            if matches!(event, Event::Message { .. } | Event::Denied | Event::Removed) || is_end(&event) {
                self.tell_until(endpoint, event, expires);
            }
        }
        let known = self.endpoints.get_mut(&endpoint).ok_or(Code::NotSignedIn)?;
        Ok(known.mailbox.after(now, before))
    }

    /// Whether `endpoint` is out of its visit and has heard everything up to `cursor`: its stream can be closed.
    pub fn is_over(&self, endpoint: EndpointId, cursor: Option<u64>) -> bool {
        self.endpoints.get(&endpoint).is_none_or(|known| {
            known.gone_at.is_some() && cursor.is_some_and(|cursor| cursor >= known.mailbox.newest())
        })
    }

    pub(super) fn tell(&mut self, endpoint: EndpointId, event: Event) {
        self.tell_until(endpoint, event, Timestamp::NEVER);
    }

    /// All those hear `event` who can see `about`.
    pub(super) fn tell_others(&mut self, about: EndpointId, event: &Event) {
        for id in self.seen_by(about) {
            self.tell(id, event.clone());
        }
    }

    fn tell_until(&mut self, endpoint: EndpointId, event: Event, expires: Timestamp) {
        let Some(known) = self.endpoints.get_mut(&endpoint) else { return };
        self.woken.insert(endpoint);
        if known.mailbox.push(event.clone(), expires, &self.config.limits).is_err() {
            // It starts from how things stand now.
            let limits = &self.config.limits;
            known.mailbox.push(Event::Reset, Timestamp::NEVER, limits).ok();
            self.say_hello(endpoint);
            // What made it run over is not lost: the rest is over, but nobody says this again.
            if matches!(event, Event::Message { .. } | Event::Denied | Event::Removed) || is_end(&event) {
                let Some(known) = self.endpoints.get_mut(&endpoint) else { return };
                known.mailbox.push(event, expires, &self.config.limits).ok();
            }
        }
    }

    /// The clinic has later revocations: all who are in a visit hear of them at once. An earlier notice is passed over.
    pub fn set_notice(&mut self, notice: Notice) {
        if self.notice.as_ref().is_some_and(|known| known.epoch >= notice.epoch) {
            return;
        }
        self.notice = Some(notice.clone());
        let there = self.endpoints.iter().filter(|(_, known)| known.gone_at.is_none());
        for id in there.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.tell(id, Event::Notice { notice: notice.clone() });
        }
    }

    fn say_hello(&mut self, endpoint: EndpointId) {
        let Some(known) = self.endpoints.get(&endpoint) else { return };
        let Some(visit) = self.visits.get(&known.row.visit) else { return };
        let others: Vec<_> = self.seen_by(endpoint).iter().filter_map(|id| self.endpoints.get(id)).collect();
        let hello = Event::Hello {
            endpoint,
            admission: known.row.admission,
            state: visit.row.state,
            participants: others.iter().map(|one| one.participant()).collect(),
        };
        let away = others.iter().filter(|one| matches!(one.presence, Presence::Away { .. }));
        let away: Vec<_> = away.map(|one| Event::Away { endpoint: one.row.endpoint }).collect();
        let notice = self.notice.clone().map(|notice| Event::Notice { notice });
        let is_host = known.row.role == Role::Host;
        let locked = Some(Event::Locked { locked: true }).filter(|_| is_host && visit.row.locked);
        let note = visit.note.filter(|_| !is_host && known.row.admission == Admission::Waiting);
        let note = note.map(|note| Event::Note { note });
        let Some(known) = self.endpoints.get_mut(&endpoint) else { return };
        for event in [hello].into_iter().chain(away).chain(notice).chain(locked).chain(note) {
            // A hello of the largest visit is a small part of the smallest mailbox.
            known.mailbox.push(event, Timestamp::NEVER, &self.config.limits).ok();
        }
    }

    /// Those in the visit who may know of `endpoint`: patients never see each other.
    pub(super) fn seen_by(&self, endpoint: EndpointId) -> Vec<EndpointId> {
        let Some(known) = self.endpoints.get(&endpoint) else { return Vec::new() };
        let Some(visit) = self.visits.get(&known.row.visit) else { return Vec::new() };
        let others = visit.members.iter().filter_map(|id| self.endpoints.get(id));
        others.filter(|other| can_see(known, other)).map(|other| other.row.endpoint).collect()
    }
}

/// The part of a mailbox that one guest may fill: a negotiation is some ten boxes. All eight who may wait together fill four
/// fifths of it.
const SHARE_WAITING: usize = 10;
const SHARE_ADMITTED: usize = 5;

/// Whether `other` is there for `one`: in the same visit, not gone, and one of the two a host.
fn can_see(one: &Endpoint, other: &Endpoint) -> bool {
    one.row.endpoint != other.row.endpoint
        && one.row.visit == other.row.visit
        && other.gone_at.is_none()
        && (one.row.role == Role::Host || other.row.role == Role::Host)
}

fn is_end(event: &Event) -> bool {
    matches!(event, Event::Visit { state: signaling_protocol::VisitState::Ended, .. })
}
