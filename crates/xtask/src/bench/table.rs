//! The scores as Markdown.

use serde_json::Value;

/// A column: its head, the field, digits after the point, and what to multiply by.
struct Column(&'static str, &'static str, usize, f64);

const WAYS: [Column; 18] = [
    Column("fps", "fps_shown", 1, 1.0),
    Column("height", "height", 0, 1.0),
    Column("SSIM", "ssim", 3, 1.0),
    Column("SSIM p5", "ssim_p5", 3, 1.0),
    Column("frozen ms", "frozen_ms", 0, 1.0),
    Column("glass-glass ms", "glass_to_glass_ms", 0, 1.0),
    Column("p95", "glass_to_glass_p95_ms", 0, 1.0),
    Column("PESQ-WB", "pesq", 2, 1.0),
    Column("worst", "pesq_min", 2, 1.0),
    Column("STOI", "stoi", 3, 1.0),
    Column("mouth-ear ms", "mouth_to_ear_ms", 0, 1.0),
    Column("made up %", "concealed", 2, 100.0),
    Column("audio buffer ms", "audio_buffer_ms", 0, 1.0),
    Column("target kbps", "target_kbps", 0, 1.0),
    Column("sent kbps", "sent_kbps", 0, 1.0),
    Column("RTT ms", "rtt_ms", 0, 1.0),
    Column("link kbps", "link_kbps", 0, 1.0),
    Column("queue p95 ms", "queue_p95_ms", 0, 1.0),
];

const ENDS: [Column; 5] = [
    Column("admit to picture ms", "admit_to_picture_ms", 0, 1.0),
    Column("admit to sound ms", "admit_to_sound_ms", 0, 1.0),
    Column("CPU s a call minute", "cpu_s_per_minute", 1, 1.0),
    Column("peak MB", "peak_rss_mb", 0, 1.0),
    Column("freezes", "freezes", 0, 1.0),
];

/// Both tables: by way and window, and by end.
pub(super) fn markdown(scores: &[Value]) -> String {
    let heads = |columns: &[Column]| columns.iter().map(|column| column.0).collect::<Vec<_>>().join(" | ");
    let mut text = format!("| link | window | way | {} |\n|---|---|---|{}\n", heads(&WAYS), "---|".repeat(WAYS.len()));
    for score in scores {
        for row in score["rows"].as_array().into_iter().flatten() {
            let words = [&score["profile"], &row["window"], &row["way"]].map(word);
            text += &format!("| {} | {} |\n", words.join(" | "), cells(row, &WAYS));
        }
    }
    text += &format!(
        "\n| link | end | path | ended | {} | hang-up noticed ms |\n|---|---|---|---|{}---|\n",
        heads(&ENDS),
        "---|".repeat(ENDS.len())
    );
    for score in scores {
        for end in ["clinician", "patient"] {
            let call = &score["call"];
            let of = &call[end];
            let words = [word(&score["profile"]), end.to_owned(), word(&of["path"]), word(&of["end"])];
            // The patient hangs up: it is the clinician who notices.
            let noticed = if end == "clinician" { cell(&call["hang_up_noticed_ms"], 0, 1.0) } else { String::new() };
            text += &format!("| {} | {} | {noticed} |\n", words.join(" | "), cells(of, &ENDS));
        }
    }
    text
}

fn cells(row: &Value, columns: &[Column]) -> String {
    columns
        .iter()
        .map(|Column(_, field, digits, factor)| cell(&row[*field], *digits, *factor))
        .collect::<Vec<_>>()
        .join(" | ")
}

fn cell(value: &Value, digits: usize, factor: f64) -> String {
    value.as_f64().map_or_else(|| "–".to_owned(), |number| format!("{:.digits$}", number * factor))
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or("–").to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_row_of_a_table_has_as_many_cells_as_its_head() {
        let score = json!({"profile": "good", "rows": [{"window": "steady", "way": "clinician to patient", "ssim": 0.9512, "concealed": 0.0123}],
            "call": {"hang_up_noticed_ms": 41.3, "clinician": {"path": "srflx-srflx", "end": "they_hung_up"}, "patient": {}}});
        let text = markdown(&[score]);
        for table in text.split("\n\n") {
            let widths: Vec<_> = table.lines().map(|line| line.matches('|').count()).collect();
            assert!(widths.len() > 2 && widths.iter().all(|width| *width == widths[0]), "{widths:?}\n{table}");
        }
        assert!(text.contains("| 0.951 |") && text.contains("| 1.23 |") && text.contains("| 41 |"), "{text}");
    }
}
