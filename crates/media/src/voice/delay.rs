//! How late packets come, and so how long playout has to wait for them.

use std::collections::VecDeque;
use std::time::Duration;

use units::Timestamp;

use super::micros_of;

/// Watches arrivals of the last seconds.
///
/// A packet's delay is its arrival less the moment at which its *last* sample was spoken, so that long packets are no
/// later than short ones; the origin is arbitrary, so only differences count. The smallest of the window is the base; what
/// lies above is lateness. A route that becomes slower, or a sender's clock that drifts, moves the base along within the
/// window's length.
///
/// The target follows up at once (a quantile, and a level that several packets in a row kept), stays up where spikes
/// repeat themselves, and comes down as soon as a second and a half were calm: what was, a few seconds ago, is no reason to wait.
/// The last of it, which nobody notices in a conversation, goes only after a calm that lasts: queues that a picture makes and lets
/// go every few seconds would otherwise be followed up and down, and each way is heard.
#[derive(Debug, Default)]
pub(super) struct DelayEstimator {
    window: VecDeque<Arrival>,
    base: i64,
    /// How much voice the newest packet has, in microseconds.
    packet: i64,
    target: i64,
    usual: i64,
    /// How late the packets of the window were: quantiles by [`FOR_COPIES`].
    quantiles: [i64; FOR_COPIES.len()],
    highest_lately: i64,
    level: i64,
    judged: Option<Timestamp>,
    /// Scratch for the quantiles.
    sorted: Vec<i64>,
    /// What the target was before the window was cleared: the best guess until new packets tell.
    inherited: i64,
}

#[derive(Debug, Clone, Copy)]
struct Arrival {
    at: Timestamp,
    delay: i64,
}

impl DelayEstimator {
    pub(super) fn new() -> Self {
        Self { inherited: INITIAL_TARGET, target: INITIAL_TARGET, ..Self::default() }
    }

    /// A packet of so many samples came that ends with `end` on the sender's clock, counted on beyond 32 bits.
    pub(super) fn on_packet(&mut self, now: Timestamp, end: i64, samples: usize) {
        self.packet = micros_of(samples as i64);
        let delay = Self::delay(now, end);
        let mut base = if self.window.is_empty() { delay } else { self.base.min(delay) };
        while self.window.len() >= MAX_WINDOW || self.window.front().is_some_and(|first| now - first.at > WINDOW) {
            let left = self.window.pop_front();
            if left.is_some_and(|left| left.delay <= base) {
                base = self.window.iter().map(|arrival| arrival.delay).min().unwrap_or(delay).min(delay);
            }
        }
        self.window.push_back(Arrival { at: now, delay });
        // Lateness counts from the base: when that moves, so does the target, until it is judged anew.
        let moved = self.base - base;
        self.base = base;
        if self.window.len() > 1 {
            self.target += moved;
            self.usual += moved;
            self.quantiles.iter_mut().for_each(|late| *late += moved);
            self.highest_lately += moved;
            self.level += moved;
        }
        if self.judged.is_none_or(|judged| now - judged >= JUDGE_EVERY) {
            self.judged = Some(now);
            self.judge(now);
        }
    }

    /// Starts over after a pause; the last target holds until the new packets tell.
    pub(super) fn clear(&mut self) {
        self.inherited = self.target.clamp(INITIAL_TARGET, MAX_TARGET);
        self.target = self.inherited;
        self.window.clear();
        (self.judged, self.usual, self.highest_lately, self.level) = (None, 0, 0, 0);
        self.quantiles = Default::default();
    }

    /// How many microseconds later than the earliest possible moment something that ends with `end` is at `now`.
    pub(super) fn lateness(&self, now: Timestamp, end: i64) -> i64 {
        Self::delay(now, end) - self.base
    }

    /// How late, in microseconds, packets may be without being missed.
    pub(super) fn target(&self) -> i64 {
        self.target
    }

    /// Most packets are not later than that.
    pub(super) fn usual(&self) -> i64 {
        self.usual.clamp(0, self.target.max(0))
    }

