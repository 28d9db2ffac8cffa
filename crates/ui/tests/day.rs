//! What a patient is asked, and the day of staff, driven as a screen reader finds them.

use call::{CodeStanding, Facts, Phase, ReconnectCause, TimeLeft};
use desk::DeskPhase;
use desk::TakeOverReason;
use desk::day::{
    Choice, ClocksChange, ColleaguesVisit, DayIntent, DaySnapshot, OtherDay, QueueRow, QueueSnapshot, TakeOverWish,
    VisitCard, Whose,
};
use egui::accesskit::Role;
use egui::{Key, Modifiers, Theme, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use signaling_protocol::{
    CancelReason, GuestRole, InviteId, ListedInvite, Planned, StaffId, VisitId, VisitState, WaitingNote,
};
use ui::Intent;
use units::{Phi, Timestamp};

use house::window::{Window, open_at, press, says, type_into};
use house::{Moment, waiting};

mod house;

const SIZE: Vec2 = vec2(900.0, 2_200.0);
const SINCE: Timestamp = Timestamp::from_millis(100_000);
const WAITS: Phase = Phase::WaitingRoom { since: SINCE };
const VISIT: VisitId = VisitId::from_random([1; 16]);

fn open(moment: Moment) -> Harness<'static, Window> {
    open_at(moment, SIZE, Theme::Light)
}

fn phi(text: &str) -> Phi<String> {
    Phi::new(text.to_owned())
}

fn facts() -> Facts {
    Facts { place: phi("5 Elm Street"), call_back: phi("555 0101"), emergency: phi("Ann"), beside: Vec::new() }
}

#[test]
fn a_patient_who_waits_says_where_they_are() {
    let mut window = open(Moment::patient(WAITS));
    type_into(&mut window, "Where you are now", Role::TextInput, "5 Elm Street");
    type_into(&mut window, "Telephone number to call you back", Role::TextInput, "555 0101");
    type_into(&mut window, "Whom to call in an emergency", Role::TextInput, "Ann");
    assert_eq!(press(&mut window, "Tell the clinician"), [Intent::SayFacts(facts())]);
    let said = Moment::patient(WAITS).with_call(|call| call.around.own_facts = Some(facts()));
    let mut window = open(said);
    assert!(says(&window, "Your clinician can read it."));
    assert!(window.query_by_label("Tell the clinician").is_none());
    press(&mut window, "Change it");
    assert!(window.query_by_label("Tell the clinician").is_some());
}

#[test]
fn a_code_is_asked_for_only_where_the_clinic_wants_one() {
    assert!(open(Moment::patient(WAITS)).query_by_label("Send the code").is_none());
    let mut window = open(Moment::patient(WAITS).with_call(|call| call.around.code_asked = Some(4)));
    assert!(says(&window, "once more"));
    assert!(press(&mut window, "Send the code").is_empty(), "nothing was typed");
    type_into(&mut window, "Code", Role::TextInput, "4711");
    assert_eq!(press(&mut window, "Send the code"), [Intent::SayCode(phi("4711"))]);
}

#[test]
fn who_waits_reads_what_the_clinic_says_and_that_their_clock_is_wrong() {
    let note = WaitingNote::Late { minutes: 5 };
    let window = open(Moment::patient(WAITS).with_call(|call| call.around.note = Some(note)));
    assert!(says(&window, "about 5 minutes late"));
    let window = open(Moment::patient(WAITS).with_call(|call| call.around.clock_ahead_secs = Some(-7_200)));
    assert!(says(&window, "2 hours behind"));
}

#[test]
fn a_clinician_sees_where_the_patient_is_with_one_key_and_of_itself_when_the_link_dies() {
    let live = Phase::Live { since: SINCE };
    let with = |phase| Moment::clinician(phase).with_call(|call| call.around.facts = Some(facts()));
    let mut window = open(with(live));
    assert!(!says(&window, "555 0101"));
    window.key_press_modifiers(Modifiers::COMMAND, Key::I);
    window.run();
    assert!(says(&window, "Call back: 555 0101") && says(&window, "5 Elm Street"));
    let lost = Phase::Reconnecting { since: SINCE, cause: ReconnectCause::LinkLost };
    assert!(says(&open(with(lost)), "Call back: 555 0101"));
}

