//! When to try what after a path was lost.
//!
//! ```text
//! lost ─3 s─▶ ICE restart ─2 s─▶ ICE restart ─4 s─▶ ICE restart ─8 s─▶ new connection ─15 s─▶ new connection ...
//! ```
//! Nothing is tried while it cannot be told to the other side: a restart that is not sent would only break the old
//! path, which may come back by itself. Once it can be told again, it is tried at once.

use std::time::Duration;

use units::Timestamp;

/// What to try next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// Another path for the same connection.
    IceRestart,
    /// Another connection.
    NewConnection,
}

/// The attempts to heal one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reconnection {
    next: Timestamp,
    tries: usize,
    connection_dead: bool,
}

impl Reconnection {
    /// The path stopped answering at `now`; it may come back by itself.
    pub(crate) fn after_silence(now: Timestamp) -> Self {
        Self { next: now + PATIENCE, tries: 0, connection_dead: false }
    }

    /// The path will not come back by itself.
    pub(crate) fn after_failure(now: Timestamp) -> Self {
        Self { next: now, tries: 0, connection_dead: false }
    }

    /// The connection was closed by the other end: no path heals that.
    pub(crate) fn after_close(now: Timestamp) -> Self {
        Self { next: now + NEW_CONNECTION_DELAY, tries: 0, connection_dead: true }
    }

    /// The connection died while its path was being healed.
    pub(crate) fn connection_died(&mut self, now: Timestamp) {
        self.connection_dead = true;
        self.next = self.next.min(now + NEW_CONNECTION_DELAY);
    }

    /// The other side looks for another path as well, from now on: it is given time.
    pub(crate) fn restarted(&mut self, now: Timestamp) {
        self.next = self.next.max(now + BACK_OFF[0]);
    }

    /// The path failed while we waited for it.
    pub(crate) fn path_failed(&mut self, now: Timestamp) {
        self.next = self.next.min(now);
    }

    /// The connection that was to heal it did not come about: another one, no sooner than the back-off says.
    pub(crate) fn connection_failed(&mut self, now: Timestamp) {
        self.connection_dead = true;
        self.next = self.next.max(now + NEW_CONNECTION_DELAY);
    }

    /// The other side can be told again: what is due is tried soon, and a path that came back meanwhile is noticed first.
    pub(crate) fn hurry(&mut self, now: Timestamp) {
        self.tries = 0;
        let soon = now + HURRY_DELAY;
        self.next = if self.next <= now { soon } else { self.next.min(soon) };
    }

    /// What is to be tried now, if anything; `can_tell` is whether the other side can be told.
    pub(crate) fn due(&mut self, now: Timestamp, can_tell: bool) -> Option<Attempt> {
        if !can_tell || now < self.next {
            return None;
        }
        let heals = !self.connection_dead && self.tries < RESTARTS;
        self.next = now + BACK_OFF[self.tries.min(BACK_OFF.len() - 1)];
        self.tries += 1;
        Some(if heals { Attempt::IceRestart } else { Attempt::NewConnection })
    }

    /// Whether no path heals the connection any more.
    pub(crate) fn is_connection_dead(&self) -> bool {
        self.connection_dead
    }

    /// A new connection is being made: its own fate decides from here.
    pub(crate) fn connection_renewed(&mut self) {
        self.connection_dead = false;
    }

    /// When to ask [`due`](Self::due).
    pub(crate) fn poll_timeout(&self, can_tell: bool) -> Option<Timestamp> {
        can_tell.then_some(self.next)
    }
}

/// A path that answers within three seconds needs no restart: a handover between two cells takes one to two.
const PATIENCE: Duration = Duration::from_secs(3);
const BACK_OFF: [Duration; 4] =
    [Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8), Duration::from_secs(15)];
/// Restarts before the connection is given up.
const RESTARTS: usize = 3;
/// Two apps that notice the same close at the same time: the host first.
const NEW_CONNECTION_DELAY: Duration = Duration::from_millis(500);
/// An old path that works again shows within this after the link is back.
const HURRY_DELAY: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn schedule(mut reconnection: Reconnection, until: u64) -> Vec<(u64, Attempt)> {
        let mut attempts = Vec::new();
        while let Some(next) = reconnection.poll_timeout(true).filter(|next| next.as_millis() <= until) {
            attempts.push((next.as_millis(), reconnection.due(next, true).expect("due")));
        }
        attempts
    }

    #[test]
    fn a_lost_path_is_restarted_after_three_seconds_with_back_off_and_then_given_up() {
        use Attempt::{IceRestart, NewConnection};
        assert_eq!(
            schedule(Reconnection::after_silence(at(0)), 35_000),
            [
                (3_000, IceRestart),
                (5_000, IceRestart),
                (9_000, IceRestart),
                (17_000, NewConnection),
                (32_000, NewConnection)
            ]
        );
    }

    #[test]
    fn a_failed_path_is_restarted_at_once_and_a_closed_connection_is_replaced() {
        assert_eq!(schedule(Reconnection::after_failure(at(0)), 100), [(0, Attempt::IceRestart)]);
        assert_eq!(schedule(Reconnection::after_close(at(0)), 600), [(500, Attempt::NewConnection)]);
    }

    #[test]
    fn nothing_is_tried_while_nobody_can_be_told_and_soon_after() {
        let mut reconnection = Reconnection::after_silence(at(0));
        assert_eq!(reconnection.poll_timeout(false), None);
        assert_eq!(reconnection.due(at(60_000), false), None);
        reconnection.hurry(at(60_000));
        reconnection.hurry(at(60_100));
        assert_eq!(reconnection.due(at(60_499), true), None, "the old path may be back");
        assert_eq!(reconnection.due(at(60_500), true), Some(Attempt::IceRestart));
    }

    #[test]
    fn a_restart_that_was_answered_late_is_given_its_time() {
        let mut reconnection = Reconnection::after_silence(at(0));
        reconnection.due(at(3_000), true);
        reconnection.restarted(at(20_000));
        assert_eq!(reconnection.due(at(21_999), true), None);
        assert_eq!(reconnection.due(at(22_000), true), Some(Attempt::IceRestart));
        reconnection.restarted(at(22_100));
        assert_eq!(reconnection.due(at(25_999), true), None, "no sooner than the back-off");
    }

    #[test]
    fn a_connection_that_dies_while_it_is_healed_is_replaced() {
        let mut reconnection = Reconnection::after_silence(at(0));
        reconnection.due(at(3_000), true);
        reconnection.connection_died(at(4_000));
        assert_eq!(reconnection.due(at(4_500), true), Some(Attempt::NewConnection));
    }
}
