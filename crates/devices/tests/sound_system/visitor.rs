//! Who speaks and listens through real streams, as the audio thread of a call does.

use std::f32::consts::TAU;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use devices::sound::{FRAME_SAMPLES, SAMPLE_RATE, SoundFrame};
use devices::{Microphone, MicrophoneChoice, Speaker, SpeakerChoice};
use units::{Clock, DeviceMove, Timestamp};

/// A microphone and a loudspeaker in use, with all that went through them.
pub(crate) struct Visitor {
    clock: Clock,
    pub(crate) microphone: Box<dyn Microphone>,
    pub(crate) speaker: Box<dyn Speaker>,
    pub(crate) played: Vec<f32>,
    pub(crate) heard: Vec<f32>,
    /// What the two have told, in order.
    pub(crate) problems: Vec<String>,
    /// Whether one of them told that it works again.
    pub(crate) came_back: bool,
    /// Where the sound went by itself, in order.
    pub(crate) moves: Vec<DeviceMove>,
    /// Gives sample n of what is played.
    voice: fn(usize) -> f32,
    /// By how much the machine let us sleep too long, all in all. The sound server and the callbacks were kept waiting too.
    overslept: Duration,
}

impl Visitor {
    /// Opens these devices; `None` is the system's choice.
    pub(crate) fn new(microphone: Option<&str>, speaker: Option<&str>, voice: fn(usize) -> f32) -> Self {
        let microphone = MicrophoneChoice::Device(microphone.map(str::to_owned));
        let speaker = SpeakerChoice::Device(speaker.map(str::to_owned));
        let clock = Clock::starting_at(Instant::now(), SystemTime::now());
        let mut microphone = devices::microphone::open(&microphone).expect("a microphone");
        // A virtual card that nobody used has rendered two seconds ahead, and begins with us after them.
        let (begin, mut frame, mut heard) = (Instant::now(), [0.0; FRAME_SAMPLES], Vec::new());
        while heard.is_empty() && begin.elapsed() < PATIENCE {
            if microphone.pull(clock.timestamp(Instant::now()), &mut frame) {
                heard.extend(frame);
            }
            thread::sleep(TICK);
        }
        Self {
            clock,
            microphone,
            speaker: devices::speaker::open(&speaker).expect("a loudspeaker"),
            played: Vec::new(),
            heard,
            problems: Vec::new(),
            came_back: false,
            moves: Vec::new(),
            voice,
            overslept: Duration::ZERO,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.timestamp(Instant::now())
    }

    /// Plays and listens for so long.
    pub(crate) fn talk(&mut self, duration: Duration) {
        let begin = Instant::now();
        while begin.elapsed() < duration {
            self.tick();
        }
    }

    /// Plays and listens until the last tenth of a second that was heard is a whistle of that pitch.
    pub(crate) fn talk_until_heard(&mut self, hertz: u32) {
        let begin = Instant::now();
        let mut from = self.heard.len();
        while begin.elapsed() < PATIENCE {
            self.tick();
            while self.heard.len() >= from + WINDOW {
                if loudness(&self.heard[from..from + WINDOW], hertz) > LOUD {
                    return;
                }
                from += WINDOW;
            }
        }
        panic!("{hertz} Hz is not heard within {PATIENCE:?}; told was: {:?}", self.problems);
    }

    /// Plays and listens until a whole second has no whistle of that pitch in it.
    pub(crate) fn talk_until_silent(&mut self, hertz: u32) {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            let from = self.heard.len();
            self.talk(Duration::from_secs(1));
            if self.heard_since(from, hertz) == Duration::ZERO {
                return;
            }
        }
        panic!("{hertz} Hz is heard for {PATIENCE:?}; told was: {:?}", self.problems);
    }

    /// How long a whistle of that pitch was heard, in what was heard since that sample.
    pub(crate) fn heard_since(&self, sample: usize, hertz: u32) -> Duration {
        let windows = self.heard[sample..].chunks_exact(WINDOW);
        let loud = windows.filter(|window| loudness(window, hertz) > LOUD).count();
        WINDOW_DURATION * loud as u32
    }

