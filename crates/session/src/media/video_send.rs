//! The picture's way out: the newest frame, scaled and encoded as planned; a late one is dropped and counted.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use call::PicturePlan;
use devices::FrameRate;
use devices::camera::CapturedFrame;
use media::h264;
use media::picture::I420;
use media::scale::Scaler;
use peer::{Peer, PictureOut};
use tokio::sync::watch;
use units::{DataRate, Timestamp};

use super::slides::Slides;
use super::{Plans, Route, Shared};

/// The newest frame of the camera. `Latest`: a newer one replaces one that was not taken.
#[derive(Default)]
pub(super) struct LatestFrame {
    slot: Mutex<Option<CapturedFrame>>,
    filled: Condvar,
}

impl LatestFrame {
    pub(super) fn put(&self, frame: CapturedFrame, shared: &Shared) {
        shared.meters.on_captured(frame.index, frame.captured);
        shared.pictures.put_own(Some(frame.picture.clone()));
        *self.slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(frame);
        self.filled.notify_one();
    }

    fn take(&self, wait: Duration) -> Option<CapturedFrame> {
        let slot = self.slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (mut slot, _) = self
            .filled
            .wait_timeout_while(slot, wait, |slot| slot.is_none())
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        slot.take()
    }
}

/// How long the thread waits for a frame before it looks whether it shall stop.
const PATIENCE: Duration = Duration::from_millis(100);
/// Two seconds of pictures: what waits longer is dropped by the queue before the link.
const MOST_QUEUED: usize = 60;
/// Ticks of RTP's video clock a second (RFC 6184 section 5.1).
const VIDEO_CLOCK_HZ: u64 = 90_000;

pub(super) fn run(shared: &Shared, plans: &watch::Receiver<Plans>, latest: &LatestFrame) {
    let mut sender = PictureSender {
        encoder: None,
        scaler: Scaler::new(),
        scaled: None,
        next_due: Timestamp::ZERO,
        slides: Slides::default(),
        queued: VecDeque::new(),
    };
    let mut last_route: Option<Route> = None;
    while !shared.stopping() {
        let frame = latest.take(PATIENCE);
        let route = shared.routes.current();
        // The route before this one too: what left just before a hang-up has left.
        for route in last_route.iter().chain(&route) {
            sender.note_sent(shared, &route.peer);
        }
        last_route = route.clone().or(last_route);
        let Some(frame) = frame else { continue };
        let plans = *plans.borrow();
        if plans.camera_off {
            continue;
        }
        let (due, wanted) = match plans.picture {
            PicturePlan::On { height, fps, rate } => {
                let gives = shared.camera_format().map_or(FrameRate::THIRTY, |format| format.fps);
                (sender.is_due(&frame, fps, gives), Wanted { height, fps, rate, slide: false })
            }
            PicturePlan::Slides { height, every, rate } => {
                // For the encoder: one a second, each as large as all that there is for one. A key frame comes out twice as
                // large (5.3 kB of 2.5), and as one of two a second 3.8 kB, hardly less sharp: the first is to be there soon.
                let fps = if sender.slides.begins() || shared.key_frame_wanted.load(Ordering::Relaxed) { 2 } else { 1 };
                let due = sender.is_slide_due(shared, &frame, every, rate);
                let rate = DataRate::of_bytes(rate.bytes_in(every), Duration::from_secs(1));
                (due, Wanted { height, fps, rate, slide: true })
            }
            PicturePlan::Off(_) => continue,
        };
        let Some(route) = route.as_ref().filter(|_| due) else { continue };
        let started = shared.now();
        if let Some(picture) = sender.encode(shared, &frame, wanted) {
            sender.note_queued(frame.index, picture.timestamp);
            if wanted.slide {
                sender.slides.on_sent(frame.captured, picture.annexb.len(), picture.key);
            }
            route.peer.send_picture(picture);
        }
        smooth(shared, shared.now() - started);
    }
    if let Some(route) = last_route {
        sender.note_sent(shared, &route.peer);
    }
}

struct PictureSender {
    encoder: Option<h264::Encoder>,
    scaler: Scaler,
    scaled: Option<I420>,
    next_due: Timestamp,
    slides: Slides,
    /// Pictures that wait for the link: frame of the camera, RTP timestamp.
    queued: VecDeque<(u64, u32)>,
}

#[derive(Clone, Copy)]
struct Wanted {
    height: u32,
    fps: u32,
    rate: DataRate,
    /// A single picture.
    slide: bool,
}