#[test]
fn who_waits_is_shown_with_role_and_code_and_the_door_can_be_shut() {
    let mut window = open(Moment::clinician(WAITS).with_call(|call| {
        call.waiting = waiting(1);
        (call.waiting[0].role, call.waiting[0].code) = (GuestRole::Interpreter, CodeStanding::Asked { left: 3 });
    }));
    assert!(says(&window, "for an interpreter") && says(&window, "3 tries are left"));
    let shut = [Intent::Call(call::Intent::SetLocked(true))];
    assert_eq!(press(&mut window, "Let nobody else in"), shut);
    let mut window = open(Moment::clinician(WAITS).with_call(|call| call.around.locked = true));
    assert_eq!(press(&mut window, "Let people in again"), [Intent::Call(call::Intent::SetLocked(false))]);
}

#[test]
fn a_visit_that_takes_too_long_can_be_given_more() {
    let live = Phase::Live { since: SINCE };
    let mut window = open(Moment::clinician(live).with_call(|call| call.around.time_left = TimeLeft::Over));
    assert!(says(&window, "It goes on until you hang up."));
    assert_eq!(press(&mut window, "15 more minutes"), [Intent::Call(call::Intent::Extend)]);
    assert!(open(Moment::clinician(live)).query_by_label("15 more minutes").is_none());
}

fn row() -> QueueRow {
    house::queue_row(1, "Wilhelmina", VisitState::Open, Some(240))
}

fn changes(visit: Option<VisitId>) -> ClocksChange {
    ClocksChange { visit, earlier: "02:30 CEST".to_owned(), later: "02:30 CET".to_owned() }
}

fn day(change: impl FnOnce(&mut DaySnapshot)) -> Moment {
    let queue = QueueSnapshot { visits: vec![row()], waiting: vec![0], arrivals: 1, badge: 1 };
    let mut day = DaySnapshot { queue, clocks: vec![Some("14:30".to_owned())], ..DaySnapshot::default() };
    change(&mut day);
    Moment { day: Some(day), ..Moment::desk(DeskPhase::Ready { problem: None }) }
}

#[test]
fn the_day_says_who_waits_and_opens_their_visit() {
    let mut window = open(day(|_| {}));
    assert!(says(&window, "14:30  Wilhelmina") && says(&window, "Waits for 4 min"));
    assert_eq!(press(&mut window, "Open this visit"), [Intent::Day(DayIntent::Hold(VISIT))]);
    press(&mut window, "More");
    let late = DayIntent::Tell(VISIT, WaitingNote::Late { minutes: 5 });
    assert_eq!(press(&mut window, "Say: 5 minutes late"), [Intent::Day(late)]);
    assert_eq!(press(&mut window, "Make a new link"), [Intent::Day(DayIntent::Reinvite(VISIT))]);
    assert_eq!(press(&mut window, "Nobody came"), [Intent::Day(DayIntent::Cancel(VISIT, CancelReason::NoShow))]);
    let lee = StaffId::from_random([9; 16]);
    let mut window = open(day(|day| day.colleagues = vec![(lee, phi("lee"))]));
    press(&mut window, "More");
    assert_eq!(press(&mut window, "Hand over to lee"), [Intent::Day(DayIntent::HandOver(VISIT, lee))]);
}

#[test]
fn who_waits_is_let_in_from_the_desk_by_one_press_or_one_key() {
    let keys = Modifiers::COMMAND | Modifiers::SHIFT;
    let waits = |change: fn(&mut call::Waiting)| {
        let mut moment = Moment::clinician(WAITS).with_call(|call| {
            call.waiting = waiting(1);
            change(&mut call.waiting[0]);
        });
        moment.desk.as_mut().expect("a desk").visit = Some(VISIT);
        moment
    };
    let admit = [Intent::Call(call::Intent::Admit(waiting(1)[0].endpoint))];
    let comes = |window: &mut Harness<'_, Window>, moment| {
        window.state_mut().moment = moment;
        window.run_ok();
        std::mem::take(&mut window.state_mut().intents)
    };
    let mut window = open(day(|_| {}));
    assert_eq!(press(&mut window, "Let in now"), [Intent::Day(DayIntent::Hold(VISIT))]);
    assert_eq!(comes(&mut window, waits(|_| {})), admit, "as soon as the visit is open here");
    window.run_ok();
    assert!(window.state().intents.is_empty(), "once");

    let mut window = open(day(|_| {}));
    window.key_press_modifiers(keys, Key::A);
    window.run_ok();
    assert_eq!(std::mem::take(&mut window.state_mut().intents), [Intent::Day(DayIntent::Hold(VISIT))]);
    assert!(comes(&mut window, waits(|one| one.reused = true)).is_empty(), "there is something to be read first");
    assert!(comes(&mut window, waits(|_| {})).is_empty(), "and then it is the person's to do");

    let mut window = open(day(|_| {}));
    press(&mut window, "Let in now");
    assert!(comes(&mut window, waits(|one| one.role = GuestRole::Interpreter)).is_empty());
    let mut window = open(day(|_| {}));
    press(&mut window, "Let in now");
    press(&mut window, "Open this visit");
    assert!(comes(&mut window, waits(|_| {})).is_empty(), "who opens it looks first");
}

