//! The command line of `housecall headless keys`: the contract of `docs/headless.md`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::arguments::Span;
use crate::day_arguments::StaffArguments;

/// What staff do about keys: the contract of `docs/headless.md`.
#[derive(Debug, Args)]
pub(crate) struct KeysArguments {
    #[command(flatten)]
    pub(crate) staff: StaffArguments,
    /// How long the other side is waited for.
    #[arg(long, value_name = "SPAN", default_value = "5m")]
    pub(crate) give_up: Span,
    #[command(subcommand)]
    pub(crate) command: KeysCommand,
}

/// What to do about keys. They are kept in the system's keyring, and nowhere else.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// An admin: makes the clinic's key on this machine.
    SetUp {
        /// Where the recovery sheet is written: print it, and take the file away. Whoever has it is the clinic.
        #[arg(long, value_name = "F")]
        sheet_out: PathBuf,
    },
    /// Has this machine's device certified: waits until an admin compares digits.
    Ask {
        #[command(flatten)]
        spoken: SpokenArguments,
    },
    /// An admin, where the clinic's key was made: certifies the device of an account that waits, or will wait.
    LetIn {
        /// The account.
        account: String,
        /// The name that patients see.
        #[arg(long, value_name = "NAME")]
        name: String,
        /// What the device is for.
        #[arg(long, value_enum)]
        role: RoleWord,
        #[command(flatten)]
        spoken: SpokenArguments,
    },
}

/// How ten digits are compared.
#[derive(Debug, Args)]
pub(crate) struct SpokenArguments {
    /// Where this side's digits are written, whole, once they are shown.
    #[arg(long, value_name = "F")]
    pub(crate) digits_out: PathBuf,
    /// What the other side reads out: this file is looked for.
    #[arg(long, value_name = "F")]
    pub(crate) digits_in: PathBuf,
}

/// What a device is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleWord {
    Admin,
    Clinician,
    FrontDesk,
    Auditor,
}
