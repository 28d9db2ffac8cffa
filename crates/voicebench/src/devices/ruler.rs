//! When what was spoken was heard, by cross-correlation of two recordings on one clock.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

/// What a source of the server gave, on the machine's clock.
#[derive(Debug)]
pub(super) struct Recording {
    /// When sample 0 came, in seconds after the beginning.
    began: f64,
    samples: Vec<f32>,
}

impl Recording {
    /// With the deep tones, which a voice has most of, no louder than the others: the near end takes some of them out, and
    /// what repeats itself with every turn of the voice is like itself at many places.
    fn sharpened(&self) -> Self {
        let samples = self.samples.windows(2).map(|pair| pair[1] - 0.95 * pair[0]).collect();
        Self { began: self.began + 1.0 / RATE, samples }
    }
}

/// Records a source until it is stopped.
#[derive(Debug)]
pub(super) struct Recorder {
    process: Child,
    thread: JoinHandle<Recording>,
}

impl Recorder {
    /// Begins; times count from `beginning`.
    pub(super) fn start(source: &str, beginning: Instant) -> Result<Self> {
        let mut process = Command::new("parec")
            .args(["--raw", "--format=float32le", "--rate=48000", "--channels=1", "--latency-msec=5"])
            .arg(format!("--device={source}"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("this bench needs parec: install the package pulseaudio-utils")?;
        let mut out = process.stdout.take().context("a pipe")?;
        let thread = thread::spawn(move || {
            let (mut samples, mut buffer, mut rest) = (Vec::new(), [0; 1 << 14], Vec::new());
            // What came quickest after its sound tells when sound 0 was: everything else only came later.
            let mut began = f64::MAX;
            while let Ok(count @ 1..) = out.read(&mut buffer) {
                let now = beginning.elapsed().as_secs_f64();
                rest.extend_from_slice(&buffer[..count]);
                let whole = rest.len() / 4 * 4;
                samples.extend(rest[..whole].chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])));
                rest.drain(..whole);
                // At first the server gives what it had prepared.
                if now > SETTLED {
                    began = began.min(now - samples.len() as f64 / RATE);
                }
            }
            Recording { began, samples }
        });
        Ok(Self { process, thread })
    }

    /// Ends.
    pub(super) fn stop(mut self) -> Result<Recording> {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let recording = self.thread.join().ok().context("the recorder had a fault")?;
        ensure!(recording.samples.len() as f64 > RATE * SETTLED, "nothing was recorded");
        Ok(recording)
    }
}

/// How long after it was spoken each window of a second was heard, in milliseconds, for all windows with a voice in them.
pub(super) fn delays(spoken: &Recording, heard: &Recording) -> Result<Vec<f64>> {
    let (spoken, heard) = (&spoken.sharpened(), &heard.sharpened());
    let mut delays = Vec::new();
    let first = (2.0 * SETTLED * RATE) as usize;
    for (index, window) in spoken.samples[first.min(spoken.samples.len())..].chunks_exact(WINDOW).enumerate() {
        if power(window) < QUIET * WINDOW as f64 {
            continue;
        }
        let at = spoken.began + (first + index * WINDOW) as f64 / RATE;
        // Where a sound of that very moment stands in the other recording; it may be a little before by the ruler's error.
        let same = ((at - heard.began) * RATE) as isize - BEFORE as isize;
        let Ok(from) = usize::try_from(same) else { continue };
        let Some(around) = heard.samples.get(from..from + WINDOW + LONGEST) else { continue };
        if let Some(lag) = best(window, around) {
            delays.push((heard.began + (from + lag) as f64 / RATE - at) * 1e3);
        }
    }
    ensure!(delays.len() >= LEAST, "only {} windows were heard again; {LEAST} are needed", delays.len());
    Ok(delays)
}

/// The value below which this share of all lies.
pub(super) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let index = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(index).map_or(f64::NAN, |value| (value * 100.0).round() / 100.0)
}

/// Where the window is most like what is around, coarsely first; `None` where it is nowhere.
fn best(window: &[f32], around: &[f32]) -> Option<usize> {
    let (few, few_around) = (fewer(window), fewer(around));
    let coarse = most_like(&few, &few_around, 0..few_around.len() - few.len())?.0 * FEWER;
    let last = around.len() - window.len();
    let (lag, likeness) = most_like(window, around, coarse.saturating_sub(2 * FEWER)..(coarse + 2 * FEWER).min(last))?;
    (likeness > ALIKE).then_some(lag)
}

fn most_like(window: &[f32], around: &[f32], lags: std::ops::Range<usize>) -> Option<(usize, f64)> {
    let own = power(window);
    let likeness = |lag: usize| {
        let other = &around[lag..lag + window.len()];
        let dot: f64 = window.iter().zip(other).map(|(a, b)| f64::from(a * b)).sum();
        dot / (own * power(other)).sqrt().max(1e-12)
    };
    lags.map(|lag| (lag, likeness(lag))).max_by(|a, b| a.1.total_cmp(&b.1))
}

fn power(samples: &[f32]) -> f64 {
    samples.iter().map(|sample| f64::from(sample * sample)).sum()
}

fn fewer(samples: &[f32]) -> Vec<f32> {
    samples.chunks_exact(FEWER).map(|few| few.iter().sum::<f32>()).collect()
}

const RATE: f64 = 48_000.0;

/// A second: long enough to be like itself at one place only.
const WINDOW: usize = 48_000;

/// Below this mean power a sharpened window has no voice in it: −60 dBFS.
const QUIET: f64 = 1e-6;

/// Half a second of delay is looked for.
const LONGEST: usize = 24_000;

/// And 10 ms before, which would be an error of the ruler.
const BEFORE: usize = 480;

const FEWER: usize = 4;

/// A voice through near end and codec is like itself to more than that; elsewhere it is below 0.1.
const ALIKE: f64 = 0.3;

/// Seconds until a recording is at its pace.
const SETTLED: f64 = 5.0;

/// Windows that a median needs.
const LEAST: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_delay_is_found() {
        // Like itself at no other place.
        let noise = |n: usize| {
            let bits = (n as u32).wrapping_mul(0x9e37_79b9);
            let bits = (bits ^ (bits >> 15)).wrapping_mul(0x85eb_ca6b);
            ((bits ^ (bits >> 13)).wrapping_mul(0xc2b2_ae35) >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        let spoken = Recording { began: 0.25, samples: (0..60 * WINDOW).map(noise).collect() };
        let late = 5_000;
        let heard = (0..60 * WINDOW).map(|n| if n < late { 0.0 } else { 0.4 * noise(n - late) }).collect();
        let heard = Recording { began: 0.25, samples: heard };
        let delays = delays(&spoken, &heard).unwrap();
        assert!(delays.len() >= 40);
        assert!(delays.iter().all(|delay| (delay - 5_000.0 / 48.0).abs() < 0.05), "{delays:?}");
    }

    #[test]
    fn quantiles_are_of_the_sorted_values() {
        let values = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert!((quantile(&values, 0.5) - 3.0).abs() < 1e-9);
        assert!((quantile(&values, 0.95) - 5.0).abs() < 1e-9);
    }
}
