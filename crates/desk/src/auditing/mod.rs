//! The clinic's audit log for who reads it: what is looked for, rows in a form that can be said in words, what a device did, and
//! who has access today.
//!
//! The maths is [`audit`]'s. What comes here was proven by whoever asked for it, against a checkpoint that this machine keeps;
//! where it could not be, [`LogStanding`] says so.

mod access;
mod filter;
mod line;
mod touched;

use std::path::PathBuf;

use signaling_protocol::{StaffRow, VisitId};

use crate::DeskProblem;

pub use access::lines as access_lines;
pub use access::{AccessDevice, AccessFound, AccessLine, AccessSession, DeviceAccess};
pub use filter::{AuditFilter, KINDS, RowsWanted, Span};
pub use line::AuditLine;
pub use touched::{Chase, Touched, TouchedVisit, Touching};

/// Rows of one page.
pub const PAGE: u64 = 50;

/// What an auditor wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditIntent {
    /// Look at the log, or look again.
    Show,
    /// Look at it no more.
    Hide,
    /// Look for these rows.
    Find(AuditFilter),
    /// The rows before those that are shown.
    Older,
    /// The rows after those that are shown.
    Newer,
    /// Which visits were touched by a device, as it was typed: `dev_…`, `mac_…` or `ses_…`.
    TouchedBy {
        /// Which.
        device: String,
        /// Not before then.
        from: String,
        /// Not after then.
        until: String,
    },
    /// Who has access today.
    ShowAccess,
    /// Write the evidence about a visit to a file.
    Export {
        /// Which, as it was typed: `vis_…`.
        visit: String,
        /// Where.
        file: String,
    },
}

/// A question about the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditAsk {
    /// These rows.
    Rows(RowsWanted),
    /// The visits that a device, a machine or a session touched.
    Touched(String, Span),
    /// Who has access.
    Access,
    /// The evidence about a visit, into this file, which is not there yet.
    Export(VisitId, PathBuf),
}

/// What came of a question about the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditAnswer {
    /// How the log stands.
    pub log: LogStanding,
    /// The accounts, for their names.
    pub staff: Vec<StaffRow>,
    /// What was asked for.
    pub told: AuditTold,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditTold {
    /// Rows, the newest first, as they stand in the log.
    Rows {
        /// Their texts.
        rows: Vec<String>,
        /// Whether there are more before them.
        more: bool,
    },
    /// Visits.
    Touched(Touched),
    /// Accounts, their sessions and devices.
    Access(Box<AccessFound>),
    /// The file was written.
    Exported(Exported),
    /// It was not: why.
    NotWritten(NotWritten),
    /// What came was not to be believed: [`AuditAnswer::log`] says why.
    Withheld,
}

/// Why a file was not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotWritten {
    /// Something is there already, and evidence is not written over anything.
    Exists,
    /// What the system says.
    System(String),
}

/// An evidence file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// About which visit.
    pub visit: VisitId,
    /// Where it is.
    pub file: PathBuf,
    /// Where the checkpoint is that this machine keeps: a verifier is given both.
    pub checkpoint: PathBuf,
    /// How many rows are in it.
    pub rows: u64,
    /// Connections of which both ends said the same.
    pub agreed: u64,
    /// Receipts to which the other end has given none.
    pub one_sided: u64,
    /// Why this machine does not believe it, by the verifiers' word.
    pub refused: Option<&'static str>,
}

/// How the log stands, by what this machine has verified itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LogStanding {
    /// It was not looked at yet.
    #[default]
    Unknown,
    /// It goes on from everything that this machine has seen of it.
    Verified(VerifiedLog),
    /// It does not.
    Wrong(LogTrouble),
}

impl LogStanding {
    /// What is wrong with it.
    pub const fn trouble(&self) -> Option<LogTrouble> {
        if let Self::Wrong(trouble) = self { Some(*trouble) } else { None }
    }

    /// The same, beside what was found before since somebody signed in: it goes on from what this machine had seen until then.
    /// What it kept a moment ago says nothing to anybody.
    pub(crate) fn seen_since(self, before: &Self) -> Self {
        match (self, before) {
            (Self::Verified(log), Self::Verified(before)) => {
                // None, of a log that was never met, is the least.
                Self::Verified(VerifiedLog { since: log.since.min(before.since), ..log })
            }
            (log, _) => log,
        }
    }
}

/// A log that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedLog {
    /// How many rows it has.
    pub rows: u64,
    /// When the server signed that, in microseconds of Unix time.
    pub unix_micros: u64,
    /// How many it had when this machine kept a checkpoint of it, before somebody signed in; none: it was never met.
    pub since: Option<u64>,
    /// The log's public key in base64url, to be compared with the one that was written down.
    pub key: String,
}

/// What is wrong with a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogTrouble {
    /// It is signed by another key than before.
    OtherKey,
    /// Its checkpoint is not signed by its key.
    NotSigned,
    /// It is shorter than it was.
    RolledBack,
    /// It is another one.
    Forked,
    /// This row is not in the log that was signed.
    NotIncluded(u64),
}

impl From<audit::Alarm> for LogTrouble {
    fn from(alarm: audit::Alarm) -> Self {
        match alarm {
            audit::Alarm::OtherKey => Self::OtherKey,
            audit::Alarm::NotSigned => Self::NotSigned,
            audit::Alarm::RolledBack => Self::RolledBack,
            audit::Alarm::Forked => Self::Forked,
        }
    }
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditProblem {
    /// As at any desk.
    Desk(DeskProblem),
    /// That is no time.
    Time,
    /// That is no id of a visit.
    NotAVisit,
    /// That is no id of a device, a machine or a session.
    NotADevice,
    /// No file was named.
    NoFile,
    /// The file was not written.
    NotWritten(NotWritten),
}

/// The log, while it is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditView {
    /// How it stands.
    pub log: LogStanding,
    /// When that was signed, on the clinic's clock.
    pub verified_at: Option<String>,
    /// By whose clock times are shown and typed.
    pub zone: String,
    /// The accounts.
    pub accounts: Vec<StaffRow>,
    /// By what the rows were found.
    pub filter: AuditFilter,
    /// The newest first.
    pub rows: Vec<AuditLine>,
    /// Whether there are rows before them.
    pub has_older: bool,
    /// Whether there are rows after them.
    pub has_newer: bool,
    /// Visits that a device touched, once that was asked.
    pub touched: Option<Touched>,
    /// Who has access, once that was asked.
    pub access: Option<Vec<AccessLine>>,
    /// The file that was written last.
    pub exported: Option<Exported>,
    /// Where files are proposed to be put: a folder.
    pub folder: String,
    /// Whether the server is being asked.
    pub is_asking: bool,
    /// What went wrong.
    pub problem: Option<AuditProblem>,
}
