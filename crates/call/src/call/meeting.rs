//! Whom the server says is there, and whom we believe to be: bundles, links, certificates, by our own knowledge alone.

use signaling_protocol::{Admission, Base64, EndpointId, InviteId, Participant, Role};
use tracing::{debug, info, warn};
use trust::{Chain, DeviceRole, Epoch, Expected, Notice, PeerBundle, SealedChannel};
use units::Timestamp;

use super::{Call, draw};
use crate::admission::HostGate;
use crate::channel::Channel;
use crate::remote_party::{Gate, Path, RemoteParty};
use crate::{Output, Party, Phase, Problem, Refusal, SignalingRequest};

impl Call {
    /// Somebody is there. Only who can show a bundle that verifies is taken notice of.
    pub(super) fn on_participant(&mut self, now: Timestamp, participant: Participant) {
        let endpoint = participant.endpoint;
        let in_visit = participant.admission == Admission::Admitted;
        if self.me == Some(endpoint) || self.phase.is_ended() || self.turned_away.contains(&endpoint) {
            return;
        }
        if let Some(index) = self.index(endpoint) {
            if self.remotes[index].bundle != participant.bundle {
                self.refuse(now, endpoint, Refusal::BundleChanged);
            } else {
                let remote = &mut self.remotes[index];
                (remote.gone, remote.in_visit) = (false, in_visit);
            }
            return;
        }
        match (self.role(), participant.role) {
            (Role::Host, Role::Guest) | (Role::Guest, Role::Host) => {}
            // Guests never see each other, and a host's other device is not somebody to talk to.
            (Role::Guest, Role::Guest) | (Role::Host, Role::Host) => return debug!(%endpoint, "ignored"),
        }
        if let Some(before) = self.remotes.iter_mut().find(|remote| remote.bundle == participant.bundle) {
            // One bundle is one app, whatever it is called by the server. Who is heard stays who they are.
            before.successor = Some(participant);
            return;
        }
        if self.remotes.len() >= MOST_REMOTES {
            return warn!(%endpoint, "more than a visit holds");
        }
        match self.verify(now, &participant.bundle) {
            Ok((bundle, invite)) => self.meet(now, participant, bundle, invite),
            Err(refusal) if self.role() == Role::Guest => {
                warn!(%endpoint, refusal = refusal.name(), "a host who is not the link's");
                // Refused either way; with a clock that is wrong the person is told what they can do about it.
                let by_clock = refusal == Refusal::CertificateExpired && self.clock_ahead_secs.is_some();
                self.end(now, if by_clock { Refusal::ClockWrong } else { refusal }.into());
            }
            // A server that lets them in checks no links; telling it again and again stops nobody.
            Err(_) if self.strangers >= MOST_REMOTES => {}
            Err(reason) => {
                warn!(%endpoint, refusal = reason.name(), "somebody who is not let in");
                self.strangers += 1;
                self.problem = Some(Problem::GuestRefused { endpoint, reason });
                self.turn_away(endpoint, in_visit);
            }
        }
    }

    fn verify(&self, now: Timestamp, bundle: &Base64) -> Result<(PeerBundle, Option<InviteId>), Refusal> {
        match &self.config.party {
            Party::Host { .. } => {
                self.verify_guest(now, bundle.as_ref()).map(|(bundle, invite)| (bundle, Some(invite)))
            }
            Party::Guest { .. } => self.verify_host(now, bundle.as_ref()).map(|bundle| (bundle, None)),
        }
    }

    /// Host: one of our links, for this visit, in its time.
    fn verify_guest(&self, now: Timestamp, bytes: &[u8]) -> Result<(PeerBundle, InviteId), Refusal> {
        let Party::Host { invites, visit, .. } = &self.config.party else { return Err(Refusal::Malformed) };
        let claimed = PeerBundle::claimed_invite(bytes).map_err(Refusal::of_guest)?;
        let ours = invites.iter().find(|ours| ours.invite == claimed).ok_or(Refusal::NotByOurLink)?;
        let bundle =
            PeerBundle::verify_guest(bytes, ours.invite, &ours.secret.invite_key()).map_err(Refusal::of_guest)?;
        if ours.visit != *visit {
            return Err(Refusal::LinkOfAnotherVisit);
        }
        // Whom our person let in was in time when they did.
        if self.config.unix(now) > ours.not_after && self.admitted != Some(bundle.id()) {
            return Err(Refusal::LinkExpired);
        }
        Ok((bundle, claimed))
    }