    /// How late a packet may be whose copy of an earlier one is waited for, where such a part of the voice is lost (0 to 1): what
    /// comes later is made up. Few losses are made up without anybody's noticing; the more there are, the more each takes away.
    pub(super) fn for_copies(&self, lost: f64) -> i64 {
        let price = |(share, late): &(f64, i64)| *late as f64 + lost * lost * (1.0 - share) * LATE_COPIES;
        let best = FOR_COPIES.into_iter().zip(self.quantiles).min_by(|one, other| price(one).total_cmp(&price(other)));
        best.map_or(0, |(_, late)| late).max(self.usual())
    }

    /// The latest of the last second: to wait less would be too early.
    pub(super) fn highest_lately(&self) -> i64 {
        self.highest_lately.clamp(0, OUTAGE)
    }

    /// Where the last few packets were, however late that is.
    pub(super) fn level(&self) -> i64 {
        self.level
    }

    fn judge(&mut self, now: Timestamp) {
        let everyday: Vec<(Timestamp, i64)> = self.everyday().collect();
        if everyday.is_empty() {
            return;
        }
        let mut sorted = std::mem::take(&mut self.sorted);
        let ridden_over = self.ridden_over(now, &everyday, &mut sorted);
        sorted.clear();
        sorted.extend(everyday.iter().map(|&(_, late)| late));
        sorted.sort_unstable();
        let quantile = |share: f64| sorted[rank(sorted.len(), share)];
        let lately = |span: Duration| {
            let recent = everyday.iter().rev().take_while(move |&&(at, _)| now - at <= span).map(|&(_, late)| late);
            recent.fold((i64::MAX, 0, 0_usize), |(low, high, count), late| (low.min(late), high.max(late), count + 1))
        };
        let (low, high, count) = lately(RELEASE);
        // A calm is believed, with a quarter of its spread to spare.
        let released = if count >= FEW { high + (high - low) / 4 + LEAST_TARGET / 2 } else { MAX_TARGET };
        let released = released.max(ridden_over);
        self.highest_lately = lately(Duration::from_secs(1)).1;
        let mut target = quantile(QUANTILE).min(released);
        self.usual = quantile(USUAL).min(released);
        self.quantiles = FOR_COPIES.map(quantile);
        self.quantiles[0] = self.usual;
        self.level = self.climb(now);
        target = target.max(self.level).max(self.repeated_peak(now, &everyday, quantile(MOST)));
        if count > 0 {
            target = target.max(low + LEAST_TARGET);
        }
        if everyday.len() < ENOUGH {
            target = target.max(self.inherited);
        }
        self.target = target.clamp(LEAST_TARGET, MAX_TARGET);
        self.sorted = sorted;
    }

    /// What each of the last few packets exceeded, and where they came later one by one, what the next will be like: where
    /// the delay climbs, that is known before any quantile tells.
    fn climb(&self, now: Timestamp) -> i64 {
        let last = self.window.iter().rev().take(LEVEL).take_while(|arrival| now - arrival.at <= LEVEL_SPAN);
        let delays: Vec<i64> = last.map(|arrival| arrival.delay - self.base).collect();
        let ([newest, .., oldest], LEVEL) = (delays.as_slice(), delays.len()) else { return 0 };
        let climbs =
            delays.is_sorted_by(|newer, older| newer > older) && newest - oldest > CLIMB && *oldest > self.usual;
        if climbs { newest + 2 * (newest - oldest).min(STEEPEST) } else { delays.iter().copied().min().unwrap_or(0) }
    }

