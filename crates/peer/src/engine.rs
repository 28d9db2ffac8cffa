//! What we negotiate and how patient we are: the library's media engine and setting engine.
//!
//! The library's defaults are not used: they offer codecs that nobody here encodes, CBC ciphers and unauthenticated
//! SRTP lengths, and wait a second before a found path is taken.

use std::time::Duration;

use rtc::ice::mdns::MulticastDnsMode;
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_H264, MIME_TYPE_OPUS, MIME_TYPE_RTX};
use rtc::rtp_transceiver::rtp_sender::{
    RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RTCRtpHeaderExtensionCapability, RtpCodecKind,
};
use webrtc::peer_connection::{CipherSuiteId, MediaEngine, SettingEngine, SettingEngineBuilder, SrtpProtectionProfile};

use crate::{PeerConfig, PeerError};

/// Payload type of voice, when we offer.
pub(crate) const VOICE_PAYLOAD_TYPE: u8 = 111;
/// Payload type of voice with copies of what was said just before (RFC 2198), when we offer: Chromium's.
pub(crate) const RED_PAYLOAD_TYPE: u8 = 63;
/// Payload type of the picture, when we offer.
pub(crate) const PICTURE_PAYLOAD_TYPE: u8 = 102;
/// Payload type of the picture's retransmissions, when we offer.
pub(crate) const RTX_PAYLOAD_TYPE: u8 = 103;

/// Clock of Opus over RTP (RFC 7587, section 4.1), whatever it was sampled at.
pub(crate) const VOICE_CLOCK: u32 = 48_000;
/// Clock of H.264 over RTP (RFC 6184, section 8.2.1).
pub(crate) const PICTURE_CLOCK: u32 = 90_000;

/// The library knows no name for it.
const MIME_TYPE_RED: &str = "audio/red";

/// In-band error correction is switched by the sender; this says that we can use it (RFC 7587, section 6.1).
pub(crate) const VOICE_FORMAT: &str = "minptime=10;useinbandfec=1";

/// What the blocks of RED are, from the most redundant to the primary one: RFC 2198, section 5, wants two at least.
pub(crate) fn red_format(voice_payload_type: u8) -> String {
    format!("{voice_payload_type}/{voice_payload_type}")
}

/// Which media section a packet belongs to, for bundled media (RFC 9143).
pub(crate) const MID_URI: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
/// One sequence number for all media of a transport (draft-holmer-rmcat-transport-wide-cc-extensions-01).
pub(crate) const TRANSPORT_CC_URI: &str = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

/// `packetization-mode=1`: NAL units may be fragmented (RFC 6184, section 6.3). `profile_level_id` is three bytes in hex.
pub(crate) fn picture_format(profile_level_id: &str) -> String {
    format!("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={profile_level_id}")
}

/// Constrained Baseline, level 3.1: what every browser and every hardware decoder takes.
pub(crate) const PROFILE_LEVEL_ID: &str = "42e01f";

/// Feedback on the picture, as (type, parameter) of `a=rtcp-fb` (RFC 4585, RFC 5104).
pub(crate) const PICTURE_FEEDBACK: [(&str, &str); 4] =
    [("ccm", "fir"), ("nack", ""), ("nack", "pli"), ("transport-cc", "")];
/// Feedback on voice.
pub(crate) const VOICE_FEEDBACK: [(&str, &str); 1] = [("transport-cc", "")];

