//! Sentences by their ids, from the files in `assets/words`. How one adds a sentence or a language stands in
//! `docs/languages.md`.

use std::collections::HashMap;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

use super::language::Language;
use super::pseudo;

/// A sentence by its id, in the language that is spoken: `say!(back)`, and with what it tells of,
/// `say!(code_for, name = name)`. The id is written as Rust's names are; in the files `-` stands for `_`.
macro_rules! say {
    ($id:ident) => {
        $crate::words::sentences::sentence(stringify!($id))
    };
    ($id:ident, $($argument:ident = $value:expr),+ $(,)?) => {
        $crate::words::sentences::sentence_about(
            stringify!($id),
            [$((stringify!($argument), $value.into())),+],
        )
    };
}

/// Sentences that tell of nothing: for each id a function of its name.
macro_rules! words {
    ($($(#[$about:meta])* $id:ident),+ $(,)?) => {
        $($(#[$about])* pub(crate) fn $id() -> &'static str {
            say!($id)
        })+
    };
}

/// All sentences of a language.
struct Sentences {
    language: Language,
    bundle: FluentBundle<FluentResource>,
    /// Those without arguments, formatted once: each drawing asks for a hundred.
    plain: HashMap<String, String>,
}

impl Sentences {
    fn read(language: Language) -> Self {
        let mut bundle = FluentBundle::new_concurrent(vec![language.identifier()]);
        // The marks that would keep the direction of an argument apart from its sentence's: egui lays out everything from one
        // side to the other, and would draw the marks as boxes.
        bundle.set_use_isolating(false);
        if language == Language::Pseudo {
            bundle.set_transform(Some(pseudo::stretched));
        }
        let mut ids = Vec::new();
        for file in files(language) {
            // What cannot be read is left out, and its sentences are said in English; the tests forbid both.
            let resource = FluentResource::try_new((*file).to_owned()).unwrap_or_else(|(read, _)| read);
            ids.extend(ids_of(&resource));
            let _twice = bundle.add_resource(resource);
        }
        let mut sentences = Self { language, bundle, plain: HashMap::new() };
        for id in ids {
            if let Some(sentence) = sentences.formatted(&id, None) {
                sentences.plain.insert(id.replace('-', "_"), sentence);
            }
        }
        sentences
    }

    /// None where there is no such sentence, or where one of its arguments is missing.
    fn formatted(&self, id: &str, arguments: Option<&FluentArgs<'_>>) -> Option<String> {
        let pattern = self.bundle.get_message(id)?.value()?;
        let mut errors = Vec::new();
        let sentence = self.bundle.format_pattern(pattern, arguments, &mut errors);
        if !errors.is_empty() {
            return None;
        }
        Some(match self.language {
            Language::Pseudo => pseudo::bracketed(&sentence),
            Language::English | Language::Spanish => sentence.into_owned(),
        })
    }

    fn of(language: Language) -> &'static Self {
        static ENGLISH: LazyLock<Sentences> = LazyLock::new(|| Sentences::read(Language::English));
        static SPANISH: LazyLock<Sentences> = LazyLock::new(|| Sentences::read(Language::Spanish));
        static PSEUDO: LazyLock<Sentences> = LazyLock::new(|| Sentences::read(Language::Pseudo));
        match language {
            Language::English => &ENGLISH,
            Language::Spanish => &SPANISH,
            Language::Pseudo => &PSEUDO,
        }
    }
}

fn ids_of(resource: &FluentResource) -> impl Iterator<Item = String> + '_ {
    resource.entries().filter_map(|entry| match entry {
        fluent_syntax::ast::Entry::Message(message) => Some(message.id.name.to_owned()),
        _ => None,
    })
}

/// A sentence that tells of nothing, in the language that is spoken; in English where that has it not, and the id where there
/// is none at all: the tests forbid both.
pub(crate) fn sentence(id: &'static str) -> &'static str {
    let of = |language| Sentences::of(language).plain.get(id).map(String::as_str);
    of(Language::spoken()).or_else(|| of(Language::English)).unwrap_or(id)
}

/// A sentence with what it tells of.
pub(crate) fn sentence_about<const N: usize>(id: &'static str, about: [(&'static str, FluentValue<'_>); N]) -> String {
    let mut arguments = FluentArgs::with_capacity(N);
    for (name, value) in about {
        arguments.set(name, value);
    }
    let written = id.replace('_', "-");
    let of = |language| Sentences::of(language).formatted(&written, Some(&arguments));
    of(Language::spoken()).or_else(|| of(Language::English)).unwrap_or_else(|| id.to_owned())
}

/// The files of a language, by topic: those of `words`.
const fn files(language: Language) -> &'static [&'static str] {
    match language {
        Language::English | Language::Pseudo => &ENGLISH,
        Language::Spanish => &SPANISH,
    }
}

/// The text of each file of a language, in the one order of all languages.
macro_rules! files {
    ($folder:literal) => {
        [
            include_str!(concat!("../../../../assets/words/", $folder, "/common.ftl")),
            include_str!(concat!("../../../../assets/words/", $folder, "/accounts.ftl")),
            include_str!(concat!("../../../../assets/words/", $folder, "/asked.ftl")),
            include_str!(concat!("../../../../assets/words/", $folder, "/assurance.ftl")),
            include_str!(concat!("../../../../assets/words/", $folder, "/audit.ftl")),
            include_str!(concat!("../../../../assets/words/", $folder, "/call.ftl")),
            include_str!(concat!("../../../../assets/words/", $folder, "/day.ftl")),
            include_str!(concat!("../../../../assets/words/", $folder, "/devices.ftl")),
            include_str!(concat!("../../../../assets/words/", $folder, "/doctor.ftl")),
            include_str!(concat!("../../../../assets/words/", $folder, "/ending.ftl")),
            include_str!(concat!("../../../../assets/words/", $folder, "/handing.ftl")),
            include_str!(concat!("../../../../assets/words/", $folder, "/keys.ftl")),
            include_str!(concat!("../../../../assets/words/", $folder, "/manners.ftl")),
            include_str!(concat!("../../../../assets/words/", $folder, "/network.ftl")),
            include_str!(concat!("../../../../assets/words/", $folder, "/notes.ftl")),
            include_str!(concat!("../../../../assets/words/", $folder, "/people.ftl")),
            include_str!(concat!("../../../../assets/words/", $folder, "/pictures.ftl")),
            include_str!(concat!("../../../../assets/words/", $folder, "/refusals.ftl")),
            include_str!(concat!("../../../../assets/words/", $folder, "/refused.ftl")),
            include_str!(concat!("../../../../assets/words/", $folder, "/sheet.ftl")),
            include_str!(concat!("../../../../assets/words/", $folder, "/spans.ftl")),
            include_str!(concat!("../../../../assets/words/", $folder, "/take-over.ftl")),
            include_str!(concat!("../../../../assets/words/", $folder, "/troubles.ftl")),
        ]
    };
}

const ENGLISH: [&str; 23] = files!("en");
const SPANISH: [&str; 23] = files!("es");

#[cfg(test)]
mod tests;
