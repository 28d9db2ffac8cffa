//! Who sits in front of an app that nobody touches: joins, admits whoever knocks, hangs up when the time is over, gives
//! up at last.

use std::collections::HashSet;
use std::time::Duration;

use call::{Check, Intent, Phase, Snapshot};
use signaling_protocol::{EndpointId, Role};
use units::Timestamp;

/// What is done without anybody's hand; nothing of it, unless it is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Habits {
    /// Joins so long after the visit was opened.
    pub join_after: Option<Duration>,
    /// Admits whoever knocks after this time.
    pub admit_after: Option<Duration>,
    /// Hangs up so long after the visit was first live.
    pub duration: Option<Duration>,
    /// Hangs up when the visit has not been live, or not been live again, for so long.
    pub give_up: Option<Duration>,
    /// Asks the other side to compare digits so long after the visit was first live.
    pub compare_after: Option<Duration>,
}

/// A person of a few habits. Decides only; told the time.
#[derive(Debug)]
pub(crate) struct Person {
    habits: Habits,
    started: Timestamp,
    admitted: HashSet<EndpointId>,
    first_live: Option<Timestamp>,
    joined: bool,
    hung_up: bool,
    gave_up: bool,
    asked_to_compare: bool,
}

impl Person {
    /// Sits down in front of a visit that was opened at `now`.
    pub(crate) fn new(now: Timestamp, habits: Habits) -> Self {
        Self {
            habits,
            started: now,
            admitted: HashSet::new(),
            first_live: None,
            joined: false,
            hung_up: false,
            gave_up: false,
            asked_to_compare: false,
        }
    }

    /// What the person does now, seeing `snapshot`.
    pub(crate) fn decide(&mut self, now: Timestamp, snapshot: &Snapshot) -> Option<Intent> {
        if let Phase::Live { since } = snapshot.phase {
            self.first_live.get_or_insert(since);
        }
        if snapshot.phase.is_ended() || self.hung_up {
            return None;
        }
        if self.joins_at(snapshot) <= now {
            self.joined = true;
            return Some(Intent::Join);
        }
        if self.leaves_at(snapshot) <= now {
            self.hung_up = true;
            self.gave_up = !matches!(snapshot.phase, Phase::Live { .. });
            return Some(Intent::HangUp);
        }
        if self.compares_at(snapshot) <= now {
            self.asked_to_compare = true;
            return Some(Intent::StartCheck);
        }
        let next = self.next_to_admit(snapshot)?;
        (next.0 <= now).then(|| {
            self.admitted.insert(next.1);
            Intent::Admit(next.1)
        })
    }

    /// Whether the person hung up because waiting was in vain.
    pub(crate) fn gave_up(&self) -> bool {
        self.gave_up
    }

    /// When the person looks again though nothing has changed.
    pub(crate) fn wakes_at(&self, snapshot: &Snapshot) -> Timestamp {
        if snapshot.phase.is_ended() || self.hung_up {
            return Timestamp::NEVER;
        }
        let admits = self.next_to_admit(snapshot).map_or(Timestamp::NEVER, |(at, _)| at);
        self.leaves_at(snapshot).min(admits).min(self.joins_at(snapshot)).min(self.compares_at(snapshot))
    }

    /// Never, when the other side has asked before.
    fn compares_at(&self, snapshot: &Snapshot) -> Timestamp {
        let nobody_compares = snapshot.assurance.as_ref().is_some_and(|known| known.check == Check::None);
        let may = !self.asked_to_compare && nobody_compares && matches!(snapshot.phase, Phase::Live { .. });
        self.first_live.filter(|_| may).map_or(Timestamp::NEVER, |live| after(live, self.habits.compare_after))
    }

    fn joins_at(&self, snapshot: &Snapshot) -> Timestamp {
        let before = !self.joined && snapshot.phase == Phase::Lobby;
        after(self.started, self.habits.join_after.filter(|_| before))
    }

    fn leaves_at(&self, snapshot: &Snapshot) -> Timestamp {
        match (self.first_live, snapshot.phase) {
            (Some(_), Phase::Reconnecting { since, .. }) => after(since, self.habits.give_up),
            (Some(live), _) => after(live, self.habits.duration),
            (None, _) => after(self.started, self.habits.give_up),
        }
    }

