//! What became here of what was handed over: said by who reads and writes files, shown by windows. No part of a decision.

use transfer::TransferId;
use units::Phi;

/// What became of something that our person wanted of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandingNews {
    /// A file that was to be offered cannot be read: it is not there, is none, or may not be read.
    NotRead,
    /// What was written is saved, in this file.
    ChatSaved(Phi<String>),
    /// It is not.
    ChatNotSaved(NotSaved),
    /// This photograph is saved, in this file.
    PhotographSaved(TransferId, Phi<String>),
    /// It is not.
    PhotographNotSaved(TransferId, NotSaved),
}

/// Why something is not saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotSaved {
    /// Another file has this name, and none is replaced.
    NameTaken,
    /// There is no such folder, it may not be written to, or the disk is full.
    NotWritten,
}
