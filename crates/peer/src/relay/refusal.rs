//! The answer to a request for an address that is not passed on to a relay: the library would wait for one.

use super::message::{is_allocate, is_signed, transaction};

/// What to answer instead of the relay; `None` where no answer is waited for.
///
/// The library takes a refusal only for its second, signed request. The first, unsigned one is therefore answered as a relay
/// answers it: with the realm and the nonce to sign with (RFC 8489, section 9.2.4).
pub(crate) fn refuse(request: &[u8]) -> Option<Vec<u8>> {
    if !is_allocate(request) {
        return None;
    }
    let transaction = transaction(request)?;
    let attributes = if is_signed(request) {
        // 486, allocation quota reached.
        attribute(ERROR_CODE, &[0, 0, 4, 86])
    } else {
        // 401, unauthenticated.
        [attribute(ERROR_CODE, &[0, 0, 4, 1]), attribute(REALM, b"none"), attribute(NONCE, b"none")].concat()
    };
    let mut answer = ALLOCATE_ERROR.to_vec();
    answer.extend((attributes.len() as u16).to_be_bytes());
    answer.extend(MAGIC_COOKIE);
    answer.extend(transaction);
    answer.extend(attributes);
    Some(answer)
}

/// One whose value is of full words.
fn attribute(name: u16, value: &[u8; 4]) -> Vec<u8> {
    [&name.to_be_bytes()[..], &[0, 4], value].concat()
}

const ALLOCATE_ERROR: [u8; 2] = [0x01, 0x13];
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const ERROR_CODE: u16 = 0x0009;
const REALM: u16 = 0x0014;
const NONCE: u16 = 0x0015;

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Instant;

    use rtc::sansio::Protocol as _;
    use rtc::shared::{TaggedBytesMut, TransportContext, TransportProtocol};
    use rtc::turn::client::{Client, ClientConfig, Event};

    use super::*;

    /// The library's own client believes it, so that it does not wait.
    #[test]
    fn the_library_takes_a_refusal_for_one() {
        let (server, local): (SocketAddr, SocketAddr) =
            ("240.0.0.1:3478".parse().unwrap(), "192.0.2.1:5".parse().unwrap());
        let config = ClientConfig {
            turn_serv_addr: server.to_string(),
            local_addr: local,
            username: "name".into(),
            password: "word".into(),
            ..ClientConfig::default()
        };
        let provider = rtc::crypto::default_provider().unwrap();
        let mut client = Client::new(config, provider).unwrap();
        let now = Instant::now();
        let asked = client.allocate(now).unwrap();
        let mut refused = None;
        for _ in 0..2 {
            let request = client.poll_write().expect("it asks").message;
            let answer = refuse(&request).expect("it is answered");
            let transport = TransportContext {
                local_addr: local,
                peer_addr: server,
                ecn: None,
                transport_protocol: TransportProtocol::UDP,
            };
            client.handle_read(TaggedBytesMut { now, transport, message: answer[..].into() }).unwrap();
            refused = client.poll_event();
        }
        assert!(matches!(refused, Some(Event::AllocateError(id, _)) if id == asked), "{refused:?}");
    }

    #[test]
    fn nothing_else_is_answered() {
        assert_eq!(refuse(&[0x40; 40]), None);
        assert_eq!(refuse(&[]), None);
    }
}
