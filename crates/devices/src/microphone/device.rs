//! A real microphone.

use std::time::Duration;

use cpal::traits::DeviceTrait;
use cpal::{Device, FromSample, SampleFormat, SizedSample, Stream};
use rtrb::{Consumer, Producer, RingBuffer};
use units::Timestamp;

use super::Microphone;
use crate::DeviceError;
use crate::sound::{FRAME_DURATION, FRAME_SAMPLES, SAMPLE_RATE, SoundFrame};
use crate::sound_system::{self, Alarm, Plan, Watch};
use units::DeviceKind;

/// The names of all microphones.
pub(super) fn names() -> Result<Vec<String>, DeviceError> {
    sound_system::names(DeviceKind::Microphone)
}

/// A microphone of the sound system, through a ring.
pub(super) struct DeviceMicrophone {
    watch: Watch<Consumer<f32>>,
    line: Line,
}

impl DeviceMicrophone {
    pub(super) fn open(name: Option<&str>) -> Result<Self, DeviceError> {
        let watch = Watch::open(DeviceKind::Microphone, name, build)?;
        Ok(Self { watch, line: Line::default() })
    }
}

impl Microphone for DeviceMicrophone {
    fn started(&self) -> Option<Timestamp> {
        self.line.started
    }

    fn pull(&mut self, now: Timestamp, frame: &mut SoundFrame) -> bool {
        if let Some(ring) = self.watch.new_ring() {
            self.line.replace(ring);
        }
        self.line.pull(now, frame)
    }

    fn take_problem(&mut self) -> Option<DeviceError> {
        self.watch.take_problem()
    }

    fn came_back(&mut self) -> bool {
        self.watch.came_back()
    }
}

/// Our end of the ring, and what to do when nothing or too much comes out of it.
#[derive(Default)]
struct Line {
    ring: Option<Consumer<f32>>,
    started: Option<Timestamp>,
    /// Until when sound has been given out.
    given: Timestamp,
    /// Another stream has taken the place of one that broke, and the time between them is still to be given as silence.
    is_after_gap: bool,
}

impl Line {
    /// Goes on with the ring of another stream.
    fn replace(&mut self, ring: Consumer<f32>) {
        self.ring = Some(ring);
        self.is_after_gap = self.started.is_some();
    }

    /// A microphone that is away gives silence, or sample n would no longer be spoken at the start plus n / rate.
    fn pull(&mut self, now: Timestamp, frame: &mut SoundFrame) -> bool {
        if self.is_after_gap && now >= self.given + FRAME_DURATION {
            return self.silence(frame);
        }
        self.is_after_gap = false;
        if self.fill(now, frame) {
            return true;
        }
        self.started.is_some() && now >= self.given + OUTAGE && self.silence(frame)
    }

    fn silence(&mut self, frame: &mut SoundFrame) -> bool {
        self.given += FRAME_DURATION;
        frame.fill(0.0);
        true
    }

    fn fill(&mut self, now: Timestamp, frame: &mut SoundFrame) -> bool {
        let Some(ring) = &mut self.ring else { return false };
        let waiting = ring.slots();
        if waiting > MAX_WAITING {
            // We stood still: old sound is dropped, or the other would hear it late for the rest of the call.
            if let Ok(stale) = ring.read_chunk(waiting - FRAME_SAMPLES) {
                stale.commit_all();
            }
        }
        let Ok(chunk) = ring.read_chunk(FRAME_SAMPLES) else { return false };
        let (first, second) = chunk.as_slices();
        frame[..first.len()].copy_from_slice(first);
        frame[first.len()..].copy_from_slice(second);
        chunk.commit_all();
        let oldest = Duration::from_secs(waiting.min(MAX_WAITING) as u64) / SAMPLE_RATE;
        self.started.get_or_insert(now.before(oldest));
        self.given = now;
        true
    }
}

fn build(device: &Device, plan: Plan, alarm: Alarm) -> Result<(Stream, Consumer<f32>), cpal::Error> {
    match plan.format {
        SampleFormat::I32 => build_as::<i32>(device, plan, alarm),
        SampleFormat::I16 => build_as::<i16>(device, plan, alarm),
        // Nothing else is ever planned; the system would refuse.
        _ => build_as::<f32>(device, plan, alarm),
    }
}

