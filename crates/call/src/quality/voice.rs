//! The voice's policy: from its share of the rate and the link's losses to how it is coded.

mod expected;
mod losses;

use std::time::Duration;

use units::{DataRate, Timestamp, VoiceRedundancy};

use super::plan::VoicePlan;
use expected::Scheme;
use losses::Losses;

/// What is known of the way that the voice takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VoiceLink {
    /// What the voice may take on the wire, headers counted.
    pub share: DataRate,
    /// The share of voice packets that is lost, 0 to 1.
    pub loss: f32,
    /// How likely the voice packet after a lost one is lost as well, 0 to 1; equal to `loss` where losses are independent.
    pub loss_follows_loss: f32,
    /// There and back, when it is known.
    pub round_trip: Option<Duration>,
    /// Whether the other side takes RED (RFC 2198).
    pub takes_red: bool,
    /// Whether the other side restores from DRED. Others pass it over, so that it would be wasted and not wrong.
    pub takes_dred: bool,
}

/// Chooses packet length, redundancy and rate of the voice, and keeps what it has chosen while that is nearly as good.
#[derive(Debug, Clone)]
pub struct VoicePolicy {
    scheme: Scheme,
    losses: Losses,
    /// How much better others would have been for how long: quality times seconds.
    regret: f64,
    decided: Timestamp,
    plan: VoicePlan,
}

impl Default for VoicePolicy {
    fn default() -> Self {
        Self::new()
    }
}

impl VoicePolicy {
    /// Knows nothing yet: short packets without redundancy.
    pub fn new() -> Self {
        let scheme = Scheme { packet_ms: 20, redundancy: VoiceRedundancy::None };
        let plan =
            VoicePlan { rate: MOST, packet_ms: scheme.packet_ms, redundancy: scheme.redundancy, expected_loss: 0.0 };
        Self { scheme, losses: Losses::none(scheme.packet_ms), regret: 0.0, decided: Timestamp::ZERO, plan }
    }

    /// What was decided last.
    pub fn plan(&self) -> VoicePlan {
        self.plan
    }

    /// Decides anew.
    pub fn decide(&mut self, now: Timestamp, link: &VoiceLink) -> VoicePlan {
        self.losses.update(now, link.loss, link.loss_follows_loss, self.plan.packet_ms);
        self.choose(now, link);
        self.plan = self.plan_for(link.share);
        self.plan
    }

    fn choose(&mut self, now: Timestamp, link: &VoiceLink) {
        let one_way = link.round_trip.map_or(USUAL_ONE_WAY, |round_trip| round_trip / 2).min(WORST_ONE_WAY);
        let expected = |scheme: Scheme| {
            let taken = match scheme.redundancy {
                VoiceRedundancy::Red { .. } => link.takes_red,
                VoiceRedundancy::Dred { .. } => link.takes_dred && self.losses.share() >= LEAST_FOR_OUTLINES,
                VoiceRedundancy::None | VoiceRedundancy::InBand => true,
            };
            let value = scheme.expected(link.share, &self.losses, one_way)?;
            taken.then_some(value)
        };
        let best = schemes()
            .filter_map(|scheme| Some((scheme, expected(scheme)?)))
            .max_by(|(_, one), (_, other)| one.total_cmp(other));
        // Where not even the leanest fits, the leanest it is.
        let Some((best, reached)) = best else {
            self.take(LEANEST);
            return;
        };
        let now_is = expected(self.scheme);
        let gain = now_is.map_or(f64::INFINITY, |now_is| reached - now_is);
        let span = now.since(self.decided).min(LONGEST_SPAN).as_secs_f64();
        self.decided = now;
        self.regret = if gain < WORTH_A_THOUGHT { 0.0 } else { self.regret + gain * span };
        if gain >= WORTH_A_HURRY || self.regret >= WORTH_A_CHANGE {
            self.take(best);
        }
    }

    fn take(&mut self, scheme: Scheme) {
        self.scheme = scheme;
        self.regret = 0.0;
    }

