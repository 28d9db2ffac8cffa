//! In which language sentences for people are: the one that the command line names, before the one that was chosen in the
//! settings, before the system's.

use ui::{Language, Settings};

/// What is known of it on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Languages {
    /// By the command line.
    named: Option<Language>,
    /// The first of the system's in which there are sentences.
    system: Language,
}

impl Languages {
    /// Asks the system, too.
    pub(crate) fn find(named: Option<Language>) -> Self {
        let preferred: Vec<String> = sys_locale::get_locales().collect();
        Self { named, system: Language::of_preferred(preferred.iter().map(String::as_str)) }
    }

    /// In which everything is said.
    pub(crate) fn spoken(self, settings: &Settings) -> Language {
        let chosen = || settings.language.as_deref().and_then(Language::from_tag);
        self.named.or_else(chosen).unwrap_or(self.system)
    }

    /// Settings were changed: a language that was chosen just now counts more than the command line of long ago.
    pub(crate) fn changed(&mut self, before: &Settings, now: &Settings) {
        if before.language != now.language {
            self.named = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(tag: Option<&str>) -> Settings {
        Settings { language: tag.map(str::to_owned), ..Settings::default() }
    }

    #[test]
    fn the_command_line_goes_before_the_settings_and_those_before_the_system() {
        let of_system = Languages { named: None, system: Language::Spanish };
        assert_eq!(of_system.spoken(&settings(None)), Language::Spanish);
        assert_eq!(of_system.spoken(&settings(Some("en"))), Language::English);
        assert_eq!(of_system.spoken(&settings(Some("tlh"))), Language::Spanish, "of a later version");
        let named = Languages { named: Some(Language::Pseudo), ..of_system };
        assert_eq!(named.spoken(&settings(Some("en"))), Language::Pseudo);
    }

    #[test]
    fn what_is_chosen_in_the_window_takes_effect_at_once() {
        let mut languages = Languages { named: Some(Language::English), system: Language::English };
        let (before, dark) = (settings(None), Settings { look: ui::Look::Dark, ..settings(None) });
        languages.changed(&before, &dark);
        assert_eq!(languages.named, Some(Language::English), "something else was chosen");
        let spanish = settings(Some("es"));
        languages.changed(&dark, &spanish);
        assert_eq!(languages.spoken(&spanish), Language::Spanish);
    }
}
