//! The clinic's clock: what a local time means where clocks change, and when its day begins and ends.
//!
//! **The rule:** what people agree on is a time on the clinic's clock; what is planned is the one moment that this is. Where
//! clocks go forward a time is left out, where they go back one comes twice: then the person is asked. Where nobody can be
//! asked, it is resolved as iCalendar does (RFC 5545, section 3.3.5; "compatible" in the ECMAScript Temporal proposal): a
//! time that is left out counts as if clocks had not changed yet, and of one that comes twice the first is meant.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

/// A clinic's time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    zone: TimeZone,
    name: String,
}

/// The moment or moments, in seconds of Unix time, that a time on the clinic's clock is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// One, as nearly always.
    Once(u64),
    /// None: clocks go forward over it.
    LeftOut {
        /// So long before the change as was meant to be after it.
        earlier: u64,
        /// As if clocks had not changed yet.
        later: u64,
    },
    /// Two: clocks go back over it.
    Twice {
        /// Before the change.
        earlier: u64,
        /// After it.
        later: u64,
    },
}

/// What somebody chose who was asked about a time that is left out or comes twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Choice {
    /// The earlier of the two.
    Earlier,
    /// The later.
    Later,
    /// The rule: see the [module](self).
    ByRule,
}

impl Moment {
    /// The moment that is meant; none if it has to be asked which.
    pub fn chosen(self, choice: Option<Choice>) -> Option<u64> {
        match (self, choice?) {
            (Self::Once(at), _) => Some(at),
            (Self::LeftOut { earlier, .. } | Self::Twice { earlier, .. }, Choice::Earlier) => Some(earlier),
            (Self::LeftOut { later, .. } | Self::Twice { later, .. }, Choice::Later) => Some(later),
            (Self::LeftOut { later, .. }, Choice::ByRule) => Some(later),
            (Self::Twice { earlier, .. }, Choice::ByRule) => Some(earlier),
        }
    }

    /// The moment, where there is but one.
    pub fn only(self) -> Option<u64> {
        if let Self::Once(at) = self { Some(at) } else { None }
    }
}

/// Why a time cannot be planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Not a name of the IANA time zone database.
    #[error("there is no time zone of this name; it looks like Europe/Berlin")]
    Zone,
    /// Not a date and a time.
    #[error("a date and time look like 2026-10-25 14:30")]
    Time,
}

impl Calendar {
    /// The zone of this name in the IANA time zone database, of which this program brings its own copy.
    ///
    /// # Errors
    /// [`CalendarError::Zone`].
    pub fn new(name: &str) -> Result<Self, CalendarError> {
        let zone = TimeZone::get(name).map_err(|_| CalendarError::Zone)?;
        let name = zone.iana_name().unwrap_or(name).to_owned();
        Ok(Self { zone, name })
    }

    /// The zone of who has named none.
    pub fn utc() -> Self {
        Self { zone: TimeZone::UTC, name: "UTC".to_owned() }
    }

