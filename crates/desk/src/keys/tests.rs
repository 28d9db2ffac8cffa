//! The life of a clinic's keys, by several apps and a server that may lie.

use trust::{
    BundleError, Capabilities, CertificateError, DeviceIdentity, DeviceKeys, DeviceRole, Epoch, Expected, OwnBundle,
    PeerBundle, UnixTime,
};
use units::Phi;

use super::wire::DeviceRequest;
use super::*;
use world::{ADMIN, LEE, Lie, MAY, World};

mod world;

const DAY: u64 = 86_400;
const VISIT: signaling_protocol::VisitId = signaling_protocol::VisitId::from_random([1; 16]);

/// What a patient's app says who got a link from `link` and is shown `host`.
fn patient_sees(link: &DeviceIdentity, host: &DeviceIdentity, now: UnixTime) -> Result<PeerBundle, BundleError> {
    let bundle = OwnBundle::host([5; 64], VISIT, host, &Capabilities::app());
    let expected =
        Expected { clinic: link.clinic(), least_epoch: link.epoch(), role: Some(DeviceRole::Clinician), now };
    PeerBundle::verify_host(bundle.bytes(), VISIT, &expected)
}

/// A clinic that was set up by an admin, and the sheet.
fn set_up() -> (World, String) {
    let mut world = World::new();
    world.sign_in(ADMIN, StaffRole::Admin);
    assert_eq!(world.office(ADMIN).stage, OfficeStage::NotSetUp);
    world.want(ADMIN, KeysIntent::SetUp);
    let OfficeStage::Sheet(sheet) = world.office(ADMIN).stage else { panic!("no sheet") };
    let groups = sheet.groups.expose().clone();
    let typed = sheet.asked.map(|asked| groups.split('-').nth(asked - 1).unwrap().to_lowercase());
    world.want(ADMIN, KeysIntent::ConfirmSheet(typed.map(Phi::new).to_vec()));
    (world, groups)
}

/// The same with a clinician's device, enrolled by digits.
fn with_lee() -> (World, String) {
    let (mut world, sheet) = set_up();
    world.sign_in(LEE, StaffRole::Clinician);
    world.compare(ADMIN, "Dr Lee");
    world.want(LEE, KeysIntent::SameOnDevice(true));
    world.want(ADMIN, KeysIntent::SameAsAdmin(true));
    (world, sheet)
}

#[test]
fn a_clinic_is_set_up_and_its_admins_own_device_is_certified() {
    let (world, _) = set_up();
    assert_eq!(world.office(ADMIN).stage, OfficeStage::Here);
    assert_eq!(world.snapshot(ADMIN).problem, None);
    let identity = world.identity(ADMIN).expect("certified");
    assert_eq!(identity.facts().role, DeviceRole::Admin);
    assert_eq!(world.snapshot(ADMIN).clinic, Some(identity.clinic().to_string()));
    let clinic = world.server.clinic.as_ref().expect("published");
    assert_eq!((clinic.fingerprint.0, clinic.generation), (identity.clinic().0, 1));
    let rows = world.office(ADMIN).devices;
    assert_eq!(rows.iter().map(|row| row.state).collect::<Vec<_>>(), [RowState::ThisOne]);
}

#[test]
fn nothing_begins_before_part_of_the_sheet_is_typed_back() {
    let mut world = World::new();
    world.sign_in(ADMIN, StaffRole::Admin);
    world.want(ADMIN, KeysIntent::SetUp);
    let OfficeStage::Sheet(sheet) = world.office(ADMIN).stage else { panic!("no sheet") };
    assert!(sheet.asked[0] < sheet.asked[1] && sheet.asked[0] >= 1 && sheet.asked[1] <= 8);
    for typed in [vec![], vec!["AAAAA", "BBBBB"]] {
        let typed = typed.into_iter().map(|group| Phi::new(group.to_owned())).collect();
        world.want(ADMIN, KeysIntent::ConfirmSheet(typed));
        assert_eq!(world.snapshot(ADMIN).problem, Some(KeysProblem::SheetGroup(sheet.asked[0])));
        assert!(world.server.clinic.is_none());
    }
    world.want(ADMIN, KeysIntent::LeaveSetUp);
    assert_eq!(world.office(ADMIN).stage, OfficeStage::NotSetUp);
}

