//! Draws every screen into pictures, without a display and without a graphics library, to be looked at:
//! `cargo run -p ui --example screens -- <folder> [<language> [<part of a name> [<width>x<height>]]]` writes one PPM file a screen,
//! size and look. A window at 200 % is one of half the width and height.

use std::collections::HashMap;
use std::path::Path;

use call::Phase;
use egui::epaint::{ImageData, Mesh, Primitive};
use egui::{
    Color32, Context, Event, FullOutput, Key, Modifiers, Pos2, RawInput, Rect, TextureId, Theme, Vec2, pos2, vec2,
};
use ui::{Contrast, Forms, Language, Settings, SystemWishes, apply_settings, apply_theme, housecall_ui};
use units::Timestamp;

#[path = "../tests/house/mod.rs"]
mod house;

/// A call that goes on.
const LIVE: Phase = Phase::Live { since: Timestamp::from_millis(60_000) };

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let language = std::env::args().nth(2).and_then(|tag| Language::from_tag(&tag)).unwrap_or_default();
    let part = std::env::args().nth(3).unwrap_or_default();
    let size = std::env::args().nth(4).and_then(|size| {
        let (width, height) = size.split_once('x')?;
        Some(vec2(width.parse().ok()?, height.parse().ok()?))
    });
    let sizes = size.map_or(vec![vec2(1000.0, 700.0), vec2(400.0, 700.0)], |size| vec![size]);
    std::fs::create_dir_all(&folder)?;
    let moments = house::moments().into_iter().map(|(name, moment)| (name, moment, [].as_slice()));
    let wanted = |(name, ..): &(&str, house::Moment, &[Pressed])| name.contains(&part);
    for (name, moment, keys) in moments.chain(opened()).filter(wanted) {
        let moment = house::Moment { language, ..moment };
        for (theme, look) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
            for (contrast, kind) in [(Contrast::Usual, ""), (Contrast::High, "-high")] {
                for size in &sizes {
                    let canvas = draw(&moment, keys, theme, contrast, *size);
                    canvas.write(&Path::new(&folder).join(format!("{name}-{look}{kind}-{}.ppm", size.x)))?;
                }
            }
        }
    }
    Ok(())
}

/// A key with what is held beside it.
type Pressed = (Modifiers, Key);

/// What keys open: a name, the moment, and the keys, one a drawing.
fn opened() -> [(&'static str, house::Moment, &'static [Pressed]); 7] {
    const CTRL: Modifiers = Modifiers { ctrl: true, command: true, ..Modifiers::NONE };
    const CTRL_SHIFT: Modifiers = Modifiers { shift: true, ..CTRL };
    const SETTINGS: Pressed = (CTRL, Key::Comma);
    const HANDING: Pressed = (CTRL_SHIFT, Key::M);
    const BACK: Pressed = (Modifiers::SHIFT, Key::Tab);
    const PRESS: Pressed = (Modifiers::NONE, Key::Space);
    let (patient, clinician) = (house::Moment::patient(LIVE), house::Moment::clinician(LIVE));
    [
        ("settings", house::Moment::start(), &[SETTINGS]),
        ("live-devices", patient.clone(), &[SETTINGS]),
        ("host-live-devices", clinician.clone(), &[SETTINGS]),
        ("live-messages", house::written(patient.clone()), &[HANDING]),
        ("host-live-messages", house::written(clinician.clone()), &[HANDING]),
        // The field has the keyboard, and the way to the files stands before it.
        ("live-files", house::handed(patient), &[HANDING, BACK, PRESS]),
        ("host-live-files", house::handed(clinician), &[HANDING, BACK, PRESS]),
    ]
}

fn pressed(modifiers: Modifiers, key: Key) -> Event {
    Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers }
}

fn draw(moment: &house::Moment, keys: &[Pressed], theme: Theme, contrast: Contrast, size: Vec2) -> Canvas {
    let ctx = Context::default();
    apply_theme(&ctx);
    apply_settings(&ctx, &Settings { contrast, ..Settings::default() }, SystemWishes::default());
    ctx.set_theme(theme);
    let mut canvas = Canvas::new(size);
    let mut forms = Forms::default();
    // A drawing after the keys knows the height of the page and has its fonts.
    for number in 0..keys.len() + 3 {
        let mut input = RawInput { screen_rect: Some(Rect::from_min_size(Pos2::ZERO, size)), ..RawInput::default() };
        if let Some(&(modifiers, key)) = keys.get(number) {
            input.events.push(pressed(modifiers, key));
        }
        let output = ctx.run_ui(input, |ui| {
            let mut painter = house::PlainPictures::of(moment);
            housecall_ui(ui, &moment.model(), &mut forms, &mut painter, &mut Vec::new());
        });
        canvas.show(&ctx, output);
    }
    canvas
}

