//! From the microphone to the link.

use devices::microphone::Microphone;
use media::voice::{self, FRAME, VoiceSettings};
use peer::VoiceOut;
use tokio::sync::watch;
use units::DeviceKind;

use super::audio::note_news;
use super::meters::Meters;
use super::{Plans, Shared};

/// Microphone to link.
pub(super) struct NearEnd {
    pub(super) microphone: Box<dyn Microphone>,
    encoder: voice::Encoder,
    /// Whether the next packet begins to speak: the RTP marker (RFC 3551 section 4.1).
    begins: bool,
}

impl NearEnd {
    pub(super) fn new(microphone: Box<dyn Microphone>) -> Result<Self, voice::VoiceError> {
        Ok(Self { microphone, encoder: voice::Encoder::new(VoiceSettings::default())?, begins: true })
    }

    pub(super) fn tick(&mut self, shared: &Shared, plans: &watch::Receiver<Plans>) {
        let mut frame = [0.0_f32; FRAME];
        while self.microphone.pull(shared.now(), &mut frame) {
            if let Some(started) = self.microphone.started() {
                Meters::note_first(&shared.meters.microphone_started, started);
            }
            let plans = *plans.borrow();
            note_news(shared, DeviceKind::Microphone, self.microphone.take_problem(), self.microphone.came_back());
            if plans.muted {
                frame.fill(0.0);
            }
            shared.meters.microphone_level.hear(&frame);
            self.follow(&plans);
            // Encoded even while nobody listens: the RTP timestamps stay true to the time.
            let Some(encoded) = self.encoder.push(&frame) else { continue };
            match shared.routes.current() {
                Some(route) => route.peer.send_voice(VoiceOut {
                    payload: encoded.payload.into(),
                    timestamp: encoded.timestamp,
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
            fec: plan.fec,
            expected_loss: plan.expected_loss,
        };
        if self.encoder.settings() != settings {
            self.encoder.set(settings);
        }
    }
}
