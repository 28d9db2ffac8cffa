//! A real loudspeaker.

use std::thread::Thread;
use std::time::Duration;

use rtrb::RingBuffer;
use units::{DeviceKind, DeviceMove, Timestamp};

use super::Speaker;
use super::reserve::Reserve;
use crate::DeviceError;
use crate::rate::Outlet;
use crate::sound::{FRAME_DURATION, SAMPLE_RATE, SoundFrame};
use crate::sound_system::{self, Alarm, Found, Slack, Stream, Watch};

/// The names of all loudspeakers.
pub(super) fn names() -> Result<Vec<String>, DeviceError> {
    sound_system::names(DeviceKind::Speaker)
}

/// A loudspeaker of the sound system, through a ring.
pub(super) struct DeviceSpeaker {
    watch: Watch<End>,
    line: Line,
}

/// Our end of a stream's ring, and what its callback says of it.
struct End {
    ring: Outlet,
    slack: Slack,
}

impl DeviceSpeaker {
    pub(super) fn open(name: Option<&str>) -> Result<Self, DeviceError> {
        let watch = Watch::open(DeviceKind::Speaker, name, build)?;
        Ok(Self { watch, line: Line::default() })
    }
}

impl Speaker for DeviceSpeaker {
    fn wants(&mut self, now: Timestamp) -> bool {
        if let Some(end) = self.watch.new_ring() {
            self.line.replace(end);
        }
        self.line.wants(now)
    }

    fn play(&mut self, frame: &SoundFrame) {
        self.line.play(frame);
    }

    fn latency(&self) -> Duration {
        self.line.latency()
    }

    fn started(&self) -> Option<Timestamp> {
        self.line.started
    }

    fn wakes(&mut self, thread: &Thread) -> bool {
        self.watch.wakes(thread);
        true
    }

    fn take_problem(&mut self) -> Option<DeviceError> {
        self.watch.take_problem()
    }

    fn came_back(&mut self) -> bool {
        self.watch.came_back()
    }

    fn take_move(&mut self) -> Option<DeviceMove> {
        self.watch.take_move()
    }

    fn is_headset(&self) -> Option<bool> {
        self.watch.is_headset()
    }

    fn finish(&mut self) -> Result<(), DeviceError> {
        Ok(())
    }
}

/// Our end of the ring, and what to do when nobody empties it.
#[derive(Default)]
struct Line {
    end: Option<End>,
    reserve: Reserve,
    started: Option<Timestamp>,
    /// Until when sound has been taken, by the program's clock; the device's own clock may be ahead.
    taken: Timestamp,
}

impl Line {
    /// Goes on with the ring of another stream.
    fn replace(&mut self, end: End) {
        self.end = Some(end);
        self.reserve.begin();
    }

    /// The device's clock decides while it runs. While it is away the program's does, so that what comes from the other
    /// is let go at its pace and does not pile up.
    fn wants(&mut self, now: Timestamp) -> bool {
        let started = *self.started.get_or_insert(now);
        self.taken = self.taken.max(started);
        let Some(end) = self.end.as_ref().filter(|end| !end.ring.is_abandoned()) else {
            return now >= self.taken + FRAME_DURATION;
        };
        self.reserve.look(now, end.slack.least(), end.slack.missing());
        let wants = end.ring.waiting() < self.reserve.target();
        if !wants || self.taken > now {
            self.taken = now;
        }
        wants
    }

    /// What the ring holds. What the system holds behind it, it does not say.
    fn latency(&self) -> Duration {
        let waiting = self.end.as_ref().map_or(0, |end| end.ring.waiting());
        Duration::from_micros(waiting as u64 * 1_000_000 / u64::from(SAMPLE_RATE))
    }

    fn play(&mut self, frame: &SoundFrame) {
        self.taken += FRAME_DURATION;
        if let Some(end) = &mut self.end {
            end.ring.put(frame);
        }
    }
}

