//! PulseAudio, and PipeWire in its place, by the native protocol.
//!
//! cpal can do this too, but what it stands on clears a megabyte for every message of the server, which costs more of a
//! processor than the whole voice may; it also cannot forbid the server to move a stream, nor tell a headset.
//! What the messages look like, the crate `pulseaudio` knows; here is only when to send which.

use std::ffi::CString;
use std::io::{self, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use pulseaudio::protocol::port_info::PortType;
use pulseaudio::protocol::{
    self, AuthParams, AuthReply, Command, CommandReply, CommandTag, DESCRIPTOR_SIZE, MAX_VERSION, Prop, Props,
    ProtocolError, PulseError, ServerInfo, SetClientNameReply, SinkInfo, SourceInfo, TagStructReader,
};
use units::DeviceKind;

use super::{CLOSED, StopCause};
use crate::DeviceError;

mod stream;

pub(super) use stream::{PulseStream, play, record};

/// A microphone or loudspeaker of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// What the server calls it.
    pub(super) id: CString,
    /// What people call it.
    pub(super) name: String,
    /// Whether it is worn on the head, where the server knows.
    pub(super) is_headset: Option<bool>,
}

/// Why the server did not do it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The connection is gone, or was never there.
    #[error("{CLOSED}")]
    Closed(#[from] io::Error),
    /// It said no.
    #[error("{0}")]
    Refused(PulseError),
    /// It said what we do not understand.
    #[error("the sound system does not speak as expected: {0}")]
    Odd(String),
}

impl From<ProtocolError> for Failure {
    fn from(error: ProtocolError) -> Self {
        match error {
            ProtocolError::Io(error) => Self::Closed(error),
            ProtocolError::ServerError(error) => Self::Refused(error),
            error => Self::Odd(error.to_string()),
        }
    }
}

impl Failure {
    /// What it means for a device of this kind.
    pub(super) fn of(&self, kind: DeviceKind) -> DeviceError {
        match self {
            Self::Refused(PulseError::AccessDenied | PulseError::AuthKey) => DeviceError::Forbidden { kind },
            Self::Refused(PulseError::Busy) => DeviceError::Busy { kind },
            Self::Refused(PulseError::NoEntity) => DeviceError::NoDevice { kind },
            Self::Refused(PulseError::NotSupported) => DeviceError::NoFormat { kind, reason: self.to_string() },
            failure => DeviceError::Stopped { kind, cause: StopCause::Failed(failure.to_string()) },
        }
    }
}

/// A connection to the server.
#[derive(Debug)]
pub(super) struct Connection {
    socket: BufReader<UnixStream>,
    version: u16,
    sequence: u32,
}

impl Connection {
    /// Whether there is a server to connect to.
    pub(super) fn is_possible() -> bool {
        pulseaudio::socket_path_from_env().is_some()
    }

    /// Connects and says who we are.
    pub(super) fn open() -> Result<Self, Failure> {
        let path = pulseaudio::socket_path_from_env().ok_or(io::Error::from(io::ErrorKind::NotFound))?;
        let socket = UnixStream::connect(path)?;
        socket.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        socket.set_write_timeout(Some(ANSWER_TIMEOUT))?;
        let mut connection = Self { socket: BufReader::new(socket), version: MAX_VERSION, sequence: 0 };
        let cookie = pulseaudio::cookie_path_from_env().and_then(|path| std::fs::read(path).ok()).unwrap_or_default();
        let auth = AuthParams { version: MAX_VERSION, supports_shm: false, supports_memfd: false, cookie };
        let reply: AuthReply = connection.ask(&Command::Auth(auth))?;
        connection.version = reply.version.min(MAX_VERSION);
        let mut props = Props::new();
        props.set(Prop::ApplicationName, c"Housecall");
        let _: SetClientNameReply = connection.ask(&Command::SetClientName(props))?;
        Ok(connection)
    }

    /// The microphones or loudspeakers that are there; what a loudspeaker plays is no microphone.
    pub(super) fn list(&mut self, kind: DeviceKind) -> Result<Vec<Listed>, Failure> {
        Ok(match kind {
            DeviceKind::Speaker => {
                let sinks: Vec<SinkInfo> = self.ask(&Command::GetSinkInfoList)?;
                sinks.into_iter().map(loudspeaker).collect()
            }
            DeviceKind::Microphone | DeviceKind::Camera => {
                let sources: Vec<SourceInfo> = self.ask(&Command::GetSourceInfoList)?;
                let is_monitor = |source: &SourceInfo| {
                    source.monitor_of_sink_index.is_some() || source.name.as_bytes().ends_with(b".monitor")
                };
                sources.into_iter().filter(|source| !is_monitor(source)).map(microphone).collect()
            }
        })
    }

    /// What the server gives to who asks for none by name; it may be what a loudspeaker plays.
    pub(super) fn default(&mut self, kind: DeviceKind) -> Result<Option<CString>, Failure> {
        let info: ServerInfo = self.ask(&Command::GetServerInfo)?;
        Ok(if kind == DeviceKind::Speaker { info.default_sink_name } else { info.default_source_name })
    }

