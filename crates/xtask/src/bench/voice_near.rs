//! The echo's and the devices' scores as Markdown.

use serde_json::Value;

use super::voice_table::mean;

/// Made-up rooms and what was left of the echo in them; `rows` with the score of each pair.
pub(super) fn echo(part: &Value) -> String {
    let windows: Vec<String> =
        list(&part["windows_s"]).map(|window| format!("{}–{} s", window[0], window[1])).collect();
    let mut page =
        format!("\n{ECHO}\n\n| room | far voice | ERLE dB {} | STOI in double talk | |\n", windows.join(" | "));
    page += &format!("|---|---|{}---|---|\n", "---|".repeat(windows.len()));
    for row in list(&part["rows"]) {
        let stoi = mean(list(&row["pairs"]).filter_map(|pair| pair["stoi"].as_f64()));
        for (index, pair) in list(&row["pairs"]).enumerate() {
            let erle: Vec<String> = list(&pair["erle_db"]).map(|db| format!("{:.1}", number(db))).collect();
            let verdict = if index == 0 { verdict(row, stoi) } else { String::new() };
            page += &format!(
                "| {} | {} | {} | {:.3} | {verdict} |\n",
                row["room"].as_str().unwrap_or("–"),
                pair["pair"].as_str().unwrap_or("–").trim_end_matches("-far"),
                erle.join(" | "),
                number(&pair["stoi"]),
            );
        }
    }
    let cost =
        mean(list(&part["rows"]).flat_map(|row| list(&row["pairs"])).map(|pair| number(&pair["cpu_us_per_10_ms"])));
    page + &format!("\nCost: {cost:.0} µs for 10 ms, {:.1} % of a core.\n", cost / 100.0)
}

/// What was missed of the bars that a room has; the one far from the microphone has none.
fn verdict(row: &Value, stoi: f64) -> String {
    if row["room"].as_str().is_some_and(|room| room.contains("far from")) {
        return "no bar".to_owned();
    }
    let settled = list(&row["pairs"]).flat_map(|pair| list(&pair["erle_db"]).skip(SETTLING_WINDOWS));
    let least = settled.map(number).fold(f64::INFINITY, f64::min);
    let mut missed = Vec::new();
    missed.extend((least < LEAST_ERLE_DB).then_some("ERLE"));
    let counts = row["delay_ms"] == 80 && row["drift_ppm"].as_f64() == Some(0.0);
    missed.extend((counts && stoi < LEAST_STOI).then_some("STOI"));
    let both = format!("mean STOI {stoi:.3}");
    if missed.is_empty() { format!("reached; {both}") } else { format!("missed: {}; {both}", missed.join(", ")) }
}

/// From mouth to ear through real device code.
pub(super) fn devices(part: &Value) -> String {
    let (delay, cpu) = (&part["mouth_to_ear_ms"], &part["cpu_percent_of_a_core"]);
    let mut page = format!("\n{DEVICES}\n\n| what | bar | came out | |\n|---|---|---|---|\n");
    let mut row = |what: &str, bar: f64, value: f64, unit: &str| {
        let verdict = if value <= bar { "reached" } else { "missed" };
        page += &format!("| {what} | ≤ {bar} {unit} | {value:.1} {unit} | {verdict} |\n");
    };
    row("mouth to ear, median", number(&delay["bar_median"]), number(&delay["median"]), "ms");
    row("mouth to ear, 95 of 100", number(&delay["bar_p95"]), number(&delay["p95"]), "ms");
    row("CPU of one direction, all of it", MOST_CPU_PERCENT, number(&cpu["all"]), "% of a core");
    let parts = |value: &Value| {
        let fields = value.as_object().into_iter().flatten().filter(|(name, _)| *name != "all");
        let words: Vec<String> =
            fields.map(|(name, value)| format!("{} {:.1}", name.replace('_', " "), number(value))).collect();
        words.join(", ")
    };
    page + &format!(
        "\nOf the delay: {} ({} windows; the ruler itself is wrong by {:.2} ms). Of the CPU: {}. Made up: {:.2} %.\n",
        parts(&part["of_which"]),
        delay["windows"],
        number(&part["ruler_error_ms"]["p95"]),
        parts(cpu),
        number(&part["concealed_share"]) * 100.0,
    )
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// The windows of the first five seconds.
const SETTLING_WINDOWS: usize = 2;
const LEAST_ERLE_DB: f64 = 40.0;
const LEAST_STOI: f64 = 0.77;
const MOST_CPU_PERCENT: f64 = 4.0;

const ECHO: &str = "## Echo

A made-up room: a loudspeaker that distorts, 250 to 9,000 Hz, RT60 350 ms, its echo 5 dB below the voice at the microphone,
noise at −55 dBFS, and a delay and a drift between the two clocks as the row says. The far voice speaks for 40 s, the near one
joins at 22 s. What is scored is what the product sends, noise suppression and gain control included. Bars: 40 dB after 5 s in
each window; STOI against the near voice alone of 0.77 at 80 ms, mean of both pairs of voices.";

const DEVICES: &str = "## Through real device code

Two virtual sound cards on a PulseAudio server, between them microphone, near end, encoder, playout and loudspeaker of the
product over the link `good` on both sides (20 ms one way). Sockets and encryption are not on the way (below 1 ms), and a null
sink has no buffer of its own as a real card has.";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn room(erle: [f64; 4], stoi: f64) -> Value {
        let pair = |name| json!({ "pair": name, "erle_db": erle, "cpu_us_per_10_ms": 200.0, "stoi": stoi });
        json!({ "room": "80 ms", "delay_ms": 80, "drift_ppm": 0.0, "pairs": [pair("clinician-far"), pair("patient-far")] })
    }

    #[test]
    fn an_echo_that_is_left_is_named_and_the_first_seconds_are_forgiven() {
        let page = |row: Value| echo(&json!({ "windows_s": [[0, 2], [2, 5], [5, 12], [12, 21]], "rows": [row] }));
        assert!(page(room([10.0, 30.0, 41.0, 42.0], 0.8)).contains("reached"));
        assert!(page(room([10.0, 30.0, 41.0, 39.0], 0.8)).contains("missed: ERLE;"));
        assert!(page(room([10.0, 30.0, 41.0, 42.0], 0.7)).contains("missed: STOI;"));
        let table = page(room([10.0, 30.0, 41.0, 42.0], 0.8));
        let widths: Vec<_> =
            table.lines().filter(|line| line.starts_with('|')).map(|line| line.matches('|').count()).collect();
        assert_eq!(widths, [9; 4], "{table}");
    }

    #[test]
    fn a_delay_beyond_the_bar_is_a_miss() {
        let part = |median: f64| {
            json!({ "mouth_to_ear_ms": { "median": median, "p95": 140.0, "windows": 50, "bar_median": 120, "bar_p95": 150 },
                "cpu_percent_of_a_core": { "all": 3.0, "devices": 1.0 } })
        };
        assert!(!devices(&part(110.0)).contains("missed"));
        assert!(devices(&part(121.0)).contains("| mouth to ear, median | ≤ 120 ms | 121.0 ms | missed |"));
    }
}
