//! The clinic's server: visits and waiting room, accounts, STUN and TURN.
//!
//! [`visits`] decides and opens nothing; who may ask for what stands in one table, `permissions`; everything else here carries what it decides to sockets and to the disk.
//!
//! **Invariant:** the server names neither `trust` nor any codec: it has no code that could open a box.

pub mod accounts;
pub mod audit_log;
pub mod backup;
pub mod doctor;
pub mod settings;
pub mod storage_key;
pub mod store;
pub mod visits;

mod connections;
mod data_lock;
mod driver;
mod front;
mod http;
mod locked;
mod metrics;
#[cfg(test)]
mod openapi;
mod permissions;
mod rate;
mod relaying;
mod retention;
mod serve;
mod staff;
mod stun;
mod tls;
mod wall_clock;

pub use connections::ConnectionCaps;
pub use data_lock::LockError;
pub use front::TrustedProxies;
pub use relaying::{Coturn, Quotas, RelayChoice, RelayOptions};
pub use retention::Retention;
pub use serve::{Config, Running, ServeError, serve};
pub use tls::{CertificateFiles, TlsError};
