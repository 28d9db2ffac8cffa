//! Somebody of the staff who signs in without a window: by what is kept of them in the system's keyring, where there is one, and
//! by what files say.

use std::sync::Arc;
use std::time::{Duration, Instant};

use desk::{DeskInput, DeviceStanding, Keeping, KeysConfig, Loaded};
use signaling_client::{ClientError, SignalingClient};
use signaling_protocol::{Code, SignInReply};
use tokio::sync::mpsc;
use trust::{DeviceIdentity, ServerAddress, TlsPin};
use units::{Clock, Phi};

use crate::auditor::Auditor;
use crate::headless::{Account, InputError, Pin, client, random};
use crate::identity;
use crate::keys::{Kept, KeysDriver, KeysHandle, KeysOf, Vault, keys_place};
use crate::pictures::Repaint;
use crate::proxies::ProxyFinder;

/// How long the keyring and the server may take to say how this machine's device stands.
const SAID_WITHIN: Duration = Duration::from_secs(15);

/// How long a device that seems not to be certified may take to fetch its certificate, if it has one meanwhile.
const FETCHED_WITHIN: Duration = Duration::from_secs(3);

/// What waits of a device's news. Two come of one that is certified.
const NEWS: usize = 8;

/// Whether a session that a keyring keeps goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Going {
    /// The kept one, and what it goes on by is kept again. The digits of a second factor are good once, so a script could not
    /// give one command after the other without it.
    On,
    /// A session of its own: for a program that stays, beside which others go on with the kept one.
    Alone,
}

/// Somebody who has signed in.
pub(crate) struct SignedIn {
    pub(crate) client: SignalingClient,
    pub(crate) reply: SignInReply,
    pub(crate) address: ServerAddress,
    pub(crate) pin: Option<TlsPin>,
    clock: Clock,
    account: Phi<String>,
    vault: Vault,
    place: String,
    going: Going,
}

impl SignedIn {
    pub(crate) async fn by(
        account: &Account,
        proxies: Arc<ProxyFinder>,
        going: Going,
        clock: Clock,
    ) -> Result<Self, InputError> {
        let address = account.address()?;
        let pin = account.pin.map(|Pin(pin)| pin);
        let client = client(proxies, &address, pin.as_ref())?;
        // A secret that cannot be used is known before the server is asked.
        account.digits()?;
        let (vault, place) = (Vault::start(), keys_place(&account.user, &address));
        let kept = Kept::load(&vault, &place).await;
        let gone_on = match &kept.session {
            Some(session) if going == Going::On => Some(client.unlock(session, &account.password).await),
            _ => None,
        };
        let reply = match gone_on {
            // It is over; the digits begin another.
            Some(Err(ClientError::Refused(refusal)))
                if refusal.code == Code::NotSignedIn && account.totp_secret.is_some() =>
            {
                None
            }
            reply => reply,
        };
        let reply = match reply {
            Some(reply) => reply,
            None => account.sign_in_now(&client, kept.device_token.as_ref()).await,
        };
        let reply = reply.map_err(InputError::SignIn)?;
        let account = account.user.clone();
        let signed_in = Self { client, reply, address, pin, clock, account, vault, place, going };
        signed_in.keep().await;
        Ok(signed_in)
    }

    /// Looks whether the clinic's audit log goes on from what this machine keeps of it, if it keeps anything. What is wrong with
    /// it is in the program's own log; whatever was to be done is done.
    pub(crate) async fn look_at_log(&self, of: &Account) {
        if of.known_file.is_some()
            && let Err(error) = self.auditor(of).look().await
        {
            tracing::debug!(%error, "the audit log was not looked at");
        }
    }

    /// Whoever has signed in, as they ask for the audit log.
    pub(crate) fn auditor(&self, of: &Account) -> Auditor {
        let path = of.known_file.as_ref().map(|path| path.with_extension("logs"));
        Auditor::new(self.client.clone(), self.reply.token.clone(), path.as_deref(), &self.address, None)
    }

