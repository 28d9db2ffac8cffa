//! What a link carries, by the same policy that decides it in a call.

use std::time::Duration;

use call::{CameraFormat, LinkEstimate, MediaConfig, PicturePlan, Preferences, QualityPolicy};
use serde::Serialize;
use units::{DataRate, PictureSize, Timestamp};

/// What a link carries of a visit, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Carries {
    /// Not even a voice.
    Nothing,
    /// The voice alone.
    Voice,
    /// The voice, and a picture every few seconds.
    Slides,
    /// The voice, and a picture that moves.
    Moving,
}

/// What a link of this rate carries, headers counted, that loses this share of its packets (0 to 1): what a call would begin with.
pub fn carries(rate: DataRate, loss: f32, round_trip: Option<Duration>) -> Carries {
    let media = MediaConfig { sends_voice: true, camera: Some(USUAL_CAMERA), receives_picture: true };
    let mut policy = QualityPolicy::new(media, Preferences::default());
    let link = LinkEstimate {
        target: rate,
        loss,
        voice_loss: loss,
        // As if each packet were lost by itself: nothing is known of bursts.
        loss_follows_loss: loss,
        round_trip,
        takes_red: true,
    };
    policy.on_estimate(Timestamp::from_millis(1_000), link);
    let (voice, picture) = policy.plans();
    match picture {
        _ if voice.wire_rate() > rate => Carries::Nothing,
        PicturePlan::Off(_) => Carries::Voice,
        PicturePlan::Slides { .. } => Carries::Slides,
        PicturePlan::On { .. } => Carries::Moving,
    }
}

/// What most laptops have.
const USUAL_CAMERA: CameraFormat = CameraFormat { size: PictureSize { width: 1_280, height: 720 }, fps: 30 };

#[cfg(test)]
mod tests {
    use super::*;

    fn at(kbps: u64) -> Carries {
        carries(DataRate::from_kbps(kbps), 0.0, Some(Duration::from_millis(60)))
    }

    #[test]
    fn what_is_carried_is_what_a_call_would_begin_with() {
        assert_eq!(at(3), Carries::Nothing);
        assert_eq!(at(24), Carries::Voice);
        assert_eq!(at(60), Carries::Slides);
        assert_eq!(at(100), Carries::Moving);
        assert_eq!(at(100_000), Carries::Moving);
    }

    #[test]
    fn more_never_carries_less() {
        for loss in [0.0, 0.02, 0.1, 0.2] {
            let all: Vec<_> = (1..200).map(|kbps| carries(DataRate::from_kbps(kbps), loss, None)).collect();
            assert!(all.is_sorted(), "{loss}: {all:?}");
        }
    }
}
