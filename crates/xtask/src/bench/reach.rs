//! What the product is to reach on weak links, against a browser on the same link in the same run, and whether it does.

use super::board::{Board, Who, Worse};
use super::visit::STEADY;

/// One line of the table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) what: &'static str,
    pub(super) bar: String,
    pub(super) browser: String,
    pub(super) ours: String,
    /// None where it was not measured.
    pub(super) is_reached: Option<bool>,
}

/// A figure that ours must not exceed, or not fall short of.
struct Figure {
    ours: Option<f64>,
    bar: Option<f64>,
    /// The bar is the least, not the most.
    at_least: bool,
}

fn most(ours: Option<f64>, bar: Option<f64>) -> Figure {
    Figure { ours, bar, at_least: false }
}

fn least(ours: Option<f64>, bar: Option<f64>) -> Figure {
    Figure { ours, bar, at_least: true }
}

impl Figure {
    /// A figure of ours that is missing is a bar missed; a bar that is missing is not known.
    fn is_reached(&self) -> Option<bool> {
        let bar = self.bar?;
        Some(self.ours.is_some_and(|ours| if self.at_least { ours >= bar } else { ours <= bar }))
    }
}

/// So much less SSIM than the browser's cannot be seen, and is still no less.
const SSIM_TOLERANCE: f64 = 0.005;

/// What the ear may wait beside the path itself, in milliseconds.
const MOUTH_TO_EAR_MS: f64 = 250.0;

/// What reads the board for one case.
struct Reader<'a> {
    board: &'a Board,
    case: &'a str,
    /// One-way delay of the path in milliseconds, if it is known.
    delay_ms: Option<f64>,
}

impl Reader<'_> {
    fn of(&self, who: Who, window: &str, field: &str, worse: Worse) -> Option<f64> {
        self.board.row(self.case, who, window, field, worse)
    }

    fn ours(&self, field: &str, worse: Worse) -> Option<f64> {
        self.of(Who::Ours, STEADY, field, worse)
    }

    fn browsers(&self, field: &str, worse: Worse) -> Option<f64> {
        self.of(Who::Browser, STEADY, field, worse)
    }

    /// A voice that is bought with waiting is none.
    fn ear(&self, window: &str) -> Figure {
        let ours = self.of(Who::Ours, window, "mouth_to_ear_ms", Worse::High);
        most(ours, self.delay_ms.map(|delay| delay + MOUTH_TO_EAR_MS))
    }

    /// SSIM no lower than the browser's: else the picture does not count. Where the browser showed none, any will do.
    fn ssim(&self, window: &str) -> Figure {
        let margin = self.board.margin((self.case, self.case), window, "ssim_median");
        least(margin, margin.map(|_| -SSIM_TOLERANCE))
    }

    fn row(&self, what: &'static str, bar: &str, browser: String, ours: String, figures: &[Figure]) -> Option<Row> {
        let (tries, failed) = self.board.tries(self.case, Who::Ours);
        let reached: Option<Vec<bool>> = figures.iter().map(Figure::is_reached).collect();
        // One that is missed is missed, whatever is not known of the others.
        let is_missed = figures.iter().any(|figure| figure.is_reached() == Some(false));
        let ours = if failed > 0 { format!("{ours}; no call in {failed} of {tries}") } else { ours };
        let is_reached = if is_missed || failed * 2 > tries { Some(false) } else { reached.map(|_| true) };
        (tries > 0).then(|| Row { what, bar: bar.to_owned(), browser, ours, is_reached })
    }
}

/// A figure as a person reads it.
pub(super) fn number(value: Option<f64>, digits: usize, unit: &str) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}{unit}"))
}

fn percent(value: Option<f64>) -> String {
    number(value.map(|part| part * 100.0), 1, " %")
}

fn ms(value: Option<f64>) -> String {
    number(value, 0, " ms")
}

