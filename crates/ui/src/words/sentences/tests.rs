//! The files against the code and against each other: no sentence is missing, unused or told of something else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement, VariantKey};

use super::*;

/// What a sentence tells of: each argument, with the words by which it is chosen (none for a number, or where it only is
/// inserted).
type Arguments = BTreeMap<String, BTreeSet<String>>;

fn here() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo and nextest set it"))
}

/// The sentences of a language by their ids.
fn written(language: Language) -> BTreeMap<String, Arguments> {
    let mut all = BTreeMap::new();
    for file in files(language) {
        let resource =
            fluent_syntax::parser::parse(*file).unwrap_or_else(|(_, errors)| panic!("{}: {errors:?}", language.tag()));
        for entry in resource.body {
            let Entry::Message(message) = entry else { continue };
            assert!(message.attributes.is_empty(), "{}: nobody asks for attributes", message.id.name);
            let mut arguments = Arguments::new();
            collect(message.value.as_ref().expect("a sentence"), &mut arguments);
            let before = all.insert(message.id.name.to_owned(), arguments);
            assert!(before.is_none(), "{}: {} stands twice", language.tag(), message.id.name);
        }
    }
    all
}

fn collect(pattern: &Pattern<&str>, arguments: &mut Arguments) {
    for element in &pattern.elements {
        match element {
            PatternElement::TextElement { .. } => {}
            PatternElement::Placeable { expression: Expression::Inline(inline) } => insert(inline, [], arguments),
            PatternElement::Placeable { expression: Expression::Select { selector, variants } } => {
                let chosen_by = variants.iter().filter_map(|variant| match variant.key {
                    VariantKey::Identifier { name } if !PLURALS.contains(&name) => Some(name.to_owned()),
                    _ => None,
                });
                insert(selector, chosen_by, arguments);
                for variant in variants {
                    collect(&variant.value, arguments);
                }
            }
        }
    }
}

/// The categories of plurals (CLDR).
const PLURALS: [&str; 6] = ["zero", "one", "two", "few", "many", "other"];

fn insert(inline: &InlineExpression<&str>, chosen_by: impl IntoIterator<Item = String>, arguments: &mut Arguments) {
    if let InlineExpression::VariableReference { id } = inline {
        arguments.entry(id.name.to_owned()).or_default().extend(chosen_by);
    }
}

/// Rust files below a folder, without their tests.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            all.extend(sources(&entry));
        } else if entry.extension().is_some_and(|end| end == "rs") && !entry.ends_with("tests.rs") {
            let text = fs::read_to_string(&entry).expect("text");
            let code: Vec<&str> = text
                .split("#[cfg(test)]")
                .next()
                .unwrap_or_default()
                .lines()
                .filter(|line| !is_comment(line))
                .collect();
            all.push((entry, code.join("\n")));
        }
    }
    all
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// What the code says: ids, and the names of what it tells of.
fn said_in_code() -> BTreeMap<String, BTreeSet<String>> {
    let mut said: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, code) in sources(&here().join("src")) {
        // There the macros are made.
        if path.ends_with("words/sentences.rs") {
            continue;
        }
        for block in code.split("words! {").skip(1) {
            let ids = block.split('}').next().unwrap_or_default().split(',').map(str::trim);
            said.extend(ids.filter(|id| !id.is_empty()).map(|id| (in_files(id), BTreeSet::new())));
        }
        // Not by splitting: one may stand within another.
        for (at, opening) in code.match_indices("say!(") {
            let mut parts = arguments_of(&code[at + opening.len()..]).into_iter();
            let id = in_files(parts.next().unwrap_or_default().trim());
            let names: BTreeSet<String> =
                parts.filter_map(|part| Some(part.split_once('=')?.0.trim().to_owned())).collect();
            let former = said.insert(id.clone(), names.clone());
            assert!(former.is_none_or(|former| former == names), "{id} is told of different things");
        }
    }
    assert!(said.len() > 500, "read too little: {}", said.len());
    said
}

fn in_files(id: &str) -> String {
    id.replace('_', "-")
}

