//! Which ways to a relay are taken: all are tried in parallel, and one that costs more is used when none that costs less is.

use std::time::{Duration, Instant};

/// How a relay is reached, the best way first: what is lost of a stream holds up all that comes after it, and TLS adds its
/// own bytes and round trips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RelayProtocol {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
    /// An encrypted stream, on the port of the web: what is left where a firewall lets nothing else out.
    Tls,
}

impl RelayProtocol {
    const ALL: [Self; 3] = [Self::Udp, Self::Tcp, Self::Tls];
}

/// What came of the ways so far, since relays were last looked for.
#[derive(Debug)]
pub(crate) struct Ladder {
    began: Instant,
    rungs: [Rung; 3],
}

#[derive(Debug, Clone, Copy, Default)]
struct Rung {
    /// A server was named that is reached so.
    exists: bool,
    /// When something first came from it.
    answered: Option<Instant>,
    /// Whether it lent us an address.
    lent: bool,
}

/// Whether an address is to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Now,
    /// Not before then, and not at all if another way comes about meanwhile.
    NotBefore(Instant),
    /// A better way is there.
    NotNeeded,
}

impl Ladder {
    /// Relays that are reached so are looked for from now on.
    pub(crate) fn new(now: Instant, servers: impl IntoIterator<Item = RelayProtocol>) -> Self {
        let mut rungs = [Rung::default(); 3];
        servers.into_iter().for_each(|protocol| rungs[protocol as usize].exists = true);
        Self { began: now, rungs }
    }

    /// Something came from a server by this way, so that the way is open.
    pub(crate) fn on_answer(&mut self, now: Instant, protocol: RelayProtocol) {
        self.rungs[protocol as usize].answered.get_or_insert(now);
    }

    /// A server lent us an address by this way.
    pub(crate) fn on_lent(&mut self, protocol: RelayProtocol) {
        self.rungs[protocol as usize].lent = true;
    }

    /// Whether to ask for an address by this way. The connection is made in any case, so that only the question is late.
    pub(crate) fn may_ask(&self, now: Instant, protocol: RelayProtocol) -> Turn {
        let better =
            RelayProtocol::ALL.into_iter().take_while(|one| *one < protocol).map(|one| self.rungs[one as usize]);
        let better: Vec<Rung> = better.filter(|rung| rung.exists).collect();
        if better.iter().any(|rung| rung.lent) {
            return Turn::NotNeeded;
        }
        let patience = better.iter().map(|rung| match rung.answered {
            Some(answered) => answered + FROM_ANSWER_TO_ADDRESS,
            None => self.began + HEAD_START,
        });
        match patience.max() {
            Some(until) if until > now => Turn::NotBefore(until),
            _ => Turn::Now,
        }
    }
}

/// How long a better way is waited for that has not been heard of: a round trip within a country. The connection for a worse
/// one takes two and more, so that it mostly costs nothing.
const HEAD_START: Duration = Duration::from_millis(150);
/// An address is lent with the second answer: a round trip after the first, two where one is lost.
const FROM_ANSWER_TO_ADDRESS: Duration = Duration::from_millis(1_200);

#[cfg(test)]
mod tests {
    use super::RelayProtocol::{Tcp, Tls, Udp};
    use super::*;

    fn at(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    #[test]
    fn where_udp_comes_through_nothing_else_is_asked() {
        let start = Instant::now();
        let mut ladder = Ladder::new(start, [Udp, Tcp, Tls]);
        assert_eq!(ladder.may_ask(start, Udp), Turn::Now);
        assert_eq!(ladder.may_ask(start, Tls), Turn::NotBefore(at(start, 150)));
        ladder.on_answer(at(start, 50), Udp);
        ladder.on_answer(at(start, 90), Udp);
        assert_eq!(ladder.may_ask(at(start, 100), Tcp), Turn::NotBefore(at(start, 1_250)));
        ladder.on_lent(Udp);
        assert_eq!(
            (ladder.may_ask(at(start, 100), Tcp), ladder.may_ask(at(start, 9_000), Tls)),
            (Turn::NotNeeded, Turn::NotNeeded)
        );
    }

    #[test]
    fn where_udp_is_blocked_the_head_start_is_all_that_is_lost() {
        let start = Instant::now();
        let mut ladder = Ladder::new(start, [Udp, Tcp, Tls]);
        assert_eq!(ladder.may_ask(at(start, 150), Tcp), Turn::Now);
        assert_eq!(ladder.may_ask(at(start, 150), Tls), Turn::Now);
        ladder.on_answer(at(start, 200), Tcp);
        assert_eq!(ladder.may_ask(at(start, 200), Tls), Turn::NotBefore(at(start, 1_400)));
    }

    #[test]
    fn a_server_that_answers_and_lends_nothing_is_waited_for_once() {
        let start = Instant::now();
        let mut ladder = Ladder::new(start, [Udp, Tls]);
        ladder.on_answer(at(start, 40), Udp);
        assert_eq!(ladder.may_ask(at(start, 1_240), Tls), Turn::Now);
    }

    #[test]
    fn the_only_way_there_is_is_not_waited_with() {
        let start = Instant::now();
        assert_eq!(Ladder::new(start, [Tls]).may_ask(start, Tls), Turn::Now);
    }
}