/// All rows whose case was measured; `delays` are the paths' one-way delays in milliseconds, by case.
pub(super) fn rows(board: &Board, delays: &[(String, f64)]) -> Vec<Row> {
    let on = |case| {
        let delay_ms = delays.iter().find(|(name, _)| name == case).map(|(_, delay)| *delay);
        Reader { board, case, delay_ms }
    };
    [
        first_picture(&on("good"), "good: admission to first picture", 0.5),
        first_picture(&on("rural-3g"), "rural-3g: admission to first picture", 0.4),
        edge(&on("edge")),
        thin(&on("30k-lossy")),
        frozen(&on("satellite"), "satellite: frozen time", 0.05),
        step_down(&on("step")),
        step_up(&on("step")),
        lossy(&on("lossy-wifi")),
        glass(&on("rural-3g")),
        frozen(&on("rural-3g"), "rural-3g: frozen time", 0.01),
        queue(&on("bufferbloat")),
        tall(&on("good-720p")),
        same_rate(&on("good-same-rate"), &on("good")),
        processor(&on("good")),
        memory(&on("good")),
        outage(&on("outage-10s"), "outage of 10 s: the call goes on after the link's return"),
        outage(&on("outage-60s"), "outage of 60 s: the call goes on after the link's return"),
        two_calls(&on("two-calls")),
        beside_tcp(&on("beside-tcp")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn first_picture(on: &Reader<'_>, what: &'static str, part: f64) -> Option<Row> {
    let [ours, browsers] = [Who::Ours, Who::Browser].map(|who| on.board.end(on.case, who, "admit_to_picture_ms"));
    let figures = [most(ours, browsers.map(|ms| ms * part))];
    on.row(what, &format!("≤ {part} × Chromium's"), ms(browsers), ms(ours), &figures)
}

fn edge(on: &Reader<'_>) -> Option<Row> {
    let told = |who: Who| {
        let [rtt, wait] = ["rtt_ms", "longest_wait_ms"].map(|field| on.of(who, STEADY, field, Worse::High));
        let [stoi, ssim, width] = ["stoi", "ssim_median", "width"].map(|field| on.of(who, STEADY, field, Worse::Low));
        let text = format!(
            "RTT {}, STOI {}, longest wait for a picture {}, {} wide, SSIM {}",
            ms(rtt),
            number(stoi, 3, ""),
            number(wait.map(|ms| ms / 1e3), 1, " s"),
            number(width, 0, " px"),
            number(ssim, 3, "")
        );
        let figures = [
            most(rtt, Some(700.0)),
            least(stoi, Some(0.9)),
            most(wait, Some(5_000.0)),
            least(width, Some(320.0)),
            least(ssim, Some(0.85)),
            on.ear(STEADY),
        ];
        (text, figures)
    };
    let ((ours, figures), (browsers, _)) = (told(Who::Ours), told(Who::Browser));
    let bar = "RTT ≤ 0.7 s, STOI ≥ 0.9, a new picture every 5 s, ≥ 320 px wide, SSIM ≥ 0.85";
    on.row("edge (64 kbps, 5 % loss): voice and slideshow", bar, browsers, ours, &figures)
}

fn thin(on: &Reader<'_>) -> Option<Row> {
    let [stoi, browsers] = [Who::Ours, Who::Browser].map(|who| on.of(who, STEADY, "stoi", Worse::Low));
    let feedback = on.ours("feedback_part", Worse::High);
    let ours = format!("STOI {}, feedback {}", number(stoi, 3, ""), percent(feedback));
    let figures = [least(stoi, Some(0.85)), most(feedback, feedback.map(|_| 0.05)), on.ear(STEADY)];
    let browsers = format!("STOI {}", number(browsers, 3, ""));
    on.row("30 kbps in all, 20 % loss: joining, and the voice", "STOI ≥ 0.85, feedback ≤ 5 %", browsers, ours, &figures)
}

fn frozen(on: &Reader<'_>, what: &'static str, bar: f64) -> Option<Row> {
    let told = |who: Who| {
        let (part, ssim) =
            (on.of(who, STEADY, "frozen_part", Worse::High), on.of(who, STEADY, "ssim_median", Worse::Low));
        (part, format!("{}, SSIM {}", percent(part), number(ssim, 3, "")))
    };
    let ((ours, our_text), (_, browsers)) = (told(Who::Ours), told(Who::Browser));
    let words = format!("≤ {:.0} %, SSIM no lower than Chromium's", bar * 100.0);
    on.row(what, &words, browsers, our_text, &[most(ours, Some(bar)), on.ssim(STEADY)])
}

fn step_down(on: &Reader<'_>) -> Option<Row> {
    let told = |who: Who| {
        let windows = ["150 kbps", "1 Mbps again"].map(|window| on.of(who, window, "frozen_ms", Worse::High));
        let frozen = windows[0].zip(windows[1]).map(|(low, high)| low + high);
        let ssim = on.of(who, "150 kbps, settled", "ssim_median", Worse::Low);
        (
            frozen,
            format!("{} frozen, SSIM at 150 kbps {}", number(frozen.map(|ms| ms / 1e3), 1, " s"), number(ssim, 3, "")),
        )
    };
    let ((frozen, ours), (_, browsers)) = (told(Who::Ours), told(Who::Browser));
    let figures = [most(frozen, Some(1_000.0)), on.ssim("150 kbps, settled")];
    on.row(
        "step 1 M → 150 k → 1 M: frozen time",
        "≤ 1 s in the 40 s, SSIM no lower than Chromium's",
        browsers,
        ours,
        &figures,
    )
}

fn step_up(on: &Reader<'_>) -> Option<Row> {
    let [ours, browsers] =
        [Who::Ours, Who::Browser].map(|who| on.board.call(on.case, who, "back_after_s", Worse::High));
    let told = |after: Option<f64>| after.map_or_else(|| "not within 20 s".to_owned(), |s| format!("after {s:.0} s"));
    let bar = "80 % of the old rate, and the old size, within 5 s";
    on.row("step back up: rate and size", bar, told(browsers), told(ours), &[most(ours, Some(5.0))])
}

fn lossy(on: &Reader<'_>) -> Option<Row> {
    let told = |who: Who| {
        let concealed = on.of(who, STEADY, "concealed", Worse::High);
        let rate = on.of(who, STEADY, "link_kbps", Worse::Low);
        (concealed, format!("{} concealed, {}", percent(concealed), number(rate, 0, " kbps")))
    };
    let ((concealed, ours), (_, browsers)) = (told(Who::Ours), told(Who::Browser));
    let margin = on.board.margin((on.case, on.case), STEADY, "link_kbps");
    let figures = [most(concealed, Some(0.01)), least(margin, margin.map(|_| 0.0)), on.ear(STEADY)];
    on.row(
        "lossy-wifi: concealed voice, and the rate",
        "≤ 1 %, and no lower a rate than Chromium's",
        browsers,
        ours,
        &figures,
    )
}

fn glass(on: &Reader<'_>) -> Option<Row> {
    let [ours, browsers] = [on.ours("glass_to_glass_ms", Worse::High), on.browsers("glass_to_glass_ms", Worse::High)];
    on.row("rural-3g: glass to glass", "≤ 250 ms", ms(browsers), ms(ours), &[most(ours, Some(250.0))])
}

fn queue(on: &Reader<'_>) -> Option<Row> {
    let told = |who: Who| {
        let (queue, rate) =
            (on.of(who, STEADY, "queue_p95_ms", Worse::High), on.of(who, STEADY, "link_kbps", Worse::Low));
        (queue, rate, format!("{} at {}", ms(queue), number(rate, 0, " kbps")))
    };
    let ((queue, rate, ours), (_, _, browsers)) = (told(Who::Ours), told(Who::Browser));
    let figures = [most(queue, Some(150.0)), least(rate, Some(700.0))];
    on.row("bufferbloat (1 Mbps, 1 s queue): queueing delay p95", "≤ 150 ms at ≥ 700 kbps", browsers, ours, &figures)
}

fn tall(on: &Reader<'_>) -> Option<Row> {
    let [ours, browsers] =
        [Who::Ours, Who::Browser].map(|who| on.board.call(on.case, who, "tall_after_s", Worse::High));
    let told = |after: Option<f64>| after.map_or_else(|| "never".to_owned(), |s| format!("after {s:.0} s"));
    on.row(
        "good, camera of 720 lines: 720 lines reached",
        "≤ 4 s",
        told(browsers),
        told(ours),
        &[most(ours, Some(4.0))],
    )
}

fn same_rate(on: &Reader<'_>, good: &Reader<'_>) -> Option<Row> {
    let (ours, browsers) = (on.ours("ssim", Worse::Low), good.browsers("ssim", Worse::Low));
    let rates = (on.ours("link_kbps", Worse::High), good.browsers("link_kbps", Worse::High));
    let told = |ssim, rate| format!("{} at {}", number(ssim, 3, ""), number(rate, 0, " kbps"));
    let margin = on.board.margin((on.case, good.case), STEADY, "ssim");
    let figures = [least(margin, margin.map(|_| -SSIM_TOLERANCE))];
    on.row(
        "good, at the same rate: SSIM of what was seen",
        "≥ Chromium's − 0.005",
        told(browsers, rates.1),
        told(ours, rates.0),
        &figures,
    )
}

fn processor(on: &Reader<'_>) -> Option<Row> {
    let [ours, browsers] = [Who::Ours, Who::Browser].map(|who| on.board.end(on.case, who, "cpu_s_per_minute"));
    let told = |value| number(value, 1, " s a minute");
    let figures = [most(ours, browsers.map(|seconds| seconds * 0.5))];
    on.row(
        "good: processor time of a client, live seconds only",
        "≤ 0.5 × Chromium's",
        told(browsers),
        told(ours),
        &figures,
    )
}

fn memory(on: &Reader<'_>) -> Option<Row> {
    let [ours, browsers] = [Who::Ours, Who::Browser].map(|who| on.board.end(on.case, who, "peak_rss_mb"));
    let told = |value| number(value, 0, " MB");
    on.row("good: memory of a client", "≤ 80 MB", told(browsers), told(ours), &[most(ours, Some(80.0))])
}

fn outage(on: &Reader<'_>, what: &'static str) -> Option<Row> {
    let live = on.board.call(on.case, Who::Ours, "live_again_s", Worse::High);
    let [ours, browsers] =
        [Who::Ours, Who::Browser].map(|who| on.board.call(on.case, who, "picture_again_s", Worse::High));
    let told =
        |after: Option<f64>, digits| after.map_or_else(|| "never".to_owned(), |s| format!("after {s:.digits$} s"));
    let browsers = match on.board.tries(on.case, Who::Browser) {
        (0, _) => "–".to_owned(),
        _ => format!("a picture {}", told(browsers, 1)),
    };
    let ours = format!("live {}, a picture {}", told(live, 1), told(ours, 1));
    on.row(what, "within 2 s", browsers, ours, &[most(live, Some(2.0))])
}

fn two_calls(on: &Reader<'_>) -> Option<Row> {
    let share = |worse| on.board.call(on.case, Who::Ours, "shares", worse);
    let (low, high) = (share(Worse::Low), share(Worse::High));
    let ours = format!("{} to {}", percent(low), percent(high));
    let figures = [least(low, Some(0.4)), most(high, Some(0.6))];
    on.row("two calls of ours on one link: shares", "40 to 60 % each", "–".to_owned(), ours, &figures)
}

fn beside_tcp(on: &Reader<'_>) -> Option<Row> {
    let share = on.board.call(on.case, Who::Ours, "shares", Worse::Low);
    on.row(
        "beside a TCP download (CUBIC): our share",
        "≥ 20 %",
        "–".to_owned(),
        percent(share),
        &[least(share, Some(0.2))],
    )
}

/// How late the ear was, how late it may be, and whether it was in time, of one case and window: the one-way delay of the
/// path is given, all in milliseconds.
pub(super) fn mouth_to_ear(board: &Board, case: &str, window: &str, delay_ms: f64) -> (Option<f64>, f64, Option<bool>) {
    let figure = Reader { board, case, delay_ms: Some(delay_ms) }.ear(window);
    (figure.ours, delay_ms + MOUTH_TO_EAR_MS, figure.is_reached())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::board::WAYS;
    use super::*;

    fn board(of_ours: serde_json::Value, of_browsers: serde_json::Value) -> Board {
        let mut board = Board::default();
        for (who, row) in [(Who::Ours, of_ours), (Who::Browser, of_browsers)] {
            let rows = WAYS.map(|way| {
                let mut row = row.clone();
                (row["window"], row["way"]) = (STEADY.into(), way.into());
                row
            });
            board.add("satellite", 1, who, json!({ "rows": rows }));
        }
        board
    }

    fn satellite(board: &Board) -> Option<bool> {
        rows(board, &[]).into_iter().find(|row| row.what.starts_with("satellite")).unwrap().is_reached
    }

    #[test]
    fn a_smooth_picture_counts_only_if_it_is_as_good_as_the_browsers() {
        let browsers = json!({ "frozen_part": 0.5, "ssim_median": 0.92 });
        let ours = |ssim: f64| json!({ "frozen_part": 0.01, "ssim_median": ssim });
        assert_eq!(satellite(&board(ours(0.918), browsers.clone())), Some(true));
        assert_eq!(satellite(&board(ours(0.85), browsers)), Some(false));
    }

    #[test]
    fn a_figure_of_ours_that_is_missing_is_a_bar_missed() {
        let browsers = json!({ "frozen_part": 0.5, "ssim_median": 0.92 });
        assert_eq!(satellite(&board(json!({}), browsers)), Some(false));
    }

    #[test]
    fn without_the_browser_nothing_is_said_of_what_is_measured_against_it() {
        let mut board = Board::default();
        let end = json!({ "admit_to_picture_ms": 100.0 });
        board.add("good", 1, Who::Ours, json!({ "call": { "clinician": end, "patient": end } }));
        let rows = rows(&board, &[]);
        assert_eq!(rows.iter().find(|row| row.what.contains("first picture")).unwrap().is_reached, None);
    }

    #[test]
    fn a_voice_that_comes_too_late_is_not_reached() {
        let mut board = Board::default();
        let row = |late: f64| json!({ "window": STEADY, "stoi": 0.95, "mouth_to_ear_ms": late });
        board.add("30k-lossy", 1, Who::Ours, json!({ "rows": [row(300.0), row(361.0)] }));
        let thin = |delay| rows(&board, &[("30k-lossy".to_owned(), delay)]).remove(0).is_reached;
        assert_eq!(thin(110.0), Some(false));
        // The feedback's part is not known: late it is not, but nothing more can be said.
        assert_eq!(thin(112.0), None);
    }

    #[test]
    fn what_was_not_measured_has_no_row() {
        assert!(rows(&Board::default(), &[]).is_empty());
    }
}
