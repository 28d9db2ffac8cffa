//! Prints what happens on a thread of its own: a paused terminal must not hold up a visit.

use std::io::Write;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use session::headless::Progress;
use session::report::Sample;

use crate::headless::complain;

/// Lines that wait to be printed. `DropNewest`: nobody reads that far back.
const LINES: usize = 256;

/// The printing thread.
pub(crate) struct Printer {
    lines: SyncSender<Line>,
    thread: Option<JoinHandle<()>>,
}

enum Line {
    Progress(String),
    Complaint(String),
}

impl Printer {
    pub(crate) fn start() -> Self {
        let (lines, waiting) = sync_channel(LINES);
        // Without a thread nothing is printed; the visit matters more.
        let thread = std::thread::Builder::new().name("printer".to_owned()).spawn(move || print(&waiting)).ok();
        Self { lines, thread }
    }

    /// Prints when the terminal takes it; never waits.
    pub(crate) fn print(&self, progress: Progress<'_>) {
        let line = match progress {
            Progress::Second(sample) => Line::Progress(second(sample)),
            Progress::Event(event) => Line::Progress(format!("{:>5.1} s  {}", event.t, event.event)),
            Progress::Complaint(sentence) => Line::Complaint(sentence.to_owned()),
        };
        let _ = self.lines.try_send(line);
    }

    /// Lets what waits be printed, unless the terminal is stuck.
    pub(crate) fn finish(self) {
        let Self { lines, thread } = self;
        drop(lines);
        let Some(thread) = thread else { return };
        for _ in 0..20 {
            if thread.is_finished() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}

fn print(lines: &Receiver<Line>) {
    while let Ok(line) = lines.recv() {
        match line {
            Line::Complaint(sentence) => complain(&sentence),
            // A closed pipe must not end a visit.
            Line::Progress(line) => {
                let mut out = std::io::stdout().lock();
                let _ = writeln!(out, "{line}").and_then(|()| out.flush());
            }
        }
    }
}

fn second(sample: &Sample) -> String {
    format!(
        "{:>5.0} s  {:<12} sends {:>4.1} fps {:>5.0} kbps  sees {:>4.1} fps {}x{}  hears {:>3.0} % as spoken  round trip {}",
        sample.t,
        sample.phase,
        sample.fps_sent,
        sample.sent_kbps,
        sample.fps_shown,
        sample.width,
        sample.height,
        100.0 * (1.0 - sample.concealed_ratio),
        sample.rtt_ms.map_or("-".to_owned(), |ms| format!("{ms:.0} ms")),
    )
}