fn build_as<T>(device: &Device, plan: Plan, alarm: Alarm) -> Result<(Stream, Consumer<f32>), cpal::Error>
where
    T: SizedSample,
    f32: FromSample<T>,
{
    // `DropNewest`: only while nobody pulls, and then `MAX_WAITING` clears it.
    let (mut producer, consumer) = RingBuffer::new(RING_SAMPLES);
    let channels = usize::from(plan.config.channels).max(1);
    let on_error = alarm.clone();
    let stream = device.build_input_stream::<T, _, _>(
        plan.config,
        move |samples, _| {
            alarm.alive();
            hear(samples, channels, &mut producer);
        },
        move |error| on_error.error(&error),
        None,
    )?;
    Ok((stream, consumer))
}

/// The callback: the mean of the channels into the ring. No allocation, no lock, no log.
fn hear<T>(samples: &[T], channels: usize, ring: &mut Producer<f32>)
where
    T: Copy,
    f32: FromSample<T>,
{
    for frame in samples.chunks_exact(channels) {
        let sum: f32 = frame.iter().map(|&sample| f32::from_sample_(sample)).sum();
        if ring.push(sum / channels as f32).is_err() {
            return;
        }
    }
}

/// A second.
const RING_SAMPLES: usize = SAMPLE_RATE as usize;

/// More than this waits only after a stall of ours: 200 ms, which a jitter buffer at the other end would have to bear.
const MAX_WAITING: usize = SAMPLE_RATE as usize / 5;

/// Without sound for so long, a microphone counts as away; the longest that a healthy one was seen to pause is 40 ms.
const OUTAGE: Duration = Duration::from_millis(120);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn line() -> (Line, Producer<f32>) {
        let (producer, ring) = RingBuffer::new(RING_SAMPLES);
        (Line { ring: Some(ring), ..Line::default() }, producer)
    }

    #[test]
    fn crumbs_become_frames_and_channels_their_mean() {
        let (mut line, mut ring) = line();
        let mut frame = [0.0; FRAME_SAMPLES];
        for crumb in 0..20 {
            assert!(!line.pull(at(100), &mut frame), "{crumb}");
            hear(&[16_384_i16, 0].repeat(24), 2, &mut ring);
        }
        assert!(line.pull(at(110), &mut frame));
        assert_eq!(frame, [0.25; FRAME_SAMPLES]);
        assert_eq!(line.started, Some(at(100)));
    }

    #[test]
    fn after_a_stall_old_sound_is_dropped() {
        let (mut line, mut ring) = line();
        let mut frame = [0.0; FRAME_SAMPLES];
        let samples: Vec<f32> = (0..40_000).map(|n| n as f32).collect();
        hear(&samples, 1, &mut ring);
        assert!(line.pull(at(1_000), &mut frame));
        assert_eq!(frame[FRAME_SAMPLES - 1], 39_999.0);
        assert!(!line.pull(at(1_000), &mut frame));
    }

    #[test]
    fn the_gap_between_two_streams_is_silence_of_its_length() {
        let (mut line, mut ring) = line();
        let mut frame = [1.0; FRAME_SAMPLES];
        hear(&[1.0_f32; FRAME_SAMPLES], 1, &mut ring);
        assert!(line.pull(at(10), &mut frame));
        for now in [20, 60] {
            assert!(!line.pull(at(now), &mut frame));
        }
        let (mut other, ring) = RingBuffer::new(RING_SAMPLES);
        line.replace(ring);
        hear(&[1.0_f32; FRAME_SAMPLES], 1, &mut other);
        for _ in 0..9 {
            assert!(line.pull(at(100), &mut frame));
            assert_eq!(frame, [0.0; FRAME_SAMPLES]);
        }
        assert!(line.pull(at(100), &mut frame));
        assert_eq!(frame, [1.0; FRAME_SAMPLES]);
        assert!(!line.pull(at(105), &mut frame));
    }

    #[test]
    fn a_microphone_that_is_away_gives_silence_at_its_pace() {
        let (mut line, mut ring) = line();
        let mut frame = [1.0; FRAME_SAMPLES];
        hear(&[1.0_f32; FRAME_SAMPLES], 1, &mut ring);
        assert!(line.pull(at(10), &mut frame));
        let mut silent = 0;
        for now in 1..=101 {
            while line.pull(at(10 + now * 10), &mut frame) {
                assert_eq!(frame, [0.0; FRAME_SAMPLES]);
                silent += 1;
            }
        }
        assert_eq!(silent, 90);
        hear(&[1.0_f32; FRAME_SAMPLES], 1, &mut ring);
        assert!(line.pull(at(1_030), &mut frame));
        assert_eq!(frame, [1.0; FRAME_SAMPLES]);
        assert!(!line.pull(at(1_031), &mut frame));
    }
}
