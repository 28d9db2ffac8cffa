//! Which devices there are, and how each is used best.

use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{BufferSize, Device, Host, SampleFormat, StreamConfig};

use super::{PULSE_AUDIO, Plan, hush, sentence};
use crate::DeviceError;
use crate::sound::{FRAME_SAMPLES, SAMPLE_RATE};
use units::DeviceKind;

/// The names of the devices of this kind.
pub(crate) fn names(kind: DeviceKind) -> Result<Vec<String>, DeviceError> {
    hush();
    let devices = devices(&cpal::default_host(), kind)?;
    Ok(devices.iter().filter_map(name_of).collect())
}

fn devices(host: &Host, kind: DeviceKind) -> Result<Vec<Device>, DeviceError> {
    let devices: Result<Vec<_>, _> = match kind {
        DeviceKind::Speaker => host.output_devices().map(Iterator::collect),
        DeviceKind::Microphone | DeviceKind::Camera => {
            host.input_devices().map(|devices| devices.filter(|device| !is_monitor(device)).collect())
        }
    };
    devices.map_err(|error| sentence(kind, &error))
}

fn name_of(device: &Device) -> Option<String> {
    Some(device.description().ok()?.name().to_owned())
}

/// Whether a source is what a loudspeaker plays: no microphone, or the other would hear himself. PulseAudio and PipeWire
/// list these among the microphones, make one the default when the last microphone goes, and name them all alike.
fn is_monitor(device: &Device) -> bool {
    device.id().is_ok_and(|id| id.host().name() == PULSE_AUDIO && id.id().ends_with(".monitor"))
}

pub(super) fn find(host: &Host, kind: DeviceKind, name: Option<&str>) -> Result<Device, DeviceError> {
    let Some(name) = name else {
        let device = match kind {
            DeviceKind::Speaker => host.default_output_device(),
            DeviceKind::Microphone | DeviceKind::Camera => match host.default_input_device() {
                Some(monitor) if is_monitor(&monitor) => devices(host, kind)?.into_iter().next(),
                device => device,
            },
        };
        return device.ok_or(DeviceError::NoDevice { kind });
    };
    let mut devices = devices(host, kind)?;
    let wanted =
        |device: &Device| name_of(device).as_deref() == Some(name) || device.id().is_ok_and(|id| id.id() == name);
    match devices.iter().position(wanted) {
        Some(index) => Ok(devices.swap_remove(index)),
        None if devices.is_empty() => Err(DeviceError::NoDevice { kind }),
        None => {
            let present = devices.iter().filter_map(name_of).collect::<Vec<_>>().join(", ");
            Err(DeviceError::NoSuchDevice { kind, name: name.to_owned(), present })
        }
    }
}

/// 48 kHz with as few channels and as good samples as the device offers, in buffers of 10 ms.
pub(super) fn plan(device: &Device, kind: DeviceKind) -> Result<Plan, DeviceError> {
    let failed = |error: cpal::Error| sentence(kind, &error);
    let offers: Vec<_> = match kind {
        DeviceKind::Speaker => device.supported_output_configs().map_err(failed)?.collect(),
        DeviceKind::Microphone | DeviceKind::Camera => device.supported_input_configs().map_err(failed)?.collect(),
    };
    let best = offers
        .iter()
        .filter(|offer| (offer.min_sample_rate()..=offer.max_sample_rate()).contains(&SAMPLE_RATE))
        .filter_map(|offer| Some((offer.channels(), preference(offer.sample_format())?, offer.sample_format())))
        // A loudspeaker's sound is put on both of two channels; a third would be a surround one.
        .min_by_key(|&(channels, preference, _)| (channels.abs_diff(wanted_channels(kind)), preference));
    let (channels, _, format) =
        best.ok_or_else(|| DeviceError::NoFormat { kind, reason: "it cannot do 48 kHz".into() })?;
    // Never the default size: on PulseAudio that is two seconds.
    let buffer_size = BufferSize::Fixed(FRAME_SAMPLES as u32);
    Ok(Plan { config: StreamConfig { channels, sample_rate: SAMPLE_RATE, buffer_size }, format })
}

fn wanted_channels(kind: DeviceKind) -> u16 {
    if kind == DeviceKind::Speaker { 2 } else { 1 }
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
