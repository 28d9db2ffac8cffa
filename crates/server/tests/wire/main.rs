//! The real server, in this process, driven over TLS by a client that knows only the wire.

mod accounts;
mod client;
mod events;
mod joining;
mod limits;
mod operator;
mod stun;
