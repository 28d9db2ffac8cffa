//! The pages a security reviewer reads: links, who may speak for a clinic, bundles, sealed messages, the spoken check.
//! Byte by byte, and with the attacks that each part stops: `docs/trust.md`. What only a clinic's own apps need, which
//! certify and share, is in `clinic`.
//!
//! What two apps must know to meet without trusting the server between them. The server carries all of it as opaque
//! bytes; it has no code that could read or make any of it.
//!
//! - A [`Link`] reaches the patient by a way that is not the server: it holds the invite's secret and the fingerprint
//!   of the clinic's key.
//! - The clinic's key certifies issuing keys, an issuing key the devices of the staff: [`Chain`].
//! - Each side makes a fresh bundle of public keys at each join ([`OwnBundle`], [`PeerBundle`]). The patient's is signed by
//!   the key that the link's secret gives, the clinician's by a [`DeviceIdentity`].
//! - What they then tell each other is sealed in a [`SealedChannel`], the first box each way signed. Inside is an
//!   [`InnerMessage`]: **typed** [`ConnectionParameters`] and [`Candidate`]s, never foreign SDP. Whatever does not have
//!   exactly the right form is refused by a named error.
//! - Two people who compare digits ([`SpokenCheck`]) need not trust how the link reached them; [`KnownDevices`] remembers
//!   with whom they did.
//!
//! **Invariant:** nothing here opens a socket or a file, asks a clock or draws randomness; no byte from outside panics.

#![forbid(unsafe_code)]

pub mod candidate;
pub mod capability;
pub mod certificate;
pub mod check;
pub mod codec;
pub mod connection;
pub mod device;
pub mod endpoint;
pub mod fingerprint;
pub mod inner;
pub mod invite_secret;
pub mod known;
pub mod link;
pub mod seal;
pub mod suite;
pub mod transcript;

mod base64url;

// Chains to verify must come from somewhere, and arrows between crates go down only: `clinic`'s one file that makes them,
// compiled against this crate for its tests alone.
#[cfg(any(test, fuzzing))]
extern crate self as trust;
#[cfg(any(test, fuzzing))]
#[allow(unreachable_pub, dead_code)]
#[path = "../../clinic/src/issuing.rs"]
mod issuing;

#[cfg(any(test, fuzzing))]
#[allow(clippy::unwrap_used, missing_docs, unreachable_pub, dead_code)]
mod fixtures;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(test)]
mod vectors;
mod wire;

pub use candidate::{Candidate, CandidateError, CandidateKind, Foundation, Transport};
pub use capability::{Capabilities, Capability};
pub use certificate::{
    CertificateError, Chain, DeviceFacts, DeviceRole, Epoch, Expected, Notice, UnixTime, Validity, name_hash,
};
pub use check::{CheckError, CheckMessage, Digits, NotDigits, SpokenCheck};
pub use connection::{
    ConnectionError, ConnectionParameters, Extensions, IceCredentials, PictureParameters, Setup, SrtpProfile,
    VoiceParameters,
};
pub use device::{DeviceIdentity, DeviceKeys, DevicePublic};
pub use endpoint::{BundleError, BundleId, OwnBundle, PeerBundle};
pub use fingerprint::{DtlsFingerprint, FingerprintError, KeyFingerprint, TlsPin};
pub use inner::{ByeReason, InnerError, InnerMessage, MAX_CANDIDATES, MAX_INNER_BYTES};
pub use invite_secret::{InviteSecret, Psk};
pub use known::{KnownDevices, Level, PatientDevice, Recognition};
pub use link::{Link, LinkError};
pub use seal::{ChannelError, OpenError, Opened, PeerFacts, SealError, SealedBox, SealedChannel};
/// A link leads to it.
pub use signaling_protocol::{ServerAddress, ServerAddressError};
pub use transcript::{CertificateMismatch, Transcript, compare_certificate};
