//! The day as the person sees it, and what they want of it.

use signaling_protocol::{CancelReason, StaffId, VisitId, WaitingNote};
use units::Phi;

use super::{Choice, ColleaguesVisit, QueueSnapshot, TakeOverWish, VisitCard};

/// The day as the person sees it; whoever draws needs nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DaySnapshot {
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
    /// What went wrong last: one sentence.
    pub problem: Option<String>,
    /// Colleagues' visits that could be taken over, while they are looked at.
    pub of_colleagues: Option<Vec<ColleaguesVisit>>,
    /// The clinic's clocks change at the time that was typed: it could be these two.
    pub clocks_change: Option<(String, String)>,
}

/// What the person wants of the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DayIntent {
    /// Plan a visit and make its link.
    Schedule {
        /// When, on the clinic's clock, as it was typed; now if nothing was.
        start: String,
        /// How long it is to take.
        minutes: u16,
        /// Name, notes, code.
        card: Box<VisitCard>,
        /// Which of two, where clocks change.
        choice: Option<Choice>,
    },
    /// Hold this visit.
    Hold(VisitId),
    /// Call a visit off, or say that nobody came.
    Cancel(VisitId, CancelReason),
    /// Make its link anew: the old one is dead.
    Reinvite(VisitId),
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
