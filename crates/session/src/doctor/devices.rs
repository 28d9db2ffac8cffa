//! Each device, opened for a moment.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use ::devices::DeviceError;
use ::devices::camera::{self, CameraChoice};
use ::devices::microphone::{self, MicrophoneChoice};
use ::devices::sound::FRAME_SAMPLES;
use ::devices::speaker::{self, SpeakerChoice};
use ::doctor::{DeviceOutcome, DeviceTrial};
use tokio::task::JoinSet;
use tokio::time::timeout;
use units::{Clock, DeviceKind, DeviceTrouble};

use super::{DoctorEvent, TellDoctor};
use crate::board::trouble;

/// How long a device may take to be opened and to give something: the slowest cameras take two seconds.
const LIMIT: Duration = Duration::from_secs(8);
/// How long a microphone is listened to when nothing but zeros come, and a camera or a loudspeaker waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// A room is never as still as this; a switched-off microphone gives zeros.
const STILL: f32 = 1e-5;
const LOOK: Duration = Duration::from_millis(5);

/// Tries all of them beside each other.
pub(super) async fn try_all(
    camera: CameraChoice,
    microphone: MicrophoneChoice,
    speaker: SpeakerChoice,
    tell: TellDoctor,
) -> Vec<DeviceTrial> {
    let mut under_way = JoinSet::new();
    under_way.spawn(try_one(DeviceKind::Camera, move || try_camera(&camera)));
    under_way.spawn(try_one(DeviceKind::Microphone, move || try_microphone(&microphone)));
    under_way.spawn(try_one(DeviceKind::Speaker, move || try_speaker(&speaker)));
    let mut all = Vec::new();
    while let Some(done) = under_way.join_next().await {
        if let Ok(trial) = done {
            tell(&DoctorEvent::Device(trial.clone()));
            all.push(trial);
        }
    }
    all
}

/// What is found out of a device, and what it gave.
type Tried = Result<(DeviceOutcome, String), DeviceError>;

async fn try_one(kind: DeviceKind, attempt: impl FnOnce() -> Tried + Send + 'static) -> DeviceTrial {
    let (outcome, detail) = match timeout(LIMIT, tokio::task::spawn_blocking(attempt)).await {
        Ok(Ok(Ok(tried))) => tried,
        Ok(Ok(Err(error))) => {
            let trouble = trouble(&error).map_or(DeviceTrouble::Failed, |(_, trouble)| trouble);
            (DeviceOutcome::Trouble(trouble), error.to_string())
        }
        Ok(Err(_fault)) => (DeviceOutcome::Trouble(DeviceTrouble::Failed), String::new()),
        Err(_) => (DeviceOutcome::Trouble(DeviceTrouble::Stalled), "it takes too long to open".to_owned()),
    };
    DeviceTrial { kind, outcome, detail }
}

fn try_camera(choice: &CameraChoice) -> Tried {
    if *choice == CameraChoice::None {
        return Ok(unwanted());
    }
    let (sink, frames) = mpsc::sync_channel(1);
    let sink = Box::new(move |frame| drop(sink.try_send(frame)));
    let mut camera = camera::open(choice, clock(), sink)?;
    // The second one: some cameras give one of before.
    let came = (0..2).all(|_| frames.recv_timeout(PATIENCE).is_ok());
    let format = camera
        .format()
        .map(|format| format!("{}x{}, {} a second", format.size.width, format.size.height, format.fps.rounded()));
    match camera.take_problem() {
        Some(problem) => Err(problem),
        None if came => Ok((DeviceOutcome::Works, format.unwrap_or_default())),
        None => Ok((DeviceOutcome::Trouble(DeviceTrouble::Stalled), format.unwrap_or_default())),
    }
}

fn try_microphone(choice: &MicrophoneChoice) -> Tried {
    if *choice == MicrophoneChoice::None {
        return Ok(unwanted());
    }
    let clock = clock();
    let mut microphone = microphone::open(choice)?;
    let (begun, mut frame) = (Instant::now(), [0.0; FRAME_SAMPLES]);
    let (mut heard, mut loudest) = (0_u32, 0.0_f32);
    while begun.elapsed() < PATIENCE {
        while microphone.pull(clock.timestamp(Instant::now()), &mut frame) {
            heard += 1;
            loudest = frame.iter().fold(loudest, |loudest, sample| loudest.max(sample.abs()));
        }
        if let Some(problem) = microphone.take_problem() {
            return Err(problem);
        }
        // Some systems begin with silence: what is heard counts, and what is not is waited for.
        if heard >= ENOUGH_FRAMES && loudest > STILL {
            break;
        }
        thread::sleep(LOOK);
    }
    let level = format!("loudest {:.0} dB of full scale", 20.0 * loudest.max(1e-6).log10());
    Ok(match (heard, loudest > STILL) {
        (0, _) => (DeviceOutcome::Trouble(DeviceTrouble::Stalled), String::new()),
        (_, true) => (DeviceOutcome::Works, level),
        (_, false) => (DeviceOutcome::Silent, level),
    })
}

fn try_speaker(choice: &SpeakerChoice) -> Tried {
    if *choice == SpeakerChoice::None {
        return Ok(unwanted());
    }
    let clock = clock();
    let mut speaker = speaker::open(choice)?;
    let (begun, mut played) = (Instant::now(), 0_u32);
    while begun.elapsed() < PATIENCE && played < ENOUGH_FRAMES {
        while speaker.wants(clock.timestamp(Instant::now())) && played < ENOUGH_FRAMES {
            speaker.play(&[0.0; FRAME_SAMPLES]);
            played += 1;
        }
        if let Some(problem) = speaker.take_problem() {
            return Err(problem);
        }
        thread::sleep(LOOK);
    }
    speaker.finish()?;
    match played {
        ENOUGH_FRAMES => Ok((DeviceOutcome::Works, String::new())),
        _ => Ok((DeviceOutcome::Trouble(DeviceTrouble::Stalled), String::new())),
    }
}

/// Half a second of frames of 10 ms: more than any buffer takes without a device that empties it.
const ENOUGH_FRAMES: u32 = 50;

fn unwanted() -> (DeviceOutcome, String) {
    (DeviceOutcome::Unwanted, String::new())
}

fn clock() -> Clock {
    Clock::starting_at(Instant::now(), SystemTime::now())
}