    fn next_to_admit(&self, snapshot: &Snapshot) -> Option<(Timestamp, EndpointId)> {
        let admit_after = self.habits.admit_after?;
        // One at a time: the first of the queue, and nobody while somebody is in or on the way in. Who opened the link again
        // is let in in the place of the app that does not answer any more.
        let asked = snapshot.waiting.iter().any(|waiting| self.admitted.contains(&waiting.endpoint));
        let free = snapshot.role == Role::Host && snapshot.partner.is_none() && !asked;
        let comes_back = snapshot.role == Role::Host && matches!(snapshot.phase, Phase::Reconnecting { .. }) && !asked;
        let waiting = snapshot.waiting.iter().filter(|waiting| free || comes_back && waiting.reused);
        waiting.map(|waiting| (waiting.since + admit_after, waiting.endpoint)).min_by_key(|(at, _)| *at)
    }
}

/// So long after `since`; never without a span.
fn after(since: Timestamp, span: Option<Duration>) -> Timestamp {
    span.map_or(Timestamp::NEVER, |span| since + span)
}

#[cfg(test)]
pub(crate) mod tests {
    use call::{Assurance, Level, PictureOff, PicturePlan, Recognition, VoicePlan, Waiting};
    use signaling_protocol::InviteId;
    use units::{DataRate, VoiceRedundancy};

