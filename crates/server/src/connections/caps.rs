//! How many connections there may be, together and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::info;

use crate::rate::subscriber;

/// How many connections are kept at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionCaps {
    /// From everywhere.
    pub total: usize,
    /// From one IPv4 address or IPv6 /64, other than this machine's own: a whole clinic may sit behind one.
    pub per_address: usize,
}

impl ConnectionCaps {
    /// As many as this machine has file descriptors for, after asking for all that it would give.
    pub(crate) fn of_this_machine() -> Self {
        let caps = Self::for_files(allowed_files());
        info!(?caps, "connections");
        caps
    }

    fn for_files(files: usize) -> Self {
        // Of few files most are for connections still: a server that serves nobody is of no use.
        let taken = RESERVED_FILES + relayed_sockets_of(files);
        let total = files.saturating_sub(taken).max(files / 2).min(MOST_CONNECTIONS);
        Self { total, per_address: (total / 4).max(1) }
    }
}

/// A clinic has a few hundred; a large one with ten thousand apps is what `cargo xtask bench server` measures.
const MOST_CONNECTIONS: usize = 16_384;

/// For the database, its journal, the sockets that listen, the runtime.
const RESERVED_FILES: usize = 64;

/// How many relayed sockets there may be: two for an allocation of both families.
const MOST_RELAYED: usize = 2_048;

/// How many sockets the relay may open on this machine.
pub(crate) fn relayed_sockets() -> usize {
    relayed_sockets_of(allowed_files())
}

fn relayed_sockets_of(files: usize) -> usize {
    (files / 4).min(MOST_RELAYED)
}

/// How many files this program may have open, after the system was asked for as many as it allows.
#[cfg(unix)]
pub(crate) fn allowed_files() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let given = getrlimit(Resource::Nofile);
    let wished = Rlimit { current: given.maximum, maximum: given.maximum };
    // Some systems name a maximum that they do not grant; then it stays at what it was.
    let granted = if setrlimit(Resource::Nofile, wished).is_ok() { given.maximum } else { given.current };
    // No limit at all.
    granted.and_then(|files| usize::try_from(files).ok()).unwrap_or(usize::MAX)
}

/// Windows has no such limit on sockets.
#[cfg(not(unix))]
pub(crate) fn allowed_files() -> usize {
    usize::MAX
}

/// Counts the connections that there are.
#[derive(Debug)]
pub(super) struct Gate {
    caps: ConnectionCaps,
    counts: Arc<Mutex<Counts>>,
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A connection that is counted, until this is dropped.
#[derive(Debug)]
pub(super) struct Admission {
    from: IpAddr,
    counts: Arc<Mutex<Counts>>,
}

impl Gate {
    pub(super) fn new(caps: ConnectionCaps) -> Self {
        Self { caps, counts: Arc::default() }
    }

    /// Lets a connection from there in, if there is room; a trusted proxy brings many.
    pub(super) fn admit(&self, from: IpAddr, is_proxy: bool) -> Option<Admission> {
        let from = subscriber(from);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let Counts { total, by_address } = &mut *counts;
        // What forwards for everybody, on this machine or in front of it, is not one subscriber.
        let is_own = is_proxy || from.is_loopback() || from == subscriber(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST));
        let has_room = by_address.get(&from).is_none_or(|count| is_own || *count < self.caps.per_address);
        if *total >= self.caps.total || !has_room {
            return None;
        }
        *total += 1;
        *by_address.entry(from).or_default() += 1;
        Some(Admission { from, counts: Arc::clone(&self.counts) })
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.total -= 1;
        if let Some(count) = counts.by_address.get_mut(&self.from) {
            *count -= 1;
            if *count == 0 {
                counts.by_address.remove(&self.from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_has_a_share_and_all_together_the_whole() {
        let gate = Gate::new(ConnectionCaps { total: 5, per_address: 2 });
        let first: Vec<_> = (0..3).map(|_| gate.admit(ip("192.0.2.1"), false)).collect();
        assert_eq!(first.iter().filter(|one| one.is_some()).count(), 2);
        let same_subscriber = ["2001:db8::1", "2001:db8::2", "2001:db8::3"].map(|text| gate.admit(ip(text), false));
        assert_eq!(same_subscriber.iter().filter(|one| one.is_some()).count(), 2);
        let other = gate.admit(ip("192.0.2.2"), false);
        assert!(other.is_some() && gate.admit(ip("192.0.2.3"), false).is_none(), "five are the whole");
        drop(first);
        assert!(gate.admit(ip("192.0.2.1"), false).is_some(), "who goes makes room");
        drop((same_subscriber, other));
        assert!(gate.counts.lock().unwrap().by_address.is_empty());
    }

    #[test]
    fn what_forwards_on_this_machine_is_not_one_subscriber() {
        let gate = Gate::new(ConnectionCaps { total: 8, per_address: 1 });
        let own: Vec<_> =
            ["127.0.0.1", "::ffff:127.0.0.1", "::1", "::1"].map(|text| gate.admit(ip(text), false)).into();
        assert!(own.iter().all(Option::is_some));
    }

    #[test]
    fn there_are_fewer_connections_than_files() {
        for (files, total) in [(1_024, 704), (100, 50), (1 << 20, 16_384), (usize::MAX, 16_384)] {
            assert_eq!(ConnectionCaps::for_files(files).total, total, "{files}");
            assert!(total + relayed_sockets_of(files) < files, "{files}");
        }
        assert!(allowed_files() > 64);
    }
}
