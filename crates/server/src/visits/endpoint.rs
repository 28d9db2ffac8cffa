//! One endpoint as the visits remember it.

use signaling_protocol::{Admission, Event, Participant};
use units::Timestamp;

use super::Config;
use super::mailbox::Mailbox;
use super::presence::Presence;
use super::sent::SentIds;
use crate::rate::TokenBucket;
use crate::store::EndpointRow;

/// How many seconds' worth of messages may come at once: a negotiation begins with a burst.
const BURST_SECS: f64 = 4.0;

pub(super) struct Endpoint {
    pub(super) row: EndpointRow,
    pub(super) presence: Presence,
    pub(super) mailbox: Mailbox,
    pub(super) sent: SentIds,
    pub(super) messages: TokenBucket,
    /// Whether it asked for servers and got no relay, because too many waited before it.
    pub(super) wants_relay: bool,
    /// Since when it is out of the visit; it may still hear why.
    pub(super) gone_at: Option<Timestamp>,
}

impl Endpoint {
    /// An endpoint that has just come (or whose server has just started again), and has no stream yet.
    pub(super) fn new(now: Timestamp, row: EndpointRow, config: &Config, first_cursor: u64, gone: bool) -> Self {
        let rate = f64::from(config.limits.messages_per_second);
        Self {
            row,
            presence: Presence::Leaving { since: now, announce_at: now + config.timing.away_after_join },
            mailbox: Mailbox::new(first_cursor),
            sent: SentIds::default(),
            messages: TokenBucket::new(now, BURST_SECS * rate, rate),
            wants_relay: false,
            gone_at: gone.then_some(now),
        }
    }

    /// As the others see it.
    pub(super) fn participant(&self) -> Participant {
        Participant {
            endpoint: self.row.endpoint,
            role: self.row.role,
            admission: self.row.admission,
            bundle: self.row.bundle.clone(),
        }
    }

    /// What somebody hears who is put out: not let in, or taken out.
    pub(super) fn farewell(admission: Admission) -> Event {
        match admission {
            Admission::Waiting => Event::Denied,
            Admission::Admitted => Event::Removed,
        }
    }
}
