//! A clinician's notes, between the window and the session: to which file one is proposed to go.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use session::desk::{NoteNews, NotesView};
use session::{DeskHandle, Notes};
use ui::{NotesModel, NotesWish};

use crate::handing::free;
use crate::manners::places;

/// What a window knows of them.
pub(crate) struct NotesHere {
    /// Where files go unless the person names another folder.
    folder: PathBuf,
    view: Option<Arc<NotesView>>,
    file: String,
    /// For which visit's beginning, and after which news, a file was proposed last.
    proposed_for: Option<(String, Option<NoteNews>)>,
}

impl NotesHere {
    pub(crate) fn new() -> Self {
        let folder = places::downloads().unwrap_or_default();
        Self { folder, view: None, file: String::new(), proposed_for: None }
    }

    /// Takes what is known, once a drawing.
    pub(crate) fn look(&mut self, desk: Option<&DeskHandle>) {
        self.view = desk.map(|desk| desk.notes().view());
        let Some((view, open)) = self.view.as_ref().and_then(|view| Some((view, view.open.as_ref()?))) else { return };
        let now = (open.about.began.clone(), view.news.clone());
        if self.proposed_for.as_ref() != Some(&now) {
            // By its hour and not by a name: folders are looked at over shoulders.
            let name = format!("visit-{}.txt", open.about.began.replace(' ', "-").replace(':', ""));
            self.file = free(&self.folder, &name);
            self.proposed_for = Some(now);
        }
    }

    pub(crate) fn model(&self) -> Option<NotesModel<'_>> {
        Some(NotesModel { view: self.view.as_ref()?, file: &self.file })
    }

    /// Carries what the person wants to who keeps them.
    pub(crate) fn carry_out(&self, notes: &Notes, wish: NotesWish) {
        match wish {
            NotesWish::Write(text) => notes.write(&text),
            NotesWish::Look(visit) => notes.look(visit),
            NotesWish::Close => notes.close(),
            NotesWish::Export(file) => notes.export(&self.folder.join(Path::new(file.expose()))),
            NotesWish::Delete => notes.delete(),
        }
    }
}
