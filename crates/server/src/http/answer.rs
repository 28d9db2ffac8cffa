//! Answers: JSON, or a problem (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use signaling_protocol::{Code, Problem};

/// When to try again after too many requests, in seconds: all buckets have something again by then or soon after.
const RETRY_AFTER_SECS: u32 = 2;

/// A request that was not carried out.
#[derive(Debug)]
pub(super) struct Refused(pub(super) Code);

impl From<Code> for Refused {
    fn from(code: Code) -> Self {
        Self(code)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        problem(Problem::new(self.0))
    }
}

/// A body that is not what the protocol says, and where.
pub(super) fn malformed(line: usize, column: usize) -> Response {
    problem(Problem { detail: Some(format!("line {line}, column {column}")), ..Problem::new(Code::Malformed) })
}

fn problem(problem: Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, json_bytes(&problem)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if matches!(problem.code, Code::TooManyRequests | Code::StorageFailed) {
        headers.insert(header::RETRY_AFTER, RETRY_AFTER_SECS.into());
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
