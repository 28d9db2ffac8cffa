//! From H.264 to pictures.

use openh264::OpenH264API;
use openh264::decoder::{DecodedYUV, DecoderConfig, Flush};
use openh264::formats::YUVSource;
use units::PictureSize;

use super::depacketize::is_key_frame;
use crate::I420;

/// Why an access unit gave no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// OpenH264 refused: data is damaged or a reference is missing.
    #[error("The picture decoder failed (code {0}): it needs a key frame.")]
    Codec(i64),
    /// What came out makes no sense.
    #[error("The picture decoder gave a picture that cannot be: it needs a key frame.")]
    Nonsense,
    /// Nothing is decoded after an error until the next key frame.
    #[error("The picture waits for a key frame.")]
    WaitsForKeyFrame,
}

/// Decodes one stream. After any error it is frozen until a key frame comes, because OpenH264's concealed pictures are
/// worse than a still one: the caller shows the last good picture and asks for a key frame.
pub struct Decoder {
    openh264: openh264::decoder::Decoder,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing decoded yet.
    Fresh,
    /// The last unit was decoded.
    Flowing,
    /// OpenH264 failed: what it holds is not to be trusted.
    Failed,
}

impl Decoder {
    /// A decoder that waits for a key frame.
    pub fn new() -> Result<Self, DecodeError> {
        Ok(Self { openh264: open()?, state: State::Fresh })
    }

    /// Decodes an access unit with start codes; `None` if it holds no picture (parameter sets alone).
    pub fn decode(&mut self, annexb: &[u8]) -> Result<Option<I420>, DecodeError> {
        let mut picture = I420::new(PictureSize::new(0, 0));
        Ok(self.decode_into(annexb, &mut picture)?.then_some(picture))
    }

    /// Decodes an access unit into a picture whose memory is used again; `false` if the unit holds no picture.
    pub fn decode_into(&mut self, annexb: &[u8], picture: &mut I420) -> Result<bool, DecodeError> {
        if self.state != State::Flowing {
            if !is_key_frame(annexb) {
                return Err(DecodeError::WaitsForKeyFrame);
            }
            if self.state == State::Failed {
                self.openh264 = open()?;
            }
        }
        self.state = State::Failed;
        let shown = match self.openh264.decode(annexb) {
            Ok(Some(decoded)) => copy(&decoded, picture).map(|()| true)?,
            Ok(None) => false,
            Err(error) => return Err(DecodeError::Codec(error.native_code())),
        };
        self.state = State::Flowing;
        Ok(shown)
    }

    /// Whether it waits for a key frame.
    pub fn is_frozen(&self) -> bool {
        self.state != State::Flowing
    }
}

fn open() -> Result<openh264::decoder::Decoder, DecodeError> {
    let config = DecoderConfig::new().flush_after_decode(Flush::NoFlush);
    openh264::decoder::Decoder::with_api_config(OpenH264API::from_source(), config)
        .map_err(|error| DecodeError::Codec(error.native_code()))
}

fn copy(decoded: &DecodedYUV<'_>, picture: &mut I420) -> Result<(), DecodeError> {
    let (width, height) = decoded.dimensions();
    if !(2..=MAX_SIDE).contains(&width) || !(2..=MAX_SIDE).contains(&height) || width % 2 != 0 || height % 2 != 0 {
        return Err(DecodeError::Nonsense);
    }
    picture.resize(PictureSize::new(width as u32, height as u32));
    let strides = decoded.strides();
    let sources = [(decoded.y(), strides.0), (decoded.u(), strides.1), (decoded.v(), strides.2)];
    for (((source, stride), target), width) in
        sources.into_iter().zip(picture.planes_mut()).zip([width, width / 2, width / 2])
    {
        if stride < width {
            return Err(DecodeError::Nonsense);
        }
        let rows = target.len() / width;
        if source.len() < stride * (rows - 1) + width {
            return Err(DecodeError::Nonsense);
        }
        for (row, target) in source.chunks(stride).zip(target.chunks_exact_mut(width)) {
            target.copy_from_slice(&row[..width]);
        }
    }
    Ok(())
}

/// Level 5.2, the highest that OpenH264 takes, allows 36,864 macroblocks and sides of up to sqrt(8 × 36,864) of them
/// (ITU-T H.264 §A.3.1).
const MAX_SIDE: usize = 8_688;
