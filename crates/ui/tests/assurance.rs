//! How sure one is of who is there, and the digits, as a screen reader finds them.

use call::{Check, EndReason, Intent as CallIntent, Level, Phase, Problem, Recognition, Refusal};
use desk::{CallEnd, CallSummary, DeskIntent, DeskPhase};
use egui::accesskit::Live;
use egui::{Key, Modifiers, Theme, Vec2, accesskit::Role, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use ui::Intent;
use units::{KeyringTrouble, Phi, Timestamp};

use house::window::{Window, open_with, press, says};
use house::{Moment, compared, shown, waiting};

mod house;

const SIZES: [Vec2; 3] = [vec2(1000.0, 700.0), vec2(360.0, 640.0), vec2(360.0, 480.0)];
const LIVE: Phase = Phase::Live { since: Timestamp::from_millis(60_000) };
const DIGITS: &str = "Digits 1 2 3 4 5, 6 7 8 9 0";

fn open(moment: Moment) -> Harness<'static, Window> {
    open_at(moment, SIZES[0])
}

fn open_at(moment: Moment, size: Vec2) -> Harness<'static, Window> {
    let builder = Harness::builder().with_size(size).with_theme(Theme::Light);
    open_with(moment, builder.with_step_dt(0.02))
}

fn has(harness: &Harness<'_, Window>, button: &str) -> bool {
    harness.query_by_role_and_label(Role::Button, button).is_some()
}

fn wants(intent: CallIntent) -> [Intent; 1] {
    [Intent::Call(intent)]
}

/// Shows another moment in the same window.
fn then(window: &mut Harness<'_, Window>, moment: Moment) {
    window.state_mut().moment = moment;
    window.run_ok();
}

#[test]
fn the_call_says_who_it_is_and_how_sure_that_is_at_every_level() {
    for (level, words) in [
        (Level::LinkPage, "Link, opened in a web page"),
        (Level::LinkApp, "Link, opened in the app"),
        (Level::KnownDevice, "Known device"),
        (Level::DigitsCompared, "Digits compared"),
    ] {
        let window = open(Moment::patient(LIVE).with_assurance(|known| known.level = level));
        let name = format!("Dr. Lee, certified by the clinic · {words}");
        let line = window.get_by_role_and_label(Role::Button, &name);
        assert_eq!(line.accesskit_node().live(), Live::Polite, "a change of it is said");
        let mut host = Moment::clinician(LIVE).with_assurance(|known| known.level = level);
        assert!(has(&open(host.clone()), &format!("Your patient · {words}")));
        host.desk.as_mut().unwrap().patient = Some(Phi::new("Ada".to_owned()));
        assert!(has(&open(host), &format!("Ada · {words}")));
    }
}

#[test]
fn the_line_opens_to_what_is_protected_and_what_is_not() {
    for size in SIZES {
        let mut window = open_at(Moment::patient(LIVE), size);
        assert!(press(&mut window, "Dr. Lee, certified by the clinic · Link, opened in the app").is_empty());
        assert!(says(&window, "What is protected") && says(&window, "encrypted on the way"));
        assert!(says(&window, "What is not") && says(&window, "could stand between you"));
        assert!(says(&window, "You have not met this device before."));
        assert!(!says(&window, "keyring"));
        assert_eq!(press(&mut window, "Compare digits"), wants(CallIntent::StartCheck));
        press(&mut window, "Close");
        assert!(!says(&window, "What is protected"));
    }
    let mut page = open(Moment::patient(LIVE).with_assurance(|known| known.level = Level::LinkPage));
    press(&mut page, "Dr. Lee, certified by the clinic · Link, opened in a web page");
    assert!(says(&page, "Whoever runs the server of that page could see and hear this visit."));
    assert!(!has(&page, "Compare digits"), "a page can show any digits");
    let mut unkept = Moment::patient(LIVE);
    unkept.keyring_trouble = Some(KeyringTrouble::Locked);
    let mut unkept = open(unkept);
    press(&mut unkept, "Dr. Lee, certified by the clinic · Link, opened in the app");
    assert!(says(&unkept, "keyring is locked") && says(&unkept, "cannot know this device again"));
    unkept.key_press(Key::Escape);
    unkept.run_ok();
    assert!(!says(&unkept, "cannot know this device again"));
    let mut clinician = Moment::clinician(LIVE);
    clinician.keyring_trouble = Some(KeyringTrouble::Locked);
    let mut clinician = open(clinician);
    press(&mut clinician, "Your patient · Link, opened in the app");
    assert!(!says(&clinician, "cannot know this device again"), "it is the patient's affair");
}

