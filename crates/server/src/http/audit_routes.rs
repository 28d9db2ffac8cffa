//! One function a route of the audit log.

use std::net::IpAddr;

use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use signaling_protocol::{AuditRowsReply, CheckpointReply, Code, OriginReply, ReceiptRequest};

use super::answer::{Empty, Json, Refused};
use super::extract::{Body, Endpoint, Staff, Visit, queried};
use super::routes::{Answer, App};
use crate::audit_log::{MOST_SINCE, Wanted};

pub(super) async fn checkpoint(
    State(shared): App,
    Staff(_): Staff,
    RawQuery(query): RawQuery,
) -> Answer<CheckpointReply> {
    let (since, until) = (queried(query.as_deref(), "since")?, queried(query.as_deref(), "until")?);
    Ok(Json(shared.audit.checkpoint(shared.driver.unix_micros(), since, until).await?))
}

pub(super) async fn checkpoint_of_visit(
    State(shared): App,
    Endpoint(_): Endpoint,
    RawQuery(query): RawQuery,
) -> Answer<CheckpointReply> {
    let (since, until) = (queried(query.as_deref(), "since")?, queried(query.as_deref(), "until")?);
    Ok(Json(shared.audit.checkpoint(shared.driver.unix_micros(), since, until).await?))
}

pub(super) async fn receipt(
    State(shared): App,
    Endpoint(by): Endpoint,
    Visit(visit): Visit,
    Body(said): Body<ReceiptRequest>,
) -> Answer<Empty> {
    let bundle = shared.driver.with(|visits, _| visits.bundle_of(by)).ok_or(Code::NotSignedIn)?;
    shared.audit.take_receipt(visit, by, bundle, said).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn rows(State(shared): App, Staff(_): Staff, RawQuery(query): RawQuery) -> Answer<AuditRowsReply> {
    let query = query.as_deref();
    let micros = |secs: u64| secs.saturating_mul(1_000_000);
    let wanted = Wanted {
        about: queried(query, "about")?,
        also: queried(query, "also")?,
        what: queried(query, "what")?,
        since: queried(query, "since")?.map(micros),
        until: queried(query, "until")?.map(micros),
        before: queried(query, "before")?,
        most: queried(query, "most")?,
        proofs: queried(query, "proofs")?,
    };
    Ok(Json(shared.audit.rows(wanted).await?))
}

pub(super) async fn evidence(
    State(shared): App,
    Staff(by): Staff,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let query = query.as_deref();
    let about = queried(query, "about")?;
    let since = query.unwrap_or_default().split('&').filter_map(|pair| pair.strip_prefix("since="));
    let since = since.take(MOST_SINCE).map(str::parse).collect::<Result<_, _>>().map_err(|_| Code::Malformed)?;
    let file = shared.audit.evidence(by.staff, shared.driver.unix_micros(), about, since).await?;
    Ok(([(header::CONTENT_TYPE, "application/jsonl")], file).into_response())
}

pub(super) async fn origin(State(shared): App, Staff(_): Staff, RawQuery(query): RawQuery) -> Answer<OriginReply> {
    let address: IpAddr = queried(query.as_deref(), "address")?.ok_or(Code::Malformed)?;
    Ok(Json(shared.audit.origin(address).await?))
}
