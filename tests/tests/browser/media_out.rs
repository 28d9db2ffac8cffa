//! Our picture and our voice, on their way out: as the app sends them, with the product's devices and codecs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use devices::camera::{self, Camera, CapturedFrame, PatternKind};
use devices::sound::FRAME_SAMPLES;
use devices::{CameraChoice, MicrophoneChoice, microphone};
use media::scale::Scaler;
use media::{I420, h264, voice};
use peer::{Peer, PictureOut, VoiceFormat, VoiceFormats, VoiceOut};
use units::{Clock, DataRate, PictureSize, VoiceRedundancy};

use crate::footage::Footage;

/// What is sent, and may change at any time, as the product's policy changes it.
pub(crate) struct Plan {
    /// The next picture is to be a key frame.
    pub(crate) key_frame_wanted: AtomicBool,
    /// How high pictures are.
    pub(crate) height: AtomicU32,
    /// How long voice packets are.
    pub(crate) packet_ms: AtomicU8,
    /// Whether voice packets carry a coarse copy of the one before (in-band FEC).
    pub(crate) fec: AtomicBool,
    /// Whether voice packets carry the one before as it was (RED).
    pub(crate) red: AtomicBool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            key_frame_wanted: true.into(),
            height: SIZE.height.into(),
            packet_ms: 20.into(),
            fec: true.into(),
            red: false.into(),
        }
    }
}

/// What sends; dropping it stops it.
pub(crate) struct MediaOut {
    camera: Option<Camera>,
    stop: Arc<AtomicBool>,
    microphone: Option<JoinHandle<()>>,
}

impl MediaOut {
    /// Sends to `peer` from now on.
    pub(crate) fn start(peer: &Peer, clock: Clock, footage: &Footage, plan: &Arc<Plan>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let camera = {
            let (peer, plan) = (peer.clone(), plan.clone());
            let encoder = h264::Encoder::new(SIZE, 30, START_RATE).expect("the encoder starts");
            let mut pictures = Pictures { peer, plan, encoder, scaler: Scaler::new() };
            let sink = Box::new(move |frame| pictures.send(&frame));
            camera::open(&CameraChoice::Pattern(PatternKind::Clinician), clock, sink).expect("the pattern is drawn")
        };
        let microphone = {
            let (peer, stop, plan) = (peer.clone(), stop.clone(), plan.clone());
            let choice = MicrophoneChoice::File(footage.own_sound());
            std::thread::spawn(move || send_voice(&peer, clock, &choice, &plan, &stop))
        };
        Self { camera: Some(camera), stop, microphone: Some(microphone) }
    }
}

impl Drop for MediaOut {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(self.camera.take());
        if let Some(microphone) = self.microphone.take() {
            let _ = microphone.join();
        }
    }
}

struct Pictures {
    peer: Peer,
    plan: Arc<Plan>,
    encoder: h264::Encoder,
    scaler: Scaler,
}

impl Pictures {
    fn send(&mut self, frame: &CapturedFrame) {
        let size = SIZE.fitted_to_height(self.plan.height.load(Ordering::Relaxed));
        let mut scaled = I420::new(size);
        self.scaler.scale(&frame.picture, &mut scaled);
        // Four fifths for the picture; what is left carries the voice and the headers of both.
        let rate = DataRate::from_bps(self.peer.stats().target.as_bps() * 4 / 5).min(MAX_RATE);
        self.encoder.set_size(size).expect("the encoder takes a size");
        self.encoder.set_rate(rate).expect("the encoder takes a rate");
        if self.plan.key_frame_wanted.swap(false, Ordering::Relaxed) {
            self.encoder.force_key_frame();
        }
        if let Some(encoded) = self.encoder.encode(&scaled).expect("the picture is encoded") {
            self.peer.send_picture(PictureOut {
                annexb: encoded.data.into(),
                timestamp: (frame.captured.as_micros() * 9 / 100) as u32,
                key: encoded.key,
                layer: encoded.layer,
                captured: frame.captured,
                slide: false,
            });
        }
    }
}

fn send_voice(peer: &Peer, clock: Clock, choice: &MicrophoneChoice, plan: &Plan, stop: &AtomicBool) {
    let mut microphone = microphone::open(choice).expect("the tone can be read");
    let mut encoder = voice::Encoder::new(voice::VoiceSettings::default()).expect("the encoder starts");
    let mut frame = [0.0; FRAME_SAMPLES];
    let mut marker = true;
    while !stop.load(Ordering::Relaxed) {
        while microphone.pull(clock.timestamp(Instant::now()), &mut frame) {
            let packet_ms = plan.packet_ms.load(Ordering::Relaxed);
            let (red, fec) = (plan.red.load(Ordering::Relaxed), plan.fec.load(Ordering::Relaxed));
            let redundancy = match (red, fec) {
                (true, _) => VoiceRedundancy::Red { copies: 1, distance: 1 },
                (false, true) => VoiceRedundancy::InBand,
                (false, false) => VoiceRedundancy::None,
            };
            encoder.set(voice::VoiceSettings { packet_ms, redundancy, expected_loss: 0.1, ..encoder.settings() });
            if let Some(encoded) = encoder.push(&frame) {
                let timestamp = encoded.timestamp;
                let (format, payload) = match peer.voice_formats() {
                    Some(VoiceFormats { opus, red: Some(_) }) if red => {
                        (VoiceFormat::Red, voice::red::pack(opus, &encoded))
                    }
                    _ => (VoiceFormat::Opus, encoded.payload),
                };
                let spoken_for = Duration::from_micros(u64::from(encoded.samples) * 1_000 / 48);
                let captured = clock.timestamp(Instant::now()).before(spoken_for);
                let marker = std::mem::take(&mut marker);
                peer.send_voice(VoiceOut { payload: payload.into(), format, timestamp, captured, marker });
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Of the pattern.
const SIZE: PictureSize = PictureSize::new(640, 360);
const START_RATE: DataRate = DataRate::from_kbps(240);
const MAX_RATE: DataRate = DataRate::from_kbps(1_200);
