//! The typed connection parameters: all that a peer must know of the other to build its SDP itself.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::DtlsFingerprint;
use crate::candidate::is_ice_char;

/// The short-term credentials of ICE (RFC 8839 section 5.4), fresh for each generation.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IceCredentials {
    ufrag: String,
    password: String,
}

impl IceCredentials {
    /// Checked credentials.
    ///
    /// # Errors
    /// If the fragment is not 4 to 256, or the password not 22 to 256 ICE characters (RFC 8839 section 5.4).
    pub fn new(ufrag: &str, password: &str) -> Result<Self, ConnectionError> {
        let sound = |text: &str, min| (min..=256).contains(&text.len()) && text.bytes().all(is_ice_char);
        if !sound(ufrag, 4) || !sound(password, 22) {
            return Err(ConnectionError::IceCredentials);
        }
        Ok(Self { ufrag: ufrag.to_owned(), password: password.to_owned() })
    }

    /// The user name fragment.
    pub fn ufrag(&self) -> &str {
        &self.ufrag
    }

    /// The password.
    pub fn password(&self) -> &str {
        &self.password
    }
}

impl fmt::Debug for IceCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IceCredentials([secret])")
    }
}

/// Who begins the DTLS handshake (RFC 8842 section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Setup {
    /// Either may; only in an offer.
    ActPass,
    /// I begin.
    Active,
    /// You begin.
    Passive,
}

/// How RTP is protected, keys by DTLS (RFC 7714). Profiles without authenticated encryption are not taken at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SrtpProfile {
    /// `SRTP_AEAD_AES_256_GCM`.
    AeadAes256Gcm,
    /// `SRTP_AEAD_AES_128_GCM`.
    AeadAes128Gcm,
}

/// The voice: always Opus at 48 kHz (RFC 7587), alone or with copies of what was said just before (RFC 2198).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VoiceParameters {
    /// The RTP payload type.
    pub payload_type: u8,
    /// The RTP payload type of Opus in RED, whose blocks bear [`payload_type`](Self::payload_type); `None` if this peer
    /// does not take RED: earlier versions say nothing of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub red_payload_type: Option<u8>,
    /// The RTP source that this peer sends with.
    pub ssrc: u32,
}

/// The picture: always H.264, packetization mode 1 (RFC 6184), retransmitted by RTX (RFC 4588).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PictureParameters {
    /// The RTP payload type.
    pub payload_type: u8,
    /// The RTP source that this peer sends with.
    pub ssrc: u32,
    /// The RTP payload type of retransmissions.
    pub rtx_payload_type: u8,
    /// The RTP source of retransmissions.
    pub rtx_ssrc: u32,
    /// Profile, constraints and level (RFC 6184 section 8.1): `42e01f` is constrained baseline 3.1.
    pub profile_level_id: [u8; 3],
}

/// The ids of RTP header extensions (RFC 8285).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Extensions {
    /// `urn:ietf:params:rtp-hdrext:sdes:mid` (RFC 9143).
    pub mid: u8,
    /// Transport-wide sequence numbers (draft-holmer-rmcat-transport-wide-cc-extensions-01).
    pub transport_cc: u8,
}

/// All that a peer must know of the other to build its SDP itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionParameters {
    /// The credentials of this generation.
    pub ice: IceCredentials,
    /// The one certificate that the peer may show.
    pub fingerprint: DtlsFingerprint,
    /// Who begins the DTLS handshake.
    pub setup: Setup,
    /// What the peer can do, best first; never empty.
    pub srtp: Vec<SrtpProfile>,
    /// The voice.
    pub voice: VoiceParameters,
    /// The picture.
    pub picture: PictureParameters,
    /// The header extensions.
    pub extensions: Extensions,
}

impl ConnectionParameters {
    /// Whether the numbers fit each other; done for all that comes from outside.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn validate(&self) -> Result<(), ConnectionError> {
        if self.srtp.is_empty() {
            return Err(ConnectionError::NoAeadProfile);
        }
        let payload_types = [self.voice.payload_type, self.picture.payload_type, self.picture.rtx_payload_type];
        // The dynamic range (RFC 3551 section 6): the lower numbers have meanings of their own or collide with RTCP.
        if payload_types.iter().any(|number| !(96..=127).contains(number)) || !all_differ(&payload_types) {
            return Err(ConnectionError::PayloadTypes);
        }
        // Chromium's RED has a number from below: 96 to 127 ran out, and under 64 nothing collides with RTCP (RFC 5761
        // section 4).
        let red_in_range = |number| (35..=63).contains(&number) || (96..=127).contains(&number);
        if self.voice.red_payload_type.is_some_and(|red| !red_in_range(red) || payload_types.contains(&red)) {
            return Err(ConnectionError::PayloadTypes);
        }
        let sources = [self.voice.ssrc, self.picture.ssrc, self.picture.rtx_ssrc];
        if sources.contains(&0) || !all_differ(&sources) {
            return Err(ConnectionError::Sources);
        }
        // Constrained baseline: profile 66 with constraint_set1 (ITU-T H.264 A.2.1.1).
        let [profile, constraints, _level] = self.picture.profile_level_id;
        if profile != 0x42 || constraints & 0x40 == 0 {
            return Err(ConnectionError::PictureProfile);
        }
        // The one-byte form (RFC 8285 section 4.2).
        let extensions = [self.extensions.mid, self.extensions.transport_cc];
        if extensions.iter().any(|id| !(1..=14).contains(id)) || !all_differ(&extensions) {
            return Err(ConnectionError::Extensions);
        }
        Ok(())
    }
}

/// Why connection parameters are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// A field is missing or of another kind.
    #[error("the other app's connection parameters are not in a form that this app knows")]
    Malformed,
    /// Keys not by DTLS: RTP in the clear, or SDES, whose keys the server would see.
    #[error("the other app wants a connection that is not encrypted end to end: this app does not make one")]
    NotDtlsSrtp,
    /// No certificate to compare with.
    #[error("the other app does not say by which certificate it can be known")]
    NoFingerprint,
    /// More than one certificate.
    #[error("the other app names more than one certificate")]
    SeveralFingerprints,
    /// A certificate by another hash than SHA-256.
    #[error("the other app names its certificate by a hash other than SHA-256")]
    FingerprintHash,
    /// None of AES-GCM among the SRTP profiles.
    #[error("the other app offers no authenticated encryption (AES-GCM) for sound and picture")]
    NoAeadProfile,
    /// Too short, too long, or characters that are not ICE's.
    #[error("the other app's ICE credentials have a wrong length or characters that must not be in them")]
    IceCredentials,
    /// `actpass` in an answer.
    #[error("the other app's answer does not say who begins the handshake")]
    Setup,
    /// Out of the dynamic range, or two the same.
    #[error("the other app's RTP payload types are out of range or not distinct")]
    PayloadTypes,
    /// Zero, or two the same.
    #[error("the other app's RTP sources are zero or not distinct")]
    Sources,
    /// Not constrained baseline.
    #[error("the other app's picture is not H.264 constrained baseline")]
    PictureProfile,
    /// Out of the one-byte range, or two the same.
    #[error("the other app's RTP header extensions are out of range or not distinct")]
    Extensions,
}

fn all_differ<T: PartialEq>(items: &[T]) -> bool {
    items.iter().enumerate().all(|(index, item)| !items[..index].contains(item))
}

#[cfg(test)]
mod tests;
