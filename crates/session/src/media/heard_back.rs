//! Whether our microphone hears the two soft notes that our loudspeaker plays: the check of both that asks nobody anything.

use std::sync::atomic::{AtomicU8, Ordering};

use super::chime::{NOTES_HZ, SAMPLES_A_SECOND};

/// What came of the two notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeardBack {
    /// They were not played yet.
    #[default]
    NotPlayed,
    /// They are being listened for.
    Listening,
    /// The microphone heard both.
    Heard,
    /// It did not: headphones, a silent loudspeaker, a deaf microphone, or a loud room. The person knows.
    NotHeard,
}

/// The same, between the audio thread and whoever looks.
#[derive(Debug, Default)]
pub(crate) struct HeardBackState(AtomicU8);

impl HeardBackState {
    pub(crate) fn get(&self) -> HeardBack {
        match self.0.load(Ordering::Relaxed) {
            0 => HeardBack::NotPlayed,
            1 => HeardBack::Listening,
            2 => HeardBack::Heard,
            _ => HeardBack::NotHeard,
        }
    }

    pub(super) fn set(&self, heard: HeardBack) {
        self.0.store(heard as u8, Ordering::Relaxed);
    }
}

/// Listens in frames of 10 ms to what the microphone gives, before anything is taken out of it.
#[derive(Debug, Default)]
pub(super) struct Ear {
    /// How strong each note is in the room without us, smoothed.
    room: [f32; 2],
    /// The same now, over the last tens of milliseconds.
    now: [f32; 2],
    /// While it listens: for how many frames, and which notes were heard.
    listening: Option<(u32, [bool; 2])>,
}

impl Ear {
    pub(super) fn hear(&mut self, state: &HeardBackState, frame: &[f32]) {
        for (note, hz) in NOTES_HZ.into_iter().enumerate() {
            self.now[note] += (strength(frame, hz) - self.now[note]) * QUICK;
        }
        if state.get() != HeardBack::Listening {
            self.listening = None;
            for note in 0..NOTES_HZ.len() {
                self.room[note] += (self.now[note] - self.room[note]) * SLOW;
            }
            return;
        }
        let (frames, mut heard) = self.listening.unwrap_or_default();
        for (note, heard) in heard.iter_mut().enumerate() {
            *heard |= self.now[note] > self.room[note] * ABOVE_ROOM + LEAST;
        }
        self.listening = Some((frames + 1, heard));
        if heard == [true; 2] {
            state.set(HeardBack::Heard);
        } else if frames >= PATIENCE {
            state.set(HeardBack::NotHeard);
        }
    }
}

/// How strong a tone of this frequency is in a frame: its squared amplitude (Goertzel's algorithm, 1958).
fn strength(frame: &[f32], hz: f32) -> f32 {
    let turn = 2.0 * (std::f32::consts::TAU * hz / SAMPLES_A_SECOND).cos();
    let (last, before) =
        frame.iter().fold((0.0_f32, 0.0_f32), |(last, before), sample| (sample + turn * last - before, last));
    let power = last * last + before * before - turn * last * before;
    power * 4.0 / (frame.len().max(1) as f32).powi(2)
}

/// How much of each frame counts in what is now: a note lasts for thirty frames.
const QUICK: f32 = 0.25;
/// The same in what the room is like.
const SLOW: f32 = 0.02;
/// 10 dB above the room.
const ABOVE_ROOM: f32 = 10.0;
/// An amplitude of −70 dBFS: less is the noise of a microphone.
const LEAST: f32 = 1e-7;
/// Two seconds: the notes last 0.7 s, and a loudspeaker by Bluetooth plays them half a second late.
const PATIENCE: u32 = 200;

#[cfg(test)]
mod tests {
    use super::super::chime::Chime;
    use super::*;

    /// A room with a noise, in which the notes come back so much quieter after so many frames; what came of it.
    fn listens(loudness: f32, noise: f32) -> HeardBack {
        let (state, mut ear, mut chime) = (HeardBackState::default(), Ear::default(), Chime::default());
        let mut seed = 1_u32;
        for number in 0..500 {
            if number == 100 {
                state.set(HeardBack::Listening);
            }
            if number == 120 {
                chime.ring();
            }
            let mut frame = [0.0_f32; 480];
            chime.mix(&mut frame);
            for sample in &mut frame {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *sample = *sample * loudness + noise * (seed as f32 / u32::MAX as f32 - 0.5);
            }
            ear.hear(&state, &frame);
        }
        state.get()
    }

    #[test]
    fn notes_that_come_back_are_heard_also_quietly_and_in_a_noise() {
        for (loudness, noise) in [(0.5, 0.0), (0.02, 0.0), (0.05, 0.01)] {
            assert_eq!(listens(loudness, noise), HeardBack::Heard, "{loudness} in {noise}");
        }
    }

    #[test]
    fn what_does_not_come_back_is_not_heard_whatever_the_room_is_like() {
        for noise in [0.0, 0.001, 0.3] {
            assert_eq!(listens(0.0, noise), HeardBack::NotHeard, "in {noise}");
        }
    }

    #[test]
    fn the_strength_of_a_tone_is_the_square_of_its_amplitude() {
        let tone = |hz: f32| -> [f32; 480] {
            std::array::from_fn(|at| 0.5 * (std::f32::consts::TAU * hz * at as f32 / SAMPLES_A_SECOND).sin())
        };
        assert!((strength(&tone(900.0), 900.0) - 0.25).abs() < 0.01);
        assert!(strength(&tone(900.0), 660.0) < 0.01);
    }
}
