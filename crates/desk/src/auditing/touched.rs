//! Which visits a device touched: from a device to the machine that it is on, from there to its sessions, from each to what was
//! done in it.
//!
//! A row that somebody of the staff did names the session (`by_session`); a sign-in writes down which machine its session is on
//! (`machine`); a device asks to be certified by a session (`device_asked`). What an app in a visit does as an endpoint follows
//! from the join, which names the session, and is not looked for by itself.

use std::collections::BTreeMap;

use audit::{Row, is_id};

use super::{RowsWanted, Span};
use crate::day::Calendar;

/// What a device did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// Of which device, machine or session.
    pub device: String,
    /// How many of its sessions were found.
    pub sessions: usize,
    /// The visits, the one that was touched last first.
    pub visits: Vec<TouchedVisit>,
    /// Whether these are all of that time: a very long one is looked through only in part.
    pub is_whole: bool,
}

/// A visit that was touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TouchedVisit {
    /// Which.
    pub visit: String,
    /// Who did the last of it: an account's id.
    pub by: String,
    /// How many rows of the log say so.
    pub rows: u64,
    /// The first of them, in microseconds of Unix time.
    pub first_unix_micros: u64,
    /// The last.
    pub last_unix_micros: u64,
    /// Both on the clinic's clock, once it is known by whose.
    pub shown: Option<(String, String)>,
}

impl Touched {
    /// With its times on this clock.
    pub(crate) fn shown_by(mut self, calendar: &Calendar) -> Self {
        for visit in &mut self.visits {
            let shown = |micros: u64| calendar.shown(micros / 1_000_000);
            visit.shown = Some((shown(visit.first_unix_micros), shown(visit.last_unix_micros)));
        }
        self
    }
}

/// From what was typed to the sessions that are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chase {
    /// A device: in which session did it ask to be certified?
    Device(String),
    /// A session: on which machine was it?
    MachineOf(String),
    /// A machine: which sessions were on it?
    Machine(String),
    /// This session.
    Session(String),
}

impl Chase {
    /// What was typed; none if it is no id of such a thing.
    pub fn of(typed: &str) -> Option<Self> {
        let id = typed.trim();
        let known = is_id(id).then(|| id.to_owned())?;
        match id.split_once('_')?.0 {
            "dev" => Some(Self::Device(known)),
            "mac" => Some(Self::Machine(known)),
            "ses" => Some(Self::Session(known)),
            _ => None,
        }
    }

    /// Which rows answer it; none if there is nothing to ask any more.
    pub fn asks(&self) -> Option<RowsWanted> {
        let (about, what) = match self {
            Self::Device(device) => (device, "device_asked"),
            Self::MachineOf(session) => (session, "machine"),
            Self::Machine(machine) => (machine, "machine"),
            Self::Session(_) => return None,
        };
        Some(RowsWanted { about: Some(about.clone()), what: Some(what.to_owned()), ..RowsWanted::default() })
    }

    /// What follows from a row of the answer.
    pub fn follow(&self, row: &str) -> Option<Self> {
        let row = Row::parse(row).ok()?;
        let named = |name| row.record().text(name).map(str::to_owned);
        match self {
            Self::Device(_) => named("by_session").map(Self::MachineOf),
            Self::MachineOf(_) => named("machine").map(Self::Machine),
            Self::Machine(_) => named("session").map(Self::Session),
            Self::Session(_) => None,
        }
    }

    /// What is meant where nothing follows: the session itself, where nobody knows its machine.
    pub fn at_least(self) -> Option<Self> {
        if let Self::MachineOf(session) = self { Some(Self::Session(session)) } else { None }
    }
}

/// The visits, while rows come.
#[derive(Debug, Default)]
pub struct Touching(BTreeMap<String, TouchedVisit>);

impl Touching {
    /// What was done in this session, in that time.
    pub fn asks(session: &str, span: Span) -> RowsWanted {
        RowsWanted { about: Some(session.to_owned()), span, ..RowsWanted::default() }
    }

