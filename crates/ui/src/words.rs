//! Every word that a person reads, in one place.

use std::time::Duration;

use call::{EndReason, Phase, Problem, ReconnectCause, Refusal, Snapshot};
use desk::{CallEnd, DeskProblem};
use signaling_protocol::Code;

use crate::{DeviceKind, DeviceTrouble};

pub(crate) const NAME: &str = "Housecall";
pub(crate) const BACK: &str = "Back";
pub(crate) const CANCEL: &str = "Cancel";
pub(crate) const OPENING: &str = "Opening the visit…";
pub(crate) const ENDING: &str = "Ending the visit…";

// The start.
pub(crate) const START: &str = "Video visits with your clinic. Private, between the two of you.";
pub(crate) const YOUR_LINK: &str = "Your visit's link";
pub(crate) const LINK_HINT: &str = "Paste it here";
pub(crate) const LINK_HELP: &str = "Your clinic sent it to you. Copy the whole link.";
pub(crate) const OPEN_VISIT: &str = "Open the visit";
pub(crate) const FOR_CLINICIANS: &str = "Do you work at the clinic?";
pub(crate) const TO_SIGN_IN: &str = "Sign in as a clinician";

// Signing in.
pub(crate) const SIGN_IN: &str = "Sign in";
pub(crate) const SIGN_IN_WHY: &str = "For clinicians. Patients need no account: they open their link.";
pub(crate) const SIGNING_IN: &str = "Signing in…";
pub(crate) const SERVER: &str = "Clinic's server";
pub(crate) const SERVER_HINT: &str = "clinic.example";
pub(crate) const ACCOUNT: &str = "Name";
pub(crate) const PASSWORD: &str = "Password";
pub(crate) const TOTP: &str = "One-time code";
pub(crate) const TOTP_HINT: &str = "Six digits, if your account has them";
pub(crate) const ADVANCED: &str = "Server without a public certificate";
pub(crate) const PIN: &str = "Certificate pin";
pub(crate) const PIN_HINT: &str = "sha256:…";
pub(crate) const PIN_HELP: &str = "Only if whoever runs the server gave you one.";
pub(crate) const PIN_WRONG: &str =
    "This is not a certificate pin. It is what the server printed: sha256: and 43 characters.";
pub(crate) const LOCKED: &str = "Locked";
pub(crate) const LOCKED_WHY: &str = "Nobody was here for a while. Type your password to go on.";
pub(crate) const UNLOCK: &str = "Unlock";
pub(crate) const OTHER_PERSON: &str = "Sign in as somebody else";

// The desk.
pub(crate) const DESK: &str = "Your desk";
pub(crate) const DESK_HELP: &str =
    "A visit has a link of its own. You give it to your patient, see when they wait, and let them in.";
pub(crate) const START_VISIT: &str = "Start a visit";
pub(crate) const MAKING_VISIT: &str = "Making the visit…";
pub(crate) const LAST_VISIT: &str = "Your last visit";
pub(crate) const SIGN_OUT: &str = "Sign out";
pub(crate) const VISIT_OVER: &str = "The visit is over";
pub(crate) const BACK_TO_DESK: &str = "Back to your desk";
pub(crate) const START_NEXT_VISIT: &str = "Start another visit";

// The clinician's waiting room.
pub(crate) const HOST_WAITING: &str = "Your visit is open";
pub(crate) const INVITE: &str = "Invite your patient";
pub(crate) const INVITE_HELP: &str = "Send this link by a way that you trust. Whoever has it can knock.";
pub(crate) const LINK: &str = "The visit's link";
pub(crate) const COPY_LINK: &str = "Copy the link";
pub(crate) const COPIED: &str = "Copied";
pub(crate) const COPIED_FOR: Duration = Duration::from_secs(3);
pub(crate) const QR: &str = "The visit's link as a QR code";
pub(crate) const QR_HELP: &str = "Or let the patient's device read this code:";
pub(crate) const NOBODY_HELP: &str = "You will see it here when somebody knocks. Nobody hears or sees you yet.";
pub(crate) const TALKING: &str = "A visit holds one patient. End this call before you let in another.";
pub(crate) const CLOSE_VISIT: &str = "Close the visit";

