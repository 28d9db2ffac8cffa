//! Their picture as large as it goes, ours in a corner of it: looked at more nearly, moved, put away.

use call::Snapshot;
use egui::{Rect, Response, Sense, Ui, Vec2, pos2, vec2};

use crate::forms::StageForms;
use crate::icons::Icon;
use crate::theme::{Palette, TARGET, TIGHT};
use crate::views::lobby::own_instead;
use crate::views::mini::make_mini;
use crate::views::picture::{own_shape, own_shown, picture};
use crate::widgets::{Corner, Weight, button, disc_button, fitted, text};
use crate::zoom::Zoom;
use crate::{Forms, Intent, Model, Picture, PicturePainter, Settings, Shown, words};

/// Half the height of a person's outline with two lines of words below it.
const HALF_OF_WORDS: f32 = 70.0;
/// In less than this height the own picture would cover theirs, and stand behind the buttons.
const LEAST_FOR_OWN: f32 = 180.0;
/// Between the edge of a picture and what stands over it.
const EDGE: f32 = 12.0;
/// Nearer, farther, the small window and the whole screen beside each other.
const BUTTONS: Vec2 = vec2(4.0 * TARGET + 6.0 * TIGHT, TARGET);
/// So many points of scrolling look nearer by a factor of e.
const SCROLL: f32 = 300.0;

pub(crate) fn stage_ui(
    ui: &mut Ui,
    model: &Model<'_>,
    call: &Snapshot,
    forms: &mut Forms,
    painter: &mut dyn PicturePainter,
    intents: &mut Vec<Intent>,
) {
    let room = ui.available_rect_before_wrap();
    ui.painter().rect_filled(room, 0, Palette::dark(ui.ctx()).field);
    let instead = words::other_picture_instead(call, painter.size(Picture::Other).is_some());
    let seen = painter.size(Picture::Other).filter(|_| instead.is_none());
    let shown = seen.map(|size| fitted(room, size.width as f32, size.height as f32));
    let own_fits = room.height() >= LEAST_FOR_OWN;
    let own = own_place(ui, room, shown, forms.stage.corner, painter);
    // What is said in the place of their picture stands above ours, where it would lie below it.
    let in_the_way = own_fits && !forms.stage.own_hidden && own.max.y > room.center().y;
    let is_below = instead.is_some() && in_the_way && room.center().y + HALF_OF_WORDS > own.top();
    let for_theirs = if is_below { room.with_max_y(own.top()) } else { room };
    let whole = Shown { part: forms.stage.zoom.part(), ..Shown::WHOLE };
    // To be pulled and scrolled by a hand; who has none finds buttons and keys for the same, so that Tab passes it.
    let sense = (for_theirs, Sense::CLICK | Sense::DRAG);
    let response = picture(ui, sense, (Picture::Other, whole), words::other_picture(), instead, painter);
    match shown {
        Some(shown) => look_nearer(ui, &response, shown, &mut forms.stage.zoom),
        None => forms.stage.zoom = Zoom::default(),
    }
    if own_fits {
        own_ui(ui, (room, own), model, call, &mut forms.stage, painter);
    }
    over_ui(ui, beside(room, shown, BUTTONS), shown.is_some(), forms, intents);
}

/// Where our picture stands: below or above theirs where that leaves room, else over its corner.
fn own_place(ui: &Ui, room: Rect, theirs: Option<Rect>, corner: Corner, painter: &dyn PicturePainter) -> Rect {
    let shape = own_shape(painter);
    let height = (room.height() * 0.24).clamp(84.0, 320.0);
    let size = vec2(height * shape, height);
    let most = (room.width() * 0.42).min(480.0);
    let size = if size.x > most { size * (most / size.x) } else { size };
    // As far below theirs as there is room.
    let around = beside(room, theirs, vec2(size.x, 0.0));
    let is_upper = matches!(corner, Corner::UpperStart | Corner::UpperEnd);
    // Above, the buttons stand where the line ends.
    let buttons = beside(room, theirs, BUTTONS).top() - around.top() + TARGET + EDGE;
    let along = if is_upper { buttons.max(0.0) + EDGE } else { EDGE };
    corner.place(ui, around, size, vec2(EDGE, along))
}

/// In what something of this size stands at an edge: in what is free beside their picture where that is enough, else in the picture.
fn beside(room: Rect, theirs: Option<Rect>, size: Vec2) -> Rect {
    let Some(theirs) = theirs else { return room };
    // The picture is in the middle: as much is free at the other side.
    let free = theirs.min - room.min;
    let least = size + Vec2::splat(2.0 * EDGE);
    let across = if free.x >= least.x { room } else { theirs };
    let along = if free.y >= least.y { room } else { theirs };
    Rect::from_x_y_ranges(across.x_range(), along.y_range())
}

