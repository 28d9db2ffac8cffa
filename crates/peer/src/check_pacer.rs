//! Holds back checks of a path that nobody needs.
//!
//! **While it is looked for**, those that come too soon after the last one to the same address. The library checks every pair
//! of addresses in one go, ten times a second, answers each check that comes with one of its own, and does not leave out pairs
//! that differ in name alone: those of one socket to one address (RFC 8445, section 6.1.2.4, has them pruned). A side on a good
//! link so sent 30 kbps of checks down the other side's thin one, which was all that this carried: for seconds neither the
//! answers nor the handshake behind them got through.
//!
//! **While it carries a call**, those beyond one a second: the library answers each check that comes with one of its own, which
//! where media come proves nothing that is not known. Fewer cannot be, for it holds a path for lost from which neither a check
//! nor an answer came for three seconds, whatever else did.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::relay::message::{content, payload, receiver};

/// The checks that went out by one socket.
#[derive(Debug, Default)]
pub(crate) struct CheckPacer {
    last: HashMap<(Way, Purpose), Last>,
    /// When media, reports or words last came from there.
    heard: HashMap<Way, Instant>,
    hasher: RandomState,
}

/// An address; of a relay also to whom it is to pass on, or from whom it did.
type Way = (SocketAddr, Option<[u8; 8]>);

/// What a check is for. A nomination must not wait because the path was checked a moment ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Purpose {
    Check,
    Nomination,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    at: Instant,
    /// How many came close to each other, this one included.
    run: u32,
    /// Of its USERNAME: another one after each restart (RFC 8445, section 9).
    username: u64,
    /// When the first in this name was sent.
    since: Instant,
}

impl CheckPacer {
    /// Whether a datagram is to be sent now: all but checks always are.
    pub(crate) fn lets_through(&mut self, now: Instant, to: SocketAddr, datagram: &[u8]) -> bool {
        let (way, check) = unwrap(to, datagram);
        let Some((purpose, username)) = purpose(check) else { return true };
        if self.last.len() >= MOST_ADDRESSES {
            self.last.clear();
        }
        let username = self.hasher.hash_one(username);
        let (run, since) = match self.last.get(&(way, purpose)) {
            None => (0, now),
            Some(last) => {
                let passed = now.saturating_duration_since(last.at);
                let is_spare = purpose == Purpose::Check && passed < KEEPALIVE_INTERVAL;
                if passed < least_interval(last.run) || is_spare && self.is_keepalive(now, way, username) {
                    return false;
                }
                let since = if last.username == username { last.since } else { now };
                (if passed < NEW_RUN { last.run } else { 0 }, since)
            }
        };
        self.last.insert((way, purpose), Last { at: now, run: run + 1, username, since });
        true
    }

    /// Whether a check in this name is one of a path that carries a call, and not one of a path that is looked for.
    fn is_keepalive(&self, now: Instant, way: Way, username: u64) -> bool {
        let is_old = self
            .last
            .get(&(way, Purpose::Check))
            .is_some_and(|last| last.username == username && now.saturating_duration_since(last.since) >= LOOKED_FOR);
        is_old && self.heard.get(&way).is_some_and(|heard| now.saturating_duration_since(*heard) < HEARD_FOR)
    }

    /// This came from there.
    pub(crate) fn on_received(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        let (way, datagram) = unwrap(from, datagram);
        // RFC 7983, section 7: what is beyond STUN.
        if datagram.first().is_none_or(|first| *first < 20) {
            return;
        }
        if self.heard.len() >= MOST_ADDRESSES && !self.heard.contains_key(&way) {
            self.heard.clear();
        }
        self.heard.insert(way, now);
    }
}

/// How long to wait after so many checks in a row: longer each time, as RFC 8445, section 14.3, lets a check wait for its
/// answer for half a second.
fn least_interval(run: u32) -> Duration {
    FIRST_INTERVAL.saturating_mul(run).min(LONGEST_INTERVAL)
}

/// Where a datagram to or from an address comes to, and what it is there.
fn unwrap(address: SocketAddr, datagram: &[u8]) -> (Way, &[u8]) {
    payload(datagram).map_or(((address, None), datagram), |content| ((address, receiver(datagram)), content))
}

/// Whether a datagram begins as a check does, by itself or in what a relay is to pass on: quickly told, for each packet of
/// media is asked about.
pub(crate) fn may_be_a_check(datagram: &[u8]) -> bool {
    content(datagram).starts_with(&BINDING_REQUEST)
}

