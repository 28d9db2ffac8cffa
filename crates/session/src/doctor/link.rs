//! Whether the server answers, and how fast the link to it is.

use std::time::{Duration, SystemTime};

use ::doctor::{Fault, LinkState, Outcome, Rate, Rates, Rung, Trial, Way};
use signaling_client::{ClientError, Health, SignalingClient};
use signaling_protocol::{
    Base64, Challenge, Code, MEASURE_BYTES, MeasureByInviteRequest, MeasureReply, MeasureRequest, SignInRequest,
    Signature,
};
use tokio::time::{Instant, timeout};
use trust::Link;
use units::{DataRate, Phi};

use super::Clinic;
use super::rungs::{Found, LIMIT, Server};
use crate::headless::{Account, InputError, random};

/// How long each direction is measured, but for what is under way then.
const EACH_WAY: Duration = Duration::from_millis(1_200);
/// What is under way then may take so long: on less than 5 kbps.
const AT_MOST: Duration = Duration::from_secs(10);
/// More than a visit can use: so little, sent so fast, says no more.
const MOST: DataRate = DataRate::from_kbps(20_000);
/// From little to much: a thin link is measured by the first, a fast one shows what it can with the last.
const SIZES: [usize; 5] = [4_096, 16_384, MEASURE_BYTES, MEASURE_BYTES, MEASURE_BYTES];

/// What a thin link is told by: it goes out with the first packets of a connection (RFC 6928).
const LITTLE: usize = SIZES[0];
/// A picture that moves takes less.
const NOT_THIN: DataRate = DataRate::from_kbps(200);

/// Asks whether the clinic's server answers, by the app's own way, and straight where that is by a proxy. By how many seconds
/// this machine's clock is ahead of the server's.
pub(super) async fn health(client: &SignalingClient, server: &Server, found: Found) -> Option<i64> {
    let own = server.ways()[0];
    let asked = async {
        // The client only says that there was no answer, and not why; what it opens beside it does.
        let (first, opened) = tokio::join!(in_time(client), server.open(own));
        // The first one opens the connection; the second is a round trip.
        let second = if first.is_ok() { in_time(client).await } else { first.clone() };
        let wall = SystemTime::now();
        let outcome = match (&second, &first) {
            (Ok(health), _) | (Err(_), Ok(health)) => Outcome::Works { took_ms: health.took.as_millis() as u64 },
            (Err(ClientError::Unreachable | ClientError::ProxyScript(_)), _) => {
                Outcome::Fails { why: opened.err().unwrap_or(Fault::Broken) }
            }
            (Err(error), _) => Outcome::Fails { why: fault(error) },
        };
        let _ = found.send(Trial { rung: Rung::Https, way: own, with: server.with(), outcome, seen: None });
        second.ok()?.server_time.map(|there| ahead(wall, there))
    };
    let straight = async {
        if own == Way::Straight {
            return;
        }
        let outcome = match server.open(Way::Straight).await {
            Ok(took) => Outcome::Works { took_ms: took.as_millis() as u64 },
            Err(why) => Outcome::Fails { why },
        };
        let _ = found.send(Trial { rung: Rung::Https, way: Way::Straight, with: server.with(), outcome, seen: None });
    };
    tokio::join!(asked, straight).0
}

/// The same by one question on the app's own way: opened beside it is something only where it fails, to learn why.
pub(super) async fn reached(client: &SignalingClient, server: &Server) -> (Trial, Option<i64>) {
    let way = server.ways()[0];
    let asked = in_time(client).await;
    let wall = SystemTime::now();
    let outcome = match &asked {
        Ok(health) => Outcome::Works { took_ms: health.took.as_millis() as u64 },
        Err(ClientError::Unreachable | ClientError::ProxyScript(_)) => {
            Outcome::Fails { why: server.open(way).await.err().unwrap_or(Fault::Broken) }
        }
        Err(error) => Outcome::Fails { why: fault(error) },
    };
    let clock_ahead_secs = asked.ok().and_then(|health| health.server_time).map(|there| ahead(wall, there));
    (Trial { rung: Rung::Https, way, with: server.with(), outcome, seen: None }, clock_ahead_secs)
}

