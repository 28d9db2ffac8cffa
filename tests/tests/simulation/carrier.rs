//! The way to the server and back: requests that are tried until they are answered, event streams that break.

use std::time::Duration;

use call::{Input, RequestKind, SignalingInput, SignalingRequest};
use rand::RngExt;
use server::visits::{Closed, StreamId};
use signaling_protocol::{Base64, Code, Event, Participant, Role};
use trust::{Capabilities, OwnBundle};

use crate::app::another_identity;
use crate::plan::Lie;
use crate::world::{Happening, World};

/// When a request without an answer is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(2);

impl World {
    fn reaches_server(&self, app: usize) -> bool {
        let who = self.apps[app].who;
        self.apps[app].alive && self.clinic.visits.is_some() && self.plan.is_online(who, self.now)
    }

    // Requests.

    pub(crate) fn ask(&mut self, app: usize, request: SignalingRequest) {
        if request == SignalingRequest::OpenEvents {
            let stream = &mut self.apps[app].stream;
            // A new endpoint begins a new stream.
            (stream.wanted, stream.cursor, stream.sent) = (true, None, None);
            return self.open_stream(app, Duration::ZERO);
        }
        let id = self.apps[app].next_request;
        self.apps[app].next_request += 1;
        let is_post = matches!(request, SignalingRequest::Send(_));
        self.apps[app].requests.insert(id, (request, 0));
        if is_post && !self.plan.overtakes {
            self.apps[app].posts.push_back(id);
            if self.apps[app].posts.len() > 1 {
                return;
            }
        }
        self.try_request(app, id);
    }

    pub(crate) fn try_request(&mut self, app: usize, id: u64) {
        let Some((request, attempts)) = self.apps[app].requests.get_mut(&id) else { return };
        *attempts += 1;
        let (request, attempt) = (request.clone(), *attempts);
        self.after(TRY_AGAIN, Happening::RequestTimesOut { app, id, attempt });
        let copies = if self.chance(self.plan.twice) { 2 } else { 1 };
        for _ in 0..copies {
            if self.reaches_server(app) && !self.chance(self.plan.loss) {
                let delay = self.delay();
                self.after(delay, Happening::RequestArrives { app, id, request: request.clone() });
            }
        }
    }

    pub(crate) fn request_times_out(&mut self, app: usize, id: u64, attempt: u32) {
        let waits = self.apps[app].requests.get(&id).is_some_and(|(_, attempts)| *attempts == attempt);
        if waits && self.apps[app].alive {
            self.try_request(app, id);
        }
    }

    pub(crate) fn request_arrives(&mut self, app: usize, id: u64, request: &SignalingRequest) {
        if self.clinic.visits.is_none() {
            return;
        }
        let answer = self.clinic.answer(self.now, self.apps[app].me, request);
        if let (SignalingInput::Joined(reply), Some(before)) = (&answer, self.apps[app].me) {
            self.witness.saw_return(before, reply.endpoint);
        }
        if let SignalingInput::Refused { code: Code::TooManyRequests, .. } = answer {
            // The driver waits and tries again by itself.
            return;
        }
        self.pump_server();
        if self.reaches_server(app) && !self.chance(self.plan.loss) {
            let delay = self.delay();
            self.after(delay, Happening::AnswerArrives { app, id, answer });
        }
    }

    pub(crate) fn answer_arrives(&mut self, app: usize, id: u64, answer: SignalingInput) {
        if self.apps[app].requests.remove(&id).is_none() {
            return;
        }
        if let SignalingInput::Joined(reply) = &answer {
            self.apps[app].me = Some(reply.endpoint);
        }
        if self.apps[app].posts.front() == Some(&id) {
            self.apps[app].posts.pop_front();
            if let Some(next) = self.apps[app].posts.front().copied() {
                self.try_request(app, next);
            }
        }
        self.tell(app, Input::Signaling(answer));
    }

    // The server.

    pub(crate) fn wake_server(&mut self) {
        let now = self.now;
        let Some(visits) = self.clinic.visits.as_mut() else { return };
        visits.handle_timeout(now);
        self.pump_server();
    }