// The patient before and in the waiting room.
pub(crate) const LOBBY: &str = "Before you go in";
pub(crate) const LOBBY_HELP: &str = "See and hear yourself first. Nothing is sent until you join and are let in.";
pub(crate) const JOIN: &str = "Join the visit";
pub(crate) const JOINING: &str = "Joining…";
pub(crate) const NOT_NOW: &str = "Not now";
pub(crate) const WAITING: &str = "You are in the waiting room";
pub(crate) const WAITING_HELP: &str = "The clinic knows that you are here. Nobody sees or hears you before they let you \
                                       in. You will hear a sound.";
pub(crate) const LEAVE: &str = "Leave the waiting room";

// The call.
pub(crate) const OWN_PICTURE: &str = "Your picture";
pub(crate) const OTHER_PICTURE: &str = "Their picture";
pub(crate) const THEY_ARE_MUTED: &str = "Their microphone is off.";
pub(crate) const THEIR_CAMERA_IS_OFF: &str = "Their camera is off.";
pub(crate) const HANG_UP: &str = "Hang up";
pub(crate) const KEYS: &str = "Keys";
pub(crate) const KEY_MUTE: &str = "Microphone off or on";
pub(crate) const KEY_CAMERA: &str = "Camera off or on";
pub(crate) const KEY_ADMIT: &str = "Let in who waits";

// Devices.
pub(crate) const DEVICES: &str = "Devices";
pub(crate) const CLOSE_DEVICES: &str = "Close devices";
pub(crate) const TEST_SPEAKER: &str = "Play a test sound";
pub(crate) const MICROPHONE_LEVEL: &str = "Microphone level";

// The end.
pub(crate) const CLOSE_WINDOW: &str = "Close Housecall";
pub(crate) const TO_START: &str = "Open another visit";

/// What the button for the microphone does now.
pub(crate) const fn mute(muted: bool) -> &'static str {
    if muted { "Turn microphone on" } else { "Turn microphone off" }
}

/// How the microphone stands, below its round button.
pub(crate) const fn mute_short(muted: bool) -> &'static str {
    if muted { "Muted" } else { "Mute" }
}

/// What the button for the camera does now.
pub(crate) const fn camera(off: bool) -> &'static str {
    if off { "Turn camera on" } else { "Turn camera off" }
}

/// How the camera stands, below its round button.
pub(crate) const fn camera_short(off: bool) -> &'static str {
    if off { "Camera is off" } else { "Camera" }
}

pub(crate) const fn device_kind(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Camera => "Camera",
        DeviceKind::Microphone => "Microphone",
        DeviceKind::Speaker => "Loudspeaker",
    }
}

pub(crate) const fn device_default(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Camera => "The first camera",
        DeviceKind::Microphone => "The system's microphone",
        DeviceKind::Speaker => "The system's loudspeaker",
    }
}

/// What is wrong with a device, what it means, and the next step.
pub(crate) fn device_trouble(kind: DeviceKind, trouble: DeviceTrouble) -> String {
    let (name, without) = match kind {
        DeviceKind::Camera => ("camera", "You can go on without a picture of yours."),
        DeviceKind::Microphone => ("microphone", "Without it the other side does not hear you."),
        DeviceKind::Speaker => ("loudspeaker", "Without it you do not hear the other side."),
    };
    let (what, next) = match trouble {
        DeviceTrouble::Missing => {
            (format!("No {name} was found."), format!("Plug one in, then choose it here. {without}"))
        }
        DeviceTrouble::Denied => (
            format!("The system does not let Housecall use the {name}."),
            format!("Allow it in the system's privacy settings. {without}"),
        ),
        DeviceTrouble::Busy => (
            format!("Another program uses the {name}."),
            format!("Close that program, then choose the {name} here again. {without}"),
        ),
        DeviceTrouble::Unplugged => {
            (format!("The {name} was unplugged."), format!("Plug it in again, or choose another. {without}"))
        }
        DeviceTrouble::Stalled => (
            format!("The {name} gives nothing any more."),
            format!("Unplug it and plug it in again, or choose another. {without}"),
        ),
        DeviceTrouble::Failed => (format!("The {name} does not work."), format!("Choose another. {without}")),
    };
    format!("{what} {next}")
}

