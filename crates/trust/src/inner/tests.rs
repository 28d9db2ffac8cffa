use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::fixtures::offered;
use crate::{
    CandidateKind, DtlsFingerprint, Extensions, IceCredentials, PictureParameters, SrtpProfile, Transport,
    VoiceParameters,
};

fn offer_json() -> Value {
    json!({
        "kind": "offer",
        "generation": 4,
        "parameters": {
            "ice": {"ufrag": "ufrg", "password": "0123456789abcdefghij+/"},
            "keying": "dtls_srtp",
            "fingerprints": [{"hash": "sha-256", "value": vec!["AB"; 32].join(":")}],
            "setup": "actpass",
            "srtp": ["aead_aes_256_gcm", "aead_aes_128_gcm"],
            "voice": {"payload_type": 111, "red_payload_type": 63, "ssrc": 1},
            "picture": {
                "payload_type": 102, "ssrc": 2, "rtx_payload_type": 103, "rtx_ssrc": 3, "profile_level_id": "42e01f"
            },
            "extensions": {"mid": 1, "transport_cc": 3},
        },
    })
}

fn offer() -> InnerMessage {
    InnerMessage::Offer { generation: 4, parameters: offered() }
}

fn read(json: &Value) -> Result<InnerMessage, InnerError> {
    InnerMessage::from_bytes(json.to_string().as_bytes())
}

/// The offer with the value at this place of its parameters put in, or taken out.
fn offer_with(place: &str, value: Option<Value>) -> Result<InnerMessage, InnerError> {
    let mut json = offer_json();
    let (parent, name) = place.rsplit_once('/').unwrap();
    let parent = json["parameters"].pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => parent.insert(name.to_owned(), value),
        None => parent.remove(name),
    };
    read(&json)
}

#[test]
fn an_offer_has_this_form_and_no_other() {
    assert_eq!(serde_json::from_slice::<Value>(&offer().to_bytes()).unwrap(), offer_json());
    assert_eq!(read(&offer_json()), Ok(offer()));
}

#[test]
fn what_a_later_version_adds_is_passed_over() {
    assert_eq!(offer_with("/later", Some(json!({"x": [1, 2]}))), Ok(offer()));
    assert_eq!(offer_with("/ice/later", Some(json!(true))), Ok(offer()));
    let profiles = json!(["later_aead", "aead_aes_256_gcm", "aead_aes_128_gcm", "aead_aes_256_gcm"]);
    assert_eq!(offer_with("/srtp", Some(profiles)), Ok(offer()));
    assert_eq!(read(&json!({"kind": "hologram", "generation": 1})), Err(InnerError::UnknownKind));
    let reason = InnerMessage::Bye { reason: ByeReason::Unknown };
    assert_eq!(read(&json!({"kind": "bye", "reason": "a later one"})), Ok(reason));
}

#[test]
fn a_peer_that_does_not_know_red_says_nothing_of_it_and_is_told_nothing_that_it_refuses() {
    let mut earlier = offer();
    let InnerMessage::Offer { parameters, .. } = &mut earlier else { unreachable!() };
    parameters.voice.red_payload_type = None;
    assert_eq!(offer_with("/voice/red_payload_type", None), Ok(earlier.clone()));
    assert_eq!(offer_with("/voice/red_payload_type", Some(Value::Null)), Ok(earlier.clone()));
    let said: Value = serde_json::from_slice(&earlier.to_bytes()).unwrap();
    assert_eq!(said["parameters"]["voice"], json!({"payload_type": 111, "ssrc": 1}), "as an earlier version says it");
}

#[test]
fn a_connection_that_is_not_encrypted_end_to_end_is_refused_by_name() {
    let refused = |place, value: Option<Value>, error: ConnectionError| {
        assert_eq!(offer_with(place, value.clone()), Err(error.into()), "{place} {value:?}");
    };
    for keying in [None, Some(json!("sdes")), Some(json!("none")), Some(json!("DTLS_SRTP")), Some(json!(null))] {
        refused("/keying", keying, ConnectionError::NotDtlsSrtp);
    }
    refused("/fingerprints", None, ConnectionError::NoFingerprint);
    refused("/fingerprints", Some(json!([])), ConnectionError::NoFingerprint);
    let good = json!({"hash": "sha-256", "value": vec!["AB"; 32].join(":")});
    refused("/fingerprints", Some(json!([good, good])), ConnectionError::SeveralFingerprints);
    for hash in ["sha-1", "sha-512", "md5", "SHA-256", ""] {
        let other = json!([{"hash": hash, "value": vec!["AB"; 32].join(":")}]);
        refused("/fingerprints", Some(other), ConnectionError::FingerprintHash);
    }
    refused("/fingerprints", Some(json!([{"hash": "sha-256", "value": "AB"}])), ConnectionError::Malformed);
    for profiles in [json!([]), json!(["aes_cm_128_hmac_sha1_80"]), json!(["null", "AEAD_AES_256_GCM"])] {
        refused("/srtp", Some(profiles), ConnectionError::NoAeadProfile);
    }
    refused("/srtp", None, ConnectionError::NoAeadProfile);
}

