//! The sound system of this machine, whichever it is: what there is, and streams on it.

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{Device, DeviceType, ErrorKind, FromSample, Host, InterfaceType, SampleFormat, SizedSample};
use rtrb::{Consumer, Producer};
use units::DeviceKind;

use super::callback::{Hearing, Slack, Speaking};
use super::plan::{Plan, plan};
#[cfg(target_os = "linux")]
use super::pulse;
use super::{Alarm, StopCause};
use crate::DeviceError;

/// A connection to a sound system.
pub(super) enum System {
    #[cfg(target_os = "linux")]
    Pulse(pulse::Connection),
    Cpal(Host),
}

/// What devices of a kind there are.
#[derive(Debug)]
pub(super) struct Sight {
    /// All of them.
    pub(super) present: Vec<Found>,
    /// The system's choice.
    pub(super) default: Option<Found>,
}

/// A device that was seen.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    kind: DeviceKind,
    /// What the system calls it.
    pub(crate) id: String,
    /// What people call it.
    pub(crate) name: String,
    /// Whether it is worn on the head, where the system knows.
    pub(crate) is_headset: Option<bool>,
    handle: Handle,
}

#[derive(Clone)]
enum Handle {
    #[cfg(target_os = "linux")]
    Pulse(std::ffi::CString),
    Cpal(Device),
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handle")
    }
}

