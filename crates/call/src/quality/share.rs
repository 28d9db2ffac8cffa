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

/// What the voice may take in this tier. `alone`, without a picture beside it, it may take more, but no more than half of
/// the link: what is believed of a thin link is often too much, and a voice that took all of it would wait in its own
/// queue.
pub(super) fn of_voice(tier: usize, total: DataRate, lossy: bool, alone: bool) -> DataRate {
    let of = |tier: &Tier| if lossy { tier.lossy } else { tier.share };
    let in_tier = of(&TIERS[tier.min(TIERS.len() - 1)]);
    let most = if alone { of(&HIGHEST).min(total * SHARE_ALONE).max(in_tier) } else { in_tier };
    most.min(total * SHARE_OF_THIN_LINK)
}

/// From so much in all on, a voice alone has all that it can use.
pub(super) fn enough_alone() -> DataRate {
    HIGHEST.lossy * (1.0 / SHARE_ALONE)
}

/// The most that a voice can use.
pub(super) fn most_of_voice() -> DataRate {
    HIGHEST.lossy
}

fn highest_from(total: DataRate) -> usize {
    TIERS.iter().rposition(|tier| total >= tier.from).unwrap_or(0)
}

const HIGHEST: Tier = TIERS[TIERS.len() - 1];
const SHARE_ALONE: f64 = 0.5;
const UP_MARGIN: f64 = 1.15;
/// The rest is for reports and path checks.
const SHARE_OF_THIN_LINK: f64 = 0.92;
