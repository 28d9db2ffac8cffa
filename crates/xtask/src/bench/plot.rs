//! A call over time as a picture: rate, delay and frozen time, ours beside the browser's, one column each way. Written as
//! SVG by hand: some lines and words, which no library makes shorter.

use std::fmt::Write as _;

use serde_json::Value;

use super::board::WAYS;

const WIDTH: f64 = 1000.0;
const COLUMN: f64 = 410.0;
const PANEL: f64 = 130.0;
const LEFT: f64 = 62.0;
const TOP: f64 = 66.0;
/// Between columns and between panels.
const GAP: (f64, f64) = (74.0, 46.0);

const OURS: &str = "#0b62c4";
const BROWSERS: &str = "#d9730d";
const QUIET: &str = "#667";

/// One panel: its head, and the field of the series.
#[derive(Clone, Copy)]
struct Panel {
    head: &'static str,
    field: &'static str,
    /// Where the scale ends at least.
    least_top: f64,
    /// Seconds without a figure count as this; None leaves a gap in the line.
    missing: Option<f64>,
    /// Drawn as blocks of a second, not as a line.
    is_blocks: bool,
}

const PANELS: [Panel; 4] = [
    Panel { head: "received, kbps", field: "received_kbps", least_top: 50.0, missing: None, is_blocks: false },
    Panel { head: "glass to glass, ms", field: "glass_to_glass_ms", least_top: 100.0, missing: None, is_blocks: false },
    Panel {
        head: "waiting in the link's queue, at most, ms",
        field: "queue_ms",
        least_top: 50.0,
        missing: None,
        is_blocks: false,
    },
    Panel {
        head: "without a moving picture, part of each second",
        field: "frozen",
        least_top: 1.0,
        missing: None,
        is_blocks: true,
    },
];

/// The picture of a case; either call may be missing.
pub(super) fn svg(title: &str, ours: Option<&Value>, browsers: Option<&Value>) -> String {
    let height = TOP + PANELS.len() as f64 * (PANEL + GAP.1) + 6.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    text(&mut out, (LEFT, 24.0), "start", "#111", 17, title);
    let mut legend = WIDTH - 20.0;
    for (name, colour, call) in [("Chromium", BROWSERS, browsers), ("ours", OURS, ours)] {
        if call.is_some() {
            text(&mut out, (legend, 24.0), "end", colour, 14, &format!("━ {name}"));
            legend -= 100.0;
        }
    }
    let calls = [(ours, OURS), (browsers, BROWSERS)];
    let seconds =
        calls.iter().flat_map(|(call, _)| WAYS.map(|way| entries(*call, way).len())).max().unwrap_or(0).max(10);
    // One scale for both ways, so that they can be compared.
    let tops = PANELS.map(|panel| {
        let all = WAYS.iter().flat_map(|way| calls.iter().flat_map(|(call, _)| values(*call, way, &panel)));
        scale_top(all.flatten().fold(panel.least_top, f64::max))
    });
    for (column, way) in WAYS.iter().enumerate() {
        let x = LEFT + column as f64 * (COLUMN + GAP.0);
        text(&mut out, (x, 46.0), "start", QUIET, 14, way);
        for (row, panel) in PANELS.iter().enumerate() {
            let y = TOP + row as f64 * (PANEL + GAP.1);
            let lines = calls.map(|(call, colour)| (values(call, way, panel), colour));
            draw(&mut out, (x, y), (panel, tops[row]), &lines, seconds);
        }
    }
    out + "</svg>\n"
}

fn entries<'a>(call: Option<&'a Value>, way: &str) -> &'a [Value] {
    call.and_then(|call| call["series"][way].as_array()).map(Vec::as_slice).unwrap_or_default()
}

fn values(call: Option<&Value>, way: &str, panel: &Panel) -> Vec<Option<f64>> {
    entries(call, way).iter().map(|entry| entry[panel.field].as_f64().or(panel.missing)).collect()
}

