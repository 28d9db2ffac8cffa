//! A real loudspeaker.

use std::time::Duration;

use cpal::traits::DeviceTrait;
use cpal::{Device, FromSample, SampleFormat, SizedSample, Stream};
use rtrb::{Consumer, Producer, RingBuffer};
use units::Timestamp;

use super::Speaker;
use crate::DeviceError;
use crate::sound::{FRAME_DURATION, FRAME_SAMPLES, SAMPLE_RATE, SoundFrame};
use crate::sound_system::{self, Alarm, Plan, Watch};
use units::DeviceKind;

/// The names of all loudspeakers.
pub(super) fn names() -> Result<Vec<String>, DeviceError> {
    sound_system::names(DeviceKind::Speaker)
}

/// A loudspeaker of the sound system, through a ring.
pub(super) struct DeviceSpeaker {
    watch: Watch<Producer<f32>>,
    line: Line,
}

impl DeviceSpeaker {
    pub(super) fn open(name: Option<&str>) -> Result<Self, DeviceError> {
        let watch = Watch::open(DeviceKind::Speaker, name, build)?;
        Ok(Self { watch, line: Line::default() })
    }
}

impl Speaker for DeviceSpeaker {
    fn wants(&mut self, now: Timestamp) -> bool {
        if let Some(ring) = self.watch.new_ring() {
            self.line.ring = Some(ring);
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

    fn take_problem(&mut self) -> Option<DeviceError> {
        self.watch.take_problem()
    }

    fn came_back(&mut self) -> bool {
        self.watch.came_back()
    }

    fn finish(&mut self) -> Result<(), DeviceError> {
        Ok(())
    }
}

/// Our end of the ring, and what to do when nobody empties it.
#[derive(Default)]
struct Line {
    ring: Option<Producer<f32>>,
    started: Option<Timestamp>,
    /// Until when sound has been taken, by the program's clock; the device's own clock may be ahead.
    taken: Timestamp,
}

impl Line {
    /// The device's clock decides while it runs. While it is away the program's does, so that what comes from the other
    /// is let go at its pace and does not pile up.
    fn wants(&mut self, now: Timestamp) -> bool {
        let started = *self.started.get_or_insert(now);
        self.taken = self.taken.max(started);
        let is_away = self.ring.as_ref().is_none_or(Producer::is_abandoned);
        if is_away {
            return now >= self.taken + FRAME_DURATION;
        }
        let wants = self.waiting() < TARGET_SAMPLES;
        if !wants || self.taken > now {
            self.taken = now;
        }
        wants
    }

    fn waiting(&self) -> usize {
        self.ring.as_ref().map_or(0, |ring| ring.buffer().capacity() - ring.slots())
    }

    /// What the ring holds. What the system holds behind it, it does not say.
    fn latency(&self) -> Duration {
        Duration::from_micros(self.waiting() as u64 * 1_000_000 / u64::from(SAMPLE_RATE))
    }

    fn play(&mut self, frame: &SoundFrame) {
        self.taken += FRAME_DURATION;
        if let Some(ring) = &mut self.ring
            && let Ok(chunk) = ring.write_chunk_uninit(FRAME_SAMPLES)
        {
            chunk.fill_from_iter(frame.iter().copied());
        }
    }
}

fn build(device: &Device, plan: Plan, alarm: Alarm) -> Result<(Stream, Producer<f32>), cpal::Error> {
    match plan.format {
        SampleFormat::I32 => build_as::<i32>(device, plan, alarm),
        SampleFormat::I16 => build_as::<i16>(device, plan, alarm),
        // Nothing else is ever planned; the system would refuse.
        _ => build_as::<f32>(device, plan, alarm),
    }
}

fn build_as<T>(device: &Device, plan: Plan, alarm: Alarm) -> Result<(Stream, Producer<f32>), cpal::Error>
where
    T: SizedSample + FromSample<f32>,
{
    // `DropNewest`, and never full: `wants` stops far below.
    let (producer, mut consumer) = RingBuffer::new(RING_SAMPLES);
    let channels = usize::from(plan.config.channels).max(1);
    let on_error = alarm.clone();
    let stream = device.build_output_stream::<T, _, _>(
        plan.config,
        move |samples, _| {
            alarm.alive();
            speak(samples, channels, &mut consumer);
        },
        move |error| on_error.error(&error),
        None,
    )?;
    Ok((stream, producer))
}

/// The callback: the ring onto all channels, silence where it is empty. No allocation, no lock, no log.
fn speak<T>(samples: &mut [T], channels: usize, ring: &mut Consumer<f32>)
where
    T: Copy + FromSample<f32>,
{
    for frame in samples.chunks_mut(channels) {
        // Above full scale an integer format would wrap round on some systems.
        let sample = ring.pop().unwrap_or(0.0).clamp(-1.0, 1.0);
        frame.fill(T::from_sample_(sample));
    }
}

/// A quarter of a second; the room above the target is for a device that asks for more at once.
const RING_SAMPLES: usize = SAMPLE_RATE as usize / 4;

/// What waits in the ring before the device takes it: three frames, so that a tick that comes 20 ms late is not heard.
const TARGET_SAMPLES: usize = 3 * FRAME_SAMPLES;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn the_device_is_kept_three_frames_ahead_and_its_clock_decides() {
        let (producer, mut device) = RingBuffer::new(RING_SAMPLES);
        let mut line = Line { ring: Some(producer), ..Line::default() };
        let mut played = 0;
        let mut buffer = [0_i16; 2 * 240];
        for tick in 0..100 {
            while line.wants(at(tick * 10)) {
                line.play(&[0.5; FRAME_SAMPLES]);
                played += 1;
            }
            // A device that takes but half of what the program's clock says.
            speak(&mut buffer, 2, &mut device);
            assert_eq!(buffer, [16_384; 480]);
        }
        assert_eq!(played, 3 + 50);
        assert_eq!(line.started, Some(at(0)));
    }

    #[test]
    fn an_empty_ring_is_silence() {
        let (_producer, mut device) = RingBuffer::<f32>::new(RING_SAMPLES);
        let mut buffer = [1.0_f32; 960];
        speak(&mut buffer, 2, &mut device);
        assert_eq!(buffer, [0.0; 960]);
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
}
