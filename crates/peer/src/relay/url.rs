//! Addresses of relays (RFC 7065).

use rtc::ice::url::{ProtoType, SchemeType, Url};

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
        let url = Url::parse_url(text).ok()?;
        let protocol = match (url.scheme, url.proto) {
            (SchemeType::Turn, ProtoType::Udp) => RelayProtocol::Udp,
            (SchemeType::Turn, ProtoType::Tcp) => RelayProtocol::Tcp,
            (SchemeType::Turns, ProtoType::Tcp) => RelayProtocol::Tls,
            _ => return None,
        };
        Some(Self { protocol, host: url.host, port: url.port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_a_relay_has_its_address() {
        let read = |text: &str| RelayUrl::parse(text).map(|url| (url.protocol, url.host, url.port));
        let host = || "a.example".to_owned();
        assert_eq!(read("turn:a.example"), Some((RelayProtocol::Udp, host(), 3478)));
        assert_eq!(read("turn:a.example:99?transport=udp"), Some((RelayProtocol::Udp, host(), 99)));
        assert_eq!(read("turn:a.example?transport=tcp"), Some((RelayProtocol::Tcp, host(), 3478)));
        assert_eq!(read("turns:a.example"), Some((RelayProtocol::Tls, host(), 5349)));
        assert_eq!(read("turns:a.example:443?transport=tcp"), Some((RelayProtocol::Tls, host(), 443)));
        assert_eq!(read("turns:[2001:db8::1]:443"), Some((RelayProtocol::Tls, "2001:db8::1".to_owned(), 443)));
        for no in ["turns:a.example?transport=udp", "stun:a.example", "turn:", "https://a.example", "nonsense", ""] {
            assert_eq!(read(no), None, "{no}");
        }
    }
}
