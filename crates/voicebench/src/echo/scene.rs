//! What is played and heard at one side of a call.

use super::room::{Room, active_rms};

/// Three signals that begin together, 48 kHz mono.
#[derive(Debug, Clone)]
pub struct Scene {
    /// What the loudspeaker is given.
    pub far: Vec<f32>,
    /// Who speaks near the microphone, alone: silent up to [`DOUBLE_TALK_S`].
    pub near: Vec<f32>,
    /// What the microphone hears: echo, the near voice and the room's noise.
    pub microphone: Vec<f32>,
}

impl Scene {
    /// `far` speaks all the time, `near` joins at [`DOUBLE_TALK_S`].
    pub fn new(far: &[f32], near: &[f32], room: Room) -> Self {
        let length = SCENE_S * 48_000;
        let level = |voice: &[f32], from: usize| -> Vec<f32> {
            let gain = (VOICE_RMS / active_rms(voice)) as f32;
            let spoken = voice.iter().cycle().take(length - from).map(|sample| (gain * sample).clamp(-1.0, 1.0));
            std::iter::repeat_n(0.0, from).chain(spoken).collect()
        };
        let far = level(far, 0);
        let near = level(near, DOUBLE_TALK_S * 48_000);
        let echo = room.echo(&far, VOICE_RMS);
        let noise = room.noise(length);
        let microphone = near.iter().zip(&echo).zip(&noise).map(|((near, echo), noise)| near + echo + noise).collect();
        Self { far, near, microphone }
    }
}

/// How long a scene lasts.
pub const SCENE_S: usize = 40;
/// When the near voice joins the far one.
pub const DOUBLE_TALK_S: usize = 22;
/// −23 dBFS while somebody speaks: a person before a laptop whose microphone is set as it should be.
const VOICE_RMS: f64 = 0.070_8;
