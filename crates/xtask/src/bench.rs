//! `cargo xtask bench`: measures the product.

mod call;
mod join;
mod lab;
mod media;
mod score;
mod table;
mod voice;
mod voice_near;
mod voice_table;
mod window;

pub use call::{CallArguments, call, score_again};
pub use join::{JoinArguments, join};
pub use voice::{VoiceArguments, voice};
pub use window::{WindowArguments, window};
