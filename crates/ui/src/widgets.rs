//! The few controls that all views are made of.

use egui::text::LayoutJob;
use egui::{
    Align, CollapsingHeader, Color32, ComboBox, CornerRadius, FontFamily, FontId, Frame, Id, Label, Layout, Margin,
    Memory, Rect, Response, RichText, Role, ScrollArea, Sense, Stroke, StrokeKind, TextEdit, TextStyle, TextWrapMode,
    Ui, UiBuilder, Vec2, WidgetInfo, WidgetText, accesskit, pos2, style::ScrollAnimation, vec2,
};

use crate::icons::{self, Icon};
use crate::theme::{
    BUTTON_PADDING, CARD_MARGIN, CARD_RADIUS, CONTROL_RADIUS, DISC, FOCUS, FOCUS_GAP, ICON, LINE, NARROW, PAGE_MARGIN,
    Palette, STRONG, TARGET, TIGHT,
};

/// How much a button asks to be pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// What most people want next. At most one a view.
    Primary,
    /// Something else that can be done.
    Secondary,
    /// A way out that needs no frame.
    Quiet,
}

/// A button as wide as its words, at least 44 high.
pub(crate) fn button(ui: &mut Ui, weight: Weight, text: &str) -> Response {
    button_of_width(ui, weight, text, 0.0)
}

/// A button as wide as the column.
pub(crate) fn wide_button(ui: &mut Ui, weight: Weight, text: &str) -> Response {
    let width = ui.available_width();
    button_of_width(ui, weight, text, width)
}

fn button_of_width(ui: &mut Ui, weight: Weight, text: &str, width: f32) -> Response {
    let colors = Palette::of(ui);
    let (fill, ink, line) = match weight {
        Weight::Primary => (colors.accent, colors.on_accent, Color32::TRANSPARENT),
        Weight::Secondary => (colors.card, colors.text, colors.line),
        Weight::Quiet => (Color32::TRANSPARENT, colors.accent, Color32::TRANSPARENT),
    };
    let padding = vec2(if weight == Weight::Quiet { 8.0 } else { BUTTON_PADDING.x }, BUTTON_PADDING.y);
    let wrap = (ui.available_width() - 2.0 * padding.x).max(1.0);
    let galley = WidgetText::from(text).into_galley(ui, None, wrap, TextStyle::Button);
    let size = (galley.size() + 2.0 * padding).max(vec2(width.max(TARGET), TARGET));
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, text));
    if ui.is_rect_visible(rect) {
        let fill = if enabled { shade(&response, fill, colors.text) } else { colors.soft };
        let radius = CornerRadius::same(CONTROL_RADIUS);
        ui.painter().rect(rect, radius, fill, Stroke::new(LINE, line), StrokeKind::Inside);
        focus_ring(ui, &response, rect);
        let ink = if enabled { ink } else { colors.quiet };
        ui.painter().galley_with_override_text_color(rect.center() - galley.size() / 2.0, galley, ink);
    }
    response
}

/// How a round button of the live call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Round {
    /// As always.
    Plain,
    /// Something is off, or open.
    Marked,
    /// Ends something.
    Danger,
}

/// How wide a round button is with its word, where there is room.
pub(crate) const ROUND: f32 = 84.0;

