//! Paints moving pictures: three planes as textures, one shader that makes colours of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use eframe::egui::{self, PaintCallback, Rect, Ui};
use eframe::egui_glow::{CallbackFn, ShaderVersion};
use eframe::glow::{self, HasContext as _};
use session::{I420, Visit};
use ui::{Picture, PicturePainter, Shown};
use units::PictureSize;

/// Paints the newest pictures of a visit.
pub(crate) struct GlowPainter {
    gl: Arc<Mutex<GlPictures>>,
    own: Option<Arc<I420>>,
    other: Option<Arc<I420>>,
}

impl GlowPainter {
    /// Nothing is made on the graphics card before the first picture.
    pub(crate) fn new() -> Self {
        Self { gl: Arc::default(), own: None, other: None }
    }

    /// Takes the newest pictures, once a drawing.
    pub(crate) fn look(&mut self, visit: Option<&Visit>) {
        self.own = visit.and_then(|visit| visit.pictures().own());
        self.other = visit.and_then(|visit| visit.pictures().other());
    }

    /// Frees what was made on the graphics card.
    pub(crate) fn destroy(&self, gl: &glow::Context) {
        self.gl.lock().unwrap_or_else(PoisonError::into_inner).destroy(gl);
    }

    fn newest(&self, which: Picture) -> Option<&Arc<I420>> {
        match which {
            Picture::Own => self.own.as_ref(),
            Picture::Other => self.other.as_ref(),
        }
    }
}

impl PicturePainter for GlowPainter {
    fn size(&self, which: Picture) -> Option<PictureSize> {
        self.newest(which).map(|picture| picture.size())
    }

    fn paint(&mut self, ui: &mut Ui, rect: Rect, which: Picture, shown: Shown) {
        let Some(picture) = self.newest(which).cloned() else { return };
        let pictures = self.gl.clone();
        let paint = move |_info: egui::PaintCallbackInfo, painter: &eframe::egui_glow::Painter| {
            let mut pictures = pictures.lock().unwrap_or_else(PoisonError::into_inner);
            pictures.paint(painter.gl(), &picture, which, shown);
        };
        ui.painter().add(PaintCallback { rect, callback: Arc::new(CallbackFn::new(paint)) });
    }
}

/// What lives on the graphics card.
#[derive(Default)]
struct GlPictures {
    program: Option<Program>,
    textures: HashMap<Picture, Textures>,
    /// The card refused the shader; said once.
    refused: bool,
}

struct Program {
    program: glow::Program,
    vertices: glow::VertexArray,
    corners: glow::Buffer,
    /// Where the shader takes the mirror from, and which part is seen.
    mirror: Option<glow::UniformLocation>,
    part: Option<glow::UniformLocation>,
    /// Planes of one byte: `R8`, or `LUMINANCE` with the old shaders.
    format: u32,
    internal: i32,
}

struct Textures {
    planes: [glow::Texture; 3],
    /// Which picture is in them; it is not kept for that.
    shown: Weak<I420>,
    size: Option<PictureSize>,
}

#[allow(unsafe_code)]
impl GlPictures {
    fn paint(&mut self, gl: &glow::Context, picture: &Arc<I420>, which: Picture, shown: Shown) {
        if self.program.is_none() && !self.refused {
            // SAFETY: egui calls back with its context current on this thread.
            match unsafe { Program::new(gl) } {
                Ok(program) => self.program = Some(program),
                Err(error) => {
                    self.refused = true;
                    tracing::error!(%error, "the graphics card does not take the shader for pictures");
                }
            }
        }
        let Some(program) = &self.program else { return };
        // SAFETY: as above; all names were made by this context, and each plane holds as many bytes as it is said to.
        unsafe {
            let textures = match self.textures.entry(which) {
                Entry::Occupied(textures) => textures.into_mut(),
                Entry::Vacant(place) => match Textures::new(gl) {
                    Ok(textures) => place.insert(textures),
                    Err(error) => return tracing::warn!(%error, "no room for a picture"),
                },
            };
            textures.upload(gl, program, picture);
            program.draw(gl, textures, shown);
        }
    }

