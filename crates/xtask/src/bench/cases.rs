//! The links and the situations that `bench links` measures, by name.

use std::ffi::OsString;

use super::visit::{Cut, Plan, STEP_SECS};

/// One row of the scoreboard's measurements.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Case {
    pub(super) name: String,
    /// What the patient's link is.
    pub(super) profile: String,
    pub(super) kind: Kind,
    pub(super) seconds: u32,
    /// Whether two browsers are measured as well.
    pub(super) has_yardstick: bool,
}

/// What happens on the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A call.
    Call,
    /// A call in 1280×720.
    Tall,
    /// A call that may send no more than the browser did on this link in the same run.
    SameRate,
    /// A call whose link is cut for so many seconds.
    Outage(u32),
    /// Two calls share the link.
    TwoCalls,
    /// A download by TCP (CUBIC) shares the link.
    BesideTcp,
}

/// All, in the order in which they are measured.
pub(super) const ALL: [&str; 14] = [
    "good",
    "good-same-rate",
    "rural-3g",
    "edge",
    "30k-lossy",
    "satellite",
    "step",
    "lossy-wifi",
    "bufferbloat",
    "good-720p",
    "outage-10s",
    "outage-60s",
    "two-calls",
    "beside-tcp",
];

/// 30 kbps for all there is, and one packet in five is lost.
const THIN: &str = "good,rate_kbps=30,delay_ms=100,loss_pct=20,queue_ms=1000";
/// An ordinary line, for what is not about the line.
pub(super) const ORDINARY: &str = "good,rate_kbps=1500,delay_ms=30,queue_ms=300";
/// Seconds of call before an outage, and after it.
const BEFORE_AN_OUTAGE: u32 = 15;
const AFTER_AN_OUTAGE: u32 = 20;

impl Case {
    /// The case of this name; a name that is none of [`ALL`] is a link, as the laboratory calls it.
    pub(super) fn named(name: &str, seconds: u32) -> Self {
        let outage = |span: u32| (ORDINARY, Kind::Outage(span), BEFORE_AN_OUTAGE + span + AFTER_AN_OUTAGE, true);
        let (profile, kind, seconds, has_yardstick) = match name {
            "good-same-rate" => ("good", Kind::SameRate, seconds, false),
            "30k-lossy" => (THIN, Kind::Call, seconds, true),
            "good-720p" => ("good", Kind::Tall, seconds, true),
            "outage-10s" => outage(10),
            "outage-60s" => outage(60),
            "two-calls" => (ORDINARY, Kind::TwoCalls, seconds, false),
            "beside-tcp" => (ORDINARY, Kind::BesideTcp, seconds, false),
            step if step.starts_with("step") => (step, Kind::Call, STEP_SECS, true),
            link => (link, Kind::Call, seconds, true),
        };
        Self { name: name.to_owned(), profile: profile.to_owned(), kind, seconds, has_yardstick }
    }

    /// The call to hold.
    pub(super) fn plan(&self, seed: u64, admit_after: &str, half_core: bool, max_kbps: Option<u32>) -> Plan {
        let most = max_kbps.map(|kbps| ["--max-kbps".into(), OsString::from(kbps.to_string())]);
        Plan {
            profile: self.profile.clone(),
            seed,
            seconds: self.seconds,
            admit_after: admit_after.to_owned(),
            voice_alone: false,
            is_tall: self.kind == Kind::Tall,
            cut: match self.kind {
                Kind::Outage(seconds) => Some(Cut { at: BEFORE_AN_OUTAGE, seconds }),
                _ => None,
            },
            half_core,
            sends: None,
            more: most.into_iter().flatten().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_no_situation_is_a_link() {
        let case = Case::named("dsl,loss_pct=3", 30);
        assert_eq!((case.profile.as_str(), case.kind, case.seconds), ("dsl,loss_pct=3", Kind::Call, 30));
    }

    #[test]
    fn there_is_call_left_after_each_outage() {
        for name in ["outage-10s", "outage-60s"] {
            let plan = Case::named(name, 30).plan(1, "5s", false, None);
            let cut = plan.cut.unwrap();
            assert!(cut.at + cut.seconds + 10 < plan.seconds, "{name}");
        }
    }
}
