//! Which messages an endpoint has sent already, so that one sent again is answered again and not delivered again.

use std::collections::{HashMap, VecDeque};

use sha2::{Digest, Sha256};
use signaling_protocol::{Envelope, MessageId};

/// How many ids of one sender are remembered. A retry comes within seconds, and a sender may send 30 a second.
const REMEMBERED: usize = 2_048;

/// What is known of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Never,
    Same,
    Other,
}

/// The ids and digests of the newest messages of one sender.
#[derive(Debug, Default)]
pub(super) struct SentIds {
    digests: HashMap<MessageId, [u8; 32]>,
    order: VecDeque<MessageId>,
}

impl SentIds {
    /// Whether the id of `envelope` was used, and for what.
    pub(super) fn look_up(&self, envelope: &Envelope) -> Seen {
        match self.digests.get(&envelope.id) {
            None => Seen::Never,
            Some(known) if *known == digest(envelope) => Seen::Same,
            Some(_) => Seen::Other,
        }
    }

    /// Remembers `envelope`, and forgets the oldest if there are too many.
    pub(super) fn remember(&mut self, envelope: &Envelope) {
        if self.digests.insert(envelope.id, digest(envelope)).is_none() {
            self.order.push_back(envelope.id);
        }
        while self.order.len() > REMEMBERED {
            if let Some(oldest) = self.order.pop_front() {
                self.digests.remove(&oldest);
            }
        }
    }
}

fn digest(envelope: &Envelope) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(envelope.to.as_bytes());
    for number in [envelope.seq, envelope.epoch, u32::from(envelope.scheme), envelope.ttl_ms] {
        hash.update(number.to_be_bytes());
    }
    hash.update(&envelope.sealed.0);
    hash.finalize().into()
}
