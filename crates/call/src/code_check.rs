//! The code that a clinic gives its patient by another way than the link: asked by the clinician's app, compared there.

use subtle::ConstantTimeEq;
use trust::codec::hash;
use units::Phi;

/// Where somebody who waits stands with their code, as the host's app knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CodeStanding {
    /// None was given with this link.
    #[default]
    NotWanted,
    /// It is asked for; so many tries are left.
    Asked {
        /// So many.
        left: u8,
    },
    /// It was right.
    Right,
}

/// Whether what was typed is the code. People write it in groups and in whatever case. Takes the same time for every
/// answer of one length: what is compared are hashes.
pub(crate) fn is_code(code: &Phi<String>, typed: &Phi<String>) -> bool {
    let digest = |text: &Phi<String>| {
        let letters = text.expose().chars().filter(|letter| letter.is_alphanumeric());
        let letters: String = letters.flat_map(char::to_lowercase).collect();
        (hash(&[b"housecall patient code v1", letters.as_bytes()]), letters.is_empty())
    };
    let ((ours, _), (theirs, is_nothing)) = (digest(code), digest(typed));
    bool::from(ours.ct_eq(&theirs)) && !is_nothing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(code: &str, typed: &str) -> bool {
        is_code(&Phi::new(code.to_owned()), &Phi::new(typed.to_owned()))
    }

    #[test]
    fn a_code_is_known_however_it_is_written() {
        assert!(is("4711 ab", "4711-AB") && is("1975-03-02", "1975 03 02"));
        assert!(!is("4711", "4712") && !is("4711", "47") && !is("4711", ""));
        assert!(!is("", "") && !is("--", "  "), "no code is no code");
    }
}
