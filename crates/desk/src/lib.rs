//! Every decision of the clinician's workspace. Opens nothing.
//!
//! A [`Desk`] is told what happens and what time it is ([`Desk::handle_input`], [`Desk::handle_timeout`]) and answers
//! what is to be done ([`Desk::poll_output`]), when it wants to be woken ([`Desk::poll_timeout`]) and how things stand
//! ([`Desk::snapshot`]). What happens *in* a visit is `call`'s: the desk makes the visit and its link, hands over
//! ([`DeskOutput::StartCall`]) and is told how it went ([`DeskInput::CallEnded`]).

#![forbid(unsafe_code)]

pub mod auditing;
mod config;
pub mod day;
mod desk;
mod enrolment;
mod input;
mod keys;
mod note;
mod output;
mod snapshot;

pub use config::{DeskConfig, IDLE_LOCK, LINK_LIFETIME};
pub use desk::Desk;
pub use enrolment::Enrolment;
pub use input::{
    CallEnd, CallSummary, ColleagueChange, DeskAnswer, DeskInput, DeskIntent, RequestNumber, TakeOvers, TalkSummary,
};
pub use keys::{
    CARD_KIND, Comparing, DeviceRow, DeviceStanding, Entry, Keeping, Keys, KeysAnswer, KeysConfig, KeysInput,
    KeysIntent, KeysOutput, KeysProblem, KeysRequest, KeysSnapshot, Loaded, OfficeSnapshot, OfficeStage, RowState,
    Sheet, Standing, WaitingRow,
};
pub use note::{KeptNote, MOST_NOTE_CHARS, Note, NoteNews, NotesView, OpenNote};
pub use output::{DeskOutput, DeskRequest, HostCall};
pub use signaling_protocol::{
    AccountState, DeviceId, ReviewOutcome, SessionId, StaffId, StaffRole, StaffRow, TakeOverId, TakeOverReason,
};
pub use snapshot::{
    AccountDone, AccountView, ColleaguesView, DeskPhase, DeskProblem, DeskSnapshot, ReviewLine, ReviewsView,
    SessionLine, SessionsView,
};
pub use trust::{DeviceRole, ServerAddressError, TlsPin};
