//! The notes that a clinician writes about visits, between a window and this machine's disk: there they are sealed by the clinician's
//! device to itself until they are exported or deleted. Nothing of them is sent anywhere.

mod disk;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use desk::day::Calendar;
use desk::{KeptNote, MOST_NOTE_CHARS, Note, NoteNews, NotesView, OpenNote};
use signaling_protocol::VisitId;
use trust::DeviceIdentity;
use units::{Clock, Phi};

use self::disk::{Disk, Work};
use crate::identity::unix_now;
use crate::pictures::Repaint;

/// Notes of who is signed in. Dropped, it waits until the disk has all of them.
pub struct Notes {
    shared: Arc<Shared>,
    work: Option<Sender<Work>>,
    disk: Option<JoinHandle<()>>,
}

/// What the window and the disk's thread share.
pub(crate) struct Shared {
    state: Mutex<State>,
    clock: Clock,
    calendar: Calendar,
    repaint: Repaint,
}

#[derive(Default)]
struct State {
    device: Option<Arc<DeviceIdentity>>,
    kept: BTreeMap<VisitId, Note>,
    of_others: usize,
    /// The disk was looked at for this device.
    looked: bool,
    open: Option<(VisitId, Note)>,
    news: Option<NoteNews>,
    /// What of it is shown, until it changes: windows ask at each drawing.
    view: Option<Arc<NotesView>>,
}

impl Notes {
    /// Notes that lie in this folder; without one they are in memory alone.
    pub(crate) fn open(folder: Option<PathBuf>, clock: Clock, calendar: Calendar, repaint: Repaint) -> Self {
        let shared = Arc::new(Shared { state: Mutex::default(), clock, calendar, repaint });
        let (work, orders) = channel();
        let disk = Disk::new(folder, shared.clone());
        let thread = std::thread::Builder::new().name("notes".to_owned()).spawn(move || disk.run(&orders));
        if let Err(error) = &thread {
            tracing::error!(%error, "no thread to keep notes");
        }
        Self { shared, work: Some(work), disk: thread.ok() }
    }

    /// Somebody has signed in by this device: what it sealed here is theirs.
    pub(crate) fn unlock(&self, device: &DeviceIdentity) {
        let device = {
            let mut state = self.shared.lock();
            if state.device.as_ref().is_some_and(|known| known.public().signing == device.public().signing) {
                // Looked for already, or just now.
                return;
            }
            let device = Arc::new(device.clone());
            state.device = Some(device.clone());
            device
        };
        self.order(Work::Look(device));
    }

    /// Nobody is signed in: nothing of them is shown or stays in memory.
    pub(crate) fn lock(&self) {
        *self.shared.lock() = State::default();
    }

    /// A visit is opened: what is written from now on is about it.
    pub(crate) fn begin(&self, visit: VisitId, patient: Option<Phi<String>>) {
        let began_unix_secs = unix_now(self.shared.clock).0;
        self.shared.change(|state| {
            let new = || Note { patient, began_unix_secs, text: Phi::new(String::new()) };
            let note = state.kept.get(&visit).cloned().unwrap_or_else(new);
            (state.open, state.news) = (Some((visit, note)), None);
        });
    }

    /// Looks at one that is kept.
    pub fn look(&self, visit: VisitId) {
        self.shared.change(|state| {
            state.open = state.kept.get(&visit).map(|note| (visit, note.clone()));
            state.news = None;
        });
    }

    /// Lays the open one away; it stays kept.
    pub fn close(&self) {
        self.shared.change(|state| (state.open, state.news) = (None, None));
    }

    /// This is what the open one says now. What is longer than a note may be is cut off.
    pub fn write(&self, text: &Phi<String>) {
        let order = self.shared.change(|state| {
            let (visit, note) = state.open.as_mut()?;
            note.text = Phi::new(text.expose().chars().take(MOST_NOTE_CHARS).collect());
            let (visit, note) = (*visit, (!note.is_empty()).then(|| note.clone()));
            match &note {
                Some(note) => drop(state.kept.insert(visit, note.clone())),
                None => drop(state.kept.remove(&visit)),
            }
            state.news = None;
            Some(Work::Keep { visit, note, by: state.device.clone()? })
        });
        if let Some(order) = order {
            self.order(order);
        }
    }

    /// Deletes the open one.
    pub fn delete(&self) {
        self.write(&Phi::new(String::new()));
    }

    /// Writes the open one to this file, which must not be there, and keeps it sealed no more.
    pub fn export(&self, path: &Path) {
        let (open, by) = {
            let state = self.shared.lock();
            (state.open.clone(), state.device.clone())
        };
        if let (Some((visit, note)), Some(by)) = (open.filter(|(_, note)| !note.is_empty()), by) {
            self.order(Work::Export { visit, note, by, path: path.to_owned() });
        }
    }

    /// What is known; the same one until something changes.
    pub fn view(&self) -> Arc<NotesView> {
        let mut state = self.shared.lock();
        if let Some(view) = &state.view {
            return view.clone();
        }
        let view = Arc::new(state.viewed(&self.shared.calendar));
        state.view = Some(view.clone());
        view
    }

    fn order(&self, work: Work) {
        if let Some(disk) = &self.work {
            let _ = disk.send(work);
        }
    }
}

impl fmt::Debug for Notes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notes").finish_non_exhaustive()
    }
}

impl Drop for Notes {
    fn drop(&mut self) {
        self.work = None;
        if let Some(disk) = self.disk.take() {
            let _ = disk.join();
        }
    }
}

impl State {
    fn viewed(&self, calendar: &Calendar) -> NotesView {
        let about = |visit: &VisitId, note: &Note| KeptNote {
            visit: *visit,
            began: calendar.shown(note.began_unix_secs),
            patient: note.patient.clone(),
        };
        let open = |(visit, note): &(VisitId, Note)| OpenNote { about: about(visit, note), text: note.text.clone() };
        let mut kept: Vec<_> = self.kept.iter().collect();
        kept.sort_by_key(|(_, note)| note.began_unix_secs);
        NotesView {
            open: self.open.as_ref().map(open),
            kept: kept.into_iter().map(|(visit, note)| about(visit, note)).collect(),
            of_others: self.of_others,
            news: self.news.clone(),
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<R>(&self, what: impl FnOnce(&mut State) -> R) -> R {
        let answer = {
            let mut state = self.lock();
            state.view = None;
            what(&mut state)
        };
        (self.repaint)();
        answer
    }

    /// Found on the disk by this device.
    fn found(&self, by: &Arc<DeviceIdentity>, found: BTreeMap<VisitId, Note>, of_others: usize) {
        self.change(|state| {
            if !state.device.as_ref().is_some_and(|device| Arc::ptr_eq(device, by)) {
                return;
            }
            for (visit, note) in found {
                // A visit that was left and is opened again goes on with its note.
                if let Some((open, empty)) = &mut state.open
                    && *open == visit
                    && empty.is_empty()
                {
                    *empty = note.clone();
                }
                state.kept.entry(visit).or_insert(note);
            }
            (state.of_others, state.looked) = (of_others, true);
        });
    }

    fn tell(&self, news: NoteNews) {
        self.change(|state| state.news = Some(news));
    }

    fn exported(&self, visit: VisitId, path: &Path) {
        self.change(|state| {
            state.kept.remove(&visit);
            state.news = Some(NoteNews::Exported(Phi::new(path.display().to_string())));
        });
    }
}

#[cfg(test)]
mod tests;
