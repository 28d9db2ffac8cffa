//! Every screen, driven as a screen reader finds it: by what its controls are called.

use std::time::Duration;

use call::{EndReason, Intent as CallIntent, Mode, Phase, PictureOff, PicturePlan, PictureSent, Remote};
use desk::{DeskIntent, DeskPhase};
use egui::accesskit::Role;
use egui::{Key, Modifiers, Theme, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use ui::Intent;
use units::{DataRate, DeviceKind, DeviceMove, DeviceTrouble, Listening, MoveCause, Phi, Timestamp};

use house::window::{Window, open_at, press, says, type_into};
use house::{Moment, theirs, waiting};

mod house;

const SIZE: Vec2 = vec2(1000.0, 700.0);
const SINCE: Timestamp = Timestamp::from_millis(60_000);
const LIVE: Phase = Phase::Live { since: SINCE };

fn open(moment: Moment) -> Harness<'static, Window> {
    open_at(moment, SIZE, Theme::Light)
}

#[test]
fn the_start_opens_a_pasted_link_and_leads_clinicians_to_their_desk() {
    let mut window = open(Moment::start());
    assert!(press(&mut window, "Open the visit").is_empty(), "there is no link yet");
    type_into(&mut window, "Your visit's link", Role::TextInput, &format!("  {} ", house::LINK));
    assert_eq!(press(&mut window, "Open the visit"), [Intent::OpenLink(Phi::new(house::LINK.to_owned()))]);
    assert_eq!(press(&mut window, "Sign in as a clinician"), [Intent::OpenDesk]);
}

#[test]
fn enter_in_the_link_opens_it() {
    let mut window = open(Moment::start());
    type_into(&mut window, "Your visit's link", Role::TextInput, "a link");
    window.key_press(Key::Enter);
    window.run_ok();
    assert_eq!(window.state().intents, [Intent::OpenLink(Phi::new("a link".to_owned()))]);
}

#[test]
fn signing_in_sends_what_was_typed_and_keeps_no_password() {
    let mut window = open(Moment::desk(DeskPhase::SignedOut { problem: None }));
    type_into(&mut window, "Clinic's server", Role::TextInput, "clinic.example");
    type_into(&mut window, "Name", Role::TextInput, "doctor");
    type_into(&mut window, "Password", Role::PasswordInput, "secret");
    type_into(&mut window, "One-time code", Role::TextInput, "123456");
    let wanted = press(&mut window, "Sign in");
    let [Intent::Desk(DeskIntent::SignIn { server, pin: None, name, password, totp: Some(totp) })] = &wanted[..] else {
        panic!("{wanted:?}")
    };
    let exposed = [name.expose(), password.expose(), totp.expose()];
    assert_eq!((server.as_str(), exposed.map(String::as_str)), ("clinic.example", ["doctor", "secret", "123456"]));
    assert!(window.state().forms.password.is_empty() && window.state().forms.totp.is_empty());
    assert_eq!(press(&mut window, "Back"), [Intent::Back]);
}

#[test]
fn a_wrong_pin_is_said_and_not_sent() {
    let mut window = open(Moment::desk(DeskPhase::SignedOut { problem: None }));
    window.state_mut().forms.pin = "sha256:short".to_owned();
    window.state_mut().forms.password = "secret".to_owned();
    assert!(press(&mut window, "Sign in").is_empty());
    assert!(says(&window, "not a certificate pin"));
    assert_eq!(window.state().forms.password, "secret", "the password need not be typed again");
}

#[test]
fn a_locked_desk_asks_for_the_password_alone() {
    let mut window = open(Moment::desk(DeskPhase::Locked { problem: None }));
    assert!(window.query_by_role_and_label(Role::TextInput, "Name").is_none());
    type_into(&mut window, "Password", Role::PasswordInput, "secret");
    let wanted = press(&mut window, "Unlock");
    let [Intent::Desk(DeskIntent::SignIn { server, name, .. })] = &wanted[..] else { panic!("{wanted:?}") };
    assert_eq!((server.as_str(), name.expose().as_str()), ("clinic.example", "doctor"));
    assert_eq!(press(&mut window, "Sign in as somebody else"), [Intent::Desk(DeskIntent::SignOut)]);
}

