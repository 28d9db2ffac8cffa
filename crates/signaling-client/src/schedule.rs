//! When and how to ask for events again: pure, told what happened and how long it took.

use std::time::Duration;

use signaling_protocol::{Admission, EndpointId, Event};

use crate::backoff::{Backoff, SHORTEST, random_fraction};

/// How the next events are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// By a stream that stays open.
    Stream,
    /// By a request that the server answers when something happened.
    Poll,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// No byte came in the first [`FIRST_BYTE`]: perhaps a proxy holds the stream back.
    Silent,
    /// Bytes came, and then none for as long as the watchdog waits.
    Stalled,
    /// The stream broke or was closed.
    Broke,
    /// The server said when to come back.
    Bye(Duration),
    /// No stream, no answer.
    Failed {
        /// Not before this, said the server.
        retry_after: Option<Duration>,
    },
    /// A long-poll was answered.
    Polled {
        /// Without an event.
        empty: bool,
    },
}

/// Decides how to ask next and when.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    silent_streams: u32,
    backoff: Backoff,
    me: Option<EndpointId>,
    admitted: bool,
}

impl Schedule {
    /// How the next events are to be asked for.
    pub(crate) fn attempt(&self) -> Attempt {
        if self.silent_streams >= SILENT_STREAMS { Attempt::Poll } else { Attempt::Stream }
    }

    /// How long a stream may say nothing: two and a half of the server's heartbeats, which are slower for who waits.
    pub(crate) fn watchdog(&self) -> Duration {
        if self.admitted { HEARTBEAT_IN_CALL.mul_f64(2.5) } else { HEARTBEAT_WAITING.mul_f64(2.5) }
    }

    /// Learns from an event where this endpoint stands.
    pub(crate) fn observe(&mut self, event: &Event) {
        match event {
            Event::Hello { endpoint, admission, .. } => {
                self.me = Some(*endpoint);
                self.admitted = *admission == Admission::Admitted;
            }
            Event::Admitted { endpoint } if Some(*endpoint) == self.me => self.admitted = true,
            _ => {}
        }
    }

    /// The network is another: what was learnt of the last one does not count.
    pub(crate) fn network_changed(&mut self) {
        self.silent_streams = 0;
        self.backoff.reset();
    }

    /// An attempt ended after `lasted`: how long to wait before the next, and how much of that in any case, since the server
    /// wants it.
    pub(crate) fn after(&mut self, ended: Ended, lasted: Duration) -> (Duration, Duration) {
        let least = match ended {
            Ended::Bye(retry) => retry.min(LONGEST_BYE),
            Ended::Failed { retry_after } => retry_after.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        (self.pause(ended, lasted).max(least), least)
    }

    fn pause(&mut self, ended: Ended, lasted: Duration) -> Duration {
        let polled = self.attempt() == Attempt::Poll;
        match ended {
            Ended::Silent => self.silent_streams += 1,
            // Bytes came through as they were sent: no proxy holds them back.
            Ended::Stalled | Ended::Broke | Ended::Bye(_) if !polled => self.silent_streams = 0,
            // Perhaps the network is another now. One more stream is tried, and if it is silent, polling goes on.
            Ended::Failed { .. } if polled => self.silent_streams = SILENT_STREAMS - 1,
            _ => {}
        }
        // Only what lived for a while was a success: a server that closes each stream at once is not asked in a storm.
        if lasted >= A_WHILE && matches!(ended, Ended::Stalled | Ended::Broke | Ended::Polled { .. }) {
            self.backoff.reset();
        }
        match ended {
            Ended::Polled { empty: false } => {
                self.backoff.reset();
                Duration::ZERO
            }
            Ended::Polled { empty: true } if lasted >= A_WHILE => Duration::ZERO,
            Ended::Bye(retry) => {
                self.backoff.reset();
                // Everybody was told the same: spread a little.
                retry.min(LONGEST_BYE) + SHORTEST.mul_f64(random_fraction())
            }
            // Ten seconds were waited already.
            Ended::Silent if self.attempt() == Attempt::Poll => Duration::ZERO,
            Ended::Silent | Ended::Stalled | Ended::Broke | Ended::Failed { .. } | Ended::Polled { .. } => {
                self.backoff.next_delay()
            }
        }
    }
}

/// A stream that says nothing for this long at its beginning is silent; a server says something at once.
pub(crate) const FIRST_BYTE: Duration = Duration::from_secs(10);
/// A long-poll is answered within 25 s; the rest is the way there and back.
pub(crate) const POLL_TIMEOUT: Duration = Duration::from_secs(35);
/// So many silent streams in a row, and events are asked for by long-poll.
const SILENT_STREAMS: u32 = 2;
/// How often the server says something to who is in the visit.
const HEARTBEAT_IN_CALL: Duration = Duration::from_secs(10);
/// How often the server says something to who waits.
const HEARTBEAT_WAITING: Duration = Duration::from_secs(15);
/// What lived for this long was a success. A long-poll without an event should take 25 s.
const A_WHILE: Duration = Duration::from_secs(8);
/// However long a server says it will be away, a person may be waiting.
const LONGEST_BYE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use signaling_protocol::VisitState;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    const NO_TIME: Duration = Duration::ZERO;