    /// Asks, and waits for the answer. What the server says meanwhile of itself is passed over.
    fn ask<R: CommandReply>(&mut self, command: &Command) -> Result<R, Failure> {
        let sequence = self.tell(command)?;
        loop {
            let message = self.next_message()?;
            let mut bytes = message.as_slice();
            let mut reader = TagStructReader::new(&mut bytes, self.version);
            let tag = reader.read_u32()?;
            match (tag, reader.read_u32()? == sequence) {
                (REPLY, true) => return Ok(reader.read()?),
                (ERROR, true) => return Err(Failure::Refused(reader.read_enum()?)),
                _ => {}
            }
        }
    }

    /// Says something, and gives the number by which an answer refers to it.
    fn tell(&mut self, command: &Command) -> Result<u32, Failure> {
        let sequence = self.sequence;
        self.sequence = self.sequence.wrapping_add(1);
        let mut message = Vec::new();
        protocol::encode_command_message(&mut message, sequence, command, self.version)?;
        self.socket.get_mut().write_all(&message)?;
        Ok(sequence)
    }

    fn next_message(&mut self) -> Result<Vec<u8>, Failure> {
        loop {
            let header = read_header(&mut self.socket)?;
            let mut message = vec![0; header.length];
            self.socket.read_exact(&mut message)?;
            if header.channel.is_none() {
                return Ok(message);
            }
        }
    }
}

/// What stands before a message.
struct Header {
    length: usize,
    /// The stream whose sound it is; `None` for a command.
    channel: Option<u32>,
}

fn read_header(socket: &mut impl Read) -> Result<Header, Failure> {
    let mut bytes = [0; DESCRIPTOR_SIZE];
    socket.read_exact(&mut bytes)?;
    let header = protocol::read_descriptor(&mut bytes.as_slice())?;
    let length = header.length as usize;
    if length > MAX_MESSAGE {
        return Err(Failure::Odd(format!("a message of {length} bytes")));
    }
    Ok(Header { length, channel: (header.channel != u32::MAX).then_some(header.channel) })
}

fn loudspeaker(sink: SinkInfo) -> Listed {
    let port = sink.ports.get(sink.active_port).map(|port| port.port_type);
    let is_headset = is_headset(port, sink.props.get(Prop::DeviceFormFactor));
    Listed { name: name_of(sink.description.as_ref(), &sink.name), id: sink.name, is_headset }
}

fn microphone(source: SourceInfo) -> Listed {
    Listed { name: name_of(source.description.as_ref(), &source.name), id: source.name, is_headset: None }
}

fn name_of(description: Option<&CString>, id: &CString) -> String {
    description.unwrap_or(id).to_string_lossy().into_owned()
}

/// What is plugged in tells it best; a device of one piece tells it by its form.
fn is_headset(port: Option<PortType>, form_factor: Option<&[u8]>) -> Option<bool> {
    match port {
        Some(PortType::Headphones | PortType::Headset | PortType::Handset | PortType::Earpiece) => return Some(true),
        Some(PortType::Speaker | PortType::Hdmi | PortType::Tv | PortType::Car | PortType::Hifi) => {
            return Some(false);
        }
        _ => {}
    }
    match form_factor?.split(|&byte| byte == 0).next()? {
        b"headset" | b"headphone" | b"handset" => Some(true),
        b"speaker" | b"internal" | b"tv" | b"car" | b"hifi" | b"hands-free" | b"webcam" | b"computer" | b"portable" => {
            Some(false)
        }
        _ => None,
    }
}

const REPLY: u32 = CommandTag::Reply as u32;
const ERROR: u32 = CommandTag::Error as u32;

/// A server that is busy with a device answers within a second.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// A list of a hundred devices with all their properties has half of this.
const MAX_MESSAGE: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_headset_is_known_by_its_plug_or_else_by_its_form() {
        let form = |word: &'static [u8]| Some(word);
        for (port, factor, wanted) in [
            (Some(PortType::Headphones), form(b"internal\0"), Some(true)),
            (Some(PortType::Headset), None, Some(true)),
            (Some(PortType::Speaker), form(b"headset\0"), Some(false)),
            (Some(PortType::Analog), form(b"headset\0"), Some(true)),
            (Some(PortType::Usb), form(b"headphone"), Some(true)),
            (Some(PortType::Bluetooth), form(b"speaker\0"), Some(false)),
            (Some(PortType::Unknown), form(b"toaster\0"), None),
            (None, None, None),
        ] {
            assert_eq!(is_headset(port, factor), wanted, "{port:?} {factor:?}");
        }
    }

    #[test]
    fn what_the_server_refuses_is_told_by_its_reason() {
        let kind = DeviceKind::Microphone;
        let told = |error| Failure::Refused(error).of(kind).to_string();
        assert_eq!(told(PulseError::Busy), DeviceError::Busy { kind }.to_string());
        assert_eq!(told(PulseError::AccessDenied), DeviceError::Forbidden { kind }.to_string());
        assert_eq!(told(PulseError::NoEntity), DeviceError::NoDevice { kind }.to_string());
        let gone = Failure::from(io::Error::from(io::ErrorKind::ConnectionRefused)).of(kind).to_string();
        assert!(gone.contains(CLOSED), "{gone}");
    }

    #[test]
    fn a_message_that_is_too_long_is_not_read() {
        let header = protocol::Descriptor {
            length: u32::MAX,
            channel: u32::MAX,
            offset: 0,
            flags: protocol::DescriptorFlags::empty(),
        };
        let mut bytes = [0; DESCRIPTOR_SIZE];
        protocol::encode_descriptor(&mut bytes, &header);
        assert!(matches!(read_header(&mut bytes.as_slice()), Err(Failure::Odd(_))));
    }
}
