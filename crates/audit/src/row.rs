//! A row of the log: what happened, who did it, from where, and which row about the same visit came before.
//!
//! | name | what |
//! |---|---|
//! | `v` | the form of the row: 1 |
//! | `n` | its place in the log, from 0 |
//! | `at` | when, in microseconds of Unix time |
//! | `by` | who: `server`, `operator`, or an account, an endpoint |
//! | `by_session` | by which session, for an account |
//! | `from`, `from_net`, `from_key` | from where ([`Origin`]) |
//! | `follows` | the row before this one that is about the same `visit`; so what was left out of a visit is missed |
//! | `what` | a word of a closed list, and all else that belongs to it |
//!
//! It is written as a [canonical record](crate::record), and its bytes are a leaf of the tree.

use crate::encoding::{from_base64, to_base64};
use crate::record::{Builder, Record, RecordError, Value};

/// The form of the rows that are written.
const VERSION: u64 = 1;

/// Why something is not a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// Not even a record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Of a later version.
    #[error("a row of a later version: a newer housecall-verify is needed")]
    Later,
    /// What every row has is not there.
    #[error("a row without number, time, author or matter")]
    Incomplete,
}

/// From where somebody asked, as hashes under a key that is destroyed within 90 days: until then whoever runs the server can
/// find out whether two rows came from one address or one network, and afterwards nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Of the address.
    pub address: [u8; 16],
    /// Of its /24 or /48.
    pub network: [u8; 16],
    /// By which key.
    pub key: u64,
}

/// A row that was read, with the text that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    /// Its place in the log.
    pub number: u64,
    /// When, in microseconds of Unix time.
    pub unix_micros: u64,
    /// Who.
    pub by: &'a str,
    /// What.
    pub what: &'a str,
    /// The row before about the same visit.
    pub follows: Option<u64>,
    /// Its text: what is hashed.
    pub text: &'a str,
    record: Record<'a>,
}

impl<'a> Row<'a> {
    /// Reads one.
    ///
    /// # Errors
    /// [`RowError`].
    pub fn parse(text: &'a str) -> Result<Self, RowError> {
        let record = Record::parse(text)?;
        match record.number("v") {
            Some(VERSION) => {}
            Some(later) if later > VERSION => return Err(RowError::Later),
            _ => return Err(RowError::Incomplete),
        }
        let number = |name| record.number(name).ok_or(RowError::Incomplete);
        let word = |name| record.text(name).ok_or(RowError::Incomplete);
        let (number, unix_micros, by, what) = (number("n")?, number("at")?, word("by")?, word("what")?);
        Ok(Self { number, unix_micros, by, what, follows: record.number("follows"), text, record })
    }

    /// All its members.
    pub fn record(&self) -> &Record<'a> {
        &self.record
    }

    /// The visit that it is about.
    pub fn visit(&self) -> Option<&'a str> {
        self.record.text("visit")
    }

    /// From where it came.
    pub fn origin(&self) -> Option<Origin> {
        let hash = |name| self.record.text(name).and_then(from_base64);
        Some(Origin { address: hash("from")?, network: hash("from_net")?, key: self.record.number("from_key")? })
    }

    /// All ids in it: what it is about, and who did it.
    pub fn ids(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.record.members().filter_map(|(_, value)| match value {
            Value::Text(text) if is_id(text) => Some(text),
            _ => None,
        })
    }
}

/// Whether this is an id: three letters, `_`, and 22 characters of base64url.
pub fn is_id(text: &str) -> bool {
    let Some((prefix, rest)) = text.split_once('_') else { return false };
    prefix.len() == 3 && prefix.bytes().all(|byte| byte.is_ascii_lowercase()) && from_base64::<16>(rest).is_some()
}

/// A row that is being made.
#[derive(Debug, Clone)]
pub struct RowBuilder(Builder);

/// Begins a row.
///
/// # Errors
/// [`RecordError::Unwritable`], for a time that no row can hold or a name that is none.
pub fn row(unix_micros: u64, by: &str, what: &str) -> Result<RowBuilder, RecordError> {
    let mut builder = Builder::default();
    builder.put("v", VERSION)?;
    builder.put("at", unix_micros)?;
    builder.put("by", by)?;
    builder.put("what", what)?;
    Ok(RowBuilder(builder))
}

impl RowBuilder {
    /// Adds what belongs to what happened.
    ///
    /// # Errors
    /// As [`Builder::put`].
    pub fn put<'v>(&mut self, name: &str, value: impl Into<Value<'v>>) -> Result<(), RecordError> {
        self.0.put(name, value)
    }

    /// Says from where.
    ///
    /// # Errors
    /// As [`Builder::put`].
    pub fn from(&mut self, origin: &Origin) -> Result<(), RecordError> {
        self.0.put("from", to_base64(&origin.address).as_str())?;
        self.0.put("from_net", to_base64(&origin.network).as_str())?;
        self.0.put("from_key", origin.key)
    }

    /// The row's text at its place, after `follows`.
    ///
    /// # Errors
    /// As [`Builder::put`].
    pub fn finish(mut self, number: u64, follows: Option<u64>) -> Result<String, RecordError> {
        self.0.put("n", number)?;
        if let Some(follows) = follows {
            self.0.put("follows", follows)?;
        }
        let text = self.0.finish();
        if text.len() > crate::record::LONGEST { Err(RecordError::TooLong) } else { Ok(text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_is_written() {
        let mut builder = row(1_763_900_000_000_000, "stf_AAAAAAAAAAAAAAAAAAAAAA", "visit").unwrap();
        builder.put("visit", "vis_AQEBAQEBAQEBAQEBAQEBAQ").unwrap();
        builder.put("locked", true).unwrap();
        let origin = Origin { address: [1; 16], network: [2; 16], key: 3 };
        builder.from(&origin).unwrap();
        let text = builder.finish(17, Some(4)).unwrap();
        assert_eq!(
            text,
            "{\"at\":1763900000000000,\"by\":\"stf_AAAAAAAAAAAAAAAAAAAAAA\",\"follows\":4,\"from\":\"AQEBAQEBAQEBAQEBAQEBAQ\",\
             \"from_key\":3,\"from_net\":\"AgICAgICAgICAgICAgICAg\",\"locked\":true,\"n\":17,\"v\":1,\
             \"visit\":\"vis_AQEBAQEBAQEBAQEBAQEBAQ\",\"what\":\"visit\"}"
        );
        let read = Row::parse(&text).unwrap();
        assert_eq!((read.number, read.follows, read.what), (17, Some(4), "visit"));
        assert_eq!(read.origin(), Some(origin));
        assert_eq!(read.ids().collect::<Vec<_>>(), ["stf_AAAAAAAAAAAAAAAAAAAAAA", "vis_AQEBAQEBAQEBAQEBAQEBAQ"]);
    }

    #[test]
    fn what_is_no_row_is_refused() {
        assert_eq!(Row::parse("{}"), Err(RowError::Incomplete));
        assert_eq!(Row::parse(r#"{"at":1,"by":"server","n":0,"v":2,"what":"x"}"#), Err(RowError::Later));
        assert_eq!(Row::parse(r#"{"at":1,"by":"server","v":1,"what":"x"}"#), Err(RowError::Incomplete));
        assert!(row(1, "Dr \"Who\"", "x").is_err());
        let mut builder = row(1, "server", "x").unwrap();
        assert_eq!(builder.put("by", "another"), Err(RecordError::Unwritable));
    }
}
