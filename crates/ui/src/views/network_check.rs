//! What a patient should know of their network before they join; nothing where all is well, or nothing is known yet.

use egui::Ui;

use crate::widgets::notice;
use crate::{Model, words};

pub(crate) fn network_check_ui(ui: &mut Ui, model: &Model<'_>) {
    if let Some(sentence) = model.network.and_then(|checked| words::lobby_check(checked, model.phone)) {
        notice(ui, &sentence);
    }
}
