//! What keeps the system's keyring from being used.

/// Why the secret by which a clinic knows a patient's device again is not kept. The visit goes on without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyringTrouble {
    /// There is no keyring, or none that takes keys.
    Missing,
    /// It is locked. A patient is never asked for its password.
    Locked,
    /// It did not answer in time.
    NoAnswer,
    /// It refused, or what it keeps is not a secret of ours.
    Unusable,
}
