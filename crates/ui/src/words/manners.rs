//! What has to do with the desktop: settings, another window's link, a report of a crash, notifications.

use crate::settings::{Contrast, Look, Scale};

pub(crate) const fn settings() -> &'static str {
    "Settings"
}

pub(crate) const fn close_settings() -> &'static str {
    "Close settings"
}

pub(crate) const fn settings_help() -> &'static str {
    "They hold for this machine, and from now on."
}

// How it looks.
pub(crate) const fn appearance() -> &'static str {
    "How it looks"
}

pub(crate) const fn language() -> &'static str {
    "Language"
}

pub(crate) const fn as_the_system() -> &'static str {
    "As the system"
}

pub(crate) const fn look() -> &'static str {
    "Light or dark"
}

pub(crate) const fn look_name(look: Look) -> &'static str {
    match look {
        Look::System => as_the_system(),
        Look::Light => "Light",
        Look::Dark => "Dark",
    }
}

pub(crate) const fn contrast() -> &'static str {
    "Contrast"
}

pub(crate) const fn contrast_name(contrast: Contrast) -> &'static str {
    match contrast {
        Contrast::System => as_the_system(),
        Contrast::Usual => "Usual",
        Contrast::High => "High",
    }
}

pub(crate) const fn no_motion() -> &'static str {
    "Nothing moves by itself"
}

pub(crate) fn size(scale: Scale) -> String {
    format!("Size: {} %", scale.percent())
}

pub(crate) const fn larger() -> &'static str {
    "Larger"
}

pub(crate) const fn smaller() -> &'static str {
    "Smaller"
}

pub(crate) const fn usual_size() -> &'static str {
    "Usual size"
}

// Another window's link.
pub(crate) const fn other_link() -> &'static str {
    "You opened the link of another visit. What is open here goes on; it ends if you open that one."
}

pub(crate) const fn open_other_link() -> &'static str {
    "Open the other visit"
}

pub(crate) const fn stay_here() -> &'static str {
    "Stay here"
}

// A crash.
pub(crate) const fn crashed() -> &'static str {
    "Something went wrong the last time"
}

pub(crate) const fn crashed_why() -> &'static str {
    "A part of Housecall stopped, and we are sorry. It wrote down where. The report is on this machine alone and holds nothing \
     of you or your visits: no names, no links, no addresses. Whoever looks after your computer can pass it on to us."
}

pub(crate) const fn crash_report() -> &'static str {
    "The report"
}

pub(crate) const fn copy_report() -> &'static str {
    "Copy the report"
}

pub(crate) const fn delete_report() -> &'static str {
    "Delete the report"
}

pub(crate) const fn ask_later() -> &'static str {
    "Keep it for now"
}

/// What a notification says when so many wait; whoever walks past the screen reads no name.
pub fn waiting_notification(waiting: usize) -> String {
    match waiting {
        0 | 1 => "Somebody is in the waiting room.".to_owned(),
        several => format!("{several} people are in the waiting room."),
    }
}

/// What a notification says when a patient was let in and the window is not in front.
pub fn admitted_notification() -> &'static str {
    "You are let in. The visit begins."
}

/// The button of a notification that brings the window to the front.
pub fn show_window() -> &'static str {
    "Show"
}

/// The sentence for a file of settings that cannot be used and was kept aside.
pub fn settings_kept_aside(aside: &str) -> String {
    format!(
        "Your settings could not be read, so Housecall begins with the usual ones. What was there is kept in {aside}."
    )
}

/// The sentence for settings that cannot be kept.
pub fn settings_not_kept(path: &str) -> String {
    format!("Your settings cannot be kept in {path}: they hold until you close Housecall.")
}
