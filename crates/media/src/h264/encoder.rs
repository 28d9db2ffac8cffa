//! From pictures to H.264.

use std::fmt;

use openh264::OpenH264API;
use openh264::encoder::{
    BitRate, Complexity, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, Profile, RateControlMode,
    SpsPpsStrategy, UsageType,
};
use openh264::formats::YUVSource;
use units::{DataRate, PictureSize};

use super::depacketize::slice_importance;
use super::raw;
use crate::I420;

/// One coded picture.
#[derive(Clone, PartialEq, Eq)]
pub struct EncodedPicture {
    /// The access unit with start codes; a key frame brings its parameter sets along.
    pub data: Vec<u8>,
    /// Whether it needs no reference.
    pub key: bool,
    /// Its temporal layer: pictures of layer 0 need only those of layer 0, those of [`LAYERS`]` − 1` are needed by none.
    pub layer: u8,
}

impl EncodedPicture {
    fn new(data: Vec<u8>, key: bool) -> Self {
        // OpenH264 ranks its layers by `nal_ref_idc`: 3 for the lowest, 0 for the highest of three.
        let layer = match slice_importance(&data) {
            _ if key => 0,
            0 => 2,
            1 | 2 => 1,
            _ => 0,
        };
        Self { data, key, layer }
    }
}

impl fmt::Debug for EncodedPicture {
    /// Without what it shows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncodedPicture(key: {}, layer: {}, {} bytes)", self.key, self.layer, self.data.len())
    }
}

/// Why a picture was not coded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// OpenH264 codes even sides from 16 up to 3840x2160.
    #[error("A picture of {0} cannot be sent: its sides must be even, and from 16x16 to 3840x2160.")]
    Size(PictureSize),
    /// The picture does not have the size that was set.
    #[error("A picture of {got} was given to an encoder of {expected}.")]
    OtherSize {
        /// The encoder's size.
        expected: PictureSize,
        /// The picture's size.
        got: PictureSize,
    },
    /// OpenH264 refused.
    #[error("The picture encoder failed (code {0}).")]
    Codec(i64),
}

/// Codes pictures of one size at a time, so that their rate follows [`set_rate`](Encoder::set_rate).
///
/// One thread, low complexity, P frames only after the first, in temporal layers ([`LAYERS`]) unless they come seldom; a key frame comes
/// when asked for, never by the clock.
/// Slices fit a packet, so that a receiver loses a slice and not a picture's whole tail.
pub struct Encoder {
    openh264: openh264::encoder::Encoder,
    size: PictureSize,
    frame_rate: u32,
    rate: DataRate,
    /// Whether OpenH264 has seen a picture: before, it has no state that an option could be set on.
    running: bool,
    key_wanted: bool,
}

impl Encoder {
    /// An encoder for pictures of `size`, `frame_rate` of them a second, at `rate`.
    pub fn new(size: PictureSize, frame_rate: u32, rate: DataRate) -> Result<Self, EncodeError> {
        let (frame_rate, rate) = (frame_rate.clamp(1, MAX_FRAME_RATE), rate.clamp(MIN_RATE, MAX_RATE));
        let (openh264, running) = open(size, frame_rate, rate)?;
        Ok(Self { openh264, size, frame_rate, rate, running, key_wanted: false })
    }

    /// Sets the rate that the pictures together shall have from now on.
    pub fn set_rate(&mut self, rate: DataRate) -> Result<(), EncodeError> {
        let rate = rate.clamp(MIN_RATE, MAX_RATE);
        if rate == self.rate {
            return Ok(());
        }
        self.rate = rate;
        if self.running { raw::set_rate(&mut self.openh264, rate) } else { self.reopen() }
    }

    /// Sets how many pictures a second will be given. It must be true: twice as many come out at twice the rate.
    pub fn set_frame_rate(&mut self, frame_rate: u32) -> Result<(), EncodeError> {
        let frame_rate = frame_rate.clamp(1, MAX_FRAME_RATE);
        if frame_rate == self.frame_rate {
            return Ok(());
        }
        let same_layers = layers(self.size, frame_rate) == layers(self.size, self.frame_rate);
        self.frame_rate = frame_rate;
        if self.running && same_layers { raw::set_frame_rate(&mut self.openh264, frame_rate) } else { self.reopen() }
    }

    /// Sets the size of the pictures to come; the next one is a key frame. Rate and frame rate stay.
    pub fn set_size(&mut self, size: PictureSize) -> Result<(), EncodeError> {
        if size == self.size {
            return Ok(());
        }
        // A new codec, because OpenH264's wrapper falls back to the first rate when the size changes.
        self.size = size;
        self.reopen()
    }

    /// Makes the next picture a key frame.
    pub fn force_key_frame(&mut self) {
        self.key_wanted = true;
    }

    /// Codes a picture; `None` if it is left out to keep the rate.
    pub fn encode(&mut self, picture: &I420) -> Result<Option<EncodedPicture>, EncodeError> {
        if picture.size() != self.size {
            return Err(EncodeError::OtherSize { expected: self.size, got: picture.size() });
        }
        if self.key_wanted && self.running {
            self.openh264.force_intra_frame();
        }
        let stream = self.openh264.encode(&Source(picture)).map_err(|error| EncodeError::Codec(error.native_code()))?;
        let key = match stream.frame_type() {
            FrameType::Invalid | FrameType::Skip => None,
            FrameType::IDR => Some(true),
            FrameType::I | FrameType::P | FrameType::IPMixed => Some(false),
        };
        let coded = key.map(|key| EncodedPicture::new(stream.to_vec(), key)).filter(|coded| !coded.data.is_empty());
        self.running = true;
        if coded.as_ref().is_some_and(|coded| coded.key) {
            self.key_wanted = false;
        }
        Ok(coded)
    }

