//! The world: time, the server, the connections.

use std::collections::BTreeSet;
use std::time::Duration;

use signaling_protocol::{
    Admission, Base64, Challenge, EndpointId, Envelope, Event, IceReply, JoinReply, LeaveReason, Limits, Participant,
    Role, VisitState,
};
use trust::{ConnectionParameters, DeviceIdentity, DtlsFingerprint, Setup};
use units::Timestamp;

use super::VISIT;
use super::files::Files;
use super::people::{People, parameters};
use crate::{
    Assurance, Call, EndReason, Input, Intent, Output, PeerCommand, PeerInput, Phase, ReceiptDraft, SignalingInput,
    SignalingRequest,
};

pub(crate) const HOST: usize = 0;
pub(crate) const GUEST: usize = 1;

/// What the server makes of an event for this app: events, each after so many milliseconds.
pub(crate) type Lie = Box<dyn FnMut(usize, Event) -> Vec<(u64, Event)>>;

pub(crate) struct App {
    pub(crate) call: Call,
    role: Role,
    endpoint: EndpointId,
    bundle: Base64,
    pub(crate) is_there: bool,
    connection: Option<Connection>,
    certificate: u8,
    /// Whether media was ever open.
    pub(crate) was_open: bool,
    /// Its epochs and devices to remember.
    pub(crate) to_remember: Vec<Output>,
    /// What it said to the audit log.
    pub(crate) receipts: Vec<ReceiptDraft>,
    /// What it was shown of the audit log.
    pub(crate) logs: Vec<String>,
    pub(crate) files: Files,
}

struct Connection {
    number: u32,
    with: EndpointId,
    generation: u8,
    local: Option<ConnectionParameters>,
    remote: Option<ConnectionParameters>,
    is_up: bool,
}

pub(crate) struct World {
    pub(crate) apps: [App; 2],
    pub(crate) now: Timestamp,
    pub(crate) lie: Lie,
    /// How long a control message takes; the server's events take 20 ms.
    pub(crate) control_millis: u64,
    /// The certificate that this app is shown in the handshake, if it is not the other's.
    pub(crate) shown: [Option<DtlsFingerprint>; 2],
    /// What an app says of itself, before it is sealed.
    pub(crate) describe: fn(usize, ConnectionParameters) -> ConnectionParameters,
    pub(crate) admits: bool,
    /// All boxes as they were sent.
    pub(crate) boxes: Vec<(usize, Envelope)>,
    /// So many more pieces of files get through.
    pub(crate) frames: u32,
    /// How often somebody said something over the control channel.
    pub(crate) control_messages: u32,
    queue: Vec<(Timestamp, u64, usize, u32, Input)>,
    asked: BTreeSet<EndpointId>,
    joins: u8,
    pub(crate) tries: u8,
    server_day: trust::UnixTime,
    count: u64,
}

/// The identity whose links are in use.
pub(crate) fn participant_of(device: &DeviceIdentity, visit: signaling_protocol::VisitId) -> Base64 {
    let own = trust::OwnBundle::host([31; 64], visit, device, &trust::Capabilities::app());
    Base64(own.bytes().to_vec())
}

impl World {
    pub(crate) fn new(people: &People) -> Self {
        let app = |call: Call, role, certificate| App {
            call,
            role,
            endpoint: EndpointId::from_random([0; 16]),
            bundle: Base64(Vec::new()),
            is_there: false,
            connection: None,
            certificate,
            was_open: false,
            to_remember: Vec::new(),
            receipts: Vec::new(),
            logs: Vec::new(),
            files: Files::default(),
        };
        Self {
            apps: [app(people.host(1), Role::Host, 101), app(people.guest(2), Role::Guest, 102)],
            now: Timestamp::from_millis(1_000),
            lie: Box::new(|_, event| vec![(0, event)]),
            control_millis: 10,
            shown: [None; 2],
            describe: |_, parameters| parameters,
            admits: true,
            boxes: Vec::new(),
            frames: u32::MAX,
            control_messages: 0,
            queue: Vec::new(),
            asked: BTreeSet::new(),
            joins: 0,
            tries: 0,
            server_day: people.server_day,
            count: 0,
        }
    }

    /// Both join, and so much time passes.
    pub(crate) fn run(mut self, secs: u64) -> Self {
        self.intend(HOST, Intent::Join);
        self.intend(GUEST, Intent::Join);
        self.pass(secs);
        self
    }