async fn in_time(client: &SignalingClient) -> Result<Health, ClientError> {
    timeout(LIMIT, client.health()).await.unwrap_or(Err(ClientError::Unreachable))
}

fn fault(error: &ClientError) -> Fault {
    match error {
        ClientError::PinMismatch => Fault::OtherCertificate,
        ClientError::CertificateNotTrusted | ClientError::NoAuthorities => Fault::Untrusted,
        ClientError::TooOldTls => Fault::TooOldTls,
        ClientError::NotHousecall => Fault::Stranger,
        ClientError::ProxyScript(_) => Fault::ProxyScript,
        ClientError::Unreachable | ClientError::BadAddress | ClientError::Refused(_) => Fault::Broken,
    }
}

fn ahead(here: SystemTime, there: SystemTime) -> i64 {
    let secs = |span: Duration| i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    here.duration_since(there).map_or_else(|behind| -secs(behind.duration()), secs)
}

/// By what measuring is allowed.
enum Proof {
    Link { link: Box<Link>, challenge: Challenge, signature: Signature },
    Staff(Phi<String>),
}

/// Measures by questions and answers of some size.
pub(super) struct Measuring<'a> {
    client: &'a SignalingClient,
    proof: Option<Proof>,
    link: LinkState,
    relays: Option<Vec<String>>,
    /// What there is instead of a rate without a proof.
    without: Rate,
    /// The shortest time of a question without a size.
    least: Duration,
}

impl<'a> Measuring<'a> {
    /// Proves who asks, and asks for nothing yet but where relays are.
    pub(super) async fn begin(clinic: &Clinic, client: &'a SignalingClient) -> Result<Self, InputError> {
        let is_asked = !matches!(clinic, Clinic::Server { .. });
        let without = if is_asked { Rate::NoAnswer } else { Rate::NotAsked };
        let nobody =
            Self { client, proof: None, link: LinkState::Unknown, relays: None, without, least: Duration::MAX };
        let proof = match clinic {
            Clinic::Server { .. } => None,
            Clinic::Account(account) => sign_in(account, client).await?,
            Clinic::Link(link) => client.challenge(link.invite).await.ok().map(|reply| {
                let challenge = reply.challenge;
                let signature = link.secret.sign_measure(link.invite, &challenge);
                Proof::Link { link: Box::new(link.clone()), challenge, signature }
            }),
        };
        let mut measuring = Self { proof, ..nobody };
        if measuring.proof.is_none() {
            return Ok(measuring);
        }
        let is_link = matches!(clinic, Clinic::Link(_));
        match measuring.ask(0, 0).await {
            Ok((reply, _)) => {
                measuring.link = if is_link { LinkState::Good } else { LinkState::Unknown };
                measuring.relays = Some(reply.relays);
            }
            Err(error) => {
                measuring.link = state(&error);
                measuring.without = why_not(&error);
                measuring.proof = None;
            }
        }
        Ok(measuring)
    }

    pub(super) fn link(&self) -> LinkState {
        self.link
    }

    /// The relays that the clinic has, if it said so.
    pub(super) fn relays(&self) -> Option<&[String]> {
        self.relays.as_deref()
    }

    /// How fast the link is at least, each way by itself.
    pub(super) async fn rate(&mut self) -> Rate {
        if self.proof.is_none() {
            return self.without;
        }
        let measured = async {
            // The shortest of a few, since one may be late.
            for _ in 0..2 {
                self.ask(0, 0).await?;
            }
            let down = self.one_way(|size| (0, size)).await?;
            let up = self.one_way(|size| (size, 0)).await?;
            Ok(Rate::AtLeast(Rates { up, down }))
        };
        measured.await.unwrap_or_else(|error| why_not(&error))
    }

    /// Likewise, by no more than a few kilobytes each way: it tells a thin link from one that is not, and fills none for long.
    pub(super) async fn rate_by_little(&mut self) -> Rate {
        if self.proof.is_none() {
            return self.without;
        }
        let measured = async {
            let down = self.by_little(|size| (0, size)).await?;
            let up = self.by_little(|size| (size, 0)).await?;
            Ok(Rate::AtLeast(Rates { up, down }))
        };
        measured.await.unwrap_or_else(|error| why_not(&error))
    }

