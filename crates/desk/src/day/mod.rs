//! The clinic's day: when visits are, who they are with, who waits. Decided here, opened nowhere.

mod calendar;
mod card;
mod colleagues;
mod queue;
mod snapshot;
mod take_over;

pub use calendar::{Calendar, CalendarError, Choice, Moment};
pub use card::{CardLink, GOOD_AFTER, OPENS_BEFORE, VISIT_KIND, VisitCard, window};
pub(crate) use colleagues::chain_of;
pub use colleagues::{Colleague, readers, verified};
pub use queue::{Queue, QueueRow, QueueSnapshot, Whose};
pub use snapshot::{ClocksChange, DayIntent, DaySnapshot, OtherDay};
pub use take_over::{ColleaguesVisit, TakeOverNote, TakeOverWish, colleagues_visits};
