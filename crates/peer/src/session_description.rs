//! Typed connection parameters to the library's SDP and back.
//!
//! SDP is the library's language, not ours: text goes in that this file wrote from validated values, and text comes out
//! that the library wrote. Nothing of it ever travels, so there is no foreign SDP to defend against; the reader below
//! still returns errors instead of trusting the library.

use std::collections::HashMap;
use std::fmt::Write as _;

use trust::{
    ConnectionParameters, DtlsFingerprint, Extensions, IceCredentials, PictureParameters, Setup, SrtpProfile,
    VoiceParameters,
};

use crate::PeerError;
use crate::engine::{
    MID_URI, PICTURE_CLOCK, PICTURE_FEEDBACK, TRANSPORT_CC_URI, VOICE_CLOCK, VOICE_FEEDBACK, VOICE_FORMAT,
    picture_format, red_format,
};

/// Media sections in the order of every offer we make: voice, picture, control channel.
const VOICE_MID: &str = "0";
const PICTURE_MID: &str = "1";
const CONTROL_MID: &str = "2";

/// What a control message may measure, in bytes: forty times what they are today. Larger ones are dropped unread.
pub(crate) const MAX_CONTROL_MESSAGE: usize = 4 * 1024;
/// What every WebRTC implementation takes, in bytes (RFC 8841, section 6.1).
const LIBRARY_MESSAGE: usize = 64 * 1024;

/// The SDP of the other side, for the library.
///
/// `version` counts the descriptions of one connection: a new one must differ (RFC 8866, section 5.2).
pub(crate) fn to_sdp(parameters: &ConnectionParameters, version: u32) -> String {
    let mut sdp = String::with_capacity(2_048);
    let session = [
        "v=0".to_owned(),
        format!("o=- 1 {version} IN IP4 0.0.0.0"),
        "s=-".to_owned(),
        "t=0 0".to_owned(),
        format!("a=fingerprint:sha-256 {}", parameters.fingerprint),
        "a=ice-options:trickle".to_owned(),
        "a=extmap-allow-mixed".to_owned(),
        format!("a=group:BUNDLE {VOICE_MID} {PICTURE_MID} {CONTROL_MID}"),
    ];
    push_lines(&mut sdp, &session);

    let voice = &parameters.voice;
    // Opus first: what comes first is what a side would send if nobody said more.
    let payload_types: String =
        std::iter::once(voice.payload_type).chain(voice.red_payload_type).map(|number| format!(" {number}")).collect();
    push_lines(&mut sdp, &[format!("m=audio 9 UDP/TLS/RTP/SAVPF{payload_types}")]);
    push_transport(&mut sdp, parameters, VOICE_MID);
    push_rtp(&mut sdp, parameters);
    let rtpmap = format!("a=rtpmap:{} opus/{VOICE_CLOCK}/2", voice.payload_type);
    push_lines(&mut sdp, &[rtpmap, format!("a=fmtp:{} {VOICE_FORMAT}", voice.payload_type)]);
    push_feedback(&mut sdp, voice.payload_type, &VOICE_FEEDBACK);
    if let Some(red) = voice.red_payload_type {
        let format = red_format(voice.payload_type);
        push_lines(&mut sdp, &[format!("a=rtpmap:{red} red/{VOICE_CLOCK}/2"), format!("a=fmtp:{red} {format}")]);
        push_feedback(&mut sdp, red, &VOICE_FEEDBACK);
    }
    push_lines(&mut sdp, &["a=msid:remote remote-voice".to_owned()]);
    push_source(&mut sdp, voice.ssrc, "remote-voice");
    push_lines(&mut sdp, &["a=sendrecv".to_owned()]);

    let picture = &parameters.picture;
    let (media, rtx) = (picture.payload_type, picture.rtx_payload_type);
    push_lines(&mut sdp, &[format!("m=video 9 UDP/TLS/RTP/SAVPF {media} {rtx}")]);
    push_transport(&mut sdp, parameters, PICTURE_MID);
    push_rtp(&mut sdp, parameters);
    let [profile, constraints, level] = picture.profile_level_id;
    let format = picture_format(&format!("{profile:02x}{constraints:02x}{level:02x}"));
    let codecs = [
        format!("a=rtpmap:{media} H264/{PICTURE_CLOCK}"),
        format!("a=fmtp:{media} {format}"),
        format!("a=rtpmap:{rtx} rtx/{PICTURE_CLOCK}"),
        format!("a=fmtp:{rtx} apt={media}"),
    ];
    push_lines(&mut sdp, &codecs);
    push_feedback(&mut sdp, media, &PICTURE_FEEDBACK);
    push_lines(&mut sdp, &["a=msid:remote remote-picture".to_owned()]);
    push_lines(&mut sdp, &[format!("a=ssrc-group:FID {} {}", picture.ssrc, picture.rtx_ssrc)]);
    push_source(&mut sdp, picture.ssrc, "remote-picture");
    push_source(&mut sdp, picture.rtx_ssrc, "remote-picture");
    push_lines(&mut sdp, &["a=sendrecv".to_owned()]);

    push_lines(&mut sdp, &["m=application 9 UDP/DTLS/SCTP webrtc-datachannel".to_owned()]);
    push_transport(&mut sdp, parameters, CONTROL_MID);
    let sctp = ["a=sctp-port:5000".to_owned(), format!("a=max-message-size:{LIBRARY_MESSAGE}")];
    push_lines(&mut sdp, &sctp);
    push_lines(&mut sdp, &["a=sendrecv".to_owned()]);
    sdp
}

