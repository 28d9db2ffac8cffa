//! Encoder, redundancy, link and playout, in virtual time.
//!
//! Each voice is sent over each row's link by the policy and by single schemes, once for each seed. What was heard is written
//! beside the answer, for the tool that scores it.

mod air;
mod cost;
mod rows;
mod sender;
mod way;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use testkit::mouth_to_ear::mouth_to_ear;

use crate::wav;
use rows::Row;
use sender::Choice;

/// What the part is told.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The folder with clinician.wav and patient.wav.
    #[arg(long, value_name = "FOLDER")]
    media: PathBuf,
    /// Where to write what was heard.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Seeds of the links.
    #[arg(long, default_value_t = 5)]
    seeds: u64,
    /// Seconds of each voice that are scored, after a warm-up with other words of it.
    #[arg(long, default_value_t = 24)]
    seconds: usize,
    /// Only this row, counted from 0.
    #[arg(long)]
    row: Option<usize>,
}

/// Sends both voices over the links. An answer without rows means that there is no such row.
pub fn run(arguments: &Arguments) -> Result<Value> {
    fs::create_dir_all(&arguments.out)?;
    let voices = VOICES
        .into_iter()
        .map(|name| Voice::read(&arguments.media.join(format!("{name}.wav")), arguments.seconds))
        .collect::<Result<Vec<_>>>()?;
    let rows = rows::rows();
    let asked = rows.iter().enumerate().filter(|(index, _)| arguments.row.is_none_or(|row| row == *index));
    let rows = asked.map(|(_, row)| row_of(row, &voices, arguments)).collect::<Result<Vec<_>>>()?;
    let cost = if arguments.row.is_none_or(|row| row == 0) { cost::measure(&voices[0].said)? } else { Value::Null };
    Ok(json!({ "rows": rows, "cost": cost }))
}

/// A voice as it is said to the encoder.
#[derive(Debug)]
struct Voice {
    path: PathBuf,
    /// What is scored, and a little more, so that the end of it is heard.
    said: Vec<f32>,
    /// Other words of the same voice.
    before: Vec<f32>,
}

impl Voice {
    fn read(path: &Path, seconds: usize) -> Result<Self> {
        let whole = wav::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let said: Vec<f32> = whole.iter().cycle().take((seconds + TAIL_SECS) * SECOND).copied().collect();
        let before = whole[whole.len() / 2..].to_vec();
        Ok(Self { path: path.to_owned(), said, before })
    }
}

fn row_of(row: &Row, voices: &[Voice], arguments: &Arguments) -> Result<Value> {
    let mut schemes = vec![("policy", Choice::Policy { share: row.wire })];
    schemes.extend(row.singles.iter().map(|single| (single.name, single.choice(row))));
    let mut runs = Vec::new();
    for (scheme, choice) in &schemes {
        for (number, voice) in voices.iter().enumerate() {
            for seed in 1..=arguments.seeds {
                let heard = way::send(&voice.before, &voice.said, choice, row.weather, seed)?;
                let file = arguments.out.join(format!("{}.wav", runs.len()));
                wav::write(&file, &heard.samples)?;
                let delay = mouth_to_ear(&voice.said, &heard.samples, SECOND as u32, LONGEST);
                let tally = heard.tally;
                let per_second = |bytes: u64, seconds: usize| bytes as f64 * 8.0 / 1e3 / seconds as f64;
                runs.push(json!({
                    "scheme": scheme, "voice": voice.path, "number": number, "seed": seed, "heard": file,
                    "seconds": arguments.seconds,
                    "mouth_to_ear_ms": delay.map(|delay| delay.as_secs_f64() * 1e3),
                    "wire_kbps": per_second(tally.wire_bytes, arguments.seconds + TAIL_SECS),
                    "busiest_kbps": per_second(tally.busiest_second_bytes, 1),
                    "lost": tally.lost as f64 / tally.packets.max(1) as f64,
                    "playout_delay_ms": tally.playout_delay_ms, "waiting_ms": tally.waiting_ms,
                    "concealed": tally.concealed, "recovered": tally.recovered, "changes": tally.changes,
                    "settled": tally.settled,
                }));
            }
        }
    }
    let bars = row.bars;
    let most_delay_ms = (row.weather.delay + ABOVE_THE_LINK).as_secs_f64() * 1e3;
    Ok(json!({
        "name": row.name,
        "bars": { "pesq": bars.pesq, "stoi": bars.stoi, "best": bars.best, "concealed": bars.concealed,
            "buffer_ms": bars.buffer_ms, "mouth_to_ear_ms": most_delay_ms, "wire_kbps": row.wire.as_kbps_f64() },
        "runs": runs,
    }))
}

const VOICES: [&str; 2] = ["clinician", "patient"];
const SECOND: usize = 48_000;
/// Beyond what is scored, so that the end of it is heard.
const TAIL_SECS: usize = 1;
/// The longest delay looked for.
const LONGEST: Duration = Duration::from_millis(800);
/// What coding, waiting and playing may add to the link's own delay.
const ABOVE_THE_LINK: Duration = Duration::from_millis(250);