    /// The zone's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What `2026-10-25 14:30` on the clinic's clock is; with a `T` in between as well.
    ///
    /// # Errors
    /// [`CalendarError::Time`] for what is no time, or one before 1970.
    pub fn moment(&self, local: &str) -> Result<Moment, CalendarError> {
        let local: DateTime = local.trim().parse().map_err(|_| CalendarError::Time)?;
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        let at = |when: Result<Timestamp, jiff::Error>| {
            let secs = when.map_err(|_| CalendarError::Time)?.as_second();
            u64::try_from(secs).map_err(|_| CalendarError::Time)
        };
        let (earlier, later) = (at(ambiguous.earlier())?, at(ambiguous.later())?);
        Ok(match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } => Moment::Once(at(ambiguous.compatible())?),
            AmbiguousOffset::Gap { .. } => Moment::LeftOut { earlier, later },
            AmbiguousOffset::Fold { .. } => Moment::Twice { earlier, later },
        })
    }

    /// The clinic's day around a moment: from its first second to that of the next, 23 to 25 hours.
    pub fn day(&self, unix_secs: u64) -> (u64, u64) {
        let whole = (unix_secs, unix_secs.saturating_add(24 * 3_600));
        let Some(at) = self.at(unix_secs) else { return whole };
        let begin = at.start_of_day();
        let end = begin.as_ref().ok().and_then(|begin| begin.tomorrow().ok()?.start_of_day().ok());
        match (begin, end) {
            (Ok(begin), Some(end)) => {
                let secs = |at: &jiff::Zoned| u64::try_from(at.timestamp().as_second()).unwrap_or(0);
                (secs(&begin), secs(&end))
            }
            _ => whole,
        }
    }

    /// A moment of the day before the one around a moment.
    pub fn day_before(&self, unix_secs: u64) -> u64 {
        self.day(unix_secs).0.saturating_sub(1)
    }

    /// A moment of the day after the one around a moment.
    pub fn day_after(&self, unix_secs: u64) -> u64 {
        self.day(unix_secs).1
    }

    /// The date of a moment, as `2026-10-25`.
    pub fn date(&self, unix_secs: u64) -> String {
        self.at(unix_secs).map_or_else(String::new, |at| at.strftime("%Y-%m-%d").to_string())
    }

    /// A moment as people of the clinic write it: `2026-10-25 14:30`.
    pub fn shown(&self, unix_secs: u64) -> String {
        self.at(unix_secs).map_or_else(String::new, |at| at.strftime("%Y-%m-%d %H:%M").to_string())
    }

    /// The same to the second: `2026-10-25 14:30:07`.
    pub fn second(&self, unix_secs: u64) -> String {
        self.at(unix_secs).map_or_else(String::new, |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
    }

    /// The time of day alone, with the zone's abbreviation where the day has the same one twice: `14:30`.
    pub fn clock(&self, unix_secs: u64) -> String {
        self.at(unix_secs).map_or_else(String::new, |at| {
            let is_twice = matches!(self.moment(&self.shown(unix_secs)), Ok(Moment::Twice { .. }));
            at.strftime(if is_twice { "%H:%M %Z" } else { "%H:%M" }).to_string()
        })
    }

    fn at(&self, unix_secs: u64) -> Option<jiff::Zoned> {
        let at = Timestamp::from_second(i64::try_from(unix_secs).ok()?).ok()?;
        Some(at.to_zoned(self.zone.clone()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn berlin() -> Calendar {
        Calendar::new("Europe/Berlin").unwrap()
    }

    #[test]
    fn a_time_is_a_moment() {
        assert_eq!(berlin().moment("2026-10-24 14:30"), Ok(Moment::Once(1_792_845_000)));
        assert_eq!(berlin().moment(" 2026-10-24T14:30 "), Ok(Moment::Once(1_792_845_000)));
        assert_eq!(berlin().shown(1_792_845_000), "2026-10-24 14:30");
        // A day later by the clock is 25 hours later.
        assert_eq!(berlin().moment("2026-10-25 14:30"), Ok(Moment::Once(1_792_845_000 + 25 * 3_600)));
        for wrong in ["", "tomorrow", "2026-02-30 10:00", "2026-10-24 25:00", "1969-01-01 00:00"] {
            assert_eq!(berlin().moment(wrong), Err(CalendarError::Time), "{wrong}");
        }
        assert_eq!(Calendar::new("Europe/Atlantis").err(), Some(CalendarError::Zone));
    }

    #[test]
    fn a_time_that_comes_twice_is_asked_about_and_by_rule_it_is_the_first() {
        let moment = berlin().moment("2026-10-25 02:30").unwrap();
        let (earlier, later) = (1_792_888_200, 1_792_888_200 + 3_600);
        assert_eq!(moment, Moment::Twice { earlier, later });
        assert_eq!((moment.only(), moment.chosen(None)), (None, None));
        let chosen = |choice| moment.chosen(Some(choice));
        assert_eq!(
            [Choice::Earlier, Choice::Later, Choice::ByRule].map(chosen),
            [Some(earlier), Some(later), Some(earlier)]
        );
        assert_eq!([earlier, later].map(|at| berlin().shown(at)), ["2026-10-25 02:30", "2026-10-25 02:30"]);
        assert_eq!([earlier, later].map(|at| berlin().clock(at)), ["02:30 CEST", "02:30 CET"]);
        assert_eq!(berlin().clock(later + 3_600), "03:30");
    }

    #[test]
    fn a_time_that_is_left_out_is_asked_about_and_by_rule_it_is_the_later() {
        let moment = berlin().moment("2026-03-29 02:30").unwrap();
        let Moment::LeftOut { earlier, later } = moment else { panic!("{moment:?}") };
        assert_eq!([earlier, later].map(|at| berlin().shown(at)), ["2026-03-29 01:30", "2026-03-29 03:30"]);
        assert_eq!(moment.chosen(Some(Choice::ByRule)), Some(later));
        assert_eq!(moment.chosen(Some(Choice::Earlier)), Some(earlier));
    }

    #[test]
    fn a_day_of_a_clinic_has_23_to_25_hours() {
        let hours = |zone: &str, local: &str| {
            let calendar = Calendar::new(zone).unwrap();
            let (from, until) = calendar.day(calendar.moment(local).unwrap().chosen(Some(Choice::ByRule)).unwrap());
            (calendar.shown(from), (until - from) / 3_600)
        };
        assert_eq!(hours("Europe/Berlin", "2026-03-29 12:00"), ("2026-03-29 00:00".to_owned(), 23));
        assert_eq!(hours("Europe/Berlin", "2026-10-25 23:59"), ("2026-10-25 00:00".to_owned(), 25));
        assert_eq!(hours("Asia/Kolkata", "2026-10-25 00:00"), ("2026-10-25 00:00".to_owned(), 24));
        // Where clocks change at midnight, the day begins an hour late.
        assert_eq!(hours("America/Havana", "2026-03-08 12:00"), ("2026-03-08 01:00".to_owned(), 23));
    }

    #[test]
    fn one_day_follows_the_other_whatever_its_hours() {
        for (zone, local) in [("Europe/Berlin", "2026-10-24 12:00"), ("America/Havana", "2026-03-07 12:00")] {
            let calendar = Calendar::new(zone).unwrap();
            let mut at = calendar.moment(local).unwrap().only().unwrap();
            let begin = calendar.date(at);
            let mut dates = vec![begin.clone()];
            for _ in 0..3 {
                at = calendar.day_after(at);
                dates.push(calendar.date(at));
            }
            let day: u32 = begin[8..].parse().unwrap();
            let wanted: Vec<_> = (day..day + 4).map(|day| format!("{}{day:02}", &begin[..8])).collect();
            assert_eq!(dates, wanted);
            for _ in 0..3 {
                at = calendar.day_before(at);
            }
            assert_eq!(calendar.date(at), begin);
        }
    }

    proptest! {
        #[test]
        fn every_moment_is_one_of_what_its_time_may_be(secs in 0_u64..4_000_000_000, zone in 0_usize..4) {
            let zone = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo"][zone];
            let calendar = Calendar::new(zone).unwrap();
            let minute = secs / 60 * 60;
            let may_be = match calendar.moment(&calendar.shown(minute)).unwrap() {
                Moment::Once(at) => vec![at],
                Moment::Twice { earlier, later } => vec![earlier, later],
                Moment::LeftOut { .. } => Vec::new(),
            };
            prop_assert!(may_be.contains(&minute), "{zone} {minute} {may_be:?}");
            let (from, until) = calendar.day(minute);
            prop_assert!(from <= minute && minute < until && (23..=25).contains(&((until - from) / 3_600)));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            let _ = berlin().moment(&text);
            let _ = Calendar::new(&text);
        }
    }
}
