//! One flat JSON object in the one way in which it may be written, so that the same thing always has the same hash.
//!
//! Names in ascending order, no white space, no member twice; values are texts of printable ASCII without `"` and `\`, whole
//! numbers below 2^53, `true` and `false`. It is a subset of RFC 8785 that needs no escapes, no floats and no nesting, and
//! what is not written so is refused.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Beyond, numbers are not exact in languages that have doubles alone.
const LARGEST_NUMBER: u64 = 1 << 53;

/// The longest record, in bytes.
pub(crate) const LONGEST: usize = 4096;

/// Why something is not a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// It is no such object, or written otherwise.
    #[error("not a canonical record, at byte {at}")]
    NotCanonical {
        /// Where it is not.
        at: usize,
    },
    /// It is longer than any that is written.
    #[error("a record that is too long")]
    TooLong,
    /// A name or a text has other letters than a record may have, a number is too large, or a name is there twice.
    #[error("what no record can hold")]
    Unwritable,
}

/// A value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// An id, a word of a closed list, bytes in base64url.
    Text(&'a str),
    /// A count, a time.
    Number(u64),
    /// A yes or no.
    Flag(bool),
}

impl From<u64> for Value<'_> {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

/// A record that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a>(Vec<(&'a str, Value<'a>)>);

impl<'a> Record<'a> {
    /// Reads one.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn parse(text: &'a str) -> Result<Self, RecordError> {
        if text.len() > LONGEST {
            return Err(RecordError::TooLong);
        }
        let mut rest = Rest { text, at: 0 };
        let mut members: Vec<(&str, Value<'_>)> = Vec::with_capacity(16);
        rest.take("{")?;
        if !rest.skip("}") {
            loop {
                let name = rest.quoted()?;
                if members.last().is_some_and(|(before, _)| *before >= name) {
                    return Err(rest.refused());
                }
                rest.take(":")?;
                members.push((name, rest.value()?));
                if rest.skip("}") {
                    break;
                }
                rest.take(",")?;
            }
        }
        if rest.at == text.len() { Ok(Self(members)) } else { Err(rest.refused()) }
    }

    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        self.0.iter().find(|(its, _)| *its == name).map(|(_, value)| *value)
    }

    /// The value of this name, if it is a text.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        if let Some(Value::Text(text)) = self.get(name) { Some(text) } else { None }
    }

    /// The value of this name, if it is a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        if let Some(Value::Number(number)) = self.get(name) { Some(number) } else { None }
    }

    /// The value of this name, if it is a yes or no.
    pub fn flag(&self, name: &str) -> Option<bool> {
        if let Some(Value::Flag(flag)) = self.get(name) { Some(flag) } else { None }
    }

    /// All names and values, in the order of the names.
    pub fn members(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> + '_ {
        self.0.iter().copied()
    }
}

struct Rest<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Rest<'a> {
    fn refused(&self) -> RecordError {
        RecordError::NotCanonical { at: self.at }
    }

    fn ahead(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self, what: &str) -> bool {
        let is_there = self.ahead().starts_with(what);
        if is_there {
            self.at += what.len();
        }
        is_there
    }

    fn take(&mut self, what: &str) -> Result<(), RecordError> {
        self.skip(what).then_some(()).ok_or(self.refused())
    }

    fn quoted(&mut self) -> Result<&'a str, RecordError> {
        self.take("\"")?;
        let ahead = self.ahead();
        let end = ahead.bytes().position(|byte| !is_plain(byte)).ok_or(self.refused())?;
        self.at += end;
        self.take("\"")?;
        // What is before `end` is ASCII, so it is a boundary of letters.
        Ok(ahead.get(..end).unwrap_or_default())
    }

    fn value(&mut self) -> Result<Value<'a>, RecordError> {
        if self.ahead().starts_with('"') {
            return self.quoted().map(Value::Text);
        }
        if self.skip("true") {
            return Ok(Value::Flag(true));
        }
        if self.skip("false") {
            return Ok(Value::Flag(false));
        }
        let ahead = self.ahead();
        let digits = ahead.bytes().take_while(u8::is_ascii_digit).count();
        let number = ahead.get(..digits).unwrap_or_default();
        let is_canonical = number == "0" || !number.starts_with('0');
        let number: u64 = number.parse().ok().filter(|_| is_canonical).ok_or(self.refused())?;
        if number >= LARGEST_NUMBER {
            return Err(self.refused());
        }
        self.at += digits;
        Ok(Value::Number(number))
    }
}

