//! A server that lies, before two apps that must not believe it: every attack by the real server, the real client and the
//! product's own drivers, each beside a twin without the attack that connects. What stops each stands in `docs/hostile.md`.

#![allow(clippy::unwrap_used, reason = "all of this crate is a test, the helpers too")]

mod apps;
mod clinic;
mod crook;
mod fixtures;
mod hand;
mod pki;
mod proxy;
mod script;
mod verdict;
mod world;

mod boxes;
mod certificates;
mod connection;
mod downgrade;
mod handing;
mod joiners;
mod liars;
mod list;
mod middle;
mod replay;
mod swap;
mod tls;
