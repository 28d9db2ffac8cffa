//! To whom the relay forwards: to the open internet and to its own relayed addresses, never into the clinic.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Which peers are allowed.
#[derive(Debug, Clone)]
pub struct Peers {
    /// Also those on private networks: for a clinic's own network, for laboratories and tests.
    pub private: bool,
    /// The addresses of this machine: what listens there is nobody's peer.
    pub own: Vec<IpAddr>,
    /// The port that the server listens on.
    pub listen_port: u16,
}

/// What is asked of a peer's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Somewhere on the internet.
    Public,
    /// In a network of somebody's own, or in an example.
    Private,
    /// On this machine.
    Loopback,
    /// Nowhere, everywhere or next door: never.
    Never,
}

/// Below are servers, and no browser or app ever has its media there: DNS, NTP and whatever answers with more than it was asked.
const LOWEST_PORT: u16 = 1_024;

impl Peers {
    /// Whether a permission for `ip` may be given: what leaves is looked at again, with its port.
    ///
    /// `relayed` are the relay's own relayed addresses: two clients of one relay reach each other by them.
    pub(crate) fn allows_permission(&self, ip: IpAddr, relayed: &[IpAddr]) -> bool {
        relayed.contains(&ip) || self.allows_ip(ip)
    }

    /// Whether a datagram may leave for `peer`, which is none of the relay's own relayed addresses.
    pub fn allows(&self, peer: SocketAddr) -> bool {
        let own_server = self.own.contains(&peer.ip()) && peer.port() == self.listen_port;
        peer.port() >= LOWEST_PORT && !own_server && self.allows_ip(peer.ip())
    }

    fn allows_ip(&self, ip: IpAddr) -> bool {
        match place(ip) {
            Place::Public => !self.own.contains(&ip),
            Place::Private => self.private,
            // Only a relay that is itself reached there has peers there.
            Place::Loopback => self.private && self.own.iter().any(|own| place(*own) == Place::Loopback),
            Place::Never => false,
        }
    }
}

/// Whether an address is one of the open internet.
pub fn is_public(ip: IpAddr) -> bool {
    place(ip) == Place::Public
}

fn place(ip: IpAddr) -> Place {
    match ip {
        IpAddr::V4(ip) => place_v4(ip),
        IpAddr::V6(ip) => place_v6(ip),
    }
}

/// The IANA registry of special-purpose addresses (RFC 6890).
fn place_v4(ip: Ipv4Addr) -> Place {
    match ip.octets() {
        [127, ..] => Place::Loopback,
        // "This network", link-local (also where clouds tell their secrets), multicast, reserved and broadcast.
        [0, ..] | [169, 254, ..] | [224..=255, ..] => Place::Never,
        // Protocol assignments, and the relays from IPv6 that are no more (RFC 7526).
        [192, 0, 0, _] | [192, 88, 99, _] => Place::Never,
        // RFC 1918, carriers' own (RFC 6598).
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Place::Private,
        // Examples (RFC 5737) and benchmarks (RFC 2544).
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [198, 18..=19, ..] => Place::Private,
        _ => Place::Public,
    }
}

