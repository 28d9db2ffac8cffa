//! Repair packets for the picture on the wire, between two of our own apps.
//!
//! Who receives a picture says now and then, in an RTCP packet of its own (APP, RFC 3550, section 6.7), that it takes them
//! and as which payload type. Who sends uses them from then on, on the source of the retransmissions. Other programs
//! pass such packets over (a browser says nothing, and gets none), so that nothing had to be negotiated.

use std::time::Duration;

use bytes::Bytes;
use congestion::Protected;
use rtc::rtcp::raw_packet::RawPacket;
use rtc::rtp;
use units::Timestamp;

use crate::shared::Flows;

/// Says now and then, while pictures come, that repair packets are taken.
#[derive(Debug, Default)]
pub(super) struct Announcer {
    last_picture: Option<Timestamp>,
    last: Option<Timestamp>,
    said: u32,
}

impl Announcer {
    pub(super) fn on_picture(&mut self, now: Timestamp) {
        self.last_picture = Some(now);
    }

    /// What to say now, if anything.
    pub(super) fn poll(&mut self, now: Timestamp, flows: &Flows) -> Option<RawPacket> {
        self.last_picture.filter(|at| now.since(*at) < Duration::from_secs(1))?;
        let interval = if self.said < SAID_OFTEN { OFTEN } else { SELDOM };
        if self.last.is_some_and(|last| now.since(last) < interval) {
            return None;
        }
        self.last = Some(now);
        self.said = self.said.saturating_add(1);
        Some(announcement(flows.voice.local_ssrc, own_payload_type(flows)?))
    }
}

/// As which payload type we take them: the first that means nothing else to us.
pub(super) fn own_payload_type(flows: &Flows) -> Option<u8> {
    let taken = [flows.voice, flows.picture, flows.rtx].map(|flow| flow.own_payload_type);
    free_payload_types(taken, flows.red.map(|red| red.own_payload_type)).next()
}

/// Those that mean nothing to a side that has taken these.
pub(crate) fn free_payload_types(taken: [u8; 3], red: Option<u8>) -> impl Iterator<Item = u8> {
    PAYLOAD_TYPES.into_iter().filter(move |it| red != Some(*it) && !taken.contains(it))
}

/// As which payload type the other side takes them, if this is what it says.
pub(super) fn announced(packet: &RawPacket, flows: &Flows) -> Option<u8> {
    let &[_, APP, _, _, _, _, _, _, n, a, m, e, payload_type, ..] = &packet.0[..] else { return None };
    let red = flows.red.map(|red| red.payload_type);
    let taken = [flows.voice, flows.picture, flows.rtx].map(|flow| flow.payload_type);
    let free = PAYLOAD_TYPES.contains(&payload_type) && red != Some(payload_type) && !taken.contains(&payload_type);
    ([n, a, m, e] == NAME && free).then_some(payload_type)
}

fn announcement(ssrc: u32, payload_type: u8) -> RawPacket {
    let mut bytes = vec![VERSION, APP, 0, WORDS - 1];
    bytes.extend_from_slice(&ssrc.to_be_bytes());
    bytes.extend_from_slice(&NAME);
    bytes.extend_from_slice(&[payload_type, 0, 0, 0]);
    RawPacket(Bytes::from(bytes))
}

/// What of a packet is protected.
pub(super) fn protected(packet: &rtp::Packet) -> Protected<Bytes> {
    let rtp::Header { sequence_number, timestamp, marker, .. } = packet.header;
    Protected { sequence: sequence_number, timestamp, marker, payload: packet.payload.clone() }
}

/// What a retransmission repeats (RFC 4588, section 4).
pub(super) fn repeated(packet: &rtp::Packet) -> Option<Protected<Bytes>> {
    let (&[high, low], _) = packet.payload.split_first_chunk()?;
    let original = Protected { payload: packet.payload.slice(2..), ..protected(packet) };
    Some(Protected { sequence: u16::from_be_bytes([high, low]), ..original })
}

/// The packet that was lost, as if it had come.
pub(super) fn rebuilt(packet: Protected<Vec<u8>>, flows: &Flows) -> rtp::Packet {
    let Protected { sequence, timestamp, marker, payload } = packet;
    let header = rtp::Header {
        version: 2,
        marker,
        payload_type: flows.picture.own_payload_type,
        sequence_number: sequence,
        timestamp,
        ssrc: flows.picture.remote_ssrc,
        ..rtp::Header::default()
    };
    rtp::Packet { header, payload: Bytes::from(payload) }
}

/// Whether a picture that begins with this RFC 6184 payload is one that all others need: `nal_ref_idc` of its lowest
/// temporal layer is the highest there is.
pub(super) fn is_of_lowest_layer(payload: &[u8]) -> bool {
    payload.first().is_some_and(|header| header >> 5 & 3 == 3)
}

/// Whether a key frame begins with this RFC 6184 payload: with its sequence parameters, in an aggregate or alone (sections 5.6
/// and 5.7.1).
pub(super) fn begins_key_frame(payload: &[u8]) -> bool {
    const TYPE: u8 = 0x1f;
    const AGGREGATE: u8 = 24;
    const SEQUENCE_PARAMETERS: u8 = 7;
    let unit = match payload {
        [header, _, _, first, ..] if header & TYPE == AGGREGATE => Some(first),
        _ => payload.first(),
    };
    unit.is_some_and(|header| header & TYPE == SEQUENCE_PARAMETERS)
}

/// The dynamic range (RFC 3551, section 6), from above: the negotiation gives out the low ones.
const PAYLOAD_TYPES: [u8; 8] = [127, 126, 125, 124, 123, 122, 121, 120];
const VERSION: u8 = 0x80;
const APP: u8 = 204;
const WORDS: u8 = 4;
/// "Housecall repairs".
const NAME: [u8; 4] = *b"HCRP";
/// Some of the first may be lost, and the sender may have begun anew.
const SAID_OFTEN: u32 = 5;
const OFTEN: Duration = Duration::from_millis(500);
const SELDOM: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Flow;

    fn flows() -> Flows {
        let flow =
            |ssrc, own| Flow { local_ssrc: ssrc, remote_ssrc: ssrc + 10, payload_type: own, own_payload_type: own };
        Flows { voice: flow(1, 111), picture: flow(2, 127), rtx: flow(3, 126), red: None, transport_cc: 2 }
    }

    #[test]
    fn what_is_said_is_understood_and_collides_with_nothing() {
        assert_eq!(own_payload_type(&flows()), Some(125));
        assert_eq!(announced(&announcement(7, 125), &flows()), Some(125));
        assert_eq!(announced(&announcement(7, 127), &flows()), None, "that is the picture");
        assert_eq!(announced(&announcement(7, 0), &flows()), None);
        for end in 0..13 {
            let cut = RawPacket(announcement(7, 125).0.slice(..end));
            assert_eq!(announced(&cut, &flows()), None);
        }
    }

    #[test]
    fn it_is_said_while_pictures_come_and_not_otherwise() {
        let mut announcer = Announcer::default();
        let at = Timestamp::from_millis;
        assert!(announcer.poll(at(0), &flows()).is_none());
        let mut said = 0;
        for millis in 0..30_000 {
            if millis < 20_000 {
                announcer.on_picture(at(millis));
            }
            said += u32::from(announcer.poll(at(millis), &flows()).is_some());
        }
        assert_eq!(said, 5 + 3);
    }
}
