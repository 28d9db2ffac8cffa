//! The command line of `housecall headless day`: the contract of `docs/headless.md`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use session::{InviteId, StaffId, VisitId};

use crate::arguments::{AccountArguments, NetworkArguments};

/// Who of the staff asks, and by what way.
#[derive(Debug, Args)]
pub(crate) struct StaffArguments {
    #[command(flatten)]
    pub(crate) account: AccountArguments,
    #[command(flatten)]
    pub(crate) network: NetworkArguments,
    /// Whom this machine has met before: beside this file (`.logs`) the newest checkpoint of the clinic's audit log is kept, and
    /// compared with at each sign-in.
    #[arg(long, value_name = "F")]
    pub(crate) known_file: Option<PathBuf>,
}

/// What staff do about the day: the contract of `docs/headless.md`.
#[derive(Debug, Args)]
pub(crate) struct DayArguments {
    #[command(flatten)]
    pub(crate) staff: StaffArguments,
    /// The folder with the key of a clinic of one. Without it this machine's device, whose keys are in the system's keyring.
    #[arg(long, value_name = "DIR")]
    pub(crate) identity: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: DayCommand,
}

/// What to do about the day.
#[derive(Debug, Subcommand)]
pub(crate) enum DayCommand {
    /// Plans a visit and makes its link.
    Schedule {
        /// When, on the clinic's clock: "2026-10-25 14:30". Without it the visit is now.
        #[arg(long, value_name = "TIME")]
        start: Option<String>,
        /// The clinic's time zone.
        #[arg(long, value_name = "ZONE", default_value = "Etc/UTC")]
        zone: String,
        /// Which of the two, where clocks change at that time.
        #[arg(long, value_enum, value_name = "WHICH")]
        clock_change: Option<ClockChange>,
        /// How long it is to take.
        #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=1_440))]
        minutes: u16,
        /// Whose visit it will be, stf_…. Without it the own of a clinician, nobody's of the front desk.
        #[arg(long, value_name = "STAFF")]
        clinician: Option<StaffId>,
        /// A file with what colleagues are to know, as JSON: name, notes, code. It is sealed before it leaves this machine.
        #[arg(long, value_name = "F")]
        card_file: Option<PathBuf>,
        /// Where the link is written.
        #[arg(long, value_name = "F")]
        invite_out: PathBuf,
    },
    /// Moves a visit to another time. Its links are good around the new one; who has one needs no other.
    Move {
        /// Which.
        visit: VisitId,
        /// When, on the clinic's clock: "2026-10-25 14:30".
        #[arg(long, value_name = "TIME")]
        start: String,
        /// The clinic's time zone.
        #[arg(long, value_name = "ZONE", default_value = "Etc/UTC")]
        zone: String,
        /// Which of the two, where clocks change at that time.
        #[arg(long, value_enum, value_name = "WHICH")]
        clock_change: Option<ClockChange>,
        /// How long it is to take; as long as before without it.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_440))]
        minutes: Option<u16>,
    },
    /// Lists the visits of a day, and all where somebody is.
    List {
        /// Which: "2026-10-25"; today without it.
        #[arg(long, value_name = "DAY")]
        day: Option<String>,
        /// The clinic's time zone.
        #[arg(long, value_name = "ZONE", default_value = "Etc/UTC")]
        zone: String,
    },
    /// Calls a visit off.
    Cancel {
        /// Which.
        visit: VisitId,
    },
    /// Says that nobody came.
    NoShow {
        /// Which.
        visit: VisitId,
    },
    /// Hands a visit to a colleague; to nobody without one.
    HandOver {
        /// Which.
        visit: VisitId,
        /// To whom, stf_….
        clinician: Option<StaffId>,
    },
    /// Lets those who wait know something.
    Tell {
        /// In which visit.
        visit: VisitId,
        /// What.
        #[command(subcommand)]
        note: NoteWord,
    },
    /// Makes the patient's link anew; the old one is dead.
    Reinvite {
        /// Of which visit.
        visit: VisitId,
        /// Where the link is written.
        #[arg(long, value_name = "F")]
        invite_out: PathBuf,
    },
    /// Makes another link, for somebody beside the patient.
    Invite {
        /// To which visit.
        visit: VisitId,
        /// Who comes by it.
        #[arg(long, value_enum)]
        role: BesideWord,
        /// Where the link is written.
        #[arg(long, value_name = "F")]
        invite_out: PathBuf,
    },
    /// Takes a link back.
    Revoke {
        /// Of which visit.
        visit: VisitId,
        /// Which, inv_….
        invite: InviteId,
    },
}

/// What those who wait are told.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum NoteWord {
    /// It will be so much later.
    Late {
        /// So many minutes.
        #[arg(value_parser = clap::value_parser!(u8).range(1..=240))]
        minutes: u8,
    },
    /// They are next.
    Next,
    /// They should call the clinic.
    CallUs,
    /// What was said before does not hold any more.
    Nothing,
}

/// Who is beside a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BesideWord {
    Guardian,
    Interpreter,
}

/// Which of two times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClockChange {
    Earlier,
    Later,
    /// A time that is left out counts as if clocks had not changed yet; of one that comes twice the first is meant.
    Rule,
}