#[test]
fn digits_are_compared_by_one_button_that_is_the_same_at_both_ends() {
    for moment in [Moment::patient(LIVE), Moment::clinician(LIVE)] {
        for size in SIZES {
            let mut window = open_at(moment.clone(), size);
            assert_eq!(press(&mut window, "Compare digits"), wants(CallIntent::StartCheck));
            then(&mut window, moment.clone().with_assurance(|known| known.check = shown()));
            assert!(!has(&window, "Compare digits"), "it is under way");
            assert!(says(&window, DIGITS) && says(&window, "first five") && says(&window, "last five"));
            assert_eq!(press(&mut window, "The same"), wants(CallIntent::DigitsSame));
            assert_eq!(press(&mut window, "Not the same"), wants(CallIntent::DigitsDiffer));
            then(&mut window, moment.clone().with_assurance(compared));
            assert!(!says(&window, DIGITS) && !has(&window, "Compare digits") && says(&window, "· Digits compared"));
        }
    }
}

#[test]
fn when_the_other_side_began_the_digits_open_by_themselves_large_and_whole() {
    for size in SIZES {
        for open_before in [None, Some("Devices"), Some("Dr. Lee, certified by the clinic · Link, opened in the app")]
        {
            let mut window = open_at(Moment::patient(LIVE), size);
            if let Some(drawer) = open_before {
                press(&mut window, drawer);
            }
            then(&mut window, Moment::patient(LIVE).with_assurance(|known| known.check = shown()));
            let digits = window.get_by_label(DIGITS);
            assert_eq!(digits.accesskit_node().live(), Live::Polite, "they are read out");
            let parts: Vec<_> = [digits.rect()]
                .into_iter()
                .chain(["The same", "Not the same", "Hang up"].map(|name| window.get_by_label(name).rect()))
                .collect();
            assert!(parts[0].height() >= 30.0 && parts[0].width() >= 220.0, "large: {}", parts[0]);
            for (index, part) in parts.iter().enumerate() {
                assert!(part.left() >= 0.0 && part.right() <= size.x, "{part} at {size}");
                assert!(part.top() >= 0.0 && part.bottom() <= size.y, "{part} at {size}");
                let mut others = parts.iter().skip(index + 1);
                assert!(others.all(|other| !part.shrink(0.5).intersects(*other)), "{parts:?} at {size}");
            }
        }
    }
}

#[test]
fn digits_are_compared_by_keys_alone() {
    let mut window = open(Moment::clinician(LIVE));
    window.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.run_ok();
    assert_eq!(std::mem::take(&mut window.state_mut().intents), wants(CallIntent::StartCheck));
    then(&mut window, Moment::clinician(LIVE).with_assurance(|known| known.check = shown()));
    for (name, intent) in [("The same", CallIntent::DigitsSame), ("Not the same", CallIntent::DigitsDiffer)] {
        let mut tabs = 0;
        while !window.get_by_role_and_label(Role::Button, name).accesskit_node().is_focused() {
            window.key_press(Key::Tab);
            window.run_ok();
            tabs += 1;
            assert!(tabs < 20, "Tab does not come to {name}");
        }
        window.key_press(Key::Enter);
        window.run_ok();
        assert_eq!(std::mem::take(&mut window.state_mut().intents), wants(intent));
    }
    for phase in [Phase::WaitingRoom { since: house::NOW }, Phase::Connecting { since: house::NOW }] {
        let mut early = open(Moment::clinician(phase));
        early.key_press_modifiers(Modifiers::COMMAND, Key::K);
        early.run_ok();
        assert!(early.state().intents.is_empty(), "nobody is heard yet");
        assert!(!has(&early, "Compare digits"));
    }
}

#[test]
fn digits_that_are_put_away_come_back_and_are_not_asked_for_anew() {
    let digits = || Moment::patient(LIVE).with_assurance(|known| known.check = shown());
    let mut window = open(digits());
    assert!(press(&mut window, "Later").is_empty());
    assert!(!says(&window, DIGITS));
    assert!(press(&mut window, "Compare digits").is_empty(), "they are there already");
    assert!(says(&window, DIGITS));
    press(&mut window, "Later");
    then(&mut window, Moment::patient(LIVE).with_assurance(|known| known.check = Check::Lost));
    then(&mut window, digits());
    assert!(says(&window, DIGITS), "others are shown by themselves");
}