#[test]
fn nobody_is_let_in_at_once_who_is_away_a_colleagues_or_held_elsewhere() {
    let changes: [fn(&mut QueueRow); 4] = [
        |row| row.away = true,
        |row| row.whose = Whose::Colleagues,
        |row| row.listed.hosted = true,
        |row| row.waits_secs = None,
    ];
    for change in changes {
        let mut window = open(day(|day| change(&mut day.queue.visits[0])));
        assert!(window.query_by_label("Let in now").is_none());
        window.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::A);
        window.run_ok();
        assert!(window.state().intents.is_empty());
    }
}

#[test]
fn the_front_desk_and_who_is_not_asked_enter_nothing() {
    let mut moment = day(|_| {});
    moment.desk.as_mut().expect("a desk").enters_visits = false;
    let window = open(moment);
    assert!(says(&window, "Wilhelmina") && window.query_by_label("Open this visit").is_none());
    assert!(window.query_by_label("Start a visit").is_none());
    let window = open(day(|day| day.queue.visits[0].whose = Whose::Colleagues));
    assert!(says(&window, "A colleague's.") && window.query_by_label("Open this visit").is_none());
}

#[test]
fn a_visit_is_planned_and_a_change_of_clocks_is_asked_about() {
    let mut window = open(day(|day| day.clocks_change = Some(changes(None))));
    type_into(&mut window, "Patient's name", Role::TextInput, "Wilhelmina");
    type_into(&mut window, "Date and time at the clinic", Role::TextInput, "2026-10-25 02:30");
    let planned = |choice| {
        let card = Box::new(VisitCard { name: phi("Wilhelmina"), ..VisitCard::default() });
        let start = "2026-10-25 02:30".to_owned();
        [Intent::Day(DayIntent::Schedule { start, minutes: 30, clinician: None, card, choice })]
    };
    assert_eq!(press(&mut window, "Plan it and make its link"), planned(None));
    assert!(says(&window, "The clocks change at that time"));
    assert_eq!(press(&mut window, "At 02:30 CET"), planned(Some(Choice::Later)));
}

#[test]
fn a_colleagues_visit_is_taken_over_with_a_reason_a_note_and_digits() {
    let mut window = open(day(|_| {}));
    assert_eq!(press(&mut window, "Take over a colleague's visit"), [Intent::Day(DayIntent::ShowColleagues)]);
    let of_lee = ColleaguesVisit {
        visit: VisitId::from_random([9; 16]),
        clock: Some("15:00".to_owned()),
        clinician: Some(phi("lee")),
        waits_secs: Some(720),
        hosted: false,
        has_guest: false,
    };
    let mut window = open(day(|day| day.of_colleagues = Some(vec![of_lee.clone()])));
    assert!(
        says(&window, "15:00  A visit of lee") && says(&window, "They are not in it. Somebody has waited for 12 min.")
    );
    assert!(press(&mut window, "Take over from lee…").is_empty());
    type_into(&mut window, "In your own words", Role::TextInput, "Lee is ill.");
    let digits = "Six digits of your authenticator app, to take it over";
    type_into(&mut window, digits, Role::TextInput, "123456");
    assert!(press(&mut window, "Take it over").is_empty(), "the reason is missing");
    window.get_by_role_and_label(Role::RadioButton, "They are not there").click();
    window.run_ok();
    let wanted = press(&mut window, "Take it over");
    let reason = TakeOverReason::ClinicianAbsent;
    let wish = TakeOverWish { reason, note: phi("Lee is ill."), totp: phi("123456") };
    assert_eq!(wanted, [Intent::Day(DayIntent::TakeOver(of_lee.visit, Box::new(wish)))]);
    // The digits are used up; the note stays for another try, and Enter sends it.
    type_into(&mut window, digits, Role::TextInput, "654321");
    window.state_mut().intents.clear();
    window.key_press(Key::Enter);
    window.run_ok();
    let wish = TakeOverWish { reason, note: phi("Lee is ill."), totp: phi("654321") };
    assert_eq!(window.state().intents, [Intent::Day(DayIntent::TakeOver(of_lee.visit, Box::new(wish)))]);
    // The front desk has other ways.
    let mut moment = day(|_| {});
    moment.desk.as_mut().expect("a desk").enters_visits = false;
    assert!(open(moment).query_by_label("Take over a colleague's visit").is_none());
}

