//! One function a route: what the request says becomes a command, and its reply an answer.

use std::sync::{Arc, PoisonError};

use axum::Extension;
use axum::extract::State;
use signaling_protocol::{
    ChallengeReply, Code, EndpointRequest, HostJoinRequest, JoinReply, JoinRequest, SendReply, SendRequest,
};

use super::answer::{Empty, Json, Refused};
use super::extract::{Body, Endpoint, Invite, Staff, Visit};
use super::{ClientAddress, Shared};
use crate::permissions::Caller;
use crate::visits::{Command, PROVEN_JOIN_EVERY, Reply};

pub(super) type Answer<T> = Result<Json<T>, Refused>;
pub(super) type App = State<Arc<Shared>>;

pub(super) async fn challenge(State(shared): App, Invite(invite): Invite) -> Answer<ChallengeReply> {
    match shared.driver.handle(Command::Challenge { invite }).await? {
        Reply::Challenge(reply) => Ok(Json(ChallengeReply { phone: shared.phone.clone(), ..reply })),
        _ => Err(Refused::from(Code::Internal)),
    }
}

/// Only joins without a proof count against an address: a whole clinic may sit behind one.
pub(super) async fn join_guest(
    State(shared): App,
    Extension(ClientAddress(from)): Extension<ClientAddress>,
    Invite(invite): Invite,
    Body(request): Body<JoinRequest>,
) -> Answer<JoinReply> {
    let buckets = || shared.unproven_joins.lock().unwrap_or_else(PoisonError::into_inner);
    // Taken before the proof is looked at, so that tries at the same time are no more tries.
    let now = shared.driver.now();
    if !buckets().take(now, from) {
        return Err(Refused::until(Code::TooManyRequests, buckets().wait(now, from)));
    }
    let (joined, writing) = shared.driver.decide(Command::JoinGuest { invite, request });
    // Given back before the disk is waited for: a slow one must not make a clinic's address look like one that guesses.
    if joined != Err(Code::InviteNotUsable) {
        buckets().give_back(from);
    }
    if joined == Err(Code::TooManyRequests) {
        return Err(Refused::until(Code::TooManyRequests, PROVEN_JOIN_EVERY));
    }
    if joined == Err(Code::InviteTooEarly) {
        return Err(Refused::opens_at(shared.driver.with(|visits, _| visits.opens_unix_secs(invite))));
    }
    joined_answer(&shared, shared.driver.settle(joined?, writing).await?)
}

pub(super) async fn join_host(
    State(shared): App,
    Staff(caller): Staff,
    Visit(visit): Visit,
    Body(request): Body<HostJoinRequest>,
) -> Answer<JoinReply> {
    let command = Command::JoinHost { staff: caller.staff, visit, request };
    joined_answer(&shared, by_staff(&shared, caller, command).await?)
}

pub(super) async fn send(
    State(shared): App,
    Endpoint(by): Endpoint,
    Body(request): Body<SendRequest>,
) -> Answer<SendReply> {
    let messages = request.messages;
    match shared.driver.handle(Command::Send { by, messages }).await? {
        Reply::Sent(reply) => Ok(Json(reply)),
        _ => Err(Refused::from(Code::Internal)),
    }
}

pub(super) async fn admit(
    State(shared): App,
    Endpoint(by): Endpoint,
    Body(EndpointRequest { endpoint }): Body<EndpointRequest>,
) -> Answer<Empty> {
    done(&shared, Command::Admit { by, endpoint }).await
}

pub(super) async fn deny(
    State(shared): App,
    Endpoint(by): Endpoint,
    Body(EndpointRequest { endpoint }): Body<EndpointRequest>,
) -> Answer<Empty> {
    done(&shared, Command::Deny { by, endpoint }).await
}

pub(super) async fn remove(
    State(shared): App,
    Endpoint(by): Endpoint,
    Body(EndpointRequest { endpoint }): Body<EndpointRequest>,
) -> Answer<Empty> {
    done(&shared, Command::Remove { by, endpoint }).await
}

pub(super) async fn end(State(shared): App, Endpoint(by): Endpoint) -> Answer<Empty> {
    done(&shared, Command::End { by }).await
}

pub(super) async fn leave(State(shared): App, Endpoint(by): Endpoint) -> Answer<Empty> {
    done(&shared, Command::Leave { by }).await
}

/// Whether what people ask for can be stored just now.
pub(super) async fn ready(State(shared): App) -> Result<&'static str, Refused> {
    if shared.driver.is_ready().await { Ok("ok\n") } else { Err(Refused::from(Code::StorageFailed)) }
}

/// Carries out what somebody of the staff asks for, if they are signed in still when it is decided. Who is signed out and then
/// put out of their visits is not in one a moment later.
pub(super) async fn by_staff(shared: &Arc<Shared>, caller: Caller, command: Command) -> Result<Reply, Code> {
    let is_signed_in = |now| shared.accounts.session_of(now, caller.session).map(drop);
    shared.driver.handle_if(is_signed_in, command).await
}

pub(super) async fn done_by_staff(shared: &Arc<Shared>, caller: Caller, command: Command) -> Answer<Empty> {
    by_staff(shared, caller, command).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn done(shared: &Arc<Shared>, command: Command) -> Answer<Empty> {
    shared.driver.handle(command).await?;
    Ok(Json(Empty {}))
}

fn joined_answer(shared: &Shared, reply: Reply) -> Answer<JoinReply> {
    match reply {
        Reply::Joined(reply) => Ok(Json(JoinReply { relay_only: shared.relay_only, ..reply })),
        _ => Err(Refused::from(Code::Internal)),
    }
}