    /// So much time passes.
    pub(crate) fn pass(&mut self, secs: u64) {
        let end = self.now + Duration::from_secs(secs);
        let mut steps = 0;
        loop {
            let queued = self.queue.iter().map(|(at, ..)| *at).min();
            let woken = self.apps.iter().filter_map(|app| app.call.poll_timeout()).min();
            let Some(at) = queued.into_iter().chain(woken).min().filter(|at| *at <= end) else { break };
            steps += 1;
            assert!(steps < 50_000, "nothing comes to rest");
            self.now = self.now.max(at);
            for side in [HOST, GUEST] {
                if self.apps[side].call.poll_timeout().is_some_and(|at| at <= self.now) {
                    self.apps[side].call.handle_timeout(self.now);
                    self.pump(side);
                }
            }
            let next = self
                .queue
                .iter()
                .enumerate()
                .filter(|(_, one)| one.0 <= self.now)
                .min_by_key(|(_, one)| (one.0, one.1));
            if let Some(position) = next.map(|(position, _)| position) {
                let (_, _, side, number, input) = self.queue.remove(position);
                let is_stale = matches!(input, Input::Peer(..))
                    && self.apps[side].connection.as_ref().is_none_or(|connection| connection.number != number);
                if !is_stale {
                    self.tell(side, input);
                }
            }
        }
        self.now = end;
    }

    pub(crate) fn intend(&mut self, side: usize, intent: Intent) {
        self.tell(side, Input::Intent(intent));
    }

    /// The guest's program is started again: another engine with the same link.
    pub(crate) fn restart_guest(&mut self, people: &People) {
        let app = &mut self.apps[GUEST];
        (app.call, app.certificate, app.was_open) = (people.guest(3), 103, false);
        self.leave(GUEST);
        self.intend(GUEST, Intent::Join);
    }

    /// The path between the two is gone, and the server has forgotten the guest, whose app comes in anew.
    pub(crate) fn forget_guest(&mut self) {
        let closed = self.apps[GUEST].connection.as_ref().map(|connection| connection.with);
        if let Some(host) = closed {
            self.tell(GUEST, Input::Peer(host, PeerInput::ControlClosed));
        }
        self.leave(GUEST);
        let request = crate::RequestKind::Events;
        let code = signaling_protocol::Code::NotSignedIn;
        self.later(0, GUEST, Input::Signaling(SignalingInput::Refused { request, code }));
    }

    /// This app's connections have another certificate from now on.
    pub(crate) fn use_another_certificate(&mut self, side: usize) {
        self.apps[side].certificate += 50;
    }

    fn leave(&mut self, side: usize) {
        self.apps[side].is_there = false;
        self.close(side);
        let event = Event::Left { endpoint: self.apps[side].endpoint, reason: LeaveReason::ConnectionLost };
        self.event(1 - side, event);
    }

    pub(crate) fn tell(&mut self, side: usize, input: Input) {
        self.apps[side].call.handle_input(self.now, input);
        self.pump(side);
    }

    // What asks it.

    pub(crate) fn phase(&self, side: usize) -> Phase {
        self.apps[side].call.snapshot().phase
    }

    pub(crate) fn ended(&self, side: usize) -> Option<EndReason> {
        if let Phase::Ended(reason) = self.phase(side) { Some(reason) } else { None }
    }

    pub(crate) fn are_both_live(&self) -> bool {
        [HOST, GUEST].iter().all(|side| matches!(self.phase(*side), Phase::Live { .. }) && self.apps[*side].was_open)
    }

    pub(crate) fn did_anybody_open(&self) -> bool {
        self.apps.iter().any(|app| app.was_open)
    }

    pub(crate) fn assurance(&self, side: usize) -> Assurance {
        self.apps[side].call.snapshot().assurance.clone().expect("they have spoken")
    }

    pub(crate) fn endpoint(&self, side: usize) -> EndpointId {
        self.apps[side].endpoint
    }

    // The driver's and the server's parts.

    fn pump(&mut self, side: usize) {
        while let Some(output) = self.apps[side].call.poll_output() {
            match output {
                Output::Signaling(request) => self.serve(side, request),
                Output::Peer(endpoint, command) => self.command(side, endpoint, command),
                Output::RememberEpoch { .. } | Output::RememberDevice { .. } => {
                    self.apps[side].to_remember.push(output);
                }
                Output::Receipt(draft) => self.apps[side].receipts.push(draft),
                Output::CompareLog(checkpoint) => self.apps[side].logs.push(checkpoint),
                Output::Files(command) => self.do_with_files(side, command),
                Output::Quality { .. } | Output::Milestone(_) | Output::Changed => {}
            }
        }
        if side == HOST && self.admits {
            let waiting = self.apps[HOST].call.snapshot().waiting.iter().map(|one| one.endpoint).next();
            if let Some(endpoint) = waiting.filter(|endpoint| self.asked.insert(*endpoint)) {
                self.later(1_000, HOST, Input::Intent(Intent::Admit(endpoint)));
            }
        }
    }