#[test]
fn a_clinicians_device_is_enrolled_by_digits_and_its_links_verify() {
    let (mut world, _) = set_up();
    world.sign_in(LEE, StaffRole::Clinician);
    assert_eq!(world.snapshot(LEE).device, DeviceStanding::Waiting);
    let waiting = world.office(ADMIN).waiting;
    assert_eq!((waiting.len(), waiting[0].role), (1, DeviceRole::Clinician));
    world.compare(ADMIN, "Dr Lee");
    let digits = world.digits(LEE).expect("digits");
    assert_eq!(Some(&digits), world.admin_digits(ADMIN).as_ref());
    assert_eq!(digits.expose().len(), 11);

    world.want(ADMIN, KeysIntent::SameAsAdmin(true));
    assert!(world.identity(LEE).is_none(), "its own person has not said so");
    world.want(LEE, KeysIntent::SameOnDevice(true));
    let identity = world.identity(LEE).expect("certified").clone();
    assert!(patient_sees(&identity, &identity, world.unix()).is_ok());
    let DeviceStanding::Certified { name, role, .. } = world.snapshot(LEE).device else { panic!("not certified") };
    assert_eq!((name.expose().as_str(), role), ("Dr Lee", DeviceRole::Clinician));
    let names: Vec<_> = world.office(ADMIN).devices.into_iter().filter_map(|row| row.name).collect();
    assert!(names.contains(&Phi::new("Dr Lee".to_owned())));
    let seen = format!("{:?}", world.server.bytes());
    assert!(!seen.contains(&format!("{:?}", b"Dr Lee").trim_matches(['[', ']']).to_owned()), "the server saw a name");
}

#[test]
fn a_server_that_puts_other_keys_in_the_place_of_the_devices_gets_nothing_certified() {
    for lie in [Lie::Keys, Lie::KeysAndCheck] {
        let (mut world, _) = set_up();
        world.lie(lie);
        world.sign_in(LEE, StaffRole::Clinician);
        world.compare(ADMIN, "Dr Lee");
        let (admin, device) = (world.admin_digits(ADMIN), world.digits(LEE));
        if let (Some(admin), Some(device)) = (&admin, &device) {
            assert_ne!(admin, device, "the people see that they differ");
            world.want(ADMIN, KeysIntent::SameAsAdmin(false));
            assert_eq!(world.snapshot(ADMIN).problem, Some(KeysProblem::Differed));
        }
        assert_eq!(lie == Lie::KeysAndCheck, admin.is_some() && device.is_some());
        assert_eq!(world.server.certified(), 1, "only the admin's own");
        assert!(world.identity(LEE).is_none());
    }
}

#[test]
fn a_server_that_says_another_clinic_to_a_new_device_is_seen_by_the_digits() {
    let (mut world, _) = set_up();
    world.lie(Lie::Clinic);
    world.sign_in(LEE, StaffRole::Clinician);
    world.compare(ADMIN, "Dr Lee");
    assert!(world.admin_digits(ADMIN).is_none() || world.admin_digits(ADMIN) != world.digits(LEE));
    assert_eq!(world.server.certified(), 1);
}

#[test]
fn a_device_that_knows_its_clinic_takes_no_other() {
    let (mut world, _) = with_lee();
    assert!(world.identity(LEE).is_some());
    world.lie(Lie::Clinic);
    world.tell_all();
    assert_eq!(world.snapshot(LEE).device, DeviceStanding::AnotherClinic);
    assert!(world.identity(LEE).is_none());
    world.restart(LEE);
    assert_eq!(world.snapshot(LEE).device, DeviceStanding::AnotherClinic);
}

#[test]
fn a_device_that_was_enrolled_is_so_the_next_time_without_anybody() {
    let (mut world, _) = with_lee();
    let before = world.identity(LEE).expect("certified").public();
    world.stop(ADMIN);
    world.restart(LEE);
    assert_eq!(world.identity(LEE).expect("certified").public(), before);
}

#[test]
fn who_says_that_the_digits_differ_gets_no_certificate_and_may_ask_anew() {
    let (mut world, _) = set_up();
    world.sign_in(LEE, StaffRole::Clinician);
    world.compare(ADMIN, "Dr Lee");
    world.want(LEE, KeysIntent::SameOnDevice(false));
    assert_eq!(world.snapshot(LEE).device, DeviceStanding::Differ);
    assert_eq!(world.admin_digits(ADMIN), None, "the admin hears of it");
    assert_eq!(world.server.certified(), 1);
    world.want(LEE, KeysIntent::AskAnew);
    assert_eq!(world.snapshot(LEE).device, DeviceStanding::Waiting);
    assert_eq!(world.office(ADMIN).waiting.len(), 1);
}

