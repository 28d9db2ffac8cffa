//! Reads `assets/theme` while the program is compiled: a token that is missing or no number is no program.
//!
//! The files are TOML of the simplest kind: `[section]`, `name = 12`, `name = "#RRGGBB"`, comments behind `#`.

use egui::Color32;

/// The number of this name.
pub(super) const fn number(file: &str, section: &str, name: &str) -> u16 {
    let text = file.as_bytes();
    let mut at = value_of(text, section.as_bytes(), name.as_bytes());
    let (mut number, begin) = (0_u16, at);
    while at < text.len() && text[at].is_ascii_digit() {
        number = number * 10 + (text[at] - b'0') as u16;
        at += 1;
    }
    assert!(at > begin, "a token is no number");
    number
}

/// The colour of this name.
pub(super) const fn color(file: &str, name: &str) -> Color32 {
    let text = file.as_bytes();
    let at = value_of(text, b"colors", name.as_bytes());
    assert!(text[at] == b'"' && text[at + 1] == b'#' && text[at + 8] == b'"', "a token is no colour");
    Color32::from_rgb(byte(text, at + 2), byte(text, at + 4), byte(text, at + 6))
}

const fn byte(text: &[u8], at: usize) -> u8 {
    digit(text[at]) * 16 + digit(text[at + 1])
}

const fn digit(letter: u8) -> u8 {
    match letter {
        b'0'..=b'9' => letter - b'0',
        b'A'..=b'F' => letter - b'A' + 10,
        _ => panic!("colours are written with 0 to 9 and A to F"),
    }
}

/// Where the value of `name` begins in `section`.
const fn value_of(text: &[u8], section: &[u8], name: &[u8]) -> usize {
    let (mut line, mut inside) = (0, false);
    while line < text.len() {
        if text[line] == b'[' {
            inside = stands_at(text, line + 1, section) && text[line + 1 + section.len()] == b']';
        } else if inside && stands_at(text, line, name) {
            let mut at = line + name.len();
            while text[at] == b' ' {
                at += 1;
            }
            if text[at] == b'=' {
                at += 1;
                while text[at] == b' ' {
                    at += 1;
                }
                return at;
            }
        }
        while line < text.len() && text[line] != b'\n' {
            line += 1;
        }
        line += 1;
    }
    panic!("a token is missing in assets/theme")
}

const fn stands_at(text: &[u8], at: usize, word: &[u8]) -> bool {
    let mut index = 0;
    while index < word.len() {
        if at + index >= text.len() || text[at + index] != word[index] {
            return false;
        }
        index += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# a = 9\n[one]\nab = 3\na = 12   # twelve\n\n[two]\na = 7\n[colors]\nink = \"#0A1B2C\"\n";

    #[test]
    fn a_token_is_read_from_its_own_section_and_by_its_whole_name() {
        assert_eq!(number(FILE, "one", "a"), 12);
        assert_eq!(number(FILE, "one", "ab"), 3);
        assert_eq!(number(FILE, "two", "a"), 7);
        assert_eq!(color(FILE, "ink"), Color32::from_rgb(0x0A, 0x1B, 0x2C));
    }

    #[test]
    #[should_panic(expected = "a token is missing")]
    fn a_token_that_is_missing_is_no_program() {
        number(FILE, "two", "ab");
    }

    #[test]
    #[should_panic(expected = "no number")]
    fn a_colour_is_no_number() {
        number(FILE, "colors", "ink");
    }
}
