//! People's data: protected health information, as 45 CFR 160.103 calls it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something that is a person's own: a name, a number, an address, a word they said.
///
/// It prints as `[redacted]` whatever the format, so that it cannot slip into a log; who needs it says
/// [`expose`](Phi::expose) and can be found by that word. It travels whole only inside a sealed box.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phi<T>(T);

impl<T> Phi<T> {
    /// Marks `value` as a person's own.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Not for a log, a metric or an error.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value itself, taken out. Not for a log, a metric or an error.
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> From<T> for Phi<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Phi<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<T> fmt::Display for Phi<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_prints_itself() {
        let name = Phi::new("Ada Lovelace".to_owned());
        assert_eq!(format!("{name} {name:?} {name:#?}"), "[redacted] [redacted] [redacted]");
        assert_eq!(name.expose(), "Ada Lovelace");
    }
}
