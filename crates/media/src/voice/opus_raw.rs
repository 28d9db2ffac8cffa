//! libopus behind safe hands: a coder, a decoder, and the outlines of deep redundancy (DRED).
#![allow(unsafe_code, reason = "libopus is C: its states are untyped memory behind pointers")]

use std::ffi::{CStr, c_int};
use std::fmt;
use std::ptr::{self, NonNull};

use opusic_sys::{self as sys, OpusDRED, OpusDREDDecoder, OpusDecoder, OpusEncoder};

use super::{SAMPLE_RATE, VoiceError};

/// An option of the encoder. All of them read one 32-bit integer.
#[derive(Debug, Clone, Copy)]
pub(super) enum EncoderOption {
    /// Bits per second.
    Bitrate(i32),
    /// 0 to 10.
    Complexity(i32),
    /// Tells libopus that this is a voice.
    SignalVoice,
    /// Variable bit rate.
    Vbr(bool),
    /// Variable bit rate that no packet exceeds by much.
    ConstrainedVbr(bool),
    /// In-band FEC (LBRR).
    InBandFec(bool),
    /// Percent of packets that will be lost.
    ExpectedLoss(i32),
    /// The widest audio bandwidth to be coded.
    MaxBandwidth(Bandwidth),
    /// How far back DRED reaches, in units of 10 ms; 0 is none.
    DredDuration(i32),
}

/// Audio bandwidth (RFC 6716 table 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bandwidth {
    /// 4 kHz.
    Narrow,
    /// 6 kHz.
    Medium,
    /// 8 kHz.
    Wide,
    /// 20 kHz.
    Full,
}

/// An encoder for 48 kHz mono voice.
pub(super) struct RawEncoder(NonNull<OpusEncoder>);

// SAFETY: the state is plain memory that only this value points to; libopus keeps nothing tied to a thread.
unsafe impl Send for RawEncoder {}

impl RawEncoder {
    pub(super) fn new() -> Result<Self, VoiceError> {
        let mut code = sys::OPUS_OK;
        // SAFETY: rate, channels and application are among those that libopus knows; `code` outlives the call.
        let state =
            unsafe { sys::opus_encoder_create(SAMPLE_RATE as i32, MONO, sys::OPUS_APPLICATION_VOIP, &raw mut code) };
        created(state, code).map(Self)
    }

    pub(super) fn set(&mut self, option: EncoderOption) -> Result<(), VoiceError> {
        let (request, value) = match option {
            EncoderOption::Bitrate(bps) => (sys::OPUS_SET_BITRATE_REQUEST, bps),
            EncoderOption::Complexity(complexity) => (sys::OPUS_SET_COMPLEXITY_REQUEST, complexity),
            EncoderOption::SignalVoice => (sys::OPUS_SET_SIGNAL_REQUEST, sys::OPUS_SIGNAL_VOICE),
            EncoderOption::Vbr(on) => (sys::OPUS_SET_VBR_REQUEST, i32::from(on)),
            EncoderOption::ConstrainedVbr(on) => (sys::OPUS_SET_VBR_CONSTRAINT_REQUEST, i32::from(on)),
            EncoderOption::InBandFec(on) => (sys::OPUS_SET_INBAND_FEC_REQUEST, i32::from(on)),
            EncoderOption::ExpectedLoss(percent) => (sys::OPUS_SET_PACKET_LOSS_PERC_REQUEST, percent),
            EncoderOption::MaxBandwidth(bandwidth) => {
                let widest = match bandwidth {
                    Bandwidth::Narrow => sys::OPUS_BANDWIDTH_NARROWBAND,
                    Bandwidth::Medium => sys::OPUS_BANDWIDTH_MEDIUMBAND,
                    Bandwidth::Wide => sys::OPUS_BANDWIDTH_WIDEBAND,
                    Bandwidth::Full => sys::OPUS_BANDWIDTH_FULLBAND,
                };
                (sys::OPUS_SET_MAX_BANDWIDTH_REQUEST, widest)
            }
            EncoderOption::DredDuration(steps) => (sys::OPUS_SET_DRED_DURATION_REQUEST, steps),
        };
        // SAFETY: the state is valid and unshared, and each of these requests reads one 32-bit integer (opus_defines.h).
        checked(unsafe { sys::opus_encoder_ctl(self.0.as_ptr(), request, value) }).map(drop)
    }