    /// Fails unless sample n was spoken at the microphone's start plus n / rate, whatever happened since.
    pub(crate) fn the_microphone_keeps_the_time(&self) {
        self.keeps_the_time(&self.heard, self.now().since(self.microphone.started().expect("a start")));
    }

    /// The same for the loudspeaker. One that wakes up first may begin seconds late.
    pub(crate) fn the_loudspeaker_keeps_the_time(&self) {
        self.keeps_the_time(&self.played, self.now().since(self.speaker.started().expect("a start")));
    }

    fn tick(&mut self) {
        while self.speaker.wants(self.now()) {
            let begin = self.played.len();
            let frame: SoundFrame = std::array::from_fn(|n| (self.voice)(begin + n));
            self.speaker.play(&frame);
            self.played.extend(frame);
        }
        let mut frame = [0.0; FRAME_SAMPLES];
        while self.microphone.pull(self.now(), &mut frame) {
            self.heard.extend(frame);
        }
        for problem in [self.speaker.take_problem(), self.microphone.take_problem()].into_iter().flatten() {
            self.problems.push(problem.to_string());
        }
        self.came_back |= self.speaker.came_back() | self.microphone.came_back();
        self.moves.extend([self.speaker.take_move(), self.microphone.take_move()].into_iter().flatten());
        let begin = Instant::now();
        thread::sleep(TICK);
        self.overslept += begin.elapsed().saturating_sub(TICK * 2);
    }

    fn keeps_the_time(&self, samples: &[f32], since: Duration) {
        let actual = samples.len() as f64 / f64::from(SAMPLE_RATE);
        let (expected, overslept) = (since.as_secs_f64(), self.overslept.as_secs_f64());
        // Of a second's outage nothing may be missing; what a machine that stands still does not hear is nobody's fault.
        let range = expected - 0.5 - 4.0 * overslept..expected + 0.5;
        assert!(range.contains(&actual), "{actual} s of sound in {expected} s, of which {overslept} s overslept");
    }
}

const TICK: Duration = Duration::from_millis(5);

/// A whistle of 1000 Hz, which no microphone of these tests is fed with.
pub(crate) fn whistle(sample: usize) -> f32 {
    0.5 * (TAU * OURS as f32 * (sample % SAMPLE_RATE as usize) as f32 / SAMPLE_RATE as f32).sin()
}

/// The pitch of [`whistle`].
pub(crate) const OURS: u32 = 1_000;

/// Noise that is the same in every run, and like itself at no other place.
pub(crate) fn noise(sample: usize) -> f32 {
    let mut bits = (sample as u32).wrapping_mul(0x9e37_79b9);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x85eb_ca6b);
    bits = (bits ^ (bits >> 13)).wrapping_mul(0xc2b2_ae35);
    ((bits >> 8) as f32 / (1 << 23) as f32 - 1.0) * 0.3
}

/// The height of a whistle of that pitch in the sound (Goertzel's algorithm).
fn loudness(sound: &[f32], hertz: u32) -> f32 {
    let turn = TAU * hertz as f32 / SAMPLE_RATE as f32;
    let (mut last, mut before) = (0.0_f32, 0.0_f32);
    for sample in sound {
        (last, before) = (sample + 2.0 * turn.cos() * last - before, last);
    }
    let power = last * last + before * before - 2.0 * turn.cos() * last * before;
    2.0 * power.max(0.0).sqrt() / sound.len() as f32
}

/// A twentieth of a second: holds whole turns of all our pitches.
const WINDOW: usize = SAMPLE_RATE as usize / 20;
const WINDOW_DURATION: Duration = Duration::from_millis(50);

/// Above this a whistle counts as heard.
const LOUD: f32 = 0.05;

/// More than any stream takes to come back.
const PATIENCE: Duration = Duration::from_secs(10);
