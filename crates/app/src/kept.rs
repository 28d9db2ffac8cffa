//! What a person chose for all visits to come, kept on this machine: each choice is a file that is there or not.

use std::fs;
use std::path::PathBuf;

/// The folder of choices, or none where the system has no place for it.
pub(crate) struct KeptChoices(Option<PathBuf>);

impl KeptChoices {
    pub(crate) fn in_folder(folder: Option<PathBuf>) -> Self {
        Self(folder)
    }

    /// Whether the other side is to learn no address but a relay's.
    pub(crate) fn relay_only(&self) -> bool {
        self.0.as_ref().is_some_and(|folder| folder.join(RELAY_ONLY).exists())
    }

    /// What cannot be kept holds until the window closes.
    pub(crate) fn keep_relay_only(&self, relay_only: bool) {
        let Some(folder) = &self.0 else { return };
        let kept = if relay_only {
            fs::create_dir_all(folder).and_then(|()| fs::write(folder.join(RELAY_ONLY), []))
        } else {
            fs::remove_file(folder.join(RELAY_ONLY))
        };
        if let Err(error) = kept {
            tracing::warn!(%error, "a choice could not be kept");
        }
    }
}

const RELAY_ONLY: &str = "relay-only";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_kept_until_it_is_taken_back() {
        let home = tempfile::tempdir().unwrap();
        let choices = || KeptChoices::in_folder(Some(home.path().join("choices")));
        assert!(!choices().relay_only());
        choices().keep_relay_only(true);
        assert!(choices().relay_only());
        choices().keep_relay_only(false);
        assert!(!choices().relay_only());
        KeptChoices::in_folder(None).keep_relay_only(true);
    }
}
