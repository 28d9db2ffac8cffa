//! Addresses of relays (RFC 7065).

use signaling_protocol::{IceScheme, IceUrl};

use super::RelayProtocol;

/// Where a relay is, and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RelayUrl {
    pub(crate) protocol: RelayProtocol,
    /// A name, or an address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl RelayUrl {
    /// `None` for what is not a relay's address, or one over DTLS (`turns:` with `transport=udp`), which nobody here speaks.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let IceUrl { scheme, host, port } = IceUrl::parse(text)?;
        let protocol = match scheme {
            IceScheme::Stun => return None,
            IceScheme::RelayUdp => RelayProtocol::Udp,
            IceScheme::RelayTcp => RelayProtocol::Tcp,
            IceScheme::RelayTls => RelayProtocol::Tls,
        };
        Some(Self { protocol, host, port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_is_told_from_a_stun_server() {
        let read = |text: &str| RelayUrl::parse(text).map(|url| (url.protocol, url.host, url.port));
        assert_eq!(read("turns:[2001:db8::1]:443"), Some((RelayProtocol::Tls, "2001:db8::1".to_owned(), 443)));
        for no in ["stun:a.example", "turns:a.example?transport=udp", ""] {
            assert_eq!(read(no), None, "{no}");
        }
    }
}
