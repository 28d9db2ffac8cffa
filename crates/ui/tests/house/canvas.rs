//! Draws a window into pixels, without a display and without a graphics library.

use std::collections::HashMap;
use std::path::Path;

use egui::epaint::{ImageData, Mesh, Primitive};
use egui::{
    Color32, Context, Event, FullOutput, Key, Modifiers, Pos2, RawInput, Rect, TextureId, Theme, Vec2, pos2, vec2,
};
use ui::{Forms, SystemWishes, apply_settings, apply_theme, housecall_ui};

use super::{Moment, PlainPictures};

/// A key with what is held beside it.
pub type Pressed = (Modifiers, Key);

/// What a window shows in this moment after these keys, one a drawing, in the look that the moment's settings ask for, `theme` where
/// they leave it to the system, `size` in pixels. `prepare` is told the context before anything is drawn.
pub fn draw(moment: &Moment, keys: &[Pressed], theme: Theme, size: Vec2, prepare: impl FnOnce(&Context)) -> Canvas {
    let ctx = Context::default();
    apply_theme(&ctx);
    apply_settings(&ctx, &moment.settings, SystemWishes::default());
    ctx.set_theme(theme);
    prepare(&ctx);
    let mut canvas = Canvas::new(size);
    let mut forms = Forms::default();
    // A drawing after the keys knows the height of the page and has its fonts.
    for number in 0..keys.len() + 3 {
        // A person's scale makes points of several pixels.
        let points = Rect::from_min_size(Pos2::ZERO, size / ctx.zoom_factor());
        let mut input = RawInput { screen_rect: Some(points), ..RawInput::default() };
        if let Some(&(modifiers, key)) = keys.get(number) {
            input.events.push(Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers });
        }
        let output = ctx.run_ui(input, |ui| {
            let mut painter = PlainPictures::of(moment);
            housecall_ui(ui, &moment.model(), &mut forms, &mut painter, &mut Vec::new());
        });
        canvas.show(&ctx, output);
    }
    canvas
}

/// Pixels, and the pictures that triangles are filled with.
pub struct Canvas {
    pub width: usize,
    pub height: usize,
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
        let scale = ctx.pixels_per_point();
        for clipped in ctx.tessellate(output.shapes, scale) {
            if let Primitive::Mesh(mut mesh) = clipped.primitive {
                mesh.vertices.iter_mut().for_each(|vertex| vertex.pos = (vertex.pos.to_vec2() * scale).to_pos2());
                self.fill(&mesh, clipped.clip_rect * scale);
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

    /// As a PPM file.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        let mut bytes = format!("P6 {} {} 255\n", self.width, self.height).into_bytes();
        bytes.extend(self.bytes());
        std::fs::write(path, bytes)
    }

    /// By rows, red first.
    pub fn bytes(&self) -> Vec<u8> {
        self.pixels.iter().flatten().map(|part| (part.clamp(0.0, 255.0) + 0.5) as u8).collect()
    }
}

fn cross(a: Vec2, b: Vec2) -> f32 {
    a.x * b.y - a.y * b.x
}
