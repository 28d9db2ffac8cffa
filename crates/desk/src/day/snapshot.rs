//! The day as the person sees it, and what they want of it.

use signaling_protocol::{CancelReason, Code, GuestRole, InviteId, StaffId, VisitId, WaitingNote};
use units::{Phi, ServerTrouble};

use super::{CalendarError, Choice, ColleaguesVisit, QueueSnapshot, TakeOverWish, VisitCard};

/// The day as the person sees it; whoever draws needs nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DaySnapshot {
    /// The day that is shown, as `2026-10-25`; none if it is today, on the clinic's clock.
    pub date: Option<String>,
    /// The visits, and who waits.
    pub queue: QueueSnapshot,
    /// For each visit of the queue, when it is to be, on the clinic's clock.
    pub clocks: Vec<Option<String>>,
    /// To whom a visit can be handed over: accounts with their names.
    pub colleagues: Vec<(StaffId, Phi<String>)>,
    /// The link that was just made, until it is put away.
    pub link: Option<Phi<String>>,
    /// Whether the server is being asked.
    pub busy: bool,
    /// What went wrong last.
    pub problem: Option<DayProblem>,
    /// Colleagues' visits that could be taken over, while they are looked at.
    pub of_colleagues: Option<Vec<ColleaguesVisit>>,
    /// The clinic's clocks change at the time that was typed.
    pub clocks_change: Option<ClocksChange>,
}

/// What went wrong with the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DayProblem {
    /// The server says no.
    Refused(Code),
    /// The server cannot be asked.
    Server(ServerTrouble),
    /// The card of a visit is sealed to other devices.
    NotShared,
    /// What was typed is no time, or no zone.
    Calendar(CalendarError),
    /// The time is over already.
    TimeOver,
    /// Why a visit is taken over was not said, or at too great length.
    NoteMissing,
    /// The digits of the second factor are not right.
    WrongDigits,
    /// Something of this machine; what it says itself.
    Machine(String),
}

/// A time on the clinic's clock that could be two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClocksChange {
    /// The visit that is to be moved there; none if it is one that is planned.
    pub visit: Option<VisitId>,
    /// The earlier, on the clinic's clock.
    pub earlier: String,
    /// The later.
    pub later: String,
}

/// Which day to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OtherDay {
    /// The one before the one that is shown.
    Before,
    /// Today.
    Today,
    /// The one after.
    After,
}

/// What the person wants of the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DayIntent {
    /// Show another day. Whoever waits stands on each.
    Show(OtherDay),
    /// Plan a visit and make its link.
    Schedule {
        /// When, on the clinic's clock, as it was typed; now if nothing was.
        start: String,
        /// How long it is to take.
        minutes: u16,
        /// Whose it will be; without one the own of a clinician, nobody's of the front desk.
        clinician: Option<StaffId>,
        /// Name, notes, code.
        card: Box<VisitCard>,
        /// Which of two, where clocks change.
        choice: Option<Choice>,
    },
    /// Move a visit to another time. Its links stay.
    Move {
        /// Which.
        visit: VisitId,
        /// When, on the clinic's clock, as it was typed.
        start: String,
        /// How long it is to take.
        minutes: u16,
        /// Which of two, where clocks change.
        choice: Option<Choice>,
    },
    /// Hold this visit, unless another device of ours does.
    Hold(VisitId),
    /// Hold this visit, and take it from the device that does.
    TakeHere(VisitId),
    /// Call a visit off, or say that nobody came.
    Cancel(VisitId, CancelReason),
    /// Make the patient's link anew: the old one is dead.
    Reinvite(VisitId),
    /// Make a link for somebody beside the patient.
    Invite(VisitId, GuestRole),
    /// Take a link back: it is dead, and who came by it goes.
    Revoke(VisitId, InviteId),
    /// Let those who wait know something.
    Tell(VisitId, WaitingNote),
    /// Hand it to a colleague.
    HandOver(VisitId, StaffId),
    /// Look at colleagues' visits that could be taken over, or look again.
    ShowColleagues,
    /// Look at them no more.
    HideColleagues,
    /// Take one of them over, by breaking the glass.
    TakeOver(VisitId, Box<TakeOverWish>),
    /// The link was given: put it away.
    PutLinkAway,
}
