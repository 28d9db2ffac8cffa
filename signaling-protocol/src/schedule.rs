//! The day of a clinic: when visits are to be, who waits, and what staff may do about it.

use serde::{Deserialize, Serialize};

use crate::{EndReason, InviteId, StaffId, VisitId, VisitState};

/// When a visit is to be. A moment, and the zone by whose clocks people were told of it: what a local time means where
/// the clocks change, the app that made the plan has settled with its person (see `desk`'s calendar).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// When it begins, in seconds of Unix time.
    pub start_unix_secs: u64,
    /// How long it is to take, in minutes: 1 to 1,440.
    pub length_minutes: u16,
    /// The clinic's time zone by its IANA name, such as `Europe/Berlin`. The server reads nothing in it.
    pub time_zone: String,
}

impl Planned {
    /// When it is to end, in seconds of Unix time.
    pub fn end_unix_secs(&self) -> u64 {
        self.start_unix_secs.saturating_add(u64::from(self.length_minutes) * 60)
    }

    /// Whether the length is one, the start is before the year 10000 and the zone looks like a name.
    pub fn is_sound(&self) -> bool {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_+-/".contains(&byte);
        (1..=24 * 60).contains(&self.length_minutes)
            && self.start_unix_secs < 253_402_300_800
            && (1..=40).contains(&self.time_zone.len())
            && self.time_zone.bytes().all(letter)
    }
}

/// `POST /v1/visits`; `{}` is a visit now, of the clinician who asks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CreateVisitRequest {
    /// When it is to be; without one it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<Planned>,
    /// Whose visit it will be. Without one: of the clinician who asks; made by the front desk, nobody's yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clinician: Option<StaffId>,
}

/// `POST /v1/visits/{v}/plan`: the visit is to be at another time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRequest {
    /// When.
    #[serde(flatten)]
    pub planned: Planned,
    /// When its links are good from now on, all that are not taken back. Without it they stay as they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<LinkWindow>,
}

/// When a link is good, by the server's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkWindow {
    /// From when, in seconds of Unix time.
    pub opens_unix_secs: u64,
    /// Until when.
    pub expires_unix_secs: u64,
}

/// `POST /v1/visits/{v}/assign`: whose visit it is from now on; nobody's without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AssignRequest {
    /// Whose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clinician: Option<StaffId>,
}

/// Why a visit that nobody was admitted to is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// It was called off.
    Cancelled,
    /// The patient did not come.
    NoShow,
}

impl From<CancelReason> for EndReason {
    fn from(reason: CancelReason) -> Self {
        match reason {
            CancelReason::Cancelled => Self::Cancelled,
            CancelReason::NoShow => Self::NoShow,
        }
    }
}

/// `POST /v1/visits/{v}/cancel`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelRequest {
    /// Why.
    pub reason: CancelReason,
}

/// `POST /v1/visits/{v}/lock`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockRequest {
    /// Whether nobody new may come in.
    pub locked: bool,
}

/// Answer to `POST /v1/visits/{v}/tries`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriesReply {
    /// How many tries at its code this invite has had, this one counted.
    pub used: u8,
}

/// Tries at the code of one invite, over all devices of the clinician.
pub const MOST_CODE_TRIES: u8 = 5;

/// Who comes by a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuestRole {
    /// The patient.
    #[default]
    Patient,
    /// Who answers for the patient.
    Guardian,
    /// Who translates.
    Interpreter,
}

/// What those who wait are told. A closed list: the sentences are the app's own, so that nobody can put words of the
/// clinic's into it, and nothing that is said of a patient passes the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum WaitingNote {
    /// It will be so much later: 1 to 240 minutes.
    Late {
        /// So much.
        minutes: u8,
    },
    /// You are next.
    Next,
    /// Please call the clinic.
    CallUs,
    /// What was said before does not hold any more.
    Nothing,
}

impl WaitingNote {
    /// Whether this can be said.
    pub const fn is_sound(self) -> bool {
        !matches!(self, Self::Late { minutes: 0 | 241.. })
    }
}

/// `POST /v1/visits/{v}/note`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteRequest {
    /// What they are told.
    pub note: WaitingNote,
}

/// A visit on the list of the day. Who the patient is stands in a sealed box about the visit, and not here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedVisit {
    /// Which.
    pub visit: VisitId,
    /// Who made it.
    pub creator: StaffId,
    /// Whose it is, if it is somebody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clinician: Option<StaffId>,
    /// Where it stands.
    pub state: VisitState,
    /// Why it is over, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<EndReason>,
    /// When it is to be, if that was planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<Planned>,
    /// When it was made, in seconds of Unix time.
    pub created_unix_secs: u64,
    /// Whether nobody new may come in.
    pub locked: bool,
    /// When its clinician took it over from a colleague by breaking the glass, in seconds of Unix time, if they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_over_unix_secs: Option<u64>,
    /// Whether its clinician is in it, on whatever device.
    pub hosted: bool,
    /// How many guests are admitted.
    pub admitted: u8,
    /// Who waits, in the order in which they came.
    pub waiting: Vec<ListedWaiting>,
    /// Its links that are not taken back.
    pub invites: Vec<ListedInvite>,
}

/// Somebody who waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedWaiting {
    /// By which link.
    pub invite: InviteId,
    /// Since when, in seconds of Unix time.
    pub since_unix_secs: u64,
    /// Whether their app is not heard just now.
    pub away: bool,
}

/// A link on the list: its name, for whom, and from when until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedInvite {
    /// Its name.
    pub invite: InviteId,
    /// For whom.
    pub role: GuestRole,
    /// From when, in seconds of Unix time; 0 for at once.
    pub opens_unix_secs: u64,
    /// Until when.
    pub expires_unix_secs: u64,
}

/// Answer to `GET /v1/visits`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitsReply {
    /// Another number than before: something changed. To be given as `?known=` to wait for the next change.
    pub version: u64,
    /// The server's clock, in seconds of Unix time: waiting times are counted by it.
    pub now_unix_secs: u64,
    /// By planned start, or by when they were made.
    pub visits: Vec<ListedVisit>,
    /// Whether there are more than fit: ask for a shorter time.
    pub more: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_a_length_a_moment_and_a_zone() {
        let sound = Planned { start_unix_secs: 1, length_minutes: 30, time_zone: "America/Port-au-Prince".to_owned() };
        assert!(sound.is_sound());
        assert_eq!(sound.end_unix_secs(), 1_801);
        let other = |change: fn(&mut Planned)| {
            let mut plan = sound.clone();
            change(&mut plan);
            plan.is_sound()
        };
        assert!(!other(|plan| plan.length_minutes = 0) && !other(|plan| plan.length_minutes = 1_441));
        assert!(!other(|plan| plan.time_zone = String::new()) && !other(|plan| plan.time_zone = "A B".to_owned()));
        assert!(!other(|plan| plan.time_zone = "x".repeat(41)));
        assert!(!other(|plan| plan.start_unix_secs = u64::MAX));
    }

    #[test]
    fn an_empty_request_is_a_visit_now() {
        assert_eq!(serde_json::from_str::<CreateVisitRequest>("{}").unwrap(), CreateVisitRequest::default());
        assert_eq!(serde_json::to_string(&CreateVisitRequest::default()).unwrap(), "{}");
    }

    #[test]
    fn a_delay_is_minutes_and_not_hours() {
        let late = |minutes| WaitingNote::Late { minutes }.is_sound();
        assert_eq!([late(0), late(1), late(240), late(241)], [false, true, true, false]);
    }
}
