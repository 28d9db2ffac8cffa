//! The `housecall` program.

// Forbidden but in `painter`, which talks to the graphics card.
#![deny(unsafe_code)]

mod arguments;
mod awake;
mod day;
mod day_arguments;
mod doctor;
mod headless;
mod kept;
mod keys;
mod keys_arguments;
mod logging;
mod options;
mod painter;
mod printer;
mod sheet_page;
mod troubles;
mod window;

use std::process::ExitCode;
use std::time::{Instant, SystemTime};

use clap::Parser;
use units::Clock;

use crate::arguments::{Arguments, Command};

/// The command line is wrong: `EX_USAGE` of sysexits.h, because 2 means "sound only" here.
pub(crate) const EXIT_USAGE: u8 = 64;

fn main() -> ExitCode {
    let clock = Clock::starting_at(Instant::now(), SystemTime::now());
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(EXIT_USAGE) } else { ExitCode::SUCCESS };
        }
    };
    logging::start(arguments.verbose);
    session::install_crypto_provider();
    match arguments.command {
        Some(Command::Headless(headless)) => headless::run(*headless),
        Some(Command::Doctor(doctor)) => doctor::run(*doctor),
        None => match options::read(arguments.window, clock) {
            Ok(options) => window::run(options),
            Err(error) => headless::cannot_begin(&error),
        },
    }
}