    use super::*;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1_000)
    }

    fn person() -> Person {
        let secs = |secs| Some(Duration::from_secs(secs));
        let habits = Habits {
            join_after: secs(0),
            admit_after: secs(5),
            duration: secs(20),
            give_up: secs(60),
            compare_after: None,
        };
        let mut person = Person::new(at(0), habits);
        assert_eq!(person.decide(at(0), &snapshot(Phase::Lobby)), Some(Intent::Join));
        person
    }

    /// A host's call in this phase.
    pub(crate) fn snapshot(phase: Phase) -> Snapshot {
        Snapshot {
            phase,
            role: Role::Host,
            waiting: Vec::new(),
            remote: None,
            partner: None,
            media_open: false,
            signaling_up: true,
            muted: false,
            camera_off: false,
            mode: call::Mode::Smooth,
            save_data: false,
            voice_plan: VoicePlan {
                rate: DataRate::from_kbps(32),
                packet_ms: 20,
                redundancy: VoiceRedundancy::None,
                expected_loss: 0.0,
            },
            picture_plan: PicturePlan::Off(PictureOff::NoCamera),
            problem: None,
            assurance: None,
            around: call::Around::default(),
        }
    }

    fn waits(endpoint: EndpointId) -> Waiting {
        Waiting {
            endpoint,
            invite: InviteId::from_random([2; 16]),
            since: at(3),
            warm: true,
            reused: false,
            role: signaling_protocol::GuestRole::Patient,
            code: call::CodeStanding::NotWanted,
        }
    }

    #[test]
    fn whoever_knocks_is_admitted_once_after_the_wait() {
        let mut person = person();
        let mut seen = snapshot(Phase::WaitingRoom { since: at(1) });
        let endpoint = EndpointId::from_random([1; 16]);
        seen.waiting.push(waits(endpoint));
        assert_eq!(person.decide(at(4), &seen), None);
        assert_eq!(person.wakes_at(&seen), at(8));
        assert_eq!(person.decide(at(8), &seen), Some(Intent::Admit(endpoint)));
        assert_eq!(person.decide(at(9), &seen), None);
    }

    #[test]
    fn who_opens_the_link_again_is_admitted_in_the_place_of_an_app_that_is_gone() {
        let mut person = person();
        let again = EndpointId::from_random([2; 16]);
        let mut seen = snapshot(Phase::Live { since: at(1) });
        seen.partner = Some(EndpointId::from_random([1; 16]));
        seen.waiting.push(Waiting { reused: true, ..waits(again) });
        assert_eq!(person.decide(at(9), &seen), None, "the other app answers");
        seen.phase = Phase::Reconnecting { since: at(9), cause: call::ReconnectCause::TheirAppStopped };
        seen.waiting[0].reused = false;
        assert_eq!(person.decide(at(9), &seen), None, "somebody else");
        seen.waiting[0].reused = true;
        assert_eq!(person.decide(at(9), &seen), Some(Intent::Admit(again)));
    }

    #[test]
    fn of_two_who_wait_only_one_is_admitted() {
        let mut person = person();
        let mut seen = snapshot(Phase::WaitingRoom { since: at(1) });
        for (endpoint, since) in [(1, 4), (2, 3)] {
            let endpoint = EndpointId::from_random([endpoint; 16]);
            seen.waiting.push(Waiting {
                endpoint,
                invite: InviteId::from_random([9; 16]),
                since: at(since),
                warm: true,
                reused: false,
                ..waits(endpoint)
            });
        }
        assert_eq!(person.decide(at(20), &seen), Some(Intent::Admit(EndpointId::from_random([2; 16]))));
        assert_eq!(person.decide(at(20), &seen), None, "the snapshot does not show it yet");
    }

    #[test]
    fn the_visit_lasts_as_long_as_it_was_to_last_from_when_it_was_first_live() {
        let mut person = person();
        assert_eq!(person.decide(at(10), &snapshot(Phase::Live { since: at(10) })), None);
        assert_eq!(person.decide(at(25), &snapshot(Phase::Live { since: at(24) })), None);
        assert_eq!(person.decide(at(30), &snapshot(Phase::Live { since: at(24) })), Some(Intent::HangUp));
        assert_eq!(person.decide(at(31), &snapshot(Phase::Live { since: at(24) })), None);
    }

    #[test]
    fn a_lost_path_is_waited_for_though_the_time_of_the_visit_is_over() {
        let mut person = person();
        assert_eq!(person.decide(at(10), &snapshot(Phase::Live { since: at(10) })), None);
        let lost = snapshot(Phase::Reconnecting { since: at(25), cause: call::ReconnectCause::LinkLost });
        assert_eq!(person.decide(at(40), &lost), None);
        assert_eq!(person.wakes_at(&lost), at(85));
        assert_eq!(person.decide(at(85), &lost), Some(Intent::HangUp));
    }

    #[test]
    fn waiting_in_vain_ends() {
        let mut person = person();
        let waiting = snapshot(Phase::WaitingRoom { since: at(1) });
        assert_eq!(person.wakes_at(&waiting), at(60));
        assert_eq!(person.decide(at(60), &waiting), Some(Intent::HangUp));
        assert!(person.gave_up());
    }

    #[test]
    fn the_preview_is_looked_at_before_joining() {
        let habits = Habits { join_after: Some(Duration::from_secs(3)), ..Habits::default() };
        let mut person = Person::new(at(10), habits);
        let lobby = snapshot(Phase::Lobby);
        assert_eq!(person.decide(at(12), &lobby), None);
        assert_eq!(person.wakes_at(&lobby), at(13));
        assert_eq!(person.decide(at(13), &lobby), Some(Intent::Join));
        assert_eq!(person.decide(at(14), &lobby), None, "once is enough");
    }

    #[test]
    fn digits_are_asked_for_once_and_not_when_the_other_side_has_asked() {
        let habits = Habits { compare_after: Some(Duration::from_secs(3)), ..Habits::default() };
        let live = |check| Snapshot {
            assurance: Some(Assurance {
                level: Level::LinkApp,
                device: Recognition::New,
                name: None,
                check,
                dropped_boxes: 0,
            }),
            ..snapshot(Phase::Live { since: at(10) })
        };
        let mut person = Person::new(at(0), habits);
        assert_eq!(person.decide(at(12), &live(Check::None)), None);
        assert_eq!(person.wakes_at(&live(Check::None)), at(13));
        assert_eq!(person.decide(at(13), &live(Check::Asked)), None);
        assert_eq!(person.wakes_at(&live(Check::Asked)), Timestamp::NEVER);
        assert_eq!(person.decide(at(14), &live(Check::None)), Some(Intent::StartCheck));
        assert_eq!(person.decide(at(15), &live(Check::None)), None, "once is enough");
    }

    #[test]
    fn who_has_no_habits_does_nothing() {
        let mut person = Person::new(at(0), Habits::default());
        let mut seen = snapshot(Phase::Lobby);
        let endpoint = EndpointId::from_random([1; 16]);
        seen.waiting.push(waits(endpoint));
        for phase in [Phase::Lobby, Phase::WaitingRoom { since: at(1) }, Phase::Live { since: at(1) }] {
            seen.phase = phase;
            assert_eq!(person.decide(at(99_999), &seen), None);
            assert_eq!(person.wakes_at(&seen), Timestamp::NEVER);
        }
    }
}