#[test]
fn a_visit_that_was_taken_over_says_whether_its_card_can_be_read() {
    let taken = |card: Option<VisitCard>| {
        open(day(|day| {
            day.queue.visits[0].listed.taken_over_unix_secs = Some(1);
            day.queue.visits[0].card = card;
        }))
    };
    assert!(says(&taken(Some(VisitCard::default())), "You took this visit over. It is to be reviewed."));
    assert!(says(&taken(None), "make a new link and give it to the patient"));
}

#[test]
fn a_visit_is_moved_where_it_stands_and_only_its_own_time_is_asked_about() {
    let mut window = open(day(|day| day.queue.visits[0].listed.planned = Some(planned_for(45))));
    press(&mut window, "More");
    type_into(&mut window, "Move it to", Role::TextInput, "2026-10-25 02:30");
    let moved = |choice| {
        [Intent::Day(DayIntent::Move { visit: VISIT, start: "2026-10-25 02:30".to_owned(), minutes: 45, choice })]
    };
    assert_eq!(press(&mut window, "Move it; the link stays"), moved(None));
    let mut window = open(day(|day| {
        day.queue.visits[0].listed.planned = Some(planned_for(45));
        day.clocks_change = Some(changes(Some(VISIT)));
    }));
    assert!(!says(&window, "The clocks change at that time"), "nobody has asked to move it here");
    press(&mut window, "More");
    type_into(&mut window, "Move it to", Role::TextInput, "2026-10-25 02:30");
    assert!(says(&window, "The clocks change at that time"));
    assert_eq!(press(&mut window, "At 02:30 CEST"), moved(Some(Choice::Earlier)));
}

#[test]
fn a_visit_is_moved_by_keyboard() {
    let mut window = open(day(|_| {}));
    press(&mut window, "More");
    type_into(&mut window, "Move it to", Role::TextInput, "2026-10-25 14:30");
    window.state_mut().intents.clear();
    for _ in 0..3 {
        window.key_press(Key::Tab);
        window.run();
        if window.get_by_label("Move it; the link stays").is_focused() {
            break;
        }
    }
    window.key_press(Key::Enter);
    window.run();
    let start = "2026-10-25 14:30".to_owned();
    let wanted = Intent::Day(DayIntent::Move { visit: VISIT, start, minutes: 30, choice: None });
    assert!(window.state().intents.contains(&wanted), "{:?}", window.state().intents);
}

fn planned_for(length_minutes: u16) -> Planned {
    Planned { start_unix_secs: 1_792_888_200, length_minutes, time_zone: "Europe/Berlin".to_owned() }
}

#[test]
fn a_visit_that_another_device_holds_is_taken_over_by_another_word() {
    let mut window = open(day(|day| day.queue.visits[0].listed.hosted = true));
    assert!(says(&window, "Open on another device of yours.") || says(&window, "Waits for 4 min"));
    assert!(window.query_by_label("Open this visit").is_none());
    assert_eq!(press(&mut window, "Take it over to this device"), [Intent::Day(DayIntent::TakeHere(VISIT))]);
}

