//! What is believed of the link's losses, in time and not in packets.

use units::Timestamp;

/// A link that is bad now and then, for a while each time (Gilbert's model in continuous time).
///
/// Losses are told as "the next packet is lost too"; how likely that is depends on how far apart packets are, which is what
/// is being chosen. So the length of the bad times is kept instead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Losses {
    share: f64,
    /// How many milliseconds it takes until a loss says little about the next packet (1/e of what it said); zero where
    /// losses are independent.
    memory_ms: f64,
    /// Milliseconds between the packets that the numbers were counted on, mixed as the counts are.
    spacing_ms: f64,
    updated: Timestamp,
}

impl Losses {
    /// Nothing is lost.
    pub(super) fn none(packet_ms: u8) -> Self {
        Self { share: 0.0, memory_ms: 0.0, spacing_ms: packet_ms.into(), updated: Timestamp::ZERO }
    }

    /// The share of packets lost, and how likely the next is lost after a lost one, counted on packets of `packet_ms`.
    pub(super) fn update(&mut self, now: Timestamp, share: f32, follows: f32, packet_ms: u8) {
        let part = |value: f32| if value.is_finite() { f64::from(value.clamp(0.0, 1.0)) } else { 0.0 };
        let weight = (now.since(self.updated).as_secs_f64() / COUNTED_OVER_SECS).clamp(0.0, 1.0);
        self.spacing_ms += (f64::from(packet_ms) - self.spacing_ms) * weight;
        let forgiven = 1.0 - (-now.since(self.updated).as_secs_f64() / FORGIVEN_OVER_SECS).exp();
        self.updated = now;
        let told = part(share);
        self.share = told.max(self.share + (told - self.share) * forgiven);
        // Of what is above chance, which part is left at the next packet.
        let left = (part(follows) - told) / (1.0 - told).max(0.01);
        self.memory_ms = if left > CHANCE { self.spacing_ms / -left.min(0.95).ln() } else { 0.0 };
    }

    /// The share of packets lost.
    pub(super) fn share(&self) -> f64 {
        self.share
    }

    /// How likely a packet is lost that leaves so long after a lost one.
    pub(super) fn again_after(&self, millis: f64) -> f64 {
        let left = if self.memory_ms > 0.0 { (-millis / self.memory_ms).exp() } else { 0.0 };
        self.share + (1.0 - self.share) * left
    }
}

/// Over how long the peer counts losses: a change of the packet length shows in the numbers as slowly.
const COUNTED_OVER_SECS: f64 = 15.0;
/// More loss is believed at once, since what is being said now is not understood; less of it slowly: bad moments come in
/// company, and a voice that changes its sound with each is worse than one that is a little coarser.
const FORGIVEN_OVER_SECS: f64 = 10.0;
/// Less than this above chance is chance: a few dozen losses are all that there is to count.
const CHANCE: f64 = 0.1;

#[cfg(test)]
mod tests {
    use super::*;

    fn told(share: f32, follows: f32, packet_ms: u8) -> Losses {
        let mut losses = Losses::none(packet_ms);
        losses.update(Timestamp::from_millis(60_000), share, follows, packet_ms);
        losses
    }

    #[test]
    fn bad_times_of_60_ms_are_the_same_whatever_the_packets_they_were_counted_on() {
        // What bursts of 60 ms on average over a tenth of the time do to packets of 20 and of 60 ms.
        for (packet_ms, follows) in [(20, 0.721), (40, 0.529), (60, 0.396)] {
            let losses = told(0.1, follows, packet_ms);
            assert!((losses.again_after(20.0) - 0.721).abs() < 0.01, "{losses:?}");
            assert!((losses.again_after(120.0) - 0.198).abs() < 0.01, "{losses:?}");
        }
    }

    #[test]
    fn independent_losses_have_no_memory_and_nonsense_is_nothing() {
        let losses = told(0.2, 0.24, 20);
        assert!((losses.again_after(20.0) - 0.2).abs() < 1e-6);
        let losses = told(f32::NAN, f32::INFINITY, 20);
        assert_eq!((losses.share(), losses.again_after(20.0)), (0.0, 0.0));
        assert!(told(1.0, 1.0, 20).again_after(60.0) <= 1.0);
    }
}
