//! One method for each thing that can be asked of the server.

use hyper::Method;
use serde::{Deserialize, Serialize};
use signaling_protocol::{
    ChallengeReply, CreateInviteReply, CreateInviteRequest, CreateVisitReply, EndpointId, EndpointRequest,
    HostJoinRequest, IceReply, InviteId, JoinReply, JoinRequest, SendReply, SendRequest, VisitId,
};
use units::Phi;

use crate::backoff::Backoff;
use crate::changes::Changes;
use crate::error::Failure;
use crate::{ClientError, SignalingClient};

/// `{}`: the body of requests that say all in their path.
#[derive(Serialize, Deserialize)]
pub(crate) struct Empty {}

/// What goes wrong is in every case a [`ClientError`]; what the server may refuse, and why, stands in `PROTOCOL.md`.
///
/// `staff` is the token of [`SignInReply`](signaling_protocol::SignInReply), `endpoint` that of [`JoinReply`].
impl SignalingClient {
    /// Makes a visit.
    ///
    /// # Errors
    /// Not signed in as a clinician; or no answer.
    pub async fn create_visit(&self, staff: &Phi<String>) -> Result<CreateVisitReply, ClientError> {
        self.ask(Method::POST, "/v1/visits", Some(staff), &Empty {}).await.map_err(error)
    }

    /// Makes an invite to a visit.
    ///
    /// # Errors
    /// Not the visit's clinician, or the visit is over; or no answer.
    pub async fn create_invite(
        &self,
        staff: &Phi<String>,
        visit: VisitId,
        request: &CreateInviteRequest,
    ) -> Result<CreateInviteReply, ClientError> {
        self.ask_by_both_ways(Method::POST, &format!("/v1/visits/{visit}/invites"), Some(staff), request)
            .await
            .map_err(error)
    }

    /// Asks what to sign to join by an invite.
    ///
    /// # Errors
    /// Too many requests; or no answer.
    pub async fn challenge(&self, invite: InviteId) -> Result<ChallengeReply, ClientError> {
        let path = format!("/v1/invites/{invite}/challenge");
        let reply = self.ask_by_both_ways(Method::POST, &path, None, &Empty {}).await.map_err(error);
        reply.inspect(|reply: &ChallengeReply| self.keep_phone(reply.phone.as_ref()))
    }

    /// Joins by an invite: into the waiting room.
    ///
    /// # Errors
    /// The link cannot be used; or no answer.
    pub async fn join_guest(&self, invite: InviteId, request: &JoinRequest) -> Result<JoinReply, ClientError> {
        self.ask_by_both_ways(Method::POST, &format!("/v1/invites/{invite}/join"), None, request).await.map_err(error)
    }

    /// Joins as the visit's clinician.
    ///
    /// # Errors
    /// Not the visit's clinician, or the visit is over; or no answer.
    pub async fn join_host(
        &self,
        staff: &Phi<String>,
        visit: VisitId,
        request: &HostJoinRequest,
    ) -> Result<JoinReply, ClientError> {
        // Once: a copy that comes late could put out the device that its user went on to meanwhile.
        self.ask(Method::POST, &format!("/v1/visits/{visit}/join"), Some(staff), request).await.map_err(error)
    }

    /// Asks for the servers by which a path is found.
    ///
    /// # Errors
    /// Not in the visit; or no answer.
    pub async fn ice(&self, endpoint: &Phi<String>, visit: VisitId) -> Result<IceReply, ClientError> {
        self.ask_by_both_ways(Method::GET, &format!("/v1/visits/{visit}/ice"), Some(endpoint), &()).await.map_err(error)
    }

    /// Sends boxes, once. [`Outbox`](crate::Outbox) sends them until they have arrived.
    ///
    /// # Errors
    /// What the server refuses; or no answer, and then nobody knows whether they arrived: send the same again.
    pub async fn send(
        &self,
        endpoint: &Phi<String>,
        visit: VisitId,
        request: &SendRequest,
    ) -> Result<SendReply, ClientError> {
        self.send_once(endpoint, visit, request).await.map_err(error)
    }

    /// Lets somebody in.
    ///
    /// # Errors
    /// Not the host, or nobody of that id waits; or no answer.
    pub async fn admit(&self, endpoint: &Phi<String>, visit: VisitId, whom: EndpointId) -> Result<(), ClientError> {
        self.about(endpoint, visit, "admit", whom).await
    }

    /// Does not let somebody in.
    ///
    /// # Errors
    /// Not the host, or nobody of that id waits; or no answer.
    pub async fn deny(&self, endpoint: &Phi<String>, visit: VisitId, whom: EndpointId) -> Result<(), ClientError> {
        self.about(endpoint, visit, "deny", whom).await
    }

    /// Takes somebody out.
    ///
    /// # Errors
    /// Not the host, or nobody of that id is there; or no answer.
    pub async fn remove(&self, endpoint: &Phi<String>, visit: VisitId, whom: EndpointId) -> Result<(), ClientError> {
        self.about(endpoint, visit, "remove", whom).await
    }

