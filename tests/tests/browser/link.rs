//! A link in between that loses what a test says: a UDP forwarder that reads RTP headers, which SRTP leaves in the clear.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::UdpSocket;
use trust::{Candidate, CandidateKind};

/// Which way a packet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    ToBrowser,
    ToApp,
}

/// What can be read of an RTP packet on its way (RFC 3550, section 5.1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rtp {
    pub(crate) sequence: u16,
    pub(crate) ssrc: u32,
}

type Loses = Box<dyn FnMut(Way, Rtp) -> bool + Send>;

/// The link.
#[derive(Clone)]
pub(crate) struct Link {
    loses: Arc<Mutex<Loses>>,
    cut: Arc<AtomicBool>,
}

impl Link {
    /// One that loses nothing.
    pub(crate) fn new() -> Self {
        Self { loses: Arc::new(Mutex::new(Box::new(|_, _| false))), cut: Arc::default() }
    }

    /// Which RTP packets are lost from now on.
    pub(crate) fn set_loss(&self, loses: impl FnMut(Way, Rtp) -> bool + Send + 'static) {
        *self.loses.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(loses);
    }

    /// Whether nothing at all passes.
    pub(crate) fn set_cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::Relaxed);
    }

    /// Puts itself before the app's loopback candidate: what the browser sends there goes through here, and back.
    pub(crate) fn before(&self, candidate: &Candidate) -> Option<Candidate> {
        if candidate.kind != CandidateKind::Host || !candidate.address.is_loopback() {
            return None;
        }
        let front = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port of this machine");
        front.set_nonblocking(true).expect("a socket need not block");
        let port = front.local_addr().expect("it has a port").port();
        let front = Arc::new(UdpSocket::from_std(front).expect("the runtime takes a socket"));
        tokio::spawn(self.clone().serve(front, SocketAddr::new(candidate.address, candidate.port)));
        Some(Candidate { port, ..candidate.clone() })
    }

    async fn serve(self, front: Arc<UdpSocket>, app: SocketAddr) {
        let mut browsers: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
        let mut buffer = vec![0; 2_048];
        while let Ok((length, browser)) = front.recv_from(&mut buffer).await {
            let back = match browsers.get(&browser) {
                Some(back) => back.clone(),
                None => {
                    let back = Arc::new(UdpSocket::bind("127.0.0.1:0").await.expect("a port of this machine"));
                    browsers.insert(browser, back.clone());
                    tokio::spawn(self.clone().homewards(back.clone(), front.clone(), browser));
                    back
                }
            };
            if self.passes(Way::ToApp, &buffer[..length]) {
                let _ = back.send_to(&buffer[..length], app).await;
            }
        }
    }

    async fn homewards(self, back: Arc<UdpSocket>, front: Arc<UdpSocket>, browser: SocketAddr) {
        let mut buffer = vec![0; 2_048];
        while let Ok(length) = back.recv(&mut buffer).await {
            if self.passes(Way::ToBrowser, &buffer[..length]) {
                let _ = front.send_to(&buffer[..length], browser).await;
            }
        }
    }

    fn passes(&self, way: Way, datagram: &[u8]) -> bool {
        if self.cut.load(Ordering::Relaxed) {
            return false;
        }
        let loses = &mut *self.loses.lock().unwrap_or_else(PoisonError::into_inner);
        rtp(datagram).is_none_or(|rtp| !loses(way, rtp))
    }
}

/// By RFC 7983 RTP and RTCP are told from STUN and DTLS; by RFC 5761, section 4, from each other.
fn rtp(datagram: &[u8]) -> Option<Rtp> {
    let &[first, second, s0, s1, _, _, _, _, a, b, c, d, ..] = datagram else { return None };
    let is_rtp = (128..=191).contains(&first) && !(192..=223).contains(&second);
    is_rtp.then_some(Rtp { sequence: u16::from_be_bytes([s0, s1]), ssrc: u32::from_be_bytes([a, b, c, d]) })
}
