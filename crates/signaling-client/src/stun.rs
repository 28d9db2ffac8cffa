//! Questions of STUN (RFC 8489) and TURN (RFC 8656) that need no password, and their answers: enough to know who answers where.
//!
//! A Binding request asks by which address one is seen. An Allocate request without a name is refused with 401 by every relay
//! that keeps the rules, and that is the proof that a relay is there and is heard. Pure: bytes in, bytes out.
//!
//! By hand, though `relay` has `stun-types`: that one logs every message with the addresses in it, at every level, and the app would get
//! it for these two questions alone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What a question and its answer have in common: random bytes.
pub(crate) type Transaction = [u8; 12];

/// Asks by which address this end is seen (RFC 8489, section 3).
pub(crate) fn binding(transaction: Transaction) -> Vec<u8> {
    message(BINDING, transaction, &[])
}

/// Asks for a relayed address without saying who asks (RFC 8656, section 7.1), for UDP as WebRTC does.
pub(crate) fn allocate(transaction: Transaction) -> Vec<u8> {
    message(ALLOCATE, transaction, &[0x00, 0x19, 0, 4, 17, 0, 0, 0])
}

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// One is seen by this address.
    Seen(SocketAddr),
    /// A relay is there and wants to know who asks (401, or 438 for a nonce that is too old).
    WhoAsks,
    /// Something of STUN is there and refuses with this code, 300 to 699.
    Refused(u16),
}

