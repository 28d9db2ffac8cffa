//! Virtual time: everybody of the day, and what happens next.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use call::{Call, EndReason, Input, Intent, Output, Phase, SignalingInput, SignalingRequest};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use signaling_protocol::{EndpointId, VisitState};
use units::Timestamp;

use crate::app::{App, secrets};
use crate::clinic::Clinic;
use crate::connection::Connection;
use crate::plan::{Plan, Who};
use crate::witness::Witness;

/// What happens at a moment. Apps and connections are named by their numbers.
#[derive(Debug)]
pub(crate) enum Happening {
    /// The engine of this app wanted to be woken.
    Wake(usize),
    /// The model looks around.
    Tick,
    ServerTimer,
    ServerStops,
    ServerStarts,
    /// This app's person starts it.
    Starts(Who),
    /// Another app of this person is started, beside the one that lives.
    StartsAnother(Who),
    Dies(Who),
    NetworkChanges,
    LeavesNetwork(Who),
    FindsNetwork(Who),
    FallsAsleep(Who),
    WakesUp(Who),
    RequestArrives {
        app: usize,
        id: u64,
        request: SignalingRequest,
    },
    AnswerArrives {
        app: usize,
        id: u64,
        answer: SignalingInput,
    },
    RequestTimesOut {
        app: usize,
        id: u64,
        attempt: u32,
    },
    StreamOpens {
        app: usize,
        attempt: u32,
    },
    StreamTells {
        app: usize,
        attempt: u32,
        cursor: Option<u64>,
        input: SignalingInput,
    },
    StreamIsMissed {
        app: usize,
        attempt: u32,
    },
    ServerMissesStream {
        app: usize,
        stream: server::visits::StreamId,
        life: u64,
    },
    /// This connection says something to its app.
    Says {
        connection: usize,
        input: call::PeerInput,
    },
    /// The two ends take the next step together.
    Step(usize),
    ControlArrives {
        connection: usize,
        bytes: Vec<u8>,
    },
    ClosedByOther(usize),
}

struct Entry {
    at: Timestamp,
    order: u64,
    what: Happening,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) now: Timestamp,
    queue: BinaryHeap<Reverse<Entry>>,
    order: u64,
    pub(crate) dice: StdRng,
    pub(crate) clinic: Clinic,
    pub(crate) apps: Vec<App>,
    pub(crate) connections: Vec<Connection>,
    pub(crate) witness: Witness,
    /// When the server will be woken.
    pub(crate) server_timer: Option<Timestamp>,
    /// Somebody hung up: nobody begins anew.
    hung_up: bool,
}

/// How often the model looks around.
const TICK: Duration = Duration::from_millis(100);

impl World {
    pub(crate) fn new(plan: Plan) -> Self {
        let keys = secrets(0).map(|secret| secret.invite_key());
        let mut world = Self {
            now: Timestamp::ZERO,
            queue: BinaryHeap::new(),
            order: 0,
            dice: StdRng::seed_from_u64(plan.seed),
            clinic: Clinic::new(plan.seed, &keys),
            apps: Vec::new(),
            connections: Vec::new(),
            witness: Witness::default(),
            server_timer: None,
            hung_up: false,
            plan,
        };
        world.witness.outage = world.plan.path_down.first().map(|outage| (outage.start, outage.end));
        let plan = world.plan.clone();
        for (who, at) in plan.joins {
            world.at(at, Happening::Starts(who));
        }
        if plan.second_guest {
            // After the first, so that they are second in the queue.
            let last = plan.joins.iter().map(|(_, at)| *at).max().unwrap();
            world.at(last + Duration::from_secs(12), Happening::Starts(Who::SecondGuest));
        }
        if let Some((who, at)) = plan.second_app {
            world.at(at, Happening::StartsAnother(who));
        }
        for outage in &plan.server_down {
            world.at(outage.start, Happening::ServerStops);
            world.at(outage.end, Happening::ServerStarts);
        }
        for (who, at, back) in &plan.kills {
            world.at(*at, Happening::Dies(*who));
            if let Some(back) = back {
                world.at(*at + *back, Happening::Starts(*who));
            }
        }
        for at in &plan.network_changes {
            world.at(*at, Happening::NetworkChanges);
        }
        for (who, at, gap) in &plan.moves {
            world.at(*at, Happening::LeavesNetwork(*who));
            world.at(*at + *gap, Happening::FindsNetwork(*who));
        }
        for (who, at, span) in &plan.sleeps {
            world.at(*at, Happening::FallsAsleep(*who));
            world.at(*at + *span, Happening::WakesUp(*who));
        }
        world.after(TICK, Happening::Tick);
        world
    }

