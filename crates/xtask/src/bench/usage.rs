//! What all processes on a host of the laboratory use together: a browser is many of them.

use std::collections::HashMap;
use std::fmt::Display;
use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::pair_report::unix_ms;

/// Memory is looked at this often only: the kernel walks all pages of a process for it.
const MEMORY_EVERY: Duration = Duration::from_secs(5);

/// Looks once a second. Dropping it ends that.
#[derive(Debug)]
pub(super) struct Meter {
    stop: Arc<AtomicBool>,
    looks: Arc<Mutex<Vec<Value>>>,
    thread: Option<JoinHandle<()>>,
}

impl Meter {
    /// Looks at the programs on a host whose name begins so: the laboratory's own are not meant.
    pub(super) fn start(namespace: String, program: &'static str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let looks: Arc<Mutex<Vec<Value>>> = Arc::default();
        let (stopped, into) = (Arc::clone(&stop), Arc::clone(&looks));
        let thread = thread::spawn(move || {
            // The time of a process that has ended still counts.
            let mut spent: HashMap<String, f64> = HashMap::new();
            let mut memory = (Instant::now() - MEMORY_EVERY, 0.0);
            while !stopped.load(Ordering::Relaxed) {
                let at = Instant::now();
                let processes = processes(&namespace, program);
                // One that has ended since it was listed keeps what it had.
                spent.extend(processes.iter().filter_map(|process| Some((process.clone(), cpu_secs(process).ok()?))));
                if memory.0.elapsed() >= MEMORY_EVERY {
                    memory = (at, processes.iter().filter_map(|process| megabytes_of(process)).sum());
                }
                let look = json!({ "at": unix_ms(), "cpu_s": spent.values().sum::<f64>(), "mb": memory.1 });
                into.lock().unwrap_or_else(PoisonError::into_inner).push(look);
                thread::sleep(Duration::from_secs(1).saturating_sub(at.elapsed()));
            }
        });
        Self { stop, looks, thread: Some(thread) }
    }

    /// What was seen: Unix milliseconds, seconds of processor time so far, megabytes.
    pub(super) fn finish(mut self) -> Vec<Value> {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        std::mem::take(&mut self.looks.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn processes(namespace: &str, program: &str) -> Vec<String> {
    let list = Command::new("ip").args(["netns", "pids", namespace]).output();
    let list = list.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let is_meant = |id: &&str| {
        fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|name| name.trim_start().starts_with(program))
    };
    list.split_whitespace().filter(is_meant).map(str::to_owned).collect()
}

/// Seconds of processor that a process has had: fields 14 and 15 of its line (proc_pid_stat(5)), in hundredths.
pub(super) fn cpu_secs(id: impl Display) -> Result<f64> {
    let line = fs::read_to_string(format!("/proc/{id}/stat"))?;
    cpu_secs_of(&line).context("an odd line about a process")
}

fn cpu_secs_of(line: &str) -> Option<f64> {
    // The name before may hold anything but ends with the last bracket.
    let mut fields = line.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some((next()? + next()?) / 100.0)
}

/// Proportional: what is shared is counted once.
fn megabytes_of(process: &str) -> Option<f64> {
    let pages = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    let line = pages.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_time_is_read_whatever_the_program_is_called() {
        let line = "42 (a) b (c) S 1 42 42 0 -1 4194560 900 0 0 0 150 25 0 0 20 0 1 0 100 1000 10 18446744073709551615";
        assert!((cpu_secs_of(line).unwrap() - 1.75).abs() < 1e-9);
        assert_eq!(cpu_secs_of("nonsense"), None);
    }
}
