//! The screens about keys, driven as a screen reader finds them: by what their controls are called.

use desk::{DeviceRole, DeviceStanding, Keeping, KeysIntent, KeysProblem, OfficeStage};
use egui::accesskit::Role;
use egui::{Key, Theme, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use ui::Intent;
use units::Phi;

use house::window::{Window, open_at, press, says, type_into};
use house::{Moment, comparing, device, sheet};

mod house;

const SIZE: Vec2 = vec2(900.0, 1_100.0);

fn open(moment: Moment) -> Harness<'static, Window> {
    open_at(moment, SIZE, Theme::Light)
}

fn keys(intent: KeysIntent) -> [Intent; 1] {
    [Intent::Keys(intent)]
}

#[test]
fn a_new_device_shows_ten_digits_and_its_person_answers() {
    let digits = || Moment::device(DeviceStanding::Comparing(Some(Phi::new("01234 56789".to_owned()))));
    let mut window = open(digits());
    assert!(says(&window, " 0 1 2 3 4, 5 6 7 8 9"), "one by one, for who hears them");
    assert_eq!(press(&mut window, "The same"), keys(KeysIntent::SameOnDevice(true)));
    assert_eq!(press(&mut open(digits()), "Not the same"), keys(KeysIntent::SameOnDevice(false)));
    let agreeing = open(Moment::device(DeviceStanding::Comparing(None)));
    assert!(agreeing.query_by_label("The same").is_none(), "there is nothing to compare yet");
}

#[test]
fn who_waits_is_told_for_whom_and_can_sign_out() {
    let mut window = open(Moment::device(DeviceStanding::Waiting));
    assert!(says(&window, "Your admin has to let it in"));
    assert_eq!(press(&mut window, "Sign out"), [Intent::Desk(desk::DeskIntent::SignOut)]);
}

#[test]
fn what_is_over_can_be_asked_anew_and_what_only_waits_cannot() {
    use DeviceStanding::{AnotherClinic, Confirmed, Differ, KeyringLocked, Over, Refused, Replaced, Revoked, Waiting};
    for standing in [Differ, Refused, Revoked, AnotherClinic] {
        assert_eq!(press(&mut open(Moment::device(standing)), "Ask anew"), keys(KeysIntent::AskAnew));
    }
    for standing in [Waiting, Confirmed, Over, Replaced] {
        assert!(open(Moment::device(standing)).query_by_label("Ask anew").is_none());
    }
    assert_eq!(press(&mut open(Moment::device(KeyringLocked)), "Try again"), keys(KeysIntent::TryKeyringAgain));
}

#[test]
fn who_has_no_keyring_is_told_that_keys_are_not_kept() {
    let window = open(Moment::device(DeviceStanding::Waiting).with_keys(|keys| keys.keeping = Keeping::Memory));
    assert!(says(&window, "gone when this window is closed"));
}

#[test]
fn a_clinic_is_set_up_by_sheet_and_two_groups_of_it() {
    let mut window = open(Moment::office(OfficeStage::NotSetUp));
    assert_eq!(press(&mut window, "Set up your clinic"), keys(KeysIntent::SetUp));

    let mut window = open(Moment::office(OfficeStage::Sheet(sheet())));
    assert_eq!(press(&mut window, "Open the sheet to print it"), [Intent::PrintSheet]);
    assert!(press(&mut window, "The sheet is safe; set up the clinic").is_empty(), "nothing was typed back");
    type_into(&mut window, "Group 3", Role::TextInput, "89abv");
    type_into(&mut window, "Group 7", Role::TextInput, "RSTVZ");
    let typed = ["89abv", "RSTVZ"].map(|group| Phi::new(group.to_owned())).to_vec();
    assert_eq!(press(&mut window, "The sheet is safe; set up the clinic"), keys(KeysIntent::ConfirmSheet(typed)));
    assert_eq!(press(&mut window, "Not now; forget this sheet"), keys(KeysIntent::LeaveSetUp));
}

#[test]
fn a_sheet_is_set_up_without_a_mouse() {
    let mut window = open(Moment::office(OfficeStage::Sheet(sheet())));
    type_into(&mut window, "Group 3", Role::TextInput, "89ABV");
    type_into(&mut window, "Group 7", Role::TextInput, "RSTVZ");
    window.key_press(Key::Enter);
    window.run_ok();
    let wanted = std::mem::take(&mut window.state_mut().intents);
    assert!(matches!(wanted.as_slice(), [Intent::Keys(KeysIntent::ConfirmSheet(_))]), "{wanted:?}");
}

#[test]
fn where_the_sheet_was_written_is_said() {
    let mut moment = Moment::office(OfficeStage::Sheet(sheet()));
    moment.sheet_page = Some("Documents/sheet.html".to_owned());
    assert!(says(&open(moment), "Documents/sheet.html"));
}