/// Reads an answer to the question with this transaction; `None` for everything else, whatever its bytes are.
pub(crate) fn read(message: &[u8], transaction: Transaction) -> Option<Answer> {
    let (header, attributes) = message.split_at_checked(HEADER)?;
    let kind = [header[0], header[1]];
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    if header[4..8] != MAGIC_COOKIE || header[8..] != transaction || length > attributes.len() {
        return None;
    }
    let attributes = &attributes[..length];
    match kind {
        BINDING_SUCCESS => seen(value(attributes, XOR_MAPPED_ADDRESS)?, &header[4..]).map(Answer::Seen),
        BINDING_ERROR | ALLOCATE_ERROR => {
            let code = value(attributes, ERROR_CODE)?;
            // RFC 8489, section 14.8: hundreds and the rest.
            let (class, number) = (u16::from(*code.get(2)? & 7), u16::from(*code.get(3)?));
            match class * 100 + number {
                UNAUTHORIZED | STALE_NONCE if kind == ALLOCATE_ERROR => Some(Answer::WhoAsks),
                code @ 300..=699 => Some(Answer::Refused(code)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// How long the message is that begins so, in a stream; `None` if it is none of STUN, or longer than an answer to these
/// questions is.
pub(crate) fn length_in_stream(head: [u8; 4]) -> Option<usize> {
    let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
    (head[0] < 4 && length % 4 == 0 && length <= LONGEST).then_some(HEADER + length)
}

fn message(kind: [u8; 2], transaction: Transaction, attributes: &[u8]) -> Vec<u8> {
    let length = (attributes.len() as u16).to_be_bytes();
    [&kind[..], &length, &MAGIC_COOKIE, &transaction, attributes].concat()
}

/// The value of the first attribute of this kind.
fn value(mut attributes: &[u8], kind: [u8; 2]) -> Option<&[u8]> {
    while let Some((head, rest)) = attributes.split_at_checked(4) {
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        if head[..2] == kind {
            return rest.get(..length);
        }
        attributes = rest.get(length.next_multiple_of(4)..)?;
    }
    None
}

/// XOR-MAPPED-ADDRESS (RFC 8489, section 14.2); `key` is cookie and transaction.
fn seen(value: &[u8], key: &[u8]) -> Option<SocketAddr> {
    let (head, address) = value.split_at_checked(4)?;
    let port = u16::from_be_bytes([head[2] ^ key[0], head[3] ^ key[1]]);
    let plain: Vec<u8> = address.iter().zip(key).map(|(byte, key)| byte ^ key).collect();
    let ip: IpAddr = match (head[1], address.len()) {
        (1, 4) => Ipv4Addr::from(<[u8; 4]>::try_from(plain).ok()?).into(),
        (2, 16) => Ipv6Addr::from(<[u8; 16]>::try_from(plain).ok()?).into(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

const HEADER: usize = 20;
/// An error with a realm, a nonce and a sentence has some hundred bytes.
const LONGEST: usize = 2_048;
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const BINDING: [u8; 2] = [0x00, 0x01];
const BINDING_SUCCESS: [u8; 2] = [0x01, 0x01];
const BINDING_ERROR: [u8; 2] = [0x01, 0x11];
const ALLOCATE: [u8; 2] = [0x00, 0x03];
const ALLOCATE_ERROR: [u8; 2] = [0x01, 0x13];
const XOR_MAPPED_ADDRESS: [u8; 2] = [0x00, 0x20];
const ERROR_CODE: [u8; 2] = [0x00, 0x09];
const UNAUTHORIZED: u16 = 401;
const STALE_NONCE: u16 = 438;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The answers of RFC 5769, sections 2.2 and 2.3, without what comes behind the address.
    const TRANSACTION: Transaction = [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae];

    fn answer(kind: [u8; 2], attributes: &[u8]) -> Vec<u8> {
        message(kind, TRANSACTION, attributes)
    }

    #[test]
    fn the_address_of_rfc_5769_is_read() {
        let v4 = answer(BINDING_SUCCESS, &[0, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43]);
        assert_eq!(read(&v4, TRANSACTION), Some(Answer::Seen("192.0.2.1:32853".parse().unwrap())));
        let v6 = [
            0x80, 0x22, 0, 1, b'x', 0, 0, 0, 0x00, 0x20, 0, 0x14, 0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5,
            0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9,
        ];
        let seen = "[2001:db8:1234:5678:11:2233:4455:6677]:32853".parse().unwrap();
        assert_eq!(read(&answer(BINDING_SUCCESS, &v6), TRANSACTION), Some(Answer::Seen(seen)));
    }

    #[test]
    fn a_relay_asks_who_asks_and_what_is_none_refuses_otherwise() {
        let refusal = |kind, class, number| read(&answer(kind, &[0, 9, 0, 4, 0, 0, class, number]), TRANSACTION);
        assert_eq!(refusal(ALLOCATE_ERROR, 4, 1), Some(Answer::WhoAsks));
        assert_eq!(refusal(ALLOCATE_ERROR, 4, 38), Some(Answer::WhoAsks));
        assert_eq!(refusal(ALLOCATE_ERROR, 4, 86), Some(Answer::Refused(486)));
        assert_eq!(refusal(BINDING_ERROR, 4, 1), Some(Answer::Refused(401)), "no relay is asked so");
        assert_eq!(refusal(ALLOCATE_ERROR, 0, 1), None);
    }

    #[test]
    fn what_answers_another_question_is_no_answer() {
        let good = answer(ALLOCATE_ERROR, &[0, 9, 0, 4, 0, 0, 4, 1]);
        assert_eq!(read(&good, [0; 12]), None);
        for cut in 0..good.len() {
            assert_eq!(read(&good[..cut], TRANSACTION), None);
        }
        assert_eq!(read(&allocate(TRANSACTION), TRANSACTION), None, "our own question");
        assert_eq!(read(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", TRANSACTION), None);
    }

    #[test]
    fn questions_have_the_length_that_they_say() {
        for question in [binding(TRANSACTION), allocate(TRANSACTION)] {
            assert_eq!(length_in_stream(*question.first_chunk().unwrap()), Some(question.len()));
        }
        assert_eq!(length_in_stream(*b"HTTP"), None);
        assert_eq!(length_in_stream([1, 1, 0xff, 0xfc]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(head in 0_usize..5, bytes in prop::collection::vec(any::<u8>(), 0..80), length in any::<u8>()) {
            let kinds = [BINDING_SUCCESS, BINDING_ERROR, ALLOCATE_ERROR, ALLOCATE, [1, 2]];
            let mut message = message(kinds[head], TRANSACTION, &bytes);
            message[3] = length;
            let _ = read(&message, TRANSACTION);
            let _ = read(&bytes, TRANSACTION);
        }
    }
}