fn place_v6(ip: Ipv6Addr) -> Place {
    let segments = ip.segments();
    let embedded = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 1] => Place::Loopback,
        // What leads to an IPv4 address is as good as that address, but never better than public: NAT64 (RFC 6052), 6to4.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => match place_v4(embedded(high, low)) {
            Place::Public => Place::Public,
            _ => Place::Never,
        },
        // Protocol assignments, Teredo among them.
        [0x2001, 0..=0x1ff, ..] => Place::Never,
        // Examples.
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Place::Private,
        // Unique local addresses (RFC 4193).
        [0xfc00..=0xfdff, ..] => Place::Private,
        [0x2000..=0x3fff, ..] => Place::Public,
        // Unspecified, mapped and compatible IPv4, link-local, site-local, multicast, and what nobody has been given yet.
        _ => Place::Never,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn peers(private: bool, own: &[&str]) -> Peers {
        Peers { private, own: own.iter().map(|ip| ip.parse().unwrap()).collect(), listen_port: 8_443 }
    }

    const NEVER: [&str; 27] = [
        "0.0.0.0",
        "0.1.2.3",
        "169.254.169.254",
        "169.254.0.1",
        "192.0.0.8",
        "192.88.99.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::ffff:8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::8.8.8.8",
        "64:ff9b::10.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b:1::1",
        "2002:a00:1::1",
        "2002:7f00:1::",
        "2002:c0a8:1::",
        "2001::1",
        "2001:10::1",
        "100::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ];
    const PRIVATE: [&str; 18] = [
        "10.0.0.0",
        "10.255.255.255",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "192.168.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
        "198.18.0.1",
        "198.19.255.255",
        "fc00::1",
        "fd12:3456::1",
        "fdff::1",
        "2001:db8::1",
        "3fff::1",
    ];
    const PUBLIC: [&str; 16] = [
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "192.169.0.0",
        "223.255.255.255",
        "2606:4700::1",
        "2a00:1450::1",
        "64:ff9b::8.8.8.8",
        "2002:808:808::1",
    ];

    #[test]
    fn only_the_open_internet_is_reached() {
        let strict = peers(false, &["9.9.9.9"]);
        let at = |ip: &str| SocketAddr::new(ip.parse().unwrap(), 50_000);
        for ip in NEVER.iter().chain(&PRIVATE).chain(&["127.0.0.1", "127.255.255.255", "::1", "9.9.9.9"]) {
            assert!(!strict.allows(at(ip)), "{ip}");
            assert!(!strict.allows_permission(ip.parse().unwrap(), &[]), "{ip}");
        }
        for ip in PUBLIC {
            assert!(strict.allows(at(ip)) && strict.allows_permission(ip.parse().unwrap(), &[]), "{ip}");
            assert!(is_public(ip.parse().unwrap()));
        }
    }

    #[test]
    fn a_flag_opens_private_networks_and_loopback_only_to_a_relay_that_is_there() {
        let at = |ip: &str| SocketAddr::new(ip.parse().unwrap(), 50_000);
        let (on_lan, on_loopback) = (peers(true, &["192.168.0.2"]), peers(true, &["127.0.0.1"]));
        for ip in PRIVATE {
            assert!(on_lan.allows(at(ip)), "{ip}");
        }
        for ip in NEVER {
            assert!(!on_lan.allows(at(ip)) && !on_loopback.allows(at(ip)), "{ip}");
        }
        assert!(!on_lan.allows(at("127.0.0.1")) && !on_lan.allows(at("::1")));
        assert!(on_loopback.allows(at("127.0.0.1")));
    }

    #[test]
    fn servers_are_nobodys_peers() {
        let strict = peers(false, &[]);
        assert!(!strict.allows("8.8.8.8:53".parse().unwrap()) && !strict.allows("8.8.8.8:0".parse().unwrap()));
        let own = peers(true, &["192.168.0.2"]);
        assert!(!own.allows("192.168.0.2:8443".parse().unwrap()), "the server itself");
        assert!(own.allows("192.168.0.3:8443".parse().unwrap()));
    }

    #[test]
    fn the_relays_own_addresses_get_permissions_but_no_datagrams() {
        let strict = peers(false, &["9.9.9.9"]);
        let own: IpAddr = "9.9.9.9".parse().unwrap();
        assert!(strict.allows_permission(own, &[own]) && !strict.allows(SocketAddr::new(own, 50_000)));
    }

    proptest! {
        /// Against the standard library's own words for the same.
        #[test]
        fn nothing_private_is_ever_public(bits in any::<u32>(), port in 1_024_u16..) {
            let ip = Ipv4Addr::from(bits);
            let inside = ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_multicast() || ip.is_unspecified()
                || ip.is_broadcast() || ip.is_documentation();
            prop_assert!(!(inside && peers(false, &[]).allows(SocketAddr::new(ip.into(), port))));
            let ways_in = [ip.to_ipv6_mapped(), ip.to_ipv6_compatible(),
                Ipv6Addr::from([0x64, 0xff9b, 0, 0, 0, 0, (bits >> 16) as u16, bits as u16]),
                Ipv6Addr::from([0x2002, (bits >> 16) as u16, bits as u16, 1, 2, 3, 4, 5])];
            for way in ways_in {
                prop_assert!(!(inside && peers(true, &["127.0.0.1"]).allows(SocketAddr::new(way.into(), port))), "{}", way);
            }
        }

        #[test]
        fn of_ipv6_only_global_addresses_are_public(segments in any::<[u16; 8]>()) {
            let ip = Ipv6Addr::from(segments);
            let global = segments[0] & 0xe000 == 0x2000 || ip.to_string().starts_with("64:ff9b::");
            prop_assert!(global || !is_public(ip.into()));
            prop_assert!(!(ip.is_multicast() || ip.is_unicast_link_local() || ip.is_unique_local()) || !is_public(ip.into()));
        }
    }
}