    // Running.

    pub(crate) fn run_until_hang_up(&mut self) {
        self.run_until(self.plan.hangs_up_at);
    }

    pub(crate) fn run_for(&mut self, span: Duration) {
        self.run_until(self.now + span);
    }

    pub(crate) fn run_until(&mut self, end: Timestamp) {
        while self.queue.peek().is_some_and(|Reverse(entry)| entry.at <= end) {
            let Reverse(entry) = self.queue.pop().unwrap();
            self.now = entry.at;
            self.happen(entry.what);
        }
        self.now = end;
    }

    /// One of them hangs up; then everything has time to end.
    pub(crate) fn hang_up_and_run_to_the_end(&mut self) {
        self.hung_up = true;
        if let Some(who) = self.plan.hangs_up {
            let app = self.newest(who).filter(|app| self.apps[*app].alive && !self.phase(*app).is_ended());
            if let Some(app) = app {
                self.tell(app, Input::Intent(Intent::HangUp));
            } else {
                // That one is gone already: the other has enough of waiting.
                let other = if who == Who::Host { Who::Guest } else { Who::Host };
                if let Some(other) = self.newest(other) {
                    self.tell(other, Input::Intent(Intent::HangUp));
                }
            }
        }
        self.run_for(Duration::from_secs(150));
        // Whoever came and met nobody goes in the end.
        for app in 0..self.apps.len() {
            if self.apps[app].alive && matches!(self.phase(app), Phase::Lobby | Phase::WaitingRoom { .. }) {
                self.tell(app, Input::Intent(Intent::HangUp));
            }
        }
        self.run_for(Duration::from_secs(700));
    }

    pub(crate) fn kill_everybody(&mut self) {
        for who in [Who::Host, Who::Guest, Who::SecondGuest] {
            self.die(who);
        }
    }

    pub(crate) fn at(&mut self, at: Timestamp, what: Happening) {
        self.order += 1;
        self.queue.push(Reverse(Entry { at: at.max(self.now), order: self.order, what }));
    }

    pub(crate) fn after(&mut self, span: Duration, what: Happening) {
        self.at(self.now + span, what);
    }

    /// One way through the network.
    pub(crate) fn delay(&mut self) -> Duration {
        self.dice.random_range(self.plan.delay.clone())
    }

    pub(crate) fn chance(&mut self, share: f64) -> bool {
        self.dice.random_bool(share)
    }

    fn happen(&mut self, what: Happening) {
        match what {
            Happening::Wake(app) => self.wake(app),
            Happening::Tick => {
                self.look_at_paths();
                self.look_at_streams();
                self.look_at_waiting_room();
                self.after(TICK, Happening::Tick);
            }
            Happening::ServerTimer => self.wake_server(),
            Happening::ServerStops => self.stop_server(),
            Happening::ServerStarts => {
                // Outages may overlap.
                if self.plan.server_is_up(self.now) && self.clinic.visits.is_none() {
                    self.clinic.start(self.now);
                    self.wake_server();
                }
            }
            Happening::Starts(who) => self.start(who),
            Happening::StartsAnother(who) => self.start_another(who),
            Happening::Dies(who) => self.die(who),
            Happening::NetworkChanges => self.change_network(),
            Happening::LeavesNetwork(who) => self.leave_network(who),
            Happening::FindsNetwork(who) => self.find_network(who),
            Happening::FallsAsleep(who) => self.fall_asleep(who),
            Happening::WakesUp(who) => self.wake_up(who),
            Happening::RequestArrives { app, id, request } => self.request_arrives(app, id, &request),
            Happening::AnswerArrives { app, id, answer } => self.answer_arrives(app, id, answer),
            Happening::RequestTimesOut { app, id, attempt } => self.request_times_out(app, id, attempt),
            Happening::StreamOpens { app, attempt } => self.stream_opens(app, attempt),
            Happening::StreamTells { app, attempt, cursor, input } => self.stream_tells(app, attempt, cursor, input),
            Happening::StreamIsMissed { app, attempt } => self.stream_is_missed(app, attempt),
            Happening::ServerMissesStream { app, stream, life } => self.server_misses_stream(app, stream, life),
            Happening::Says { connection, input } => self.says(connection, input),
            Happening::Step(connection) => self.step(connection),
            Happening::ControlArrives { connection, bytes } => self.control_arrives(connection, bytes),
            Happening::ClosedByOther(connection) => self.closed_by_other(connection),
        }
    }

