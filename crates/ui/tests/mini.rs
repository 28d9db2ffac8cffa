//! The call as a small window above all others.

use call::{EndReason, Intent as CallIntent, Phase, ReconnectCause, Remote};
use egui::accesskit::Role;
use egui::{Key, Modifiers, Theme, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use ui::{Intent, Picture};
use units::Timestamp;

use house::window::{Window, open_at, press, says};
use house::{Moment, theirs};

mod house;

const SINCE: Timestamp = Timestamp::from_millis(60_000);
const LIVE: Phase = Phase::Live { since: SINCE };
/// As the window makes itself, and as small as it may be made.
const SMALL: [Vec2; 2] = [vec2(320.0, 240.0), vec2(220.0, 165.0)];
const ENTER: &str = "Small window above all others";
const LEAVE: &str = "Large window again";

fn keys(window: &mut Harness<'_, Window>) -> Vec<Intent> {
    window.key_press_modifiers(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::W);
    window.run_ok();
    std::mem::take(&mut window.state_mut().intents)
}

fn small(moment: Moment, size: Vec2) -> Harness<'static, Window> {
    let mut window = open_at(moment, vec2(1000.0, 700.0), Theme::Light);
    assert_eq!(keys(&mut window), [Intent::MiniWindow(true)]);
    window.set_size(size);
    window.run_ok();
    window
}

#[test]
fn it_has_their_picture_and_four_switches_of_full_size() {
    for size in SMALL {
        let mut window = small(Moment::clinician(LIVE), size);
        let pictures: Vec<_> = window.state().shown.iter().map(|(picture, ..)| *picture).collect();
        assert_eq!(pictures, [Picture::Other], "{size}");
        assert!(says(&window, "Connected"), "{size}");
        let buttons: Vec<_> = window.get_all_by_role(Role::Button).map(|node| node.rect()).collect();
        assert_eq!(buttons.len(), 4, "{size}");
        for (index, place) in buttons.iter().enumerate() {
            assert!(place.width() >= 44.0 && place.height() >= 44.0, "{place} in {size}");
            assert!(window.ctx.content_rect().contains_rect(*place), "{place} in {size}");
            assert!(buttons[..index].iter().all(|other| !other.shrink(1.0).intersects(place.shrink(1.0))), "{size}");
        }
        let muted = press(&mut window, "Turn microphone off");
        assert_eq!(muted, [Intent::Call(CallIntent::SetMuted(true))]);
        assert_eq!(press(&mut window, "Turn camera off"), [Intent::Call(CallIntent::SetCameraOff(true))]);
        assert_eq!(press(&mut window, "Hang up"), [Intent::Call(CallIntent::HangUp)]);
        assert_eq!(press(&mut window, LEAVE), [Intent::MiniWindow(false)]);
        assert!(window.query_by_label(LEAVE).is_none());
    }
}

#[test]
fn it_is_entered_and_left_by_a_button_and_by_keys_and_left_when_the_call_is_over() {
    let mut window = open_at(Moment::patient(LIVE), vec2(1000.0, 700.0), Theme::Light);
    assert_eq!(press(&mut window, ENTER), [Intent::MiniWindow(true)]);
    assert_eq!(keys(&mut window), [Intent::MiniWindow(false)]);
    assert_eq!(keys(&mut window), [Intent::MiniWindow(true)]);
    window.state_mut().moment = Moment::patient(Phase::Ended(EndReason::TheyHungUp));
    window.run_ok();
    assert_eq!(std::mem::take(&mut window.state_mut().intents), [Intent::MiniWindow(false)], "once");
}

#[test]
fn what_is_wrong_is_said_there_too() {
    let lost = Phase::Reconnecting { since: SINCE, cause: ReconnectCause::LinkLost };
    assert!(says(&small(Moment::patient(lost), SMALL[0]), "Reconnecting"));
    let muted = Remote { muted: true, ..theirs() };
    let window = small(Moment::patient(LIVE).with_call(|call| call.remote = Some(muted)), SMALL[0]);
    assert!(says(&window, "Their microphone is off."));
    let written = house::written(Moment::clinician(LIVE));
    assert!(says(&small(written, SMALL[0]), "new message"));
}
