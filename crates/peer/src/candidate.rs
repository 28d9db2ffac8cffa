//! Typed candidates to the library's and back.

use std::net::{IpAddr, SocketAddr};

use crate::RelayProtocol;
use trust::{Candidate, CandidateKind, Foundation, Transport};
use webrtc::peer_connection::{RTCIceCandidate, RTCIceCandidateInit, RTCIceCandidateType, RTCIceProtocol};

/// What the library found, or `None` for what the other side could not use: TCP, names instead of addresses, RTCP
/// apart from RTP.
pub(crate) fn from_library(candidate: &RTCIceCandidate) -> Option<Candidate> {
    if candidate.protocol != RTCIceProtocol::Udp || candidate.component != 1 {
        return None;
    }
    let kind = kind(candidate.typ)?;
    let related = candidate
        .related_address
        .parse::<IpAddr>()
        .ok()
        .filter(|_| kind != CandidateKind::Host)
        .map(|address| SocketAddr::new(address, candidate.related_port));
    let candidate = Candidate {
        foundation: candidate.foundation.parse::<Foundation>().ok()?,
        component: 1,
        transport: Transport::Udp,
        priority: candidate.priority,
        address: candidate.address.parse().ok()?,
        port: candidate.port,
        kind,
        related,
    };
    candidate.validate().is_ok().then_some(candidate)
}

/// A relay's address as the other side is told of it: without that of this machine, which the library names beside it, and with
/// a priority that puts better ways to a relay first (RFC 8445, section 5.1.2.1: the local preference is ours to choose).
pub(crate) fn of_relay(candidate: Candidate, reached: Option<RelayProtocol>) -> Candidate {
    let less = match reached {
        Some(RelayProtocol::Udp) | None => 0,
        Some(RelayProtocol::Tcp) => 1 << 13,
        Some(RelayProtocol::Tls) => 2 << 13,
    };
    let local_preference = ((candidate.priority >> 8) & 0xffff).saturating_sub(less);
    let priority = (candidate.priority & 0xff00_00ff) | local_preference << 8;
    Candidate { priority, related: None, ..candidate }
}

/// The kind of a candidate, as the library names it.
pub(crate) fn kind(typ: RTCIceCandidateType) -> Option<CandidateKind> {
    match typ {
        RTCIceCandidateType::Host => Some(CandidateKind::Host),
        RTCIceCandidateType::Srflx => Some(CandidateKind::ServerReflexive),
        RTCIceCandidateType::Prflx => Some(CandidateKind::PeerReflexive),
        RTCIceCandidateType::Relay => Some(CandidateKind::Relay),
        _ => None,
    }
}

/// The address of this device by which packets of a local candidate leave. Of a relay the library knows only what the relay
/// sees.
pub(crate) fn leaves_by(local: &RTCIceCandidate) -> Option<IpAddr> {
    let text = match local.typ {
        RTCIceCandidateType::Host => &local.address,
        RTCIceCandidateType::Srflx | RTCIceCandidateType::Prflx => &local.related_address,
        _ => return None,
    };
    text.parse().ok().filter(|address: &IpAddr| !address.is_unspecified())
}

/// For the library; `None` for TCP, which we neither offer nor take.
pub(crate) fn to_library(candidate: &Candidate) -> Option<RTCIceCandidateInit> {
    if candidate.transport != Transport::Udp {
        return None;
    }
    let typ = match candidate.kind {
        CandidateKind::Host => "host",
        CandidateKind::ServerReflexive => "srflx",
        CandidateKind::PeerReflexive => "prflx",
        CandidateKind::Relay => "relay",
    };
    let Candidate { foundation, component, priority, address, port, .. } = candidate;
    let mut text = format!("candidate:{foundation} {component} udp {priority} {address} {port} typ {typ}");
    // The grammar wants a related address for all but host candidates; nothing is decided by it (RFC 8839, 5.1).
    if candidate.kind != CandidateKind::Host {
        let related = candidate.related.unwrap_or(SocketAddr::new(unspecified_like(*address), 0));
        text.push_str(&format!(" raddr {} rport {}", related.ip(), related.port()));
    }
    Some(RTCIceCandidateInit {
        candidate: text,
        sdp_mid: Some("0".to_owned()),
        sdp_mline_index: Some(0),
        username_fragment: None,
        url: None,
    })
}

fn unspecified_like(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(kind: CandidateKind, address: &str, related: Option<&str>) -> Candidate {
        Candidate {
            foundation: "42".parse().unwrap(),
            component: 1,
            transport: Transport::Udp,
            priority: 1_694_498_815,
            address: address.parse().unwrap(),
            port: 50_000,
            kind,
            related: related.map(|address| address.parse().unwrap()),
        }
    }

    #[test]
    fn the_library_reads_every_kind_as_it_was_meant() {
        let all = [
            candidate(CandidateKind::Host, "192.0.2.1", None),
            candidate(CandidateKind::Host, "2001:db8::1", None),
            candidate(CandidateKind::ServerReflexive, "198.51.100.2", Some("192.0.2.1:40000")),
            candidate(CandidateKind::PeerReflexive, "198.51.100.2", Some("0.0.0.0:0")),
            candidate(CandidateKind::Relay, "203.0.113.3", Some("198.51.100.2:40000")),
        ];
        for ours in all {
            let text = to_library(&ours).unwrap().candidate;
            let theirs = rtc::ice::candidate::unmarshal_candidate(text.strip_prefix("candidate:").unwrap()).unwrap();
            assert_eq!(from_library(&RTCIceCandidate::from(&theirs)), Some(ours), "{text}");
        }
    }

    #[test]
    fn of_relays_the_better_ways_are_preferred_and_this_machine_is_not_named() {
        let found =
            Candidate { priority: 0x00ff_ffff, ..candidate(CandidateKind::Relay, "203.0.113.3", Some("192.0.2.1:4")) };
        let told = |reached| of_relay(found.clone(), reached);
        let [udp, tcp, tls] = [RelayProtocol::Udp, RelayProtocol::Tcp, RelayProtocol::Tls].map(|one| told(Some(one)));
        assert!(udp.priority > tcp.priority && tcp.priority > tls.priority && tls.validate().is_ok());
        assert_eq!([&udp, &tcp, &tls].map(|one| one.priority >> 24), [0; 3], "the type is as it was");
        assert_eq!((udp.related, udp.priority), (None, found.priority));
    }

    #[test]
    fn tcp_is_neither_offered_nor_taken() {
        let tcp = Candidate { transport: Transport::Tcp, ..candidate(CandidateKind::Host, "192.0.2.1", None) };
        assert_eq!(to_library(&tcp), None);
    }
}