fn push_lines(sdp: &mut String, lines: &[String]) {
    for line in lines {
        let _ = write!(sdp, "{line}\r\n");
    }
}

fn push_transport(sdp: &mut String, parameters: &ConnectionParameters, mid: &str) {
    let setup = match parameters.setup {
        Setup::ActPass => "actpass",
        Setup::Active => "active",
        Setup::Passive => "passive",
    };
    let lines = [
        "c=IN IP4 0.0.0.0".to_owned(),
        format!("a=setup:{setup}"),
        format!("a=mid:{mid}"),
        format!("a=ice-ufrag:{}", parameters.ice.ufrag()),
        format!("a=ice-pwd:{}", parameters.ice.password()),
    ];
    push_lines(sdp, &lines);
}

fn push_rtp(sdp: &mut String, parameters: &ConnectionParameters) {
    let extensions = &parameters.extensions;
    let lines = [
        "a=rtcp-mux".to_owned(),
        "a=rtcp-rsize".to_owned(),
        format!("a=extmap:{} {MID_URI}", extensions.mid),
        format!("a=extmap:{} {TRANSPORT_CC_URI}", extensions.transport_cc),
    ];
    push_lines(sdp, &lines);
}

fn push_feedback(sdp: &mut String, payload_type: u8, pairs: &[(&str, &str)]) {
    for (typ, parameter) in pairs {
        let separator = if parameter.is_empty() { "" } else { " " };
        push_lines(sdp, &[format!("a=rtcp-fb:{payload_type} {typ}{separator}{parameter}")]);
    }
}

fn push_source(sdp: &mut String, ssrc: u32, track: &str) {
    push_lines(sdp, &[format!("a=ssrc:{ssrc} cname:remote"), format!("a=ssrc:{ssrc} msid:remote {track}")]);
}

