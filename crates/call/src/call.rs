//! The engine: what happened goes in, what is to be done comes out.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;

use rand_core::Rng;
use signaling_protocol::{EndpointId, Envelope, InviteId, MessageId, Role, VisitId, WaitingNote};
use trust::{BundleId, Capabilities, Epoch, InnerMessage, Notice, OwnBundle, SealError, SealedBox};
use units::Timestamp;

use crate::channel::{self, Channel};
use crate::ice::Ice;
use crate::negotiation::Action;
use crate::quality::Policy;
use crate::remote_party::RemoteParty;
use crate::{
    Around, CallConfig, DeviceInput, Facts, Input, Intent, MilestoneKind, Mode, Output, Party, Paths, PeerCommand,
    Phase, PicturePlan, Problem, SignalingRequest, Snapshot, StatsInput, VoicePlan,
};

mod asking;
mod assurance;
mod boxes;
mod connections;
mod ending;
mod handing;
mod joining;
mod meeting;
mod receipts;
mod room;
mod settling;
mod span;
mod timers;

pub use receipts::ReceiptDraft;

#[cfg(test)]
mod tests;

/// One visit from the side of one app.
///
/// It is told the time with everything and keeps no clock. After each `handle_*` the driver takes all of
/// [`poll_output`](Self::poll_output) and asks [`poll_timeout`](Self::poll_timeout) anew.
///
/// **Invariant:** there is no [`PeerCommand::OpenMedia`] before admission: at the host before its person said yes and
/// the server wrote it down, at the guest before the host's word: see the `admission` module.
pub struct Call {
    config: CallConfig,
    rng: Box<dyn Rng + Send>,
    /// As long as we are in the visit, however often we join: who knows us by it knows us again.
    own: OwnBundle,

    phase: Phase,
    /// Whether the two have been heard together at all; from then on a lost path is healed until the grace is over.
    was_live: bool,
    joining: joining::Joining,
    me: Option<EndpointId>,
    visit: Option<VisitId>,
    signaling_up: bool,
    /// When the server was last heard to be there, for patience that must not run while it is not.
    signaling_up_since: Option<Timestamp>,
    ice: Ice,

    remotes: Vec<RemoteParty>,
    /// The channels to those who are not there now, but may be again.
    shelf: Vec<Channel>,
    /// Whom our person let in: that app may come back by itself.
    admitted: Option<BundleId>,
    /// Who has said the code of their link.
    said_code: Vec<BundleId>,
    /// Guest: where our person says that they are.
    own_facts: Option<Facts>,
    /// Host: what the partner said of that, when the connection to them was lost for good.
    last_facts: Option<Facts>,
    note: Option<WaitingNote>,
    locked: bool,
    /// When the visit's time is over.
    over_at: Option<Timestamp>,
    /// By how much our clock is ahead of the server's.
    clock_ahead_secs: Option<i64>,
    /// Which apps came by which link.
    seen: Vec<(InviteId, BundleId)>,
    /// Lists of revoked devices older than this are refused.
    least_epoch: Epoch,
    /// The newest list that we were told, for who comes after it.
    notice: Option<Notice>,
    partner: Option<EndpointId>,
    /// Whom we turned away, the last of them: an admission that is answered late must not keep them in.
    turned_away: VecDeque<EndpointId>,
    /// Those without a link of ours who were turned away in this call.
    strangers: usize,
    /// Messages that wait for [`Ice::servers`].
    waiting_for_ice: Vec<(EndpointId, InnerMessage, u32)>,
    closing: Vec<(EndpointId, Timestamp)>,
    /// What the server is told once those are closed.
    late_goodbye: Option<crate::EndReason>,

    policy: Policy,
    told_plans: Option<(VoicePlan, PicturePlan)>,
    /// How often the two have chosen a mode, so that the newest choice holds on both sides.
    mode_choice: u32,
    /// What was written and handed over.
    handing: handing::Handing,
    muted: bool,
    camera_off: bool,
    camera_lost: bool,
    microphone_lost: bool,
    problem: Option<Problem>,
    reached: BTreeSet<MilestoneKind>,

    /// The time that we were told last.
    told_at: Timestamp,
    outbox: Vec<Envelope>,
    outputs: VecDeque<Output>,
    snapshot: Snapshot,
}