    fn plan_for(&self, share: DataRate) -> VoicePlan {
        let Scheme { packet_ms, redundancy } = self.scheme;
        let fits = DataRate::from_bps(self.scheme.rate(share).as_bps() / STEP_BPS * STEP_BPS);
        let most = match redundancy {
            VoiceRedundancy::None => MOST,
            VoiceRedundancy::Red { .. } | VoiceRedundancy::InBand | VoiceRedundancy::Dred { .. } => MOST_WITH_COPIES,
        };
        let kept = self.plan;
        let same_scheme = (kept.packet_ms, kept.redundancy) == (packet_ms, redundancy);
        // Down at once, up by steps that can be heard.
        let rate = fits.clamp(LEAST, most);
        let rate = if same_scheme && rate >= kept.rate && rate < kept.rate * UP_STEP { kept.rate } else { rate };
        let expected_loss = match redundancy {
            VoiceRedundancy::None if self.losses.share() < SOME_LOSS => 0.0,
            _ => HINT,
        };
        VoicePlan { rate, packet_ms, redundancy, expected_loss }
    }
}

/// All that can be chosen.
fn schemes() -> impl Iterator<Item = Scheme> {
    let lengths = [20, 40, 60, 100];
    lengths
        .into_iter()
        .flat_map(|packet_ms| REDUNDANCIES.into_iter().map(move |redundancy| Scheme { packet_ms, redundancy }))
        .filter(|scheme| scheme.delay() <= LONGEST_DELAY)
}

const REDUNDANCIES: [VoiceRedundancy; 7] = [
    VoiceRedundancy::None,
    VoiceRedundancy::InBand,
    VoiceRedundancy::Red { copies: 1, distance: 1 },
    VoiceRedundancy::Red { copies: 1, distance: 2 },
    VoiceRedundancy::Red { copies: 1, distance: 4 },
    VoiceRedundancy::Red { copies: 2, distance: 2 },
    VoiceRedundancy::Dred { duration_ms: 300 },
];
const LEANEST: Scheme = Scheme { packet_ms: 100, redundancy: VoiceRedundancy::None };
/// With this the mouth-to-ear delay stays within 250 ms of the link's own, playout's margins included.
const LONGEST_DELAY: Duration = Duration::from_millis(200);
/// Two thirds of a continent; what is not known should neither forbid nor excuse long packets.
const USUAL_ONE_WAY: Duration = Duration::from_millis(50);
/// Beyond, all is lost to delay anyway.
const WORST_ONE_WAY: Duration = Duration::from_secs(2);
/// A change of the scheme may be heard, so it needs a reason: a tenth of a point for two seconds, or less for longer …
const WORTH_A_CHANGE: f64 = 0.2;
/// … though nothing so small …
const WORTH_A_THOUGHT: f64 = 0.02;
/// … unless what is being said now is not understood.
const WORTH_A_HURRY: f64 = 0.5;
/// One report after a silence is not many seconds of it.
const LONGEST_SPAN: Duration = Duration::from_secs(1);
const UP_STEP: f64 = 1.1;
/// A rate is told in steps of this.
const STEP_BPS: u64 = 200;
/// libopus's least.
const LEAST: DataRate = DataRate::from_kbps(6);
/// One copy of the voice is as good as the original at this rate …
const MOST: DataRate = DataRate::from_kbps(40);
/// … and with copies beside it at this.
const MOST_WITH_COPIES: DataRate = DataRate::from_kbps(64);
/// From here on the codec is told to expect losses, and always the same: the hint makes in-band copies appear at all, more
/// of it takes more from the voice than it gives back.
const HINT: f32 = 0.1;
const SOME_LOSS: f64 = 0.01;
/// An outline costs so little that nothing else would ever end it; without losses it is still for nothing.
const LEAST_FOR_OUTLINES: f64 = 0.005;

#[cfg(test)]
#[path = "voice/tests.rs"]
mod tests;
