//! Whether the server answers and how fast the link to it is, before anybody joins.

use std::time::{Duration, SystemTime};

use hyper::Method;
use hyper::header::{DATE, HeaderMap};
use signaling_protocol::{InviteId, MeasureByInviteRequest, MeasureReply, MeasureRequest};
use tokio::time::Instant;
use units::Phi;

use crate::connector::CONNECT_TIMEOUT;
use crate::requests::error;
use crate::{ClientError, SignalingClient};

/// A server that answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// From the question to the answer; the first one opens the connection.
    pub took: Duration,
    /// What its clock says, to the second.
    pub server_time: Option<SystemTime>,
}

impl SignalingClient {
    /// Asks whether a Housecall server answers there.
    ///
    /// # Errors
    /// Nobody answers, or somebody else does.
    pub async fn health(&self) -> Result<Health, ClientError> {
        let asked = Instant::now();
        let until = Some(asked + CONNECT_TIMEOUT);
        let way = self.post_way();
        let mut answer = self.request(&way, Method::GET, "/healthz", HeaderMap::new(), None, until).await?;
        let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok());
        let server_time = date.and_then(|date| httpdate::parse_http_date(date).ok());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > HEALTHY.len() {
                break;
            }
        }
        if !answer.status().is_success() || body != HEALTHY {
            return Err(ClientError::NotHousecall);
        }
        Ok(Health { took: asked.elapsed(), server_time })
    }

    /// Sends so much and gets so much, as who holds a link. Made once: made twice it would measure nothing.
    ///
    /// # Errors
    /// The link cannot be used, or too much was measured; or no answer.
    pub async fn measure_by_invite(
        &self,
        invite: InviteId,
        request: &MeasureByInviteRequest,
    ) -> Result<MeasureReply, ClientError> {
        self.ask(Method::POST, &format!("/v1/invites/{invite}/measure"), None, request).await.map_err(error)
    }

    /// The same as somebody who is signed in.
    ///
    /// # Errors
    /// Not signed in, or too much was measured; or no answer.
    pub async fn measure(&self, staff: &Phi<String>, request: &MeasureRequest) -> Result<MeasureReply, ClientError> {
        self.ask(Method::POST, "/v1/measure", Some(staff), request).await.map_err(error)
    }
}

/// What a server says that is well.
const HEALTHY: &[u8] = b"ok\n";
