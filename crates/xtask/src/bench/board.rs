//! What was measured, and medians of it.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

/// Both ways of a call.
pub(super) const WAYS: [&str; 2] = ["clinician to patient", "patient to clinician"];

/// Whose call it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Ours,
    Browser,
}

impl Who {
    /// As it stands in files and tables.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Browser => "Chromium",
        }
    }
}

/// Which of the two ways, or ends, of a call speaks for it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Worse {
    High,
    Low,
}

impl Worse {
    fn of(self, values: impl Iterator<Item = f64>) -> Option<f64> {
        values.reduce(match self {
            Self::High => f64::max,
            Self::Low => f64::min,
        })
    }
}

/// All calls of a run.
#[derive(Debug, Default)]
pub(super) struct Board(Vec<Value>);

impl Board {
    /// What an earlier run left.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).with_context(|| format!("nothing was measured yet: no {}", path.display()))?;
        Ok(Self(serde_json::from_slice(&text)?))
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        Ok(fs::write(path, serde_json::to_vec(&self.0)?)?)
    }

    /// Adds a call; `score` is null for one that did not come about.
    pub(super) fn add(&mut self, case: &str, seed: u64, who: Who, score: Value) {
        self.0.push(json!({ "case": case, "seed": seed, "who": who.word(), "score": score }));
    }

    /// The scores of all calls of this kind, in the order of their seeds.
    pub(super) fn scores<'a>(&'a self, case: &'a str, who: Who) -> impl Iterator<Item = &'a Value> {
        let is_it = move |entry: &&Value| entry["case"] == case && entry["who"] == who.word();
        self.0.iter().filter(is_it).map(|entry| &entry["score"])
    }

    /// The score of one call.
    pub(super) fn score(&self, case: &str, seed: u64, who: Who) -> Option<&Value> {
        let is_it = |entry: &&Value| entry["case"] == case && entry["seed"] == seed && entry["who"] == who.word();
        self.0.iter().rfind(is_it).map(|entry| &entry["score"])
    }

    /// Which were measured, in order.
    pub(super) fn cases(&self) -> Vec<&str> {
        let mut cases: Vec<&str> = Vec::new();
        for name in self.0.iter().filter_map(|entry| entry["case"].as_str()) {
            if !cases.contains(&name) {
                cases.push(name);
            }
        }
        cases
    }

    /// How often a call was tried, and how often none came about.
    pub(super) fn tries(&self, case: &str, who: Who) -> (usize, usize) {
        (self.scores(case, who).count(), self.scores(case, who).filter(|score| score.is_null()).count())
    }

    /// The median over the seeds of the worse way's figure. A call that did not come about has none, and no median is
    /// left where half of the calls have none.
    pub(super) fn row(&self, case: &str, who: Who, window: &str, field: &str, worse: Worse) -> Option<f64> {
        self.median(case, who, |score| {
            let rows = score["rows"].as_array()?.iter().filter(|row| row["window"] == window);
            let values: Vec<_> = rows.map(|row| row[field].as_f64()).collect();
            // A way without a figure is worse than any.
            worse.of(values.into_iter().collect::<Option<Vec<_>>>()?.into_iter())
        })
    }

    /// By how much ours is above the browser's, way by way, the less of the two. None where no browser was measured; where
    /// it has no figure, any of ours will do, and where ours has none, it is below all.
    pub(super) fn margin(&self, (ours, browsers): (&str, &str), window: &str, field: &str) -> Option<f64> {
        let way = |case, who, way| {
            self.median(case, who, |score| {
                let mut rows = score["rows"].as_array()?.iter();
                rows.find(|row| row["window"] == window && row["way"] == way)?[field].as_f64()
            })
        };
        self.scores(browsers, Who::Browser).next()?;
        let margins = WAYS.iter().filter_map(|name| {
            let bar = way(browsers, Who::Browser, *name)?;
            Some(way(ours, Who::Ours, *name).map_or(f64::NEG_INFINITY, |ours| ours - bar))
        });
        Some(margins.fold(f64::INFINITY, f64::min))
    }

    /// The median over the seeds of the worse of what concerns a call as a whole: `of` is an object with a figure for each end or way.
    pub(super) fn call(&self, case: &str, who: Who, of: &str, worse: Worse) -> Option<f64> {
        self.median(case, who, |score| {
            let each = score.pointer(&format!("/call/{of}"))?.as_object()?.values();
            worse.of(each.map(Value::as_f64).collect::<Option<Vec<_>>>()?.into_iter())
        })
    }

    /// The same of a figure that each end has.
    pub(super) fn end(&self, case: &str, who: Who, field: &str) -> Option<f64> {
        self.median(case, who, |score| {
            let of = |end: &str| score["call"][end][field].as_f64();
            Worse::High.of([of("clinician")?, of("patient")?].into_iter())
        })
    }

    /// The median over the seeds; none where half of the calls have no figure.
    pub(super) fn median(&self, case: &str, who: Who, of: impl Fn(&Value) -> Option<f64>) -> Option<f64> {
        let figures: Vec<_> = self.scores(case, who).map(of).collect();
        let there: Vec<f64> = figures.iter().copied().flatten().collect();
        (there.len() * 2 > figures.len()).then(|| median(there)).flatten()
    }

    /// One score in the place of all seeds', each number the median.
    pub(super) fn merged(&self, case: &str, who: Who) -> Option<Value> {
        let scores: Vec<_> = self.scores(case, who).filter(|score| !score.is_null()).collect();
        let parts = ["rows", "call"]
            .map(|part| (part.to_owned(), merge(&scores.iter().map(|score| &score[part]).collect::<Vec<_>>())));
        let mut merged: Map<String, Value> = parts.into_iter().collect();
        merged.insert("profile".to_owned(), format!("{case}, {}", who.word()).into());
        (!scores.is_empty()).then_some(Value::Object(merged))
    }
}

