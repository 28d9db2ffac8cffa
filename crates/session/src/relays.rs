//! The clinic's servers for finding a path, as the peer connection takes them, and the way to its relays.

use peer::{Dialing, RelayDialer, RelayStream};
use signaling_client::Dialer;
use signaling_protocol::IceServer;

/// Opens streams to relays as connections to the clinic's server are opened.
#[derive(Debug)]
pub(crate) struct RelayDialing(pub(crate) Dialer);

impl RelayDialer for RelayDialing {
    fn dial(&self, host: String, port: u16, tls: bool) -> Dialing {
        let dialer = self.0.clone();
        Box::pin(async move {
            let stream = dialer.dial(&host, port, tls).await?;
            Ok(Box::new(stream) as Box<dyn RelayStream>)
        })
    }
}

/// The servers that are the clinic's own, of those that its server names; nobody else can name any.
///
/// What stands on the server's own machine is the clinic's. On another machine it is so when it takes a password: a STUN
/// server takes none, so one elsewhere is anybody's, who would learn who speaks with this clinic when.
pub(crate) fn clinics_own(servers: Vec<IceServer>, clinic: &str) -> Vec<peer::IceServer> {
    let own = |IceServer { urls, username, credential }: IceServer| {
        let has_password = username.is_some() && credential.is_some();
        let is_own = |url: &String| {
            let is_relay = url.starts_with("turn:") || url.starts_with("turns:");
            let own = host(url).eq_ignore_ascii_case(clinic) || (is_relay && has_password);
            if !own {
                tracing::error!(%url, "the server names a server that is not the clinic's; it is not used");
            }
            own
        };
        let urls: Vec<String> = urls.into_iter().filter(is_own).collect();
        (!urls.is_empty()).then_some(peer::IceServer { urls, username, credential })
    };
    servers.into_iter().filter_map(own).collect()
}

/// The host in an address of RFC 7064 or RFC 7065, without brackets; empty where there is none.
fn host(url: &str) -> &str {
    let (_, rest) = url.split_once(':').unwrap_or_default();
    let rest = rest.split('?').next().unwrap_or_default();
    match rest.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => rest.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str, password: bool) -> IceServer {
        let secret = || password.then(|| "secret".to_owned().into());
        IceServer { urls: vec![url.to_owned()], username: secret(), credential: secret() }
    }

    #[test]
    fn what_anybody_could_ask_is_not_asked() {
        let taken = |url, password| !clinics_own(vec![server(url, password)], "clinic.example").is_empty();
        assert!(taken("stun:clinic.example:443", false) && taken("stun:CLINIC.example", false));
        assert!(taken("turns:clinic.example:443?transport=tcp", true));
        assert!(taken("turn:relay.example:3478", true), "the clinic's own relay beside its server");
        assert!(!taken("stun:stun.example:19302", false) && !taken("stun:stun.example:19302", true));
        assert!(!taken("turn:relay.example:3478", false) && !taken("nonsense", true) && !taken("", false));
        let mixed =
            IceServer { urls: vec!["stun:other.example".into(), "stun:clinic.example".into()], ..server("", false) };
        assert_eq!(clinics_own(vec![mixed], "clinic.example")[0].urls, ["stun:clinic.example"]);
    }

    #[test]
    fn the_host_of_an_address_is_found() {
        for (url, found) in [
            ("turn:a.example?transport=tcp", "a.example"),
            ("turns:a.example:443?transport=tcp", "a.example"),
            ("stun:[2001:db8::1]:3478", "2001:db8::1"),
            ("stun:192.0.2.1", "192.0.2.1"),
            ("stun", ""),
            ("", ""),
        ] {
            assert_eq!(host(url), found);
        }
    }
}
