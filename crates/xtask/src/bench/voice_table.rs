//! The scores of the voice as Markdown: what came out beside what was to be reached.

use serde_json::Value;

/// A link, the policy's scores and those of each single scheme.
#[derive(Debug, Clone)]
pub(super) struct Row {
    name: String,
    bars: Value,
    policy: Scores,
    singles: Vec<Scores>,
}

/// Means over voices and seeds.
#[derive(Debug, Clone, Default)]
struct Scores {
    scheme: String,
    /// By voice, in their order, of PESQ-WB.
    voices: Vec<f64>,
    pesq: f64,
    stoi: f64,
    mouth_to_ear_ms: f64,
    playout_delay_ms: f64,
    waiting_ms: f64,
    concealed: f64,
    wire_kbps: f64,
    busiest_kbps: f64,
    settled: String,
}

impl Scores {
    fn of(scheme: &str, runs: &[&Value]) -> Self {
        let mean = |field: &str| mean(runs.iter().filter_map(|run| run[field].as_f64()));
        let voice = |number: u64| mean_of(runs.iter().filter(|run| run["number"].as_u64() == Some(number)), "pesq");
        let voices = (0..).map_while(voice).collect();
        Self {
            scheme: scheme.to_owned(),
            voices,
            pesq: mean("pesq"),
            stoi: mean("stoi"),
            mouth_to_ear_ms: mean("mouth_to_ear_ms"),
            playout_delay_ms: mean("playout_delay_ms"),
            waiting_ms: mean("waiting_ms"),
            concealed: mean("concealed"),
            wire_kbps: mean("wire_kbps"),
            busiest_kbps: mean("busiest_kbps"),
            settled: settled(runs),
        }
    }

    fn cells(&self) -> String {
        let voices: Vec<String> = self.voices.iter().map(|pesq| format!("{pesq:.2}")).collect();
        format!(
            "{:.2} | {} | {:.3} | {:.0} | {:.0} | {:.0} | {:.1} | {:.1} | {:.0}",
            self.pesq,
            voices.join(" / "),
            self.stoi,
            self.mouth_to_ear_ms,
            self.playout_delay_ms,
            self.waiting_ms,
            self.concealed * 100.0,
            self.wire_kbps,
            self.busiest_kbps
        )
    }
}

impl Row {
    /// From the scoreboard's answer, its runs scored.
    pub(super) fn of(row: &Value) -> Self {
        let runs: Vec<&Value> = row["runs"].as_array().into_iter().flatten().collect();
        let mut schemes: Vec<&str> = Vec::new();
        for scheme in runs.iter().filter_map(|run| run["scheme"].as_str()) {
            if !schemes.contains(&scheme) {
                schemes.push(scheme);
            }
        }
        let scores = |scheme: &str| {
            let its: Vec<&Value> = runs.iter().filter(|run| run["scheme"] == scheme).copied().collect();
            Scores::of(scheme, &its)
        };
        let mut all = schemes.into_iter().map(scores);
        Self {
            name: row["name"].as_str().unwrap_or("–").to_owned(),
            bars: row["bars"].clone(),
            policy: all.next().unwrap_or_default(),
            singles: all.collect(),
        }
    }

    /// The row in a line, for whoever waits.
    pub(super) fn line(&self) -> String {
        let Scores { pesq, stoi, mouth_to_ear_ms, .. } = self.policy;
        format!("{}: PESQ-WB {pesq:.2}, STOI {stoi:.3}, {mouth_to_ear_ms:.0} ms, {}", self.name, self.verdict())
    }

    fn best_single(&self) -> Option<&Scores> {
        self.singles.iter().max_by(|one, other| one.pesq.total_cmp(&other.pesq))
    }

    /// Each bar, in words.
    fn wanted(&self) -> String {
        let bar = |field: &str| self.bars[field].as_f64();
        let mut wanted = Vec::new();
        wanted.extend(bar("pesq").map(|pesq| format!("PESQ ≥ {pesq}")));
        wanted.extend(bar("stoi").map(|stoi| format!("STOI ≥ {stoi:.2}")));
        wanted.extend((self.bars["best"] == true).then(|| "PESQ ≥ the best single scheme's".to_owned()));
        wanted.extend(bar("concealed").map(|_| "nothing made up".to_owned()));
        wanted.extend(bar("buffer_ms").map(|ms| format!("buffer ≤ {ms:.0} ms")));
        wanted.extend(bar("mouth_to_ear_ms").map(|ms| format!("mouth to ear ≤ {ms:.0} ms")));
        wanted.join(", ")
    }

