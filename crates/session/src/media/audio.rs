//! The audio thread: near end and far end together, in frames of 10 ms, so that later echo cancelling needs no lock.

use std::sync::atomic::Ordering;
use std::time::Duration;

use call::VoiceRedundancy;
use devices::DeviceError;
use devices::microphone::Microphone;
use devices::speaker::Speaker;
use media::voice::{self, FRAME, Redundancy, VoiceSettings};
use peer::{VoiceFormat, VoiceOut};
use tokio::sync::watch;
use units::{DeviceKind, Timestamp};

use super::chime::Chime;
use super::meters::Meters;
use super::{PacketReceiver, Plans, Shared};

/// How often the thread looks: half a frame, so that a frame is at most 5 ms late.
const TICK: Duration = Duration::from_millis(5);

pub(super) fn run(
    shared: &Shared,
    plans: &watch::Receiver<Plans>,
    microphone: Box<dyn Microphone>,
    speaker: Box<dyn Speaker>,
) {
    let mut near = match NearEnd::new(microphone) {
        Ok(near) => Some(near),
        Err(error) => {
            tracing::error!(%error, "the voice encoder did not start");
            None
        }
    };
    let mut far = FarEnd::new(speaker);
    while !shared.stopping() {
        if let Some(speaker) = shared.new_speaker.take() {
            shared.complain(far.speaker.finish().err());
            far.speaker = speaker;
        }
        far.tick(shared);
        if let Some(near) = &mut near {
            if let Some(microphone) = shared.new_microphone.take() {
                near.microphone = microphone;
            }
            near.tick(shared, plans);
        }
        std::thread::sleep(TICK);
    }
    shared.complain(far.speaker.finish().err());
}

/// Microphone to link.
struct NearEnd {
    microphone: Box<dyn Microphone>,
    encoder: voice::Encoder,
    /// Whether the next packet begins to speak: the RTP marker (RFC 3551 section 4.1).
    begins: bool,
}

impl NearEnd {
    fn new(microphone: Box<dyn Microphone>) -> Result<Self, voice::VoiceError> {
        Ok(Self { microphone, encoder: voice::Encoder::new(VoiceSettings::default())?, begins: true })
    }

    fn tick(&mut self, shared: &Shared, plans: &watch::Receiver<Plans>) {
        // Before any sound: one that never gives a frame has something to say as well.
        note_news(shared, DeviceKind::Microphone, self.microphone.take_problem(), self.microphone.came_back());
        shared.moved(DeviceKind::Microphone, self.microphone.take_move());
        let mut frame = [0.0_f32; FRAME];
        let mut now = shared.now();
        while self.microphone.pull(now, &mut frame) {
            if let Some(started) = self.microphone.started() {
                Meters::note_first(&shared.meters.microphone_started, started);
            }
            let plans = *plans.borrow();
            if plans.muted {
                frame.fill(0.0);
            }
            shared.meters.microphone_level.hear(&frame);
            self.follow(&plans);
            // Encoded even while nobody listens: the RTP timestamps stay true to the time.
            let encoded = self.encoder.push(&frame);
            let pulled = std::mem::replace(&mut now, shared.now());
            let Some(encoded) = encoded else { continue };
            match shared.routes.current() {
                Some(route) => route.peer.send_voice(VoiceOut {
                    format: VoiceFormat::Opus,
                    timestamp: encoded.timestamp,
                    captured: pulled.before(span_of(encoded.samples)),
                    payload: encoded.payload.into(),
                    marker: std::mem::take(&mut self.begins),
                }),
                None => self.begins = true,
            }
        }
    }

    fn follow(&mut self, plans: &Plans) {
        let plan = plans.voice;
        let settings = VoiceSettings {
            rate: plan.rate,
            packet_ms: plan.packet_ms,
            redundancy: redundancy(plan.redundancy),
            expected_loss: plan.expected_loss,
        };
        if self.encoder.settings() != settings {
            self.encoder.set(settings);
        }
    }
}

/// The plan in the codec's words.
fn redundancy(planned: VoiceRedundancy) -> Redundancy {
    match planned {
        VoiceRedundancy::None => Redundancy::None,
        VoiceRedundancy::InBand => Redundancy::InBand,
        VoiceRedundancy::Red { copies, distance } => Redundancy::Red { copies, distance },
        VoiceRedundancy::Dred { duration_ms } => Redundancy::Dred { duration_ms },
    }
}

/// Link to loudspeaker.
struct FarEnd {
    speaker: Box<dyn Speaker>,
    packets: Option<PacketReceiver>,
    receiver: Option<voice::Receiver>,
    generation: u64,
    /// Samples played and made up by receivers of earlier routes.
    before: (u64, u64),
    chime: Chime,
}

impl FarEnd {
    fn new(speaker: Box<dyn Speaker>) -> Self {
        Self { speaker, packets: None, receiver: None, generation: 0, before: (0, 0), chime: Chime::default() }
    }

