//! Who gets the bits: voice first, then picture.

mod ladder;
mod plan;
mod policy;
mod share;
mod thin;
mod voice;

#[cfg(test)]
mod trajectories;

pub use plan::{PictureOff, PicturePlan, VoicePlan};
pub use policy::{LinkEstimate, Policy};
pub use voice::{VoiceLink, VoicePolicy};
