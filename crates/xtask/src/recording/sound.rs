//! `.wav`: one channel of 16-bit samples.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};

/// Above this (of 1.0) a tenth of a second counts as sound: −50 dB, well over the codec's comfort noise.
const AUDIBLE: f32 = 0.003;

/// A sound in memory.
#[derive(Debug, Clone)]
pub struct Sound {
    /// Samples a second.
    pub rate: u32,
    /// From −1 to 1.
    pub samples: Vec<f32>,
}

impl Sound {
    /// Reads a mono 16-bit file. A length in its header that is not true (its writer was killed) is put right by the
    /// length of the file.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        Self::parse(&bytes).with_context(|| format!("{} cannot be read as a sound", path.display()))
    }

    fn parse(bytes: &[u8]) -> Result<Self> {
        ensure!(bytes.len() >= 12 && bytes.starts_with(b"RIFF") && &bytes[8..12] == b"WAVE", "it is no WAVE file");
        let mut rate = None;
        let mut rest = &bytes[12..];
        while let Some((head, body)) = rest.split_at_checked(8) {
            let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
            match &head[..4] {
                b"fmt " => {
                    ensure!(body.len() >= 16, "its format is cut short");
                    let short = |at: usize| u16::from_le_bytes([body[at], body[at + 1]]);
                    ensure!(short(2) == 1 && short(14) == 16, "it is not one channel of 16 bits");
                    rate = Some(u32::from_le_bytes([body[4], body[5], body[6], body[7]]));
                }
                b"data" => {
                    let length = if length == 0 { body.len() } else { length.min(body.len()) };
                    let samples = body[..length]
                        .chunks_exact(2)
                        .map(|pair| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32768.0);
                    return Ok(Self { rate: rate.context("its format is missing")?, samples: samples.collect() });
                }
                _ => {}
            }
            rest = body.get(length.next_multiple_of(2)..).unwrap_or_default();
        }
        bail!("it has no samples")
    }

    /// Writes a mono 16-bit file.
    pub fn write(&self, path: &Path) -> Result<()> {
        let length = (self.samples.len() * 2) as u32;
        let mut bytes = Vec::with_capacity(44 + self.samples.len() * 2);
        bytes.extend_from_slice(b"RIFF");
        bytes.extend_from_slice(&(36 + length).to_le_bytes());
        bytes.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        bytes.extend_from_slice(&self.rate.to_le_bytes());
        bytes.extend_from_slice(&(self.rate * 2).to_le_bytes());
        bytes.extend_from_slice(b"\x02\0\x10\0data");
        bytes.extend_from_slice(&length.to_le_bytes());
        for sample in &self.samples {
            bytes.extend_from_slice(&((sample.clamp(-1.0, 1.0) * 32767.0) as i16).to_le_bytes());
        }
        Ok(fs::write(path, bytes)?)
    }

    /// How loud each stretch of so many milliseconds is (root of the mean square).
    #[must_use]
    pub fn loudness(&self, milliseconds: u32) -> Vec<f32> {
        let stretch = (self.rate * milliseconds / 1000).max(1) as usize;
        let loud = |part: &[f32]| (part.iter().map(|s| s * s).sum::<f32>() / part.len() as f32).sqrt();
        self.samples.chunks_exact(stretch).map(loud).collect()
    }

    /// Seconds in which something is to be heard.
    #[must_use]
    pub fn audible_secs(&self) -> f64 {
        self.loudness(100).iter().filter(|&&loud| loud > AUDIBLE).count() as f64 / 10.0
    }

    /// The longest silence after the first sound and before the last, in seconds.
    #[must_use]
    pub fn longest_gap_secs(&self) -> f64 {
        let audible: Vec<bool> = self.loudness(100).iter().map(|&loud| loud > AUDIBLE).collect();
        let Some(first) = audible.iter().position(|&a| a) else { return 0.0 };
        let last = audible.iter().rposition(|&a| a).unwrap_or(first);
        let longest = audible[first..=last].split(|&a| a).map(<[bool]>::len).max().unwrap_or_default();
        longest as f64 / 10.0
    }

    /// The middle of what is to be heard, of so many seconds at most: whole words, with neither the silence before nor
    /// the hang-up.
    #[must_use]
    pub fn middle(&self, secs: f64) -> Self {
        let audible: Vec<bool> = self.loudness(100).iter().map(|&loud| loud > AUDIBLE).collect();
        let tenth = self.rate as usize / 10;
        let first = audible.iter().position(|&a| a).unwrap_or(0) * tenth;
        let last = audible.iter().rposition(|&a| a).map_or(0, |last| (last + 1) * tenth);
        let half = ((secs * f64::from(self.rate)) as usize).min(last - first.min(last)) / 2;
        let centre = first.midpoint(last);
        Self { rate: self.rate, samples: self.samples[centre - half..centre + half].to_vec() }
    }

    /// This sound so many times, one after the other.
    #[must_use]
    pub fn repeated(&self, times: usize) -> Self {
        Self { rate: self.rate, samples: self.samples.repeat(times) }
    }

    /// How well this sound holds that one, 0 to 1: the best correlation of their loudness, over all shifts, in steps
    /// of 10 ms. The shape of the loudness survives any codec; a wave does not.
    #[must_use]
    pub fn likeness(&self, other: &Self) -> f32 {
        let (mine, theirs) = (self.loudness(10), other.loudness(10));
        let (long, short) = if mine.len() > theirs.len() { (mine, theirs) } else { (theirs, mine) };
        if short.is_empty() {
            return 0.0;
        }
        long.windows(short.len()).map(|window| correlation(window, &short)).fold(0.0, f32::max)
    }
}

