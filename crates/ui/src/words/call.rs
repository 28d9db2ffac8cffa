//! The call: its switches, how it stands, what the person should know of it.

use call::transfer::{OfferError, TextError};
use call::{Check, Phase, Problem, ReconnectCause, Snapshot};
use signaling_protocol::Role;
use units::{DeviceKind, Devices};

/// What the button for the microphone does now.
pub(crate) const fn mute(muted: bool) -> &'static str {
    if muted { "Turn microphone on" } else { "Turn microphone off" }
}

/// How the microphone stands, below its round button.
pub(crate) const fn mute_short(muted: bool) -> &'static str {
    if muted { "Muted" } else { "Mute" }
}

/// Somebody speaks who is muted; `keys` turn the microphone on.
pub(crate) fn muted_and_speaking(keys: &str) -> String {
    format!("You are muted, so the other side does not hear you. {keys} turns your microphone on.")
}

/// What the button for the camera does now.
pub(crate) const fn camera(off: bool) -> &'static str {
    if off { "Turn camera on" } else { "Turn camera off" }
}

/// How the camera stands, below its round button.
pub(crate) const fn camera_short(off: bool) -> &'static str {
    if off { "Camera is off" } else { "Camera" }
}

/// What stands in the place of our picture.
pub(crate) const fn own_picture_instead(camera_off: bool, trouble: bool, any: bool) -> Option<&'static str> {
    match (camera_off, trouble, any) {
        (true, ..) => Some("Your camera is off"),
        (_, true, _) => Some("Your camera does not work"),
        (.., false) => Some("No picture yet"),
        (.., true) => None,
    }
}

/// What stands in the place of their picture.
pub(crate) const fn other_picture_instead(call: &Snapshot, camera_off: bool, any: bool) -> Option<&'static str> {
    match (call.phase, camera_off, any) {
        (Phase::Connecting { .. }, ..) => Some("Their picture will be here"),
        (_, true, _) => Some("Their camera is off"),
        _ if matches!(call.remote, Some(call::Remote { picture: call::PictureSent::LinkTooThin, .. })) => {
            Some(super::THEIR_LINK_TOO_THIN)
        }
        (_, false, false) => Some("No picture from them yet"),
        (_, false, true) => None,
    }
}

/// How the call stands, and what happens next where something does.
pub(crate) fn call_status(call: &Snapshot) -> (&'static str, Option<&'static str>) {
    match call.phase {
        Phase::Connecting { .. } if call.role == Role::Host => ("Connecting…", Some("This takes a few seconds.")),
        Phase::Connecting { .. } => ("Connecting…", Some("You are let in. This takes a few seconds.")),
        Phase::Reconnecting { cause, .. } => {
            let (title, lasts) = match cause {
                ReconnectCause::LinkLost => ("Reconnecting…", LINK_LOST),
                ReconnectCause::TheirAppStopped => ("Waiting for the other side…", THEIR_APP_STOPPED),
            };
            (title, Some(lasts[usize::from(call.role == Role::Guest)]))
        }
        _ => ("Connected", None),
    }
}

/// For the host, and for the guest.
const LINK_LOST: [&str; 2] = [
    "The connection is lost. Stay here: it is tried again by itself for ten minutes.",
    "The connection is lost. Stay here: it is tried again by itself for ten minutes. If it lasts, call the clinic.",
];
const THEIR_APP_STOPPED: [&str; 2] = [
    "Their app stopped. Stay here: the call goes on when they come back.",
    "Their app stopped. Stay here: the call goes on when they come back. If it lasts, call the clinic.",
];

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
            Role::Guest => super::SERVER_AWAY,
            Role::Host => "The server does not answer at the moment. Stay here: it is tried again by itself.",
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
            "The server could not write the admission down, so nobody was let in. Try again."
        }
        Problem::CheckInterrupted => "The digits could not be compared. Start the comparison again.",
        Problem::CheckedTooOften => {
            "Digits were compared too often in this visit. Hang up and meet again by a new link."
        }
        Problem::AlreadySomebodyIn => "There is already somebody in the visit. Hang up before you let in another.",
        Problem::CodeNotSaid(_) => "They have not typed the clinic's code yet. Wait until they have, or call them.",
        Problem::LogRewritten => {
            "The clinic's log of who did what was changed afterwards. Tell whoever looks after the clinic's server."
        }
        Problem::NotWritten(TextError::Empty) => "There was nothing to send. Write something first.",
        Problem::NotWritten(TextError::TooLong) => "The message is too long. Send it in parts.",
        Problem::NotWritten(TextError::TooManyWaiting) => {
            "Your last messages have not arrived yet. Wait until the connection is back."
        }
        Problem::NotOffered(OfferError::TooLarge) => "The file is too large to be sent here. Hand it over another way.",
        Problem::NotOffered(OfferError::TooMany) => "Too many files are under way. Wait until one has arrived.",
        Problem::MicrophoneLost => {
            "Your microphone is gone, so the other side does not hear you. Choose one in Devices."
        }
        Problem::CameraLost => "Your camera is gone, so the other side does not see you. Choose one in Devices.",
        Problem::SpeakerLost => "Your loudspeaker is gone, so you hear nothing. Choose one in Devices.",
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
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
