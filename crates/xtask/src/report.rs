//! What an end says about its visit: `housecall.report/1` (`docs/headless.md`), read as an outsider reads it.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// The report of one end.
#[derive(Debug, Clone)]
pub struct Report(Value);

impl Report {
    /// Reads a report file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is no report", path.display()))
    }

    fn parse(text: &[u8]) -> Result<Self> {
        let value: Value = serde_json::from_slice(text)?;
        ensure!(value["schema"] == "housecall.report/1", "its schema is not housecall.report/1");
        Ok(Self(value))
    }

    /// The number at a path such as `/totals/frames_shown`.
    #[must_use]
    pub fn number(&self, pointer: &str) -> Option<f64> {
        self.0.pointer(pointer).and_then(Value::as_f64)
    }

    /// When a step of the timeline happened, in Unix milliseconds.
    #[must_use]
    pub fn unix_ms(&self, step: &str) -> Option<f64> {
        Some(self.number("/started_unix_us")? / 1000.0 + self.number(&format!("/timeline_ms/{step}"))?)
    }

    /// When each picture was shown, in Unix microseconds.
    #[must_use]
    pub fn shown_unix_us(&self) -> Vec<u64> {
        let values = self.0["shown_unix_us"].as_array().map(Vec::as_slice).unwrap_or_default();
        values.iter().filter_map(Value::as_u64).collect()
    }

    /// Pictures shown a second, from the first to the last.
    #[must_use]
    pub fn shown_per_second(&self) -> Option<f64> {
        let shown = self.shown_unix_us();
        let span = shown.last()?.checked_sub(*shown.first()?).filter(|span| *span > 0)?;
        Some((shown.len() - 1) as f64 / (span as f64 / 1e6))
    }

    /// What happened: (seconds since the start, what).
    #[must_use]
    pub fn events(&self) -> Vec<(f64, String)> {
        let values = self.0["events"].as_array().map(Vec::as_slice).unwrap_or_default();
        values.iter().filter_map(|event| Some((event["t"].as_f64()?, event["event"].as_str()?.to_owned()))).collect()
    }

    /// How many seconds the call was live, from the first time on to its end.
    #[must_use]
    pub fn live_secs(&self) -> f64 {
        let events = self.events();
        let at = |is_it: fn(&str) -> bool| events.iter().find(|(_, event)| is_it(event)).map(|(t, _)| *t);
        let ended = at(|event| event.starts_with("ended:"));
        at(|event| event == "live").zip(ended).map_or(0.0, |(from, to)| to - from)
    }

    /// One field of all samples that have it, with their time in seconds.
    #[must_use]
    pub fn series(&self, field: &str) -> Vec<(f64, f64)> {
        self.samples().iter().filter_map(|sample| Some((sample["t"].as_f64()?, sample[field].as_f64()?))).collect()
    }

    /// The samples, one a second.
    #[must_use]
    pub fn samples(&self) -> &[Value] {
        self.0["samples"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// The whole of it.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_tells_its_rate_and_its_times() {
        let text = br#"{"schema": "housecall.report/1", "started_unix_us": 1000000, "timeline_ms": {"admitted": 250.5, "first_audio": null},
            "shown_unix_us": [2000000, 2033000, 2100000], "samples": [{"t": 1.0, "rtt_ms": 20.0}, {"t": 2.0, "rtt_ms": null}]}"#;
        let report = Report::parse(text).unwrap();
        assert_eq!(report.unix_ms("admitted"), Some(1250.5));
        assert_eq!(report.unix_ms("first_audio"), None);
        assert_eq!(report.shown_per_second(), Some(20.0));
        assert_eq!(report.series("rtt_ms"), [(1.0, 20.0)]);
    }

    #[test]
    fn a_call_is_live_from_its_first_picture_to_its_end_and_one_that_never_was_for_no_time() {
        let report = |events: &str| {
            Report::parse(format!(r#"{{"schema": "housecall.report/1", "events": {events}}}"#).as_bytes()).unwrap()
        };
        let live =
            r#"[{"t": 1.5, "event": "live"}, {"t": 3.0, "event": "live"}, {"t": 9.0, "event": "ended:hung_up"}]"#;
        assert!((report(live).live_secs() - 7.5).abs() < 1e-9);
        assert!(report(r#"[{"t": 9.0, "event": "ended:gave_up"}]"#).live_secs().abs() < 1e-9);
    }

    #[test]
    fn another_schema_is_refused() {
        assert!(Report::parse(br#"{"schema": "housecall.report/2"}"#).is_err());
        assert!(Report::parse(b"{}").is_err());
        assert!(Report::parse(b"not json").is_err());
    }
}
