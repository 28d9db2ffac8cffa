//! What the checks of a network and of devices come to: from [`Findings`] to a [`Verdict`].
//!
//! The checks themselves are `session::doctor`'s, the sentences are `ui`'s. Pure: told what was found, it opens nothing.

#![forbid(unsafe_code)]

mod capacity;
mod findings;
mod judge;

pub use capacity::{Carries, carries};
pub use findings::{
    DeviceOutcome, DeviceTrial, Fault, Findings, LinkState, Outcome, Packets, Rate, Rates, Relay, Rung, Trial, Way,
};
pub use judge::{Checked, Note, Reason, Verdict, Works, judge};
