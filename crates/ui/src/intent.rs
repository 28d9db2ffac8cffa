//! What the person wants.

use crate::{CrashIntent, HandingWish, NotesWish, Settings};
use units::{DeviceKind, Listening, Phi};

/// Something that the person wants; `app` carries it to who decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// For the call.
    Call(call::Intent),
    /// Where the patient is and whom to call.
    SayFacts(call::Facts),
    /// The clinic's code, as the patient typed it.
    SayCode(Phi<String>),
    /// Of what the two hand each other: what needs a file of this device, or words.
    Hand(HandingWish),
    /// Of the clinician's notes.
    Note(NotesWish),
    /// For the clinician's desk.
    Desk(desk::DeskIntent),
    /// For the day of who is signed in.
    Day(desk::day::DayIntent),
    /// For the keys of who is signed in.
    Keys(desk::KeysIntent),
    /// Write the recovery sheet as a page that can be printed, and open it.
    PrintSheet,
    /// Open the visit of this link; it is as it was typed and may be wrong.
    OpenLink(Phi<String>),
    /// Show the clinician's desk.
    OpenDesk,
    /// Leave what is open, back to the start.
    Back,
    /// Use this device, or try it again; `None` leaves it to the system.
    Choose(DeviceKind, Option<String>),
    /// The other side is heard like this.
    Listen(Listening),
    /// Tell the other side no address but a relay's, or any, in visits that are still to be joined.
    RelayOnly(bool),
    /// Ask the system which devices there are: the choice is open.
    LookForDevices,
    /// Put the visit's link on the clipboard.
    CopyLink,
    /// Play a short sound, to try the loudspeaker.
    TestSpeaker,
    /// Fill the whole screen, or no longer.
    FullScreen(bool),
    /// Be a small window above all others, or no longer.
    MiniWindow(bool),
    /// Open the visit again by the link that was opened last.
    OpenAgain,
    /// These settings from now on.
    Settings(Settings),
    /// The visit of a link that was opened meanwhile: open it in the place of this one, or forget it.
    OtherLink(bool),
    /// What becomes of the report of a crash.
    Crash(CrashIntent),
    /// Close the window and end.
    Quit,
}
