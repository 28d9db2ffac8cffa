//! How well the near end takes the loudspeaker's sound out of the microphone's, in made-up rooms.
//!
//! What is scored is what the product sends: the near end with the settings of a person before a laptop, gain control and
//! all. The far voice speaks for [`SCENE_S`] seconds; the near one joins at [`DOUBLE_TALK_S`].

mod resample;
mod room;
mod scene;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use media::near_end::{NearEnd, NearEndSettings};
use media::voice::FRAME;
use serde_json::{Value, json};
use testkit::echo_meter;

use crate::wav;

pub use room::{Room, active_rms};
pub use scene::{DOUBLE_TALK_S, SCENE_S, Scene};

/// What the part is told.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The folder with clinician.wav and patient.wav.
    #[arg(long, value_name = "FOLDER")]
    media: PathBuf,
    /// Where to write what was said near and what was sent of it, for the score of two voices at once.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// The room's.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Two people at 48 kHz mono.
#[derive(Debug, Clone)]
pub struct Voices {
    /// One.
    pub clinician: Vec<f32>,
    /// The other.
    pub patient: Vec<f32>,
}

/// Measures and answers the rows: `erle_db` by window; for each row and pair of voices two files of the time in which both
/// speak, `clean` and `sent`, the second later by a delay that whoever scores has to find (up to 30 ms).
///
/// # Errors
/// A file cannot be read or written.
pub fn run(arguments: &Arguments) -> Result<Value> {
    let voice = |name: &str| {
        let path = arguments.media.join(name);
        wav::read(&path).with_context(|| format!("{} cannot be read", path.display()))
    };
    let voices = Voices { clinician: voice("clinician.wav")?, patient: voice("patient.wav")? };
    std::fs::create_dir_all(&arguments.out).context("the folder for the sound cannot be made")?;
    let rows = rooms(arguments.seed).map(|(name, room)| row(name, room, &voices, &arguments.out));
    Ok(json!({
        "seed": arguments.seed,
        "windows_s": WINDOWS_S.map(|(from, to)| [from, to]),
        "rows": rows.into_iter().collect::<Result<Vec<Value>>>()?,
    }))
}

/// What is measured: the bars' rooms, and one in which as much comes from the walls as from the loudspeaker itself.
fn rooms(seed: u64) -> [(&'static str, Room); 6] {
    let room = |delay_ms, drift_ppm| Room { delay_ms, drift_ppm, ..Room::laptop(seed) };
    [
        ("80 ms", room(80, 0.0)),
        ("150 ms", room(150, 0.0)),
        ("250 ms", room(250, 0.0)),
        ("80 ms, +120 ppm", room(80, 120.0)),
        ("80 ms, -120 ppm", room(80, -120.0)),
        ("80 ms, far from the microphone", Room { direct_db: 0.0, ..room(80, 0.0) }),
    ]
}

fn row(name: &str, room: Room, voices: &Voices, out: &Path) -> Result<Value> {
    let (clinician, patient) = (&voices.clinician, &voices.patient);
    let pairs = [("clinician-far", clinician, patient), ("patient-far", patient, clinician)];
    let pairs = pairs.map(|(pair, far, near)| {
        let scene = Scene::new(far, near, room);
        let heard = clean(&scene);
        let from = DOUBLE_TALK_S * 48_000;
        let file = |what: &str| out.join(format!("{}-{pair}-{what}.wav", name.replace([' ', ','], "")));
        let (clean_file, sent_file) = (file("clean"), file("sent"));
        wav::write(&clean_file, &scene.near[from..])?;
        wav::write(&sent_file, &heard.sent[from..])?;
        let erle = WINDOWS_S.map(|(from, to)| {
            let samples = from * 48_000..to * 48_000;
            echo_meter::erle_db(&scene.microphone[samples.clone()], &heard.sent[samples])
        });
        Ok(json!({
            "pair": pair,
            "erle_db": erle.map(|it| (10.0 * it).round() / 10.0),
            "cpu_us_per_10_ms": heard.cpu_us.round(),
            "clean": clean_file,
            "sent": sent_file,
        }))
    });
    let pairs = pairs.into_iter().collect::<Result<Vec<Value>>>()?;
    Ok(json!({ "room": name, "delay_ms": room.delay_ms, "drift_ppm": room.drift_ppm, "pairs": pairs }))
}

/// What is sent of a scene.
#[derive(Debug)]
pub struct Heard {
    /// As it goes to the encoder.
    pub sent: Vec<f32>,
    /// Microseconds for each frame, on the wall clock of a machine that does nothing else.
    pub cpu_us: f64,
}

/// A scene through the near end.
pub fn clean(scene: &Scene) -> Heard {
    let mut near = NearEnd::new(NearEndSettings::ON);
    let mut sent = Vec::with_capacity(scene.microphone.len());
    let began = Instant::now();
    let (played, _) = scene.far.as_chunks::<FRAME>();
    let (heard, _) = scene.microphone.as_chunks::<FRAME>();
    for (played, heard) in played.iter().zip(heard) {
        near.render(played);
        let mut frame = *heard;
        near.capture(&mut frame);
        sent.extend(frame);
    }
    let cpu_us = began.elapsed().as_secs_f64() * 1e6 / (sent.len() / FRAME).max(1) as f64;
    Heard { sent, cpu_us }
}

/// Seconds of the far voice alone.
const WINDOWS_S: [(usize, usize); 4] = [(0, 2), (2, 5), (5, 12), (12, 21)];
