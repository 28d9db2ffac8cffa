//! One way through the near end, with settings that stay.

use std::fmt;

use sonora::config::{AdaptiveDigital, GainController2, MaxProcessingRate, Pipeline};
use sonora::high_pass_filter::HighPassFilter;
use sonora::{AudioProcessing, Config, StreamConfig};
use sonora_ns::config::{NsConfig, SuppressionLevel};
use sonora_ns::noise_suppressor::NoiseSuppressor;

use super::bands::{BAND_FRAME, BANDS, BandSplit, Bands};
use super::clock::ClockBridge;
use super::drift::DriftMeter;
use super::echo::{EchoCanceller, is_saturated};
use super::{EchoMode, NearEndSettings, NoiseSuppression, SoundFrame};
use crate::voice::{FRAME, SAMPLE_RATE};

/// Made anew for other settings.
pub(super) struct Chain {
    settings: NearEndSettings,
    /// What works in bands; nothing where nothing is to be done.
    banded: Option<Box<Banded>>,
    gain: Option<Box<AudioProcessing>>,
}

/// The way of what the loudspeaker plays, and what takes it out.
struct Echo {
    clock: ClockBridge,
    drift: DriftMeter,
    split: BandSplit,
    canceller: EchoCanceller,
}

struct Banded {
    split: BandSplit,
    /// One channel.
    low: [Vec<f32>; 1],
    high_pass: HighPassFilter,
    echo: Option<Echo>,
    noise: Option<NoiseSuppressor>,
}

impl Chain {
    pub(super) fn new(settings: NearEndSettings) -> Self {
        Self::with_clock(settings, 0.0)
    }

    /// With what `before` knows of the clocks.
    pub(super) fn following(before: &Self, settings: NearEndSettings) -> Self {
        let echo = before.banded.as_ref().and_then(|banded| banded.echo.as_ref());
        Self::with_clock(settings, echo.map_or(0.0, |echo| echo.clock.faster()))
    }

    fn with_clock(settings: NearEndSettings, faster: f64) -> Self {
        let banded = (settings != NearEndSettings::OFF).then(|| Box::new(Banded::new(settings, faster)));
        let gain = settings.gain_control.then(|| Box::new(gain_control()));
        Self { settings, banded, gain }
    }

    pub(super) fn settings(&self) -> NearEndSettings {
        self.settings
    }

    pub(super) fn render(&mut self, frame: &SoundFrame) {
        if let Some(banded) = &mut self.banded
            && let Some(echo) = &mut banded.echo
        {
            echo.render(frame);
        }
    }

    pub(super) fn capture(&mut self, frame: &mut SoundFrame) {
        if let Some(banded) = &mut self.banded {
            banded.capture(frame);
        }
        if let Some(gain) = &mut self.gain {
            let mut louder = [0.0; FRAME];
            // It refuses other rates and numbers of channels only; then the sound stays as it is.
            if gain.process_capture_f32(&[&*frame], &mut [&mut louder]).is_ok() {
                *frame = louder;
            }
        }
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Echo {
    fn new(faster: f64) -> Self {
        Self {
            clock: ClockBridge::new(faster),
            drift: DriftMeter::new(),
            split: BandSplit::new(),
            canceller: EchoCanceller::new(),
        }
    }

    fn render(&mut self, frame: &SoundFrame) {
        let Self { clock, drift, split, canceller } = self;
        clock.pass(frame, |frame| {
            let bands = split.split(frame);
            drift.play(&bands[0]);
            canceller.render(&bands);
        });
    }

    fn capture(&mut self, bands: &mut Bands, saturated: bool) -> [f32; BAND_FRAME] {
        if let Some(faster) = self.drift.hear(&bands[0]) {
            self.clock.set((1.0 + self.clock.faster()) * (1.0 + faster) - 1.0);
        }
        self.canceller.capture(bands, saturated)
    }
}

impl Banded {
    fn new(settings: NearEndSettings, faster: f64) -> Self {
        let level = match settings.noise_suppression {
            NoiseSuppression::Off => None,
            NoiseSuppression::Low => Some(SuppressionLevel::K6dB),
            NoiseSuppression::Moderate => Some(SuppressionLevel::K12dB),
        };
        Self {
            split: BandSplit::new(),
            low: [vec![0.0; BAND_FRAME]],
            high_pass: HighPassFilter::new(BAND_RATE, 1),
            echo: (settings.echo_cancelling == EchoMode::On).then(|| Echo::new(faster)),
            noise: level.map(|target_level| NoiseSuppressor::new_with_bands(NsConfig { target_level }, BANDS)),
        }
    }

    fn capture(&mut self, frame: &mut SoundFrame) {
        let saturated = is_saturated(frame);
        let mut bands = self.split.split(frame);
        self.low[0].copy_from_slice(&bands[0]);
        self.high_pass.process_channels(&mut self.low);
        bands[0].copy_from_slice(&self.low[0]);
        // Noise is what stays when echo is subtracted, and nothing has been muted yet: in what the microphone hears, a far
        // voice that never pauses passes for noise of the room, and what fills its place later is none.
        let mut unmuted = bands[0];
        if let Some(echo) = &mut self.echo {
            unmuted = echo.capture(&mut bands, saturated);
        }
        if let Some(noise) = &mut self.noise {
            noise.analyze(&unmuted);
            let [low, upper @ ..] = &mut bands;
            noise.process(low);
            let gain = noise.upper_band_gain();
            for (index, band) in upper.iter_mut().enumerate() {
                noise.process_upper_band(band, index, gain);
            }
        }
        *frame = self.split.join(&bands);
    }
}

/// It begins with no gain: what a room sounds like before anybody has spoken is not made louder, nor what is left of an
/// echo. 20 dB bring somebody who sits far from the laptop to where others are; its own 50 would bring the street.
fn gain_control() -> AudioProcessing {
    let adaptive = AdaptiveDigital { initial_gain_db: 0.0, max_gain_db: 20.0, ..AdaptiveDigital::default() };
    let config = Config {
        gain_controller2: Some(GainController2 { adaptive_digital: Some(adaptive), ..GainController2::default() }),
        pipeline: Pipeline { maximum_internal_processing_rate: MaxProcessingRate::Rate48kHz, ..Pipeline::default() },
        ..Config::default()
    };
    let stream = StreamConfig::new(SAMPLE_RATE, 1);
    AudioProcessing::builder().config(config).capture_config(stream).render_config(stream).build()
}

const BAND_RATE: i32 = 16_000;
