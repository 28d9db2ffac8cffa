//! The `housecall-server` program: `setup`, `serve`, `check`, `doctor`, backups, and what is done about accounts and keys.

mod program;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use program::arguments::{Arguments, Command};
use program::logging;
use program::{accounts, keeping, serving};
use server::settings::LogFormat;

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Serve(arguments) => arguments.resolve().and_then(serving::run),
        // What they find stands on standard output.
        Command::Doctor(arguments) => return verdict(serving::examine(arguments)),
        Command::Check(arguments) => return verdict(serving::examine_settings(arguments)),
        other => {
            logging::begin(LogFormat::Text, "info");
            once(other)
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn once(command: Command) -> Result<()> {
    match command {
        Command::Setup(data) => accounts::begin(data),
        Command::User { command } => accounts::run(command),
        Command::Backup(arguments) => keeping::make(arguments),
        Command::Restore(arguments) => keeping::bring_back(arguments),
        Command::Key { command } => keeping::keys(command),
        Command::Audit { command } => keeping::log(command),
        Command::Serve(_) | Command::Doctor(_) | Command::Check(_) => Ok(()),
    }
}

fn verdict(exit: Result<u8>) -> ExitCode {
    match exit {
        Ok(exit) => ExitCode::from(exit),
        Err(error) => {
            complain(&error);
            ExitCode::from(serving::EXIT_USAGE)
        }
    }
}

fn complain(error: &anyhow::Error) {
    writeln!(io::stderr(), "housecall-server: {error:#}").ok();
}
