//! The voice's share: what Opus is to do at a rate and a loss.

use units::DataRate;

use super::plan::{VoicePlan, overhead};

/// A way to send the voice, from a total rate on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tier {
    /// From so much in all.
    from: DataRate,
    packet_ms: u8,
    rate: DataRate,
    /// With FEC: the copies need room.
    rate_with_fec: DataRate,
}

/// From thin to wide. Headers weigh 64 bytes a packet: 26 kbps at 20 ms, 13 at 40, 9 at 60. At 32 kbps on the wire,
/// 60 ms with FEC scored PESQ-WB 3.5 at 10 % loss where 20 ms scored 2.2; where there is room, 20 ms is 40 ms earlier
/// at the other ear.
pub(super) const TIERS: [Tier; 5] = [
    tier_of(0, 60, 22, 22),
    tier_of(40, 60, 22, 22),
    tier_of(80, 40, 24, 26),
    tier_of(200, 20, 28, 32),
    tier_of(400, 20, 40, 48),
];

const fn tier_of(from: u64, packet_ms: u8, rate: u64, rate_with_fec: u64) -> Tier {
    Tier {
        from: DataRate::from_kbps(from),
        packet_ms,
        rate: DataRate::from_kbps(rate),
        rate_with_fec: DataRate::from_kbps(rate_with_fec),
    }
}

/// The tier for `total` when the voice is in `current` now: down at once, up with a margin.
pub(super) fn tier(current: usize, total: DataRate) -> usize {
    let holds = highest_from(total);
    if current >= TIERS.len() || holds <= current {
        return holds;
    }
    highest_from(total * (1.0 / UP_MARGIN)).max(current)
}

fn highest_from(total: DataRate) -> usize {
    TIERS.iter().rposition(|tier| total >= tier.from).unwrap_or(0)
}

/// The plan in this tier.
pub(super) fn plan(tier: usize, total: DataRate, loss: f32, fec: bool) -> VoicePlan {
    let Tier { packet_ms, rate, rate_with_fec, .. } = TIERS[tier.min(TIERS.len() - 1)];
    let rate = if fec { rate_with_fec } else { rate };
    let fits = (total * SHARE_OF_THIN_LINK).saturating_sub(overhead(packet_ms));
    let rate = whole_kbps(rate.min(fits)).max(LEAST);
    let expected_loss = if fec { loss_step(loss) } else { 0.0 };
    VoicePlan { rate, packet_ms, fec, expected_loss }
}

/// In steps of 5 %, at least 10 %: below that libopus leaves the copies out at low rates without a word.
fn loss_step(loss: f32) -> f32 {
    ((loss * 20.0).ceil() / 20.0).clamp(0.1, 0.3)
}

fn whole_kbps(rate: DataRate) -> DataRate {
    DataRate::from_kbps(rate.as_kbps())
}

const UP_MARGIN: f64 = 1.15;
/// The rest is for reports and path checks.
const SHARE_OF_THIN_LINK: f64 = 0.92;
/// Below this Opus's voice is no longer understood with loss.
const LEAST: DataRate = DataRate::from_kbps(8);
