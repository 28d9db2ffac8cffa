//! Beginning by a code, and where somebody is signed in: found and pressed as by a screen reader.

use std::time::Duration;

use desk::{
    AccountDone, AccountView, ColleagueChange, DeskIntent, DeskPhase, DeskProblem, OfficeStage, ReviewLine,
    ReviewOutcome, ReviewsView, SessionId, StaffId, StaffRole, TakeOverId, TakeOverReason,
};
use egui::accesskit::Role;
use egui::{Key, Modifiers, Theme, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use ui::Intent;

use house::window::{Window, open_at, press, says, type_into};
use house::{Moment, NOW};

mod house;

fn open(moment: Moment) -> Harness<'static, Window> {
    open_at(moment, vec2(1000.0, 1400.0), Theme::Light)
}

#[test]
fn who_was_given_a_code_finds_the_way_from_the_sign_in() {
    let mut window = open(Moment::desk(DeskPhase::SignedOut { problem: None }));
    assert_eq!(press(&mut window, "Begin with a code"), [Intent::Desk(DeskIntent::ShowBeginning)]);
}

#[test]
fn beginning_sends_what_was_typed_once_the_passwords_are_the_same() {
    let mut window = open(house::beginning());
    assert!(says(&window, "GEZD GNBV GY3T QOJQ"), "the second factor can be typed as well");
    assert!(window.query_by_role_and_label(Role::Image, "Your second factor as a QR code").is_some());
    window.state_mut().forms.server = "clinic.example".to_owned();
    window.state_mut().forms.name = "ada".to_owned();
    window.run_ok();
    type_into(&mut window, "The code that you were given", Role::TextInput, "abcd-efgh-ijkl-mnop");
    type_into(&mut window, "A password of your own", Role::PasswordInput, "correct horse");
    type_into(&mut window, "The password once more", Role::PasswordInput, "correct house");
    type_into(&mut window, "The six digits that it shows", Role::TextInput, "123 456");
    assert!(press(&mut window, "Begin").is_empty());
    assert!(says(&window, "The two passwords are not the same"));
    window.state_mut().forms.password = "correct house".to_owned();
    let wanted = press(&mut window, "Begin");
    let [Intent::Desk(DeskIntent::Begin { server, pin: None, code, name, password, totp })] = &wanted[..] else {
        panic!("{wanted:?}")
    };
    let exposed = [code, name, password, totp].map(|typed| typed.expose().as_str());
    assert_eq!(
        (server.as_str(), exposed),
        ("clinic.example", ["abcd-efgh-ijkl-mnop", "ada", "correct house", "123 456"])
    );
    assert_eq!(press(&mut window, "Cancel"), [Intent::Desk(DeskIntent::SignOut)]);
    assert!(window.state().forms.password.is_empty() && window.state().forms.code.is_empty());
}

#[test]
fn recovery_codes_stay_until_they_are_kept() {
    let mut window = open(Moment::desk(DeskPhase::RecoveryCodes(house::recovery_codes())));
    for code in house::recovery_codes() {
        assert!(says(&window, code.expose()));
    }
    assert_eq!(press(&mut window, "I have them"), [Intent::Desk(DeskIntent::CodesAreKept)]);
}

#[test]
fn a_delay_counts_down() {
    let problem = Some(DeskProblem::Delayed { until: NOW + Duration::from_secs(90) });
    let mut window = open(Moment::desk(DeskPhase::SignedOut { problem }));
    assert!(says(&window, "You can try again in 1:30."));
    window.state_mut().moment.now = NOW + Duration::from_secs(85);
    window.run_ok();
    assert!(says(&window, "You can try again in 0:05."));
    window.state_mut().moment.now = NOW + Duration::from_secs(91);
    window.run_ok();
    assert!(says(&window, "You can try again now."));
}

#[test]
fn sessions_are_listed_and_all_but_this_one_can_be_ended() {
    let mut window = open(Moment::desk(DeskPhase::Ready { problem: None }));
    assert_eq!(press(&mut window, "Where you are signed in"), [Intent::Desk(DeskIntent::ShowSessions)]);
    let mut window = open(house::signed_in_twice());
    assert!(says(&window, "This device, now") && says(&window, "Signed in 1 h 5 min ago, used 12 min ago"));
    let ended = press(&mut window, "Sign out there: Housecall on Windows");
    assert_eq!(ended, [Intent::Desk(DeskIntent::EndSession(SessionId::from_random([2; 16])))]);
    assert!(window.query_by_role_and_label(Role::Button, "Sign out there: Housecall on Linux").is_none());
    assert_eq!(press(&mut window, "Close the list"), [Intent::Desk(DeskIntent::HideSessions)]);
}

