//! How things stand at the clinic, told to signed-in apps: server-sent events, or long-poll with the same cursor.
//!
//! Each event says everything and the newest alone counts, so nothing waits for anybody and nothing can be missed.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use signaling_protocol::{PollReply, PolledEvent, StaffEvent};
use tokio::sync::watch;
use tokio::time::Instant;

use super::Shared;
use super::answer::{Json, Refused};
use super::events::{COMMENT_WAITING, POLL, RETRY_MS, cursor_of, frame, polls, streamed};
use super::extract::Staff;
use crate::metrics::Held;
use crate::permissions::Caller;
use crate::staff::{Standing, StreamPlace};

/// `GET /v1/events`, with `?poll=1` as long-poll.
pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    Staff(by): Staff,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let place = shared.staff.stream(by.staff)?;
    let standing = shared.staff.watch();
    let ended = shared.accounts.watch_ended();
    let counted = shared.metrics.stream();
    let listener =
        Listener { _counted: counted, shared, by, standing, ended, cursor: cursor_of(&headers), _place: place };
    Ok(if polls(query.as_deref()) { poll(listener).await.into_response() } else { stream_to(listener) })
}

/// One stream or poll.
struct Listener {
    shared: Arc<Shared>,
    by: Caller,
    standing: watch::Receiver<Standing>,
    ended: watch::Receiver<u64>,
    cursor: Option<u64>,
    _place: StreamPlace,
    _counted: Held,
}

/// What a listener hears next.
enum Heard {
    News(u64, StaffEvent),
    /// Signed out.
    End,
    Bye,
    /// Nothing for so long.
    Quiet,
}

impl Listener {
    async fn next(&mut self, until: Instant) -> Heard {
        loop {
            if let Some(heard) = self.look() {
                return heard;
            }
            tokio::select! {
                // Its sender lives as long as the server.
                _ = self.standing.changed() => {}
                _ = self.ended.changed() => {}
                () = self.shared.driver.closed() => return Heard::Bye,
                () = tokio::time::sleep_until(until) => return Heard::Quiet,
            }
        }
    }

    fn look(&mut self) -> Option<Heard> {
        let standing = self.standing.borrow_and_update().clone();
        if self.shared.accounts.session_of(self.shared.driver.now(), self.by.session).is_err() {
            return Some(Heard::End);
        }
        if self.cursor == Some(standing.version) {
            return None;
        }
        self.cursor = Some(standing.version);
        Some(Heard::News(standing.version, standing.event()))
    }
}

async fn poll(mut listener: Listener) -> Json<PollReply> {
    let events = match listener.next(Instant::now() + POLL).await {
        Heard::News(cursor, event) => vec![PolledEvent::new(cursor, &event)],
        Heard::Bye => vec![PolledEvent::new(listener.cursor.unwrap_or(0), &StaffEvent::Bye { retry_ms: RETRY_MS })],
        Heard::End | Heard::Quiet => Vec::new(),
    };
    Json(PollReply { events })
}

fn stream_to(listener: Listener) -> Response {
    streamed(stream::unfold((Some(listener), true), |(listener, is_opening)| async move {
        let mut listener = listener?;
        if is_opening {
            return Some((Ok::<_, Infallible>(Bytes::from_static(b":\n\n")), (Some(listener), false)));
        }
        match listener.next(Instant::now() + COMMENT_WAITING).await {
            Heard::News(cursor, event) => {
                Some((Ok(frame(Some(cursor), event.kind(), &event).into()), (Some(listener), false)))
            }
            Heard::Quiet => Some((Ok(Bytes::from_static(b":\n\n")), (Some(listener), false))),
            Heard::Bye => {
                let bye = StaffEvent::Bye { retry_ms: RETRY_MS };
                Some((Ok(frame(None, bye.kind(), &bye).into()), (None, false)))
            }
            Heard::End => None,
        }
    }))
}
