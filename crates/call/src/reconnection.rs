//! When to try what after a path was lost.
//!
//! ```text
//! lost ─3 s─▶ ICE restart ─2 s─▶ ICE restart ─4 s─▶ ICE restart ─8 s─▶ new connection ─15 s─▶ new connection ...
//! ```
//! Nothing is tried while it cannot be told to the other side: a restart that is not sent would only break the old
//! path, which may come back by itself. Once it can be told again, it is tried at once.
//!
//! A path whose address is gone does not come back by itself: nothing is waited for but that the other side can be told.

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
    /// The path will not come back by itself, whatever the network does.
    hopeless: bool,
    /// When something was tried last.
    tried: Option<Timestamp>,
}

impl Reconnection {
    /// The path stopped answering at `now`; it may come back by itself.
    pub(crate) fn after_silence(now: Timestamp) -> Self {
        Self { next: now + PATIENCE, tries: 0, connection_dead: false, hopeless: false, tried: None }
    }

    /// The path will not come back by itself.
    pub(crate) fn after_failure(now: Timestamp) -> Self {
        Self { next: now, tries: 0, connection_dead: false, hopeless: false, tried: None }
    }

    /// The path lost the address by which it left.
    pub(crate) fn after_address_lost(now: Timestamp) -> Self {
        Self { next: now, tries: 0, connection_dead: false, hopeless: true, tried: None }
    }

    /// The machine slept until now: a path that still works shows soon.
    pub(crate) fn after_sleep(now: Timestamp) -> Self {
        Self { next: now + HURRY_DELAY, tries: 0, connection_dead: false, hopeless: false, tried: None }
    }

    /// The connection was closed by the other end: no path heals that.
    pub(crate) fn after_close(now: Timestamp) -> Self {
        Self { next: now + NEW_CONNECTION_DELAY, tries: 0, connection_dead: true, hopeless: false, tried: None }
    }

    /// The connection died while its path was being healed.
    pub(crate) fn connection_died(&mut self, now: Timestamp) {
        self.connection_dead = true;
        self.next = self.next.min(now + NEW_CONNECTION_DELAY);
    }

    /// The other side looks for another path as well, from now on: it is given time.
    pub(crate) fn restarted(&mut self, now: Timestamp) {
        self.hopeless = false;
        self.next = self.next.max(now + BACK_OFF[0]);
    }

    /// The path lost its address while we waited for it. What was tried before was tried by that.
    pub(crate) fn address_lost(&mut self, now: Timestamp) {
        (self.tries, self.hopeless) = (0, true);
        self.next = self.next.min(self.at_once(now));
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

    /// The other side can be told again, or the network is another: what is due is tried soon, and a path that came back
    /// meanwhile is noticed first.
    pub(crate) fn hurry(&mut self, now: Timestamp) {
        self.tries = 0;
        let soon = if self.hopeless { self.at_once(now) } else { now + HURRY_DELAY };
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
        self.tried = Some(now);
        Some(if heals { Attempt::IceRestart } else { Attempt::NewConnection })
    }

    /// Now, or a moment after what was tried last: an address that comes and goes is no reason for a storm.
    fn at_once(&self, now: Timestamp) -> Timestamp {
        self.tried.map_or(now, |tried| now.max(tried + LEAST_PAUSE))
    }

    /// Whether the path itself is past hope, as opposed to silent.
    pub(crate) fn is_hopeless(&self) -> bool {
        self.hopeless
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
/// Between two attempts, whatever happens: about what one takes.
const LEAST_PAUSE: Duration = Duration::from_secs(1);

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
    fn a_path_without_its_address_is_restarted_as_soon_as_somebody_can_be_told() {
        let mut reconnection = Reconnection::after_address_lost(at(0));
        assert_eq!(reconnection.due(at(30_000), false), None);
        reconnection.hurry(at(30_000));
        assert_eq!(reconnection.due(at(30_000), true), Some(Attempt::IceRestart), "there is nothing to wait for");
        reconnection.restarted(at(30_200));
        reconnection.hurry(at(40_000));
        assert_eq!(reconnection.due(at(40_499), true), None, "the path that was found since may come back");
    }

    #[test]
    fn a_silent_path_that_loses_its_address_is_not_waited_for_any_more() {
        let mut reconnection = Reconnection::after_silence(at(0));
        for _ in 0..2 {
            let next = reconnection.poll_timeout(true).expect("something is due");
            assert_eq!(reconnection.due(next, true), Some(Attempt::IceRestart));
        }
        reconnection.address_lost(at(5_500));
        assert_eq!(reconnection.due(at(5_999), true), None, "a moment after the last");
        assert_eq!(reconnection.due(at(6_000), true), Some(Attempt::IceRestart));
        assert_eq!(reconnection.poll_timeout(true), Some(at(8_000)), "the back-off begins anew");
    }

    #[test]
    fn after_a_sleep_the_path_is_listened_to_first() {
        assert_eq!(schedule(Reconnection::after_sleep(at(0)), 600), [(500, Attempt::IceRestart)]);
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
