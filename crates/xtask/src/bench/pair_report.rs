//! What one browser of a pair saw, heard and counted, written down as our own programs do (`docs/headless.md`), so that
//! one tool scores both.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::media::FRAMES;

/// Frames a second of the footage.
const FPS: f64 = 30.0;

/// Bytes of each packet before what the browser counts: IPv4 and UDP.
const HEADERS: f64 = 28.0;

/// The number read of a frame may be this far from what the time since the frame before it tells; else it was misread.
const TOLERATED_FRAMES: i64 = 6;

/// Unix milliseconds.
pub(super) fn unix_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64() * 1e3)
}

/// A track's sound: when its first sample was in Unix milliseconds, samples a second, and the samples in 16 bits.
#[derive(Debug, Default)]
struct Sound {
    start: f64,
    rate: u32,
    samples: Vec<u8>,
}

/// What one end has told so far.
#[derive(Debug)]
pub(super) struct Record {
    name: &'static str,
    folder: PathBuf,
    /// Brightness of all pictures that were kept, one after another.
    luma: File,
    luma_bytes: usize,
    pictures: Vec<Value>,
    sounds: BTreeMap<String, Sound>,
    seconds: Vec<Value>,
    marks: BTreeMap<String, f64>,
    /// What went wrong in the page, each once.
    pub(super) faults: Vec<String>,
}

impl Record {
    /// Nothing yet.
    pub(super) fn new(folder: &Path, name: &'static str) -> Result<Self> {
        let luma = File::create(folder.join(format!("{name}-saw.luma")))?;
        let (sounds, marks) = Default::default();
        let folder = folder.to_owned();
        Ok(Self { name, folder, luma, luma_bytes: 0, pictures: vec![], sounds, seconds: vec![], marks, faults: vec![] })
    }

    /// Takes what the page told, but for what is to be carried to the other end: that is given back.
    pub(super) fn take(&mut self, mut told: Value) -> Result<Option<Value>> {
        if let Some(mark) = told["mark"].as_str() {
            self.marks.insert(mark.to_owned(), told["at"].as_f64().unwrap_or_default());
        } else if told["picture"].is_object() {
            self.keep_picture(&mut told["picture"])?;
        } else if told["sound"].is_object() {
            let sound = &told["sound"];
            let bytes = BASE64_STANDARD.decode(sound["pcm"].as_str().unwrap_or_default())?;
            let kept = self.sounds.entry(sound["name"].as_str().unwrap_or_default().to_owned()).or_default();
            kept.start = sound["start"].as_f64().unwrap_or_default();
            kept.rate = sound["rate"].as_u64().unwrap_or_default() as u32;
            kept.samples.extend(bytes);
        } else if told["second"].is_object() {
            self.seconds.push(told["second"].take());
        } else if let Some(fault) = told["fault"].as_str() {
            if !self.faults.iter().any(|known| known == fault) {
                self.faults.push(fault.to_owned());
            }
        } else {
            return Ok(Some(told["signal"].take()).filter(Value::is_object));
        }
        Ok(None)
    }

    fn keep_picture(&mut self, picture: &mut Value) -> Result<()> {
        let luma = BASE64_STANDARD.decode(picture["luma"].as_str().unwrap_or_default())?;
        picture["luma"] = if luma.is_empty() { Value::Null } else { self.luma_bytes.into() };
        self.luma.write_all(&luma)?;
        self.luma_bytes += luma.len();
        self.pictures.push(picture.take());
        Ok(())
    }

    /// When this happened first, in Unix milliseconds.
    pub(super) fn mark(&self, name: &str) -> Option<f64> {
        self.marks.get(name).copied()
    }

    /// When the camera took which frame: (Unix milliseconds, frames since its first).
    pub(super) fn captured(&self) -> Vec<(f64, usize)> {
        let told = self.seconds.iter().flat_map(|second| second["captured"].as_array().into_iter().flatten());
        count_on(told.filter_map(|pair| Some((pair[0].as_f64()?, pair[1].as_i64()?))))
    }

