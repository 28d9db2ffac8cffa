//! What TURN messages look like from outside: where one ends in a stream, what they carry, what a relay answered.

use std::net::{IpAddr, SocketAddr};

use rtc::stun::message::Getter as _;
use rtc::stun::message::Message;
use rtc::turn::proto::relayaddr::RelayedAddress;

/// What a datagram to or from a relay carries for the other side: ChannelData (RFC 8656, section 12.4), or the DATA of a Send
/// or Data indication (sections 11.1 and 11.4). `None` for all that goes straight to the other side, or to the relay itself.
pub(crate) fn payload(datagram: &[u8]) -> Option<&[u8]> {
    let (head, rest) = datagram.split_at_checked(4)?;
    if is_channel(head[0]) {
        return rest.get(..usize::from(u16::from_be_bytes([head[2], head[3]])));
    }
    let mut attributes = indication(datagram)?;
    while let Some((head, rest)) = attributes.split_at_checked(4) {
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        if head[..2] == DATA {
            return rest.get(..length);
        }
        attributes = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    None
}

/// A datagram, or what a relay is to pass on of it or has passed on.
pub(crate) fn content(datagram: &[u8]) -> &[u8] {
    payload(datagram).unwrap_or(datagram)
}

/// What a relay passed on, if it is a handshake or media and no check: where in the datagram it stands.
///
/// The library takes these as they are, from whichever address, once a path is chosen; and takes them sooner so. What it unwraps
/// itself it looks at a round later, and of the media that come so it loses the first of each track.
pub(crate) fn for_library(datagram: &[u8]) -> Option<std::ops::Range<usize>> {
    let passed_on = payload(datagram)?;
    let start = passed_on.as_ptr() as usize - datagram.as_ptr() as usize;
    passed_on.first().is_some_and(|first| *first >= FIRST_OF_DTLS).then_some(start..start + passed_on.len())
}

/// To whom a datagram goes by way of a relay, as bytes that tell them apart: the number of a channel, or family, port and the
/// first word of XOR-PEER-ADDRESS, of which the rest is different in each message (RFC 8489, section 14.2).
pub(crate) fn receiver(datagram: &[u8]) -> Option<[u8; 8]> {
    if is_channel(*datagram.first()?) {
        let number = datagram.get(..2)?;
        return Some([number[0], number[1], 0, 0, 0, 0, 0, 0]);
    }
    let mut attributes = indication(datagram)?;
    while let Some((head, rest)) = attributes.split_at_checked(4) {
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        if head[..2] == XOR_PEER_ADDRESS {
            return rest.first_chunk::<8>().copied();
        }
        attributes = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    None
}

/// The attributes of a Send or Data indication.
fn indication(datagram: &[u8]) -> Option<&[u8]> {
    let (header, attributes) = datagram.split_at_checked(HEADER)?;
    let relayed = [SEND_INDICATION, DATA_INDICATION].iter().any(|kind| header.starts_with(kind));
    (relayed && header[4..8] == MAGIC_COOKIE).then_some(attributes)
}

/// How long a message in a stream is, as far as its first four bytes say: with and without the padding that ChannelData has
/// there (RFC 8656, section 12.5); a STUN message is of full words by itself (RFC 8489, section 5). `None` for what is neither.
pub(crate) fn length_in_stream(head: [u8; 4]) -> Option<Framed> {
    let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
    match head[0] {
        first if is_channel(first) => {
            let message = 4 + length;
            Some(Framed { message, padded: message.next_multiple_of(4) })
        }
        0..=3 if length % 4 == 0 => Some(Framed { message: HEADER + length, padded: HEADER + length }),
        _ => None,
    }
}

/// How much of a stream is one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Framed {
    /// The message itself.
    pub(crate) message: usize,
    /// And what is to be skipped with it.
    pub(crate) padded: usize,
}

/// Of which request a message is, or which one it answers: its transaction.
pub(crate) fn transaction(message: &[u8]) -> Option<[u8; 12]> {
    (is_stun(message)).then(|| message[8..HEADER].try_into().ok()).flatten()
}

/// Whether a message is a request, which its sender repeats until it is answered (RFC 8489, section 5: both class bits are 0).
pub(crate) fn is_request(message: &[u8]) -> bool {
    is_stun(message) && message[0] & 1 == 0 && message[1] & 0x10 == 0
}

/// Whether a message asks for a relayed address.
pub(crate) fn is_allocate(message: &[u8]) -> bool {
    is_stun(message) && message[..2] == ALLOCATE
}

/// Whether an Allocate request says who asks: the first one does not, since what to sign with is in the answer to it.
pub(crate) fn is_signed(request: &[u8]) -> bool {
    let mut attributes = request.get(HEADER..).unwrap_or_default();
    while let Some((head, rest)) = attributes.split_at_checked(4) {
        if head[..2] == MESSAGE_INTEGRITY {
            return true;
        }
        let length = usize::from(u16::from_be_bytes([head[2], head[3]])).next_multiple_of(4);
        attributes = rest.get(length..).unwrap_or_default();
    }
    false
}

/// The address that a relay lent us, if this is the answer that says so.
pub(crate) fn relayed_address(message: &[u8]) -> Option<SocketAddr> {
    if !is_stun(message) || message[..2] != ALLOCATED {
        return None;
    }
    let mut read = Message { raw: message.to_vec(), ..Message::default() };
    read.decode().ok()?;
    let mut relayed = RelayedAddress::default();
    relayed.get_from(&read).ok()?;
    Some(SocketAddr::new(IpAddr::to_canonical(&relayed.ip), relayed.port))
}

fn is_stun(message: &[u8]) -> bool {
    message.len() >= HEADER && message[0] < 4 && message[4..8] == MAGIC_COOKIE
}

/// RFC 8656, section 12: channels are 0x4000 to 0x4FFF.
fn is_channel(first: u8) -> bool {
    (0x40..=0x4f).contains(&first)
}

const HEADER: usize = 20;
/// STUN is below (RFC 7983, section 7).
const FIRST_OF_DTLS: u8 = 20;
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
/// RFC 8656, section 17.
const ALLOCATE: [u8; 2] = [0x00, 0x03];
const ALLOCATED: [u8; 2] = [0x01, 0x03];
const SEND_INDICATION: [u8; 2] = [0x00, 0x16];
const DATA_INDICATION: [u8; 2] = [0x00, 0x17];
/// RFC 8656, section 18; RFC 8489, section 18.3.
const XOR_PEER_ADDRESS: [u8; 2] = [0x00, 0x12];
const DATA: [u8; 2] = [0x00, 0x13];
const MESSAGE_INTEGRITY: [u8; 2] = [0x00, 0x08];

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A STUN message of this kind with these attributes.
    pub(crate) fn stun(kind: [u8; 2], attributes: &[([u8; 2], &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (name, value) in attributes {
            body.extend_from_slice(name);
            body.extend((value.len() as u16).to_be_bytes());
            body.extend_from_slice(value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        let mut message = kind.to_vec();
        message.extend((body.len() as u16).to_be_bytes());
        message.extend(MAGIC_COOKIE);
        message.extend([7; 12]);
        message.extend(body);
        message
    }

    #[test]
    fn what_is_relayed_is_found_in_either_form() {
        let peer = [0, 1, 2, 3, 4, 5, 6, 7];
        let sent = stun(SEND_INDICATION, &[(XOR_PEER_ADDRESS, &peer), (DATA, b"media")]);
        let came = stun(DATA_INDICATION, &[(DATA, b"media"), (XOR_PEER_ADDRESS, &peer)]);
        let channel = [&[0x40, 1, 0, 5][..], b"media"].concat();
        for relayed in [&sent, &came, &channel] {
            assert_eq!(payload(relayed), Some(&b"media"[..]));
        }
        assert_eq!((receiver(&sent), receiver(&channel)), (Some(peer), Some([0x40, 1, 0, 0, 0, 0, 0, 0])));
        for straight in [&stun([0, 1], &[(DATA, b"x")])[..], &[0x80; 40], &[22; 40], &[], &[0x40]] {
            assert_eq!(payload(straight), None, "{straight:?}");
        }
        for cut in 0..sent.len() {
            let _ = (payload(&sent[..cut]), receiver(&sent[..cut]), is_signed(&sent[..cut]));
        }
    }

    #[test]
    fn handshakes_and_media_are_taken_out_and_checks_are_not() {
        let channel = |content: &[u8]| [&[0x40, 1, 0, content.len() as u8][..], content, &[0; 3]].concat();
        for content in [[22, 254, 253], [0x80, 111, 0], [0xb1, 205, 0]] {
            let by_channel = channel(&content);
            assert_eq!(for_library(&by_channel).map(|range| by_channel[range].to_vec()), Some(content.to_vec()));
            let indicated = stun(DATA_INDICATION, &[(XOR_PEER_ADDRESS, &[0; 8]), (DATA, &content)]);
            assert_eq!(for_library(&indicated).map(|range| indicated[range].to_vec()), Some(content.to_vec()));
            assert_eq!(for_library(&content), None, "it came straight");
        }
        assert_eq!((for_library(&channel(&[0, 1, 0])), for_library(&channel(&[]))), (None, None));
    }

    #[test]
    fn requests_are_told_from_answers() {
        let request = stun(ALLOCATE, &[]);
        assert!(is_request(&request) && is_allocate(&request) && !is_signed(&request));
        assert!(is_signed(&stun(ALLOCATE, &[([0, 6], b"name"), (MESSAGE_INTEGRITY, &[0; 20])])));
        assert!(!is_request(&stun(ALLOCATED, &[])) && !is_request(&stun([0x01, 0x13], &[])), "answers");
        assert!(!is_request(&stun(SEND_INDICATION, &[])), "an indication");
        assert_eq!(transaction(&request), Some([7; 12]));
        assert_eq!(transaction(&[0x40; 30]), None);
    }

    #[test]
    fn the_address_lent_is_read() {
        // 203.0.113.5:50000, with the magic cookie over it (RFC 8489, section 14.2).
        let value = [0, 1, 0xc3 ^ 0x21, 0x50 ^ 0x12, 203 ^ 0x21, 0x12, 113 ^ 0xa4, 5 ^ 0x42];
        let lent = stun(ALLOCATED, &[([0x00, 0x16], &value)]);
        assert_eq!(relayed_address(&lent), Some("203.0.113.5:50000".parse().unwrap()));
        assert_eq!(relayed_address(&stun(ALLOCATED, &[])), None);
        assert_eq!(relayed_address(&stun(ALLOCATE, &[([0x00, 0x16], &value)])), None);
        for cut in 0..lent.len() {
            assert_eq!(relayed_address(&lent[..cut]), None);
        }
    }
}
