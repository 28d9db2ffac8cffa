//! Which addresses this device has and by which of them packets leave, and what becomes of a path when that changes.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use netwatcher::Interface;

/// Addresses and ways out at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// What others may reach, with the number of its interface: neither loopback nor link-local.
    addresses: BTreeMap<IpAddr, u32>,
    /// The address by which packets leave for far away, of IPv4 and of IPv6.
    ways_out: [Option<IpAddr>; 2],
}

/// What was and what is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) before: Standing,
    pub(crate) after: Standing,
}

impl Standing {
    /// As it is now, with these interfaces.
    pub(crate) fn now<'a>(interfaces: impl Iterator<Item = &'a Interface>) -> Self {
        let addresses =
            interfaces.flat_map(|interface| interface.ips.iter().map(|record| (record.ip, interface.index)));
        Self { addresses: addresses.filter(|(ip, _)| is_usable(ip)).collect(), ways_out: FAR_AWAY.map(way_out) }
    }

    fn interface(&self, address: IpAddr) -> Option<u32> {
        self.addresses.get(&address).copied()
    }
}

impl Change {
    /// Whether a path that leaves by this address is dead, or will be: the address is gone, or packets for far away leave by
    /// another interface now, which may let through none with the address of this one. A path of which the address is not
    /// known leaves as all others do.
    pub(crate) fn kills(&self, local: Option<IpAddr>) -> bool {
        match local {
            Some(address) => {
                let known = self.before.addresses.contains_key(&address);
                known && (!self.after.addresses.contains_key(&address) || self.moves_away_from(address))
            }
            None => self.is_elsewhere(),
        }
    }

    /// Whether what is under way to the server had better begin anew: it may not come back by the old way, or there was none.
    pub(crate) fn is_elsewhere(&self) -> bool {
        let mut families = self.before.ways_out.iter().zip(&self.after.ways_out);
        families.any(|(before, after)| match (before, after) {
            (Some(before), _) => self.kills(Some(*before)),
            // IPv6 that comes a second after IPv4 is one way more.
            (None, Some(_)) => self.before.ways_out == [None; 2],
            (None, None) => false,
        })
    }

    /// Whether packets that left by this address leave by another interface's.
    fn moves_away_from(&self, address: IpAddr) -> bool {
        let family = usize::from(address.is_ipv6());
        let [before, after] = [&self.before, &self.after].map(|standing| standing.ways_out[family]);
        let other = after.filter(|after| self.after.interface(*after) != self.after.interface(address));
        before == Some(address) && other.is_some()
    }
}

/// What the peer connection would use as well.
fn is_usable(address: &IpAddr) -> bool {
    let local = match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    !address.is_loopback() && !address.is_unspecified() && !local
}

/// Whether packets for far away would leave this machine by any address.
pub(crate) fn has_way_out() -> bool {
    FAR_AWAY.into_iter().any(|to| towards(to).is_some())
}

/// The addresses by which packets for far away would leave.
pub(crate) fn own_addresses() -> Vec<IpAddr> {
    FAR_AWAY.into_iter().filter_map(way_out).collect()
}

/// The address by which packets for there would leave, if others may reach it.
fn way_out(to: SocketAddr) -> Option<IpAddr> {
    Some(towards(to)?.local_addr().ok()?.ip()).filter(is_usable)
}

/// A datagram socket that packets for there would leave by. It is only told where to: nothing is sent.
fn towards(to: SocketAddr) -> Option<UdpSocket> {
    let any: SocketAddr =
        if to.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(to).ok()?;
    Some(socket)
}

/// Nobody's addresses (RFC 5737, RFC 3849), which every device sends the default way.
const FAR_AWAY: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 9),
    SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)), 9),
];

#[cfg(test)]
pub(super) mod tests {
    use netwatcher::IpRecord;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Addresses as `interface:address`, and those by which packets leave.
    pub(in super::super) fn standing(addresses: &str, ways_out: &str) -> Standing {
        let one = |text: &str| {
            let (interface, address) = text.split_once('@').unwrap();
            (ip(address), interface.parse().unwrap())
        };
        let ways: Vec<IpAddr> = ways_out.split_whitespace().map(ip).collect();
        Standing {
            addresses: addresses.split_whitespace().map(one).collect(),
            ways_out: [false, true].map(|v6| ways.iter().copied().find(|way| way.is_ipv6() == v6)),
        }
    }

    fn change(before: (&str, &str), after: (&str, &str)) -> Change {
        Change { before: standing(before.0, before.1), after: standing(after.0, after.1) }
    }

