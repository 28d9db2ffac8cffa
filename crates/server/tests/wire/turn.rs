//! A client's line to the relay, whatever it goes over.

use std::net::SocketAddr;

use ::relay::Deframer;
use testkit::turn::{TurnAnswer, TurnClient};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::client::{Client, PATIENCE};

/// Over what.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    Udp,
    Tcp,
    /// With this ALPN, or none if it is empty.
    Tls(&'static [u8]),
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

enum Carrier {
    Datagrams(UdpSocket),
    Stream(Box<dyn Stream>, Deframer),
}

pub(crate) struct Line {
    carrier: Carrier,
    local: SocketAddr,
}

impl Line {
    pub(crate) async fn open(client: &Client, way: Way) -> Self {
        let server = client.address;
        match way {
            Way::Udp => {
                let socket = UdpSocket::bind(SocketAddr::new(server.ip(), 0)).await.unwrap();
                socket.connect(server).await.unwrap();
                let local = socket.local_addr().unwrap();
                Self { carrier: Carrier::Datagrams(socket), local }
            }
            Way::Tcp => {
                let stream = TcpStream::connect(server).await.unwrap();
                let local = stream.local_addr().unwrap();
                Self { carrier: Carrier::Stream(Box::new(stream), Deframer::default()), local }
            }
            Way::Tls(alpn) => {
                let stream = client.connect(&[&rustls::version::TLS13], alpn).await.unwrap();
                let local = stream.get_ref().0.local_addr().unwrap();
                Self { carrier: Carrier::Stream(Box::new(stream), Deframer::default()), local }
            }
        }
    }

    pub(crate) fn local(&self) -> SocketAddr {
        self.local
    }

    pub(crate) async fn say(&mut self, message: &[u8]) {
        match &mut self.carrier {
            Carrier::Datagrams(socket) => drop(socket.send(message).await.unwrap()),
            Carrier::Stream(stream, _) => {
                let padded = [message, &vec![0; ::relay::padding(message.len())]].concat();
                stream.write_all(&padded).await.unwrap();
                stream.flush().await.unwrap();
            }
        }
    }

    /// What comes next.
    pub(crate) async fn hear(&mut self, turn: &mut TurnClient) -> TurnAnswer {
        let message = timeout(PATIENCE, self.next()).await.expect("a message in time");
        turn.read(&message)
    }

    async fn next(&mut self) -> Vec<u8> {
        let mut buffer = vec![0; 4_000];
        match &mut self.carrier {
            Carrier::Datagrams(socket) => {
                let length = socket.recv(&mut buffer).await.unwrap();
                buffer.truncate(length);
                buffer
            }
            Carrier::Stream(stream, deframer) => loop {
                if let Some(message) = deframer.next_message().unwrap() {
                    return message.to_vec();
                }
                let length = stream.read(&mut buffer).await.unwrap();
                assert!(length > 0, "the stream has ended");
                deframer.push(&buffer[..length]);
            },
        }
    }

    /// Whether the server closes the stream.
    pub(crate) async fn is_closed(&mut self) -> bool {
        let Carrier::Stream(stream, _) = &mut self.carrier else { return false };
        let mut rest = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut rest)).await.is_ok()
    }

    pub(crate) async fn ask(&mut self, turn: &mut TurnClient, request: &[u8]) -> TurnAnswer {
        self.say(request).await;
        self.hear(turn).await
    }

    pub(crate) async fn must(&mut self, turn: &mut TurnClient, request: impl Fn(&TurnClient) -> Vec<u8>) {
        let request = request(turn);
        let answer = self.ask(turn, &request).await;
        assert!(matches!(answer, TurnAnswer::Done { .. }), "{answer:?}");
    }

    /// Asks for an address of the server's own family, a second time with what the first answer said.
    pub(crate) async fn allocate(&mut self, turn: &mut TurnClient) -> TurnAnswer {
        let v6 = self.local.is_ipv6();
        let first = turn.allocate(v6);
        match self.ask(turn, &first).await {
            TurnAnswer::Refused { code: 401 | 438, .. } => {
                let again = turn.allocate(v6);
                self.ask(turn, &again).await
            }
            other => other,
        }
    }

    pub(crate) async fn must_allocate(&mut self, turn: &mut TurnClient) -> SocketAddr {
        match self.allocate(turn).await {
            TurnAnswer::Done { relayed: Some(relayed), mapped, .. } => {
                assert_eq!(mapped, Some(self.local));
                relayed
            }
            other => panic!("{other:?}"),
        }
    }
}
