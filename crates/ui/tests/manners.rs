//! What every window has: settings, sizes, another link, the report of a crash; by label and by keys.

use call::Phase;
use egui::accesskit::{Live, Role, Toggled};
use egui::{Key, Modifiers, Theme, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use ui::{Contrast, CrashIntent, Intent, Look, Motion, Scale, Settings};
use units::Timestamp;

use house::Moment;
use house::window::{Window, open_at, press, says};

mod house;

const SIZE: Vec2 = vec2(1000.0, 700.0);
const SINCE: Timestamp = Timestamp::from_millis(60_000);

fn open(moment: Moment) -> Harness<'static, Window> {
    open_at(moment, SIZE, Theme::Light)
}

fn keys(window: &mut Harness<'_, Window>, modifiers: Modifiers, key: Key) -> Vec<Intent> {
    window.key_press_modifiers(modifiers, key);
    window.run_ok();
    std::mem::take(&mut window.state_mut().intents)
}

/// Chooses `value` in the list `name`, as a screen reader does.
fn choose(window: &mut Harness<'_, Window>, name: &str, value: &str) -> Vec<Intent> {
    window.get_by_role_and_label(Role::ComboBox, name).scroll_to_me();
    window.run_ok();
    window.get_by_role_and_label(Role::ComboBox, name).click();
    window.run_ok();
    window.get_by_role_and_label(Role::Button, value).click();
    window.run_ok();
    std::mem::take(&mut window.state_mut().intents)
}

/// One of each kind that is no live call.
fn calm() -> [Moment; 5] {
    [
        Moment::start(),
        Moment::desk(desk::DeskPhase::SignedOut { problem: None }),
        Moment::desk(desk::DeskPhase::Ready { problem: None }),
        Moment::patient(Phase::Lobby),
        Moment::clinician(Phase::WaitingRoom { since: SINCE }),
    ]
}

#[test]
fn every_window_without_a_call_has_settings_by_a_button_and_by_a_key() {
    for moment in calm() {
        let mut window = open(moment);
        press(&mut window, "Settings");
        assert!(says(&window, "How it looks"));
        press(&mut window, "Close settings");
        assert!(!says(&window, "How it looks"));
        keys(&mut window, Modifiers::COMMAND, Key::Comma);
        assert!(says(&window, "How it looks"));
        keys(&mut window, Modifiers::NONE, Key::Escape);
        assert!(!says(&window, "How it looks"));
    }
}

#[test]
fn a_live_call_has_them_beside_the_picture_and_a_call_that_begins_closes_the_page() {
    let mut window = open(Moment::patient(Phase::Lobby));
    keys(&mut window, Modifiers::COMMAND, Key::Comma);
    window.state_mut().moment = Moment::patient(Phase::Live { since: SINCE });
    window.run_ok();
    assert!(!says(&window, "How it looks"), "the picture matters more");
    keys(&mut window, Modifiers::COMMAND, Key::Comma);
    assert!(says(&window, "How it looks"));
    window.state_mut().moment = Moment::patient(Phase::Lobby);
    window.run_ok();
    assert!(!says(&window, "How it looks"), "and does not come back by itself");
}

#[test]
fn what_is_chosen_is_wanted_whole() {
    let mut window = open(Moment::start());
    press(&mut window, "Settings");
    let usual = Settings::default();
    assert_eq!(
        choose(&mut window, "Light or dark", "Dark"),
        [Intent::Settings(Settings { look: Look::Dark, ..usual.clone() })]
    );
    assert_eq!(
        choose(&mut window, "Contrast", "High"),
        [Intent::Settings(Settings { contrast: Contrast::High, ..usual.clone() })]
    );
    assert_eq!(
        choose(&mut window, "Language", "English"),
        [Intent::Settings(Settings { language: Some("en".to_owned()), ..usual.clone() })]
    );
    assert_eq!(
        press(&mut window, "Larger"),
        [Intent::Settings(Settings { scale: Scale::of_percent(110), ..usual.clone() })]
    );
    window.get_by_role_and_label(Role::CheckBox, "Nothing moves by itself").click();
    window.run_ok();
    assert_eq!(window.state().intents, [Intent::Settings(Settings { motion: Motion::Off, ..usual })]);
}

