//! The small HTTPS client: requests, event stream, reconnect. Carries bytes.
//!
//! [`SignalingClient`] asks one thing of the server and brings back its answer or a [`ClientError`] that says in one
//! sentence what happened. What must go on for the length of a visit is done by two tasks: [`EventStream`] brings what
//! the server tells, [`Outbox`] takes what is to be sent, and both go on through lost networks and restarted servers
//! until the server itself says no. [`StaffEventStream`] does the same for an app whose user is signed in.
//!
//! [`Dialer`] opens streams to the clinic's relays the way connections to its server are opened, proxies and pin included.
//!
//! **Invariant:** this crate cannot read what the two sides say to each other, and decides nothing about a visit: when
//! signalling is down it says so, and the call goes on.

#![forbid(unsafe_code)]

mod accounts;
mod answer;
mod audit;
mod backoff;
mod changes;
mod client;
mod connector;
mod day;
mod dialer;
mod error;
mod event_stream;
mod fault;
mod fetch;
mod measure;
mod outbox;
mod probe;
mod proxies;
mod race;
mod requests;
mod schedule;
mod session;
mod sse;
mod staff;
mod stun;
mod take_over;
mod tcp;
mod tls;

pub use audit::RowsQuery;
pub use client::{Server, SignalingClient};
pub use dialer::{ByteStream, Dialer};
pub use error::{ClientError, Refusal};
pub use event_stream::{EventStream, StaffEventStream, StreamEvent};
/// An address, as [`FindProxy`] is asked for it.
pub use hyper::Uri;

pub use fault::{ConnectFault, connect_fault};
pub use fetch::fetch_file;
pub use measure::Health;
pub use outbox::{Outbox, OutboxEvent, OutboxFull};
pub use probe::{PacketCount, ProbeFault, Probed, Question, by_datagrams, count_packets};
pub use proxies::{FindProxy, Finding, Hop, Proxy, ProxyRules};
pub use session::KeptSession;
pub use tls::ServerTrust;
