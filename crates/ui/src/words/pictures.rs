//! How the pictures of a call are sent: why on a thin link they are not as usual, at both sides, and what can be chosen.

use call::{Mode, PictureOff, PicturePlan, PictureSent, Remote};

/// What the link leaves of our picture, where that is not a moving one.
pub(crate) const fn own_on_thin_link(plan: PicturePlan) -> Option<&'static str> {
    match plan {
        PicturePlan::Slides { .. } => {
            Some("Your picture is being sent as single frames: the link is thin. Your voice goes first.")
        }
        PicturePlan::Off(PictureOff::LinkTooThin) => {
            Some("Your picture is not being sent: the link is too thin. They hear you, and it comes back by itself.")
        }
        PicturePlan::On { .. } | PicturePlan::Off(_) => None,
    }
}

/// The same of theirs.
pub(crate) const fn theirs_on_thin_link(remote: Remote) -> Option<&'static str> {
    match (remote.camera_off, remote.picture) {
        (false, PictureSent::Slides) => {
            Some("Their picture comes as single frames: their link is thin. Their voice goes first.")
        }
        (false, PictureSent::LinkTooThin) => {
            Some("Their picture does not come: their link is too thin. You hear them, and it comes back by itself.")
        }
        (true, _) | (false, PictureSent::Moving) => None,
    }
}

/// What stands in the place of their picture meanwhile: the last one would look as if they sat still.
pub(crate) const THEIR_LINK_TOO_THIN: &str = "Their link is too thin for a picture";

/// Why the pictures are as they are, where somebody chose that.
pub(crate) const fn chosen(mode: Mode, own_save_data: bool, remote: Option<Remote>) -> Option<&'static str> {
    let theirs = matches!(remote, Some(Remote { save_data: true, .. }));
    match (mode, own_save_data, theirs) {
        (_, true, _) => Some("Data is being saved, so the pictures are small."),
        (_, false, true) => Some("They save data, so the pictures are small."),
        (Mode::Sharp, ..) => Some("The pictures are sharp and move slowly, as one of you has chosen."),
        (Mode::Smooth, ..) => None,
    }
}

pub(crate) const PICTURES: &str = "Pictures on a thin link";
pub(crate) const FOR_BOTH: &str = "For the pictures of both of you; either of you can change it.";
pub(crate) const SAVE_DATA: &str = "Save data: small pictures, both ways";
pub(crate) const KEY_MODE: &str = "Pictures smooth or sharp";
pub(crate) const KEY_SAVE_DATA: &str = "Save data, or not";

/// What the pictures keep when a link is thin.
pub(crate) const fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Smooth => "Smooth: for talk and sign language",
        Mode::Sharp => "Sharp, but slow: for documents and skin",
    }
}
