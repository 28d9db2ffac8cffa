//! A display that nobody looks at: `Xvfb`, for windows in tests and measurements.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::process::{Process, wait_until};

/// How long an X server may take to be ready: half a second on a quiet machine.
const START: Duration = Duration::from_secs(30);

/// How long it may take to go, before it is killed.
const END: Duration = Duration::from_secs(5);

/// A running X server without a screen; it ends when this is dropped.
#[derive(Debug)]
pub struct Display {
    process: Process,
    name: String,
}

impl Display {
    /// Starts a display of so many pixels, under the first number that is free.
    ///
    /// # Errors
    /// `Xvfb` is not installed or does not start.
    pub fn start(width: u32, height: u32) -> Result<Self> {
        let mut command = Command::new("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", &format!("{width}x{height}x24"), "-dpi", "96"]);
        command.args(["-nolisten", "tcp", "-noreset"]);
        let mut process = Process::spawn("Xvfb", &mut command, |_| {})?;
        let mut number = None;
        wait_until(START, || {
            number = process.stdout().lines().next().and_then(|line| line.parse::<u32>().ok());
            Ok(number.is_some() || !process.is_running())
        })?;
        match number {
            Some(number) => Ok(Self { process, name: format!(":{number}") }),
            None => bail!("Xvfb did not start: {}", process.stderr().trim()),
        }
    }

    /// What `DISPLAY` is to be, such as `:99`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Lets the command's windows open here, and nowhere else.
    pub fn hand_to(&self, command: &mut Command) {
        command.env("DISPLAY", &self.name).env_remove("WAYLAND_DISPLAY").env_remove("XAUTHORITY");
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // Asked and not killed: only then does it take its lock and its socket away.
        if self.process.terminate().is_ok() {
            let _ = self.process.wait(END);
        }
    }
}
