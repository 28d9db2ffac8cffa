//! One function a route of accounts and their sessions.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use signaling_protocol::{
    AddStaffRequest, Code, CodeReply, PasswordRequest, RecoveryCodesReply, RecoveryCodesRequest, RefreshRequest,
    RoleRequest, SessionsReply, SignInReply, SignInRequest, SignUpReply, SignUpRequest, StaffId, StaffReply,
};

use super::answer::{Empty, Json, Refused};
use super::extract::{Account, Body, SessionPath, Staff};
use super::routes::{Answer, App};
use super::{ClientAddress, Shared};
use crate::accounts::{Denied, Moment, Session};
use crate::permissions::Caller;

type From = Extension<ClientAddress>;

pub(super) async fn sign_in(
    State(shared): App,
    Extension(from): From,
    Body(request): Body<SignInRequest>,
) -> Answer<SignInReply> {
    Ok(Json(shared.accounts.sign_in(moment(&shared, from), request).await?))
}

pub(super) async fn sign_up(
    State(shared): App,
    Extension(from): From,
    Body(request): Body<SignUpRequest>,
) -> Answer<SignUpReply> {
    Ok(Json(shared.accounts.sign_up(moment(&shared, from), request).await?))
}

pub(super) async fn refresh(
    State(shared): App,
    Extension(from): From,
    Body(request): Body<RefreshRequest>,
) -> Answer<SignInReply> {
    Ok(Json(shared.accounts.refresh(moment(&shared, from), request).await?))
}

pub(super) async fn sign_out(State(shared): App, Staff(by): Staff) -> Answer<Empty> {
    done(shared.accounts.sign_out(session(&shared, by)?).await)
}

pub(super) async fn change_password(
    State(shared): App,
    Extension(from): From,
    Staff(by): Staff,
    Body(request): Body<PasswordRequest>,
) -> Answer<Empty> {
    done(shared.accounts.change_password(moment(&shared, from), session(&shared, by)?, request).await)
}

pub(super) async fn renew_recovery_codes(
    State(shared): App,
    Extension(from): From,
    Staff(by): Staff,
    Body(request): Body<RecoveryCodesRequest>,
) -> Answer<RecoveryCodesReply> {
    let by = session(&shared, by)?;
    Ok(Json(shared.accounts.renew_recovery_codes(moment(&shared, from), by, request).await?))
}

pub(super) async fn people(State(shared): App, Staff(_): Staff) -> Answer<StaffReply> {
    Ok(Json(shared.accounts.people().await?))
}

pub(super) async fn add(
    State(shared): App,
    Extension(from): From,
    Staff(by): Staff,
    Body(request): Body<AddStaffRequest>,
) -> Answer<CodeReply> {
    Ok(Json(shared.accounts.add(moment(&shared, from), by, request).await?))
}

pub(super) async fn begin_anew(
    State(shared): App,
    Extension(from): From,
    Staff(by): Staff,
    Account(staff): Account,
) -> Answer<CodeReply> {
    let reply = shared.accounts.begin_anew(moment(&shared, from), by, staff).await?;
    put_out(&shared, staff);
    Ok(Json(reply))
}

pub(super) async fn set_role(
    State(shared): App,
    Staff(by): Staff,
    Account(staff): Account,
    Body(RoleRequest { role }): Body<RoleRequest>,
) -> Answer<Empty> {
    shared.accounts.set_role(by, staff, role).await?;
    put_out(&shared, staff);
    Ok(Json(Empty {}))
}

pub(super) async fn disable(State(shared): App, Staff(by): Staff, Account(staff): Account) -> Answer<Empty> {
    shared.accounts.set_disabled(by, staff, true).await?;
    put_out(&shared, staff);
    Ok(Json(Empty {}))
}

pub(super) async fn enable(State(shared): App, Staff(by): Staff, Account(staff): Account) -> Answer<Empty> {
    done(shared.accounts.set_disabled(by, staff, false).await)
}

pub(super) async fn sessions(State(shared): App, Staff(by): Staff, Account(staff): Account) -> Answer<SessionsReply> {
    Ok(Json(shared.accounts.sessions(by, staff).await?))
}

pub(super) async fn end_session(
    State(shared): App,
    Staff(by): Staff,
    SessionPath(session): SessionPath,
) -> Answer<Empty> {
    done(shared.accounts.end_session(by, session).await)
}

pub(super) fn moment(shared: &Arc<Shared>, ClientAddress(from): ClientAddress) -> Moment {
    Moment { now: shared.driver.now(), unix_micros: shared.driver.unix_micros(), from }
}

/// The session of who asks, which the guard has found a moment ago.
pub(super) fn session(shared: &Arc<Shared>, by: Caller) -> Result<Session, Code> {
    shared.accounts.session_of(shared.driver.now(), by.session)
}

/// Who is signed out everywhere is out of their visits as well.
fn put_out(shared: &Arc<Shared>, staff: StaffId) {
    shared.driver.with(|visits, now| visits.put_out_staff(now, staff));
}

fn done(result: Result<(), Denied>) -> Answer<Empty> {
    result.map(|()| Json(Empty {})).map_err(Refused::from)
}
