//! A real microphone.

use std::thread::Thread;
use std::time::Duration;

use rtrb::RingBuffer;
use units::{DeviceKind, DeviceMove, Timestamp};

use super::Microphone;
use crate::DeviceError;
use crate::rate::Inlet;
use crate::sound::{FRAME_DURATION, FRAME_SAMPLES, SAMPLE_RATE, SoundFrame};
use crate::sound_system::{self, Alarm, Found, Stream, Watch};

/// The names of all microphones.
pub(super) fn names() -> Result<Vec<String>, DeviceError> {
    sound_system::names(DeviceKind::Microphone)
}

/// A microphone of the sound system, through a ring.
pub(super) struct DeviceMicrophone {
    watch: Watch<Inlet>,
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
}

/// Our end of the ring, and what to do when nothing or too much comes out of it.
#[derive(Default)]
struct Line {
    ring: Option<Inlet>,
    started: Option<Timestamp>,
    /// Until when sound has been given out.
    given: Timestamp,
    /// Another stream has taken the place of one that broke, and the time between them is still to be given as silence.
    is_after_gap: bool,
    /// The first of two frames has been given, and the second waits.
    within_pair: bool,
}

impl Line {
    /// Goes on with the ring of another stream.
    fn replace(&mut self, ring: Inlet) {
        self.ring = Some(ring);
        self.is_after_gap = self.started.is_some();
        self.within_pair = false;
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
        let waiting = ring.waiting();
        if waiting > MAX_WAITING {
            // We stood still: old sound is dropped, or the other would hear it late for the rest of the call.
            ring.drop_all_but(TOGETHER);
        }
        let enough = self.within_pair || waiting >= TOGETHER;
        if !enough || !ring.take(frame) {
            return false;
        }
        self.within_pair = !self.within_pair;
        let oldest = Duration::from_secs(waiting.min(MAX_WAITING) as u64) / SAMPLE_RATE;
        self.started.get_or_insert(now.before(oldest));
        self.given = now;
        true
    }
}

fn build(found: &Found, alarm: Alarm) -> Result<(Stream, Inlet), DeviceError> {
    let plan = found.plan()?;
    // `DropNewest`: only while nobody pulls, and then `MAX_WAITING` clears it.
    let (producer, consumer) = RingBuffer::new(plan.rate as usize);
    Ok((found.hear(plan, alarm, producer)?, Inlet::new(consumer, plan.rate)))
}

/// Frames are given two by two. A packet holds an even number of them, so none leaves later; and what works on them is
/// cheaper (by a twentieth, measured) while all that it needs is still at hand.
pub(crate) const TOGETHER: usize = 2 * FRAME_SAMPLES;

/// More than this waits only after a stall of ours: 200 ms, which a jitter buffer at the other end would have to bear.
const MAX_WAITING: usize = SAMPLE_RATE as usize / 5;

/// Without sound for so long, a microphone counts as away; the longest that a healthy one was seen to pause is 40 ms.
const OUTAGE: Duration = Duration::from_millis(120);

#[cfg(test)]
mod tests {
    use rtrb::Producer;

    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// A line at 48 kHz and the device's end of its ring.
    fn line() -> (Line, Producer<f32>) {
        let (producer, ring) = ring();
        (Line { ring: Some(ring), ..Line::default() }, producer)
    }

    fn ring() -> (Producer<f32>, Inlet) {
        let (producer, ring) = RingBuffer::new(SAMPLE_RATE as usize);
        (producer, Inlet::new(ring, SAMPLE_RATE))
    }

    fn hear(samples: &[f32], ring: &mut Producer<f32>) {
        samples.iter().for_each(|&sample| ring.push(sample).expect("room"));
    }

    #[test]
    fn crumbs_become_frames() {
        let (mut line, mut ring) = line();
        let mut frame = [0.0; FRAME_SAMPLES];
        for crumb in 0..40 {
            assert!(!line.pull(at(100), &mut frame), "{crumb}");
            hear(&[0.25; 24], &mut ring);
        }
        for _ in 0..2 {
            assert!(line.pull(at(120), &mut frame));
            assert_eq!(frame, [0.25; FRAME_SAMPLES]);
        }
        assert!(!line.pull(at(120), &mut frame));
        assert_eq!(line.started, Some(at(100)));
    }