    pub(crate) fn stop_server(&mut self) {
        self.clinic.stop();
        for app in 0..self.apps.len() {
            let attempt = self.apps[app].stream.attempt;
            self.stream_breaks(app, attempt);
        }
    }

    /// Sends what is new down the streams, and notes when the server wants to be woken.
    pub(crate) fn pump_server(&mut self) {
        let Some(visits) = self.clinic.visits.as_mut() else { return };
        let woken = visits.take_woken();
        let next = visits.poll_timeout();
        for endpoint in woken {
            if let Some(app) = self.app_at(endpoint) {
                self.send_events(app);
            }
        }
        if let Some(at) = next {
            let at = at.max(self.now + Duration::from_millis(1));
            if self.server_timer.is_none_or(|before| at < before || before <= self.now) {
                self.server_timer = Some(at);
                self.at(at, Happening::ServerTimer);
            }
        }
    }

    // Streams.

    pub(crate) fn open_stream(&mut self, app: usize, wait: Duration) {
        self.apps[app].stream.attempt += 1;
        let attempt = self.apps[app].stream.attempt;
        let delay = self.delay();
        self.after(wait + delay, Happening::StreamOpens { app, attempt });
    }

    pub(crate) fn stream_opens(&mut self, app: usize, attempt: u32) {
        let stream = &self.apps[app].stream;
        if !self.apps[app].alive || !stream.wanted || stream.attempt != attempt {
            return;
        }
        let lost = self.chance(self.plan.loss);
        if !self.reaches_server(app) || lost {
            let wait = Duration::from_secs_f64(self.dice.random_range(0.25..2.0));
            return self.open_stream(app, wait);
        }
        let (now, me) = (self.now, self.apps[app].me);
        let visits = self.clinic.visits.as_mut().expect("reached");
        let opened = me.ok_or(Code::NotSignedIn).and_then(|me| {
            // Out of the visit and told everything: the HTTP layer has nothing to stream.
            if visits.is_over(me, self.apps[app].stream.cursor) {
                Err(Code::NotSignedIn)
            } else {
                visits.stream_opened(now, me)
            }
        });
        match opened {
            Ok(id) => {
                let stream = &mut self.apps[app].stream;
                (stream.open, stream.sent) = (Some(id), stream.cursor);
                self.tell_down(app, None, SignalingInput::StreamUp);
                self.send_events(app);
                self.pump_server();
            }
            Err(code) => {
                self.apps[app].stream.wanted = false;
                self.tell_down(app, None, SignalingInput::Refused { request: RequestKind::Events, code });
            }
        }
    }

    fn send_events(&mut self, app: usize) {
        let (now, me, sent) = (self.now, self.apps[app].me, self.apps[app].stream.sent);
        let (Some(visits), Some(me), Some(stream)) = (self.clinic.visits.as_mut(), me, self.apps[app].stream.open)
        else {
            return;
        };
        if !visits.is_newest(me, stream) {
            return;
        }
        let Ok(events) = visits.events_after(now, me, sent) else { return };
        for numbered in events {
            self.apps[app].stream.sent = Some(numbered.cursor);
            let event = self.lie(app, numbered.event);
            let lies =
                self.plan.lie == Some(Lie::Admitted) && matches!(event, Event::Hello { .. } | Event::Joined { .. });
            self.tell_down(app, Some(numbered.cursor), SignalingInput::Event(event));
            if lies {
                self.tell_down(app, None, SignalingInput::Event(Event::Admitted { endpoint: me }));
            }
        }
    }

    /// A stream keeps its order.
    fn tell_down(&mut self, app: usize, cursor: Option<u64>, input: SignalingInput) {
        let delay = self.delay();
        let (now, twice) = (self.now, self.plan.twice);
        let stream = &mut self.apps[app].stream;
        let arrival = stream.last_arrival.max(now + delay);
        stream.last_arrival = arrival;
        let attempt = stream.attempt;
        let is_message = matches!(input, SignalingInput::Event(Event::Message { .. }));
        if is_message && self.chance(twice) {
            self.at(arrival, Happening::StreamTells { app, attempt, cursor, input: input.clone() });
        }
        self.at(arrival, Happening::StreamTells { app, attempt, cursor, input });
    }