/// A round button with a picture, and its word below, `width` wide. `name` is what a screen reader says.
pub(crate) fn round_button(ui: &mut Ui, width: f32, look: Round, icon: Icon, word: &str, name: &str) -> Response {
    let colors = Palette::of(ui);
    let font = TextStyle::Small.resolve(ui.style());
    let mut job = LayoutJob::simple(word.to_owned(), font.clone(), colors.text, width.max(longest(ui, &font, word)));
    job.halign = Align::Center;
    let galley = ui.painter().layout_job(job);
    let size = vec2(width, DISC + TIGHT + galley.size().y);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, name));
    if ui.is_rect_visible(rect) {
        let (fill, ink) = match look {
            Round::Plain => (colors.soft, colors.text),
            Round::Marked => (colors.text, colors.window),
            Round::Danger => (colors.danger, colors.on_danger),
        };
        let disc = Rect::from_center_size(pos2(rect.center().x, rect.top() + DISC / 2.0), Vec2::splat(DISC));
        let fill = shade(&response, fill, colors.text);
        ui.painter().circle_filled(disc.center(), DISC / 2.0, fill);
        if response.has_focus() {
            let radius = DISC / 2.0 + FOCUS_GAP + FOCUS / 2.0;
            ui.painter().circle_stroke(disc.center(), radius, Stroke::new(FOCUS, colors.focus));
        }
        icons::paint(ui.painter(), Rect::from_center_size(disc.center(), Vec2::splat(ICON)), icon, ink);
        // Its lines are centred there.
        ui.painter().galley(pos2(rect.center().x, disc.bottom() + TIGHT), galley, colors.text);
    }
    response
}

/// How wide the longest word is, which is not to be broken.
fn longest(ui: &Ui, font: &FontId, words: &str) -> f32 {
    let width = |word: &str| ui.painter().layout_no_wrap(word.to_owned(), font.clone(), Color32::WHITE).size().x;
    words.split_whitespace().map(width).fold(0.0, f32::max).ceil()
}

/// For a row of round buttons in a narrow window: all words below the signs of one size, in which the longest stands below its own.
pub(crate) fn fit_round_words(ui: &mut Ui, width: f32, words: &[&str]) {
    const LEAST: f32 = 10.0;
    const GAP: f32 = 2.0;
    let mut font = TextStyle::Small.resolve(ui.style());
    let longest = words.iter().map(|words| longest(ui, &font, words)).fold(0.0, f32::max);
    if longest > width - GAP {
        font.size = (font.size * (width - GAP) / longest).max(LEAST);
        ui.style_mut().text_styles.insert(TextStyle::Small, font);
    }
}

/// A round button with a picture over another picture, in the square `rect`.
pub(crate) fn disc_button(ui: &mut Ui, rect: Rect, icon: Icon, name: &str) -> Response {
    let colors = Palette::dark(ui.ctx());
    disc(ui, rect, (colors.soft, colors.text), icon, name)
}

/// One of them that ends something.
pub(crate) fn danger_disc(ui: &mut Ui, rect: Rect, icon: Icon, name: &str) -> Response {
    let colors = Palette::dark(ui.ctx());
    disc(ui, rect, (colors.danger, colors.on_danger), icon, name)
}

