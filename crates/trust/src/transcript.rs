//! What both sides must agree on, in 32 bytes; and the comparison of the certificate that was shown with the one announced.

use signaling_protocol::VisitId;
use subtle::ConstantTimeEq;

use crate::DtlsFingerprint;
use crate::codec::hash;

/// The hash of all that makes a connection what it is: visit, both bundles, both DTLS fingerprints. Box epochs are not in
/// it: the two ways count their own, and a lost box would make two honest sides differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transcript(pub(crate) [u8; 32]);

impl Transcript {
    pub(crate) fn of_visit(
        visit: VisitId,
        host: &[u8],
        guest: &[u8],
        host_certificate: &DtlsFingerprint,
        guest_certificate: &DtlsFingerprint,
    ) -> Self {
        Self(hash(&[VISIT_LABEL, visit.as_bytes(), host, guest, &host_certificate.0, &guest_certificate.0]))
    }

    /// Of a new device's request and the chain of the device that is to vouch for it: for their spoken check.
    pub fn of_enrolment(request: &crate::DevicePublic, chain: &[u8]) -> Self {
        Self(hash(&[ENROLMENT_LABEL, &request.signing, &request.agreement, chain]))
    }
}

/// Compares who is at the other end with who was announced inside the seal: after every handshake, before anything that
/// came over the connection is used.
///
/// # Errors
/// If it is somebody else.
pub fn compare_certificate(sealed: &DtlsFingerprint, shown: &DtlsFingerprint) -> Result<(), CertificateMismatch> {
    if bool::from(sealed.0.ct_eq(&shown.0)) { Ok(()) } else { Err(CertificateMismatch) }
}

/// Somebody else is at the other end of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("somebody else is at the other end of the connection: do not go on, and ask the clinic")]
pub struct CertificateMismatch;

const VISIT_LABEL: &[u8] = b"housecall transcript v1";
const ENROLMENT_LABEL: &[u8] = b"housecall enrolment v1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DevicePublic;

    #[test]
    fn only_the_announced_certificate_is_taken() {
        let sealed = DtlsFingerprint([7; 32]);
        assert_eq!(compare_certificate(&sealed, &DtlsFingerprint([7; 32])), Ok(()));
        for byte in 0..32 {
            let mut shown = sealed;
            shown.0[byte] ^= 1;
            assert_eq!(compare_certificate(&sealed, &shown), Err(CertificateMismatch), "byte {byte}");
        }
    }

    #[test]
    fn everything_is_in_a_transcript() {
        let (a, b) = (DtlsFingerprint([1; 32]), DtlsFingerprint([2; 32]));
        let visit = VisitId::from_random([3; 16]);
        let all = [
            Transcript::of_visit(visit, b"host", b"guest", &a, &b),
            Transcript::of_visit(VisitId::from_random([4; 16]), b"host", b"guest", &a, &b),
            Transcript::of_visit(visit, b"hostg", b"uest", &a, &b),
            Transcript::of_visit(visit, b"host", b"guess", &a, &b),
            Transcript::of_visit(visit, b"host", b"guest", &b, &a),
            Transcript::of_visit(visit, b"host", b"guest", &a, &a),
            Transcript::of_enrolment(&DevicePublic { signing: [1; 32], agreement: [2; 32] }, b"chain"),
            Transcript::of_enrolment(&DevicePublic { signing: [3; 32], agreement: [2; 32] }, b"chain"),
            Transcript::of_enrolment(&DevicePublic { signing: [1; 32], agreement: [3; 32] }, b"chain"),
            Transcript::of_enrolment(&DevicePublic { signing: [1; 32], agreement: [2; 32] }, b"other"),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one), "{index}");
        }
        assert_eq!(all[0], Transcript::of_visit(visit, b"host", b"guest", &a, &b));
    }
}
