//! `cargo xtask bench`: measures the product.

mod call;
mod lab;
mod media;
mod score;
mod table;
mod window;

pub use call::{CallArguments, call, score_again};
pub use window::{WindowArguments, window};
