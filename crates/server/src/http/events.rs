//! What happened, told as it happens: server-sent events (WHATWG HTML section 9.2), or by long-poll with the same cursor.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{Stream, stream};
use serde::Serialize;
use signaling_protocol::{Admission, Code, EndpointId, Event, PollReply, PolledEvent, VisitState};
use tokio::time::Instant;

use super::Shared;
use super::answer::{Json, Refused};
use super::extract::{Endpoint, Visit};
use crate::driver::Driver;
use crate::metrics::Held;
use crate::visits::{Closed, Numbered, StreamId};

/// How long a poll waits for something to happen; proxies commonly give up after 30 s.
pub(super) const POLL: Duration = Duration::from_secs(25);

/// Comments keep the stream's path open, and let the client see that it is: its watchdog waits 2.5 times as long.
const COMMENT_IN_CALL: Duration = Duration::from_secs(10);
pub(super) const COMMENT_WAITING: Duration = Duration::from_secs(15);

/// When to come back after `bye`: a restart takes about a second.
pub(super) const RETRY_MS: u32 = 1_000;

/// `GET /v1/visits/{v}/events`, with `?poll=1` as long-poll.
pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    Endpoint(endpoint): Endpoint,
    Visit(visit): Visit,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let cursor = cursor_of(&headers);
    let stream = shared.driver.with(|visits, now| {
        if visits.is_over(endpoint, cursor) {
            let over = visits.state(visit) == Some(VisitState::Ended);
            return Err(if over { Code::VisitEnded } else { Code::NotSignedIn });
        }
        visits.stream_opened(now, endpoint)
    })?;
    let counted = shared.metrics.stream();
    let listener = Listener::new(Arc::clone(&shared.driver), counted, endpoint, stream, cursor);
    Ok(if polls(query.as_deref()) { poll(listener).await.into_response() } else { stream_to(listener) })
}

/// After which event to go on.
pub(super) fn cursor_of(headers: &HeaderMap) -> Option<u64> {
    // What is no cursor of ours is one that cannot be resumed from.
    let number = |value: &HeaderValue| value.to_str().ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    headers.get("last-event-id").map(number)
}

/// Whether this asks once and does not stay.
pub(super) fn polls(query: Option<&str>) -> bool {
    query.is_some_and(|query| query.split('&').any(|part| part == "poll=1"))
}

/// One stream or poll. However it ends, the visits are told.
struct Listener {
    driver: Arc<Driver>,
    bell: Arc<tokio::sync::Notify>,
    endpoint: EndpointId,
    stream: StreamId,
    cursor: Option<u64>,
    how: Closed,
    _counted: Held,
}

/// What a listener hears next.
enum Heard {
    News(Vec<Numbered>),
    /// A newer stream has taken over, or there is nothing more to come.
    End,
    Bye,
    /// Nothing for so long.
    Quiet,
}

impl Listener {
    fn new(driver: Arc<Driver>, counted: Held, endpoint: EndpointId, stream: StreamId, cursor: Option<u64>) -> Self {
        let bell = driver.bell(endpoint);
        Self { driver, bell, endpoint, stream, cursor, how: Closed::Broken, _counted: counted }
    }

    async fn next(&mut self, until: Instant) -> Heard {
        let (driver, bell) = (Arc::clone(&self.driver), Arc::clone(&self.bell));
        loop {
            // The bell is listened for before looking, so that nothing falls between.
            let rung = bell.notified();
            tokio::pin!(rung);
            rung.as_mut().enable();
            if let Some(heard) = self.look() {
                return heard;
            }
            tokio::select! {
                () = rung => {}
                () = driver.closed() => return Heard::Bye,
                () = tokio::time::sleep_until(until) => return Heard::Quiet,
            }
        }
    }

    fn look(&mut self) -> Option<Heard> {
        let (endpoint, stream, cursor) = (self.endpoint, self.stream, self.cursor);
        let heard = self.driver.with(|visits, now| {
            if !visits.is_newest(endpoint, stream) || visits.is_over(endpoint, cursor) {
                return Some(Heard::End);
            }
            match visits.events_after(now, endpoint, cursor) {
                Ok(news) if news.is_empty() => None,
                Ok(news) => Some(Heard::News(news)),
                Err(_) => Some(Heard::End),
            }
        });
        if let Some(Heard::News(news)) = &heard {
            self.cursor = news.last().map(|one| one.cursor).or(self.cursor);
        }
        heard
    }

    fn comment_after(&self) -> Duration {
        match self.driver.with(|visits, _| visits.admission(self.endpoint)) {
            Some(Admission::Admitted) => COMMENT_IN_CALL,
            _ => COMMENT_WAITING,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let (endpoint, stream, how) = (self.endpoint, self.stream, self.how);
        self.driver.with(|visits, now| visits.stream_closed(now, endpoint, stream, how));
    }
}

async fn poll(mut listener: Listener) -> Json<PollReply> {
    let heard = listener.next(Instant::now() + POLL).await;
    listener.how = Closed::Answered;
    let events = match heard {
        Heard::News(news) => news.iter().map(|one| PolledEvent::new(one.cursor, &one.event)).collect(),
        Heard::Bye => vec![PolledEvent::new(listener.cursor.unwrap_or(0), &Event::Bye { retry_ms: RETRY_MS })],
        Heard::End | Heard::Quiet => Vec::new(),
    };
    Json(PollReply { events })
}

fn stream_to(listener: Listener) -> Response {
    // A first byte at once: a proxy that holds the stream back is found out by its absence.
    let opening = Bytes::from_static(b":\n\n");
    let chunks = stream::unfold((Some(listener), Some(opening)), |(listener, opening)| async move {
        let mut listener = listener?;
        if let Some(opening) = opening {
            return Some((Ok::<_, Infallible>(opening), (Some(listener), None)));
        }
        let until = Instant::now() + listener.comment_after();
        match listener.next(until).await {
            Heard::News(news) => Some((Ok(write(&news)), (Some(listener), None))),
            Heard::Quiet => Some((Ok(Bytes::from_static(b":\n\n")), (Some(listener), None))),
            Heard::Bye => Some((Ok(frame_of(None, &Event::Bye { retry_ms: RETRY_MS }).into()), (None, None))),
            Heard::End => None,
        }
    });
    streamed(chunks)
}

/// The answer that goes on for as long as there are chunks.
pub(super) fn streamed(chunks: impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store, no-transform"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(chunks)).into_response()
}

fn write(news: &[Numbered]) -> Bytes {
    news.iter().map(|one| frame_of(Some(one.cursor), &one.event)).collect::<String>().into()
}

fn frame_of(cursor: Option<u64>, event: &Event) -> String {
    frame(cursor, event.kind(), event)
}

/// One event. JSON has no line breaks of its own, so one `data:` line holds it.
pub(super) fn frame(cursor: Option<u64>, kind: &str, event: &impl Serialize) -> String {
    let id = cursor.map_or(String::new(), |cursor| format!("id: {cursor}\n"));
    let json = serde_json::to_string(event).unwrap_or_default();
    format!("{id}event: {kind}\ndata: {json}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_one_event_of_the_standard() {
        let event = Event::Bye { retry_ms: 5 };
        assert_eq!(frame_of(Some(7), &event), "id: 7\nevent: bye\ndata: {\"kind\":\"bye\",\"retry_ms\":5}\n\n");
        assert!(frame_of(None, &event).starts_with("event: bye\n"), "no cursor: the next start counts otherwise");
    }
}
