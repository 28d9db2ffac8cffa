//! Serving, and looking whether that will do.

use std::io::{self, Write};

use anyhow::{Context, Result, bail};
use server::doctor::{Checkup, State, doctor};
use server::settings::{LogFormat, Settings, check};
use server::storage_key::Place;
use server::{Config, serve};

use super::arguments::Check;
use super::logging;

/// Something that was given cannot be used: 1 and 2 are a doctor's verdicts, this is `EX_USAGE` of sysexits.h.
pub(crate) const EXIT_USAGE: u8 = 64;

/// Serves until it is told to stop.
#[tokio::main]
pub(crate) async fn run((settings, place): (Settings, Place)) -> Result<()> {
    logging::begin(settings.log.format.unwrap_or_default(), "info");
    let config = settings.config(place)?;
    refuse_weak(&config, settings.name.as_deref())?;
    // Listened for before the line is out: whoever reads it may stop the server at once.
    let mut signals = Signals::new().context("signals cannot be listened for")?;
    let running = serve(config).await?;
    let told = running.metrics.map_or(String::new(), |metrics| format!(" metrics http://{metrics}"));
    writeln!(io::stdout(), "ready {} {}{told}", running.base_url, running.pin_text())
        .and_then(|()| io::stdout().flush())
        .context("the ready line could not be printed")?;
    while signals.next().await == Signal::Reload {
        if let Err(error) = running.reload_certificate() {
            // What is wrong is named by files of the operator's.
            tracing::warn!(%error, "the certificate before it is shown still");
        }
    }
    running.shutdown().await;
    Ok(())
}

/// A server with a door left open does not start. A certificate that ran out is no door: apps refuse it by themselves, and those
/// that pin it go on.
fn refuse_weak(config: &Config, name: Option<&str>) -> Result<()> {
    let checkup = check(config, name);
    match checkup.checks.iter().find(|check| check.state == State::Bad && check.what != "certificate") {
        Some(bad) => bail!("{} {}", bad.says, bad.next),
        None => Ok(()),
    }
}

/// Looks at the settings; the exit status says what came of it.
pub(crate) fn examine_settings(arguments: Check) -> Result<u8> {
    logging::begin(LogFormat::Text, "error");
    let (settings, place) = arguments.with.resolve()?;
    let checkup = check(&settings.config(place)?, settings.name.as_deref());
    print(&checkup, arguments.json, Checkup::settings_page)
}

/// Looks at the machine and its network.
#[tokio::main]
pub(crate) async fn examine(arguments: Check) -> Result<u8> {
    logging::begin(LogFormat::Text, "error");
    let (settings, place) = arguments.with.resolve()?;
    let checkup = doctor(&settings.config(place)?, settings.name.as_deref()).await;
    print(&checkup, arguments.json, Checkup::page)
}

fn print(checkup: &Checkup, as_json: bool, page: impl FnOnce(&Checkup) -> String) -> Result<u8> {
    let text = if as_json {
        let all = serde_json::json!({ "exit": checkup.exit(), "checkup": checkup });
        serde_json::to_string_pretty(&all)? + "\n"
    } else {
        page(checkup)
    };
    io::stdout().write_all(text.as_bytes()).ok();
    Ok(checkup.exit())
}

/// What an operator tells a program that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    Stop,
    Reload,
}

struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, hang_up: signal(SignalKind::hangup())? })
    }

    #[cfg(not(unix))]
    fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(unix)]
    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => Signal::Stop,
            _ = self.terminate.recv() => Signal::Stop,
            _ = self.hang_up.recv() => Signal::Reload,
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) -> Signal {
        tokio::signal::ctrl_c().await.ok();
        Signal::Stop
    }
}