fn disc(ui: &mut Ui, rect: Rect, (fill, ink): (Color32, Color32), icon: Icon, name: &str) -> Response {
    let response = ui.allocate_rect(rect, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    let colors = Palette::dark(ui.ctx());
    let radius = rect.width() / 2.0;
    ui.painter().circle(
        rect.center(),
        radius - LINE,
        shade(&response, fill, colors.text),
        Stroke::new(LINE, colors.line),
    );
    if response.has_focus() {
        ui.painter().circle_stroke(rect.center(), radius, Stroke::new(FOCUS, colors.focus));
    }
    icons::paint(ui.painter(), Rect::from_center_size(rect.center(), Vec2::splat(ICON)), icon, ink);
    response.on_hover_text(name)
}

/// A sentence with a sign before it, which says the same.
pub(crate) fn with_sign(ui: &mut Ui, icon: Icon, color: Color32, sentence: &str) -> Response {
    let row = row_from_start(ui, Align::Min);
    ui.with_layout(row, |ui| {
        let line = ui.text_style_height(&TextStyle::Body);
        let (place, _) = ui.allocate_exact_size(Vec2::splat(line), Sense::hover());
        icons::paint(ui.painter(), place, icon, color);
        text(ui, sentence)
    })
    .inner
}

/// A colour as it is under the mouse, or pressed.
pub(crate) fn shade(response: &Response, fill: Color32, towards: Color32) -> Color32 {
    if response.is_pointer_button_down_on() {
        fill.lerp_to_gamma(towards, 0.18)
    } else if response.hovered() {
        fill.lerp_to_gamma(towards, 0.08)
    } else {
        fill
    }
}

/// Around what has the keyboard.
pub(crate) fn focus_ring(ui: &Ui, response: &Response, rect: Rect) {
    if response.has_focus() {
        let radius = CornerRadius::same(CONTROL_RADIUS + 3);
        let stroke = Stroke::new(FOCUS, Palette::of(ui).focus);
        ui.painter().rect_stroke(rect.expand(FOCUS_GAP), radius, stroke, StrokeKind::Outside);
    }
}

/// A line of text to type, with its name above it. True when Enter was pressed in it.
pub(crate) fn field(ui: &mut Ui, name: &str, text: &mut String, hint: &str, secret: bool) -> bool {
    field_with_focus(ui, name, text, hint, secret, false)
}

/// The same; `first` is where typing goes when the view is shown, so that nobody need click before.
pub(crate) fn field_with_focus(
    ui: &mut Ui,
    name: &str,
    text: &mut String,
    hint: &str,
    secret: bool,
    first: bool,
) -> bool {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = TIGHT;
        let label = ui.label(name);
        let hint = RichText::new(hint).color(Palette::of(ui).quiet);
        let edit = TextEdit::singleline(text)
            .id_salt(name)
            .password(secret)
            .hint_text(hint)
            .margin(Margin::symmetric(12, 13))
            .desired_width(f32::INFINITY);
        let response = ui.add(edit).labelled_by(label.id);
        // Asked at each drawing: a field that becomes the first while somebody types was there before.
        let newly_shown = is_newly_shown(ui, response.id);
        if first && newly_shown {
            response.request_focus();
        }
        response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter))
    })
    .inner
}

/// A list to choose from, with its name above it; which was picked.
pub(crate) fn pick(ui: &mut Ui, name: &str, shown: &str, names: &[&str]) -> Option<usize> {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = TIGHT;
        let label = ui.label(name);
        let combo = ComboBox::from_id_salt(name).selected_text(shown).width(ui.available_width()).truncate();
        let response = combo.show_ui(ui, |ui| {
            let mut picked = None;
            for (at, one) in names.iter().enumerate() {
                if ui.selectable_label(*one == shown, *one).clicked() {
                    picked = Some(at);
                }
            }
            picked
        });
        response.response.labelled_by(label.id);
        response.inner.flatten()
    })
    .inner
}

/// Whether this was not drawn the last time.
fn is_newly_shown(ui: &Ui, id: Id) -> bool {
    let now = ui.ctx().cumulative_pass_nr();
    let seen = ui.data_mut(|data| data.get_temp_mut_or_default::<Option<u64>>(id).replace(now));
    seen.is_none_or(|seen| seen + 2 < now)
}

/// A big line at the head of a view.
pub(crate) fn heading(ui: &mut Ui, text: &str) -> Response {
    let response = ui.add(Label::new(RichText::new(text).heading()).wrap());
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_role(Role::Heading);
        node.set_label(text);
    });
    response
}

/// Ordinary text.
pub(crate) fn text(ui: &mut Ui, text: &str) -> Response {
    ui.add(Label::new(text).wrap())
}

/// What a row is about.
pub(crate) fn strong(ui: &mut Ui, text: &str) -> Response {
    ui.add(Label::new(RichText::new(text).family(FontFamily::Name(STRONG.into()))).wrap())
}

/// Text that does not press.
pub(crate) fn quiet(ui: &mut Ui, text: &str) -> Response {
    let color = Palette::of(ui).quiet;
    ui.add(Label::new(RichText::new(text).color(color)).wrap())
}

/// Text that a screen reader says when it changes.
pub(crate) fn spoken(ui: &Ui, response: &Response) {
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_live(accesskit::Live::Polite));
}

/// Something that the person should know, in a box of its own.
pub(crate) fn notice(ui: &mut Ui, sentence: &str) {
    in_notice(ui, |ui| notice_text(ui, sentence));
}

