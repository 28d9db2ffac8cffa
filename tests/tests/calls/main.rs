//! Whole calls between the real programs, judged by their exit status, their files and their reports: the headless
//! contract of `docs/headless.md`, kept as an outsider would check it.
//!
//! These run in real time, one at a time (`.config/nextest.toml`).

#![allow(clippy::unwrap_used, reason = "all of this crate is a test, the helpers too")]

mod bad_input;
mod clinic;
mod comparing;
mod contract;
mod day;
mod ending;
mod exits;
mod flags;
mod footage;
mod handing;
mod handing_again;
mod lasting;
mod machine;
mod program;
mod quiet;
mod report_path;
mod roaming;
mod shape;
mod small_clinic;
mod stopping;
mod whole_call;