fn own_ui(
    ui: &mut Ui,
    (room, place): (Rect, Rect),
    model: &Model<'_>,
    call: &Snapshot,
    forms: &mut StageForms,
    painter: &mut dyn PicturePainter,
) {
    let button = Vec2::splat(TARGET);
    if forms.own_hidden {
        let place = Rect::from_center_size(place.center(), button);
        if disc_button(ui, place, Icon::Person, words::own_show()).clicked() {
            forms.own_hidden = false;
        }
        return;
    }
    let moved = place.translate(forms.dragged);
    let inside = pos2(
        moved.min.x.clamp(room.left(), (room.right() - place.width()).max(room.left())),
        moved.min.y.clamp(room.top(), (room.bottom() - place.height()).max(room.top())),
    );
    let moved = Rect::from_min_size(inside, place.size());
    let instead = own_instead(model, call, painter);
    let shown = own_shown(model.settings);
    let response = picture(ui, (moved, Sense::DRAG), (Picture::Own, shown), words::own_picture(), instead, painter);
    if response.dragged() {
        forms.dragged += response.drag_delta();
    }
    if response.drag_stopped() {
        let away = |corner: Corner| (corner.place(ui, room, place.size(), Vec2::splat(EDGE)).min - moved.min).length();
        let nearest = Corner::ALL.into_iter().min_by(|one, other| away(*one).total_cmp(&away(*other)));
        (forms.corner, forms.dragged) = (nearest.unwrap_or_default(), Vec2::ZERO);
    }
    let corner = Corner::UpperEnd.place(ui, moved, button, Vec2::splat(TIGHT));
    if disc_button(ui, corner, Icon::Hide, words::own_hide()).clicked() {
        forms.own_hidden = true;
    }
}

/// What a hand does on their picture.
fn look_nearer(ui: &Ui, response: &Response, shown: Rect, zoom: &mut Zoom) {
    if let Some(hand) = response.hover_pos().filter(|hand| shown.contains(*hand)) {
        let (scrolled, pinched) = ui.input(|input| (input.smooth_scroll_delta.y, input.zoom_delta()));
        let times = pinched * (scrolled / SCROLL).exp();
        if (times - 1.0).abs() > 1e-4 {
            *zoom = zoom.by(times, ((hand - shown.min) / shown.size()).to_pos2());
        }
    }
    if zoom.is_near() && response.dragged() {
        *zoom = zoom.dragged(response.drag_delta() / shown.size());
    }
    if response.double_clicked() {
        *zoom = if zoom.is_near() { Zoom::default() } else { zoom.nearer() };
    }
}

/// Nearer, farther, and the whole screen: over the picture, where the first line ends.
fn over_ui(ui: &mut Ui, room: Rect, has_picture: bool, forms: &mut Forms, intents: &mut Vec<Intent>) {
    if room.height() < TARGET + 2.0 * EDGE {
        return;
    }
    let mut across = EDGE;
    let mut place = |ui: &Ui| {
        let place = Corner::UpperEnd.place(ui, room, Vec2::splat(TARGET), vec2(across, EDGE));
        across += TARGET + 2.0 * TIGHT;
        place
    };
    let full = is_full(ui);
    let (icon, name) =
        if full { (Icon::InWindow, words::in_window()) } else { (Icon::FullScreen, words::full_screen()) };
    let at = place(ui);
    if disc_button(ui, at, icon, name).clicked() {
        fill_screen(!full, forms, intents);
    }
    if !full {
        let at = place(ui);
        if disc_button(ui, at, Icon::Mini, words::mini_enter()).clicked() {
            make_mini(true, forms, intents);
        }
    }
    if !has_picture {
        return;
    }
    let zoom = &mut forms.stage.zoom;
    if zoom.can_be_nearer() {
        let at = place(ui);
        if disc_button(ui, at, Icon::ZoomIn, words::zoom_in()).clicked() {
            *zoom = zoom.nearer();
        }
    }
    if zoom.is_near() {
        let at = place(ui);
        if disc_button(ui, at, Icon::ZoomOut, words::zoom_out()).clicked() {
            *zoom = zoom.farther();
        }
    }
}

/// Whether the window fills the screen.
pub(crate) fn is_full(ui: &Ui) -> bool {
    ui.input(|input| input.viewport().fullscreen.unwrap_or(false))
}

pub(crate) fn fill_screen(full: bool, forms: &mut Forms, intents: &mut Vec<Intent>) {
    forms.fills_screen = full;
    intents.push(Intent::FullScreen(full));
}

/// Beside the picture: what a hand does on our own, for who has none.
pub(crate) fn own_choices(ui: &mut Ui, settings: &Settings, forms: &mut StageForms, intents: &mut Vec<Intent>) {
    text(ui, words::own_view());
    let mut mirrored = !settings.unmirrored;
    if ui.checkbox(&mut mirrored, words::own_mirror()).changed() {
        intents.push(Intent::Settings(Settings { unmirrored: !mirrored, ..settings.clone() }));
    }
    let mut hidden = forms.own_hidden;
    if ui.checkbox(&mut hidden, words::own_put_away()).changed() {
        forms.own_hidden = hidden;
    }
    if !forms.own_hidden && button(ui, Weight::Secondary, words::own_move()).clicked() {
        forms.corner = forms.corner.next();
    }
}
