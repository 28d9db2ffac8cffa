//! From the microphone to the link.

use std::time::Duration;

use media::near_end::{self, EchoMode, NearEndSettings, SoundFrame};
use media::voice::{self, EncodedVoice, FRAME, VoiceSettings, red};
use peer::{VoiceFormat, VoiceFormats, VoiceOut};
use units::{DeviceKind, Listening, Timestamp};

use super::audio::note_news;
use super::heard_back::Ear;
use super::meters::Meters;
use super::{OpenMicrophone, Plans, Shared};

/// Microphone to link.
pub(super) struct NearEnd {
    pub(super) microphone: OpenMicrophone,
    /// Takes out echo and noise.
    cleaner: near_end::NearEnd,
    listening: Listening,
    /// Listens for the chime.
    ear: Ear,
    encoder: voice::Encoder,
    /// Whether the next packet begins to speak: the RTP marker (RFC 3551 section 4.1).
    begins: bool,
}

impl NearEnd {
    pub(super) fn new(microphone: OpenMicrophone) -> Result<Self, voice::VoiceError> {
        Ok(Self {
            cleaner: near_end::NearEnd::new(settings(microphone.processed, Listening::default(), None)),
            microphone,
            listening: Listening::default(),
            ear: Ear::default(),
            encoder: voice::Encoder::new(VoiceSettings::default())?,
            begins: true,
        })
    }

    /// Takes what the loudspeaker plays: the microphone is going to hear it.
    pub(super) fn hear_loudspeaker(&mut self, frame: &SoundFrame) {
        self.cleaner.render(frame);
    }

    pub(super) fn tick(&mut self, shared: &Shared, plans: Plans, headset: Option<bool>) {
        if let Some(listening) = shared.listening.take() {
            self.listening = listening;
        }
        self.cleaner.set(settings(self.microphone.processed, self.listening, headset));
        self.follow(&plans);
        // Before any sound: one that never gives a frame has something to say as well.
        let device = &mut self.microphone.device;
        note_news(shared, DeviceKind::Microphone, device.take_problem(), device.came_back());
        shared.moved(DeviceKind::Microphone, device.take_move());
        let mut frame = [0.0_f32; FRAME];
        let mut now = shared.now();
        while self.microphone.device.pull(now, &mut frame) {
            if let Some(started) = self.microphone.device.started() {
                Meters::note_first(&shared.meters.microphone_started, started);
            }
            self.ear.hear(&shared.heard_back, &frame);
            self.clean(shared, now, plans.muted, &mut frame);
            // Encoded even while nobody listens: the RTP timestamps stay true to the time.
            let encoded = self.encoder.push(&frame);
            let pulled = std::mem::replace(&mut now, shared.now());
            let Some(encoded) = encoded else { continue };
            let Some(route) = shared.routes.current() else {
                self.begins = true;
                continue;
            };
            let (timestamp, captured) = (encoded.timestamp, pulled.before(span_of(encoded.samples)));
            let (format, payload) = on_the_wire(encoded, route.peer.voice_formats());
            let marker = std::mem::take(&mut self.begins);
            route.peer.send_voice(VoiceOut { payload: payload.into(), format, timestamp, captured, marker });
        }
    }

    /// Makes of what the microphone hears what is sent: silence, while it is off. Then it is still heard here, so that
    /// the echo of the other side is known when it is on again, and to tell somebody who speaks that nobody hears them.
    fn clean(&mut self, shared: &Shared, now: Timestamp, muted: bool, frame: &mut SoundFrame) {
        self.cleaner.listen_for_speech(muted);
        self.cleaner.capture(frame);
        shared.meters.muted_speech.hear(now, muted, self.cleaner.speaks());
        if muted {
            frame.fill(0.0);
        }
        shared.meters.microphone_level.hear(frame);
    }

    fn follow(&mut self, plans: &Plans) {
        let plan = plans.voice;
        let settings = VoiceSettings {
            rate: plan.rate,
            packet_ms: plan.packet_ms,
            redundancy: plan.redundancy,
            expected_loss: plan.expected_loss,
        };
        if self.encoder.settings() != settings {
            self.encoder.set(settings);
        }
    }
}

/// The packet with its copies, to who takes them; else without.
fn on_the_wire(voice: EncodedVoice, taken: Option<VoiceFormats>) -> (VoiceFormat, Vec<u8>) {
    match taken.filter(|taken| taken.red.is_some() && !voice.redundant.is_empty()) {
        Some(taken) => (VoiceFormat::Red, red::pack(taken.opus, &voice)),
        None => (VoiceFormat::Opus, voice.payload),
    }
}

/// How long so many samples last.
fn span_of(samples: u32) -> Duration {
    Duration::from_micros(u64::from(samples) * 1_000_000 / u64::from(voice::SAMPLE_RATE))
}

