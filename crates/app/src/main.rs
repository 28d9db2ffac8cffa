//! The `housecall` program.

// Forbidden but in `painter`, which talks to the graphics card.
#![deny(unsafe_code)]

mod arguments;
mod audit;
mod audit_arguments;
mod awake;
mod day;
mod day_arguments;
mod doctor;
mod handing;
mod headless;
mod keys;
mod keys_arguments;
mod language;
mod logging;
mod manners;
mod notes;
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

use crate::arguments::{Arguments, Command, VERSION, WindowArguments};
use crate::manners::crash::CrashReport;
use crate::manners::settings::SettingsFile;
use crate::manners::single::Start;
use crate::manners::{Found, places, single};

/// The command line is wrong: `EX_USAGE` of sysexits.h, because 2 means "sound only" here.
pub(crate) const EXIT_USAGE: u8 = 64;

/// Opens a window, or calls to the one that is open.
fn open_window(arguments: WindowArguments, own: bool, clock: Clock) -> ExitCode {
    let crash = places::state("crash.txt").filter(|_| own);
    let report = crash.as_deref().and_then(CrashReport::read);
    if let Some(path) = crash {
        manners::crash::keep_at(path, VERSION);
    }
    let mut instance = None;
    // Whoever says more than a link wants a window of their own.
    let says_no_more = std::env::args_os().skip(1).all(|word| !word.as_encoded_bytes().starts_with(b"-"));
    if let (true, true, Some(folder)) = (own, says_no_more, places::runtime("")) {
        let link = arguments.link.as_ref().map(|link| link.0.as_str());
        match single::start(&folder, link) {
            Start::First(first) => instance = Some(first),
            Start::Told => return ExitCode::SUCCESS,
            Start::Alone => {}
        }
    }
    let settings = SettingsFile::open(places::config("settings.toml").filter(|_| own));
    match options::read(arguments, clock, Found { settings, crash: report, instance }) {
        Ok(options) => window::run(options),
        Err(error) => headless::cannot_begin(&error),
    }
}

fn main() -> ExitCode {
    let clock = Clock::starting_at(Instant::now(), SystemTime::now());
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(EXIT_USAGE) } else { ExitCode::SUCCESS };
        }
    };
    // Who names a file of their own keeps nothing in the person's folders; without a window nothing is kept either.
    let own = arguments.command.is_none() && arguments.window.trust.known_file.is_none();
    logging::start(arguments.verbose, places::state("housecall.log").filter(|_| own));
    session::install_crypto_provider();
    match arguments.command {
        Some(Command::Headless(headless)) => headless::run(*headless),
        Some(Command::Doctor(doctor)) => doctor::run(*doctor),
        None => open_window(arguments.window, own, clock),
    }
}
