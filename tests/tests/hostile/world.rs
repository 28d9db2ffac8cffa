//! One visit through a proxy, from the knock to its end, and what was seen of it; an attack and its twin are two of them.

use std::thread;
use std::time::{Duration, Instant};

use call::{EndReason, Phase, Problem, Refusal, Snapshot};
use session::{Link, Outcome, Visit};
use signaling_protocol::Role;

use crate::apps::{Guest, Habit, Host, LOOK};
use crate::clinic::Clinic;
use crate::proxy::Proxy;
use crate::script::Script;

/// Two apps and what is between them.
pub(crate) struct World<'a> {
    pub(crate) clinic: &'a Clinic,
    pub(crate) proxy: Proxy,
    pub(crate) host: Host,
    pub(crate) guest: Guest,
    pub(crate) link: Link,
    pub(crate) seen: [Seen; 2],
}

/// What one side went through.
#[derive(Debug, Default, Clone)]
pub(crate) struct Seen {
    pub(crate) ended: Option<EndReason>,
    pub(crate) problems: Vec<Problem>,
    /// It was connected, and media could pass.
    pub(crate) live: bool,
    /// Its own gate was open.
    pub(crate) open: bool,
    pub(crate) heard: bool,
    pub(crate) saw: bool,
    /// What it showed last.
    pub(crate) phase: Option<Phase>,
}

impl Seen {
    fn look(&mut self, visit: &Visit) -> Snapshot {
        let snapshot = visit.snapshot();
        self.phase = Some(snapshot.phase);
        self.live |= matches!(snapshot.phase, Phase::Live { .. });
        self.open |= snapshot.media_open;
        self.heard |= visit.levels().1 > 0.0;
        self.saw |= visit.pictures().other().is_some();
        if let Phase::Ended(reason) = snapshot.phase {
            self.ended = Some(reason);
        }
        if let Some(problem) = snapshot.problem
            && !self.problems.contains(&problem)
        {
            self.problems.push(problem);
        }
        snapshot
    }

    /// Whether anything of the other side came through.
    pub(crate) fn has_media(&self) -> bool {
        self.live || self.open || self.heard || self.saw
    }

    /// Whether it refused for this reason: the call, or somebody who wanted in.
    pub(crate) fn refused(&self, refusal: Refusal) -> bool {
        let turned_away =
            |problem: &Problem| matches!(problem, Problem::GuestRefused { reason, .. } if *reason == refusal);
        self.ended == Some(EndReason::Refused(refusal)) || self.problems.iter().any(turned_away)
    }
}

impl<'a> World<'a> {
    /// Both apps join through a proxy of this script.
    pub(crate) fn open(clinic: &'a Clinic, script: Script, habit: &Habit) -> Self {
        Self::open_at(clinic, clinic.proxy(script), Some(clinic.identity.pin()), habit)
    }

    /// Both join through this proxy, and know it by this pin or by the machine's authorities.
    pub(crate) fn open_at(clinic: &'a Clinic, proxy: Proxy, pin: Option<[u8; 32]>, habit: &Habit) -> Self {
        let folder = clinic.folder();
        let mut host = Host::open(&proxy.url(), pin, &folder, habit.admits);
        let link = (habit.link)(host.link().expect("a visit and its link"));
        habit.stolen.get_or_init(|| link.clone());
        // Who comes first would be told in other events in every run.
        let deadline = Instant::now() + LIMIT;
        while Instant::now() < deadline
            && !host.snapshot().is_some_and(|seen| seen.signaling_up || seen.phase.is_ended())
        {
            thread::sleep(LOOK);
        }
        let guest = Guest::open(link.clone(), &folder, habit.guest_ahead);
        Self { clinic, proxy, host, guest, link, seen: [Seen::default(), Seen::default()] }
    }

    /// What this side went through so far.
    pub(crate) fn seen(&self, role: Role) -> &Seen {
        &self.seen[role as usize]
    }

    /// Looks on until this is so; whether it came to that in time.
    pub(crate) fn until(&mut self, limit: Duration, mut enough: impl FnMut(&mut Self) -> bool) -> bool {
        let deadline = Instant::now() + limit;
        loop {
            self.look();
            if enough(self) {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            thread::sleep(LOOK);
        }
    }

    /// Looks on for so long.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.until(time, |_| false);
    }

    fn look(&mut self) {
        if let Some(visit) = self.host.visit() {
            self.seen[Role::Host as usize].look(visit);
        }
        self.seen[Role::Guest as usize].look(&self.guest.visit);
    }

    /// Both see and hear each other.
    pub(crate) fn is_whole(&self) -> bool {
        self.seen.iter().all(|seen| seen.live && seen.heard && seen.saw)
    }

    /// Both are connected at this moment.
    pub(crate) fn is_live(&self) -> bool {
        self.seen.iter().all(|seen| matches!(seen.phase, Some(Phase::Live { .. })))
    }

    /// Hangs up whatever goes on; how it went, host first.
    pub(crate) fn close(self) -> ([Outcome; 2], [Seen; 2], Proxy) {
        let (host, guest) = (self.host, self.guest);
        let outcomes = thread::scope(|scope| {
            let host = scope.spawn(move || host.close());
            let guest = scope.spawn(move || guest.close());
            [host.join().unwrap(), guest.join().unwrap()]
        });
        (outcomes, self.seen, self.proxy)
    }
}

/// How long a call may take to come about on a machine that does much else, or an attack to be noticed: a handshake has
/// thirty seconds.
pub(crate) const LIMIT: Duration = Duration::from_secs(40);
