//! Two routers that translate addresses, in user space: all is on the loopback interface, where nothing routes, so each end is told of the
//! world by what its router has outside.
//!
//! An end reaches the clinic's server by its router's **gate**; from then on the router knows it. For each end, and for each whom it
//! sends to if the router is symmetric, a socket stands **outside**: whoever wants to reach the end sends there. What comes there from an
//! end of the other router is first taken through that one, as if it had left by it: it gets an outside of its own, which may then be
//! answered, and only if this router's end has sent to that very outside does it come in (RFC 4787, sections 4 and 5).

use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;

/// How a router translates; each lets in only who was sent to, port and all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One outside for each end: endpoint-independent mapping.
    PortRestricted,
    /// Another outside for each whom an end sends to: address and port-dependent mapping.
    Symmetric,
}

/// Both routers and the server that is outside of them.
pub(crate) struct Routers {
    gates: [Arc<UdpSocket>; 2],
    server: SocketAddr,
    known: Mutex<Known>,
    refused: AtomicUsize,
}

/// What the routers remember.
struct Known {
    kinds: [Kind; 2],
    /// Behind which router an end is.
    behind: HashMap<SocketAddr, usize>,
    outsides: HashMap<(SocketAddr, Option<SocketAddr>), Arc<UdpSocket>>,
    /// By which outside whom was sent to.
    sent: HashSet<(SocketAddr, SocketAddr)>,
}

impl Routers {
    /// As long as the test's runtime runs.
    pub(crate) async fn before(server: SocketAddr, kinds: [Kind; 2]) -> Arc<Self> {
        let gates = [Arc::new(socket()), Arc::new(socket())];
        let known = Known { kinds, behind: HashMap::new(), outsides: HashMap::new(), sent: HashSet::new() };
        let routers = Arc::new(Self { gates, server, known: Mutex::new(known), refused: AtomicUsize::new(0) });
        for router in 0..2 {
            tokio::spawn(Arc::clone(&routers).serve_gate(router));
        }
        routers
    }

    /// By what the end behind this router reaches the server.
    pub(crate) fn gate(&self, router: usize) -> SocketAddr {
        self.gates[router].local_addr().unwrap()
    }

    /// How many datagrams were not let in.
    pub(crate) fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }

    async fn serve_gate(self: Arc<Self>, router: usize) {
        let mut buffer = [0; 2_048];
        while let Ok((length, end)) = self.gates[router].recv_from(&mut buffer).await {
            self.known.lock().unwrap().behind.insert(end, router);
            let outside = self.leave(router, end, self.server);
            let _ = outside.send_to(&buffer[..length], self.server).await;
        }
    }

    /// What an end sends by when it sends to this address; whom it sends to may answer.
    fn leave(self: &Arc<Self>, router: usize, end: SocketAddr, to: SocketAddr) -> Arc<UdpSocket> {
        let mut known = self.known.lock().unwrap();
        let of = (end, (known.kinds[router] == Kind::Symmetric).then_some(to));
        let outside = known.outsides.entry(of).or_insert_with(|| {
            let outside = Arc::new(socket());
            tokio::spawn(Arc::clone(self).serve_outside(router, end, Arc::clone(&outside)));
            outside
        });
        let outside = Arc::clone(outside);
        known.sent.insert((outside.local_addr().unwrap(), to));
        outside
    }

    async fn serve_outside(self: Arc<Self>, router: usize, end: SocketAddr, outside: Arc<UdpSocket>) {
        let here = outside.local_addr().unwrap();
        let mut buffer = [0; 2_048];
        while let Ok((length, from)) = outside.recv_from(&mut buffer).await {
            let datagram = &buffer[..length];
            if from == self.server {
                let _ = self.gates[router].send_to(datagram, end).await;
                continue;
            }
            let theirs = self.known.lock().unwrap().behind.get(&from).copied().filter(|theirs| *theirs != router);
            let left_by = theirs.map(|theirs| self.leave(theirs, from, here));
            let is_awaited = |left_by: &Arc<UdpSocket>| {
                self.known.lock().unwrap().sent.contains(&(here, left_by.local_addr().unwrap()))
            };
            match left_by.filter(is_awaited) {
                Some(left_by) => drop(left_by.send_to(datagram, end).await),
                None => drop(self.refused.fetch_add(1, Ordering::Relaxed)),
            }
        }
    }
}

fn socket() -> UdpSocket {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_nonblocking(true).unwrap();
    UdpSocket::from_std(socket).unwrap()
}
