//! A small set of pictures of windows that somebody has looked at: in both looks, high contrast, large letters, all languages, and with
//! letters that are not in the program. They stand in `tests/snapshots`.
//!
//! What differs is written beside the target folder's other files, and the test says where: look at both. If the new one is right,
//! `HOUSECALL_WRITE_SNAPSHOTS=1 cargo test -p ui --test snapshots` takes it; say in the commit what has changed and why.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use call::Phase;
use egui::epaint::text::{FallbackRequest, FontInsert, FontPriority, FontProvider, InsertFontFamily};
use egui::{Context, FontData, Key, Modifiers, Theme, Vec2, vec2};
use ui::{Contrast, Language, Scale, Settings};
use units::{Phi, Timestamp};

use house::Moment;
use house::canvas::{Canvas, Pressed, draw};

mod house;

const LIVE: Phase = Phase::Live { since: Timestamp::from_millis(60_000) };
const PHONE: Vec2 = vec2(400.0, 700.0);
const DESK: Vec2 = vec2(1000.0, 700.0);
/// So far a part of a colour may lie from what it was (0 to 255), and so many of a hundred thousand pixels farther: what compilers of
/// other machines make of the same drawing is less, and one short word that changed is more.
const NEAR: u8 = 32;
const FAR: usize = 10;

/// One that somebody has looked at.
struct Snapshot {
    name: &'static str,
    moment: Moment,
    keys: &'static [Pressed],
    theme: Theme,
    size: Vec2,
}

fn snapshot(name: &'static str, moment: Moment, size: Vec2) -> Snapshot {
    Snapshot { name, moment, keys: &[], theme: Theme::Light, size }
}

/// The moment of this name.
fn moment(name: &str) -> Moment {
    let found = house::moments().into_iter().find(|(other, _)| *other == name);
    found.unwrap_or_else(|| panic!("there is no moment {name}")).1
}

fn in_language(language: Language, moment: Moment) -> Moment {
    Moment { language, ..moment }
}

fn with(moment: Moment, change: impl FnOnce(&mut Settings)) -> Moment {
    let mut settings = moment.settings.clone();
    change(&mut settings);
    Moment { settings, ..moment }
}

fn snapshots() -> Vec<Snapshot> {
    const SHIFTED: Modifiers = Modifiers { ctrl: true, command: true, shift: true, ..Modifiers::NONE };
    const NOTES: &[Pressed] = &[(SHIFTED, Key::N)];
    const MINI: &[Pressed] = &[(SHIFTED, Key::W)];
    let high = |moment| with(moment, |settings| settings.contrast = Contrast::High);
    let twice = |moment| with(moment, |settings| settings.scale = Scale::of_percent(200));
    let mut named = Moment::clinician(LIVE);
    named.desk.as_mut().expect("a desk").patient = Some(Phi::new("王小明".to_owned()));
    let noted = house::noted(Moment::clinician(LIVE), true);
    vec![
        snapshot("start", moment("start"), PHONE),
        snapshot("before", moment("lobby"), PHONE),
        snapshot("before-spanish", in_language(Language::Spanish, moment("lobby")), PHONE),
        snapshot("before-pseudo", in_language(Language::Pseudo, moment("lobby")), PHONE),
        snapshot("before-200-percent", twice(moment("lobby")), DESK),
        Snapshot { theme: Theme::Dark, ..snapshot("waiting-dark", moment("waiting-room"), PHONE) },
        snapshot("call", moment("live"), DESK),
        snapshot("call-narrow", moment("live"), PHONE),
        snapshot("call-reconnecting", moment("reconnecting"), DESK),
        snapshot("call-high-contrast", high(moment("live-digits")), DESK),
        snapshot("call-chinese-name", named, DESK),
        Snapshot { keys: NOTES, ..snapshot("call-notes", noted, DESK) },
        Snapshot { keys: MINI, ..snapshot("call-mini", moment("live"), vec2(320.0, 240.0)) },
        snapshot("over", moment("ended"), PHONE),
        snapshot("day", moment("desk-day"), DESK),
        Snapshot {
            theme: Theme::Dark,
            ..snapshot("day-dark-spanish", in_language(Language::Spanish, moment("desk-day")), DESK)
        },
        snapshot("summary", moment("summary-with-notes"), DESK),
        Snapshot { theme: Theme::Dark, ..snapshot("sign-in-dark-high-contrast", high(moment("sign-in")), PHONE) },
    ]
}

