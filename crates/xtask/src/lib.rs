//! What a developer types: `cargo xtask demo`, `test`, `bench`, `mutants`, `fuzz`.
//!
//! A library as well, because the whole-house tests drive the real programs as the demo does: [`programs`], [`house`],
//! [`process`] and [`recording`] are the one way of doing that.
//!
//! **Invariant:** names no other crate of the house. A newcomer's `cargo xtask demo` can say what is missing on the
//! machine before anything that needs it is compiled.

#![forbid(unsafe_code)]

pub mod bench;
pub mod cargo;
pub mod check;
pub mod chromium;
pub mod demo;
pub mod display;
pub mod fuzz;
pub mod hardware;
pub mod house;
pub mod interrupt;
pub mod middlebox;
pub mod mutants;
pub mod process;
pub mod programs;
pub mod publish;
pub mod recording;
pub mod report;
pub mod say;
pub mod setup;
pub mod summary;
pub mod voices;
pub mod workspace;
