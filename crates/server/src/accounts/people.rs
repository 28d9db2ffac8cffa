//! What an admin does about colleagues: accounts, roles, sessions, and letting them begin anew.

use std::sync::Arc;

use rusqlite::Connection;
use signaling_protocol::{AddStaffRequest, Code, CodeReply, SessionId, SessionsReply, StaffId, StaffReply, StaffRole};
use units::Phi;

use super::records::{self, Account};
use super::secrets::{code, random};
use super::{Accounts, CODE, Denied, Moment, lock, micros, passwords};
use crate::permissions::Caller;
use crate::store::{Actor, Event};

impl Accounts {
    /// All accounts.
    pub(crate) async fn people(self: &Arc<Self>) -> Result<StaffReply, Denied> {
        self.blocking(|this| Ok(StaffReply { staff: lock(&this.database).read(records::all)? })).await
    }

    /// An account for a colleague, who begins by the code that is answered.
    pub(crate) async fn add(
        self: &Arc<Self>,
        at: Moment,
        by: Caller,
        request: AddStaffRequest,
    ) -> Result<CodeReply, Denied> {
        let name = request.name.expose().trim().to_owned();
        if !passwords::is_name(&name) {
            return Err(Code::Malformed.into());
        }
        self.blocking(move |this| {
            let staff = StaffId::from_random(random()?);
            this.change(
                Actor::Staff(by.staff),
                |rows, events| {
                    if !records::add(rows, staff, &name, request.role)? {
                        return Err(Code::NameTaken.into());
                    }
                    events.push(Event::AccountAdded { staff, role: request.role });
                    this.give_code(at.unix_micros, rows, events, staff)
                },
                |_, _| {},
            )
        })
        .await
    }

    /// A colleague is to begin anew, by the code that is answered: nothing that they signed in with works any more.
    pub(crate) async fn begin_anew(
        self: &Arc<Self>,
        at: Moment,
        by: Caller,
        staff: StaffId,
    ) -> Result<CodeReply, Denied> {
        self.change_one(by, staff, true, move |this, rows, events, account| {
            if account.totp_secret.is_some() {
                keeps_an_admin(rows, account)?;
            }
            records::forget_credentials(rows, staff)?;
            this.give_code(at.unix_micros, rows, events, staff)
        })
        .await
    }

    /// A colleague may do something else from now on.
    pub(crate) async fn set_role(self: &Arc<Self>, by: Caller, staff: StaffId, role: StaffRole) -> Result<(), Denied> {
        self.change_one(by, staff, true, move |_, rows, events, account| {
            if account.role == role {
                return Ok(());
            }
            keeps_an_admin(rows, account)?;
            records::set_role(rows, staff, role)?;
            events.push(Event::RoleChanged { staff, role });
            Ok(())
        })
        .await
    }

    /// An account can be used no more, or again.
    pub(crate) async fn set_disabled(
        self: &Arc<Self>,
        by: Caller,
        staff: StaffId,
        disabled: bool,
    ) -> Result<(), Denied> {
        self.change_one(by, staff, disabled, move |_, rows, events, account| {
            if disabled {
                keeps_an_admin(rows, account)?;
            }
            records::set_disabled(rows, staff, disabled)?;
            events.push(Event::Disabled { staff, disabled });
            Ok(())
        })
        .await
    }

    /// The sessions of an account.
    pub(crate) async fn sessions(self: &Arc<Self>, by: Caller, of: StaffId) -> Result<SessionsReply, Denied> {
        by.over(of).map_err(|_| Code::StaffNotFound)?;
        self.blocking(move |this| {
            let sessions = lock(&this.database).read(|rows| {
                records::by_id(rows, of)?.ok_or(Denied::from(Code::StaffNotFound))?;
                Ok::<_, Denied>(records::sessions(rows, of, by.session)?)
            })?;
            Ok(SessionsReply { sessions })
        })
        .await
    }

    /// Ends a session. Whether it was there or not, it is over.
    pub(crate) async fn end_session(self: &Arc<Self>, by: Caller, session: SessionId) -> Result<(), Denied> {
        self.blocking(move |this| {
            this.change(
                Actor::Staff(by.staff),
                |rows, events| {
                    let Some(owner) = records::owner(rows, session)? else { return Ok(()) };
                    by.over(owner)?;
                    records::end_session(rows, session)?;
                    events.push(Event::SessionEnded { staff: owner, session });
                    Ok(())
                },
                |live, ()| live.end(|one| one.session == session),
            )
        })
        .await
    }

    /// Changes one account; with `ends_sessions` it is signed out everywhere by it.
    async fn change_one<T: Send + 'static>(
        self: &Arc<Self>,
        by: Caller,
        staff: StaffId,
        ends_sessions: bool,
        act: impl FnOnce(&Self, &Connection, &mut Vec<Event>, &Account) -> Result<T, Denied> + Send + 'static,
    ) -> Result<T, Denied> {
        self.blocking(move |this| {
            this.change(
                Actor::Staff(by.staff),
                |rows, events| {
                    let account = records::by_id(rows, staff)?.ok_or(Code::StaffNotFound)?;
                    let result = act(this, rows, events, &account)?;
                    if ends_sessions {
                        records::end_sessions(rows, staff, None)?;
                        events.push(Event::SessionsEnded { staff });
                    }
                    Ok(result)
                },
                |live, _| live.end(|one| ends_sessions && one.staff == staff),
            )
        })
        .await
    }

    /// A one-time code for an account.
    fn give_code(
        &self,
        unix_micros: u64,
        rows: &Connection,
        events: &mut Vec<Event>,
        staff: StaffId,
    ) -> Result<CodeReply, Denied> {
        let code: Phi<String> = code()?;
        let expires = unix_micros + micros(CODE);
        records::set_code(rows, Some(staff), &self.key.code_hash(code.expose()), expires)?;
        events.push(Event::CodeGiven { staff: Some(staff) });
        Ok(CodeReply { staff, code, expires_in_secs: CODE.as_secs() })
    }
}

/// Refuses what would leave nobody who can let anybody in.
fn keeps_an_admin(rows: &Connection, but: &Account) -> Result<(), Denied> {
    let is_one = but.role == StaffRole::Admin && !but.disabled && but.totp_secret.is_some();
    if is_one && records::other_admins(rows, Some(but.staff))? == 0 {
        return Err(Code::LastAdmin.into());
    }
    Ok(())
}