/// What a datagram checks and in whose name, if it is a check: a STUN binding request (RFC 8489, sections 5 and 14).
fn purpose(datagram: &[u8]) -> Option<(Purpose, &[u8])> {
    let (header, mut attributes) = datagram.split_at_checked(20)?;
    if !header.starts_with(&BINDING_REQUEST) || header[4..8] != MAGIC_COOKIE {
        return None;
    }
    let (mut purpose, mut username) = (Purpose::Check, &[][..]);
    while let Some((head, rest)) = attributes.split_at_checked(4) {
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        if head[..2] == USE_CANDIDATE {
            purpose = Purpose::Nomination;
        } else if head[..2] == USERNAME {
            username = rest.get(..length).unwrap_or_default();
        }
        attributes = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Some((purpose, username))
}

const BINDING_REQUEST: [u8; 2] = [0, 1];
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
/// RFC 8489, section 14.3.
const USERNAME: [u8; 2] = [0, 6];
/// RFC 8445, section 16.1.
const USE_CANDIDATE: [u8; 2] = [0, 0x25];

/// A little less than the library's shortest tick, so that the first tick after a check is not left out for coming early.
const FIRST_INTERVAL: Duration = Duration::from_millis(90);
/// Four and a half checks of 140 bytes in two seconds: 2.5 kbps. Of them one in three misses its answer where a fifth is lost.
const LONGEST_INTERVAL: Duration = Duration::from_millis(450);
/// Keepalives are a second apart: what comes after one begins anew.
const NEW_RUN: Duration = Duration::from_millis(900);
/// Whoever is connected sends something every half second: of what is not older than this the path is known to stand.
const HEARD_FOR: Duration = Duration::from_millis(1_200);
/// By then a path is found and taken, or it is none of the quick ones.
const LOOKED_FOR: Duration = Duration::from_secs(5);
/// A little less than the time between two of the library's own. A check and an answer are 1.9 kilobits; measured, they were
/// 2.2 kbps each way with those that answer others.
const KEEPALIVE_INTERVAL: Duration = Duration::from_millis(950);
/// More than any two sides have addresses.
const MOST_ADDRESSES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(nominates: bool) -> Vec<u8> {
        let mut datagram = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        // USERNAME of three bytes and their padding.
        datagram.extend([0, 6, 0, 3, b'a', b':', b'b', 0]);
        if nominates {
            datagram.extend([0, 0x25, 0, 0]);
        }
        datagram
    }

    fn to(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    #[test]
    fn checks_of_one_address_come_slower_and_slower() {
        let (mut pacer, start) = (CheckPacer::default(), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        // The library's: four pairs that come to the same, every 100 ms.
        let sent: Vec<u64> = (0..20_u64)
            .flat_map(|tick| [tick * 100; 4])
            .filter(|millis| pacer.lets_through(at(*millis), to(1), &check(false)))
            .collect();
        assert_eq!(sent, [0, 100, 300, 600, 1_000, 1_500]);
        assert!(pacer.lets_through(at(1_900), to(2), &check(false)), "another address");
        assert!(pacer.lets_through(at(1_900), to(1), &check(true)), "a nomination");
        assert!(!pacer.lets_through(at(1_901), to(1), &check(true)), "the same again");
    }

    #[test]
    fn checks_by_way_of_a_relay_are_told_apart_by_whom_they_are_for() {
        let (mut pacer, now) = (CheckPacer::default(), Instant::now());
        let mut sends = |channel, content: &[u8]| {
            let datagram = [&[0x40, channel, 0, content.len() as u8][..], content].concat();
            assert_eq!(may_be_a_check(&datagram), content[0] == 0);
            pacer.lets_through(now, to(1), &datagram)
        };
        assert!(sends(1, &check(false)) && sends(2, &check(false)) && !sends(1, &check(false)));
        assert!(sends(1, &check(true)), "a nomination");
        assert!(sends(1, &[0x80; 50]) && sends(1, &[0x80; 50]), "media");
    }

    #[test]
    fn keepalives_are_sent_and_what_follows_them_is_as_quick_as_at_first() {
        let (mut pacer, start) = (CheckPacer::default(), Instant::now());
        let mut sends = |millis| pacer.lets_through(start + Duration::from_millis(millis), to(1), &check(false));
        assert!([0, 1_000, 2_000, 3_000].into_iter().all(&mut sends));
        assert!(sends(3_100));
    }

    /// How many checks of the last thirty seconds of forty are sent, where the library wants one each half second.
    fn checks_sent(heard: impl Fn(u64) -> bool) -> usize {
        let (mut pacer, start) = (CheckPacer::default(), Instant::now());
        let ticks = (0..80).filter(|tick| {
            let now = start + Duration::from_millis(tick * 500);
            if heard(tick / 2) {
                pacer.on_received(now, to(1), &[0x80; 100]);
            }
            pacer.lets_through(now, to(1), &check(false)) && *tick >= 20
        });
        ticks.count()
    }

    #[test]
    fn a_path_that_carries_a_call_is_checked_once_a_second() {
        assert_eq!(checks_sent(|_| true), 30);
        assert_eq!(checks_sent(|_| false), 60, "a waiting room is silent but for checks");
        assert_eq!(checks_sent(|second| second < 25), 15 + 30 - 1, "one that falls silent");
    }

    #[test]
    fn a_path_that_is_looked_for_anew_is_not_held_back() {
        let (mut pacer, start) = (CheckPacer::default(), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        for second in 0..20 {
            pacer.on_received(at(second * 1_000), to(1), &[0x80; 100]);
            pacer.lets_through(at(second * 1_000), to(1), &check(false));
        }
        assert!(!pacer.lets_through(at(19_600), to(1), &check(false)));
        assert!(pacer.lets_through(at(19_700), to(1), &check(true)), "a nomination");
        let mut restarted = check(false);
        restarted[24] = b'c';
        let sent = (197..217).filter(|tick| pacer.lets_through(at(tick * 100), to(1), &restarted)).count();
        assert_eq!(sent, 6, "in another name");
    }

    #[test]
    fn nothing_but_checks_is_held_back() {
        let (mut pacer, now) = (CheckPacer::default(), Instant::now());
        let mut success = check(false);
        success[0] = 1;
        let mut no_cookie = check(false);
        no_cookie[4] = 0;
        for datagram in [&success[..], &no_cookie, &[0, 1], &[], &[22; 100], &[0x80; 100]] {
            assert!((0..3).all(|_| pacer.lets_through(now, to(1), datagram)), "{datagram:?}");
        }
    }

    #[test]
    fn a_datagram_cut_anywhere_is_no_fault() {
        let whole = check(true);
        for cut in 0..whole.len() {
            let _ = purpose(&whole[..cut]);
        }
    }
}