#[test]
fn every_field_is_checked_when_it_is_read() {
    let refused = |place, value: Value, error: InnerError| {
        assert_eq!(offer_with(place, Some(value.clone())), Err(error), "{place} {value}");
    };
    refused("/ice/ufrag", json!("u\r\n"), ConnectionError::IceCredentials.into());
    refused("/ice/password", json!("short"), ConnectionError::IceCredentials.into());
    refused("/voice/payload_type", json!(0), ConnectionError::PayloadTypes.into());
    for red in [111, 102, 103, 72, 0] {
        refused("/voice/red_payload_type", json!(red), ConnectionError::PayloadTypes.into());
    }
    refused("/voice/red_payload_type", json!(256), InnerError::Malformed);
    refused("/voice/red_payload_type", json!("63"), InnerError::Malformed);
    refused("/picture/ssrc", json!(1), ConnectionError::Sources.into());
    for profile in ["", "42e01", "42e01f0", "+2e01f", "42e01g", "640c1f", "0042e01f"] {
        refused("/picture/profile_level_id", json!(profile), ConnectionError::PictureProfile.into());
    }
    refused("/extensions/mid", json!(15), ConnectionError::Extensions.into());
    refused("/voice/payload_type", json!(256), InnerError::Malformed);
    refused("/voice/ssrc", json!(-1), InnerError::Malformed);
    refused("/setup", json!("holdconn"), InnerError::Malformed);
    assert_eq!(offer_with("/ice", None), Err(InnerError::Malformed));
    assert_eq!(offer_with("/voice/ssrc", None), Err(InnerError::Malformed));
}

#[test]
fn an_answer_says_who_begins_the_handshake() {
    let mut json = offer_json();
    json["kind"] = json!("answer");
    assert_eq!(read(&json), Err(ConnectionError::Setup.into()));
    json["parameters"]["setup"] = json!("active");
    assert!(matches!(read(&json), Ok(InnerMessage::Answer { generation: 4, .. })));
}

#[test]
fn one_bad_candidate_spoils_the_message() {
    let good = json!({
        "foundation": "1", "component": 1, "transport": "udp", "priority": 1, "address": "192.0.2.1", "port": 5000,
        "kind": "server_reflexive", "related": "10.0.0.1:4000",
    });
    let message = |candidates: Value| read(&json!({"kind": "candidates", "generation": 0, "candidates": candidates}));
    assert!(message(json!([good, good])).is_ok());
    let mut bad = good.clone();
    bad["foundation"] = json!("1 1 udp");
    assert_eq!(message(json!([good, bad])), Err(CandidateError::Foundation.into()));
    bad = good.clone();
    bad["address"] = json!("224.0.0.1");
    assert_eq!(message(json!([bad])), Err(CandidateError::Address.into()));
    for host in ["patient-laptop.local", "example.com", "192.0.2.1:1", ""] {
        bad["address"] = json!(host);
        assert_eq!(message(json!([bad])), Err(InnerError::Malformed), "{host}");
    }
    assert_eq!(message(json!(vec![good; MAX_CANDIDATES + 1])), Err(InnerError::TooLarge));
}

#[test]
fn the_largest_message_of_candidates_fits_a_box() {
    let address = "2001:0db8:1111:2222:3333:4444:5555:6666";
    let candidate = Candidate {
        foundation: "f".repeat(32).parse().unwrap(),
        component: 255,
        transport: Transport::Udp,
        priority: 0x7fff_ffff,
        address: address.parse().unwrap(),
        port: 65_535,
        kind: CandidateKind::ServerReflexive,
        related: Some(format!("[{address}]:65535").parse().unwrap()),
    };
    let message = InnerMessage::Candidates { generation: u32::MAX, candidates: vec![candidate; MAX_CANDIDATES] };
    let bytes = message.to_bytes();
    assert!(bytes.len() <= MAX_INNER_BYTES, "{}", bytes.len());
    assert_eq!(InnerMessage::from_bytes(&bytes), Ok(message));
    assert_eq!(MAX_INNER_BYTES, signaling_protocol::Limits::default().box_bytes);
}

#[test]
fn what_is_too_large_is_not_even_read() {
    let mut bytes = offer().to_bytes();
    bytes.resize(MAX_INNER_BYTES, b' ');
    assert_eq!(InnerMessage::from_bytes(&bytes), Ok(offer()));
    bytes.push(b' ');
    assert_eq!(InnerMessage::from_bytes(&bytes), Err(InnerError::TooLarge));
}

