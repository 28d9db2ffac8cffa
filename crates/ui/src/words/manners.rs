//! What has to do with the desktop: settings, another window's link, a report of a crash, notifications.

use super::Language;
use crate::settings::{Contrast, Look, Scale};

words! {
    settings,
    close_settings,
    settings_help,

    // How it looks.
    appearance,
    language,
    as_the_system,
    look,
    contrast,
    no_motion,
    larger,
    smaller,
    usual_size,

    // Another window's link.
    other_link,
    open_other_link,
    stay_here,

    // A crash.
    crashed,
    crashed_why,
    crash_report,
    copy_report,
    delete_report,
    ask_later,
}

pub(crate) fn look_name(look: Look) -> &'static str {
    match look {
        Look::System => as_the_system(),
        Look::Light => say!(look_light),
        Look::Dark => say!(look_dark),
    }
}

pub(crate) fn contrast_name(contrast: Contrast) -> &'static str {
    match contrast {
        Contrast::System => as_the_system(),
        Contrast::Usual => say!(contrast_usual),
        Contrast::High => say!(contrast_high),
    }
}

pub(crate) fn size(scale: Scale) -> String {
    say!(size, percent = scale.percent())
}

/// What a notification says when so many wait; whoever walks past the screen reads no name.
pub fn waiting_notification(language: Language, waiting: usize) -> String {
    language.speaks(|| say!(notify_waiting, count = waiting.max(1)))
}

/// What the sign in the tray says: how many wait.
pub fn tray_sentence(language: Language, waiting: usize) -> String {
    match waiting {
        0 => language.speaks(|| say!(tray_nobody)).to_owned(),
        waiting => waiting_notification(language, waiting),
    }
}

/// What a notification says when a patient was let in and the window is not in front.
pub fn admitted_notification(language: Language) -> &'static str {
    language.speaks(|| say!(notify_admitted))
}

/// The button of a notification that brings the window to the front.
pub fn show_window(language: Language) -> &'static str {
    language.speaks(|| say!(notify_show))
}

/// The sentence for a file of settings that cannot be used and was kept `aside`.
pub fn settings_kept_aside(language: Language, aside: &str) -> String {
    language.speaks(|| say!(settings_kept_aside, aside = aside))
}

/// The sentence for settings that cannot be kept.
pub fn settings_not_kept(language: Language, path: &str) -> String {
    language.speaks(|| say!(settings_not_kept, path = path))
}