/// What is done to a microphone's sound: `headset` is what the system says of the loudspeaker.
fn settings(processed: bool, listening: Listening, headset: Option<bool>) -> NearEndSettings {
    if !processed {
        return NearEndSettings::OFF;
    }
    let headphones = match listening {
        Listening::Automatic => headset == Some(true),
        Listening::Loudspeaker => false,
        Listening::Headphones => true,
    };
    let echo_cancelling = if headphones { EchoMode::Off } else { EchoMode::On };
    NearEndSettings { echo_cancelling, ..NearEndSettings::ON }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Instant, SystemTime};

    use devices::DeviceError;
    use devices::microphone::{Microphone, MicrophoneChoice};
    use units::{Clock, DeviceMove, MoveCause};

    use super::super::{DeviceNews, Processing};
    use super::*;

    fn near(processing: Processing) -> NearEnd {
        NearEnd::new(OpenMicrophone::open(&MicrophoneChoice::None, processing).unwrap()).unwrap()
    }

    fn shared() -> Shared {
        Shared::new(Clock::starting_at(Instant::now(), SystemTime::now()), Arc::default())
    }

    /// Hums like a voice: a low note with its overtones, in syllables.
    fn hum(frame: usize) -> SoundFrame {
        std::array::from_fn(|index| {
            let time = (frame * FRAME + index) as f32 / 48_000.0;
            let pitch = std::f32::consts::TAU * (130.0 * time + 3.0 * (5.0 * time).sin());
            let formants: f32 = (1..20).map(|n| (n as f32 * pitch).sin() / (1.0 + (n as f32 - 4.0).abs())).sum();
            0.1 * formants * (std::f32::consts::PI * 4.0 * time).sin().abs()
        })
    }

    /// Broken from the beginning: never gives a frame.
    struct Deaf(Option<DeviceError>);

    impl Microphone for Deaf {
        fn started(&self) -> Option<Timestamp> {
            None
        }

        fn pull(&mut self, _now: Timestamp, _frame: &mut SoundFrame) -> bool {
            false
        }

        fn take_problem(&mut self) -> Option<DeviceError> {
            self.0.take()
        }

        fn take_move(&mut self) -> Option<DeviceMove> {
            Some(DeviceMove { to: "another".to_owned(), cause: MoveCause::SystemChanged })
        }
    }

    #[test]
    fn a_microphone_that_never_gave_a_frame_is_heard_of() {
        let busy = DeviceError::Busy { kind: DeviceKind::Microphone };
        let deaf = OpenMicrophone { device: Box::new(Deaf(Some(busy))), processed: false };
        let shared = shared();
        NearEnd::new(deaf).unwrap().tick(&shared, Plans::BEFORE_THE_FIRST_WORD, None);
        let news = std::mem::take(&mut *shared.news());
        assert!(matches!(
            news.as_slice(),
            [DeviceNews::Problem(DeviceError::Busy { .. }), DeviceNews::Moved(DeviceKind::Microphone, _)]
        ));
    }

    #[test]
    fn copies_go_along_to_who_takes_them_and_the_voice_to_everybody() {
        let copy = voice::RedundantBlock { offset: 960, payload: vec![3, 4] };
        let packet = EncodedVoice { payload: vec![1, 2], timestamp: 960, samples: 960, redundant: vec![copy.clone()] };
        let takes = |red| Some(VoiceFormats { opus: 111, red });
        for taken in [None, takes(None)] {
            assert_eq!(on_the_wire(packet.clone(), taken), (VoiceFormat::Opus, vec![1, 2]));
        }
        let alone = EncodedVoice { redundant: Vec::new(), ..packet.clone() };
        assert_eq!(on_the_wire(alone, takes(Some(63))), (VoiceFormat::Opus, vec![1, 2]));
        let (format, payload) = on_the_wire(packet, takes(Some(63)));
        let packed = red::parse(111, &payload).unwrap();
        assert_eq!((format, packed.primary, packed.redundant_blocks()), (VoiceFormat::Red, &[1, 2][..], vec![copy]));
    }

    #[test]
    fn headphones_are_believed_from_the_system_unless_the_person_says_otherwise() {
        let echo = |listening, headset| settings(true, listening, headset).echo_cancelling;
        assert_eq!(echo(Listening::Automatic, None), EchoMode::On, "rather an echo less than one more");
        assert_eq!(echo(Listening::Automatic, Some(false)), EchoMode::On);
        assert_eq!(echo(Listening::Automatic, Some(true)), EchoMode::Off);
        assert_eq!(echo(Listening::Loudspeaker, Some(true)), EchoMode::On);
        assert_eq!(echo(Listening::Headphones, Some(false)), EchoMode::Off);
        assert_eq!(settings(false, Listening::Loudspeaker, None), NearEndSettings::OFF);
    }

    #[test]
    fn only_real_microphones_are_cleaned_by_themselves() {
        let file = MicrophoneChoice::File("voice.wav".into());
        assert!(Processing::OfDevices.of(&MicrophoneChoice::Device(None)));
        assert!(!Processing::OfDevices.of(&file) && Processing::On.of(&file));
        assert!(!Processing::Off.of(&MicrophoneChoice::Device(None)));
    }

    #[test]
    fn what_the_person_chose_is_in_force_with_the_next_tick() {
        let (shared, mut near) = (shared(), near(Processing::On));
        near.tick(&shared, Plans::BEFORE_THE_FIRST_WORD, None);
        assert_eq!(near.cleaner.settings().echo_cancelling, EchoMode::On);
        shared.listening.put(Listening::Headphones);
        near.tick(&shared, Plans::BEFORE_THE_FIRST_WORD, None);
        assert_eq!(near.cleaner.settings().echo_cancelling, EchoMode::Off);
    }

    #[test]
    fn who_speaks_while_muted_is_told_and_not_heard() {
        for processing in [Processing::On, Processing::Off] {
            let (shared, mut near) = (shared(), near(processing));
            let at = |frame: usize| Timestamp::from_millis(10 * frame as u64);
            for frame in 0..100 {
                let mut heard = hum(frame);
                near.clean(&shared, at(frame), false, &mut heard);
            }
            assert!(!shared.meters.muted_speech.is_recent(at(100)), "the microphone is on");
            assert!(shared.meters.microphone_level.get() > 0.01);
            let told = (100..200).find(|&frame| {
                let mut heard = hum(frame);
                near.clean(&shared, at(frame), true, &mut heard);
                assert_eq!(heard, [0.0; FRAME]);
                shared.meters.muted_speech.is_recent(at(frame))
            });
            assert!(told.is_some_and(|frame| frame <= 160), "{processing:?}: {told:?}");
        }
    }
}
