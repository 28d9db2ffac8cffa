use super::*;

#[test]
fn relays_are_found_by_their_addresses() {
    for (url, found) in [
        ("turn:a.example", Some((Rung::RelayUdp, "a.example", 3_478))),
        ("turn:a.example:99?transport=udp", Some((Rung::RelayUdp, "a.example", 99))),
        ("turn:a.example?transport=tcp", Some((Rung::RelayTcp, "a.example", 3_478))),
        ("turns:a.example", Some((Rung::RelayTls, "a.example", 5_349))),
        ("turns:[2001:db8::1]:443?transport=tcp", Some((Rung::RelayTls, "2001:db8::1", 443))),
        ("turns:a.example?transport=udp", None),
        ("stun:a.example", None),
        ("turn:", None),
        ("turn:a.example:seven", None),
        ("", None),
    ] {
        assert_eq!(relay(url), found.map(|(rung, host, port)| (rung, host.to_owned(), port)), "{url}");
    }
}

#[tokio::test]
async fn a_port_where_nobody_is_says_so() {
    let nobody = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let until = tokio::time::timeout(LIMIT * 2, datagram(nobody, Rung::Stun)).await.unwrap();
    // Not every system tells of what the other end says.
    assert!(matches!(until, Err(Fault::Refused | Fault::Silent)), "{until:?}");
}

/// Of a server that answers all but every fifth question the loss is counted, and what answers something else counts nothing.
#[tokio::test]
async fn answers_are_counted() {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let to = server.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 100];
        for n in 0_u32.. {
            let (length, from) = server.recv_from(&mut buffer).await.unwrap();
            let mut answer = vec![1, 1, 0, 12];
            answer.extend_from_slice(&buffer[4..length]);
            answer.extend([0, 0x20, 0, 8, 0, 1, 0, 0, 0, 0, 0, 0]);
            if n % 5 != 0 {
                server.send_to(&answer, from).await.unwrap();
            }
            server.send_to(b"noise", from).await.unwrap();
        }
    });
    let packets = count(to).await.unwrap();
    assert_eq!((packets.sent, packets.answered), (50, 40));
}
