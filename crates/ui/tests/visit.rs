//! A patient's way and the call, driven as a screen reader finds them: what is tried and told before, and how the pictures are
//! looked at.

use call::{EndReason, Intent as CallIntent, Phase, PicturePlan, PictureSent, Remote};
use egui::accesskit::Role;
use egui::{Event, Key, Modifiers, MouseWheelSource, MouseWheelUnit, Rect, Theme, TouchPhase, Vec2, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use ui::{Intent, Picture, Settings, Shown, TestSound, Volume};
use units::{DataRate, DeviceKind, DeviceTrouble, Phi, Timestamp};

use house::window::{Window, open_at, press, says, type_into};
use house::{Moment, theirs};

mod house;

const SIZE: Vec2 = vec2(1000.0, 700.0);
const SINCE: Timestamp = Timestamp::from_millis(60_000);
const LIVE: Phase = Phase::Live { since: SINCE };
const WAITS: Phase = Phase::WaitingRoom { since: SINCE };

fn open(moment: Moment) -> Harness<'static, Window> {
    open_at(moment, SIZE, Theme::Light)
}

fn press_keys(window: &mut Harness<'_, Window>, modifiers: Modifiers, key: Key) -> Vec<Intent> {
    window.key_press_modifiers(modifiers, key);
    window.run_ok();
    std::mem::take(&mut window.state_mut().intents)
}

/// How a picture was painted last.
fn painted(window: &Harness<'_, Window>, which: Picture) -> Option<(Rect, Shown)> {
    window.state().shown.iter().find(|(one, ..)| *one == which).map(|(_, rect, shown)| (*rect, *shown))
}

#[test]
fn from_the_link_to_the_waiting_room_are_two_clicks_and_nothing_is_asked_when_all_is_well() {
    let mut window = open(Moment::start());
    type_into(&mut window, "Your visit's link", Role::TextInput, house::LINK);
    assert_eq!(press(&mut window, "Open the visit"), [Intent::OpenLink(Phi::new(house::LINK.to_owned()))]);
    window.state_mut().moment = Moment::patient(Phase::Lobby);
    window.run_ok();
    for told in ["Your camera works.", "Your microphone works.", "Your loudspeaker works."] {
        assert!(says(&window, told), "{told}");
    }
    assert_eq!(press(&mut window, "Join the visit"), [Intent::Call(CallIntent::Join)]);
    window.state_mut().moment = Moment::patient(WAITS);
    window.run_ok();
    assert!(says(&window, "You are in the waiting room"));
}

#[test]
fn what_does_not_work_before_a_visit_has_its_fix_in_the_place_of_its_line() {
    let mut moment = Moment::patient(Phase::Lobby);
    moment.devices.microphones.trouble = Some(DeviceTrouble::Denied);
    let mut window = open(moment);
    assert!(says(&window, "Your camera works.") && !says(&window, "Your microphone works."));
    let again = press(&mut window, "Try the microphone again");
    assert_eq!(again, [Intent::Choose(DeviceKind::Microphone, None)]);
    let silent = |call: &mut call::Snapshot| (call.muted, call.camera_off) = (true, true);
    let window = open(Moment::patient(Phase::Lobby).with_call(silent));
    assert!(says(&window, "Your microphone is off. The clinic will not hear you."));
    assert!(says(&window, "Your camera is off. You can go on like this."));
}

#[test]
fn a_microphone_that_was_heard_once_works_also_in_a_pause() {
    let mut moment = Moment::patient(Phase::Lobby);
    moment.microphone = 0.0;
    let mut window = open(moment);
    assert!(says(&window, "Say a few words"));
    window.state_mut().moment.microphone = 0.2;
    window.run_ok();
    window.state_mut().moment.microphone = 0.0;
    window.run_ok();
    assert!(says(&window, "Your microphone works."));
}

#[test]
fn who_wears_headphones_is_asked_whether_they_heard_the_sound_and_nobody_else_is() {
    let with = |test_sound| open(Moment { test_sound, ..Moment::patient(Phase::Lobby) });
    for sound in [TestSound::NotPlayed, TestSound::Playing, TestSound::Heard] {
        assert!(!says(&with(sound), "Did you hear two soft notes?"), "{sound:?}");
    }
    let mut window = with(TestSound::NotHeard);
    assert!(!says(&window, "Your loudspeaker works."));
    assert!(press(&mut window, "Yes").is_empty());
    assert!(says(&window, "Your loudspeaker works.") && !says(&window, "Did you hear"));
    let mut window = with(TestSound::NotHeard);
    press(&mut window, "No");
    window.get_by_role_and_label(Role::ComboBox, "Loudspeaker");
}

