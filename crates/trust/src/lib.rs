//! The pages a security reviewer reads: links, who may speak for a clinic, bundles, sealed messages, the spoken check, what
//! colleagues share. Byte by byte, and with the attacks that each part stops: `docs/trust.md`.
//!
//! What two apps must know to meet without trusting the server between them. The server carries all of it as opaque
//! bytes; it has no code that could read or make any of it.
//!
//! - A [`Link`] reaches the patient by a way that is not the server: it holds the invite's secret and the fingerprint
//!   of the clinic's key.
//! - The clinic's key certifies issuing keys, an issuing key the devices of the staff: [`Chain`]. A [`RecoverySecret`] on
//!   paper gives the clinic's key anew.
//! - Each side makes a fresh bundle of public keys at each join ([`OwnBundle`], [`PeerBundle`]). The patient's is signed by
//!   the key that the link's secret gives, the clinician's by a [`DeviceIdentity`].
//! - What they then tell each other is sealed in a [`SealedChannel`], the first box each way signed. Inside is an
//!   [`InnerMessage`]: **typed** [`ConnectionParameters`] and [`Candidate`]s, never foreign SDP. Whatever does not have
//!   exactly the right form is refused by a named error.
//! - Two people who compare digits ([`SpokenCheck`]) need not trust how the link reached them; [`KnownDevices`] remembers
//!   with whom they did.
//! - What colleagues share is sealed to their devices: [`seal_staff_box`].
//!
//! **Invariant:** nothing here opens a socket or a file, asks a clock or draws randomness; no byte from outside panics.
//!
//! [`Bundle`], [`BundleKeys`] and [`HostIdentity`] are of version 1, which did not seal; they go when nobody names them.

#![forbid(unsafe_code)]

pub mod bundle;
pub mod candidate;
pub mod capability;
pub mod certificate;
pub mod check;
pub mod connection;
pub mod device;
pub mod endpoint;
pub mod fingerprint;
pub mod identity;
pub mod inner;
pub mod invite_secret;
pub mod known;
pub mod link;
pub mod recovery;
pub mod seal;
pub mod server_address;
pub mod staff_box;
pub mod transcript;

mod base64url;
mod codec;
mod suite;

#[cfg(any(test, fuzzing))]
#[allow(clippy::unwrap_used, missing_docs, unreachable_pub, dead_code)]
mod fixtures;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(test)]
mod vectors;
mod wire;

pub use bundle::{AgreementKey, Bundle, BundleKeys, SigningKey};
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
pub use device::{ClinicKey, DeviceIdentity, DeviceKeys, DevicePublic, IssuingKey};
pub use endpoint::{BundleError, BundleId, OwnBundle, PeerBundle};
pub use fingerprint::{DtlsFingerprint, FingerprintError, KeyFingerprint, TlsPin};
pub use identity::HostIdentity;
pub use inner::{ByeReason, InnerError, InnerMessage, MAX_CANDIDATES, MAX_INNER_BYTES};
pub use invite_secret::{InviteSecret, Psk};
pub use known::{KnownDevices, Level, PatientDevice, Recognition};
pub use link::{Link, LinkError};
pub use recovery::{RecoveryError, RecoverySecret};
pub use seal::{ChannelError, OpenError, Opened, PeerFacts, SealError, SealedBox, SealedChannel};
pub use server_address::{ServerAddress, ServerAddressError};
pub use staff_box::{
    BoxContext, BoxExpected, BoxSecret, OpenedBox, StaffBoxError, open_staff_box, reseal_staff_box, seal_staff_box,
};
pub use transcript::{CertificateMismatch, Transcript, compare_certificate};
