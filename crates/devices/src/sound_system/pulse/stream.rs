//! Sound to and from the server, each stream on a connection and a thread of its own.
//!
//! The thread is the device's callback: it allocates, locks and logs nothing once it runs. What it waits for is the
//! server's next word, which comes when there is sound or room for it.

use std::ffi::CStr;
use std::io::{self, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::thread;

use pulseaudio::protocol::stream::{BufferAttr, StreamFlags};
use pulseaudio::protocol::{
    ChannelMap, Command, CorkStreamParams, CreatePlaybackStreamReply, CreateRecordStreamReply, DESCRIPTOR_SIZE,
    Descriptor, DescriptorFlags, PlaybackStreamParams, Prop, Props, RecordStreamParams, SampleFormat, SampleSpec,
    encode_descriptor,
};
use units::DeviceKind;

use super::{Connection, Failure, read_header};
use crate::sound::{FRAME_SAMPLES, SAMPLE_RATE};
use crate::sound_system::Alarm;

/// A stream that runs. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct PulseStream {
    socket: UnixStream,
}

impl Drop for PulseStream {
    fn drop(&mut self) {
        // The server closes the stream with the connection, and the thread reads its end.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

/// Gives what the microphone hears to `hear`, 48 kHz mono, at most [`PIECE`] samples at a time.
pub(in super::super) fn record(
    source: &CStr,
    alarm: Alarm,
    mut hear: impl FnMut(&[f32]) + Send + 'static,
) -> Result<PulseStream, Failure> {
    let mut connection = Connection::open()?;
    let fragment = (HEARD_AT_ONCE * SAMPLE_BYTES) as u32;
    let reply: CreateRecordStreamReply = connection.ask(&Command::CreateRecordStream(RecordStreamParams {
        sample_spec: SPEC,
        channel_map: ChannelMap::mono(),
        source_name: Some(source.to_owned()),
        buffer_attr: BufferAttr { fragment_size: fragment, ..BufferAttr::default() },
        flags: FLAGS,
        props: props(),
        ..RecordStreamParams::default()
    }))?;
    alarm.taken(reply.suspended);
    start(connection, DeviceKind::Microphone, alarm, move |wire| {
        let mut samples = [0.0; PIECE];
        loop {
            let Word::Sound { channel, mut length } = wire.next()? else { continue };
            if channel != reply.channel {
                wire.skip(length)?;
                continue;
            }
            wire.alarm.alive();
            while length > 0 {
                let count = (length / SAMPLE_BYTES).min(PIECE);
                if count == 0 {
                    wire.skip(length)?;
                    break;
                }
                let bytes = wire.read(count * SAMPLE_BYTES)?;
                for (sample, bytes) in samples.iter_mut().zip(bytes.chunks_exact(SAMPLE_BYTES)) {
                    *sample = bytes.try_into().map_or(0.0, f32::from_le_bytes);
                }
                hear(&samples[..count]);
                length -= count * SAMPLE_BYTES;
            }
        }
    })
}

/// Plays what `speak` fills in, 48 kHz mono, at most [`PIECE`] samples at a time.
pub(in super::super) fn play(
    sink: &CStr,
    alarm: Alarm,
    mut speak: impl FnMut(&mut [f32]) + Send + 'static,
) -> Result<PulseStream, Failure> {
    let mut connection = Connection::open()?;
    let bytes = |samples: usize| (samples * SAMPLE_BYTES) as u32;
    let reply: CreatePlaybackStreamReply = connection.ask(&Command::CreatePlaybackStream(PlaybackStreamParams {
        sample_spec: SPEC,
        channel_map: ChannelMap::mono(),
        sink_name: Some(sink.to_owned()),
        buffer_attr: BufferAttr {
            target_length: bytes(SPOKEN_AHEAD),
            minimum_request_length: bytes(SPOKEN_AT_ONCE),
            // Whatever comes too late is left out: were it played after the hole, the delay would stay.
            pre_buffering: 0,
            ..BufferAttr::default()
        },
        // Uncorked below: that lets the device begin anew with us, and not after what it has prepared for itself.
        flags: StreamFlags { start_corked: true, ..FLAGS },
        props: props(),
        ..PlaybackStreamParams::default()
    }))?;
    let channel = reply.channel;
    connection.tell(&Command::CorkPlaybackStream(CorkStreamParams { channel, cork: false }))?;
    let mut wanted = reply.requested_bytes as usize;
    alarm.taken(reply.suspended);
    start(connection, DeviceKind::Speaker, alarm, move |wire| {
        let mut samples = [0.0; PIECE];
        loop {
            while wanted >= SAMPLE_BYTES {
                let count = (wanted / SAMPLE_BYTES).min(PIECE);
                speak(&mut samples[..count]);
                wire.send(channel, &samples[..count])?;
                wanted -= count * SAMPLE_BYTES;
            }
            match wire.next()? {
                Word::Wanted { channel: whose, length } if whose == channel => {
                    wire.alarm.alive();
                    wanted += length;
                }
                Word::Sound { length, .. } => wire.skip(length)?,
                _ => {}
            }
        }
    })
}

/// Runs the stream until its connection or its device is gone.
fn start(
    connection: Connection,
    kind: DeviceKind,
    alarm: Alarm,
    run: impl FnOnce(&mut Wire) -> Result<(), Failure> + Send + 'static,
) -> Result<PulseStream, Failure> {
    let socket = connection.socket.get_ref().try_clone()?;
    // Nothing comes while the device is suspended; who waits too long is noticed from outside.
    socket.set_read_timeout(None)?;
    let mut wire = Wire {
        socket: connection.socket,
        version: connection.version,
        alarm,
        incoming: vec![0; MAX_COMMAND].into_boxed_slice(),
        outgoing: vec![0; DESCRIPTOR_SIZE + PIECE * SAMPLE_BYTES].into_boxed_slice(),
    };
    thread::Builder::new().name(format!("{kind}-io")).spawn(move || {
        if run(&mut wire).is_err() {
            wire.alarm.closed();
        }
    })?;
    Ok(PulseStream { socket })
}

/// The stream's end of the connection, with room for all that goes through it.
struct Wire {
    socket: BufReader<UnixStream>,
    version: u16,
    alarm: Alarm,
    incoming: Box<[u8]>,
    outgoing: Box<[u8]>,
}

/// What the server says.
enum Word {
    /// So many bytes of sound follow.
    Sound { channel: u32, length: usize },
    /// So many bytes of sound are wanted.
    Wanted { channel: u32, length: usize },
    /// Nothing that matters.
    Else,
}

impl Wire {
    fn next(&mut self) -> Result<Word, Failure> {
        let header = read_header(&mut self.socket)?;
        if let Some(channel) = header.channel {
            return Ok(Word::Sound { channel, length: header.length });
        }
        if header.length > self.incoming.len() {
            self.skip(header.length)?;
            return Ok(Word::Else);
        }
        let version = self.version;
        let mut bytes = self.read(header.length)?;
        Ok(match Command::read_tag_prefixed(&mut bytes, version) {
            Ok((_, Command::Request(request))) => {
                Word::Wanted { channel: request.channel, length: request.length as usize }
            }
            // The device is gone: the stream may not be moved to another.
            Ok((_, Command::PlaybackStreamKilled(_) | Command::RecordStreamKilled(_))) => {
                self.alarm.unplugged();
                return Err(io::Error::from(io::ErrorKind::NotConnected).into());
            }
            // Another program, or another person at this machine, has taken the card.
            Ok((_, Command::PlaybackStreamSuspended(told) | Command::RecordStreamSuspended(told))) => {
                self.alarm.taken(told.suspended);
                Word::Else
            }
            _ => Word::Else,
        })
    }

    fn read(&mut self, length: usize) -> Result<&[u8], Failure> {
        let bytes = &mut self.incoming[..length];
        self.socket.read_exact(bytes)?;
        Ok(bytes)
    }

    fn skip(&mut self, mut length: usize) -> Result<(), Failure> {
        while length > 0 {
            let piece = length.min(self.incoming.len());
            self.read(piece)?;
            length -= piece;
        }
        Ok(())
    }

    fn send(&mut self, channel: u32, samples: &[f32]) -> Result<(), Failure> {
        let length = samples.len() * SAMPLE_BYTES;
        let header = Descriptor { length: length as u32, channel, offset: 0, flags: DescriptorFlags::empty() };
        let mut head = [0; DESCRIPTOR_SIZE];
        encode_descriptor(&mut head, &header);
        let message = &mut self.outgoing[..DESCRIPTOR_SIZE + length];
        message[..DESCRIPTOR_SIZE].copy_from_slice(&head);
        for (bytes, sample) in message[DESCRIPTOR_SIZE..].chunks_exact_mut(SAMPLE_BYTES).zip(samples) {
            bytes.copy_from_slice(&sample.to_le_bytes());
        }
        self.socket.get_mut().write_all(message)?;
        Ok(())
    }
}

fn props() -> Props {
    let mut props = Props::new();
    props.set(Prop::MediaName, c"Visit");
    // Desktops let music pause meanwhile.
    props.set(Prop::MediaRole, c"phone");
    props
}

const SPEC: SampleSpec = SampleSpec { format: SampleFormat::Float32Le, channels: 1, sample_rate: SAMPLE_RATE };

const SAMPLE_BYTES: usize = size_of::<f32>();

/// Never moved: PulseAudio would move an unplugged microphone's stream to what the loudspeaker plays, and the other would
/// hear himself. The whole way's delay is asked for, not only the server's part.
const FLAGS: StreamFlags = StreamFlags {
    no_move: true,
    adjust_latency: true,
    start_corked: false,
    no_remap_channels: false,
    no_remix_channels: false,
    fix_format: false,
    fix_rate: false,
    fix_channels: false,
    variable_rate: false,
    peak_detect: false,
    start_muted: None,
    early_requests: false,
    no_inhibit_auto_suspend: false,
    fail_on_suspend: false,
    relative_volume: false,
    passthrough: false,
};

/// What the microphone hears comes in pieces of 5 ms.
const HEARD_AT_ONCE: usize = FRAME_SAMPLES / 2;

/// The loudspeaker and the server keep 20 ms, and ask for half of that at a time.
const SPOKEN_AHEAD: usize = 2 * FRAME_SAMPLES;
const SPOKEN_AT_ONCE: usize = FRAME_SAMPLES;

/// What goes through at a time; more comes in several pieces.
const PIECE: usize = 2 * FRAME_SAMPLES;

/// What concerns a stream has less; a list is never asked for here.
const MAX_COMMAND: usize = 1 << 16;
