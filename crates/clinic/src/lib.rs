//! What only the apps of a clinic's staff need, above what `trust` verifies: the keys that certify, the recovery sheet, and
//! what colleagues share. Byte by byte: `docs/trust.md`.
//!
//! - A [`RecoverySecret`] on paper gives the [`ClinicKey`] anew; that certifies an [`IssuingKey`], and that the devices of
//!   the staff and the list of those that are revoked. A patient's app verifies all of it with `trust::Chain`.
//! - What colleagues share is sealed to their devices and to the sheet: [`seal_staff_box`].
//!
//! **Invariant:** nothing here opens a socket or a file, asks a clock or draws randomness; no byte from outside panics.

#![forbid(unsafe_code)]

pub mod issuing;
pub mod of_one;
pub mod recovery;
pub mod staff_box;

pub use issuing::{ClinicKey, IssuingKey};
pub use of_one::clinic_of_one;
pub use recovery::{RecoveryError, RecoverySecret};
pub use staff_box::{
    BoxContext, BoxExpected, BoxSecret, OpenedBox, StaffBoxError, open_staff_box, reseal_staff_box, seal_staff_box,
};

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
