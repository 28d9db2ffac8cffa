//! The gate before the library: what a client may say, and what then leaves.

mod forbidden;
mod hostile;
mod house;
mod lifetime;
mod standing;
