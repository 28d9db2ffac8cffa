//! Spans of time as people say them.

use std::time::Duration;

/// A span as people say it: `12 min`, `1 h 5 min`.
pub(crate) fn span(span: Duration) -> String {
    let secs = span.as_secs();
    match (secs / 3600, secs / 60 % 60) {
        (0, 0) => say!(less_than_a_minute).to_owned(),
        (0, minutes) => say!(span_minutes, minutes = minutes),
        (hours, minutes) => say!(span_hours, hours = hours, minutes = minutes),
    }
}

/// A span of some minutes, as people say it who do not count: by minutes, by hours from two on, and by days from two on.
pub(crate) fn rough_span(minutes: u64) -> String {
    match minutes {
        0..120 => say!(rough_minutes, minutes = minutes),
        120..2_880 => say!(rough_hours, hours = minutes / 60),
        _ => say!(rough_days, days = minutes / 1_440),
    }
}

/// A running clock: `4:05`, `1:02:03`.
pub(crate) fn clock(span: Duration) -> String {
    let secs = span.as_secs();
    match secs / 3600 {
        0 => format!("{}:{:02}", secs / 60, secs % 60),
        hours => format!("{hours}:{:02}:{:02}", secs / 60 % 60, secs % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_clocks_read_as_people_say_them() {
        assert_eq!(span(Duration::from_secs(59)), "less than a minute");
        assert_eq!(span(Duration::from_secs(3900)), "1 h 5 min");
        assert_eq!(clock(Duration::from_secs(245)), "4:05");
        assert_eq!(clock(Duration::from_secs(3723)), "1:02:03");
    }
}