    pub(crate) fn stream_tells(&mut self, app: usize, attempt: u32, cursor: Option<u64>, input: SignalingInput) {
        let stream = &mut self.apps[app].stream;
        if stream.attempt != attempt {
            return;
        }
        stream.cursor = cursor.or(stream.cursor);
        self.tell(app, Input::Signaling(input));
    }

    /// Breaks streams as the weather says, and those of apps that lost their way to the server.
    pub(crate) fn look_at_streams(&mut self) {
        for app in 0..self.apps.len() {
            if self.apps[app].stream.open.is_none() || !self.apps[app].alive {
                continue;
            }
            let calm = self.now >= self.plan.calm_at;
            let mean = self.plan.stream_breaks.filter(|_| !calm);
            let breaks = mean.is_some_and(|mean| self.chance(0.1 / mean.as_secs_f64()));
            if breaks || !self.plan.is_online(self.apps[app].who, self.now) {
                let attempt = self.apps[app].stream.attempt;
                self.stream_breaks(app, attempt);
            }
        }
    }

    /// From now on nothing comes through; each end learns of it in its own time.
    pub(crate) fn stream_breaks(&mut self, app: usize, attempt: u32) {
        if self.apps[app].stream.attempt != attempt {
            return;
        }
        let Some(open) = self.apps[app].stream.open.take() else { return };
        // What was on its way is lost: it belongs to an attempt that is over.
        self.apps[app].stream.attempt += 1;
        let attempt = self.apps[app].stream.attempt;
        let offline = !self.plan.is_online(self.apps[app].who, self.now);
        let notices = |dice: &mut rand::rngs::StdRng| {
            Duration::from_secs_f64(if offline { dice.random_range(3.0..15.0) } else { dice.random_range(0.02..0.2) })
        };
        let (server, client) = (notices(&mut self.dice), notices(&mut self.dice));
        self.after(server, Happening::ServerMissesStream { app, stream: open, life: self.clinic.starts });
        self.after(client, Happening::StreamIsMissed { app, attempt });
    }

    pub(crate) fn server_misses_stream(&mut self, app: usize, stream: StreamId, life: u64) {
        if life != self.clinic.starts {
            return;
        }
        let (now, me) = (self.now, self.apps[app].me);
        if let (Some(visits), Some(me)) = (self.clinic.visits.as_mut(), me) {
            visits.stream_closed(now, me, stream, Closed::Broken);
            self.pump_server();
        }
    }

    pub(crate) fn stream_is_missed(&mut self, app: usize, attempt: u32) {
        if self.apps[app].stream.attempt != attempt {
            return;
        }
        self.tell(app, Input::Signaling(SignalingInput::StreamDown));
        let wait = Duration::from_secs_f64(self.dice.random_range(0.25..1.0));
        self.open_stream(app, wait);
    }

    /// What a hostile server makes of an event.
    fn lie(&mut self, app: usize, event: Event) -> Event {
        if self.plan.lie != Some(Lie::AnotherClinic) || self.apps[app].who == crate::plan::Who::Host {
            return event;
        }
        let visit = self.clinic.rooms[self.apps[app].room].visit;
        let swap = |participant: Participant| match participant.role {
            Role::Host => {
                let bundle = OwnBundle::host([66; 64], visit, &another_identity(), &Capabilities::app());
                Participant { bundle: Base64(bundle.bytes().to_vec()), ..participant }
            }
            Role::Guest => participant,
        };
        match event {
            Event::Hello { endpoint, admission, state, participants } => {
                Event::Hello { endpoint, admission, state, participants: participants.into_iter().map(swap).collect() }
            }
            Event::Joined { participant } => Event::Joined { participant: swap(participant) },
            event => event,
        }
    }
}