/// Values of one shape made one: of numbers the median, of words the first.
fn merge(values: &[&Value]) -> Value {
    match values.iter().find(|value| !value.is_null()) {
        Some(Value::Object(fields)) => {
            let merged =
                fields.keys().map(|key| (key.clone(), merge(&values.iter().map(|v| &v[key]).collect::<Vec<_>>())));
            Value::Object(merged.collect())
        }
        Some(Value::Array(items)) => {
            let at = |index: usize| values.iter().map(|value| &value[index]).collect::<Vec<_>>();
            (0..items.len()).map(|index| merge(&at(index))).collect()
        }
        Some(Value::Number(_)) => median(values.iter().filter_map(|value| value.as_f64()).collect()).into(),
        Some(other) => (*other).clone(),
        None => Value::Null,
    }
}

/// Of an even number, the middle between the two in the middle.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let (upper, lower) = (values.len() / 2, values.len().checked_sub(1)? / 2);
    Some(values[upper].midpoint(values[lower]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(stois: &[[Option<f64>; 2]]) -> Board {
        let mut board = Board::default();
        for (seed, stois) in stois.iter().enumerate() {
            let rows = stois.map(|stoi| json!({ "window": "steady", "stoi": stoi }));
            board.add("edge", seed as u64, Who::Ours, json!({ "rows": rows }));
        }
        board
    }

    #[test]
    fn the_worse_way_speaks_for_a_call_and_the_median_for_the_seeds() {
        let board = board(&[[Some(0.9), Some(0.8)], [Some(0.7), Some(0.99)], [Some(0.95), Some(0.94)]]);
        let stoi = board.row("edge", Who::Ours, "steady", "stoi", Worse::Low);
        assert_eq!(stoi, Some(0.8));
        assert_eq!(board.row("edge", Who::Browser, "steady", "stoi", Worse::Low), None);
    }

    #[test]
    fn a_way_without_a_figure_is_no_success_and_most_calls_must_have_one() {
        let board = board(&[[Some(0.9), None], [None, None], [Some(0.9), Some(0.9)]]);
        assert_eq!(board.row("edge", Who::Ours, "steady", "stoi", Worse::Low), None);
    }

    #[test]
    fn ours_is_compared_with_the_browsers_way_by_way() {
        let mut board = Board::default();
        let add = |board: &mut Board, case: &str, who, figures: [Option<f64>; 2]| {
            let rows: Vec<_> = std::iter::zip(WAYS, figures)
                .map(|(way, rate)| json!({ "window": "steady", "way": way, "rate": rate }))
                .collect();
            board.add(case, 1, who, json!({ "rows": rows }));
        };
        add(&mut board, "wifi", Who::Ours, [Some(900.0), Some(700.0)]);
        assert_eq!(board.margin(("wifi", "wifi"), "steady", "rate"), None);
        add(&mut board, "wifi", Who::Browser, [Some(1000.0), Some(200.0)]);
        assert_eq!(board.margin(("wifi", "wifi"), "steady", "rate"), Some(-100.0));
        add(&mut board, "edge", Who::Browser, [None, Some(5.0)]);
        assert_eq!(board.margin(("wifi", "edge"), "steady", "rate"), Some(695.0));
        assert_eq!(board.margin(("nothing", "edge"), "steady", "rate"), Some(f64::NEG_INFINITY));
    }

    #[test]
    fn scores_of_one_shape_become_one() {
        let merged = merge(&[
            &json!({"a": [{"b": 1.0, "c": "x"}]}),
            &json!({"a": [{"b": 3.0, "c": "x"}]}),
            &json!({"a": [{"b": null}]}),
        ]);
        assert_eq!(merged, json!({"a": [{"b": 2.0, "c": "x"}]}));
    }
}
