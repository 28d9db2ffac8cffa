//! What the media threads count, for the report and the engine.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use units::{PictureSize, Timestamp};

use super::level::Level;
use super::lip_meter::LipMeter;
use super::muted_speech::MutedSpeech;
use crate::freeze::FreezeMeter;

/// Counters that only grow, and a log of the pictures.
#[derive(Default)]
pub(crate) struct Meters {
    /// Samples of voice that were played, silence before the first packet left out.
    pub(crate) voice_played: AtomicU64,
    /// Of them, samples that were made up.
    pub(crate) voice_concealed: AtomicU64,
    /// Microseconds of voice in the jitter buffer.
    pub(crate) voice_buffer_us: AtomicU64,
    /// Pictures encoded and handed to the link.
    pub(crate) frames_sent: AtomicU64,
    /// Microseconds the last pictures took to encode, smoothed.
    pub(crate) encode_us: AtomicU64,
    /// Microseconds that a picture may wait for a packet to be sent again; 0 is "the assembler's own".
    picture_deadline_us: AtomicU64,
    /// Microphone's and loudspeaker's sample 0, in microseconds of the program's clock plus one; 0 is "not yet".
    pub(crate) microphone_started: AtomicU64,
    pub(crate) speaker_started: AtomicU64,
    /// When the first voice packet was heard, likewise.
    pub(crate) first_voice: AtomicU64,
    /// How loud our microphone is, and what we play of theirs.
    pub(crate) microphone_level: Level,
    pub(crate) speaker_level: Level,
    /// Whether somebody speaks who is muted.
    pub(crate) muted_speech: MutedSpeech,
    lips: Mutex<LipMeter>,
    pictures: Mutex<PictureLog>,
}

/// Every picture captured and shown.
#[derive(Debug, Default, Clone)]
pub(crate) struct PictureLog {
    /// By frame of the camera.
    pub(crate) captured: Vec<Option<Timestamp>>,
    /// By frame of the camera: the RTP timestamp it was sent under.
    pub(crate) captured_rtp: Vec<Option<u32>>,
    /// By picture shown.
    pub(crate) shown: Vec<Timestamp>,
    /// By picture shown: its RTP timestamp.
    pub(crate) shown_rtp: Vec<u32>,
    /// The size of the last picture as it came.
    pub(crate) size: Option<PictureSize>,
}

/// What is read once a second.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PictureTotals {
    pub(crate) shown: u64,
    pub(crate) freezes: u32,
    pub(crate) frozen: Duration,
    pub(crate) size: Option<PictureSize>,
    pub(crate) first_shown: Option<Timestamp>,
}

/// A frame index beyond this is a fault of the source, not a call of this length (38 days at 60 fps).
const MOST_FRAMES: u64 = 200_000_000;

impl Meters {
    /// Frame `index` of the camera was captured.
    pub(crate) fn on_captured(&self, index: u64, at: Timestamp) {
        if index >= MOST_FRAMES {
            return;
        }
        let mut log = self.pictures();
        let index = index as usize;
        if log.captured.len() <= index {
            log.captured.resize(index + 1, None);
            log.captured_rtp.resize(index + 1, None);
        }
        log.captured[index] = Some(at);
    }

    /// Frame `index` of the camera was encoded under `rtp` and handed to the link.
    pub(crate) fn on_sent(&self, index: u64, rtp: u32) {
        self.frames_sent.fetch_add(1, Ordering::Relaxed);
        if let Some(entry) = self.pictures().captured_rtp.get_mut(index as usize) {
            *entry = Some(rtp);
        }
    }

    /// A picture was shown.
    pub(crate) fn on_shown(&self, now: Timestamp, rtp: u32, size: PictureSize) {
        let mut log = self.pictures();
        log.shown.push(now);
        log.shown_rtp.push(rtp);
        log.size = Some(size);
    }

    /// A picture was shown so many microseconds after its voice was heard.
    pub(crate) fn on_lips(&self, offset: i64) {
        self.lips.lock().unwrap_or_else(PoisonError::into_inner).on_shown(offset);
    }

    /// How far lips and voice were apart so far.
    pub(crate) fn lips(&self) -> LipMeter {
        self.lips.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether any picture was shown.
    pub(crate) fn has_shown(&self) -> bool {
        !self.pictures().shown.is_empty()
    }

    /// How long a picture takes to encode at the moment.
    pub(crate) fn encode_time(&self) -> Duration {
        Duration::from_micros(self.encode_us.load(Ordering::Relaxed))
    }

    /// How long a picture may wait for what is missing of it.
    pub(crate) fn set_picture_deadline(&self, deadline: Duration) {
        self.picture_deadline_us.store(deadline.as_micros() as u64, Ordering::Relaxed);
    }

    /// The same, once it was set.
    pub(crate) fn picture_deadline(&self) -> Option<Duration> {
        let micros = self.picture_deadline_us.load(Ordering::Relaxed);
        (micros > 0).then(|| Duration::from_micros(micros))
    }

    /// A copy of the log, for the report.
    pub(crate) fn picture_log(&self) -> PictureLog {
        self.pictures().clone()
    }

    /// Feeds pictures shown since the last call to `freeze` and answers the totals.
    pub(crate) fn picture_totals(&self, now: Timestamp, fed: &mut usize, freeze: &mut FreezeMeter) -> PictureTotals {
        let log = self.pictures();
        for &at in &log.shown[*fed..] {
            freeze.on_shown(at);
        }
        *fed = log.shown.len();
        let (freezes, frozen) = freeze.total(now);
        PictureTotals {
            shown: log.shown.len() as u64,
            freezes,
            frozen,
            size: log.size,
            first_shown: log.shown.first().copied(),
        }
    }

    /// Notes when something happened first.
    pub(crate) fn note_first(slot: &AtomicU64, at: Timestamp) {
        let _ = slot.compare_exchange(0, at.as_micros() + 1, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// When something happened first.
    pub(crate) fn first(slot: &AtomicU64) -> Option<Timestamp> {
        slot.load(Ordering::Relaxed).checked_sub(1).map(Timestamp::from_micros)
    }

    fn pictures(&self) -> MutexGuard<'_, PictureLog> {
        self.pictures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skipped_frame_stays_null_and_a_sent_one_has_its_timestamp() {
        let meters = Meters::default();
        meters.on_captured(0, Timestamp::from_millis(1));
        meters.on_captured(2, Timestamp::from_millis(67));
        meters.on_sent(2, 6_000);
        meters.on_captured(u64::MAX, Timestamp::ZERO);
        let log = meters.picture_log();
        assert_eq!(log.captured, [Some(Timestamp::from_millis(1)), None, Some(Timestamp::from_millis(67))]);
        assert_eq!(log.captured_rtp, [None, None, Some(6_000)]);
    }

    #[test]
    fn the_first_time_is_kept() {
        let slot = AtomicU64::new(0);
        assert_eq!(Meters::first(&slot), None);
        Meters::note_first(&slot, Timestamp::ZERO);
        Meters::note_first(&slot, Timestamp::from_millis(5));
        assert_eq!(Meters::first(&slot), Some(Timestamp::ZERO));
    }
}
