//! How sure we are of who is there: the level, the device that was met before, the digits that two people compare.

use tracing::{debug, warn};
use trust::{Capability, CheckError, CheckMessage, KnownDevices, Level, Recognition};
use units::Timestamp;

use super::{Call, draw};
use crate::{Assurance, ControlMessage, EndReason, Output, Party, PeerCommand, Phase, Problem, Refusal};

impl Call {
    /// What is shown of this one; nothing before its first box.
    pub(super) fn assurance(&self, index: usize) -> Option<Assurance> {
        let channel = &self.remotes[index].channel;
        let facts = channel.facts()?;
        let device = self.recognised(index);
        let is_page = channel.peer().capabilities().has(Capability::PAGE);
        Some(Assurance {
            level: Level::of(is_page, device, channel.is_compared()),
            device,
            name: facts.name.clone(),
            check: channel.check(),
            dropped_boxes: channel.dropped(),
        })
    }

    fn recognised(&self, index: usize) -> Recognition {
        let device = self.remotes[index].channel.facts().and_then(|facts| facts.device);
        match self.remembered_as(index) {
            Some(name) => self.config.known.recognise(&name, device),
            None => Recognition::New,
        }
    }

    /// Under which name their device is remembered.
    fn remembered_as(&self, index: usize) -> Option<[u8; 32]> {
        let remote = &self.remotes[index];
        match &self.config.party {
            Party::Host { invites, .. } => {
                invites.iter().find(|ours| Some(ours.invite) == remote.invite).and_then(|ours| ours.patient)
            }
            Party::Guest { link, .. } => {
                let name = remote.channel.facts()?.name.as_ref()?;
                Some(KnownDevices::clinician(&link.clinic_key, name.expose()))
            }
        }
    }

    /// Our person wants it to be known again.
    pub(super) fn remember_device(&mut self) {
        let Some(index) = self.partner.and_then(|partner| self.index(partner)) else { return };
        let channel = &self.remotes[index].channel;
        let device = channel.facts().and_then(|facts| facts.device);
        let (Some(name), Some(device)) = (self.remembered_as(index), device) else { return };
        // A page shows whatever digits it likes.
        let compared = channel.is_compared() && !channel.peer().capabilities().has(Capability::PAGE);
        self.config.known.remember(name, device, compared);
        self.outputs.push_back(Output::RememberDevice { name, device, compared });
    }

    /// After a talk that ended in order, whom we met is known again without anybody's doing. Another device in the place
    /// of the one that is remembered is taken only if digits were compared with it: else it would be told once and then
    /// pass for the one that was always there.
    pub(super) fn remember_by_itself(&mut self) {
        let Some(index) = self.partner.and_then(|partner| self.index(partner)).filter(|_| self.was_live) else {
            return;
        };
        let is_to_be = match self.recognised(index) {
            Recognition::New | Recognition::Met => true,
            Recognition::Changed => self.assurance(index).is_some_and(|known| known.level == Level::DigitsCompared),
            Recognition::Compared => false,
        };
        if is_to_be {
            self.remember_device();
        }
    }

    // The spoken check.

    /// The one with whom digits can be compared now: who is heard and was verified.
    fn checked_partner(&self) -> Option<usize> {
        let index = self.partner.and_then(|partner| self.index(partner))?;
        let negotiation = &self.remotes[index].negotiation;
        let stands = negotiation.verified_since().is_some() && negotiation.is_control_open();
        (stands && matches!(self.phase, Phase::Live { .. })).then_some(index)
    }

    pub(super) fn start_check(&mut self) {
        let Some(index) = self.checked_partner() else { return };
        if !self.remotes[index].channel.peer().capabilities().has(Capability::SPOKEN_CHECK) {
            self.problem = Some(Problem::CheckInterrupted);
            return;
        }
        let nonce = draw(&mut *self.rng);
        match self.remotes[index].channel.start_check(nonce) {
            Ok(check) => self.say_check(index, check),
            Err(error) => self.on_check_error(error),
        }
    }

    pub(super) fn on_check(&mut self, now: Timestamp, index: usize, check: &CheckMessage) {
        if self.checked_partner() != Some(index) {
            return debug!("a comparison of digits with nobody who is heard");
        }
        let nonce = draw(&mut *self.rng);
        match self.remotes[index].channel.on_check(check, nonce) {
            Ok(Some(answer)) => self.say_check(index, answer),
            Ok(None) => {}
            Err(CheckError::Differ) => self.end(now, Refusal::DigitsDiffer.into()),
            Err(error) => self.on_check_error(error),
        }
    }

    /// Our person has compared the digits.
    pub(super) fn person_says(&mut self, now: Timestamp, same: bool) {
        let Some(index) = self.partner.and_then(|partner| self.index(partner)) else { return };
        let said = match self.remotes[index].channel.person_says(same) {
            Ok(said) => said,
            Err(error) => return debug!(%error, "no digits are shown"),
        };
        if let Some(differ) = said {
            self.say_check(index, differ);
        }
        if !same {
            self.end(now, EndReason::Refused(Refusal::DigitsDiffer));
        }
    }

    fn on_check_error(&mut self, error: CheckError) {
        warn!(%error, "digits are not compared");
        self.problem = Some(match error {
            CheckError::TooManyRuns => Problem::CheckedTooOften,
            _ => Problem::CheckInterrupted,
        });
    }

    fn say_check(&mut self, index: usize, check: CheckMessage) {
        let endpoint = self.remotes[index].endpoint;
        self.peer(endpoint, PeerCommand::SendControl(ControlMessage::Check { check }.to_bytes()));
    }
}