/// Our own parameters, out of the SDP that the library wrote.
pub(crate) fn from_sdp(sdp: &str) -> Result<ConnectionParameters, PeerError> {
    let description = Description::read(sdp);
    let voice = description.section("audio")?;
    let picture = description.section("video")?;

    let ice = IceCredentials::new(description.anywhere("ice-ufrag")?, description.anywhere("ice-pwd")?)
        .map_err(unexpected)?;
    let setup = match description.anywhere("setup")? {
        "actpass" => Setup::ActPass,
        "active" => Setup::Active,
        "passive" => Setup::Passive,
        other => return Err(unexpected(format!("handshake role {other}"))),
    };
    let picture_type = picture.payload_type("H264")?;
    let (picture_ssrc, rtx_ssrc) = picture.flow_pair()?;
    Ok(ConnectionParameters {
        ice,
        fingerprint: read_fingerprint(description.anywhere("fingerprint")?)?,
        setup,
        // The SDP does not say: they are offered in the handshake itself, as `engine` sets them.
        srtp: vec![SrtpProfile::AeadAes256Gcm, SrtpProfile::AeadAes128Gcm],
        voice: VoiceParameters {
            payload_type: voice.payload_type("opus")?,
            // Not in an answer to somebody who did not offer it.
            red_payload_type: voice.payload_type("red").ok(),
            ssrc: voice.first_ssrc()?,
        },
        picture: PictureParameters {
            payload_type: picture_type,
            ssrc: picture_ssrc,
            rtx_payload_type: picture.payload_type("rtx")?,
            rtx_ssrc,
            profile_level_id: picture.profile_level_id(picture_type)?,
        },
        extensions: Extensions { mid: picture.extension(MID_URI)?, transport_cc: picture.extension(TRANSPORT_CC_URI)? },
    })
}

fn read_fingerprint(value: &str) -> Result<DtlsFingerprint, PeerError> {
    let hex = value.strip_prefix("sha-256 ").ok_or_else(|| unexpected("fingerprint of another hash"))?;
    hex.parse().map_err(unexpected)
}

fn unexpected(what: impl std::fmt::Display) -> PeerError {
    PeerError::Setup(format!("the library wrote an unexpected description ({what})"))
}

/// One level of an SDP: its attributes, in order.
#[derive(Default)]
struct Section<'a> {
    media: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
}

struct Description<'a> {
    session: Section<'a>,
    media: Vec<Section<'a>>,
}

impl<'a> Description<'a> {
    fn read(sdp: &'a str) -> Self {
        let mut description = Self { session: Section::default(), media: Vec::new() };
        for line in sdp.lines() {
            if let Some(media) = line.strip_prefix("m=") {
                let media = media.split(' ').next().unwrap_or_default();
                description.media.push(Section { media, attributes: Vec::new() });
            } else if let Some(attribute) = line.strip_prefix("a=") {
                let (key, value) = attribute.split_once(':').unwrap_or((attribute, ""));
                description.media.last_mut().unwrap_or(&mut description.session).attributes.push((key, value));
            }
        }
        description
    }

    fn section(&self, media: &str) -> Result<&Section<'a>, PeerError> {
        self.media.iter().find(|section| section.media == media).ok_or_else(|| unexpected(format!("no {media}")))
    }

    /// What is the same in all sections of a bundle, at whichever level the library wrote it.
    fn anywhere(&self, key: &str) -> Result<&'a str, PeerError> {
        std::iter::once(&self.session)
            .chain(&self.media)
            .find_map(|section| section.values(key).next())
            .ok_or_else(|| unexpected(format!("no {key}")))
    }
}

