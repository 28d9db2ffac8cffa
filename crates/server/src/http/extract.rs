//! What a request says: who asks, about what, with which body.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use signaling_protocol::{Code, DeviceId, EndpointId, InviteId, ObjectId, SessionId, StaffId, VisitId};

use super::answer::{Refused, malformed};
use super::{ClientAddress, Shared};
use crate::permissions::{Caller, Who, who};
use crate::store::Actor;
use crate::store::acting::{self, By};

/// How long a body may take: a link of 40 kbit/s needs 13 s for 64 KiB, and 18 s for the largest staff box.
const BODY_TIME: Duration = Duration::from_secs(20);

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<Shared>> for Body<T> {
    type Rejection = Response;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Response> {
        let caller = request.extensions().get::<Caller>().copied();
        let read = tokio::time::timeout(BODY_TIME, Bytes::from_request(request, shared)).await;
        let bytes = match read {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                return Err(Refused::from(Code::TooLarge).into_response());
            }
            Ok(Err(_)) | Err(_) => return Err(Refused::from(Code::Malformed).into_response()),
        };
        // The guard looked when the request began: who was signed out while the body came does nothing with it.
        if let Some(caller) = caller {
            let session = shared.accounts.session_of(shared.driver.now(), caller.session);
            session.map_err(|code| Refused::from(code).into_response())?;
        }
        // Only the place of the fault is told: its words could quote a value.
        serde_json::from_slice(&bytes).map(Self).map_err(|error| malformed(error.line(), error.column()))
    }
}

/// Lets through what the table of permissions allows, before anything else looks at the request.
pub(super) async fn guard(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let who = path.and_then(|path| who(request.method().as_str(), &path));
    let from = request.extensions().get::<ClientAddress>().map(|ClientAddress(from)| *from);
    let mut by = By { actor: Actor::Stranger, session: None, from };
    match who {
        None => return Refused::from(Code::RouteNotFound).into_response(),
        // Whose token it is, and of which visit, `Endpoint` finds out.
        Some(Who::Anybody | Who::Endpoint) => {}
        Some(Who::Staff(scopes)) => {
            let caller = bearer(request.headers()).and_then(|token| {
                let session = shared.accounts.session(shared.driver.now(), token)?;
                Caller::admit(session.staff, session.role, session.session, scopes)
            });
            match caller {
                Ok(caller) => {
                    by = By { actor: Actor::Staff(caller.staff), session: Some(caller.session), from };
                    request.extensions_mut().insert(caller);
                }
                Err(code) => return Refused::from(code).into_response(),
            }
        }
    }
    acting::scope(by, next.run(request)).await
}

/// Who is signed in and was let through.
pub(super) struct Staff(pub(super) Caller);

impl FromRequestParts<Arc<Shared>> for Staff {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Shared>) -> Result<Self, Refused> {
        let caller = parts.extensions.get::<Caller>().copied();
        // None only if the table says that a route is not for staff.
        Ok(Self(caller.ok_or(Code::NotAllowed)?))
    }
}

/// An endpoint of the visit in the path, by its token.
pub(super) struct Endpoint(pub(super) EndpointId);

impl FromRequestParts<Arc<Shared>> for Endpoint {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refused> {
        let token = bearer(&parts.headers)?.to_owned();
        let Visit(visit) = Visit::from_request_parts(parts, shared).await?;
        let endpoint = shared.driver.with(|visits, _| visits.endpoint_of(&token, visit))?;
        acting::identify(Actor::Endpoint(endpoint));
        Ok(Self(endpoint))
    }
}

/// The visit in the path.
pub(super) struct Visit(pub(super) VisitId);

impl FromRequestParts<Arc<Shared>> for Visit {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refused> {
        let text = path(parts, shared).await.ok_or(Code::VisitNotFound)?;
        Ok(Self(text.parse().map_err(|_| Code::VisitNotFound)?))
    }
}