    const WIFI: (&str, &str) = ("2@10.0.0.2 2@2001:db8:a::2", "10.0.0.2 2001:db8:a::2");
    const MOBILE: (&str, &str) = ("3@10.9.0.7 3@2001:db8:b::7", "10.9.0.7 2001:db8:b::7");
    const NOTHING: (&str, &str) = ("", "");

    #[test]
    fn from_one_network_to_another_everything_begins_anew() {
        for change in [change(WIFI, MOBILE), change(WIFI, NOTHING)] {
            for local in [Some("10.0.0.2"), Some("2001:db8:a::2"), None] {
                assert!(change.kills(local.map(ip)), "{local:?}");
            }
            assert!(change.is_elsewhere());
            assert!(!change.kills(Some(ip("127.0.0.1"))), "this machine stays");
        }
    }

    #[test]
    fn when_a_network_comes_there_is_nothing_to_kill_and_everything_to_begin() {
        let change = change(NOTHING, MOBILE);
        assert!(!change.kills(Some(ip("10.0.0.2"))), "it was gone before");
        assert!(change.is_elsewhere());
    }

    #[test]
    fn another_address_beside_the_one_in_use_changes_nothing() {
        for more in ["3@10.9.0.7", "2@2001:db8:a::99", "9@172.17.0.1"] {
            let change = change(WIFI, (&format!("{} {more}", WIFI.0), WIFI.1));
            assert!(!change.kills(Some(ip("10.0.0.2"))) && !change.kills(None) && !change.is_elsewhere(), "{more}");
        }
    }

    #[test]
    fn a_cable_plugged_in_beside_wifi_takes_the_packets_away_from_it() {
        let change = change(WIFI, ("2@10.0.0.2 2@2001:db8:a::2 4@10.0.0.3", "10.0.0.3 2001:db8:a::2"));
        assert!(change.kills(Some(ip("10.0.0.2"))) && change.kills(None) && change.is_elsewhere());
        assert!(!change.kills(Some(ip("2001:db8:a::2"))), "IPv6 leaves as before");
    }

    #[test]
    fn a_fresh_address_of_the_same_interface_does_not_end_what_leaves_by_the_old_one() {
        let fresh = ("2@10.0.0.2 2@2001:db8:a::2 2@2001:db8:a::3", "10.0.0.2 2001:db8:a::3");
        let change_to = change(WIFI, fresh);
        assert!(!change_to.kills(Some(ip("2001:db8:a::2"))) && !change_to.is_elsewhere());
        let gone = change(fresh, ("2@10.0.0.2 2@2001:db8:a::3", "10.0.0.2 2001:db8:a::3"));
        assert!(gone.kills(Some(ip("2001:db8:a::2"))));
        assert!(!gone.is_elsewhere(), "the server is spoken to by the fresh one");
    }

    #[test]
    fn a_path_that_did_not_leave_the_default_way_stays_when_that_changes() {
        let both = ("2@10.0.0.2 5@10.8.0.2", "10.0.0.2");
        let moved = change(both, ("2@10.0.0.2 5@10.8.0.2 4@10.0.0.3", "10.0.0.3"));
        assert!(!moved.kills(Some(ip("10.8.0.2"))) && moved.kills(Some(ip("10.0.0.2"))));
    }

    #[test]
    fn one_family_that_goes_is_its_own_paths_end_alone() {
        let change = change(WIFI, ("2@10.0.0.2", "10.0.0.2"));
        assert!(change.kills(Some(ip("2001:db8:a::2"))) && !change.kills(Some(ip("10.0.0.2"))));
        assert!(change.is_elsewhere(), "the server may have been spoken to by it");
        let back = change_back(&change);
        assert!(!back.is_elsewhere(), "one way more");
    }

    fn change_back(change: &Change) -> Change {
        Change { before: change.after.clone(), after: change.before.clone() }
    }

    #[test]
    fn what_nobody_else_can_reach_is_no_address() {
        let addresses = ["127.0.0.1", "169.254.1.1", "::1", "fe80::1", "10.0.0.2", "fd00::2"];
        let ips = addresses.map(|address| IpRecord { ip: ip(address), prefix_len: 24 }).to_vec();
        let interface = Interface { index: 7, name: "eth".to_owned(), hw_addr: String::new(), ips };
        let seen: Vec<_> = Standing::now([&interface].into_iter()).addresses.into_iter().collect();
        assert_eq!(seen, [(ip("10.0.0.2"), 7), (ip("fd00::2"), 7)]);
    }

    #[test]
    fn a_way_to_this_machine_is_none_out_of_it() {
        assert_eq!(way_out(SocketAddr::from(([127, 0, 0, 1], 9))), None);
    }
}
