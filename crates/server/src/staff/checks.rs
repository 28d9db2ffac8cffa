//! The messages of the spoken checks by which devices are enrolled: in memory, for minutes. Pure, told the time.

use std::collections::HashMap;
use std::time::Duration;

use signaling_protocol::{CheckMessage, Code, DeviceId, StaffLimits};
use units::Timestamp;

use super::rules::{Step, sized};

/// The runs that go on. Those that are over are forgotten whenever somebody speaks or asks.
#[derive(Debug, Default)]
pub(super) struct Checks {
    runs: HashMap<DeviceId, Run>,
}

#[derive(Debug)]
struct Run {
    until: Timestamp,
    number: u8,
    messages: Vec<CheckMessage>,
}

impl Checks {
    /// Takes one message of the check of a device that waits.
    ///
    /// # Errors
    /// [`Code::CheckOutOfTurn`] if it is not the next of its side, or of a run that is over.
    pub(super) fn say(
        &mut self,
        now: Timestamp,
        device: DeviceId,
        asked: CheckMessage,
        limits: &StaffLimits,
    ) -> Result<Step, Code> {
        sized(&asked.message, limits.check_message_bytes)?;
        if !(1..=limits.check_runs).contains(&asked.run) {
            return Err(Code::CheckOutOfTurn);
        }
        self.forget(now);
        let run = self.runs.get(&device);
        if run.is_some_and(|run| run.messages.contains(&asked)) {
            return Ok(Step::Same);
        }
        // A server that forgot takes up a run where the two are.
        let newest = run.map_or(asked.run - 1, |run| run.number);
        let said = match asked.run.checked_sub(newest) {
            Some(0) => run.map_or(0, |run| run.messages.iter().filter(|one| one.side == asked.side).count()),
            Some(1) => 0,
            _ => return Err(Code::CheckOutOfTurn),
        };
        if usize::from(asked.number) != said || asked.number >= limits.check_messages {
            return Err(Code::CheckOutOfTurn);
        }
        let until = now + Duration::from_secs(limits.check_secs);
        let fresh = || Run { until, number: 0, messages: Vec::new() };
        let run = self.runs.entry(device).or_insert_with(fresh);
        if run.number != asked.run {
            *run = Run { until, number: asked.run, messages: Vec::new() };
        }
        run.messages.push(asked);
        Ok(Step::Write)
    }

    /// The messages of the newest run, as they came.
    pub(super) fn heard(&mut self, now: Timestamp, device: DeviceId) -> Vec<CheckMessage> {
        self.forget(now);
        self.runs.get(&device).map(|run| run.messages.clone()).unwrap_or_default()
    }

    /// The device waits no more.
    pub(super) fn end(&mut self, device: DeviceId) {
        self.runs.remove(&device);
    }

    fn forget(&mut self, now: Timestamp) {
        self.runs.retain(|_, run| run.until > now);
    }
}

#[cfg(test)]
mod tests {
    use signaling_protocol::{Base64, CheckSide};

    use super::*;

    const DEVICE: DeviceId = DeviceId::from_random([1; 16]);

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1_000)
    }

    fn message(run: u8, side: CheckSide, number: u8, byte: u8) -> CheckMessage {
        CheckMessage { run, side, number, message: Base64(vec![byte]) }
    }

    fn say(checks: &mut Checks, secs: u64, asked: CheckMessage) -> Result<Step, Code> {
        checks.say(at(secs), DEVICE, asked, &StaffLimits::default())
    }

    use CheckSide::{Device, Voucher};

    #[test]
    fn both_sides_say_their_three_in_order_and_no_more() {
        let mut checks = Checks::default();
        for number in 0..3 {
            for side in [Device, Voucher] {
                assert_eq!(say(&mut checks, 0, message(1, side, number, 7)), Ok(Step::Write));
            }
        }
        assert_eq!(checks.heard(at(0), DEVICE).len(), 6);
        for number in [3, 4, 255] {
            assert_eq!(say(&mut checks, 0, message(1, Device, number, 7)), Err(Code::CheckOutOfTurn));
        }
        assert_eq!(checks.heard(at(0), DEVICE).len(), 6);
    }

    #[test]
    fn a_message_said_again_is_the_same_and_another_in_its_place_is_refused() {
        let mut checks = Checks::default();
        assert_eq!(say(&mut checks, 0, message(1, Device, 0, 7)), Ok(Step::Write));
        assert_eq!(say(&mut checks, 1, message(1, Device, 0, 7)), Ok(Step::Same));
        assert_eq!(say(&mut checks, 1, message(1, Device, 0, 8)), Err(Code::CheckOutOfTurn));
        assert_eq!(say(&mut checks, 1, message(1, Voucher, 1, 8)), Err(Code::CheckOutOfTurn));
        assert_eq!(checks.heard(at(1), DEVICE), [message(1, Device, 0, 7)]);
    }

    #[test]
    fn a_next_run_throws_the_last_away_and_there_are_three() {
        let mut checks = Checks::default();
        assert_eq!(say(&mut checks, 0, message(1, Device, 0, 7)), Ok(Step::Write));
        assert_eq!(say(&mut checks, 0, message(3, Device, 0, 7)), Err(Code::CheckOutOfTurn), "one is left out");
        assert_eq!(say(&mut checks, 0, message(2, Voucher, 0, 8)), Ok(Step::Write));
        assert_eq!(checks.heard(at(0), DEVICE), [message(2, Voucher, 0, 8)]);
        assert_eq!(say(&mut checks, 0, message(1, Device, 1, 7)), Err(Code::CheckOutOfTurn));
        assert_eq!(say(&mut checks, 0, message(3, Device, 0, 7)), Ok(Step::Write));
        for run in [0, 4, 255] {
            assert_eq!(say(&mut checks, 0, message(run, Device, 0, 7)), Err(Code::CheckOutOfTurn), "{run}");
        }
    }

    #[test]
    fn a_run_is_forgotten_after_ten_minutes_whoever_asks() {
        let mut checks = Checks::default();
        say(&mut checks, 0, message(1, Device, 0, 7)).unwrap();
        assert_eq!(checks.heard(at(599), DEVICE).len(), 1);
        assert_eq!(checks.heard(at(600), DeviceId::from_random([2; 16])), []);
        assert!(checks.runs.is_empty(), "nothing is kept of it");
        assert_eq!(say(&mut checks, 601, message(2, Voucher, 0, 8)), Ok(Step::Write));
        checks.end(DEVICE);
        assert_eq!(checks.heard(at(602), DEVICE), []);
    }

    #[test]
    fn a_message_has_at_most_256_bytes() {
        let mut checks = Checks::default();
        let sized = |bytes: usize| CheckMessage { message: Base64(vec![1; bytes]), ..message(1, Device, 0, 0) };
        assert_eq!(say(&mut checks, 0, sized(0)), Err(Code::Malformed));
        assert_eq!(say(&mut checks, 0, sized(257)), Err(Code::TooLarge));
        assert_eq!(say(&mut checks, 0, sized(256)), Ok(Step::Write));
    }
}