    #[test]
    fn two_silent_streams_in_a_row_are_followed_by_long_poll() {
        let mut schedule = Schedule::default();
        schedule.after(Ended::Silent, FIRST_BYTE);
        assert_eq!(schedule.attempt(), Attempt::Stream);
        assert_eq!(schedule.pause(Ended::Silent, FIRST_BYTE), Duration::ZERO);
        assert_eq!(schedule.attempt(), Attempt::Poll);
        for empty in [false, true, false] {
            assert_eq!(schedule.pause(Ended::Polled { empty }, LONG), Duration::ZERO);
            assert_eq!(schedule.attempt(), Attempt::Poll);
        }
    }

    #[test]
    fn a_stream_that_spoke_between_two_silent_ones_keeps_to_streams() {
        let mut schedule = Schedule::default();
        schedule.after(Ended::Silent, FIRST_BYTE);
        schedule.after(Ended::Broke, NO_TIME);
        schedule.after(Ended::Silent, FIRST_BYTE);
        assert_eq!(schedule.attempt(), Attempt::Stream);
    }

    #[test]
    fn a_failed_long_poll_gives_the_stream_one_more_chance() {
        let mut schedule = Schedule::default();
        schedule.after(Ended::Silent, FIRST_BYTE);
        schedule.after(Ended::Silent, FIRST_BYTE);
        schedule.after(Ended::Failed { retry_after: None }, NO_TIME);
        assert_eq!(schedule.attempt(), Attempt::Stream);
        schedule.after(Ended::Silent, FIRST_BYTE);
        assert_eq!(schedule.attempt(), Attempt::Poll);
    }

    #[test]
    fn the_server_says_when_to_come_back() {
        let mut schedule = Schedule::default();
        let second = Duration::from_secs(1);
        let (delay, least) = schedule.after(Ended::Bye(second), NO_TIME);
        assert_eq!(least, second);
        assert!(delay >= second && delay <= second + SHORTEST, "{delay:?}");
        assert!(schedule.after(Ended::Bye(Duration::from_secs(86_400)), NO_TIME).0 <= LONGEST_BYE + SHORTEST);
        let least = Duration::from_secs(20);
        assert_eq!(schedule.after(Ended::Failed { retry_after: Some(least) }, NO_TIME), (least, least));
    }

    #[test]
    fn a_server_that_closes_every_stream_at_once_is_not_asked_in_a_storm() {
        for ended in [Ended::Broke, Ended::Polled { empty: true }, Ended::Failed { retry_after: None }] {
            let mut schedule = Schedule::default();
            let waited: Duration = (0..100).map(|_| schedule.after(ended, NO_TIME).0).sum();
            assert!(waited > Duration::from_secs(200), "{ended:?} {waited:?}");
        }
        // A stream that lived is followed quickly.
        let mut schedule = Schedule::default();
        for _ in 0..100 {
            schedule.after(Ended::Failed { retry_after: None }, NO_TIME);
        }
        assert!(schedule.after(Ended::Broke, LONG).0 <= SHORTEST);
    }

    #[test]
    fn the_watchdog_waits_longer_in_the_waiting_room() {
        let me = EndpointId::from_random([1; 16]);
        let somebody = EndpointId::from_random([2; 16]);
        let hello = |admission| Event::Hello { endpoint: me, admission, state: VisitState::Open, participants: vec![] };
        let mut schedule = Schedule::default();
        assert_eq!(schedule.watchdog(), Duration::from_millis(37_500));
        schedule.observe(&hello(Admission::Waiting));
        schedule.observe(&Event::Admitted { endpoint: somebody });
        assert_eq!(schedule.watchdog(), Duration::from_millis(37_500));
        schedule.observe(&Event::Admitted { endpoint: me });
        assert_eq!(schedule.watchdog(), Duration::from_secs(25));
        schedule.observe(&hello(Admission::Waiting));
        assert_eq!(schedule.watchdog(), Duration::from_millis(37_500));
        schedule.observe(&hello(Admission::Admitted));
        assert_eq!(schedule.watchdog(), Duration::from_secs(25));
    }

    #[test]
    fn another_network_is_asked_by_a_stream_and_quickly() {
        let mut schedule = Schedule::default();
        for _ in 0..20 {
            schedule.after(Ended::Silent, FIRST_BYTE);
        }
        assert_eq!(schedule.attempt(), Attempt::Poll);
        schedule.network_changed();
        assert_eq!(schedule.attempt(), Attempt::Stream);
        assert!(schedule.after(Ended::Failed { retry_after: None }, NO_TIME).0 <= SHORTEST);
    }
}
