//! The `housecall` program.

// Forbidden but in `painter`, which talks to the graphics card.
#![deny(unsafe_code)]

mod arguments;
mod headless;
mod logging;
mod painter;
mod printer;
mod window;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};

/// The command line is wrong: `EX_USAGE` of sysexits.h, because 2 means "sound only" here.
const EXIT_USAGE: u8 = 64;

fn main() -> ExitCode {
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
        Some(Command::Headless(headless)) => headless::run(headless),
        None => window::run(headless::window_options(arguments.window)),
    }
}