#[test]
fn a_desk_is_locked_by_hand_and_by_keys() {
    let mut window = open(Moment::desk(DeskPhase::Ready { problem: None }));
    assert_eq!(press(&mut window, "Lock"), [Intent::Desk(DeskIntent::Lock)]);
    window.state_mut().intents.clear();
    window.key_press_modifiers(Modifiers::COMMAND, Key::L);
    window.run_ok();
    assert_eq!(window.state().intents, [Intent::Desk(DeskIntent::Lock)]);
}

#[test]
fn an_admin_makes_accounts_shuts_them_and_gives_codes() {
    let changes = |change| [Intent::Desk(DeskIntent::ChangeColleague(change))];
    let mut closed = house::colleagues();
    closed.desk.as_mut().unwrap().colleagues = None;
    assert_eq!(press(&mut open(closed), "Accounts of your clinic"), [Intent::Desk(DeskIntent::ShowColleagues)]);
    let mut window = open(house::colleagues());
    assert!(says(&window, "The code for sam:") && says(&window, "abcd-efgh-ijkl-mnop"));
    let [ada, lee] = [1, 2].map(|number| StaffId::from_random([number; 16]));
    assert_eq!(press(&mut window, "Disable ada"), changes(ColleagueChange::SetDisabled(ada, true)));
    assert_eq!(press(&mut window, "Enable lee"), changes(ColleagueChange::SetDisabled(lee, false)));
    assert_eq!(press(&mut window, "New code for ada"), changes(ColleagueChange::BeginAnew(ada)));
    assert!(window.query_by_role_and_label(Role::Button, "New code for lee").is_none());
    type_into(&mut window, "Name of a new colleague", Role::TextInput, " kim ");
    let add = ColleagueChange::Add { name: "kim".to_owned().into(), role: StaffRole::Clinician };
    assert_eq!(press(&mut window, "Make an account"), changes(add));
    // Nobody else sees them.
    let office = open(Moment::office(OfficeStage::Here));
    assert!(office.query_by_role_and_label(Role::Button, "Accounts of your clinic").is_none());
}

#[test]
fn an_admin_lets_a_colleague_do_something_else() {
    let mut window = open(house::colleagues());
    assert!(window.query_by_role_and_label(Role::Button, "Make lee: front desk").is_none());
    assert!(press(&mut window, "What lee does…").is_empty());
    assert!(says(&window, "They are signed out by it"));
    assert!(window.query_by_role_and_label(Role::Button, "Make lee: clinician").is_none(), "that they are");
    let lee = StaffId::from_random([2; 16]);
    let change = ColleagueChange::SetRole(lee, StaffRole::FrontDesk);
    let wanted = press(&mut window, "Make lee: front desk");
    assert_eq!(wanted, [Intent::Desk(DeskIntent::ChangeColleague(change))]);
    window.run_ok();
    assert!(window.query_by_role_and_label(Role::Button, "Make lee: auditor").is_none(), "it is put away");
}

/// A desk whose clinician looks at their own account.
fn own_account(view: AccountView) -> Harness<'static, Window> {
    let mut moment = Moment::desk(DeskPhase::Ready { problem: None });
    moment.desk.as_mut().expect("a desk").account = Some(view);
    open(moment)
}