/// The letters of the Chinese name, which are not in the program: a machine's fonts would differ.
struct Lent;

impl FontProvider for Lent {
    fn font_for(&self, request: &FallbackRequest<'_>) -> Option<FontInsert> {
        let family = InsertFontFamily { family: request.family.clone(), priority: FontPriority::Lowest };
        let font = FontData::from_static(include_bytes!("snapshots/name.otf"));
        Some(FontInsert::new("a name", font, vec![family]))
    }
}

fn drawn(snapshot: &Snapshot) -> Canvas {
    let Snapshot { moment, keys, theme, size, .. } = snapshot;
    draw(moment, keys, *theme, *size, |ctx: &Context| ctx.add_font_provider(Arc::new(Lent)))
}

fn write(canvas: &Canvas, path: &Path) {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, canvas.width as u32, canvas.height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header().expect("a PNG");
    writer.write_image_data(&canvas.bytes()).expect("a PNG");
    writer.finish().expect("a PNG");
    fs::write(path, bytes).expect("a file");
}

/// Width, height and pixels.
fn read(path: &Path) -> Option<(usize, usize, Vec<u8>)> {
    let mut reader = png::Decoder::new(Cursor::new(fs::read(path).ok()?)).read_info().ok()?;
    let mut bytes = vec![0; reader.output_buffer_size()?];
    let info = reader.next_frame(&mut bytes).ok()?;
    Some((info.width as usize, info.height as usize, bytes))
}

/// Whether too many pixels are of another colour.
fn differs(one: &[u8], other: &[u8]) -> bool {
    let is_far = |(one, other): (&[u8], &[u8])| one.iter().zip(other).any(|(a, b)| a.abs_diff(*b) > NEAR);
    let far = one.chunks_exact(3).zip(other.chunks_exact(3)).filter(|pair| is_far(*pair)).count();
    far * 100_000 > FAR * (one.len() / 3)
}

#[test]
fn windows_look_as_somebody_has_seen_and_found_right() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let rewrites = std::env::var_os("HOUSECALL_WRITE_SNAPSHOTS").is_some();
    let (mut wrong, mut names) = (Vec::new(), Vec::new());
    for snapshot in snapshots() {
        let (path, canvas) = (kept.join(format!("{}.png", snapshot.name)), drawn(&snapshot));
        names.push(path.clone());
        let same = read(&path).is_some_and(|(width, height, bytes)| {
            (width, height) == (canvas.width, canvas.height) && !differs(&bytes, &canvas.bytes())
        });
        if same && !rewrites {
            continue;
        }
        let to = if rewrites { path } else { beside(&snapshot) };
        write(&canvas, &to);
        wrong.push(to);
    }
    assert!(rewrites || wrong.is_empty(), "these look otherwise than in tests/snapshots: {wrong:#?}");
    let known = fs::read_dir(&kept).expect("the folder").map(|entry| entry.expect("a file").path());
    let left: Vec<_> =
        known.filter(|path| path.extension().is_some_and(|kind| kind == "png") && !names.contains(path)).collect();
    assert!(left.is_empty(), "nothing draws these any more: {left:#?}");
}

fn beside(snapshot: &Snapshot) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("snapshots");
    fs::create_dir_all(&folder).expect("a folder");
    folder.join(format!("{}.png", snapshot.name))
}

#[test]
fn a_word_that_moved_by_a_pixel_or_changed_is_seen() {
    let of = |moment| drawn(&snapshot("before", moment, PHONE)).bytes();
    let before = of(moment("lobby"));
    assert!(!differs(&before, &of(moment("lobby"))), "the same drawing");
    let moved: Vec<u8> = [&[0; 3], &before[..before.len() - 3]].concat();
    assert!(differs(&before, &moved));
    let mut muted = moment("lobby");
    muted.call.as_mut().expect("a call").muted = true;
    assert!(differs(&before, &of(muted)), "one word on a button");
    assert!(differs(&before, &of(in_language(Language::Spanish, moment("lobby")))), "other words");
}
