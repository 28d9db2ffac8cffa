//! What a window knows of what was handed over beside the call's snapshot: photographs that are on no disk, where files were saved,
//! and what became of what the person wanted saved.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use call::{HandingNews, NotSaved};
use media::jpeg::{self, Rgb};
use transfer::{Line, TransferId, TransferView};
use units::Phi;

use crate::pictures::Repaint;
use crate::transcript;
use crate::whole_file::WholeFile;

/// The longest side of a photograph that is shown: more than any display has, and what graphics cards take.
const MOST_SIDE: u32 = 4_096;

/// A photograph that is whole.
#[derive(Debug)]
pub struct Photograph {
    /// Which transfer brought it.
    pub id: TransferId,
    jpeg: Phi<Vec<u8>>,
    /// What can be shown of it; none where it cannot be read.
    shown: Option<Phi<Rgb>>,
}

impl Photograph {
    /// What is to be seen of it, if anything.
    pub fn shown(&self) -> Option<&Rgb> {
        self.shown.as_ref().map(Phi::expose)
    }
}

/// What is known, for one drawing.
#[derive(Debug, Clone, Default)]
pub struct HandedView {
    /// In the order in which they came.
    pub photographs: Vec<Arc<Photograph>>,
    /// Where files of theirs stand.
    pub saved: Vec<(TransferId, Phi<String>)>,
    /// What became of what the person wanted last.
    pub news: Option<HandingNews>,
    /// Files of ours that are being read before they are offered.
    pub reading: usize,
}

/// Told by the driver and by threads that save; read by a window.
pub(crate) struct HandedHere {
    state: Mutex<State>,
    repaint: Repaint,
}

#[derive(Default)]
struct State {
    view: HandedView,
    /// Where what was written is saved: there, and there alone, it may be replaced.
    chat_file: Option<PathBuf>,
    /// What was written is being saved.
    is_saving: bool,
}

impl HandedHere {
    pub(crate) fn new(repaint: Repaint) -> Self {
        Self { state: Mutex::default(), repaint }
    }

    pub(crate) fn view(&self) -> HandedView {
        self.with(|state| state.view.clone())
    }

