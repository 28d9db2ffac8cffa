//! What is asked inside the seal before and while the two talk: where the patient is, and the code of the clinic that wants
//! one. All of it goes over the verified connection of the two; of a code the server counts the tries.

use signaling_protocol::{Code, EndpointId, MOST_CODE_TRIES, Role};
use tracing::{debug, info};
use units::{Phi, Timestamp};

use super::Call;
use crate::admission::HostGate;
use crate::code_check::is_code;
use crate::remote_party::{CodeTries, Gate};
use crate::{CodeStanding, ControlMessage, Facts, Party, PeerCommand, Problem, Refusal, SignalingRequest};

impl Call {
    // The guest.

    /// Our person says where they are and whom to call: the host's app is told, now and over each later connection.
    pub(super) fn set_facts(&mut self, facts: Facts) {
        if self.role() == Role::Guest {
            self.own_facts = Some(facts.tidied());
            for remote in &mut self.remotes {
                remote.told_facts = false;
            }
        }
    }

    /// Our person has typed the code.
    pub(super) fn say_code(&mut self, code: Phi<String>) {
        let asks = |remote: &&mut crate::remote_party::RemoteParty| {
            remote.asks_code.is_some() && remote.negotiation.is_complete() && remote.negotiation.is_control_open()
        };
        let Some(remote) = self.remotes.iter_mut().find(asks) else { return debug!("nobody asks for a code") };
        remote.asks_code = None;
        let endpoint = remote.endpoint;
        let code: String = code.expose().chars().take(MOST_CODE_CHARS).collect();
        let said = ControlMessage::Code { code: Phi::new(code) };
        self.peer(endpoint, PeerCommand::SendControl(said.to_bytes()));
    }

    /// The host's app wants the code; so many were wrong.
    pub(super) fn on_code_asked(&mut self, index: usize, wrong: u8) {
        self.remotes[index].asks_code = Some(wrong);
    }

    pub(super) fn on_code_right(&mut self, index: usize) {
        self.remotes[index].asks_code = None;
    }

    // The host.

    pub(super) fn on_facts(&mut self, index: usize, facts: Facts) {
        self.remotes[index].facts = Some(facts.tidied());
    }

    /// The code of the link by which this one came, unless it has been said already.
    fn wanted_code(&self, index: usize) -> Option<Phi<String>> {
        let remote = &self.remotes[index];
        let Party::Host { invites, .. } = &self.config.party else { return None };
        let ours = invites.iter().find(|ours| Some(ours.invite) == remote.invite)?;
        ours.code.clone().filter(|_| !self.said_code.contains(&remote.channel.id()))
    }

    /// Where this one stands with their code.
    pub(super) fn code_standing(&self, index: usize) -> CodeStanding {
        let remote = &self.remotes[index];
        if self.said_code.contains(&remote.channel.id()) {
            CodeStanding::Right
        } else if self.wanted_code(index).is_some() {
            CodeStanding::Asked { left: MOST_CODE_TRIES.saturating_sub(remote.code.wrong) }
        } else {
            CodeStanding::NotWanted
        }
    }

    /// Whether this one still owes the code: nobody is let in without it.
    pub(super) fn owes_code(&self, index: usize) -> bool {
        self.wanted_code(index).is_some()
    }

    /// They have said a code. Before it is compared the server writes the try down, for all devices of our person.
    pub(super) fn on_code(&mut self, index: usize, code: Phi<String>) {
        if self.wanted_code(index).is_none() || self.remotes[index].code.typed.is_some() {
            return;
        }
        let remote = &mut self.remotes[index];
        remote.code.typed = Some(code);
        let endpoint = remote.endpoint;
        self.signaling(SignalingRequest::CountTry(endpoint));
    }

    /// The try is written down: now it may be compared.
    pub(super) fn on_try_counted(&mut self, now: Timestamp, endpoint: EndpointId, used: u8) {
        let Some(index) = self.index(endpoint) else { return };
        let Some(typed) = self.remotes[index].code.typed.take() else { return };
        let Some(code) = self.wanted_code(index) else { return };
        if used <= MOST_CODE_TRIES && is_code(&code, &typed) {
            self.said_code.push(self.remotes[index].channel.id());
            let right = ControlMessage::CodeRight.to_bytes();
            return self.peer(endpoint, PeerCommand::SendControl(right));
        }
        info!(%endpoint, used, "a code that is not the one");
        let remote = &mut self.remotes[index];
        (remote.code.wrong, remote.code.told) = (used.min(MOST_CODE_TRIES), false);
        if used >= MOST_CODE_TRIES {
            self.refuse(now, endpoint, Refusal::CodeWrong);
        }
    }

    /// The try was not written down: it is asked for anew.
    pub(super) fn on_try_refused(&mut self, endpoint: EndpointId, code: Code) {
        debug!(?code, "a try that is not counted is not compared");
        let Some(index) = self.index(endpoint) else { return };
        let CodeTries { typed, told, .. } = &mut self.remotes[index].code;
        (*typed, *told) = (None, false);
    }

    /// After each input: what is to be said to those whose connection stands.
    pub(super) fn ask_inside(&mut self) {
        for index in 0..self.remotes.len() {
            let remote = &self.remotes[index];
            // Complete is: verified, and with a control channel.
            if !(remote.negotiation.is_complete() && remote.negotiation.is_control_open()) {
                continue;
            }
            let endpoint = remote.endpoint;
            let is_guest = matches!(remote.gate, Gate::Guest(_));
            if let Some(facts) = self.own_facts.clone().filter(|_| is_guest && !remote.told_facts) {
                self.remotes[index].told_facts = true;
                self.peer(endpoint, PeerCommand::SendControl(ControlMessage::Facts { facts }.to_bytes()));
            }
            let waits = matches!(self.remotes[index].gate, Gate::Host(HostGate::Closed));
            if waits && !self.remotes[index].code.told && self.wanted_code(index).is_some() {
                let code = &mut self.remotes[index].code;
                code.told = true;
                let asked = ControlMessage::CodeAsked { wrong: code.wrong };
                self.peer(endpoint, PeerCommand::SendControl(asked.to_bytes()));
            }
        }
    }

    /// Whether the person is told that the code comes first.
    pub(super) fn code_comes_first(&mut self, index: usize) -> bool {
        let owes = self.owes_code(index);
        if owes {
            self.problem = Some(Problem::CodeNotSaid(self.remotes[index].endpoint));
        }
        owes
    }
}

/// A code is short; more is not one.
const MOST_CODE_CHARS: usize = 64;