    fn destroy(&mut self, gl: &glow::Context) {
        // SAFETY: the window's context is current while it closes; each name is deleted once.
        unsafe {
            for (_, textures) in self.textures.drain() {
                textures.planes.into_iter().for_each(|plane| gl.delete_texture(plane));
            }
            if let Some(program) = self.program.take() {
                gl.delete_program(program.program);
                gl.delete_vertex_array(program.vertices);
                gl.delete_buffer(program.corners);
            }
        }
    }
}

#[allow(unsafe_code)]
impl Program {
    /// # Safety
    /// `gl` is current on this thread.
    unsafe fn new(gl: &glow::Context) -> Result<Self, String> {
        // As egui's own shaders: what the card's GLSL takes, which is less than its GL on some.
        let version = ShaderVersion::get(gl);
        let modern = version.is_new_shader_interface();
        let precision = match (version.is_embedded(), modern) {
            (true, true) => "precision highp float;\n",
            (true, false) => "precision mediump float;\n",
            (false, _) => "",
        };
        let head = format!("{}{precision}", version.version_declaration());
        let words = if modern { MODERN } else { OLD };
        // SAFETY: by the caller.
        unsafe {
            let program = gl.create_program()?;
            for (kind, source, words) in
                [(glow::VERTEX_SHADER, VERTEX, words.0), (glow::FRAGMENT_SHADER, FRAGMENT, words.1)]
            {
                let shader = gl.create_shader(kind)?;
                gl.shader_source(shader, &format!("{head}{words}{source}"));
                gl.compile_shader(shader);
                if !gl.get_shader_compile_status(shader) {
                    return Err(gl.get_shader_info_log(shader));
                }
                gl.attach_shader(program, shader);
                gl.delete_shader(shader);
            }
            gl.bind_attrib_location(program, 0, "corner");
            gl.link_program(program);
            if !gl.get_program_link_status(program) {
                return Err(gl.get_program_info_log(program));
            }
            // Each plane has its place for good.
            gl.use_program(Some(program));
            for (unit, name) in (0..).zip(["luma", "blue", "red"]) {
                gl.uniform_1_i32(gl.get_uniform_location(program, name).as_ref(), unit);
            }
            let mirror = gl.get_uniform_location(program, "mirror");
            let part = gl.get_uniform_location(program, "part");
            let (vertices, corners) = (gl.create_vertex_array()?, gl.create_buffer()?);
            gl.bind_vertex_array(Some(vertices));
            gl.bind_buffer(glow::ARRAY_BUFFER, Some(corners));
            let bytes: Vec<u8> = CORNERS.iter().flat_map(|value| value.to_ne_bytes()).collect();
            gl.buffer_data_u8_slice(glow::ARRAY_BUFFER, &bytes, glow::STATIC_DRAW);
            gl.enable_vertex_attrib_array(0);
            gl.vertex_attrib_pointer_f32(0, 2, glow::FLOAT, false, 8, 0);
            gl.bind_vertex_array(None);
            let (format, internal) = if modern { (glow::RED, glow::R8) } else { (glow::LUMINANCE, glow::LUMINANCE) };
            Ok(Self { program, vertices, corners, mirror, part, format, internal: internal as i32 })
        }
    }

    /// # Safety
    /// `gl` is current on this thread and made `self` and `textures`.
    unsafe fn draw(&self, gl: &glow::Context, textures: &Textures, shown: Shown) {
        // SAFETY: by the caller.
        unsafe {
            gl.use_program(Some(self.program));
            for (unit, plane) in (glow::TEXTURE0..).zip(textures.planes) {
                gl.active_texture(unit);
                gl.bind_texture(glow::TEXTURE_2D, Some(plane));
            }
            gl.uniform_1_f32(self.mirror.as_ref(), if shown.mirrored { -1.0 } else { 1.0 });
            let (corner, size) = (shown.part.min, shown.part.size());
            gl.uniform_4_f32(self.part.as_ref(), corner.x, corner.y, size.x, size.y);
            gl.disable(glow::BLEND);
            gl.bind_vertex_array(Some(self.vertices));
            gl.draw_arrays(glow::TRIANGLE_STRIP, 0, 4);
            gl.bind_vertex_array(None);
            gl.enable(glow::BLEND);
            gl.active_texture(glow::TEXTURE0);
        }
    }
}