    /// Writes everything; `click` is when the call began, `sent` what the other's camera took.
    pub(super) fn write(&self, click: f64, ended: f64, sent: &[(f64, usize)], used: &[Value]) -> Result<Value> {
        let started = |sound: &str| self.sounds.get(sound).map(|sound| (sound.start * 1e3).round());
        for (name, sound) in &self.sounds {
            fs::write(self.file(&format!("{name}.wav")), wav(&sound.samples, sound.rate))?;
        }
        let captured = self.captured();
        let frames = captured.last().map_or(0, |(_, frame)| frame + 1);
        let (mut captured_us, mut captured_number) = (vec![Value::Null; frames], vec![Value::Null; frames]);
        for (at, frame) in captured {
            captured_us[frame] = (at * 1e3).round().into();
            captured_number[frame] = frame.into();
        }
        let shown: Vec<f64> = self.shown();
        let mut shown_number = vec![Value::Null; shown.len()];
        let mut kept = Vec::new();
        for picture in &self.pictures {
            let Some((index, at)) = picture["index"].as_u64().and_then(|i| Some((i as usize, *shown.get(i as usize)?)))
            else {
                continue;
            };
            if let Some(frame) = picture["number"].as_u64().and_then(|number| source(sent, at, number as usize)) {
                shown_number[index] = frame.into();
            }
            if !picture["luma"].is_null() {
                kept.push(json!({ "shown": index, "width": picture["width"], "height": picture["height"], "at": picture["luma"] }));
            }
        }
        let first = |mark: &str| self.mark(mark).map(|at| at - click);
        let samples = self.samples(click, ended, &shown, used);
        let peak = used.iter().filter_map(|look| look["mb"].as_f64()).fold(0.0, f64::max);
        let freezes = self.seconds.last().map(|second| second["video_in"]["freezeCount"].clone());
        let report = json!({
            "started_unix_us": (click * 1e3).round(), "samples": samples,
            "timeline_ms": { "admitted": 0, "dtls_connected": first("connected"), "first_video": first("first_video") },
            "events": [{ "t": first("connected").map(|ms| ms / 1e3), "event": "live" },
                { "t": (ended - click) / 1e3, "event": "ended:hung_up" }],
            "totals": { "freezes": freezes, "peak_rss_mb": peak },
            "microphone_started_unix_us": started("said"), "speaker_started_unix_us": started("heard"),
            "captured_unix_us": captured_us, "captured_rtp": captured_number,
            "shown_unix_us": shown.iter().map(|at| (at * 1e3).round()).collect::<Vec<_>>(), "shown_rtp": shown_number,
            "kept": kept, "faults": self.faults, "end": "hung_up",
        });
        let path = self.file("report.json");
        fs::write(&path, report.to_string()).with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(json!({ "screen": self.file_name("saw.luma"), "speaker": self.file_name("heard.wav"),
            "microphone": self.file("said.wav"), "report": self.file_name("report.json") }))
    }

    fn shown(&self) -> Vec<f64> {
        self.seconds
            .iter()
            .flat_map(|second| second["shown"].as_array().into_iter().flatten())
            .filter_map(Value::as_f64)
            .collect()
    }

    /// One a second, in the words of our report.
    fn samples(&self, click: f64, ended: f64, shown: &[f64], used: &[Value]) -> Vec<Value> {
        let of = |second: &Value, pointer: &str| second.pointer(pointer).and_then(Value::as_f64);
        let mut samples = Vec::new();
        // All counters stand at nothing when the call begins.
        let begun = json!({ "at": click });
        for (before, after) in std::iter::once(&begun).chain(&self.seconds).zip(&self.seconds) {
            let (Some(from), Some(to)) = (before["at"].as_f64(), after["at"].as_f64()) else { continue };
            let more = |pointer: &str| Some(of(after, pointer)? - of(before, pointer).unwrap_or(0.0));
            // With the headers of IP and UDP, which the browser leaves out and our programs count.
            let rate = |way: &str| {
                let [bytes, packets] = ["bytes", "packets"].map(|what| more(&format!("/transport/{what}{way}")));
                Some((bytes? + packets? * HEADERS) * 8.0 / (to - from))
            };
            let part =
                |of: Option<f64>, all: Option<f64>| of.zip(all).filter(|(_, all)| *all > 0.0).map(|(of, all)| of / all);
            let used = used.iter().rfind(|look| look["at"].as_f64().is_some_and(|at| at <= to));
            let waited = part(more("/audio_in/jitterBufferDelay"), more("/audio_in/jitterBufferEmittedCount"));
            samples.push(json!({
                "t": (to - click) / 1e3,
                "phase": if after["connected"] == true && to < ended { "live" } else { "connecting" },
                "rtt_ms": of(after, "/pair/currentRoundTripTime").map(|seconds| seconds * 1e3),
                "target_kbps": of(after, "/pair/availableOutgoingBitrate").map(|bps| bps / 1e3),
                "sent_kbps": rate("Sent"), "received_kbps": rate("Received"),
                "fps_shown": shown.iter().filter(|at| (from..to).contains(*at)).count() as f64 * 1e3 / (to - from),
                "width": of(after, "/video_in/frameWidth"), "height": of(after, "/video_in/frameHeight"),
                "audio_buffer_ms": waited.map(|seconds| seconds * 1e3),
                "concealed_ratio": part(more("/audio_in/concealedSamples"), more("/audio_in/totalSamplesReceived")),
                "path": after["path"], "cpu_s": used.map(|look| look["cpu_s"].clone()), "rss_mb": used.map(|look| look["mb"].clone()),
            }));
        }
        samples
    }

