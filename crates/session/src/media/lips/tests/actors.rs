//! Devices that click, and that write down when they hear a click or see a flash.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use devices::DeviceError;
use devices::microphone::Microphone;
use devices::screen::Screen;
use devices::speaker::Speaker;
use media::picture::I420;
use media::voice::FRAME;
use units::Timestamp;

/// When something was seen or heard.
pub(super) type Log = Arc<Mutex<Vec<Timestamp>>>;

/// Ten milliseconds of a tone at each full second from the start on, and otherwise silence.
pub(super) struct Clicker {
    start: Timestamp,
    given: u64,
}

impl Clicker {
    pub(super) fn from(start: Timestamp) -> Self {
        Self { start, given: 0 }
    }
}

impl Microphone for Clicker {
    fn started(&self) -> Option<Timestamp> {
        Some(self.start)
    }

    fn pull(&mut self, now: Timestamp, frame: &mut [f32; FRAME]) -> bool {
        if self.start + Duration::from_millis(10 * (self.given + 1)) > now {
            return false;
        }
        let clicks = self.given.is_multiple_of(100);
        let tone = |n: usize| 0.8 * (std::f32::consts::TAU * 1_000.0 * n as f32 / 48_000.0).sin();
        frame.iter_mut().enumerate().for_each(|(n, sample)| *sample = if clicks { tone(n) } else { 0.0 });
        self.given += 1;
        true
    }

    fn take_problem(&mut self) -> Option<DeviceError> {
        None
    }
}

/// A microphone that never gives a frame.
pub(super) struct Silence;

impl Microphone for Silence {
    fn started(&self) -> Option<Timestamp> {
        None
    }

    fn pull(&mut self, _: Timestamp, _: &mut [f32; FRAME]) -> bool {
        false
    }

    fn take_problem(&mut self) -> Option<DeviceError> {
        None
    }
}

/// A loudspeaker that writes down when a click begins.
#[derive(Default)]
pub(super) struct Ear {
    started: Option<Timestamp>,
    played: u64,
    clicks: Log,
}

impl Ear {
    pub(super) fn writing(clicks: Log) -> Self {
        Self { clicks, ..Self::default() }
    }

    /// When the next frame is heard.
    fn turn(&self) -> Timestamp {
        self.started.unwrap_or_default() + Duration::from_millis(10 * self.played)
    }
}

impl Speaker for Ear {
    fn wants(&mut self, now: Timestamp) -> bool {
        self.started.get_or_insert(now);
        self.turn() <= now
    }

    fn play(&mut self, frame: &[f32; FRAME]) {
        let turn = self.turn();
        self.played += 1;
        let Some(place) = frame.iter().position(|sample| sample.abs() > 0.2) else { return };
        let heard = turn + Duration::from_micros(place as u64 * 1_000_000 / 48_000);
        let mut clicks = self.clicks.lock().unwrap();
        if clicks.last().is_none_or(|last| heard.since(*last) > Duration::from_millis(300)) {
            clicks.push(heard);
        }
    }

    fn started(&self) -> Option<Timestamp> {
        self.started
    }

    fn take_problem(&mut self) -> Option<DeviceError> {
        None
    }

    fn finish(&mut self) -> Result<(), DeviceError> {
        Ok(())
    }
}

/// A screen that writes down when it becomes bright.
#[derive(Default)]
pub(super) struct Eye {
    bright: bool,
    flashes: Log,
}

impl Eye {
    pub(super) fn writing(flashes: Log) -> Self {
        Self { flashes, ..Self::default() }
    }
}

impl Screen for Eye {
    fn show(&mut self, picture: &I420, now: Timestamp) {
        let luma = picture.planes()[0];
        let bright = luma[luma.len() / 2] > 120;
        if bright && !std::mem::replace(&mut self.bright, bright) {
            self.flashes.lock().unwrap().push(now);
        }
        self.bright = bright;
    }

    fn shown(&self) -> &[Timestamp] {
        &[]
    }

    fn take_problem(&mut self) -> Option<DeviceError> {
        None
    }

    fn finish(&mut self) -> Result<(), DeviceError> {
        Ok(())
    }
}
