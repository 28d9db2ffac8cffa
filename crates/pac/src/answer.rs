//! What a script answers.

/// By way of what a connection is opened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Hop {
    /// By no proxy.
    Straight,
    /// By a proxy that tunnels (HTTP CONNECT).
    Proxy {
        /// Whether the proxy itself is spoken to by TLS.
        tls: bool,
        /// A name, or an address without brackets.
        host: String,
        /// Its port.
        port: u16,
    },
}

/// The hops of an answer, in the order in which they are to be tried. What nobody here speaks (SOCKS) and what cannot be
/// read is left out, so that the list may be empty: then there is no way that can be gone.
pub fn read_answer(answer: &str) -> Vec<Hop> {
    answer.split(';').filter_map(|one| hop(one.trim())).take(MOST_HOPS).collect()
}

fn hop(text: &str) -> Option<Hop> {
    let (kind, place) = text.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((text, ""));
    let (tls, usual) = match kind.to_ascii_uppercase().as_str() {
        "DIRECT" => return Some(Hop::Straight),
        "PROXY" | "HTTP" => (false, 80),
        "HTTPS" => (true, 443),
        _ => return None,
    };
    let place = place.trim();
    let (host, port) = match place.strip_prefix('[') {
        Some(v6) => {
            let (host, port) = v6.split_once(']')?;
            (host, port.strip_prefix(':'))
        }
        None => place.rsplit_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Some(usual), |port| port.parse().ok()).filter(|port| *port != 0)?;
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    (!host.is_empty() && host.chars().all(is_host)).then(|| Hop::Proxy { tls, host: host.to_owned(), port })
}

/// Nobody waits for more proxies that do not answer.
const MOST_HOPS: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn proxy(tls: bool, host: &str, port: u16) -> Hop {
        Hop::Proxy { tls, host: host.to_owned(), port }
    }

    #[test]
    fn an_answer_is_a_list_in_its_order() {
        let all = [proxy(false, "a.example", 8_080), proxy(true, "2001:db8::1", 443), Hop::Straight];
        assert_eq!(read_answer("PROXY a.example:8080; HTTPS [2001:db8::1] ;direct;"), all);
        assert_eq!(read_answer("http a.example"), [proxy(false, "a.example", 80)]);
    }

    #[test]
    fn what_nobody_here_speaks_is_left_out() {
        assert_eq!(read_answer("SOCKS5 a.example:1080; PROXY b.example:1"), [proxy(false, "b.example", 1)]);
        for none in
            ["", ";;", "SOCKS a:1", "PROXY", "PROXY :80", "PROXY a:b", "PROXY a:0", "PROXY a b:1", "PROXY a/b:1"]
        {
            assert_eq!(read_answer(none), [], "{none}");
        }
        assert_eq!(read_answer(&"DIRECT;".repeat(1_000)).len(), MOST_HOPS);
    }

    proptest! {
        #[test]
        fn whatever_is_answered_is_read(answer in any::<String>(), host in "[a-z.]{1,20}", port in 1_u16..) {
            read_answer(&answer);
            prop_assert_eq!(read_answer(&format!("PROXY {host}:{port}")), [proxy(false, &host, port)]);
        }
    }
}
