//! The spoken check of an enrolment, carried by the server: what comes in, what goes out, and the digits.

use rand_core::Rng;
use signaling_protocol::{Base64, CheckMessage, CheckSide, Role};
use trust::{CheckError, DevicePublic, Digits, SpokenCheck, Transcript};

/// One side's view of the check of one device.
///
/// The transcript is of the device's keys and of the clinic's head (its key, and its certificate for the issuing key): a
/// server that shows either side others makes the digits differ.
#[derive(Debug)]
pub(super) struct DigitsCheck {
    check: SpokenCheck,
    side: CheckSide,
    /// The newest, by this side's count.
    run: u8,
    /// Messages of this run: ours, and theirs that were taken.
    said: u8,
    heard: usize,
}

/// What comes of messages.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// These are to be said; perhaps none.
    Say(Vec<CheckMessage>),
    /// The run is one that this side began before it forgot: another is to be started.
    Forgotten,
}

impl DigitsCheck {
    pub(super) fn new(side: CheckSide, keys: &DevicePublic, head: &[u8]) -> Self {
        let role = match side {
            CheckSide::Voucher => Role::Host,
            CheckSide::Device => Role::Guest,
        };
        let check = SpokenCheck::new(role, Transcript::of_enrolment(keys, head));
        Self { check, side, run: 0, said: 0, heard: 0 }
    }

    /// Begins a run.
    pub(super) fn start(&mut self, rng: &mut dyn Rng) -> Result<CheckMessage, CheckError> {
        self.check.stop();
        let message = self.check.start(nonce(rng))?;
        (self.run, self.said, self.heard) = (self.run + 1, 0, 0);
        Ok(self.say(&message))
    }

    /// Takes what the server says was said.
    pub(super) fn take(&mut self, messages: &[CheckMessage], rng: &mut dyn Rng) -> Result<Heard, CheckError> {
        let run = messages.iter().map(|message| message.run).max().unwrap_or(0);
        if run < self.run {
            // What we began has not come there yet, or the server has forgotten it.
            return Ok(Heard::Say(Vec::new()));
        }
        let of_run = |side| messages.iter().filter(move |message| message.run == run && message.side == side);
        if run > self.run {
            if of_run(self.side).next().is_some() {
                self.skip_to(run, rng)?;
                return Ok(Heard::Forgotten);
            }
            (self.run, self.said, self.heard) = (run, 0, 0);
        }
        let theirs: Vec<_> = of_run(other(self.side)).skip(self.heard).cloned().collect();
        let mut say = Vec::new();
        for message in theirs {
            self.heard += 1;
            let message = serde_json::from_slice(&message.message.0).map_err(|_| CheckError::OutOfTurn)?;
            if let Some(answer) = self.check.handle(&message, nonce(rng))? {
                say.push(self.say(&answer));
            }
        }
        Ok(Heard::Say(say))
    }

    /// What our person found. What is to be said, if they differ.
    pub(super) fn person_says(&mut self, same: bool) -> Result<Option<CheckMessage>, CheckError> {
        let message = self.check.person_says(same)?;
        Ok(message.map(|message| self.say(&message)))
    }

    /// What is to be compared now.
    pub(super) fn digits(&self) -> Option<Digits> {
        self.check.digits()
    }

    /// Whether our person has found them the same.
    pub(super) fn is_compared(&self) -> bool {
        self.check.is_compared()
    }

    /// Whether a run goes on.
    pub(super) fn is_running(&self) -> bool {
        self.run > 0
    }

    /// This side was there before, and forgot its nonces: the runs until now are used up.
    fn skip_to(&mut self, run: u8, rng: &mut dyn Rng) -> Result<(), CheckError> {
        self.check.stop();
        while self.run < run {
            self.check.start(nonce(rng))?;
            self.check.stop();
            self.run += 1;
        }
        Ok(())
    }

    fn say(&mut self, message: &trust::CheckMessage) -> CheckMessage {
        let number = self.said;
        self.said = self.said.saturating_add(1);
        let message = serde_json::to_vec(message).expect("two numbers and a word are always JSON");
        CheckMessage { run: self.run, side: self.side, number, message: Base64(message) }
    }
}

const fn other(side: CheckSide) -> CheckSide {
    match side {
        CheckSide::Device => CheckSide::Voucher,
        CheckSide::Voucher => CheckSide::Device,
    }
}

