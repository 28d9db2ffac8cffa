//! What Chromium's camera and microphone show and sound: files, because that is what it takes.

use std::f32::consts::TAU;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use devices::camera::{self, PatternKind};
use devices::sound::{FRAME_SAMPLES, SAMPLE_RATE};
use devices::{CameraChoice, FrameRate, wav, y4m};
use tempfile::TempDir;
use units::Clock;

/// What the patient's tone sounds at, in Hz.
pub(crate) const PATIENTS_TONE: f32 = 1_100.0;
/// What the clinician's tone sounds at, in Hz.
pub(crate) const CLINICIANS_TONE: f32 = 700.0;

/// A film and two tones.
pub(crate) struct Footage {
    folder: TempDir,
}

impl Footage {
    /// Writes them: two seconds of the patient's pattern, taken as they are drawn, and a second of each tone.
    pub(crate) fn write(clock: Clock) -> Self {
        let footage = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        write_tone(&footage.sound(), PATIENTS_TONE);
        write_tone(&footage.own_sound(), CLINICIANS_TONE);
        write_film(&footage.film(), clock);
        footage
    }

    /// For Chromium's camera.
    pub(crate) fn film(&self) -> PathBuf {
        self.folder.path().join("patient.y4m")
    }

    /// For Chromium's microphone.
    pub(crate) fn sound(&self) -> PathBuf {
        self.folder.path().join("patient.wav")
    }

    /// For our own microphone.
    pub(crate) fn own_sound(&self) -> PathBuf {
        self.folder.path().join("clinician.wav")
    }
}

fn write_film(path: &Path, clock: Clock) {
    let (sender, pictures) = mpsc::sync_channel(FILM_PICTURES);
    let sink = Box::new(move |frame: camera::CapturedFrame| {
        let _ = sender.try_send(frame.picture);
    });
    let camera =
        camera::open(&CameraChoice::Pattern(PatternKind::Patient), clock, sink).expect("the pattern can be drawn");
    let size = camera.format().expect("a pattern has a format").size;
    let mut film = y4m::Writer::create(path, size, FrameRate::THIRTY).expect("the film can be written");
    for picture in pictures.iter().take(FILM_PICTURES) {
        film.write(&picture).expect("the film can be written");
    }
}

/// A tone whose period fits a second, so that it loops without a click.
fn write_tone(path: &Path, frequency: f32) {
    let mut file = wav::Writer::create(path).expect("the tone can be written");
    let samples: Vec<f32> =
        (0..SAMPLE_RATE).map(|n| 0.4 * (TAU * frequency * n as f32 / SAMPLE_RATE as f32).sin()).collect();
    for frame in samples.as_chunks::<FRAME_SAMPLES>().0 {
        file.write(frame).expect("the tone can be written");
    }
    file.finish().expect("the tone can be written");
}

/// Two seconds.
const FILM_PICTURES: usize = 60;
