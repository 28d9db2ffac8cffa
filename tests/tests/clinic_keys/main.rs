//! The life of a clinic's keys: the apps' own decisions, the real client and the real server, over TLS.

#![allow(clippy::unwrap_used, reason = "all of this is a test, its helpers too")]

mod app;
mod auditing;
mod clinic;
mod life;
mod taking_over;
mod visit;
