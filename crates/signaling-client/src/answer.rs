//! An answer of the server's, from its head on.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use tokio::time::{Instant, timeout_at};

use crate::changes::Changes;
use crate::error::{Failure, from_transport};
use crate::{ClientError, ServerTrust};

/// An answer whose head has come.
pub(crate) struct Answer {
    pub(crate) response: hyper::Response<Incoming>,
    pub(crate) trust: ServerTrust,
    /// By when all of it must be there.
    pub(crate) until: Option<Instant>,
    pub(crate) left: Changes,
}

impl Answer {
    /// The next bytes of its body; none at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, ClientError> {
        loop {
            let frame = by(self.until, &mut self.left, self.response.body_mut().frame()).await;
            let frame = frame.ok_or(ClientError::Unreachable)?;
            match frame.transpose().map_err(|error| from_transport(&error, &self.trust))? {
                None => return Ok(None),
                // What is no data is a trailer.
                Some(frame) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }
}

/// What comes in time, if there is one, and before its connection was left.
pub(crate) async fn by<T>(until: Option<Instant>, left: &mut Changes, work: impl Future<Output = T>) -> Option<T> {
    let in_time = async {
        match until {
            Some(until) => timeout_at(until, work).await.ok(),
            None => Some(work.await),
        }
    };
    tokio::select! {
        biased;
        () = left.next() => None,
        done = in_time => done,
    }
}

/// All of its body, if that is no longer than `limit`.
pub(crate) async fn read_body(mut answer: Answer, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if bytes.len() + chunk.len() > limit {
            return Err(ClientError::NotHousecall.into());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Whether it is of this type.
pub(crate) fn is_of_type(answer: &Answer, content_type: &str) -> bool {
    let value = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(content_type)
}

/// `Retry-After` in seconds; as a date it is passed over, and back-off alone decides.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let secs: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(secs).min(LONGEST_RETRY_AFTER))
}

/// However long a server asks to wait, a person is waiting too.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn a_waiting_time_is_taken_in_seconds_and_within_reason() {
        let of =
            |text: &'static str| retry_after(&HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]));
        assert_eq!(of("3"), Some(Duration::from_secs(3)));
        assert_eq!(of("86400"), Some(LONGEST_RETRY_AFTER));
        assert_eq!(of("Wed, 21 Oct 2026 07:28:00 GMT"), None);
    }
}
