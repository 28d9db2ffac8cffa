//! What is refused, by its name.

use signaling_protocol::Code;
use trust::{BundleError, CertificateError, ChannelError, InnerError, OpenError};

/// What was refused, and why. Its `Display` is one sentence for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// The server refused what we cannot go on without.
    #[error("{}", .0.title())]
    Server(Code),
    /// The server speaks a version that we do not.
    #[error("This server speaks another version; update the app.")]
    Version,
    /// Who says to be the clinician is not the one of the link.
    #[error(
        "The clinician's app does not have the key that the link names, so the call was stopped; ask for a new link."
    )]
    WrongClinicKey,
    /// Who says to be the clinician has keys, or a certificate, that the clinic did not sign or would not sign so.
    #[error("The clinician's app shows a certificate that is not the clinic's, so the call was stopped.")]
    ForgedCertificate,
    /// The clinician's certificate is over, or not good yet.
    #[error("The clinician's certificate is not good today, so the call was stopped; see whether the clock is right.")]
    CertificateExpired,
    /// The clinic certified the device for something else than seeing patients.
    #[error("The device at the other end may not host a visit, so the call was stopped.")]
    WrongRole,
    /// The clinic has revoked the other side's device.
    #[error("The clinic has revoked the device at the other end, so the call was stopped.")]
    DeviceRevoked,
    /// The clinic has revoked the device that we are.
    #[error("The clinic has revoked this device, so the call was stopped.")]
    OwnDeviceRevoked,
    /// The list of revoked devices is older than the link or an earlier visit asks for: a revocation may be hidden.
    #[error("The clinic's list of revoked devices is too old to be trusted, so the call was stopped.")]
    RevocationsTooOld,
    /// The other side's keys were made for another visit.
    #[error("The other app's keys were made for another visit, so the call was stopped.")]
    AnotherVisit,
    /// Who waits has no valid bundle signed by one of the links that we gave out.
    #[error("Somebody tried to join without one of the visit's links and was refused.")]
    NotByOurLink,
    /// The link was one of ours, and its time is over.
    #[error("Somebody tried to join by a link whose time is over and was refused.")]
    LinkExpired,
    /// The link was one of ours, for another visit.
    #[error("Somebody tried to join by a link for another visit and was refused.")]
    LinkOfAnotherVisit,
    /// An endpoint showed other keys than before.
    #[error("The server showed other keys of the other app than before, so the call was stopped.")]
    BundleChanged,
    /// More endpoints than a visit has shown keys.
    #[error("The server showed more apps than a visit can have, so the call was stopped.")]
    TooManyBundles,
    /// Keys that would make the encryption worthless.
    #[error("The other app's keys are unsafe, so the call was stopped.")]
    UnsafeKeys,
    /// An app of a version that did not seal.
    #[error("The other app is too old to be safe; it must be updated.")]
    OlderApp,
    /// An app that speaks only what we do not know yet.
    #[error("The other app is newer than this one; update this app.")]
    NewerApp,
    /// The server brought a message whose seal was taken off.
    #[error("A message came without its seal, so the call was stopped: the server may be lying.")]
    NotSealed,
    /// The server brought messages that the other side did not seal for us.
    #[error("Messages were changed on their way, so the call was stopped: the server may be lying.")]
    Tampered,
    /// Somebody who holds the link speaks in the place of who made the bundle.
    #[error("Somebody else who has the link tried to pass as the other side, so the call was stopped.")]
    Impostor,
    /// They leave out what both apps said, signed, that they can do.
    #[error("The other app left out protection that both apps have, so the call was stopped.")]
    Downgraded,
    /// They use what they did not say, signed, that they can do.
    #[error("The other app used what it did not announce, so the call was stopped; update both apps.")]
    NotAnnounced,
    /// The clinician's name is not the certified one.
    #[error("The clinician's name is not the one that the clinic certified, so the call was stopped.")]
    NameNotCertified,
    /// The patient's device does not prove which it is, or is another than before.
    #[error("The other side's device could not prove which it is, so the call was stopped.")]
    DeviceProof,
    /// Who is at the other end of the encrypted connection is not who was announced.
    #[error("The other end of the connection is not who was announced, so the call was stopped.")]
    FingerprintMismatch,
    /// Their connection parameters changed where they must not.
    #[error("The other app changed its keys in the middle of the call, so the call was stopped.")]
    FingerprintChanged,
    /// One of the two people says that the digits differ.
    #[error("The digits were not the same, so the call was stopped: somebody may be between the two of you.")]
    DigitsDiffer,
    /// The clinic's code was wrong too often.
    #[error("Somebody did not know the code that the clinic gave the patient and was refused.")]
    CodeWrong,
    /// The papers of who says to be the clinician are not good at this time, and the server says that it is another: which of
    /// the two is wrong only the person can see.
    #[error("This device's clock and the server's do not agree, so the call was stopped; check date and time.")]
    ClockWrong,
    /// They offered what we do not take: nothing encrypted, or nothing that we can play. A connection that is only slow
    /// is never this: see [`EndReason::HandshakeUnfinished`].
    #[error("The other app offered a connection that is not safe, so the call was stopped.")]
    Parameters,
    /// They sent what no app of ours sends.
    #[error("The other app sent something that could not be understood; update both apps.")]
    Malformed,
}

