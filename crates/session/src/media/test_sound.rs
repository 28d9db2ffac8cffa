//! The chime alone, to try a loudspeaker outside of a visit.

use std::time::{Duration, Instant};

use devices::DeviceError;
use devices::speaker::{Speaker, SpeakerChoice};
use units::{Clock, Timestamp};

use super::chime::Chime;

/// Plays the chime on this loudspeaker; takes a second, and more with one that has to wake up.
///
/// # Errors
/// It cannot be opened, or does not play.
pub(crate) fn play_test_sound(choice: &SpeakerChoice, clock: Clock) -> Result<(), DeviceError> {
    let mut speaker = devices::speaker::open(choice)?;
    let mut sound = TestSound::new(clock.timestamp(Instant::now()));
    while sound.tick(&mut *speaker, clock.timestamp(Instant::now()))? {
        std::thread::sleep(TICK);
    }
    speaker.finish()
}

/// The chime on its way into a loudspeaker, whose own clock says when it has been heard.
struct TestSound {
    chime: Chime,
    left: u32,
    gives_up_at: Timestamp,
}

impl TestSound {
    fn new(now: Timestamp) -> Self {
        let mut chime = Chime::default();
        chime.ring();
        Self { chime, left: FRAMES, gives_up_at: now + PATIENCE }
    }

    /// Plays what is wanted by now; whether there is more.
    fn tick(&mut self, speaker: &mut dyn Speaker, now: Timestamp) -> Result<bool, DeviceError> {
        while self.left > 0 && speaker.wants(now) {
            let mut frame = [0.0; media::voice::FRAME];
            self.chime.mix(&mut frame);
            speaker.play(&frame);
            self.left -= 1;
        }
        speaker.take_problem().map_or(Ok(self.left > 0 && now < self.gives_up_at), Err)
    }
}

/// A second: both notes, and after them the silence that a sound server keeps waiting.
const FRAMES: u32 = 100;

/// Headphones without a wire take two seconds to wake up.
const PATIENCE: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests {
    use units::DeviceKind;

    use super::*;

    /// Takes its first frame when it is awake, and then one each 10 ms.
    #[derive(Default)]
    struct Sleepy {
        awake_at: Timestamp,
        heard: usize,
        taken: u32,
        broken: bool,
    }

    impl Speaker for Sleepy {
        fn wants(&mut self, now: Timestamp) -> bool {
            now >= self.awake_at + Duration::from_millis(10) * self.taken
        }

        fn play(&mut self, frame: &[f32; media::voice::FRAME]) {
            self.taken += 1;
            self.heard += usize::from(frame.iter().any(|sample| *sample != 0.0));
        }

        fn started(&self) -> Option<Timestamp> {
            None
        }

        fn take_problem(&mut self) -> Option<DeviceError> {
            self.broken.then_some(DeviceError::Busy { kind: DeviceKind::Speaker })
        }

        fn finish(&mut self) -> Result<(), DeviceError> {
            Ok(())
        }
    }

    fn play(speaker: &mut Sleepy) -> Result<u64, DeviceError> {
        let mut sound = TestSound::new(Timestamp::default());
        let mut millis = 0;
        while sound.tick(speaker, Timestamp::from_millis(millis))? {
            millis += 5;
        }
        Ok(millis)
    }

    #[test]
    fn the_whole_chime_is_heard_from_a_loudspeaker_that_wakes_up_late() {
        for awake in [0, 2_000] {
            let mut speaker = Sleepy { awake_at: Timestamp::from_millis(awake), ..Sleepy::default() };
            let took = play(&mut speaker).unwrap();
            assert_eq!(speaker.heard, 70, "0.7 s");
            assert!(took.abs_diff(awake + 1_000) <= 20, "{took} ms");
        }
    }

    #[test]
    fn one_that_never_wakes_up_or_is_taken_does_not_hold_us() {
        let mut dead = Sleepy { awake_at: Timestamp::NEVER, ..Sleepy::default() };
        assert_eq!(play(&mut dead).unwrap(), 5_000);
        let mut taken = Sleepy { broken: true, ..Sleepy::default() };
        assert!(matches!(play(&mut taken), Err(DeviceError::Busy { .. })));
    }
}
