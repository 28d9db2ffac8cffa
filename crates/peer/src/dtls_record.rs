//! What can be told of DTLS datagrams from outside: their records, whose headers are never encrypted (RFC 6347, section 4.1).

use trust::DtlsFingerprint;

pub(crate) fn is_of_handshake(datagram: &[u8]) -> bool {
    matches!(datagram.first(), Some(&(CHANGE_CIPHER_SPEC | HANDSHAKE)))
}

/// Whether two datagrams of a handshake are the same messages: the same but for the numbers of their records, and of what is
/// encrypted the same length of the same epoch (RFC 6347, section 4.1).
pub(crate) fn is_the_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && clear_records(one).eq(clear_records(other))
}

/// Whether a datagram holds the fatal alert `bad_certificate` in the clear (RFC 5246, section 7.2.2), which the library
/// sends when the certificate it was shown is not the one announced.
pub(crate) fn refuses_a_certificate(datagram: &[u8]) -> bool {
    clear_records(datagram).any(|(kind, content)| kind == ALERT && content == [FATAL, BAD_CERTIFICATE])
}

/// The certificate that a datagram shows in the clear, where it is not torn into fragments (RFC 6347, section 4.2.2).
pub(crate) fn shown_certificate(datagram: &[u8]) -> Option<DtlsFingerprint> {
    clear_records(datagram).filter(|(kind, _)| *kind == HANDSHAKE).find_map(|(_, content)| {
        // Kind, length, number, fragment's offset and length; then the length of the list and that of its first.
        let (header, rest) = content.split_at_checked(18)?;
        let whole = header[1..4] == header[9..12] && header[6..9] == [0; 3];
        let length = usize::from(header[15]) << 16 | usize::from(header[16]) << 8 | usize::from(header[17]);
        let certificate = rest.get(..length)?;
        (header[0] == CERTIFICATE && whole && length > 0).then(|| DtlsFingerprint::of_certificate(certificate))
    })
}

/// Type and content of the records of a datagram that are not encrypted (RFC 6347, section 4.1).
pub(crate) fn clear_records(mut datagram: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (header, rest) = datagram.split_at_checked(13)?;
        let length = usize::from(u16::from_be_bytes([header[11], header[12]]));
        let (content, next) = rest.split_at_checked(length)?;
        datagram = next;
        Some((header[0], header[3..5] == [0, 0], content))
    })
    .filter_map(|(kind, clear, content)| clear.then_some((kind, content)))
}

/// First bytes of what is DTLS and not STUN, RTP or TURN (RFC 7983, section 7).
pub(crate) const DTLS: std::ops::RangeInclusive<u8> = 20..=63;
pub(crate) const FATAL: u8 = 2;
pub(crate) const BAD_CERTIFICATE: u8 = 42;
/// Of the messages of a handshake (RFC 5246, section 7.4).
pub(crate) const CERTIFICATE: u8 = 11;

/// Content types of DTLS records (RFC 5246, section 6.2.1). RFC 7983 keeps them apart from STUN, RTP and the rest.
pub(crate) const CHANGE_CIPHER_SPEC: u8 = 20;
pub(crate) const ALERT: u8 = 21;
pub(crate) const HANDSHAKE: u8 = 22;
pub(crate) const APPLICATION_DATA: u8 = 23;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One record of version 1.2 with the sequence number one.
    pub(crate) fn record(content_type: u8, epoch: u8, content: &[u8]) -> Vec<u8> {
        let mut record = vec![content_type, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 1, 0, content.len() as u8];
        record.extend_from_slice(content);
        record
    }

    #[test]
    fn a_certificate_turned_down_is_told_from_other_alerts() {
        assert!(refuses_a_certificate(&record(ALERT, 0, &[FATAL, BAD_CERTIFICATE])));
        let after_a_flight = [record(HANDSHAKE, 0, &[1; 40]), record(ALERT, 0, &[FATAL, BAD_CERTIFICATE])].concat();
        assert!(refuses_a_certificate(&after_a_flight));
        assert!(!refuses_a_certificate(&record(ALERT, 0, &[1, 0])), "close_notify");
        assert!(!refuses_a_certificate(&record(ALERT, 1, &[FATAL, BAD_CERTIFICATE])), "encrypted: not to be read");
        assert!(!refuses_a_certificate(&record(HANDSHAKE, 0, &[FATAL, BAD_CERTIFICATE])));
        for cut in 0..after_a_flight.len() {
            assert!(!refuses_a_certificate(&after_a_flight[..cut]), "cut at {cut}");
        }
    }
}
