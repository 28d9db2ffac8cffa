//! STUN binding (RFC 8489): tells whoever asks by which address they were heard. No state and no secrets.

use std::net::{IpAddr, SocketAddr};

use tokio::net::UdpSocket;
use tracing::debug;

/// RFC 8489 section 5.
const MAGIC_COOKIE: u32 = 0x2112_A442;
const HEADER: usize = 20;
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;
const ERROR_CODE: u16 = 0x0009;
const UNKNOWN_ATTRIBUTES: u16 = 0x000A;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
/// Attributes from here on may be ignored (section 14).
const COMPREHENSION_OPTIONAL: u16 = 0x8000;
/// Comprehension-required ones that a binding request may carry and that change nothing here: USERNAME,
/// MESSAGE-INTEGRITY, REALM, NONCE, MESSAGE-INTEGRITY-SHA256, PASSWORD-ALGORITHM, USERHASH, PRIORITY, USE-CANDIDATE.
const UNDERSTOOD: [u16; 9] = [0x0006, 0x0008, 0x0014, 0x0015, 0x001C, 0x001D, 0x001E, 0x0024, 0x0025];
/// A request larger than this is none of ours: the MTU that RFC 8489 section 6.1 tells clients to keep to, rounded up.
const LARGEST: usize = 1_500;

/// Answers on `socket` until it is dropped. The answer is about as long as the question: nothing to amplify with.
pub(crate) async fn answer(socket: UdpSocket) {
    let mut buffer = [0; LARGEST];
    loop {
        match socket.recv_from(&mut buffer).await {
            Ok((length, from)) => {
                if let Some(reply) = reply_to(&buffer[..length], from) {
                    // A full send buffer or a route that is gone: the client asks again.
                    if let Err(error) = socket.send_to(&reply, from).await {
                        debug!(%error, "a STUN answer was not sent");
                    }
                }
            }
            // An ICMP error for an earlier answer comes up here; it says nothing about the socket.
            Err(error) => {
                debug!(%error, "STUN");
                tokio::task::yield_now().await;
            }
        }
    }
}

/// The answer to one datagram; none if it is no binding request.
pub(crate) fn reply_to(datagram: &[u8], from: SocketAddr) -> Option<Vec<u8>> {
    let header = datagram.get(..HEADER)?;
    let half = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let cookie = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
    let length = usize::from(half(2));
    if half(0) != BINDING_REQUEST || cookie != MAGIC_COOKIE || length % 4 != 0 || HEADER + length != datagram.len() {
        return None;
    }
    let unknown = unknown_attributes(&datagram[HEADER..])?;
    let (kind, attributes) = if unknown.is_empty() {
        (BINDING_SUCCESS, attribute(XOR_MAPPED_ADDRESS, &xor_address(from, header)))
    } else {
        let mut attributes = attribute(ERROR_CODE, b"\0\0\x04\x14Unknown Attribute");
        let list: Vec<u8> = unknown.iter().flat_map(|kind| kind.to_be_bytes()).collect();
        attributes.extend(attribute(UNKNOWN_ATTRIBUTES, &list));
        (BINDING_ERROR, attributes)
    };
    let mut reply = Vec::with_capacity(HEADER + attributes.len());
    reply.extend(kind.to_be_bytes());
    reply.extend((attributes.len() as u16).to_be_bytes());
    reply.extend(&header[4..]);
    reply.extend(attributes);
    Some(reply)
}

/// The comprehension-required attributes that are not understood; none if the attributes are broken.
fn unknown_attributes(mut rest: &[u8]) -> Option<Vec<u16>> {
    let mut unknown = Vec::new();
    while !rest.is_empty() {
        let kind = u16::from_be_bytes([*rest.first()?, *rest.get(1)?]);
        let length = usize::from(u16::from_be_bytes([*rest.get(2)?, *rest.get(3)?]));
        rest = rest.get(4 + length.next_multiple_of(4)..)?;
        if kind < COMPREHENSION_OPTIONAL && !UNDERSTOOD.contains(&kind) && unknown.len() < 8 {
            unknown.push(kind);
        }
    }
    Some(unknown)
}

