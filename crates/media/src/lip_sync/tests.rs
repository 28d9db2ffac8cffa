use proptest::prelude::*;

use super::*;

/// What is between the moment at which something is taken and the one at which it can be heard or seen, in milliseconds.
type Delay = Box<dyn Fn(f64) -> f64>;

/// A sender and a receiver with clocks of their own, over links that a test makes up.
struct Sim {
    sync: LipSync,
    /// How much faster the sender's clocks run, in millionths.
    drift_ppm: f64,
    /// Of the voice, without what it waits for pictures.
    voice: Delay,
    picture: Delay,
    /// What the playout has given in to.
    waits_ms: f64,
    /// Sender's time up to which all has happened, in milliseconds.
    now_ms: u64,
    shown: Vec<Shown>,
}

#[derive(Debug, Clone, Copy)]
struct Shown {
    taken_ms: f64,
    ready_ms: f64,
    shown_ms: f64,
    /// Behind the voice of the same moment, in truth.
    offset_ms: f64,
    /// As measured.
    measured_ms: f64,
}

/// Earliest possible voice: what the link takes of it without jitter.
const LEAST_VOICE_MS: f64 = 40.0;
const RTP_OF_VOICE: u32 = u32::MAX - 100_000;
const RTP_OF_PICTURE: u32 = 3_000_000_000;
/// Some day in 2026.
const NTP: u64 = 3_990_000_000 << 32;

impl Sim {
    fn new(voice: impl Fn(f64) -> f64 + 'static, picture: impl Fn(f64) -> f64 + 'static) -> Self {
        Self {
            sync: LipSync::new(),
            drift_ppm: 0.0,
            voice: Box::new(voice),
            picture: Box::new(picture),
            waits_ms: 0.0,
            now_ms: 0,
            shown: Vec::new(),
        }
    }

    fn rtp(first: u32, ticks_a_ms: f64, taken_ms: f64) -> u32 {
        first.wrapping_add((taken_ms * ticks_a_ms) as u64 as u32)
    }

    /// The receiver's time.
    fn at(&self, ms: f64) -> Timestamp {
        Timestamp::from_micros((1e9 + ms * 1e3 * (1.0 - self.drift_ppm / 1e6)) as u64)
    }

    fn voice_delay(&self, taken_ms: f64) -> f64 {
        (self.voice)(taken_ms) + self.waits_ms
    }

    fn run(&mut self, secs: u64) -> &mut Self {
        let until = self.now_ms + secs * 1_000;
        while self.now_ms < until {
            let ms = self.now_ms as f64;
            if self.now_ms.is_multiple_of(1_000) {
                self.report(ms);
            }
            if self.now_ms.is_multiple_of(10) {
                self.hear(ms);
            }
            if [0, 33, 67].contains(&(self.now_ms % 100)) {
                self.show(ms);
            }
            self.now_ms += 1;
        }
        self
    }

    /// Each stream's own word for it, a millisecond or two wrong.
    fn report(&mut self, ms: f64) {
        let ntp = NTP + ((ms * f64::from(u32::MAX) / 1e3) as u64);
        let wrong = f64::from((ms as u32 / 1_000) % 5) - 2.0;
        self.sync.set_voice_clock(SenderClock { rtp: Self::rtp(RTP_OF_VOICE, 48.0, ms + 2.0 + wrong), ntp });
        self.sync.set_picture_clock(SenderClock { rtp: Self::rtp(RTP_OF_PICTURE, 90.0, ms), ntp });
    }

    fn hear(&mut self, taken_ms: f64) {
        // The playout follows slowly, and no further than 45 ms.
        let wants = self.sync.least_voice_delay().as_secs_f64() * 1e3;
        let has = (self.voice)(taken_ms) - LEAST_VOICE_MS;
        let aim = (wants - has).clamp(0.0, 45.0);
        self.waits_ms += (aim - self.waits_ms).clamp(-0.3, 0.3);
        let delay = self.voice_delay(taken_ms);
        // The thread that plays comes up to 5 ms late.
        let late = f64::from((taken_ms as u32 * 7) % 5);
        let playout = Duration::from_secs_f64(((delay - LEAST_VOICE_MS) / 1e3).max(0.0));
        let heard = self.at(taken_ms + delay + late);
        self.sync.on_voice(heard, Self::rtp(RTP_OF_VOICE, 48.0, taken_ms), playout);
    }