    fn file_name(&self, end: &str) -> String {
        format!("{}-{end}", self.name)
    }

    fn file(&self, end: &str) -> PathBuf {
        self.folder.join(self.file_name(end))
    }
}

/// Frames counted on from the first, of the numbers that begin anew with each round of the footage.
fn count_on(told: impl Iterator<Item = (f64, i64)>) -> Vec<(f64, usize)> {
    let mut counted: Vec<(f64, i64)> = Vec::new();
    for (at, number) in told {
        let Some(&(last_at, last)) = counted.last() else {
            counted.push((at, number));
            continue;
        };
        let expected = last + ((at - last_at) * FPS / 1e3).round() as i64;
        // The count with this number that is nearest to what was expected.
        let off = (number - expected).rem_euclid(FRAMES);
        let frame = expected + if off > FRAMES / 2 { off - FRAMES } else { off };
        if frame > last && (frame - expected).abs() <= TOLERATED_FRAMES {
            counted.push((at, frame));
        }
    }
    counted.into_iter().map(|(at, frame)| (at, frame as usize)).collect()
}

/// Which frame of the other's camera a shown number is: the last one with it that was taken before it was shown.
fn source(sent: &[(f64, usize)], shown_at: f64, number: usize) -> Option<usize> {
    let taken = |&&(at, frame): &&(f64, usize)| at < shown_at && frame % FRAMES as usize == number;
    sent.iter().rev().find(taken).map(|(_, frame)| *frame)
}

/// One channel of 16 bits.
fn wav(samples: &[u8], rate: u32) -> Vec<u8> {
    let count = samples.len() as u32;
    let mut file = b"RIFF".to_vec();
    file.extend((36 + count).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(rate.to_le_bytes());
    file.extend((rate * 2).to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend(count.to_le_bytes());
    file.extend(samples);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_counted_on_over_rounds_and_gaps_and_a_misread_number_is_left_out() {
        let frame = |n: i64| (n as f64 * 1e3 / FPS, n % FRAMES);
        let mut told: Vec<_> = (230..250).chain(300..302).map(frame).collect();
        told.push((told.last().unwrap().0 + 33.0, 77));
        let counted: Vec<_> = count_on(told.into_iter()).into_iter().map(|(_, frame)| frame).collect();
        assert_eq!(counted, (230..250).chain(300..302).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_shown_came_of_the_last_frame_with_its_number_before() {
        let sent: Vec<_> = (0..600_usize).map(|frame| (frame as f64 * 1e3 / FPS, frame)).collect();
        assert_eq!(source(&sent, 8_500.0, 5), Some(245));
        assert_eq!(source(&sent, 8_100.0, 5), Some(5));
        assert_eq!(source(&sent, 0.0, 5), None);
    }

    #[test]
    fn a_sound_is_written_so_that_any_reader_takes_it() {
        let bytes = wav(&[1, 0, 2, 0], 44_100);
        assert_eq!(bytes.len(), 48);
        assert_eq!(&bytes[36..40], b"data");
        assert_eq!(&bytes[24..28], &44_100_u32.to_le_bytes());
    }
}