/// The parts of a macro's call between its commas, up to its end.
fn arguments_of(call: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_i32, 0, Vec::new());
    for (at, sign) in call.char_indices() {
        match sign {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth > 0 => depth -= 1,
            ')' => {
                parts.push(&call[start..at]);
                break;
            }
            ',' if depth == 0 => {
                parts.push(&call[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts
}

#[test]
fn every_sentence_of_the_code_is_written_and_every_written_one_is_said() {
    let (said, written) = (said_in_code(), written(Language::English));
    let missing: Vec<_> = said.keys().filter(|id| !written.contains_key(*id)).collect();
    let unused: Vec<_> = written.keys().filter(|id| !said.contains_key(*id)).collect();
    assert!(missing.is_empty() && unused.is_empty(), "missing: {missing:?}, unused: {unused:?}");
    for (id, names) in said {
        let of_file: BTreeSet<String> = written[&id].keys().cloned().collect();
        assert_eq!(names, of_file, "{id}: what the code tells of, and what the file");
    }
}

#[test]
fn every_language_has_the_same_sentences_which_tell_of_the_same() {
    let english = written(Language::English);
    for language in Language::ALL {
        let theirs = written(language);
        let missing: Vec<_> = english.keys().filter(|id| !theirs.contains_key(*id)).collect();
        let more: Vec<_> = theirs.keys().filter(|id| !english.contains_key(*id)).collect();
        assert!(missing.is_empty() && more.is_empty(), "{}: missing {missing:?}, more {more:?}", language.tag());
        for (id, arguments) in &english {
            assert_eq!(arguments, &theirs[id], "{}: {id}", language.tag());
        }
    }
}

#[test]
fn every_sentence_can_be_said_with_whatever_it_tells_of() {
    for language in Language::ALL {
        let sentences = Sentences::read(language);
        for (id, arguments) in written(language) {
            for number in [0, 1, 2, 5, 1_000_000] {
                for chosen in 0..arguments.values().map(BTreeSet::len).max().unwrap_or_default().max(1) {
                    let mut given = FluentArgs::new();
                    for (name, words) in &arguments {
                        match words.iter().nth(chosen % words.len().max(1)) {
                            Some(word) => given.set(name.as_str(), word.as_str()),
                            None => given.set(name.as_str(), number),
                        }
                    }
                    let said = sentences.formatted(&id, Some(&given));
                    let said = said.unwrap_or_else(|| panic!("{}: {id} cannot be said", language.tag()));
                    assert!(!said.trim().is_empty() && !said.contains(['{', '}']), "{}: {id}: {said}", language.tag());
                    assert_eq!(said.trim(), said, "{}: {id}", language.tag());
                }
            }
            assert_eq!(sentences.plain.contains_key(&id.replace('-', "_")), arguments.is_empty(), "{id}");
        }
    }
}

#[test]
fn every_file_is_read_in_every_language() {
    let folder = here().join("../../assets/words");
    let names = |folder: &Path| -> BTreeSet<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect()
    };
    assert_eq!(names(&folder), Language::SPOKEN.map(|language| language.tag().to_owned()).into());
    for language in Language::SPOKEN {
        let name = language.tag();
        let folder = folder.join(name);
        let read: BTreeSet<String> = files(language).iter().map(|text| (*text).to_owned()).collect();
        let there: BTreeSet<String> =
            names(&folder).iter().map(|file| fs::read_to_string(folder.join(file)).expect("text")).collect();
        assert_eq!(read.len(), there.len(), "a file of {name} is not read");
        assert!(read == there, "{name}");
        assert_eq!(names(&folder), names(&here().join("../../assets/words/en")));
    }
}

#[test]
fn what_a_sentence_tells_of_stays_as_it_is() {
    let told = "Zoë & “co” <b>";
    for language in Language::ALL {
        let said = language.speaks(|| say!(hand_over_to, name = told));
        assert!(said.contains(told), "{said}");
        assert!(!said.contains(['\u{2068}', '\u{2069}']), "egui would draw the marks as boxes: {said:?}");
    }
}

#[test]
fn plurals_are_those_of_the_language() {
    let waiting = |language: Language, count: u32| language.speaks(|| say!(how_many_wait, count = count));
    assert_eq!(waiting(Language::English, 1), "Somebody waits");
    assert_eq!(waiting(Language::English, 3), "3 people wait");
    assert_eq!(waiting(Language::Spanish, 1), "Alguien espera");
    assert_eq!(waiting(Language::Spanish, 3), "Esperan 3 personas");
}

#[test]
fn the_pseudo_language_is_longer_by_two_fifths_and_in_brackets() {
    let (english, pseudo) = (Sentences::read(Language::English), Sentences::read(Language::Pseudo));
    let length = |sentences: &Sentences| sentences.plain.values().map(|text| text.chars().count()).sum::<usize>();
    let longer = length(&pseudo) as f64 / length(&english) as f64;
    assert!((1.3..=1.5).contains(&longer), "{longer}");
    for (id, sentence) in &pseudo.plain {
        assert!(sentence.starts_with('[') && sentence.ends_with(']'), "{id}: {sentence}");
        assert_ne!(&sentence[1..sentence.len() - 1], english.plain[id], "{id}");
    }
}

#[test]
fn no_language_says_a_sentence_in_another() {
    let (english, spanish) = (Sentences::read(Language::English), Sentences::read(Language::Spanish));
    let same: Vec<_> = english.plain.iter().filter(|(id, text)| spanish.plain[*id] == **text).collect();
    let allowed = ["page_proxy", "page_by_proxy"];
    let same: Vec<_> = same.into_iter().filter(|(id, _)| !allowed.contains(&id.as_str())).collect();
    assert!(same.is_empty(), "not translated: {same:?}");
}

#[test]
fn every_letter_of_every_language_has_a_shape() {
    let context = egui::Context::default();
    crate::apply_theme(&context);
    let mut missing = BTreeSet::new();
    let mut drawn = context.run_ui(egui::RawInput::default(), |ui| {
        let font = egui::TextStyle::Body.resolve(ui.style());
        for language in Language::ALL {
            let letters: BTreeSet<char> =
                Sentences::read(language).plain.values().flat_map(|text| text.chars()).collect();
            ui.ctx().fonts_mut(|fonts| {
                missing.extend(letters.into_iter().filter(|letter| !fonts.has_glyph(&font, *letter)))
            });
        }
    });
    drawn.textures_delta.clear();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn views_know_no_left_and_right() {
    for (path, code) in sources(&here().join("src/views")) {
        for name in ["left_to_right", "right_to_left", "Align::LEFT", "Align::RIGHT", "Align2::LEFT", "Align2::RIGHT"] {
            assert!(!code.contains(name), "{}: {name}; `widgets::row_from_start` is for that", path.display());
        }
    }
}

/// What stands between quotes in code outside of `words` and has the look of a sentence or of a label. Names of things that
/// nobody reads are below.
#[test]
fn no_sentence_stands_in_a_view() {
    let nobody_reads = [
        "groups of the sheet",
        "how it stands",
        "height of the panel",
        "height of the page",
        "the panel stands above the buttons",
        "the page is centred by its height",
        "other link",
        // The name of a type, for who debugs.
        "Forms",
    ];
    // In `theme` are names of fonts, and what the compiler says of a file of colours.
    let elsewhere = ["src/words", "src/theme"].map(|folder| here().join(folder));
    let mut found = Vec::new();
    for (path, code) in sources(&here().join("src")) {
        if elsewhere.iter().any(|folder| path.starts_with(folder)) {
            continue;
        }
        for literal in code.split('"').skip(1).step_by(2) {
            let plain =
                literal.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest)).collect::<String>();
            let is_sentence = plain.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic)).count() > 1;
            let is_label = plain.starts_with(char::is_uppercase) && plain.contains(char::is_lowercase);
            if (is_sentence || is_label) && !nobody_reads.contains(&literal) {
                found.push(format!("{}: {literal:?}", path.display()));
            }
        }
    }
    assert!(found.is_empty(), "these belong into `words`: {found:#?}");
}
