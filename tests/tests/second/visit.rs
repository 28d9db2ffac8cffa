//! Messages as apps say them, of all lengths.

use std::net::Ipv6Addr;

use trust::{
    Candidate, CandidateKind, ConnectionParameters, DtlsFingerprint, Extensions, IceCredentials, InnerMessage,
    PictureParameters, Setup, SrtpProfile, Transport, VoiceParameters,
};

use crate::clinic::fresh;

/// What the host says first.
pub(crate) fn offer() -> InnerMessage {
    InnerMessage::Offer { generation: u32::MAX, parameters: parameters() }
}

/// What the guest says to it.
pub(crate) fn answer() -> InnerMessage {
    InnerMessage::Answer { generation: u32::MAX, parameters: parameters() }
}

/// So many addresses.
pub(crate) fn candidates(count: usize) -> InnerMessage {
    let candidates = (0..count).map(|_| candidate()).collect();
    InnerMessage::Candidates { generation: 0, candidates }
}

fn parameters() -> ConnectionParameters {
    ConnectionParameters {
        ice: IceCredentials::new("u+/9", "a/password+of/22+chars").expect("ICE characters"),
        fingerprint: DtlsFingerprint(fresh()),
        setup: Setup::Passive,
        srtp: vec![SrtpProfile::AeadAes256Gcm, SrtpProfile::AeadAes128Gcm],
        voice: VoiceParameters { payload_type: 111, red_payload_type: Some(63), ssrc: u32::MAX },
        picture: PictureParameters {
            payload_type: 102,
            ssrc: 2,
            rtx_payload_type: 103,
            rtx_ssrc: 3,
            profile_level_id: [0x42, 0xe0, 0x1f],
        },
        extensions: Extensions { mid: 1, transport_cc: 14 },
    }
}

fn candidate() -> Candidate {
    let [first, .., last] = fresh::<16>();
    let address = Ipv6Addr::from([0x20, 1, 0xd, 0xb8, first, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    let v4 = std::net::Ipv4Addr::new(192, 0, 2, last);
    let is_short = first & 1 == 0;
    Candidate {
        foundation: "a+/9".parse().expect("ICE characters"),
        component: 1,
        transport: Transport::Udp,
        priority: 0x7fff_ffff,
        address: if is_short { v4.into() } else { address.into() },
        port: 65_535,
        kind: if is_short { CandidateKind::Host } else { CandidateKind::Relay },
        related: (!is_short).then(|| (v4, 9).into()),
    }
}
