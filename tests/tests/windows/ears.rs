//! What comes out of a loudspeaker: a recording of the virtual sound card, listened to for single pitches.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

const RATE: usize = 48_000;

/// A fifth of a second: whole turns of all pitches that are multiples of 5 Hz, and narrow enough to tell them apart.
const WINDOW: usize = RATE / 5;

/// Above this a whistle is heard, of 1 at most; the virtual microphones are whistled into with 0.5 or so.
const HEARD: f32 = 0.05;

/// Below this nothing is there but what a codec makes of silence.
const SILENT: f32 = 0.005;

/// Listens to one sink until dropped.
pub(crate) struct Ears {
    recorder: Child,
    heard: Arc<Mutex<Vec<f32>>>,
}

impl Ears {
    /// Listens to a sink of the sound server that the environment names.
    pub(crate) fn at(sink: &str, prepare: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new("parec");
        command.arg(format!("--device={sink}.monitor")).args(["--rate=48000", "--channels=1", "--latency-msec=20"]);
        command.args(["--format=float32le", "--raw"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        prepare(&mut command);
        let mut recorder = command.spawn().expect("this test needs parec: install the package pulseaudio-utils");
        let mut pipe = recorder.stdout.take().expect("a pipe");
        let heard: Arc<Mutex<Vec<f32>>> = Arc::default();
        let into = Arc::clone(&heard);
        thread::spawn(move || {
            let mut bytes = [0; RATE / 50 * 4];
            while pipe.read_exact(&mut bytes).is_ok() {
                let samples = bytes.as_chunks().0.iter().map(|four| f32::from_le_bytes(*four));
                into.lock().unwrap_or_else(PoisonError::into_inner).extend(samples);
            }
        });
        Self { recorder, heard }
    }

    /// Where the recording stands, for [`Ears::has_heard_since`].
    pub(crate) fn now(&self) -> usize {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether this pitch is to be heard right now.
    pub(crate) fn hears(&self, pitch: u32) -> bool {
        self.latest(pitch).is_some_and(|level| level > HEARD)
    }

    /// Whether right now nothing of this pitch is to be heard.
    pub(crate) fn hears_no(&self, pitch: u32) -> bool {
        self.latest(pitch).is_some_and(|level| level < SILENT)
    }

    /// Whether this pitch was to be heard at any time since then.
    pub(crate) fn has_heard_since(&self, then: usize, pitch: u32) -> bool {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard[then..].chunks_exact(WINDOW).any(|window| amplitude(window, pitch) > SILENT)
    }

    fn latest(&self, pitch: u32) -> Option<f32> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.len().checked_sub(WINDOW).map(|from| amplitude(&heard[from..], pitch))
    }
}

impl Drop for Ears {
    fn drop(&mut self) {
        let _ = self.recorder.kill();
        let _ = self.recorder.wait();
    }
}

/// How strong one pitch is in the sound (Goertzel, "An Algorithm for the Evaluation of Finite Trigonometric Series").
fn amplitude(sound: &[f32], pitch: u32) -> f32 {
    let turn = 2.0 * (std::f32::consts::TAU * pitch as f32 / RATE as f32).cos();
    let (last, before) = sound.iter().fold((0.0, 0.0), |(last, before), sample| (sample + turn * last - before, last));
    let power: f32 = last * last + before * before - turn * last * before;
    2.0 * power.max(0.0).sqrt() / sound.len() as f32
}

#[test]
fn a_pitch_is_told_from_another_and_from_silence() {
    let whistle = |pitch: f32| -> Vec<f32> {
        (0..WINDOW).map(|n| 0.5 * (std::f32::consts::TAU * pitch * n as f32 / RATE as f32).sin()).collect()
    };
    assert!((amplitude(&whistle(700.0), 700) - 0.5).abs() < 0.01);
    assert!(amplitude(&whistle(700.0), 1100) < SILENT);
    assert!(amplitude(&[0.0; WINDOW], 700) < SILENT);
}