    /// The second highest of the spikes in the window: one may be an accident, two are the link, until the next is overdue.
    ///
    /// In a spike at least two packets in a row are far later than what is ordinary (`most` of them are earlier than that),
    /// so that the tail of everyday jitter is none. Spikes are more than a second apart.
    fn repeated_peak(&self, now: Timestamp, everyday: &[(Timestamp, i64)], most: i64) -> i64 {
        let threshold = most + most / 2 + PEAK;
        let mut peaks: Vec<Peak> = Vec::new();
        for pair in everyday.windows(2) {
            let [(_, before), (at, late)] = [pair[0], pair[1]];
            if before <= threshold || late <= threshold {
                continue;
            }
            let height = before.max(late);
            match peaks.last_mut() {
                Some(peak) if at - peak.until <= PEAKS_APART => {
                    peak.until = at;
                    peak.height = peak.height.max(height);
                }
                _ => peaks.push(Peak { from: at, until: at, height }),
            }
        }
        let [.., before, last] = peaks.as_slice() else { return 0 };
        let due = (last.from - before.from) * 5 / 2;
        if now - last.until > due.max(PEAK_MEMORY) {
            return 0;
        }
        peaks.sort_unstable_by_key(|peak| peak.height);
        peaks[peaks.len() - 2].height + PEAK_MARGIN
    }

    /// What nearly all packets of the last seconds were earlier than, a single spike aside; no more of it than is worth to be kept.
    fn ridden_over(&self, now: Timestamp, everyday: &[(Timestamp, i64)], scratch: &mut Vec<i64>) -> i64 {
        let longer = (self.packet - USUAL_PACKET).max(0);
        let lasting = LASTING.max(Duration::from_micros(self.packet as u64) * ENOUGH_FOR_ALL);
        scratch.clear();
        scratch.extend(everyday.iter().rev().take_while(|&&(at, _)| now - at <= lasting).map(|&(_, late)| late));
        let nearly_all = rank(scratch.len(), NEARLY_ALL);
        if scratch.is_empty() { 0 } else { (*scratch.select_nth_unstable(nearly_all).1).min(LITTLE + longer) }
    }

    /// When the packets of the window came and how late, without those that an outage kept back and then let go together:
    /// no buffer could have covered it, so it says nothing about how much to keep.
    fn everyday(&self) -> impl Iterator<Item = (Timestamp, i64)> + '_ {
        let mut outage: Option<Timestamp> = None;
        self.window.iter().filter_map(move |arrival| {
            let late = arrival.delay - self.base;
            if late > OUTAGE {
                outage = Some(arrival.at);
            }
            let after_outage = outage.is_some_and(|at| arrival.at - at < OUTAGE_BURST);
            (!after_outage).then_some((arrival.at, late))
        })
    }

    fn delay(now: Timestamp, end: i64) -> i64 {
        i64::try_from(now.as_micros()).unwrap_or(i64::MAX).saturating_sub(micros_of(end))
    }
}

/// Where, of so many in their order, the one stands that this share of them does not exceed.
fn rank(count: usize, share: f64) -> usize {
    ((count as f64 * share) as usize).min(count.saturating_sub(1))
}

#[derive(Debug)]
struct Peak {
    from: Timestamp,
    until: Timestamp,
    height: i64,
}

