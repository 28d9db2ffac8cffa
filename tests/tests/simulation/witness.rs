//! Who saw everything: what was decided, opened, heard and shown, whatever the apps believe.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use call::{Phase, ReconnectCause};
use signaling_protocol::EndpointId;
use units::Timestamp;

#[derive(Default)]
pub(crate) struct Witness {
    /// The person at this app said yes to this endpoint.
    pub(crate) decided: BTreeMap<(usize, EndpointId), Timestamp>,
    /// The person at an app turned this endpoint away.
    pub(crate) denied: BTreeSet<EndpointId>,
    opened: BTreeSet<usize>,
    connected: BTreeSet<usize>,
    /// Who heard whom first when, by app.
    heard: BTreeMap<(usize, usize), Timestamp>,
    heard_last: BTreeMap<(usize, usize), Timestamp>,
    /// The longest time in which somebody who had heard somebody did not, and did again.
    pub(crate) longest_silence: Duration,
    phases: Vec<(Timestamp, usize, Phase)>,
    pub(crate) outage: Option<(Timestamp, Timestamp)>,
    pub(crate) killed: Option<(usize, Timestamp)>,
    /// How often another path was offered.
    pub(crate) restarts: usize,
}

impl Witness {
    /// The same app, not started again, came in anew: who let it in meant the app and not its name at the server.
    pub(crate) fn saw_return(&mut self, before: EndpointId, after: EndpointId) {
        let of_app: Vec<_> =
            self.decided.iter().filter(|((_, endpoint), _)| *endpoint == before).map(|(of, at)| (of.0, *at)).collect();
        for (host, at) in of_app {
            self.decided.insert((host, after), at);
        }
    }

    pub(crate) fn saw_phase(&mut self, now: Timestamp, app: usize, phase: Phase) {
        let last = self.phases.iter().rev().find(|(_, whose, _)| *whose == app);
        if last.is_none_or(|(.., before)| *before != phase) {
            self.phases.push((now, app, phase));
        }
    }

    pub(crate) fn saw_media_open(&mut self, app: usize) {
        self.opened.insert(app);
    }

    pub(crate) fn saw_connection(&mut self, app: usize) {
        self.connected.insert(app);
    }

    pub(crate) fn saw_hearing(&mut self, now: Timestamp, who: usize, whom: usize) {
        self.heard.entry((who, whom)).or_insert(now);
        let last = self.heard_last.insert((who, whom), now).unwrap_or(now);
        self.longest_silence = self.longest_silence.max(now.since(last));
    }

    /// Who heard whom.
    pub(crate) fn heard_pairs(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.heard.keys().copied()
    }

    pub(crate) fn opened_media(&self, app: usize) -> bool {
        self.opened.contains(&app)
    }

    pub(crate) fn was_connected(&self, app: usize) -> bool {
        self.connected.contains(&app)
    }

    pub(crate) fn heard_anybody(&self, app: usize) -> bool {
        self.heard.keys().any(|(who, _)| *who == app)
    }

    pub(crate) fn nobody_heard_anybody(&self) -> bool {
        self.heard.is_empty()
    }

    pub(crate) fn was_live(&self, app: usize) -> bool {
        self.phases.iter().any(|(_, whose, phase)| *whose == app && matches!(phase, Phase::Live { .. }))
    }

    pub(crate) fn never_reconnected(&self, app: usize) -> bool {
        !self.phases.iter().any(|(_, whose, phase)| *whose == app && matches!(phase, Phase::Reconnecting { .. }))
    }

    /// From the first "yes" until both had heard each other.
    pub(crate) fn admission_took(&self) -> Option<Duration> {
        let decided = self.decided.values().min()?;
        let both = self.heard.iter().filter(|((who, whom), _)| self.heard.contains_key(&(*whom, *who)));
        Some(both.map(|(_, at)| *at).max()?.since(*decided))
    }

    /// How long after the outage's begin it was shown at both, and how long after its end it was over at both.
    pub(crate) fn outage_took(&self) -> (Duration, Duration) {
        let (from, until) = self.outage.expect("a plan with an outage");
        let after = |start: Timestamp, wanted: fn(&Phase) -> bool| {
            let firsts = [0, 1].map(|app| {
                let mut phases =
                    self.phases.iter().filter(|(at, whose, phase)| *whose == app && *at >= start && wanted(phase));
                phases.next().map_or(Duration::MAX, |(at, ..)| at.since(start))
            });
            firsts[0].max(firsts[1])
        };
        (
            after(from, |phase| matches!(phase, Phase::Reconnecting { .. })),
            after(until, |phase| matches!(phase, Phase::Live { .. })),
        )
    }

    /// How long after an app was killed the other showed just that.
    pub(crate) fn kill_shown_after(&self) -> Option<Duration> {
        let (killed, at) = self.killed?;
        let shown = self.phases.iter().find(|(when, app, phase)| {
            *app != killed
                && *when >= at
                && matches!(phase, Phase::Reconnecting { cause: ReconnectCause::TheirAppStopped, .. })
        });
        shown.map(|(when, ..)| when.since(at))
    }

    /// The day in lines.
    pub(crate) fn log(&self) -> Vec<String> {
        self.phases.iter().map(|(at, app, phase)| format!("{at:?} app {app}: {phase:?}")).collect()
    }
}
