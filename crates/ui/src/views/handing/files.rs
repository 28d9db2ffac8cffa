//! Files: what is to be sent, what is offered, how far it has come. Nothing is ever opened from here.

use call::transfer::{State, TransferView};
use call::{HandingIntent, HandingNews, Snapshot};
use egui::{CornerRadius, Rect, Role, ScrollArea, Sense, Ui, WidgetInfo, vec2};
use units::Phi;

use super::{close_ui, is_their_photograph, named_button, photographs};
use crate::theme::Palette;
use crate::widgets::{
    Weight, button, card, field_with_focus, follow_keyboard, notice, quiet, spoken, text, wide_button,
};
use crate::{Forms, HandingWish, Intent, Model, words};

pub(super) fn files_ui(ui: &mut Ui, model: &Model<'_>, call: &Snapshot, forms: &mut Forms, intents: &mut Vec<Intent>) {
    let handed = &call.around.handed;
    ScrollArea::vertical().id_salt("files").auto_shrink(false).show(ui, |ui| {
        follow_keyboard(ui, |ui| {
            photographs::photographs_ui(ui, model, call, forms, intents);
            if handed.turned_away > 0 {
                quiet(ui, &words::offers_turned_away(handed.turned_away));
            }
            if handed.transfers.iter().any(|view| view.place.incoming && view.state == State::Offered) {
                field_with_focus(ui, words::handing_folder(), &mut forms.handing.folder.text, "", false, false);
            }
            let arrived = |view: &TransferView| is_their_photograph(call, view) && view.state == State::Arrived;
            for view in handed.transfers.iter().filter(|view| !arrived(view)) {
                ui.push_id((view.place.incoming, view.place.id.0), |ui| {
                    card(ui, |ui| transfer_ui(ui, model, view, forms, intents));
                });
            }
            send_ui(ui, model, forms, intents);
            close_ui(ui, forms);
        })
    });
}

/// What became of what was wanted last, where it is about what stands here.
pub(super) fn what_became(ui: &mut Ui, model: &Model<'_>, is_about: impl Fn(&HandingNews) -> bool) {
    let Some(news) = model.handing.news.filter(|news| is_about(news)) else { return };
    match words::handing_news(news) {
        (true, sentence) => {
            let said = quiet(ui, &sentence);
            spoken(ui, &said);
        }
        (false, sentence) => notice(ui, &sentence),
    }
}

fn transfer_ui(ui: &mut Ui, model: &Model<'_>, view: &TransferView, forms: &mut Forms, intents: &mut Vec<Intent>) {
    let (place, name) = (view.place, view.name.expose());
    text(ui, &words::handed_thing(view));
    let saved = model.handing.saved.iter().find(|(id, _)| place.incoming && *id == place.id);
    let said = quiet(ui, &words::handed_state(view, saved.map(|(_, path)| path.expose().as_str())));
    if view.state != State::Moving {
        // A running number would be said without end.
        spoken(ui, &said);
    }
    if matches!(view.state, State::Moving | State::Waiting | State::Checking) {
        bar(ui, view);
    }
    let cancel = Intent::Call(call::Intent::Hand(HandingIntent::Cancel(place)));
    match view.state {
        State::Arrived | State::Ended(_) => {}
        State::Offered if place.incoming => {
            ui.horizontal_wrapped(|ui| {
                let folder = forms.handing.folder.text.trim();
                if named_button(ui, Weight::Primary, words::handing_accept(), &words::accept_file(name)) {
                    let folder = Phi::new(folder.to_owned());
                    intents.push(Intent::Hand(HandingWish::Accept { id: place.id, folder }));
                }
                if named_button(ui, Weight::Secondary, words::handing_decline(), &words::decline_file(name)) {
                    intents.push(cancel);
                }
            });
        }
        _ => {
            if named_button(ui, Weight::Secondary, words::handing_stop(), &words::stop_file(name)) {
                intents.push(cancel);
            }
        }
    }
}

/// How much of it has arrived.
fn bar(ui: &mut Ui, view: &TransferView) {
    let colors = Palette::of(ui);
    let share = view.moved as f32 / view.bytes.max(1) as f32;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 8.0), Sense::hover());
    response.widget_info(|| WidgetInfo {
        value: Some(f64::from((share * 100.0).floor())),
        ..WidgetInfo::labeled(Role::ProgressIndicator, true, words::handing_progress())
    });
    let radius = CornerRadius::same(4);
    ui.painter().rect_filled(rect, radius, colors.soft);
    let filled = Rect::from_min_size(rect.min, vec2(rect.width() * share, rect.height()));
    ui.painter().rect_filled(filled, radius, colors.good);
}

fn send_ui(ui: &mut Ui, model: &Model<'_>, forms: &mut Forms, intents: &mut Vec<Intent>) {
    let handing = &mut forms.handing;
    let offer = |path: String| Intent::Hand(HandingWish::Offer(Phi::new(path)));
    for path in &handing.dropped {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let said = text(ui, &words::to_be_sent(&name));
        spoken(ui, &said);
    }
    if !handing.dropped.is_empty() {
        if wide_button(ui, Weight::Primary, &words::send_dropped(handing.dropped.len())).clicked() {
            let paths = std::mem::take(&mut handing.dropped);
            intents.extend(paths.into_iter().map(|path| offer(path.display().to_string())));
        } else if wide_button(ui, Weight::Secondary, words::handing_do_not_send()).clicked() {
            handing.dropped.clear();
        }
    }
    if model.handing.is_reading {
        let said = quiet(ui, words::handing_reading());
        spoken(ui, &said);
    }
    what_became(ui, model, |news| matches!(news, HandingNews::NotRead));
    let hint = words::handing_path_hint();
    let entered = field_with_focus(ui, words::handing_path(), &mut handing.path, hint, false, false);
    let pressed = button(ui, Weight::Secondary, words::handing_offer()).clicked();
    if entered || pressed {
        let path = super::paths::as_path(&handing.path);
        if !path.is_empty() {
            handing.path.clear();
            intents.push(offer(path));
        }
    }
}
