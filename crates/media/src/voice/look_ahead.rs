//! How long to wait for what comes a second time.
//!
//! A copy of a lost packet comes with a later one (RED, in-band FEC, DRED). It is of use only if playout waits for it, and
//! then every word is later. So each loss of the last seconds is remembered with the distance at which help came, and
//! the wait is that at which delay and what would still be made up cost least together: nothing where nothing is lost or
//! nothing is sent twice.

use std::collections::VecDeque;
use std::time::Duration;

use units::Timestamp;

use super::{micros_of, samples_of};

/// The recent losses, and how far behind them help came.
#[derive(Debug, Default)]
pub(super) struct LookAhead {
    losses: VecDeque<Loss>,
    newest: Option<Newest>,
    /// When the first packet came.
    since: Option<Timestamp>,
    /// The farthest RED offset seen lately, in samples, and for how many more packets it counts.
    red: (i64, u32),
    chosen: i64,
    /// The part of the voice that was lost lately and of which a copy came.
    copied: f64,
    /// Since when less than what was chosen would have done.
    less_since: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy)]
struct Newest {
    sequence: u64,
    end: i64,
    samples: usize,
}

#[derive(Debug, Clone, Copy)]
struct Loss {
    at: Timestamp,
    start: i64,
    samples: usize,
    /// From the end of the loss to the end of the first packet that helps.
    distance: Option<i64>,
}

/// A packet, and what it brings of earlier voice.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bringing<'a> {
    pub(super) start: i64,
    pub(super) samples: usize,
    pub(super) sequence: u64,
    /// Where RED copies begin.
    pub(super) copies: &'a [i64],
    /// Of how many samples right before it there is a coarse copy.
    pub(super) in_band: usize,
}

impl LookAhead {
    /// A packet came, for the first time. `reach` tells how far back its deep redundancy goes, and is asked only if needed.
    pub(super) fn on_packet(&mut self, now: Timestamp, packet: Bringing<'_>, reach: impl FnOnce() -> usize) {
        let since = *self.since.get_or_insert(now);
        while self.losses.len() > MAX_LOSSES || self.losses.front().is_some_and(|loss| now - loss.at > WINDOW) {
            self.losses.pop_front();
        }
        self.note_losses(now, &packet);
        self.note_help(&packet, reach);
        let farthest = packet.copies.iter().map(|copy| packet.start - copy).max().unwrap_or(0);
        if farthest >= self.red.0 {
            self.red = (farthest, RED_REMEMBERED);
        } else {
            self.red.1 = self.red.1.saturating_sub(1);
            if self.red.1 == 0 {
                self.red = (farthest, RED_REMEMBERED);
            }
        }
        self.choose(now, (now - since).clamp(LEAST_SPAN, WINDOW));
    }

    /// Starts over; what the link is like is not forgotten so quickly.
    pub(super) fn clear(&mut self) {
        self.newest = None;
    }

    /// How many microseconds to wait beyond a packet's own time for what comes a second time.
    pub(super) fn wait(&self) -> i64 {
        self.chosen
    }

    /// The part of the voice (0 to 1) that was lost lately and is to come a second time.
    pub(super) fn copied(&self) -> f64 {
        self.copied
    }

    /// The end of the packet with which a RED copy of the voice at `position` may still come; `None` if none is to be
    /// expected any more.
    pub(super) fn copy_expected(&self, position: i64) -> Option<i64> {
        let newest = self.newest?;
        let carrier = position + self.red.0;
        (self.red.0 > 0 && carrier >= newest.end).then_some(carrier + newest.samples as i64)
    }

