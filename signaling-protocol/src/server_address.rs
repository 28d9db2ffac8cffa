//! Where a clinic's server is: a host and a port, always over HTTPS.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The host and port of a clinic's server.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ServerAddress {
    /// As a URL has it: a name in lower case, an IPv4 address, or an IPv6 address in brackets.
    host: String,
    port: u16,
}

impl ServerAddress {
    /// Reads `https://host` or `https://host:port`, with a slash after it or without.
    ///
    /// # Errors
    /// What is not such a URL; a path, a query or a user name included.
    pub fn from_base_url(url: &str) -> Result<Self, ServerAddressError> {
        let rest = url.strip_prefix("https://").ok_or(ServerAddressError::Scheme)?;
        rest.strip_suffix('/').unwrap_or(rest).parse()
    }

    /// The host as a URL has it: an IPv6 address is in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `https://host:port`, the port always there.
    pub fn base_url(&self) -> String {
        format!("https://{}:{}", self.host, self.port)
    }
}

impl fmt::Display for ServerAddress {
    /// `host`, or `host:port` where the port is not that of HTTPS.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        if self.port == HTTPS_PORT {
            return Ok(());
        }
        write!(f, ":{}", self.port)
    }
}

impl fmt::Debug for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ServerAddress {
    type Err = ServerAddressError;

    /// Reads `host` or `host:port`.
    fn from_str(text: &str) -> Result<Self, ServerAddressError> {
        // The brackets of an IPv6 address hold colons of their own.
        let bracket = text.find(']').unwrap_or(0);
        let colon = text[bracket..].find(':').map(|colon| bracket + colon);
        let host = read_host(&text[..colon.unwrap_or(text.len())]).ok_or(ServerAddressError::Host)?;
        let port = colon.map_or(Ok(HTTPS_PORT), |colon| read_port(&text[colon + 1..]))?;
        Ok(Self { host, port })
    }
}

/// Why a text is not a server's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServerAddressError {
    /// Not HTTPS.
    #[error("a server's address starts with https://")]
    Scheme,
    /// Not a host.
    #[error("the server's host is not a host name, an IPv4 address or an IPv6 address in brackets")]
    Host,
    /// Not a port.
    #[error("the server's port is not a number from 1 to 65535")]
    Port,
}

fn read_host(text: &str) -> Option<String> {
    if let Some(rest) = text.strip_prefix('[') {
        let address: Ipv6Addr = rest.strip_suffix(']')?.parse().ok()?;
        return Some(format!("[{address}]"));
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // RFC 1123 section 2.1. A name in another script is written in its `xn--` form, which cannot be mistaken.
    if text.len() > 253 || !text.split('.').all(is_label) {
        return None;
    }
    // URL parsers read a last label of digits as an IPv4 address in one of its odd forms (`2130706433`, `0x7f.1`):
    // only the usual one is taken, so that everybody reads the same host.
    let last = text.rsplit('.').next()?;
    let numeric = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x") || last.starts_with("0X");
    if numeric && text.parse::<Ipv4Addr>().is_err() {
        return None;
    }
    Some(text.to_ascii_lowercase())
}

fn read_port(text: &str) -> Result<u16, ServerAddressError> {
    match text.parse() {
        // Not `+443` and not `0443`: one address has one text. Nor `0`, which is no port.
        Ok(port) if !text.starts_with(['+', '0']) => Ok(port),
        _ => Err(ServerAddressError::Port),
    }
}

const HTTPS_PORT: u16 = 443;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_every_kind_are_read() {
        for (text, base_url) in [
            ("clinic.example", "https://clinic.example:443"),
            ("Clinic.Example:8443", "https://clinic.example:8443"),
            ("localhost:1", "https://localhost:1"),
            ("192.0.2.7:443", "https://192.0.2.7:443"),
            ("[2001:DB8::1]", "https://[2001:db8::1]:443"),
            ("[::1]:65535", "https://[::1]:65535"),
            ("[2001:db8::]:8443", "https://[2001:db8::]:8443"),
            ("xn--bcher-kva.example", "https://xn--bcher-kva.example:443"),
        ] {
            let address: ServerAddress = text.parse().expect(text);
            assert_eq!(address.base_url(), base_url);
            assert_eq!(address.to_string().parse(), Ok(address.clone()));
            assert_eq!(ServerAddress::from_base_url(base_url), Ok(address));
        }
    }

    #[test]
    fn an_address_says_its_host_and_port_and_prints_as_it_is_written() {
        let address: ServerAddress = "Clinic.Example:8443".parse().unwrap();
        assert_eq!((address.host(), address.port()), ("clinic.example", 8_443));
        assert_eq!(
            (address.to_string(), format!("{address:?}")),
            ("clinic.example:8443".into(), "clinic.example:8443".into())
        );
        assert_eq!("clinic.example:443".parse::<ServerAddress>().unwrap().to_string(), "clinic.example");
    }

    #[test]
    fn what_could_lead_somewhere_else_is_refused() {
        // RFC 1035 section 2.3.4.
        let longest = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
        assert_eq!(longest.len(), 253);
        assert!(longest.parse::<ServerAddress>().is_ok());
        for text in [
            "",
            ".",
            "a..b",
            "-a",
            "a-",
            "a b",
            "a/b",
            "a?b",
            "a#b",
            "a\\b",
            "user@host",
            "host%2e",
            "bücher.example",
            "::1",
            "[::1",
            "[::1]x",
            "[1.2.3.4]",
            "2130706433",
            "0x7f.1",
            "127.1",
            "1.2.3.999",
            "a_b",
            "host\n",
            "name.0x7f",
            "name.0X7F",
            "name.7",
            &"a".repeat(64),
            &format!("{longest}a"),
        ] {
            assert_eq!(text.parse::<ServerAddress>(), Err(ServerAddressError::Host), "{text:?}");
        }
        for text in
            ["a:", "a:0", "a:65536", "a:+0", "a:+1", "a:-0", "a:01", "a:-1", "a:1:2", "[::1]:", "a:443/", "a:44 3"]
        {
            assert_eq!(text.parse::<ServerAddress>(), Err(ServerAddressError::Port), "{text:?}");
        }
        for text in ["http://a", "a", "HTTPS//a", "housecall://a"] {
            assert_eq!(ServerAddress::from_base_url(text), Err(ServerAddressError::Scheme), "{text:?}");
        }
        assert_eq!(ServerAddress::from_base_url("https://user@clinic.example"), Err(ServerAddressError::Host));
        assert_eq!(ServerAddress::from_base_url("https://clinic.example/path"), Err(ServerAddressError::Host));
    }
}