    fn with<R>(&self, what: impl FnOnce(&mut State) -> R) -> R {
        what(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change<R>(&self, what: impl FnOnce(&mut State) -> R) -> R {
        let answer = self.with(what);
        (self.repaint)();
        answer
    }

    pub(crate) fn reads(&self) {
        self.change(|state| state.view.reading += 1);
    }

    /// A file of ours was read, or cannot be.
    pub(crate) fn has_read(&self, well: bool) {
        self.change(|state| {
            // A photograph of our own camera was not begun here.
            state.view.reading = state.view.reading.saturating_sub(1);
            state.view.news = if well { None } else { Some(HandingNews::NotRead) };
        });
    }

    pub(crate) fn saved_file(&self, id: TransferId, path: &Path) {
        self.change(|state| state.view.saved.push((id, Phi::new(path.display().to_string()))));
    }

    /// A photograph came. It is read beside everything else: a large one takes a while.
    pub(crate) fn take_photograph(self: &Arc<Self>, id: TransferId, jpeg: Vec<u8>) {
        let here = self.clone();
        let spawned = std::thread::Builder::new().name("photograph".to_owned()).spawn(move || {
            let shown = jpeg::decode(&jpeg, MOST_SIDE).map_err(|error| tracing::warn!(%error, "it is not shown")).ok();
            let photograph = Arc::new(Photograph { id, jpeg: Phi::new(jpeg), shown: shown.map(Phi::new) });
            here.change(|state| state.view.photographs.push(photograph));
        });
        if let Err(error) = spawned {
            tracing::error!(%error, "no thread to read a photograph");
        }
    }

    /// What is not in the visit any more is forgotten: somebody else may be in it.
    pub(crate) fn keep_only(&self, transfers: &[TransferView], nothing_written: bool) {
        self.with(|state| {
            let known = |id: TransferId| transfers.iter().any(|it| it.place.incoming && it.place.id == id);
            state.view.photographs.retain(|photograph| known(photograph.id));
            state.view.saved.retain(|(id, _)| known(*id));
            if nothing_written {
                state.chat_file = None;
            }
            let is_anothers = match &state.view.news {
                Some(HandingNews::ChatSaved(_) | HandingNews::ChatNotSaved(_)) => nothing_written,
                Some(HandingNews::PhotographSaved(id, _) | HandingNews::PhotographNotSaved(id, _)) => !known(*id),
                Some(HandingNews::NotRead) | None => false,
            };
            if is_anothers {
                state.view.news = None;
            }
        });
    }

    /// Saves what was written; whether it is saved now.
    pub(crate) fn save_chat(&self, lines: &[Line], path: &Path) -> bool {
        if self.with(|state| std::mem::replace(&mut state.is_saving, true)) {
            return false;
        }
        let ours = self.with(|state| state.chat_file.as_deref() == Some(path));
        let saved = free(path, ours).and_then(|()| transcript::save(lines, path).map_err(|error| why(&error)));
        self.change(|state| {
            state.is_saving = false;
            state.view.news = Some(match saved {
                Ok(()) => {
                    state.chat_file = Some(path.to_owned());
                    HandingNews::ChatSaved(Phi::new(path.display().to_string()))
                }
                Err(why) => HandingNews::ChatNotSaved(why),
            });
        });
        saved.is_ok()
    }

    /// Saves a photograph as it came.
    pub(crate) fn save_photograph(&self, id: TransferId, path: &Path) {
        let photographs = self.view().photographs;
        let Some(photograph) = photographs.iter().find(|photograph| photograph.id == id) else { return };
        let saved = save_new(path, photograph.jpeg.expose());
        self.change(|state| {
            state.view.news = Some(match saved {
                Ok(()) => HandingNews::PhotographSaved(id, Phi::new(path.display().to_string())),
                Err(why) => HandingNews::PhotographNotSaved(id, why),
            });
        });
    }
}

/// Writes a file that is not there yet, and is there whole.
pub(crate) fn save_new(path: &Path, bytes: &[u8]) -> Result<(), NotSaved> {
    free(path, false)?;
    WholeFile::prepare(path).and_then(|file| file.finish(bytes)).map_err(|error| why(&error))
}

/// No file is replaced that is not `ours`.
fn free(path: &Path, ours: bool) -> Result<(), NotSaved> {
    if !ours && path.exists() { Err(NotSaved::NameTaken) } else { Ok(()) }
}

/// The system's words may tell of names and are not passed on.
fn why(error: &io::Error) -> NotSaved {
    tracing::warn!(kind = ?error.kind(), "something of a visit is not saved");
    NotSaved::NotWritten
}

#[cfg(test)]
mod tests {
    use transfer::LineState;
    use units::Timestamp;

    use super::*;

    fn here() -> Arc<HandedHere> {
        Arc::new(HandedHere::new(Arc::new(|| {})))
    }

    fn line(text: &str) -> Line {
        Line { ours: true, text: Phi::new(text.to_owned()), at: Timestamp::ZERO, state: LineState::Arrived }
    }

    #[test]
    fn what_was_written_replaces_itself_and_nobody_elses_file() {
        let (here, folder) = (here(), tempfile::tempdir().unwrap());
        let (taken, path) = (folder.path().join("taken"), folder.path().join("chat.txt"));
        std::fs::write(&taken, b"precious").unwrap();
        assert!(!here.save_chat(&[line("a")], &taken));
        assert_eq!(here.view().news, Some(HandingNews::ChatNotSaved(NotSaved::NameTaken)));
        assert_eq!(std::fs::read(&taken).unwrap(), b"precious");
        assert!(here.save_chat(&[line("a")], &path) && here.save_chat(&[line("a"), line("b")], &path));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "Clinician: a\nClinician: b\n");
        assert!(!here.save_chat(&[line("a")], &folder.path().join("no").join("chat.txt")));
        assert_eq!(here.view().news, Some(HandingNews::ChatNotSaved(NotSaved::NotWritten)));
        here.keep_only(&[], false);
        assert!(here.save_chat(&[line("a")], &path));
        here.keep_only(&[], true);
        assert!(!here.save_chat(&[line("another's")], &path), "it is another visit's now");
    }

    #[test]
    fn a_photograph_is_shown_saved_and_forgotten() {
        let (here, folder) = (here(), tempfile::tempdir().unwrap());
        let jpeg = jpeg::encode(&media::I420::black(units::PictureSize::new(64, 48)), 92).unwrap();
        here.take_photograph(TransferId(1), jpeg.clone());
        here.take_photograph(TransferId(2), b"no picture".to_vec());
        while here.view().photographs.len() < 2 {
            std::thread::yield_now();
        }
        let view = here.view();
        let of = |id| view.photographs.iter().find(|photograph| photograph.id == TransferId(id)).unwrap();
        assert_eq!(of(1).shown().unwrap().size, units::PictureSize::new(64, 48));
        assert!(of(2).shown().is_none());
        let path = folder.path().join("a.jpg");
        here.save_photograph(TransferId(1), &path);
        assert_eq!(std::fs::read(&path).unwrap(), jpeg);
        here.save_photograph(TransferId(2), &path);
        assert_eq!(here.view().news, Some(HandingNews::PhotographNotSaved(TransferId(2), NotSaved::NameTaken)));
        assert_eq!(std::fs::read(&path).unwrap(), jpeg);
        here.keep_only(&[], true);
        assert!(here.view().photographs.is_empty() && here.view().news.is_none());
    }
}