    fn note_losses(&mut self, now: Timestamp, packet: &Bringing<'_>) {
        let end = packet.start + packet.samples as i64;
        let Some(newest) = self.newest else {
            self.newest = Some(Newest { sequence: packet.sequence, end, samples: packet.samples });
            return;
        };
        if packet.start < newest.end {
            // It is not lost after all, only late: that is the delay's business.
            self.losses.retain(|loss| loss.start + loss.samples as i64 <= packet.start || loss.start >= end);
            return;
        }
        let missed = packet.sequence > newest.sequence + 1 && packet.start - newest.end <= LONGEST_GAP;
        let mut start = newest.end;
        while missed && start < packet.start {
            let samples = newest.samples.min((packet.start - start) as usize);
            self.losses.push_back(Loss { at: now, start, samples, distance: None });
            start += samples as i64;
        }
        self.newest = Some(Newest { sequence: packet.sequence, end, samples: packet.samples });
    }

    fn note_help(&mut self, packet: &Bringing<'_>, reach: impl FnOnce() -> usize) {
        let end = packet.start + packet.samples as i64;
        let mut reach = Some(reach);
        let mut reached = 0;
        let helpless = |loss: &&mut Loss| loss.distance.is_none() && packet.start - loss.start <= LONGEST_GAP;
        for loss in self.losses.iter_mut().rev().take(HELPED_AT_ONCE).filter(helpless) {
            let loss_end = loss.start + loss.samples as i64;
            let copied = packet.copies.iter().any(|&copy| copy >= loss.start && copy < loss_end);
            // Half of it is enough to wait for: hybrid packets of 40 ms carry a copy of the last 20 ms alone.
            let near = loss_end == packet.start && packet.in_band * 2 >= loss.samples;
            if !copied
                && !near
                && let Some(reach) = reach.take()
            {
                reached = i64::try_from(reach()).unwrap_or(0);
            }
            if loss_end <= packet.start && (copied || near || packet.start - loss.start <= reached) {
                loss.distance = Some(end - loss_end);
            }
        }
    }

    fn choose(&mut self, now: Timestamp, span: Duration) {
        let span = samples_of(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)) as f64;
        let worth = if self.red.0 > 0 { PRICE * COPIES_ARE_WORTH } else { PRICE };
        let price = |wait: i64| {
            let beyond = |loss: &&Loss| loss.distance.is_some_and(|distance| micros_of(distance) > wait);
            let made_up: usize = self.losses.iter().filter(beyond).map(|loss| loss.samples).sum();
            (wait + (wait - DEAR).max(0)) as f64 + made_up as f64 / span * worth
        };
        let helped: usize = self.losses.iter().filter(|loss| loss.distance.is_some()).map(|loss| loss.samples).sum();
        self.copied = helped as f64 / span;
        let longest = micros_of(samples_of(MAX_WAIT));
        let distances = self.losses.iter().filter_map(|loss| loss.distance.map(micros_of));
        let mut candidates: Vec<i64> = distances.filter(|&wait| wait <= longest).collect();
        candidates.push(0);
        candidates.sort_unstable();
        candidates.dedup();
        let priced =
            candidates.into_iter().map(|wait| (wait, price(wait) - if wait == self.chosen { HABIT } else { 0.0 }));
        let best = priced.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(wait, _)| wait);
        let less_for = if best < self.chosen { now - *self.less_since.get_or_insert(now) } else { Duration::ZERO };
        if best >= self.chosen || less_for >= PATIENCE {
            self.chosen = best;
            self.less_since = None;
        }
    }
}

