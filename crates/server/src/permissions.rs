//! Who may do what: the one table, and the one check. What does not stand in the table, nobody may do.

use signaling_protocol::{Code, SessionId, StaffId, StaffRole};

use crate::visits::StaffMember;

/// What somebody may do something with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// With nothing: it is not allowed.
    Nothing,
    /// With what is one's own.
    Own,
    /// With everything of the clinic.
    All,
}

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// Anybody: there is nothing to protect, or a proof in the body.
    Anybody,
    /// Who has joined the visit in the path, by the token of that join. The visits decide what it may do there.
    Endpoint,
    /// Who is signed in: admin, clinician, front desk, auditor.
    Staff([Scope; 4]),
}

use Scope::{All, Nothing as No, Own};
use Who::{Anybody, Endpoint, Staff};

/// Every route of `PROTOCOL.md`.
#[rustfmt::skip]
pub(crate) const TABLE: &[(&str, &str, Who)] = &[
    ("GET",    "/healthz",                        Anybody),
    ("GET",    "/readyz",                         Anybody),
    ("POST",   "/v1/auth/sign-in",                Anybody),
    ("POST",   "/v1/auth/sign-up",                Anybody),
    ("POST",   "/v1/auth/refresh",                Anybody),
    ("POST",   "/v1/invites/{invite}/challenge",  Anybody),
    ("POST",   "/v1/invites/{invite}/join",       Anybody),
    ("POST",   "/v1/invites/{invite}/measure",    Anybody),
    ("GET",    "/v1/visits/{visit}/events",       Endpoint),
    ("GET",    "/v1/visits/{visit}/ice",          Endpoint),
    ("POST",   "/v1/visits/{visit}/messages",     Endpoint),
    ("POST",   "/v1/visits/{visit}/admit",        Endpoint),
    ("POST",   "/v1/visits/{visit}/deny",         Endpoint),
    ("POST",   "/v1/visits/{visit}/remove",       Endpoint),
    ("POST",   "/v1/visits/{visit}/lock",         Endpoint),
    ("POST",   "/v1/visits/{visit}/tries",        Endpoint),
    ("POST",   "/v1/visits/{visit}/end",          Endpoint),
    ("POST",   "/v1/visits/{visit}/leave",        Endpoint),
    ("GET",    "/v1/visits/{visit}/checkpoint",   Endpoint),
    ("POST",   "/v1/visits/{visit}/receipts",     Endpoint),
    //                                                   admin clinician front desk auditor
    ("POST",   "/v1/auth/sign-out",               Staff([Own,  Own,      Own,       Own])),
    ("POST",   "/v1/auth/password",               Staff([Own,  Own,      Own,       Own])),
    ("POST",   "/v1/auth/recovery-codes",         Staff([Own,  Own,      Own,       Own])),
    ("GET",    "/v1/staff",                       Staff([All,  No,       No,        All])),
    ("POST",   "/v1/staff",                       Staff([All,  No,       No,        No])),
    ("POST",   "/v1/staff/{staff}/code",          Staff([All,  No,       No,        No])),
    ("POST",   "/v1/staff/{staff}/role",          Staff([All,  No,       No,        No])),
    ("POST",   "/v1/staff/{staff}/disable",       Staff([All,  No,       No,        No])),
    ("POST",   "/v1/staff/{staff}/enable",        Staff([All,  No,       No,        No])),
    ("GET",    "/v1/staff/{staff}/sessions",      Staff([All,  Own,      Own,       All])),
    ("DELETE", "/v1/sessions/{session}",          Staff([All,  Own,      Own,       Own])),
    ("POST",   "/v1/visits",                      Staff([No,   Own,      All,       No])),
    ("GET",    "/v1/visits",                      Staff([No,   Own,      All,       No])),
    ("POST",   "/v1/visits/{visit}/plan",         Staff([No,   Own,      All,       No])),
    ("POST",   "/v1/visits/{visit}/assign",       Staff([No,   Own,      All,       No])),
    ("GET",    "/v1/visits/colleagues",           Staff([No,   All,      No,        No])),
    ("POST",   "/v1/visits/{visit}/take-over",    Staff([No,   All,      No,        No])),
    ("GET",    "/v1/take-overs",                  Staff([All,  Own,      No,        All])),
    ("GET",    "/v1/take-overs/{taken}/note",     Staff([All,  No,       No,        All])),
    ("POST",   "/v1/take-overs/{taken}/review",   Staff([All,  No,       No,        All])),
    ("POST",   "/v1/visits/{visit}/cancel",       Staff([No,   Own,      All,       No])),
    ("POST",   "/v1/visits/{visit}/note",         Staff([No,   Own,      All,       No])),
    ("POST",   "/v1/visits/{visit}/invites",      Staff([No,   Own,      All,       No])),
    ("DELETE", "/v1/visits/{visit}/invites/{invite}", Staff([No, Own,    All,       No])),
    ("POST",   "/v1/visits/{visit}/join",         Staff([No,   Own,      No,        No])),
    ("POST",   "/v1/measure",                     Staff([Own,  Own,      Own,       Own])),
    ("GET",    "/v1/events",                      Staff([All,  All,      All,       All])),
    ("GET",    "/v1/clinic",                      Staff([All,  All,      All,       All])),
    ("POST",   "/v1/clinic",                      Staff([All,  No,       No,        No])),
    ("POST",   "/v1/clinic/notice",               Staff([All,  No,       No,        No])),
    ("GET",    "/v1/devices",                     Staff([All,  All,      All,       All])),
    ("POST",   "/v1/devices",                     Staff([Own,  Own,      Own,       Own])),
    ("DELETE", "/v1/devices/{device}",            Staff([All,  Own,      Own,       Own])),
    ("POST",   "/v1/devices/{device}/certificate", Staff([All, No,       No,        No])),
    ("GET",    "/v1/devices/{device}/check",      Staff([All,  Own,      Own,       Own])),
    ("POST",   "/v1/devices/{device}/check",      Staff([All,  Own,      Own,       Own])),
    ("GET",    "/v1/boxes/{kind}",                Staff([All,  All,      All,       No])),
    ("GET",    "/v1/boxes/{kind}/{object}",       Staff([All,  All,      All,       Own])),
    ("POST",   "/v1/boxes/{kind}/{object}",       Staff([All,  All,      All,       No])),
    ("DELETE", "/v1/boxes/{kind}/{object}",       Staff([All,  Own,      Own,       No])),
    ("GET",    "/v1/audit/checkpoint",            Staff([All,  All,      All,       All])),
    ("GET",    "/v1/audit/rows",                  Staff([No,   No,       No,        All])),
    ("GET",    "/v1/audit/evidence",              Staff([No,   No,       No,        All])),
    ("GET",    "/v1/audit/origin",                Staff([No,   No,       No,        All])),
];

