//! What the two hand each other, as far as it is not in the call's snapshot: what lies on this device, and what is wanted of it.

use call::HandingNews;
use call::transfer::TransferId;
use egui::TextureId;
use units::{Phi, PictureSize};

/// What lies on this device of what was handed over, and where more of it would go.
#[derive(Debug, Clone, Copy, Default)]
pub struct HandingModel<'a> {
    /// Photographs that are whole, in the order in which they came; on no disk before the clinician saves them.
    pub photographs: &'a [Photograph],
    /// Where files of theirs stand that have arrived.
    pub saved: &'a [(TransferId, Phi<String>)],
    /// What became of what the person wanted last.
    pub news: Option<&'a HandingNews>,
    /// Whether a file is being read before it is offered.
    pub is_reading: bool,
    /// Where files are proposed to be put: a folder.
    pub folder: &'a str,
    /// In which file what was written is proposed to be saved.
    pub chat_file: &'a str,
    /// In which file the next photograph is.
    pub photograph_file: &'a str,
}

/// A photograph that can be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Photograph {
    /// Which transfer brought it.
    pub id: TransferId,
    /// What is to be seen of it, upright, and how large that is; none where it cannot be read.
    pub shown: Option<(TextureId, PictureSize)>,
}

/// What the person wants of it. Names of files and folders are as they were typed and may be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandingWish {
    /// Write this to the other.
    Write(Phi<String>),
    /// Hand this file over.
    Offer(Phi<String>),
    /// Take this file, and put it into this folder.
    Accept {
        /// Which.
        id: TransferId,
        /// Where to.
        folder: Phi<String>,
    },
    /// Save what was written in this file. Clinicians only.
    SaveChat(Phi<String>),
    /// Save this photograph in this file. Clinicians only.
    SavePhotograph {
        /// Which.
        id: TransferId,
        /// Where to.
        file: Phi<String>,
    },
}
