//! The whole window: picks the view by the snapshots.

use std::sync::Arc;

use call::Phase;
use desk::{DeskIntent, DeskPhase};
use egui::{Align, CentralPanel, Frame, Layout, Margin, Panel, Theme, Ui, UiBuilder, vec2};
use units::{Phi, Timestamp};

use crate::forms::{AccountForms, AuditForms, DayForms, KeyForms};
use crate::theme::{CARD_MARGIN, PAGE_MARGIN, Palette, TARGET, TIGHT};
use crate::views::mini::make_mini;
use crate::views::{
    beginning, crash, desk as clinic, ended, keys, live, lobby, settings, sign_in, start, summary, waiting_panel,
    waiting_room,
};
use crate::widgets::{Weight, button, notice};
use crate::{Forms, Intent, Model, PicturePainter, Screen, shortcuts, words};

/// Draws the window once, and pushes what the person wants.
///
/// `app` gives what was pushed to who decides and draws again when a snapshot changed, a picture came or egui asked.
/// It also does what no view decides: it joins a host's call as soon as the desk began it, and tells the desk of
/// [`DeskIntent::Activity`] when keys or the mouse were used.
pub fn housecall_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    forms: &mut Forms,
    painter: &mut dyn PicturePainter,
    intents: &mut Vec<Intent>,
) {
    // By it a screen reader pronounces.
    ui.ctx().accesskit_node_builder(egui::accesskit_root_id(), |node| node.set_language(model.language.tag()));
    model.language.speaks(|| window_ui(ui, model, forms, painter, intents));
}

fn window_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    forms: &mut Forms,
    painter: &mut dyn PicturePainter,
    intents: &mut Vec<Intent>,
) {
    let call = model.call.filter(|_| model.screen != Screen::Start);
    if call.is_none_or(|call| call.phase != Phase::Lobby) {
        forms.joining = None;
    }
    let in_call = call.is_some_and(|call| {
        matches!(call.phase, Phase::Connecting { .. } | Phase::Live { .. } | Phase::Reconnecting { .. })
    });
    // Those with Shift first: egui takes a shortcut also when Shift is held as well.
    shortcuts::window_shortcuts(ui, model.settings, in_call, forms, intents);
    if let Some(call) = call {
        shortcuts::shortcuts(ui, call, forms, intents);
    } else {
        forms.beside = None;
    }
    if !in_call && forms.mini {
        make_mini(false, forms, intents);
    }
    if !in_call && std::mem::take(&mut forms.fills_screen) {
        // What can be left again has a button only beside a picture.
        intents.push(Intent::FullScreen(false));
    }
    if model.other_link {
        let style = Arc::clone(ui.style());
        if in_call {
            // As what stands below it.
            let dark = ui.ctx().style_of(Theme::Dark);
            ui.set_style(dark);
        }
        other_link_ui(ui, intents);
        ui.set_style(style);
    }
    if in_call {
        return screen_ui(ui, model, forms, painter, intents);
    }
    above_foot(ui, forms, |ui, forms| match model.crash {
        _ if forms.settings_open => on_paper(ui, |ui| settings::settings_ui(ui, model, forms, intents)),
        // A visit that waits goes before it.
        Some(report) if model.screen == Screen::Start => on_paper(ui, |ui| crash::crash_ui(ui, report, intents)),
        _ => screen_ui(ui, model, forms, painter, intents),
    });
}

fn screen_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    forms: &mut Forms,
    painter: &mut dyn PicturePainter,
    intents: &mut Vec<Intent>,
) {
    match model.screen {
        Screen::Start => on_paper(ui, |ui| start::start_ui(ui, model, forms, intents)),
        Screen::Patient => patient_ui(ui, model, forms, painter, intents),
        Screen::Clinician => clinician_ui(ui, model, forms, painter, intents),
    }
}

/// Draws what the window shows, and below it the way to the settings; last, so that Tab reaches it last.
fn above_foot(ui: &mut Ui, forms: &mut Forms, add: impl FnOnce(&mut Ui, &mut Forms)) {
    let (room, color) = (ui.available_rect_before_wrap(), Palette::of(ui).window);
    let edge = room.bottom() - TARGET - 2.0 * TIGHT;
    ui.painter().rect_filled(room, 0, color);
    let (above, foot) = room.split_top_bottom_at_y(edge);
    ui.scope_builder(UiBuilder::new().max_rect(above), |ui| add(ui, forms));
    let foot = foot.shrink2(vec2(PAGE_MARGIN, TIGHT));
    let row = Layout::right_to_left(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(foot).layout(row), |ui| {
        // The page itself has a button below what is set.
        if !forms.settings_open && button(ui, Weight::Quiet, words::settings()).clicked() {
            forms.settings_open = true;
        }
    });
}

/// Another start of the program brought the link of another visit.
fn other_link_ui(ui: &mut Ui, intents: &mut Vec<Intent>) {
    let color = Palette::of(ui).window;
    let frame = Frame::new().fill(color).inner_margin(Margin::same(CARD_MARGIN as i8));
    Panel::top("other link").frame(frame).show_separator_line(false).show(ui, |ui| {
        notice(ui, words::other_link());
        ui.horizontal_wrapped(|ui| {
            if button(ui, Weight::Secondary, words::stay_here()).clicked() {
                intents.push(Intent::OtherLink(false));
            }
            if button(ui, Weight::Secondary, words::open_other_link()).clicked() {
                intents.push(Intent::OtherLink(true));
            }
        });
    });
}