#[test]
fn what_is_not_a_message_is_refused() {
    for bytes in
        [&b""[..], b"null", b"[]", b"{}", b"{\"kind\":1}", b"\xff", b"{\"kind\":\"offer\"}", b"{\"kind\":\"bye\"}"]
    {
        assert_eq!(InnerMessage::from_bytes(bytes), Err(InnerError::Malformed), "{bytes:?}");
    }
    assert_eq!(InnerMessage::from_bytes("[".repeat(16_000).as_bytes()), Err(InnerError::Malformed));
    // A field twice: which of them counts must not depend on the reader.
    let twice = br#"{"kind":"offer_request","kind":"bye","reason":"hung_up"}"#;
    assert_eq!(InnerMessage::from_bytes(twice), Err(InnerError::Malformed));
}

fn any_candidate() -> impl Strategy<Value = Candidate> {
    let related = prop_oneof![Just(None), any::<(std::net::IpAddr, u16)>().prop_map(|it| Some(it.into()))];
    let kinds =
        [CandidateKind::Host, CandidateKind::ServerReflexive, CandidateKind::PeerReflexive, CandidateKind::Relay];
    let transport = prop_oneof![Just(Transport::Udp), Just(Transport::Tcp)];
    (
        "[a-zA-Z0-9+/]{1,32}",
        1..=255u8,
        transport,
        1..=0x7fff_ffffu32,
        any::<std::net::IpAddr>(),
        1..=u16::MAX,
        0..4usize,
        related,
    )
        .prop_map(move |(foundation, component, transport, priority, address, port, kind, related)| Candidate {
            foundation: foundation.parse().unwrap(),
            component,
            transport,
            priority,
            address,
            port,
            kind: kinds[kind],
            related: related.filter(|_| kind != 0),
        })
        .prop_filter("sound", |candidate| candidate.validate().is_ok())
}

fn any_message() -> impl Strategy<Value = InnerMessage> {
    let parameters = (
        ("[a-zA-Z0-9+/]{4,256}", "[a-zA-Z0-9+/]{22,256}"),
        any::<[u8; 32]>(),
        prop_oneof![Just(Setup::ActPass), Just(Setup::Active), Just(Setup::Passive)],
        (1..u32::MAX - 2, any::<u8>()),
    )
        .prop_map(|((ufrag, password), fingerprint, setup, (ssrc, level))| ConnectionParameters {
            ice: IceCredentials::new(&ufrag, &password).unwrap(),
            fingerprint: DtlsFingerprint(fingerprint),
            setup,
            srtp: vec![SrtpProfile::AeadAes128Gcm],
            voice: VoiceParameters { payload_type: 96, red_payload_type: Some(35 + level % 29), ssrc },
            picture: PictureParameters {
                payload_type: 97,
                ssrc: ssrc + 1,
                rtx_payload_type: 127,
                rtx_ssrc: ssrc + 2,
                profile_level_id: [0x42, 0xc0, level],
            },
            extensions: Extensions { mid: 14, transport_cc: 1 },
        });
    let candidates = prop::collection::vec(any_candidate(), 0..MAX_CANDIDATES);
    prop_oneof![
        (any::<u32>(), parameters).prop_map(|(generation, parameters)| match parameters.setup {
            Setup::ActPass => InnerMessage::Offer { generation, parameters },
            Setup::Active | Setup::Passive => InnerMessage::Answer { generation, parameters },
        }),
        (any::<u32>(), candidates)
            .prop_map(|(generation, candidates)| InnerMessage::Candidates { generation, candidates }),
        any::<u32>().prop_map(|generation| InnerMessage::EndOfCandidates { generation }),
        Just(InnerMessage::OfferRequest),
        Just(InnerMessage::IceRestartRequest),
        Just(InnerMessage::Bye { reason: ByeReason::HungUp }),
        Just(InnerMessage::Bye { reason: ByeReason::Refused }),
        Just(InnerMessage::Bye { reason: ByeReason::Failed }),
    ]
}

proptest! {
    #[test]
    fn every_message_is_read_as_it_is_written(message in any_message()) {
        prop_assert_eq!(InnerMessage::from_bytes(&message.to_bytes()), Ok(message));
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = InnerMessage::from_bytes(&bytes);
    }

    #[test]
    fn a_damaged_message_never_panics_and_what_is_taken_is_sound(
        message in any_message(),
        place: prop::sample::Index,
        byte: u8,
    ) {
        let mut bytes = message.to_bytes();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        match InnerMessage::from_bytes(&bytes) {
            Ok(InnerMessage::Offer { parameters, .. } | InnerMessage::Answer { parameters, .. }) => {
                prop_assert_eq!(parameters.validate(), Ok(()));
            }
            Ok(InnerMessage::Candidates { candidates, .. }) => {
                prop_assert!(candidates.iter().all(|candidate| candidate.validate().is_ok()));
            }
            _ => {}
        }
    }
}
