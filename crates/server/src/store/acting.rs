//! Who does what is being done: known where a request comes in, asked where its row is written.
//!
//! Carried beside the requests and not in them, as a logging span is: what decides about visits and accounts need not know
//! from where somebody asked, and cannot forget to say it.

use std::cell::Cell;
use std::net::IpAddr;

use signaling_protocol::SessionId;

use super::Actor;

/// Who does something, by which session, from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct By {
    pub(crate) actor: Actor,
    pub(crate) session: Option<SessionId>,
    pub(crate) from: Option<IpAddr>,
}

impl By {
    /// The server by itself.
    pub(crate) const SERVER: Self = Self { actor: Actor::Server, session: None, from: None };
}

tokio::task_local! {
    static ACTING: Cell<By>;
}

/// Does `act` on behalf of `by`.
pub(crate) async fn scope<F: Future>(by: By, act: F) -> F::Output {
    ACTING.scope(Cell::new(by), act).await
}

/// The same, for what blocks in another thread.
pub(crate) fn sync_scope<T>(by: Option<By>, act: impl FnOnce() -> T) -> T {
    match by {
        Some(by) => ACTING.sync_scope(Cell::new(by), act),
        None => act(),
    }
}

/// It turned out who it is.
pub(crate) fn identify(actor: Actor) {
    // Outside of a request nobody asks.
    ACTING.try_with(|acting| acting.set(By { actor, ..acting.get() })).ok();
}

/// On whose behalf something is done here; none outside of a request.
pub(crate) fn current() -> Option<By> {
    ACTING.try_with(Cell::get).ok()
}
