//! A link that halts now and then and lets go at once of all that waited: a UDP forwarder.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::Instant;
use trust::Candidate;

/// How often it halts, and for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    pub(super) halts_every: Duration,
    pub(super) halts_for: Duration,
}

impl Link {
    /// A way to `candidate` through here, halting, and back, which does not halt.
    pub(super) async fn before(self, candidate: &Candidate) -> Candidate {
        let front = Arc::new(UdpSocket::bind("127.0.0.1:0").await.expect("a port of this machine"));
        let port = front.local_addr().expect("it has a port").port();
        tokio::spawn(self.serve(front, SocketAddr::new(candidate.address, candidate.port)));
        Candidate { port, ..candidate.clone() }
    }

    async fn serve(self, front: Arc<UdpSocket>, to: SocketAddr) {
        let begun = Instant::now();
        let mut backs: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
        let mut buffer = vec![0; 2_048];
        while let Ok((length, from)) = front.recv_from(&mut buffer).await {
            let back = match backs.get(&from) {
                Some(back) => back.clone(),
                None => {
                    let back = Arc::new(UdpSocket::bind("127.0.0.1:0").await.expect("a port of this machine"));
                    tokio::spawn(homewards(back.clone(), front.clone(), from));
                    backs.insert(from, back.clone());
                    back
                }
            };
            // What comes meanwhile waits in the socket.
            let into = Duration::from_micros((begun.elapsed().as_micros() % self.halts_every.as_micros()) as u64);
            tokio::time::sleep(self.halts_for.saturating_sub(into)).await;
            let _ = back.send_to(&buffer[..length], to).await;
        }
    }
}

async fn homewards(back: Arc<UdpSocket>, front: Arc<UdpSocket>, to: SocketAddr) {
    let mut buffer = vec![0; 2_048];
    while let Ok(length) = back.recv(&mut buffer).await {
        let _ = front.send_to(&buffer[..length], to).await;
    }
}
