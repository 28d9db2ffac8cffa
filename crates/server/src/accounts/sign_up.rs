//! Beginning: who was given a one-time code sets a password and a second factor, and is told the recovery codes.

use std::sync::Arc;

use rusqlite::Connection;
use signaling_protocol::{
    Code, PasswordRequest, RecoveryCodesReply, RecoveryCodesRequest, SignUpReply, SignUpRequest, StaffId, StaffRole,
};
use tracing::info;
use units::Phi;

use super::live::Session;
use super::records::{self, Account};
use super::secrets::{code, random};
use super::{Accounts, AddUserError, Denied, Moment, RECOVERY_CODES, lock, passwords};
use crate::store::{Actor, Event, Failed};

impl Accounts {
    /// Begins by a one-time code, and signs in.
    pub(crate) async fn sign_up(self: &Arc<Self>, at: Moment, request: SignUpRequest) -> Result<SignUpReply, Denied> {
        self.hashing(move |this| this.sign_up_blocking(at, &request)).await
    }

    pub(super) fn sign_up_blocking(&self, at: Moment, request: &SignUpRequest) -> Result<SignUpReply, Denied> {
        self.begin_try(at, None)?;
        let result = self.sign_up_counted(at, request);
        self.end_try(at, None, &result);
        result
    }

    fn sign_up_counted(&self, at: Moment, request: &SignUpRequest) -> Result<SignUpReply, Denied> {
        let (name, secret) = (request.name.expose().trim(), &request.totp_secret.expose().0);
        let code_hash = self.key.code_hash(request.code.expose());
        let find = |rows: &Connection| Ok::<_, Denied>(records::code(rows, &code_hash, at.unix_micros)?);
        // Before anything else is said of the request.
        let found = lock(&self.database).read(find)?;
        found.ok_or_else(|| self.refuse(None, Failed::OneTimeCode))?;
        if !passwords::is_name(name) || !passwords::is_secret(secret) {
            return Err(Code::Malformed.into());
        }
        if !passwords::will_do(request.password.expose()) {
            return Err(Code::PasswordRefused.into());
        }
        let step = passwords::step_of(secret, request.totp.expose(), at.unix_secs())?.ok_or(Code::TotpRefused)?;
        let password_hash = hash(request.password.expose())?;
        let (recovery_codes, hashes) = self.recovery_codes()?;
        let begun = self.change(
            Actor::Server,
            |rows, events| {
                let whom = find(rows)?.ok_or(Code::SignInRefused)?;
                let account = match whom {
                    Some(staff) => of_name(rows, staff, name)?,
                    None => first_admin(rows, events, name)?,
                };
                records::forget_code(rows, &code_hash)?;
                records::set_credentials(rows, account.staff, &password_hash, secret, step)?;
                records::set_recovery_codes(rows, account.staff, &hashes)?;
                events.push(Event::SignedUp { staff: account.staff });
                let mut begun = self.begin_session(at, rows, events, &account, &request.label)?;
                let device = super::secrets::token("sdt_")?;
                records::know(rows, account.staff, &super::hash_of(device.expose()), at.unix_micros)?;
                begun.reply.device_token = Some(device);
                Ok(begun)
            },
            |live, begun| begun.open(at.now, live),
        )?;
        info!(staff = %begun.reply.staff, "signed up");
        Ok(SignUpReply { signed_in: begun.reply, recovery_codes })
    }

    /// Another password, for who knows the one that it is and has the second factor. Ends all other sessions.
    pub(crate) async fn change_password(
        self: &Arc<Self>,
        at: Moment,
        by: Session,
        request: PasswordRequest,
    ) -> Result<(), Denied> {
        if request.password.expose().len() > passwords::LONGEST_PASSWORD {
            return Err(Code::TooLarge.into());
        }
        self.hashing(move |this| this.change_password_blocking(at, by, &request)).await
    }