#[test]
fn the_desk_starts_a_visit_and_signs_out() {
    let mut window = open(Moment::desk(DeskPhase::Ready { problem: None }));
    assert_eq!(press(&mut window, "Start a visit"), [Intent::Desk(DeskIntent::StartVisit)]);
    assert_eq!(press(&mut window, "Sign out"), [Intent::Desk(DeskIntent::SignOut)]);
    let mut making = open(Moment::desk(DeskPhase::MakingVisit));
    assert!(press(&mut making, "Making the visit…").is_empty(), "once is enough");
    assert_eq!(press(&mut making, "Cancel"), [Intent::Desk(DeskIntent::CloseVisit)]);
}

#[test]
fn the_clinician_copies_the_link_shows_its_code_and_admits_or_declines() {
    let moment = Moment::clinician(Phase::WaitingRoom { since: SINCE });
    let mut window = open(moment.clone());
    assert!(says(&window, "Nobody waits yet"));
    window.get_by_label("The visit's link as a QR code");
    assert_eq!(press(&mut window, "Copy the link"), [Intent::CopyLink]);
    assert!(says(&window, "Copied"));

    let mut window = open(moment.clone().with_call(|call| call.waiting = waiting(1)));
    let who = waiting(1)[0].endpoint;
    assert_eq!(press(&mut window, "Admit"), [Intent::Call(CallIntent::Admit(who))]);
    assert_eq!(press(&mut window, "Decline"), [Intent::Call(CallIntent::Deny(who))]);
    assert_eq!(press(&mut window, "Close the visit"), [Intent::Desk(DeskIntent::CloseVisit)]);

    let mut window = open(moment.with_call(|call| call.waiting = waiting(2)));
    assert!(says(&window, "2 people wait"));
    assert_eq!(press(&mut window, "Admit 2"), [Intent::Call(CallIntent::Admit(waiting(2)[1].endpoint))]);
}

#[test]
fn a_patient_sees_and_hears_themselves_before_they_join() {
    let mut window = open(Moment::patient(Phase::Lobby));
    window.get_by_label("Your picture");
    window.get_by_label("Microphone level");
    assert_eq!(press(&mut window, "Turn camera off"), [Intent::Call(CallIntent::SetCameraOff(true))]);
    assert_eq!(press(&mut window, "Turn microphone off"), [Intent::Call(CallIntent::SetMuted(true))]);
    assert_eq!(press(&mut window, "Play a test sound"), [Intent::TestSpeaker]);
    assert_eq!(press(&mut window, "Join the visit"), [Intent::Call(CallIntent::Join)]);
    assert!(press(&mut window, "Joining…").is_empty(), "once is enough");
    assert_eq!(press(&mut window, "Not now"), [Intent::Call(CallIntent::HangUp), Intent::Back]);
}

#[test]
fn a_server_that_does_not_answer_a_join_is_said_after_a_while() {
    let mut window = open(Moment::patient(Phase::Lobby));
    press(&mut window, "Join the visit");
    assert!(!says(&window, "does not answer"));
    window.state_mut().moment.now = house::NOW + std::time::Duration::from_secs(5);
    window.run_ok();
    assert!(says(&window, "does not answer") && says(&window, "call the clinic"));
}

#[test]
fn a_device_is_chosen_by_its_name() {
    let mut window = open(Moment::patient(Phase::Lobby));
    press(&mut window, "Devices");
    window.get_by_role_and_label(Role::ComboBox, "Camera").click();
    window.run_ok();
    window.get_by_label("USB Document Camera").click();
    window.run_ok();
    let chosen = Some("USB Document Camera".to_owned());
    let wanted = [Intent::LookForDevices, Intent::Choose(DeviceKind::Camera, chosen)];
    assert_eq!(window.state().intents, wanted, "the list is looked up when it is opened, and once");
}