    // People.

    fn start(&mut self, who: Who) {
        if self.hung_up || self.newest(who).is_some_and(|app| self.apps[app].alive) {
            return;
        }
        self.start_another(who);
    }

    fn start_another(&mut self, who: Who) {
        self.start_in(0, who);
    }

    /// Somebody starts an app for one of the day's visits.
    pub(crate) fn start_in(&mut self, room: usize, who: Who) -> usize {
        let seed = self.dice.random();
        self.apps.push(App::new(who, room, &self.clinic, seed));
        let app = self.apps.len() - 1;
        self.tell(app, Input::Intent(Intent::Join));
        app
    }

    fn die(&mut self, who: Who) {
        if let Some(app) = self.newest(who).filter(|app| self.apps[*app].alive) {
            self.kill(app);
        }
    }

    /// This app is gone without a word.
    pub(crate) fn kill(&mut self, app: usize) {
        self.apps[app].alive = false;
        self.witness.killed = Some((app, self.now));
        // The operating system closes its sockets: the server sees that, if it can.
        let attempt = self.apps[app].stream.attempt;
        self.stream_breaks(app, attempt);
    }

    /// The clinician admits the patient, after a look; never who came by the second link.
    fn look_at_waiting_room(&mut self) {
        for room in 0..self.clinic.rooms.len() {
            self.look_at_waiting_room_of(room);
        }
    }

    fn look_at_waiting_room_of(&mut self, room: usize) {
        let Some(patience) = self.plan.admits_after else { return };
        let Some(host) = self.newest_in(room, Who::Host).filter(|host| self.apps[*host].alive) else { return };
        let first_link = self.clinic.rooms[room].invites[0].0;
        let snapshot = self.apps[host].call.snapshot();
        let free = !matches!(snapshot.phase, Phase::Live { .. } | Phase::Ended(_));
        let waiting: Vec<_> =
            snapshot.waiting.iter().filter(|one| one.invite == first_link).map(|one| one.endpoint).collect();
        self.look_at_second(host, patience);
        for endpoint in waiting {
            let seen = *self.apps[host].seen_waiting.entry(endpoint).or_insert(self.now);
            if free && self.now.since(seen) >= patience {
                self.apps[host].seen_waiting.insert(endpoint, self.now + Duration::from_secs(5));
                self.witness.decided.entry((host, endpoint)).or_insert(self.now);
                self.tell(host, Input::Intent(Intent::Admit(endpoint)));
            }
        }
    }

    /// What the clinician does about who came by the second link: usually nothing.
    fn look_at_second(&mut self, host: usize, patience: Duration) {
        let first_link = self.clinic.rooms[self.apps[host].room].invites[0].0;
        let snapshot = self.apps[host].call.snapshot();
        let second = snapshot.waiting.iter().find(|one| one.invite != first_link).map(|one| one.endpoint);
        let Some(second) = second.filter(|_| self.plan.denies_second || self.plan.admits_second) else { return };
        let seen = *self.apps[host].seen_waiting.entry(second).or_insert(self.now);
        if self.now.since(seen) < patience {
            return;
        }
        self.apps[host].seen_waiting.insert(second, self.now + Duration::from_secs(5));
        if self.plan.denies_second {
            self.witness.denied.insert(second);
            self.tell(host, Input::Intent(Intent::Deny(second)));
        } else if self.plan.admits_second {
            self.tell(host, Input::Intent(Intent::Admit(second)));
        }
    }

