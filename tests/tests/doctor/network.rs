//! A network in front of the server that lets through what it likes: streams by a port of its own, datagrams never.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// What is let through.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Passes {
    /// Every stream.
    Streams,
    /// TLS, but not what says that it is for a relay.
    WebPages,
    /// Every stream, and no more than this from the patient's end.
    ThinUp {
        /// Of each stream.
        bytes_a_second: usize,
    },
}

pub(crate) struct Network {
    pub(crate) port: u16,
    serving: AbortHandle,
}

impl Network {
    pub(crate) async fn before(server: SocketAddr, passes: Passes) -> Self {
        Self::serving(move |stream| async move { drop(pass(stream, server, passes).await) }).await
    }

    /// A page to sign in to the network, whatever is asked.
    pub(crate) async fn portal() -> Self {
        Self::serving(|mut stream| async move {
            let mut asked = [0; 1_024];
            let _ = stream.read(&mut asked).await;
            let page = b"HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\nContent-Length: 0\r\n\r\n";
            let _ = stream.write_all(page).await;
            let _ = stream.shutdown().await;
        })
        .await
    }

    /// A port where nobody listens.
    pub(crate) async fn nobody() -> u16 {
        TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
    }

    async fn serving<F: Future<Output = ()> + Send + 'static>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream));
            }
        });
        Self { port, serving: serving.abort_handle() }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn pass(patient: TcpStream, server: SocketAddr, passes: Passes) -> std::io::Result<()> {
    let mut first = [0; 2_048];
    let begun = patient.peek(&mut first).await?;
    if matches!(passes, Passes::WebPages) {
        // A handshake of TLS begins with 22, and names in the clear what is to be spoken inside.
        let says_relay = first[..begun].windows(9).any(|word| word == b"stun.turn");
        if first[0] != 22 || says_relay {
            return Ok(());
        }
    }
    let server = TcpStream::connect(server).await?;
    let ((mut from_patient, mut to_patient), (mut from_server, mut to_server)) =
        (patient.into_split(), server.into_split());
    let down = async {
        tokio::io::copy(&mut from_server, &mut to_patient).await?;
        to_patient.shutdown().await
    };
    let up = async {
        let mut piece = [0; 500];
        loop {
            let length = from_patient.read(&mut piece).await?;
            if length == 0 {
                return to_server.shutdown().await;
            }
            if let Passes::ThinUp { bytes_a_second } = passes {
                tokio::time::sleep(Duration::from_secs_f64(length as f64 / bytes_a_second as f64)).await;
            }
            to_server.write_all(&piece[..length]).await?;
        }
    };
    tokio::try_join!(up, down).map(|_| ())
}
