//! Addresses of servers for finding a path (RFC 7064, RFC 7065), as far as apps speak to them.

/// What is at such an address, and how it is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IceScheme {
    /// A STUN server, by datagrams.
    Stun,
    /// A relay by datagrams.
    RelayUdp,
    /// A relay by a stream.
    RelayTcp,
    /// A relay by an encrypted stream.
    RelayTls,
}

/// The address of a server for finding a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IceUrl {
    /// What is there.
    pub scheme: IceScheme,
    /// A name, or an address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl IceUrl {
    /// Reads an address. `None` for what no app speaks: STUN by streams, relays by DTLS, whatever else.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (scheme, usual) = match (scheme, query) {
            ("stun", "") => (IceScheme::Stun, 3_478),
            ("turn", "" | "transport=udp") => (IceScheme::RelayUdp, 3_478),
            ("turn", "transport=tcp") => (IceScheme::RelayTcp, 3_478),
            ("turns", "" | "transport=tcp") => (IceScheme::RelayTls, 5_349),
            _ => return None,
        };
        let (host, port) = match place.strip_prefix('[') {
            Some(v6) => {
                let (host, rest) = v6.split_once(']')?;
                let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) };
                (host, port)
            }
            None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
        };
        let port = port.map_or(Some(usual), |port| port.parse().ok())?;
        let is_host = !host.is_empty() && !host.contains(['/', '@', ' ']);
        is_host.then(|| Self { scheme, host: host.to_owned(), port })
    }

    /// Whether a relay is there, however it is reached.
    pub fn is_relay(&self) -> bool {
        self.scheme != IceScheme::Stun
    }

    /// Whether it is one of the well-known servers that serve everybody. Their owners would learn who speaks with a clinic and
    /// when: neither a server names them nor does an app use them.
    pub fn is_public(&self) -> bool {
        let host = self.host.trim_end_matches('.').to_ascii_lowercase();
        PUBLIC.iter().any(|public| host.strip_suffix(public).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
    }
}

/// Who is known to serve everybody, or whoever pays, by name or domain. No such list is ever complete: what keeps an app from
/// the others is that it uses nobody's STUN but the clinic's own server's, and no relay without a password.
const PUBLIC: [&str; 27] = [
    "l.google.com",
    "cloudflare.com",
    "twilio.com",
    "xirsys.com",
    "xirsys.net",
    "metered.ca",
    "metered.live",
    "expressturn.com",
    "freeturn.net",
    "freestun.net",
    "openrelayproject.org",
    "stunprotocol.org",
    "stun.services.mozilla.com",
    "nextcloud.com",
    "matrix.org",
    "jitsi.net",
    "jit.si",
    "signal.org",
    "sipgate.net",
    "ekiga.net",
    "framasoft.org",
    "voxgratia.org",
    "ideasip.com",
    "schlund.de",
    "viagenie.ca",
    "bistri.com",
    "backups.cz",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_way_to_a_server_has_its_address() {
        use IceScheme::{RelayTcp, RelayTls, RelayUdp, Stun};

        for (url, found) in [
            ("stun:a.example", Some((Stun, "a.example", 3_478))),
            ("stun:[2001:db8::1]:99", Some((Stun, "2001:db8::1", 99))),
            ("turn:a.example", Some((RelayUdp, "a.example", 3_478))),
            ("turn:a.example:99?transport=udp", Some((RelayUdp, "a.example", 99))),
            ("turn:a.example?transport=tcp", Some((RelayTcp, "a.example", 3_478))),
            ("turns:a.example", Some((RelayTls, "a.example", 5_349))),
            ("turns:a.example:443?transport=tcp", Some((RelayTls, "a.example", 443))),
            ("turns:[2001:db8::1]:443?transport=tcp", Some((RelayTls, "2001:db8::1", 443))),
            ("turns:[2001:db8::1]", Some((RelayTls, "2001:db8::1", 5_349))),
            ("turns:a.example?transport=udp", None),
            ("stuns:a.example", None),
            ("turns:[2001:db8::1]443", None),
            ("turns:[2001:db8::1", None),
            ("https://a.example", None),
            ("turn:", None),
            ("turn::99", None),
            ("turn:a.example:seven", None),
            ("turn:a.example:70000", None),
            ("nonsense", None),
            ("", None),
        ] {
            let expected = found.map(|(scheme, host, port)| IceUrl { scheme, host: host.to_owned(), port });
            assert_eq!(IceUrl::parse(url), expected, "{url}");
        }
    }

    #[test]
    fn who_serves_everybody_is_known_by_name() {
        let is_public = |url: &str| IceUrl::parse(url).unwrap().is_public();
        for public in [
            "stun:stun.l.google.com:19302",
            "stun:stun4.l.google.com:19302",
            "turn:openrelay.metered.ca:80",
            "turns:global.turn.TWILIO.com:443?transport=tcp",
            "turn:eu.xirsys.com",
            "stun:stun.cloudflare.com.",
        ] {
            assert!(is_public(public), "{public}");
        }
        for own in
            ["turn:turn.clinic.example", "turn:192.0.2.1", "turn:nottwilio.com", "turn:twilio.com.clinic.example"]
        {
            assert!(!is_public(own), "{own}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_named_is_read(text in any::<String>(), host in "[a-z0-9.-]{1,30}", port in any::<u16>()) {
            IceUrl::parse(&text);
            let url = IceUrl::parse(&format!("turn:{host}:{port}")).unwrap();
            prop_assert_eq!((url.host, url.port), (host, port));
        }
    }
}
