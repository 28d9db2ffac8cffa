//! Two sides of a call: one flashes and clicks, the other one watches and listens.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use call::PicturePlan;
use devices::camera::CapturedFrame;
use devices::microphone::Microphone;
use devices::screen::Screen;
use devices::speaker::Speaker;
use media::picture::I420;
use peer::{Peer, PeerConfig, PeerEvent, PeerStreams};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::timeout;
use units::{Clock, DataRate, PictureSize, Timestamp};

use super::actors::{Clicker, Ear, Eye, Log, Silence};
use super::link::Link;
use crate::media::lip_meter::LipMeter;
use crate::media::{MediaThreads, OpenMicrophone, Shared};

/// What the other side saw and heard.
#[derive(Debug)]
pub(super) struct Watched {
    flashes: Vec<Timestamp>,
    clicks: Vec<Timestamp>,
    pub(super) lips: LipMeter,
}

impl Watched {
    /// How much later each flash was seen than its click was heard, in milliseconds, but for the first few.
    pub(super) fn offsets_ms(&self) -> Vec<f64> {
        let nearest = |flash: &Timestamp| {
            let offset = |click: &Timestamp| (flash.as_micros() as f64 - click.as_micros() as f64) / 1e3;
            self.clicks.iter().map(offset).min_by(|a, b| a.abs().total_cmp(&b.abs()))
        };
        self.flashes.iter().skip(SETTLING).filter_map(nearest).collect()
    }
}

/// What is played: a flash and a click in each second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Act {
    pub(super) link: Link,
    /// How long after it was taken a picture comes out of the camera.
    pub(super) camera_late: Duration,
    pub(super) secs: u64,
}

/// Plays it.
pub(super) async fn play(act: Act) -> Watched {
    let clock = Clock::starting_at(Instant::now(), SystemTime::now());
    let [(actor, actor_streams), (watcher, watcher_streams)] = connected(act.link, clock).await;
    let start = clock.timestamp(Instant::now());
    let (flashes, clicks) = (Log::default(), Log::default());
    let acting = side(clock, Clicker::from(start), Ear::default(), Eye::default());
    let watching = side(clock, Silence, Ear::writing(clicks.clone()), Eye::writing(flashes.clone()));
    acting.set_plans(|plans| {
        plans.picture = PicturePlan::On { height: SIZE.height, fps: 30, rate: DataRate::from_kbps(100) };
    });
    for (threads, peer, streams) in [(&acting, &actor, actor_streams), (&watching, &watcher, watcher_streams)] {
        peer.set_media_open(true);
        threads.attach(peer, streams.voice, streams.picture);
        tokio::spawn(serve(streams.events, threads.shared().clone()));
    }
    let shared = acting.shared().clone();
    tokio::task::spawn_blocking(move || flash(&shared, start, act)).await.expect("the camera does not fall over");
    // What is on its way arrives.
    tokio::time::sleep(Duration::from_millis(600)).await;
    let lips = watching.shared().meters.lips();
    for threads in [acting, watching] {
        tokio::task::block_in_place(|| drop(threads.finish()));
    }
    for peer in [actor, watcher] {
        peer.close().await;
    }
    let taken = |log: &Log| std::mem::take(&mut *log.lock().unwrap());
    Watched { flashes: taken(&flashes), clicks: taken(&clicks), lips }
}

fn side(
    clock: Clock,
    microphone: impl Microphone + 'static,
    speaker: impl Speaker + 'static,
    screen: impl Screen + 'static,
) -> MediaThreads {
    let shared = Arc::new(Shared::new(clock, Arc::default()));
    let microphone = OpenMicrophone { device: Box::new(microphone), processed: false };
    MediaThreads::spawn(shared, Handle::current(), microphone, Box::new(speaker), Box::new(screen), true)
}

/// Two peers with their control channels open, and only the way over `link` between them.
async fn connected(link: Link, clock: Clock) -> [(Arc<Peer>, PeerStreams); 2] {
    let open = || async {
        let start_rate = DataRate::from_kbps(1_500);
        let config = PeerConfig { start_rate, include_loopback: true, ..PeerConfig::default() };
        let (peer, streams) = Peer::open(config, clock).await.expect("a peer opens");
        (Arc::new(peer), streams)
    };
    let (mut actor, mut watcher) = (open().await, open().await);
    let offer = actor.0.create_offer(false).await.expect("an offer");
    let answer = watcher.0.accept_offer(offer).await.expect("an answer");
    actor.0.accept_answer(answer).await.expect("the answer is taken");
    let mut opened = [false; 2];
    let exchange = async {
        while opened != [true; 2] {
            let (side, event) = tokio::select! {
                event = actor.1.events.recv() => (0, event.expect("the actor is there")),
                event = watcher.1.events.recv() => (1, event.expect("the watcher is there")),
            };
            match event {
                PeerEvent::ControlOpened => opened[side] = true,
                PeerEvent::Candidate(candidate) if side == 1 && candidate.address.is_loopback() => {
                    let candidate = link.before(&candidate).await;
                    actor.0.add_candidates(vec![candidate]).await.expect("it is taken");
                }
                _ => {}
            }
        }
    };
    timeout(Duration::from_secs(20), exchange).await.expect("the two connect");
    [actor, watcher]
}

/// What the driver does for the media threads.
async fn serve(mut events: mpsc::Receiver<PeerEvent>, shared: Arc<Shared>) {
    while let Some(event) = events.recv().await {
        if event == PeerEvent::KeyFrameWanted {
            shared.key_frame_wanted.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    }
}

/// Thirty pictures a second from `start` on, every thirtieth of them white.
fn flash(shared: &Shared, start: Timestamp, act: Act) {
    let of = |luma: u8| {
        let mut picture = I420::black(SIZE);
        picture.planes_mut()[0].fill(luma);
        Arc::new(picture)
    };
    let (dark, bright) = (of(16), of(235));
    for index in 0..act.secs * 30 {
        let captured = start + Duration::from_micros(index * 1_000_000 / 30);
        std::thread::sleep((captured + act.camera_late).since(shared.now()));
        let picture = if index % 30 == 0 { bright.clone() } else { dark.clone() };
        shared.latest.put(CapturedFrame { picture, captured, index }, shared);
    }
}

const SIZE: PictureSize = PictureSize::new(320, 180);
/// Flashes that are seen before all clocks are known and the playout has settled.
const SETTLING: usize = 4;
