//! The command line of `housecall headless audit`: the contract of `docs/headless.md`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use session::{StaffId, VisitId};

use crate::day_arguments::StaffArguments;

/// What an auditor does: the contract of `docs/headless.md`.
#[derive(Debug, Args)]
pub(crate) struct AuditArguments {
    #[command(flatten)]
    pub(crate) staff: StaffArguments,
    #[command(subcommand)]
    pub(crate) command: AuditCommand,
}

/// What to ask of the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// A page of rows, the newest first.
    Rows {
        /// Of this kind, as it stands in the log.
        #[arg(long, value_name = "WORD")]
        kind: Option<String>,
        /// By this account, or about it, stf_….
        #[arg(long, value_name = "STAFF")]
        account: Option<StaffId>,
        /// About this: vis_…, or anything else that has an id.
        #[arg(long, value_name = "ID")]
        about: Option<String>,
        #[command(flatten)]
        span: SpanArguments,
        /// Before this row: the page after the last one.
        #[arg(long, value_name = "N")]
        before: Option<u64>,
    },
    /// Which visits were touched by a device.
    Touched {
        /// A device dev_…, a machine mac_… or a session ses_….
        device: String,
        #[command(flatten)]
        span: SpanArguments,
    },
    /// Who has access now: accounts, sessions, devices.
    Access,
    /// Writes the evidence of a visit, and the checkpoint that is kept beside it.
    Export {
        /// Which, vis_….
        visit: VisitId,
        /// Where. There must be no such file yet.
        #[arg(long, value_name = "F")]
        out: PathBuf,
    },
}

/// From when to when.
#[derive(Debug, Args)]
pub(crate) struct SpanArguments {
    /// Not before this day or minute: "2026-10-25" or "2026-10-25 14:30".
    #[arg(long, value_name = "TIME", default_value = "")]
    pub(crate) from: String,
    /// Not after this day or minute.
    #[arg(long, value_name = "TIME", default_value = "")]
    pub(crate) until: String,
    /// By the clock of this time zone; UTC without it.
    #[arg(long, value_name = "ZONE")]
    pub(crate) zone: Option<String>,
}
