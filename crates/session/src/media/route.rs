//! Where media goes to and comes from at the moment: at most one connection.

use std::sync::{Arc, Mutex, MutexGuard};

use peer::{Peer, ReceivedPacket};
use tokio::sync::mpsc;

/// RTP packets as they come: unordered, perhaps twice.
pub(crate) type PacketReceiver = mpsc::Receiver<ReceivedPacket>;

/// The way to the other side.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) peer: Arc<Peer>,
}

/// The current route, and the packets of a new one until their thread has taken them.
///
/// Locked for a pointer's copy only, by threads that own no device callback.
#[derive(Default)]
pub(crate) struct Routes {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    route: Option<Route>,
    voice: Option<PacketReceiver>,
    picture: Option<PacketReceiver>,
    /// Counts routes, so that a thread sees that its packets are yesterday's.
    generation: u64,
}

impl Routes {
    pub(crate) fn attach(&self, route: Route, voice: PacketReceiver, picture: PacketReceiver) {
        let mut state = self.lock();
        let generation = state.generation + 1;
        *state = State { route: Some(route), voice: Some(voice), picture: Some(picture), generation };
    }

    pub(crate) fn detach(&self) {
        let mut state = self.lock();
        *state = State { generation: state.generation + 1, ..State::default() };
    }

    /// Where to send to.
    pub(crate) fn current(&self) -> Option<Route> {
        self.lock().route.clone()
    }

    /// The voice packets of a route that was attached after `seen`; `Some(None)` when it was detached.
    pub(crate) fn new_voice(&self, seen: &mut u64) -> Option<Option<PacketReceiver>> {
        let mut state = self.lock();
        (std::mem::replace(seen, state.generation) != state.generation).then(|| state.voice.take())
    }

    /// The picture packets of a route that was attached after `seen`; `Some(None)` when it was detached.
    pub(crate) fn new_picture(&self, seen: &mut u64) -> Option<Option<PacketReceiver>> {
        let mut state = self.lock();
        (std::mem::replace(seen, state.generation) != state.generation).then(|| state.picture.take())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
