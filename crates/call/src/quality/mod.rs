//! Who gets the bits: voice first, then picture.

mod plan;

pub use plan::{PictureOff, PicturePlan, VoicePlan};
