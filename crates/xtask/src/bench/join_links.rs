//! How long joining takes over weak links, by the reports of both ends.

use std::path::Path;

use anyhow::Result;

use super::cases::Case;
use super::visit::{self, Equipment};
use crate::house::EndFiles;
use crate::publish::{commit, publish};
use crate::report::Report;
use crate::say::say;
use crate::workspace::Workspace;

/// Of call: nothing of it is looked at but its beginning.
const SECONDS: u32 = 5;

/// One join, in seconds; none of what never came.
#[derive(Debug, Clone, Copy, Default)]
struct Join {
    /// From the start of the patient's app to the waiting room.
    waiting: Option<f64>,
    /// From the admission to the first sound that both heard.
    heard: Option<f64>,
}

impl Join {
    fn read(folder: &Path) -> Self {
        let report = |name| Report::read(&EndFiles::new(folder, name).report).ok();
        let (Some(clinician), Some(patient)) = (report("clinician"), report("patient")) else { return Self::default() };
        let heard = || {
            let last = clinician.unix_ms("first_audio")?.max(patient.unix_ms("first_audio")?);
            Some((last - clinician.unix_ms("admitted")?) / 1e3)
        };
        Self { waiting: patient.number("/timeline_ms/joined").map(|millis| millis / 1e3), heard: heard() }
    }
}

/// Joins over each of the links so often and writes the page.
pub(super) fn measure(workspace: &Workspace, links: &[String], seeds: u64, out: &Path) -> Result<()> {
    let commit = commit(workspace);
    let equipment = Equipment::prepare(workspace, "bench-join", false)?;
    let mut rows = String::new();
    for link in links {
        let case = Case::named(link, SECONDS);
        let mut joins = Vec::new();
        for seed in 1..=seeds {
            let folder = equipment.home.join(format!("{}-{seed}", link.replace(['/', ',', '='], "_")));
            visit::empty(&folder)?;
            visit::hold(&equipment, &case.plan(seed, "0s", false, None), &folder)?;
            visit::drop_recordings(&folder)?;
            let join = Join::read(&folder);
            say(format_args!("▸ {link}, seed {seed}: {join:?}"));
            joins.push(join);
        }
        rows += &row(link, &joins);
    }
    say(&rows);
    publish(out, &page(links, seeds, &rows), &commit)
}

fn row(link: &str, joins: &[Join]) -> String {
    let cells = |of: fn(&Join) -> Option<f64>| {
        let mut spans: Vec<f64> = joins.iter().map(|join| of(join).unwrap_or(f64::INFINITY)).collect();
        spans.sort_by(f64::total_cmp);
        let cell = |span: Option<&f64>| match span {
            Some(span) if span.is_finite() => format!("{span:.1} s"),
            _ => "never".to_owned(),
        };
        format!("{} | {}", cell(spans.get(spans.len().saturating_sub(1) / 2)), cell(spans.last()))
    };
    format!("| {link} | {} | {} |\n", cells(|join| join.waiting), cells(|join| join.heard))
}

fn page(links: &[String], seeds: u64, rows: &str) -> String {
    let words: String = links.iter().map(|link| format!(" --link {link}")).collect();
    format!(
        "# What joining takes\n\nBy `cargo xtask bench join{words} --seeds {seeds}`: the patient's link is the one named, the clinician's is `good`; \
         who knocks is\nadmitted at once, so that nothing is ready before. Medians and the worst of {seeds} seeds, in which other packets get \
         lost.\n\n| link | start → waiting room | worst | admission → both hear | worst |\n|---|---|---|---|---|\n{rows}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_came_is_the_worst() {
        let join = |waiting, heard| Join { waiting: Some(waiting), heard };
        let joins = [join(3.0, Some(2.0)), join(1.0, None), join(2.04, Some(1.0))];
        assert_eq!(row("thin", &joins), "| thin | 2.0 s | 3.0 s | 2.0 s | never |\n");
        assert_eq!(row("thin", &joins[..2]), "| thin | 1.0 s | 3.0 s | 2.0 s | never |\n");
        assert_eq!(row("thin", &[]), "| thin | never | never | never | never |\n");
    }
}