#[test]
fn an_app_that_does_not_answer_can_be_asked_again() {
    let mut window = open(Moment::patient(LIVE).with_assurance(|known| known.check = Check::Asked));
    assert!(says(&window, "Asking the other app") && !has(&window, "Ask again"));
    window.state_mut().moment.now = house::NOW + std::time::Duration::from_secs(6);
    window.run_ok();
    assert_eq!(press(&mut window, "Ask again"), wants(CallIntent::StartCheck));
    assert!(!has(&window, "Ask again"), "it was asked just now");
}

#[test]
fn digits_that_do_not_count_any_more_are_told_with_a_way_to_compare_again() {
    for problem in [None, Some(Problem::CheckInterrupted)] {
        let moment = Moment::patient(LIVE)
            .with_assurance(|known| known.check = Check::Lost)
            .with_call(|call| call.problem = problem);
        let mut window = open(moment);
        assert!(says(&window, "do not count any more"));
        assert!(!says(&window, "could not be compared"), "said once");
        assert_eq!(press(&mut window, "Compare digits"), wants(CallIntent::StartCheck));
    }
    let often = Moment::patient(LIVE).with_call(|call| call.problem = Some(Problem::CheckedTooOften));
    assert!(says(&open(often.clone()), "compared too often"));
    assert!(!says(&open(often.with_assurance(compared)), "compared too often"));
}

#[test]
fn another_device_is_told_at_the_start_with_a_next_step_and_can_be_remembered() {
    let changed = |moment: Moment| moment.with_assurance(|known| known.device = Recognition::Changed);
    for (moment, line) in [
        (Moment::patient(LIVE), "Dr. Lee, certified by the clinic · Link, opened in the app"),
        (Moment::clinician(LIVE), "Your patient · Link, opened in the app"),
    ] {
        let mut window = open(changed(moment.clone()));
        assert!(says(&window, "another device than before"));
        assert_eq!(press(&mut window, "Compare digits"), wants(CallIntent::StartCheck));
        press(&mut window, line);
        assert!(says(&window, "This is not the device that you know."));
        assert_eq!(press(&mut window, "Remember this device"), wants(CallIntent::RememberDevice));
        then(&mut window, changed(moment).with_assurance(compared));
        assert!(!says(&window, "another device than before"), "digits were the same");
    }
    let connecting = changed(Moment::patient(Phase::Connecting { since: house::NOW }));
    assert!(says(&open(connecting), "another device than before"), "told before they are seen");
    let mut known = open(Moment::patient(LIVE).with_assurance(|known| known.device = Recognition::Met));
    press(&mut known, "Dr. Lee, certified by the clinic · Link, opened in the app");
    assert!(!has(&known, "Remember this device"));
}

#[test]
fn digits_that_differ_are_explained_to_both_with_a_next_step() {
    let refusal = EndReason::Refused(Refusal::DigitsDiffer);
    let patient = open(Moment::patient(Phase::Ended(refusal)));
    let end = CallEnd::Refused { sentence: "No.".to_owned() };
    let mut host = Moment::desk(DeskPhase::Summary(CallSummary { end, talk: None }));
    host.last_end = Some(refusal);
    for window in [patient, open(host)] {
        window.get_by_role_and_label(Role::Heading, "The visit was stopped");
        assert!(says(&window, "The digits were not the same") && says(&window, "a number that you know"));
    }
}

#[test]
fn a_link_that_another_app_used_is_told_before_and_in_the_call() {
    let reused = |moment: Moment| {
        moment.with_call(|call| {
            call.waiting = waiting(2);
            call.waiting[1].reused = true;
        })
    };
    for phase in [Phase::WaitingRoom { since: house::NOW }, LIVE] {
        let window = open(reused(Moment::clinician(phase)));
        assert_eq!(window.query_all_by_label_contains("Another app came by this link before").count(), 1);
    }
}

#[test]
fn a_visit_is_started_for_a_patient_who_has_a_name_here() {
    let mut window = open(Moment::desk(DeskPhase::Ready { problem: None }));
    window.get_by_role_and_label(Role::TextInput, "Patient").focus();
    window.run_ok();
    window.get_by_role_and_label(Role::TextInput, "Patient").type_text(" Ada ");
    window.run_ok();
    let called = DeskIntent::StartVisitWith(Phi::new("Ada".to_owned()));
    assert_eq!(press(&mut window, "Start a visit"), [Intent::Desk(called)]);
    then(&mut window, Moment::clinician(Phase::WaitingRoom { since: house::NOW }));
    assert!(window.state().forms.patient.is_empty(), "the next visit is another's");
}
