//! How each device is used best.

use cpal::traits::DeviceTrait;
use cpal::{BufferSize, Device, SampleFormat, StreamConfig, SupportedStreamConfigRange};
use units::DeviceKind;

use super::system::sentence;
use crate::DeviceError;
use crate::sound::SAMPLE_RATE;

/// What to ask the device for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Samples in a second.
    pub(crate) rate: u32,
    channels: u16,
    pub(super) format: SampleFormat,
}

impl Plan {
    /// The house's own shape, for systems that convert by themselves.
    pub(super) fn ours() -> Self {
        Self { rate: SAMPLE_RATE, channels: 1, format: SampleFormat::F32 }
    }

    pub(super) fn channels(self) -> usize {
        usize::from(self.channels).max(1)
    }

    /// Buffers of 10 ms; never the default size, which is seconds on some systems.
    pub(super) fn config(self) -> StreamConfig {
        let buffer_size = BufferSize::Fixed(self.rate / 100);
        StreamConfig { channels: self.channels, sample_rate: self.rate, buffer_size }
    }
}

/// 48 kHz or what comes next to it, with as few channels and as good samples as the device offers.
pub(super) fn plan(device: &Device, kind: DeviceKind) -> Result<Plan, DeviceError> {
    let failed = |error: cpal::Error| sentence(kind, &error);
    let offers: Vec<_> = match kind {
        DeviceKind::Speaker => device.supported_output_configs().map_err(failed)?.collect(),
        DeviceKind::Microphone | DeviceKind::Camera => device.supported_input_configs().map_err(failed)?.collect(),
    };
    best(&offers, kind).ok_or_else(|| {
        let reason = format!("none of its {} shapes of sound can be converted", offers.len());
        DeviceError::NoFormat { kind, reason }
    })
}

fn best(offers: &[SupportedStreamConfigRange], kind: DeviceKind) -> Option<Plan> {
    // A loudspeaker's sound is put on both of two channels; a third would be a surround one.
    let wanted_channels = if kind == DeviceKind::Speaker { 2_u16 } else { 1 };
    let plans = offers.iter().filter_map(|offer| {
        let plan = Plan { rate: rate(offer)?, channels: offer.channels(), format: offer.sample_format() };
        let by_format = preference(plan.format)?;
        Some((cost(plan.rate), plan.channels.abs_diff(wanted_channels), by_format, plan))
    });
    plans.min_by_key(|&(rate, channels, format, _)| (rate, channels, format)).map(|(.., plan)| plan)
}

/// What costs least of this offer's rates.
fn rate(offer: &SupportedStreamConfigRange) -> Option<u32> {
    let range = offer.min_sample_rate()..=offer.max_sample_rate();
    let nearest = SAMPLE_RATE.clamp(*range.start(), (*range.end()).max(*range.start()));
    (LOWEST_RATE..=HIGHEST_RATE).contains(&nearest).then_some(nearest)
}

/// Smaller is better: nothing to convert, then nothing lost, then as little lost as can be.
fn cost(rate: u32) -> (u8, u32) {
    match rate {
        SAMPLE_RATE => (0, 0),
        44_100 => (1, 0),
        above if above > SAMPLE_RATE => (2, above),
        below => (3, SAMPLE_RATE - below),
    }
}

/// Smaller is better; `None` for what we do not convert.
fn preference(format: SampleFormat) -> Option<u8> {
    match format {
        SampleFormat::F32 => Some(0),
        SampleFormat::I32 => Some(1),
        SampleFormat::I16 => Some(2),
        _ => None,
    }
}

/// A telephone's headset over Bluetooth has 8 kHz; studio cards end at 192.
const LOWEST_RATE: u32 = 8_000;
const HIGHEST_RATE: u32 = 192_000;

#[cfg(test)]
mod tests {
    use cpal::SupportedBufferSize;

    use super::*;

    fn offer(channels: u16, rates: (u32, u32), format: SampleFormat) -> SupportedStreamConfigRange {
        SupportedStreamConfigRange::new(channels, rates.0, rates.1, SupportedBufferSize::Unknown, format)
    }

    fn planned(offers: &[SupportedStreamConfigRange], kind: DeviceKind) -> Option<(u32, u16, SampleFormat)> {
        best(offers, kind).map(|plan| (plan.rate, plan.channels, plan.format))
    }

    #[test]
    fn a_device_that_can_do_48_khz_does_and_another_does_what_comes_next_to_it() {
        let f32 = SampleFormat::F32;
        let kind = DeviceKind::Microphone;
        let fixed = |rate| offer(1, (rate, rate), f32);
        assert_eq!(planned(&[fixed(44_100), fixed(48_000), fixed(96_000)], kind), Some((48_000, 1, f32)));
        assert_eq!(planned(&[offer(1, (8_000, 192_000), f32)], kind), Some((48_000, 1, f32)));
        assert_eq!(planned(&[fixed(16_000), fixed(44_100), fixed(96_000)], kind), Some((44_100, 1, f32)));
        assert_eq!(planned(&[fixed(16_000), fixed(32_000)], kind), Some((32_000, 1, f32)));
        assert_eq!(planned(&[fixed(16_000)], kind), Some((16_000, 1, f32)));
        assert_eq!(planned(&[fixed(96_000)], kind), Some((96_000, 1, f32)));
        assert_eq!(planned(&[fixed(4_000)], kind), None);
    }

    #[test]
    fn a_microphone_is_asked_for_one_channel_a_loudspeaker_for_two_and_both_for_the_best_samples() {
        let (f32, i16) = (SampleFormat::F32, SampleFormat::I16);
        let rates = (48_000, 48_000);
        let offers = [offer(6, rates, f32), offer(2, rates, i16), offer(2, rates, f32), offer(1, rates, i16)];
        assert_eq!(planned(&offers, DeviceKind::Microphone), Some((48_000, 1, i16)));
        assert_eq!(planned(&offers, DeviceKind::Speaker), Some((48_000, 2, f32)));
        assert_eq!(planned(&[offer(2, rates, SampleFormat::U8)], DeviceKind::Speaker), None);
    }

    #[test]
    fn a_buffer_is_ten_milliseconds_at_any_rate() {
        let plan = Plan { rate: 44_100, ..Plan::ours() };
        assert!(matches!(plan.config().buffer_size, BufferSize::Fixed(441)));
    }
}
