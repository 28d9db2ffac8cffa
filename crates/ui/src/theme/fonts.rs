//! Letters: Latin, Greek and Cyrillic are in the program; all others come from the system, by eframe's `system_fonts`.

use std::sync::Arc;

use egui::epaint::text::VariationCoords;
use egui::{Context, FontData, FontDefinitions, FontFamily};

/// The name of the family whose letters are stronger: headings.
pub(crate) const STRONG: &str = "strong";

/// Inter, cut down to Latin, Greek and Cyrillic: `assets/fonts/README.md` says how.
const INTER: &[u8] = include_bytes!("../../../../assets/fonts/Inter.ttf");

/// How strong the letters of [`STRONG`] are, on a scale on which usual ones are 400.
const STRONG_WEIGHT: f32 = 600.0;

/// Puts our letters before egui's own, which stay for what ours lack, and the signs of buttons behind all.
pub(super) fn install(ctx: &Context) {
    let mut fonts = FontDefinitions::default();
    let strong = {
        let mut data = FontData::from_static(INTER);
        data.tweak.coords = VariationCoords::new([(b"wght", STRONG_WEIGHT)]);
        data
    };
    fonts.font_data.insert("Inter".to_owned(), Arc::new(FontData::from_static(INTER)));
    fonts.font_data.insert("Inter, strong".to_owned(), Arc::new(strong));
    let usual = fonts.families.entry(FontFamily::Proportional).or_default();
    let mut heading = usual.clone();
    usual.insert(0, "Inter".to_owned());
    heading.insert(0, "Inter, strong".to_owned());
    fonts.families.insert(FontFamily::Name(STRONG.into()), heading);
    ctx.set_fonts(fonts);
    ctx.add_font(egui_material_icons::font_insert());
}

#[cfg(test)]
mod tests {
    use egui::epaint::mutex::Mutex;
    use egui::epaint::text::{FallbackRequest, FontInsert, FontPriority, FontProvider, InsertFontFamily};
    use egui::{FontId, RawInput};

    use super::*;
    use crate::icons::Icon;

    fn covers(ctx: &Context, family: FontFamily, text: &str) -> bool {
        ctx.fonts_mut(|fonts| fonts.has_glyphs(&FontId::new(16.0, family), text))
    }

    /// One drawing; no card takes its pictures.
    fn draw(ctx: &Context, text: &str) {
        ctx.run_ui(RawInput::default(), |ui| drop(ui.label(text))).textures_delta.clear();
    }

    fn drawn() -> Context {
        let ctx = Context::default();
        install(&ctx);
        draw(&ctx, "");
        ctx
    }

    /// Pangrams and letters that fonts forget: Vietnamese, Turkish, Polish, polytonic Greek, Ukrainian, Serbian.
    const BUNDLED: [&str; 6] = [
        "Ế ề ữ ợ Đ đ ă ư",
        "İ ı Ğ ğ Ş ş Ł ł ą ę ż ź",
        "Ñ ñ ¿ ¡ á é í ó ú ü ç ß æ ø å þ ð",
        "Ξεσκεπάζω τὴν ψυχοφθόρα βδελυγμία ΐ ΰ",
        "Щастям б'єш жук їх глицю в фон й ґедзь пріч ё ъ ы э",
        "Љубазни фењерџија чађавог лица хоће да ми покаже штос ђ ћ",
    ];

    #[test]
    fn latin_greek_and_cyrillic_are_in_our_own_file() {
        let ctx = Context::default();
        let mut alone = FontDefinitions::empty();
        alone.font_data.insert("Inter".to_owned(), Arc::new(FontData::from_static(INTER)));
        for family in [FontFamily::Proportional, FontFamily::Monospace] {
            alone.families.insert(family, vec!["Inter".to_owned()]);
        }
        ctx.set_fonts(alone);
        draw(&ctx, "");
        for text in BUNDLED {
            assert!(covers(&ctx, FontFamily::Proportional, text), "{text}");
        }
        assert!(!covers(&ctx, FontFamily::Proportional, "王"), "then this test could not fail");
    }

    #[test]
    fn headings_and_signs_have_letters_too() {
        let ctx = drawn();
        for text in BUNDLED {
            assert!(covers(&ctx, FontFamily::Name(STRONG.into()), text), "{text}");
        }
        for icon in Icon::ALL {
            assert!(covers(&ctx, FontFamily::Proportional, icon.sign()), "{icon:?}");
        }
    }

    /// Notes what the letters in the program lack, as the system's fonts are asked for it, and lends another font's.
    struct Asked(Mutex<Vec<String>>);

    impl FontProvider for Asked {
        fn font_for(&self, request: &FallbackRequest<'_>) -> Option<FontInsert> {
            self.0.lock().push(request.cluster.to_string());
            // Any font: what matters is that ours was asked for nothing else.
            let family = InsertFontFamily { family: request.family.clone(), priority: FontPriority::Lowest };
            Some(FontInsert::new("lent", FontData::from_static(INTER), vec![family]))
        }
    }

    #[test]
    fn the_system_is_asked_for_a_chinese_name_and_for_nothing_that_is_in_the_program() {
        let ctx = drawn();
        let asked = Arc::new(Asked(Mutex::default()));
        ctx.add_font_provider(asked.clone());
        BUNDLED.into_iter().for_each(|text| draw(&ctx, text));
        assert!(asked.0.lock().is_empty(), "{:?}", asked.0.lock());
        draw(&ctx, "王小明 हिन्दी ไทย");
        let asked = asked.0.lock().concat();
        for letter in ["王", "ह", "ไ"] {
            assert!(asked.contains(letter), "{letter} in {asked}");
        }
    }
}