    /// Guest: a clinician's device of the link's clinic, in this visit.
    fn verify_host(&self, now: Timestamp, bytes: &[u8]) -> Result<PeerBundle, Refusal> {
        let (Some(expected), Some(visit)) = (self.expected(now), self.visit) else { return Err(Refusal::AnotherVisit) };
        let bundle = PeerBundle::verify_host(bytes, visit, &expected).map_err(Refusal::of_host)?;
        if bundle.chain().is_some_and(|chain| self.is_revoked(chain)) {
            Err(Refusal::DeviceRevoked)
        } else {
            Ok(bundle)
        }
    }

    /// What is asked of the clinic's certificates.
    pub(super) fn expected(&self, now: Timestamp) -> Option<Expected> {
        let clinic = match &self.config.party {
            Party::Host { device, .. } => device.clinic(),
            Party::Guest { link, .. } => link.clinic_key,
        };
        let role = Some(DeviceRole::Clinician);
        // With the newest list in our own hands, the one that they show may be older: see `is_revoked`.
        let has_newest = self.notice.as_ref().is_some_and(|notice| notice.epoch() >= self.least_epoch);
        let least_epoch = if has_newest { Epoch::default() } else { self.least_epoch };
        Some(Expected { clinic, least_epoch, role, now: self.config.unix(now) })
    }

    fn is_revoked(&self, chain: &Chain) -> bool {
        self.notice.as_ref().is_some_and(|notice| notice.revokes(chain))
    }

    /// Their bundle was verified: the channel to it is the one that there always was, or the first.
    fn meet(&mut self, now: Timestamp, participant: Participant, peer: PeerBundle, invite: Option<InviteId>) {
        let endpoint = participant.endpoint;
        let channel = match self.channel_to(&peer, invite) {
            Ok(channel) => channel,
            Err(refusal) if self.role() == Role::Guest => return self.end(now, refusal.into()),
            Err(reason) => {
                self.problem = Some(Problem::GuestRefused { endpoint, reason });
                return self.turn_away(endpoint, participant.admission == Admission::Admitted);
            }
        };
        if let Some(epoch) = peer.chain().map(|chain| chain.epoch) {
            self.remember_epoch(epoch);
        }
        let id = peer.id();
        // No more than there are channels.
        if let Some(invite) = invite
            && !self.seen.contains(&(invite, id))
        {
            self.seen.push((invite, id));
        }
        let mut remote = RemoteParty::new(self.role(), endpoint, participant.bundle, channel, invite, now);
        remote.in_visit = self.role() == Role::Host && participant.admission == Admission::Admitted;
        self.remotes.push(remote);
        if self.role() == Role::Host && self.admitted == Some(id) && self.partner.is_none() {
            self.let_in_again(now, endpoint);
        }
    }

    /// Host: this very app was let in before; our person need not say so again, the server has to write it down.
    fn let_in_again(&mut self, now: Timestamp, endpoint: EndpointId) {
        let Some(index) = self.index(endpoint) else { return };
        if self.remotes.iter().any(RemoteParty::is_being_admitted) {
            return;
        }
        info!(%endpoint, "the app that was let in is back");
        self.remotes[index].gate = Gate::Host(HostGate::Asked { since: now });
        self.signaling(SignalingRequest::Admit(endpoint));
    }

    fn channel_to(&mut self, peer: &PeerBundle, invite: Option<InviteId>) -> Result<Channel, Refusal> {
        let random = draw(&mut *self.rng);
        let id = peer.id();
        if let Some(position) = self.shelf.iter().position(|channel| channel.id() == id) {
            let mut channel = self.shelf.remove(position);
            channel.meet_again(random);
            return Ok(channel);
        }
        if self.shelf.len() + self.remotes.len() >= MOST_CHANNELS {
            return Err(Refusal::TooManyBundles);
        }
        let (psk, device) = match &self.config.party {
            Party::Host { invites, .. } => {
                let ours = invites.iter().find(|ours| Some(ours.invite) == invite).ok_or(Refusal::NotByOurLink)?;
                (ours.secret.psk(), None)
            }
            Party::Guest { link, device, .. } => (link.secret.psk(), device.as_ref()),
        };
        let visit = self.visit.ok_or(Refusal::AnotherVisit)?;
        Ok(Channel::new(self.role(), SealedChannel::new(visit, &self.own, peer, &psk, device, random)?))
    }

