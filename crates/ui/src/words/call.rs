//! The call: its switches, how it stands, what the person should know of it.

use call::{Check, LinkQuality, Phase, Problem, ReconnectCause, Snapshot};
use signaling_protocol::Role;
use units::{DeviceKind, Devices};

use crate::Volume;

/// What the button for the microphone does now.
pub(crate) fn mute(muted: bool) -> &'static str {
    if muted { say!(microphone_turn_on) } else { say!(microphone_turn_off) }
}

/// How the microphone stands, below its round button.
pub(crate) fn mute_short(muted: bool) -> &'static str {
    if muted { say!(microphone_is_muted) } else { say!(microphone_mute) }
}

/// Somebody speaks who is muted; `keys` turn the microphone on.
pub(crate) fn muted_and_speaking(keys: &str) -> String {
    say!(muted_and_speaking, keys = keys)
}

/// What the button for the camera does now.
pub(crate) fn camera(off: bool) -> &'static str {
    if off { say!(camera_turn_on) } else { say!(camera_turn_off) }
}

/// How the camera stands, below its round button.
pub(crate) fn camera_short(off: bool) -> &'static str {
    if off { say!(camera_is_off) } else { say!(camera_short) }
}

words! {
    volume,
    close_volume,
    quieter,
    louder,
    full_screen,
    in_window,
    mini_enter,
    mini_leave,
    zoom_in,
    zoom_out,
    own_view,
    own_hide,
    own_show,
    own_move,
    own_put_away,
    own_mirror,
    key_volume,
    key_zoom,
    key_pan,
    key_full_screen,
    key_mini,
}

/// How loud the other side is played.
pub(crate) fn volume_is(volume: Volume) -> String {
    say!(volume_is, percent = volume.percent())
}

/// How good the links of both are.
pub(crate) fn quality(own: LinkQuality, theirs: LinkQuality) -> String {
    if (own, theirs) == (LinkQuality::Good, LinkQuality::Good) {
        return say!(quality_good_both).to_owned();
    }
    say!(quality_of_both, own = quality_name(own), theirs = quality_name(theirs))
}

fn quality_name(quality: LinkQuality) -> &'static str {
    match quality {
        LinkQuality::Good => say!(quality_good),
        LinkQuality::Fair => say!(quality_fair),
        LinkQuality::Poor => say!(quality_poor),
    }
}

/// What one can do about a weak link: about one's own first.
pub(crate) fn quality_advice(own: LinkQuality, theirs: LinkQuality) -> Option<&'static str> {
    match (own, theirs) {
        (LinkQuality::Poor, _) => Some(say!(quality_advice_own)),
        (_, LinkQuality::Poor) => Some(say!(quality_advice_theirs)),
        _ => None,
    }
}

/// What stands in the place of our picture.
pub(crate) fn own_picture_instead(camera_off: bool, trouble: bool, any: bool) -> Option<&'static str> {
    match (camera_off, trouble, any) {
        (true, ..) => Some(say!(own_camera_off)),
        (_, true, _) => Some(say!(own_camera_broken)),
        (.., false) => Some(say!(own_picture_none)),
        (.., true) => None,
    }
}

/// What stands in the place of their picture.
pub(crate) fn other_picture_instead(call: &Snapshot, any: bool) -> Option<&'static str> {
    let camera_off = call.remote.is_some_and(|remote| remote.camera_off);
    match (call.phase, camera_off, any) {
        (Phase::Connecting { .. }, ..) => Some(say!(their_picture_to_come)),
        (_, true, _) => Some(say!(their_camera_off)),
        _ if matches!(call.remote, Some(call::Remote { picture: call::PictureSent::LinkTooThin, .. })) => {
            Some(super::their_link_too_thin())
        }
        (_, false, false) => Some(say!(their_picture_none)),
        (_, false, true) => None,
    }
}

/// How the call stands, and what happens next where something does.
pub(crate) fn call_status(call: &Snapshot) -> (&'static str, Option<&'static str>) {
    match call.phase {
        Phase::Connecting { .. } if call.role == Role::Host => (say!(connecting), Some(say!(connecting_takes))),
        Phase::Connecting { .. } => (say!(connecting), Some(say!(connecting_let_in))),
        Phase::Reconnecting { cause, .. } => {
            let (title, lasts) = match (cause, call.role) {
                (ReconnectCause::LinkLost, Role::Host) => (say!(reconnecting), say!(link_lost_host)),
                (ReconnectCause::LinkLost, Role::Guest) => (say!(reconnecting), say!(link_lost_guest)),
                (ReconnectCause::TheirAppStopped, Role::Host) => {
                    (say!(waiting_for_other), say!(their_app_stopped_host))
                }
                (ReconnectCause::TheirAppStopped, Role::Guest) => {
                    (say!(waiting_for_other), say!(their_app_stopped_guest))
                }
            };
            (title, Some(lasts))
        }
        _ => (say!(connected), None),
    }
}