/// What the microphone's bar says in words.
pub(crate) fn microphone_heard(muted: bool, loud: f32) -> &'static str {
    match (muted, loud) {
        (true, _) => "Your microphone is off.",
        (false, loud) if loud > 0.35 => "Your microphone hears you.",
        (false, _) => "Say something: the bar should move.",
    }
}

/// What stands in the place of our picture.
pub(crate) const fn own_picture_instead(camera_off: bool, any: bool) -> Option<&'static str> {
    match (camera_off, any) {
        (true, _) => Some("Your camera is off"),
        (false, false) => Some("No picture yet"),
        (false, true) => None,
    }
}

/// What stands in the place of their picture.
pub(crate) const fn other_picture_instead(call: &Snapshot, camera_off: bool, any: bool) -> Option<&'static str> {
    match (call.phase, camera_off, any) {
        (Phase::Connecting { .. }, ..) => Some("Their picture will be here"),
        (_, true, _) => Some("Their camera is off"),
        (_, false, false) => Some("No picture from them yet"),
        (_, false, true) => None,
    }
}

/// How the call stands, and what happens next where something does.
pub(crate) fn call_status(call: &Snapshot) -> (&'static str, Option<&'static str>) {
    match call.phase {
        Phase::Connecting { .. } => ("Connecting…", Some("You are let in. This takes a few seconds.")),
        Phase::Reconnecting { cause: ReconnectCause::LinkLost, .. } => {
            ("Reconnecting…", Some("The connection is lost. Stay here: it is tried again by itself for ten minutes."))
        }
        Phase::Reconnecting { cause: ReconnectCause::TheirAppStopped, .. } => {
            ("Waiting for the other side…", Some("Their app stopped. Stay here: the call goes on when they come back."))
        }
        _ => ("Connected", None),
    }
}

/// What the person should know of a call: what the app says first, then what the engine says, then a lost server.
pub(crate) fn call_problem(call: &Snapshot, of_app: Option<&str>) -> Option<String> {
    if let Some(problem) = of_app {
        return Some(problem.to_owned());
    }
    if let Some(problem) = &call.problem {
        return Some(problem_in_call(problem).to_owned());
    }
    let waits = matches!(call.phase, Phase::WaitingRoom { .. });
    (waits && !call.signaling_up)
        .then(|| "The clinic's server is not reached at the moment. Stay here: it is tried again by itself.".to_owned())
}

fn problem_in_call(problem: &Problem) -> &'static str {
    match problem {
        Problem::GuestRefused { reason: Refusal::NotByOurLink, .. } => {
            "Somebody tried to join without your link and was turned away."
        }
        Problem::GuestRefused { .. } => {
            "Somebody was turned away, because their app did not prove who it is. Give them a new link."
        }
        Problem::AdmissionFailed(_) => {
            "The server could not write the admission down, so nobody was let in. Try again."
        }
        Problem::AlreadySomebodyIn => "There is already somebody in the visit. Hang up before you let in another.",
        Problem::MicrophoneLost => {
            "Your microphone is gone, so the other side does not hear you. Choose one in Devices."
        }
        Problem::CameraLost => "Your camera is gone, so the other side does not see you. Choose one in Devices.",
        Problem::SpeakerLost => "Your loudspeaker is gone, so you hear nothing. Choose one in Devices.",
    }
}

