//! How a headless visit went, in one word and one exit status: the end of the contract of `docs/headless.md`.

use call::{EndReason, Phase, Remote};

/// Picture and sound arrived, of what was not `none`.
pub(crate) const EXIT_PICTURE_AND_SOUND: u8 = 0;
/// Sound arrived and no picture.
pub(crate) const EXIT_SOUND_ONLY: u8 = 2;
/// The visit was never live, or nothing was heard in it.
pub(crate) const EXIT_NEVER_LIVE: u8 = 3;
/// Refused: by the server, by the other person, or by us because something was not safe.
pub(crate) const EXIT_REFUSED: u8 = 4;

/// What happened, as far as it matters for the verdict.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    /// Where the engine ended.
    pub(crate) phase: Phase,
    /// The server said no before there was a call, or cannot be the right one.
    pub(crate) refused: bool,
    /// The person gave up waiting.
    pub(crate) gave_up: bool,
    /// The server never answered.
    pub(crate) unreachable: bool,
    pub(crate) was_live: bool,
    pub(crate) heard: bool,
    pub(crate) saw: bool,
    /// Own loudspeaker and screen: what was to arrive.
    pub(crate) wants_sound: bool,
    pub(crate) wants_picture: bool,
    /// What the other side said of its microphone and camera, if it said anything.
    pub(crate) remote: Option<Remote>,
}

/// The verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// How it ended, in a closed word.
    pub(crate) end: &'static str,
    /// The exit status.
    pub(crate) exit: u8,
}

/// Judges.
pub(crate) fn judge(facts: &Facts) -> Verdict {
    let end = match facts.phase {
        _ if facts.refused => "refused",
        _ if facts.gave_up && facts.unreachable => "server_unreachable",
        _ if facts.gave_up => "gave_up",
        Phase::Ended(reason) => reason.name(),
        // The loop stops only at an end or a refusal.
        _ => "gave_up",
    };
    let turned_away = match facts.phase {
        Phase::Ended(reason) => matches!(reason, EndReason::Refused(_) | EndReason::Denied | EndReason::Removed),
        _ => false,
    };
    let their_sound = !facts.remote.is_some_and(|remote| remote.muted);
    let their_picture = !facts.remote.is_some_and(|remote| remote.camera_off);
    let exit = if facts.refused || turned_away {
        EXIT_REFUSED
    } else if !facts.was_live || (!facts.heard && facts.wants_sound && their_sound) {
        EXIT_NEVER_LIVE
    } else if !facts.saw && facts.wants_picture && their_picture {
        EXIT_SOUND_ONLY
    } else {
        EXIT_PICTURE_AND_SOUND
    };
    Verdict { end, exit }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL_ON: Remote =
        Remote { muted: false, camera_off: false, picture: call::PictureSent::Moving, save_data: false };
    const WHOLE: Facts = Facts {
        phase: Phase::Ended(EndReason::HungUp),
        refused: false,
        gave_up: false,
        unreachable: false,
        was_live: true,
        heard: true,
        saw: true,
        wants_sound: true,
        wants_picture: true,
        remote: Some(ALL_ON),
    };

    fn exit(facts: Facts) -> u8 {
        judge(&facts).exit
    }

    #[test]
    fn what_was_wanted_and_sent_must_have_arrived() {
        assert_eq!(judge(&WHOLE), Verdict { end: "hung_up", exit: EXIT_PICTURE_AND_SOUND });
        assert_eq!(exit(Facts { saw: false, ..WHOLE }), EXIT_SOUND_ONLY);
        assert_eq!(exit(Facts { heard: false, ..WHOLE }), EXIT_NEVER_LIVE);
        assert_eq!(exit(Facts { heard: false, saw: false, was_live: false, ..WHOLE }), EXIT_NEVER_LIVE);
    }

    #[test]
    fn what_was_none_at_either_end_is_not_missed() {
        let nothing = Facts { heard: false, saw: false, ..WHOLE };
        assert_eq!(exit(Facts { wants_sound: false, wants_picture: false, ..nothing }), EXIT_PICTURE_AND_SOUND);
        let without = Some(Remote { muted: true, camera_off: true, ..ALL_ON });
        assert_eq!(exit(Facts { remote: without, ..nothing }), EXIT_PICTURE_AND_SOUND);
        assert_eq!(exit(Facts { remote: None, ..nothing }), EXIT_NEVER_LIVE);
    }

    #[test]
    fn a_refusal_is_one_whoever_said_it() {
        assert_eq!(judge(&Facts { refused: true, ..WHOLE }), Verdict { end: "refused", exit: EXIT_REFUSED });
        let denied = Facts { phase: Phase::Ended(EndReason::Denied), was_live: false, ..WHOLE };
        assert_eq!(judge(&denied), Verdict { end: "denied", exit: EXIT_REFUSED });
    }

    #[test]
    fn waiting_in_vain_says_for_whom() {
        let vain = Facts { gave_up: true, was_live: false, ..WHOLE };
        assert_eq!(judge(&vain), Verdict { end: "gave_up", exit: EXIT_NEVER_LIVE });
        assert_eq!(judge(&Facts { unreachable: true, ..vain }).end, "server_unreachable");
    }
}