    // Engines.

    /// Tells an app something and does what it wants.
    pub(crate) fn tell(&mut self, app: usize, input: Input) {
        if self.apps[app].asleep {
            self.apps[app].unread.push(input);
        } else if self.apps[app].alive {
            let live = matches!(self.phase(app), Phase::Live { .. });
            let (before, hangs_up) =
                (self.apps[app].call.snapshot().partner, matches!(input, Input::Intent(Intent::HangUp)));
            self.apps[app].call.handle_input(self.now, input);
            self.assert_not_replaced(app, before);
            let after = self.apps[app].call.snapshot().partner;
            let goes_on = !self.phase(app).is_ended() && !hangs_up;
            let replaced = live && goes_on && after.is_some() && before != after;
            assert!(!replaced, "somebody who was heard was replaced: {}", self.name(app));
            self.carry_out(app);
        }
    }

    fn wake(&mut self, app: usize) {
        if !self.apps[app].alive || self.apps[app].asleep || self.apps[app].woken_for != Some(self.now) {
            return;
        }
        self.apps[app].woken_for = None;
        self.apps[app].call.handle_timeout(self.now);
        let next = self.apps[app].call.poll_timeout();
        assert!(next.is_none_or(|at| at > self.now), "{}: a timer that does not advance", self.name(app));
        self.carry_out(app);
    }

    fn carry_out(&mut self, app: usize) {
        while let Some(output) = self.apps[app].call.poll_output() {
            match output {
                Output::Signaling(request) => self.ask(app, request),
                Output::Peer(endpoint, command) => self.command(app, endpoint, command),
                Output::Quality { .. }
                | Output::Milestone(_)
                | Output::Receipt(_)
                | Output::CompareLog(_)
                | Output::Files(_)
                | Output::RememberEpoch { .. }
                | Output::RememberDevice { .. } => {}
                Output::Changed => {
                    let phase = self.phase(app);
                    self.witness.saw_phase(self.now, app, phase);
                }
            }
        }
        if let Some(at) = self.apps[app].call.poll_timeout() {
            let at = at.max(self.now);
            if self.apps[app].woken_for.is_none_or(|before| at < before || before < self.now) {
                self.apps[app].woken_for = Some(at);
                self.at(at, Happening::Wake(app));
            }
        }
    }

    /// Nobody live is replaced by another without somebody's intent: the person at the host said yes to the other, or
    /// a clinician took over on another device.
    fn assert_not_replaced(&self, app: usize, before: Option<EndpointId>) {
        let after = self.apps[app].call.snapshot().partner;
        if let (Who::Host, Some(before), Some(after)) = (self.apps[app].who, before, after)
            && before != after
        {
            let decided = self.witness.decided.contains_key(&(app, after));
            assert!(decided, "somebody was replaced without a decision: {}", self.name(app));
        }
    }