    /// A row of a session.
    pub fn take(&mut self, row: &str) {
        let Ok(row) = Row::parse(row) else { return };
        let Some(visit) = row.visit() else { return };
        let at = row.unix_micros;
        let known = self.0.entry(visit.to_owned()).or_insert_with(|| TouchedVisit {
            visit: visit.to_owned(),
            by: row.by.to_owned(),
            rows: 0,
            first_unix_micros: at,
            last_unix_micros: at,
            shown: None,
        });
        known.rows += 1;
        known.first_unix_micros = known.first_unix_micros.min(at);
        if at > known.last_unix_micros {
            row.by.clone_into(&mut known.by);
            known.last_unix_micros = at;
        }
    }

    /// What was found.
    pub fn finish(self, device: String, sessions: usize, is_whole: bool) -> Touched {
        let mut visits: Vec<_> = self.0.into_values().collect();
        visits.sort_by_key(|visit| std::cmp::Reverse(visit.last_unix_micros));
        Touched { device, sessions, visits, is_whole }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: &str = "ses_AQEBAQEBAQEBAQEBAQEBAQ";
    const MACHINE: &str = "mac_AgICAgICAgICAgICAgICAg";
    const DEVICE: &str = "dev_AwMDAwMDAwMDAwMDAwMDAw";

    fn row(number: u64, what: &str, members: &[(&str, &str)]) -> String {
        let mut row = audit::row(1_000_000 * number, "stf_AAAAAAAAAAAAAAAAAAAAAA", what).unwrap();
        for (name, value) in members {
            row.put(name, *value).unwrap();
        }
        row.finish(number, None).unwrap()
    }

    #[test]
    fn a_device_leads_to_its_machine_and_that_to_all_its_sessions() {
        let device = Chase::of(&format!(" {DEVICE} ")).unwrap();
        let asked = device.asks().unwrap();
        assert_eq!((asked.about.as_deref(), asked.what.as_deref()), (Some(DEVICE), Some("device_asked")));
        let session = device.follow(&row(1, "device_asked", &[("by_session", SESSION), ("device", DEVICE)])).unwrap();
        assert_eq!(session, Chase::MachineOf(SESSION.to_owned()));
        let machine = session.follow(&row(2, "machine", &[("machine", MACHINE), ("session", SESSION)])).unwrap();
        assert_eq!(machine, Chase::Machine(MACHINE.to_owned()));
        let found = machine.follow(&row(2, "machine", &[("machine", MACHINE), ("session", SESSION)])).unwrap();
        assert_eq!((found.asks(), found), (None, Chase::Session(SESSION.to_owned())));
        assert_eq!(session.at_least(), Some(Chase::Session(SESSION.to_owned())), "a machine that nobody knows");
        for wrong in ["", "dev_1", "vis_AQEBAQEBAQEBAQEBAQEBAQ", "a laptop"] {
            assert_eq!(Chase::of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn visits_are_counted_once_and_the_last_touched_comes_first() {
        let [one, other] = ["vis_AQEBAQEBAQEBAQEBAQEBAQ", "vis_AgICAgICAgICAgICAgICAg"];
        let mut touching = Touching::default();
        for text in [
            row(9, "visit", &[("visit", one)]),
            row(12, "endpoint", &[("visit", other)]),
            row(7, "visit", &[("visit", one)]),
            row(8, "signed_in", &[("session", SESSION)]),
        ] {
            touching.take(&text);
        }
        let found = touching.finish(SESSION.to_owned(), 1, true);
        let visits: Vec<_> = found.visits.iter().map(|visit| (visit.visit.as_str(), visit.rows)).collect();
        assert_eq!(visits, [(other, 1), (one, 2)]);
        assert_eq!((found.visits[1].first_unix_micros, found.visits[1].last_unix_micros), (7_000_000, 9_000_000));
    }
}
