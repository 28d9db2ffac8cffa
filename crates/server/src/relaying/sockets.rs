//! The addresses of relayed sockets: what clients are told, and where they are really opened.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;

use ::relay::{Family, is_public};
use rand::RngExt;
use rand::rngs::StdRng;

use super::RelayOptions;

/// How often another port is tried.
const TRIES: usize = 32;

/// The addresses of one family.
#[derive(Debug, Clone, Copy)]
struct Address {
    /// What clients are told.
    told: IpAddr,
    /// Where sockets are opened.
    bound: IpAddr,
}

/// The addresses of relayed sockets, one of a family.
#[derive(Debug)]
pub(super) struct Addresses(Vec<Address>);

impl Addresses {
    /// By the options; else the address that the server listens on; else those by which this machine reaches others.
    pub(super) fn of(listen: IpAddr, options: &RelayOptions) -> Self {
        let found = || match listen {
            IpAddr::V4(ip) if ip.is_unspecified() => outgoing(Family::V4).into_iter().collect(),
            IpAddr::V6(ip) if ip.is_unspecified() => {
                let all = [Family::V4, Family::V6].into_iter().filter_map(outgoing).collect();
                if options.private_peers { all } else { from_outside(all) }
            }
            ip => vec![ip],
        };
        let told = if options.addresses.is_empty() { found() } else { options.addresses.clone() };
        let with_bound = |told: IpAddr| {
            let given = options.listen.iter().find(|ip| ip.is_ipv4() == told.is_ipv4());
            // Behind a NAT the address that clients are told is none of this machine's.
            let own = || UdpSocket::bind((told, 0)).map_or(unspecified(told), |_| told);
            Address { told, bound: given.copied().unwrap_or_else(own) }
        };
        let mut addresses: Vec<Address> = Vec::new();
        for told in told {
            if addresses.iter().all(|known| known.told.is_ipv4() != told.is_ipv4()) {
                addresses.push(with_bound(told));
            }
        }
        Self(addresses)
    }

    /// What clients are told.
    pub(super) fn told(&self) -> Vec<IpAddr> {
        self.0.iter().map(|address| address.told).collect()
    }

    /// Every address of this machine that is known here.
    pub(super) fn own(&self) -> Vec<IpAddr> {
        let all = self.0.iter().flat_map(|address| [address.told, address.bound]);
        all.filter(|ip| !ip.is_unspecified()).chain([Family::V4, Family::V6].into_iter().filter_map(outgoing)).collect()
    }

    /// Opens a socket, and says by which address clients know it.
    pub(super) fn open(
        &self,
        family: Family,
        ports: &RangeInclusive<u16>,
        rng: &mut StdRng,
    ) -> io::Result<(tokio::net::UdpSocket, SocketAddr)> {
        let address = self.0.iter().find(|address| address.told.is_ipv4() == (family == Family::V4));
        let Address { told, bound } = address.ok_or(io::ErrorKind::AddrNotAvailable)?;
        let mut failed = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..TRIES {
            // Not one after another: whoever guesses the next would be half way to sending there.
            let port = rng.random_range(ports.clone());
            match UdpSocket::bind((*bound, port)) {
                Ok(socket) => {
                    socket.set_nonblocking(true)?;
                    return Ok((tokio::net::UdpSocket::from_std(socket)?, SocketAddr::new(*told, port)));
                }
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }
}

/// The addresses that clients would be told, and the ones where sockets would be opened for them.
pub(crate) fn relayed_addresses(listen: IpAddr, options: &RelayOptions) -> Vec<(IpAddr, IpAddr)> {
    Addresses::of(listen, options).0.iter().map(|address| (address.told, address.bound)).collect()
}

/// By which address this machine reaches others; nothing is sent for that.
pub(crate) fn outgoing(family: Family) -> Option<IpAddr> {
    // Of the addresses for examples: routed like all others, and nobody's.
    let (local, remote): (IpAddr, IpAddr) = match family {
        Family::V4 => (Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into()),
        Family::V6 => (Ipv6Addr::UNSPECIFIED.into(), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into()),
    };
    let socket = UdpSocket::bind((local, 0)).ok()?;
    socket.connect((remote, 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_unspecified())
}

/// Those that can be reached from outside, if any can: who names no family would get the private IPv4 address of a machine
/// behind a NAT, which leads nobody to it, where there is a public IPv6 address that does.
fn from_outside(mut found: Vec<IpAddr>) -> Vec<IpAddr> {
    if found.iter().any(|ip| is_public(*ip)) {
        found.retain(|ip| is_public(*ip));
    }
    found
}

fn unspecified(like: IpAddr) -> IpAddr {
    if like.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_that_leads_nobody_here_is_left_out_if_the_other_does() {
        let [private, public, v6, local_v6] =
            ["10.0.0.2", "9.9.9.9", "2606:4700::1", "fd00::1"].map(|ip| ip.parse().unwrap());
        for (found, told) in [
            (vec![private, v6], vec![v6]),
            (vec![public, local_v6], vec![public]),
            (vec![public, v6], vec![public, v6]),
            (vec![private, local_v6], vec![private, local_v6]),
            (vec![private], vec![private]),
            (vec![], vec![]),
        ] {
            assert_eq!(from_outside(found.clone()), told, "{found:?}");
        }
    }
}