/// Opus, alone and in RED, H.264 and its retransmission, and nothing else.
pub(crate) fn media_engine() -> Result<MediaEngine, PeerError> {
    let mut engine = MediaEngine::default();
    // Codecs first: feedback applies only to codecs already registered.
    let codecs = [
        (voice_codec(), VOICE_PAYLOAD_TYPE, RtpCodecKind::Audio),
        (red_codec(), RED_PAYLOAD_TYPE, RtpCodecKind::Audio),
        (picture_codec(), PICTURE_PAYLOAD_TYPE, RtpCodecKind::Video),
        (rtx_codec(), RTX_PAYLOAD_TYPE, RtpCodecKind::Video),
    ];
    for (rtp_codec, payload_type, kind) in codecs {
        engine.register_codec(RTCRtpCodecParameters { rtp_codec, payload_type }, kind).map_err(setup)?;
    }
    for (uri, kinds) in [
        (MID_URI, [RtpCodecKind::Audio, RtpCodecKind::Video]),
        (TRANSPORT_CC_URI, [RtpCodecKind::Audio, RtpCodecKind::Video]),
    ] {
        for kind in kinds {
            let extension = RTCRtpHeaderExtensionCapability { uri: uri.to_owned() };
            engine.register_header_extension(extension, kind, None).map_err(setup)?;
        }
    }
    Ok(engine)
}

pub(crate) fn voice_codec() -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: MIME_TYPE_OPUS.to_owned(),
        clock_rate: VOICE_CLOCK,
        channels: 2,
        sdp_fmtp_line: VOICE_FORMAT.to_owned(),
        rtcp_feedback: feedback(&VOICE_FEEDBACK),
    }
}

fn red_codec() -> RTCRtpCodec {
    RTCRtpCodec { mime_type: MIME_TYPE_RED.to_owned(), sdp_fmtp_line: red_format(VOICE_PAYLOAD_TYPE), ..voice_codec() }
}

pub(crate) fn picture_codec() -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: MIME_TYPE_H264.to_owned(),
        clock_rate: PICTURE_CLOCK,
        channels: 0,
        sdp_fmtp_line: picture_format(PROFILE_LEVEL_ID),
        rtcp_feedback: feedback(&PICTURE_FEEDBACK),
    }
}

fn rtx_codec() -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: MIME_TYPE_RTX.to_owned(),
        clock_rate: PICTURE_CLOCK,
        channels: 0,
        sdp_fmtp_line: format!("apt={PICTURE_PAYLOAD_TYPE}"),
        rtcp_feedback: Vec::new(),
    }
}

fn feedback(pairs: &[(&str, &str)]) -> Vec<RTCPFeedback> {
    pairs.iter().map(|(typ, parameter)| RTCPFeedback { typ: (*typ).into(), parameter: (*parameter).into() }).collect()
}

/// Only authenticated ciphers, no waiting, and a transport that survives what the call survives.
pub(crate) fn setting_engine(config: &PeerConfig) -> SettingEngine {
    SettingEngineBuilder::new()
        .with_srtp_protection_profiles(vec![
            SrtpProtectionProfile::Srtp_Aead_Aes_256_Gcm,
            SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
        ])
        .with_dtls_cipher_suites(vec![CipherSuiteId::Tls_Ecdhe_Ecdsa_With_Aes_128_Gcm_Sha256])
        .with_ice_timeouts(Some(DISCONNECTED_AFTER), Some(FAILED_AFTER), Some(KEEPALIVE_INTERVAL))
        .with_ice_connection_attempts(Some(check_interval(config.server_round_trip)), Some(MAX_CHECKS_PER_PAIR))
        .with_host_acceptance_min_wait(Some(Duration::ZERO))
        .with_srflx_acceptance_min_wait(Some(Duration::ZERO))
        .with_prflx_acceptance_min_wait(Some(Duration::ZERO))
        .with_relay_acceptance_min_wait(Some(relay_wait(config)))
        .with_include_loopback_candidate(config.include_loopback)
        .with_discard_local_candidates_during_ice_restart(true)
        // Candidates are sealed, so that names would hide nothing from the server; and where multicast does not reach,
        // the two could not find each other.
        .with_multicast_dns_mode(MulticastDnsMode::Disabled)
        .build()
}

pub(crate) fn setup(error: impl std::fmt::Display) -> PeerError {
    PeerError::Setup(error.to_string())
}