    /// At once, and what is sent as well; what became of that is heard a little later.
    fn do_with_files(&mut self, side: usize, command: transfer::Command) {
        let now = self.now;
        if let Some(news) = self.apps[side].files.command(now, command) {
            self.later(5, side, Input::Files(news));
        }
        let is_up = |app: &App| app.connection.as_ref().is_some_and(|connection| connection.is_up);
        while self.frames > 0
            && self.apps.iter().all(is_up)
            && let Some((piece, frame)) = self.apps[side].files.next_frame(now)
        {
            self.frames -= 1;
            self.apps[1 - side].files.take(&frame);
            self.apps[side].files.departures.on_fate(now, &piece, true);
        }
        self.apps[side].files.departures.look(now);
        while let Some(news) = self.apps[side].files.departures.poll_news() {
            self.later(50, side, Input::Files(news));
        }
    }

    fn later(&mut self, millis: u64, side: usize, input: Input) {
        let number = self.apps[side].connection.as_ref().map_or(0, |connection| connection.number);
        self.count += 1;
        self.queue.push((self.now + Duration::from_millis(millis), self.count, side, number, input));
    }

    fn event(&mut self, side: usize, event: Event) {
        for (millis, event) in (self.lie)(side, event) {
            self.later(20 + millis, side, Input::Signaling(SignalingInput::Event(event)));
        }
    }

    fn participant(&self, side: usize) -> Participant {
        let App { endpoint, role, bundle, .. } = &self.apps[side];
        let admission = if *role == Role::Host { Admission::Admitted } else { Admission::Waiting };
        Participant { endpoint: *endpoint, role: *role, admission, bundle: bundle.clone() }
    }

    fn serve(&mut self, side: usize, request: SignalingRequest) {
        let other = 1 - side;
        match request {
            SignalingRequest::Challenge(_) => {
                let mut challenge = Challenge([9; 48]);
                let unix_micros = self.server_day.0 * 1_000_000 + self.now.as_micros();
                challenge.0[..8].copy_from_slice(&unix_micros.to_be_bytes());
                self.later(20, side, Input::Signaling(SignalingInput::Challenge(challenge)));
            }
            SignalingRequest::JoinGuest { request, .. } => self.join(side, request.bundle),
            SignalingRequest::JoinHost { request, .. } => self.join(side, request.bundle),
            SignalingRequest::GetIce => {
                let reply = IceReply { servers: Vec::new(), ttl_secs: 600, relay_only: false };
                self.later(20, side, Input::Signaling(SignalingInput::Ice(reply)));
            }
            SignalingRequest::OpenEvents => {
                self.apps[side].is_there = true;
                let participants = self.apps[other].is_there.then(|| self.participant(other)).into_iter().collect();
                let endpoint = self.apps[side].endpoint;
                let admission = self.participant(side).admission;
                let state = VisitState::Open;
                self.later(10, side, Input::Signaling(SignalingInput::StreamUp));
                self.event(side, Event::Hello { endpoint, admission, state, participants });
                if self.apps[other].is_there {
                    self.event(other, Event::Joined { participant: self.participant(side) });
                }
            }
            SignalingRequest::Send(envelopes) => {
                for envelope in envelopes {
                    let envelope = Envelope { from: Some(self.apps[side].endpoint), ..envelope };
                    self.boxes.push((side, envelope.clone()));
                    if envelope.to == self.apps[other].endpoint {
                        self.event(other, Event::Message { envelope });
                    }
                }
            }
            SignalingRequest::Admit(endpoint) => {
                self.later(20, side, Input::Signaling(SignalingInput::Admitted(endpoint)));
                self.event(other, Event::Admitted { endpoint });
            }
            SignalingRequest::Deny(endpoint) if endpoint == self.apps[other].endpoint => {
                self.event(other, Event::Denied)
            }
            SignalingRequest::Remove(endpoint) if endpoint == self.apps[other].endpoint => {
                self.event(other, Event::Removed);
            }
            SignalingRequest::Deny(_) | SignalingRequest::Remove(_) | SignalingRequest::Lock(_) => {}
            SignalingRequest::CountTry(endpoint) => {
                self.tries += 1;
                let counted = SignalingInput::TryCounted { endpoint, used: self.tries };
                self.later(20, side, Input::Signaling(counted));
            }
            SignalingRequest::End => self.event(other, Event::Visit { state: VisitState::Ended, reason: None }),
            SignalingRequest::Leave => {
                let endpoint = self.apps[side].endpoint;
                self.apps[side].is_there = false;
                self.event(other, Event::Left { endpoint, reason: LeaveReason::Left });
            }
        }
    }

