//! How many repair packets a picture gets.

use std::time::Duration;

use units::{DataRate, Timestamp};

/// Decides how many repair packets a picture of the lowest layer gets, by how the link loses packets and how long asking
/// again would take, within a share of the rate. Pictures of upper layers get none: the loss of one freezes nothing.
#[derive(Debug, Clone)]
pub struct RepairPlanner {
    loss: f64,
    follows: f64,
    round_trip: Duration,
    rate: DataRate,
    /// Bytes that repair packets may take, as of `earned_at`.
    allowance: f64,
    earned_at: Timestamp,
    /// What repair packets take, smoothed, in bytes a second, as of `spent_at`.
    spending: f64,
    spent_at: Timestamp,
}

impl RepairPlanner {
    /// A planner for a target of `rate` that knows of no loss.
    pub fn new(rate: DataRate) -> Self {
        Self {
            loss: 0.0,
            follows: 0.0,
            round_trip: DEFAULT_ROUND_TRIP,
            rate,
            allowance: 0.0,
            earned_at: Timestamp::ZERO,
            spending: 0.0,
            spent_at: Timestamp::ZERO,
        }
    }

    /// Which share of the picture's packets is lost, and how likely the next one is lost after a lost one.
    pub fn set_loss(&mut self, loss: f32, loss_follows_loss: f32) {
        let share = |share: f32| if share.is_finite() { f64::from(share).clamp(0.0, MOST_LOSS) } else { 0.0 };
        self.loss = share(loss);
        self.follows = share(loss_follows_loss).max(self.loss);
    }

    /// The round-trip time as last measured.
    pub fn set_round_trip(&mut self, round_trip: Duration) {
        self.round_trip = round_trip;
    }

    /// The target rate, of which repair packets may take a share.
    pub fn set_rate(&mut self, now: Timestamp, rate: DataRate) {
        self.earn(now);
        self.rate = rate;
    }

    /// How many repair packets of `bytes` each are to follow a picture of `packets` packets that leaves now.
    pub fn plan(&mut self, now: Timestamp, packets: usize, bytes: usize) -> usize {
        self.earn(now);
        let most = packets.min((self.allowance / bytes.max(1) as f64) as usize);
        let enough = self.enough(packets, most);
        let spent = (enough * bytes) as f64;
        self.allowance -= spent;
        self.fade(now);
        self.spending += spent / SMOOTHED_OVER.as_secs_f64();
        enough
    }

    /// How long the packets' payloads are to be at most of a picture of `bytes`, so that it and its repair packets take
    /// least: a repair packet is as long as the longest packet of the picture, and each packet has headers. None where the
    /// picture gets no repair packets, or is so large that its packets are many anyway. Payloads are `longest` at most.
    pub fn payload(&self, bytes: usize, longest: usize) -> Option<usize> {
        let fewest = bytes.div_ceil(longest.max(1)).max(1);
        if fewest > MOST_TO_CUT || self.enough(fewest, fewest) == 0 {
            return None;
        }
        let takes = |packets: &usize| {
            packets * HEADERS + self.enough(*packets, *packets) * (bytes.div_ceil(*packets) + HEADERS)
        };
        let packets = (fewest..=fewest + MOST_CUTS).min_by_key(takes)?;
        Some(bytes.div_ceil(packets))
    }

    /// How many repair packets `packets` need, up to `most`.
    fn enough(&self, packets: usize, most: usize) -> usize {
        if self.loss < LEAST_LOSS || self.rate < LEAST_RATE || packets == 0 {
            return 0;
        }
        let most = most.min(super::MAX_REPAIRS);
        // Each time the request may be lost, or what is sent again.
        let fails = 1.0 - (1.0 - self.loss).powi(2);
        let again = fails.powi(self.requests_in_time());
        (0..most).find(|repairs| self.unrepaired(packets, *repairs) * again <= TOLERATED).unwrap_or(most)
    }

    /// What repair packets take at present.
    pub fn spending(&mut self, now: Timestamp) -> DataRate {
        self.fade(now);
        DataRate::from_bps((self.spending * 8.0) as u64)
    }

    /// How often a lost packet can be asked for before its absence is seen.
    fn requests_in_time(&self) -> i32 {
        let first = NOTICED_AFTER + self.round_trip;
        let again = self.round_trip + self.round_trip / 8 + NOTICED_AFTER / 4;
        let Some(left) = UNSEEN.checked_sub(first) else { return 0 };
        1 + (left.as_micros() / again.as_micros().max(1)) as i32
    }

    /// How likely more than `repairs` of a picture's `packets` and as many repair packets are lost, on a channel that is
    /// good or bad (Gilbert): the chance of each count of losses, after each packet.
    fn unrepaired(&self, packets: usize, repairs: usize) -> f64 {
        let leaves_good = self.loss * (1.0 - self.follows) / (1.0 - self.loss);
        // By losses so far: the last packet came, the last one was lost. What is beyond the repairs is left out.
        let mut chances = vec![(0.0, 0.0); repairs + 1];
        chances[0] = (1.0 - self.loss, 0.0);
        if let Some(one) = chances.get_mut(1) {
            one.1 = self.loss;
        }
        for _ in 1..packets + repairs {
            let mut before = (0.0, 0.0);
            for chance in &mut chances {
                let now = *chance;
                chance.0 = now.0 * (1.0 - leaves_good) + now.1 * (1.0 - self.follows);
                chance.1 = before.0 * leaves_good + before.1 * self.follows;
                before = now;
            }
        }
        1.0 - chances.iter().map(|(came, lost)| came + lost).sum::<f64>()
    }

