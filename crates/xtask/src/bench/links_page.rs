//! The scoreboard as a page: what is reached, the figures side by side, and the plots.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::board::{Board, Who};
use super::cases::Case;
use super::reach::{self, Row, number};
use super::visit::{STEADY, windows};
use super::{plot, table};

/// What the page says of how it was made.
#[derive(Debug)]
pub(super) struct Made {
    /// The words after `cargo xtask bench links`.
    pub(super) by: String,
    pub(super) seeds: u64,
    pub(super) half_core: bool,
    /// Chromium as it calls itself; None where there was none.
    pub(super) browser: Option<String>,
    /// One-way delay of each case's whole path, in milliseconds.
    pub(super) delays: Vec<(String, f64)>,
    pub(super) seconds: u32,
}

/// The page, and writes the plots into a folder of its name beside it.
pub(super) fn write(out: &Path, board: &Board, made: &Made) -> Result<String> {
    let beside = out.with_extension("");
    fs::create_dir_all(&beside)?;
    let folder = beside.file_name().context("the page needs a name")?.to_string_lossy().into_owned();
    let mut plots = String::new();
    for case in board.cases() {
        let first = |who| board.scores(case, who).find(|score| score["series"].is_object());
        let (ours, browsers) = (first(Who::Ours), first(Who::Browser));
        if ours.or(browsers).is_some() {
            let file = format!("{}.svg", case.replace(['/', ',', '=', ' '], "_"));
            fs::write(beside.join(&file), plot::svg(case, ours, browsers))?;
            plots += &format!(
                "\n### {case}\n\n![{case}: rates, delays and frozen time over the seconds of the call]({folder}/{file})\n"
            );
        }
    }
    let rows = reach::rows(board, &made.delays);
    Ok(format!(
        "# Weak links: ours beside Chromium's\n\n{}\n\n## Reach\n\n{}\n\n{}\n\n## Mouth to ear\n\n{}\n\n## Figures\n\n{}\n\n## Over time\n\nThe first seed of each.\n{plots}",
        head(made),
        summary(&rows),
        reach_table(&rows),
        ear_table(board, made),
        table::markdown(&merged(board)),
    ))
}

fn merged(board: &Board) -> Vec<serde_json::Value> {
    let both = |case| [Who::Ours, Who::Browser].into_iter().filter_map(move |who| board.merged(case, who));
    board.cases().into_iter().flat_map(both).collect()
}

fn head(made: &Made) -> String {
    let held = if made.half_core { " Each client is held to half a core, as on an old laptop." } else { "" };
    let browser = made.browser.as_ref().map_or_else(
        || "No Chromium was there to measure against.".to_owned(),
        |name| format!("Against {name}, H.264, the processing of voices off as it is with ours, with its own camera picture and the other's drawn by software."),
    );
    format!(
        "Made by `cargo xtask bench links{}` in one run on one machine.{held} The two programs as they are shipped, and \
         two browsers in their place, one after the other on the same link with the same seed, footage and voices: the \
         patient on the link named, the clinician on `good`, both behind port-restricted NATs. Medians of {} seed{}; of \
         the two ways, or ends, the worse one is shown, and where Chromium is the bar each way is compared with its own. {browser}\n\n\
         Time counts from the click: ours is the admission, five seconds after the knock; theirs is the offer of a page \
         that already has its camera. A second with fewer than {} pictures counts as frozen, voice alone as well; so does \
         what webrtc-stats counts in the others. A picture counts only if its SSIM, against the very frame that was sent, \
         is no lower than Chromium's (0.005 less cannot be seen). PESQ-WB, in pieces of 8 s, and STOI, in pieces of 2 s, are of what was heard. \
         Windows: `steady` is from 10 s to {} s; the step has 1 Mbps for 20 s, 150 kbps for 20 s, then 1 Mbps again. \
         Memory is that of all processes of a client; the processor's time is of live seconds only and is that of a client \
         without a window: what a window costs stands in [window.md](window.md). A machine that is busy with other things \
         makes every link look worse: compare within one page.",
        made.by,
        made.seeds,
        if made.seeds == 1 { "" } else { "s" },
        15,
        made.seconds,
    )
}

fn summary(rows: &[Row]) -> String {
    let count = |is: Option<bool>| rows.iter().filter(|row| row.is_reached == is).count();
    let mut words = format!("{} of {} bars are reached, {} are not", count(Some(true)), rows.len(), count(Some(false)));
    if count(None) > 0 {
        words += &format!(", and {} could not be judged", count(None));
    }
    words + "."
}

fn verdict(is_reached: Option<bool>) -> &'static str {
    match is_reached {
        Some(true) => "reached",
        Some(false) => "**not reached**",
        None => "not judged",
    }
}

fn reach_table(rows: &[Row]) -> String {
    let lines = rows.iter().map(|row| {
        format!("| {} | {} | {} | {} | {} |", row.what, row.browser, row.bar, row.ours, verdict(row.is_reached))
    });
    let head = "| | Chromium | bar | ours | |\n|---|---|---|---|---|".to_owned();
    [head].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
}

/// Each voice: in time, or not.
fn ear_table(board: &Board, made: &Made) -> String {
    let mut text = "Whatever is done for the voice, it must not be bought with waiting: at most the path's one-way delay and 250 ms.\n\n\
        | | window | STOI | concealed | mouth to ear | bar | |\n|---|---|---|---|---|---|---|"
        .to_owned();
    for (name, delay) in made.delays.iter().filter(|(name, _)| board.tries(name, Who::Ours).0 > 0) {
        let plan = Case::named(name, made.seconds).plan(1, "5s", false, None);
        for window in windows(&plan).as_array().into_iter().flatten().filter_map(|window| window["name"].as_str()) {
            let (ours, bar, reached) = reach::mouth_to_ear(board, name, window, *delay);
            let of = |field, worse| board.row(name, Who::Ours, window, field, worse);
            let stoi = of("stoi", super::board::Worse::Low);
            let concealed = of("concealed", super::board::Worse::High).map(|part| part * 100.0);
            let window = if window == STEADY { "" } else { window };
            text += &format!(
                "\n| {name} | {window} | {} | {} | {} | {bar:.0} ms | {} |",
                number(stoi, 3, ""),
                number(concealed, 2, " %"),
                number(ours, 0, " ms"),
                verdict(reached)
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_says_plainly_what_is_not_reached_and_shows_a_plot_of_each_case() {
        let folder = tempfile::tempdir().unwrap();
        let mut board = Board::default();
        let row = json!({ "window": "steady", "way": "x", "glass_to_glass_ms": 400.0, "mouth_to_ear_ms": 500.0 });
        board.add("rural-3g", 1, Who::Ours, json!({ "rows": [row.clone(), row], "call": {}, "series": {} }));
        let made = Made {
            by: String::new(),
            seeds: 1,
            half_core: false,
            browser: None,
            delays: vec![("rural-3g".into(), 85.0)],
            seconds: 45,
        };
        let out = folder.path().join("links.md");
        let page = write(&out, &board, &made).unwrap();
        let line = |start: &str| page.lines().find(|line| line.starts_with(start)).unwrap().to_owned();
        assert!(line("| rural-3g: glass to glass").ends_with("| ≤ 250 ms | 400 ms | **not reached** |"), "{page}");
        assert!(line("| rural-3g |  |").contains("500 ms | 335 ms | **not reached**"), "{page}");
        assert!(page.contains("(links/rural-3g.svg)") && folder.path().join("links/rural-3g.svg").is_file());
    }
}
