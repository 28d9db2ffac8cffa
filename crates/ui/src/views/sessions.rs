//! One's own account, and where somebody is signed in: the list, and the way to end what is not theirs.

use desk::{DeskIntent, DeskSnapshot};
use egui::{Key, KeyboardShortcut, Modifiers, Ui};

use crate::views::own_account::own_account_ui;
use crate::views::sign_in::show_problem;
use crate::widgets::{Weight, button, card, quiet, text};
use crate::{Forms, Intent, Model, words};

/// Locks the desk.
const LOCK: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::L);

/// What stands at the foot of a desk: the sessions, the lock, the way out.
pub(crate) fn account_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    desk: &DeskSnapshot,
    forms: &mut Forms,
    intents: &mut Vec<Intent>,
) {
    own_account_ui(ui, model, desk, &mut forms.account, intents);
    match &desk.sessions {
        None => {
            if button(ui, Weight::Quiet, words::sessions()).clicked() {
                intents.push(Intent::Desk(DeskIntent::ShowSessions));
            }
        }
        Some(view) => card(ui, |ui| {
            text(ui, words::sessions());
            quiet(ui, words::sessions_help());
            show_problem(ui, model, view.problem.as_ref());
            if view.is_asking && view.lines.is_empty() {
                quiet(ui, words::looking());
            }
            for line in &view.lines {
                let label = if line.label.is_empty() { words::some_device() } else { line.label.as_str() };
                text(ui, label);
                if line.is_this {
                    quiet(ui, words::this_device());
                    continue;
                }
                quiet(ui, &words::session_times(line.began_ago, line.used_ago));
                let end = ui
                    .add_enabled_ui(!view.is_asking, |ui| button(ui, Weight::Secondary, &words::end_session(label)))
                    .inner;
                if end.clicked() {
                    intents.push(Intent::Desk(DeskIntent::EndSession(line.session)));
                }
            }
            if button(ui, Weight::Quiet, words::close_sessions()).clicked() {
                intents.push(Intent::Desk(DeskIntent::HideSessions));
            }
        }),
    }
    let pressed = ui.input_mut(|input| input.consume_shortcut(&LOCK));
    let lock = button(ui, Weight::Quiet, words::lock()).on_hover_text(ui.ctx().format_shortcut(&LOCK));
    if lock.clicked() || pressed {
        intents.push(Intent::Desk(DeskIntent::Lock));
    }
    if button(ui, Weight::Quiet, words::sign_out()).clicked() {
        intents.push(Intent::Desk(DeskIntent::SignOut));
    }
}
