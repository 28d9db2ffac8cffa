//! How long things may take.

use std::time::Duration;

use crate::retention::Retention;

/// The times of a visit's life. The defaults are the product's; a test may hurry.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// How long a stream may be gone before the others hear `away`. Half a second: an app that rebuilds its stream on
    /// a network change is back before that, and a killed one must be seen within five.
    pub away_after_stream: Duration,
    /// How long may pass between two long-polls. Three seconds: two round trips on a very bad link.
    pub away_after_poll: Duration,
    /// How long an endpoint may take from joining (or the server's restart) to its first stream before it counts as away.
    pub away_after_join: Duration,
    /// How long somebody who waits may be away before their place is free again.
    pub waiting_grace: Duration,
    /// How long somebody admitted may be away before they are gone. Ten minutes: a rural router takes five to come
    /// back from a power cut.
    pub admitted_grace: Duration,
    /// How long a visit with nobody there goes on after somebody was admitted.
    pub abandoned_after: Duration,
    /// How long a visit whose links are all over stays when nobody is there and nobody was ever admitted.
    pub unused_after: Duration,
    /// How long a visit goes on in which nobody is but its host, after its time.
    pub idle_after: Duration,
    /// How long an endpoint that is gone can still hear why.
    pub linger: Duration,
    /// How long a visit that is over can still say so to who holds a link to it; then it is forgotten.
    pub forget_after: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            away_after_stream: Duration::from_millis(500),
            away_after_poll: Duration::from_secs(3),
            away_after_join: Duration::from_secs(10),
            waiting_grace: Duration::from_secs(120),
            admitted_grace: Duration::from_secs(600),
            abandoned_after: Duration::from_secs(600),
            unused_after: Duration::from_secs(24 * 3600),
            idle_after: Duration::from_secs(3600),
            linger: Duration::from_secs(120),
            forget_after: Retention::default().names,
        }
    }
}
