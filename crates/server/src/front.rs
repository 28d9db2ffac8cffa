//! Reverse proxies in front of the server: whose word is taken for where somebody comes from.
//!
//! Only the addresses that the operator names are believed, by `X-Forwarded-For` or by version 2 of the PROXY protocol
//! (haproxy.org/download/3.0/doc/proxy-protocol.txt); from anybody else such words mean nothing. They alone may come without
//! TLS, where they have ended it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use axum::http::HeaderMap;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// The addresses of the operator's own proxies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpAddr>);

impl TrustedProxies {
    /// These.
    pub fn new(all: impl IntoIterator<Item = IpAddr>) -> Self {
        Self(all.into_iter().map(|ip| ip.to_canonical()).collect())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.0.iter().copied()
    }

    pub(crate) fn trusts(&self, ip: IpAddr) -> bool {
        self.0.contains(&ip.to_canonical())
    }

    /// Where a request comes from that came by a connection from `from`: the last address in `X-Forwarded-For` that is no
    /// trusted proxy's. What stands before it the client may have written itself.
    pub(crate) fn client_of(&self, from: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusts(from) {
            return from;
        }
        let words: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .iter()
            .flat_map(|value| value.to_str().unwrap_or("unreadable").split(','))
            .collect();
        let mut last = from;
        for word in words.iter().rev() {
            // A word that is no address ends what can be believed.
            let Ok(ip) = word.trim().parse::<IpAddr>() else { break };
            last = ip.to_canonical();
            if !self.trusts(last) {
                break;
            }
        }
        last
    }
}

/// The first byte of the PROXY protocol's signature: none of STUN's, TLS' or a request's.
pub(crate) const PROXY: u8 = SIGNATURE[0];

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// The longest header that is read: addresses and a few words of the proxy's.
const LONGEST: usize = 1_024;

/// Reads the header with which a proxy begins a connection: where it comes from. None if it is no such header; then there is
/// nothing to answer.
pub(crate) async fn read_header(stream: &mut TcpStream, from: SocketAddr, limit: Duration) -> Option<SocketAddr> {
    let read = async {
        let mut head = [0; 16];
        stream.read_exact(&mut head).await.ok()?;
        let length = usize::from(u16::from_be_bytes([head[14], head[15]]));
        let mut body = vec![0; length.min(LONGEST)];
        stream.read_exact(&mut body).await.ok()?;
        (length <= LONGEST).then(|| source(&head, &body, from)).flatten()
    };
    tokio::time::timeout(limit, read).await.ok().flatten()
}

/// What a header says, of 16 bytes and its addresses (section 2.2).
fn source(head: &[u8; 16], body: &[u8], from: SocketAddr) -> Option<SocketAddr> {
    (head[..12] == *SIGNATURE && head[12] >> 4 == 2).then_some(())?;
    match (head[12] & 0x0f, head[13]) {
        // LOCAL: the proxy speaks for itself, to see whether we live.
        (0, _) => Some(from),
        (1, 0x11) => {
            let ip: [u8; 4] = body.get(..4)?.try_into().ok()?;
            Some(SocketAddr::new(Ipv4Addr::from(ip).into(), port(body.get(8..10)?)))
        }
        (1, 0x21) => {
            let ip: [u8; 16] = body.get(..16)?.try_into().ok()?;
            Some(SocketAddr::new(Ipv6Addr::from(ip).to_canonical(), port(body.get(32..34)?)))
        }
        _ => None,
    }
}

fn port(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |port, byte| port << 8 | u16::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_the_word_of_a_trusted_proxy_is_taken_and_only_the_last_that_is_not_its_own() {
        let proxies = TrustedProxies::new([ip("10.0.0.1"), ip("10.0.0.2")]);
        let client = |from: &str, said: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for said in said {
                headers.append("x-forwarded-for", said.parse().unwrap());
            }
            proxies.client_of(ip(from), &headers).to_string()
        };
        assert_eq!(client("192.0.2.9", &["198.51.100.1"]), "192.0.2.9", "a stranger says where they come from");
        assert_eq!(client("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("::ffff:10.0.0.1", &["203.0.113.66, 198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["203.0.113.66", "198.51.100.1"]), "198.51.100.1", "in two headers");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["198.51.100.1, unknown"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["2001:db8::7"]), "2001:db8::7");
        assert_eq!(TrustedProxies::default().client_of(ip("127.0.0.1"), &HeaderMap::new()), ip("127.0.0.1"));
    }

    #[test]
    fn a_header_of_the_proxy_protocol_says_where_somebody_comes_from() {
        let from: SocketAddr = "10.0.0.1:9".parse().unwrap();
        let head = |command: u8, family: u8| {
            let mut head = [0; 16];
            head[..12].copy_from_slice(SIGNATURE);
            (head[12], head[13]) = (0x20 | command, family);
            head
        };
        let v4 = [198, 51, 100, 1, 10, 0, 0, 1, 0x30, 0x39, 1, 0xbb];
        assert_eq!(source(&head(1, 0x11), &v4, from), Some("198.51.100.1:12345".parse().unwrap()));
        let mut v6 = [0; 36];
        v6[..16].copy_from_slice(&"2001:db8::7".parse::<Ipv6Addr>().unwrap().octets());
        v6[32..34].copy_from_slice(&[0x30, 0x39]);
        assert_eq!(source(&head(1, 0x21), &v6, from), Some("[2001:db8::7]:12345".parse().unwrap()));
        assert_eq!(source(&head(0, 0), &[], from), Some(from));
        for (head, body) in
            [(head(1, 0x11), &v4[..9]), (head(1, 0x31), &v4[..]), (head(2, 0x11), &v4[..]), ([0; 16], &v4)]
        {
            assert_eq!(source(&head, body, from), None);
        }
    }
}
