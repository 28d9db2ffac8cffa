//! `voicebench codec | echo | devices`: measures one part of the voice's way and prints JSON.

#![forbid(unsafe_code)]

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use voicebench::{codec, devices, echo};

/// Measures one part of the voice's way and prints JSON.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Encoder, redundancy, link and playout, in virtual time.
    Codec(codec::Arguments),
    /// Echo cancelling on made-up rooms.
    Echo(echo::Arguments),
    /// From mouth to ear through real device code.
    Devices(devices::Arguments),
}

fn main() -> ExitCode {
    match run(Arguments::parse().part) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr().lock(), "voicebench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(part: Part) -> Result<()> {
    let result = match part {
        Part::Codec(arguments) => codec::run(&arguments)?,
        Part::Echo(arguments) => echo::run(&arguments)?,
        Part::Devices(arguments) => devices::run(&arguments)?,
    };
    writeln!(io::stdout().lock(), "{result:#}")?;
    Ok(())
}
