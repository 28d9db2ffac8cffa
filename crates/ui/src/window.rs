//! The whole window: picks the view by the snapshots.

use crate::{Forms, Intent, Model, PicturePainter};

/// Draws the window once, and pushes what the person wants.
pub fn housecall_ui(
    _ui: &mut egui::Ui,
    _model: &Model<'_>,
    _forms: &mut Forms,
    _painter: &mut dyn PicturePainter,
    _intents: &mut Vec<Intent>,
) {
}