/// The same, with the next step as a button, beside it where there is room; whether it was pressed.
pub(crate) fn notice_with_step(ui: &mut Ui, sentence: &str, step: &str) -> bool {
    in_notice(ui, |ui| {
        if ui.available_width() < NARROW {
            notice_text(ui, sentence);
            return button(ui, Weight::Secondary, step).clicked();
        }
        let row = row_from_end(ui, Align::Center);
        let sentences = row_from_start(ui, Align::Center);
        let draw = |ui: &mut Ui| {
            let pressed = button(ui, Weight::Secondary, step).clicked();
            ui.with_layout(sentences, |ui| notice_text(ui, sentence));
            pressed
        };
        ui.allocate_ui_with_layout(vec2(ui.available_width(), TARGET), row, draw).inner
    })
}

fn in_notice<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    let fill = Palette::of(ui).notice;
    let frame = Frame::new().fill(fill).corner_radius(CONTROL_RADIUS).inner_margin(Margin::symmetric(14, 12));
    frame
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            add(ui)
        })
        .inner
}

fn notice_text(ui: &mut Ui, sentence: &str) {
    let color = Palette::of(ui).on_notice;
    let response = ui.add(Label::new(RichText::new(sentence).color(color)).wrap());
    spoken(ui, &response);
}

/// What is folded under these words until somebody wants it. egui's own header would not break them, however narrow the
/// window is.
pub(crate) fn folded(ui: &Ui, words: &str) -> CollapsingHeader {
    let width = ui.available_width() - ui.spacing().indent - 2.0 * ui.spacing().button_padding.x;
    let galley = WidgetText::from(words).into_galley(ui, Some(TextWrapMode::Wrap), width, TextStyle::Button);
    CollapsingHeader::new(galley).id_salt(words)
}

/// A sheet of paper on the window.
pub(crate) fn card<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    let colors = Palette::of(ui);
    let frame = Frame::new()
        .fill(colors.card)
        .stroke(Stroke::new(LINE, colors.edge))
        .corner_radius(CARD_RADIUS)
        .inner_margin(Margin::same(CARD_MARGIN as i8));
    frame
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            add(ui)
        })
        .inner
}

/// A column in the middle of what is free, at most `width` wide; it scrolls where it does not fit.
pub(crate) fn page<R>(ui: &mut Ui, width: f32, add: impl FnOnce(&mut Ui) -> R) -> R {
    let free = ui.available_size();
    let id = ui.scope_id().with("height of the page");
    let known = ui.ctx().data(|data| data.get_temp::<f32>(id));
    let margin = PAGE_MARGIN;
    // A little above the middle: there it looks as if it were in the middle.
    let top = known.map_or(margin, |height| ((free.y - height) * 0.42).max(margin));
    ScrollArea::vertical()
        .auto_shrink(false)
        .show(ui, |ui| {
            let width = width.min(free.x - 2.0 * margin);
            let left = ui.min_rect().left() + (free.x - width) / 2.0;
            let start = pos2(left, ui.min_rect().top() + top);
            let room = Rect::from_min_size(start, vec2(width, f32::INFINITY));
            let column = UiBuilder::new().max_rect(room).layout(Layout::top_down(Align::Min));
            let inner = ui.scope_builder(column, |ui| follow_keyboard(ui, add));
            let height = inner.response.rect.height();
            ui.add_space(margin);
            if known.is_none_or(|known| (known - height).abs() > 0.5) {
                ui.ctx().data_mut(|data| data.insert_temp(id, height));
                ui.ctx().request_discard("the page is centred by its height");
            }
            inner.inner
        })
        .inner
}

