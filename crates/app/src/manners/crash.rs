//! The report of a crash: written on this device by whichever part stops, shown at the next start, sent nowhere.
//!
//! It holds no people's data: of what a part says as it stops only words that stand in the program are kept, never what was
//! put together while it ran.

use std::backtrace::Backtrace;
use std::fs;
use std::io::{self, Read, Write};
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use super::places::open_to_append;

/// The report grows no larger: the first fault says most.
const MOST_BYTES: u64 = 64 * 1024;

/// A report that was written in an earlier run.
pub(crate) struct CrashReport {
    path: PathBuf,
    text: String,
}

impl CrashReport {
    /// What an earlier run wrote at `path`, if one did.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let mut bytes = Vec::new();
        fs::File::open(path).ok()?.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        (!text.is_empty()).then(|| Self { path: path.to_owned(), text })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Takes it away for good.
    pub(crate) fn delete(self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, "the report of a crash cannot be deleted");
        }
    }
}

/// From now on who stops writes why to `path`; then what was done before is done.
pub(crate) fn keep_at(path: PathBuf, version: &'static str) {
    let begun = Instant::now();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let report = describe(info, version, begun);
        // Whoever stops can do nothing about a full disk.
        let _ = append(&path, report.as_bytes());
        before(info);
    }));
}

fn describe(info: &PanicHookInfo<'_>, version: &str, begun: Instant) -> String {
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let place = info.location().map_or_else(|| "unknown".to_owned(), ToString::to_string);
    // A literal, or no argument was put into it: it stood in the program before anybody used it.
    let words = info.payload().downcast_ref::<&'static str>().copied();
    let current = std::thread::current();
    format!(
        "Housecall {version}, {} {}\nUnix time {unix}, {} s after its start\nthread: {}\nplace: {place}\nwords: {}\n{}\n",
        std::env::consts::OS,
        std::env::consts::ARCH,
        begun.elapsed().as_secs(),
        current.name().unwrap_or("without a name"),
        words.unwrap_or("left out, for they were put together while it ran"),
        Backtrace::force_capture(),
    )
}

fn append(path: &Path, report: &[u8]) -> io::Result<()> {
    let mut file = open_to_append(path)?;
    let room = MOST_BYTES.saturating_sub(file.metadata()?.len());
    let room = usize::try_from(room).unwrap_or_default().min(report.len());
    file.write_all(&report[..room])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_where_and_what_stands_in_the_program_and_nothing_of_anybody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/crash.txt");
        assert!(CrashReport::read(&path).is_none());
        let before = std::panic::take_hook();
        keep_at(path.clone(), "9.9.9");
        let stop = |stop: fn()| drop(std::thread::Builder::new().name("audio".to_owned()).spawn(stop).unwrap().join());
        stop(|| panic!("the ring was not there"));
        stop(|| {
            let patient = std::hint::black_box("Grace Hopper");
            panic!("no place for {patient}")
        });
        let report = CrashReport::read(&path).expect("a report");
        for _ in 0..100 {
            stop(|| panic!("again"));
        }
        std::panic::set_hook(before);
        for part in
            ["Housecall 9.9.9", "thread: audio", "place: crates/app/src/manners/crash.rs:", "the ring was not there"]
        {
            assert!(report.text().contains(part), "{part} in\n{}", report.text());
        }
        assert!(report.text().contains("left out") && !report.text().contains("Hopper"), "{}", report.text());
        assert!(fs::metadata(&path).unwrap().len() <= MOST_BYTES);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o077, 0);
        CrashReport::read(&path).expect("still there").delete();
        assert!(CrashReport::read(&path).is_none());
    }
}
