//! The scoreboard of the voice: each part makes what is to be scored, measures what can be measured here, and answers
//! JSON; `cargo xtask bench voice` runs them, scores what they wrote and makes the table.

#![forbid(unsafe_code)]

pub mod codec;
mod cpu;
pub mod devices;
pub mod echo;
mod wav;
