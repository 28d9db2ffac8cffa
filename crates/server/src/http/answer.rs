//! Answers: JSON, or a problem (RFC 9457).

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use signaling_protocol::{Code, Problem};

use crate::accounts::Denied;

/// When to try again if nothing else is known: messages come back at many a second, and a disk is tried again soon.
const RETRY_SOON: Duration = Duration::from_secs(2);

/// A request that was not carried out.
#[derive(Debug)]
pub(super) struct Refused {
    code: Code,
    retry_after: Duration,
    opens_unix_secs: Option<u64>,
}

impl Refused {
    /// Refused now, and worth another try after `wait`.
    pub(super) fn until(code: Code, wait: Duration) -> Self {
        Self { code, retry_after: wait, opens_unix_secs: None }
    }

    /// Too early: it opens then.
    pub(super) fn opens_at(unix_secs: Option<u64>) -> Self {
        Self { opens_unix_secs: unix_secs, ..Self::from(Code::InviteTooEarly) }
    }
}

impl From<Code> for Refused {
    fn from(code: Code) -> Self {
        Self { code, retry_after: RETRY_SOON, opens_unix_secs: None }
    }
}

impl From<Denied> for Refused {
    fn from(Denied { code, wait }: Denied) -> Self {
        Self::until(code, wait.unwrap_or(RETRY_SOON))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        problem(Problem { opens_unix_secs: self.opens_unix_secs, ..Problem::new(self.code) }, self.retry_after)
    }
}

/// A body that is not what the protocol says, and where.
pub(super) fn malformed(line: usize, column: usize) -> Response {
    problem(
        Problem { detail: Some(format!("line {line}, column {column}")), ..Problem::new(Code::Malformed) },
        RETRY_SOON,
    )
}

fn problem(problem: Problem, retry_after: Duration) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, json_bytes(&problem)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if matches!(problem.code, Code::TooManyRequests | Code::StorageFailed) {
        // Whole seconds, and never too early.
        headers.insert(header::RETRY_AFTER, ((retry_after.as_secs_f64().ceil() as u64).max(1)).into());
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// A success with a body.
#[derive(Debug)]
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "application/json")], json_bytes(&self.0)).into_response()
    }
}

/// A success with nothing to say: an object without members, which a later version may fill.
#[derive(Debug, Serialize)]
pub(super) struct Empty {}

fn json_bytes<T: Serialize>(value: &T) -> Vec<u8> {
    // Ours are maps with string keys and nothing that refuses: `serde_json` cannot fail on them.
    serde_json::to_vec(value).unwrap_or_default()
}
