//! From the link to the loudspeaker.

use std::sync::atomic::Ordering;

use devices::sound::FRAME_DURATION;
use devices::speaker::Speaker;
use media::near_end::SoundFrame;
use media::voice::{self, FRAME, VoicePacket, red};
use peer::{ReceivedPacket, VoiceFormat, VoiceFormats};
use units::{DeviceKind, Timestamp};

use super::audio::note_news;
use super::chime::Chime;
use super::heard_back::HeardBack;
use super::meters::Meters;
use super::volume::Volume;
use super::{PacketReceiver, Shared};

/// Link to loudspeaker.
pub(super) struct FarEnd {
    pub(super) speaker: Box<dyn Speaker>,
    packets: Option<PacketReceiver>,
    receiver: Option<voice::Receiver>,
    generation: u64,
    /// Samples played and made up by receivers of earlier routes.
    before: (u64, u64),
    chime: Chime,
    volume: Volume,
}

impl FarEnd {
    pub(super) fn new(speaker: Box<dyn Speaker>) -> Self {
        Self {
            speaker,
            packets: None,
            receiver: None,
            generation: 0,
            before: (0, 0),
            chime: Chime::default(),
            volume: Volume::default(),
        }
    }

    /// Plays what is due, and gives to `played` each frame as the loudspeaker has it.
    pub(super) fn tick(&mut self, shared: &Shared, mut played: impl FnMut(&SoundFrame)) {
        if let Some(packets) = shared.routes.new_voice(&mut self.generation) {
            self.packets = packets;
            shared.lips.begin_anew();
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
                // What the next frame will begin with follows this one.
                let next_heard = now + self.speaker.latency() + FRAME_DURATION;
                if let Some((next, delay)) = receiver.next_timestamp().zip(receiver.playout_delay()) {
                    receiver.set_least_delay(shared.lips.heard(next_heard, next, delay));
                }
            }
            self.volume.apply(&mut frame, shared.volume_percent.load(Ordering::Relaxed));
            if shared.chime.swap(false, Ordering::Relaxed) {
                self.chime.ring();
                shared.heard_back.set(HeardBack::Listening);
            }
            self.chime.mix(&mut frame);
            shared.meters.speaker_level.hear(&frame);
            self.speaker.play(&frame);
            played(&frame);
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
        let formats = || shared.routes.current().and_then(|route| route.peer.own_voice_formats());
        while let Ok(packet) = packets.try_recv() {
            note_first_voice(shared, packet.arrived);
            match unpack(&packet, formats) {
                Ok(voice) => receiver.push(packet.arrived, voice),
                // It counts as lost: the next one may carry what was in it.
                Err(error) => tracing::debug!(%error, "voice packet refused"),
            }
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

/// The voice in a packet, and the copies that came along.
fn unpack(
    packet: &ReceivedPacket,
    formats: impl FnOnce() -> Option<VoiceFormats>,
) -> Result<VoicePacket, red::RedError> {
    // Asked for RED alone: most packets are none.
    let formats = (packet.format == Some(VoiceFormat::Red)).then(formats).flatten();
    let (payload, redundant) = match formats {
        Some(formats) => {
            let packed = red::parse(formats.opus, &packet.payload)?;
            (packed.primary.to_vec(), packed.redundant_blocks())
        }
        None => (packet.payload.to_vec(), Vec::new()),
    };
    Ok(VoicePacket { sequence: packet.sequence, timestamp: packet.timestamp, payload, redundant })
}

fn note_first_voice(shared: &Shared, at: Timestamp) {
    Meters::note_first(&shared.meters.first_voice, at);
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::{Instant, SystemTime};

    use devices::DeviceError;
    use units::Clock;

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
        far.tick(&shared, |_| {});
        assert_eq!(*ear.peaks.lock().unwrap(), [0.0], "silence before it rings");
        shared.chime.store(true, Ordering::Relaxed);
        let mut played = 0;
        (0..70).for_each(|_| far.tick(&shared, |frame| played += usize::from(frame.iter().any(|it| it.abs() > 0.001))));
        let loud = ear.peaks.lock().unwrap().iter().filter(|peak| **peak > 0.001).count();
        assert!(loud > 60, "{loud} of 70 frames");
        assert_eq!(played, loud, "the near end is told of all that sounds");
    }

    #[test]
    fn copies_that_came_along_reach_the_playout_and_bytes_that_are_no_red_do_not() {
        let formats = || Some(VoiceFormats { opus: 111, red: Some(63) });
        let copy = voice::RedundantBlock { offset: 960, payload: vec![3, 4] };
        let sent = voice::EncodedVoice { payload: vec![1, 2], timestamp: 1_920, samples: 960, redundant: vec![copy] };
        let came = |format, payload: Vec<u8>| ReceivedPacket {
            sequence: 7,
            timestamp: sent.timestamp,
            marker: false,
            payload: payload.into(),
            format,
            arrived: Timestamp::ZERO,
        };
        let whole = unpack(&came(Some(VoiceFormat::Red), red::pack(111, &sent)), formats).unwrap();
        assert_eq!((whole.sequence, whole.timestamp), (7, 1_920));
        assert_eq!((whole.payload, whole.redundant), (sent.payload.clone(), sent.redundant.clone()));
        let plain = unpack(&came(Some(VoiceFormat::Opus), vec![1, 2]), formats).unwrap();
        assert_eq!((plain.payload, plain.redundant), (vec![1, 2], Vec::new()));
        assert!(unpack(&came(Some(VoiceFormat::Red), vec![0x80]), formats).is_err());
    }

    #[test]
    fn a_loudspeaker_that_came_back_is_told_of_once() {
        let shared = shared();
        let mut far = FarEnd::new(Box::new(Ear { came_back: true, ..Ear::default() }));
        (0..3).for_each(|_| far.tick(&shared, |_| {}));
        assert!(matches!(shared.news().as_slice(), [DeviceNews::Back(DeviceKind::Speaker)]));
    }
}
