//! A clinician's notes: what is known of them on this device, and what is wanted of them.

use desk::NotesView;
use signaling_protocol::VisitId;
use units::Phi;

/// What is known of notes, and where one would go.
#[derive(Debug, Clone, Copy)]
pub struct NotesModel<'a> {
    /// What is known.
    pub view: &'a NotesView,
    /// To which file the open one is proposed to be exported.
    pub file: &'a str,
}

/// What the person wants of notes. Names of files are as they were typed and may be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotesWish {
    /// The open one says this now.
    Write(Phi<String>),
    /// Look at the one about this visit.
    Look(VisitId),
    /// Lay the open one away.
    Close,
    /// Write the open one to this file, and keep it here no more.
    Export(Phi<String>),
    /// Delete the open one.
    Delete,
}