fn nonce(rng: &mut dyn Rng) -> [u8; 32] {
    let mut nonce = [0; 32];
    rng.fill_bytes(&mut nonce);
    nonce
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    const KEYS: DevicePublic = DevicePublic { signing: [1; 32], agreement: [2; 32] };

    fn pair() -> (DigitsCheck, DigitsCheck, StdRng) {
        let check = |side| DigitsCheck::new(side, &KEYS, b"head");
        (check(CheckSide::Voucher), check(CheckSide::Device), StdRng::seed_from_u64(1))
    }

    fn said(heard: Result<Heard, CheckError>) -> Vec<CheckMessage> {
        match heard.unwrap() {
            Heard::Say(messages) => messages,
            Heard::Forgotten => panic!("nothing was forgotten"),
        }
    }

    /// Lets both hear everything, again and again, until nobody says anything new.
    fn talk(voucher: &mut DigitsCheck, device: &mut DigitsCheck, all: &mut Vec<CheckMessage>, rng: &mut StdRng) {
        loop {
            let news = [said(device.take(all, rng)), said(voucher.take(all, rng))].concat();
            if news.is_empty() {
                return;
            }
            all.extend(news);
        }
    }

    #[test]
    fn two_who_are_told_the_same_show_the_same_digits() {
        let (mut voucher, mut device, mut rng) = pair();
        let mut all = vec![voucher.start(&mut rng).unwrap()];
        talk(&mut voucher, &mut device, &mut all, &mut rng);
        assert!(voucher.digits().is_some());
        assert_eq!(voucher.digits().map(|d| d.to_string()), device.digits().map(|d| d.to_string()));
        assert!(all.iter().all(|message| message.run == 1 && message.message.len() <= 256));
        assert_eq!(voucher.person_says(true), Ok(None));
        assert!(voucher.is_compared() && !device.is_compared());
    }

    #[test]
    fn who_is_told_other_keys_sees_no_digits() {
        let (mut voucher, _, mut rng) = pair();
        let other = DevicePublic { signing: [3; 32], ..KEYS };
        let mut device = DigitsCheck::new(CheckSide::Device, &other, b"head");
        let mut all = vec![voucher.start(&mut rng).unwrap()];
        all.extend(said(device.take(&all, &mut rng)));
        all.extend(said(voucher.take(&all, &mut rng)));
        assert_eq!(device.take(&all, &mut rng), Err(CheckError::NotCommitted));
        assert!(device.digits().is_none());
    }

    #[test]
    fn who_says_that_they_differ_is_heard_and_nothing_goes_on() {
        let (mut voucher, mut device, mut rng) = pair();
        let mut all = vec![voucher.start(&mut rng).unwrap()];
        talk(&mut voucher, &mut device, &mut all, &mut rng);
        all.extend(device.person_says(false).unwrap());
        assert_eq!(voucher.take(&all, &mut rng), Err(CheckError::Differ));
        assert!(!voucher.is_compared() && voucher.digits().is_none());
    }

    #[test]
    fn an_app_that_was_started_again_in_the_middle_begins_another_run() {
        let (mut voucher, mut device, mut rng) = pair();
        let mut all = vec![voucher.start(&mut rng).unwrap()];
        all.extend(said(device.take(&all, &mut rng)));
        let (mut again, _, _) = pair();
        assert_eq!(again.take(&all, &mut rng), Ok(Heard::Forgotten));
        // The server throws away what was said in an older run.
        all = vec![again.start(&mut rng).unwrap()];
        assert_eq!(all[0].run, 2);
        talk(&mut again, &mut device, &mut all, &mut rng);
        assert!(again.digits().is_some());
        assert_eq!(again.digits().map(|d| d.to_string()), device.digits().map(|d| d.to_string()));
    }

    #[test]
    fn both_may_begin_at_once() {
        let (mut voucher, mut device, mut rng) = pair();
        let mut all = vec![voucher.start(&mut rng).unwrap(), device.start(&mut rng).unwrap()];
        talk(&mut voucher, &mut device, &mut all, &mut rng);
        assert!(device.digits().is_some() && device.digits() == voucher.digits());
    }

    #[test]
    fn there_are_three_runs_and_no_more() {
        let (mut voucher, _, mut rng) = pair();
        for _ in 0..3 {
            voucher.start(&mut rng).unwrap();
        }
        assert_eq!(voucher.start(&mut rng), Err(CheckError::TooManyRuns));
    }

    #[test]
    fn what_the_server_invents_is_refused() {
        let (_, mut device, mut rng) = pair();
        let message = CheckMessage { run: 1, side: CheckSide::Voucher, number: 0, message: Base64(b"{".to_vec()) };
        assert_eq!(device.take(&[message], &mut rng), Err(CheckError::OutOfTurn));
    }
}