    /// The size of the pictures it takes.
    pub fn size(&self) -> PictureSize {
        self.size
    }

    /// The rate that the pictures together shall have.
    pub fn rate(&self) -> DataRate {
        self.rate
    }

    /// How many pictures a second it expects.
    pub fn frame_rate(&self) -> u32 {
        self.frame_rate
    }

    fn reopen(&mut self) -> Result<(), EncodeError> {
        (self.openh264, self.running) = open(self.size, self.frame_rate, self.rate)?;
        Ok(())
    }
}

/// How many temporal layers pictures have. Where they come seldom, one of the middle layer that is lost would be missed for
/// too long, and the last of the lowest layer is too unlike the next one; small ones are of a link on which that costs more.
fn layers(size: PictureSize, frame_rate: u32) -> u8 {
    match frame_rate {
        ..LEAST_FRAME_RATE_FOR_LAYERS => 1,
        _ if size.pixels() <= MOST_PIXELS_FOR_TWO_LAYERS => 2,
        _ => LAYERS,
    }
}

/// A codec whose next picture is a key frame, and whether it has coded one already.
fn open(size: PictureSize, frame_rate: u32, rate: DataRate) -> Result<(openh264::encoder::Encoder, bool), EncodeError> {
    let (long, short) = (size.width.max(size.height), size.width.min(size.height));
    let even = size.width.is_multiple_of(2) && size.height.is_multiple_of(2);
    if long > 3840 || !(16..=2160).contains(&short) || !even {
        return Err(EncodeError::Size(size));
    }
    let config = EncoderConfig::new()
        .bitrate(BitRate::from_bps(rate.as_bps() as u32))
        .max_frame_rate(FrameRate::from_hz(frame_rate as f32))
        .usage_type(UsageType::CameraVideoRealTime)
        .rate_control_mode(RateControlMode::Bitrate)
        .skip_frames(true)
        .complexity(Complexity::Low)
        .profile(Profile::Baseline)
        .sps_pps_strategy(SpsPpsStrategy::ConstantId)
        .intra_frame_period(IntraFramePeriod::from_num_frames(0))
        .scene_change_detect(false)
        // Measured: 360 rows at 1.8 Mbps gain 0.0005 of SSIM and no rate is wasted; nobody's background is still on a webcam.
        .background_detection(false)
        .num_threads(1)
        .max_slice_len(MAX_SLICE);
    let codec = |error: openh264::Error| EncodeError::Codec(error.native_code());
    let mut encoder = openh264::encoder::Encoder::with_api_config(OpenH264API::from_source(), config).map_err(codec)?;
    raw::silence(&mut encoder)?;
    let layers = layers(size, frame_rate);
    if layers == 1 {
        return Ok((encoder, false));
    }
    // Layers can be set only on an encoder that has coded a picture; this one is seen by nobody.
    encoder.encode(&Source(&I420::black(size))).map_err(codec)?;
    raw::set_temporal_layers(&mut encoder, layers)?;
    raw::set_rate(&mut encoder, rate)?;
    Ok((encoder, true))
}

/// A picture in the words of OpenH264's wrapper.
struct Source<'a>(&'a I420);

impl YUVSource for Source<'_> {
    fn dimensions(&self) -> (usize, usize) {
        (self.0.size().width as usize, self.0.size().height as usize)
    }

    fn strides(&self) -> (usize, usize, usize) {
        let chroma = self.0.chroma_size().width as usize;
        (self.0.size().width as usize, chroma, chroma)
    }

    fn y(&self) -> &[u8] {
        self.0.y()
    }

    fn u(&self) -> &[u8] {
        self.0.u()
    }

    fn v(&self) -> &[u8] {
        self.0.v()
    }
}

/// How many temporal layers there are at most: of four pictures in a row one is of the lowest, one of the middle and two of the
/// highest. What is lost of the upper two costs three pictures at most and no freeze; 56 % of the bytes are theirs.
/// Whatever the link loses, because a loss cannot be foreseen and a change of layers costs a key frame.
pub const LAYERS: u8 = 3;
/// 640x360: with two layers instead of three SSIM is greater by 0.007 (180 rows at 65 kbps), 0.002 (270 rows at 350 kbps) and 0.001 (360
/// rows at 800 and at 1,800 kbps), and every other picture is one that nobody needs. On links that lose up to 5 % and on a satellite's, frozen
/// time and decoded pictures were the same with two (measured). CPU is.
const MOST_PIXELS_FOR_TWO_LAYERS: u64 = 640 * 360;
/// From eight pictures a second on, a lost one of the middle layer is missed for less than half a second.
const LEAST_FRAME_RATE_FOR_LAYERS: u32 = 8;
/// Bytes in a slice: with RTP, SRTP and transport headers (up to 90 bytes) a packet stays under 1,200, which goes
/// through every path WebRTC meets without being cut.
const MAX_SLICE: u32 = 1_100;
/// OpenH264 takes no more (`MAX_FRAME_RATE` in its `wels_const.h`).
const MAX_FRAME_RATE: u32 = 60;
/// Below this even 160x90 is no picture.
const MIN_RATE: DataRate = DataRate::from_kbps(20);
/// More than a good 1080p picture needs.
const MAX_RATE: DataRate = DataRate::from_kbps(10_000);