    /// Ends the visit for all.
    ///
    /// # Errors
    /// Not the host; or no answer.
    pub async fn end(&self, endpoint: &Phi<String>, visit: VisitId) -> Result<(), ClientError> {
        self.plain(endpoint, visit, "end").await
    }

    /// Leaves the visit.
    ///
    /// # Errors
    /// Not in the visit; or no answer.
    pub async fn leave(&self, endpoint: &Phi<String>, visit: VisitId) -> Result<(), ClientError> {
        self.plain(endpoint, visit, "leave").await
    }

    /// Makes a request again and again, with growing pauses, until there is an answer that another try would not change. A
    /// server that says when to come again is left alone until then; a [changed network](Self::network_changed) ends a pause.
    ///
    /// For requests that do no harm when made twice. It never gives up by itself: whoever can wait no longer drops it.
    ///
    /// # Errors
    /// Only what [`is definite`](ClientError::is_definite).
    pub async fn until_definite<T>(
        &self,
        request: impl AsyncFnMut() -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        ask_until_definite(&mut self.network(), request).await
    }

    pub(crate) async fn send_once(
        &self,
        endpoint: &Phi<String>,
        visit: VisitId,
        request: &SendRequest,
    ) -> Result<SendReply, Failure> {
        self.ask_by_both_ways(Method::POST, &format!("/v1/visits/{visit}/messages"), Some(endpoint), request).await
    }

    async fn about(
        &self,
        endpoint: &Phi<String>,
        visit: VisitId,
        what: &str,
        whom: EndpointId,
    ) -> Result<(), ClientError> {
        let path = format!("/v1/visits/{visit}/{what}");
        let request = EndpointRequest { endpoint: whom };
        let Empty {} = self.ask_by_both_ways(Method::POST, &path, Some(endpoint), &request).await.map_err(error)?;
        Ok(())
    }

    async fn plain(&self, endpoint: &Phi<String>, visit: VisitId, what: &str) -> Result<(), ClientError> {
        let path = format!("/v1/visits/{visit}/{what}");
        let Empty {} = self.ask_by_both_ways(Method::POST, &path, Some(endpoint), &Empty {}).await.map_err(error)?;
        Ok(())
    }
}

/// [`SignalingClient::until_definite`], for whoever hears of changes of the network.
async fn ask_until_definite<T>(
    network: &mut Changes,
    mut request: impl AsyncFnMut() -> Result<T, ClientError>,
) -> Result<T, ClientError> {
    let mut backoff = Backoff::default();
    loop {
        match request().await {
            Err(error) if !error.is_definite() => {
                if network.pause(backoff.next_delay(), error.retry_after().unwrap_or_default()).await {
                    backoff.reset();
                }
            }
            answer => return answer,
        }
    }
}

pub(crate) fn error(failure: Failure) -> ClientError {
    failure.error
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use signaling_protocol::Code;
    use tokio::time::Instant;

    use super::*;
    use crate::Refusal;
    use crate::changes::Changed;

    #[tokio::test(start_paused = true)]
    async fn a_request_is_made_until_the_answer_is_definite() {
        let mut tries = 0;
        let began = Instant::now();
        let answer = ask_until_definite(&mut Changed::new().listen(), async || {
            tries += 1;
            match tries {
                ..100 => Err(ClientError::Unreachable),
                100 => Err(ClientError::Refused(Code::StorageFailed.into())),
                _ => Err::<(), _>(ClientError::Refused(Code::VisitEnded.into())),
            }
        })
        .await;
        assert_eq!(answer, Err(ClientError::Refused(Code::VisitEnded.into())));
        assert_eq!(tries, 101);
        // Full jitter of at most 8 s: 4 s a pause on the average, and surely not a storm.
        let took = began.elapsed();
        assert!(took > Duration::from_secs(200) && took < Duration::from_secs(800), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_is_left_alone_for_as_long_as_it_asked() {
        let mut tries = 0;
        let began = Instant::now();
        let answer = ask_until_definite(&mut Changed::new().listen(), async || {
            tries += 1;
            let retry_after = Some(Duration::from_secs(30));
            match tries {
                1..=3 => Err(ClientError::Refused(Refusal { retry_after, ..Code::TooManyRequests.into() })),
                _ => Ok(()),
            }
        })
        .await;
        assert_eq!((answer, tries), (Ok(()), 4));
        assert!(began.elapsed() >= Duration::from_secs(90), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_change_of_the_network_a_request_is_made_at_once() {
        let changed = Changed::new();
        let mut network = changed.listen();
        let (mut tries, mut pauses, began) = (0, Vec::new(), Instant::now());
        let answer = ask_until_definite(&mut network, async || {
            tries += 1;
            pauses.push(began.elapsed());
            match tries {
                ..20 => {
                    // While it waits: the network is told of right after the try failed.
                    changed.tell();
                    Err(ClientError::Unreachable)
                }
                _ => Ok(()),
            }
        })
        .await;
        assert_eq!((answer, began.elapsed()), (Ok(()), Duration::ZERO));
    }
}