/// Losses are remembered that long.
const WINDOW: Duration = Duration::from_secs(8);
/// In a call's first seconds one loss is no habit yet.
const LEAST_SPAN: Duration = Duration::from_millis(2_500);
/// Against floods.
const MAX_LOSSES: usize = 256;
const HELPED_AT_ONCE: usize = 32;
/// Longer gaps are pauses or outages: two seconds.
const LONGEST_GAP: i64 = 96_000;
/// What it costs, in microseconds of delay for all, to make up everything: 30 ms for each percent of voice.
const PRICE: f64 = 3_000_000.0;
/// Whoever spends half the rate on copies knows of losses for which they are worth it; and a wait that is given up in every
/// quiet moment and taken up again costs more words than it saves.
const COPIES_ARE_WORTH: f64 = 2.5;
/// Delay beyond this, in microseconds, counts twice: with the packet itself and the link a conversation begins to suffer.
const DEAR: i64 = 80_000;
/// A choice is kept, in microseconds, while another is little better.
const HABIT: f64 = 10_000.0;
/// A wait comes down only after less would have done for so long: where losses come in bursts, some lull of the window's
/// length comes with every few of them, and to go down and up again is heard twice.
const PATIENCE: Duration = Duration::from_secs(4);
/// Nobody waits longer than that for a copy.
const MAX_WAIT: i64 = 240_000;
/// RED copies count as sent for so many packets after the last.
const RED_REMEMBERED: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// 20 s of 20 ms packets of which those that `lost` names do not come; the wait at the end.
    fn after(lost: impl Fn(u64) -> bool, in_band: usize, red_offsets: &[i64], reach: usize) -> i64 {
        let mut look_ahead = LookAhead::default();
        for index in (0..1_000_u64).filter(|index| !lost(*index)) {
            let start = index as i64 * 960;
            let copies: Vec<i64> = red_offsets.iter().map(|offset| start - offset).collect();
            let packet = Bringing { start, samples: 960, sequence: index, copies: &copies, in_band };
            look_ahead.on_packet(Timestamp::from_millis(index * 20), packet, || reach);
        }
        look_ahead.wait()
    }

    #[test]
    fn nobody_waits_where_nothing_is_lost_or_nothing_is_sent_twice() {
        assert_eq!(after(|_| false, 960, &[960], 9_600), 0);
        assert_eq!(after(|index| index % 10 == 3, 0, &[], 0), 0);
    }

    #[test]
    fn the_wait_is_that_of_the_nearest_help() {
        let tenth = |index: u64| index % 10 == 3;
        assert_eq!(after(tenth, 960, &[], 0), 20_000);
        assert_eq!(after(tenth, 0, &[960], 0), 20_000);
        assert_eq!(after(tenth, 0, &[1_920], 0), 40_000);
        assert_eq!(after(tenth, 0, &[], 4_800), 20_000);
        // Three in a row: an outline restores all, if one waits for the end of the gap.
        let burst = |index: u64| index % 30 < 3;
        assert_eq!(after(burst, 0, &[], 4_800), 60_000);
        assert_eq!(after(burst, 960, &[], 0), 20_000);
    }

    #[test]
    fn a_rare_loss_is_not_worth_waiting_for_and_losses_that_ended_are_forgotten() {
        assert_eq!(after(|index| index % 400 == 3, 960, &[], 0), 0);
        assert_eq!(after(|index| index < 390 && index % 10 == 3, 960, &[], 0), 0);
    }

    #[test]
    fn a_lull_between_bursts_is_no_reason_to_wait_less() {
        // Ten seconds of bursts, and then a lull that is a little longer than losses are remembered.
        let lull = |packets: u64| move |index: u64| index < 1_000 - packets && index % 50 < 5;
        assert_eq!(after(lull(500), 0, &[4_800], 0), 100_000);
        assert_eq!(after(lull(700), 0, &[4_800], 0), 0);
    }

    #[test]
    fn what_came_late_was_not_lost() {
        let mut look_ahead = LookAhead::default();
        for index in (0..1_000_u64).map(|index| {
            if index % 10 == 8 {
                index + 1
            } else if index % 10 == 9 {
                index - 1
            } else {
                index
            }
        }) {
            let packet =
                Bringing { start: index as i64 * 960, samples: 960, sequence: index, copies: &[], in_band: 960 };
            look_ahead.on_packet(Timestamp::from_millis(index * 20), packet, || 0);
        }
        assert_eq!(look_ahead.wait(), 0);
    }
}