/// The end of a patient's visit: a title, and a sentence with the next step.
pub(crate) fn end_reason(reason: EndReason) -> (&'static str, String) {
    let (title, sentence) = match reason {
        EndReason::HungUp => ("The visit is over", "You ended the call. To come back, open your link again."),
        EndReason::TheyHungUp => ("The visit is over", "The clinic ended the call. You can close this window."),
        EndReason::Denied => ("Not let in", "The clinic did not let you in. Call the clinic if this is a mistake."),
        EndReason::Removed => ("The visit is over", "The clinic ended your part in the visit."),
        EndReason::VisitOver => ("The visit is over", "Its time is over, or nobody was in it any more."),
        EndReason::NoConnection => (
            "No connection",
            "The two apps could not reach each other. Try another network, such as a telephone's, or call the clinic.",
        ),
        EndReason::HandshakeUnfinished => (
            "The connection is too weak",
            "A way to the clinic was found, but it is too weak for a safe call. Try another network, or call the clinic.",
        ),
        EndReason::ConnectionLost => (
            "The connection was lost",
            "It did not come back within ten minutes. Look after your network, then open your link again.",
        ),
        EndReason::Refused(refusal) => return ("The visit could not go on", refused(refusal)),
    };
    (title, sentence.to_owned())
}

fn refused(refusal: Refusal) -> String {
    match refusal {
        Refusal::Server(code) => of_code(code).to_owned(),
        Refusal::Version => "This app is too old or too new for the clinic's server. Update it.".to_owned(),
        other => format!("{other} Call the clinic before you try again."),
    }
}

/// What a server's no means to who reads it.
pub(crate) const fn of_code(code: Code) -> &'static str {
    match code {
        Code::SignInRefused => "The name, the password or the one-time code is wrong. Type them again.",
        Code::NotSignedIn => "The time of your sign-in is over. Sign in again.",
        Code::NotAllowed => "This account may not do that. Ask who runs the server.",
        Code::InviteNotUsable => "This link does not work. Copy the whole link again, or ask the clinic for a new one.",
        Code::InviteExpired => "The time of this link is over. Ask the clinic for a new one.",
        Code::InviteInUse => "This link is in use on another device. Close Housecall there, then try again.",
        Code::VisitEnded | Code::VisitNotFound => "The visit is over. Ask the clinic if you expected one.",
        Code::VisitFull => "The visit is full. Wait a little, then try again.",
        Code::VersionNotSpoken => "This app is too old or too new for the clinic's server. Update it.",
        Code::TooManyRequests => "That was tried too often. Wait a minute, then try again.",
        Code::StorageFailed => "The server could not store this, and nothing was changed. Try again in a while.",
        _ => "The server has a fault. Try again in a while.",
    }
}

/// What went wrong at the desk.
pub(crate) fn desk_problem(problem: &DeskProblem) -> String {
    match problem {
        DeskProblem::Server(_) => "This is not a server's address. It looks like clinic.example, or \
                                   clinic.example:8443."
            .to_owned(),
        DeskProblem::NameMissing => "Type the name of your account.".to_owned(),
        DeskProblem::PasswordMissing => "Type your password.".to_owned(),
        DeskProblem::Refused(code) => of_code(*code).to_owned(),
        DeskProblem::Unreachable => {
            "The server cannot be reached. Check its address and this machine's network, then try again.".to_owned()
        }
        DeskProblem::Failed(sentence) => sentence.clone(),
        DeskProblem::NotAClinician => {
            "This account is not a clinician's, and only clinicians hold visits. Sign in with another.".to_owned()
        }
        DeskProblem::SignInOver => "The time of your sign-in is over. Sign in again.".to_owned(),
        DeskProblem::OddAnswer => "The server answered something unexpected. Update this app.".to_owned(),
    }
}

