//! Visits without a socket, in virtual time.

mod clinic;
mod ending;
mod joining;
mod messages;
mod presence;