/// A stream that runs; dropping it stops it.
pub(crate) enum Stream {
    #[cfg(target_os = "linux")]
    Pulse(#[expect(dead_code, reason = "held for its end")] pulse::PulseStream),
    Cpal(#[expect(dead_code, reason = "held for its end")] cpal::Stream),
}

impl System {
    /// The one that desktops use, or else the one that is always there.
    ///
    /// # Errors
    /// The one that desktops use does not let us in: what is below it belongs to it.
    pub(super) fn connect(kind: DeviceKind) -> Result<Self, DeviceError> {
        hush();
        #[cfg(target_os = "linux")]
        if pulse::Connection::is_possible() {
            match pulse::Connection::open() {
                Ok(connection) => return Ok(Self::Pulse(connection)),
                Err(failure) => {
                    let problem = failure.of(kind);
                    if matches!(problem, DeviceError::Forbidden { .. }) {
                        return Err(problem);
                    }
                    tracing::debug!(%problem, "no PulseAudio");
                }
            }
        }
        Ok(Self::Cpal(cpal::default_host()))
    }

    /// Connects to the same system anew: a connection does not survive a restart of the server, and while PulseAudio
    /// restarts, ALSA would give another device and much noise.
    pub(super) fn reconnect(&mut self, kind: DeviceKind) -> Result<(), DeviceError> {
        *self = match self {
            #[cfg(target_os = "linux")]
            Self::Pulse(_) => Self::Pulse(pulse::Connection::open().map_err(|failure| failure.of(kind))?),
            Self::Cpal(host) => Self::Cpal(cpal::host_from_id(host.id()).map_err(|error| sentence(kind, &error))?),
        };
        Ok(())
    }

    /// Whether asking costs next to nothing; some systems open every device to answer.
    pub(super) fn answers_quickly(&self) -> bool {
        match self {
            #[cfg(target_os = "linux")]
            Self::Pulse(_) => true,
            Self::Cpal(_) => false,
        }
    }

    /// Looks which devices of this kind there are.
    pub(super) fn look(&mut self, kind: DeviceKind) -> Result<Sight, DeviceError> {
        hush();
        match self {
            #[cfg(target_os = "linux")]
            Self::Pulse(connection) => {
                let listed = connection.list(kind).map_err(|failure| failure.of(kind))?;
                let default = connection.default(kind).map_err(|failure| failure.of(kind))?;
                let present: Vec<_> = listed.into_iter().map(|listed| Found::on_pulse(kind, listed)).collect();
                let default = default.and_then(|id| {
                    let id = id.to_string_lossy();
                    // When the last microphone goes, what a loudspeaker plays becomes the default.
                    present.iter().find(|found| found.id == id).or(present.first()).cloned()
                });
                Ok(Sight { present, default })
            }
            Self::Cpal(host) => {
                let devices: Result<Vec<_>, _> = match kind {
                    DeviceKind::Speaker => host.output_devices().map(Iterator::collect),
                    DeviceKind::Microphone | DeviceKind::Camera => host.input_devices().map(Iterator::collect),
                };
                let default = match kind {
                    DeviceKind::Speaker => host.default_output_device(),
                    DeviceKind::Microphone | DeviceKind::Camera => host.default_input_device(),
                };
                let devices = devices.map_err(|error| sentence(kind, &error))?;
                let found = |device| Found::by_cpal(kind, device);
                Ok(Sight { present: devices.into_iter().filter_map(found).collect(), default: default.and_then(found) })
            }
        }
    }
}

impl Sight {
    /// The device of that name, or the system's choice.
    pub(super) fn find(&self, kind: DeviceKind, name: Option<&str>) -> Result<&Found, DeviceError> {
        let Some(name) = name else {
            return self.default.as_ref().ok_or(DeviceError::NoDevice { kind });
        };
        let wanted = self.present.iter().find(|found| found.name == name || found.id == name);
        wanted.ok_or_else(|| {
            let names: Vec<_> = self.present.iter().map(|found| found.name.as_str()).collect();
            if names.is_empty() {
                return DeviceError::NoDevice { kind };
            }
            DeviceError::NoSuchDevice { kind, name: name.to_owned(), present: names.join(", ") }
        })
    }

    /// Whether a device of that id is there.
    pub(super) fn has(&self, id: &str) -> bool {
        self.present.iter().chain(&self.default).any(|found| found.id == id)
    }
}

impl Found {
    #[cfg(target_os = "linux")]
    fn on_pulse(kind: DeviceKind, listed: pulse::Listed) -> Self {
        Self {
            kind,
            id: listed.id.to_string_lossy().into_owned(),
            name: listed.name,
            is_headset: listed.is_headset,
            handle: Handle::Pulse(listed.id),
        }
    }

    fn by_cpal(kind: DeviceKind, device: Device) -> Option<Self> {
        let description = device.description().ok()?;
        Some(Self {
            kind,
            id: device.id().ok()?.to_string(),
            name: description.name().to_owned(),
            is_headset: is_headset(description.device_type(), description.interface_type()),
            handle: Handle::Cpal(device),
        })
    }

    /// How its sound is, as near to ours as it can.
    pub(crate) fn plan(&self) -> Result<Plan, DeviceError> {
        match &self.handle {
            #[cfg(target_os = "linux")]
            Handle::Pulse(_) => Ok(Plan::ours()),
            Handle::Cpal(device) => plan(device, self.kind),
        }
    }

    /// Lets what it hears go into the ring.
    pub(crate) fn hear(&self, plan: Plan, alarm: Alarm, ring: Producer<f32>) -> Result<Stream, DeviceError> {
        match &self.handle {
            #[cfg(target_os = "linux")]
            Handle::Pulse(id) => {
                let mut hearing = Hearing::new(ring, plan.rate, alarm.clone());
                pulse::record(id, alarm, move |samples| hearing.hear(samples, 1))
                    .map(Stream::Pulse)
                    .map_err(|failure| failure.of(self.kind))
            }
            Handle::Cpal(device) => match plan.format {
                SampleFormat::I32 => input::<i32>(device, plan, alarm, ring),
                SampleFormat::I16 => input::<i16>(device, plan, alarm, ring),
                // Nothing else is ever planned; the system would refuse.
                _ => input::<f32>(device, plan, alarm, ring),
            }
            .map_err(|error| sentence(self.kind, &error)),
        }
    }

    /// Lets what is in the ring be heard.
    pub(crate) fn speak(
        &self,
        plan: Plan,
        alarm: Alarm,
        ring: Consumer<f32>,
        slack: Slack,
    ) -> Result<Stream, DeviceError> {
        match &self.handle {
            #[cfg(target_os = "linux")]
            Handle::Pulse(id) => {
                let mut speaking = Speaking::new(ring, alarm.clone(), slack);
                pulse::play(id, alarm, move |samples| speaking.speak(samples, 1))
                    .map(Stream::Pulse)
                    .map_err(|failure| failure.of(self.kind))
            }
            Handle::Cpal(device) => match plan.format {
                SampleFormat::I32 => output::<i32>(device, plan, alarm, ring, slack),
                SampleFormat::I16 => output::<i16>(device, plan, alarm, ring, slack),
                _ => output::<f32>(device, plan, alarm, ring, slack),
            }
            .map_err(|error| sentence(self.kind, &error)),
        }
    }
}

fn input<T>(device: &Device, plan: Plan, alarm: Alarm, ring: Producer<f32>) -> Result<Stream, cpal::Error>
where
    T: SizedSample,
    f32: FromSample<T>,
{
    let mut hearing = Hearing::new(ring, plan.rate, alarm.clone());
    let stream = device.build_input_stream::<T, _, _>(
        plan.config(),
        move |samples, _| hearing.hear(samples, plan.channels()),
        move |error| alarm.error(&error),
        None,
    )?;
    stream.play()?;
    Ok(Stream::Cpal(stream))
}

fn output<T>(
    device: &Device,
    plan: Plan,
    alarm: Alarm,
    ring: Consumer<f32>,
    slack: Slack,
) -> Result<Stream, cpal::Error>
where
    T: SizedSample + FromSample<f32>,
{
    let mut speaking = Speaking::new(ring, alarm.clone(), slack);
    let stream = device.build_output_stream::<T, _, _>(
        plan.config(),
        move |samples, _| speaking.speak(samples, plan.channels()),
        move |error| alarm.error(&error),
        None,
    )?;
    stream.play()?;
    Ok(Stream::Cpal(stream))
}

/// What cpal knows: on Windows much, on ALSA nothing.
fn is_headset(device: DeviceType, interface: InterfaceType) -> Option<bool> {
    use DeviceType::{Dock, Earpiece, Handset, Headphones, Headset, HearingAid, Speaker};
    match (device, interface) {
        (Headphones | Headset | Earpiece | Handset | HearingAid, _) => Some(true),
        (Speaker | Dock, _) | (_, InterfaceType::Hdmi | InterfaceType::DisplayPort) => Some(false),
        _ => None,
    }
}

/// Keeps ALSA's library from writing to standard error what it thinks of each device that it looks at: this thread's words go
/// into a buffer instead, which the next call replaces. What matters comes back as an error as well.
#[cfg(target_os = "linux")]
fn hush() {
    // Refused only without memory; then it is as loud as it was.
    let _ = alsa::Output::local_error_handler();
}

#[cfg(not(target_os = "linux"))]
fn hush() {}

/// What cpal's error means for a device of this kind.
pub(super) fn sentence(kind: DeviceKind, error: &cpal::Error) -> DeviceError {
    match error.kind() {
        ErrorKind::DeviceBusy => DeviceError::Busy { kind },
        ErrorKind::PermissionDenied => DeviceError::Forbidden { kind },
        ErrorKind::DeviceNotAvailable | ErrorKind::HostUnavailable => DeviceError::NoDevice { kind },
        ErrorKind::UnsupportedConfig | ErrorKind::UnsupportedOperation => {
            DeviceError::NoFormat { kind, reason: error.to_string() }
        }
        _ => DeviceError::Stopped { kind, cause: StopCause::Failed(error.to_string()) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cpal_refuses_is_told_by_its_reason() {
        let kind = DeviceKind::Speaker;
        let told = |error| sentence(kind, &cpal::Error::new(error)).to_string();
        assert_eq!(told(ErrorKind::DeviceBusy), DeviceError::Busy { kind }.to_string());
        assert_eq!(told(ErrorKind::PermissionDenied), DeviceError::Forbidden { kind }.to_string());
        assert_eq!(told(ErrorKind::DeviceNotAvailable), DeviceError::NoDevice { kind }.to_string());
    }

    #[test]
    fn a_headset_is_known_where_cpal_knows_it() {
        assert_eq!(is_headset(DeviceType::Headset, InterfaceType::Usb), Some(true));
        assert_eq!(is_headset(DeviceType::Speaker, InterfaceType::BuiltIn), Some(false));
        assert_eq!(is_headset(DeviceType::Unknown, InterfaceType::Hdmi), Some(false));
        assert_eq!(is_headset(DeviceType::Unknown, InterfaceType::Bluetooth), None);
    }
}
