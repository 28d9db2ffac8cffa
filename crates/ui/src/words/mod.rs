//! Every word that a person reads, in one place: short ones here, sentences by what they are about.

use std::time::Duration;

mod accounts;
mod asked;
mod assurance;
mod audit;
mod call;
mod day;
mod devices;
mod doctor;
mod ending;
mod keys;
mod manners;
mod network;
mod people;
mod pictures;
mod refusals;
mod refused;
mod sheet;
mod spans;
mod take_over;

pub(crate) use self::accounts::*;
pub(crate) use self::asked::*;
pub(crate) use self::assurance::*;
pub(crate) use self::audit::*;
pub(crate) use self::call::*;
pub use self::day::window_title;
pub(crate) use self::day::*;
pub(crate) use self::devices::*;
pub use self::doctor::{came_of_it, device_tried, doctor_page, doctor_verdict, rung_name};
pub(crate) use self::ending::*;
pub(crate) use self::keys::*;
pub(crate) use self::manners::*;
pub use self::manners::{
    admitted_notification, settings_kept_aside, settings_not_kept, show_window, waiting_notification,
};
pub(crate) use self::network::*;
pub(crate) use self::people::*;
pub(crate) use self::pictures::*;
pub(crate) use self::refusals::*;
pub(crate) use self::refused::*;
pub use self::sheet::recovery_page;
pub(crate) use self::spans::*;
pub(crate) use self::take_over::*;

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
pub(crate) const SIGN_IN_WHY: &str = "For who works at the clinic. Patients need no account: they open their link.";
pub(crate) const SIGNING_IN: &str = "Signing in…";
pub(crate) const SERVER: &str = "Clinic's server";
pub(crate) const SERVER_HINT: &str = "clinic.example";
pub(crate) const ACCOUNT: &str = "Name";
pub(crate) const PASSWORD: &str = "Password";
pub(crate) const TOTP: &str = "One-time code";
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
pub(crate) const PATIENT: &str = "Patient";
pub(crate) const PATIENT_HINT: &str = "You may leave this empty";
pub(crate) const PATIENT_HELP: &str =
    "With a name, their device is known the next time. The name stays on this machine.";
pub(crate) const START_VISIT: &str = "Start a visit";
pub(crate) const MAKING_VISIT: &str = "Making the visit…";
pub(crate) const LAST_VISIT: &str = "Your last visit";
pub(crate) const SIGN_OUT: &str = "Sign out";
pub(crate) const VISIT_OVER: &str = "The visit is over";
pub(crate) const VISIT_LEFT: &str = "You have left the visit";
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
/// From when on it is said that the server does not answer.
pub(crate) const JOINING_LONG: Duration = Duration::from_secs(4);
pub(crate) const SERVER_AWAY: &str = "The clinic's server does not answer at the moment. Stay here: it is tried again by \
                                      itself. If it lasts, call the clinic.";
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
pub(crate) const SEE_DEVICES: &str = "See what is wrong";
pub(crate) const TEST_SPEAKER: &str = "Play a test sound";
pub(crate) const MICROPHONE_LEVEL: &str = "Microphone level";

// The end.
pub(crate) const CLOSE_WINDOW: &str = "Close Housecall";
pub(crate) const TO_START: &str = "Open another visit";

/// The way out when nothing works.
pub(crate) fn phone(number: &str) -> String {
    format!("The clinic's telephone: {number}")
}

/// A sentence with the telephone's number behind it, where it is known.
pub(crate) fn with_phone(sentence: &str, number: Option<&str>) -> String {
    number.map_or_else(|| sentence.to_owned(), |number| format!("{sentence} {}.", phone(number)))
}