/// Long enough to know a link's jitter and spikes that come every few seconds.
const WINDOW: Duration = Duration::from_secs(10);
/// Against a flood of packets: what 10 ms packets bring.
const MAX_WINDOW: usize = 1_000;
/// The quantiles are found that often.
const JUDGE_EVERY: Duration = Duration::from_millis(20);
/// The rest is waited for, made up for or comes from redundancy; waiting for the last few would cost everyone delay.
const QUANTILE: f64 = 0.98;
/// What [`DelayEstimator::usual`] is.
const USUAL: f64 = 0.65;
/// Which part of the packets that bring copies may be waited for.
const FOR_COPIES: [f64; 5] = [USUAL, 0.8, 0.9, 0.95, QUANTILE];
/// What it costs, in microseconds of delay for all, if all copies come too late where all is lost. With a tenth lost and jitter of
/// 15 ms it is not worth to wait longer than usual; with a fifth lost, waiting 20 ms more halves what is made up (measured).
const LATE_COPIES: f64 = 4_500_000.0;
/// A calm of that long is believed…
const RELEASE: Duration = Duration::from_millis(1_500);
/// …if so many packets came in it.
const FEW: usize = 10;
/// How long a calm lasts after which the last of the delay goes too: longer than a sender takes to feel for a link's rate…
const LASTING: Duration = Duration::from_secs(6);
/// …and how much that is, in microseconds. With the path and both ends it stays below the 150 ms up to which a conversation is
/// as good as it can be (ITU-T G.114).
const LITTLE: i64 = 50_000;
/// Where voice comes in longer packets than these, in microseconds, the link is a thin one, and a single packet of a picture holds it for as
/// long as one of the voice is: so much more is kept, and it is watched for so many packets. There each following down and up costs more than
/// the delay does: measured beside a picture on 150 kbps, .03 to .05 of STOI; on 64 and 300 kbps no difference.
const USUAL_PACKET: i64 = 20_000;
const ENOUGH_FOR_ALL: u32 = 160;
/// One spike in six seconds is fewer packets than the rest.
const NEARLY_ALL: f64 = 0.95;
/// So many packets in a row, within so long, are a level and no accident.
const LEVEL: usize = 4;
const LEVEL_SPAN: Duration = Duration::from_millis(500);
/// Packets in a row that come later and later by more than that in all, in microseconds, are a climb.
const CLIMB: i64 = 8_000;
const STEEPEST: i64 = 60_000;
/// What is ordinary, where spikes are looked for…
const MOST: f64 = 0.9;
/// …and how far they stand, in microseconds, above one and a half times that.
const PEAK: i64 = 20_000;
const PEAKS_APART: Duration = Duration::from_secs(1);
/// Playout may be that much, in microseconds, before its target without being led back.
const PEAK_MARGIN: i64 = 10_000;
/// Spikes are remembered at least that long, and longer if they come seldom.
const PEAK_MEMORY: Duration = Duration::from_secs(3);
/// A device asks for its 10 ms a little early or late.
const LEAST_TARGET: i64 = 15_000;
/// Beyond this a conversation is worse off than with gaps (ITU-T G.114: 400 ms mouth to ear is the limit).
const MAX_TARGET: i64 = 500_000;
/// Twice what the buffer may hold at most, in microseconds.
const OUTAGE: i64 = 2 * MAX_TARGET;
/// How long the packets that an outage kept back keep coming.
const OUTAGE_BURST: Duration = Duration::from_millis(300);
/// Until the link is known. Most links are good, and to grow costs less than to shrink.
const INITIAL_TARGET: i64 = LEAST_TARGET;
/// Packets after which the window tells more than a guess.
const ENOUGH: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets of 20 ms, each delayed by what `delay_ms` says of its number.
    fn feed(estimator: &mut DelayEstimator, from: u64, packets: u64, delay_ms: impl Fn(u64) -> u64) {
        for index in from..from + packets {
            let now = Timestamp::from_millis(1_000 + index * 20 + delay_ms(index));
            estimator.on_packet(now, index as i64 * 960, 960);
        }
    }

    #[test]
    fn a_link_without_jitter_wants_the_least() {
        let mut estimator = DelayEstimator::new();
        feed(&mut estimator, 0, 100, |_| 35);
        assert_eq!(estimator.target(), LEAST_TARGET);
        assert_eq!(estimator.usual(), 0);
    }

    #[test]
    fn jitter_raises_the_target_to_its_quantile_and_a_calm_is_believed_soon() {
        let mut estimator = DelayEstimator::new();
        feed(&mut estimator, 0, 500, |index| index % 10 * 10);
        assert_eq!(estimator.target(), 90_000);
        feed(&mut estimator, 500, 90, |_| 0);
        assert_eq!(estimator.target(), LITTLE);
        feed(&mut estimator, 590, 210, |_| 0);
        assert_eq!(estimator.target(), LEAST_TARGET);
    }

    #[test]
    fn on_a_thin_link_more_is_kept_and_for_longer() {
        let mut estimator = DelayEstimator::new();
        // 60 ms each, which a picture holds up by as much now and then, for five seconds of ten.
        for index in 0..500_u64 {
            let held = if index / 83 % 2 == 0 { index % 4 * 25 } else { 0 };
            let now = Timestamp::from_millis(1_000 + index * 60 + held);
            estimator.on_packet(now, index as i64 * 2_880, 2_880);
            if index > 100 {
                assert!((75_000..95_000).contains(&estimator.target()), "{index}: {}", estimator.target());
            }
        }
    }

    #[test]
    fn the_more_is_lost_the_more_of_the_packets_with_copies_are_waited_for() {
        let mut estimator = DelayEstimator::new();
        feed(&mut estimator, 0, 500, |index| index % 10 * 10);
        let late = [0.0, 0.1, 0.2, 0.4].map(|lost| estimator.for_copies(lost) / 1_000);
        assert_eq!((late[0], late[3]), (60, 90));
        assert!(late.is_sorted(), "{late:?}");
        assert_eq!(estimator.usual(), 60_000);
    }

    #[test]
    fn a_base_that_rises_far_between_two_judgements_leaves_no_less_to_wait_for_than_nothing() {
        let mut estimator = DelayEstimator::new();
        feed(&mut estimator, 0, 1, |_| 0);
        feed(&mut estimator, 1, 460, |_| 800);
        // Ten milliseconds after the last, when the only quick one has left the window.
        estimator.on_packet(Timestamp::from_millis(11_010), 461 * 960, 960);
        assert!(estimator.target() < 0);
        assert_eq!(estimator.usual(), 0);
    }

    #[test]
    fn long_packets_are_no_later_than_short_ones() {
        let mut estimator = DelayEstimator::new();
        let mut end = 0;
        for index in 0..300_u64 {
            let samples = [960, 1_920, 2_880][(index / 7 % 3) as usize];
            end += samples as i64;
            // Each is sent when its last sample was spoken.
            estimator.on_packet(Timestamp::from_micros(30_000 + end as u64 * 1_000 / 48), end, samples);
        }
        assert_eq!(estimator.target(), LEAST_TARGET);
    }

    /// A standstill of 200 ms that begins with packet `at`; what was sent meanwhile comes at its end.
    fn spike(at: u64) -> impl Fn(u64) -> u64 {
        move |index| 200_u64.saturating_sub((index - at.min(index)) * 20) * u64::from(index >= at)
    }

    #[test]
    fn one_spike_is_an_accident_and_two_are_the_link_until_the_next_is_overdue() {
        let mut estimator = DelayEstimator::new();
        feed(&mut estimator, 0, 200, spike(80));
        feed(&mut estimator, 200, 50, |_| 0);
        assert_eq!(estimator.target(), LEAST_TARGET);
        feed(&mut estimator, 250, 50, spike(260));
        feed(&mut estimator, 300, 200, |_| 0);
        assert_eq!(estimator.target(), 200_000 + PEAK_MARGIN);
        feed(&mut estimator, 500, 250, |_| 0);
        assert_eq!(estimator.target(), LEAST_TARGET);
    }

    #[test]
    fn a_slower_route_moves_the_base_and_not_the_target() {
        let mut estimator = DelayEstimator::new();
        feed(&mut estimator, 0, 200, |_| 20);
        feed(&mut estimator, 200, 520, |_| 150);
        assert_eq!(estimator.target(), LEAST_TARGET);
    }

    #[test]
    fn a_climb_is_known_before_a_quantile_tells() {
        let mut estimator = DelayEstimator::new();
        feed(&mut estimator, 0, 400, |_| 20);
        feed(&mut estimator, 400, 8, |index| 20 + (index - 400) * 5);
        assert!(estimator.target() > 50_000, "{}", estimator.target());
    }

    #[test]
    fn an_outage_says_nothing_of_the_days_after() {
        let mut estimator = DelayEstimator::new();
        feed(&mut estimator, 0, 200, |_| 20);
        feed(&mut estimator, 200, 150, |index| 3_020 - (index - 200) * 20);
        feed(&mut estimator, 350, 100, |_| 20);
        assert_eq!(estimator.target(), LEAST_TARGET);
    }
}