#[test]
fn who_must_hide_their_address_says_so_before_they_join() {
    let mut window = open(Moment::patient(Phase::Lobby));
    press(&mut window, "Devices");
    let label = "Hide this computer's address from the other side";
    window.get_by_role_and_label(Role::CheckBox, label).scroll_to_me();
    window.run_ok();
    window.get_by_role_and_label(Role::CheckBox, label).click();
    window.run_ok();
    assert_eq!(std::mem::take(&mut window.state_mut().intents), [Intent::RelayOnly(true)]);
    window.state_mut().moment.relay_only = true;
    window.run_ok();
    window.get_by_role_and_label(Role::CheckBox, label).click();
    window.run_ok();
    assert_eq!(std::mem::take(&mut window.state_mut().intents), [Intent::RelayOnly(false)]);
}

#[test]
fn who_wears_headphones_says_so_with_the_mouse_or_with_keys() {
    let mut window = open(Moment::patient(LIVE));
    window.key_press_modifiers(Modifiers::COMMAND, Key::Comma);
    window.run_ok();
    window.get_by_role_and_label(Role::ComboBox, "You listen with").scroll_to_me();
    window.run_ok();
    window.get_by_role_and_label(Role::ComboBox, "You listen with").click();
    window.run_ok();
    window.get_by_label("Headphones").click();
    window.run_ok();
    assert_eq!(std::mem::take(&mut window.state_mut().intents), [Intent::Listen(Listening::Headphones)]);
    window.state_mut().moment.devices.listening = Listening::Headphones;
    // By keys: Enter opens the list, Tab walks through it, Enter takes what it stands on.
    window.get_by_role_and_label(Role::ComboBox, "You listen with").focus();
    window.run_ok();
    for key in [Key::Enter, Key::Tab, Key::Enter] {
        window.key_press(key);
        window.run_ok();
    }
    assert!(
        matches!(window.state().intents[..], [Intent::Listen(Listening::Automatic | Listening::Loudspeaker)]),
        "{:?}",
        window.state().intents
    );
}

#[test]
fn who_speaks_while_muted_is_told_and_how_to_be_heard() {
    const HINT: &str = "You are muted, so the other side does not hear you.";
    let muted = Moment::patient(LIVE).with_call(|call| call.muted = true);
    let mut window = open(muted.clone());
    assert!(!says(&window, HINT), "nobody speaks");
    window.state_mut().moment.speaks_while_muted = true;
    window.run_ok();
    let notice = window.get_by_label_contains(HINT);
    assert_eq!(notice.accesskit_node().live(), egui::accesskit::Live::Polite, "a screen reader says it");
    assert!(says(&window, "D turns your microphone on"), "with the key that does it");
    window.key_press_modifiers(Modifiers::COMMAND, Key::D);
    window.run_ok();
    assert_eq!(window.state().intents, [Intent::Call(CallIntent::SetMuted(false))]);
    window.state_mut().moment = Moment { speaks_while_muted: true, ..Moment::patient(LIVE) };
    window.run_ok();
    assert!(!says(&window, HINT), "who is heard needs no hint");
}

#[test]
fn every_trouble_of_every_device_is_said_wherever_it_happens_and_has_a_next_step() {
    use DeviceTrouble::{Busy, Denied, Failed, Missing, Stalled, Unplugged};
    let since = SINCE;
    let places = [
        Moment::desk(DeskPhase::Ready { problem: None }),
        Moment::patient(Phase::Lobby),
        Moment::patient(Phase::WaitingRoom { since }),
        Moment::patient(LIVE),
        Moment::clinician(Phase::WaitingRoom { since }),
        Moment::clinician(LIVE),
    ];
    let kinds = [
        (DeviceKind::Camera, "camera", call::Problem::CameraLost),
        (DeviceKind::Microphone, "microphone", call::Problem::MicrophoneLost),
        (DeviceKind::Speaker, "loudspeaker", call::Problem::SpeakerLost),
    ];
    for (kind, name, problem) in kinds {
        for trouble in [Missing, Denied, Busy, Unplugged, Stalled, Failed] {
            for mut moment in places.clone() {
                let list = moment.devices.of_mut(kind);
                (list.trouble, list.chosen) = (Some(trouble), Some("Headset".to_owned()));
                let mut window = open(moment.with_call(|call| call.problem = Some(problem)));
                let said = window.query_all_by_label_contains(name).filter(|node| {
                    let words = node.accesskit_node().value().unwrap_or_default();
                    words.contains("ry again") || words.contains("Devices")
                });
                assert_eq!(said.count(), 1, "{trouble:?} of the {name} is said once");
                let wanted = press(&mut window, &format!("Try the {name} again"));
                assert_eq!(wanted, [Intent::Choose(kind, Some("Headset".to_owned()))], "{trouble:?} of the {name}");
            }
        }
    }
}

