//! One function a route of the day: what staff do with visits and links without being in them, and what only hosts do.

use axum::extract::{Path, RawQuery, State};
use signaling_protocol::{
    AssignRequest, CancelRequest, Code, CreateInviteReply, CreateInviteRequest, CreateVisitReply, CreateVisitRequest,
    EndpointRequest, InviteId, LockRequest, NoteRequest, PlanRequest, StaffId, TriesReply, VisitId, VisitsReply,
};

use super::Shared;
use super::answer::{Empty, Json, Refused};
use super::events::POLL;
use super::extract::{Body, Endpoint, Staff, Visit, queried};
use super::routes::{Answer, App, by_staff, done, done_by_staff};
use crate::permissions::Caller;
use crate::visits::{Command, Reply};

pub(super) async fn create_visit(
    State(shared): App,
    Staff(caller): Staff,
    Body(request): Body<CreateVisitRequest>,
) -> Answer<CreateVisitReply> {
    is_clinician(&shared, caller, request.clinician).await?;
    match by_staff(&shared, caller, Command::CreateVisit { by: caller.of_visits(), request }).await? {
        Reply::Visit(reply) => Ok(Json(reply)),
        _ => Err(Refused::from(Code::Internal)),
    }
}

/// At once, or with `known` when the list is another one.
pub(super) async fn list(State(shared): App, Staff(caller): Staff, RawQuery(query): RawQuery) -> Answer<VisitsReply> {
    let query = query.as_deref();
    let (from, until) = (queried(query, "from")?.unwrap_or(0), queried(query, "until")?.unwrap_or(u64::MAX));
    if let Some(known) = queried(query, "known")? {
        tokio::select! {
            () = shared.driver.another_version(known) => {}
            () = shared.driver.closed() => {}
            () = tokio::time::sleep(POLL) => {}
        }
        // Whose session was ended meanwhile sees no more.
        shared.accounts.session_of(shared.driver.now(), caller.session)?;
    }
    Ok(Json(shared.driver.with(|visits, now| visits.list(now, caller.of_visits(), from, until))))
}

pub(super) async fn plan(
    State(shared): App,
    Staff(caller): Staff,
    Visit(visit): Visit,
    Body(request): Body<PlanRequest>,
) -> Answer<Empty> {
    done_by_staff(&shared, caller, Command::Plan { by: caller.of_visits(), visit, request }).await
}

pub(super) async fn assign(
    State(shared): App,
    Staff(caller): Staff,
    Visit(visit): Visit,
    Body(request): Body<AssignRequest>,
) -> Answer<Empty> {
    is_clinician(&shared, caller, request.clinician).await?;
    done_by_staff(&shared, caller, Command::Assign { by: caller.of_visits(), visit, request }).await
}

pub(super) async fn cancel(
    State(shared): App,
    Staff(caller): Staff,
    Visit(visit): Visit,
    Body(CancelRequest { reason }): Body<CancelRequest>,
) -> Answer<Empty> {
    done_by_staff(&shared, caller, Command::Cancel { by: caller.of_visits(), visit, reason }).await
}

pub(super) async fn note(
    State(shared): App,
    Staff(caller): Staff,
    Visit(visit): Visit,
    Body(NoteRequest { note }): Body<NoteRequest>,
) -> Answer<Empty> {
    done_by_staff(&shared, caller, Command::Note { by: caller.of_visits(), visit, note }).await
}

pub(super) async fn create_invite(
    State(shared): App,
    Staff(caller): Staff,
    Visit(visit): Visit,
    Body(request): Body<CreateInviteRequest>,
) -> Answer<CreateInviteReply> {
    match by_staff(&shared, caller, Command::CreateInvite { by: caller.of_visits(), visit, request }).await? {
        Reply::Invite(reply) => Ok(Json(reply)),
        _ => Err(Refused::from(Code::Internal)),
    }
}

pub(super) async fn revoke_invite(
    State(shared): App,
    Staff(caller): Staff,
    path: Result<Path<(String, String)>, axum::extract::rejection::PathRejection>,
) -> Answer<Empty> {
    let Path((visit, invite)) = path.map_err(|_| Code::VisitNotFound)?;
    let visit: VisitId = visit.parse().map_err(|_| Code::VisitNotFound)?;
    let invite: InviteId = invite.parse().map_err(|_| Code::InviteNotUsable)?;
    done_by_staff(&shared, caller, Command::RevokeInvite { by: caller.of_visits(), visit, invite }).await
}

pub(super) async fn lock(
    State(shared): App,
    Endpoint(by): Endpoint,
    Body(LockRequest { locked }): Body<LockRequest>,
) -> Answer<Empty> {
    done(&shared, Command::Lock { by, locked }).await
}

pub(super) async fn count_try(
    State(shared): App,
    Endpoint(by): Endpoint,
    Body(EndpointRequest { endpoint }): Body<EndpointRequest>,
) -> Answer<TriesReply> {
    match shared.driver.handle(Command::CountTry { by, endpoint }).await? {
        Reply::Tries(reply) => Ok(Json(reply)),
        _ => Err(Refused::from(Code::Internal)),
    }
}

/// Only a clinician can be given a visit. Who gives it to themselves is one, or was not let through.
async fn is_clinician(shared: &Shared, by: Caller, clinician: Option<StaffId>) -> Result<(), Code> {
    match clinician.filter(|clinician| *clinician != by.staff) {
        Some(clinician) => shared.staff.is_clinician(shared.driver.now(), by, clinician).await,
        None if clinician.is_some() && by.own().is_none() => Err(Code::ClinicianNotFound),
        None => Ok(()),
    }
}