#[test]
fn what_was_chosen_is_shown() {
    let mut moment = Moment::start();
    moment.settings = Settings { scale: Scale::of_percent(150), motion: Motion::Off, ..Settings::default() };
    let mut window = open(moment);
    press(&mut window, "Settings");
    let size = window.get_by_label("Size: 150 %");
    assert_eq!(size.accesskit_node().live(), Live::Polite, "a screen reader says the new size");
    let still = window.get_by_role_and_label(Role::CheckBox, "Nothing moves by itself");
    assert_eq!(still.accesskit_node().toggled(), Some(Toggled::True));
}

#[test]
fn keys_make_everything_larger_and_smaller_in_every_window() {
    for moment in calm().into_iter().chain([Moment::patient(Phase::Live { since: SINCE })]) {
        let mut window = open(moment);
        let wanted =
            |percent| [Intent::Settings(Settings { scale: Scale::of_percent(percent), ..Settings::default() })];
        assert_eq!(keys(&mut window, Modifiers::COMMAND, Key::Plus), wanted(110));
        assert_eq!(keys(&mut window, Modifiers::COMMAND, Key::Equals), wanted(110));
        assert_eq!(keys(&mut window, Modifiers::COMMAND, Key::Minus), wanted(90));
        assert!(keys(&mut window, Modifiers::COMMAND, Key::Num0).is_empty(), "it is as usual");
        window.state_mut().moment.settings.scale = Scale::of_percent(300);
        assert!(keys(&mut window, Modifiers::COMMAND, Key::Plus).is_empty(), "there is no larger one");
        assert_eq!(keys(&mut window, Modifiers::COMMAND, Key::Num0), wanted(100));
    }
}

#[test]
fn another_link_asks_before_it_ends_what_goes_on() {
    let mut moment = Moment::patient(Phase::Live { since: SINCE });
    moment.other_link = true;
    let mut window = open(moment);
    assert!(says(&window, "link of another visit"));
    assert_eq!(press(&mut window, "Stay here"), [Intent::OtherLink(false)]);
    assert_eq!(press(&mut window, "Open the other visit"), [Intent::OtherLink(true)]);
}

#[test]
fn a_crash_is_told_at_the_start_and_never_before_a_visit() {
    let mut moment = Moment::start();
    moment.crash = Some("housecall 0.1.0\nat crates/x.rs:1".to_owned());
    let mut window = open(moment.clone());
    assert!(says(&window, "Something went wrong"));
    assert_eq!(press(&mut window, "Copy the report"), [Intent::Crash(CrashIntent::Copy)]);
    assert_eq!(press(&mut window, "Delete the report"), [Intent::Crash(CrashIntent::Delete)]);
    assert_eq!(press(&mut window, "Keep it for now"), [Intent::Crash(CrashIntent::Later)]);
    let report = window.get_by_role(Role::MultilineTextInput);
    assert_eq!(report.accesskit_node().value().as_deref(), Some("housecall 0.1.0\nat crates/x.rs:1"));
    let visit = Moment { crash: moment.crash, ..Moment::patient(Phase::Lobby) };
    assert!(!says(&open(visit), "Something went wrong"));
}

#[test]
fn at_three_times_the_size_every_window_can_still_be_used() {
    for moment in calm() {
        // As a window of 1080 by 1440 pixels has it at 300 %.
        let mut window = open_at(moment, vec2(360.0, 480.0), Theme::Light);
        press(&mut window, "Settings");
        press(&mut window, "Larger");
        press(&mut window, "Close settings");
    }
}

#[test]
fn everything_on_the_page_of_settings_has_a_name_and_is_large_enough() {
    for size in [SIZE, vec2(360.0, 640.0)] {
        let mut window = open_at(Moment::start(), size, Theme::Dark);
        press(&mut window, "Settings");
        let mut controls = 0;
        for role in [Role::Button, Role::ComboBox, Role::CheckBox] {
            for node in window.query_all_by_role(role) {
                let (rect, label) = (node.rect(), node.accesskit_node().label().unwrap_or_default());
                assert!(!label.is_empty(), "{role:?} {rect} has no name");
                assert!(rect.height() >= 43.5 && rect.width() >= 43.5, "{role:?} {label} {rect} is too small");
                assert!(rect.left() >= 0.0 && rect.right() <= size.x, "{role:?} {label} {rect} is outside");
                controls += 1;
            }
        }
        assert!(controls >= 12, "{controls}");
    }
}
