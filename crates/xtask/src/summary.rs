//! What the demo says at its end: how both saw and heard each other. Without windows it is judged by what was written
//! down and not by what the programs claim; windows write down no film, so there it is their reports.

use std::path::Path;

use anyhow::Result;

use crate::house::EndFiles;
use crate::recording::{Film, Sound};
use crate::report::Report;

/// What is known of the sound that arrived.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Heard {
    /// It was recorded: seconds in which something was heard, and the longest silence in between.
    Recorded {
        /// Seconds with sound.
        audible_secs: f64,
        /// Seconds.
        longest_gap_secs: f64,
    },
    /// The end says when it heard the first of it, in milliseconds after the host's decision.
    Reported(Option<f64>),
}

impl Heard {
    fn recorded(path: &Path) -> Result<Self> {
        let sound = Sound::read(path)?;
        Ok(Self::Recorded { audible_secs: sound.audible_secs(), longest_gap_secs: sound.longest_gap_secs() })
    }

    /// Whether sound arrived and went on.
    fn is_enough(self, live_secs: f64) -> bool {
        match self {
            Self::Recorded { audible_secs, longest_gap_secs } => {
                audible_secs >= LEAST_AUDIBLE * live_secs && longest_gap_secs <= LONGEST_GAP_SECS
            }
            Self::Reported(first) => first.is_some(),
        }
    }
}

/// How one end fared.
#[derive(Debug)]
pub struct Fared {
    /// Pictures shown a second.
    pub shown_per_second: f64,
    /// Width and height of the last picture that arrived.
    pub size: Option<(u32, u32)>,
    /// Freezes.
    pub freezes: f64,
    /// What was heard.
    pub heard_what: Heard,
    /// Mean part of the voice that was made up.
    pub concealed: f64,
    /// Milliseconds from the host's decision to the first picture here.
    pub admit_to_picture_ms: Option<f64>,
    /// Seconds of CPU.
    pub cpu_secs: f64,
    /// The most memory.
    pub peak_rss_mb: f64,
    /// Whether a moving picture arrived.
    pub saw: bool,
    /// Whether sound arrived and went on.
    pub heard: bool,
}

impl Fared {
    /// Judges one end without a window by its files. `host` is the report of the end that admitted.
    pub fn judge(files: &EndFiles, report: &Report, host: &Report, live_secs: u32) -> Result<Self> {
        let mut film = Film::open(&files.screen)?;
        let saw = film.is_lively()? && film.pictures as f64 >= FEWEST_PICTURES_A_SECOND * f64::from(live_secs);
        let heard_what = Heard::recorded(&files.speaker)?;
        let heard = heard_what.is_enough(live_secs.into());
        let shown_per_second = report.shown_per_second().unwrap_or_default();
        Ok(Self { saw, heard, heard_what, shown_per_second, ..Self::reported(report, host) })
    }

    /// Judges one end in a window by its report, and by its recording where it made one of a voice that goes on.
    pub fn in_window(files: &EndFiles, report: &Report, host: &Report, is_recorded: bool) -> Result<Self> {
        let reported = Self::reported(report, host);
        if !is_recorded {
            return Ok(reported);
        }
        let heard_what = Heard::recorded(&files.speaker)?;
        Ok(Self { heard_what, heard: heard_what.is_enough(report.live_secs()), ..reported })
    }

    fn reported(report: &Report, host: &Report) -> Self {
        let last_size =
            |field: &str| report.series(field).iter().rfind(|(_, value)| *value > 0.0).map(|(_, value)| *value as u32);
        let concealed = report.series("concealed_ratio");
        let admitted = host.unix_ms("admitted");
        let after_admission = |step: &str| admitted.zip(report.unix_ms(step)).map(|(from, to)| to - from);
        let shown = report.number("/totals/frames_shown").unwrap_or_default();
        let shown_per_second = shown / report.live_secs().max(1.0);
        let heard_what = Heard::Reported(after_admission("first_audio"));
        Self {
            shown_per_second,
            size: last_size("width").zip(last_size("height")),
            freezes: report.number("/totals/freezes").unwrap_or_default(),
            heard_what,
            concealed: concealed.iter().map(|(_, ratio)| ratio).sum::<f64>() / concealed.len().max(1) as f64,
            admit_to_picture_ms: after_admission("first_video"),
            cpu_secs: report.number("/totals/cpu_s").unwrap_or_default(),
            peak_rss_mb: report.number("/totals/peak_rss_mb").unwrap_or_default(),
            saw: shown_per_second >= FEWEST_PICTURES_A_SECOND,
            heard: heard_what.is_enough(report.live_secs()),
        }
    }
}

/// Below this the picture counts as not having flowed: a busy machine may drop some of its 30, not most.
const FEWEST_PICTURES_A_SECOND: f64 = 10.0;

/// Part of the call in which something must be heard: speech, and the demo's made-up speech, pauses for breath.
const LEAST_AUDIBLE: f64 = 0.4;

/// Longer than any pause for breath.
const LONGEST_GAP_SECS: f64 = 2.0;

/// The table, one line an end.
#[must_use]
pub fn table(rows: &[(&str, Fared)], live_secs: u32) -> String {
    let mut cells =
        vec![["", "picture", "freezes", "sound", "made up", "admit to picture", "CPU", "memory"].map(str::to_owned)];
    for (name, fared) in rows {
        let size = fared.size.map_or_else(|| "no picture".into(), |(width, height)| format!("{width}×{height}"));
        cells.push([
            (*name).to_owned(),
            format!("{size}, {:.1} a second", fared.shown_per_second),
            format!("{:.0}", fared.freezes),
            match fared.heard_what {
                Heard::Recorded { audible_secs, longest_gap_secs } => {
                    format!("{audible_secs:.1} of {live_secs} s, gaps ≤ {longest_gap_secs:.1} s")
                }
                Heard::Reported(Some(ms)) => format!("from {:.2} s on", ms / 1000.0),
                Heard::Reported(None) => "no sound".into(),
            },
            format!("{:.1} %", fared.concealed * 100.0),
            fared.admit_to_picture_ms.map_or_else(|| "–".into(), |ms| format!("{:.2} s", ms / 1000.0)),
            format!("{:.1} s", fared.cpu_secs),
            format!("{:.0} MB", fared.peak_rss_mb),
        ]);
    }
    let widths: Vec<usize> =
        (0..8).map(|column| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)).collect();
    let line = |row: &[String; 8]| {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    cells.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_the_table_stand_under_each_other() {
        let fared = Fared {
            shown_per_second: 29.97,
            size: Some((640, 360)),
            freezes: 0.0,
            heard_what: Heard::Recorded { audible_secs: 12.3, longest_gap_secs: 0.4 },
            concealed: 0.001,
            admit_to_picture_ms: Some(312.0),
            cpu_secs: 3.2,
            peak_rss_mb: 48.2,
            saw: true,
            heard: true,
        };
        let table = table(&[("the clinician saw and heard", fared)], 15);
        let lines: Vec<_> = table.lines().collect();
        let at = |line: &str, word: &str| line.find(word).map(|byte| line[..byte].chars().count());
        assert_eq!(at(lines[0], "picture"), at(lines[1], "640×360"));
        assert_eq!(at(lines[0], "memory"), at(lines[1], "48 MB"));
        assert!(lines[1].contains("30.0 a second") && lines[1].contains("0.31 s"), "{table}");
    }
}