#[test]
fn where_the_sound_went_by_itself_is_said_wherever_it_happens_and_for_a_while() {
    let since = SINCE;
    let cause = MoveCause::ChosenAway { chosen: "Headset".to_owned(), why: DeviceTrouble::Unplugged };
    let moved = DeviceMove { to: "Built-in Audio".to_owned(), cause };
    for mut moment in [
        Moment::desk(DeskPhase::Ready { problem: None }),
        Moment::patient(Phase::Lobby),
        Moment::patient(Phase::WaitingRoom { since }),
        Moment::patient(LIVE),
        Moment::clinician(LIVE),
    ] {
        moment.devices.speakers.moved = Some((house::NOW, moved.clone()));
        let mut window = open(moment);
        assert!(says(
            &window,
            "\u{201c}Headset\u{201d} is gone. The sound now goes to \u{201c}Built-in Audio\u{201d}."
        ));
        window.state_mut().moment.now = house::NOW + std::time::Duration::from_secs(15);
        window.run_ok();
        assert!(!says(&window, "The sound now goes to"));
    }
}

#[test]
fn a_test_sound_is_played_without_a_mouse_before_and_in_the_call() {
    for moment in
        [Moment::desk(DeskPhase::Ready { problem: None }), Moment::patient(Phase::Lobby), Moment::patient(LIVE)]
    {
        let mut window = open(moment);
        if window.query_by_role_and_label(Role::Button, "Devices").is_some() {
            press(&mut window, "Devices");
        }
        window.get_by_role_and_label(Role::Button, "Play a test sound").focus();
        window.run_ok();
        window.key_press(egui::Key::Space);
        window.run_ok();
        assert_eq!(window.state().intents, [Intent::TestSpeaker]);
    }
}

#[test]
fn several_troubles_leave_room_for_their_picture_in_a_narrow_window() {
    let mut moment = Moment::patient(LIVE);
    moment.devices.cameras.trouble = Some(DeviceTrouble::Missing);
    moment.devices.microphones.trouble = Some(DeviceTrouble::Busy);
    let mut window = open_at(moment, vec2(360.0, 640.0), Theme::Light);
    assert!(says(&window, "These do not work: camera, microphone."));
    assert!(window.query_by_role_and_label(Role::Button, "Try the camera again").is_none());
    assert!(press(&mut window, "See what is wrong").is_empty());
    window.get_by_role_and_label(Role::Button, "Try the microphone again");
}

#[test]
fn typing_begins_in_the_first_field_that_is_empty_without_a_click() {
    let typed = |moment, text: &str| {
        let mut window = open(moment);
        window.event(egui::Event::Text(text.to_owned()));
        window.run_ok();
        window
    };
    assert_eq!(typed(Moment::start(), "a link").state().forms.link, "a link");
    let signed_out = || Moment::desk(DeskPhase::SignedOut { problem: None });
    assert_eq!(typed(signed_out(), "clinic.example").state().forms.server, "clinic.example");
    assert_eq!(typed(Moment::desk(DeskPhase::Locked { problem: None }), "secret").state().forms.password, "secret");
}

#[test]
fn a_camera_in_use_elsewhere_is_said_with_the_next_step() {
    let mut moment = Moment::patient(Phase::Lobby);
    moment.devices.cameras.trouble = Some(DeviceTrouble::Busy);
    assert!(says(&open(moment), "Another program uses the camera. Close that program"));
}

#[test]
fn who_waits_can_leave() {
    let mut window = open(Moment::patient(Phase::WaitingRoom { since: SINCE }));
    assert!(says(&window, "You are in the waiting room"));
    assert!(says(&window, "4 min"));
    assert_eq!(press(&mut window, "Leave the waiting room"), [Intent::Call(CallIntent::HangUp)]);
}

