//! Draws every screen into pictures, without a display and without a graphics library, to be looked at:
//! `cargo run -p ui --example screens -- <folder> [<language> [<part of a name> [<width>x<height>]]]` writes one PPM file a screen,
//! size and look.

use std::path::Path;

use call::Phase;
use egui::{Key, Modifiers, Theme, vec2};
use house::canvas::{Pressed, draw};
use ui::{Contrast, Language, Settings};
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
                    let settings = Settings { contrast, ..moment.settings.clone() };
                    let canvas = draw(&house::Moment { settings, ..moment.clone() }, keys, theme, *size, |_| {});
                    canvas.write(&Path::new(&folder).join(format!("{name}-{look}{kind}-{}.ppm", size.x)))?;
                }
            }
        }
    }
    Ok(())
}

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