impl<'a> Section<'a> {
    fn values<'s>(&'s self, key: &'s str) -> impl Iterator<Item = &'a str> + 's {
        self.attributes.iter().filter(move |(name, _)| *name == key).map(|(_, value)| *value)
    }

    fn payload_type(&self, codec: &str) -> Result<u8, PeerError> {
        self.values("rtpmap")
            .find_map(|value| {
                let (payload_type, name) = value.split_once(' ')?;
                name.split('/').next()?.eq_ignore_ascii_case(codec).then(|| payload_type.parse().ok())?
            })
            .ok_or_else(|| unexpected(format!("no {codec}")))
    }

    fn first_ssrc(&self) -> Result<u32, PeerError> {
        self.values("ssrc").find_map(|value| value.split(' ').next()?.parse().ok()).ok_or_else(|| unexpected("no ssrc"))
    }

    /// The picture's source and that of its retransmissions (RFC 5576, `FID`).
    fn flow_pair(&self) -> Result<(u32, u32), PeerError> {
        self.values("ssrc-group")
            .find_map(|value| {
                let mut words = value.strip_prefix("FID ")?.split(' ');
                Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
            })
            .ok_or_else(|| unexpected("no retransmission group"))
    }

    fn extension(&self, uri: &str) -> Result<u8, PeerError> {
        self.values("extmap")
            .find_map(|value| {
                let (id, name) = value.split_once(' ')?;
                (name == uri).then(|| id.parse().ok())?
            })
            .ok_or_else(|| unexpected(format!("no {uri}")))
    }

    fn profile_level_id(&self, payload_type: u8) -> Result<[u8; 3], PeerError> {
        let formats: HashMap<&str, &str> = self.values("fmtp").filter_map(|value| value.split_once(' ')).collect();
        let hex = formats
            .get(payload_type.to_string().as_str())
            .and_then(|format| format.split(';').find_map(|pair| pair.strip_prefix("profile-level-id=")))
            .ok_or_else(|| unexpected("no profile-level-id"))?;
        let value = u32::from_str_radix(hex, 16).map_err(|_| unexpected("profile-level-id"))?;
        let [_, profile, constraints, level] = value.to_be_bytes();
        Ok([profile, constraints, level])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters() -> ConnectionParameters {
        ConnectionParameters {
            ice: IceCredentials::new("aB+/1234", "0123456789abcdefghijklmnopqrstuv").unwrap(),
            fingerprint: DtlsFingerprint(std::array::from_fn(|n| n as u8 * 7)),
            setup: Setup::ActPass,
            srtp: vec![SrtpProfile::AeadAes256Gcm, SrtpProfile::AeadAes128Gcm],
            voice: VoiceParameters { payload_type: 111, red_payload_type: Some(63), ssrc: 1_000 },
            picture: PictureParameters {
                payload_type: 102,
                ssrc: 2_000,
                rtx_payload_type: 103,
                rtx_ssrc: u32::MAX,
                profile_level_id: [0x42, 0xe0, 0x1f],
            },
            extensions: Extensions { mid: 1, transport_cc: 2 },
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for setup in [Setup::ActPass, Setup::Active, Setup::Passive] {
            for red_payload_type in [None, Some(63), Some(127)] {
                let voice = VoiceParameters { red_payload_type, ..parameters().voice };
                let parameters = ConnectionParameters { setup, voice, ..parameters() };
                assert_eq!(from_sdp(&to_sdp(&parameters, 1)).unwrap(), parameters);
            }
        }
    }

    #[test]
    fn red_is_opus_after_opus_and_is_not_spoken_of_to_who_does_not_take_it() {
        let sdp = to_sdp(&parameters(), 1);
        for line in ["m=audio 9 UDP/TLS/RTP/SAVPF 111 63", "a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111"] {
            assert!(sdp.lines().any(|written| written == line), "{line} in {sdp}");
        }
        let voice = VoiceParameters { red_payload_type: None, ..parameters().voice };
        assert!(!to_sdp(&ConnectionParameters { voice, ..parameters() }, 1).contains("red"));
    }

    #[test]
    fn a_description_without_a_sha_256_fingerprint_is_refused() {
        let sdp = to_sdp(&parameters(), 1);
        let without: String =
            sdp.lines().filter(|line| !line.contains("fingerprint")).map(|l| format!("{l}\r\n")).collect();
        assert!(matches!(from_sdp(&without), Err(PeerError::Setup(_))));
        assert!(matches!(from_sdp(&sdp.replace("sha-256", "sha-1")), Err(PeerError::Setup(_))));
    }

    #[test]
    fn no_cut_of_a_description_panics() {
        let sdp = to_sdp(&parameters(), 1);
        for end in 0..sdp.len() {
            let _ = from_sdp(&sdp[..end]);
        }
    }
}
