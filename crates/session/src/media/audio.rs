//! The audio thread: near end and far end together, in frames of 10 ms, so that echo cancelling needs no lock.
//!
//! Real devices wake it when they have a frame or room for one: sound waits for nobody, and between two frames nothing runs.

use std::sync::atomic::Ordering;
use std::thread::{self, Thread};
use std::time::Duration;

use devices::DeviceError;
use devices::speaker::Speaker;
use tokio::sync::watch;
use units::DeviceKind;

use super::far_end::FarEnd;
use super::near_end::NearEnd;
use super::{OpenMicrophone, Plans, Shared};

/// How often the thread looks where a device does not wake it: half a frame, so that a frame is at most 5 ms late.
const TICK: Duration = Duration::from_millis(5);

/// How often it looks beside devices that wake it: for other work, and for what to do while a device is away.
const LONGEST: Duration = Duration::from_millis(20);

pub(super) fn run(
    shared: &Shared,
    plans: &watch::Receiver<Plans>,
    microphone: OpenMicrophone,
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
    let this = thread::current();
    let mut pause = pause_between(&mut far, near.as_mut(), &this);
    while !shared.stopping() {
        let mut is_other = false;
        if let Some(speaker) = shared.new_speaker.take() {
            shared.complain(far.speaker.finish().err());
            far.speaker = speaker;
            is_other = true;
            if shared.tries_speaker.swap(false, Ordering::Relaxed) {
                shared.chime.store(true, Ordering::Relaxed);
            }
        }
        far.tick(shared, |frame| {
            if let Some(near) = &mut near {
                near.hear_loudspeaker(frame);
            }
        });
        if let Some(near) = &mut near {
            if let Some(microphone) = shared.new_microphone.take() {
                near.microphone = microphone;
                is_other = true;
            }
            near.tick(shared, *plans.borrow(), far.speaker.is_headset());
        }
        if is_other {
            pause = pause_between(&mut far, near.as_mut(), &this);
        }
        thread::park_timeout(pause);
    }
    shared.complain(far.speaker.finish().err());
}

/// Asks the devices to wake this thread, and says how long it may sleep beside them.
fn pause_between(far: &mut FarEnd, near: Option<&mut NearEnd>, this: &Thread) -> Duration {
    let loudspeaker_wakes = far.speaker.wakes(this);
    let microphone_wakes = near.is_none_or(|near| near.microphone.device.wakes(this));
    if loudspeaker_wakes && microphone_wakes { LONGEST } else { TICK }
}

/// Passes on what a device says of itself.
pub(super) fn note_news(shared: &Shared, kind: DeviceKind, problem: Option<DeviceError>, came_back: bool) {
    shared.complain(problem);
    if came_back {
        shared.back(kind);
    }
}
