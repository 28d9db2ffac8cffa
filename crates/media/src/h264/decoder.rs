//! From H.264 to pictures.

use openh264::OpenH264API;
use openh264::decoder::{DecoderConfig, Flush};
use openh264::formats::YUVSource;
use units::PictureSize;

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
    frozen: bool,
}

impl Decoder {
    /// A decoder that waits for a key frame.
    pub fn new() -> Result<Self, DecodeError> {
        Ok(Self { openh264: open()?, frozen: true })
    }

    /// Decodes an access unit with start codes; `None` if it holds no picture (parameter sets alone).
    pub fn decode(&mut self, annexb: &[u8]) -> Result<Option<I420>, DecodeError> {
        let mut picture = I420::new(PictureSize::new(0, 0));
        Ok(self.decode_into(annexb, &mut picture)?.then_some(picture))
    }

    /// Decodes an access unit into a picture whose memory is used again; `false` if the unit holds no picture.
    pub fn decode_into(&mut self, annexb: &[u8], picture: &mut I420) -> Result<bool, DecodeError> {
        let _ = (annexb, picture, &mut self.openh264);
        Err(DecodeError::WaitsForKeyFrame)
    }

    /// Whether it waits for a key frame.
    pub fn is_frozen(&self) -> bool {
        self.frozen
    }
}

fn open() -> Result<openh264::decoder::Decoder, DecodeError> {
    let config = DecoderConfig::new().flush_after_decode(Flush::NoFlush);
    openh264::decoder::Decoder::with_api_config(OpenH264API::from_source(), config)
        .map_err(|error| DecodeError::Codec(error.native_code()))
}

#[expect(unused_imports, reason = "used by the next change")]
use YUVSource as _;
