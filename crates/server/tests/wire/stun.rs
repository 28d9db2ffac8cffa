//! STUN on the same port.

use std::time::Duration;

use tokio::net::UdpSocket;

use crate::client::Clinic;

#[tokio::test]
async fn a_binding_request_is_answered_with_the_address_it_came_from() {
    let clinic = Clinic::start().await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut request = vec![0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42];
    request.extend([7; 12]);
    socket.send_to(b"noise", clinic.running.address).await.unwrap();
    socket.send_to(&request, clinic.running.address).await.unwrap();
    let mut reply = [0; 100];
    let received = tokio::time::timeout(Duration::from_secs(5), socket.recv_from(&mut reply)).await;
    let (length, from) = received.unwrap().unwrap();
    assert_eq!((length, from), (32, clinic.running.address));
    assert_eq!(reply[..2], [1, 1]);
    assert_eq!(reply[8..20], [7; 12]);
    let port = u16::from_be_bytes([reply[26], reply[27]]) ^ 0x2112;
    assert_eq!(port, socket.local_addr().unwrap().port());
    assert_eq!([reply[28] ^ 0x21, reply[29] ^ 0x12, reply[30] ^ 0xA4, reply[31] ^ 0x42], [127, 0, 0, 1]);
}
