//! How two people talked, as it is told after a visit: counted from what a window is shown.

use std::time::{Duration, Instant};

use call::{Level, LinkQuality, Phase, Snapshot};
use tokio::sync::watch;
use units::{Clock, Timestamp};

use crate::pictures::Repaint;

/// How two people talked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Talked {
    /// When they first heard each other, in seconds of Unix time.
    pub began_unix_secs: u64,
    /// When they heard each other last.
    pub ended_unix_secs: u64,
    /// How long they heard each other, all in all.
    pub talked_for: Duration,
    /// For how long of it the worse one of their links was fair ([`LinkQuality::Fair`]).
    pub fair_for: Duration,
    /// For how long of it that link was poor.
    pub poor_for: Duration,
    /// How often the connection was lost and came back.
    pub reconnections: u32,
    /// How sure our side was in the end of who was there.
    pub level: Option<Level>,
}

/// What was seen of it so far.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Talk {
    first: Option<Timestamp>,
    /// When they were heard last, and how good the links have been since.
    live: Option<(Timestamp, LinkQuality)>,
    last: Timestamp,
    good_for: Duration,
    fair_for: Duration,
    poor_for: Duration,
    reconnections: u32,
    lost: bool,
    level: Option<Level>,
}

impl Talk {
    /// Sees the visit to its end, and draws the window again whenever something changed.
    pub(crate) async fn follow(mut snapshots: watch::Receiver<Snapshot>, clock: Clock, repaint: Repaint) -> Self {
        let mut talk = Self::default();
        while snapshots.changed().await.is_ok() {
            let is_over = {
                let snapshot = snapshots.borrow_and_update();
                talk.see(clock.timestamp(Instant::now()), &snapshot);
                snapshot.phase.is_ended()
            };
            repaint();
            if is_over {
                break;
            }
        }
        talk.stop(clock.timestamp(Instant::now()));
        talk
    }

    fn see(&mut self, now: Timestamp, call: &Snapshot) {
        // What they have not told of their link is no news.
        let quality = LinkQuality::of_both(call).map_or(LinkQuality::Good, |(ours, theirs)| ours.max(theirs));
        self.count(now, call.phase, quality);
        if let (Phase::Live { .. }, Some(assurance)) = (call.phase, &call.assurance) {
            self.level = Some(assurance.level);
        }
    }

    fn count(&mut self, now: Timestamp, phase: Phase, quality: LinkQuality) {
        self.stop(now);
        match phase {
            Phase::Live { since } => {
                self.reconnections += u32::from(std::mem::take(&mut self.lost));
                let since = if self.first.is_some() && self.last >= since { now } else { since };
                self.first.get_or_insert(since);
                self.live = Some((since, quality));
            }
            Phase::Reconnecting { .. } => self.lost = true,
            _ => {}
        }
    }

    /// Counts what was heard until now.
    fn stop(&mut self, now: Timestamp) {
        let Some((since, quality)) = self.live.take() else { return };
        let spent = match quality {
            LinkQuality::Good => &mut self.good_for,
            LinkQuality::Fair => &mut self.fair_for,
            LinkQuality::Poor => &mut self.poor_for,
        };
        *spent += now.since(since);
        self.last = now;
    }

    /// What is told of it, once it is over; nothing if they never heard each other.
    pub(crate) fn told(&self, clock: Clock) -> Option<Talked> {
        let unix_secs = |at: Timestamp| clock.unix_micros(at) / 1_000_000;
        let first = self.first?;
        Some(Talked {
            began_unix_secs: unix_secs(first),
            ended_unix_secs: unix_secs(self.last.max(first)),
            talked_for: self.good_for + self.fair_for + self.poor_for,
            fair_for: self.fair_for,
            poor_for: self.poor_for,
            reconnections: self.reconnections,
            level: self.level,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use call::{EndReason, ReconnectCause};

    use super::*;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1_000)
    }

    fn told(talk: &Talk) -> Option<Talked> {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        talk.told(Clock::starting_at(Instant::now(), wall))
    }

    #[test]
    fn only_the_time_in_which_both_were_heard_counts_as_talk() {
        use LinkQuality::{Fair, Good, Poor};
        let mut talk = Talk::default();
        talk.count(at(5), Phase::WaitingRoom { since: at(5) }, Good);
        // Told a moment later than it was.
        talk.count(at(11), Phase::Live { since: at(10) }, Good);
        talk.count(at(12), Phase::Live { since: at(10) }, Poor);
        talk.count(at(15), Phase::Live { since: at(10) }, Fair);
        talk.count(at(20), Phase::Reconnecting { since: at(20), cause: ReconnectCause::LinkLost }, Good);
        talk.count(at(50), Phase::Live { since: at(50) }, Good);
        talk.count(at(55), Phase::Ended(EndReason::HungUp), Good);
        talk.count(at(70), Phase::Ended(EndReason::HungUp), Good);
        let expected = Talked {
            began_unix_secs: 1_010,
            ended_unix_secs: 1_055,
            talked_for: Duration::from_secs(15),
            fair_for: Duration::from_secs(5),
            poor_for: Duration::from_secs(3),
            reconnections: 1,
            level: None,
        };
        assert_eq!(told(&talk), Some(expected));
    }

    #[test]
    fn of_who_was_never_heard_nothing_is_told() {
        let mut talk = Talk::default();
        talk.count(at(5), Phase::WaitingRoom { since: at(5) }, LinkQuality::Good);
        talk.count(at(9), Phase::Ended(EndReason::NoConnection), LinkQuality::Good);
        assert_eq!(told(&talk), None);
    }
}
