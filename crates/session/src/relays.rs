//! The clinic's servers for finding a path, as the peer connection takes them, and the way to its relays.

use peer::{Dialing, RelayDialer, RelayStream};
use signaling_client::Dialer;
use signaling_protocol::{IceScheme, IceServer, IceUrl};

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
/// server takes none, so one elsewhere is anybody's, who would learn who speaks with this clinic when. So are the well-known
/// relays that give everybody a password.
pub(crate) fn clinics_own(servers: Vec<IceServer>, clinic: &str) -> Vec<peer::IceServer> {
    let own = |IceServer { urls, username, credential }: IceServer| {
        let has_password = username.is_some() && credential.is_some();
        let is_own = |url: &String| {
            let own = IceUrl::parse(url).is_some_and(|it| {
                let elsewhere = it.scheme != IceScheme::Stun && has_password && !it.is_public();
                it.host.eq_ignore_ascii_case(clinic) || elsewhere
            });
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
        assert!(!taken("turn:openrelay.metered.ca:80", true), "whose password everybody has");
        assert!(!taken("turn:relay.example:3478", false) && !taken("nonsense", true) && !taken("", false));
        let mixed =
            IceServer { urls: vec!["stun:other.example".into(), "stun:clinic.example".into()], ..server("", false) };
        assert_eq!(clinics_own(vec![mixed], "clinic.example")[0].urls, ["stun:clinic.example"]);
    }
}
