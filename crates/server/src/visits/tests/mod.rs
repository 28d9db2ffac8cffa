//! Visits without a socket, in virtual time.

mod clinic;
mod day;
mod ending;
mod joining;
mod messages;
mod presence;
mod taking_over;
