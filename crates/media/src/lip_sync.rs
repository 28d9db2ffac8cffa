//! Lips and voice together: when a picture is shown, so that it is seen as what was said with it is heard.
//!
//! Voice and picture take different ways: packets of a picture wait for their turn and for each other, the voice waits in
//! its playout. What both share is the sender's clock, which its reports (RFC 3550, section 6.4.1) tie to both streams.
//!
//! ```text
//! voice    taken ───── link ─────▸ came ──── playout ────▸ heard        delay of the voice = heard − taken
//! picture  taken ── encoder, link ───▸ ready ··· held ···▸ shown        held until taken + delay of the voice − lead
//! ```
//! **The voice leads.** A picture that is early waits, one that is late is shown at once; only where pictures are a little
//! late all the time does the voice wait for them, by no more than its playout grants.

use std::collections::VecDeque;
use std::time::Duration;

use units::Timestamp;

/// A moment by a stream's clock and by the clock that its sender shows all streams by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderClock {
    /// The RTP timestamp of what is taken at this moment.
    pub rtp: u32,
    /// The moment as sender reports have it: seconds in the upper half, their fraction in the lower one.
    pub ntp: u64,
}

impl SenderClock {
    /// When `rtp` was taken, in microseconds of the sender's clock.
    fn time_of(self, rtp: u32, ticks_a_second: i64) -> i64 {
        let reported = ((u128::from(self.ntp) * MICROS as u128) >> 32) as i64;
        reported + i64::from(rtp.wrapping_sub(self.rtp) as i32) * MICROS / ticks_a_second
    }
}

/// Keeps a picture until its voice is heard. All that it is told by the sender may be anything.
#[derive(Debug, Default)]
pub struct LipSync {
    voice_clock: Option<SenderClock>,
    picture_clock: Option<SenderClock>,
    voice: Option<Heard>,
    /// How long after it was taken a picture is to be shown, in microseconds between two clocks that have nothing to do
    /// with each other, and since when. Follows the voice's delay, but never faster than can be seen.
    line: Option<(i64, Timestamp)>,
    /// How much later than the earliest possible voice pictures were ready, in microseconds.
    lateness: VecDeque<(Timestamp, i64)>,
    judged: Timestamp,
    voice_waits: Option<Duration>,
}

/// What is known of the voice.
#[derive(Debug, Clone, Copy)]
struct Heard {
    /// How long after it was taken it is heard, smoothed; between two clocks, like the line.
    delay: i64,
    /// How much of that is playout.
    playout: i64,
    at: Timestamp,
}

impl LipSync {
    /// Knows nothing, and holds nothing back.
    pub fn new() -> Self {
        Self::default()
    }

    /// The sender's latest report of its voice.
    pub fn set_voice_clock(&mut self, clock: SenderClock) {
        self.voice_clock = Some(clock);
    }

    /// The sender's latest report of its picture.
    pub fn set_picture_clock(&mut self, clock: SenderClock) {
        self.picture_clock = Some(clock);
    }

    /// Voice that was taken under `rtp` is heard at `at`, `playout` after the earliest possible moment.
    pub fn on_voice(&mut self, at: Timestamp, rtp: u32, playout: Duration) {
        let Some(clock) = self.voice_clock else { return };
        let sample = micros(at) - clock.time_of(rtp, VOICE_TICKS);
        let playout = i64::try_from(playout.as_micros()).unwrap_or(MAX_PLAYOUT).min(MAX_PLAYOUT);
        let delay = match self.voice {
            Some(before) if (sample - before.delay).abs() < JUMP && at.since(before.at) < VOICE_GONE => {
                let weight = (at.since(before.at).as_secs_f64() / SMOOTHED_OVER.as_secs_f64()).min(1.0);
                before.delay + ((sample - before.delay) as f64 * weight) as i64
            }
            _ => sample,
        };
        self.voice = Some(Heard { delay, playout, at });
    }

    /// The picture that was taken under `rtp` could be shown now: when it is to be.
    ///
    /// Never before `now`, never more than [`MAX_HOLD`] after it, and at once where nothing is known.
    pub fn on_picture(&mut self, now: Timestamp, rtp: u32) -> Timestamp {
        let (Some(taken), Some(voice)) = (self.picture_taken(rtp), self.voice_now(now)) else {
            self.line = None;
            return now;
        };
        let ready = micros(now) - taken;
        if (ready - voice.delay).abs() > IMPLAUSIBLE {
            self.line = None;
            return now;
        }
        self.watch(now, ready, voice);
        let line = self.follow(now, ready, voice.delay - LEAD);
        self.line = Some((line, now));
        let hold = u64::try_from(line - ready).unwrap_or(0);
        now + Duration::from_micros(hold).min(MAX_HOLD)
    }

    /// How much later than its voice the picture was shown that was taken under `rtp`, in microseconds; negative if it was
    /// shown earlier. `None` where that cannot be known.
    pub fn offset(&self, shown: Timestamp, rtp: u32) -> Option<i64> {
        let (taken, voice) = (self.picture_taken(rtp)?, self.voice_now(shown)?);
        let offset = micros(shown) - taken - voice.delay;
        (offset.abs() <= IMPLAUSIBLE).then_some(offset)
    }

