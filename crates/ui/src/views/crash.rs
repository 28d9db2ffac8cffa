//! The report of a crash, at the next start: to be read, copied, deleted.

use egui::{FontId, ScrollArea, TextEdit, Ui};

use crate::theme::{COLUMN, Palette};
use crate::widgets::{Weight, card, heading, page, quiet, text, wide_button};
use crate::{Intent, words};

/// How high the report gets before it scrolls.
const HEIGHT: f32 = 220.0;

pub(crate) fn crash_ui(ui: &mut Ui, report: &str, intents: &mut Vec<Intent>) {
    page(ui, COLUMN, |ui| {
        heading(ui, words::crashed());
        text(ui, words::crashed_why());
        card(ui, |ui| {
            let label = quiet(ui, words::crash_report());
            let color = Palette::of(ui).text;
            ScrollArea::vertical().max_height(HEIGHT).id_salt("report").show(ui, |ui| {
                // Read, marked and copied, and never changed: the text is a copy.
                let mut shown = report;
                let edit = TextEdit::multiline(&mut shown).font(FontId::monospace(13.0)).text_color(color);
                ui.add(edit.desired_width(f32::INFINITY)).labelled_by(label.id);
            });
        });
        if wide_button(ui, Weight::Primary, words::copy_report()).clicked() {
            intents.push(Intent::Crash(CrashIntent::Copy));
        }
        if wide_button(ui, Weight::Secondary, words::delete_report()).clicked() {
            intents.push(Intent::Crash(CrashIntent::Delete));
        }
        if wide_button(ui, Weight::Quiet, words::ask_later()).clicked() {
            intents.push(Intent::Crash(CrashIntent::Later));
        }
    });
}

/// What the person wants of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrashIntent {
    /// Put it on the clipboard.
    Copy,
    /// Take it away for good.
    Delete,
    /// Show it again at the next start.
    Later,
}