fn draw(
    out: &mut String,
    (x, y): (f64, f64),
    (panel, highest): (&Panel, f64),
    lines: &[(Vec<Option<f64>>, &str)],
    seconds: usize,
) {
    text(out, (x, y + 8.0), "start", "#222", 13, panel.head);
    let (top, bottom) = (y + 18.0, y + 18.0 + PANEL - 8.0);
    let at = |second: f64, value: f64| {
        (x + second / seconds as f64 * COLUMN, bottom - (value / highest).min(1.0) * (bottom - top))
    };
    for part in [0.0, 0.5, 1.0] {
        let (_, level) = at(0.0, highest * part);
        let _ = writeln!(out, "<path d=\"M{x:.1} {level:.1}h{COLUMN}\" stroke=\"#ddd\"/>");
        text(out, (x - 6.0, level + 4.0), "end", QUIET, 11, &short(highest * part));
    }
    let every = if seconds > 70 { 20 } else { 10 };
    for second in (0..=seconds).step_by(every) {
        let (tick, _) = at(second as f64, 0.0);
        text(out, (tick, bottom + 14.0), "middle", QUIET, 11, &format!("{second} s"));
    }
    for (index, (values, colour)) in lines.iter().enumerate() {
        if panel.is_blocks {
            blocks(out, values, colour, index, &at);
        } else {
            let _ = writeln!(
                out,
                "<path d=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\"/>",
                line(values, &at)
            );
        }
    }
}

/// A line through the middles of the seconds; where there is no figure, there is no line, and a lonely one is a dot.
fn line(values: &[Option<f64>], at: &impl Fn(f64, f64) -> (f64, f64)) -> String {
    let mut path = String::new();
    let mut is_drawing = false;
    for (second, value) in values.iter().enumerate() {
        let Some(value) = value else {
            is_drawing = false;
            continue;
        };
        let (x, y) = at(second as f64 + 0.5, *value);
        let _ = if is_drawing { write!(path, "L{x:.1} {y:.1}") } else { write!(path, "M{x:.1} {y:.1}h1") };
        is_drawing = true;
    }
    path
}

/// Blocks, ours in the left half of each second and the browser's in the right, so that neither hides the other.
fn blocks(out: &mut String, values: &[Option<f64>], colour: &str, index: usize, at: &impl Fn(f64, f64) -> (f64, f64)) {
    let mut path = String::new();
    for (second, value) in values.iter().enumerate().filter_map(|(second, value)| Some((second, (*value)?))) {
        let from = second as f64 + 0.5 * index as f64;
        let ((left, foot), (right, head)) = (at(from, 0.0), at(from + 0.5, value));
        if value > 0.0 {
            let _ = write!(path, "M{left:.1} {foot:.1}V{head:.1}H{right:.1}V{foot:.1}Z");
        }
    }
    let _ = writeln!(out, "<path d=\"{path}\" fill=\"{colour}\"/>");
}

/// The next of 1, 2, 5, 10, 20, 50, …
fn scale_top(highest: f64) -> f64 {
    let power = 10_f64.powf(highest.log10().floor());
    [1.0, 2.0, 5.0, 10.0].map(|step| step * power).into_iter().find(|top| *top >= highest * 0.999).unwrap_or(highest)
}

fn short(value: f64) -> String {
    if value >= 1000.0 { format!("{} k", value / 1000.0) } else { format!("{value}") }
}

fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, colour: &str, size: u32, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\" font-size=\"{size}\">{words}</text>"
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(rates: &[Option<f64>]) -> Value {
        let entries: Vec<_> = rates.iter().map(|rate| json!({ "received_kbps": rate, "frozen": 0.5 })).collect();
        json!({ "series": { "clinician to patient": entries } })
    }

    #[test]
    fn both_calls_are_drawn_and_named() {
        let (ours, browsers) = (call(&[Some(10.0); 20]), call(&[Some(80.0); 12]));
        let both = svg("good <1>", Some(&ours), Some(&browsers));
        assert!(both.contains("━ ours") && both.contains("━ Chromium") && both.contains("good &lt;1>"));
        assert!(!svg("good", Some(&ours), None).contains("Chromium"));
    }

    #[test]
    fn a_line_has_a_gap_where_there_is_no_figure() {
        let path = line(&[Some(1.0), Some(2.0), None, Some(3.0)], &|x, y| (x, y));
        assert_eq!(path, "M0.5 1.0h1L1.5 2.0M3.5 3.0h1");
    }

    #[test]
    fn a_scale_ends_at_a_round_number_above_all() {
        assert_eq!([49.0, 50.0, 51.0, 730.0].map(scale_top), [50.0, 50.0, 100.0, 1000.0]);
    }
}
