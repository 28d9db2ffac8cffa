//! One speaks, the other listens, each on an audio thread as in the product.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use devices::{MicrophoneChoice, SpeakerChoice};
use media::near_end::{NearEnd, NearEndSettings};
use media::voice::{Encoder, FRAME, Receiver, VoicePacket, VoiceSettings};
use testkit::link::{Link, LinkConfig};
use units::{Clock, Timestamp};

use super::ruler::{Recorder, Recording};
use crate::cpu;

/// One way over `good` on either side.
pub(super) const LINK_MS: u64 = 20;

/// What came of it.
#[derive(Debug)]
pub(super) struct Talked {
    pub(super) spoken: Recording,
    /// The same once more: what the ruler itself is wrong by.
    pub(super) spoken_again: Recording,
    pub(super) heard: Recording,
    /// How long the far end's buffer delayed the voice, each time that a frame was played.
    pub(super) playout_ms: Vec<f64>,
    /// How long each frame then waited in the loudspeaker's ring.
    pub(super) ring_ms: Vec<f64>,
    pub(super) concealed_share: f64,
    /// By thread.
    pub(super) cpu: BTreeMap<String, f64>,
}

/// Talks for so many seconds.
pub(super) fn talk(voice: &Path, seconds: u64) -> Result<Talked> {
    let beginning = Instant::now();
    let clock = Clock::starting_at(beginning, SystemTime::now());
    let [spoken, spoken_again, heard] =
        ["mic_feed.monitor", "mic_feed.monitor", "speaker.monitor"].map(|source| Recorder::start(source, beginning));
    let stop = Arc::new(AtomicBool::new(false));
    let link = Arc::new(Mutex::new(Way::new()));
    let near = {
        let (link, stop) = (link.clone(), stop.clone());
        thread::Builder::new().name("near".to_owned()).spawn(move || near(clock, &link, &stop))?
    };
    let far = {
        let (link, stop) = (link, stop.clone());
        thread::Builder::new().name("far".to_owned()).spawn(move || far(clock, &link, &stop))?
    };
    let mut mouth = Mouth::open(voice)?;
    let mut before = None;
    while beginning.elapsed() < Duration::from_secs(seconds) {
        mouth.go_on()?;
        thread::sleep(Duration::from_millis(100));
        if beginning.elapsed() > Duration::from_secs(10) && before.is_none() {
            before = Some((Instant::now(), used()));
        }
    }
    let cpu = before.map(|(since, before)| shares(&before, &used(), since.elapsed())).unwrap_or_default();
    stop.store(true, Ordering::Relaxed);
    near.join().ok().context("the near end had a fault")??;
    let Heard { playout_ms, ring_ms, concealed_share } = far.join().ok().context("the far end had a fault")??;
    let [spoken, spoken_again, heard] = [spoken?.stop()?, spoken_again?.stop()?, heard?.stop()?];
    Ok(Talked { spoken, spoken_again, heard, playout_ms, ring_ms, concealed_share, cpu })
}

/// Two links in a row: up from one, down to the other.
struct Way {
    up: Link<VoicePacket>,
    down: Link<VoicePacket>,
}

impl Way {
    fn new() -> Self {
        let good = || Link::new(LinkConfig::of(20_000, LINK_MS / 2, 100), 7);
        Self { up: good(), down: good() }
    }

    fn send(&mut self, now: Timestamp, packet: VoicePacket) {
        self.up.send(now, size(&packet), packet);
    }

    fn poll(&mut self, now: Timestamp) -> Option<(Timestamp, VoicePacket)> {
        while let Some((at, packet)) = self.up.poll(now) {
            self.down.send(at, size(&packet), packet);
        }
        self.down.poll(now)
    }
}

/// On the wire, with all headers.
fn size(packet: &VoicePacket) -> usize {
    packet.payload.len() + 64
}

/// Microphone to link, as the product's audio thread does it.
fn near(clock: Clock, link: &Mutex<Way>, stop: &AtomicBool) -> Result<()> {
    let mut microphone = devices::microphone::open(&MicrophoneChoice::Device(None))?;
    microphone.wakes(&thread::current());
    let mut encoder = Encoder::new(VoiceSettings::default())?;
    // All of it at work, beside a loudspeaker that is silent.
    let mut near_end = NearEnd::new(NearEndSettings::ON);
    let (mut frame, mut sequence) = ([0.0; FRAME], 0_u16);
    while !stop.load(Ordering::Relaxed) {
        while microphone.pull(clock.timestamp(Instant::now()), &mut frame) {
            near_end.render(&[0.0; FRAME]);
            near_end.capture(&mut frame);
            let Some(voice) = encoder.push(&frame) else { continue };
            let packet = VoicePacket {
                sequence,
                timestamp: voice.timestamp,
                payload: voice.payload,
                redundant: voice.redundant,
            };
            sequence = sequence.wrapping_add(1);
            link.lock().unwrap_or_else(PoisonError::into_inner).send(clock.timestamp(Instant::now()), packet);
        }
        thread::park_timeout(LONGEST);
    }
    Ok(())
}

