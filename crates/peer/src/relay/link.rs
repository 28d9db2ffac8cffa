//! One relay behind a stream.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::{Duration, Instant};

use congestion::segments::{Next, Segments};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf, split};
use tokio::sync::Notify;
use tokio::time::{sleep_until, timeout};

use super::inbox::Inbox;
use super::message::{for_library, is_allocate};
use super::refusal::refuse;
use super::stream::{Incoming, Outgoing};
use super::url::RelayUrl;
use super::{Dialing, RelayDialer, RelayProtocol, RelayStream, Relays, Turn};

/// The library's side of a stream. Dropped, the stream is closed when all is written.
#[derive(Debug)]
pub(crate) struct Link {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    protocol: RelayProtocol,
    state: Mutex<State>,
    /// There is something to write, or nothing more will come.
    to_write: Notify,
}

#[derive(Debug, Default)]
struct State {
    outgoing: Outgoing,
    /// The socket that the library asks the relay by, and the relay's address as it knows it. One is enough, since none of
    /// them leads there.
    owner: Option<(Arc<Inbox>, SocketAddr)>,
    /// The request for an address that nothing has come to since.
    asked: Option<Vec<u8>>,
    stage: Stage,
    /// Nothing more comes from the library.
    ended: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    Opening,
    Open,
    /// There was no way there, or no need to go.
    Closed,
}

impl Link {
    /// Begins to open the stream.
    pub(crate) fn open(relays: Weak<Relays>, url: RelayUrl, dialer: &dyn RelayDialer) -> Arc<Self> {
        let shared = Arc::new(Shared { protocol: url.protocol, state: Mutex::default(), to_write: Notify::new() });
        let dialing = dialer.dial(url.host, url.port, url.protocol == RelayProtocol::Tls);
        tokio::spawn(run(shared.clone(), relays, dialing));
        Arc::new(Self { shared })
    }

    /// Takes a datagram of the library's that one of its sockets was to send to `relay`.
    pub(crate) fn send(&self, by: &Arc<Inbox>, relay: SocketAddr, datagram: &[u8]) {
        let mut state = self.shared.lock();
        let (owner, _) = state.owner.get_or_insert_with(|| (by.clone(), relay));
        let refused = !Arc::ptr_eq(owner, by) || state.stage == Stage::Closed;
        if refused {
            drop(state);
            if let Some(answer) = refuse(datagram) {
                by.push(relay, answer.into());
            }
            return;
        }
        if is_allocate(datagram) {
            state.asked = Some(datagram.to_vec());
        }
        state.outgoing.push(datagram);
        drop(state);
        self.shared.to_write.notify_one();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.to_write.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Nothing goes this way: what was asked is refused, and what will be.
    fn close(&self) {
        let mut state = self.lock();
        state.stage = Stage::Closed;
        let asked = state.asked.take();
        if let (Some(asked), Some((owner, relay))) = (asked, state.owner.clone()) {
            drop(state);
            if let Some(answer) = refuse(&asked) {
                owner.push(relay, answer.into());
            }
        }
    }
}

/// Ends with the connection, which alone owns `relays`.
async fn run(shared: Arc<Shared>, relays: Weak<Relays>, dialing: Dialing) {
    let protocol = shared.protocol;
    let done = async {
        let dialed = timeout(DIAL_TIMEOUT, dialing).await;
        let stream = dialed.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        if !is_needed(&shared, &relays).await {
            tracing::debug!(?protocol, "a relay is not needed this way");
            return Ok(());
        }
        shared.lock().stage = Stage::Open;
        let (from, to) = split(stream);
        tokio::select! {
            read = read(&shared, &relays, from) => read,
            written = write(&shared, to) => written,
        }
    };
    let done: io::Result<()> = done.await;
    if let Err(error) = done {
        tracing::debug!(?protocol, %error, "no way to a relay");
    }
    shared.close();
}

/// Waits until it is known whether this way is to be used.
async fn is_needed(shared: &Shared, relays: &Weak<Relays>) -> bool {
    loop {
        let Some(relays) = relays.upgrade() else { return false };
        let changed = relays.changed.notified();
        if shared.lock().ended {
            return false;
        }
        match relays.may_ask(Instant::now(), shared.protocol) {
            Turn::Now => return true,
            Turn::NotNeeded => return false,
            Turn::NotBefore(instant) => tokio::select! {
                () = changed => {}
                () = sleep_until(instant.into()) => {}
            },
        }
    }
}

async fn read(shared: &Shared, relays: &Weak<Relays>, mut from: ReadHalf<Box<dyn RelayStream>>) -> io::Result<()> {
    let mut incoming = Incoming::default();
    let mut buffer = vec![0; READ_SIZE];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        incoming.push(&buffer[..count]);
        let now = Instant::now();
        let Some(relays) = relays.upgrade() else { return Ok(()) };
        relays.used(now);
        loop {
            let next = incoming.next().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not TURN"))?;
            let Some(message) = next else { break };
            if message.first().is_some_and(|first| *first < 4) {
                relays.on_message(now, shared.protocol, &message);
            }
            let owner = {
                let mut state = shared.lock();
                state.asked = None;
                state.owner.clone()
            };
            if let Some((owner, relay)) = owner {
                let message = for_library(&message).map_or(message.clone(), |range| message.slice(range));
                owner.push(relay, message);
            }
        }
    }
}

async fn write(shared: &Shared, mut to: WriteHalf<Box<dyn RelayStream>>) -> io::Result<()> {
    let mut segments = Segments::default();
    loop {
        let ended = {
            let mut state = shared.lock();
            segments.push(&state.outgoing.take(WRITE_SIZE));
            state.ended
        };
        match segments.next(Instant::now(), ended) {
            Next::Write(piece) => {
                to.write_all(&piece).await?;
                to.flush().await?;
            }
            Next::Wait(until) => tokio::select! {
                () = shared.to_write.notified() => {}
                () = sleep_until(until.into()) => {}
            },
            Next::Nothing if ended => return to.shutdown().await,
            Next::Nothing => shared.to_write.notified().await,
        }
    }
}

/// Longer than this and the library has given up.
const DIAL_TIMEOUT: Duration = Duration::from_secs(8);
/// A full record of TLS.
const READ_SIZE: usize = 16 * 1024;
/// Little, so that what is still queued can be dropped when it is too old.
const WRITE_SIZE: usize = 4 * 1024;
