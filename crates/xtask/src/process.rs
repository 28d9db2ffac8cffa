//! A program that runs beside us: its lines are heard as they come, and it ends when we do.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::interrupt;

/// How often a wait looks again: well below what a person or a bar of the contract would notice.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A running program. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts the command without standard input. `heard` is called for each line of both its outputs.
    pub fn spawn(name: &str, command: &mut Command, heard: impl Fn(&str) + Clone + Send + 'static) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("{name} could not be started"))?;
        let (stdout, stderr) = (Arc::default(), Arc::default());
        let mut readers = Vec::new();
        if let Some(pipe) = child.stdout.take() {
            readers.push(read_lines(pipe, Arc::clone(&stdout), heard.clone()));
        }
        if let Some(pipe) = child.stderr.take() {
            readers.push(read_lines(pipe, Arc::clone(&stderr), heard));
        }
        Ok(Self { name: name.to_owned(), child, stdout, stderr, readers })
    }

    /// The program's number, by which the system knows it.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end of the program, no longer than the limit.
    pub fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        let mut status = None;
        let child = &mut self.child;
        let ended = wait_until(limit, || {
            status = child.try_wait()?;
            Ok(status.is_some())
        })?;
        let Some(status) = status.filter(|_| ended) else {
            bail!("{} was still running after {} s", self.name, limit.as_secs());
        };
        for reader in self.readers.drain(..) {
            // A reader that panicked has already said so.
            let _ = reader.join();
        }
        Ok(status)
    }

    /// Whether the program has not ended yet.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills the program, as a crash would: it cannot say good-bye.
    pub fn kill(&mut self) {
        // An error says that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks the program to end, as a service manager does.
    pub fn terminate(&mut self) -> Result<()> {
        let status = Command::new("kill").arg(self.child.id().to_string()).status()?;
        if !status.success() {
            bail!("{} could not be asked to end", self.name);
        }
        Ok(())
    }

    /// What it has written to standard output so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.stdout.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it has written to standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.is_running() {
            self.kill();
        }
    }
}

/// Asks again and again until it is so, no longer than the limit and not beyond Ctrl-C; whether it became so.
pub fn wait_until(limit: Duration, mut is_so: impl FnMut() -> Result<bool>) -> Result<bool> {
    let start = Instant::now();
    while !is_so()? {
        interrupt::check()?;
        if start.elapsed() > limit {
            return Ok(false);
        }
        thread::sleep(LOOK_EVERY);
    }
    Ok(true)
}

fn read_lines(
    pipe: impl Read + Send + 'static,
    into: Arc<Mutex<String>>,
    heard: impl Fn(&str) + Send + 'static,
) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        // Bytes and not `lines()`: a program that writes something odd is still to be heard to its end.
        while pipe.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            let text = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
            {
                let mut into = into.lock().unwrap_or_else(PoisonError::into_inner);
                into.push_str(&text);
                into.push('\n');
            }
            heard(&text);
            line.clear();
        }
    })
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    use super::*;

    #[cfg(unix)]
    fn shell(script: &str) -> Process {
        Process::spawn("the script", Command::new("sh").args(["-c", script]), |_| {}).unwrap()
    }

    #[cfg(unix)]
    #[test]
    fn both_outputs_and_the_status_are_kept() {
        let mut process = shell("echo out; echo err >&2; exit 3");
        assert_eq!(process.wait(Duration::from_secs(10)).unwrap().code(), Some(3));
        assert_eq!((process.stdout().as_str(), process.stderr().as_str()), ("out\n", "err\n"));
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_does_not_end_is_reported_and_killed_on_drop() {
        let mut process = shell("exec sleep 60");
        let id = process.child.id().to_string();
        assert!(process.wait(Duration::from_millis(50)).unwrap_err().to_string().contains("still running"));
        drop(process);
        assert!(!Command::new("kill").args(["-0", &id]).output().unwrap().status.success());
    }
}
