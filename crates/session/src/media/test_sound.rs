//! The chime alone, to try a loudspeaker outside of a visit.

use std::time::{Duration, Instant};

use devices::DeviceError;
use devices::speaker::SpeakerChoice;
use units::Clock;

use super::chime::Chime;

/// Plays the chime on this loudspeaker; takes a second.
///
/// # Errors
/// It cannot be opened, or does not play.
pub(crate) fn play_test_sound(choice: &SpeakerChoice, clock: Clock) -> Result<(), DeviceError> {
    let mut speaker = devices::speaker::open(choice)?;
    let mut chime = Chime::default();
    chime.ring();
    let end = Instant::now() + LASTS;
    while Instant::now() < end {
        while speaker.wants(clock.timestamp(Instant::now())) {
            let mut frame = [0.0; media::voice::FRAME];
            chime.mix(&mut frame);
            speaker.play(&frame);
        }
        if let Some(problem) = speaker.take_problem() {
            return Err(problem);
        }
        std::thread::sleep(TICK);
    }
    speaker.finish()
}

/// Both notes, and what a sound server keeps waiting.
const LASTS: Duration = Duration::from_millis(1_000);
const TICK: Duration = Duration::from_millis(5);
