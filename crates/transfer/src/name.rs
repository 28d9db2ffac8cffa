//! The name under which a file from the other side is kept: never a path, never one that a system takes for something else.

/// Characters of a name at most; with what a number and `.part` add it stays below the 255 bytes of most file systems.
const MOST_CHARS: usize = 80;
const MOST_BYTES: usize = 200;
const MOST_ROUNDS: u32 = 8;
/// Of a name of which nothing is left.
const NAMELESS: &str = "file";

/// A name of our own for what the other side calls so: the last part of a path, without what any system reserves or forbids, or
/// what is not seen or turns the letters around (so that `exe.fdp` does not look like `pdf.exe`).
///
/// It is never empty, never longer than 200 bytes, never begins with a dot, and made of itself it stays as it is.
pub fn safe_name(theirs: &str) -> String {
    let mut name = cleaned(theirs);
    // What was cut off may have hidden what is now at the end.
    for _ in 0..MOST_ROUNDS {
        let again = cleaned(&name);
        if again == name {
            break;
        }
        name = again;
    }
    name
}

fn cleaned(theirs: &str) -> String {
    let last = theirs.rsplit(['/', '\\']).find(|part| !part.trim_matches(['.', ' ']).is_empty()).unwrap_or(NAMELESS);
    let seen: String = last.chars().filter(|it| !it.is_control() && !is_invisible(*it)).collect();
    let options = sanitize_filename::Options { windows: true, truncate: false, replacement: "_" };
    let clean = sanitize_filename::sanitize_with_options(trimmed(&seen), options);
    let clean = shortened(trimmed(&clean));
    let clean = trimmed(&clean);
    if clean.is_empty() {
        return NAMELESS.to_owned();
    }
    if is_reserved(clean) { format!("_{clean}") } else { clean.to_owned() }
}

/// Without what Windows drops at the end, what hides a file at the beginning, and what a command takes for an option.
fn trimmed(name: &str) -> &str {
    name.trim_matches(|it: char| it == '.' || it.is_whitespace()).trim_start_matches(['-', '~', '.', ' '])
}

/// The same, and not too long; what stands behind the last dot is kept if it is short.
fn shortened(name: &str) -> String {
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ending.len() <= 16 => (stem, Some(ending)),
        _ => (name, None),
    };
    let room = MOST_BYTES - ending.map_or(0, |ending| ending.len() + 1);
    let mut short = String::new();
    for it in stem.chars().take(MOST_CHARS) {
        if short.len() + it.len_utf8() > room {
            break;
        }
        short.push(it);
    }
    match ending {
        Some(ending) => format!("{}.{ending}", short.trim_end_matches(['.', ' '])),
        None => short,
    }
}

/// The names of devices, with any ending (Windows: "Naming Files, Paths, and Namespaces").
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end();
    let upper = stem.to_uppercase();
    if ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"].contains(&upper.as_str()) {
        return true;
    }
    let number = upper.strip_prefix("COM").or_else(|| upper.strip_prefix("LPT"));
    number.is_some_and(|number| {
        let mut chars = number.chars();
        matches!((chars.next(), chars.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
    })
}

/// Signs that are not seen or that turn others around (Unicode's bidirectional controls, UAX #9, and joiners).
pub(crate) const fn is_invisible(it: char) -> bool {
    matches!(it, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The name for the `count`th file of this name in one place: `a.pdf`, `a (2).pdf`.
pub fn numbered(name: &str, count: u32) -> String {
    if count < 2 {
        return name.to_owned();
    }
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => format!("{stem} ({count}).{ending}"),
        _ => format!("{name} ({count})"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_is_no_name() {
        assert_eq!(safe_name("../../etc/passwd"), "passwd");
        assert_eq!(safe_name(r"..\..\Windows\System32\drivers\etc\hosts"), "hosts");
        assert_eq!(safe_name("/"), "file");
        assert_eq!(safe_name(r"C:\autoexec.bat"), "autoexec.bat");
        assert_eq!(safe_name(".."), "file");
        assert_eq!(safe_name("a/.."), "a");
        assert_eq!(safe_name("x:y"), "x_y");
        assert_eq!(safe_name(""), "file");
    }

    #[test]
    fn what_systems_reserve_is_no_name() {
        for (theirs, ours) in [
            ("con", "_"),
            ("NUL.txt", "_"),
            ("com¹.log", "_com¹.log"),
            ("conin$", "_conin$"),
            ("letter.pdf. . .", "letter.pdf"),
            (".bashrc", "bashrc"),
            ("-rf", "rf"),
            ("a\0b\r\n.txt", "ab.txt"),
            ("what?.txt", "what_.txt"),
        ] {
            let safe = safe_name(theirs);
            assert!(safe == ours || ours == "_" && safe.starts_with('_'), "{theirs:?} became {safe:?}");
        }
    }

    #[test]
    fn letters_are_not_turned_around() {
        assert_eq!(safe_name("report\u{202e}fdp.exe"), "reportfdp.exe");
        assert_eq!(safe_name("Überweisung Dr. Müller 漢字.pdf"), "Überweisung Dr. Müller 漢字.pdf");
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let safe = safe_name(&format!("{}.jpeg", "漢".repeat(300)));
        assert!(safe.ends_with("漢.jpeg") && safe.len() <= MOST_BYTES, "{} bytes", safe.len());
    }

    #[test]
    fn others_of_the_same_name_are_counted() {
        assert_eq!([1, 2].map(|count| numbered("a.pdf", count)), ["a.pdf", "a (2).pdf"]);
        assert_eq!(numbered("README", 3), "README (3)");
    }

    proptest! {
        #[test]
        fn every_name_is_safe_and_stays(theirs in r#"([a-zA-Z0-9./\\:*?"<>| ~\-$\x00-\x20\u{202a}-\u{202f}é漢]|CON|NUL|\.\.){0,40}"#) {
            let safe = safe_name(&theirs);
            prop_assert!(!safe.is_empty() && safe.len() <= MOST_BYTES + 1);
            prop_assert!(!safe.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|', '\0']));
            prop_assert!(!safe.starts_with(['.', ' ', '-']) && !safe.ends_with(['.', ' ']));
            prop_assert!(!safe.chars().any(|it| it.is_control() || is_invisible(it)));
            prop_assert!(!is_reserved(&safe));
            prop_assert_eq!(safe_name(&safe), safe.clone(), "of itself");
            let path = std::path::Path::new(&safe);
            prop_assert_eq!(path.components().count(), 1);
            prop_assert!(path.file_name().is_some());
        }
    }
}