/// Pearson's.
fn correlation(a: &[f32], b: &[f32]) -> f32 {
    let mean = |x: &[f32]| x.iter().sum::<f32>() / x.len() as f32;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    if aa * bb > 0.0 { ab / (aa * bb).sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tone that is on where the digit is 1, a tenth of a second each.
    fn beeps(pattern: &str) -> Sound {
        let part = |on: char| (0..4800).map(move |n| if on == '1' { (n as f32 * 0.1).sin() * 0.3 } else { 0.0 });
        Sound { rate: 48_000, samples: pattern.chars().flat_map(part).collect() }
    }

    #[test]
    fn a_sound_comes_back_as_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sound.wav");
        let sound = beeps("101");
        sound.write(&path).unwrap();
        let back = Sound::read(&path).unwrap();
        assert_eq!((back.rate, back.samples.len()), (48_000, sound.samples.len()));
        assert!(back.samples.iter().zip(&sound.samples).all(|(a, b)| (a - b).abs() < 1e-3));
    }

    #[test]
    fn a_header_whose_writer_was_killed_is_put_right() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sound.wav");
        beeps("11").write(&path).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        for wrong in [0_u32, u32::MAX] {
            bytes[40..44].copy_from_slice(&wrong.to_le_bytes());
            assert_eq!(Sound::parse(&bytes).unwrap().samples.len(), 9600);
        }
        assert!(Sound::parse(&bytes[..30]).is_err());
        assert!(Sound::parse(b"RIFF....WAVE").is_err());
    }

    #[test]
    fn silence_and_gaps_are_measured() {
        assert_eq!(beeps("000").audible_secs(), 0.0);
        assert_eq!(beeps("0110010").audible_secs(), 0.3);
        assert_eq!(beeps("0110010").longest_gap_secs(), 0.2);
        assert_eq!(beeps("0000").longest_gap_secs(), 0.0);
    }

    #[test]
    fn the_middle_leaves_out_silence_before_and_after() {
        let middle = beeps("0000011110").middle(0.2);
        assert_eq!((middle.samples.len(), middle.audible_secs()), (9600, 0.2));
        assert_eq!(beeps("0010").middle(5.0).audible_secs(), 0.1);
        assert!(beeps("000").middle(1.0).samples.is_empty());
    }

    #[test]
    fn a_sound_is_like_itself_later_and_unlike_another() {
        let pattern = "110100100011110101100010";
        let heard = beeps(&format!("0000{pattern}00"));
        assert!(heard.likeness(&beeps(pattern)) > 0.99);
        assert!(heard.likeness(&beeps("101010101010101010101010")) < 0.7);
        assert_eq!(heard.likeness(&beeps("")), 0.0);
    }
}