/// The value of XOR-MAPPED-ADDRESS (RFC 8489 section 14.2): XORed, because some routers rewrite addresses they see.
fn xor_address(address: SocketAddr, header: &[u8]) -> Vec<u8> {
    let key = &header[4..HEADER];
    // An IPv4 client on a dual-stack socket is an IPv4 client.
    let (family, octets) = match address.ip().to_canonical() {
        IpAddr::V4(ip) => (1, ip.octets().to_vec()),
        IpAddr::V6(ip) => (2, ip.octets().to_vec()),
    };
    let mut value = vec![0, family];
    value.extend((address.port() ^ (MAGIC_COOKIE >> 16) as u16).to_be_bytes());
    value.extend(octets.iter().zip(key).map(|(octet, key)| octet ^ key));
    value
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = kind.to_be_bytes().to_vec();
    bytes.extend((value.len() as u16).to_be_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The transaction of RFC 5769 section 2.1, whose answers of 2.2 and 2.3 give the expected address bytes.
    const HEAD: [u8; 20] =
        [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae];

    fn request(attributes: &[u8]) -> Vec<u8> {
        let mut bytes = HEAD.to_vec();
        bytes[3] = attributes.len() as u8;
        bytes.extend(attributes);
        bytes
    }

    #[test]
    fn an_ipv4_client_is_told_its_address_as_in_rfc_5769() {
        let reply = reply_to(&request(&[]), "192.0.2.1:32853".parse().unwrap()).unwrap();
        assert_eq!(reply[..4], [1, 1, 0, 12]);
        assert_eq!(reply[4..20], HEAD[4..]);
        assert_eq!(reply[20..], [0, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43]);
    }

    #[test]
    fn an_ipv6_client_is_told_its_address_as_in_rfc_5769() {
        let from = "[2001:db8:1234:5678:11:2233:4455:6677]:32853".parse().unwrap();
        let reply = reply_to(&request(&[]), from).unwrap();
        let expected = [
            0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2,
            0xb9, 0xd9,
        ];
        assert_eq!(reply[24..], expected);
    }

    #[test]
    fn a_mapped_address_is_an_ipv4_address() {
        let plain = reply_to(&request(&[]), "192.0.2.1:32853".parse().unwrap());
        assert_eq!(reply_to(&request(&[]), "[::ffff:192.0.2.1]:32853".parse().unwrap()), plain);
    }

    #[test]
    fn what_must_be_understood_and_is_not_is_named() {
        let change_request = [0, 3, 0, 4, 0, 0, 0, 6];
        let reply = reply_to(&request(&change_request), "192.0.2.1:1".parse().unwrap()).unwrap();
        assert_eq!(reply[..2], [1, 0x11]);
        assert_eq!(reply[reply.len() - 8..], [0, 0x0A, 0, 2, 0, 3, 0, 0]);
        let software = [0x80, 0x22, 0, 1, b'x', 0, 0, 0];
        assert_eq!(reply_to(&request(&software), "192.0.2.1:1".parse().unwrap()).unwrap()[..2], [1, 1]);
    }

    #[test]
    fn what_is_no_binding_request_gets_no_answer() {
        let from = "192.0.2.1:1".parse().unwrap();
        let mut response = request(&[]);
        response[0] = 1;
        let mut other_cookie = request(&[]);
        other_cookie[4] = 0;
        let mut longer = request(&[]);
        longer.push(0);
        for bytes in [&response, &other_cookie, &longer, &Vec::new(), &request(&[0, 3, 0, 9])] {
            assert_eq!(reply_to(bytes, from), None);
        }
    }

    proptest! {
        #[test]
        fn no_datagram_panics_and_no_answer_is_much_longer(attributes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = request(&[]);
            bytes[2..4].copy_from_slice(&(attributes.len() as u16).to_be_bytes());
            bytes.extend(&attributes);
            if let Some(reply) = reply_to(&bytes, "[2001:db8::1]:5".parse().unwrap()) {
                prop_assert!(reply.len() <= bytes.len() + 44);
            }
        }
    }
}