#[test]
fn what_is_protected_is_said_until_somebody_has_joined_here_and_can_be_unfolded_then() {
    let mut moment = Moment::patient(Phase::Lobby);
    let window = open(moment.clone());
    for told in ["Only your clinician and you see and hear", "Housecall records nothing.", "server knows that you meet"]
    {
        assert!(says(&window, told), "{told}");
    }
    moment.settings = Settings { knows_protection: true, ..Settings::default() };
    let mut window = open(moment);
    assert!(!says(&window, "Housecall records nothing."));
    window.get_by_label("Between you and your clinic").click();
    window.run_ok();
    assert!(says(&window, "Housecall records nothing."));
}

#[test]
fn who_waits_reads_who_comes_how_long_and_what_to_do_meanwhile() {
    let mut moment = Moment::patient(WAITS);
    moment.phone = Some("555 0100".to_owned());
    let mut window = open(moment);
    for told in ["Somebody from your clinic will let you in.", "4 min", "Leave this window open.", "555 0100"] {
        assert!(says(&window, told), "{told}");
    }
    let lee = Some(Phi::new("Dr. Lee".to_owned()));
    window.state_mut().moment = Moment::patient(WAITS).with_call(|call| call.around.clinician = lee);
    window.run_ok();
    let said = window.get_by_label_contains("Dr. Lee, certified by the clinic, is there");
    assert_eq!(said.accesskit_node().live(), egui::accesskit::Live::Polite, "a screen reader says it");
}

#[test]
fn a_visit_that_was_lost_is_opened_again_by_one_button_and_one_that_is_over_is_not() {
    use EndReason::{
        ConnectionLost, Denied, HandshakeUnfinished, HungUp, NoConnection, Removed, TheyHungUp, VisitOver,
    };
    let ended = |reason| {
        let mut moment = Moment::patient(Phase::Ended(reason));
        moment.phone = Some("555 0100".to_owned());
        open(moment)
    };
    for reason in [ConnectionLost, HandshakeUnfinished, NoConnection, HungUp] {
        let mut window = ended(reason);
        assert!(says(&window, "555 0100"));
        assert_eq!(press(&mut window, "Open this visit again"), [Intent::OpenAgain], "{reason:?}");
    }
    for reason in [Denied, Removed, TheyHungUp, VisitOver] {
        let mut window = ended(reason);
        assert!(window.query_by_label("Open this visit again").is_none(), "{reason:?}");
        assert_eq!(press(&mut window, "Close Housecall"), [Intent::Quit]);
    }
    let mut forgotten = Moment::patient(Phase::Ended(ConnectionLost));
    forgotten.can_open_again = false;
    assert!(open(forgotten).query_by_label("Open this visit again").is_none());
}

#[test]
fn the_other_side_is_made_quieter_and_louder_by_buttons_and_keys() {
    let quieter = Settings { volume: Volume::of_percent(90), ..Settings::default() };
    let mut window = open(Moment::patient(LIVE));
    assert!(press(&mut window, "Volume").is_empty());
    let said = window.get_by_label_contains("The other side is played at 100 %");
    assert_eq!(said.accesskit_node().live(), egui::accesskit::Live::Polite);
    assert!(press(&mut window, "Louder").is_empty(), "it is as loud as it goes");
    assert_eq!(press(&mut window, "Quieter"), [Intent::Settings(quieter.clone())]);
    window.state_mut().moment.settings = quieter;
    window.run_ok();
    assert!(says(&window, "90 %"));
    let keys = Modifiers::COMMAND | Modifiers::SHIFT;
    assert_eq!(press_keys(&mut window, keys, Key::ArrowUp), [Intent::Settings(Settings::default())]);
    press(&mut window, "Close the volume");
    assert!(!says(&window, "90 %"));
}

