//! The way between the two apps: connections that find each other, fall silent and come back.

use std::time::Duration;

use call::{Input, PeerCommand, PeerInput};
use signaling_protocol::EndpointId;
use trust::DtlsFingerprint;
use units::DataRate;

use crate::connection::{Connection, Stage, match_each_other};
use crate::plan::{Lie, Who};
use crate::world::{Happening, World};

/// When a peer connection says that it hears nothing, and how often again.
const SILENT: Duration = Duration::from_secs(1);
/// When ICE calls a path disconnected: what the product's library was measured to do.
const DISCONNECTED: Duration = Duration::from_millis(3_600);
/// A path that does not answer is tried again so often.
const TRY_AGAIN: Duration = Duration::from_millis(250);
/// Until a description or a candidate is made.
const WORK: Duration = Duration::from_millis(5);

impl World {
    // What the engine wants.

    pub(crate) fn command(&mut self, app: usize, to: EndpointId, command: PeerCommand) {
        if let PeerCommand::Open { .. } = command {
            assert!(!self.apps[app].connections.contains_key(&to), "a second connection: {}", self.name(app));
            let number = self.connections.len();
            self.connections.push(Connection::new(app, to, number as u16 + 1));
            self.apps[app].connections.insert(to, number);
            self.connections[number].is_broken = self.is_faulty();
            if self.connections[number].is_broken {
                self.say(number, WORK, PeerInput::Failed);
            }
            return;
        }
        let Some(number) = self.apps[app].connections.get(&to).copied() else {
            panic!("{command:?} without a connection: {}", self.name(app));
        };
        let describes = matches!(command, PeerCommand::CreateOffer { .. } | PeerCommand::AcceptOffer(_));
        if describes && (self.connections[number].is_broken || self.is_faulty()) {
            // Some say so, some are never heard of again.
            if self.chance(0.5) {
                self.say(number, WORK, PeerInput::Failed);
            }
            return;
        }
        match command {
            PeerCommand::Open { .. } => unreachable!("handled above"),
            PeerCommand::CreateOffer { restart } => {
                self.witness.restarts += usize::from(restart);
                let parameters = self.connections[number].offer(restart);
                self.say(number, WORK, PeerInput::Offer(parameters));
                self.gather(number);
            }
            PeerCommand::AcceptOffer(parameters) => {
                let answer = self.connections[number].answer(parameters);
                self.say(number, WORK, PeerInput::Answer(answer));
                self.gather(number);
            }
            PeerCommand::AcceptAnswer(parameters) => self.connections[number].accept_answer(parameters),
            PeerCommand::AddCandidates(_) => self.connections[number].has_candidates = true,
            PeerCommand::SendControl(bytes) => self.send_control(number, bytes),
            PeerCommand::OpenMedia => {
                self.assert_may_open(app, to);
                self.witness.saw_media_open(app);
                self.connections[number].gate_open = true;
            }
            PeerCommand::SetWanted(_) | PeerCommand::SetIceServers(_) => {}
            PeerCommand::CloseMedia => self.connections[number].gate_open = false,
            PeerCommand::Close => self.close(number),
        }
    }

    /// The host's gate opens only after its person decided and the server wrote it down; the guest's only then, too,
    /// whatever the server says.
    fn assert_may_open(&mut self, app: usize, to: EndpointId) {
        let (host, guest) = match self.apps[app].who {
            Who::Host => (Some(app), to),
            Who::Guest | Who::SecondGuest => (self.app_at(to), self.apps[app].me.expect("it has joined")),
        };
        let decided = host.is_some_and(|host| self.witness.decided.contains_key(&(host, guest)));
        assert!(decided, "a gate opened before a person decided: {}", self.name(app));
        assert!(self.clinic.wrote_admission(guest), "a gate opened before it was written down: {}", self.name(app));
    }

    fn is_faulty(&mut self) -> bool {
        // A plan without faults draws nothing, so that its day stays as it was.
        self.plan.faults > 0.0 && self.now < crate::plan::at(95.0) && self.chance(self.plan.faults)
    }

    fn gather(&mut self, number: usize) {
        let candidate = self.connections[number].candidate();
        self.say(number, WORK * 2, PeerInput::Candidates(vec![candidate]));
        self.say(number, WORK * 20, PeerInput::CandidatesEnded);
    }

    fn close(&mut self, number: usize) {
        let connection = &mut self.connections[number];
        connection.open = false;
        let (app, to, other) = (connection.app, connection.to, connection.other);
        self.apps[app].connections.remove(&to);
        if let Some(other) = other
            && self.plan.path_is_up(self.now)
        {
            let delay = self.delay();
            let arrival = self.connections[number].last_control.max(self.now + delay);
            self.at(arrival, Happening::ClosedByOther(other));
        }
    }

