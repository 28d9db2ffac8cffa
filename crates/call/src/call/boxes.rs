//! What comes in boxes: the negotiation's messages.

use signaling_protocol::{EndpointId, Envelope, Role, SCHEME_OPEN, SCHEME_SEALED};
use tracing::{debug, warn};
use trust::{ByeReason, InnerMessage, OpenError};
use units::Timestamp;

use super::Call;
use crate::channel::Taken;
use crate::reconnection::Reconnection;
use crate::remote_party::Path;
use crate::{EndReason, MilestoneKind, Refusal};

impl Call {
    pub(super) fn on_envelope(&mut self, now: Timestamp, envelope: Envelope) {
        let Some(from) = envelope.from else { return };
        let Some(index) = self.index(from) else {
            debug!(%from, "a box from nobody we know");
            return;
        };
        if envelope.scheme != SCHEME_SEALED {
            let refusal = if envelope.scheme == SCHEME_OPEN { Refusal::NotSealed } else { Refusal::NewerApp };
            warn!(%from, scheme = envelope.scheme, "a box that is not sealed as it must be");
            self.remotes[index].channel.drop_one();
            return self.refuse_unless_heard(now, index, refusal);
        }
        for taken in self.remotes[index].channel.take(now, envelope.sealed) {
            let Some(index) = self.index(from).filter(|_| !self.phase.is_ended()) else { return };
            match taken {
                Taken::Message { message, epoch } => self.on_message(now, from, message, epoch),
                Taken::SendAgain(boxes) => {
                    for sealed in boxes {
                        self.send(index, Ok(sealed));
                    }
                }
                Taken::BeginAnew => self.begin_anew(now, index),
                Taken::Refused(error) => self.on_bad_box(now, from, error),
            }
        }
    }

    /// What the other side did and must not is a reason to stop, at any time. What the server may have made up is left
    /// out: it cannot end a call that is heard. Before that it is the reason why nobody comes in, if nothing better comes.
    fn on_bad_box(&mut self, now: Timestamp, from: EndpointId, error: OpenError) {
        let (Some(index), Some(refusal)) = (self.index(from), Refusal::of_box(error)) else { return };
        warn!(%from, %error, "a box that is not taken");
        match error {
            // A live call is not ended by one message that cannot be read.
            OpenError::Padding | OpenError::Inner(_) if refusal == Refusal::Malformed => {
                self.refuse_unless_heard(now, index, refusal);
            }
            _ if error.is_authentic() => self.refuse(now, from, refusal),
            // Nobody makes these by accident.
            OpenError::NotSigned | OpenError::LowOrderPoint => self.refuse_unless_heard(now, index, refusal),
            _ => self.remotes[index].channel.suspect(now, refusal),
        }
    }

    pub(super) fn refuse_unless_heard(&mut self, now: Timestamp, index: usize, refusal: Refusal) {
        if self.remotes[index].path != Path::Up {
            let endpoint = self.remotes[index].endpoint;
            self.refuse(now, endpoint, refusal);
        }
    }

    /// They miss boxes that we do not keep any more.
    fn begin_anew(&mut self, now: Timestamp, index: usize) {
        let random = super::draw(&mut *self.rng);
        let remote = &mut self.remotes[index];
        remote.channel.begin_epoch(random);
        remote.negotiation.say_again(now);
        self.pump(index);
    }