/// What the far end saw.
struct Heard {
    playout_ms: Vec<f64>,
    ring_ms: Vec<f64>,
    concealed_share: f64,
}

/// Link to loudspeaker, as the product's audio thread does it.
fn far(clock: Clock, link: &Mutex<Way>, stop: &AtomicBool) -> Result<Heard> {
    let mut speaker = devices::speaker::open(&SpeakerChoice::Device(None))?;
    speaker.wakes(&thread::current());
    let mut receiver = Receiver::new()?;
    let (mut frame, mut playout_ms, mut ring_ms) = ([0.0; FRAME], Vec::new(), Vec::new());
    while !stop.load(Ordering::Relaxed) {
        let now = clock.timestamp(Instant::now());
        while let Some((at, packet)) = link.lock().unwrap_or_else(PoisonError::into_inner).poll(now) {
            receiver.push(at, packet);
        }
        while speaker.wants(clock.timestamp(Instant::now())) {
            receiver.pull(clock.timestamp(Instant::now()), &mut frame);
            ring_ms.push(speaker.latency().as_secs_f64() * 1e3);
            speaker.play(&frame);
            playout_ms.extend(receiver.playout_delay().map(|delay| delay.as_secs_f64() * 1e3));
        }
        thread::park_timeout(LONGEST);
    }
    let stats = receiver.stats();
    let concealed_share = stats.concealed_samples as f64 / stats.played_samples.max(1) as f64;
    Ok(Heard { playout_ms, ring_ms, concealed_share })
}

/// Speaks a file into the microphone, again and again.
struct Mouth<'a> {
    voice: &'a Path,
    process: Child,
}

impl<'a> Mouth<'a> {
    fn open(voice: &'a Path) -> Result<Self> {
        Ok(Self { voice, process: play(voice)? })
    }

    fn go_on(&mut self) -> Result<()> {
        if self.process.try_wait()?.is_some() {
            self.process = play(self.voice)?;
        }
        Ok(())
    }
}

impl Drop for Mouth<'_> {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn play(voice: &Path) -> Result<Child> {
    let mut command = Command::new("paplay");
    command.args(["--device=mic_feed", "--latency-msec=50"]).arg(voice).stdin(Stdio::null());
    command.spawn().context("this bench needs paplay: install the package pulseaudio-utils")
}

/// What each thread of this process has used of a core, by its name.
fn used() -> BTreeMap<String, Duration> {
    let mut used = BTreeMap::new();
    for task in fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        // A thread may end while it is looked at; none of those that count does.
        let Ok(name) = fs::read_to_string(task.path().join("comm")) else { continue };
        let Some(time) = cpu::used(&task.path()) else { continue };
        *used.entry(name.trim().to_owned()).or_default() += time;
    }
    used
}

/// In percent of a core, of the threads on the voice's way, and in sum.
fn shares(
    before: &BTreeMap<String, Duration>,
    after: &BTreeMap<String, Duration>,
    elapsed: Duration,
) -> BTreeMap<String, f64> {
    let is_ours = |name: &str| ["near", "far", "microphone-", "loudspeaker-"].iter().any(|ours| name.starts_with(ours));
    let share = |name: &String, after: &Duration| {
        let used = after.saturating_sub(before.get(name).copied().unwrap_or_default());
        (used.as_secs_f64() / elapsed.as_secs_f64() * 1e4).round() / 1e2
    };
    let mut shares: BTreeMap<String, f64> = after
        .iter()
        .filter(|(name, _)| is_ours(name))
        .map(|(name, after)| (name.clone(), share(name, after)))
        .collect();
    shares.insert("all".to_owned(), (shares.values().sum::<f64>() * 1e2).round() / 1e2);
    shares
}

/// How long the product's audio thread sleeps at most beside devices that wake it.
const LONGEST: Duration = Duration::from_millis(20);
