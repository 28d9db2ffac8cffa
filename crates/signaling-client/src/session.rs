//! The session of who signed in by a client: its newest token, and the next one in time.
//!
//! A token is good for a quarter of an hour. Whoever uses the client keeps the one that it was given first: it stands for its
//! session, and each request goes out with the newest. The next is asked for when a request is made and the newest has a
//! minute left, or when a server no longer knows it. So nothing runs by a timer, and a laptop that slept goes on.

use std::time::Duration;

use hyper::Method;
use rand::TryRng;
use rand::rngs::SysRng;
use signaling_protocol::{Base64, Code, RefreshRequest, SignInReply, SignInRequest, SignUpReply, SignUpRequest};
use tokio::sync::watch;
use tokio::time::Instant;
use units::Phi;

use crate::error::Failure;
use crate::requests::{Empty, error};
use crate::{ClientError, SignalingClient};

/// What a session goes on by when the app has been closed meanwhile. For the system's keyring, or a file that a script
/// names for it, and no other place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSession {
    /// The session's newest.
    pub refresh_token: Phi<String>,
    /// What is sent with it: drawn once for each, so that asking twice is not taken for a copied token.
    pub nonce: Phi<Base64>,
}

/// The session of this client, and its clones.
#[derive(Debug)]
pub(crate) struct Sessions {
    current: tokio::sync::Mutex<Option<Current>>,
    kept: watch::Sender<Option<KeptSession>>,
    device: watch::Sender<Option<Phi<String>>>,
}

#[derive(Debug)]
struct Current {
    /// All tokens of the session so far, the newest last.
    tokens: Vec<Phi<String>>,
    ends: Instant,
    kept: KeptSession,
}

/// How long before its end a token is not used any more: a request takes as long on a bad link.
const MARGIN: Duration = Duration::from_secs(60);

impl Sessions {
    pub(crate) fn new() -> Self {
        Self {
            current: tokio::sync::Mutex::default(),
            kept: watch::Sender::new(None),
            device: watch::Sender::new(None),
        }
    }
}

impl Current {
    fn is_of(&self, token: &Phi<String>) -> bool {
        self.tokens.contains(token)
    }

    fn newest(&self) -> Option<&Phi<String>> {
        self.tokens.last()
    }
}

impl SignalingClient {
    /// Signs a member of the staff in. From now on this client keeps the session going.
    ///
    /// # Errors
    /// Wrong name, password or second factor; or no answer.
    pub async fn sign_in(&self, request: &SignInRequest) -> Result<SignInReply, ClientError> {
        let reply = self.ask(Method::POST, "/v1/auth/sign-in", None, request).await.map_err(error)?;
        self.begin(&reply).await;
        Ok(reply)
    }

    /// Begins by a one-time code, and signs in.
    ///
    /// # Errors
    /// A wrong code, password or second factor; or no answer.
    pub async fn sign_up(&self, request: &SignUpRequest) -> Result<SignUpReply, ClientError> {
        let reply: SignUpReply = self.ask(Method::POST, "/v1/auth/sign-up", None, request).await.map_err(error)?;
        self.begin(&reply.signed_in).await;
        Ok(reply)
    }

    /// Goes on with a session that was kept, for who knows the account's password.
    ///
    /// # Errors
    /// [`Code::NotSignedIn`] when the session is over; a wrong password; or no answer.
    pub async fn unlock(&self, kept: &KeptSession, password: &Phi<String>) -> Result<SignInReply, ClientError> {
        let reply = self.refresh(kept, Some(password.clone())).await.map_err(error)?;
        self.begin(&reply).await;
        Ok(reply)
    }

    /// Ends the session of this client, if it has one.
    ///
    /// # Errors
    /// No answer: the session ends by itself within hours.
    pub async fn sign_out(&self) -> Result<(), ClientError> {
        let newest = self.shared.sessions.current.lock().await.as_ref().and_then(|current| current.newest().cloned());
        let Some(token) = newest else { return Ok(()) };
        let result = self.ask::<Empty>(Method::POST, "/v1/auth/sign-out", Some(&token), &Empty {}).await;
        *self.shared.sessions.current.lock().await = None;
        self.shared.sessions.kept.send_replace(None);
        result.map(|Empty {}| ()).map_err(error)
    }