/// Pixels, and the pictures that triangles are filled with.
struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<[f32; 3]>,
    textures: HashMap<TextureId, (usize, usize, Vec<Color32>)>,
}

impl Canvas {
    fn new(size: Vec2) -> Self {
        let (width, height) = (size.x as usize, size.y as usize);
        Self { width, height, pixels: vec![[0.0; 3]; width * height], textures: HashMap::new() }
    }

    fn show(&mut self, ctx: &Context, mut output: FullOutput) {
        for (id, deltas) in output.textures_delta.set.drain() {
            for delta in deltas {
                let ImageData::Color(image) = &delta.image;
                let [width, height] = image.size;
                let texture = self.textures.entry(id).or_default();
                let Some([left, top]) = delta.pos else {
                    *texture = (width, height, image.pixels.clone());
                    continue;
                };
                for row in 0..height {
                    let start = (top + row) * texture.0 + left;
                    texture.2[start..start + width].copy_from_slice(&image.pixels[row * width..(row + 1) * width]);
                }
            }
        }
        for clipped in ctx.tessellate(output.shapes, 1.0) {
            if let Primitive::Mesh(mesh) = clipped.primitive {
                self.fill(&mesh, clipped.clip_rect);
            }
        }
    }

    fn fill(&mut self, mesh: &Mesh, clip: Rect) {
        let Some((width, height, texels)) = self.textures.get(&mesh.texture_id) else { return };
        for corners in mesh.indices.chunks_exact(3) {
            let [a, b, c] = [0, 1, 2].map(|corner| mesh.vertices[corners[corner] as usize]);
            let area = cross(b.pos - a.pos, c.pos - a.pos);
            let room = Rect::from_points(&[a.pos, b.pos, c.pos]).intersect(clip);
            if area.abs() < 1e-6 || !room.is_positive() {
                continue;
            }
            for y in room.top().max(0.0) as usize..(room.bottom().ceil().max(0.0) as usize).min(self.height) {
                for x in room.left().max(0.0) as usize..(room.right().ceil().max(0.0) as usize).min(self.width) {
                    let at = pos2(x as f32 + 0.5, y as f32 + 0.5);
                    let parts = [
                        cross(c.pos - b.pos, at - b.pos) / area,
                        cross(a.pos - c.pos, at - c.pos) / area,
                        cross(b.pos - a.pos, at - a.pos) / area,
                    ];
                    if parts.iter().any(|part| *part < 0.0) || !clip.contains(at) {
                        continue;
                    }
                    let mix = |of: [f32; 3]| parts[0] * of[0] + parts[1] * of[1] + parts[2] * of[2];
                    let u = mix([a.uv.x, b.uv.x, c.uv.x]) * *width as f32;
                    let v = mix([a.uv.y, b.uv.y, c.uv.y]) * *height as f32;
                    let texel = texels[(v as usize).min(height - 1) * width + (u as usize).min(width - 1)].to_array();
                    let ink: [f32; 4] = std::array::from_fn(|part| {
                        let color = [a.color, b.color, c.color].map(|color| f32::from(color.to_array()[part]));
                        mix(color) * f32::from(texel[part]) / 255.0
                    });
                    for (under, over) in self.pixels[y * self.width + x].iter_mut().zip(ink) {
                        *under = *under * (1.0 - ink[3] / 255.0) + over;
                    }
                }
            }
        }
    }

    fn write(&self, path: &Path) -> std::io::Result<()> {
        let mut bytes = format!("P6 {} {} 255\n", self.width, self.height).into_bytes();
        bytes.extend(self.pixels.iter().flatten().map(|part| part.clamp(0.0, 255.0) as u8));
        std::fs::write(path, bytes)
    }
}

fn cross(a: Vec2, b: Vec2) -> f32 {
    a.x * b.y - a.y * b.x
}
