//! Ports and addresses, as far as this machine knows them.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::ops::RangeInclusive;

use relay::{Family, is_public};

use super::{Check, bracketed};
use crate::connections::is_taken;
use crate::relaying::{RelayChoice, RelayOptions, outgoing, relayed_addresses};
use crate::serve::Config;

const PORT: &str = "port";
const RELAY: &str = "relay";
const RELAY_ADDRESS: &str = "relay address";
const RELAY_PORTS: &str = "relay ports";

/// Whether the server could listen there; if it runs, it does, and is asked later.
pub(super) fn port(listen: SocketAddr, running: bool) -> Check {
    if running {
        return Check::good(PORT, format!("The server runs, and has {listen}."));
    }
    if listen.port() == 0 {
        let next = "Choose one that stays with --listen: links and firewalls name it.";
        return Check::warning(PORT, "Another free port is taken at each start.", next);
    }
    for (by, bound) in [("TCP", TcpListener::bind(listen).map(drop)), ("UDP", UdpSocket::bind(listen).map(drop))] {
        if let Err(error) = bound {
            return cannot_listen(listen, by, &error);
        }
    }
    Check::good(PORT, format!("{listen} is free, TCP and UDP."))
}

fn cannot_listen(listen: SocketAddr, by: &str, error: &io::Error) -> Check {
    let says = format!("The server cannot listen on {listen}, {by}: {error}.");
    let next = match error.kind() {
        _ if is_taken(error) => "Another program listens there: stop it, or choose another port with --listen.",
        ErrorKind::PermissionDenied => {
            "Ports below 1024 need a permission: AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit of systemd, or setcap."
        }
        ErrorKind::AddrNotAvailable => "It is no address of this machine: choose one with --listen, or [::] for all.",
        _ => "Choose another with --listen.",
    };
    Check::bad(PORT, says, next)
}

/// Whether IPv4 and IPv6 lead out of this machine, and whether the server listens to both.
pub(super) fn families(listen: SocketAddr) -> Vec<Check> {
    let (v4, v6) = (outgoing(Family::V4), outgoing(Family::V6));
    of_families(listen.ip(), v4, v6)
}

pub(super) fn of_families(listen: IpAddr, v4: Option<IpAddr>, v6: Option<IpAddr>) -> Vec<Check> {
    let of = |what, ip: Option<IpAddr>, listens: bool| match ip {
        Some(ip) if listens => Check::good(what, format!("This machine reaches others by {ip}.")),
        Some(ip) if listen.is_unspecified() => {
            let says = format!("This machine has {ip}, and the server listens to the other family alone.");
            Check::warning(what, says, "Listen to both with --listen [::]:PORT.")
        }
        // The operator has chosen one address.
        Some(ip) => {
            Check::good(what, format!("This machine reaches others by {ip}; the server listens to {listen} alone."))
        }
        None => Check::good(what, "Not in this machine's network."),
    };
    if v4.is_none() && v6.is_none() && !listen.is_loopback() {
        let says = "This machine has no way to other networks: visits work within its own alone.";
        let next = "If more is meant, plug it in and give it an address and a way out.";
        return vec![Check::warning("network", says, next)];
    }
    let all_v6 = listen.is_ipv6() && listen.is_unspecified();
    vec![of("IPv4", v4, listen.is_ipv4() || all_v6), of("IPv6", v6, listen.is_ipv6())]
}

/// The server's own relay: its addresses, and its ports.
pub(super) fn relay(config: &Config, running: bool) -> Vec<Check> {
    let options = match &config.relay {
        RelayChoice::Own(options) => options,
        RelayChoice::Coturn(_) => return vec![],
        RelayChoice::None => {
            let next = "Leave out --no-relay: one visit in ten finds no other way.";
            return vec![Check::warning(RELAY, "The server relays nothing.", next)];
        }
    };
    let addresses = relayed_addresses(config.listen.ip(), options);
    let mut checks = vec![address(&addresses.iter().map(|(told, _)| *told).collect::<Vec<_>>(), options)];
    checks.extend(addresses.first().map(|(_, bound)| ports(*bound, &options.ports, running)));
    checks
}

/// Whether those outside can reach what they are told.
pub(super) fn address(told: &[IpAddr], options: &RelayOptions) -> Check {
    let all = told.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
    if told.is_empty() {
        let next = "Name the address by which others reach this machine with --relay-address.";
        return Check::bad(RELAY_ADDRESS, "No address was found for the relay.", next);
    }
    let hidden: Vec<_> = told.iter().filter(|ip| !is_public(**ip)).map(ToString::to_string).collect();
    if hidden.is_empty() {
        return Check::good(RELAY_ADDRESS, format!("Others are told {all}."));
    }
    if options.private_peers {
        return Check::good(RELAY_ADDRESS, format!("Others are told {all}, within this network alone."));
    }
    // Of each family: whoever names none gets IPv4, whatever the other is.
    let hidden = hidden.join(" and ");
    let says = format!("The relay tells others {hidden}, which nobody outside this network can reach.");
    let next = if options.addresses.is_empty() {
        "Behind a NAT, name its public address with --relay-address; for visits within this network, give \
         --relay-private-peers."
    } else {
        "Name the public address with --relay-address; for visits within this network, give --relay-private-peers."
    };
    Check::warning(RELAY_ADDRESS, says, next)
}

/// Whether relayed sockets can be opened: a few of the range are tried, spread over it.
fn ports(bound: IpAddr, range: &RangeInclusive<u16>, running: bool) -> Check {
    let count = usize::from(range.end() - range.start()) + 1;
    let step = (count / TRIED).max(1);
    let tried: Vec<u16> = range.clone().step_by(step).collect();
    let failed: Vec<io::Error> = tried.iter().filter_map(|port| UdpSocket::bind((bound, *port)).err()).collect();
    let taken = failed.iter().filter(|error| is_taken(error)).count();
    of_ports(bound, range, tried.len(), taken, failed.iter().find(|error| !is_taken(error)), running)
}

pub(super) fn of_ports(
    bound: IpAddr,
    range: &RangeInclusive<u16>,
    tried: usize,
    taken: usize,
    failure: Option<&io::Error>,
    running: bool,
) -> Check {
    let (low, high) = (range.start(), range.end());
    let count = usize::from(high - low) + 1;
    if let Some(error) = failure {
        let says = format!("The relay cannot open sockets on {}: {error}.", bracketed(bound));
        return Check::bad(RELAY_PORTS, says, "Name an address of this machine with --relay-listen.");
    }
    let says = format!("Of {tried} ports tried from {low} to {high} (UDP), {taken} are taken.");
    if taken == tried {
        return Check::bad(RELAY_PORTS, says, "Choose other ports with --relay-ports.");
    }
    // The running server's own relayed visits take some.
    if taken * 2 > tried && !running {
        return Check::warning(RELAY_PORTS, says, "Choose ports that no other program uses, with --relay-ports.");
    }
    if count < FEW_PORTS {
        let says = format!("There are {count} ports for the relay: some {} visits at once.", count / 2);
        return Check::warning(
            RELAY_PORTS,
            says,
            "Give it more with --relay-ports, and let them through the firewall.",
        );
    }
    Check::good(RELAY_PORTS, format!("{says} A firewall in front must let UDP to them through."))
}

/// How many are tried.
const TRIED: usize = 32;
/// A visit takes two; an afternoon of a small clinic is ten at once.
const FEW_PORTS: usize = 64;
