//! Photographs in full size: asked for, agreed to, looked at near and beside each other, saved by the clinician alone.

use call::transfer::Still;
use call::{HandingIntent, HandingNews, Snapshot};
use egui::{
    EventFilter, Frame, Image, Key, Margin, Pos2, Rect, Role, ScrollArea, Sense, Ui, Vec2, WidgetInfo, pos2, vec2,
};
use signaling_protocol::Role as Side;
use units::{Phi, PictureSize};

use super::files::what_became;
use super::{close_one, named_button};
use crate::forms::HandingForms;
use crate::theme::{NARROW, Palette};
use crate::widgets::{
    Weight, button, card, field, fitted, focus_ring, follow_keyboard, notice, quiet, spoken, text, wide_button,
};
use crate::{Forms, HandingWish, Intent, Model, words};

/// How often it can be brought half as near again: 11 times in all.
const NEAREST: u8 = 6;
/// How far a key moves what is looked at, in parts of it.
const STEP: f32 = 0.05;
const THUMBNAIL: f32 = 96.0;
/// Lower than this a photograph shows nothing.
const LEAST_HEIGHT: f32 = 160.0;

/// In the drawer: the question, the answer, and what has come.
pub(super) fn photographs_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    call: &Snapshot,
    forms: &mut Forms,
    intents: &mut Vec<Intent>,
) {
    let still = call.around.handed.still;
    let hand = |intent| Intent::Call(call::Intent::Hand(intent));
    if let Some(sentence) = words::still_state(still) {
        let said = text(ui, sentence);
        spoken(ui, &said);
    }
    if still == Still::AskedByThem {
        notice(ui, words::handing_asks());
        if wide_button(ui, Weight::Primary, words::handing_agree()).clicked() {
            intents.push(hand(HandingIntent::AnswerStill(true)));
        }
        if wide_button(ui, Weight::Secondary, words::handing_refuse()).clicked() {
            intents.push(hand(HandingIntent::AnswerStill(false)));
        }
    }
    if call.role != Side::Host {
        return;
    }
    if matches!(still, Still::None | Still::Refused) {
        if wide_button(ui, Weight::Secondary, words::handing_ask()).clicked() {
            intents.push(hand(HandingIntent::AskStill));
        }
        quiet(ui, words::handing_ask_help());
    }
    if !model.handing.photographs.is_empty() {
        field(ui, words::handing_photograph_file(), &mut forms.handing.photograph_file.text, "", false);
        let of_photographs =
            |news: &HandingNews| matches!(news, HandingNews::PhotographSaved(..) | HandingNews::PhotographNotSaved(..));
        what_became(ui, model, of_photographs);
    }
    for index in 0..model.handing.photographs.len() {
        card(ui, |ui| photograph_ui(ui, model, index, forms, intents));
    }
}

fn photograph_ui(ui: &mut Ui, model: &Model<'_>, index: usize, forms: &mut Forms, intents: &mut Vec<Intent>) {
    let handing = &mut forms.handing;
    let (photograph, number) = (&model.handing.photographs[index], index + 1);
    if let Some((texture, size)) = photograph.shown {
        let name = words::photograph(number);
        let size =
            fitted(Rect::from_min_size(Pos2::ZERO, Vec2::splat(THUMBNAIL)), size.width as f32, size.height as f32);
        let image = ui.add(Image::new((texture, size.size())).fit_to_exact_size(size.size()).alt_text(&name));
        // It is new: who cannot see that hears it.
        spoken(ui, &image);
        text(ui, &name);
        if wide_button(ui, Weight::Secondary, &words::look_at(number)).clicked() {
            (handing.shown, handing.nearer, handing.moved) = (vec![photograph.id], 0, Vec2::ZERO);
            // In a narrow window it stands where the photograph is to be.
            if ui.ctx().content_rect().width() < NARROW {
                forms.beside = None;
            }
        }
        let beside = handing.shown.len() == 1 && handing.shown[0] != photograph.id;
        if beside && wide_button(ui, Weight::Secondary, &words::put_beside(number)).clicked() {
            handing.shown.push(photograph.id);
            if ui.ctx().content_rect().width() < NARROW {
                forms.beside = None;
            }
        }
    } else {
        notice(ui, &words::photograph_not_shown(number));
    }
    let file = handing.photograph_file.text.trim();
    if wide_button(ui, Weight::Secondary, &words::save_photograph(number)).clicked() && !file.is_empty() {
        let file = Phi::new(file.to_owned());
        intents.push(Intent::Hand(HandingWish::SavePhotograph { id: photograph.id, file }));
    }
}

/// In the place of their picture: one photograph, or two beside each other, moved and brought near together.
pub(crate) fn photographs_large(ui: &mut Ui, model: &Model<'_>, forms: &mut Forms) {
    let free = ui.available_height();
    // Where the window leaves little, it is scrolled.
    let area = ScrollArea::vertical().id_salt("photographs").auto_shrink(false);
    let close = area.show(ui, |ui| {
        follow_keyboard(ui, |ui| {
            let close = controls_ui(ui, &mut forms.handing);
            let height = free - ui.min_rect().height() - ui.spacing().item_spacing.y;
            places_ui(ui, height.max(LEAST_HEIGHT), model, &mut forms.handing);
            close
        })
    });
    if close.inner {
        forms.beside = None;
        close_one(forms);
    }
}