/// Letters that need no escape.
fn is_plain(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte) && byte != b'"' && byte != b'\\'
}

/// A record that is being made.
#[derive(Debug, Clone, Default)]
pub struct Builder(BTreeMap<String, Owned>);

#[derive(Debug, Clone)]
enum Owned {
    Text(String),
    Number(u64),
    Flag(bool),
}

impl Builder {
    /// Adds a member.
    ///
    /// # Errors
    /// [`RecordError::Unwritable`].
    pub fn put<'v>(&mut self, name: &str, value: impl Into<Value<'v>>) -> Result<(), RecordError> {
        let value = match value.into() {
            Value::Text(text) if text.bytes().all(is_plain) => Owned::Text(text.to_owned()),
            Value::Number(number) if number < LARGEST_NUMBER => Owned::Number(number),
            Value::Flag(flag) => Owned::Flag(flag),
            Value::Text(_) | Value::Number(_) => return Err(RecordError::Unwritable),
        };
        if !name.bytes().all(is_plain) || self.0.insert(name.to_owned(), value).is_some() {
            return Err(RecordError::Unwritable);
        }
        Ok(())
    }

    /// As it is written.
    pub fn finish(&self) -> String {
        let mut text = String::from("{");
        for (name, value) in &self.0 {
            if text.len() > 1 {
                text.push(',');
            }
            // Writing to a string cannot fail.
            let _ = match value {
                Owned::Text(value) => write!(text, "\"{name}\":\"{value}\""),
                Owned::Number(value) => write!(text, "\"{name}\":{value}"),
                Owned::Flag(value) => write!(text, "\"{name}\":{value}"),
            };
        }
        text.push('}');
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_written_otherwise_is_refused() {
        for good in ["{}", r#"{"a":0}"#, r#"{"a":true,"b":"x y","c":9007199254740991}"#] {
            Record::parse(good).unwrap();
        }
        let wrong = [
            "",
            "{",
            "}",
            "{} ",
            " {}",
            r#"{"a":1,}"#,
            r#"{"a": 1}"#,
            r#"{"b":1,"a":1}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":01}"#,
            r#"{"a":-1}"#,
            r#"{"a":1.0}"#,
            r#"{"a":1e3}"#,
            r#"{"a":9007199254740992}"#,
            r#"{"a":null}"#,
            r#"{"a":{}}"#,
            r#"{"a":"\u0041"}"#,
            "{\"a\":\"ä\"}",
            "{\"a\":\"\n\"}",
            r#"{"a":"b"}{"#,
            r#"{"a":"b"#,
        ];
        for text in wrong {
            assert!(Record::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_record_is_read_as_it_is_written(members in prop::collection::btree_map("[ -!#-\\[\\]-~]{0,8}", 0u64..3, 0..9)) {
            let mut builder = Builder::default();
            for (name, kind) in &members {
                match kind {
                    0 => builder.put(name, name.as_str()).unwrap(),
                    1 => builder.put(name, true).unwrap(),
                    _ => builder.put(name, 17).unwrap(),
                }
            }
            let text = builder.finish();
            let read = Record::parse(&text).unwrap();
            prop_assert_eq!(read.members().count(), members.len());
            let mut again = Builder::default();
            for (name, value) in read.members() {
                again.put(name, value).unwrap();
            }
            prop_assert_eq!(again.finish(), text);
        }

        #[test]
        fn whatever_is_read_is_written_the_same(text in "\\{(\"[a-c]\":(\"x\"|1|true),?){0,4}\\}|\\PC{0,40}") {
            if let Ok(read) = Record::parse(&text) {
                let mut again = Builder::default();
                for (name, value) in read.members() {
                    again.put(name, value).unwrap();
                }
                prop_assert_eq!(again.finish(), text);
            }
        }
    }
}