    fn tick(&mut self, shared: &Shared) {
        if let Some(packets) = shared.routes.new_voice(&mut self.generation) {
            self.packets = packets;
            if let Some(receiver) = &self.receiver {
                let stats = receiver.stats();
                self.before.0 += stats.played_samples;
                self.before.1 += stats.concealed_samples;
            }
            self.receiver =
                voice::Receiver::new().map_err(|error| tracing::error!(%error, "the voice decoder did not start")).ok();
        }
        self.take_packets(shared);
        let mut frame = [0.0_f32; FRAME];
        let mut now = shared.now();
        while self.speaker.wants(now) {
            frame.fill(0.0);
            if let Some(receiver) = &mut self.receiver {
                receiver.pull(now, &mut frame);
            }
            if shared.chime.swap(false, Ordering::Relaxed) {
                self.chime.ring();
            }
            self.chime.mix(&mut frame);
            shared.meters.speaker_level.hear(&frame);
            self.speaker.play(&frame);
            note_news(shared, DeviceKind::Speaker, self.speaker.take_problem(), self.speaker.came_back());
            shared.moved(DeviceKind::Speaker, self.speaker.take_move());
            if let Some(started) = self.speaker.started() {
                Meters::note_first(&shared.meters.speaker_started, started);
            }
            now = shared.now();
        }
        self.count(shared);
    }

    fn take_packets(&mut self, shared: &Shared) {
        let (Some(packets), Some(receiver)) = (&mut self.packets, &mut self.receiver) else { return };
        while let Ok(packet) = packets.try_recv() {
            note_first_voice(shared, packet.arrived);
            receiver.push(
                packet.arrived,
                voice::VoicePacket {
                    sequence: packet.sequence,
                    timestamp: packet.timestamp,
                    payload: packet.payload.to_vec(),
                    redundant: Vec::new(),
                },
            );
        }
    }

    fn count(&self, shared: &Shared) {
        let Some(receiver) = &self.receiver else { return };
        let stats = receiver.stats();
        shared.meters.voice_played.store(self.before.0 + stats.played_samples, Ordering::Relaxed);
        shared.meters.voice_concealed.store(self.before.1 + stats.concealed_samples, Ordering::Relaxed);
        shared.meters.voice_buffer_us.store((f64::from(stats.buffer_ms) * 1e3) as u64, Ordering::Relaxed);
    }
}

/// How long so many samples last.
fn span_of(samples: u32) -> Duration {
    Duration::from_micros(u64::from(samples) * 1_000_000 / u64::from(voice::SAMPLE_RATE))
}

/// Passes on what a device says of itself.
fn note_news(shared: &Shared, kind: DeviceKind, problem: Option<DeviceError>, came_back: bool) {
    shared.complain(problem);
    if came_back {
        shared.back(kind);
    }
}

fn note_first_voice(shared: &Shared, at: Timestamp) {
    Meters::note_first(&shared.meters.first_voice, at);
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::{Instant, SystemTime};

    use units::{Clock, DeviceMove, MoveCause};

    use super::super::DeviceNews;
    use super::*;

    /// Wants a frame at each question, and keeps how loud it was.
    #[derive(Default, Clone)]
    struct Ear {
        asked: bool,
        peaks: Arc<Mutex<Vec<f32>>>,
        came_back: bool,
    }

    impl Speaker for Ear {
        fn wants(&mut self, _now: Timestamp) -> bool {
            self.asked = !self.asked;
            self.asked
        }

        fn play(&mut self, frame: &[f32; FRAME]) {
            let peak = frame.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
            self.peaks.lock().unwrap().push(peak);
        }

        fn started(&self) -> Option<Timestamp> {
            None
        }

        fn take_problem(&mut self) -> Option<DeviceError> {
            None
        }

        fn came_back(&mut self) -> bool {
            std::mem::take(&mut self.came_back)
        }

        fn finish(&mut self) -> Result<(), DeviceError> {
            Ok(())
        }
    }

    fn shared() -> Shared {
        Shared::new(Clock::starting_at(Instant::now(), SystemTime::now()), Arc::default())
    }

    #[test]
    fn the_chime_is_heard_in_the_waiting_room_where_there_is_nobody_to_hear_yet() {
        let (shared, ear) = (shared(), Ear::default());
        let mut far = FarEnd::new(Box::new(ear.clone()));
        far.tick(&shared);
        assert_eq!(*ear.peaks.lock().unwrap(), [0.0], "silence before it rings");
        shared.chime.store(true, Ordering::Relaxed);
        (0..70).for_each(|_| far.tick(&shared));
        let loud = ear.peaks.lock().unwrap().iter().filter(|peak| **peak > 0.001).count();
        assert!(loud > 60, "{loud} of 70 frames");
    }

    /// Broken from the beginning: never gives a frame.
    struct Deaf(Option<DeviceError>);

    impl Microphone for Deaf {
        fn started(&self) -> Option<Timestamp> {
            None
        }

        fn pull(&mut self, _now: Timestamp, _frame: &mut [f32; FRAME]) -> bool {
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
        let (shared, (_plans, plans)) = (shared(), watch::channel(Plans::BEFORE_THE_FIRST_WORD));
        let busy = DeviceError::Busy { kind: DeviceKind::Microphone };
        NearEnd::new(Box::new(Deaf(Some(busy)))).unwrap().tick(&shared, &plans);
        let news = std::mem::take(&mut *shared.news());
        assert!(matches!(
            news.as_slice(),
            [DeviceNews::Problem(DeviceError::Busy { .. }), DeviceNews::Moved(DeviceKind::Microphone, _)]
        ));
    }

    #[test]
    fn a_loudspeaker_that_came_back_is_told_of_once() {
        let shared = shared();
        let mut far = FarEnd::new(Box::new(Ear { came_back: true, ..Ear::default() }));
        (0..3).for_each(|_| far.tick(&shared));
        assert!(matches!(shared.news().as_slice(), [DeviceNews::Back(DeviceKind::Speaker)]));
    }
}