    fn show(&mut self, taken_ms: f64) {
        let rtp = Self::rtp(RTP_OF_PICTURE, 90.0, taken_ms);
        let ready_ms = taken_ms + (self.picture)(taken_ms);
        let ready = self.at(ready_ms);
        let due = self.sync.on_picture(ready, rtp);
        assert!(due >= ready && due.since(ready) <= MAX_HOLD);
        let held_ms = due.since(ready).as_secs_f64() * 1e3;
        let offset_ms = ready_ms + held_ms - taken_ms - self.voice_delay(taken_ms);
        let measured_ms = self.sync.offset(due, rtp).map_or(f64::NAN, |micros| micros as f64 / 1e3);
        self.shown.push(Shown { taken_ms, ready_ms, shown_ms: ready_ms + held_ms, offset_ms, measured_ms });
    }

    fn since(&self, secs: u64) -> &[Shown] {
        let from = self.shown.partition_point(|shown| shown.taken_ms < secs as f64 * 1e3);
        &self.shown[from..]
    }

    /// How far lips and voice are apart in 95 of 100 pictures from then on.
    fn apart(&self, secs: u64) -> f64 {
        let mut apart: Vec<f64> = self.since(secs).iter().map(|shown| shown.offset_ms.abs()).collect();
        apart.sort_by(f64::total_cmp);
        apart[apart.len() * 95 / 100]
    }

    fn held(&self, secs: u64) -> f64 {
        let held: Vec<f64> = self.since(secs).iter().map(|shown| shown.shown_ms - shown.ready_ms).collect();
        held.iter().sum::<f64>() / held.len() as f64
    }
}

/// From 0 to `most`, without any pattern that 33 ms could meet.
fn jitter(taken_ms: f64, most: f64) -> f64 {
    (taken_ms * 0.618_034).fract() * most
}

#[test]
fn a_picture_that_is_early_waits_for_its_voice_and_comes_out_evenly() {
    let mut sim = Sim::new(|_| 160.0, |ms| 60.0 + jitter(ms, 40.0));
    sim.run(20);
    assert!(sim.apart(3) < 30.0, "{} ms apart", sim.apart(3));
    assert!((40.0..75.0).contains(&sim.held(3)), "held for {} ms", sim.held(3));
    for two in sim.since(3).windows(2) {
        let gap = two[1].shown_ms - two[0].shown_ms;
        assert!((25.0..42.0).contains(&gap), "the link's jitter is gone, too: {gap} ms between two pictures");
    }
}

#[test]
fn a_picture_that_is_not_early_is_shown_at_once() {
    for picture_ms in [45.0, 62.0, 80.0, 240.0, 1_500.0] {
        let mut sim = Sim::new(|_| 60.0, move |_| picture_ms);
        sim.run(10);
        assert!(sim.held(0) < 4.0, "{picture_ms} ms: held for {} ms", sim.held(0));
    }
}

#[test]
fn the_voice_waits_for_pictures_that_are_a_little_late_and_then_they_are_not() {
    for (picture_ms, at_most) in [(95.0, 32.0), (110.0, 35.0), (125.0, 40.0)] {
        let mut sim = Sim::new(|_| 60.0, move |ms| picture_ms + jitter(ms, 8.0));
        sim.run(10);
        assert!(sim.apart(4) <= at_most, "{picture_ms} ms: {} ms apart", sim.apart(4));
        assert!((1.0..=45.0).contains(&sim.waits_ms), "{picture_ms} ms: the voice waits {} ms", sim.waits_ms);
        // And no longer than it must.
        sim.picture = Box::new(|_| 40.0);
        sim.run(20);
        assert!(sim.waits_ms < 0.5 && sim.apart(25) < 30.0, "{} ms, {} apart", sim.waits_ms, sim.apart(25));
    }
}

#[test]
fn the_voice_waits_neither_for_what_is_in_time_nor_for_what_is_hopeless() {
    for picture_ms in [40.0, 75.0, 220.0, 700.0] {
        let mut sim = Sim::new(|_| 60.0, move |ms| picture_ms + jitter(ms, 15.0));
        sim.run(20);
        assert_eq!(sim.waits_ms, 0.0, "{picture_ms} ms");
    }
}

