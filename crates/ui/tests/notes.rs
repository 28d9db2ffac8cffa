//! A clinician's notes, as a screen reader finds them: beside the call, after it, and at the desk.

use call::Phase;
use desk::{CallEnd, CallSummary, DeskPhase, NoteNews};
use egui::accesskit::Role;
use egui::{Key, Modifiers, Theme, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use signaling_protocol::VisitId;
use ui::{Intent, NotesWish};
use units::{Phi, Timestamp};

use house::window::{Window, open_at, press, says, type_into};
use house::{Moment, noted};

mod house;

const SIZES: [Vec2; 3] = [vec2(1000.0, 700.0), vec2(360.0, 640.0), vec2(360.0, 480.0)];
const LIVE: Phase = Phase::Live { since: Timestamp::from_millis(60_000) };
const LABEL: &str = "Your notes on this visit";

fn wants(wish: NotesWish) -> [Intent; 1] {
    [Intent::Note(wish)]
}

fn phi(text: &str) -> Phi<String> {
    Phi::new(text.to_owned())
}

fn summary() -> Moment {
    Moment::desk(DeskPhase::Summary(CallSummary { end: CallEnd::ByUs, talk: None }))
}

fn written(window: &Harness<'_, Window>) -> String {
    let field = window.get_by_role_and_label(Role::MultilineTextInput, LABEL);
    field.accesskit_node().value().unwrap_or_default()
}

#[test]
fn a_clinician_writes_beside_the_call_by_button_and_by_key() {
    for size in SIZES {
        let mut window = open_at(noted(Moment::clinician(LIVE), true), size, Theme::Light);
        press(&mut window, "Notes");
        assert!(written(&window).starts_with("Sleeps badly"), "{size:?}");
        // It has the keyboard already.
        window.key_press_modifiers(Modifiers::COMMAND, Key::A);
        window.run_ok();
        let intents = {
            let field = window.get_by_role_and_label(Role::MultilineTextInput, LABEL);
            assert!(field.is_focused(), "{size:?}");
            field.type_text("Well.");
            window.run_ok();
            std::mem::take(&mut window.state_mut().intents)
        };
        assert_eq!(intents.last(), Some(&Intent::Note(NotesWish::Write(phi("Well.")))), "{size:?}");
        let close =
            window.get_all_by_role_and_label(Role::Button, "Close notes").last().expect("a way out of the drawer");
        close.click();
        window.run_ok();
        assert!(window.query_by_label(LABEL).is_none(), "{size:?}");
        let keys = Modifiers::COMMAND.plus(Modifiers::SHIFT);
        window.key_press_modifiers(keys, Key::N);
        window.run_ok();
        assert!(window.query_by_label(LABEL).is_some(), "{size:?}");
        // One thing beside the picture at a time.
        window.key_press_modifiers(keys, Key::M);
        window.run_ok();
        assert!(window.query_by_label(LABEL).is_none() && says(&window, "Messages"), "{size:?}");
        window.key_press_modifiers(keys, Key::N);
        window.run_ok();
        window.key_press(Key::Escape);
        window.run_ok();
        assert!(window.query_by_label(LABEL).is_none(), "{size:?}");
    }
}

#[test]
fn patients_have_no_notes() {
    let mut window = open_at(Moment::patient(LIVE), SIZES[0], Theme::Light);
    assert!(window.query_by_role_and_label(Role::Button, "Notes").is_none());
    window.key_press_modifiers(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::N);
    window.run_ok();
    assert!(window.query_by_label(LABEL).is_none());
}

#[test]
fn after_the_visit_they_are_exported_or_deleted_and_that_is_asked_twice() {
    let mut window = open_at(noted(summary(), true), SIZES[0], Theme::Light);
    assert_eq!(press(&mut window, "Export"), wants(NotesWish::Export(phi("/downloads/visit.txt"))));
    assert!(press(&mut window, "Delete these notes").is_empty());
    assert!(press(&mut window, "Keep them").is_empty());
    assert!(press(&mut window, "Delete these notes").is_empty());
    assert_eq!(press(&mut window, "Delete for good"), wants(NotesWish::Delete));

    for (news, said) in [
        (NoteNews::Exported(phi("/downloads/visit.txt")), "Written to /downloads/visit.txt."),
        (NoteNews::NameTaken, "Choose another name"),
        (NoteNews::NotKept, "not on the disk"),
    ] {
        let mut moment = noted(summary(), true);
        moment.notes.as_mut().unwrap().news = Some(news);
        assert!(says(&open_at(moment, SIZES[0], Theme::Light), said), "{said}");
    }
    // Nothing to export.
    let mut empty = noted(summary(), true);
    empty.notes.as_mut().unwrap().open.as_mut().unwrap().text = phi("");
    let mut window = open_at(empty, SIZES[0], Theme::Light);
    assert!(window.query_by_label("Export").is_none());
    type_into(&mut window, LABEL, Role::MultilineTextInput, "a");
    assert!(window.query_by_label("Export").is_some());
}

#[test]
fn the_desk_lists_what_was_not_exported_until_it_is() {
    let desk = || Moment::desk(DeskPhase::Ready { problem: None });
    let mut window = open_at(noted(desk(), false), SIZES[0], Theme::Light);
    assert!(says(&window, "One more on this device"));
    let visit = VisitId::from_random([2; 16]);
    let pressed = press(&mut window, "2026-11-24 14:30 · Rosa Alvarez");
    assert_eq!(pressed, wants(NotesWish::Look(visit)));
    window.state_mut().moment = noted(desk(), true);
    window.run_ok();
    assert!(written(&window).starts_with("Sleeps badly"));
    assert_eq!(press(&mut window, "Close notes"), wants(NotesWish::Close));
    // Another note is another text.
    let mut other = noted(desk(), true);
    let open = other.notes.as_mut().unwrap().open.as_mut().unwrap();
    (open.about.visit, open.text) = (VisitId::from_random([1; 16]), phi("Of another visit."));
    window.state_mut().moment = other;
    window.run_ok();
    assert_eq!(written(&window), "Of another visit.");
    // Locked: nothing of it is left in the window.
    window.state_mut().moment = Moment::desk(DeskPhase::Locked { problem: None });
    window.run_ok();
    window.state_mut().moment = desk();
    window.run_ok();
    assert!(!says(&window, "Notes that were not exported"));
}