impl Refusal {
    /// Every refusal there is, each once; the server's by this code.
    pub const fn all(code: Code) -> [Self; 32] {
        let all = [
            Self::Server(code),
            Self::Version,
            Self::WrongClinicKey,
            Self::ForgedCertificate,
            Self::CertificateExpired,
            Self::WrongRole,
            Self::DeviceRevoked,
            Self::OwnDeviceRevoked,
            Self::RevocationsTooOld,
            Self::AnotherVisit,
            Self::NotByOurLink,
            Self::LinkExpired,
            Self::LinkOfAnotherVisit,
            Self::BundleChanged,
            Self::TooManyBundles,
            Self::UnsafeKeys,
            Self::OlderApp,
            Self::NewerApp,
            Self::NotSealed,
            Self::Tampered,
            Self::Impostor,
            Self::Downgraded,
            Self::NotAnnounced,
            Self::NameNotCertified,
            Self::DeviceProof,
            Self::FingerprintMismatch,
            Self::FingerprintChanged,
            Self::DigitsDiffer,
            Self::CodeWrong,
            Self::ClockWrong,
            Self::Parameters,
            Self::Malformed,
        ];
        // One that is added does not compile here until it is in the list.
        match all[0] {
            Self::Server(_)
            | Self::Version
            | Self::WrongClinicKey
            | Self::ForgedCertificate
            | Self::CertificateExpired
            | Self::WrongRole
            | Self::DeviceRevoked
            | Self::OwnDeviceRevoked
            | Self::RevocationsTooOld
            | Self::AnotherVisit
            | Self::NotByOurLink
            | Self::LinkExpired
            | Self::LinkOfAnotherVisit
            | Self::BundleChanged
            | Self::TooManyBundles
            | Self::UnsafeKeys
            | Self::OlderApp
            | Self::NewerApp
            | Self::NotSealed
            | Self::Tampered
            | Self::Impostor
            | Self::Downgraded
            | Self::NotAnnounced
            | Self::NameNotCertified
            | Self::DeviceProof
            | Self::FingerprintMismatch
            | Self::FingerprintChanged
            | Self::DigitsDiffer
            | Self::CodeWrong
            | Self::ClockWrong
            | Self::Parameters
            | Self::Malformed => all,
        }
    }