    #[test]
    fn after_a_stall_old_sound_is_dropped() {
        let (mut line, mut ring) = line();
        let mut frame = [0.0; FRAME_SAMPLES];
        let samples: Vec<f32> = (0..40_000).map(|n| n as f32).collect();
        hear(&samples, &mut ring);
        assert!(line.pull(at(1_000), &mut frame));
        assert!(line.pull(at(1_000), &mut frame));
        assert_eq!(frame[FRAME_SAMPLES - 1], 39_998.0);
        assert!(!line.pull(at(1_000), &mut frame));
    }

    #[test]
    fn the_gap_between_two_streams_is_silence_of_its_length() {
        let (mut line, mut device) = line();
        let mut frame = [1.0; FRAME_SAMPLES];
        hear(&[1.0; TOGETHER], &mut device);
        assert!(line.pull(at(10), &mut frame) && line.pull(at(10), &mut frame));
        for now in [20, 60] {
            assert!(!line.pull(at(now), &mut frame));
        }
        let (mut other, inlet) = ring();
        line.replace(inlet);
        hear(&[1.0; TOGETHER], &mut other);
        for _ in 0..9 {
            assert!(line.pull(at(100), &mut frame));
            assert_eq!(frame, [0.0; FRAME_SAMPLES]);
        }
        for _ in 0..2 {
            assert!(line.pull(at(100), &mut frame));
            assert_eq!(frame, [1.0; FRAME_SAMPLES]);
        }
        assert!(!line.pull(at(105), &mut frame));
    }

    #[test]
    fn a_microphone_that_is_away_gives_silence_at_its_pace() {
        let (mut line, mut ring) = line();
        let mut frame = [1.0; FRAME_SAMPLES];
        hear(&[1.0; TOGETHER], &mut ring);
        assert!(line.pull(at(10), &mut frame) && line.pull(at(10), &mut frame));
        let mut silent = 0;
        for now in 1..=101 {
            while line.pull(at(10 + now * 10), &mut frame) {
                assert_eq!(frame, [0.0; FRAME_SAMPLES]);
                silent += 1;
            }
        }
        assert_eq!(silent, 90);
        hear(&[1.0; TOGETHER], &mut ring);
        assert!(line.pull(at(1_030), &mut frame) && line.pull(at(1_030), &mut frame));
        assert_eq!(frame, [1.0; FRAME_SAMPLES]);
        assert!(!line.pull(at(1_031), &mut frame));
    }

    /// The audio thread for an hour beside a microphone whose clock is off: every sample comes out, none is made up, and
    /// no more waits at the end than at the beginning.
    #[test]
    fn an_hour_with_a_microphone_whose_clock_drifts_loses_nothing_and_adds_no_delay() {
        for (rate, off_by_ppm) in [(48_000, 200_i64), (48_000, -200), (16_000, 200), (16_000, -200)] {
            let (mut device, ring) = RingBuffer::new(rate as usize);
            let mut line = Line { ring: Some(Inlet::new(ring, rate)), ..Line::default() };
            let (mut spoken, mut given, mut most, mut frame) = (0_u64, 0_u64, 0, [0.0; FRAME_SAMPLES]);
            // Sample by sample an hour takes half a minute; rubato's own tests know that it gives what it takes.
            let minutes = if rate == SAMPLE_RATE { 60 } else { 2 };
            for tick in 1..=minutes * 60 * 200_u64 {
                let micros = tick * 5_000;
                let ticked = u64::from(rate) * (1_000_000 + off_by_ppm).unsigned_abs() / 1_000 * micros / 1_000_000_000;
                // The device gives pieces of 10 ms.
                while spoken + u64::from(rate) / 100 <= ticked {
                    let piece = device.write_chunk_uninit(rate as usize / 100).expect("room");
                    piece.fill_from_iter(std::iter::repeat(0.5));
                    spoken += u64::from(rate) / 100;
                }
                while line.pull(Timestamp::from_micros(micros), &mut frame) {
                    given += FRAME_SAMPLES as u64;
                    assert!(given < 5_000 || frame[0] > 0.4, "silence after {micros} us at {rate} Hz");
                }
                most = most.max(line.ring.as_ref().map_or(0, Inlet::waiting));
            }
            let spoken = spoken * u64::from(SAMPLE_RATE) / u64::from(rate);
            assert!(spoken - given < 3 * FRAME_SAMPLES as u64, "{rate} Hz {off_by_ppm} ppm: {given} of {spoken}");
            // A frame of another rate may want a sample more.
            assert!(most <= TOGETHER, "{rate} Hz {off_by_ppm} ppm: {most} samples waited");
        }
    }
}