#[test]
fn a_password_is_changed_by_who_types_the_last_one_the_new_one_twice_and_digits() {
    let closed = press(&mut open(Moment::desk(DeskPhase::Ready { problem: None })), "Your password and recovery codes");
    assert_eq!(closed, [Intent::Desk(DeskIntent::ShowAccount)]);
    let mut window = own_account(AccountView::default());
    type_into(&mut window, "Your password now", Role::PasswordInput, "correct horse");
    type_into(&mut window, "Your new password", Role::PasswordInput, "another horse");
    type_into(&mut window, "Your new password once more", Role::PasswordInput, "another house");
    type_into(&mut window, "Six digits of your authenticator app", Role::TextInput, "123 456");
    assert!(press(&mut window, "Change the password").is_empty());
    assert!(says(&window, "The two passwords are not the same"));
    let mut window = own_account(AccountView::default());
    type_into(&mut window, "Your password now", Role::PasswordInput, "correct horse");
    type_into(&mut window, "Your new password", Role::PasswordInput, "another horse");
    type_into(&mut window, "Your new password once more", Role::PasswordInput, "another horse");
    type_into(&mut window, "Six digits of your authenticator app", Role::TextInput, "123 456");
    // By the keyboard alone: Enter in the last field.
    window.key_press(Key::Enter);
    window.run_ok();
    let phi = |text: &str| units::Phi::new(text.to_owned());
    let change = DeskIntent::ChangePassword {
        password: phi("correct horse"),
        new_password: phi("another horse"),
        totp: phi("123 456"),
    };
    assert_eq!(window.state().intents, [Intent::Desk(change)]);
    let done = AccountView { done: Some(AccountDone::PasswordChanged), ..AccountView::default() };
    assert!(says(&own_account(done), "Your password is changed. Everywhere else you are signed out."));
    let wrong = AccountView { problem: Some(DeskProblem::WrongProof), ..AccountView::default() };
    assert!(says(&own_account(wrong), "wait for the next ones, then try again"));
}

#[test]
fn new_recovery_codes_are_asked_for_with_digits_and_shown_once() {
    let mut window = own_account(AccountView::default());
    type_into(&mut window, "Six digits of your authenticator app, for new codes", Role::TextInput, "654321");
    let wanted = press(&mut window, "Make new codes");
    let totp = units::Phi::new("654321".to_owned());
    assert_eq!(wanted, [Intent::Desk(DeskIntent::RenewRecoveryCodes { totp })]);
    let codes = house::recovery_codes();
    let mut window = own_account(AccountView { codes: Some(codes.clone()), ..AccountView::default() });
    assert!(codes.iter().all(|code| says(&window, code.expose())) && says(&window, "shown now and never again"));
    assert_eq!(press(&mut window, "Close your account"), [Intent::Desk(DeskIntent::HideAccount)]);
}

#[test]
fn who_reviews_sees_what_was_taken_over_and_says_what_it_comes_to() {
    let phi = |text: &str| units::Phi::new(text.to_owned());
    let line = |number: u8, left: Option<u64>, review| ReviewLine {
        take_over: TakeOverId::from_random([number; 16]),
        by: Some(phi("cleo")),
        from: Some(phi("lee")),
        reason: TakeOverReason::ClinicianAbsent,
        ago: Duration::from_secs(7_200),
        left: left.map(Duration::from_secs),
        note: Some(Ok(phi("She did not come."))),
        review,
    };
    let reviewer = |lines: Vec<ReviewLine>, is_open: bool| {
        let mut moment = Moment::office(OfficeStage::Here);
        let desk = moment.desk.as_mut().unwrap();
        desk.reviewer = true;
        desk.open_reviews = lines.iter().filter(|line| line.review.is_none()).count();
        desk.reviews = is_open.then_some(ReviewsView { lines, is_asking: false, problem: None });
        open(moment)
    };
    let mut window = reviewer(vec![line(1, Some(3_600), None)], false);
    let shown = press(&mut window, "Visits that were taken over: one to review");
    assert_eq!(shown, [Intent::Desk(DeskIntent::ShowReviews)]);
    let mut window = reviewer(vec![line(1, Some(3_600), None)], true);
    assert!(says(&window, "cleo took over a visit of lee, 2 hours ago: they are not there."));
    assert!(says(&window, "She did not come.") && says(&window, "To be reviewed within 1 hour."));
    let right = DeskIntent::Review(TakeOverId::from_random([1; 16]), ReviewOutcome::Justified);
    assert_eq!(press(&mut window, "It was right"), [Intent::Desk(right)]);
    let window = reviewer(vec![line(1, None, None)], true);
    assert!(says(&window, "Its review is overdue."));
    let window = reviewer(vec![line(1, None, Some(ReviewOutcome::NotJustified))], true);
    assert!(says(&window, "Reviewed: it was not right."));
    assert!(window.query_by_role_and_label(Role::Button, "It was right").is_none());
    // Nobody else sees them.
    let office = open(Moment::office(OfficeStage::Here));
    assert!(!says(&office, "Visits that were taken over"));
}
