//! The whole way of two people, with the real programs: each at a display of their own with mouse, keyboard, a virtual
//! sound card and a camera; what they press is found as a screen reader finds it, and what they see is looked at.
//!
//! These run in real time, one at a time (`.config/nextest.toml`). A test that fails leaves a picture of both displays
//! and says where.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "all of this crate is a test, the helpers too")]

mod by_keyboard;
mod clinic;
mod declined;
mod digits;
mod ears;
mod eyes;
mod footage;
mod front_desk;
mod handing;
mod hands;
mod keyring;
mod known_again;
mod manners;
mod panel;
mod person;
mod picture;
mod set_up;
mod whole_visit;