/// The invite in the path.
pub(super) struct Invite(pub(super) InviteId);

impl FromRequestParts<Arc<Shared>> for Invite {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refused> {
        let text = path(parts, shared).await.ok_or(Code::InviteNotUsable)?;
        Ok(Self(text.parse().map_err(|_| Code::InviteNotUsable)?))
    }
}

/// The device in the path.
pub(super) struct Device(pub(super) DeviceId);

impl FromRequestParts<Arc<Shared>> for Device {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refused> {
        let text = path(parts, shared).await.ok_or(Code::DeviceNotFound)?;
        Ok(Self(text.parse().map_err(|_| Code::DeviceNotFound)?))
    }
}

/// The account in the path.
pub(super) struct Account(pub(super) StaffId);

impl FromRequestParts<Arc<Shared>> for Account {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refused> {
        let text = path(parts, shared).await.ok_or(Code::StaffNotFound)?;
        Ok(Self(text.parse().map_err(|_| Code::StaffNotFound)?))
    }
}

/// The session in the path.
pub(super) struct SessionPath(pub(super) SessionId);

impl FromRequestParts<Arc<Shared>> for SessionPath {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refused> {
        let text = path(parts, shared).await.ok_or(Code::Malformed)?;
        Ok(Self(text.parse().map_err(|_| Code::Malformed)?))
    }
}

/// The kind of boxes in the path.
pub(super) struct BoxKind(pub(super) u8);

impl FromRequestParts<Arc<Shared>> for BoxKind {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refused> {
        let text = path(parts, shared).await.ok_or(Code::BoxNotFound)?;
        Ok(Self(text.parse().map_err(|_| Code::BoxNotFound)?))
    }
}

/// The staff box in the path: its kind, and what it is about.
pub(super) struct StaffBox(pub(super) (u8, ObjectId));

impl FromRequestParts<Arc<Shared>> for StaffBox {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refused> {
        let both = Path::<(String, String)>::from_request_parts(parts, shared).await;
        let Path((kind, object)) = both.map_err(|_| Code::BoxNotFound)?;
        let kind = kind.parse().map_err(|_| Code::BoxNotFound)?;
        Ok(Self((kind, object.parse().map_err(|_| Code::ObjectNotFound)?)))
    }
}

/// The value of `name` in a query, if it is there.
pub(super) fn queried<T: std::str::FromStr>(query: Option<&str>, name: &str) -> Result<Option<T>, Code> {
    let mut pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.find(|(its, _)| *its == name).map(|(_, value)| value);
    value.map(|value| value.parse().map_err(|_| Code::Malformed)).transpose()
}

/// By which host and port the client knows the server.
pub(super) struct Authority {
    pub(super) host: String,
    pub(super) port: u16,
}

impl FromRequestParts<Arc<Shared>> for Authority {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Shared>) -> Result<Self, Refused> {
        // HTTP/2 carries it in `:authority`, HTTP/1.1 in `Host`.
        let given = match parts.uri.authority() {
            Some(authority) => Some(authority.clone()),
            None => parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()?.parse().ok()),
        };
        let authority = given.ok_or(Code::Malformed)?;
        let host = authority.host().to_owned();
        let plain = |letter: char| letter.is_ascii_alphanumeric() || ".-:[]_".contains(letter);
        if host.is_empty() || !host.chars().all(plain) {
            return Err(Refused::from(Code::Malformed));
        }
        Ok(Self { host, port: authority.port_u16().unwrap_or(443) })
    }
}

async fn path(parts: &mut Parts, shared: &Arc<Shared>) -> Option<String> {
    Path::<String>::from_request_parts(parts, shared).await.ok().map(|Path(text)| text)
}

fn bearer(headers: &HeaderMap) -> Result<&str, Code> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    value.and_then(|value| value.strip_prefix("Bearer ")).ok_or(Code::NotSignedIn)
}