    /// What is to be kept of the session, each time that it is another; none when it is over.
    pub fn kept(&self) -> watch::Receiver<Option<KeptSession>> {
        self.shared.sessions.kept.subscribe()
    }

    /// By what the server knows this device at the next sign-in, once it has said so.
    pub fn device_token(&self) -> watch::Receiver<Option<Phi<String>>> {
        self.shared.sessions.device.subscribe()
    }

    /// The newest token of the session that `token` is of, or `token` itself.
    pub(crate) async fn newest_of(&self, token: &Phi<String>) -> Phi<String> {
        let mut current = self.shared.sessions.current.lock().await;
        let Some(session) = current.as_ref().filter(|session| session.is_of(token)) else { return token.clone() };
        if Instant::now() + MARGIN >= session.ends {
            let kept = session.kept.clone();
            self.renew(&mut current, &kept).await;
        }
        current.as_ref().and_then(Current::newest).unwrap_or(token).clone()
    }

    /// The server did not know `shown`: another token of the session that `token` is of, if there is one.
    pub(crate) async fn another_than(&self, token: &Phi<String>, shown: &Phi<String>) -> Option<Phi<String>> {
        let mut current = self.shared.sessions.current.lock().await;
        let session = current.as_ref().filter(|session| session.is_of(token))?;
        if session.newest() == Some(shown) {
            let kept = session.kept.clone();
            self.renew(&mut current, &kept).await;
        }
        current.as_ref().and_then(Current::newest).filter(|newest| *newest != shown).cloned()
    }

    /// Asks for the next token. When the server says that the session is over, it is; when it says nothing, things stay.
    async fn renew(&self, current: &mut Option<Current>, kept: &KeptSession) {
        match self.refresh(kept, None).await {
            Ok(reply) => self.go_on(current, &reply),
            Err(failure) if failure.last_word().is_some_and(|refusal| refusal.code == Code::NotSignedIn) => {
                *current = None;
                self.shared.sessions.kept.send_replace(None);
            }
            Err(failure) => tracing::debug!(error = %failure.error, "the next token did not come"),
        }
    }

    async fn refresh(&self, kept: &KeptSession, password: Option<Phi<String>>) -> Result<SignInReply, Failure> {
        let KeptSession { refresh_token, nonce } = kept.clone();
        self.ask_as(Method::POST, "/v1/auth/refresh", None, &RefreshRequest { refresh_token, nonce, password }).await
    }

    async fn begin(&self, reply: &SignInReply) {
        let mut current = self.shared.sessions.current.lock().await;
        *current = None;
        if let Some(token) = &reply.device_token {
            self.shared.sessions.device.send_replace(Some(token.clone()));
        }
        self.go_on(&mut current, reply);
    }

    fn go_on(&self, current: &mut Option<Current>, reply: &SignInReply) {
        let mut nonce = vec![0; NONCE_BYTES];
        if let Err(error) = SysRng.try_fill_bytes(&mut nonce) {
            // Without one the session ends with its token.
            tracing::warn!(%error, "the system gives no random numbers");
        }
        let kept = KeptSession { refresh_token: reply.refresh_token.clone(), nonce: Phi::new(Base64(nonce)) };
        let mut tokens = current.take().map(|before| before.tokens).unwrap_or_default();
        tokens.push(reply.token.clone());
        let ends = Instant::now() + Duration::from_secs(reply.expires_in_secs.min(LONGEST));
        *current = Some(Current { tokens, ends, kept: kept.clone() });
        self.shared.sessions.kept.send_replace(Some(kept));
    }
}

/// 128 bits.
const NONCE_BYTES: usize = 16;

/// No server gives longer ones, and a hostile one is not to overflow a clock.
const LONGEST: u64 = 24 * 3600;