    pub(super) fn change_password_blocking(
        &self,
        at: Moment,
        by: Session,
        request: &PasswordRequest,
    ) -> Result<(), Denied> {
        self.counted(at, by, |account| {
            if !passwords::is_right(request.password.expose(), &account.password_hash) {
                return Err(self.refuse(Some(by.staff), Failed::Password));
            }
            if !passwords::will_do(request.new_password.expose()) {
                return Err(Code::PasswordRefused.into());
            }
            let hash = hash(request.new_password.expose())?;
            self.change(
                Actor::Staff(by.staff),
                |rows, events| {
                    self.prove(at, rows, account, request.totp.expose())?;
                    records::set_password(rows, by.staff, &hash)?;
                    records::end_sessions(rows, by.staff, Some(by.session))?;
                    events.push(Event::PasswordChanged { staff: by.staff });
                    events.push(Event::SessionsEnded { staff: by.staff });
                    Ok(())
                },
                |live, ()| live.end(|one| one.staff == by.staff && one.session != by.session),
            )
        })
    }

    /// New recovery codes in the place of the last ones, for who has the second factor.
    pub(crate) async fn renew_recovery_codes(
        self: &Arc<Self>,
        at: Moment,
        by: Session,
        request: RecoveryCodesRequest,
    ) -> Result<RecoveryCodesReply, Denied> {
        self.blocking(move |this| {
            this.counted(at, by, |account| {
                let (recovery_codes, hashes) = this.recovery_codes()?;
                this.change(
                    Actor::Staff(by.staff),
                    |rows, events| {
                        this.prove(at, rows, account, request.totp.expose())?;
                        records::set_recovery_codes(rows, by.staff, &hashes)?;
                        events.push(Event::RecoveryCodesDrawn { staff: by.staff });
                        Ok(())
                    },
                    |_, ()| {},
                )?;
                Ok(RecoveryCodesReply { recovery_codes })
            })
        })
        .await
    }

    /// Proves who is signed in by fresh digits, for what is done right after it.
    pub(crate) async fn prove_again(
        self: &Arc<Self>,
        at: Moment,
        by: Session,
        totp: Phi<String>,
    ) -> Result<(), Denied> {
        self.blocking(move |this| {
            this.counted(at, by, |account| {
                this.change(
                    Actor::Staff(by.staff),
                    |rows, events| {
                        this.prove(at, rows, account, totp.expose())?;
                        events.push(Event::ProvedAgain { staff: by.staff, session: by.session });
                        Ok(())
                    },
                    |_, ()| {},
                )
            })
        })
        .await
    }

    /// Something that proves who is signed in once more: tries of it are counted by session.
    fn counted<T>(
        &self,
        at: Moment,
        by: Session,
        act: impl FnOnce(&Account) -> Result<T, Denied>,
    ) -> Result<T, Denied> {
        let account = lock(&self.database).read(|rows| records::by_id(rows, by.staff))?.ok_or(Code::NotSignedIn)?;
        let tried = Some(Self::by_session(&account, by.session));
        self.begin_try(at, tried)?;
        let result = act(&account);
        self.end_try(at, tried, &result);
        result
    }

    /// New codes, and what is kept of them.
    fn recovery_codes(&self) -> Result<(Vec<Phi<String>>, Vec<super::Hash>), Denied> {
        let codes = (0..RECOVERY_CODES).map(|_| code()).collect::<Result<Vec<_>, _>>()?;
        let hashes = codes.iter().map(|code| self.key.code_hash(code.expose())).collect();
        Ok((codes, hashes))
    }
}

/// The account for which a code was given out, if this is its name and it may be used.
fn of_name(rows: &Connection, staff: StaffId, name: &str) -> Result<Account, Denied> {
    let account = records::by_id(rows, staff)?.filter(|account| !account.disabled);
    let is_its = |account: &Account| account.name.to_lowercase() == name.to_lowercase();
    account.filter(is_its).ok_or(Code::SignInRefused.into())
}

/// The clinic's first admin.
fn first_admin(rows: &Connection, events: &mut Vec<Event>, name: &str) -> Result<Account, Denied> {
    if records::other_admins(rows, None)? > 0 {
        return Err(Code::SignInRefused.into());
    }
    let staff = StaffId::from_random(random()?);
    if !records::add(rows, staff, name, StaffRole::Admin)? {
        return Err(Code::NameTaken.into());
    }
    events.push(Event::AccountAdded { staff, role: StaffRole::Admin });
    records::by_id(rows, staff)?.ok_or(Code::Internal.into())
}

fn hash(password: &str) -> Result<String, Denied> {
    passwords::hash(password).map_err(|error: AddUserError| {
        tracing::warn!(%error, "a password cannot be hashed");
        Code::Internal.into()
    })
}
