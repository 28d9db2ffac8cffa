//! Signing in: a password and a second factor, and how often somebody may try.

use std::sync::Arc;

use rusqlite::Connection;
use signaling_protocol::{Code, SignInReply, SignInRequest};
use tracing::info;

use super::guesses::{By, Tried};
use super::records::{self, Account};
use super::secrets::{Hash, hash_of, name_hash, token};
use super::{Accounts, Denied, Moment, lock, passwords};
use crate::store::{Actor, AuditId, Event, Failed};

/// What stands in the place of the password's second.
enum Factor {
    /// Digits of this step.
    Step(i64),
    /// A recovery code.
    Code(Hash),
}

impl Accounts {
    /// Signs in, when there is room for hashing.
    pub(crate) async fn sign_in(self: &Arc<Self>, at: Moment, request: SignInRequest) -> Result<SignInReply, Denied> {
        if request.password.expose().len() > passwords::LONGEST_PASSWORD {
            return Err(Code::TooLarge.into());
        }
        self.hashing(move |this| this.sign_in_blocking(at, &request)).await
    }

    /// Signs in. Blocks for as long as hashing a password takes.
    pub(super) fn sign_in_blocking(&self, at: Moment, request: &SignInRequest) -> Result<SignInReply, Denied> {
        let account = lock(&self.database).read(|rows| records::by_name(rows, request.name.expose()))?;
        let tried = (name_hash(request.name.expose()), self.who_tries(at, account.as_ref(), request)?);
        self.begin_try(at, Some(tried))?;
        let result = self.sign_in_counted(at, account.as_ref(), request);
        self.end_try(at, Some(tried), &result);
        if result.as_ref().is_err_and(|denied| denied.code == Code::SignInRefused) {
            info!("a sign-in was refused");
        }
        result
    }

    fn who_tries(&self, at: Moment, account: Option<&Account>, request: &SignInRequest) -> Result<By, Denied> {
        let device = request.device_token.as_ref().map(|token| hash_of(token.expose()));
        if let (Some(account), Some(device)) = (account, device)
            && lock(&self.database).read(|rows| records::knows(rows, account.staff, &device))?
        {
            return Ok(By::Known(device));
        }
        Ok(By::Stranger(at.from))
    }

    fn sign_in_counted(
        &self,
        at: Moment,
        account: Option<&Account>,
        request: &SignInRequest,
    ) -> Result<SignInReply, Denied> {
        // Also when there is no account, or nobody who has begun with it: the answer takes as long.
        let begun = account.map(|account| &account.password_hash).filter(|hash| !hash.is_empty());
        let hash = begun.unwrap_or(&self.nobodys_hash);
        let right = passwords::is_right(request.password.expose(), hash);
        let refuse = |at| self.refuse(account.map(|account| account.staff), at);
        let account = account.filter(|_| right).ok_or_else(|| refuse(Failed::Password))?;
        if account.disabled {
            return Err(refuse(Failed::Disabled));
        }
        let factor = self.factor(at, account, request)?.ok_or_else(|| refuse(Failed::SecondFactor))?;
        let begun = self.change(
            Actor::Staff(account.staff),
            |rows, events| {
                self.use_factor(rows, events, account, &factor)?;
                let mut begun = self.begin_session(at, rows, events, account, &request.label)?;
                let device = match &request.device_token {
                    Some(known) if records::knows(rows, account.staff, &hash_of(known.expose()))? => known.clone(),
                    _ => token("sdt_")?,
                };
                let hash = hash_of(device.expose());
                records::know(rows, account.staff, &hash, at.unix_micros)?;
                let (session, machine) = (begun.reply.session, AuditId::machine(&hash));
                events.push(Event::Machine { staff: account.staff, session, machine });
                begun.reply.device_token = Some(device);
                Ok(begun)
            },
            |live, begun| begun.open(at.now, live),
        )?;
        info!(staff = %account.staff, "signed in");
        Ok(begun.reply)
    }

    /// Which second factor this is, if it is one of the account's.
    fn factor(&self, at: Moment, account: &Account, request: &SignInRequest) -> Result<Option<Factor>, Denied> {
        let Some(secret) = &account.totp_secret else { return Ok(None) };
        if let Some(code) = &request.recovery_code {
            return Ok(Some(Factor::Code(self.key.code_hash(code.expose()))));
        }
        let Some(digits) = &request.totp else { return Ok(None) };
        Ok(passwords::step_of(secret, digits.expose(), at.unix_secs())?.map(Factor::Step))
    }

    /// Uses it up, or refuses what was used.
    fn use_factor(
        &self,
        rows: &Connection,
        events: &mut Vec<Event>,
        account: &Account,
        factor: &Factor,
    ) -> Result<(), Denied> {
        let (is_good, what) = match factor {
            Factor::Step(step) => (records::use_step(rows, account.staff, *step)?, Failed::SecondFactor),
            Factor::Code(code) => {
                events.push(Event::RecoveryCodeUsed { staff: account.staff });
                (records::use_recovery_code(rows, account.staff, code)?, Failed::RecoveryCode)
            }
        };
        is_good.then_some(()).ok_or_else(|| self.refuse(Some(account.staff), what))
    }

    /// Proves who is signed in by fresh digits, as a part of a transaction: a try of the account that is counted.
    pub(super) fn prove(&self, at: Moment, rows: &Connection, account: &Account, digits: &str) -> Result<(), Denied> {
        let refuse = || self.refuse(Some(account.staff), Failed::SecondFactor);
        let secret = account.totp_secret.as_ref().ok_or_else(refuse)?;
        let step = passwords::step_of(secret, digits, at.unix_secs())?.ok_or_else(refuse)?;
        records::use_step(rows, account.staff, step)?.then_some(()).ok_or_else(refuse)
    }

    /// By what tries within a session are counted.
    pub(super) fn by_session(account: &Account, session: signaling_protocol::SessionId) -> (Tried, By) {
        (name_hash(&account.name), By::Known(hash_of(&session.to_string())))
    }
}