#[test]
fn a_device_that_waits_is_let_in_under_a_name_and_a_role_that_the_admin_chose() {
    let mut window = open(Moment::office(OfficeStage::Here));
    assert!(press(&mut window, "Let in lee").is_empty());
    type_into(&mut window, "Name, as patients see it", Role::TextInput, "x");
    window.get_by_role_and_label(Role::RadioButton, "front desk").click();
    window.run_ok();
    let wanted = press(&mut window, "Compare digits");
    let [Intent::Keys(KeysIntent::Compare { device: chosen, name, role })] = wanted.as_slice() else {
        panic!("{wanted:?}");
    };
    assert_eq!((*chosen, *role), (device(1), DeviceRole::FrontDesk));
    assert!(name.expose().contains("lee") && name.expose().contains('x'), "{}", name.expose());
    press(&mut window, "Let in lee");
    assert_eq!(press(&mut window, "Refuse lee"), keys(KeysIntent::Refuse(device(1))));
}

#[test]
fn the_admin_compares_the_same_ten_digits() {
    let mut window = open(comparing(Some("01234 56789")));
    assert!(says(&window, " 0 1 2 3 4, 5 6 7 8 9"));
    assert_eq!(press(&mut window, "The same"), keys(KeysIntent::SameAsAdmin(true)));
    assert_eq!(press(&mut open(comparing(Some("01234 56789"))), "Not the same"), keys(KeysIntent::SameAsAdmin(false)));
    let mut agreeing = open(comparing(None));
    assert!(agreeing.query_by_label("The same").is_none());
    assert_eq!(press(&mut agreeing, "Cancel"), keys(KeysIntent::LeaveComparison));
}

#[test]
fn a_device_is_revoked_only_when_that_was_said_twice() {
    let mut window = open(Moment::office(OfficeStage::Here));
    assert!(window.query_by_label("Revoke admin, admin").is_none(), "not the laptop with the keys");
    assert!(press(&mut window, "Revoke Dr Grace Hopper, clinician").is_empty());
    assert!(says(&window, "This cannot be taken back"));
    assert_eq!(press(&mut window, "Revoke it now"), keys(KeysIntent::Revoke(device(3))));
}

#[test]
fn after_a_recovery_each_device_is_certified_anew_by_its_name() {
    let mut window = open(Moment::office(OfficeStage::Here));
    assert_eq!(press(&mut window, "Certify Dr Ada Lovelace, clinician anew"), keys(KeysIntent::CertifyAnew(device(4))));
}

#[test]
fn a_clinic_whose_laptop_is_lost_is_recovered_by_the_sheet() {
    let mut window = open(Moment::office(OfficeStage::Elsewhere));
    press(&mut window, "Recover the clinic");
    type_into(&mut window, "Recovery sheet", Role::TextInput, "0123S 4567T");
    let wanted = press(&mut window, "Recover it here");
    assert_eq!(wanted, keys(KeysIntent::Recover(Phi::new("0123S 4567T".to_owned()))));
}

#[test]
fn what_went_wrong_is_said_where_it_matters() {
    for stage in [OfficeStage::NotSetUp, OfficeStage::Sheet(sheet()), OfficeStage::Here, OfficeStage::Elsewhere] {
        let window =
            open(Moment::office(stage.clone()).with_keys(|keys| keys.problem = Some(KeysProblem::SheetGroup(7))));
        assert!(says(&window, "Group 7 is not as it stands on the sheet"), "{stage:?}");
    }
}

#[test]
fn a_slip_is_said_beside_the_fields_in_which_it_was_made() {
    let window = open(
        Moment::office(OfficeStage::Sheet(sheet())).with_keys(|keys| keys.problem = Some(KeysProblem::SheetGroup(7))),
    );
    let top = |label: &str| window.get_by_label_contains(label).rect().top();
    assert!(top("Group 7 is not as it stands on the sheet") > top("Type two groups from the paper"));
}

#[test]
fn each_group_of_the_sheet_is_in_one_piece_and_in_the_window() {
    for size in [SIZE, vec2(360.0, 1_400.0)] {
        let window = open_at(Moment::office(OfficeStage::Sheet(sheet())), size, Theme::Light);
        for number in 1..=8 {
            let start = format!("Group {number}:");
            let group = window.get_by_label_contains(&start).rect();
            assert!(group.height() < 30.0, "group {number} has lines: {group:?}");
            assert!(group.right() < size.x, "group {number} is cut off: {group:?}");
        }
    }
}

#[test]
fn no_control_about_keys_is_without_a_name() {
    for (name, moment) in house::moments().into_iter().filter(|(_, moment)| moment.keys.is_some()) {
        let window = open(moment);
        for role in [Role::Button, Role::TextInput, Role::RadioButton] {
            for control in window.query_all_by_role(role) {
                let label = control.accesskit_node().label().unwrap_or_default();
                assert!(!label.trim().is_empty(), "{name}: a {role:?} without a name");
            }
        }
    }
}
