//! The clinic's servers for finding a path: which of them are used, and when they are asked for again.

use std::time::Duration;

use signaling_protocol::{IceReply, IceScheme, IceServer, IceUrl};
use units::Timestamp;

use crate::{Paths, RelayWay};

/// What is known of servers for finding a path.
#[derive(Debug, Default)]
pub(crate) struct Ice {
    /// None until the server has answered, or was waited for in vain.
    pub(crate) servers: Option<Vec<IceServer>>,
    /// Since when we wait for an answer.
    pub(crate) asked: Option<Timestamp>,
    /// When to ask for fresh passwords: a path that is looked for later would find no relay.
    refresh_at: Option<Timestamp>,
    /// The clinic wants relays alone. What was said once holds.
    relay_only: bool,
}

impl Ice {
    /// The server's answer; whether it is another one than before.
    pub(crate) fn on_reply(&mut self, now: Timestamp, reply: IceReply, paths: Paths) -> bool {
        let lifetime = Duration::from_secs(reply.ttl_secs).clamp(SHORTEST_LIFETIME, LONGEST_LIFETIME);
        self.refresh_at = Some(now + lifetime.mul_f64(USED_OF_LIFETIME));
        self.relay_only |= reply.relay_only;
        let servers = usable(reply.servers, self.stricter(paths));
        let is_other = self.servers.as_ref() != Some(&servers);
        self.servers = Some(servers);
        is_other
    }

    /// What the server said when it let us in.
    pub(crate) fn on_joined(&mut self, relay_only: bool) {
        self.relay_only |= relay_only;
    }

    /// Nothing is known of servers any more. What the clinic wants is: that is of the visit, however often we come in.
    pub(crate) fn forget_servers(&mut self) {
        *self = Self { relay_only: self.relay_only, ..Self::default() };
    }

    /// By which ways the two may reach each other: what the person wants, or the clinic where that is stricter.
    pub(crate) fn stricter(&self, paths: Paths) -> Paths {
        match paths {
            Paths::All if self.relay_only => Paths::Relays,
            paths => paths,
        }
    }

    /// When to ask again; while an answer is waited for, not at all.
    pub(crate) fn refresh_at(&self) -> Option<Timestamp> {
        self.refresh_at.filter(|_| self.asked.is_none())
    }

    /// It is asked again; should no answer come, once more after a while.
    pub(crate) fn on_refresh(&mut self, now: Timestamp) {
        self.refresh_at = Some(now + REFRESH_AGAIN);
    }
}

/// Those of the servers that serve the kind of path that is wanted.
fn usable(servers: Vec<IceServer>, paths: Paths) -> Vec<IceServer> {
    let serves = |url: &str| match paths {
        Paths::All => true,
        Paths::Relays => way_of(url).is_some(),
        Paths::RelaysBy(way) => way_of(url) == Some(way),
    };
    let mut servers = servers;
    for server in &mut servers {
        server.urls.retain(|url| serves(url));
    }
    servers.retain(|server| !server.urls.is_empty());
    servers
}

/// How a relay is reached, if there is one at this address.
fn way_of(url: &str) -> Option<RelayWay> {
    match IceUrl::parse(url)?.scheme {
        IceScheme::Stun => None,
        IceScheme::RelayUdp => Some(RelayWay::Udp),
        IceScheme::RelayTcp => Some(RelayWay::Tcp),
        IceScheme::RelayTls => Some(RelayWay::Tls),
    }
}

/// Late enough to be rare, early enough for a try that fails.
const USED_OF_LIFETIME: f64 = 0.8;
/// A server whose passwords are good for less is asked no more often.
const SHORTEST_LIFETIME: Duration = Duration::from_secs(30);
const LONGEST_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// How soon to try again what was not answered.
const REFRESH_AGAIN: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(ttl_secs: u64, urls: &[&str]) -> IceReply {
        let servers = urls.iter().map(|url| server(url)).collect();
        IceReply { servers, ttl_secs, relay_only: false }
    }

    fn server(url: &str) -> IceServer {
        IceServer { urls: vec![url.to_owned()], username: None, credential: None }
    }

    fn at(secs: u64) -> Timestamp {
        Timestamp::ZERO + Duration::from_secs(secs)
    }

    #[test]
    fn fresh_passwords_are_asked_for_before_the_old_ones_end() {
        let mut ice = Ice::default();
        assert_eq!(ice.refresh_at(), None);
        assert!(ice.on_reply(at(100), reply(600, &["turn:a"]), Paths::All));
        assert_eq!(ice.refresh_at(), Some(at(580)));
        ice.on_refresh(at(580));
        ice.asked = Some(at(580));
        assert_eq!(ice.refresh_at(), None, "it is asked");
        ice.asked = None;
        assert_eq!(ice.refresh_at(), Some(at(595)), "and refused");
        assert!(!ice.on_reply(at(600), reply(600, &["turn:a"]), Paths::All), "the same again");
        assert!(ice.on_reply(at(600), reply(0, &["turn:b"]), Paths::All));
        assert_eq!(ice.refresh_at(), Some(at(624)), "no server makes us ask all the time");
        ice.on_reply(at(600), reply(u64::MAX, &[]), Paths::All);
        assert!(ice.refresh_at() > Some(at(3_600)));
    }

    #[test]
    fn whoever_hides_their_address_asks_relays_alone() {
        let all =
            ["stun:a:1", "turn:a:1", "turn:a:1?transport=udp", "turn:a:1?transport=tcp", "turns:a:443?transport=tcp"];
        let left = |paths| {
            let mut ice = Ice::default();
            ice.on_reply(at(0), reply(60, &all), paths);
            ice.servers.unwrap().into_iter().flat_map(|server| server.urls).collect::<Vec<_>>()
        };
        assert_eq!(left(Paths::All), all);
        assert_eq!(left(Paths::Relays), all[1..]);
        assert_eq!(left(Paths::RelaysBy(RelayWay::Udp)), all[1..3]);
        assert_eq!(left(Paths::RelaysBy(RelayWay::Tcp)), all[3..4]);
        assert_eq!(left(Paths::RelaysBy(RelayWay::Tls)), all[4..]);
    }

    #[test]
    fn of_what_the_person_and_the_clinic_want_the_stricter_counts_and_goes_on_counting() {
        let mut ice = Ice::default();
        let both = ["stun:a:1", "turn:a:1"];
        ice.on_reply(at(0), IceReply { relay_only: true, ..reply(60, &both) }, Paths::All);
        assert_eq!(ice.servers, Some(vec![server("turn:a:1")]));
        assert_eq!(ice.stricter(Paths::All), Paths::Relays);
        assert_eq!(ice.stricter(Paths::RelaysBy(RelayWay::Tls)), Paths::RelaysBy(RelayWay::Tls));
        ice.on_reply(at(10), reply(60, &both), Paths::All);
        assert_eq!(ice.servers, Some(vec![server("turn:a:1")]), "nobody takes it back in the middle of a visit");
        ice.forget_servers();
        assert_eq!((&ice.servers, ice.stricter(Paths::All)), (&None, Paths::Relays), "nor by having us come in anew");
        assert_eq!(Ice::default().stricter(Paths::Relays), Paths::Relays);
    }
}
