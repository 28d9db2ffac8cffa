//! The wire over HTTP: a translator in front of the visits, and nothing more.

mod account_routes;
mod answer;
mod audit_routes;
mod events;
mod extract;
mod ice;
mod measure;
mod routes;
mod staff_events;
mod staff_routes;
mod take_over_routes;
mod visit_routes;

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::{delete, get, post};
use signaling_protocol::{Code, Limits};

use crate::accounts::Accounts;
use crate::audit_log::AuditLog;
use crate::driver::Driver;
use crate::metrics::{self, Metrics};
use crate::rate::Buckets;
use crate::staff::Staff;
use answer::Refused;

pub(crate) use ice::IceSource;
pub(crate) use measure::buckets as measurement_buckets;

/// What every request can reach.
pub(crate) struct Shared {
    pub(crate) driver: Arc<Driver>,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) staff: Arc<Staff>,
    pub(crate) audit: Arc<AuditLog>,
    pub(crate) limits: Limits,
    /// Joins without a proof, by address.
    pub(crate) unproven_joins: Mutex<Buckets>,
    /// Measurements with a proof, by address.
    pub(crate) measurements: Mutex<Buckets>,
    /// The numbers that are told.
    pub(crate) metrics: Arc<Metrics>,
    /// The servers for finding a path.
    pub(crate) ice: IceSource,
    /// Whether apps are to use relays alone.
    pub(crate) relay_only: bool,
    /// The clinic's telephone number.
    pub(crate) phone: Option<String>,
}

/// The address that a connection comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// A staff box of 64 KiB in base64url, and the JSON around it: the one body that may be longer than the others.
const STAFF_BOX_BODY_BYTES: usize = 96 * 1024;

/// All routes of `PROTOCOL.md`.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/auth/sign-in", post(account_routes::sign_in))
        .route("/v1/auth/sign-up", post(account_routes::sign_up))
        .route("/v1/auth/refresh", post(account_routes::refresh))
        .route("/v1/auth/sign-out", post(account_routes::sign_out))
        .route("/v1/auth/password", post(account_routes::change_password))
        .route("/v1/auth/recovery-codes", post(account_routes::renew_recovery_codes))
        .route("/v1/staff", get(account_routes::people).post(account_routes::add))
        .route("/v1/staff/{staff}/code", post(account_routes::begin_anew))
        .route("/v1/staff/{staff}/role", post(account_routes::set_role))
        .route("/v1/staff/{staff}/disable", post(account_routes::disable))
        .route("/v1/staff/{staff}/enable", post(account_routes::enable))
        .route("/v1/staff/{staff}/sessions", get(account_routes::sessions))
        .route("/v1/sessions/{session}", delete(account_routes::end_session))
        .route("/v1/visits", get(visit_routes::list).post(visit_routes::create_visit))
        .route("/v1/visits/{visit}/plan", post(visit_routes::plan))
        .route("/v1/visits/{visit}/assign", post(visit_routes::assign))
        .route("/v1/visits/colleagues", get(take_over_routes::colleagues))
        .route("/v1/visits/{visit}/take-over", post(take_over_routes::take_over))
        .route("/v1/take-overs", get(take_over_routes::take_overs))
        .route("/v1/take-overs/{taken}/note", get(take_over_routes::note))
        .route("/v1/take-overs/{taken}/review", post(take_over_routes::review))
        .route("/v1/visits/{visit}/cancel", post(visit_routes::cancel))
        .route("/v1/visits/{visit}/note", post(visit_routes::note))
        .route("/v1/visits/{visit}/invites", post(visit_routes::create_invite))
        .route("/v1/visits/{visit}/invites/{invite}", delete(visit_routes::revoke_invite))
        .route("/v1/visits/{visit}/lock", post(visit_routes::lock))
        .route("/v1/visits/{visit}/tries", post(visit_routes::count_try))
        .route("/v1/visits/{visit}/join", post(routes::join_host))
        .route("/v1/invites/{invite}/challenge", post(routes::challenge))
        .route("/v1/invites/{invite}/join", post(routes::join_guest))
        .route("/v1/invites/{invite}/measure", post(measure::by_invite))
        .route("/v1/measure", post(measure::by_staff))
        .route("/v1/visits/{visit}/events", get(events::events))
        .route("/v1/visits/{visit}/messages", post(routes::send))
        .route("/v1/visits/{visit}/admit", post(routes::admit))
        .route("/v1/visits/{visit}/deny", post(routes::deny))
        .route("/v1/visits/{visit}/remove", post(routes::remove))
        .route("/v1/visits/{visit}/end", post(routes::end))
        .route("/v1/visits/{visit}/leave", post(routes::leave))
        .route("/v1/visits/{visit}/ice", get(ice::ice))
        .route("/v1/events", get(staff_events::events))
        .route("/v1/clinic", get(staff_routes::clinic).post(staff_routes::set_up))
        .route("/v1/clinic/notice", post(staff_routes::revoke))
        .route("/v1/devices", get(staff_routes::devices).post(staff_routes::enrol))
        .route("/v1/devices/{device}", delete(staff_routes::forget_device))
        .route("/v1/devices/{device}/certificate", post(staff_routes::certify))
        .route("/v1/devices/{device}/check", get(staff_routes::heard).post(staff_routes::say))
        .route("/v1/boxes/{kind}", get(staff_routes::boxes))
        .route(
            "/v1/boxes/{kind}/{object}",
            get(staff_routes::read_box)
                .post(staff_routes::write_box)
                .delete(staff_routes::remove_box)
                .layer(DefaultBodyLimit::max(STAFF_BOX_BODY_BYTES)),
        )
        .route("/v1/audit/checkpoint", get(audit_routes::checkpoint))
        .route("/v1/audit/rows", get(audit_routes::rows))
        .route("/v1/audit/evidence", get(audit_routes::evidence))
        .route("/v1/audit/origin", get(audit_routes::origin))
        .route("/v1/visits/{visit}/checkpoint", get(audit_routes::checkpoint_of_visit))
        .route("/v1/visits/{visit}/receipts", post(audit_routes::receipt))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(routes::ready))
        .route_layer(from_fn_with_state(Arc::clone(&shared), extract::guard))
        .route_layer(from_fn_with_state(Arc::clone(&shared.metrics), metrics::count))
        .fallback(async || Refused::from(Code::RouteNotFound))
        .method_not_allowed_fallback(async || Refused::from(Code::RouteNotFound))
        .layer(DefaultBodyLimit::max(shared.limits.json_bytes))
        .layer(map_response(never_stored))
        .with_state(shared)
}

/// Nothing that the server says is for a cache.
async fn never_stored(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