#[test]
fn a_call_is_muted_darkened_and_ended_by_buttons() {
    let mut window = open(Moment::patient(LIVE));
    assert!(says(&window, "Connected") && says(&window, "4:00"));
    assert_eq!(press(&mut window, "Turn microphone off"), [Intent::Call(CallIntent::SetMuted(true))]);
    assert_eq!(press(&mut window, "Turn camera off"), [Intent::Call(CallIntent::SetCameraOff(true))]);
    assert_eq!(press(&mut window, "Hang up"), [Intent::Call(CallIntent::HangUp)]);
    assert!(press(&mut window, "Devices").is_empty());
    window.get_by_role_and_label(Role::ComboBox, "Microphone");
    window.key_press(Key::Escape);
    window.run_ok();
    assert!(window.query_by_role_and_label(Role::ComboBox, "Microphone").is_none());
}

#[test]
fn a_call_is_muted_darkened_and_ended_by_keys() {
    let mut window = open(Moment::clinician(LIVE));
    for (modifiers, key) in
        [(Modifiers::COMMAND, Key::D), (Modifiers::COMMAND, Key::E), (Modifiers::COMMAND | Modifiers::SHIFT, Key::H)]
    {
        window.key_press_modifiers(modifiers, key);
        window.run_ok();
    }
    let wanted = [CallIntent::SetMuted(true), CallIntent::SetCameraOff(true), CallIntent::HangUp];
    assert_eq!(window.state().intents, wanted.map(Intent::Call));
}

#[test]
fn who_waits_is_let_in_by_keys_and_during_a_talk_only_declined() {
    let who = waiting(1)[0].endpoint;
    let admit = |window: &mut Harness<'_, Window>| {
        window.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::A);
        window.run_ok();
        std::mem::take(&mut window.state_mut().intents)
    };
    let waits = |phase| open(Moment::clinician(phase).with_call(|call| call.waiting = waiting(1)));
    assert_eq!(admit(&mut waits(Phase::WaitingRoom { since: SINCE })), [Intent::Call(CallIntent::Admit(who))]);
    let mut live = waits(LIVE);
    assert!(admit(&mut live).is_empty() && live.query_by_role_and_label(Role::Button, "Admit").is_none());
    assert_eq!(press(&mut live, "Decline"), [Intent::Call(CallIntent::Deny(who))]);
}

#[test]
fn it_is_said_who_is_muted_and_whose_camera_is_off() {
    let window = open(Moment::patient(LIVE).with_call(|call| {
        (call.muted, call.camera_off) = (true, true);
        call.remote = Some(Remote { muted: true, camera_off: true, ..theirs() });
    }));
    window.get_by_role_and_label(Role::Button, "Turn microphone on");
    window.get_by_role_and_label(Role::Button, "Turn camera on");
    assert!(says(&window, "Their microphone is off."));
    assert!(says(&window, "Their picture: Their camera is off"));
    assert!(says(&window, "Your picture: Your camera is off"));
}

#[test]
fn a_thin_link_is_said_to_both_in_a_sentence() {
    let thin = |own: PicturePlan, picture: PictureSent| {
        open(Moment::patient(LIVE).with_call(move |call| {
            call.picture_plan = own;
            call.remote = Some(Remote { picture, ..theirs() });
        }))
    };
    let slides = PicturePlan::Slides { height: 180, every: Duration::from_secs(3), rate: DataRate::from_kbps(10) };
    let window = thin(slides, PictureSent::Slides);
    assert!(says(&window, "Your picture is being sent as single frames: the link is thin."));
    assert!(says(&window, "Their picture comes as single frames: their link is thin."));
    let window = thin(PicturePlan::Off(PictureOff::LinkTooThin), PictureSent::LinkTooThin);
    assert!(says(&window, "Your picture is not being sent: the link is too thin."));
    assert!(says(&window, "Their picture: Their link is too thin for a picture"), "not one that stands still");
    let moving = PicturePlan::On { height: 360, fps: 30, rate: DataRate::from_kbps(800) };
    assert!(!says(&thin(moving, PictureSent::Moving), "thin"));
}

