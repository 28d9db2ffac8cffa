//! `cargo xtask bench`: measures the product.

mod call;

pub use call::{CallArguments, call, score_again};
