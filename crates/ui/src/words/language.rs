//! Which language the windows speak: chosen once by the app, and handed to each drawing with the model.

use std::cell::Cell;

use unic_langid::LanguageIdentifier;

/// A language in which every sentence stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// The one in which the sentences are written first.
    #[default]
    English,
    /// Spanish as it is understood everywhere, polite (usted).
    Spanish,
    /// English made longer, with accents and in brackets: whoever looks after the layout sees by it what does not fit and
    /// what is no sentence of `words`.
    Pseudo,
}

impl Language {
    /// Those that people choose from, in the order of the list.
    pub const SPOKEN: [Self; 2] = [Self::English, Self::Spanish];

    /// All of them.
    pub const ALL: [Self; 3] = [Self::English, Self::Spanish, Self::Pseudo];

    /// How it is named on a command line, in a file and to the system: a BCP 47 tag. `qps-ploc` is what Windows calls
    /// its own pseudo-language.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
            Self::Pseudo => "qps-ploc",
        }
    }

    /// Its name as its speakers write it, for a list to choose from.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Spanish => "Español",
            Self::Pseudo => "Ƥšéüðö",
        }
    }

    /// The one that is meant by a tag of BCP 47 or of POSIX: `es`, `es-MX`, `es_MX.UTF-8`, `pseudo`; none where no sentence
    /// is in it.
    pub fn from_tag(tag: &str) -> Option<Self> {
        if tag.eq_ignore_ascii_case("pseudo") {
            return Some(Self::Pseudo);
        }
        let plain = tag.split(['.', '@']).next()?;
        let parsed: LanguageIdentifier = plain.parse().ok()?;
        Self::ALL.into_iter().find(|one| parsed.language == one.identifier().language)
    }

    /// The first of what somebody prefers in which there are sentences; English where there is none.
    pub fn of_preferred<'a>(tags: impl IntoIterator<Item = &'a str>) -> Self {
        tags.into_iter().find_map(Self::from_tag).unwrap_or_default()
    }

    /// By it plurals are chosen.
    pub(super) fn identifier(self) -> LanguageIdentifier {
        // The tags are ours: the test below reads each.
        self.tag().parse().unwrap_or_default()
    }

    /// Lets everything that is said in `during` be said in this language, on this thread.
    pub(crate) fn speaks<T>(self, during: impl FnOnce() -> T) -> T {
        /// Puts the former one back, also when a drawing panics.
        struct Former(Language);
        impl Drop for Former {
            fn drop(&mut self) {
                SPOKEN.set(self.0);
            }
        }
        let _former = Former(SPOKEN.replace(self));
        during()
    }

    /// The one that is spoken now, on this thread.
    pub(super) fn spoken() -> Self {
        SPOKEN.get()
    }
}

thread_local! {
    /// Of the thread and not of the process: tests draw in several languages at once. It is English outside of a drawing.
    static SPOKEN: Cell<Language> = const { Cell::new(Language::English) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_found_by_what_systems_call_it() {
        for one in Language::ALL {
            assert_eq!(Language::from_tag(one.tag()), Some(one));
            assert_eq!(one.identifier().to_string().to_lowercase(), one.tag());
        }
        for tag in ["es-MX", "es_ES.UTF-8", "es-419", "ES", "es_ES@euro"] {
            assert_eq!(Language::from_tag(tag), Some(Language::Spanish), "{tag}");
        }
        assert_eq!(Language::from_tag("pseudo"), Some(Language::Pseudo));
        for tag in ["C", "POSIX", "C.UTF-8", "de-CH", "", "esperanto-language", "\u{0}"] {
            assert_eq!(Language::from_tag(tag), None, "{tag}");
        }
    }

    #[test]
    fn the_first_preferred_language_that_there_is_counts() {
        assert_eq!(Language::of_preferred(["ca-ES", "es-ES", "en-GB"]), Language::Spanish);
        assert_eq!(Language::of_preferred(["de-DE"]), Language::English);
        assert_eq!(Language::of_preferred([]), Language::English);
    }

    #[test]
    fn a_language_is_spoken_for_as_long_as_is_asked_also_within_another() {
        Language::Spanish.speaks(|| {
            Language::Pseudo.speaks(|| assert_eq!(Language::spoken(), Language::Pseudo));
            let broken = std::panic::catch_unwind(|| Language::Pseudo.speaks(|| panic!("on purpose")));
            assert!(broken.is_err());
            assert_eq!(Language::spoken(), Language::Spanish);
        });
        assert_eq!(Language::spoken(), Language::English);
    }
}