impl Call {
    /// A call that has not begun. `rng` gives keys and message ids: the operating system's in the product.
    pub fn new(config: CallConfig, mut rng: Box<dyn Rng + Send>) -> Self {
        let bits = draw(&mut *rng);
        let abilities = Capabilities::app();
        let (own, visit, least_epoch) = match &config.party {
            Party::Host { device, visit, .. } => {
                (OwnBundle::host(bits, *visit, device, &abilities), Some(*visit), device.epoch())
            }
            Party::Guest { link, least_epoch, .. } => {
                let own = OwnBundle::guest(bits, link.invite, &link.secret, &abilities);
                (own, None, Epoch(link.epoch.unwrap_or_default()).max(*least_epoch))
            }
        };
        let handing = handing::Handing::new(&mut *rng);
        let policy = Policy::new(config.media, config.preferences);
        let mode_choice = u32::from(config.preferences.mode != Mode::default());
        let (voice_plan, picture_plan) = policy.plans();
        let snapshot = Snapshot {
            phase: Phase::Lobby,
            role: config.party.role(),
            waiting: Vec::new(),
            remote: None,
            partner: None,
            media_open: false,
            signaling_up: false,
            muted: false,
            camera_off: false,
            mode: config.preferences.mode,
            save_data: config.preferences.save_data,
            voice_plan,
            picture_plan,
            problem: None,
            assurance: None,
            around: Around::default(),
        };
        Self {
            config,
            rng,
            own,
            phase: Phase::Lobby,
            was_live: false,
            joining: joining::Joining::NotYet,
            me: None,
            visit,
            signaling_up: false,
            signaling_up_since: None,
            ice: Ice::default(),
            remotes: Vec::new(),
            shelf: Vec::new(),
            admitted: None,
            said_code: Vec::new(),
            own_facts: None,
            last_facts: None,
            note: None,
            locked: false,
            over_at: None,
            clock_ahead_secs: None,
            seen: Vec::new(),
            least_epoch,
            notice: None,
            partner: None,
            turned_away: VecDeque::new(),
            strangers: 0,
            waiting_for_ice: Vec::new(),
            closing: Vec::new(),
            late_goodbye: None,
            policy,
            told_plans: None,
            mode_choice,
            handing,
            muted: false,
            camera_off: false,
            camera_lost: false,
            microphone_lost: false,
            problem: None,
            reached: BTreeSet::new(),
            told_at: Timestamp::ZERO,
            outbox: Vec::new(),
            outputs: VecDeque::new(),
            snapshot,
        }
    }

    // What changes it.

    /// Something happened.
    pub fn handle_input(&mut self, now: Timestamp, input: Input) {
        self.told_at = now;
        match input {
            Input::Intent(intent) => self.handle_intent(now, intent),
            Input::Peer(endpoint, input) => self.handle_peer(now, endpoint, input),
            Input::Signaling(input) => self.handle_signaling(now, input),
            Input::Network(input) => self.handle_network(now, input),
            Input::Device(input) => self.handle_device(now, input),
            Input::OwnDevice(found) => self.take_own_device(found),
            Input::Facts(facts) => self.set_facts(facts),
            Input::Code(code) => self.say_code(code),
            Input::Log(checkpoint) => self.show_log(checkpoint),
            Input::Written(text) => self.write(now, &text),
            Input::OfferFile(file) => self.offer_file(file),
            Input::Files(news) => self.on_file_news(now, news),
            Input::KeptPart { bytes, sha256 } => self.on_kept_part(bytes, sha256),
            Input::LogRewritten => self.problem = Some(Problem::LogRewritten),
            Input::Stats(StatsInput::EncodeTime(took)) => {
                self.policy.on_encode_time(now, took);
            }
        }
        self.conclude(now);
    }