fn build(found: &Found, alarm: Alarm) -> Result<(Stream, End), DeviceError> {
    let plan = found.plan()?;
    // A quarter of a second: the room above the reserve is for a device that asks for more at once. `DropNewest`, and
    // never full: `wants` stops far below.
    let (producer, consumer) = RingBuffer::new(plan.rate as usize / 4);
    let slack = Slack::default();
    let stream = found.speak(plan, alarm, consumer, slack.clone())?;
    Ok((stream, End { ring: Outlet::new(producer, plan.rate), slack }))
}

#[cfg(test)]
mod tests {
    use rtrb::Consumer;

    use crate::sound::FRAME_SAMPLES;

    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// A line and the device's end of its ring.
    fn line(rate: u32) -> (Line, Consumer<f32>) {
        let (producer, device) = RingBuffer::new(rate as usize / 4);
        let end = End { ring: Outlet::new(producer, rate), slack: Slack::default() };
        (Line { end: Some(end), ..Line::default() }, device)
    }

    /// The device takes `count` samples and gives those that it found.
    fn take(device: &mut Consumer<f32>, count: usize) -> usize {
        let chunk = device.read_chunk(count.min(device.slots())).expect("so many are there");
        let found = chunk.len();
        chunk.commit_all();
        found
    }

    #[test]
    fn the_device_is_kept_three_frames_ahead_at_first_and_its_clock_decides() {
        let (mut line, mut device) = line(SAMPLE_RATE);
        let mut played = 0;
        for tick in 0..100 {
            while line.wants(at(tick * 10)) {
                line.play(&[0.5; FRAME_SAMPLES]);
                played += 1;
            }
            // A device that takes but half of what the program's clock says.
            assert_eq!(take(&mut device, 240), 240);
        }
        assert_eq!(played, 3 + 50);
        assert_eq!(line.started, Some(at(0)));
    }

    #[test]
    fn while_the_device_is_away_sound_is_let_go_at_its_pace() {
        let mut line = Line::default();
        let mut let_go = 0;
        for now in 0..=1_000 {
            while line.wants(at(5_000 + now)) {
                line.play(&[0.5; FRAME_SAMPLES]);
                let_go += 1;
            }
        }
        assert_eq!(let_go, 100);
    }

    /// The audio thread for an hour beside a loudspeaker whose clock is off: it never finds the ring empty, and no more
    /// waits at the end than at the beginning.
    #[test]
    fn an_hour_with_a_loudspeaker_whose_clock_drifts_leaves_no_hole_and_adds_no_delay() {
        for (rate, off_by_ppm) in [(48_000, 200_i64), (48_000, -200), (16_000, 200), (16_000, -200)] {
            let (mut line, mut device) = line(rate);
            let (mut wanted, mut found, mut most) = (0_u64, 0_u64, 0);
            let minutes = if rate == SAMPLE_RATE { 60 } else { 2 };
            for tick in 1..=minutes * 60 * 200_u64 {
                let micros = tick * 5_000;
                while line.wants(Timestamp::from_micros(micros)) {
                    line.play(&[0.5; FRAME_SAMPLES]);
                }
                most = most.max(line.end.as_ref().map_or(0, |end| end.ring.waiting()));
                let ticked = u64::from(rate) * (1_000_000 + off_by_ppm).unsigned_abs() / 1_000 * micros / 1_000_000_000;
                while wanted + u64::from(rate) / 100 <= ticked {
                    found += take(&mut device, rate as usize / 100) as u64;
                    wanted += u64::from(rate) / 100;
                }
            }
            // The first frame is short by the filter's delay.
            assert!(wanted - found < u64::from(rate) / 500, "{rate} Hz {off_by_ppm} ppm: {found} of {wanted}");
            assert!(most <= 4 * FRAME_SAMPLES, "{rate} Hz {off_by_ppm} ppm: {most} samples waited");
        }
    }
}
