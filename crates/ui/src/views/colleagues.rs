//! The accounts of a clinic, for its admin: who there is, a new one, and what is done when somebody leaves or loses a telephone.

use desk::{AccountState, ColleagueChange, DeskIntent, DeskSnapshot, StaffId, StaffRole, StaffRow};
use egui::{ComboBox, FontId, Label, RichText, Ui};
use units::Phi;

use crate::theme::Palette;
use crate::views::sign_in::show_problem;
use crate::widgets::{Weight, button, card, field, quiet, spoken, text, wide_button};
use crate::{Forms, Intent, Model, words};

/// The most frequent first.
const ROLES: [StaffRole; 4] = [StaffRole::Clinician, StaffRole::FrontDesk, StaffRole::Admin, StaffRole::Auditor];

pub(crate) fn colleagues_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    desk: &DeskSnapshot,
    forms: &mut Forms,
    intents: &mut Vec<Intent>,
) {
    if !desk.is_admin {
        return;
    }
    let Some(view) = &desk.colleagues else {
        if button(ui, Weight::Quiet, words::colleagues()).clicked() {
            intents.push(Intent::Desk(DeskIntent::ShowColleagues));
        }
        return;
    };
    card(ui, |ui| {
        text(ui, words::colleagues());
        show_problem(ui, model, view.problem.as_ref());
        if let Some((name, code)) = &view.code {
            let said = text(ui, &words::code_for(name.expose()));
            spoken(ui, &said);
            let color = Palette::of(ui).text;
            let shown = ui.add(Label::new(RichText::new(code.expose()).font(FontId::monospace(20.0)).color(color)));
            ui.ctx().accesskit_node_builder(shown.id, |node| node.set_value(code.expose().as_str()));
            quiet(ui, words::code_help());
        }
        ui.add_enabled_ui(!view.is_asking, |ui| {
            for row in &view.rows {
                row_ui(ui, row, &mut forms.colleague_open, intents);
            }
            ui.add_space(6.0);
            new_ui(ui, forms, intents);
        });
        if button(ui, Weight::Quiet, words::close_colleagues()).clicked() {
            intents.push(Intent::Desk(DeskIntent::HideColleagues));
        }
    });
}

fn row_ui(ui: &mut Ui, row: &StaffRow, open: &mut Option<StaffId>, intents: &mut Vec<Intent>) {
    let name = row.name.expose();
    text(ui, &words::account(name, row.role));
    quiet(ui, words::account_state(row.state));
    let mut wanted = None;
    ui.horizontal_wrapped(|ui| {
        if row.state != AccountState::Disabled && button(ui, Weight::Secondary, &words::new_code_for(name)).clicked() {
            wanted = Some(ColleagueChange::BeginAnew(row.staff));
        }
        let disabled = row.state == AccountState::Disabled;
        let word = if disabled { words::enable(name) } else { words::disable(name) };
        if button(ui, Weight::Secondary, &word).clicked() {
            wanted = Some(ColleagueChange::SetDisabled(row.staff, !disabled));
        }
        let is_open = *open == Some(row.staff);
        if button(ui, Weight::Secondary, &words::other_role_of(name)).clicked() {
            *open = (!is_open).then_some(row.staff);
        }
    });
    if *open == Some(row.staff) {
        quiet(ui, words::other_role_help());
        ui.horizontal_wrapped(|ui| {
            for role in ROLES.into_iter().filter(|role| *role != row.role) {
                if button(ui, Weight::Secondary, &words::make_role(name, role)).clicked() {
                    wanted = Some(ColleagueChange::SetRole(row.staff, role));
                    *open = None;
                }
            }
        });
    }
    intents.extend(wanted.map(|change| Intent::Desk(DeskIntent::ChangeColleague(change))));
}

fn new_ui(ui: &mut Ui, forms: &mut Forms, intents: &mut Vec<Intent>) {
    let entered = field(ui, words::new_colleague(), &mut forms.colleague, "", false);
    let role = forms.colleague_role.unwrap_or(StaffRole::Clinician);
    ComboBox::from_label(words::colleagues_role()).selected_text(words::role(role)).show_ui(ui, |ui| {
        for one in ROLES {
            ui.selectable_value(&mut forms.colleague_role, Some(one), words::role(one));
        }
    });
    let name = forms.colleague.trim().to_owned();
    let add = ui.add_enabled_ui(!name.is_empty(), |ui| wide_button(ui, Weight::Primary, words::add_colleague())).inner;
    if (add.clicked() || entered) && !name.is_empty() {
        forms.colleague.clear();
        let change = ColleagueChange::Add { name: Phi::new(name), role };
        intents.push(Intent::Desk(DeskIntent::ChangeColleague(change)));
    }
}
