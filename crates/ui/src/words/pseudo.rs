//! A language that nobody speaks: English with accents and longer, still to be read. What stands on the screen without
//! accents is no sentence of `words`; what is cut off will be in German.

use std::borrow::Cow;

/// The text between two arguments, stretched: each vowel twice, which makes a sentence about 40 % longer with its brackets.
/// Arguments never come here.
pub(super) fn stretched(text: &str) -> Cow<'_, str> {
    let mut long = String::with_capacity(text.len() * 2);
    for letter in text.chars() {
        let accented = accented(letter);
        long.push(accented);
        if "aeiouyAEIOUY".contains(letter) {
            long.push(accented);
        }
    }
    Cow::Owned(long)
}

/// A whole sentence in brackets: by them one sees where it ends, and sentences that were put together.
pub(super) fn bracketed(sentence: &str) -> String {
    format!("[{sentence}]")
}

/// Of the letters that every font of Latin has (Latin-1 and Latin Extended-A).
const fn accented(letter: char) -> char {
    match letter {
        'a' => 'å',
        'c' => 'ç',
        'd' => 'đ',
        'e' => 'é',
        'g' => 'ğ',
        'h' => 'ħ',
        'i' => 'ï',
        'j' => 'ĵ',
        'k' => 'ķ',
        'l' => 'ļ',
        'n' => 'ñ',
        'o' => 'ö',
        'r' => 'ŕ',
        's' => 'š',
        't' => 'ţ',
        'u' => 'ü',
        'w' => 'ŵ',
        'y' => 'ý',
        'z' => 'ž',
        'A' => 'Å',
        'C' => 'Ç',
        'D' => 'Đ',
        'E' => 'É',
        'G' => 'Ğ',
        'H' => 'Ħ',
        'I' => 'Ï',
        'L' => 'Ļ',
        'N' => 'Ñ',
        'O' => 'Ö',
        'R' => 'Ŕ',
        'S' => 'Š',
        'T' => 'Ţ',
        'U' => 'Ü',
        'W' => 'Ŵ',
        'Y' => 'Ý',
        'Z' => 'Ž',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_get_accents_and_signs_stay() {
        assert_eq!(stretched("Join the visit…"), "Jööïïñ ţħéé vïïšïïţ…");
        assert_eq!(bracketed("12:30"), "[12:30]");
    }
}