    /// By one question, and one more if the first was late: a packet that was lost makes it so.
    async fn by_little(&mut self, sizes: impl Fn(usize) -> (usize, usize)) -> Result<DataRate, ClientError> {
        let mut best = DataRate::ZERO;
        for _ in 0..2 {
            let (up, down) = sizes(LITTLE);
            let (_, took) = self.ask(up, down).await?;
            best = best.max(self.rate_of(LITTLE, took));
            if best >= NOT_THIN {
                break;
            }
        }
        Ok(best)
    }

    /// What the link carried if so much took so long.
    fn rate_of(&self, size: usize, took: Duration) -> DataRate {
        // A round trip is over before the first byte counts; never more than half of it all.
        let span = took.saturating_sub(self.least).max(took / 2);
        DataRate::of_bytes(on_the_wire(size), span).min(MOST)
    }

    /// The best of some sizes: each took no less than the link needed for it.
    async fn one_way(&mut self, sizes: impl Fn(usize) -> (usize, usize)) -> Result<DataRate, ClientError> {
        let (begun, mut best) = (Instant::now(), DataRate::ZERO);
        for size in SIZES {
            let enough = begun.elapsed() >= EACH_WAY || best >= MOST;
            if enough || (best > DataRate::ZERO && best.time_for(on_the_wire(size)) > EACH_WAY) {
                break;
            }
            let (up, down) = sizes(size);
            let took = match self.ask(up, down).await {
                Ok((_, took)) => took,
                // What was measured counts.
                Err(_) if best > DataRate::ZERO => break,
                Err(error) => return Err(error),
            };
            best = best.max(self.rate_of(size, took));
        }
        Ok(best)
    }

    /// One question; how long until all of the answer was there.
    async fn ask(&mut self, up: usize, down: usize) -> Result<(MeasureReply, Duration), ClientError> {
        let measure = MeasureRequest { padding: Base64(padding(up)), bytes: down };
        let proof = self.proof.as_ref().ok_or(ClientError::Unreachable)?;
        let asked = Instant::now();
        let answer = async {
            match proof {
                Proof::Staff(token) => self.client.measure(token, &measure).await,
                Proof::Link { link, challenge, signature } => {
                    let request = MeasureByInviteRequest {
                        challenge: *challenge,
                        signature: *signature,
                        measure: measure.clone(),
                    };
                    self.client.measure_by_invite(link.invite, &request).await
                }
            }
        };
        let reply = timeout(AT_MOST, answer).await.map_err(|_| ClientError::Unreachable)??;
        let took = asked.elapsed();
        self.least = self.least.min(took);
        Ok((reply, took))
    }
}

/// Why there is no rate.
fn why_not(error: &ClientError) -> Rate {
    match error {
        ClientError::Refused(refusal) if refusal.code == Code::TooManyRequests => Rate::TooOften,
        _ => Rate::NoAnswer,
    }
}

/// What a refusal says of a link.
fn state(error: &ClientError) -> LinkState {
    match error {
        ClientError::Refused(refusal) => match refusal.code {
            Code::InviteNotUsable => LinkState::Unusable,
            Code::InviteExpired => LinkState::Expired,
            Code::VisitEnded => LinkState::Ended,
            // A server that does not know the question, or was asked too often.
            _ => LinkState::Unknown,
        },
        _ => LinkState::Unknown,
    }
}

async fn sign_in(account: &Account, client: &SignalingClient) -> Result<Option<Proof>, InputError> {
    // A secret that cannot be used is known before the server is asked.
    let totp = account.digits()?;
    let request = SignInRequest::new(account.user.clone(), account.password.clone(), totp);
    match client.sign_in(&request).await {
        Ok(reply) => Ok(Some(Proof::Staff(reply.token))),
        Err(error @ ClientError::Refused(_)) if error.is_definite() => Err(InputError::SignIn(error)),
        Err(_) => Ok(None),
    }
}

/// As base64 makes it.
fn on_the_wire(bytes: usize) -> u64 {
    (bytes as u64 * 4).div_ceil(3)
}

/// Nothing on the way makes this shorter; nobody needs to be unable to guess it.
fn padding(bytes: usize) -> Vec<u8> {
    use rand::Rng as _;
    let mut padding = vec![0; bytes];
    if let Ok(mut random) = random() {
        random.fill_bytes(&mut padding);
    }
    padding
}