    fn join(&mut self, side: usize, bundle: Base64) {
        self.joins += 1;
        let endpoint = EndpointId::from_random([self.joins; 16]);
        (self.apps[side].endpoint, self.apps[side].bundle) = (endpoint, bundle);
        let reply = JoinReply {
            protocol: 1,
            visit: VISIT,
            endpoint,
            endpoint_token: "token".to_owned().into(),
            role: self.apps[side].role,
            limits: Limits::default(),
            relay_only: false,
        };
        self.later(20, side, Input::Signaling(SignalingInput::Joined(reply)));
    }

    fn command(&mut self, side: usize, endpoint: EndpointId, command: PeerCommand) {
        let count = self.count as u32 + 1;
        let app = &mut self.apps[side];
        match command {
            PeerCommand::Open { .. } => {
                let (local, remote) = (None, None);
                app.connection =
                    Some(Connection { number: count, with: endpoint, generation: 0, local, remote, is_up: false });
                self.count += 1;
            }
            PeerCommand::CreateOffer { .. } => self.describe(side, Setup::ActPass),
            PeerCommand::AcceptOffer(parameters) => {
                if let Some(connection) = &mut app.connection {
                    connection.remote = Some(parameters);
                    self.describe(side, Setup::Active);
                }
            }
            PeerCommand::AcceptAnswer(parameters) => {
                if let Some(connection) = &mut app.connection {
                    connection.remote = Some(parameters);
                    self.connect();
                }
            }
            PeerCommand::AddCandidates(_) => {}
            PeerCommand::SendControl(bytes) => {
                self.control_messages += 1;
                let is_up = |app: &App| app.connection.as_ref().is_some_and(|connection| connection.is_up);
                if self.apps.iter().all(is_up) {
                    self.say_peer(self.control_millis, 1 - side, PeerInput::Control(bytes));
                }
            }
            PeerCommand::OpenMedia => app.was_open = true,
            PeerCommand::CloseMedia | PeerCommand::SetWanted(_) | PeerCommand::SetIceServers(_) => {}
            PeerCommand::Close => self.close(side),
        }
    }

    fn close(&mut self, side: usize) {
        if self.apps[side].connection.take().is_some_and(|connection| connection.is_up) {
            self.say_peer(30, 1 - side, PeerInput::ControlClosed);
        }
    }

    fn say_peer(&mut self, millis: u64, side: usize, input: PeerInput) {
        if let Some(with) = self.apps[side].connection.as_ref().map(|connection| connection.with) {
            self.later(millis, side, Input::Peer(with, input));
        }
    }

    fn describe(&mut self, side: usize, setup: Setup) {
        let certificate = self.apps[side].certificate;
        let Some(connection) = &mut self.apps[side].connection else { return };
        connection.generation += 1;
        let parameters = parameters(certificate, connection.number, connection.generation, setup);
        connection.local = Some(parameters.clone());
        let said = (self.describe)(side, parameters);
        let input = if setup == Setup::ActPass { PeerInput::Offer(said) } else { PeerInput::Answer(said) };
        self.say_peer(5, side, input);
        self.say_peer(6, side, PeerInput::CandidatesEnded);
    }

    /// Once each knows the other's credentials, as after any exchange that nobody touched.
    fn connect(&mut self) {
        let [Some(one), Some(two)] = [HOST, GUEST].map(|side| self.apps[side].connection.as_ref()) else { return };
        let knows = |one: &Connection, two: &Connection| {
            one.remote.as_ref().map(|theirs| &theirs.ice) == two.local.as_ref().map(|own| &own.ice)
        };
        if !knows(one, two) || !knows(two, one) {
            return;
        }
        for side in [HOST, GUEST] {
            let theirs = DtlsFingerprint([self.apps[1 - side].certificate; 32]);
            let remote_fingerprint = self.shown[side].unwrap_or(theirs);
            if let Some(connection) = &mut self.apps[side].connection {
                connection.is_up = true;
            }
            self.say_peer(50, side, PeerInput::IceConnected);
            self.say_peer(100, side, PeerInput::DtlsConnected { remote_fingerprint });
            self.say_peer(150, side, PeerInput::ControlOpened);
        }
    }
}
