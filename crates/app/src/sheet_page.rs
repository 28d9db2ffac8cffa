//! The recovery sheet as a file for the printer, for as long as it is shown.

use std::path::{Path, PathBuf};
use std::{env, fs};

use etcetera::BaseStrategy;
use session::WholeFile;

/// A page on disk that holds the clinic's secret, readable by its owner alone. Deleted when it is dropped.
#[derive(Debug)]
pub(crate) struct SheetPage(PathBuf);

impl SheetPage {
    /// Writes the page where people look for documents.
    ///
    /// # Errors
    /// Where it cannot be written, and why.
    pub(crate) fn write(page: &str) -> Result<Self, (PathBuf, impl std::fmt::Display + use<>)> {
        let path = folder().join(FILE);
        match WholeFile::prepare(&path).and_then(|file| file.finish(page.as_bytes())) {
            Ok(()) => Ok(Self(path)),
            Err(error) => Err((path, error)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// As a browser is given it.
    pub(crate) fn url(&self) -> String {
        let mut url = String::from(if cfg!(windows) { "file:///" } else { "file://" });
        for byte in self.0.to_string_lossy().replace('\\', "/").bytes() {
            match byte {
                b'/' | b':' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                    url.push(char::from(byte))
                }
                _ => url.push_str(&format!("%{byte:02X}")),
            }
        }
        url
    }
}

impl Drop for SheetPage {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::warn!(%error, "the recovery sheet's file cannot be deleted");
        }
    }
}

/// Documents, or Downloads, or home; the system's own place for what passes if there is none of these.
fn folder() -> PathBuf {
    let Ok(strategy) = etcetera::choose_base_strategy() else { return env::temp_dir() };
    let home = strategy.home_dir();
    let known = ["Documents", "Downloads", ""].map(|name| home.join(name));
    known.into_iter().find(|folder| folder.is_dir()).unwrap_or_else(env::temp_dir)
}

const FILE: &str = "housecall-recovery-sheet.html";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_gone_when_it_is_shown_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a b.html");
        fs::write(&path, b"secret").unwrap();
        let page = SheetPage(path.clone());
        assert!(page.url().starts_with("file://") && page.url().ends_with("/a%20b.html"), "{}", page.url());
        drop(page);
        assert!(!path.exists());
    }
}