    fn earn(&mut self, now: Timestamp) {
        let share = self.rate * SHARE;
        let earned = share.as_bps() as f64 / 8.0 * now.since(self.earned_at).as_secs_f64();
        self.earned_at = self.earned_at.max(now);
        self.allowance = (self.allowance + earned).min((share.bytes_in(SAVED) as f64).max(LEAST_SAVED));
    }

    fn fade(&mut self, now: Timestamp) {
        let passed = now.since(self.spent_at).as_secs_f64() / SMOOTHED_OVER.as_secs_f64();
        self.spending *= (-passed).exp();
        self.spent_at = self.spent_at.max(now);
    }
}

/// Which share of the target repair packets may take: as much as the policy leaves for repairs (`MOST_REPAIR`).
const SHARE: f64 = 0.25;
/// Of a packet on the wire: IPv4 20, UDP 8, RTP 12, header extension 8, AES-GCM's tag 16; a repair packet's own are less
/// than the piece of a unit's.
const HEADERS: usize = 64;
/// Pictures of more packets than this are not cut smaller, and those of fewer into three more at most.
const MOST_TO_CUT: usize = 3;
const MOST_CUTS: usize = 3;
/// How long a quiet share may be saved up: pictures of the lowest layer come in lumps.
const SAVED: Duration = Duration::from_millis(500);
/// Two packets: never so little that not even one could be saved up for.
const LEAST_SAVED: f64 = 2_400.0;
/// Below this a picture freezes less than once a minute.
const LEAST_LOSS: f64 = 0.003;
/// More is an outage, and no repair packet helps.
const MOST_LOSS: f64 = 0.9;
/// Below this the picture is a slideshow, or so small that repairs would take half of it.
const LEAST_RATE: DataRate = DataRate::from_kbps(100);
/// A standstill of this length beyond a picture's own time nobody counts as a freeze (W3C webrtc-stats, `freezeCount`).
const UNSEEN: Duration = Duration::from_millis(150);
/// Until the next picture's packets show that one is missing, and the moment for which reordering is forgiven.
const NOTICED_AFTER: Duration = Duration::from_millis(45);
/// So many pictures of the lowest layer may freeze: with seven a second one in 70 s. Twice as many froze the picture for up
/// to 3 s in 100 where losses come in bursts.
const TOLERATED: f64 = 0.002;
const SMOOTHED_OVER: Duration = Duration::from_secs(2);
/// Until somebody measures one.
const DEFAULT_ROUND_TRIP: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    fn planner(loss: f32, follows: f32, round_trip_ms: u64, kbps: u64) -> RepairPlanner {
        let mut planner = RepairPlanner::new(DataRate::from_kbps(kbps));
        planner.set_loss(loss, follows);
        planner.set_round_trip(Duration::from_millis(round_trip_ms));
        planner
    }

    fn planned(loss: f32, follows: f32, round_trip_ms: u64, packets: usize) -> usize {
        planner(loss, follows, round_trip_ms, 100_000).plan(Timestamp::from_millis(10_000), packets, 1_100)
    }

    #[test]
    fn a_link_that_loses_nothing_or_answers_quickly_needs_no_repair_packets() {
        assert_eq!(planned(0.0, 0.0, 650, 10), 0);
        assert_eq!(planned(0.02, 0.02, 40, 10), 0, "what is lost comes again in time");
    }

    #[test]
    fn the_longer_the_way_the_loss_and_the_bursts_the_more_there_are() {
        assert_eq!(planned(0.02, 0.02, 225, 2), 1);
        assert_eq!(planned(0.01, 0.01, 650, 13), 2);
        assert!(planned(0.05, 0.05, 650, 13) > 2);
        assert!(planned(0.01, 0.5, 650, 13) > 2);
        assert_eq!(planned(1.0, f32::NAN, 650, 5), 5, "never more than the picture has");
    }

    #[test]
    fn repair_packets_take_a_quarter_of_the_rate_at_most() {
        let mut planner = planner(0.2, 0.5, 650, 1_000);
        let mut bytes = 0;
        for picture in 0..100 {
            bytes += 1_100 * planner.plan(Timestamp::from_millis(10_000 + 100 * picture), 20, 1_100);
        }
        // A quarter of a megabit for ten seconds, and half a second's worth saved up before.
        assert!((270_000..=330_000).contains(&bytes), "{bytes} bytes");
        let spending = planner.spending(Timestamp::from_millis(20_000)).as_kbps();
        assert!((200..=300).contains(&spending), "{spending} kbps");
        assert!(planner.spending(Timestamp::from_millis(60_000)).as_kbps() == 0);
    }

    #[test]
    fn a_picture_of_one_packet_is_cut_in_two_so_that_its_repair_is_half_as_long() {
        let lossy = planner(0.02, 0.02, 225, 250);
        assert_eq!(lossy.payload(950, 1_100), Some(475), "128 and 539 bytes instead of 64 and 1014");
        assert_eq!(lossy.payload(100, 1_100), Some(100), "the headers would be more");
        assert_eq!(lossy.payload(8_000, 1_100), None, "many packets anyway");
        assert_eq!(planner(0.0, 0.0, 225, 250).payload(950, 1_100), None, "nothing is lost");
        assert_eq!(planner(0.02, 0.02, 40, 250).payload(950, 1_100), None, "what is lost comes again in time");
    }

    #[test]
    fn the_chance_of_each_count_of_losses_is_that_of_the_binomial_where_they_are_independent() {
        let planner = planner(0.1, 0.1, 650, 1_000);
        let none = 0.9_f64.powi(8);
        assert!((planner.unrepaired(8, 0) - (1.0 - none)).abs() < 1e-6);
        let one = 9.0 * 0.1 * none;
        assert!((planner.unrepaired(8, 1) - (1.0 - none * 0.9 - one)).abs() < 1e-6);
    }
}