#[test]
fn pictures_are_made_sharp_and_data_is_saved_with_the_mouse_or_with_keys() {
    let wanted = [CallIntent::SetMode(Mode::Sharp), CallIntent::SetSaveData(true)].map(Intent::Call);
    let mut window = open(Moment::patient(LIVE));
    for key in [Key::P, Key::S] {
        window.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, key);
        window.run_ok();
    }
    assert_eq!(std::mem::take(&mut window.state_mut().intents), wanted);
    press(&mut window, "Devices");
    for (role, name) in [
        (Role::RadioButton, "Sharp, but slow: for documents and skin"),
        (Role::CheckBox, "Save data: small pictures, both ways"),
    ] {
        window.get_by_role_and_label(role, name).scroll_to_me();
        window.run_ok();
        window.get_by_role_and_label(role, name).click();
        window.run_ok();
    }
    assert_eq!(std::mem::take(&mut window.state_mut().intents), wanted);
    let chosen = open(Moment::patient(LIVE).with_call(|call| call.mode = Mode::Sharp));
    assert!(says(&chosen, "The pictures are sharp and move slowly"), "whoever chose it");
    let saving = Remote { save_data: true, ..theirs() };
    let saved = open(Moment::patient(LIVE).with_call(move |call| call.remote = Some(saving)));
    assert!(says(&saved, "They save data"));
}

#[test]
fn a_lost_connection_says_what_happens_next() {
    let cause = call::ReconnectCause::LinkLost;
    let window = open(Moment::patient(Phase::Reconnecting { since: SINCE, cause }));
    assert!(says(&window, "Reconnecting…") && says(&window, "tried again by itself"));
}

#[test]
fn the_end_says_why_and_what_to_do() {
    let mut moment = Moment::patient(Phase::Ended(EndReason::ConnectionLost));
    moment.phone = Some("555 0100".to_owned());
    let mut window = open(moment);
    assert!(says(&window, "open your link again") && says(&window, "555 0100") && says(&window, "12 min"));
    assert_eq!(press(&mut window, "Close Housecall"), [Intent::Quit]);
    assert_eq!(press(&mut window, "Open another visit"), [Intent::Back]);
}

#[test]
fn a_summary_leads_back_to_the_desk() {
    let (_, moment) = house::moments().into_iter().find(|(name, _)| *name == "summary").expect("a summary");
    let mut window = open(moment);
    assert!(says(&window, "12 min") && says(&window, "lost once"));
    assert_eq!(press(&mut window, "Back to your desk"), [Intent::Desk(DeskIntent::CloseVisit)]);
    assert_eq!(press(&mut window, "Start another visit"), [Intent::Desk(DeskIntent::StartVisit)]);
}

#[test]
fn every_control_has_a_name_is_large_enough_and_stands_inside_of_every_window() {
    for (name, moment) in house::moments() {
        for theme in [Theme::Light, Theme::Dark] {
            for size in [SIZE, vec2(360.0, 640.0), vec2(1400.0, 900.0)] {
                let window = open_at(moment.clone(), size, theme);
                let mut controls = 0;
                for role in [Role::Button, Role::ComboBox, Role::TextInput, Role::PasswordInput] {
                    for node in window.query_all_by_role(role) {
                        let (rect, label) = (node.rect(), node.accesskit_node().label().unwrap_or_default());
                        let context = format!("{name} at {size}: {role:?} `{label}` {rect}");
                        assert!(!label.is_empty(), "{context} has no name");
                        assert!(rect.height() >= 43.5 && rect.width() >= 43.5, "{context} is too small");
                        assert!(rect.left() >= 0.0 && rect.right() <= size.x, "{context} is outside");
                        controls += 1;
                    }
                }
                assert!(controls > 0, "{name} has no way on");
            }
        }
    }
}

#[test]
fn a_still_window_is_not_drawn_again_and_again() {
    for (name, moment) in house::moments() {
        let mut window = open(moment);
        assert!(window.run_ok().is_some_and(|steps| steps <= 3), "{name} wants to be drawn for ever");
    }
}