    /// Keeps what the session goes on by, which may have gone on meanwhile, and by what the server knows this device.
    pub(crate) async fn keep(&self) {
        let (session, device) = (self.client.kept().borrow().clone(), self.client.device_token().borrow().clone());
        let kept = Kept::load(&self.vault, &self.place).await;
        let session = if self.going == Going::On { session } else { kept.session };
        let device_token = device.or(kept.device_token);
        Kept { device_token, session }.keep(&self.vault, &self.place).await;
    }

    /// Opens the keys of this account on this machine; the news are for whoever waits for a certificate. Where there is no
    /// keyring nothing is opened: keys would be made, and be gone with this program.
    pub(crate) async fn keys(&self) -> Result<(KeysHandle, mpsc::Receiver<DeskInput>), InputError> {
        match self.vault.load(self.place.clone()).await {
            Loaded::Read { keeping: Keeping::Memory, .. } => return Err(InputError::NoKeyring),
            Loaded::Locked => return Err(InputError::NotCertified(stands(&DeviceStanding::KeyringLocked))),
            Loaded::Read { keeping: Keeping::Keyring, .. } => {}
        }
        let config = KeysConfig {
            role: self.reply.role,
            account: self.account.clone(),
            unix_at_zero: identity::unix_at_zero(self.clock),
        };
        let (client, token) = (self.client.clone(), self.reply.token.clone());
        let of = KeysOf { config, client, token, place: self.place.clone() };
        let (news_out, news) = mpsc::channel(NEWS);
        let repaint: Repaint = Arc::new(|| {});
        // It ends with the handle.
        let (keys, _) = KeysDriver::open(of, self.vault.clone(), (self.clock, repaint), news_out, random()?);
        Ok((keys, news))
    }

    /// This machine's device, if the clinic has certified it for what the account is for.
    pub(crate) async fn device(&self) -> Result<DeviceIdentity, InputError> {
        let (mut keys, mut news) = self.keys().await?;
        let mut until = Instant::now() + SAID_WITHIN;
        let mut was_opening = true;
        loop {
            let standing = keys.snapshot().device;
            if was_opening && standing != DeviceStanding::Opening {
                was_opening = false;
                until = until.min(Instant::now() + FETCHED_WITHIN);
            }
            tokio::select! {
                input = news.recv() => match input {
                    Some(DeskInput::Identity(Some(identity))) => return Ok(*identity),
                    Some(DeskInput::SignedOut) | None => return Err(InputError::NotCertified(stands(&standing))),
                    Some(_) => {}
                },
                () = keys.changed() => {}
                () = tokio::time::sleep_until(until.into()) => return Err(InputError::NotCertified(stands(&standing))),
            }
        }
    }
}

/// Why a device is none that the clinic vouches for, for a script.
pub(crate) fn stands(device: &DeviceStanding) -> &'static str {
    match device {
        DeviceStanding::Opening => "the keyring or the server does not answer; try again",
        DeviceStanding::KeyringLocked => "unlock this machine's keyring and try again",
        DeviceStanding::KeyringUnreadable => "what its keyring keeps is of another app, or broken",
        DeviceStanding::NoClinic => "no admin has set the clinic up yet: headless keys set-up",
        DeviceStanding::Waiting | DeviceStanding::Comparing(_) | DeviceStanding::Confirmed => {
            "it waits for an admin to compare digits: headless keys ask, and headless keys let-in"
        }
        DeviceStanding::Differ | DeviceStanding::Refused => "an admin refused it, or nobody answered for a day",
        DeviceStanding::Certified { .. } => "it is certified for something else than this account is for",
        DeviceStanding::Over => "its certificate is over; an admin who signs in renews it",
        DeviceStanding::Replaced => "the clinic was recovered, and an admin has to certify it anew",
        DeviceStanding::Revoked => "the clinic has locked it",
        DeviceStanding::AnotherClinic => "it belongs to another clinic than this server's",
    }
}
