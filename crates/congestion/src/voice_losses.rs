//! How the path loses the voice: how much of it, and whether one after the other.
//!
//! The estimator's own loss is that of all packets, weighed to find what the link carries. Whoever chooses how a voice is
//! protected needs the share of *its* packets, and whether the copy in the next one would be lost as well.

use std::collections::VecDeque;
use std::time::Duration;

use units::Timestamp;

use crate::PacketReport;

/// Voice packets, from when they leave until it is known what became of them; then only sums.
#[derive(Debug, Default)]
pub struct VoiceLosses {
    /// Of which nothing was decided yet, by rising number.
    undecided: VecDeque<Undecided>,
    /// The packet that was decided last.
    last: Option<Decided>,
    lasting: Sums,
    sudden: Sums,
}

#[derive(Debug, Clone, Copy)]
struct Undecided {
    number: u64,
    sent: Timestamp,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Untold,
    /// Told of as missing, first at that time.
    Missing(Timestamp),
    Arrived,
}

#[derive(Debug, Clone, Copy)]
struct Decided {
    sent: Timestamp,
    /// When the first packet left of those that were lost in a row, this one among them.
    lost_since: Option<Timestamp>,
}

/// Counts that fade with time.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    sent: f64,
    lost: f64,
    /// Packets right after a lost one, and those of them that were lost, too.
    after_loss: f64,
    lost_after_loss: f64,
}

impl VoiceLosses {
    /// Nothing was sent.
    pub fn new() -> Self {
        Self::default()
    }

    /// A voice packet left under this unwrapped transport sequence number, higher than those before.
    pub fn on_sent(&mut self, at: Timestamp, number: u64) {
        if self.undecided.back().is_some_and(|last| last.number >= number) {
            return;
        }
        if self.undecided.len() == MAX_UNDECIDED {
            self.undecided.pop_front();
            self.last = None;
        }
        self.undecided.push_back(Undecided { number, sent: at, fate: Fate::Untold });
    }

    /// The receiver's report came. What it tells of packets that are not voice is passed over, and what it repeats too.
    pub fn on_feedback(&mut self, now: Timestamp, reports: &[PacketReport]) {
        for report in reports {
            let Ok(place) = self.undecided.binary_search_by_key(&report.number, |packet| packet.number) else {
                continue;
            };
            let fate = &mut self.undecided[place].fate;
            *fate = match (*fate, report.received) {
                (_, Some(_)) => Fate::Arrived,
                (Fate::Untold, None) => Fate::Missing(now),
                (told, None) => told,
            };
        }
        while let Some(first) = self.undecided.front().copied() {
            match first.fate {
                Fate::Arrived => self.decide(first.sent, false),
                Fate::Missing(since) if now.since(since) >= PATIENCE => self.decide(first.sent, true),
                Fate::Missing(_) => break,
                // The reports that told of it were lost. Nobody knows.
                Fate::Untold if self.is_passed_over(now, first.sent) => self.last = None,
                Fate::Untold => break,
            }
            self.undecided.pop_front();
        }
    }

    /// What has left and was not yet told of left too fast for the link: what became of it says nothing of what follows.
    pub fn skip(&mut self) {
        self.undecided.clear();
        self.last = None;
    }

    /// The share of packets that do not arrive, 0 to 1: over the last fifteen seconds or so, and sooner where it has
    /// clearly risen.
    pub fn loss(&self) -> f32 {
        let (lasting, sudden) = (self.lasting.loss(), self.sudden.loss());
        let deviation = (sudden * (1.0 - sudden) / (self.sudden.sent + PRIOR)).sqrt();
        lasting.max(sudden - deviation) as f32
    }

    /// How likely the packet after a lost one is lost as well, 0 to 1: [`loss`](Self::loss) itself where losses are
    /// independent, more where they come in bursts.
    pub fn loss_follows_loss(&self) -> f32 {
        let Sums { after_loss, lost_after_loss, .. } = self.lasting;
        // Of a few losses nothing can be told yet.
        ((lost_after_loss + FEW * f64::from(self.loss())) / (after_loss + FEW)) as f32
    }

    fn is_passed_over(&self, now: Timestamp, sent: Timestamp) -> bool {
        now.since(sent) >= UNTOLD_AFTER && self.undecided.iter().any(|later| later.fate != Fate::Untold)
    }

    fn decide(&mut self, sent: Timestamp, lost: bool) {
        let neighbour = self.last.filter(|last| sent.since(last.sent) <= NEIGHBOURS);
        let since = neighbour.and_then(|last| last.lost_since);
        if let Some(last) = self.last {
            self.lasting.fade(sent.since(last.sent), LASTING);
            self.sudden.fade(sent.since(last.sent), SUDDEN);
        }
        self.last = Some(Decided { sent, lost_since: lost.then(|| since.unwrap_or(sent)) });
        if lost && since.is_some_and(|since| sent.since(since) >= OUTAGE) {
            return;
        }
        for sums in [&mut self.lasting, &mut self.sudden] {
            sums.count(lost, since.is_some());
        }
    }
}

impl Sums {
    fn fade(&mut self, span: Duration, within: Duration) {
        let left = (-span.as_secs_f64() / within.as_secs_f64()).exp();
        for sum in [&mut self.sent, &mut self.lost, &mut self.after_loss, &mut self.lost_after_loss] {
            *sum *= left;
        }
    }

    fn count(&mut self, lost: bool, after_loss: bool) {
        self.sent += 1.0;
        self.lost += f64::from(u8::from(lost));
        self.after_loss += f64::from(u8::from(after_loss));
        self.lost_after_loss += f64::from(u8::from(lost && after_loss));
    }

    fn loss(&self) -> f64 {
        self.lost / (self.sent + PRIOR)
    }
}

/// How long the past counts: several sentences, so that the voice does not change its sound in the middle of one …
const LASTING: Duration = Duration::from_secs(15);
/// … and how long where it has become worse: the words that are not understood are being said now.
const SUDDEN: Duration = Duration::from_millis(1_500);
/// Packets that came through before the first: one loss at the beginning is no share.
const PRIOR: f64 = 10.0;
/// Losses that would have had to be followed as by chance before the first.
const FEW: f64 = 4.0;
/// How long a packet that was told of as missing may still come: longer than paths disorder packets, shorter than a
/// playout would wait.
const PATIENCE: Duration = Duration::from_millis(100);
/// Two reports in a row were lost by then: each packet is told of twice, at most half a second apart.
const UNTOLD_AFTER: Duration = Duration::from_secs(2);
/// Packets further apart are no neighbours: the voice was silent in between.
const NEIGHBOURS: Duration = Duration::from_millis(200);
/// What is lost beyond this in a row is an outage: no copy mends it, and the share of it says nothing about the rest.
const OUTAGE: Duration = Duration::from_millis(500);
/// Ten seconds of the shortest packets.
const MAX_UNDECIDED: usize = 1_024;

#[cfg(test)]
mod tests;