#[test]
fn their_picture_is_looked_at_nearer_by_buttons_keys_and_the_wheel() {
    let mut window = open(Moment::clinician(LIVE));
    let width = |window: &Harness<'_, Window>| painted(window, Picture::Other).expect("a picture").1.part.width();
    let before = painted(&window, Picture::Other).expect("a picture");
    assert!((width(&window) - 1.0).abs() < 1e-6 && window.query_by_label("See more").is_none());
    press(&mut window, "Look nearer");
    assert!(width(&window) < 0.7);
    let (place, shown) = painted(&window, Picture::Other).expect("a picture");
    assert_eq!(place, before.0, "the picture stays where it is");
    press_keys(&mut window, Modifiers::COMMAND, Key::ArrowLeft);
    assert!(painted(&window, Picture::Other).expect("a picture").1.part.left() < shown.part.left());
    press(&mut window, "See more");
    assert!((width(&window) - 1.0).abs() < 1e-6);
    press_keys(&mut window, Modifiers::COMMAND, Key::PageUp);
    assert!(width(&window) < 0.7);
    press_keys(&mut window, Modifiers::COMMAND, Key::PageDown);
    assert!((width(&window) - 1.0).abs() < 1e-6);
    window.event(Event::PointerMoved(place.center()));
    let delta = vec2(0.0, 200.0);
    let (unit, modifiers, phase) = (MouseWheelUnit::Point, Modifiers::NONE, TouchPhase::Move);
    window.event(Event::MouseWheel { unit, delta, modifiers, phase, source: MouseWheelSource::Unknown });
    window.run_ok();
    assert!(width(&window) < 0.9, "{}", width(&window));
}

#[test]
fn whoever_writes_a_message_goes_by_words_and_not_around_the_picture() {
    let mut window = open(Moment::clinician(LIVE));
    press(&mut window, "Look nearer");
    press(&mut window, "Messages and files");
    let part = |window: &Harness<'_, Window>| painted(window, Picture::Other).expect("a picture").1.part;
    let before = part(&window);
    press_keys(&mut window, Modifiers::COMMAND, Key::ArrowLeft);
    assert_eq!(part(&window), before);
    press_keys(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::M);
    press_keys(&mut window, Modifiers::COMMAND, Key::ArrowLeft);
    assert!(part(&window).left() < before.left());
}

#[test]
fn escape_closes_what_was_handed_before_what_stands_beside_it() {
    let mut window = open(Moment::patient(LIVE));
    press(&mut window, "Volume");
    press(&mut window, "Messages and files");
    press_keys(&mut window, Modifiers::NONE, Key::Escape);
    assert!(!says(&window, "Nothing has been written yet.") && says(&window, "The other side is played at"));
    press_keys(&mut window, Modifiers::NONE, Key::Escape);
    assert!(!says(&window, "The other side is played at"));
}

#[test]
fn in_a_low_window_what_is_opened_has_the_room_of_who_it_is() {
    // As a window of 1000 by 700 pixels has it at 200 %.
    let size = vec2(500.0, 350.0);
    let mut window = open_at(Moment::patient(LIVE), size, Theme::Light);
    assert!(says(&window, "Dr. Lee, certified by the clinic"));
    press(&mut window, "Messages and files");
    assert!(!says(&window, "Dr. Lee, certified by the clinic"));
    let buttons = window.get_by_role_and_label(Role::Button, "Hang up").rect().top();
    let field = window.get_by_role_and_label(Role::TextInput, "Message").rect();
    assert!(field.bottom() <= buttons, "{field} stands below {buttons}");
    let shown = |known: &mut call::Assurance| known.check = house::shown();
    let window = open_at(Moment::patient(LIVE).with_assurance(shown), size, Theme::Light);
    for answer in ["The same", "Not the same", "Later"] {
        let place = window.get_by_role_and_label(Role::Button, answer).rect();
        assert!(place.bottom() <= buttons, "{answer} at {place} stands below {buttons}");
    }
}

#[test]
fn where_there_is_no_picture_of_theirs_there_is_nothing_to_look_nearer_at() {
    let off = Remote { camera_off: true, ..theirs() };
    let window = open(Moment::patient(LIVE).with_call(|call| call.remote = Some(off)));
    assert!(window.query_by_label("Look nearer").is_none());
    window.get_by_role_and_label(Role::Button, "Fill the screen");
}

#[test]
fn the_screen_is_filled_by_a_button_and_a_key_and_left_when_the_call_is_over() {
    let mut window = open(Moment::patient(LIVE));
    assert_eq!(press(&mut window, "Fill the screen"), [Intent::FullScreen(true)]);
    assert_eq!(press_keys(&mut window, Modifiers::NONE, Key::F11), [Intent::FullScreen(true)]);
    window.state_mut().moment = Moment::patient(Phase::Ended(EndReason::TheyHungUp));
    window.run_ok();
    assert_eq!(std::mem::take(&mut window.state_mut().intents), [Intent::FullScreen(false)], "once");
}