/// How a visit went, for the clinician.
pub(crate) fn call_end(end: &CallEnd) -> String {
    match end {
        CallEnd::ByUs => "You ended the visit.".to_owned(),
        CallEnd::ByThem => "The patient ended the call.".to_owned(),
        CallEnd::VisitOver => "The visit's time was over, or all were away too long.".to_owned(),
        CallEnd::NoConnection => "No connection to the patient was found. They may try another network.".to_owned(),
        CallEnd::HandshakeUnfinished => {
            "The way to the patient was too weak for a safe call. They may try another network.".to_owned()
        }
        CallEnd::ConnectionLost => "The connection was lost and did not come back.".to_owned(),
        CallEnd::Refused { sentence } => sentence.clone(),
    }
}

/// How long the two talked, and how often it was interrupted.
pub(crate) fn talked(talked_for: Duration, reconnections: u32) -> String {
    if talked_for.is_zero() {
        return "Nobody talked.".to_owned();
    }
    let long = format!("You talked for {}", span(talked_for));
    match reconnections {
        0 => format!("{long}."),
        1 => format!("{long}; the connection was lost once and came back."),
        often => format!("{long}; the connection was lost {often} times and came back."),
    }
}

pub(crate) fn signed_in_as(name: &str, server: &str) -> String {
    format!("Signed in as {name} at {server}")
}

pub(crate) fn how_many_wait(count: usize) -> String {
    match count {
        0 => "Nobody waits yet".to_owned(),
        1 => "Somebody waits".to_owned(),
        count => format!("{count} people wait"),
    }
}

pub(crate) fn visitor(number: Option<usize>) -> String {
    numbered("Visitor with your link", number)
}

pub(crate) fn visitor_waits(waited: Duration, warm: bool) -> String {
    let ready = if warm { "ready" } else { "getting ready" };
    format!("Waits for {}, {ready}", span(waited))
}

pub(crate) fn admit(number: Option<usize>) -> String {
    numbered("Admit", number)
}

pub(crate) fn decline(number: Option<usize>) -> String {
    numbered("Decline", number)
}

fn numbered(word: &str, number: Option<usize>) -> String {
    number.map_or_else(|| word.to_owned(), |number| format!("{word} {number}"))
}

pub(crate) fn waiting_since(waited: Duration) -> String {
    match waited.as_secs() / 60 {
        0 => "You came just now.".to_owned(),
        _ => format!("You have waited for {}.", span(waited)),
    }
}

/// A span as people say it: `12 min`, `1 h 5 min`.
fn span(span: Duration) -> String {
    let secs = span.as_secs();
    match (secs / 3600, secs / 60 % 60) {
        (0, 0) => "less than a minute".to_owned(),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// A running clock: `4:05`, `1:02:03`.
pub(crate) fn clock(span: Duration) -> String {
    let secs = span.as_secs();
    match secs / 3600 {
        0 => format!("{}:{:02}", secs / 60, secs % 60),
        hours => format!("{hours}:{:02}:{:02}", secs / 60 % 60, secs % 60),
    }
}

/// The way out when nothing works.
pub(crate) fn phone(number: &str) -> String {
    format!("The clinic's telephone: {number}")
}

/// A sentence with the telephone's number behind it, where it is known.
pub(crate) fn with_phone(sentence: &str, number: Option<&str>) -> String {
    number.map_or_else(|| sentence.to_owned(), |number| format!("{sentence} {}.", phone(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_clocks_read_as_people_say_them() {
        assert_eq!(span(Duration::from_secs(59)), "less than a minute");
        assert_eq!(span(Duration::from_secs(3900)), "1 h 5 min");
        assert_eq!(clock(Duration::from_secs(245)), "4:05");
        assert_eq!(clock(Duration::from_secs(3723)), "1:02:03");
    }

    #[test]
    fn every_trouble_has_a_sentence_and_a_next_step() {
        use DeviceTrouble::{Busy, Denied, Failed, Missing, Stalled, Unplugged};
        for kind in [DeviceKind::Camera, DeviceKind::Microphone, DeviceKind::Speaker] {
            for trouble in [Missing, Denied, Busy, Unplugged, Stalled, Failed] {
                let words = device_trouble(kind, trouble);
                assert!(words.matches(". ").count() >= 2, "{words}");
            }
        }
    }
}
