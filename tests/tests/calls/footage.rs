//! Footage that tells whose it is and which picture it is, whatever it went through, and a voice with a rhythm of its
//! own.

use std::path::{Path, PathBuf};

use xtask::house::Options;
use xtask::recording::{FilmWriter, Sound};

const WIDTH: usize = 640;
const HEIGHT: usize = 360;

/// Two seconds.
pub(crate) const PICTURES: usize = 60;

/// The number of a picture stands at the bottom, in squares of this side, white for 1, highest bit first.
const SQUARE: usize = 40;
const BITS: usize = 6;

/// A tenth of a second each: speaks where it is 1. The two are unlike each other at every shift.
const CLINICIAN_SPEAKS: &str = "1110100110001111100011010010111101000010";
const PATIENT_SPEAKS: &str = "1010010000111011000010100111000110110010";

/// One end's files.
#[derive(Debug)]
pub(crate) struct Footage {
    pub(crate) film: PathBuf,
    pub(crate) voice: PathBuf,
    pub(crate) side: Side,
}

/// Which half of its pictures is bright.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// The clinician's and the patient's.
pub(crate) fn make(folder: &Path) -> [Footage; 2] {
    [("clinician", Side::Left, CLINICIAN_SPEAKS, 120.0), ("patient", Side::Right, PATIENT_SPEAKS, 190.0)].map(
        |(name, side, speaks, pitch)| {
            let footage =
                Footage { film: folder.join(format!("{name}.y4m")), voice: folder.join(format!("{name}.wav")), side };
            let mut film = FilmWriter::create(&footage.film, WIDTH, HEIGHT).expect("a film");
            for number in 0..PICTURES {
                film.write(&picture(side, number)).expect("a picture");
            }
            film.finish().expect("the whole film");
            voice(speaks, pitch).write(&footage.voice).expect("a voice");
            footage
        },
    )
}

impl Footage {
    /// Shown and said for so many seconds of call.
    pub(crate) fn options(&self, seconds: u32) -> Options {
        Options {
            camera: format!("file:{}", self.film.display()),
            microphone: format!("file:{}", self.voice.display()),
            duration_secs: seconds,
            ..Options::default()
        }
    }
}

/// How well what was heard is this voice in its loop, 0 to 1.
pub(crate) fn likeness(heard: &Sound, footage: &Footage) -> f32 {
    let voice = Sound::read(&footage.voice).expect("a voice");
    voice.repeated(2).likeness(&heard.middle(3.0))
}

/// A bright half, a bar that wanders, soft texture, and the number.
fn picture(side: Side, number: usize) -> Vec<u8> {
    let mut luma = vec![0; WIDTH * HEIGHT];
    for (y, row) in luma.chunks_exact_mut(WIDTH).enumerate() {
        for (x, pixel) in row.iter_mut().enumerate() {
            let bright = (x < WIDTH / 2) == (side == Side::Left);
            let texture = ((x / 16 + y / 16) % 2) * 12;
            let bar = if (x + WIDTH - number * WIDTH / PICTURES) % WIDTH < 12 { 25 } else { 0 };
            *pixel = (if bright { 170 } else { 60 } + texture + bar) as u8;
            if y >= HEIGHT - SQUARE && x < BITS * SQUARE {
                *pixel = if number >> (BITS - 1 - x / SQUARE) & 1 == 1 { 235 } else { 16 };
            }
        }
    }
    luma
}

/// Whose picture this is and its number, read back.
pub(crate) fn read(luma: &[u8]) -> (Side, usize) {
    let mean = |x: std::ops::Range<usize>, y: std::ops::Range<usize>| {
        let count = x.len() * y.len();
        y.flat_map(|y| x.clone().map(move |x| u64::from(luma[y * WIDTH + x]))).sum::<u64>() / count as u64
    };
    let middle = 20..HEIGHT - 2 * SQUARE;
    let (left, right) = (mean(0..WIDTH / 2, middle.clone()), mean(WIDTH / 2..WIDTH, middle));
    let number = (0..BITS).fold(0, |number, bit| {
        let square = bit * SQUARE + SQUARE / 4..(bit + 1) * SQUARE - SQUARE / 4;
        number * 2 + usize::from(mean(square, HEIGHT - SQUARE * 3 / 4..HEIGHT - SQUARE / 4) > 125)
    });
    (if left > right { Side::Left } else { Side::Right }, number)
}

/// Harmonics of a pitch that rises and falls, in the rhythm.
fn voice(speaks: &str, pitch: f32) -> Sound {
    const RATE: usize = 48_000;
    let beats: Vec<bool> = speaks.bytes().map(|beat| beat == b'1').collect();
    let (mut phase, mut loud) = (0.0_f32, 0.0_f32);
    let samples = (0..beats.len() * RATE / 10).map(|n| {
        let wanted = if beats[n * 10 / RATE] { 0.25 } else { 0.0 };
        loud += (wanted - loud) * 0.002;
        let pitch = pitch * (1.0 + 0.15 * (n as f32 * 0.0001).sin());
        phase = (phase + pitch / RATE as f32).fract();
        let turn = phase * std::f32::consts::TAU;
        loud * (turn.sin() + 0.6 * (2.0 * turn).sin() + 0.5 * (4.0 * turn).sin() + 0.3 * (9.0 * turn).sin()) * 0.5
    });
    Sound { rate: RATE as u32, samples: samples.collect() }
}

#[test]
fn pictures_tell_whose_they_are_and_their_number() {
    for number in 0..PICTURES {
        for side in [Side::Left, Side::Right] {
            assert_eq!(read(&picture(side, number)), (side, number));
        }
    }
}

#[test]
fn the_two_voices_are_told_apart_wherever_in_the_loop_one_listens() {
    let folder = tempfile::tempdir().unwrap();
    let [clinician, patient] = make(folder.path());
    for (own, other) in [(&clinician, &patient), (&patient, &clinician)] {
        let said = Sound::read(&own.voice).unwrap().repeated(2);
        for begin in (0..4).map(|second| second * 48_000) {
            let heard = Sound { rate: said.rate, samples: said.samples[begin..begin + 4 * 48_000].to_vec() };
            let (right, wrong) = (likeness(&heard, own), likeness(&heard, other));
            assert!(right > 0.95 && wrong < 0.7, "{right} and {wrong}");
        }
    }
}