#[test]
fn the_front_desk_says_whose_a_visit_will_be_and_a_clinician_plans_their_own() {
    let lee = StaffId::from_random([9; 16]);
    let at_the_front_desk = || {
        let mut moment = day(|day| day.colleagues = vec![(lee, phi("lee"))]);
        moment.desk.as_mut().expect("a desk").enters_visits = false;
        moment
    };
    let mut window = open(at_the_front_desk());
    window.get_by_role_and_label(Role::ComboBox, "Whose visit it is").scroll_to_me();
    window.run_ok();
    window.get_by_role_and_label(Role::ComboBox, "Whose visit it is").click();
    window.run_ok();
    window.get_by_label("lee").click();
    window.run_ok();
    let planned = press(&mut window, "Plan it and make its link");
    assert!(
        matches!(&planned[..], [Intent::Day(DayIntent::Schedule { clinician: Some(whose), .. })] if *whose == lee),
        "{planned:?}"
    );
    let clinicians = open(day(|day| day.colleagues = vec![(lee, phi("lee"))]));
    assert!(clinicians.query_by_role_and_label(Role::ComboBox, "Whose visit it is").is_none());
}

#[test]
fn other_days_are_turned_to_and_nothing_of_a_patient_stays_when_the_link_is_put_away() {
    let mut window = open(day(|_| {}));
    assert!(says(&window, "Today. ") && window.query_by_role_and_label(Role::Button, "Today").is_none());
    assert_eq!(press(&mut window, "The day after"), [Intent::Day(DayIntent::Show(OtherDay::After))]);
    let tomorrow = |day: &mut DaySnapshot| {
        day.date = Some("2026-10-25".to_owned());
        day.link = Some(phi("https://clinic.example/j/x"));
    };
    let mut window = open(day(tomorrow));
    assert!(says(&window, "2026-10-25. "));
    assert_eq!(press(&mut window, "Today"), [Intent::Day(DayIntent::Show(OtherDay::Today))]);
    assert_eq!(press(&mut window, "The day before"), [Intent::Day(DayIntent::Show(OtherDay::Before))]);
    type_into(&mut window, "Patient's name", Role::TextInput, "Wilhelmina");
    assert_eq!(press(&mut window, "Put the link away"), [Intent::Day(DayIntent::PutLinkAway)]);
    let planned = press(&mut window, "Plan it and make its link");
    let nobody = VisitCard::default();
    assert!(matches!(&planned[..], [Intent::Day(DayIntent::Schedule { card, .. })] if **card == nobody), "{planned:?}");
}

#[test]
fn links_for_who_is_beside_the_patient_are_made_and_taken_back() {
    let (invite, role) = (InviteId::from_random([3; 16]), GuestRole::Interpreter);
    let link = ListedInvite { invite, role, opens_unix_secs: 0, expires_unix_secs: 9 };
    let mut window = open(day(|day| day.queue.visits[0].listed.invites.push(link)));
    press(&mut window, "More");
    for (word, role) in [
        ("Make a link for a guardian", GuestRole::Guardian),
        ("Make a link for an interpreter", GuestRole::Interpreter),
    ] {
        assert_eq!(press(&mut window, word), [Intent::Day(DayIntent::Invite(VISIT, role))]);
    }
    let taken_back = press(&mut window, "Take back the interpreter's link");
    assert_eq!(taken_back, [Intent::Day(DayIntent::Revoke(VISIT, invite))]);
}

#[test]
fn a_visit_is_handed_over_in_the_middle_of_it() {
    let lee = StaffId::from_random([9; 16]);
    let in_visit = |visit| {
        let mut moment = day(|day| day.colleagues = vec![(lee, phi("lee"))]);
        let live = Moment::clinician(Phase::Live { since: SINCE });
        (moment.call, moment.desk) = (live.call, live.desk);
        moment.desk.as_mut().expect("a desk").visit = Some(visit);
        open(moment)
    };
    let mut window = in_visit(VISIT);
    press(&mut window, "Devices");
    assert!(says(&window, "your patient stays"));
    assert_eq!(press(&mut window, "Hand over to lee"), [Intent::Day(DayIntent::HandOver(VISIT, lee))]);
    let mut window = in_visit(VisitId::from_random([2; 16]));
    press(&mut window, "Devices");
    assert!(window.query_by_label("Hand over to lee").is_none(), "nothing is known of this visit to be handed over");
}
