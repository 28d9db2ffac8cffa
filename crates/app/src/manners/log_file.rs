//! The log that stays on the device: what went wrong, without people's data, and never larger than two megabytes.
//!
//! Of an event it keeps when, how grave, where in the program, and the message, which is a literal (a test reads the sources);
//! of its fields numbers and truth values alone. Texts and errors may hold a name, a path or an address and stay out.

use std::fmt::{self, Write as _};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::places::open_to_append;

/// When the file is as large as this it becomes the older one, and the one before that goes.
const MOST_BYTES: u64 = 1024 * 1024;

/// The crates whose messages are literals.
const OURS: [&str; 18] = include!("crates_of_literals.rs");

/// Writes events to a file and the one before it.
pub(crate) struct LogFile(Mutex<Files>);

struct Files {
    path: PathBuf,
    open: Option<(File, u64)>,
}

impl LogFile {
    /// At `path`, which is made with the first line; of our own crates, and nothing finer than what is told.
    pub(crate) fn layer<S>(path: PathBuf) -> impl Layer<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        // By a filter and not on the way: else every library's finest event would be put together for nothing.
        let ours = Targets::new().with_targets(OURS.map(|name| (name, LevelFilter::INFO)));
        Self::at(path).with_filter(ours)
    }

    fn at(path: PathBuf) -> Self {
        Self(Mutex::new(Files { path, open: None }))
    }
}

impl<S: Subscriber> Layer<S> for LogFile {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let metadata = event.metadata();
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let mut line =
            Line(format!("{}.{:03} {} {}:", unix.as_secs(), unix.subsec_millis(), metadata.level(), metadata.target()));
        event.record(&mut line);
        line.0.push('\n');
        // A disk that is full keeps nobody from a visit.
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).write(line.0.as_bytes());
    }
}

impl Files {
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.open.as_ref().is_some_and(|(_, length)| length + line.len() as u64 > MOST_BYTES) {
            self.open = None;
        }
        if self.open.is_none() {
            self.open = Some(open(&self.path, line.len() as u64)?);
        }
        let Some((file, length)) = &mut self.open else { return Ok(()) };
        file.write_all(line)?;
        *length += line.len() as u64;
        Ok(())
    }
}

/// Opens the file; a full one becomes the older one first.
fn open(path: &Path, room: u64) -> io::Result<(File, u64)> {
    let full = fs::metadata(path).is_ok_and(|file| file.len() + room > MOST_BYTES);
    if full {
        let mut older = path.as_os_str().to_owned();
        older.push(".1");
        fs::rename(path, older)?;
    }
    let file = open_to_append(path)?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

/// One line; takes what can hold nobody's data.
struct Line(String);

impl Line {
    fn add(&mut self, field: &Field, value: impl fmt::Display) {
        let _ = write!(self.0, " {}={value}", field.name());
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, " {value:?}");
        }
    }

    fn record_str(&mut self, _field: &Field, _value: &str) {}

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[test]
    fn the_file_says_what_happened_and_of_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/housecall.log");
        let subscriber = tracing_subscriber::registry().with(LogFile::layer(path.clone()));
        let patient = "Grace Hopper";
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(error = %patient, name = patient, seen = ?Some(patient), lost = 3, "a path was lost");
            tracing::debug!("too fine");
            tracing::error!(target: "hyper", "of a library");
        });
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.trim_end().ends_with(" a path was lost lost=3"), "{text}");
        assert!(text.contains(" WARN housecall"), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(!text.contains("Hopper"), "{text}");
    }

    #[test]
    fn the_file_is_bounded_and_the_one_before_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("housecall.log");
        let log = LogFile::at(path.clone());
        let line = vec![b'x'; 400 * 1024];
        for _ in 0..20 {
            log.0.lock().unwrap().write(&line).unwrap();
        }
        let lengths: Vec<u64> =
            fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).collect();
        assert_eq!(lengths.len(), 2);
        assert!(lengths.iter().all(|length| (1..=MOST_BYTES).contains(length)), "{lengths:?}");
    }
}
