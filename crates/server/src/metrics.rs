//! What the server tells of itself: numbers for Prometheus (OpenMetrics), and whether it lives and is ready, on an address of its
//! own that is not for everybody.
//!
//! **Invariant:** what leaves here is numbers, under labels of closed lists: a route of the one table, a class of status, a state.
//! There is no label of a text, so nothing of a person can be one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use tokio::net::TcpListener;

use crate::driver::Driver;
use crate::permissions::name_of;
use crate::relaying::Relaying;
use crate::wall_clock::since_epoch;

/// A route of the table of permissions, or that there is none. No other text can be made into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Route(&'static str, &'static str);

impl EncodeLabelValue for Route {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        use std::fmt::Write;
        encoder.write_str(self.0)?;
        encoder.write_char(' ')?;
        encoder.write_str(self.1)
    }
}

/// How a request ended: the first digit of its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
enum Outcome {
    Done,
    Refused,
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    route: Route,
    outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
enum VisitState {
    Scheduled,
    Open,
    Active,
    Paused,
    Ended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    state: VisitState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
enum Place {
    Waiting,
    Admitted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InPlace {
    place: Place,
}

/// How many there are, at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Census {
    /// Visits: scheduled, open, active, paused, ended.
    pub(crate) visits: [usize; 5],
    /// Endpoints in a visit: waiting, admitted.
    pub(crate) endpoints: [usize; 2],
}

/// The numbers.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Asked, Counter>,
    seconds: Histogram,
    visits: Family<InState, Gauge>,
    endpoints: Family<InPlace, Gauge>,
    streams: Gauge,
    connections: Gauge,
    allocations: Gauge,
    ready: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("housecall");
        let (requests, visits, endpoints) = (Family::default(), Family::default(), Family::default());
        let (streams, connections, allocations) = (Gauge::default(), Gauge::default(), Gauge::default());
        let (ready, started) = (Gauge::default(), Gauge::<i64>::default());
        // From half a millisecond to eight seconds.
        let seconds = Histogram::new((0..15).map(|power| 0.000_5 * f64::from(1 << power)));
        started.set(i64::try_from(since_epoch().as_secs()).unwrap_or_default());
        registry.register("requests", "Requests that were answered, by route and outcome", Family::clone(&requests));
        let told = "Until a request's answer began";
        registry.register_with_unit("request_duration", told, Unit::Seconds, Histogram::clone(&seconds));
        registry.register("visits", "Visits that are known, by state", Family::clone(&visits));
        registry.register("endpoints", "Endpoints in visits that go on, by place", Family::clone(&endpoints));
        registry.register("event_streams", "Event streams that are open", Gauge::clone(&streams));
        registry.register("connections", "Connections that are open", Gauge::clone(&connections));
        registry.register("relay_allocations", "Allocations of the relay", Gauge::clone(&allocations));
        registry.register("ready", "1 if what people ask for can be stored just now", Gauge::clone(&ready));
        registry.register("start_time_seconds", "When the server started, in Unix time", started);
        Self { registry, requests, seconds, visits, endpoints, streams, connections, allocations, ready }
    }

    /// One more of something, for as long as the answer lives.
    fn one_more(gauge: &Gauge) -> Held {
        gauge.inc();
        Held(gauge.clone())
    }

    /// A connection is open for as long as this lives.
    pub(crate) fn connection(&self) -> Held {
        Self::one_more(&self.connections)
    }

    /// An event stream is open for as long as this lives.
    pub(crate) fn stream(&self) -> Held {
        Self::one_more(&self.streams)
    }

    fn count(&self, method: &str, path: &str, status: StatusCode, took: Duration) {
        let (method, path) = name_of(method, path).unwrap_or(("ANY", "other"));
        let outcome = match status.as_u16() {
            ..400 => Outcome::Done,
            400..500 => Outcome::Refused,
            _ => Outcome::Failed,
        };
        self.requests.get_or_create(&Asked { route: Route(method, path), outcome }).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    fn text(&self, census: Census, allocations: usize, is_ready: bool) -> String {
        let set = |gauge: &Gauge, number: usize| {
            gauge.set(i64::try_from(number).unwrap_or(i64::MAX));
        };
        use VisitState::{Active, Ended, Open, Paused, Scheduled};
        for (state, number) in [Scheduled, Open, Active, Paused, Ended].into_iter().zip(census.visits) {
            set(&self.visits.get_or_create(&InState { state }), number);
        }
        for (place, number) in [Place::Waiting, Place::Admitted].into_iter().zip(census.endpoints) {
            set(&self.endpoints.get_or_create(&InPlace { place }), number);
        }
        set(&self.allocations, allocations);
        set(&self.ready, usize::from(is_ready));
        let mut text = String::new();
        // A string takes whatever is written to it.
        encode(&mut text, &self.registry).ok();
        text
    }
}

/// Something that is counted until this is dropped.
#[derive(Debug)]
pub(crate) struct Held(Gauge);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Counts a request of the wire.
pub(crate) async fn count(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let begin = Instant::now();
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    metrics.count(method.as_str(), path.as_ref().map_or("", MatchedPath::as_str), response.status(), begin.elapsed());
    response
}

/// What the listener of its own knows.
struct Told {
    metrics: Arc<Metrics>,
    driver: Arc<Driver>,
    relaying: Option<Arc<Relaying>>,
}

/// Tells numbers and health until the server goes away.
pub(crate) async fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    driver: Arc<Driver>,
    relaying: Option<Arc<Relaying>>,
) {
    let told = Arc::new(Told { metrics, driver: Arc::clone(&driver), relaying });
    let router = Router::new()
        .route("/live", get(async || "ok\n"))
        .route("/ready", get(ready))
        .route("/metrics", get(numbers))
        .with_state(told);
    let closed = async move { driver.closed().await };
    axum::serve(listener, router).with_graceful_shutdown(closed).await.ok();
}

async fn ready(State(told): State<Arc<Told>>) -> Response {
    match told.driver.is_ready().await {
        true => "ok\n".into_response(),
        false => (StatusCode::SERVICE_UNAVAILABLE, "nothing can be stored\n").into_response(),
    }
}

async fn numbers(State(told): State<Arc<Told>>) -> Response {
    let is_ready = told.driver.is_ready().await;
    let census = told.driver.with(|visits, _| visits.census());
    let allocations = told.relaying.as_ref().map_or(0, |relaying| relaying.allocations());
    let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], told.metrics.text(census, allocations, is_ready)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_no_route_is_told_as_none() {
        let metrics = Metrics::new();
        let took = Duration::from_millis(1);
        metrics.count("POST", "/v1/auth/sign-in", StatusCode::UNAUTHORIZED, took);
        metrics.count("POST", "/v1/visits/Wilhelmina", StatusCode::NOT_FOUND, took);
        metrics.count("BREW", "/healthz", StatusCode::OK, took);
        let text = metrics.text(Census { visits: [1, 2, 3, 4, 5], endpoints: [6, 7] }, 8, true);
        for line in [
            "housecall_requests_total{route=\"POST /v1/auth/sign-in\",outcome=\"Refused\"} 1",
            "housecall_requests_total{route=\"ANY other\",outcome=\"Refused\"} 1",
            "housecall_requests_total{route=\"ANY other\",outcome=\"Done\"} 1",
            "housecall_visits{state=\"Active\"} 3",
            "housecall_endpoints{place=\"Admitted\"} 7",
            "housecall_relay_allocations 8",
            "housecall_request_duration_seconds_count 3",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert!(!text.contains("Wilhelmina") && !text.contains("BREW"), "{text}");
    }
}
