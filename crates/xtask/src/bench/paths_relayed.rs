//! A call by way of a relay beside a straight one, over the same link: what the relay costs voice and picture.

use std::ffi::OsString;

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::board;
use super::cases::ORDINARY;
use super::paths::Measured;
use super::visit::{self, Equipment, Plan, STEADY};
use crate::interrupt;
use crate::say::say;
use crate::workspace::Workspace;

/// A way of the media.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub(super) name: &'static str,
    /// On the command line.
    pub(super) word: &'static str,
    words: &'static [&'static str],
}

/// The straight one first: the others are compared with it.
pub(super) const WAYS: [Way; 4] = [
    Way { name: "straight", word: "straight", words: &[] },
    Way { name: "relay, UDP", word: "udp", words: &["--relay-by", "udp"] },
    Way { name: "relay, TCP", word: "tcp", words: &["--relay-by", "tcp"] },
    Way { name: "relay, TLS", word: "tls", words: &["--relay-by", "tls"] },
];

/// The patient's link.
pub(super) const LINK: &str = ORDINARY;

/// What is scored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Figure {
    pub(super) name: &'static str,
    field: &'static str,
    pub(super) digits: usize,
    pub(super) bar: Bar,
}

/// How a relayed call's figure may differ from the straight one's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Bar {
    /// No lower than by this part.
    NotLower(f64),
    /// No later than by so many milliseconds.
    NotLater(f64),
}

impl Bar {
    pub(super) fn is_reached(self, straight: f64, relayed: f64) -> bool {
        match self {
            Self::NotLower(part) => relayed >= straight * (1.0 - part),
            Self::NotLater(millis) => relayed <= straight + millis,
        }
    }
}

/// Five in a hundred; and of the delay what the server itself adds, since the relay is on the straight way in the lab.
const PART: Bar = Bar::NotLower(0.05);
const LATER: Bar = Bar::NotLater(20.0);

pub(super) const FIGURES: [Figure; 7] = [
    Figure { name: "PESQ-WB", field: "pesq", digits: 2, bar: PART },
    Figure { name: "STOI", field: "stoi", digits: 3, bar: PART },
    Figure { name: "SSIM", field: "ssim", digits: 3, bar: PART },
    Figure { name: "pictures a second", field: "fps_shown", digits: 1, bar: PART },
    Figure { name: "target kbps", field: "target_kbps", digits: 0, bar: PART },
    Figure { name: "mouth to ear, ms", field: "mouth_to_ear_ms", digits: 0, bar: LATER },
    Figure { name: "glass to glass, ms", field: "glass_to_glass_ms", digits: 0, bar: LATER },
];

/// Holds the calls and keeps what each scored, the mean of both directions; of the ways named, or of all if there are none.
pub(super) fn measure(
    workspace: &Workspace,
    measured: &mut Measured,
    seeds: u64,
    seconds: u32,
    ways: &[String],
) -> Result<()> {
    let equipment = Equipment::prepare(workspace, "bench-paths-relayed", false)?;
    measured.keep("programs", "relayed", json!(equipment.programs.told()?))?;
    let mut scores: Vec<Vec<Value>> = vec![Vec::new(); WAYS.len()];
    // All ways of one seed before the next seed, so that a busy hour of the machine falls on all alike.
    for seed in 1..=seeds {
        for (way, scores) in WAYS.into_iter().zip(&mut scores) {
            if !ways.is_empty() && !ways.iter().any(|word| word == way.word) {
                continue;
            }
            let folder = equipment.home.join(format!("{}-{seed}", way.name.replace([' ', ','], "-")));
            visit::empty(&folder)?;
            let plan = plan(way, seed, seconds);
            let score = visit::hold(&equipment, &plan, &folder).and_then(|()| equipment.scorer.score(&folder));
            interrupt::check()?;
            let score = match score {
                Ok(score) => mean_of_both(&score),
                Err(error) => {
                    say(format_args!("  {error:#}"));
                    Value::Null
                }
            };
            say(format_args!("▸ {}, seed {seed}: {score}", way.name));
            visit::drop_recordings(&folder)?;
            scores.push(score);
            measured.keep("relayed", way.name, Value::Array(scores.clone()))?;
        }
    }
    Ok(())
}

fn plan(way: Way, seed: u64, seconds: u32) -> Plan {
    Plan {
        profile: LINK.to_owned(),
        seed,
        seconds,
        admit_after: "3s".to_owned(),
        voice_alone: false,
        is_tall: false,
        cut: None,
        half_core: false,
        sends: None,
        more: way.words.iter().map(OsString::from).collect(),
    }
}

fn mean_of_both(score: &Value) -> Value {
    let rows = score["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mean = |field: &str| {
        let steady = rows.iter().filter(|row| row["window"] == STEADY);
        let both: Vec<f64> = steady.filter_map(|row| row[field].as_f64()).collect();
        // Of one direction alone it would be another figure.
        (both.len() == 2).then(|| both.iter().sum::<f64>() / 2.0)
    };
    let means: Map<_, _> =
        FIGURES.map(|figure| (figure.field.to_owned(), json!(mean(figure.field)))).into_iter().collect();
    Value::Object(means)
}

/// The median of a way's calls; none if there was none, or one did not come about.
pub(super) fn median(measured: &Measured, way: &str, figure: Figure) -> Option<f64> {
    let calls = measured.get("relayed", way).as_array()?;
    board::median(calls.iter().map(|call| call[figure.field].as_f64()).collect::<Option<_>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_the_mean_of_both_directions_and_a_way_the_median_of_its_calls() {
        let row = |pesq: f64| json!({ "window": STEADY, "pesq": pesq });
        let score = |one, other| mean_of_both(&json!({ "rows": [row(one), row(other)] }));
        let calls = [score(4.0, 3.0), score(1.0, 2.0), score(4.0, 4.0)];
        let measured = Measured::of(json!({ "relayed": { "straight": calls } }));
        assert_eq!(median(&measured, "straight", FIGURES[0]), Some(3.5));
        assert_eq!(median(&measured, "straight", FIGURES[1]), None, "it was not scored");
        let failed = Measured::of(json!({ "relayed": { "straight": [score(4.0, 3.0), null] } }));
        assert_eq!(median(&failed, "straight", FIGURES[0]), None);
    }

    #[test]
    fn a_relayed_call_may_be_a_little_worse_or_later_and_better_by_any_much() {
        assert!(PART.is_reached(4.0, 3.81) && PART.is_reached(4.0, 4.5) && !PART.is_reached(4.0, 3.79));
        assert!(LATER.is_reached(100.0, 119.0) && LATER.is_reached(100.0, 50.0) && !LATER.is_reached(100.0, 121.0));
    }
}