/// Who may use this route; none if it stands nowhere.
pub(crate) fn who(method: &str, path: &str) -> Option<Who> {
    // HEAD is answered as GET, without a body.
    let method = if method == "HEAD" { "GET" } else { method };
    TABLE.iter().find(|(its, at, _)| *its == method && *at == path).map(|(_, _, who)| *who)
}

/// A route as it stands in the table; none if it stands nowhere.
pub(crate) fn name_of(method: &str, path: &str) -> Option<(&'static str, &'static str)> {
    let method = if method == "HEAD" { "GET" } else { method };
    TABLE.iter().find(|(its, at, _)| *its == method && *at == path).map(|(its, at, _)| (*its, *at))
}

/// Somebody of the staff who may do what was asked, and with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Who.
    pub(crate) staff: StaffId,
    role: StaffRole,
    scope: Scope,
    /// By which session.
    pub(crate) session: SessionId,
}

impl Caller {
    /// Lets somebody of this role do what these scopes are for.
    ///
    /// # Errors
    /// [`Code::NotAllowed`].
    pub(crate) fn admit(staff: StaffId, role: StaffRole, session: SessionId, scopes: [Scope; 4]) -> Result<Self, Code> {
        let scope = scope_of(role, scopes);
        if scope == Scope::Nothing { Err(Code::NotAllowed) } else { Ok(Self { staff, role, scope, session }) }
    }