    /// What was not reached; or that all was.
    fn verdict(&self) -> String {
        let bar = |field: &str, reached: fn(f64, f64) -> bool, value: f64, words: &str| {
            self.bars[field].as_f64().filter(|bar| !reached(value, *bar)).map(|_| words.to_owned())
        };
        let at_least: fn(f64, f64) -> bool = |value, bar| value >= bar;
        let at_most: fn(f64, f64) -> bool = |value, bar| value <= bar;
        let policy = &self.policy;
        let mut missed: Vec<String> = [
            bar("pesq", at_least, policy.pesq, "PESQ"),
            bar("stoi", at_least, policy.stoi, "STOI"),
            bar("concealed", at_most, policy.concealed, "something was made up"),
            bar("buffer_ms", at_most, policy.playout_delay_ms, "buffer"),
            bar("mouth_to_ear_ms", at_most, policy.mouth_to_ear_ms, "mouth to ear"),
            // Redundancy of libopus overshoots by a little: so much is no cheating.
            bar("wire_kbps", at_most, policy.wire_kbps - 0.1, "more on the wire than allowed"),
        ]
        .into_iter()
        .flatten()
        .collect();
        if let Some(best) = self.best_single().filter(|best| self.bars["best"] == true && best.pesq > policy.pesq) {
            let by = best.pesq - policy.pesq;
            missed.push(format!("{} is better by {by:.3}", best.scheme));
        }
        if missed.is_empty() { "reached".to_owned() } else { format!("missed: {}", missed.join(", ")) }
    }
}

/// The page of the whole scoreboard.
pub(super) fn page(rows: &[Row], cost: &Value, seeds: u64, seconds: u32) -> String {
    let mut page = format!("{HEAD}\n\nThis table: {seeds} seeds, {seconds} s of each voice.\n\n");
    page += &format!("| link | bar | policy came to | {COLUMNS} | |\n|---|---|---|{}---|\n", "---|".repeat(9));
    for row in rows {
        page += &format!(
            "| {} | {} | {} | {} | {} |\n",
            row.name,
            row.wanted(),
            row.policy.settled,
            row.policy.cells(),
            row.verdict()
        );
    }
    page += &format!("\n{SINGLES}\n\n| link | scheme | {COLUMNS} |\n|---|---|{}\n", "---|".repeat(9));
    for row in rows {
        for scores in std::iter::once(&row.policy).chain(&row.singles) {
            let scheme = if scores.scheme == "policy" { "**policy**" } else { &scores.scheme };
            page += &format!("| {} | {scheme} | {} |\n", row.name, scores.cells());
        }
    }
    page += &format!("\n{COST}\n\n| coding | encode, % of a core | decode | both |\n|---|---|---|---|\n");
    for cost in cost.as_array().into_iter().flatten() {
        let percent = |field: &str| cost[field].as_f64().unwrap_or(f64::NAN);
        let (encode, decode) = (percent("encode_percent"), percent("decode_percent"));
        let name = cost["name"].as_str().unwrap_or("–");
        page += &format!("| {name} | {encode:.2} | {decode:.2} | {:.2} |\n", encode + decode);
    }
    page
}

/// What most runs ended with.
fn settled(runs: &[&Value]) -> String {
    let all: Vec<&str> = runs.iter().filter_map(|run| run["settled"].as_str()).collect();
    let count = |words: &&str| all.iter().filter(|other| *other == words).count();
    all.iter().copied().max_by_key(count).unwrap_or("–").to_owned()
}

fn mean_of<'a>(runs: impl Iterator<Item = &'a &'a Value>, field: &str) -> Option<f64> {
    let values: Vec<f64> = runs.filter_map(|run| run[field].as_f64()).collect();
    (!values.is_empty()).then(|| mean(values.into_iter()))
}

/// Of none: not a number.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    if count == 0 { f64::NAN } else { sum / f64::from(count) }
}

const COLUMNS: &str =
    "PESQ-WB | by voice | STOI | mouth to ear ms | buffer ms | waiting ms | made up % | wire kbps | busiest s";

