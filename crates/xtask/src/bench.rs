//! `cargo xtask bench`: measures the product.

mod call;
mod lab;
mod media;
mod score;
mod table;

pub use call::{CallArguments, call, score_again};