    /// Codes one packet of 2.5 to 120 ms into `out`; answers its length.
    pub(super) fn encode(&mut self, samples: &[f32], out: &mut [u8]) -> Result<usize, VoiceError> {
        // SAFETY: reads `samples.len()` mono samples and writes at most `out.len()` bytes, both valid for the call.
        checked(unsafe {
            sys::opus_encode_float(
                self.0.as_ptr(),
                samples.as_ptr(),
                length(samples.len()),
                out.as_mut_ptr(),
                length(out.len()),
            )
        })
    }
}

impl Drop for RawEncoder {
    fn drop(&mut self) {
        // SAFETY: created by libopus, destroyed once.
        unsafe { sys::opus_encoder_destroy(self.0.as_ptr()) }
    }
}

/// A decoder for 48 kHz mono.
pub(super) struct RawDecoder(NonNull<OpusDecoder>);

// SAFETY: the state is plain memory that only this value points to; libopus keeps nothing tied to a thread.
unsafe impl Send for RawDecoder {}

impl RawDecoder {
    /// From complexity 5 on, what is made up comes from a neural network (deep PLC).
    pub(super) fn new(complexity: i32) -> Result<Self, VoiceError> {
        let mut code = sys::OPUS_OK;
        // SAFETY: rate and channels are among those that libopus knows; `code` outlives the call.
        let state = unsafe { sys::opus_decoder_create(SAMPLE_RATE as i32, MONO, &raw mut code) };
        let decoder = created(state, code).map(Self)?;
        // SAFETY: the state is valid and unshared, and the request reads one 32-bit integer.
        checked(unsafe { sys::opus_decoder_ctl(decoder.0.as_ptr(), sys::OPUS_SET_COMPLEXITY_REQUEST, complexity) })?;
        Ok(decoder)
    }

    /// Decodes a packet; with `fec` what it carries of the voice before it. `None` makes voice up. Fills at most `out`,
    /// which is filled whole with `fec` and without a packet and then must be a multiple of 2.5 ms.
    pub(super) fn decode(&mut self, packet: Option<&[u8]>, fec: bool, out: &mut [f32]) -> Result<usize, VoiceError> {
        let (data, bytes) = packet.map_or((ptr::null(), 0), |packet| (packet.as_ptr(), packet.len()));
        // SAFETY: reads `bytes` bytes (none through null) and writes at most `out.len()` mono samples.
        checked(unsafe {
            sys::opus_decode_float(
                self.0.as_ptr(),
                data,
                length(bytes),
                out.as_mut_ptr(),
                length(out.len()),
                c_int::from(fec),
            )
        })
    }

    /// Fills `out` (a multiple of 2.5 ms) from the outline, beginning `offset` samples before the packet that carried it.
    pub(super) fn decode_outline(
        &mut self,
        outline: &Outline,
        offset: usize,
        out: &mut [f32],
    ) -> Result<usize, VoiceError> {
        // SAFETY: the outline is a valid state, only read; writes at most `out.len()` mono samples.
        checked(unsafe {
            sys::opus_decoder_dred_decode_float(
                self.0.as_ptr(),
                outline.dred.as_ptr(),
                length(offset),
                out.as_mut_ptr(),
                length(out.len()),
            )
        })
    }
}

impl Drop for RawDecoder {
    fn drop(&mut self) {
        // SAFETY: created by libopus, destroyed once.
        unsafe { sys::opus_decoder_destroy(self.0.as_ptr()) }
    }
}

/// What one packet's deep redundancy says, and the network that reads it.
pub(super) struct Outline {
    reader: NonNull<OpusDREDDecoder>,
    dred: NonNull<OpusDRED>,
}

// SAFETY: both states are plain memory that only this value points to.
unsafe impl Send for Outline {}

