//! Lips and voice: what the audio thread hears and the picture thread shows, brought together.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use media::lip_sync::{LipSync, SenderClock};
use peer::{MediaKind, Peer};
use units::Timestamp;

/// Shared by the two threads; locked for the moment of a decision, by threads that own no device callback.
#[derive(Default)]
pub(super) struct Lips(Mutex<LipSync>);

impl Lips {
    /// Another voice comes: what was known was of the one before.
    pub(super) fn begin_anew(&self) {
        *self.lock() = LipSync::new();
    }

    /// The sample `rtp` of their voice is heard at `at`, `playout` after the earliest possible moment; from when on the
    /// voice shall be heard, likewise.
    pub(super) fn heard(&self, at: Timestamp, rtp: u32, playout: Duration) -> Duration {
        let mut sync = self.lock();
        sync.on_voice(at, rtp, playout);
        sync.least_voice_delay()
    }

    /// A picture of `peer`'s is decoded: when to show it.
    pub(super) fn ready(&self, now: Timestamp, rtp: u32, peer: Option<&Peer>) -> Timestamp {
        let clock = |kind| peer.and_then(|peer| peer.sender_clock(kind)).map(of_media);
        let (voice, picture) = (clock(MediaKind::Voice), clock(MediaKind::Picture));
        let mut sync = self.lock();
        if let Some(clock) = voice {
            sync.set_voice_clock(clock);
        }
        if let Some(clock) = picture {
            sync.set_picture_clock(clock);
        }
        sync.on_picture(now, rtp)
    }

    /// How much later than its voice a picture is shown, in microseconds; `None` where that cannot be known.
    pub(super) fn offset(&self, shown: Timestamp, rtp: u32) -> Option<i64> {
        self.lock().offset(shown, rtp)
    }

    fn lock(&self) -> MutexGuard<'_, LipSync> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of_media(clock: peer::SenderClock) -> SenderClock {
    SenderClock { rtp: clock.rtp, ntp: clock.ntp }
}

#[cfg(test)]
mod tests;
