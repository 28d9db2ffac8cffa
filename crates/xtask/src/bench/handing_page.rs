//! The page of `bench handing`.

use std::fmt::Write as _;

use serde_json::Value;

use super::handing::Case;

/// What one file got, and what the call noticed of it.
#[derive(Debug)]
pub(super) struct Row {
    /// Of the file's own bytes, from the offer until it was known to be whole.
    pub(super) kbps: f64,
    pub(super) seconds: f64,
    /// Which part of what was sent of it had been sent before.
    pub(super) again: f64,
    /// Both ways of the call.
    pub(super) sides: Vec<Side>,
}

/// One way of the call, as it was scored with the file and without.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) beside: Value,
    pub(super) alone: Value,
}

/// The page.
pub(super) fn page(seeds: u64, programs: &str, rows: &[(Case, u64, Option<Row>)]) -> String {
    let mut page = format!(
        "# What a file costs a call\n\nBy `cargo xtask bench handing --seeds {seeds}`: {programs}, in the link laboratory, the patient on \
         the link named, the clinician\non `good`, 640×360 footage at 30 pictures a second and real voices both ways. The patient hands a \
         file to the clinician as soon as\nthey are connected. Each call is held twice by the same seed, with the file and without, and both are \
         looked at over the\nsame stretch: from the offer, or 5 s after the admission, until the file was known to be whole. A cell is *with the \
         file (without)*.\n\n## The file\n\n| what | seed | kbps | of the link | seconds | sent again % |\n|---|---|---|---|---|---|\n"
    );
    for (case, seed, row) in rows {
        let _ = match row {
            Some(row) => {
                let share = row.kbps / case.link_kbps;
                let verdict = case.bars.share.map(|bar| mark(share >= bar)).unwrap_or_default();
                writeln!(
                    page,
                    "| {} | {seed} | {:.0} | {:.0} %{verdict} | {:.1} | {:.2} |",
                    case.told,
                    row.kbps,
                    share * 100.0,
                    row.seconds,
                    row.again * 100.0
                )
            }
            None => writeln!(page, "| {} | {seed} | did not arrive ✗ | – | – | – |", case.told),
        };
    }
    page += "\n## The call beside it\n\n| what | seed | way | STOI | pictures a second | made up % | mouth to ear ms | p95 |\n\
             |---|---|---|---|---|---|---|---|\n";
    for (case, seed, row) in rows {
        for side in row.iter().flat_map(|row| &row.sides) {
            let bars = case.bars;
            let cells = [
                cell(side, "stoi", 3, 1.0, |with, without| bars.stoi.map(|bar| with >= without - bar)),
                cell(side, "fps_shown", 1, 1.0, |with, _| bars.fps.map(|bar| with >= bar)),
                cell(side, "concealed", 2, 100.0, |with, without| bars.concealed.map(|bar| with <= without + bar)),
                cell(side, "mouth_to_ear_ms", 0, 1.0, |_, _| None),
                cell(side, "mouth_to_ear_p95_ms", 0, 1.0, |with, without| {
                    bars.delay_p95_ms.map(|bar| with <= without + bar)
                }),
            ];
            let way = side.beside["way"].as_str().unwrap_or("–");
            let _ = writeln!(page, "| {} | {seed} | {way} | {} |", case.told, cells.join(" | "));
        }
    }
    page += "\nAsked for: of `good` 40 % or more for the file, STOI within 0.01 and 24 pictures a second or more; on 300 kbps, that it arrives, \
             with 0.5 % more\nof the voice made up at most, and a 95th of a hundred delays that is 30 ms longer at most. Of what goes by the \
             relay nothing is asked: it forwards 8 Mbps\nfor each side at most. How it is done: \
             [docs/handing.md](../handing.md).\n";
    page
}

/// With the file (without), and whether that is as it should be, if anything is asked.
fn cell(side: &Side, field: &str, digits: usize, factor: f64, judge: impl Fn(f64, f64) -> Option<bool>) -> String {
    let [with, without] = [&side.beside, &side.alone].map(|row| row[field].as_f64());
    match with.zip(without) {
        Some((with, without)) => {
            let verdict = judge(with, without).map(mark).unwrap_or_default();
            format!("{:.digits$} ({:.digits$}){verdict}", with * factor, without * factor)
        }
        None => "–".to_owned(),
    }
}

const fn mark(holds: bool) -> &'static str {
    if holds { " ✓" } else { " ✗" }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::bench::handing::CASES;

    fn side(concealed: f64, p95: f64) -> Side {
        let row = |concealed: f64, p95: f64| {
            json!({ "way": "patient to clinician", "stoi": 0.98, "fps_shown": 29.9, "concealed": concealed,
                "mouth_to_ear_ms": 90.0, "mouth_to_ear_p95_ms": p95 })
        };
        Side { beside: row(concealed, p95), alone: row(0.01, 100.0) }
    }

    fn row(kbps: f64, side: Side) -> Option<Row> {
        Some(Row { kbps, seconds: 30.0, again: 0.001, sides: vec![side] })
    }

    #[test]
    fn what_misses_its_bar_is_marked_and_so_is_a_file_that_did_not_arrive() {
        let [good, thin, ..] = CASES;
        let all_well =
            page(1, "", &[(good, 1, row(9_000.0, side(0.5, 500.0))), (thin, 1, row(70.0, side(0.014, 129.0)))]);
        assert!(!all_well.contains('✗'), "{all_well}");
        assert!(all_well.contains("| 9000 | 45 % ✓ |") && all_well.contains("1.40 (1.00) ✓"), "{all_well}");
        for (case, row) in [
            (good, row(7_000.0, side(0.01, 100.0))),
            (thin, row(70.0, side(0.016, 100.0))),
            (thin, row(70.0, side(0.01, 131.0))),
            (thin, None),
        ] {
            let page = page(1, "", &[(case, 1, row)]);
            assert_eq!(page.matches('✗').count(), 1, "{page}");
        }
    }

    #[test]
    fn each_row_of_a_table_has_as_many_cells_as_its_head() {
        let page = page(1, "", &[(CASES[0], 1, row(9_000.0, side(0.0, 90.0))), (CASES[1], 1, None)]);
        for table in page.split("\n\n").filter(|part| part.starts_with('|')) {
            let widths: Vec<_> = table.lines().map(|line| line.matches('|').count()).collect();
            assert!(widths.iter().all(|width| *width == widths[0]), "{table}");
        }
    }
}