#[test]
fn the_own_picture_is_hidden_mirrored_and_moved() {
    let mut window = open(Moment::patient(LIVE));
    let (place, shown) = painted(&window, Picture::Own).expect("a picture");
    assert!(shown.mirrored, "as people know themselves");
    press(&mut window, "Hide your picture");
    assert!(painted(&window, Picture::Own).is_none());
    press(&mut window, "Show your picture");
    assert_eq!(painted(&window, Picture::Own).expect("a picture").0, place);
    press(&mut window, "Devices");
    let beside = painted(&window, Picture::Own).expect("a picture").0;
    press(&mut window, "Move it to the next corner");
    let moved = painted(&window, Picture::Own).expect("a picture").0;
    assert!(moved.center().x < beside.center().x && (moved.top() - beside.top()).abs() < 1.0, "{beside} {moved}");
    window.get_by_role_and_label(Role::CheckBox, "As in a mirror").scroll_to_me();
    window.run_ok();
    window.get_by_role_and_label(Role::CheckBox, "As in a mirror").click();
    window.run_ok();
    let wanted = Settings { unmirrored: true, ..Settings::default() };
    assert_eq!(std::mem::take(&mut window.state_mut().intents), [Intent::Settings(wanted.clone())]);
    window.state_mut().moment.settings = wanted;
    window.run_ok();
    assert!(!painted(&window, Picture::Own).expect("a picture").1.mirrored);
}

#[test]
fn the_own_picture_is_pulled_to_the_corner_that_is_nearest() {
    let mut window = open(Moment::patient(LIVE));
    let before = painted(&window, Picture::Own).expect("a picture").0;
    let from = before.center();
    window.drag_at(from);
    window.run_ok();
    window.hover_at(pos2(from.x - 500.0, from.y - 20.0));
    window.run_ok();
    window.drop_at(pos2(from.x - 500.0, from.y - 20.0));
    window.run_ok();
    let after = painted(&window, Picture::Own).expect("a picture").0;
    assert!(after.right() < 500.0 && (after.top() - before.top()).abs() < 1.0, "{before} {after}");
}

#[test]
fn how_good_the_links_of_both_are_is_said_in_words_with_advice_for_the_weak_one() {
    let with = |loss: f32, picture| {
        open(Moment::clinician(LIVE).with_call(move |call| {
            call.voice_plan.expected_loss = loss;
            call.picture_plan = PicturePlan::On { height: 360, fps: 30, rate: DataRate::from_kbps(800) };
            call.remote = Some(Remote { picture, ..theirs() });
        }))
    };
    let window = with(0.0, PictureSent::Moving);
    assert!(says(&window, "Good both ways") && !says(&window, "Wi-Fi"));
    assert!(says(&with(0.05, PictureSent::Moving), "Your connection: fair · theirs: good"));
    let window = with(0.2, PictureSent::Moving);
    assert!(says(&window, "Your connection: weak · theirs: good") && says(&window, "Go nearer to your Wi-Fi"));
    let window = with(0.0, PictureSent::Slides);
    assert!(says(&window, "Your connection: good · theirs: weak") && says(&window, "Ask them to go nearer"));
}

#[test]
fn the_buttons_of_a_call_are_there_and_large_enough_from_a_telephone_to_four_thousand_points() {
    for size in [vec2(360.0, 640.0), vec2(640.0, 360.0), vec2(1280.0, 800.0), vec2(3840.0, 2160.0)] {
        let window = open_at(Moment::clinician(LIVE), size, Theme::Light);
        for name in ["Turn microphone off", "Turn camera off", "Volume", "Messages and files", "Devices", "Hang up"] {
            let place = window.get_by_role_and_label(Role::Button, name).rect();
            let inside = Rect::from_min_size(pos2(0.0, 0.0), size).expand(0.5).contains_rect(place);
            assert!(inside && place.width() >= 44.0 && place.height() >= 44.0, "{name} at {size}: {place}");
        }
        let (place, _) = painted(&window, Picture::Other).expect("a picture");
        assert!(place.height() > size.y * 0.2, "their picture at {size} is {place}");
    }
}