    fn send_control(&mut self, number: usize, bytes: Vec<u8>) {
        let delay = self.delay();
        let connection = &mut self.connections[number];
        let Some(other) = connection.other else { return };
        let arrival = connection.last_control.max(self.now + delay);
        connection.last_control = arrival;
        self.at(arrival, Happening::ControlArrives { connection: other, bytes });
    }

    pub(crate) fn control_arrives(&mut self, number: usize, bytes: Vec<u8>) {
        if !self.connections[number].open {
            return;
        }
        if !self.is_heard(number) {
            // The channel is reliable: it tries until the path is back.
            if self.other_is_there(number) {
                self.after(TRY_AGAIN, Happening::ControlArrives { connection: number, bytes });
            }
            return;
        }
        self.says(number, PeerInput::Control(bytes));
    }

    pub(crate) fn closed_by_other(&mut self, number: usize) {
        if self.connections[number].open && self.connections[number].stage == Stage::Control {
            self.says(number, PeerInput::ControlClosed);
        }
    }

    // What the connection says.

    fn say(&mut self, number: usize, after: Duration, input: PeerInput) {
        self.after(after, Happening::Says { connection: number, input });
    }

    /// A closed connection says nothing more.
    pub(crate) fn says(&mut self, number: usize, input: PeerInput) {
        let connection = &self.connections[number];
        if connection.open {
            let (app, to) = (connection.app, connection.to);
            self.tell(app, Input::Peer(to, input));
        }
    }

    // The path.

    fn other_is_there(&self, number: usize) -> bool {
        let other = self.connections[number].other;
        other.is_some_and(|other| self.connections[other].open && self.apps[self.connections[other].app].alive)
    }

    /// Whether packets of the other end arrive here.
    fn is_heard(&self, number: usize) -> bool {
        let connection = &self.connections[number];
        let stale = connection.stale || connection.other.is_some_and(|other| self.connections[other].stale);
        self.plan.path_is_up(self.now) && !stale && self.other_is_there(number)
    }

    pub(crate) fn change_network(&mut self) {
        for number in 0..self.connections.len() {
            let app = self.connections[number].app;
            if self.apps[app].who == Who::Guest && self.connections[number].open {
                self.connections[number].stale = true;
            }
        }
    }

    pub(crate) fn look_at_paths(&mut self) {
        for number in 0..self.connections.len() {
            if !self.connections[number].open || !self.apps[self.connections[number].app].alive {
                continue;
            }
            self.look_for_other(number);
            if self.connections[number].stage >= Stage::Ice {
                self.listen(number);
            }
        }
    }

    /// Two ends that have each other's descriptions, the newest ones, find each other.
    fn look_for_other(&mut self, number: usize) {
        let connection = &self.connections[number];
        if connection.meeting || (connection.other.is_some() && !connection.stale) || !self.plan.path_is_up(self.now) {
            return;
        }
        let Some(app) = self.app_at(connection.to).filter(|app| self.apps[*app].alive) else { return };
        let Some(me) = self.apps[connection.app].me else { return };
        let Some(other) = self.apps[app].connections.get(&me).copied() else { return };
        if !match_each_other(&self.connections[number], &self.connections[other]) {
            return;
        }
        let was_restarted = self.connections[number].other == Some(other);
        if was_restarted && !self.is_restarted(number, other) {
            return;
        }
        for (one, two) in [(number, other), (other, number)] {
            self.connections[one].other = Some(two);
            self.connections[one].meeting = true;
        }
        let delay = self.delay() * 2;
        self.after(delay, Happening::Step(number));
    }

    /// Whether both ends of a dead path have taken new descriptions since it died: told from the credentials, which a
    /// change of network leaves as they are.
    fn is_restarted(&self, number: usize, other: usize) -> bool {
        let connection = &self.connections[number];
        connection.met_with != Some(self.credentials(number, other))
    }

    fn credentials(&self, one: usize, other: usize) -> (String, String) {
        let ufrag = |number: usize| {
            let local = self.connections[number].local.as_ref();
            local.map_or_else(String::new, |parameters| parameters.ice.ufrag().to_owned())
        };
        let (first, second) = (ufrag(one), ufrag(other));
        if first < second { (first, second) } else { (second, first) }
    }

