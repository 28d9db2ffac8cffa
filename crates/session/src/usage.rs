//! What this program takes from the machine.

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// CPU time and memory of this process, read on demand.
pub(crate) struct UsageMeter {
    system: Option<System>,
    pid: Option<Pid>,
    peak_rss_bytes: u64,
}

/// One reading.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Usage {
    /// Seconds of CPU of all threads since the process began.
    pub(crate) cpu_secs: f64,
    /// Resident memory, in bytes.
    pub(crate) rss_bytes: u64,
    /// The most resident memory of all readings, in bytes.
    pub(crate) peak_rss_bytes: u64,
}

impl UsageMeter {
    /// A meter for this process.
    pub(crate) fn new() -> Self {
        Self { system: System::new().ok(), pid: sysinfo::get_current_pid().ok(), peak_rss_bytes: 0 }
    }

    /// Reads now; zeros where the system does not tell.
    pub(crate) fn read(&mut self) -> Usage {
        let (Some(system), Some(pid)) = (&mut self.system, self.pid) else { return Usage::default() };
        let what = ProcessRefreshKind::nothing().with_cpu().with_memory();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, what);
        let Some(process) = system.process(pid) else { return Usage::default() };
        self.peak_rss_bytes = self.peak_rss_bytes.max(process.memory());
        Usage {
            cpu_secs: process.accumulated_cpu_time() as f64 / 1e3,
            rss_bytes: process.memory(),
            peak_rss_bytes: self.peak_rss_bytes,
        }
    }
}

impl Default for UsageMeter {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_cpu_and_memory() {
        let mut meter = UsageMeter::new();
        let before = meter.read();
        assert!(before.rss_bytes > 1 << 20, "{before:?}");
        let mut x = 1_u64;
        while meter.read().cpu_secs < before.cpu_secs + 0.02 {
            for k in 1..100_000_u64 {
                x = std::hint::black_box(x.wrapping_mul(k) ^ k);
            }
        }
        assert!(meter.read().peak_rss_bytes >= before.rss_bytes);
    }
}
