//! How good the link is, of each side, for words and for what is told after a visit: by what the policy of the call makes of it.

use crate::{Phase, PictureOff, PicturePlan, PictureSent, Snapshot};

/// How good a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkQuality {
    /// Nothing is to be noticed.
    Good,
    /// Now and then something is lost.
    Fair,
    /// The picture is given up for the voice, or much is lost.
    Poor,
}

/// From which part of lost packets on the voice is heard to suffer, now and then and always: the voice policy covers less by
/// itself.
const FAIR_LOSS: f32 = 0.04;
const POOR_LOSS: f32 = 0.12;

impl LinkQuality {
    /// Of our link, and of theirs as far as they have told; nothing where nobody talks.
    pub fn of_both(call: &Snapshot) -> Option<(Self, Self)> {
        if !matches!(call.phase, Phase::Live { .. }) {
            return None;
        }
        let lost = match call.voice_plan.expected_loss {
            loss if loss >= POOR_LOSS => Self::Poor,
            loss if loss >= FAIR_LOSS => Self::Fair,
            _ => Self::Good,
        };
        let thin = match call.picture_plan {
            PicturePlan::Slides { .. } | PicturePlan::Off(PictureOff::LinkTooThin) => Self::Poor,
            _ => Self::Good,
        };
        let theirs = match call.remote?.picture {
            PictureSent::Slides | PictureSent::LinkTooThin => Self::Poor,
            _ => Self::Good,
        };
        Some((lost.max(thin), theirs))
    }
}
