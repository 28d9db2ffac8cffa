//! How much of a link is the voice's, headers counted.

use units::DataRate;

/// A share of the voice, from a total rate on.
#[derive(Debug, Clone, Copy)]
struct Tier {
    /// From so much in all.
    from: DataRate,
    share: DataRate,
    /// Where voice is lost: redundancy needs room, and what is said goes before what is seen.
    lossy: DataRate,
}

/// From thin to wide. 66 kbps are 40 kbps of voice in packets of 20 ms; 96 are the same twice, in packets of 40 ms.
const TIERS: [Tier; 5] =
    [tier_of(0, 32, 32), tier_of(80, 38, 48), tier_of(200, 56, 64), tier_of(400, 66, 80), tier_of(800, 66, 96)];

const fn tier_of(from: u64, share: u64, lossy: u64) -> Tier {
    Tier { from: DataRate::from_kbps(from), share: DataRate::from_kbps(share), lossy: DataRate::from_kbps(lossy) }
}

/// The tier for `total` when the voice is in `current` now: down at once, up with a margin.
pub(super) fn tier(current: usize, total: DataRate) -> usize {
    let holds = highest_from(total);
    if current >= TIERS.len() || holds <= current {
        return holds;
    }
    highest_from(total * (1.0 / UP_MARGIN)).max(current)
}

/// What the voice may take in this tier, be there a picture or not: what is believed of a thin link is often too much, and a
/// voice that took all of it would wait in its own queue.
pub(super) fn of_voice(tier: usize, total: DataRate, lossy: bool) -> DataRate {
    let Tier { share, lossy: with_loss, .. } = TIERS[tier.min(TIERS.len() - 1)];
    let most = if lossy { with_loss } else { share };
    most.min(total * SHARE_OF_THIN_LINK)
}

fn highest_from(total: DataRate) -> usize {
    TIERS.iter().rposition(|tier| total >= tier.from).unwrap_or(0)
}

const UP_MARGIN: f64 = 1.15;
/// The rest is for reports and path checks.
const SHARE_OF_THIN_LINK: f64 = 0.92;
