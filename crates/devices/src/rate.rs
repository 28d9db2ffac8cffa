//! Our ends of the rings: what a device has at its own rate, given and taken at the house's.
//!
//! A device that can do 48 kHz passes untouched. Another is converted here, outside of its callback, by the same sinc filter
//! for both directions; the ratio of the two rates is exact, so the delay is the same in the first second and in the last
//! hour. No clock is steered: a microphone is emptied whenever it has a frame and a loudspeaker asks for one whenever it
//! has room, so each ring follows its own device's clock, however that drifts.

use rtrb::{Consumer, Producer};
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Async, FixedAsync, Resampler, SincInterpolationParameters, SincInterpolationType, WindowFunction};

use crate::sound::{FRAME_SAMPLES, SAMPLE_RATE, SoundFrame};

/// Our end of a microphone's ring.
pub(crate) struct Inlet {
    ring: Consumer<f32>,
    rate: u32,
    converter: Option<Converter>,
}

impl Inlet {
    /// For a ring at this rate.
    pub(crate) fn new(ring: Consumer<f32>, rate: u32) -> Self {
        Self { ring, rate, converter: Converter::between(rate, SAMPLE_RATE, FixedAsync::Output) }
    }

    /// How much waits, in samples of 48 kHz.
    pub(crate) fn waiting(&self) -> usize {
        at_our_rate(self.ring.slots(), self.rate)
    }

    /// Drops what is older than the newest `samples` of 48 kHz.
    pub(crate) fn drop_all_but(&mut self, samples: usize) {
        let keep = at_rate(samples, self.rate) + 1;
        let stale = self.ring.slots().saturating_sub(keep);
        if let Ok(chunk) = self.ring.read_chunk(stale) {
            chunk.commit_all();
        }
    }

    /// Fills the frame if there is enough for it.
    pub(crate) fn take(&mut self, frame: &mut SoundFrame) -> bool {
        let needed = self.converter.as_ref().map_or(FRAME_SAMPLES, Converter::needed);
        let Ok(chunk) = self.ring.read_chunk(needed) else { return false };
        let (first, second) = chunk.as_slices();
        match &mut self.converter {
            None => {
                frame[..first.len()].copy_from_slice(first);
                frame[first.len()..].copy_from_slice(second);
            }
            Some(converter) => {
                converter.input[..first.len()].copy_from_slice(first);
                converter.input[first.len()..needed].copy_from_slice(second);
                frame.copy_from_slice(converter.convert(needed));
            }
        }
        chunk.commit_all();
        true
    }
}

/// Our end of a loudspeaker's ring.
pub(crate) struct Outlet {
    ring: Producer<f32>,
    rate: u32,
    converter: Option<Converter>,
}

impl Outlet {
    /// For a ring at this rate.
    pub(crate) fn new(ring: Producer<f32>, rate: u32) -> Self {
        Self { ring, rate, converter: Converter::between(SAMPLE_RATE, rate, FixedAsync::Input) }
    }

    /// Whether the stream at the other end is gone.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.ring.is_abandoned()
    }

    /// How much waits, in samples of 48 kHz.
    pub(crate) fn waiting(&self) -> usize {
        at_our_rate(self.ring.buffer().capacity() - self.ring.slots(), self.rate)
    }

    /// Puts the frame behind what waits; without room it is lost.
    pub(crate) fn put(&mut self, frame: &SoundFrame) {
        let samples = match &mut self.converter {
            None => frame.as_slice(),
            Some(converter) => {
                converter.input[..FRAME_SAMPLES].copy_from_slice(frame);
                converter.convert(FRAME_SAMPLES)
            }
        };
        if let Ok(chunk) = self.ring.write_chunk_uninit(samples.len()) {
            chunk.fill_from_iter(samples.iter().copied());
        }
    }
}

/// From one rate to another, with room for what goes in and comes out.
struct Converter {
    resampler: Async<f32>,
    input: Vec<f32>,
    output: Vec<f32>,
}

