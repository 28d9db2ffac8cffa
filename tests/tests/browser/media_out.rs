//! Our picture and our voice, on their way out: as the app sends them, with the product's devices and codecs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use devices::camera::{self, Camera, CapturedFrame, PatternKind};
use devices::sound::FRAME_SAMPLES;
use devices::{CameraChoice, MicrophoneChoice, microphone};
use media::{h264, voice};
use peer::{Peer, PictureOut, VoiceOut};
use units::{Clock, DataRate, PictureSize};

use crate::footage::Footage;

/// What sends; dropping it stops it.
pub(crate) struct MediaOut {
    camera: Option<Camera>,
    stop: Arc<AtomicBool>,
    microphone: Option<JoinHandle<()>>,
}

impl MediaOut {
    /// Sends to `peer` from now on; a picture is a key frame when `key_frame_wanted` has been set.
    pub(crate) fn start(peer: &Peer, clock: Clock, footage: &Footage, key_frame_wanted: Arc<AtomicBool>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let camera = {
            let peer = peer.clone();
            let mut encoder = h264::Encoder::new(SIZE, 30, START_RATE).expect("the encoder starts");
            let sink = Box::new(move |frame| send_picture(&peer, &mut encoder, &frame, &key_frame_wanted));
            camera::open(&CameraChoice::Pattern(PatternKind::Clinician), clock, sink).expect("the pattern is drawn")
        };
        let microphone = {
            let (peer, stop) = (peer.clone(), stop.clone());
            let choice = MicrophoneChoice::File(footage.own_sound());
            std::thread::spawn(move || send_voice(&peer, clock, &choice, &stop))
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

fn send_picture(peer: &Peer, encoder: &mut h264::Encoder, frame: &CapturedFrame, key_frame_wanted: &AtomicBool) {
    // Four fifths for the picture; what is left carries the voice and the headers of both.
    let rate = DataRate::from_bps(peer.stats().target.as_bps() * 4 / 5).min(MAX_RATE);
    encoder.set_rate(rate).expect("the encoder takes a rate");
    if key_frame_wanted.swap(false, Ordering::Relaxed) {
        encoder.force_key_frame();
    }
    if let Some(encoded) = encoder.encode(&frame.picture).expect("the picture is encoded") {
        peer.send_picture(PictureOut {
            annexb: encoded.data.into(),
            timestamp: (frame.captured.as_micros() * 9 / 100) as u32,
            key: encoded.key,
            captured: frame.captured,
        });
    }
}

fn send_voice(peer: &Peer, clock: Clock, choice: &MicrophoneChoice, stop: &AtomicBool) {
    let mut microphone = microphone::open(choice).expect("the tone can be read");
    let mut encoder = voice::Encoder::new(voice::VoiceSettings::default()).expect("the encoder starts");
    let mut frame = [0.0; FRAME_SAMPLES];
    let mut marker = true;
    while !stop.load(Ordering::Relaxed) {
        while microphone.pull(clock.timestamp(Instant::now()), &mut frame) {
            if let Some(encoded) = encoder.push(&frame) {
                let marker = std::mem::take(&mut marker);
                peer.send_voice(VoiceOut { payload: encoded.payload.into(), timestamp: encoded.timestamp, marker });
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Of the pattern.
const SIZE: PictureSize = PictureSize::new(640, 360);
const START_RATE: DataRate = DataRate::from_kbps(240);
const MAX_RATE: DataRate = DataRate::from_kbps(1_200);