impl Outline {
    pub(super) fn new() -> Result<Self, VoiceError> {
        let mut code = sys::OPUS_OK;
        // SAFETY: `code` outlives the call.
        let reader = created(unsafe { sys::opus_dred_decoder_create(&raw mut code) }, code)?;
        // SAFETY: `code` outlives the call.
        let dred = created(unsafe { sys::opus_dred_alloc(&raw mut code) }, code);
        match dred {
            Ok(dred) => Ok(Self { reader, dred }),
            Err(error) => {
                // SAFETY: created by libopus just now, destroyed once.
                unsafe { sys::opus_dred_decoder_destroy(reader.as_ptr()) };
                Err(error)
            }
        }
    }

    /// Reads a packet's redundancy, as far back as `most` samples; answers how many samples before the packet it begins,
    /// zero without any.
    pub(super) fn read(&mut self, packet: &[u8], most: usize) -> Result<usize, VoiceError> {
        // Where the redundancy ends before the packet; libopus itself makes up what lies between.
        let mut end: c_int = 0;
        // SAFETY: both states are valid and unshared; reads `packet.len()` bytes and writes one integer, during the call.
        checked(unsafe {
            sys::opus_dred_parse(
                self.reader.as_ptr(),
                self.dred.as_ptr(),
                packet.as_ptr(),
                length(packet.len()),
                length(most),
                SAMPLE_RATE as i32,
                &raw mut end,
                DEFERRED,
            )
        })
    }

    /// Lets the network turn what was read into what can be decoded; costs something the first time only.
    pub(super) fn process(&mut self) -> Result<(), VoiceError> {
        let dred = self.dred.as_ptr();
        // SAFETY: all states are valid; source and target may be the same (opus.h). Without a packet read it refuses.
        checked(unsafe { sys::opus_dred_process(self.reader.as_ptr(), dred, dred) }).map(drop)
    }
}

impl Drop for Outline {
    fn drop(&mut self) {
        // SAFETY: both created by libopus, each destroyed once.
        unsafe {
            sys::opus_dred_free(self.dred.as_ptr());
            sys::opus_dred_decoder_destroy(self.reader.as_ptr());
        }
    }
}

/// How many samples a packet holds; zero if it is not one.
pub(super) fn packet_samples(packet: &[u8]) -> usize {
    if packet.is_empty() {
        return 0;
    }
    // SAFETY: reads at most `packet.len()` bytes, which is not zero.
    let samples = unsafe { sys::opus_packet_get_nb_samples(packet.as_ptr(), length(packet.len()), SAMPLE_RATE as i32) };
    usize::try_from(samples).unwrap_or(0)
}

/// How many samples the first Opus frame of a packet holds: the reach of its in-band copy, if it has one; else zero.
pub(super) fn in_band_reach(packet: &[u8]) -> usize {
    if packet.is_empty() {
        return 0;
    }
    // SAFETY: reads at most `packet.len()` bytes, which is not zero.
    let has_copy = unsafe { sys::opus_packet_has_lbrr(packet.as_ptr(), length(packet.len())) };
    if has_copy <= 0 {
        return 0;
    }
    // SAFETY: reads the first byte.
    let samples = unsafe { sys::opus_packet_get_samples_per_frame(packet.as_ptr(), SAMPLE_RATE as i32) };
    usize::try_from(samples).unwrap_or(0)
}

fn created<T>(state: *mut T, code: c_int) -> Result<NonNull<T>, VoiceError> {
    checked(code)?;
    NonNull::new(state).ok_or_else(|| VoiceError("no memory for it".to_owned()))
}

/// A negative answer is an error, any other a count.
fn checked(answer: c_int) -> Result<usize, VoiceError> {
    usize::try_from(answer).map_err(|_| {
        // SAFETY: answers a static string for every number.
        let words = unsafe { CStr::from_ptr(sys::opus_strerror(answer)) };
        VoiceError(words.to_string_lossy().into_owned())
    })
}

fn length(length: usize) -> c_int {
    c_int::try_from(length).unwrap_or(c_int::MAX)
}

const MONO: c_int = 1;
/// Only read, not processed yet.
const DEFERRED: c_int = 1;

impl fmt::Debug for RawEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawEncoder")
    }
}

impl fmt::Debug for RawDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawDecoder")
    }
}

impl fmt::Debug for Outline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outline")
    }
}
