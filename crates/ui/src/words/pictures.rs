//! How the pictures of a call are sent: why on a thin link they are not as usual, at both sides, and what can be chosen.

use call::{Mode, PictureOff, PicturePlan, PictureSent, Remote};

/// What the link leaves of our picture, where that is not a moving one.
pub(crate) fn own_on_thin_link(plan: PicturePlan) -> Option<&'static str> {
    match plan {
        PicturePlan::Slides { .. } => Some(say!(own_on_thin_link_slides)),
        PicturePlan::Off(PictureOff::LinkTooThin) => Some(say!(own_on_thin_link_off)),
        PicturePlan::On { .. } | PicturePlan::Off(_) => None,
    }
}

/// The same of theirs.
pub(crate) fn theirs_on_thin_link(remote: Remote) -> Option<&'static str> {
    match (remote.camera_off, remote.picture) {
        (false, PictureSent::Slides) => Some(say!(theirs_on_thin_link_slides)),
        (false, PictureSent::LinkTooThin) => Some(say!(theirs_on_thin_link_off)),
        (true, _) | (false, PictureSent::Moving) => None,
    }
}

words! {
    /// What stands in the place of their picture meanwhile: the last one would look as if they sat still.
    their_link_too_thin,
}

/// Why the pictures are as they are, where somebody chose that.
pub(crate) fn chosen(mode: Mode, own_save_data: bool, remote: Option<Remote>) -> Option<&'static str> {
    let theirs = matches!(remote, Some(Remote { save_data: true, .. }));
    match (mode, own_save_data, theirs) {
        (_, true, _) => Some(say!(chosen_saving)),
        (_, false, true) => Some(say!(chosen_saving_theirs)),
        (Mode::Sharp, ..) => Some(say!(chosen_sharp)),
        (Mode::Smooth, ..) => None,
    }
}

words! {
    pictures,
    for_both,
    save_data,
    key_mode,
    key_save_data,
}

/// What the pictures keep when a link is thin.
pub(crate) fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Smooth => say!(mode_smooth),
        Mode::Sharp => say!(mode_sharp),
    }
}