    /// Whether this may be done with something of `owner`.
    ///
    /// # Errors
    /// [`Code::NotAllowed`].
    pub(crate) fn over(&self, owner: StaffId) -> Result<(), Code> {
        let allowed = match self.scope {
            Scope::Nothing => false,
            Scope::Own => owner == self.staff,
            Scope::All => true,
        };
        allowed.then_some(()).ok_or(Code::NotAllowed)
    }

    /// As the visits know whoever asks.
    pub(crate) fn of_visits(&self) -> StaffMember {
        if self.scope == Scope::All { StaffMember::all(self.staff) } else { StaffMember::own(self.staff) }
    }

    /// Whose things this may be done with; none if everybody's.
    pub(crate) fn own(&self) -> Option<StaffId> {
        (self.scope != Scope::All).then_some(self.staff)
    }

    /// Whether this is somebody who may certify devices, and so sees those that wait and speaks for them in a check.
    pub(crate) fn certifies(&self) -> bool {
        match who("POST", "/v1/devices/{device}/certificate") {
            Some(Staff(scopes)) => scope_of(self.role, scopes) == All,
            _ => false,
        }
    }
}

fn scope_of(role: StaffRole, [admin, clinician, front_desk, auditor]: [Scope; 4]) -> Scope {
    match role {
        StaffRole::Admin => admin,
        StaffRole::Clinician => clinician,
        StaffRole::FrontDesk => front_desk,
        StaffRole::Auditor => auditor,
    }
}

#[cfg(test)]
impl Caller {
    /// Somebody for tests of what stands behind the check.
    pub(crate) fn of(staff: StaffId, role: StaffRole, scope: Scope) -> Self {
        Self { staff, role, scope, session: SessionId::from_random([0; 16]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_nowhere_nobody_may_do() {
        for (method, path) in [("PUT", "/v1/staff"), ("DELETE", "/v1/visits"), ("PUT", "/v1/clinic"), ("GET", "")] {
            assert_eq!(who(method, path), None);
        }
        assert_eq!(who("HEAD", "/v1/clinic"), who("GET", "/v1/clinic"));
    }

    #[test]
    fn what_stands_here_stands_in_the_specification() {
        let text = include_str!("../../../signaling-protocol/PROTOCOL.md");
        let (_, routes) = text.split_once("## Routes").unwrap();
        let (routes, _) = routes.split_once("##").unwrap();
        for (method, path, _) in TABLE {
            let short: Vec<_> = path.split('/').map(|part| part.get(..2).filter(|_| part.starts_with('{'))).collect();
            let parts =
                path.split('/').zip(short).map(|(part, short)| short.map_or(part.to_owned(), |s| format!("{s}}}")));
            let path = parts.collect::<Vec<_>>().join("/");
            let last = path.rsplit('/').next().unwrap();
            let is_there = routes.contains(&format!("`{method} {path}`")) || routes.contains(&format!(", `{last}`"));
            assert!(is_there, "{method} {path}");
        }
    }

    #[test]
    fn a_route_stands_once() {
        for (at, (method, path, _)) in TABLE.iter().enumerate() {
            assert!(
                TABLE[at + 1..].iter().all(|(other, there, _)| (other, there) != (method, path)),
                "{method} {path}"
            );
        }
    }

    #[test]
    fn own_is_not_anothers() {
        let (me, other) = (StaffId::from_random([1; 16]), StaffId::from_random([2; 16]));
        let caller = |scope| Caller::of(me, StaffRole::Clinician, scope);
        assert_eq!(caller(Own).over(me), Ok(()));
        assert_eq!(caller(Own).over(other), Err(Code::NotAllowed));
        assert_eq!(caller(All).over(other), Ok(()));
        assert_eq!(caller(No).over(me), Err(Code::NotAllowed));
        assert_eq!((caller(Own).own(), caller(All).own()), (Some(me), None));
        let (role, session) = (StaffRole::Auditor, SessionId::from_random([0; 16]));
        assert_eq!(Caller::admit(me, role, session, [All, All, All, No]), Err(Code::NotAllowed));
        assert!(Caller::admit(me, role, session, [No, No, No, Own]).is_ok());
    }
}
