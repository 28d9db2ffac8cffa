//! Addresses of relays (RFC 7065), as far as apps speak to them.

/// How a relay is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RelayBy {
    /// By datagrams.
    Udp,
    /// By a stream.
    Tcp,
    /// By an encrypted stream.
    Tls,
}

/// How a relay is reached, and where: a name or an address without brackets, and a port. `None` for what no app speaks.
pub fn relay_address(url: &str) -> Option<(RelayBy, String, u16)> {
    let (scheme, rest) = url.split_once(':')?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let by = match (scheme, query) {
        ("turn", "" | "transport=udp") => RelayBy::Udp,
        ("turn", "transport=tcp") => RelayBy::Tcp,
        ("turns", "" | "transport=tcp") => RelayBy::Tls,
        _ => return None,
    };
    let usual = if scheme == "turn" { 3_478 } else { 5_349 };
    let (host, port) = match place.strip_prefix('[') {
        Some(v6) => {
            let (host, port) = v6.split_once(']')?;
            (host, port.strip_prefix(':'))
        }
        None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Some(usual), |port| port.parse().ok())?;
    (!host.is_empty()).then(|| (by, host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relays_are_found_by_their_addresses() {
        for (url, found) in [
            ("turn:a.example", Some((RelayBy::Udp, "a.example", 3_478))),
            ("turn:a.example:99?transport=udp", Some((RelayBy::Udp, "a.example", 99))),
            ("turn:a.example?transport=tcp", Some((RelayBy::Tcp, "a.example", 3_478))),
            ("turns:a.example", Some((RelayBy::Tls, "a.example", 5_349))),
            ("turns:[2001:db8::1]:443?transport=tcp", Some((RelayBy::Tls, "2001:db8::1", 443))),
            ("turns:a.example?transport=udp", None),
            ("stun:a.example", None),
            ("turn:", None),
            ("turn:a.example:seven", None),
            ("", None),
        ] {
            assert_eq!(relay_address(url), found.map(|(by, host, port)| (by, host.to_owned(), port)), "{url}");
        }
    }
}
