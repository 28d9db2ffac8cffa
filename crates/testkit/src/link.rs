//! One way of an access link: rate, queue, delay, jitter, loss, outages. Seeded, and told the time.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use units::{DataRate, Timestamp};

/// How packets are lost after the bottleneck, on the air.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Loss {
    /// None is.
    #[default]
    None,
    /// Each by itself, with this probability.
    Random(f64),
    /// In bursts (Gilbert–Elliott with loss 0 in the good state and 1 in the bad).
    Bursts {
        /// Which part is lost on average.
        mean: f64,
        /// How many packets a burst is long on average.
        length: f64,
    },
}

/// How much may wait at the bottleneck before the next packet is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueLimit {
    /// What the bottleneck carries in this time, at its rate of the moment.
    Time(Duration),
    /// This many bytes.
    Bytes(usize),
}

/// What a link is like for a while.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinkConfig {
    /// The bottleneck's rate; `None` is unlimited, zero is stalled (packets wait).
    pub rate: Option<DataRate>,
    /// How much may wait at the bottleneck.
    pub queue: QueueLimit,
    /// One-way propagation delay.
    pub delay: Duration,
    /// Standard deviation of a normal variation of the delay, cut at three of it.
    pub jitter: Duration,
    /// Jitter may let packets overtake.
    pub reorder: bool,
    /// What is lost on the air.
    pub loss: Loss,
    /// The link is cut: what is offered is lost.
    pub down: bool,
}

impl Default for LinkConfig {
    /// Everything arrives at once.
    fn default() -> Self {
        Self {
            rate: None,
            queue: QueueLimit::Time(Duration::from_millis(300)),
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            reorder: false,
            loss: Loss::None,
            down: false,
        }
    }
}

impl LinkConfig {
    /// A link of `kbps` with `delay_ms` one way and a drop-tail queue of `queue_ms`.
    pub fn of(kbps: u64, delay_ms: u64, queue_ms: u64) -> Self {
        Self {
            rate: Some(DataRate::from_kbps(kbps)),
            delay: Duration::from_millis(delay_ms),
            queue: QueueLimit::Time(Duration::from_millis(queue_ms)),
            ..Self::default()
        }
    }

    /// The same with this jitter.
    pub fn jitter_ms(self, millis: u64) -> Self {
        Self { jitter: Duration::from_millis(millis), ..self }
    }

    /// The same with this loss.
    pub fn loss(self, loss: Loss) -> Self {
        Self { loss, ..self }
    }

    /// The same at another rate.
    pub fn rate_kbps(self, kbps: u64) -> Self {
        Self { rate: Some(DataRate::from_kbps(kbps)), ..self }
    }

    /// The same, cut.
    pub fn cut(self) -> Self {
        Self { down: true, ..self }
    }
}

#[derive(Debug)]
struct Waiting<T> {
    bytes: usize,
    /// What of it has not gone through yet.
    bits_left: f64,
    item: T,
}

/// One direction of a link that carries items of type `T`.
#[derive(Debug)]
pub struct Link<T> {
    config: LinkConfig,
    steps: VecDeque<(Timestamp, LinkConfig)>,
    random: StdRng,
    in_burst: bool,
    queue: VecDeque<Waiting<T>>,
    served_until: Timestamp,
    in_flight: BTreeMap<(Timestamp, u64), T>,
    latest_arrival: Timestamp,
    entered: u64,
    dropped: u64,
    lost: u64,
}

impl<T> Link<T> {
    /// A link that is like `config`, and random by `seed`.
    pub fn new(config: LinkConfig, seed: u64) -> Self {
        Self {
            config,
            steps: VecDeque::new(),
            random: StdRng::seed_from_u64(seed),
            in_burst: false,
            queue: VecDeque::new(),
            served_until: Timestamp::ZERO,
            in_flight: BTreeMap::new(),
            latest_arrival: Timestamp::ZERO,
            entered: 0,
            dropped: 0,
            lost: 0,
        }
    }

    /// From `at` on the link is like `config`. Steps are added in the order of time.
    pub fn step(mut self, at: Timestamp, config: LinkConfig) -> Self {
        self.steps.push_back((at, config));
        self
    }

