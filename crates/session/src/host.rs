//! How a headless clinician comes to a visit: sign in, make it, make its link.

use std::sync::Arc;
use std::time::{Duration, Instant};

use signaling_client::{ClientError, SignalingClient};
use signaling_protocol::{CreateInviteRequest, GuestRole, InviteId, InviteKey, VisitId};
use trust::{InviteSecret, Link};
use units::{Clock, Phi};

use crate::headless::{Account, Host, InputError, Pin, client, random_bytes};
use crate::identity;
use crate::office::{DeviceBy, LINK_LIFETIME, Office};
use crate::proxies::ProxyFinder;
use crate::recorder::Recorder;
use crate::signed_in::{Going, SignedIn};
use crate::whole_file::WholeFile;

/// What a visit needs.
pub(crate) struct Prepared {
    /// Whose it is.
    pub(crate) party: call::Party,
    /// The server.
    pub(crate) client: SignalingClient,
    /// The staff's token.
    pub(crate) token: Phi<String>,
    /// How long it was planned to take.
    pub(crate) longest: Option<Duration>,
}

/// Signs in, makes the visit and its link, all within `give_up`. The outer error is the caller's fault, the inner one
/// the server's answer, or that there was none.
pub(crate) async fn prepare(
    host: Host,
    proxies: Arc<ProxyFinder>,
    give_up: Duration,
    clock: Clock,
    recorder: &mut Recorder,
) -> Result<Result<Prepared, ClientError>, InputError> {
    if let Some(visit) = host.visit {
        return open(&host, visit, proxies, give_up, clock, recorder).await;
    }
    let address = host.account.address()?;
    let pin = host.account.pin.map(|Pin(pin)| pin);
    let client = client(proxies, &address, pin.as_ref())?;
    let key = match (&host.device, &host.identity) {
        (Some(device), _) => device.as_identity(),
        (None, Some(folder)) => identity::load_or_make(folder, random_bytes()?)?,
        (None, None) => random_bytes()?,
    };
    let device = identity::clinic_of_one(&key, Some(host.account.user.expose()), clock)?;
    let path = host.invite_out.clone().unwrap_or_default();
    let unwritable = |source| InputError::InviteOut { path: path.clone(), source };
    let link_file = WholeFile::prepare(&path).map_err(unwritable)?;
    // A secret that cannot be used is known before the server is asked.
    host.account.digits()?;
    let secret = InviteSecret::from_random(random_bytes()?);
    let made = make(&client, &host.account, secret.invite_key(), clock, recorder);
    let (visit, invite, token) = match tokio::time::timeout(give_up, made).await {
        Ok(Ok(made)) => made,
        Ok(Err(error)) => return Ok(Err(error)),
        Err(_too_long) => return Ok(Err(ClientError::Unreachable)),
    };
    let not_after = identity::unix_now(clock).plus(LINK_LIFETIME.as_secs());
    let invites = vec![call::HostInvite {
        invite,
        secret: secret.clone(),
        visit,
        not_after,
        patient: None,
        code: None,
        role: GuestRole::Patient,
    }];
    let link = Link {
        server: address,
        app_only: pin.is_some(),
        invite,
        secret,
        clinic_key: device.clinic(),
        epoch: Some(device.epoch().0),
        pin,
    };
    link_file.finish(format!("{link}\n").as_bytes()).map_err(unwritable)?;
    let party = call::Party::Host { device, visit, invites };
    Ok(Ok(Prepared { party, client, token, longest: None }))
}

/// A visit that was planned before, by what colleagues share about it.
async fn open(
    host: &Host,
    visit: VisitId,
    proxies: Arc<ProxyFinder>,
    give_up: Duration,
    clock: Clock,
    recorder: &mut Recorder,
) -> Result<Result<Prepared, ClientError>, InputError> {
    let device = match (&host.device, &host.identity) {
        (Some(device), _) => DeviceBy::Secret(device),
        (None, Some(folder)) => DeviceBy::Folder(folder),
        (None, None) => DeviceBy::Keyring,
    };
    // Who has the second factor's secret needs no session of anybody else's: this program stays, and others may go on with the
    // kept one meanwhile.
    let going = if host.account.totp_secret.is_some() { Going::Alone } else { Going::On };
    let opened = async {
        let signed_in = SignedIn::by(&host.account, proxies, going, clock).await?;
        recorder.signed_in(clock.timestamp(Instant::now()));
        let office = Office::open(&signed_in, &host.account, device, clock).await?;
        let (party, longest) = office.host(visit).await?;
        signed_in.keep().await;
        Ok(Prepared { party, client: office.client, token: office.token, longest })
    };
    match tokio::time::timeout(give_up, opened).await {
        Ok(Ok(prepared)) => Ok(Ok(prepared)),
        Ok(Err(InputError::SignIn(error) | InputError::Asked(error))) => Ok(Err(error)),
        Ok(Err(error)) => Err(error),
        Err(_too_long) => Ok(Err(ClientError::Unreachable)),
    }
}

async fn make(
    client: &SignalingClient,
    account: &Account,
    invite_key: InviteKey,
    clock: Clock,
    recorder: &mut Recorder,
) -> Result<(VisitId, InviteId, Phi<String>), ClientError> {
    let signed_in = account.sign_in(client).await?;
    recorder.signed_in(clock.timestamp(Instant::now()));
    let token = signed_in.token;
    let visit = client.until_definite(async || client.create_visit(&token).await).await?.visit;
    let request = CreateInviteRequest::new(invite_key, LINK_LIFETIME.as_secs());
    let invite = client.until_definite(async || client.create_invite(&token, visit, &request).await).await?.invite;
    Ok((visit, invite, token))
}