impl PictureSender {
    fn note_queued(&mut self, index: u64, rtp: u32) {
        self.queued.push_back((index, rtp));
        if self.queued.len() > MOST_QUEUED {
            self.queued.pop_front();
        }
    }

    /// Counts what has left meanwhile; what was overtaken by something that left is never coming.
    fn note_sent(&mut self, shared: &Shared, peer: &Peer) {
        for rtp in peer.take_sent_frames() {
            let Some(position) = self.queued.iter().position(|(_, queued)| *queued == rtp) else { continue };
            if let Some((index, rtp)) = self.queued.drain(..=position).next_back() {
                shared.meters.on_sent(index, rtp);
            }
        }
    }

    /// Whether the planned frame rate has room for this frame: an even comb, whatever the camera gives.
    fn is_due(&mut self, frame: &CapturedFrame, fps: u32, gives: FrameRate) -> bool {
        let interval = Duration::from_secs(1) / fps.max(1);
        // Half a camera interval early counts as due, or 30 of 30 frames would become 15.
        let slack = gives.time_of(1) / 2;
        if frame.captured + slack < self.next_due {
            return false;
        }
        let behind = frame.captured.since(self.next_due) > interval;
        self.next_due = if behind { frame.captured + interval } else { self.next_due + interval };
        true
    }

    /// Whether the next single picture is due. A key frame that was asked for comes in its turn.
    fn is_slide_due(&self, shared: &Shared, frame: &CapturedFrame, every: Duration, rate: DataRate) -> bool {
        if self.slides.answers_key_frame(frame.captured) {
            // Asked for while it was on its way: it asks again if it does not come.
            shared.key_frame_wanted.store(false, Ordering::Relaxed);
        }
        self.slides.is_due(frame.captured, every, rate, self.queued.is_empty())
    }

    fn encode(&mut self, shared: &Shared, frame: &CapturedFrame, wanted: Wanted) -> Option<PictureOut> {
        let source = &*frame.picture;
        let size = source.size().fitted_to_height(wanted.height);
        let key_frame = shared.key_frame_wanted.swap(false, Ordering::Relaxed);
        let encoder = match &mut self.encoder {
            Some(encoder) => encoder,
            None => self.encoder.insert(
                h264::Encoder::new(size, wanted.fps, wanted.rate)
                    .map_err(|error| tracing::error!(%error, "the picture encoder did not start"))
                    .ok()?,
            ),
        };
        if let Err(error) = follow(encoder, size, wanted) {
            tracing::warn!(%error, "the picture encoder did not take its plan");
            self.encoder = None;
            return None;
        }
        if key_frame {
            encoder.force_key_frame();
        }
        let picture = if size == source.size() {
            source
        } else {
            let scaled = match self.scaled.take() {
                Some(scaled) if scaled.size() == size => scaled,
                _ => I420::new(size),
            };
            let scaled = self.scaled.insert(scaled);
            self.scaler.scale(source, scaled);
            scaled
        };
        match encoder.encode(picture) {
            Ok(Some(encoded)) => Some(PictureOut {
                annexb: encoded.data.into(),
                timestamp: rtp_timestamp(frame.captured),
                key: encoded.key,
                layer: encoded.layer,
                captured: frame.captured,
                slide: wanted.slide,
            }),
            Ok(None) => None,
            Err(error) => {
                tracing::warn!(%error, "a picture could not be encoded");
                self.encoder = None;
                None
            }
        }
    }
}

/// Tells the encoder what changed; the size first, because a change of it forgets the rate.
fn follow(encoder: &mut h264::Encoder, size: units::PictureSize, wanted: Wanted) -> Result<(), h264::EncodeError> {
    if encoder.size() != size {
        encoder.set_size(size)?;
    }
    if encoder.frame_rate() != wanted.fps {
        encoder.set_frame_rate(wanted.fps)?;
    }
    if encoder.rate() != wanted.rate {
        encoder.set_rate(wanted.rate)?;
    }
    Ok(())
}

fn rtp_timestamp(captured: Timestamp) -> u32 {
    (u128::from(captured.as_micros()) * u128::from(VIDEO_CLOCK_HZ) / 1_000_000) as u32
}

/// Keeps a mean of about ten pictures.
fn smooth(shared: &Shared, took: Duration) {
    let before = shared.meters.encode_us.load(Ordering::Relaxed);
    let took = took.as_micros() as u64;
    let mean = if before == 0 { took } else { (before * 9 + took) / 10 };
    shared.meters.encode_us.store(mean, Ordering::Relaxed);
}
