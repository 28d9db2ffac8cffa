//! What is to be shown.

use std::time::Duration;

use crate::Settings;
use units::{Devices, KeyringTrouble, Timestamp};

use crate::{HandingModel, Language, NotesModel};

/// All that the window shows; made anew for each time it is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Model<'a> {
    /// In which everything is said.
    pub language: Language,
    /// Which of the app's three faces.
    pub screen: Screen,
    /// The call, from the moment in which it was begun; its phase picks the view.
    pub call: Option<&'a call::Snapshot>,
    /// The clinician's workspace; its phase picks the view. Needed for [`Screen::Clinician`].
    pub desk: Option<&'a desk::DeskSnapshot>,
    /// The day of who is signed in, once it is known.
    pub day: Option<&'a desk::day::DaySnapshot>,
    /// The keys of who is signed in, where no identity was given. Needed in [`desk::DeskPhase::Keys`].
    pub keys: Option<&'a desk::KeysSnapshot>,
    /// Where the recovery sheet was written to be printed.
    pub sheet_page: Option<&'a str>,
    /// What there is to choose from.
    pub devices: &'a Devices,
    /// Whether the person wants the other side to learn no address but a relay's.
    pub relay_only: bool,
    /// How loud it is.
    pub levels: Levels,
    /// What came of the sound by which the loudspeaker is tried.
    pub test_sound: TestSound,
    /// Whether somebody speaks into our microphone while it is off.
    pub speaks_while_muted: bool,
    /// The time, on the clock of the snapshots.
    pub now: Timestamp,
    /// How long the two have talked, for the end of a patient's visit.
    pub talked_for: Option<Duration>,
    /// How the clinician's last call ended, for the end of their visit: it says more of what was refused than the desk.
    pub last_end: Option<call::EndReason>,
    /// Why the clinic cannot know this patient's device again, if it cannot.
    pub keyring_trouble: Option<KeyringTrouble>,
    /// What the person chose for all windows.
    pub settings: &'a Settings,
    /// The report of a crash, to be shown at the start.
    pub crash: Option<&'a str>,
    /// Whether the link of another visit was opened meanwhile.
    pub other_link: bool,
    /// Something that the person should know and that no snapshot tells: one sentence.
    pub problem: Option<&'a str>,
    /// Whether the visit that is over can be opened again by its link.
    pub can_open_again: bool,
    /// The clinic's telephone number, where it is known: the way out when nothing works.
    pub phone: Option<&'a str>,
    /// What the network of a patient who has not joined will carry, once that is known.
    pub network: Option<&'a ::doctor::Checked>,
    /// What lies on this device of what the two hand each other.
    pub handing: HandingModel<'a>,
    /// The notes of the clinician who is signed in.
    pub notes: Option<NotesModel<'a>>,
}

/// Which of the app's faces is shown. The details follow from the snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Screen {
    /// Nothing is open: paste a link, or go to the clinician's desk.
    #[default]
    Start,
    /// A patient's visit: preview, waiting room, call, end, by the call's phase.
    Patient,
    /// The clinician's: sign-in, desk, waiting room, call, summary, by the desk's and the call's phase.
    Clinician,
}

/// What came of the sound by which the loudspeaker is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TestSound {
    /// It was not played yet.
    #[default]
    NotPlayed,
    /// It is being played, and listened for.
    Playing,
    /// Our microphone heard it.
    Heard,
    /// It did not; a person with headphones may have.
    NotHeard,
}

/// How loud it is, 0 to 1 of full scale, the peak of the last moment.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Levels {
    /// What our microphone hears.
    pub microphone: f32,
    /// What we play of theirs.
    pub speaker: f32,
}
