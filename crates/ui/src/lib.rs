//! What the windows show. Pure views: a [`Model`] goes in, [`Intent`]s come out.
//!
//! [`housecall_ui`] draws the whole window once. It keeps nothing but what is being typed ([`Forms`], which `app`
//! owns), asks nobody and waits for nothing. Moving pictures are painted by whoever can ([`PicturePainter`]).
//!
//! **Invariant:** `ui` cannot name `session`, a socket or a codec. Every sentence stands in `words`, every colour in
//! `theme`, and every control has a name that a screen reader can say.

#![forbid(unsafe_code)]

mod forms;
mod handing;
mod icons;
mod intent;
mod model;
mod notes;
mod painter;
mod qr;
mod settings;
mod shortcuts;
mod theme;
mod views;
mod widgets;
mod window;
mod words;
mod zoom;

pub use forms::Forms;
pub use handing::{HandingModel, HandingWish, Photograph};
pub use intent::Intent;
pub use model::{Levels, Model, Screen, TestSound};
pub use notes::{NotesModel, NotesWish};
pub use painter::{NoPictures, Picture, PicturePainter, Shown};
pub use settings::{Contrast, Look, Motion, Scale, Settings, SystemWishes, Volume};
pub use theme::{apply_settings, apply_theme};
pub use views::crash::CrashIntent;
pub use window::housecall_ui;
pub use words::{
    Language, LinkTrouble, admitted_notification, came_of_it, device_tried, doctor_page, doctor_verdict, link_trouble,
    packets_came_back, rates_found, recovery_page, rung_name, server_refused, server_trouble, settings_kept_aside,
    settings_not_kept, sheet_not_written, show_window, tray_sentence, waiting_notification, window_title,
};