#[test]
fn pictures_that_become_hopelessly_late_give_the_voice_free() {
    let mut sim = Sim::new(|_| 60.0, |ms| if ms < 10_000.0 { 120.0 } else { 260.0 });
    sim.run(10);
    assert!(sim.waits_ms > 20.0, "{} ms", sim.waits_ms);
    sim.run(10);
    assert_eq!(sim.waits_ms, 0.0);
}

#[test]
fn when_the_voice_is_late_all_at_once_pictures_follow_without_a_visible_halt() {
    let mut sim = Sim::new(|ms| if (10_000.0..20_000.0).contains(&ms) { 330.0 } else { 100.0 }, |_| 60.0);
    sim.run(30);
    assert!(sim.apart(3) < 200.0);
    for (from, until) in [(3, 10), (12, 20), (21, 30)] {
        let settled = sim.since(from);
        let worst = settled.iter().take_while(|shown| shown.taken_ms < until as f64 * 1e3);
        let worst = worst.map(|shown| shown.offset_ms.abs()).fold(0.0, f64::max);
        assert!(worst < 45.0, "{worst} ms apart from {from} s on");
    }
    for two in sim.since(1).windows(2) {
        let gap = two[1].shown_ms - two[0].shown_ms;
        assert!((15.0..50.0).contains(&gap), "{gap} ms between two pictures at {} s", two[0].taken_ms / 1e3);
    }
}

#[test]
fn clocks_that_drift_apart_keep_lips_and_voice_together_for_half_an_hour() {
    for drift_ppm in [-200.0, 200.0] {
        let mut sim = Sim::new(|_| 140.0, |ms| 70.0 + jitter(ms, 20.0));
        sim.drift_ppm = drift_ppm;
        sim.run(30 * 60);
        let last = &sim.since(29 * 60);
        let worst = last.iter().map(|shown| shown.offset_ms.abs()).fold(0.0, f64::max);
        assert!(worst < 35.0, "{worst} ms apart at {drift_ppm} ppm");
    }
}

#[test]
fn what_is_measured_is_what_is() {
    for picture_ms in [40.0, 150.0, 400.0] {
        let mut sim = Sim::new(|_| 100.0, move |_| picture_ms);
        sim.run(6);
        for shown in sim.since(3) {
            assert!((shown.measured_ms - shown.offset_ms).abs() < 8.0, "{shown:?}");
        }
    }
}

#[test]
fn without_a_voice_or_its_clock_nothing_waits() {
    let now = Timestamp::from_millis(5_000);
    let clock = SenderClock { rtp: 0, ntp: NTP };
    let mut sync = LipSync::new();
    sync.on_voice(now, 0, Duration::ZERO);
    assert_eq!((sync.on_picture(now, 0), sync.offset(now, 0)), (now, None));
    sync.set_picture_clock(clock);
    sync.on_voice(now, 0, Duration::ZERO);
    assert_eq!((sync.on_picture(now, 0), sync.offset(now, 0)), (now, None));

    let mut sim = Sim::new(|_| 260.0, |_| 60.0);
    sim.run(10);
    assert!(sim.held(5) > 150.0);
    // The voice falls silent for good.
    let later = sim.at(12_000.0);
    assert_eq!(sim.sync.on_picture(later, Sim::rtp(RTP_OF_PICTURE, 90.0, 11_940.0)), later);
}

proptest! {
    #[test]
    fn whatever_a_sender_says_pictures_are_shown_within_the_bound(
        events in prop::collection::vec((0..5_u8, any::<u32>(), any::<u64>(), 0..400_u64, any::<u64>()), 1..300),
    ) {
        let mut sync = LipSync::new();
        let mut now = Timestamp::from_millis(1_000);
        for (what, rtp, ntp, millis, playout) in events {
            now += Duration::from_millis(millis);
            match what {
                0 => sync.set_voice_clock(SenderClock { rtp, ntp }),
                1 => sync.set_picture_clock(SenderClock { rtp, ntp }),
                2 => sync.on_voice(now, rtp, Duration::from_micros(playout)),
                3 => sync.on_voice(Timestamp::from_micros(playout), rtp, Duration::from_micros(ntp)),
                _ => {
                    let due = sync.on_picture(now, rtp);
                    prop_assert!(due >= now && due.since(now) <= MAX_HOLD);
                    prop_assert!(sync.offset(due, rtp).is_none_or(|offset| offset.abs() <= IMPLAUSIBLE));
                }
            }
            prop_assert!(sync.lateness.len() <= MAX_WATCHED);
        }
    }
}