    pub(super) fn on_message(&mut self, now: Timestamp, from: EndpointId, message: InnerMessage, epoch: u32) {
        let Some(index) = self.index(from) else { return };
        let role = self.role();
        if role == Role::Guest && self.ice.servers.is_none() && !self.has_waited_for_ice(now) {
            self.ask_for_ice(now);
            self.waiting_for_ice.push((from, message, epoch));
            return;
        }
        let remote = &mut self.remotes[index];
        match message {
            InnerMessage::Offer { generation, parameters } if role == Role::Guest => {
                let dead = remote.reconnection().is_some_and(|reconnection| reconnection.is_connection_dead());
                let useless = dead || remote.negotiation.is_failed();
                if useless && remote.negotiation.is_for_this_connection(&parameters) {
                    // What they say is for a connection that is gone here.
                    return self.ask_for_another(index);
                }
                let ice = self.ice.servers.clone().unwrap_or_default();
                let heard = remote.path == Path::Up;
                match remote.negotiation.on_offer(now, generation, parameters, epoch, &ice, heard) {
                    Ok(new_connection) => {
                        if new_connection && remote.path == Path::Up {
                            remote.lose_path(now, Reconnection::after_silence(now));
                        }
                    }
                    Err(refusal) => return self.refuse(now, from, refusal),
                }
            }
            InnerMessage::Answer { generation, parameters } if role == Role::Host => {
                if remote.negotiation.is_another_answer(generation, &parameters) {
                    if !remote.negotiation.offered_lately(now) {
                        self.open_connection(now, index);
                    }
                    return;
                }
                if let Err(refusal) = remote.negotiation.on_answer(now, generation, parameters) {
                    return self.refuse(now, from, refusal);
                }
                if remote.negotiation.is_settled() {
                    if let Some(reconnection) = remote.reconnection() {
                        reconnection.restarted(now);
                    }
                    self.reach(index, MilestoneKind::Negotiated, now);
                }
            }
            InnerMessage::Candidates { generation, candidates } => {
                remote.negotiation.on_remote_candidates(generation, candidates);
            }
            InnerMessage::OfferRequest if role == Role::Host => self.on_offer_request(now, index),
            InnerMessage::IceRestartRequest if role == Role::Host => {
                if remote.negotiation.is_settled()
                    && remote.negotiation.verified_since().is_some()
                    && !remote.negotiation.offered_lately(now)
                {
                    remote.negotiation.restart_ice(now);
                }
            }
            InnerMessage::IceRestartRequest => {
                // The host's own end of the path is gone: the offer that follows is no mistake.
                if remote.path == Path::Up && remote.negotiation.is_complete() {
                    remote.lose_path(now, Reconnection::after_silence(now));
                }
            }
            InnerMessage::Bye { reason } => return self.on_bye(now, from, reason),
            InnerMessage::Offer { .. }
            | InnerMessage::Answer { .. }
            | InnerMessage::EndOfCandidates { .. }
            | InnerMessage::OfferRequest => {}
        }
        self.pump(index);
    }

    /// Guest: this connection is no use, unless that was or will be said anyway.
    fn ask_for_another(&mut self, index: usize) {
        if self.remotes[index].reopen_at.is_none() {
            self.say(index, &InnerMessage::OfferRequest);
        }
    }

    /// The guest misses something: what was said, if the connection is not there yet, or else the connection. Who asks
    /// twice has heard it and cannot use it.
    fn on_offer_request(&mut self, now: Timestamp, index: usize) {
        let remote = &mut self.remotes[index];
        if remote.negotiation.is_idle() {
            // Another one is due already.
        } else if remote.negotiation.verified_since().is_none() && !remote.negotiation.was_asked_again() {
            remote.negotiation.say_again(now);
        } else if !remote.negotiation.offered_lately(now) {
            if remote.path == Path::Up {
                remote.lose_path(now, Reconnection::after_close(now));
            }
            self.open_connection(now, index);
        }
    }

    /// They hang up: over the control channel or in a box.
    pub(super) fn on_bye(&mut self, now: Timestamp, from: EndpointId, reason: ByeReason) {
        debug!(%from, ?reason, "bye");
        if self.role() == Role::Guest || self.is_partner(from) {
            // Their app found something that is not safe: nobody of this call is remembered.
            self.was_live &= reason != ByeReason::Refused;
            self.end(now, EndReason::TheyHungUp);
        } else if let Some(index) = self.index(from) {
            self.forget(index);
        }
    }

    /// No servers for us. Somebody far back in the queue may ask again when it is their turn; the host and whoever has
    /// an offer in hand go on without.
    pub(super) fn on_ice_refused(&mut self, now: Timestamp) {
        if self.role() == Role::Host || !self.waiting_for_ice.is_empty() {
            self.on_ice_settled(now);
        } else {
            self.ice.asked = None;
        }
    }

    /// The servers for finding a path are known, or known not to be had.
    pub(super) fn on_ice_settled(&mut self, now: Timestamp) {
        self.ice.asked = None;
        self.ice.servers.get_or_insert_default();
        for (from, message, epoch) in std::mem::take(&mut self.waiting_for_ice) {
            self.on_message(now, from, message, epoch);
        }
    }
}