const HEAD: &str = "# The voice

Made by `cargo xtask bench voice` (voices beside the clone or by `HOUSECALL_MEDIA`; a Python with pesq and pystoi is set
up under the target folder).

**How.** Two recorded voices, each over each link from each seed, through the product's own encoder, RED, playout and
policy in virtual time; near-end processing off. The link takes 50 ms one way and loses as the row says: random losses
packet by packet, bursts *in time* (bad for 60 ms on average, a tenth of the time, whatever the packets), jitter
exponential and each packet's own. Rates are those of IP packets: payload, RED's headers and 64 bytes around each
packet. The policy is told what a real sender hears: reports each 100 ms, a link's delay late, counted by the same code as
in a call. It hears them for 20 s; then all but what it knows begins anew, for it as for the single schemes, and settles for 12 s of
other words before those that are scored.
PESQ-WB (ITU-T P.862.2) and STOI (Taal et al. 2011) of pieces of 8 s, aligned by cross-correlation; mouth to ear by
cross-correlation of what was said and heard, coding and packets included. *Buffer* is the mean time by which voice was
heard later than the link allowed, *waiting* the voice in the buffer after each 10 ms, of which a whole packet comes at
once. The busiest second shows how even the rate is. Losses fall otherwise on packets of other lengths, and one seed
differs from another by 0.1 and more: differences below 0.05 are luck.";

const SINGLES: &str = "## Beside single schemes

Each fills the same rate. RED carries the packet before, *two back* the one before that; in-band FEC and DRED are
libopus's own; what is lost beyond is made up by its neural concealment (deep PLC) in all of them.";

const COST: &str = "## What it costs

CPU time of one direction, with one packet in ten lost: encoder and RED, and playout with decoder and concealment.";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(scheme: &str, number: u64, pesq: f64) -> Value {
        json!({ "scheme": scheme, "number": number, "pesq": pesq, "stoi": 0.95, "mouth_to_ear_ms": 180.0,
            "playout_delay_ms": 70.0, "waiting_ms": 90.0, "concealed": 0.01, "wire_kbps": 31.0, "busiest_kbps": 34.0,
            "settled": "60 ms, RED" })
    }

    fn row(policy: f64, single: f64, bars: Value) -> Row {
        let runs = [("policy", policy), ("60 ms, RED", single)]
            .iter()
            .flat_map(|(scheme, pesq)| [run(scheme, 0, pesq - 0.1), run(scheme, 1, pesq + 0.1)])
            .collect::<Vec<_>>();
        Row::of(&json!({ "name": "a link", "bars": bars, "runs": runs }))
    }

    #[test]
    fn each_row_of_a_table_has_as_many_cells_as_its_head() {
        let cost = json!([{ "name": "20 ms", "encode_percent": 1.0, "decode_percent": 0.5 }]);
        let page = page(&[row(3.5, 3.4, json!({ "pesq": 3.1, "best": true }))], &cost, 5, 24);
        let tables: Vec<_> = page.split("\n\n").filter(|part| part.starts_with('|')).collect();
        assert_eq!(tables.len(), 3);
        for table in tables {
            let widths: Vec<_> = table.trim().lines().map(|line| line.matches('|').count()).collect();
            assert!(widths.len() > 2 && widths.iter().all(|width| *width == widths[0]), "{widths:?}\n{table}");
        }
        assert!(page.contains("| 3.50 | 3.40 / 3.60 | 0.950 |"), "{page}");
    }

    #[test]
    fn what_was_missed_is_named() {
        assert_eq!(row(3.5, 3.4, json!({ "pesq": 3.1, "best": true })).verdict(), "reached");
        let missed = |bars| row(3.5, 3.6, bars).verdict();
        assert!(missed(json!({ "best": true })).contains("60 ms, RED is better by 0.100"));
        assert!(missed(json!({ "pesq": 3.6 })).contains("PESQ"));
        assert!(missed(json!({ "mouth_to_ear_ms": 150.0 })).contains("mouth to ear"));
        assert!(missed(json!({ "concealed": 0.0 })).contains("made up"));
        assert!(missed(json!({ "buffer_ms": 60.0 })).contains("buffer"));
        assert!(missed(json!({ "wire_kbps": 30.0 })).contains("wire"));
    }
}
