//! Why a box was not sealed or not taken.

use crate::{Capability, InnerError};

/// Why two endpoints cannot speak with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// Two hosts or two guests.
    #[error("the other app has the same part in the visit: ask for a link of your own")]
    SameRole,
    /// No version of the sealed messages that both speak.
    #[error("this app and the other speak no common version: update the older one")]
    NoCommonVersion,
    /// No way of sealing that both know.
    #[error("this app and the other know no common way to seal messages: update the older one")]
    NoCommonSuite,
}

/// Why nothing was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// More than [`MAX_CONTENT_BYTES`](crate::seal::MAX_CONTENT_BYTES), or more boxes than can be numbered.
    #[error("the message is too large to be sealed: this is a fault of this app")]
    TooLarge,
    /// Another certificate needs another epoch.
    #[error("the connection's certificate changed: a new epoch must be begun, this is a fault of this app")]
    FingerprintChanged,
}

/// Why a box was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not the bytes of a box.
    #[error("the server brought something that is no message: it is left out")]
    Malformed,
    /// Sealed in a way of a later version.
    #[error("the other app is newer: update this app")]
    LaterScheme,
    /// Of an epoch that is over.
    #[error("the server brought an old message again: it is left out")]
    OldEpoch,
    /// Opened before.
    #[error("the server brought a message twice: it is left out")]
    Replayed,
    /// One before it is missing: hold it and ask again.
    #[error("messages are missing between {expected} and {got}: they are asked for again")]
    Gap {
        /// The number that is next.
        expected: u32,
        /// The number that came.
        got: u32,
    },
    /// An encapsulated key that would make the encryption worthless.
    #[error("a message is sealed with an unsafe key: do not trust the server, and ask the clinic")]
    LowOrderPoint,
    /// Changed on its way, or made for another visit, bundle, epoch, direction or link.
    #[error("a message was changed on its way: do not trust the server, and ask the clinic")]
    NotSealedForUs,
    /// Sealed by somebody who knows the link's secret and is not who made the bundle.
    #[error("somebody else who has the link tries to pass as the other side: do not go on, and ask the clinic")]
    NotSigned,
    /// What was sealed has not the right form.
    #[error("the other app sent something that is not in a form that this app knows: update both apps")]
    Padding,
    /// Another DTLS fingerprint within an epoch.
    #[error("the other side changed its certificate within the call: do not go on, and ask the clinic")]
    FingerprintChanged,
    /// It can do this, both agreed on it by their bundles, and it is not in its parameters.
    #[error("the other app leaves out what both can do ({0:?}): do not go on, and ask the clinic")]
    Downgraded(Capability),
    /// It is in its parameters and not in its bundle.
    #[error("the other app uses what it did not announce ({0:?}): update both apps")]
    NotAnnounced(Capability),
    /// The name is not the one whose hash is certified.
    #[error("the clinician's name is not the certified one: do not go on, and ask the clinic")]
    NameNotCertified,
    /// The device's proof does not fit, or it is another device than before.
    #[error("the other side's device cannot prove which it is: do not go on, and ask the clinic")]
    DeviceProof,
    /// A message that is not to be used.
    #[error(transparent)]
    Inner(#[from] InnerError),
}

impl OpenError {
    /// Whether the box was the other side's own, so that the error is about them; else it may be of the server's making.
    pub fn is_authentic(&self) -> bool {
        use OpenError as E;
        !matches!(
            self,
            E::Malformed
                | E::LaterScheme
                | E::OldEpoch
                | E::Replayed
                | E::Gap { .. }
                | E::LowOrderPoint
                | E::NotSealedForUs
                | E::NotSigned
        )
    }
}
