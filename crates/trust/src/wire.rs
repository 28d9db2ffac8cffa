//! The JSON of inner messages: loose types that take what may come, and the checks that turn them into the strict ones.
//!
//! Unknown fields are passed over, so a later version can add some. What a later version must not be able to weaken is a
//! known field here: a list of fingerprints that must have one member, a way of keying that must be DTLS.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::{
    Candidate, CandidateError, CandidateKind, ConnectionError, ConnectionParameters, Extensions, IceCredentials,
    PictureParameters, Setup, SrtpProfile, Transport, VoiceParameters,
};

/// [`ConnectionParameters`] as they come.
#[derive(Serialize, Deserialize)]
pub(crate) struct ConnectionWire {
    ice: IceWire,
    #[serde(default)]
    keying: Option<String>,
    #[serde(default)]
    fingerprints: Vec<FingerprintWire>,
    setup: Setup,
    #[serde(default)]
    srtp: Vec<String>,
    voice: VoiceParameters,
    picture: PictureWire,
    extensions: Extensions,
}

#[derive(Serialize, Deserialize)]
struct IceWire {
    ufrag: String,
    password: String,
}

#[derive(Serialize, Deserialize)]
struct FingerprintWire {
    hash: String,
    value: String,
}

#[derive(Serialize, Deserialize)]
struct PictureWire {
    payload_type: u8,
    ssrc: u32,
    rtx_payload_type: u8,
    rtx_ssrc: u32,
    profile_level_id: String,
}

/// A [`Candidate`] as it comes.
#[derive(Serialize, Deserialize)]
pub(crate) struct CandidateWire {
    foundation: String,
    component: u8,
    transport: Transport,
    priority: u32,
    address: IpAddr,
    port: u16,
    kind: CandidateKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    related: Option<SocketAddr>,
}

impl TryFrom<ConnectionWire> for ConnectionParameters {
    type Error = ConnectionError;

    fn try_from(wire: ConnectionWire) -> Result<Self, ConnectionError> {
        if wire.keying.as_deref() != Some(DTLS_SRTP) {
            return Err(ConnectionError::NotDtlsSrtp);
        }
        let fingerprint = match wire.fingerprints.as_slice() {
            [] => return Err(ConnectionError::NoFingerprint),
            [one] if one.hash == SHA_256 => one.value.parse().map_err(|_| ConnectionError::Malformed)?,
            [_] => return Err(ConnectionError::FingerprintHash),
            _ => return Err(ConnectionError::SeveralFingerprints),
        };
        let parameters = Self {
            ice: IceCredentials::new(&wire.ice.ufrag, &wire.ice.password)?,
            fingerprint,
            setup: wire.setup,
            srtp: known_profiles(&wire.srtp),
            voice: wire.voice,
            picture: wire.picture.try_into()?,
            extensions: wire.extensions,
        };
        parameters.validate()?;
        Ok(parameters)
    }
}

impl From<&ConnectionParameters> for ConnectionWire {
    fn from(parameters: &ConnectionParameters) -> Self {
        Self {
            ice: IceWire { ufrag: parameters.ice.ufrag().to_owned(), password: parameters.ice.password().to_owned() },
            keying: Some(DTLS_SRTP.to_owned()),
            fingerprints: vec![FingerprintWire { hash: SHA_256.to_owned(), value: parameters.fingerprint.to_string() }],
            setup: parameters.setup,
            srtp: parameters.srtp.iter().map(|&profile| profile_name(profile).to_owned()).collect(),
            voice: parameters.voice,
            picture: (&parameters.picture).into(),
            extensions: parameters.extensions,
        }
    }
}

impl TryFrom<PictureWire> for PictureParameters {
    type Error = ConnectionError;

    fn try_from(wire: PictureWire) -> Result<Self, ConnectionError> {
        Ok(Self {
            payload_type: wire.payload_type,
            ssrc: wire.ssrc,
            rtx_payload_type: wire.rtx_payload_type,
            rtx_ssrc: wire.rtx_ssrc,
            profile_level_id: profile_level_id(&wire.profile_level_id).ok_or(ConnectionError::PictureProfile)?,
        })
    }
}

impl From<&PictureParameters> for PictureWire {
    fn from(picture: &PictureParameters) -> Self {
        let [profile, constraints, level] = picture.profile_level_id;
        Self {
            payload_type: picture.payload_type,
            ssrc: picture.ssrc,
            rtx_payload_type: picture.rtx_payload_type,
            rtx_ssrc: picture.rtx_ssrc,
            profile_level_id: format!("{profile:02x}{constraints:02x}{level:02x}"),
        }
    }
}

impl TryFrom<CandidateWire> for Candidate {
    type Error = CandidateError;

    fn try_from(wire: CandidateWire) -> Result<Self, CandidateError> {
        let candidate = Self {
            foundation: wire.foundation.parse()?,
            component: wire.component,
            transport: wire.transport,
            priority: wire.priority,
            address: wire.address,
            port: wire.port,
            kind: wire.kind,
            related: wire.related,
        };
        candidate.validate()?;
        Ok(candidate)
    }
}

impl From<&Candidate> for CandidateWire {
    fn from(candidate: &Candidate) -> Self {
        Self {
            foundation: candidate.foundation.as_str().to_owned(),
            component: candidate.component,
            transport: candidate.transport,
            priority: candidate.priority,
            address: candidate.address,
            port: candidate.port,
            kind: candidate.kind,
            related: candidate.related,
        }
    }
}

/// The profiles of the list that this version uses, in their order. Others are passed over: a peer may know more, and it
/// is the answer that says what is used.
fn known_profiles(names: &[String]) -> Vec<SrtpProfile> {
    let mut known = Vec::new();
    for profile in names.iter().filter_map(|name| PROFILES.into_iter().find(|&profile| profile_name(profile) == name)) {
        if !known.contains(&profile) {
            known.push(profile);
        }
    }
    known
}

fn profile_name(profile: SrtpProfile) -> &'static str {
    match profile {
        SrtpProfile::AeadAes256Gcm => "aead_aes_256_gcm",
        SrtpProfile::AeadAes128Gcm => "aead_aes_128_gcm",
    }
}

fn profile_level_id(text: &str) -> Option<[u8; 3]> {
    if text.len() != 6 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let [_, profile, constraints, level] = u32::from_str_radix(text, 16).ok()?.to_be_bytes();
    Some([profile, constraints, level])
}

const PROFILES: [SrtpProfile; 2] = [SrtpProfile::AeadAes256Gcm, SrtpProfile::AeadAes128Gcm];
const DTLS_SRTP: &str = "dtls_srtp";
const SHA_256: &str = "sha-256";