    /// Its name, for reports and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Server(_) => "server",
            Self::Version => "version",
            Self::WrongClinicKey => "wrong_clinic_key",
            Self::ForgedCertificate => "forged_certificate",
            Self::CertificateExpired => "certificate_expired",
            Self::WrongRole => "wrong_role",
            Self::DeviceRevoked => "device_revoked",
            Self::OwnDeviceRevoked => "own_device_revoked",
            Self::RevocationsTooOld => "revocations_too_old",
            Self::AnotherVisit => "another_visit",
            Self::NotByOurLink => "not_by_our_link",
            Self::LinkExpired => "link_expired",
            Self::LinkOfAnotherVisit => "link_of_another_visit",
            Self::BundleChanged => "bundle_changed",
            Self::TooManyBundles => "too_many_bundles",
            Self::UnsafeKeys => "unsafe_keys",
            Self::OlderApp => "older_app",
            Self::NewerApp => "newer_app",
            Self::NotSealed => "not_sealed",
            Self::Tampered => "tampered",
            Self::Impostor => "impostor",
            Self::Downgraded => "downgraded",
            Self::NotAnnounced => "not_announced",
            Self::NameNotCertified => "name_not_certified",
            Self::DeviceProof => "device_proof",
            Self::FingerprintMismatch => "fingerprint_mismatch",
            Self::FingerprintChanged => "fingerprint_changed",
            Self::DigitsDiffer => "digits_differ",
            Self::CodeWrong => "code_wrong",
            Self::ClockWrong => "clock_wrong",
            Self::Parameters => "parameters",
            Self::Malformed => "malformed",
        }
    }

    /// What a host's bundle that does not verify is refused as.
    pub(crate) fn of_host(error: BundleError) -> Self {
        use CertificateError as C;
        match error {
            BundleError::OlderVersion => Self::OlderApp,
            BundleError::LaterVersion | BundleError::Certificate(C::LaterVersion) => Self::NewerApp,
            BundleError::AnotherVisit | BundleError::AnotherInvite => Self::AnotherVisit,
            BundleError::WeakKey => Self::UnsafeKeys,
            BundleError::Malformed => Self::Malformed,
            BundleError::WrongSignature => Self::ForgedCertificate,
            BundleError::Certificate(error) => match error {
                C::AnotherClinic => Self::WrongClinicKey,
                C::NotYetValid | C::Expired => Self::CertificateExpired,
                C::WrongRole => Self::WrongRole,
                C::Revoked => Self::DeviceRevoked,
                C::RevocationsTooOld | C::RevocationsExpired | C::AnotherGeneration => Self::RevocationsTooOld,
                C::Malformed | C::LaterVersion | C::WrongSignature | C::TooLong | C::AnotherDevice | C::AnotherName => {
                    Self::ForgedCertificate
                }
            },
        }
    }

    /// What a guest's bundle that does not verify is refused as.
    pub(crate) fn of_guest(error: BundleError) -> Self {
        match error {
            BundleError::OlderVersion => Self::OlderApp,
            BundleError::LaterVersion => Self::NewerApp,
            BundleError::WeakKey => Self::UnsafeKeys,
            BundleError::Malformed
            | BundleError::AnotherInvite
            | BundleError::AnotherVisit
            | BundleError::WrongSignature
            | BundleError::Certificate(_) => Self::NotByOurLink,
        }
    }

    /// What a box that does not open is refused as; nothing where it is left out, whoever made it.
    pub(crate) fn of_box(error: OpenError) -> Option<Self> {
        Some(match error {
            // At least once, in any order, is what the server promises.
            OpenError::OldEpoch | OpenError::Replayed | OpenError::Gap { .. } => return None,
            // One candidate less is one way less, not a reason to stop.
            OpenError::Inner(InnerError::Candidate(_) | InnerError::UnknownKind) => return None,
            OpenError::LaterScheme => Self::NewerApp,
            OpenError::Malformed | OpenError::NotSealedForUs => Self::Tampered,
            OpenError::LowOrderPoint => Self::UnsafeKeys,
            OpenError::NotSigned => Self::Impostor,
            OpenError::FingerprintChanged => Self::FingerprintChanged,
            OpenError::Downgraded(_) => Self::Downgraded,
            OpenError::NotAnnounced(_) => Self::NotAnnounced,
            OpenError::NameNotCertified => Self::NameNotCertified,
            OpenError::DeviceProof => Self::DeviceProof,
            OpenError::Inner(InnerError::Connection(_)) => Self::Parameters,
            OpenError::Padding | OpenError::Inner(InnerError::Malformed | InnerError::TooLarge) => Self::Malformed,
        })
    }
}

impl From<ChannelError> for Refusal {
    fn from(error: ChannelError) -> Self {
        match error {
            ChannelError::SameRole => Self::Malformed,
            ChannelError::NoCommonVersion | ChannelError::NoCommonSuite => Self::OlderApp,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_refusal_has_a_name_of_its_own_and_it_is_the_variants() {
        let all = Refusal::all(Code::Internal);
        assert_eq!(all.iter().map(|refusal| refusal.name()).collect::<BTreeSet<_>>().len(), all.len());
        for refusal in all {
            let variant = format!("{refusal:?}");
            let variant = variant.split('(').next().unwrap();
            let written = refusal.name().split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
            assert_eq!(written.collect::<String>(), variant);
        }
    }

    #[test]
    fn every_refusal_is_a_sentence_of_its_own_for_people() {
        let said: BTreeSet<_> = Refusal::all(Code::Internal).iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), Refusal::all(Code::Internal).len());
        for sentence in said {
            assert!(sentence.len() > 20 && sentence.ends_with('.'), "{sentence}");
        }
    }
}
