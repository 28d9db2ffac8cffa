//! One function a route of taking over a colleague's visit, and of its review.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{FromRequestParts, Path, RawQuery, State};
use axum::http::request::Parts;
use signaling_protocol::{
    Code, NoteReply, ReviewRequest, TakeOverId, TakeOverReply, TakeOverRequest, TakeOversReply, VisitsReply,
};

use super::account_routes::{moment, session};
use super::answer::{Empty, Json, Refused};
use super::extract::{Body, Staff, Visit, queried};
use super::routes::{Answer, App, by_staff};
use super::{ClientAddress, Shared};
use crate::visits::{Command, Reply};

/// The longest sealed note: 8,000 letters and some dozens of readers.
const NOTE_BYTES: usize = 16 * 1024;

/// The take-over in the path.
pub(super) struct Taken(TakeOverId);

impl FromRequestParts<Arc<Shared>> for Taken {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refused> {
        let text = Path::<String>::from_request_parts(parts, shared).await;
        let Path(text) = text.map_err(|_| Code::TakeOverNotFound)?;
        Ok(Self(text.parse().map_err(|_| Code::TakeOverNotFound)?))
    }
}

/// What could be taken over.
pub(super) async fn colleagues(State(shared): App, Staff(by): Staff, RawQuery(query): RawQuery) -> Answer<VisitsReply> {
    let query = query.as_deref();
    let (from, until) = (queried(query, "from")?.unwrap_or(0), queried(query, "until")?.unwrap_or(u64::MAX));
    Ok(Json(shared.driver.with(|visits, now| visits.list_of_colleagues(now, by.staff, from, until))))
}

/// Looked at, proved, and then done: digits are used up only for what can be done.
pub(super) async fn take_over(
    State(shared): App,
    Extension(from): Extension<ClientAddress>,
    Staff(by): Staff,
    Visit(visit): Visit,
    Body(request): Body<TakeOverRequest>,
) -> Answer<TakeOverReply> {
    let TakeOverRequest { reason, totp, commitment, sealed } = request;
    match sealed.len() {
        0 => return Err(Refused::from(Code::Malformed)),
        len if len > NOTE_BYTES => return Err(Refused::from(Code::TooLarge)),
        _ => {}
    }
    if let Err(reply) = shared.driver.with(|visits, _| visits.may_take_over(by.staff, visit, &commitment))? {
        // Done before, and answered from that alone: nothing is carried out here that was not proved.
        return if shared.driver.flush().await { Ok(Json(reply)) } else { Err(Refused::from(Code::StorageFailed)) };
    }
    shared.accounts.prove_again(moment(&shared, from), session(&shared, by)?, totp).await?;
    let command = Command::TakeOver { by: by.staff, visit, reason, commitment, sealed };
    match by_staff(&shared, by, command).await? {
        Reply::TakenOver(reply) => Ok(Json(reply)),
        _ => Err(Refused::from(Code::Internal)),
    }
}

pub(super) async fn take_overs(
    State(shared): App,
    Staff(by): Staff,
    RawQuery(query): RawQuery,
) -> Answer<TakeOversReply> {
    let only_open = queried::<u8>(query.as_deref(), "open")? == Some(1);
    let (now, unix_micros) = (shared.driver.now(), shared.driver.unix_micros());
    Ok(Json(shared.staff.take_overs(now, unix_micros, by, only_open).await?))
}

pub(super) async fn note(State(shared): App, Staff(by): Staff, Taken(take_over): Taken) -> Answer<NoteReply> {
    Ok(Json(shared.staff.note_of(shared.driver.now(), by, take_over).await?))
}

pub(super) async fn review(
    State(shared): App,
    Staff(by): Staff,
    Taken(take_over): Taken,
    Body(ReviewRequest { outcome }): Body<ReviewRequest>,
) -> Answer<Empty> {
    let (now, unix_micros) = (shared.driver.now(), shared.driver.unix_micros());
    shared.staff.review(now, unix_micros, by, take_over, outcome).await?;
    Ok(Json(Empty {}))
}