/// How near they are, and the way out; whether that was taken.
fn controls_ui(ui: &mut Ui, handing: &mut HandingForms) -> bool {
    let controls = Frame::new().inner_margin(Margin::symmetric(8, 4)).show(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            if button(ui, Weight::Secondary, words::handing_zoom_in()).clicked() {
                zoom_photographs(handing, true);
            }
            if button(ui, Weight::Secondary, words::handing_zoom_out()).clicked() {
                zoom_photographs(handing, false);
            }
            if named_button(ui, Weight::Secondary, words::handing_whole_short(), words::handing_whole()) {
                (handing.nearer, handing.moved) = (0, Vec2::ZERO);
            }
            let (word, name) = (words::handing_close_short(), words::handing_close_photographs());
            let close = named_button(ui, Weight::Secondary, word, name);
            let said = quiet(ui, &words::zoom_of_photographs((zoom(handing.nearer) * 100.0).round() as u32));
            spoken(ui, &said);
            close
        })
        .inner
    });
    controls.inner
}

fn places_ui(ui: &mut Ui, height: f32, model: &Model<'_>, handing: &mut HandingForms) {
    let room = Rect::from_min_size(ui.cursor().min, vec2(ui.available_width(), height));
    ui.painter().rect_filled(room, 0, Palette::dark(ui.ctx()).field);
    let shown = handing.shown.clone();
    for (place, id) in places(room, shown.len()).into_iter().zip(&shown) {
        let found = model.handing.photographs.iter().enumerate().find(|(_, photograph)| photograph.id == *id);
        if let Some((index, (texture, size))) = found.and_then(|(index, it)| Some((index, it.shown?))) {
            one_large(ui, place, (index + 1, texture, size), handing);
        }
    }
    ui.advance_cursor_after_rect(room);
}

/// Beside each other, or below where that leaves them larger.
fn places(room: Rect, count: usize) -> Vec<Rect> {
    const GAP: f32 = 6.0;
    if count < 2 {
        return vec![room];
    }
    let (first, second) = if room.width() >= room.height() {
        room.split_left_right_at_fraction(0.5)
    } else {
        room.split_top_bottom_at_fraction(0.5)
    };
    vec![first.shrink(GAP / 2.0), second.shrink(GAP / 2.0)]
}

fn one_large(
    ui: &mut Ui,
    room: Rect,
    (number, texture, size): (usize, egui::TextureId, PictureSize),
    handing: &mut HandingForms,
) {
    let response = ui.allocate_rect(room, Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, words::photograph(number)));
    if response.clicked() {
        response.request_focus();
    }
    let whole = fitted(room, size.width as f32, size.height as f32).size();
    let all = whole * zoom(handing.nearer);
    handing.moved += response.drag_delta() / all;
    if response.has_focus() {
        handing.moved += by_keys(ui, &response);
    }
    if response.contains_pointer() {
        let wheel = ui.input(|input| input.smooth_scroll_delta());
        handing.moved += wheel / all;
    }
    handing.moved = within(handing.moved, all, room.size());
    let at = Rect::from_center_size(room.center() + handing.moved * all, all);
    let corners = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
    ui.painter().with_clip_rect(room).image(texture, at, corners, egui::Color32::WHITE);
    focus_ring(ui, &response, room.shrink(6.0));
}

/// Arrows look around, and do not lead on to the next control.
fn by_keys(ui: &Ui, response: &egui::Response) -> Vec2 {
    let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let pressed = |key| f32::from(u8::from(ui.input(|input| input.key_pressed(key))));
    let across = pressed(Key::ArrowLeft) - pressed(Key::ArrowRight);
    let down = pressed(Key::ArrowUp) - pressed(Key::ArrowDown);
    vec2(across, down) * STEP
}

/// No farther than to its edge; what has room is in the middle.
fn within(moved: Vec2, all: Vec2, room: Vec2) -> Vec2 {
    let most = ((all - room) / 2.0).max(Vec2::ZERO) / all.max(Vec2::splat(1.0));
    moved.clamp(-most, most)
}

/// Nearer, or farther.
pub(crate) fn zoom_photographs(handing: &mut HandingForms, nearer: bool) {
    handing.nearer = if nearer { (handing.nearer + 1).min(NEAREST) } else { handing.nearer.saturating_sub(1) };
}

fn zoom(nearer: u8) -> f32 {
    1.5_f32.powi(i32::from(nearer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photograph_is_moved_to_its_edge_and_no_farther() {
        let room = vec2(100.0, 100.0);
        assert_eq!(within(vec2(5.0, 5.0), vec2(100.0, 50.0), room), Vec2::ZERO, "all of it is seen");
        assert_eq!(within(vec2(5.0, -5.0), vec2(200.0, 100.0), room), vec2(0.25, 0.0));
        assert!(zoom(0) == 1.0 && zoom(NEAREST) > 11.0);
    }

    #[test]
    fn two_stand_where_each_is_larger() {
        let wide = places(Rect::from_min_size(Pos2::ZERO, vec2(200.0, 100.0)), 2);
        assert!(wide[0].right() < wide[1].left());
        let high = places(Rect::from_min_size(Pos2::ZERO, vec2(100.0, 200.0)), 2);
        assert!(high[0].bottom() < high[1].top());
        assert_eq!(places(wide[0], 1), [wide[0]]);
    }
}