#[test]
fn an_app_that_was_closed_in_the_middle_of_a_comparison_compares_again() {
    for closed in [LEE, ADMIN] {
        let (mut world, _) = set_up();
        world.sign_in(LEE, StaffRole::Clinician);
        world.compare(ADMIN, "Dr Lee");
        world.restart(closed);
        if closed == ADMIN {
            world.compare(ADMIN, "Dr Lee");
        }
        assert!(world.digits(LEE).is_some(), "{closed}");
        assert_eq!(world.digits(LEE), world.admin_digits(ADMIN), "{closed}");
        world.want(LEE, KeysIntent::SameOnDevice(true));
        world.want(ADMIN, KeysIntent::SameAsAdmin(true));
        assert!(world.identity(LEE).is_some(), "{closed}");
    }
}

#[test]
fn a_lost_device_is_revoked_everywhere() {
    let (mut world, _) = with_lee();
    let lost = world.identity(LEE).expect("certified").clone();
    let device = world.device_of(LEE);
    world.want(ADMIN, KeysIntent::Revoke(device));
    assert_eq!(world.snapshot(LEE).device, DeviceStanding::Revoked);
    assert!(world.identity(LEE).is_none());
    let admin = world.identity(ADMIN).expect("certified").clone();
    assert!(admin.epoch() > lost.epoch());
    let hidden = patient_sees(&admin, &lost, world.unix());
    assert_eq!(hidden, Err(BundleError::Certificate(CertificateError::RevocationsTooOld)));
    assert_eq!(world.office(ADMIN).devices.len(), 1, "off the list");
    world.restart(LEE);
    assert_eq!(world.snapshot(LEE).device, DeviceStanding::Revoked, "for good");
    // Its person enrols it anew, with other keys.
    world.want(LEE, KeysIntent::AskAnew);
    world.compare(ADMIN, "Dr Lee");
    world.want(LEE, KeysIntent::SameOnDevice(true));
    world.want(ADMIN, KeysIntent::SameAsAdmin(true));
    assert_ne!(world.identity(LEE).expect("certified").public(), lost.public());
}

#[test]
fn an_admin_cannot_revoke_the_laptop_that_certifies() {
    let (mut world, _) = set_up();
    let device = world.device_of(ADMIN);
    world.want(ADMIN, KeysIntent::Revoke(device));
    assert!(world.identity(ADMIN).is_some());
}

#[test]
fn certificates_are_renewed_while_an_admin_works_and_over_when_none_does() {
    let (mut world, _) = with_lee();
    for _ in 0..30 {
        world.pass(DAY);
        assert!(world.identity(LEE).is_some() && world.identity(ADMIN).is_some());
    }
    world.stop(ADMIN);
    world.pass(8 * DAY);
    assert_eq!(world.snapshot(LEE).device, DeviceStanding::Over);
    assert!(world.identity(LEE).is_none());
    world.restart(ADMIN);
    assert!(world.identity(LEE).is_some(), "{:?}", world.snapshot(LEE));
}

#[test]
fn a_lost_laptop_of_the_admin_is_not_the_end_of_the_clinic() {
    let (mut world, sheet) = with_lee();
    let before = world.identity(LEE).expect("certified").clone();
    let lost = world.device_of(ADMIN);
    world.lose(ADMIN);
    world.sign_in(ADMIN, StaffRole::Admin);
    assert_eq!(world.office(ADMIN).stage, OfficeStage::Elsewhere);
    let wrong = sheet.replacen(|c: char| c.is_ascii_digit(), "Z", 1);
    world.want(ADMIN, KeysIntent::Recover(Phi::new(wrong)));
    assert!(matches!(world.snapshot(ADMIN).problem, Some(KeysProblem::SheetGroup(_))));
    let other = clinic::RecoverySecret::from_random([9; 20]).to_sheet();
    world.want(ADMIN, KeysIntent::Recover(Phi::new(other)));
    assert_eq!(world.snapshot(ADMIN).problem, Some(KeysProblem::AnotherSheet));

    world.want(ADMIN, KeysIntent::Recover(Phi::new(sheet)));
    assert_eq!(world.office(ADMIN).stage, OfficeStage::Here);
    assert_eq!(world.snapshot(LEE).device, DeviceStanding::Replaced);
    let rows = world.office(ADMIN).devices;
    let lee = world.device_of(LEE);
    let row = rows.iter().find(|row| row.device == lee).expect("on the list");
    assert_eq!(
        (row.state, row.name.as_ref().map(|name| name.expose().as_str())),
        (RowState::ToCertifyAnew, Some("Dr Lee"))
    );
    world.want(ADMIN, KeysIntent::Revoke(lost));
    world.want(ADMIN, KeysIntent::CertifyAnew(lee));
    let after = world.identity(LEE).expect("certified anew").clone();
    assert_eq!((after.public(), after.clinic()), (before.public(), before.clinic()));
    assert!(after.epoch() >= Epoch::new(2, 1));
    assert!(patient_sees(&before, &after, world.unix()).is_ok(), "links that were given out keep working");
    let thief = patient_sees(&after, &before, world.unix());
    assert_eq!(thief, Err(BundleError::Certificate(CertificateError::RevocationsTooOld)));
    for _ in 0..10 {
        world.pass(DAY);
    }
    assert!(world.identity(LEE).is_some(), "renewed by the new laptop");
}

