//! The `housecall-verify` program: whether an evidence file is what it says it is. It opens no network and needs no server.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use audit::evidence::{Known, Refusal, Verified, WHOLE, verify};
use audit::{from_base64, to_base64};
use clap::Parser;

/// The longest file: twenty million rows or so.
const LONGEST: u64 = 8 << 30;

/// Checks evidence of a clinic's audit log, offline. Exit status: 0 verified, 1 refused, 2 not read.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// The evidence file; `-` for standard input.
    file: PathBuf,
    /// The log's public key in base64url, as it is known from elsewhere than from the file.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// A file with a checkpoint that was kept: the log must go on from it. May be given several times.
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = run(&arguments);
    // Whoever has closed the pipe does not want to know.
    match outcome {
        Ok(Ok(verified)) => {
            write!(io::stdout(), "{}", told(&verified, &arguments)).ok();
            ExitCode::SUCCESS
        }
        Ok(Err(refusal)) => {
            writeln!(io::stdout(), "refused {}: {refusal}", refusal.name()).ok();
            ExitCode::from(1)
        }
        Err(error) => {
            writeln!(io::stderr(), "housecall-verify: {error:#}").ok();
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<Result<Verified, Refusal>> {
    let key = match &arguments.key {
        Some(text) => Some(from_base64(text).context("--key is 43 characters of base64url")?),
        None => None,
    };
    // Who saved it may have ended it with one more line than a note has.
    let note = |path: &PathBuf| text(path).map(|note| format!("{}\n", note.trim_end_matches('\n')));
    let kept = arguments.checkpoint.iter().map(note).collect::<Result<_>>()?;
    let text = text(&arguments.file)?;
    let lines = text.strip_suffix('\n').unwrap_or(&text).split('\n');
    Ok(verify(lines, &Known { key, kept }))
}

fn text(path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    let reading = || -> io::Result<u64> {
        if path == Path::new("-") {
            return io::stdin().take(LONGEST).read_to_end(&mut bytes).map(|read| read as u64);
        }
        std::fs::File::open(path)?.take(LONGEST).read_to_end(&mut bytes).map(|read| read as u64)
    };
    let mut reading = reading;
    if reading().with_context(|| format!("{} cannot be read", path.display()))? == LONGEST {
        bail!("{} is too long", path.display());
    }
    String::from_utf8(bytes).with_context(|| format!("{} is not text", path.display()))
}

/// What was found, in lines of a name and a value.
fn told(found: &Verified, arguments: &Arguments) -> String {
    let about = if found.about == WHOLE { "the whole log" } else { &found.about };
    let key = to_base64(&found.key);
    let known = if arguments.key.is_some() { "as expected" } else { "by the file alone: compare it with the clinic's" };
    let mut lines = vec![
        "verified".to_owned(),
        format!("about        {about}"),
        format!("key          {key} ({known})"),
        format!("up to        row {} at {}", found.checkpoint.size, utc(found.checkpoint.unix_micros)),
        format!("rows         {} ({} erased because their time was over)", found.rows, found.erased),
    ];
    if let Some((first, last)) = found.span {
        lines.push(format!("times        {} to {}", utc(first), utc(last)));
    }
    lines.push(match (found.is_gapless, found.begins_erased) {
        (true, false) => "gaps         none: no row is missing between the first and the last".to_owned(),
        (true, true) => "gaps         none, but the first rows of the visit are no longer kept".to_owned(),
        (false, _) => "gaps         not shown: there may be more rows than these".to_owned(),
    });
    if found.about != WHOLE {
        lines.push(format!(
            "receipts     {} seen alike by both ends, {} told by one end alone",
            found.agreed, found.one_sided
        ));
    }
    let kept: Vec<_> = found.since.iter().map(u64::to_string).collect();
    lines.push(match kept.is_empty() {
        true => "checkpoints  none were given: who holds the log's key could have rewritten it".to_owned(),
        false => format!("checkpoints  the log goes on from those of {} rows", kept.join(", ")),
    });
    lines.join("\n") + "\n"
}

/// A time as RFC 3339, in whole seconds.
fn utc(unix_micros: u64) -> String {
    let secs = unix_micros / 1_000_000;
    let (days, rest) = (secs / 86_400, secs % 86_400);
    // Days since 0000-03-01, in eras of 400 years (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    let year = year + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (secs, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_763_904_412, "2025-11-23T13:26:52Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(utc(secs * 1_000_000), text);
        }
    }
}
