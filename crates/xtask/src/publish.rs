//! How a page of figures is published: it says at which commit it was measured, and a bar that it misses fails the command.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::say::say;
use crate::workspace::Workspace;

/// How pages mark what they did not reach.
const MISSED: [&str; 2] = ["✗", "**not reached**"];

/// The commit that the workspace stands at, with a word if something was changed since; what `docs/bench` holds does not count, which
/// the pages before this one have changed. To be asked before anything is built.
#[must_use]
pub fn commit(workspace: &Workspace) -> String {
    let git = |words: &[&str]| {
        let output = Command::new("git").args(words).current_dir(&workspace.root).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let head = git(&["rev-parse", "--short", "HEAD"]);
    let changes = git(&["status", "--porcelain", "--untracked-files=no", "--", ".", ":(exclude)docs/bench"]);
    told(head.as_deref(), changes.as_deref())
}

fn told(head: Option<&str>, changes: Option<&str>) -> String {
    match (head, changes) {
        (None, _) => "a commit that nobody knows".to_owned(),
        (Some(head), Some("")) => format!("`{head}`"),
        (Some(head), _) => format!("`{head}` + changes"),
    }
}

/// Writes the page, and below it at which commit it was measured.
///
/// # Errors
/// It cannot be written, or it says that a bar was missed: then it is written all the same.
pub fn publish(out: &Path, page: &str, commit: &str) -> Result<()> {
    if let Some(folder) = out.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    let text = format!("{}\n\nMeasured at {commit}.\n", page.trim_end());
    fs::write(out, text).with_context(|| format!("{} cannot be written", out.display()))?;
    say(format_args!("(written to {})", out.display()));
    let missed: usize = MISSED.iter().map(|mark| page.matches(mark).count()).sum();
    ensure!(missed == 0, "{missed} {} missed, see {}", if missed == 1 { "bar is" } else { "bars are" }, out.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_at_which_commit_it_was_measured_and_whether_that_was_all() {
        assert_eq!(told(Some("abc1234"), Some("")), "`abc1234`");
        assert_eq!(told(Some("abc1234"), Some(" M src/lib.rs")), "`abc1234` + changes");
        assert_eq!(told(Some("abc1234"), None), "`abc1234` + changes", "who cannot tell does not promise");
        assert!(!told(None, None).contains('`'));
    }

    #[test]
    fn a_bar_that_is_missed_fails_the_command_and_the_page_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("new/page.md");
        publish(&out, "# A page\n\n| 1 | ✓ |\n", "`abc1234`").unwrap();
        assert_eq!(fs::read_to_string(&out).unwrap(), "# A page\n\n| 1 | ✓ |\n\nMeasured at `abc1234`.\n");
        let error = publish(&out, "| 1 | ✗ |\n| 2 | **not reached** |\n", "`abc1234`").unwrap_err().to_string();
        assert!(error.starts_with("2 bars are missed"), "{error}");
        assert!(fs::read_to_string(&out).unwrap().contains("not reached"));
    }
}
