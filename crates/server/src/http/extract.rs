//! What a request says: who asks, about what, with which body.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use signaling_protocol::{Code, EndpointId, InviteId, StaffId, StaffRole, VisitId};

use super::Shared;
use super::answer::{Refused, malformed};

/// How long a body of at most 64 KiB may take: a link of 40 kbit/s needs 13 s.
const BODY_TIME: Duration = Duration::from_secs(20);

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<Shared>> for Body<T> {
    type Rejection = Response;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Response> {
        let read = tokio::time::timeout(BODY_TIME, Bytes::from_request(request, shared)).await;
        let bytes = match read {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                return Err(Refused::from(Code::TooLarge).into_response());
            }
            Ok(Err(_)) | Err(_) => return Err(Refused::from(Code::Malformed).into_response()),
        };
        // Only the place of the fault is told: its words could quote a value.
        serde_json::from_slice(&bytes).map(Self).map_err(|error| malformed(error.line(), error.column()))
    }
}

/// A clinician who is signed in.
pub(super) struct Clinician(pub(super) StaffId);

impl FromRequestParts<Arc<Shared>> for Clinician {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refused> {
        let session = shared.accounts.session(shared.driver.now(), bearer(&parts.headers)?)?;
        if session.role != StaffRole::Clinician {
            return Err(Refused::from(Code::NotAllowed));
        }
        Ok(Self(session.staff))
    }
}

/// An endpoint of the visit in the path, by its token.
pub(super) struct Endpoint(pub(super) EndpointId);

impl FromRequestParts<Arc<Shared>> for Endpoint {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refused> {
        let token = bearer(&parts.headers)?.to_owned();
        let Visit(visit) = Visit::from_request_parts(parts, shared).await?;
        Ok(Self(shared.driver.with(|visits, _| visits.endpoint_of(&token, visit))?))
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
