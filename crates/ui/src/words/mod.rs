//! Every word that a person reads, by what it is about. Here stands what a sentence tells of and when it is said; how it
//! reads in each language stands in `assets/words`, under an id of the same name (`-` there is `_` here).

use std::time::Duration;

// First, for its macros.
#[macro_use]
mod sentences;

mod accounts;
mod asked;
mod assurance;
mod audit;
mod call;
mod day;
mod devices;
mod doctor;
mod ending;
mod handing;
mod keys;
mod language;
mod manners;
mod network;
mod notes;
mod people;
mod pictures;
mod pseudo;
mod refusals;
mod refused;
mod sheet;
mod spans;
mod take_over;
mod troubles;

pub(crate) use self::accounts::*;
pub(crate) use self::asked::*;
pub(crate) use self::assurance::*;
pub(crate) use self::audit::*;
pub(crate) use self::call::*;
pub use self::day::window_title;
pub(crate) use self::day::*;
pub(crate) use self::devices::*;
pub use self::doctor::{
    came_of_it, device_tried, doctor_page, doctor_verdict, packets_came_back, rates_found, rung_name,
};
pub(crate) use self::doctor::{lobby_check, script};
pub(crate) use self::ending::*;
pub(crate) use self::handing::*;
pub(crate) use self::keys::*;
pub use self::language::Language;
pub(crate) use self::manners::*;
pub use self::manners::{
    admitted_notification, settings_kept_aside, settings_not_kept, show_window, tray_sentence, waiting_notification,
};
pub(crate) use self::network::*;
pub(crate) use self::notes::*;
pub(crate) use self::people::*;
pub(crate) use self::pictures::*;
pub(crate) use self::refusals::*;
pub(crate) use self::refused::*;
pub use self::sheet::{recovery_page, sheet_not_written};
pub(crate) use self::spans::*;
pub(crate) use self::take_over::*;
pub(crate) use self::troubles::server_in_words;
pub use self::troubles::{LinkTrouble, link_trouble, server_refused, server_trouble};

/// The app's own name, in every language.
pub(crate) const NAME: &str = "Housecall";
/// How a server's address and a pin look.
pub(crate) const SERVER_HINT: &str = "clinic.example";
pub(crate) const PIN_HINT: &str = "sha256:…";

pub(crate) const COPIED_FOR: Duration = Duration::from_secs(3);
/// From when on it is said that the server does not answer.
pub(crate) const JOINING_LONG: Duration = Duration::from_secs(4);

words! {
    back,
    cancel,
    opening,
    ending,

    // The start.
    start,
    your_link,
    link_hint,
    link_help,
    open_visit,
    for_clinicians,
    to_sign_in,

    // Signing in.
    sign_in,
    sign_in_why,
    signing_in,
    server,
    account_name,
    password,
    totp,
    advanced,
    pin,
    pin_help,
    pin_wrong,
    locked,
    locked_why,
    unlock,
    other_person,

    // The desk.
    desk,
    desk_help,
    patient,
    patient_hint,
    patient_help,
    start_visit,
    making_visit,
    last_visit,
    sign_out,
    visit_over,
    visit_left,
    back_to_desk,
    start_next_visit,

    // The clinician's waiting room.
    host_waiting,
    invite,
    invite_help,
    link,
    copy_link,
    copied,
    qr,
    qr_help,
    nobody_help,
    talking,
    close_visit,

    // The patient before and in the waiting room.
    lobby,
    lobby_help,
    join,
    joining,
    server_away,
    not_now,
    waiting,
    waiting_help,
    leave,

    // The call.
    own_picture,
    other_picture,
    they_are_muted,
    their_camera_is_off,
    hang_up,
    keys,
    key_mute,
    key_camera,
    key_admit,

    // Devices.
    devices,
    close_devices,
    see_devices,
    test_speaker,
    microphone_level,

    // Before the visit.
    checks,
    check_camera,
    check_camera_off,
    check_camera_waits,
    check_microphone,
    check_microphone_waits,
    check_microphone_off,
    check_speaker,
    check_speaker_waits,
    check_speaker_plays,
    check_speaker_asked,
    sound_heard,
    sound_not_heard,
    protection,
    protection_is,
    protection_recording,
    protection_not,
    meanwhile,
    meanwhile_stay,
    meanwhile_ready,
    meanwhile_light,

    // The end.
    open_again,
    close_window,
    to_start,
}

/// Who will let a patient in, as far as it is known.
pub(crate) fn waits_for(clinician: Option<&str>) -> String {
    clinician.map_or_else(|| say!(waits_for_clinic).to_owned(), |name| say!(waits_for, name = name))
}

/// The way out when nothing works.
pub(crate) fn phone(number: &str) -> String {
    say!(phone, number = number)
}

/// A sentence with the telephone's number behind it, where it is known.
pub(crate) fn with_phone(sentence: &str, number: Option<&str>) -> String {
    number.map_or_else(|| sentence.to_owned(), |number| format!("{sentence} {}.", phone(number)))
}
