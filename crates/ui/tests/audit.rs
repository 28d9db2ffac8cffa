//! The audit log, found and pressed as by a screen reader.

use std::path::PathBuf;

use desk::auditing::{
    AuditFilter, AuditIntent, AuditProblem, AuditView, Exported, LogStanding, LogTrouble, NotWritten, Touched,
    TouchedVisit,
};
use desk::{DeskIntent, OfficeStage, StaffId};
use egui::accesskit::Role;
use egui::{Key, Modifiers, Theme, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use ui::Intent;

use house::Moment;
use house::window::{Window, open_at, press, says, type_into};

mod house;

fn open(moment: Moment) -> Harness<'static, Window> {
    open_at(moment, vec2(1000.0, 3000.0), Theme::Light)
}

fn with(change: impl FnOnce(&mut AuditView)) -> Harness<'static, Window> {
    let mut moment = house::audit();
    change(moment.desk.as_mut().expect("a desk").audit.as_mut().expect("the page"));
    open(moment)
}

fn wants(intent: AuditIntent) -> [Intent; 1] {
    [Intent::Desk(DeskIntent::Audit(intent))]
}

#[test]
fn an_auditor_finds_the_log_and_nobody_else() {
    let mut closed = house::audit();
    closed.desk.as_mut().unwrap().audit = None;
    assert_eq!(press(&mut open(closed), "The audit log"), wants(AuditIntent::Show));
    let office = open(Moment::office(OfficeStage::Here));
    assert!(office.query_by_role_and_label(Role::Button, "The audit log").is_none());
    assert_eq!(press(&mut open(house::audit()), "Close the audit log"), wants(AuditIntent::Hide));
}

#[test]
fn rows_are_said_in_words_with_what_this_machine_verified() {
    let window = open(house::audit());
    assert!(says(&window, "Verified up to row 812, signed 2026-10-24 14:31:00."));
    assert!(says(&window, "It goes on from the 700 rows that this machine has seen before."));
    assert!(says(&window, "Signed by the key AAAA") && says(&window, "Times are those of Europe/Berlin."));
    assert!(says(&window, "2026-10-24 14:30:00  lee: a visit of lee stands: active."));
    assert!(says(&window, "An app in the visit: a connection was opened, directly; digits were compared."));
    assert!(says(&window, "Row 811") && says(&window, "Each row that is shown was proven"));
}

#[test]
fn a_log_that_is_not_what_it_was_is_told_before_anything_else() {
    let window = with(|view| view.log = LogStanding::Wrong(LogTrouble::RolledBack));
    assert!(says(&window, "Rows that this machine has seen are gone.") && says(&window, "None of them is proven."));
    assert!(!says(&window, "Verified up to"));
    // At any desk.
    let mut admin = Moment::office(OfficeStage::Here);
    admin.desk.as_mut().unwrap().log_trouble = Some(LogTrouble::OtherKey);
    assert!(says(&open(admin), "It is signed by another key than before."));
}

#[test]
fn what_is_typed_is_looked_for_by_a_button_and_by_enter() {
    let mut window = open(house::audit());
    type_into(&mut window, "About (a visit or anything else with an id)", Role::TextInput, house::VISIT);
    type_into(&mut window, "From", Role::TextInput, "2026-10-24");
    let filter =
        AuditFilter { about: house::VISIT.to_owned(), from: "2026-10-24".to_owned(), ..AuditFilter::default() };
    assert_eq!(press(&mut window, "Look"), wants(AuditIntent::Find(filter.clone())));
    type_into(&mut window, "Until", Role::TextInput, "2026-10-25");
    window.key_press(Key::Enter);
    window.run_ok();
    let filter = AuditFilter { until: "2026-10-25".to_owned(), ..filter };
    assert_eq!(window.state().intents, wants(AuditIntent::Find(filter)));
}

#[test]
fn kinds_and_accounts_are_chosen_from_lists() {
    let mut window = open(house::audit());
    let mut choose = |list: &str, name: &str| {
        window.get_by_role_and_label(Role::ComboBox, list).click();
        window.run_ok();
        window.get_by_label(name).scroll_to_me();
        window.run_ok();
        window.get_by_label(name).click();
        window.run_ok();
    };
    choose("Kind", "Evidence taken");
    choose("Account", "lee");
    let filter = AuditFilter {
        kind: Some("exported".to_owned()),
        account: Some(StaffId::from_random([2; 16])),
        ..AuditFilter::default()
    };
    assert_eq!(press(&mut window, "Look"), wants(AuditIntent::Find(filter)));
}