/// What the person should know of a call: what the app says first, then what the engine says, then a lost server. What
/// is said of a device in more detail is not said here.
pub(crate) fn call_problem(call: &Snapshot, of_app: Option<&str>, devices: &Devices) -> Option<String> {
    if let Some(problem) = of_app {
        return Some(problem.to_owned());
    }
    let device = match &call.problem {
        Some(Problem::CameraLost) => Some(DeviceKind::Camera),
        Some(Problem::MicrophoneLost) => Some(DeviceKind::Microphone),
        Some(Problem::SpeakerLost) => Some(DeviceKind::Speaker),
        _ => None,
    };
    let said = device.is_some_and(|kind| devices.of(kind).trouble.is_some());
    if let Some(problem) = call.problem.as_ref().filter(|problem| !said && !is_over(call, problem)) {
        return Some(problem_in_call(problem));
    }
    let waits = matches!(call.phase, Phase::WaitingRoom { .. });
    (waits && !call.signaling_up).then(|| {
        match call.role {
            Role::Guest => super::server_away(),
            Role::Host => say!(server_away_host),
        }
        .to_owned()
    })
}

/// The engine keeps the newest problem; one of a comparison is over when digits are shown again or were the same, and is
/// said with the button for the next where they were lost.
fn is_over(call: &Snapshot, problem: &Problem) -> bool {
    let check = call.assurance.as_ref().map(|known| known.check);
    match problem {
        Problem::CheckInterrupted => check.is_some_and(|check| check != Check::None),
        Problem::CheckedTooOften => matches!(check, Some(Check::Same | Check::Shown(_))),
        _ => false,
    }
}

/// Each with the next step.
fn problem_in_call(problem: &Problem) -> String {
    let words = match problem {
        Problem::GuestRefused { reason, .. } => return super::turned_away(*reason),
        Problem::AdmissionFailed(_) => {
            say!(problem_in_call_admission_failed)
        }
        Problem::CheckInterrupted => say!(problem_in_call_check_interrupted),
        Problem::CheckedTooOften => {
            say!(problem_in_call_checked_too_often)
        }
        Problem::AlreadySomebodyIn => say!(problem_in_call_already_somebody_in),
        Problem::CodeNotSaid(_) => say!(problem_in_call_code_not_said),
        Problem::LogRewritten => {
            say!(problem_in_call_log_rewritten)
        }
        Problem::NotWritten(error) => super::not_sent(*error),
        Problem::NotOffered(error) => super::not_offered(*error),
        Problem::MicrophoneLost => {
            say!(problem_in_call_microphone_lost)
        }
        Problem::CameraLost => say!(problem_in_call_camera_lost),
        Problem::SpeakerLost => say!(problem_in_call_speaker_lost),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use call::transfer::{OfferError, TextError};
    use signaling_protocol::EndpointId;

    use super::*;

    #[test]
    fn every_problem_of_a_call_has_a_sentence_and_a_next_step() {
        let endpoint = EndpointId::from_random([1; 16]);
        let reason = call::Refusal::LinkExpired;
        let all = [
            Problem::GuestRefused { endpoint, reason },
            Problem::AdmissionFailed(endpoint),
            Problem::AlreadySomebodyIn,
            Problem::CheckInterrupted,
            Problem::CheckedTooOften,
            Problem::CodeNotSaid(endpoint),
            Problem::LogRewritten,
            Problem::NotWritten(TextError::Empty),
            Problem::NotWritten(TextError::TooLong),
            Problem::NotWritten(TextError::TooManyWaiting),
            Problem::NotOffered(OfferError::TooLarge),
            Problem::NotOffered(OfferError::TooMany),
            Problem::MicrophoneLost,
            Problem::CameraLost,
            Problem::SpeakerLost,
        ];
        for problem in all {
            match problem {
                Problem::GuestRefused { .. }
                | Problem::AdmissionFailed(_)
                | Problem::AlreadySomebodyIn
                | Problem::CheckInterrupted
                | Problem::CheckedTooOften
                | Problem::CodeNotSaid(_)
                | Problem::LogRewritten
                | Problem::NotWritten(TextError::Empty | TextError::TooLong | TextError::TooManyWaiting)
                | Problem::NotOffered(OfferError::TooLarge | OfferError::TooMany)
                | Problem::MicrophoneLost
                | Problem::CameraLost
                | Problem::SpeakerLost => {}
            }
            let words = problem_in_call(&problem);
            assert!(words.contains(". ") && words.ends_with('.'), "{words}");
        }
    }
}