#[test]
fn a_laptop_whose_clinic_was_recovered_elsewhere_certifies_no_more() {
    let (mut world, sheet) = with_lee();
    let old = world.clone_of(ADMIN);
    world.lose(ADMIN);
    world.sign_in(ADMIN, StaffRole::Admin);
    world.want(ADMIN, KeysIntent::Recover(Phi::new(sheet)));
    world.put_back(ADMIN, old);
    assert_eq!(world.office(ADMIN).stage, OfficeStage::Elsewhere);
    assert_eq!(world.server.clinic.as_ref().map(|clinic| clinic.generation), Some(2));
}

#[test]
fn a_keyring_that_is_locked_or_damaged_is_said_and_not_overwritten() {
    let mut world = World::new();
    world.lock_keyring(LEE);
    world.sign_in(LEE, StaffRole::Clinician);
    assert_eq!(world.snapshot(LEE).device, DeviceStanding::KeyringLocked);
    assert!(world.keyring(LEE).is_empty());
    world.put_back(LEE, [(Entry::Device, b"garbage".to_vec())].into());
    assert_eq!(world.snapshot(LEE).device, DeviceStanding::KeyringUnreadable);
    assert_eq!(world.keyring(LEE)[&Entry::Device], b"garbage");
}

#[test]
fn what_a_colleague_writes_over_a_card_changes_nothing() {
    let (mut world, _) = with_lee();
    let device = world.device_of(LEE);
    world.server.scribble(device);
    world.restart(LEE);
    world.restart(ADMIN);
    for _ in 0..9 {
        world.pass(DAY);
    }
    let DeviceStanding::Certified { name, role, .. } = world.snapshot(LEE).device else { panic!("not certified") };
    assert_eq!((name.expose().as_str(), role), ("Dr Lee", DeviceRole::Clinician));
}

#[test]
fn another_admins_word_changes_neither_name_nor_role_of_whom_this_laptop_renews() {
    let (mut world, _) = with_lee();
    world.sign_in(MAY, StaffRole::Admin);
    world.compare_as(ADMIN, "May", DeviceRole::Admin);
    world.want(MAY, KeysIntent::SameOnDevice(true));
    world.want(ADMIN, KeysIntent::SameAsAdmin(true));
    let may = world.identity(MAY).expect("certified").clone();
    assert_eq!(may.facts().role, DeviceRole::Admin);

    let [lee, admin] = [LEE, ADMIN].map(|who| world.identity(who).expect("certified").public());
    let raised = wire::Card { keys: lee, role: DeviceRole::Admin, name: Phi::new("Chief".into()), salt: [7; 16] };
    let (device, now) = (world.device_of(LEE), world.unix());
    let readers = [lee.agreement, admin.agreement];
    world
        .server
        .write_over(device, |revision| card::seal(&raised, device, revision, &readers, &may, (now, [8; 32])).unwrap());
    world.restart(ADMIN);
    let row = world.office(ADMIN).devices.into_iter().find(|row| row.device == device).expect("on the list");
    assert_eq!(row.name.as_ref().map(|name| name.expose().as_str()), Some("Dr Lee"));
    for _ in 0..9 {
        world.pass(DAY);
    }
    let identity = world.identity(LEE).expect("renewed by the card that this laptop made");
    assert_eq!((identity.facts().role, identity.public()), (DeviceRole::Clinician, lee));
}

#[test]
fn the_sheet_and_the_issuing_key_are_in_no_debug_output() {
    let (world, sheet) = set_up();
    let debug = format!("{:?} {:?}", world.snapshot(ADMIN), world.keys(ADMIN));
    assert!(sheet.split('-').all(|group| !debug.contains(group)));
}

#[test]
fn a_request_names_the_devices_own_keys() {
    let (world, _) = with_lee();
    let request = world.server.request_of(world.device_of(LEE));
    let keys = DeviceRequest::read(&request).expect("a request").keys;
    assert_eq!(world.identity(LEE).map(DeviceIdentity::public), Some(keys));
    assert_ne!(keys, DeviceKeys::from_secret(&[0; 32]).public());
}
