//! A row of the log, in a form that can be said in words.

use audit::{Row, Value};

use crate::day::Calendar;

/// A row of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Its place.
    pub number: u64,
    /// When, on the clinic's clock.
    pub at: String,
    /// Who: `server`, `operator`, `stranger`, an account's id or an endpoint's.
    pub by: String,
    /// What: a word of a closed list.
    pub what: String,
    /// About which visit.
    pub visit: Option<String>,
    /// All else that belongs to what happened, by the names that it has in the log; numbers as they are written.
    members: Vec<(String, String)>,
}

/// What every row may have, and what is shown by itself.
const OF_ROWS: [&str; 11] =
    ["v", "n", "at", "by", "by_session", "from", "from_net", "from_key", "follows", "what", "visit"];

impl AuditLine {
    /// Reads a row's text; none if it is none.
    pub fn read(text: &str, calendar: &Calendar) -> Option<Self> {
        let row = Row::parse(text).ok()?;
        let value = |value: &Value<'_>| match value {
            Value::Text(text) => (*text).to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Flag(flag) => flag.to_string(),
        };
        let members = row.record().members().filter(|(name, _)| !OF_ROWS.contains(name));
        Some(Self {
            number: row.number,
            at: calendar.second(row.unix_micros / 1_000_000),
            by: row.by.to_owned(),
            what: row.what.to_owned(),
            visit: row.visit().map(str::to_owned),
            members: members.map(|(name, its)| (name.to_owned(), value(&its))).collect(),
        })
    }

    /// What stands in it by this name.
    pub fn member(&self, name: &str) -> Option<&str> {
        self.members.iter().find(|(its, _)| its == name).map(|(_, value)| value.as_str())
    }

    /// Everything that belongs to what happened.
    pub fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_with_what_belongs_to_it_and_nothing_else() {
        let text = "{\"at\":1792845000000000,\"by\":\"stf_AAAAAAAAAAAAAAAAAAAAAA\",\"by_session\":\"ses_AQEBAQEBAQEBAQEBAQEBAQ\",\
                    \"follows\":3,\"locked\":true,\"n\":17,\"state\":\"open\",\"tries\":2,\"v\":1,\
                    \"visit\":\"vis_AQEBAQEBAQEBAQEBAQEBAQ\",\"what\":\"visit\"}";
        let line = AuditLine::read(text, &Calendar::new("Europe/Berlin").unwrap()).unwrap();
        assert_eq!((line.number, line.at.as_str(), line.what.as_str()), (17, "2026-10-24 14:30:00", "visit"));
        assert_eq!(line.visit.as_deref(), Some("vis_AQEBAQEBAQEBAQEBAQEBAQ"));
        let members: Vec<_> = line.members().collect();
        assert_eq!(members, [("locked", "true"), ("state", "open"), ("tries", "2")]);
        assert_eq!((line.member("state"), line.member("follows")), (Some("open"), None));
        assert_eq!(AuditLine::read("{}", &Calendar::utc()), None);
    }
}
