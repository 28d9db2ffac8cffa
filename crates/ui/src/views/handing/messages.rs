//! What the two write to each other: text, whatever it looks like.

use call::transfer::chat::MOST_TEXT;
use call::transfer::{LineState, TextError};
use call::{HandingNews, Snapshot};
use egui::{Key, Label, Margin, ScrollArea, TextEdit, Ui};
use signaling_protocol::Role;
use units::Phi;

use super::close_ui;
use super::files::what_became;
use crate::theme::TIGHT;
use crate::widgets::{Weight, field, folded, follow_keyboard, notice, quiet, spoken, wide_button};
use crate::{Forms, HandingWish, Intent, Model, words};

pub(super) fn messages_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    call: &Snapshot,
    forms: &mut Forms,
    intents: &mut Vec<Intent>,
) {
    let handed = &call.around.handed;
    ScrollArea::vertical().id_salt("messages").auto_shrink(false).stick_to_bottom(true).show(ui, |ui| {
        follow_keyboard(ui, |ui| {
            quiet(ui, words::gone_at_the_end(call.role));
            if let Some(sentence) = words::saved_by(handed.saved_by_us, handed.saved_by_them) {
                let said = quiet(ui, sentence);
                spoken(ui, &said);
            }
            if call.role == Role::Host && !handed.lines.is_empty() {
                folded(ui, words::handing_save_chat()).show(ui, |ui| save_ui(ui, forms, intents));
                let of_chat =
                    |news: &HandingNews| matches!(news, HandingNews::ChatSaved(_) | HandingNews::ChatNotSaved(_));
                what_became(ui, model, of_chat);
            }
            if handed.lines.is_empty() {
                quiet(ui, words::handing_nothing_written());
            }
            let newest_of_theirs = handed.lines.iter().rposition(|line| !line.ours);
            for (index, line) in handed.lines.iter().enumerate() {
                ui.vertical(|ui| {
                    // What became of a line stands by it.
                    ui.spacing_mut().item_spacing.y = 0.0;
                    let said = ui.add(Label::new(words::written(call.role, line.ours, line.text.expose())).wrap());
                    if newest_of_theirs == Some(index) {
                        spoken(ui, &said);
                    }
                    if line.ours {
                        let said = quiet(ui, words::delivery(line.state == LineState::Arrived));
                        spoken(ui, &said);
                    }
                });
            }
            write_ui(ui, forms, intents);
            close_ui(ui, forms);
        })
    });
}

fn save_ui(ui: &mut Ui, forms: &mut Forms, intents: &mut Vec<Intent>) {
    let file = &mut forms.handing.chat_file.text;
    let entered = field(ui, words::handing_chat_file(), file, "", false);
    let pressed = wide_button(ui, Weight::Secondary, words::handing_save_messages()).clicked();
    if (entered || pressed) && !file.trim().is_empty() {
        intents.push(Intent::Hand(HandingWish::SaveChat(Phi::new(file.trim().to_owned()))));
    }
}

/// Where a line is typed: sent by Enter, and the next is typed in the same place.
fn write_ui(ui: &mut Ui, forms: &mut Forms, intents: &mut Vec<Intent>) {
    let line = &mut forms.handing.line;
    let entered = ui
        .vertical(|ui| {
            ui.spacing_mut().item_spacing.y = TIGHT;
            let label = ui.label(words::handing_message());
            let edit = TextEdit::singleline(line)
                .id_salt("message")
                .margin(Margin::symmetric(12, 13))
                .desired_width(f32::INFINITY);
            let response = ui.add(edit).labelled_by(label.id);
            let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            if entered || forms.handing.newly_open {
                response.request_focus();
            }
            entered
        })
        .inner;
    let is_too_long = line.trim().len() > MOST_TEXT;
    if is_too_long {
        notice(ui, words::not_sent(TextError::TooLong));
    }
    let pressed = wide_button(ui, Weight::Primary, words::handing_send()).clicked();
    if (entered || pressed) && !is_too_long && !line.trim().is_empty() {
        intents.push(Intent::Hand(HandingWish::Write(Phi::new(std::mem::take(line)))));
    }
}
