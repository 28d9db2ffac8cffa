//! The audio thread: near end and far end together, in frames of 10 ms, so that echo cancelling needs no lock.

use std::time::Duration;

use devices::DeviceError;
use devices::speaker::Speaker;
use tokio::sync::watch;
use units::DeviceKind;

use super::far_end::FarEnd;
use super::near_end::NearEnd;
use super::{OpenMicrophone, Plans, Shared};

/// How often the thread looks: half a frame, so that a frame is at most 5 ms late.
const TICK: Duration = Duration::from_millis(5);

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
    while !shared.stopping() {
        if let Some(speaker) = shared.new_speaker.take() {
            shared.complain(far.speaker.finish().err());
            far.speaker = speaker;
        }
        far.tick(shared, |frame| {
            if let Some(near) = &mut near {
                near.hear_loudspeaker(frame);
            }
        });
        if let Some(near) = &mut near {
            if let Some(microphone) = shared.new_microphone.take() {
                near.microphone = microphone;
            }
            near.tick(shared, *plans.borrow(), far.speaker.is_headset());
        }
        std::thread::sleep(TICK);
    }
    shared.complain(far.speaker.finish().err());
}

/// Passes on what a device says of itself.
pub(super) fn note_news(shared: &Shared, kind: DeviceKind, problem: Option<DeviceError>, came_back: bool) {
    shared.complain(problem);
    if came_back {
        shared.back(kind);
    }
}