#[allow(unsafe_code)]
impl Textures {
    /// # Safety
    /// `gl` is current on this thread.
    unsafe fn new(gl: &glow::Context) -> Result<Self, String> {
        // SAFETY: by the caller.
        unsafe {
            let planes = [gl.create_texture()?, gl.create_texture()?, gl.create_texture()?];
            Ok(Self { planes, shown: Weak::new(), size: None })
        }
    }

    /// # Safety
    /// `gl` is current on this thread and made `self`.
    unsafe fn upload(&mut self, gl: &glow::Context, program: &Program, picture: &Arc<I420>) {
        let picture_now = Arc::downgrade(picture);
        if std::mem::replace(&mut self.shown, picture_now.clone()).ptr_eq(&picture_now) {
            return;
        }
        let fresh = self.size.replace(picture.size()) != Some(picture.size());
        let sizes = [picture.size(), picture.chroma_size(), picture.chroma_size()];
        for ((texture, plane), size) in self.planes.iter().zip(picture.planes()).zip(sizes) {
            let (width, height) = (size.width as i32, size.height as i32);
            let pixels = glow::PixelUnpackData::Slice(Some(plane));
            // SAFETY: by the caller; `I420` holds width times height bytes in each plane, rows without gaps.
            unsafe {
                gl.bind_texture(glow::TEXTURE_2D, Some(*texture));
                gl.pixel_store_i32(glow::UNPACK_ALIGNMENT, 1);
                if fresh {
                    for (name, value) in [
                        (glow::TEXTURE_MIN_FILTER, glow::LINEAR),
                        (glow::TEXTURE_MAG_FILTER, glow::LINEAR),
                        (glow::TEXTURE_WRAP_S, glow::CLAMP_TO_EDGE),
                        (glow::TEXTURE_WRAP_T, glow::CLAMP_TO_EDGE),
                    ] {
                        gl.tex_parameter_i32(glow::TEXTURE_2D, name, value as i32);
                    }
                    let (inner, outer) = (program.internal, program.format);
                    gl.tex_image_2d(glow::TEXTURE_2D, 0, inner, width, height, 0, outer, glow::UNSIGNED_BYTE, pixels);
                } else {
                    let kind = glow::UNSIGNED_BYTE;
                    gl.tex_sub_image_2d(glow::TEXTURE_2D, 0, 0, 0, width, height, program.format, kind, pixels);
                }
            }
        }
    }
}

/// Two triangles over the whole viewport, which egui has set to the picture's place.
const CORNERS: [f32; 8] = [-1.0, -1.0, 1.0, -1.0, -1.0, 1.0, 1.0, 1.0];
/// What newer GLSL calls things, for both shaders.
const MODERN: (&str, &str) = (
    "#define IN in\n#define OUT out\n",
    "#define IN in\n#define TEXTURE texture\nout vec4 colour;\n#define COLOUR colour\n",
);
/// What it called them before.
const OLD: (&str, &str) = (
    "#define IN attribute\n#define OUT varying\n",
    "#define IN varying\n#define TEXTURE texture2D\n#define COLOUR gl_FragColor\n",
);
const VERTEX: &str = "
IN vec2 corner; OUT vec2 place; uniform float mirror; uniform vec4 part;
void main() {
    place = part.xy + (vec2(corner.x * mirror, -corner.y) * 0.5 + 0.5) * part.zw;
    gl_Position = vec4(corner, 0.0, 1.0);
}
";
/// BT.601, limited range (ITU-R BT.601-7 section 2.5): what cameras give and H.264 carries here.
const FRAGMENT: &str = "
IN vec2 place; uniform sampler2D luma; uniform sampler2D blue; uniform sampler2D red;
void main() {
    float y = (TEXTURE(luma, place).r - 16.0 / 255.0) * 1.16438;
    float u = TEXTURE(blue, place).r - 128.0 / 255.0;
    float v = TEXTURE(red, place).r - 128.0 / 255.0;
    COLOUR = vec4(y + 1.59603 * v, y - 0.39176 * u - 0.81297 * v, y + 2.01723 * u, 1.0);
}
";