    /// This one is not there any more; whoever says to be the same app under another name takes its place.
    pub(super) fn make_room(&mut self, now: Timestamp, index: usize) {
        let successor = self.remotes[index].successor.take();
        self.forget(index);
        if let Some(successor) = successor {
            self.on_participant(now, successor);
        }
    }

    /// Whoever was to take somebody's place under this name is gone again.
    pub(super) fn forget_successor(&mut self, endpoint: EndpointId) {
        for remote in &mut self.remotes {
            remote.successor.take_if(|successor| successor.endpoint == endpoint);
        }
    }

    /// An app that joined anew goes on where it was, once what it had before is not heard any more.
    pub(super) fn adopt_successors(&mut self, now: Timestamp) {
        while let Some(index) =
            self.remotes.iter().position(|remote| remote.successor.is_some() && remote.path != Path::Up)
        {
            let before = self.remotes[index].endpoint;
            let (was_partner, was_live) = (self.is_partner(before), self.was_live);
            let Some(successor) = self.remotes[index].successor.take() else { return };
            let endpoint = successor.endpoint;
            let remote = &self.remotes[index];
            let is_still_in = remote.in_visit && !remote.gone;
            let lost = match &remote.path {
                Path::Lost { since, cause, .. } => Some(Phase::Reconnecting { since: *since, cause: *cause }),
                Path::Never | Path::Up => None,
            };
            self.forget(index);
            self.supersede(before);
            self.on_participant(now, successor);
            if self.phase.is_ended() {
                return;
            }
            if self.role() == Role::Host && is_still_in {
                self.signaling(SignalingRequest::Remove(before));
            }
            if was_partner && self.index(endpoint).is_some() && self.partner.is_none() {
                (self.partner, self.was_live) = (Some(endpoint), was_live);
                // The same visit with the same app: it heals within the same grace.
                self.phase = lost.filter(|_| was_live).unwrap_or(self.phase);
            }
        }
    }

    /// The server may still show the old name beside the new one.
    fn supersede(&mut self, endpoint: EndpointId) {
        self.turned_away.push_front(endpoint);
        self.turned_away.truncate(super::room::MOST_TURNED_AWAY);
    }

    /// Host: whether another app came by the same link before this one.
    pub(super) fn is_reused(&self, index: usize) -> bool {
        let remote = &self.remotes[index];
        let Some(invite) = remote.invite else { return false };
        let first = self.seen.iter().find(|(seen, _)| *seen == invite);
        first.is_some_and(|(_, id)| *id != remote.channel.id())
    }

    /// The clinic says which devices are revoked, by the server; signed, so that the server can only hide it.
    pub(super) fn on_notice(&mut self, now: Timestamp, notice: &[u8]) {
        let Some(expected) = self.expected(now) else { return };
        match Notice::verify(notice, &Expected { least_epoch: self.least_epoch, ..expected }) {
            Ok(notice) => {
                self.remember_epoch(notice.epoch());
                self.notice = Some(notice);
            }
            Err(error) => return warn!(%error, "a list of revoked devices that is passed over"),
        }
        let own = match (&self.config.party, self.visit, self.expected(now)) {
            (Party::Host { .. }, Some(visit), Some(expected)) => {
                PeerBundle::verify_host(self.own.bytes(), visit, &expected).ok()
            }
            _ => None,
        };
        if own.as_ref().and_then(PeerBundle::chain).is_some_and(|chain| self.is_revoked(chain)) {
            return self.end(now, Refusal::OwnDeviceRevoked.into());
        }
        let revoked = |remote: &&RemoteParty| remote.channel.peer().chain().is_some_and(|chain| self.is_revoked(chain));
        if let Some(endpoint) = self.remotes.iter().find(revoked).map(|remote| remote.endpoint) {
            self.refuse(now, endpoint, Refusal::DeviceRevoked);
        }
    }

    fn remember_epoch(&mut self, epoch: Epoch) {
        if epoch > self.least_epoch {
            self.least_epoch = epoch;
            let clinic = match &self.config.party {
                Party::Host { device, .. } => device.clinic(),
                Party::Guest { link, .. } => link.clinic_key,
            };
            self.outputs.push_back(Output::RememberEpoch { clinic, epoch });
        }
    }
}

/// Whom we keep at most; a visit and its waiting room hold no more. A server that says otherwise cannot make us grow.
const MOST_REMOTES: usize = 12;
/// Apps that are met in one visit, those that are gone included: their channels are kept, or replays would be taken.
const MOST_CHANNELS: usize = 16;