impl Converter {
    /// `None` where there is nothing to convert.
    fn between(from: u32, to: u32, fixed: FixedAsync) -> Option<Self> {
        if from == to {
            return None;
        }
        let parameters = SincInterpolationParameters {
            sinc_len: SINC_LENGTH,
            f_cutoff: None,
            oversampling_factor: 256,
            interpolation: SincInterpolationType::Cubic,
            window: WindowFunction::BlackmanHarris2,
        };
        let ratio = f64::from(to) / f64::from(from);
        let resampler = Async::new_sinc(ratio, 1.0, &parameters, FRAME_SAMPLES, 1, fixed)
            .inspect_err(|error| tracing::error!(%error, from, to, "sound is not converted"))
            .ok()?;
        let (input, output) = (resampler.input_frames_max(), resampler.output_frames_max());
        Some(Self { resampler, input: vec![0.0; input], output: vec![0.0; output] })
    }

    /// How many samples the next conversion takes.
    fn needed(&self) -> usize {
        self.resampler.input_frames_next()
    }

    /// Converts that many samples of the input.
    fn convert(&mut self, count: usize) -> &[f32] {
        let room = self.output.len();
        let (Ok(input), Ok(mut output)) =
            (InterleavedSlice::new(&self.input, 1, count), InterleavedSlice::new_mut(&mut self.output, 1, room))
        else {
            return &[];
        };
        let given = self.resampler.process_into_buffer(&input, &mut output, None).map_or(0, |(_, given)| given);
        &self.output[..given]
    }
}

fn at_our_rate(samples: usize, rate: u32) -> usize {
    (samples as u64 * u64::from(SAMPLE_RATE) / u64::from(rate.max(1))) as usize
}

/// So many samples of 48 kHz, at another rate.
pub(crate) fn at_rate(samples: usize, rate: u32) -> usize {
    (samples as u64 * u64::from(rate) / u64::from(SAMPLE_RATE)) as usize
}

