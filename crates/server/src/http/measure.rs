//! How fast a link is, before anybody joins: bytes that nobody keeps, there and back.
//!
//! It is asked for by who holds a link or is signed in, so it is nobody's free traffic; and by plain requests, so that it works
//! wherever a visit can be joined at all, and nothing has to be relayed for it.

use std::sync::{Arc, PoisonError};

use axum::Extension;
use axum::extract::State;
use rand::TryRng;
use rand::rngs::SysRng;
use signaling_protocol::{Base64, Code, MEASURE_BYTES, MeasureByInviteRequest, MeasureReply, MeasureRequest};
use units::Timestamp;

use super::answer::{Json, Refused};
use super::extract::{Authority, Body, Invite, Staff};
use super::routes::{Answer, App};
use super::{ClientAddress, Shared};
use crate::rate::Buckets;

/// Measurements from one address: at once five checks of all sizes, or fifteen by fast links, since a clinic may sit behind one;
/// then another check in a minute, 13 kB/s each way at most.
const AT_ONCE: f64 = 80.0;
const A_SECOND: f64 = 1.0 / 3.0;

/// How many measurements there may be.
pub(crate) fn buckets() -> Buckets {
    Buckets::new(AT_ONCE, A_SECOND)
}

/// Who holds a link. Without its proof it is what a join without a proof is.
pub(super) async fn by_invite(
    State(shared): App,
    Extension(ClientAddress(from)): Extension<ClientAddress>,
    Invite(invite): Invite,
    authority: Authority,
    Body(request): Body<MeasureByInviteRequest>,
) -> Answer<MeasureReply> {
    let joins = || shared.unproven_joins.lock().unwrap_or_else(PoisonError::into_inner);
    let now = shared.driver.now();
    // Taken before the proof is looked at, as with joins.
    if !joins().take(now, from) {
        return Err(Refused::until(Code::TooManyRequests, joins().wait(now, from)));
    }
    let proven = shared.driver.with(|visits, now| visits.holds_link(now, invite, &request));
    if proven != Err(Code::InviteNotUsable) {
        joins().give_back(from);
    }
    proven?;
    answer(&shared, now, from, &authority, &request.measure)
}

/// Who is signed in.
pub(super) async fn by_staff(
    State(shared): App,
    Extension(ClientAddress(from)): Extension<ClientAddress>,
    Staff(_): Staff,
    authority: Authority,
    Body(request): Body<MeasureRequest>,
) -> Answer<MeasureReply> {
    answer(&shared, shared.driver.now(), from, &authority, &request)
}

fn answer(
    shared: &Arc<Shared>,
    now: Timestamp,
    from: std::net::IpAddr,
    authority: &Authority,
    request: &MeasureRequest,
) -> Answer<MeasureReply> {
    let buckets = || shared.measurements.lock().unwrap_or_else(PoisonError::into_inner);
    if !buckets().take(now, from) {
        return Err(Refused::until(Code::TooManyRequests, buckets().wait(now, from)));
    }
    if request.padding.len() > MEASURE_BYTES || request.bytes > MEASURE_BYTES {
        return Err(Refused::from(Code::TooLarge));
    }
    // Random, so that nothing on the way makes them shorter.
    let mut padding = vec![0; request.bytes];
    SysRng.try_fill_bytes(&mut padding).map_err(|_| Refused::from(Code::Internal))?;
    Ok(Json(MeasureReply { padding: Base64(padding), relays: shared.ice.relay_urls(authority) }))
}
