//! The real server, in this process, driven over TLS by a client that knows only the wire.

#![allow(clippy::unwrap_used, reason = "all of this is a test, its helpers too")]

mod accounts;
mod audit;
mod bad_links;
mod client;
mod coturn;
mod day;
mod drill;
mod events;
mod joining;
mod learned;
mod limits;
mod measure;
mod operator;
mod permissions;
mod pinned;
mod privacy;
mod relay;
mod revoked;
mod safeguards;
mod schemathesis;
mod staff;
mod staff_events;
mod stun;
mod take_over;
mod turn;
mod whose_visits;
