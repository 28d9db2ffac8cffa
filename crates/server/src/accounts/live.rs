//! Who is signed in just now, in memory: what every request asks. Pure: told the time.

use std::collections::HashMap;

use signaling_protocol::{Code, SessionId, StaffId, StaffRole};
use units::Timestamp;

use super::secrets::Hash;

/// Who is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) session: SessionId,
    pub(crate) staff: StaffId,
    pub(crate) role: StaffRole,
    /// When it is over, however often it is refreshed.
    pub(super) ends: Timestamp,
    /// The account's at its beginning: a later one means that the account was shut or began anew.
    pub(super) generation: u32,
}

/// The sessions and their tokens, as they stand in the database too.
#[derive(Debug, Default)]
pub(super) struct Live {
    sessions: HashMap<SessionId, Session>,
    tokens: HashMap<Hash, (SessionId, Timestamp)>,
    /// How often sessions were ended before their time.
    pub(super) ended: u64,
}

impl Live {
    /// A session begins, or goes on: `token` opens it until `until`, and those before it for as long as they were to.
    pub(super) fn open(&mut self, now: Timestamp, session: Session, token: Hash, until: Timestamp) {
        self.sessions.retain(|_, session| session.ends > now);
        let sessions = &self.sessions;
        let is_new = session.session;
        self.tokens.retain(|_, (of, until)| *until > now && (*of == is_new || sessions.contains_key(of)));
        self.sessions.insert(session.session, session);
        self.tokens.insert(token, (session.session, until));
    }

    /// Whose token this is.
    pub(super) fn by_token(&self, now: Timestamp, token: &Hash) -> Result<Session, Code> {
        let (session, _) = self.tokens.get(token).filter(|(_, until)| *until > now).ok_or(Code::NotSignedIn)?;
        self.by_id(now, *session)
    }

    /// A session that is not over.
    pub(super) fn by_id(&self, now: Timestamp, session: SessionId) -> Result<Session, Code> {
        self.sessions.get(&session).copied().filter(|session| session.ends > now).ok_or(Code::NotSignedIn)
    }

    /// Those of this account that began before `generation` are over. Answers whether there were any.
    pub(super) fn end_before(&mut self, staff: StaffId, generation: u32) -> bool {
        let is_over = |session: &Session| session.staff == staff && session.generation < generation;
        let any = self.sessions.values().any(is_over);
        if any {
            self.end(is_over);
        }
        any
    }

    /// Whose sessions there are.
    pub(super) fn staff(&self) -> Vec<StaffId> {
        let mut staff: Vec<_> = self.sessions.values().map(|session| session.staff).collect();
        staff.sort_unstable();
        staff.dedup();
        staff
    }

    /// Those which `is_over` says are over.
    pub(super) fn end(&mut self, is_over: impl Fn(&Session) -> bool) {
        self.ended += 1;
        self.sessions.retain(|_, session| !is_over(session));
        let sessions = &self.sessions;
        self.tokens.retain(|_, (of, _)| sessions.contains_key(of));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1_000)
    }

    fn session(number: u8) -> Session {
        let (session, staff) = (SessionId::from_random([number; 16]), StaffId::from_random([number; 16]));
        Session { session, staff, role: StaffRole::Clinician, ends: at(100), generation: 0 }
    }

    #[test]
    fn a_token_opens_until_its_time_and_the_next_one_beside_it() {
        let mut live = Live::default();
        live.open(at(0), session(1), [1; 32], at(15));
        live.open(at(10), session(1), [2; 32], at(25));
        assert_eq!(live.by_token(at(14), &[1; 32]), Ok(session(1)));
        assert_eq!(live.by_token(at(15), &[1; 32]), Err(Code::NotSignedIn));
        assert_eq!(live.by_token(at(24), &[2; 32]), Ok(session(1)));
        assert_eq!(live.by_token(at(24), &[3; 32]), Err(Code::NotSignedIn));
    }

    #[test]
    fn a_session_ends_at_its_time_whatever_its_tokens_say() {
        let mut live = Live::default();
        live.open(at(0), session(1), [1; 32], at(200));
        assert!(live.by_token(at(99), &[1; 32]).is_ok() && live.by_id(at(99), session(1).session).is_ok());
        assert!(live.by_token(at(100), &[1; 32]).is_err() && live.by_id(at(100), session(1).session).is_err());
        live.open(at(100) + Duration::from_secs(1), Session { ends: at(300), ..session(2) }, [2; 32], at(200));
        assert_eq!((live.sessions.len(), live.tokens.len()), (1, 1), "nothing is kept of what is over");
    }

    #[test]
    fn what_began_before_the_account_began_anew_is_over() {
        let mut live = Live::default();
        let later = Session { session: session(3).session, generation: 1, ..session(1) };
        for (number, session) in [(1, session(1)), (2, session(2)), (3, later)] {
            live.open(at(0), session, [number; 32], at(15));
        }
        assert!(!live.end_before(session(1).staff, 0), "read before the account began anew");
        assert!(live.end_before(session(1).staff, 1));
        assert!(!live.end_before(session(1).staff, 1), "once");
        assert!(live.by_token(at(1), &[1; 32]).is_err());
        assert!(live.by_token(at(1), &[2; 32]).is_ok() && live.by_token(at(1), &[3; 32]).is_ok());
        assert_eq!((live.staff().len(), live.ended), (2, 1));
    }

    #[test]
    fn who_is_signed_out_is_out_with_every_token() {
        let mut live = Live::default();
        for number in [1, 2] {
            live.open(at(0), session(number), [number; 32], at(15));
            live.open(at(1), session(number), [number + 10; 32], at(16));
        }
        live.end(|one| one.staff == session(1).staff);
        assert!([1, 11].into_iter().all(|token| live.by_token(at(2), &[token; 32]).is_err()));
        assert!([2, 12].into_iter().all(|token| live.by_token(at(2), &[token; 32]).is_ok()));
    }
}