/// Samples of the input that count for each of the output: half of them are the delay, 1.5 ms at 44.1 kHz. With 64 the voice's
/// upper octave is dulled at 16 kHz.
const SINC_LENGTH: usize = 128;

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use rtrb::RingBuffer;

    use super::*;

    const RATES: [u32; 5] = [8_000, 16_000, 32_000, 44_100, 96_000];

    fn wave(hertz: f64, rate: u32, sample: usize) -> f32 {
        ((TAU * hertz * sample as f64 / f64::from(rate)).sin() * 0.5) as f32
    }

    /// How many samples behind a wave of that pitch begun at sample 0 these are, and how far from any such wave, in
    /// decibels below it.
    fn delay_and_error(samples: &[f32], first: usize, hertz: f64, rate: u32) -> (f64, f64) {
        let angle = |n: usize| TAU * hertz * (first + n) as f64 / f64::from(rate);
        let (mut sine, mut cosine) = (0.0, 0.0);
        for (n, &sample) in samples.iter().enumerate() {
            sine += f64::from(sample) * angle(n).sin() * 2.0 / samples.len() as f64;
            cosine += f64::from(sample) * angle(n).cos() * 2.0 / samples.len() as f64;
        }
        let residual: f64 = samples
            .iter()
            .enumerate()
            .map(|(n, &sample)| (f64::from(sample) - sine * angle(n).sin() - cosine * angle(n).cos()).powi(2))
            .sum();
        let power = (sine * sine + cosine * cosine) / 2.0 * samples.len() as f64;
        let delay = (-cosine).atan2(sine) / TAU * f64::from(rate) / hertz;
        (delay, 10.0 * (power / residual.max(1e-30)).log10())
    }

    /// What comes out of a microphone of that rate that hears a whistle, in pieces of 10 ms, for so many seconds.
    fn heard(rate: u32, hertz: f64, seconds: usize) -> Vec<f32> {
        let (mut microphone, ring) = RingBuffer::new(rate as usize);
        let mut inlet = Inlet::new(ring, rate);
        let (mut heard, mut sample, mut frame) = (Vec::new(), 0, [0.0; FRAME_SAMPLES]);
        for _ in 0..seconds * 100 {
            for _ in 0..rate / 100 {
                microphone.push(wave(hertz, rate, sample)).expect("room");
                sample += 1;
            }
            while inlet.take(&mut frame) {
                heard.extend(frame);
            }
            assert!(inlet.waiting() <= 2 * FRAME_SAMPLES, "{} wait at {rate}", inlet.waiting());
        }
        heard
    }

    #[test]
    fn a_whistle_through_a_microphone_of_any_rate_stays_one_and_keeps_its_delay() {
        for rate in RATES {
            let heard = heard(rate, 1_000.0, 4);
            let second = SAMPLE_RATE as usize;
            let (early, error) = delay_and_error(&heard[second..2 * second], second, 1_000.0, SAMPLE_RATE);
            let (late, _) =
                delay_and_error(&heard[3 * second - 4_800..][..4_800], 3 * second - 4_800, 1_000.0, SAMPLE_RATE);
            assert!(error > 80.0, "{rate} Hz: {error:.1} dB");
            assert!((early - late).abs() < 0.01, "{rate} Hz: {early} then {late}");
            // Nothing is lost on the way: all but the filter and what waits for its frame has come out.
            assert!(heard.len() > 4 * second - 4 * FRAME_SAMPLES, "{rate} Hz: {}", heard.len());
        }
    }

    #[test]
    fn a_whistle_through_a_loudspeaker_of_any_rate_stays_one_and_keeps_its_delay() {
        for rate in RATES {
            let (ring, mut loudspeaker) = RingBuffer::new(rate as usize);
            let mut outlet = Outlet::new(ring, rate);
            let mut played = Vec::new();
            for frame in 0..400 {
                outlet.put(&std::array::from_fn(|n| wave(1_000.0, SAMPLE_RATE, frame * FRAME_SAMPLES + n)));
                while let Ok(sample) = loudspeaker.pop() {
                    played.push(sample);
                }
            }
            let second = rate as usize;
            let (early, error) = delay_and_error(&played[second..2 * second], second, 1_000.0, rate);
            let (late, _) = delay_and_error(&played[3 * second..][..second / 10], 3 * second, 1_000.0, rate);
            assert!(error > 80.0, "{rate} Hz: {error:.1} dB");
            assert!((early - late).abs() < 0.01, "{rate} Hz: {early} then {late}");
            assert!(played.len().abs_diff(4 * second) < second / 50, "{rate} Hz: {}", played.len());
        }
    }

    #[test]
    fn long_an_hour_of_a_microphone_at_another_rate_adds_no_delay() {
        let rate = 44_100;
        let (mut microphone, ring) = RingBuffer::new(rate as usize);
        let mut inlet = Inlet::new(ring, rate);
        let (mut given, mut sample, mut frame) = (0, 0, [0.0; FRAME_SAMPLES]);
        let mut delays = Vec::new();
        for tick in 0..100 * 3_600 {
            for _ in 0..rate / 100 {
                microphone.push(wave(1_000.0, rate, sample)).expect("room");
                sample += 1;
            }
            while inlet.take(&mut frame) {
                // Whole turns of 1 kHz: 48 samples.
                if tick % 60_000 > 100 && tick % 60_000 < 110 {
                    delays.push(delay_and_error(&frame, given, 1_000.0, SAMPLE_RATE).0);
                }
                given += FRAME_SAMPLES;
            }
        }
        let ends = delays.iter().fold((f64::MAX, f64::MIN), |ends, &delay| (ends.0.min(delay), ends.1.max(delay)));
        assert!(ends.1 - ends.0 < 0.05, "between {} and {} samples", ends.0, ends.1);
        assert!(given.abs_diff(3_600 * SAMPLE_RATE as usize) < 3 * FRAME_SAMPLES, "{given}");
    }

    #[test]
    fn what_is_old_is_dropped_at_any_rate() {
        for rate in [16_000, 48_000, 96_000] {
            let (mut microphone, ring) = RingBuffer::new(rate as usize);
            let mut inlet = Inlet::new(ring, rate);
            (0..rate / 2).for_each(|_| microphone.push(0.0).expect("room"));
            assert_eq!(inlet.waiting(), SAMPLE_RATE as usize / 2);
            inlet.drop_all_but(FRAME_SAMPLES);
            assert!(inlet.waiting().abs_diff(FRAME_SAMPLES) <= 3, "{rate} Hz: {}", inlet.waiting());
        }
    }
}
