//! What a person in a window hands the other, and saves.

use std::path::PathBuf;

use call::{HandingIntent, Intent};
use transfer::TransferId;
use units::Phi;

use super::{Said, Visit};
use crate::handed_here::HandedView;

impl Visit {
    /// The person writes this to the other.
    pub fn write(&self, text: Phi<String>) {
        self.say(Said::Written(text));
    }

    /// The person hands this file over.
    pub fn offer_file(&self, path: PathBuf) {
        self.say(Said::File(path));
    }

    /// The person takes this file, to be written to this folder.
    pub fn accept_file(&self, id: TransferId, folder: PathBuf) {
        self.say(Said::Accept(id, folder));
    }

    /// Saves what was written, beside everything else; the other side sees that it is saved.
    pub fn save_chat(&self, path: PathBuf) {
        self.beside("chat", move |visit| {
            let lines = visit.snapshot().around.handed.lines;
            if visit.here.save_chat(&lines, &path) {
                visit.intend(Intent::Hand(HandingIntent::ChatSaved));
            }
        });
    }

    /// Saves a photograph as it came, beside everything else.
    pub fn save_photograph(&self, id: TransferId, path: PathBuf) {
        self.beside("photograph", move |visit| visit.here.save_photograph(id, &path));
    }

    /// What of that is known here.
    pub fn handed(&self) -> HandedView {
        self.here.view()
    }

    fn say(&self, what: Said) {
        if self.said.try_send(what).is_err() && !self.shared.stopping() {
            tracing::warn!("the visit takes nothing more that is handed over");
        }
    }

    /// A disk may take its time: not on the window's thread.
    fn beside(&self, name: &str, work: impl FnOnce(&Self) + Send + 'static) {
        let visit = self.clone();
        let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(move || work(&visit));
        if let Err(error) = spawned {
            tracing::error!(%error, "no thread to save something");
        }
    }
}
