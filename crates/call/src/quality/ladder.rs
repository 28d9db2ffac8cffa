//! The picture's ladder: sizes and what they need.

use std::time::Duration;

use units::{DataRate, Timestamp};

use crate::{CameraFormat, Mode};

/// One size of picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rung {
    /// Rows.
    pub(super) height: u32,
    /// The encoder's rate below which it is worse than the next smaller one.
    pub(super) least: DataRate,
    /// The encoder's rate above which nobody sees a difference.
    pub(super) most: DataRate,
    /// Pictures a second at the least rate.
    pub(super) fps: u32,
    /// Pictures a second with some room.
    pub(super) fluent_fps: u32,
}

/// Rows, least and most kbps, pictures a second at least and with room; for OpenH264 at low complexity. Where two sizes
/// have the same SSIM against the camera's 360 rows (measured with our encoder), the larger one begins: 144 and 180 rows at
/// 55 to 65 kbps; 120 and 90 rows are worse than 144 even at 25. 360 rows at 240 kbps and 25 a second have 0.04 bits a
/// pixel. Never below 20 a second: signs are not read from less.
const LADDER: [(u32, u64, u64, u32, u32); RUNGS] = [
    (144, 25, 300, 20, 20),
    (180, 55, 400, 20, 25),
    (270, 120, 800, 24, 30),
    (360, 240, 1_800, 25, 30),
    (540, 650, 3_000, 25, 30),
    (720, 1_300, 5_000, 30, 30),
    (1_080, 2_800, 9_000, 30, 60),
];
pub(super) const RUNGS: usize = 7;

/// The largest with "save data".
const SAVE_DATA_RUNG: usize = 2;
/// In [`Mode::Sharp`] a picture needs this share of the rate, at a third of the movement.
const SHARP_LEAST: f64 = 0.4;
const SHARP_FPS_DIVISOR: u32 = 3;

/// The rung with this index.
pub(super) fn rung(mode: Mode, index: usize) -> Rung {
    let (height, least, most, fps, fluent_fps) = LADDER[index.min(LADDER.len() - 1)];
    let (least, most) = (DataRate::from_kbps(least), DataRate::from_kbps(most));
    match mode {
        Mode::Smooth => Rung { height, least, most, fps, fluent_fps },
        Mode::Sharp => Rung {
            height,
            least: least * SHARP_LEAST,
            most,
            fps: fps / SHARP_FPS_DIVISOR,
            fluent_fps: fluent_fps / SHARP_FPS_DIVISOR * 2,
        },
    }
}

/// The highest rung that `rate` carries; the lowest if it carries none.
pub(super) fn best(mode: Mode, rate: DataRate, share: f64) -> usize {
    (0..LADDER.len()).rev().find(|index| rate >= rung(mode, *index).least * share).unwrap_or(0)
}

/// The lowest rung that shows the whole camera: a picture is not blown up.
pub(super) fn highest(camera: CameraFormat, save_data: bool) -> usize {
    let whole = LADDER.iter().position(|(height, ..)| *height >= camera.size.height).unwrap_or(LADDER.len() - 1);
    if save_data { whole.min(SAVE_DATA_RUNG) } else { whole }
}

/// Keeps the picture at a size that this machine can encode in time.
#[derive(Debug)]
pub(super) struct EncoderLoad {
    highest: usize,
    late_since: Option<Timestamp>,
    easy_since: Option<Timestamp>,
}

impl Default for EncoderLoad {
    fn default() -> Self {
        Self { highest: LADDER.len() - 1, late_since: None, easy_since: None }
    }
}

impl EncoderLoad {
    /// The highest rung that this machine can encode.
    pub(super) fn highest(&self) -> usize {
        self.highest
    }

    pub(super) fn on_encode_time(&mut self, now: Timestamp, took: Duration, fps: u32, rung: usize) {
        let load = took.as_secs_f64() * f64::from(fps);
        self.late_since = if load > TOO_BUSY { self.late_since.or(Some(now)) } else { None };
        self.easy_since = if load < IDLE { self.easy_since.or(Some(now)) } else { None };
        if self.late_since.is_some_and(|since| now.since(since) >= BUSY_FOR) {
            self.highest = rung.min(LADDER.len() - 1).saturating_sub(1);
            self.late_since = None;
        } else if self.easy_since.is_some_and(|since| now.since(since) >= IDLE_FOR) {
            self.highest = (self.highest + 1).min(LADDER.len() - 1);
            self.easy_since = None;
        }
    }
}

/// More than this share of the time in the encoder, for so long, and pictures come late.
const TOO_BUSY: f64 = 0.75;
const BUSY_FOR: Duration = Duration::from_millis(600);
/// Twice to three times the pixels of the next rung fit when less than this share is used; tried rarely.
const IDLE: f64 = 0.25;
const IDLE_FOR: Duration = Duration::from_secs(10);
