//! Asks the server that runs, and a coturn, as clients do.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use signaling_client::{
    ConnectFault, ProbeFault, Question, Server, ServerTrust, SignalingClient, by_datagrams, connect_fault,
};
use signaling_protocol::{IceScheme, IceUrl};
use tokio::net::lookup_host;
use tokio::time::timeout;

use super::{Check, bracketed};
use crate::connections::reachable;
use crate::relaying::{RelayChoice, relayed_addresses};
use crate::serve::Config;

/// How long an answer may take: it is this machine, or the way round by its router.
const LIMIT: Duration = Duration::from_secs(3);

/// Whether the server answers at its own address, at the ones that others are told, and by its name.
pub(super) async fn check(config: &Config, name: Option<&str>, pin: [u8; 32]) -> Vec<Check> {
    let port = config.listen.port();
    if port == 0 {
        return Vec::new();
    }
    let own = reachable(config.listen);
    let relays = matches!(config.relay, RelayChoice::Own(_));
    let mut checks = vec![at(&own.ip().to_string(), port, pin, relays, true).await];
    let told: Vec<IpAddr> = match &config.relay {
        RelayChoice::Own(options) => {
            relayed_addresses(config.listen.ip(), options).iter().map(|(told, _)| *told).collect()
        }
        RelayChoice::Coturn(_) | RelayChoice::None => Vec::new(),
    };
    for ip in told.into_iter().filter(|ip| *ip != own.ip()) {
        checks.push(at(&ip.to_string(), port, pin, relays, false).await);
    }
    if let Some(name) = name {
        checks.push(at(name, port, pin, relays, false).await);
    }
    checks
}

/// What answers there. Only what fails at the server's `own` address is surely the server's fault: many routers do not lead
/// from inside to their own public address.
async fn at(host: &str, port: u16, pin: [u8; 32], relays: bool, own: bool) -> Check {
    const WHAT: &str = "answers";
    let shown = host.parse().map_or_else(|_| host.to_owned(), bracketed);
    let server = Server { base_url: format!("https://{shown}:{port}"), trust: ServerTrust::Pinned(pin) };
    let Ok(client) = SignalingClient::new(server) else {
        return Check::bad(WHAT, format!("{host} is no host."), "Give the host of the links, as in clinic.example.");
    };
    let mut faults = Vec::new();
    let dialer = client.dialer().straight();
    match timeout(LIMIT, dialer.dial(host, port, true)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => faults.push(("TLS", word(connect_fault(&error)))),
        Err(_) => faults.push(("TLS", word(ConnectFault::Silent))),
    }
    let addresses: Vec<SocketAddr> = lookup_host((host, port)).await.map(Iterator::collect).unwrap_or_default();
    match addresses.first() {
        None => faults.push(("UDP", word(ConnectFault::NameUnknown))),
        Some(address) => {
            let relay =
                async { if relays { by_datagrams(*address, Question::Relay, LIMIT).await.err() } else { None } };
            let (stun, turn) = tokio::join!(by_datagrams(*address, Question::WhoAmI, LIMIT), relay);
            faults.extend(stun.err().map(|fault| ("STUN by UDP", of(fault))));
            faults.extend(turn.map(|fault| ("relay by UDP", of(fault))));
        }
    }
    if relays {
        let (tcp, tls) =
            tokio::join!(dialer.ask_relay(host, port, false, LIMIT), dialer.ask_relay(host, port, true, LIMIT));
        faults.extend(tcp.err().map(|fault| ("relay by TCP", of(fault))));
        faults.extend(tls.err().map(|fault| ("relay by TLS", of(fault))));
    }
    if faults.is_empty() {
        let all = if relays { "TLS, STUN, and the relay by UDP, TCP and TLS" } else { "TLS and STUN" };
        return Check::good(WHAT, format!("{shown}:{port} answers: {all}."));
    }
    let faults = faults.iter().map(|(what, why)| format!("{what}: {why}")).collect::<Vec<_>>().join("; ");
    let says = format!("{shown}:{port} does not answer as it should ({faults}).");
    if own {
        return Check::bad(
            WHAT,
            says,
            "Look whether this machine's firewall lets TCP and UDP through, and at the server's log.",
        );
    }
    let next = format!(
        "From inside many routers do not lead there: run `housecall doctor` outside to be sure. If it fails there too, let port \
         {port} through to this machine, TCP and UDP."
    );
    Check::warning(WHAT, says, next)
}

/// Whether the operator's coturn answers.
pub(super) async fn coturn(config: &Config) -> Vec<Check> {
    let RelayChoice::Coturn(coturn) = &config.relay else { return Vec::new() };
    let mut checks = Vec::new();
    for url in &coturn.urls {
        checks.push(one_coturn(url).await);
    }
    checks
}

async fn one_coturn(url: &str) -> Check {
    const WHAT: &str = "coturn";
    let Some(IceUrl { scheme, host, port }) = IceUrl::parse(url) else {
        let next = "Write it as turn:HOST:PORT?transport=udp, or turns: with transport=tcp.";
        return Check::bad(WHAT, format!("{url} is no address of a relay that apps know."), next);
    };
    let asked = match scheme {
        IceScheme::Stun => Err(ProbeFault::NoRelay),
        IceScheme::RelayUdp => match lookup_host((host.as_str(), port)).await.ok().and_then(|mut all| all.next()) {
            Some(address) => by_datagrams(address, Question::Relay, LIMIT).await,
            None => Err(ProbeFault::Connect(ConnectFault::NameUnknown)),
        },
        IceScheme::RelayTcp | IceScheme::RelayTls => {
            let shown = host.parse().map_or_else(|_| host.clone(), bracketed);
            let server = Server { base_url: format!("https://{shown}:{port}"), trust: ServerTrust::PlatformRoots };
            match SignalingClient::new(server) {
                Ok(client) => {
                    let tls = scheme == IceScheme::RelayTls;
                    client.dialer().straight().ask_relay(&host, port, tls, LIMIT).await
                }
                Err(_) => Err(ProbeFault::Connect(ConnectFault::Certificate)),
            }
        }
    };
    match asked {
        Ok(_) => Check::good(WHAT, format!("{url} answers.")),
        Err(fault) => {
            let says = format!("{url} does not answer as a relay: {}.", of(fault));
            Check::bad(WHAT, says, "Look whether it runs, whether it listens there, and at the firewalls in between.")
        }
    }
}

fn of(fault: ProbeFault) -> &'static str {
    match fault {
        ProbeFault::NoRelay => "something else answers",
        ProbeFault::Connect(fault) => word(fault),
    }
}

fn word(fault: ConnectFault) -> &'static str {
    match fault {
        ConnectFault::NameUnknown => "the name is not known",
        ConnectFault::Refused => "nobody listens there",
        ConnectFault::Silent => "no answer",
        ConnectFault::NoRoute => "no route",
        ConnectFault::Proxy => "the proxy does not connect",
        ConnectFault::ProxyScript(_) => "the proxy script cannot be used",
        ConnectFault::Certificate => "another certificate",
        ConnectFault::TooOldTls => "no TLS 1.3",
        ConnectFault::NotTls => "no TLS",
        ConnectFault::Broken => "the connection broke",
    }
}
