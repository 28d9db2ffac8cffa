//! Holds back checks of a path that come too soon after the last one to the same address.
//!
//! The library checks every pair of addresses in one go, ten times a second, answers each check that comes with one of its
//! own, and does not leave out pairs that differ in name alone: those of one socket to one address (RFC 8445, section
//! 6.1.2.4, has them pruned). A side on a good link so sent 30 kbps of checks down the other side's thin one, which was all
//! that this carried: for seconds neither the answers nor the handshake behind them got through.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::relay::message::{payload, receiver};

/// The checks that went out by one socket.
#[derive(Debug, Default)]
pub(crate) struct CheckPacer {
    last: HashMap<(SocketAddr, Option<Relayed>, Purpose), Last>,
}

/// To whom a relay is to pass a check on.
type Relayed = [u8; 8];

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
}

impl CheckPacer {
    /// Whether a datagram is to be sent now: all but checks always are.
    pub(crate) fn lets_through(&mut self, now: Instant, to: SocketAddr, datagram: &[u8]) -> bool {
        let (relayed, check) = match payload(datagram) {
            Some(check) => (receiver(datagram), check),
            None => (None, datagram),
        };
        let Some(purpose) = purpose(check) else { return true };
        let key = (to, relayed, purpose);
        if self.last.len() >= MOST_ADDRESSES {
            self.last.clear();
        }
        let run = match self.last.get(&key) {
            None => 0,
            Some(last) => {
                let since = now.saturating_duration_since(last.at);
                if since < least_interval(last.run) {
                    return false;
                }
                if since < NEW_RUN { last.run } else { 0 }
            }
        };
        self.last.insert(key, Last { at: now, run: run + 1 });
        true
    }
}

/// How long to wait after so many checks in a row: longer each time, as RFC 8445, section 14.3, lets a check wait for its
/// answer for half a second.
fn least_interval(run: u32) -> Duration {
    FIRST_INTERVAL.saturating_mul(run).min(LONGEST_INTERVAL)
}

/// Whether a datagram begins as a check does, by itself or in what a relay is to pass on: quickly told, for each packet of
/// media is asked about.
pub(crate) fn may_be_a_check(datagram: &[u8]) -> bool {
    payload(datagram).unwrap_or(datagram).starts_with(&BINDING_REQUEST)
}

/// What a datagram checks, if it is a check: a STUN binding request (RFC 8489, sections 5 and 14).
fn purpose(datagram: &[u8]) -> Option<Purpose> {
    let (header, mut attributes) = datagram.split_at_checked(20)?;
    if !header.starts_with(&BINDING_REQUEST) || header[4..8] != MAGIC_COOKIE {
        return None;
    }
    while let Some((head, rest)) = attributes.split_at_checked(4) {
        if head[..2] == USE_CANDIDATE {
            return Some(Purpose::Nomination);
        }
        let length = usize::from(u16::from_be_bytes([head[2], head[3]])).next_multiple_of(4);
        attributes = rest.get(length..).unwrap_or_default();
    }
    Some(Purpose::Check)
}

const BINDING_REQUEST: [u8; 2] = [0, 1];
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
/// RFC 8445, section 16.1.
const USE_CANDIDATE: [u8; 2] = [0, 0x25];

/// A little less than the library's shortest tick, so that the first tick after a check is not left out for coming early.
const FIRST_INTERVAL: Duration = Duration::from_millis(90);
/// Four and a half checks of 140 bytes in two seconds: 2.5 kbps. Of them one in three misses its answer where a fifth is lost.
const LONGEST_INTERVAL: Duration = Duration::from_millis(450);
/// Keepalives are a second apart: what comes after one begins anew.
const NEW_RUN: Duration = Duration::from_millis(900);
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