    /// It is as late as [`poll_timeout`](Self::poll_timeout) said, or later.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.told_at = now;
        self.run_timers(now);
        self.conclude(now);
    }

    /// What is to be done next, if anything.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    // What asks it.

    /// When [`handle_timeout`](Self::handle_timeout) is wanted; never, if nothing else happens.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.next_timer()
    }

    /// How things stand.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Whether it is over and every connection is closed: the driver may go once its last requests are answered.
    pub fn is_finished(&self) -> bool {
        self.phase.is_ended() && self.closing.is_empty()
    }

    // Intents and devices.

    fn handle_intent(&mut self, now: Timestamp, intent: Intent) {
        if self.phase.is_ended() {
            return;
        }
        match intent {
            Intent::Join => self.join(),
            Intent::StartCheck => self.start_check(),
            Intent::DigitsSame => self.person_says(now, true),
            Intent::DigitsDiffer => self.person_says(now, false),
            Intent::RememberDevice => self.remember_device(),
            Intent::Admit(endpoint) => self.admit(now, endpoint),
            Intent::Deny(endpoint) => self.deny(endpoint),
            Intent::Remove(endpoint) => self.remove(endpoint),
            Intent::SetLocked(locked) => self.set_locked(locked),
            Intent::Extend => self.extend(now),
            Intent::HangUp => self.end(now, crate::EndReason::HungUp),
            Intent::SetMuted(muted) => self.muted = muted,
            Intent::SetCameraOff(off) => {
                self.camera_off = off;
                self.policy.set_camera_off(now, off);
            }
            Intent::SetMode(mode) if mode != self.config.preferences.mode => {
                self.config.preferences.mode = mode;
                self.mode_choice = self.mode_choice.saturating_add(1);
            }
            Intent::SetMode(_) => {}
            Intent::SetSaveData(save_data) => self.config.preferences.save_data = save_data,
            Intent::SetRelayOnly(relay_only) => self.set_relay_only(relay_only),
            Intent::Hand(intent) => self.hand(intent),
        }
    }

    fn handle_device(&mut self, now: Timestamp, input: DeviceInput) {
        let (problem, lost) = match input {
            DeviceInput::MicrophoneLost => (Problem::MicrophoneLost, true),
            DeviceInput::MicrophoneBack => (Problem::MicrophoneLost, false),
            DeviceInput::CameraLost => (Problem::CameraLost, true),
            DeviceInput::CameraBack(format) => {
                self.config.media.camera = Some(format);
                self.policy.set_camera(now, format);
                (Problem::CameraLost, false)
            }
            DeviceInput::SpeakerLost => (Problem::SpeakerLost, true),
            DeviceInput::SpeakerBack => (Problem::SpeakerLost, false),
        };
        match problem {
            Problem::MicrophoneLost => {
                self.microphone_lost = lost;
                self.config.media.sends_voice |= !lost;
                self.policy.set_sends_voice(now, self.config.media.sends_voice);
            }
            Problem::CameraLost => {
                self.camera_lost = lost;
                self.policy.set_camera_lost(now, lost);
            }
            _ => {}
        }
        if lost {
            self.problem = Some(problem);
        } else if self.problem == Some(problem) {
            self.problem = None;
        }
    }

    // Helpers.

    fn role(&self) -> Role {
        self.config.party.role()
    }

    fn index(&self, endpoint: EndpointId) -> Option<usize> {
        self.remotes.iter().position(|remote| remote.endpoint == endpoint)
    }

    fn is_partner(&self, endpoint: EndpointId) -> bool {
        self.partner == Some(endpoint)
    }

    /// Whether something can be told to this one by way of the server.
    fn can_tell(&self, remote: &RemoteParty) -> bool {
        self.signaling_up && self.me.is_some() && !remote.unreachable && !remote.gone
    }

    fn signaling(&mut self, request: SignalingRequest) {
        self.outputs.push_back(Output::Signaling(request));
    }

    fn peer(&mut self, endpoint: EndpointId, command: PeerCommand) {
        self.outputs.push_back(Output::Peer(endpoint, command));
    }

    /// Carries out what the negotiation with this one wants.
    fn pump(&mut self, index: usize) {
        while let Some(action) = self.remotes[index].negotiation.poll_action() {
            let remote = &mut self.remotes[index];
            let endpoint = remote.endpoint;
            match action {
                Action::Command(mut command) => {
                    if let PeerCommand::Open { relay_only, .. } = &mut command {
                        *relay_only = self.ice.stricter(self.config.preferences.paths) != Paths::All;
                        remote.on_new_connection();
                    }
                    self.peer(endpoint, command);
                }
                Action::BeginEpoch => {
                    let random = draw(&mut *self.rng);
                    self.remotes[index].channel.begin_epoch(random);
                }
                Action::Message(message) => self.say(index, &message),
            }
        }
    }

    /// Puts a message into a box for this one.
    fn say(&mut self, index: usize, message: &InnerMessage) {
        let sealed = self.remotes[index].channel.say(message);
        self.send(index, sealed);
    }

    /// Puts a sealed box on its way to this one.
    fn send(&mut self, index: usize, sealed: Result<SealedBox, SealError>) {
        let id = MessageId::from_random(draw(&mut *self.rng));
        match sealed {
            Ok(sealed) => self.outbox.push(channel::envelope(id, self.remotes[index].endpoint, sealed)),
            // Only what we said ourselves can be too large.
            Err(error) => tracing::error!(%error, "a message that is not sent"),
        }
    }

    fn milestone(&mut self, kind: MilestoneKind, at: Timestamp) {
        if self.reached.insert(kind) {
            self.outputs.push_back(Output::Milestone(crate::Milestone { kind, at }));
        }
    }
}

/// So many fresh random bytes.
fn draw<const N: usize>(rng: &mut (dyn Rng + Send)) -> [u8; N] {
    let mut bits = [0; N];
    rng.fill_bytes(&mut bits);
    bits
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("snapshot", &self.snapshot).finish_non_exhaustive()
    }
}
