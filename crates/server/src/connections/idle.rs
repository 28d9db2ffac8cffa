//! Whether a connection is still of use: what it is asked, and for how long nothing.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use http_body::{Frame, SizeHint};
use tokio::sync::watch;

/// How long a connection that asks nothing is kept. Apps keep one for their stream; the rest is leftovers.
pub(super) const MOST_IDLE: Duration = Duration::from_secs(60);

/// The requests of one connection that are not answered to their end.
#[derive(Debug, Clone)]
pub(super) struct Requests(Arc<watch::Sender<usize>>);

impl Requests {
    pub(super) fn none() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    /// Carries a request out, counted until the last byte of its answer: an event stream may last for hours.
    pub(super) async fn carry_out<E>(
        self,
        request: impl Future<Output = Result<Response, E>>,
    ) -> Result<Response<Counted>, E> {
        let underway = Underway::begin(&self);
        Ok(request.await?.map(|body| Counted { body, _underway: underway }))
    }

    /// Completes when there has been none for so long.
    pub(super) async fn idle_for(&self, span: Duration) {
        let mut count = self.0.subscribe();
        loop {
            // The sender is in `self`: this waits for as long as it takes.
            if count.wait_for(|count| *count == 0).await.is_err() {
                return pending().await;
            }
            if tokio::time::timeout(span, count.wait_for(|count| *count > 0)).await.is_err() {
                return;
            }
        }
    }
}

struct Underway(Requests);

impl Underway {
    fn begin(requests: &Requests) -> Self {
        requests.0.send_modify(|count| *count += 1);
        Self(requests.clone())
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count -= 1);
    }
}

/// An answer's body that is counted until it is gone.
pub(super) struct Counted {
    body: Body,
    _underway: Underway,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_when_nothing_was_asked_for_long_and_never_while_something_is_answered() {
        let requests = Requests::none();
        let begin = tokio::time::Instant::now();
        let idle = tokio::spawn({
            let requests = requests.clone();
            async move { requests.idle_for(MOST_IDLE).await }
        });
        tokio::time::sleep(MOST_IDLE / 2).await;
        let underway = Underway::begin(&requests);
        tokio::time::sleep(MOST_IDLE * 10).await;
        assert!(!idle.is_finished(), "an answer is on its way");
        drop(underway);
        idle.await.unwrap();
        let lasted = begin.elapsed();
        assert!((MOST_IDLE * 11..MOST_IDLE * 12).contains(&lasted), "{lasted:?}");
    }
}