    /// The two ends take the next step together: path, handshake, control channel.
    pub(crate) fn step(&mut self, number: usize) {
        let Some(other) = self.connections[number].other else { return };
        let both = [number, other];
        if !self.other_is_there(number) || !self.other_is_there(other) {
            for one in both {
                self.connections[one].meeting = false;
            }
            return;
        }
        if !self.plan.path_is_up(self.now) {
            return self.after(TRY_AGAIN, Happening::Step(number));
        }
        let credentials = self.credentials(number, other);
        let next = match self.connections[number].stage {
            Stage::Apart => Stage::Ice,
            Stage::Ice => Stage::Dtls,
            Stage::Dtls | Stage::Control => Stage::Control,
        };
        let healed = self.connections[number].stale || self.connections[other].stale;
        for one in both {
            let connection = &mut self.connections[one];
            connection.stale = false;
            connection.met_with = Some(credentials.clone());
            connection.last_heard = self.now;
        }
        if healed && self.connections[number].stage >= Stage::Dtls {
            for one in both {
                self.connections[one].meeting = false;
                self.connections[one].said_disconnected = false;
                self.connections[one].said_silent = false;
                self.says(one, PeerInput::IceConnected);
            }
            if self.connections[number].stage == Stage::Control {
                return;
            }
        }
        for one in both {
            self.connections[one].stage = next;
        }
        for (one, two) in [(number, other), (other, number)] {
            let fingerprint = self.connections[two].fingerprint();
            match next {
                Stage::Apart => {}
                Stage::Ice => self.says(one, PeerInput::IceConnected),
                Stage::Dtls => {
                    self.witness.saw_connection(self.connections[one].app);
                    let remote_fingerprint = self.shown(one, fingerprint);
                    self.says(one, PeerInput::DtlsConnected { remote_fingerprint });
                }
                Stage::Control => self.says(one, PeerInput::ControlOpened),
            }
        }
        let is_last = next == Stage::Control || (next == Stage::Dtls && !self.plan.control_opens);
        for one in both {
            self.connections[one].meeting = !is_last;
        }
        if !is_last {
            let handshake = if next == Stage::Ice { self.plan.handshake } else { Duration::ZERO };
            let delay = self.delay() * 2 + handshake;
            self.after(delay, Happening::Step(number));
        }
    }

    /// The certificate that this end is shown: the other's, or that of somebody in between.
    fn shown(&self, number: usize, theirs: DtlsFingerprint) -> DtlsFingerprint {
        let to_guest = self.apps[self.connections[number].app].who != Who::Host;
        match self.plan.lie {
            Some(Lie::AnotherCertificate) if to_guest => DtlsFingerprint([0xee; 32]),
            _ => theirs,
        }
    }

    /// What arrives at this end, and what it says about it.
    fn listen(&mut self, number: usize) {
        let now = self.now;
        if !self.is_heard(number) {
            return self.hear_nothing(number);
        }
        let other = self.connections[number].other.expect("heard");
        let connection = &mut self.connections[number];
        connection.last_heard = now;
        if std::mem::take(&mut connection.said_silent) {
            self.says(number, PeerInput::HeardAgain);
        }
        if std::mem::take(&mut self.connections[number].said_disconnected) {
            self.says(number, PeerInput::IceConnected);
        }
        let media = self.connections[other].gate_open && self.connections[number].gate_open;
        if !self.connections[number].open || !media {
            return;
        }
        let (who, whom) = (self.connections[number].app, self.connections[other].app);
        self.assert_may_hear(who, whom);
        self.witness.saw_hearing(now, who, whom);
        if !std::mem::replace(&mut self.connections[number].heard_first, true) {
            self.says(number, PeerInput::HeardFirst);
            self.says(number, PeerInput::SawFirst);
        }
        if now.as_millis().is_multiple_of(1_000) {
            let estimate = PeerInput::Estimate {
                target: DataRate::from_kbps(800),
                loss: 0.0,
                voice_loss: 0.0,
                loss_follows_loss: 0.0,
                round_trip: None,
            };
            self.says(number, estimate);
        }
    }

    fn hear_nothing(&mut self, number: usize) {
        let connection = &mut self.connections[number];
        let since = connection.last_heard;
        let silent = self.now.since(since);
        if silent >= DISCONNECTED && !connection.said_disconnected {
            connection.said_disconnected = true;
            self.says(number, PeerInput::Disconnected);
        } else if silent >= SILENT && silent.as_millis() % 500 < 100 {
            connection.said_silent = true;
            self.says(number, PeerInput::NothingHeard { since });
        }
    }

    /// The invariant above all others.
    fn assert_may_hear(&self, who: usize, whom: usize) {
        let (host, guest) = if self.apps[who].who == Who::Host { (who, whom) } else { (whom, who) };
        let decided = self.apps[guest].me.is_some_and(|guest| self.witness.decided.contains_key(&(host, guest)));
        assert_eq!(self.apps[who].room, self.apps[whom].room, "somebody in a wrong visit: {}", self.name(who));
        assert!(decided, "somebody was heard before admission: {}", self.name(who));
    }
}
