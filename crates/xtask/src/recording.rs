//! What an end wrote down of what it saw and heard, and footage of our own: just enough of `.y4m` and `.wav` to judge
//! whether picture and sound flowed.
//!
//! The product's own readers stand in `devices`; measuring with those would let one mistake hide on both sides.

mod picture;
mod sound;

pub use picture::{Film, FilmWriter};
pub use sound::Sound;
