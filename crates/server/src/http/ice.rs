//! The servers for finding a path: the server itself, and a relay for whoever may use one.

use std::sync::Arc;

use axum::extract::State;
use signaling_protocol::{Code, EndpointId, IceReply, IceServer, VisitId};
use units::Phi;

use super::answer::{Json, Refused};
use super::extract::{Authority, Endpoint, Visit};
use super::routes::{Answer, App};
use crate::relaying::{Coturn, Relaying};
use crate::visits::{Command, Reply};

/// Where servers for finding a path come from.
pub(crate) enum IceSource {
    /// The server itself relays.
    Own(Arc<Relaying>),
    /// A coturn of the operator's relays.
    Coturn(Coturn),
    /// Nobody relays.
    StunAlone,
}

/// STUN needs no credentials, so this is only how long the address may be believed.
const STUN_TTL_SECS: u64 = 3_600;

/// How long a credential for a coturn is good.
const COTURN_TTL_SECS: u64 = 600;

/// The server itself, by the address that the client reached it by: whatever is between them, that one leads here.
pub(super) async fn ice(
    State(shared): App,
    Endpoint(by): Endpoint,
    Visit(visit): Visit,
    authority: Authority,
) -> Answer<IceReply> {
    let Reply::Ice { relay } = shared.driver.handle(Command::Ice { by }).await? else {
        return Err(Refused::from(Code::Internal));
    };
    let Authority { host, port } = &authority;
    let relay_only = shared.relay_only;
    let stun = IceServer { urls: vec![format!("stun:{host}:{port}")], username: None, credential: None };
    let found = if relay { shared.ice.relay(&authority, shared.driver.unix_secs(), visit, by) } else { None };
    // Who uses relays alone has no use for another address of its own.
    let stun = (!relay_only).then_some(stun);
    let (relay, ttl_secs) = found.map_or((None, STUN_TTL_SECS), |(relay, ttl_secs)| (Some(relay), ttl_secs));
    let servers = stun.into_iter().chain(relay).collect();
    Ok(Json(IceReply { servers, ttl_secs, relay_only }))
}

impl IceSource {
    /// The relay's addresses.
    pub(super) fn relay_urls(&self, Authority { host, port }: &Authority) -> Vec<String> {
        match self {
            Self::StunAlone => Vec::new(),
            Self::Own(_) => {
                let ways = [("turn", "udp"), ("turn", "tcp"), ("turns", "tcp")];
                ways.map(|(scheme, way)| format!("{scheme}:{host}:{port}?transport={way}")).to_vec()
            }
            Self::Coturn(coturn) => coturn.urls.clone(),
        }
    }

    /// The relay for an endpoint, and for how many seconds it may be believed.
    fn relay(
        &self,
        authority: &Authority,
        unix_secs: u64,
        visit: VisitId,
        endpoint: EndpointId,
    ) -> Option<(IceServer, u64)> {
        let (credential, ttl_secs) = match self {
            Self::StunAlone => return None,
            Self::Own(relaying) => relaying.issue(visit, endpoint),
            Self::Coturn(coturn) => (coturn.issue(unix_secs + COTURN_TTL_SECS, endpoint), COTURN_TTL_SECS),
        };
        let urls = self.relay_urls(authority);
        let (username, password) = (Phi::new(credential.username), Phi::new(credential.password));
        Some((IceServer { urls, username: Some(username), credential: Some(password) }, ttl_secs))
    }
}