    /// How long after the earliest possible moment the voice is to be heard at the soonest, for the pictures' sake; zero
    /// while they are in time, or so late that nothing helps.
    ///
    /// Whoever plays the voice follows it up to 45 ms beyond what the link asks for, and no further.
    pub fn least_voice_delay(&self) -> Duration {
        self.voice_waits.unwrap_or(Duration::ZERO)
    }

    fn picture_taken(&self, rtp: u32) -> Option<i64> {
        Some(self.picture_clock?.time_of(rtp, PICTURE_TICKS))
    }

    fn voice_now(&self, now: Timestamp) -> Option<Heard> {
        self.voice.filter(|voice| now.since(voice.at) < VOICE_GONE)
    }

    /// Where the line is now. It moves at a pace that nobody sees, from where pictures are shown at present.
    fn follow(&self, now: Timestamp, ready: i64, aim: i64) -> i64 {
        let from = self.line.map_or(ready.min(aim), |(line, _)| line.max(ready.min(aim)));
        let span = self.line.map_or(Duration::ZERO, |(_, since)| now.since(since).min(LONGEST_STEP));
        let paced = |pace: f64| (span.as_micros() as f64 * pace) as i64;
        from + (aim - from).clamp(-paced(PACE_SOONER), paced(PACE_LATER))
    }

    /// Looks whether the voice should wait.
    fn watch(&mut self, now: Timestamp, ready: i64, voice: Heard) {
        self.lateness.push_back((now, ready - voice.delay + voice.playout));
        while self.lateness.len() > MAX_WATCHED
            || self.lateness.front().is_some_and(|(at, _)| now.since(*at) > WATCHED_OVER)
        {
            self.lateness.pop_front();
        }
        if now.since(self.judged) < JUDGED_EVERY || self.lateness.len() < FEWEST_WATCHED {
            return;
        }
        self.judged = now;
        let mut sorted: Vec<i64> = self.lateness.iter().map(|(_, late)| *late).collect();
        let middle = sorted.len() / 2;
        let (_, &mut usual, _) = sorted.select_nth_unstable(middle);
        // Behind the voice as it is heard now, the wait for pictures included.
        let behind = usual - voice.playout;
        let helps = if self.voice_waits.is_some() { behind <= HOPELESS } else { (UNSEEN..HELPED).contains(&behind) };
        self.voice_waits = u64::try_from(usual - TOLERABLE).ok().filter(|_| helps).map(Duration::from_micros);
    }
}

/// Far from where differences would overflow, whatever the moment.
fn micros(at: Timestamp) -> i64 {
    at.as_micros().min(LATEST) as i64
}

/// 36 000 years.
const LATEST: u64 = 1 << 60;

const MICROS: i64 = 1_000_000;
/// RFC 7587, section 4.1.
const VOICE_TICKS: i64 = 48_000;
/// RFC 6184, section 8.2.1.
const PICTURE_TICKS: i64 = 90_000;

/// How long a picture is held back at most: about what a voice may wait in its playout. Beyond that a late picture is less
/// bad than one that is not there.
pub const MAX_HOLD: Duration = Duration::from_millis(600);
/// So much sooner than its voice a picture is shown: nobody sees it (ITU-R BT.1359-1, figure 2: 125 ms are not seen this
/// way round, 45 ms the other), and the picture is that much younger. Half of what is allowed, the rest is for jitter.
const LEAD: i64 = 20_000;
/// Voice and picture of one moment are never so far apart: then the clocks are not of one sender, or it does not tell the
/// truth.
const IMPLAUSIBLE: i64 = 2 * MICROS;
/// No playout waits for so long.
const MAX_PLAYOUT: i64 = 10 * MICROS;
/// How fast the hold grows, as a part of the time that passes: at 30 pictures a second each comes 7 ms later than it
/// would, which is less than what cameras do by themselves …
const PACE_LATER: f64 = 0.2;
/// … and how fast it shrinks. A picture that comes sooner is no gap.
const PACE_SOONER: f64 = 0.4;
/// After a pause the hold does not change by more than in a tenth of a second.
const LONGEST_STEP: Duration = Duration::from_millis(100);
/// The delay of the voice is smoothed over this: the thread that plays it comes when it comes.
const SMOOTHED_OVER: Duration = Duration::from_millis(200);
/// A delay that is so different is another: voice that began anew, a clock that was set.
const JUMP: i64 = 300_000;
/// Without voice for so long there is nothing to wait for.
const VOICE_GONE: Duration = Duration::from_millis(500);

/// Pictures are late if most of the last few seconds' were, not if one was.
const WATCHED_OVER: Duration = Duration::from_secs(3);
const MAX_WATCHED: usize = 512;
const FEWEST_WATCHED: usize = 15;
const JUDGED_EVERY: Duration = Duration::from_millis(500);
/// The voice begins to wait when pictures are so much behind it: a little below the 45 ms from which it is seen
/// (ITU-R BT.1359-1, figure 2) …
const UNSEEN: i64 = 35_000;
/// … waits until they are so much behind, …
const TOLERABLE: i64 = 25_000;
/// … and only if that is how it can be, with the 45 ms that it has.
const HELPED: i64 = 100_000;
/// It waits no longer once they are so much behind even so.
const HOPELESS: i64 = 110_000;

#[cfg(test)]
mod tests;