    // Looking.

    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) fn newest(&self, who: Who) -> Option<usize> {
        self.newest_in(0, who)
    }

    pub(crate) fn newest_in(&self, room: usize, who: Who) -> Option<usize> {
        self.apps.iter().rposition(|app| app.who == who && app.room == room)
    }

    /// The newest app of this person.
    pub(crate) fn app_of(&self, who: Who) -> usize {
        self.newest(who).expect("it was started")
    }

    pub(crate) fn app_at(&self, endpoint: EndpointId) -> Option<usize> {
        self.apps.iter().rposition(|app| app.me == Some(endpoint))
    }

    pub(crate) fn call(&self, app: usize) -> &Call {
        &self.apps[app].call
    }

    pub(crate) fn phase(&self, app: usize) -> Phase {
        self.call(app).snapshot().phase
    }

    pub(crate) fn visit_state(&mut self) -> VisitState {
        self.clinic.state()
    }

    /// For messages of failed checks: the seed is all that is needed to see it again.
    pub(crate) fn name(&self, app: usize) -> String {
        format!(
            "seed {} at {:?}, app {app} ({:?})\n{}",
            self.plan.seed,
            self.now,
            self.apps[app].who,
            self.witness.log().join("\n")
        )
    }

    // What must hold.

    pub(crate) fn assert_both_live(&self) {
        for who in [Who::Host, Who::Guest] {
            let app = self.app_of(who);
            assert!(matches!(self.phase(app), Phase::Live { .. }), "not live: {}", self.name(app));
            assert!(self.call(app).snapshot().media_open, "no media: {}", self.name(app));
            assert!(self.witness.heard_anybody(app), "nothing heard: {}", self.name(app));
        }
    }

    /// Whoever was turned away is gone at the server, and heard nothing.
    pub(crate) fn assert_denied_are_gone(&mut self) {
        for endpoint in self.witness.denied.clone() {
            assert!(!self.clinic.is_in(endpoint), "denied and still there: seed {}", self.plan.seed);
            if let Some(app) = self.app_at(endpoint) {
                assert!(!self.witness.opened_media(app), "denied and heard: {}", self.name(app));
                // Whose stream was broken finds the door closed instead.
                assert!(self.phase(app).is_ended(), "denied and not told: {}", self.name(app));
            }
        }
    }

    pub(crate) fn assert_everything_is_over(&mut self) {
        for app in 0..self.apps.len() {
            if self.apps[app].alive {
                assert!(self.call(app).is_finished(), "not over: {}", self.name(app));
                let open = self.connections.iter().any(|connection| connection.app == app && connection.open);
                assert!(!open, "a connection left open: {}", self.name(app));
            }
        }
        let host_is_gone = self.newest(Who::Host).is_none_or(|host| !self.apps[host].alive);
        if host_is_gone && matches!(self.visit_state(), VisitState::Scheduled | VisitState::Open) {
            // Nobody met, and whoever could end it is gone: a day later it ends by itself.
            let visits = self.clinic.visits.as_mut().expect("it runs again by now");
            visits.handle_timeout(self.now + Duration::from_secs(25 * 3_600));
        }
        assert_eq!(self.visit_state(), VisitState::Ended, "seed {}\n{}", self.plan.seed, self.witness.log().join("\n"));
    }

    /// What the two tell of the visit fits together, and fits what the server wrote down.
    pub(crate) fn assert_same_story(&mut self) {
        let decided: Vec<_> = self.witness.decided.keys().copied().collect();
        for guest in 0..self.apps.len() {
            if self.apps[guest].who == Who::Host || !self.witness.was_live(guest) {
                continue;
            }
            let me = self.apps[guest].me.expect("who was live is somebody");
            let hosts: Vec<_> = decided.iter().filter(|(_, endpoint)| *endpoint == me).map(|(host, _)| *host).collect();
            let host_was_live = hosts.iter().any(|host| self.witness.was_live(*host));
            assert!(host_was_live, "live without a host: {}", self.name(guest));
            assert!(self.clinic.wrote_admission(me), "live and not written down: {}", self.name(guest));
        }
        let (host, guest) = (self.newest(Who::Host), self.newest(Who::Guest));
        let (Some(host), Some(guest)) = (host, guest) else { return };
        let both_live = self.apps[host].alive
            && self.apps[guest].alive
            && self.witness.was_live(host)
            && self.witness.was_live(guest);
        if let (true, Phase::Ended(one), Phase::Ended(other)) = (both_live, self.phase(host), self.phase(guest)) {
            use EndReason::{ConnectionLost, HungUp, TheyHungUp, VisitOver};
            let fits = matches!(
                (one, other),
                (HungUp, TheyHungUp | HungUp | VisitOver | ConnectionLost)
                    | (TheyHungUp | VisitOver | ConnectionLost, HungUp)
                    | (ConnectionLost, ConnectionLost | TheyHungUp | VisitOver)
                    | (TheyHungUp | VisitOver, ConnectionLost)
            );
            assert!(fits, "{one:?} and {other:?}: {}", self.name(guest));
        }
    }
}