fn patient_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    forms: &mut Forms,
    painter: &mut dyn PicturePainter,
    intents: &mut Vec<Intent>,
) {
    let Some(call) = model.call else {
        return on_paper(ui, |ui| ended::moment_ui(ui, model, words::opening(), intents));
    };
    match call.phase {
        Phase::Lobby => on_paper(ui, |ui| lobby::lobby_ui(ui, model, call, forms, painter, intents)),
        Phase::WaitingRoom { since } => {
            every_minute(ui, model.now, since);
            on_paper(ui, |ui| waiting_room::waiting_room_ui(ui, model, (call, since), forms, painter, intents));
        }
        Phase::Connecting { .. } | Phase::Live { .. } | Phase::Reconnecting { .. } => {
            on_stage(ui, |ui| live::live_ui(ui, model, call, forms, painter, intents));
        }
        Phase::Ended(reason) => {
            forms.forget_visit();
            on_paper(ui, |ui| ended::ended_ui(ui, model, reason, intents));
        }
    }
}

fn clinician_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    forms: &mut Forms,
    painter: &mut dyn PicturePainter,
    intents: &mut Vec<Intent>,
) {
    let Some(desk) = model.desk else {
        return on_paper(ui, |ui| ended::moment_ui(ui, model, words::opening(), intents));
    };
    match &desk.phase {
        DeskPhase::SignedOut { .. } | DeskPhase::SigningIn | DeskPhase::Locked { .. } => {
            forms.forget_visit();
            forms.patient.clear();
            forms.keys = KeyForms::default();
            forms.day = DayForms::default();
            forms.account = AccountForms::default();
            forms.audit = AuditForms::default();
            forms.colleague_open = None;
            on_paper(ui, |ui| sign_in::sign_in_ui(ui, model, desk, forms, intents));
        }
        DeskPhase::Beginning { enrolment, is_asking, problem } => {
            let beginning = (enrolment, *is_asking, problem.as_ref());
            on_paper(ui, |ui| beginning::beginning_ui(ui, model, beginning, forms, intents));
        }
        DeskPhase::RecoveryCodes(codes) => {
            forms.forget_beginning();
            on_paper(ui, |ui| beginning::codes_ui(ui, model, codes, intents));
        }
        DeskPhase::Keys => {
            forms.forget_visit();
            on_paper(ui, |ui| keys::keys_ui(ui, model, desk, forms, intents));
        }
        DeskPhase::Ready { .. } | DeskPhase::MakingVisit => {
            forms.forget_visit();
            on_paper(ui, |ui| clinic::desk_ui(ui, model, desk, forms, intents));
        }
        DeskPhase::Summary(summary) => {
            forms.forget_visit();
            on_paper(ui, |ui| summary::summary_ui(ui, model, summary, forms, intents));
        }
        DeskPhase::InVisit { link } => {
            forms.patient.clear();
            visit_ui(ui, model, link, forms, painter, intents);
        }
    }
}

/// The clinician's visit, by the call's phase.
fn visit_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    link: &Phi<String>,
    forms: &mut Forms,
    painter: &mut dyn PicturePainter,
    intents: &mut Vec<Intent>,
) {
    match model.call {
        None => on_paper(ui, |ui| moment_of_a_visit(ui, model, words::opening(), intents)),
        Some(call) => match call.phase {
            Phase::Lobby | Phase::WaitingRoom { .. } => {
                if let Some(last) = call.waiting.last() {
                    every_minute(ui, model.now, last.since);
                }
                on_paper(ui, |ui| {
                    waiting_panel::waiting_panel_ui(ui, model, (call, link), forms, painter, intents);
                });
            }
            Phase::Connecting { .. } | Phase::Live { .. } | Phase::Reconnecting { .. } => {
                on_stage(ui, |ui| live::live_ui(ui, model, call, forms, painter, intents));
            }
            Phase::Ended(_) => on_paper(ui, |ui| moment_of_a_visit(ui, model, words::ending(), intents)),
        },
    }
}

/// Like a patient's, but a way out leads over the desk, which must know.
fn moment_of_a_visit(ui: &mut Ui, model: &Model<'_>, title: &str, intents: &mut Vec<Intent>) {
    let mut wanted = Vec::new();
    ended::moment_ui(ui, model, title, &mut wanted);
    if wanted.contains(&Intent::Back) {
        intents.push(Intent::Desk(DeskIntent::CloseVisit));
    }
}

/// On the window's own ground.
fn on_paper(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    let ground = Frame::new().fill(Palette::of(ui).window);
    CentralPanel::default().frame(ground).show(ui, add);
}

/// Dark in both looks: a bright frame around a picture blinds.
fn on_stage(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    let style = ui.ctx().style_of(Theme::Dark);
    ui.painter().rect_filled(ui.available_rect_before_wrap(), 0, Palette::dark(ui.ctx()).window);
    ui.set_style(style);
    add(ui);
}

/// Draws again when the next minute of waiting is full.
fn every_minute(ui: &Ui, now: Timestamp, since: Timestamp) {
    let into = now.since(since).as_micros() % 60_000_000;
    let left = u64::try_from(60_000_000 - into).unwrap_or(60_000_000);
    ui.ctx().request_repaint_after(std::time::Duration::from_micros(left + 20_000));
}
