//! `cargo xtask …`: see `cargo xtask --help`.

#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use xtask::say::{complain, say};
use xtask::workspace::Workspace;
use xtask::{bench, check, demo, fuzz, mutants, setup};

/// What a developer of Housecall types.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Builds everything and holds a call between a clinician and a patient on this machine.
    Demo {
        /// Without windows, as where there is no display.
        #[arg(long)]
        headless: bool,
        /// How many seconds the call lasts: 60 in windows and 15 without, unless it is said.
        #[arg(long)]
        seconds: Option<u32>,
    },
    /// Checks the style and runs the tests.
    Test {
        /// The long ones too, and what needs the network.
        #[arg(long)]
        all: bool,
    },
    /// Measures the product.
    #[command(subcommand)]
    Bench(Bench),
    /// Takes out one check after another of those that keep a visit private, and sees that a test fails: hours.
    Mutants(mutants::MutantsArguments),
    /// Fuzzes every parser of what comes from outside; the table goes to docs/bench/fuzz.md.
    Fuzz(fuzz::FuzzArguments),
    /// Installs what the build needs of the system, and nothing else.
    Setup,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// A call between the two programs over the link laboratory; the table goes to docs/bench/call.md.
    Call(bench::CallArguments),
    /// The scoreboard on weak links, ours beside Chromium's; the page goes to docs/bench/links.md.
    Links(bench::LinksArguments),
    /// How long media stays away when an end's network changes, in the link laboratory; the table goes to docs/bench/roam.md.
    Roam(bench::RoamArguments),
    /// What a file costs the call beside which it is handed over, in the link laboratory; the table goes to docs/bench/handing.md.
    Handing(bench::HandingArguments),
    /// The voice over simulated links, scored; the table goes to docs/bench/voice.md.
    Voice(bench::VoiceArguments),
    /// What a window costs to open, while nothing happens and in a call; the table goes to docs/bench/window.md.
    Window(bench::WindowArguments),
    /// What sealing costs when two people join, or how long joining takes over a link; the table goes to docs/bench/join.md, or
    /// join-links.md.
    Join(bench::JoinArguments),
    /// Which networks a visit gets through and by which way, in the link laboratory; the tables go to docs/bench/paths.md.
    Paths(bench::PathsArguments),
    /// What the server's relay carries over real sockets; the table goes to docs/bench/relay.md.
    Relay(bench::RelayArguments),
    /// What the server carries: ten thousand event streams, and all of them coming back at once; the table goes to
    /// docs/bench/server.md.
    Server(bench::ServerBenchArguments),
    /// What else runs inside of the link laboratory; `bench links` starts it there.
    #[command(subcommand, hide = true)]
    Wire(bench::WireArguments),
    /// Scores one recording against its source: what `bench call` does with each end's files.
    Score {
        /// The folder with a run's files, as `bench call --keep` leaves it.
        folder: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One sentence, and not `Error: …` with a stack: what went wrong is on the machine, not in this program.
            complain(format_args!("cargo xtask: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    let workspace = Workspace::find()?;
    match command {
        Command::Demo { headless, seconds } => demo::run(&workspace, headless, seconds),
        Command::Test { all } => check::all_checks(&workspace, all),
        Command::Bench(Bench::Call(arguments)) => bench::call(&workspace, &arguments),
        Command::Bench(Bench::Links(arguments)) => bench::links(&workspace, &arguments),
        Command::Bench(Bench::Roam(arguments)) => bench::roam(&workspace, &arguments),
        Command::Bench(Bench::Handing(arguments)) => bench::handing(&workspace, &arguments),
        Command::Bench(Bench::Voice(arguments)) => bench::voice(&workspace, &arguments),
        Command::Bench(Bench::Window(arguments)) => bench::window(&workspace, &arguments),
        Command::Bench(Bench::Join(arguments)) => bench::join(&workspace, &arguments),
        Command::Bench(Bench::Paths(arguments)) => bench::paths(&workspace, &arguments),
        Command::Bench(Bench::Relay(arguments)) => bench::relay(&workspace, &arguments),
        Command::Bench(Bench::Server(arguments)) => bench::server(&workspace, &arguments),
        Command::Bench(Bench::Wire(arguments)) => bench::wire(&arguments),
        Command::Bench(Bench::Score { folder }) => bench::score_again(&workspace, &folder),
        Command::Mutants(arguments) => mutants::mutants(&workspace, &arguments),
        Command::Fuzz(arguments) => fuzz::fuzz(&workspace, &arguments),
        Command::Setup => {
            setup::run()?;
            say("All that the build needs of the system is there.");
            Ok(())
        }
    }
}
