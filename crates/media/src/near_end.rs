//! The near end: what the microphone hears, made fit to be sent.
//!
//! ```text
//! loudspeaker's sound ─▸ clock ─▸ bands ─▸┐
//! microphone ─▸ bands ─▸ high-pass ─▸ echo ─▸ noise ─▸ whole band ─▸ gain ─▸ to be sent
//! ```
//! The signal processing is `sonora`'s, a port of WebRTC's audio processing to Rust.

mod bands;
mod chain;
mod clock;
mod drift;
mod echo;
mod speech;

use crate::voice::FRAME;

use self::chain::Chain;
use self::speech::Speech;

/// 10 ms of sound, 48 kHz, mono, −1 to 1.
pub type SoundFrame = [f32; FRAME];

/// What is to be done to the microphone's sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NearEndSettings {
    /// Whether the loudspeaker's sound is taken out.
    pub echo_cancelling: EchoMode,
    /// How much of a steady noise is taken out.
    pub noise_suppression: NoiseSuppression,
    /// Whether a quiet voice is made louder and a loud one is kept from being cut off.
    pub gain_control: bool,
}

impl NearEndSettings {
    /// For a person before a laptop.
    pub const ON: Self =
        Self { echo_cancelling: EchoMode::On, noise_suppression: NoiseSuppression::Moderate, gain_control: true };

    /// The microphone's sound as it is.
    pub const OFF: Self =
        Self { echo_cancelling: EchoMode::Off, noise_suppression: NoiseSuppression::Off, gain_control: false };
}

/// Whether the loudspeaker's sound is taken out of the microphone's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EchoMode {
    /// Yes: there is a loudspeaker.
    On,
    /// No: there are headphones, or nothing is heard. What is not there cannot be mistaken for an echo, so a voice is
    /// left as it is when both speak at once.
    Off,
}

/// How much of a steady noise is taken out. Not more than moderate: beyond that, voices suffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoiseSuppression {
    /// Nothing.
    Off,
    /// About 6 dB.
    Low,
    /// About 12 dB.
    Moderate,
}

/// The near end of one microphone; owned by one thread.
///
/// It keeps no clock: it lives by the frames that it is given, in the order in which they are played and heard. Frames may
/// come in pairs, and loudspeaker and microphone may have clocks of their own.
#[derive(Debug)]
pub struct NearEnd {
    wanted: NearEndSettings,
    chain: Chain,
    /// What takes the place of `chain`, after a change.
    next: Option<Next>,
    level: f32,
    /// While somebody wants to know.
    speech: Option<Box<Speech>>,
}

/// A chain that comes: first it is only fed, until it knows the room, then heard more and more.
#[derive(Debug)]
struct Next {
    chain: Chain,
    /// Frames until it is heard.
    unheard: u32,
    /// Frames of the crossfade that are over.
    faded: u32,
}

impl NearEnd {
    /// With these settings from the beginning.
    pub fn new(settings: NearEndSettings) -> Self {
        Self { wanted: settings, chain: Chain::new(settings), next: None, level: 0.0, speech: None }
    }

    /// Changes the settings, at any time and without a click: the new ones fade in, within a second and a half.
    pub fn set(&mut self, settings: NearEndSettings) {
        self.wanted = settings;
    }

    /// What was set last.
    pub fn settings(&self) -> NearEndSettings {
        self.wanted
    }

    /// Tells what the loudspeaker plays, each frame once, before the microphone can hear it.
    pub fn render(&mut self, frame: &SoundFrame) {
        let frame = sound(frame);
        self.chain.render(&frame);
        if let Some(next) = &mut self.next {
            next.chain.render(&frame);
        }
    }

    /// Makes the microphone's next frame fit to be sent. Comes out up to 16 ms later than it went in (nothing later with
    /// [`NearEndSettings::OFF`]); always finite and within −1 to 1, whatever came in.
    pub fn capture(&mut self, frame: &mut SoundFrame) {
        self.follow_settings();
        *frame = sound(frame);
        match &mut self.next {
            None => self.chain.capture(frame),
            Some(next) => {
                let mut coming = *frame;
                next.chain.capture(&mut coming);
                self.chain.capture(frame);
                if next.unheard > 0 {
                    next.unheard -= 1;
                } else {
                    let samples = FRAME as f32 * FADE_FRAMES as f32;
                    let over = next.faded as f32 * FRAME as f32;
                    for (index, (old, new)) in frame.iter_mut().zip(coming).enumerate() {
                        *old += (over + index as f32) / samples * (new - *old);
                    }
                    next.faded += 1;
                }
            }
        }
        if let Some(next) = self.next.take_if(|next| next.faded == FADE_FRAMES) {
            self.chain = next.chain;
        }
        *frame = sound(frame);
        self.level = frame.iter().fold(0.0, |peak, sample| peak.max(sample.abs()));
        if let Some(speech) = &mut self.speech {
            speech.hear(frame, self.chain.settings().noise_suppression == NoiseSuppression::Off);
        }
    }

    /// How loud the last frame was that came out: its peak, 0 to 1 of full scale.
    pub fn level(&self) -> f32 {
        self.level
    }

    /// Whether [`speaks`](Self::speaks) is to be known; it costs a fifth of all the rest.
    pub fn listen_for_speech(&mut self, wanted: bool) {
        if wanted != self.speech.is_some() {
            self.speech = wanted.then(|| Box::new(Speech::new()));
        }
    }

    /// Whether somebody near the microphone speaks, while that [is to be known](Self::listen_for_speech). True a quarter of
    /// a second after they began; keys and fans do not raise it, nor does the loudspeaker's sound where its echo is taken
    /// out.
    pub fn speaks(&self) -> bool {
        self.speech.as_ref().is_some_and(|speech| speech.speaks())
    }

    fn follow_settings(&mut self) {
        let coming = self.next.as_ref();
        if coming.map_or(self.chain.settings(), |next| next.chain.settings()) == self.wanted {
            return;
        }
        if coming.is_some_and(|next| next.faded > 0) {
            // To change what is half faded in would click; its turn comes 40 ms later.
            return;
        }
        if self.chain.settings() == self.wanted {
            self.next = None;
            return;
        }
        let both_cancel = [self.chain.settings(), self.wanted].iter().all(|it| it.echo_cancelling == EchoMode::On);
        let unheard = if both_cancel { LEARN_FRAMES } else { SETTLE_FRAMES };
        let chain = Chain::following(&self.chain, self.wanted);
        self.next = Some(Next { chain, unheard, faded: 0 });
    }
}

/// The same without what is no sound.
fn sound(frame: &SoundFrame) -> SoundFrame {
    frame.map(|sample| if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 })
}

/// 40 ms: too long for a click, too short to hear both.
const FADE_FRAMES: u32 = 4;
/// A filter bank that starts is quiet for its first frames.
const SETTLE_FRAMES: u32 = 10;
/// Echo cancelling that is to follow another has a second and a half to learn the room.
const LEARN_FRAMES: u32 = 150;

#[cfg(test)]
mod tests;
