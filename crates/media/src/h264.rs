//! H.264 constrained baseline by OpenH264: encode, decode, and take RTP payloads apart.

mod decoder;
pub mod depacketize;
mod encoder;
mod raw;
pub(crate) mod slice_header;

pub use decoder::{DecodeError, Decoder};
pub use encoder::{EncodeError, EncodedPicture, Encoder, LAYERS};