#[test]
fn the_keyboard_alone_leads_to_a_visits_rows_and_to_older_ones() {
    let mut window = open(house::audit());
    // Typing goes to the first field; from there Tab leads on.
    window.event(egui::Event::Text("vis_".to_owned()));
    window.run_ok();
    window.key_press(Key::Enter);
    window.run_ok();
    let filter = AuditFilter { about: "vis_".to_owned(), ..AuditFilter::default() };
    assert_eq!(std::mem::take(&mut window.state_mut().intents), wants(AuditIntent::Find(filter)));
    for _ in 0..60 {
        window.key_press(Key::Tab);
        window.run_ok();
        if window.get_by_role_and_label(Role::Button, "Older").is_focused() {
            break;
        }
    }
    window.key_press_modifiers(Modifiers::NONE, Key::Space);
    window.run_ok();
    assert_eq!(window.state().intents, wants(AuditIntent::Older));
}

#[test]
fn a_visits_evidence_is_written_where_the_person_says() {
    let mut window = open(house::audit());
    let only = format!("Only {}", house::VISIT);
    let filter = AuditFilter { about: house::VISIT.to_owned(), ..AuditFilter::default() };
    assert_eq!(press(&mut window, &only), wants(AuditIntent::Find(filter)));
    let proposed = PathBuf::from("/evidence").join(format!("evidence-{}.jsonl", house::VISIT)).display().to_string();
    let export = |file: String| wants(AuditIntent::Export { visit: house::VISIT.to_owned(), file });
    assert_eq!(press(&mut window, "Write the evidence"), export(proposed.clone()));
    type_into(&mut window, "File", Role::TextInput, ".2");
    assert_eq!(press(&mut window, "Write the evidence"), export(format!("{proposed}.2")));
    let exported = |refused| Exported {
        visit: house::VISIT.parse().unwrap(),
        file: "/evidence/x".into(),
        checkpoint: "/evidence/x.checkpoint".into(),
        rows: 12,
        agreed: 1,
        one_sided: 0,
        refused,
    };
    let window = with(|view| view.exported = Some(exported(None)));
    assert!(says(&window, "/evidence/x is written: 12 rows, verified."));
    let window = with(|view| view.exported = Some(exported(Some("forked"))));
    assert!(says(&window, "this machine refuses it (forked)"));
    let window = with(|view| view.problem = Some(AuditProblem::NotWritten(NotWritten::Exists)));
    assert!(says(&window, "There is a file of this name already."));
}

#[test]
fn who_has_access_is_listed_with_the_way_to_what_each_device_did() {
    let mut window = open(house::audit());
    assert_eq!(press(&mut window, "Show who has access now"), wants(AuditIntent::ShowAccess));
    let mut window = with(|view| view.access = Some(house::access()));
    assert!(
        says(&window, "lee, clinician") && says(&window, "the clinic vouches for it as clinician until 2026-10-30")
    );
    assert!(says(&window, "Housecall on Linux: signed in 2026-10-24 08:00"));
    let device = house::device(3).to_string();
    let asked = press(&mut window, &format!("Visits of {device}"));
    let (from, until) = (String::new(), String::new());
    assert_eq!(asked, wants(AuditIntent::TouchedBy { device: device.clone(), from, until }));
    let visit = TouchedVisit {
        visit: house::VISIT.to_owned(),
        by: StaffId::from_random([2; 16]).to_string(),
        rows: 4,
        first_unix_micros: 0,
        last_unix_micros: 0,
        shown: Some(("2026-10-24 14:30".to_owned(), "2026-10-24 14:55".to_owned())),
    };
    let window = with(|view| {
        view.rows.clear();
        view.touched = Some(Touched { device, sessions: 2, visits: vec![visit], is_whole: true });
    });
    assert!(says(&window, "2 sessions of it were found, and one visit was touched in this time."));
    assert!(says(&window, "2026-10-24 14:30 to 2026-10-24 14:55, by lee: 4 rows"));
}
