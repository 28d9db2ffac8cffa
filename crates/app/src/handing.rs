//! What the two hand each other, between the window and the visit: where files go, and photographs as textures.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::{ColorImage, Context, TextureHandle, TextureOptions};
use session::call::HandingNews;
use session::call::transfer::{TransferId, numbered};
use session::{HandedView, Photograph, Visit};
use ui::{HandingModel, HandingWish};
use units::{Phi, PictureSize};

use crate::manners::places;

/// What is proposed for what was written, and for a photograph.
const CHAT_FILE: &str = "messages.txt";
const PHOTOGRAPH_FILE: &str = "photograph.jpg";
/// Files of the same name that are looked past.
const MOST_ALIKE: u32 = 100;

/// What a window knows of it.
pub(crate) struct Handing {
    /// Where files go unless the person names another folder.
    folder: PathBuf,
    folder_text: String,
    view: HandedView,
    textures: Vec<(Arc<Photograph>, Option<TextureHandle>)>,
    photographs: Vec<ui::Photograph>,
    chat_file: String,
    photograph_file: String,
    /// For which news files were proposed last, and whether in a visit.
    proposed_for: Option<(bool, Option<HandingNews>)>,
}

impl Handing {
    pub(crate) fn new() -> Self {
        let folder = places::downloads().unwrap_or_default();
        let folder_text = folder.display().to_string();
        Self {
            folder,
            folder_text,
            view: HandedView::default(),
            textures: Vec::new(),
            photographs: Vec::new(),
            chat_file: String::new(),
            photograph_file: String::new(),
            proposed_for: None,
        }
    }

    /// Takes what is known of the visit, once a drawing.
    pub(crate) fn look(&mut self, context: &Context, visit: Option<&Visit>) {
        self.view = visit.map(Visit::handed).unwrap_or_default();
        let shown = &self.view.photographs;
        self.textures.retain(|(known, _)| shown.iter().any(|photograph| Arc::ptr_eq(photograph, known)));
        for photograph in shown {
            if !self.textures.iter().any(|(known, _)| Arc::ptr_eq(photograph, known)) {
                self.textures.push((photograph.clone(), texture(context, photograph)));
            }
        }
        let as_shown = |(photograph, texture): &(Arc<Photograph>, Option<TextureHandle>)| {
            let size = |texture: &TextureHandle| texture.size().map(|side| u32::try_from(side).unwrap_or(u32::MAX));
            let shown = texture.as_ref().map(|texture| {
                let [width, height] = size(texture);
                (texture.id(), PictureSize::new(width, height))
            });
            ui::Photograph { id: photograph.id, shown }
        };
        self.photographs = self.textures.iter().map(as_shown).collect();
        self.propose(visit.is_some());
    }

    /// Proposes names that are free. Looked for when something was saved, not at each drawing: disks take their time.
    fn propose(&mut self, in_visit: bool) {
        let now = (in_visit, self.view.news.clone());
        if self.proposed_for.as_ref() == Some(&now) {
            return;
        }
        if !matches!(now.1, Some(HandingNews::ChatSaved(_))) {
            self.chat_file = free(&self.folder, CHAT_FILE);
        }
        self.photograph_file = free(&self.folder, PHOTOGRAPH_FILE);
        self.proposed_for = Some(now);
    }

    pub(crate) fn model(&self) -> HandingModel<'_> {
        HandingModel {
            photographs: &self.photographs,
            saved: &self.view.saved,
            news: self.view.news.as_ref(),
            is_reading: self.view.reading > 0,
            folder: &self.folder_text,
            chat_file: &self.chat_file,
            photograph_file: &self.photograph_file,
        }
    }

    /// Carries what the person wants to the visit.
    pub(crate) fn carry_out(&self, visit: &Visit, wish: HandingWish) {
        match wish {
            HandingWish::Write(text) => visit.write(text),
            HandingWish::Offer(path) => visit.offer_file(self.meant(&path)),
            HandingWish::Accept { id, folder } => visit.accept_file(id, self.meant(&folder)),
            HandingWish::SaveChat(file) => visit.save_chat(self.meant(&file)),
            HandingWish::SavePhotograph { id, file } => visit.save_photograph(id, self.meant(&file)),
        }
    }

    /// What was typed without a folder is meant in the usual one: who starts a window from an icon stands in none.
    fn meant(&self, typed: &Phi<String>) -> PathBuf {
        self.folder.join(Path::new(typed.expose()))
    }
}

/// A file of this name in this folder that is not there yet, or of a name like it.
pub(crate) fn free(folder: &Path, name: &str) -> String {
    let free = (1..=MOST_ALIKE).map(|count| folder.join(numbered(name, count))).find(|path| !path.exists());
    free.unwrap_or_else(|| folder.join(name)).display().to_string()
}

/// A photograph as the graphics card has it, no larger than it takes.
fn texture(context: &Context, photograph: &Photograph) -> Option<TextureHandle> {
    let rgb = photograph.shown()?;
    let most = context.input(|input| input.max_texture_side);
    let (width, height) = (rgb.size.width as usize, rgb.size.height as usize);
    let step = width.max(height).div_ceil(most.max(1)).max(1);
    let image = if step == 1 {
        ColorImage::from_rgb([width, height], &rgb.pixels)
    } else {
        // Every so manieth pixel: cards that take so little are older than what they are asked here.
        let (columns, rows) = (width.div_ceil(step), height.div_ceil(step));
        let pixel = |row: usize, column: usize| {
            let at = (row * width + column) * 3;
            rgb.pixels.get(at..at + 3).unwrap_or(&[0; 3])
        };
        let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row * step, column * step)));
        let pixels: Vec<u8> = places.flat_map(|(row, column)| pixel(row, column).iter().copied()).collect();
        ColorImage::from_rgb([columns, rows], &pixels)
    };
    let TransferId(number) = photograph.id;
    Some(context.load_texture(format!("photograph {number}"), image, TextureOptions::LINEAR))
}
