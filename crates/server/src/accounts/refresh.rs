//! A session goes on: each refresh token is good once, and one that is shown again ends what it belongs to.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use signaling_protocol::{Code, RefreshRequest, SignInReply};
use tracing::{info, warn};

use super::live::Session;
use super::records::{self, Account, Stored};
use super::secrets::{Hash, hash_of, token};
use super::{Accounts, Begun, Denied, Moment, SESSION, TOKEN, UNUSED, lock, micros, passwords};
use crate::store::{Actor, Event, Failed};

/// The shortest nonce: 128 bits, as an app draws it.
const SHORTEST_NONCE: usize = 16;
const LONGEST_NONCE: usize = 64;

/// What a refresh token is to its session.
enum Shown {
    /// The newest, or the one before it with the same nonce: the answer was lost.
    Good { is_again: bool },
    /// Somebody has a copy.
    Reused,
    /// The session's time is over.
    Over,
}

impl Accounts {
    /// The next token of a session; with a password in the request, for who has it alone.
    pub(crate) async fn refresh(self: &Arc<Self>, at: Moment, request: RefreshRequest) -> Result<SignInReply, Denied> {
        let nonce = request.nonce.expose().len();
        if !(SHORTEST_NONCE..=LONGEST_NONCE).contains(&nonce) {
            return Err(Code::Malformed.into());
        }
        if request.password.as_ref().is_some_and(|password| password.expose().len() > passwords::LONGEST_PASSWORD) {
            return Err(Code::TooLarge.into());
        }
        match request.password {
            Some(_) => self.hashing(move |this| this.refresh_blocking(at, &request)).await,
            None => self.blocking(move |this| this.refresh_blocking(at, &request)).await,
        }
    }

    pub(super) fn refresh_blocking(&self, at: Moment, request: &RefreshRequest) -> Result<SignInReply, Denied> {
        // A token is not guessed: this keeps away who would keep the disk busy.
        self.begin_try(at, None)?;
        let result = self.refresh_counted(at, request);
        self.end_try(at, None, &result);
        result
    }

    fn refresh_counted(&self, at: Moment, request: &RefreshRequest) -> Result<SignInReply, Denied> {
        let shown = hash_of(request.refresh_token.expose());
        let found = lock(&self.database).read(|rows| {
            let Some(session) = records::session_by_refresh(rows, &shown)? else { return Ok(None) };
            Ok::<_, Denied>(records::by_id(rows, session.staff)?.map(|account| (session, account)))
        })?;
        let (session, account) = found.ok_or(Code::NotSignedIn)?;
        if let Some(password) = &request.password {
            let tried = Some(Self::by_session(&account, session.session));
            self.begin_try(at, tried)?;
            let right = passwords::is_right(password.expose(), &account.password_hash);
            let result = right.then_some(()).ok_or_else(|| self.refuse(Some(account.staff), Failed::Password));
            self.end_try(at, tried, &result);
            result?;
        }
        let next = self.key.next_refresh(request.refresh_token.expose(), &request.nonce.expose().0);
        let by = Actor::Staff(session.staff);
        let begun = self.change(
            by,
            |rows, events| {
                // Once more: somebody may have been quicker.
                let Some(session) = records::session_by_refresh(rows, &shown)? else { return Ok(None) };
                match is_shown(at, &session, &shown, &hash_of(next.expose())) {
                    Shown::Good { is_again } => {
                        let next = (!is_again).then(|| hash_of(next.expose()));
                        Self::go_on(at, rows, events, (&session, &account), next).map(Some)
                    }
                    Shown::Reused => {
                        records::end_session(rows, session.session)?;
                        events.push(Event::TokenReused { staff: session.staff, session: session.session });
                        warn!(staff = %session.staff, "a refresh token was used a second time; its session is over");
                        Ok(None)
                    }
                    Shown::Over => {
                        records::end_session(rows, session.session)?;
                        events.push(Event::SessionEnded { staff: session.staff, session: session.session });
                        Ok(None)
                    }
                }
            },
            |live, begun| match begun {
                Some(begun) => begun.open(at.now, live),
                None => live.end(|live| live.session == session.session),
            },
        )?;
        let mut reply = begun.ok_or(Code::NotSignedIn)?.reply;
        reply.refresh_token = next;
        Ok(reply)
    }

    fn go_on(
        at: Moment,
        rows: &Connection,
        events: &mut Vec<Event>,
        (session, account): (&Stored, &Account),
        next: Option<Hash>,
    ) -> Result<Begun, Denied> {
        if let Some(next) = next {
            records::go_on(rows, session, &next, at.unix_micros)?;
            events.push(Event::Refreshed { session: session.session });
        }
        let token = token("stt_")?;
        let hash = hash_of(token.expose());
        let left = (session.began_unix_micros + micros(SESSION)).saturating_sub(at.unix_micros);
        let ends = at.now + Duration::from_micros(left);
        records::add_token(rows, session.session, &hash, at.unix_micros, at.unix_micros + micros(TOKEN))?;
        let (session, staff, role) = (session.session, session.staff, account.role);
        Ok(Begun {
            reply: SignInReply {
                token,
                expires_in_secs: TOKEN.as_secs().min(left / 1_000_000),
                staff,
                role,
                session,
                session_ends_in_secs: left / 1_000_000,
                refresh_token: Default::default(),
                device_token: None,
            },
            live: Session { session, staff, role, ends, generation: account.generation },
            token: hash,
        })
    }

    /// Ends the session of who asks.
    pub(crate) async fn sign_out(self: &Arc<Self>, by: Session) -> Result<(), Denied> {
        self.blocking(move |this| {
            this.change(
                Actor::Staff(by.staff),
                |rows, events| {
                    records::end_session(rows, by.session)?;
                    events.push(Event::SessionEnded { staff: by.staff, session: by.session });
                    Ok(())
                },
                |live, ()| live.end(|one| one.session == by.session),
            )?;
            info!(staff = %by.staff, "signed out");
            Ok(())
        })
        .await
    }
}

/// What a refresh token is to this session, of which it is or was one; `next` is what would follow from it.
fn is_shown(at: Moment, session: &Stored, shown: &Hash, next: &Hash) -> Shown {
    if session.began_unix_micros <= at.ago(SESSION) || session.used_unix_micros <= at.ago(UNUSED) {
        return Shown::Over;
    }
    if session.refresh_hash == *shown {
        Shown::Good { is_again: false }
    } else if session.refresh_hash == *next {
        Shown::Good { is_again: true }
    } else {
        Shown::Reused
    }
}
