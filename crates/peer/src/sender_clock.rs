//! When it was that a sender's microphone and camera took what it sent: the clock by which lips and voice are brought
//! together again (RFC 3550, section 6.4.1).

use units::{Clock, Timestamp};

/// What of the other side's a clock is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// 48 000 ticks a second (RFC 7587, section 4.1).
    Voice,
    /// 90 000 ticks a second (RFC 6184, section 8.2.1).
    Picture,
}

/// A moment by two clocks of a sender: that of one stream, and the one that all its streams share. From its latest sender
/// report; what it says is the sender's word and may be anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderClock {
    /// The RTP timestamp of what is taken at this moment.
    pub rtp: u32,
    /// The moment: seconds since 1900 in the upper half, their fraction in the lower one (RFC 5905, section 6). Only
    /// differences mean something: the sender's wall clock need not be right.
    pub ntp: u64,
}

/// Follows what is taken when, out of the moments at which it is handed over: those are never too early, but may be late.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CaptureClock {
    ticks_a_second: u32,
    /// The timeliest lately.
    reference: Option<(Timestamp, u32)>,
}

impl CaptureClock {
    pub(crate) const fn new(ticks_a_second: u32) -> Self {
        Self { ticks_a_second, reference: None }
    }

    /// `rtp` was taken at `captured`, or a little earlier.
    pub(crate) fn note(&mut self, captured: Timestamp, rtp: u32) {
        if let Some((since, _)) = self.reference {
            let late = captured.as_micros() as i64 - self.time_of(rtp);
            let age = captured.since(since).as_micros() as i64;
            // The device's own clock may be slower than ours: what is late by no more than that is on time.
            if late > age * DRIFT_PPM / 1_000_000 && late < JUMP_MICROS {
                return;
            }
        }
        self.reference = Some((captured, rtp));
    }

    /// What is taken at `now`.
    pub(crate) fn rtp_at(&self, now: Timestamp) -> Option<u32> {
        let (at, rtp) = self.reference?;
        let micros = i128::from(now.as_micros()) - i128::from(at.as_micros());
        let ticks = micros * i128::from(self.ticks_a_second) / 1_000_000;
        Some(rtp.wrapping_add(ticks as u32))
    }

    /// When `rtp` was taken by what is known, in microseconds; zero while nothing is.
    fn time_of(&self, rtp: u32) -> i64 {
        let Some((at, reference)) = self.reference else { return 0 };
        let ticks = i64::from(rtp.wrapping_sub(reference) as i32);
        at.as_micros() as i64 + ticks * 1_000_000 / i64::from(self.ticks_a_second)
    }
}

/// The moment as sender reports have it. One clock for all that is sent, and one that never jumps: the program's own.
pub(crate) fn ntp(clock: &Clock, at: Timestamp) -> u64 {
    let micros = u128::from(clock.unix_micros(at)) + u128::from(UNIX_SINCE_1900) * 1_000_000;
    ((micros << 32) / 1_000_000) as u64
}

/// Seconds from 1900 to 1970, the beginnings of the two reckonings (RFC 5905, appendix A.4).
const UNIX_SINCE_1900: u64 = 2_208_988_800;
/// More than any sound card's crystal is off.
const DRIFT_PPM: i64 = 500;
/// What is later than this is not late: the device was silent meanwhile.
const JUMP_MICROS: i64 = 200_000;

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant, UNIX_EPOCH};

    use super::*;

    fn at(micros: u64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn what_is_handed_over_late_does_not_move_the_clock() {
        let mut clock = CaptureClock::new(48_000);
        assert_eq!(clock.rtp_at(at(1)), None);
        for packet in 0..500_u32 {
            let late = u64::from(packet * 7 % 11) * 1_000;
            clock.note(at(1_000_000 + u64::from(packet) * 20_000 + late), packet.wrapping_mul(960).wrapping_sub(9_600));
            let truth = (u64::from(packet) * 960) as i64 - 9_600;
            let told = clock.rtp_at(at(1_000_000 + u64::from(packet) * 20_000)).unwrap() as i32;
            assert!((i64::from(told) - truth).abs() <= 48 * 3, "{told} {truth}");
        }
    }

    #[test]
    fn a_microphone_with_a_slow_or_fast_crystal_is_followed() {
        for ppm in [-200_i64, 200] {
            let mut clock = CaptureClock::new(48_000);
            for packet in 0..30_000_i64 {
                let late = packet * 7 % 5 * 1_000;
                let true_time = 1_000_000 + packet * 20_000 + packet * 20_000 * ppm / 1_000_000;
                clock.note(at((true_time + late) as u64), (packet * 960) as u32);
                let told = clock.rtp_at(at(true_time as u64)).unwrap();
                let off = told.wrapping_sub((packet * 960) as u32) as i32;
                assert!(off.abs() <= 48 * 3, "off by {off} after {packet} packets of {ppm} ppm");
            }
        }
    }

    #[test]
    fn a_microphone_that_was_away_goes_on_where_it_is() {
        let mut clock = CaptureClock::new(48_000);
        clock.note(at(0), 0);
        clock.note(at(5_000_000), 960);
        assert_eq!(clock.rtp_at(at(5_000_000)), Some(960));
    }

    #[test]
    fn the_moment_is_that_of_the_other_half_of_the_world_too() {
        // 2000-01-01T00:00:00.5Z, by RFC 5905's own figure of 3,155,673,600 for the day.
        let start = Instant::now();
        let clock = Clock::starting_at(start, UNIX_EPOCH + Duration::from_secs(946_684_800));
        let at = clock.timestamp(start + Duration::from_millis(500));
        let told = ntp(&clock, at);
        assert_eq!(told >> 32, 3_155_673_600);
        assert!((told as u32).abs_diff(1 << 31) < 5_000);
    }
}