/// Three keepalives missed in a row: long enough for a lost one, short enough that the person is told before asking.
const DISCONNECTED_AFTER: Duration = Duration::from_millis(3_200);
/// The call decides when to give up (ten minutes of grace), not the library, and a failed agent drops its candidates.
const FAILED_AFTER: Duration = Duration::from_secs(20 * 60);
/// A waiting room sends nothing else, so this is what notices a lost link (RFC 7675 asks for at most 5 s between checks).
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(1);
/// How often every pair of addresses is checked that has not answered.
///
/// A check has no answer before a round trip is over, and the library checks all pairs in one go and does not leave out those
/// that come to the same: four, of 120 bytes each, ten times a second are 38 kbps, which leaves no room for the answer of the
/// guest on a link of 30 to 64 kbps.
fn check_interval(server_round_trip: Option<Duration>) -> Duration {
    server_round_trip.map_or(CHECK_INTERVAL, |taken| {
        let interval = if taken < SLOW_LINK { taken / 2 } else { taken };
        interval.clamp(CHECK_INTERVAL, LONGEST_CHECK_INTERVAL)
    })
}

/// How long a pair of addresses by way of a relay is not taken although it answers: the library takes one for good, and a
/// straight way that takes a moment longer to open is the better one.
fn relay_wait(config: &PeerConfig) -> Duration {
    if config.relay_only {
        return Duration::ZERO;
    }
    let round_trips = config.server_round_trip.map_or(Duration::ZERO, |taken| taken * 2);
    round_trips.clamp(RELAY_WAIT, LONGEST_RELAY_WAIT)
}

/// Two sides behind two routers need two round trips and a tick or two for the straight way.
const RELAY_WAIT: Duration = Duration::from_millis(400);
/// On a link that is so slow everything comes late, and a person waits.
const LONGEST_RELAY_WAIT: Duration = Duration::from_millis(1_000);
/// The library's 200 ms tick is most of the time it takes to connect; RFC 8445, section 14.2, allows 50 ms.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);
/// From here on the link is a thin one, or its round trip so long that checks would overtake their answers.
const SLOW_LINK: Duration = Duration::from_millis(300);
/// The least time-out of a check (RFC 8445, section 14.3).
const LONGEST_CHECK_INTERVAL: Duration = Duration::from_millis(500);
/// Half a minute of checks a pair, as long as a path is looked for in all: the answerer begins to check before its answer has
/// reached the offerer, which takes ten seconds and more where every fifth packet is lost, and must not give up first.
const MAX_CHECKS_PER_PAIR: u16 = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "fails when the ban names a call that is not there any more")]
    fn the_call_that_turns_checks_of_certificates_off_is_banned() {
        let _ = SettingEngineBuilder::new().with_disable_certificate_fingerprint_verification(false);
    }

    #[test]
    fn on_a_slow_link_the_path_is_looked_for_less_often() {
        let interval = |millis| check_interval(Some(Duration::from_millis(millis))).as_millis();
        assert_eq!(check_interval(None), CHECK_INTERVAL);
        assert_eq!((interval(0), interval(60), interval(230), interval(420)), (100, 100, 115, 420));
        assert_eq!(check_interval(Some(Duration::MAX)), LONGEST_CHECK_INTERVAL);
    }

    #[test]
    fn a_relay_gives_the_straight_way_a_moment() {
        let wait = |millis: Option<u64>, relay_only| {
            let server_round_trip = millis.map(Duration::from_millis);
            relay_wait(&PeerConfig { server_round_trip, relay_only, ..PeerConfig::default() }).as_millis()
        };
        assert_eq!((wait(None, false), wait(Some(50), false), wait(Some(300), false)), (400, 400, 600));
        assert_eq!((wait(Some(9_000), false), wait(None, true)), (1_000, 0));
    }

    #[test]
    fn the_codecs_and_extensions_can_be_registered() {
        media_engine().expect("the engine takes our codecs");
    }
}