    /// Somebody offers a packet.
    pub fn send(&mut self, now: Timestamp, bytes: usize, item: T) {
        self.advance(now);
        if self.config.down {
            self.lost += 1;
            return;
        }
        let waiting: usize = self.queue.iter().map(|packet| packet.bytes).sum();
        let limit = match (self.config.queue, self.config.rate) {
            (QueueLimit::Bytes(bytes), _) => bytes,
            // One packet always fits, however slow the link.
            (QueueLimit::Time(span), Some(rate)) => (rate.bytes_in(span) as usize).max(1_500),
            (QueueLimit::Time(_), None) => usize::MAX,
        };
        if waiting + bytes > limit {
            self.dropped += 1;
            return;
        }
        if self.queue.is_empty() {
            self.served_until = self.served_until.max(now);
        }
        self.queue.push_back(Waiting { bytes, bits_left: bytes as f64 * 8.0, item });
        self.advance(now);
    }

    /// The next packet that has arrived by `now`, and when.
    pub fn poll(&mut self, now: Timestamp) -> Option<(Timestamp, T)> {
        self.advance(now);
        let first = self.in_flight.first_entry()?;
        let (at, _) = *first.key();
        if at > now {
            return None;
        }
        Some((at, first.remove()))
    }

    /// When something next happens on the link.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let arrival = self.in_flight.first_key_value().map(|((at, _), _)| *at);
        let departure = match (self.queue.front(), self.config.rate) {
            (Some(head), Some(rate)) if rate > DataRate::ZERO => Some(self.departure(head.bits_left, rate)),
            _ => None,
        };
        let step = self.steps.front().filter(|_| !self.queue.is_empty()).map(|(at, _)| *at);
        [arrival, departure, step].into_iter().flatten().min()
    }

    /// How many packets the full queue has dropped.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// How many packets were lost on the air or in an outage.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// How long a packet that is offered now would wait, at the rate of the moment.
    pub fn queueing_delay(&mut self, now: Timestamp) -> Duration {
        self.advance(now);
        let bits: f64 = self.queue.iter().map(|packet| packet.bits_left).sum();
        match self.config.rate {
            Some(rate) => rate.time_for((bits / 8.0) as u64),
            None => Duration::ZERO,
        }
    }

    /// The rate of the moment.
    pub fn rate(&mut self, now: Timestamp) -> Option<DataRate> {
        self.advance(now);
        self.config.rate
    }

    fn advance(&mut self, now: Timestamp) {
        while let Some(&(at, config)) = self.steps.front() {
            if at > now {
                break;
            }
            self.serve(at);
            self.config = config;
            self.served_until = self.served_until.max(at);
            self.steps.pop_front();
        }
        self.serve(now);
    }

    /// Lets through the bottleneck what gets through by `until`.
    fn serve(&mut self, until: Timestamp) {
        while let Some(head) = self.queue.front_mut() {
            let left = self.served_until;
            match self.config.rate {
                None => {}
                Some(DataRate::ZERO) => {
                    self.served_until = self.served_until.max(until);
                    return;
                }
                Some(rate) => {
                    let done = left + Duration::from_secs_f64(head.bits_left / rate.as_bps() as f64);
                    if done > until {
                        let span = until.since(left).as_secs_f64();
                        head.bits_left = (head.bits_left - span * rate.as_bps() as f64).max(1.0);
                        self.served_until = left.max(until);
                        return;
                    }
                    self.served_until = done;
                }
            }
            if let Some(packet) = self.queue.pop_front() {
                self.fly(self.served_until, packet.item);
            }
        }
    }

    fn departure(&self, bits: f64, rate: DataRate) -> Timestamp {
        // Rounded up, so that whoever waits for it finds it done.
        self.served_until + Duration::from_secs_f64(bits / rate.as_bps() as f64) + Duration::from_micros(1)
    }

    fn fly(&mut self, left: Timestamp, item: T) {
        if self.is_lost() {
            self.lost += 1;
            return;
        }
        let delay = self.config.delay.as_secs_f64() + self.config.jitter.as_secs_f64() * self.normal().clamp(-3.0, 3.0);
        let mut at = left + Duration::from_secs_f64(delay.max(0.0));
        if !self.config.reorder {
            at = at.max(self.latest_arrival);
        }
        self.latest_arrival = self.latest_arrival.max(at);
        self.entered += 1;
        self.in_flight.insert((at, self.entered), item);
    }

    fn is_lost(&mut self) -> bool {
        if self.config.down {
            return true;
        }
        match self.config.loss {
            Loss::None => false,
            Loss::Random(probability) => self.random.random_bool(probability),
            Loss::Bursts { mean, length } => {
                // Gilbert: leave the bad state with r = 1/length, enter it with p so that p/(p+r) is the mean.
                let leave = 1.0 / length.max(1.0);
                let enter = (leave * mean / (1.0 - mean)).clamp(0.0, 1.0);
                let turn = if self.in_burst { leave } else { enter };
                if self.random.random_bool(turn) {
                    self.in_burst = !self.in_burst;
                }
                self.in_burst
            }
        }
    }

    /// A standard normal number (Box and Muller).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.random.random::<f64>()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.random.random::<f64>()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// Sends `count` packets of 1000 bytes, one every `every` ms, and answers when each arrived.
    fn send(link: &mut Link<u64>, count: u64, every: u64) -> Vec<(u64, Timestamp)> {
        let mut arrived = Vec::new();
        for packet in 0..count {
            link.send(at(packet * every), 1_000, packet);
            while let Some((when, item)) = link.poll(at(packet * every)) {
                arrived.push((item, when));
            }
        }
        while let Some(next) = link.poll_timeout() {
            while let Some((when, item)) = link.poll(next) {
                arrived.push((item, when));
            }
        }
        arrived
    }

    #[test]
    fn a_packet_takes_its_time_on_the_wire_and_the_delay() {
        let mut link = Link::new(LinkConfig::of(80, 30, 1_000), 1);
        assert_eq!(send(&mut link, 2, 0), [(0, at(130)), (1, at(230))]);
    }

    #[test]
    fn a_full_queue_drops_what_comes_last() {
        let mut link = Link::new(LinkConfig::of(80, 0, 500), 1);
        let arrived = send(&mut link, 20, 0);
        assert_eq!(arrived.iter().map(|(item, _)| *item).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        assert_eq!(link.dropped(), 15);
    }

    #[test]
    fn a_step_changes_the_rate_of_a_packet_that_is_on_its_way() {
        let slow = LinkConfig::of(80, 0, 1_000);
        let mut link = Link::new(slow, 1).step(at(50), slow.rate_kbps(40));
        let arrived = send(&mut link, 1, 0);
        assert_eq!(arrived[0].1.as_millis(), 150);
    }

    #[test]
    fn a_cut_link_loses_all_and_a_stalled_one_keeps_all() {
        let link = LinkConfig::of(800, 10, 1_000);
        let mut cut = Link::new(link.cut(), 1).step(at(500), link);
        assert_eq!(send(&mut cut, 10, 100).len(), 5);
        let mut stalled = Link::new(link.rate_kbps(0), 1).step(at(500), link);
        assert_eq!(send(&mut stalled, 1, 1), [(0, at(520))]);
    }

    #[test]
    fn loss_is_as_much_and_as_bursty_as_asked_for_and_the_same_for_a_seed() {
        for (loss, mean, length) in [(Loss::Random(0.1), 0.1, 1.1), (Loss::Bursts { mean: 0.1, length: 5.0 }, 0.1, 5.0)]
        {
            let config = LinkConfig::default().loss(loss);
            let arrived = send(&mut Link::new(config, 7), 50_000, 1);
            assert_eq!(arrived, send(&mut Link::new(config, 7), 50_000, 1));
            let lost = 50_000 - arrived.len();
            assert!((lost as f64 / 50_000.0 - mean).abs() < 0.01, "{loss:?}: {lost}");
            let bursts = arrived.windows(2).filter(|pair| pair[1].0 > pair[0].0 + 1).count();
            assert!((lost as f64 / bursts as f64 - length).abs() < 0.1 * length, "{loss:?}: {bursts} bursts");
        }
    }

    #[test]
    fn jitter_keeps_the_order_unless_it_may_not() {
        let config = LinkConfig { delay: Duration::from_millis(50), ..LinkConfig::default() }.jitter_ms(10);
        let in_order = send(&mut Link::new(config, 3), 1_000, 1);
        assert!(in_order.is_sorted_by_key(|(item, _)| *item));
        let reordered = send(&mut Link::new(LinkConfig { reorder: true, ..config }, 3), 1_000, 1);
        assert!(!reordered.is_sorted_by_key(|(item, _)| *item));
    }
}
