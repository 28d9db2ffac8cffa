//! One function a route of what colleagues keep. The guard has found who asks, and that they may.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use signaling_protocol::{
    BoxReply, BoxesReply, CertifyRequest, CheckMessage, CheckReply, Clinic, ClinicReply, DeviceReply, DevicesReply,
    EnrolRequest, NoticeRequest, WriteBoxRequest,
};

use super::answer::{Empty, Json, Refused};
use super::extract::{Body, BoxKind, Device, Staff, StaffBox, queried};
use super::routes::{Answer, App};

pub(super) async fn clinic(State(shared): App, Staff(_): Staff) -> Json<ClinicReply> {
    Json(shared.staff.clinic())
}

pub(super) async fn set_up(State(shared): App, Staff(by): Staff, Body(clinic): Body<Clinic>) -> Answer<Empty> {
    done(shared.staff.set_up(shared.driver.now(), by, clinic).await)
}

/// Written, and whether who asked still listens or not: their owners are signed out, everybody in a visit and at work hears of
/// it, and then the owners are out of their visits. By which of their devices somebody is in one, the server does not know.
pub(super) async fn revoke(State(shared): App, Staff(by): Staff, Body(request): Body<NoticeRequest>) -> Answer<Empty> {
    let everywhere = Arc::clone(&shared);
    let at_once = move |notice, owners: Vec<_>| {
        everywhere.accounts.signed_out(&owners, by.session);
        everywhere.driver.with(|visits, now| {
            visits.set_notice(notice);
            owners.iter().for_each(|owner| visits.put_out_staff(now, *owner));
        });
    };
    done(shared.staff.revoke(shared.driver.now(), by, request, at_once).await)
}

pub(super) async fn devices(State(shared): App, Staff(by): Staff, RawQuery(query): RawQuery) -> Answer<DevicesReply> {
    let after = queried(query.as_deref(), "after")?;
    Ok(Json(shared.staff.devices(shared.driver.now(), shared.driver.unix_micros(), by, after).await?))
}

pub(super) async fn enrol(
    State(shared): App,
    Staff(by): Staff,
    Body(request): Body<EnrolRequest>,
) -> Answer<DeviceReply> {
    Ok(Json(shared.staff.enrol(shared.driver.now(), shared.driver.unix_micros(), by, request).await?))
}

pub(super) async fn forget_device(State(shared): App, Staff(by): Staff, Device(device): Device) -> Answer<Empty> {
    done(shared.staff.forget_device(shared.driver.now(), by, device).await)
}

pub(super) async fn certify(
    State(shared): App,
    Staff(by): Staff,
    Device(device): Device,
    Body(request): Body<CertifyRequest>,
) -> Answer<Empty> {
    let (now, unix_micros) = (shared.driver.now(), shared.driver.unix_micros());
    done(shared.staff.certify(now, unix_micros, by, device, request).await)
}

pub(super) async fn heard(State(shared): App, Staff(by): Staff, Device(device): Device) -> Answer<CheckReply> {
    Ok(Json(shared.staff.heard(shared.driver.now(), by, device).await?))
}

pub(super) async fn say(
    State(shared): App,
    Staff(by): Staff,
    Device(device): Device,
    Body(message): Body<CheckMessage>,
) -> Answer<Empty> {
    let (now, unix_micros) = (shared.driver.now(), shared.driver.unix_micros());
    done(shared.staff.say(now, unix_micros, by, device, message).await)
}

pub(super) async fn boxes(
    State(shared): App,
    Staff(by): Staff,
    BoxKind(kind): BoxKind,
    RawQuery(query): RawQuery,
) -> Answer<BoxesReply> {
    let after = queried(query.as_deref(), "after")?;
    Ok(Json(shared.staff.boxes(shared.driver.now(), by, kind, after).await?))
}

pub(super) async fn read_box(
    State(shared): App,
    Staff(by): Staff,
    StaffBox(which): StaffBox,
    RawQuery(query): RawQuery,
) -> Answer<BoxReply> {
    let below = queried(query.as_deref(), "below")?;
    Ok(Json(shared.staff.read_box(shared.driver.now(), by, which, below).await?))
}

pub(super) async fn write_box(
    State(shared): App,
    Staff(by): Staff,
    StaffBox(which): StaffBox,
    Body(request): Body<WriteBoxRequest>,
) -> Answer<Empty> {
    done(shared.staff.write_box(shared.driver.now(), by, which, request).await)
}

pub(super) async fn remove_box(State(shared): App, Staff(by): Staff, StaffBox(which): StaffBox) -> Answer<Empty> {
    done(shared.staff.remove_box(shared.driver.now(), by, which).await)
}

fn done(result: Result<(), signaling_protocol::Code>) -> Answer<Empty> {
    result.map(|()| Json(Empty {})).map_err(Refused::from)
}
