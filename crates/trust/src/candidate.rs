//! An ICE candidate: one address at which a peer may be reached (RFC 8445, RFC 8839 section 5.1).

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Groups candidates of the same origin: 1 to 32 ICE characters, so that it can stand in a line of SDP.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Foundation(String);

impl Foundation {
    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Foundation {
    type Err = CandidateError;

    fn from_str(text: &str) -> Result<Self, CandidateError> {
        match text.len() {
            1..=32 if text.bytes().all(is_ice_char) => Ok(Self(text.to_owned())),
            _ => Err(CandidateError::Foundation),
        }
    }
}

impl fmt::Display for Foundation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Foundation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What carries the packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP (RFC 6544). An app that does not use it passes over the candidate.
    Tcp,
}

/// How the address was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CandidateKind {
    /// The machine's own.
    Host,
    /// As a STUN server saw it.
    ServerReflexive,
    /// As the other peer saw it.
    PeerReflexive,
    /// A TURN server's, which passes packets on.
    Relay,
}

/// One address at which a peer may be reached.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// Groups candidates of the same origin.
    pub foundation: Foundation,
    /// 1 for RTP, and for all when RTCP shares its port.
    pub component: u8,
    /// What carries the packets.
    pub transport: Transport,
    /// Higher is tried earlier.
    pub priority: u32,
    /// Where.
    pub address: IpAddr,
    /// Where.
    pub port: u16,
    /// How the address was found.
    pub kind: CandidateKind,
    /// What it was found from; for finding faults only.
    pub related: Option<SocketAddr>,
}

impl Candidate {
    /// Whether this could be a real candidate; done for each that comes from outside.
    ///
    /// # Errors
    /// The first field that cannot be.
    pub fn validate(&self) -> Result<(), CandidateError> {
        if self.component == 0 {
            return Err(CandidateError::Component);
        }
        // RFC 8445 section 5.1.2: a positive integer below 2^31.
        if !(1..=0x7fff_ffff).contains(&self.priority) {
            return Err(CandidateError::Priority);
        }
        if !is_one_machine(self.address) {
            return Err(CandidateError::Address);
        }
        if self.port == 0 {
            return Err(CandidateError::Port);
        }
        if self.kind == CandidateKind::Host && self.related.is_some() {
            return Err(CandidateError::Related);
        }
        Ok(())
    }

    /// Whether its address means another machine than this one, beyond the link that this one is on: no loopback and no
    /// link-local address (RFC 3927, RFC 4291 section 2.5.6).
    pub fn is_beyond_the_link(&self) -> bool {
        match self.address.to_canonical() {
            IpAddr::V4(address) => !address.is_loopback() && !address.is_link_local(),
            IpAddr::V6(address) => !address.is_loopback() && !address.is_unicast_link_local(),
        }
    }
}

impl fmt::Debug for Candidate {
    /// Without the addresses: they are a person's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidate")
            .field("kind", &self.kind)
            .field("transport", &self.transport)
            .field("priority", &self.priority)
            .finish_non_exhaustive()
    }
}

/// Why a candidate is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CandidateError {
    /// Not 1 to 32 ICE characters.
    #[error("a candidate's foundation is not 1 to 32 ICE characters")]
    Foundation,
    /// Zero.
    #[error("a candidate's component is zero")]
    Component,
    /// Zero, or 2^31 or more.
    #[error("a candidate's priority is out of range")]
    Priority,
    /// An address that is not one machine's.
    #[error("a candidate's address is not that of one machine")]
    Address,
    /// Zero.
    #[error("a candidate's port is zero")]
    Port,
    /// A host candidate was not found from another address.
    #[error("a host candidate has a related address")]
    Related,
}

/// RFC 8839 section 5.1: ALPHA / DIGIT / "+" / "/".
pub(crate) fn is_ice_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// Checks are sent to this address: it must not be that of a crowd.
fn is_one_machine(address: IpAddr) -> bool {
    // `::ffff:224.0.0.1` is 224.0.0.1.
    let address = address.to_canonical();
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !address.is_unspecified() && !address.is_multicast() && !broadcast
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate() -> Candidate {
        Candidate {
            foundation: "1".parse().unwrap(),
            component: 1,
            transport: Transport::Udp,
            priority: 2_130_706_431,
            address: "192.0.2.1".parse().unwrap(),
            port: 50_000,
            kind: CandidateKind::Host,
            related: None,
        }
    }

    #[test]
    fn a_foundation_can_do_no_harm_in_a_line_of_sdp() {
        let foundation: Foundation = "a+/9".parse().unwrap();
        assert_eq!(foundation.as_str(), "a+/9");
        assert_eq!((foundation.to_string(), format!("{foundation:?}")), ("a+/9".to_owned(), "a+/9".to_owned()));
        for wrong in ["", "a b", "a\r\nb", "ä", "a-b", "a=b", &"x".repeat(33)] {
            assert_eq!(wrong.parse::<Foundation>(), Err(CandidateError::Foundation), "{wrong:?}");
        }
    }

    #[test]
    fn a_candidate_names_one_machine_and_a_port() {
        assert_eq!(candidate().validate(), Ok(()));
        for crowd in
            ["0.0.0.0", "::", "224.0.0.251", "ff02::fb", "255.255.255.255", "::ffff:224.0.0.1", "::ffff:0.0.0.0"]
        {
            let candidate = Candidate { address: crowd.parse().unwrap(), ..candidate() };
            assert_eq!(candidate.validate(), Err(CandidateError::Address), "{crowd}");
        }
        assert_eq!(Candidate { port: 0, ..candidate() }.validate(), Err(CandidateError::Port));
    }

    #[test]
    fn this_machine_and_its_link_are_told_from_what_lies_beyond() {
        for (address, beyond) in [
            ("127.0.0.1", false),
            ("127.9.9.9", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("169.254.169.254", false),
            ("fe80::1", false),
            ("192.168.1.2", true),
            ("192.0.2.1", true),
            ("2001:db8::1", true),
        ] {
            let candidate = Candidate { address: address.parse().unwrap(), ..candidate() };
            assert_eq!(candidate.is_beyond_the_link(), beyond, "{address}");
        }
    }

    #[test]
    fn numbers_are_within_what_the_rfc_allows() {
        for priority in [0, 1 << 31, u32::MAX] {
            assert_eq!(Candidate { priority, ..candidate() }.validate(), Err(CandidateError::Priority));
        }
        assert_eq!(Candidate { component: 0, ..candidate() }.validate(), Err(CandidateError::Component));
    }

    #[test]
    fn only_what_was_found_from_another_address_has_one() {
        let related = Some("10.0.0.1:5000".parse().unwrap());
        assert_eq!(Candidate { related, ..candidate() }.validate(), Err(CandidateError::Related));
        let reflexive = Candidate { related, kind: CandidateKind::ServerReflexive, ..candidate() };
        assert_eq!(reflexive.validate(), Ok(()));
    }

    #[test]
    fn addresses_are_not_printed() {
        let related = Some("10.0.0.1:5000".parse().unwrap());
        let printed = format!("{:?}", Candidate { related, kind: CandidateKind::Relay, ..candidate() });
        assert_eq!(printed, "Candidate { kind: Relay, transport: Udp, priority: 2130706431, .. }");
    }
}