/// Draws what is scrolled: what the keyboard comes to is brought into sight. egui does that for fields alone.
pub(crate) fn follow_keyboard<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    let focused = ui.memory(Memory::focused);
    let drawn = |ui: &Ui| {
        let id = focused?;
        ui.ctx().viewport(|viewport| viewport.this_pass.widgets.get(id).copied())
    };
    let was_before = drawn(ui).is_some();
    let inner = add(ui);
    // Neither what stands elsewhere, nor a list that is open above it.
    let here = drawn(ui).filter(|widget| !was_before && widget.layer_id == ui.layer_id());
    let key = ui.scope_id().with("focused");
    let had = ui.data_mut(|data| std::mem::replace(data.get_temp_mut_or_default(key), here.map(|widget| widget.id)));
    if let Some(widget) = here
        && had != Some(widget.id)
        && !ui.input(|input| input.pointer.any_down())
    {
        // With the line around it, and a little of what is next.
        ui.scroll_to_rect_animation(widget.rect.expand(TARGET / 2.0), None, ScrollAnimation::none());
    }
    if ui.memory(Memory::focused) != focused {
        ui.ctx().request_repaint();
    }
    inner
}

/// One beside the other, as one reads. All that a view says of left and right is said here: the window's layout may run
/// either way.
pub(crate) fn row_from_start(ui: &Ui, across: Align) -> Layout {
    if ui.layout().prefer_right_to_left() { Layout::right_to_left(across) } else { Layout::left_to_right(across) }
}

/// The same, from where a line ends.
pub(crate) fn row_from_end(ui: &Ui, across: Align) -> Layout {
    if ui.layout().prefer_right_to_left() { Layout::left_to_right(across) } else { Layout::right_to_left(across) }
}

/// Two columns of the same width, the first where a line begins. Unlike in egui's own, text in them keeps its spaces as they are.
pub(crate) fn two_columns(ui: &mut Ui, add: impl FnOnce(&mut Ui, &mut Ui)) {
    const GAP: f32 = 20.0;
    let size = vec2((ui.available_width() - GAP) / 2.0, f32::INFINITY);
    let start = ui.cursor().min;
    let (begin, end) = if ui.layout().prefer_right_to_left() { (size.x + GAP, 0.0) } else { (0.0, size.x + GAP) };
    let mut column = |left: f32| {
        let room = Rect::from_min_size(start + vec2(left, 0.0), size);
        ui.new_child(UiBuilder::new().max_rect(room).layout(Layout::top_down(Align::Min)))
    };
    let (mut first, mut second) = (column(begin), column(end));
    add(&mut first, &mut second);
    let height = first.min_rect().height().max(second.min_rect().height());
    ui.advance_cursor_after_rect(Rect::from_min_size(start, vec2(2.0 * size.x + GAP, height)));
}

/// The largest rectangle of this shape in the middle of `room`.
pub(crate) fn fitted(room: Rect, width: f32, height: f32) -> Rect {
    let scale = (room.width() / width.max(1.0)).min(room.height() / height.max(1.0));
    Rect::from_center_size(room.center(), vec2(width, height) * scale)
}

/// A corner: where a line begins or ends, above or below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Corner {
    /// Below, where a line ends.
    #[default]
    LowerEnd,
    /// Below, where a line begins.
    LowerStart,
    /// Above, where a line begins.
    UpperStart,
    /// Above, where a line ends.
    UpperEnd,
}

impl Corner {
    pub(crate) const ALL: [Self; 4] = [Self::LowerEnd, Self::LowerStart, Self::UpperStart, Self::UpperEnd];

    /// The next one, around the room.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::LowerEnd => Self::LowerStart,
            Self::LowerStart => Self::UpperStart,
            Self::UpperStart => Self::UpperEnd,
            Self::UpperEnd => Self::LowerEnd,
        }
    }

    /// Where a smaller thing of this size stands in it, so far from the edges across and along.
    pub(crate) fn place(self, ui: &Ui, room: Rect, size: Vec2, margin: Vec2) -> Rect {
        let room = room.shrink2(margin);
        let is_end = matches!(self, Self::LowerEnd | Self::UpperEnd);
        let x = if is_end == ui.layout().prefer_right_to_left() { room.left() } else { room.right() - size.x };
        let is_lower = matches!(self, Self::LowerEnd | Self::LowerStart);
        let y = if is_lower { room.bottom() - size.y } else { room.top() };
        Rect::from_min_size(pos2(x, y), size)
    }
}
