//! Set up, enrol, revoke, recover.

use call::Refusal;
use desk::{DeviceStanding, KeysIntent, OfficeStage, RowState};
use trust::{DeviceIdentity, DeviceRole};
use units::Phi;

use crate::app::{App, Keyring, until};
use crate::clinic::Clinic;
use crate::visit::{Outcome, patient_meets};

/// The admin sets the clinic up; what the sheet says.
async fn set_up(ada: &mut App) -> String {
    until("the server's word", [&mut *ada], |[ada]| stage(ada) == OfficeStage::NotSetUp).await;
    ada.want(KeysIntent::SetUp);
    let OfficeStage::Sheet(sheet) = stage(ada) else { panic!("no sheet: {:?}", ada.snapshot()) };
    let groups = sheet.groups.expose().clone();
    let typed = sheet.asked.map(|asked| Phi::new(groups.split('-').nth(asked - 1).unwrap().to_owned()));
    ada.want(KeysIntent::ConfirmSheet(typed.to_vec()));
    until("the clinic", [ada], |[ada]| ada.identity.is_some()).await;
    groups
}

/// Both people find the digits the same.
async fn enrol(ada: &mut App, lee: &mut App) {
    let waits = |ada: &App| ada.snapshot().office.as_ref().and_then(|office| office.waiting.first().cloned());
    until("a device that waits", [&mut *ada, &mut *lee], |[ada, lee]| {
        waits(ada).is_some() && lee.snapshot().device == DeviceStanding::Waiting
    })
    .await;
    let row = waits(ada).unwrap();
    assert_eq!(row.account, Some(Phi::new("lee".to_owned())));
    let name = Phi::new("Dr Lee".to_owned());
    ada.want(KeysIntent::Compare { device: row.device, name, role: DeviceRole::Clinician });
    until("digits", [&mut *ada, &mut *lee], |[ada, lee]| admins_digits(ada).is_some() && digits(lee).is_some()).await;
    assert_eq!(admins_digits(ada), digits(lee));
    lee.want(KeysIntent::SameOnDevice(true));
    ada.want(KeysIntent::SameAsAdmin(true));
    until("the certificate", [ada, lee], |[_, lee]| lee.identity.is_some()).await;
}

fn stage(app: &App) -> OfficeStage {
    app.snapshot().office.as_ref().expect("an admin").stage.clone()
}

fn digits(app: &App) -> Option<Phi<String>> {
    if let DeviceStanding::Comparing(digits) = &app.snapshot().device { digits.clone() } else { None }
}

fn admins_digits(app: &App) -> Option<Phi<String>> {
    app.snapshot().office.as_ref()?.comparing.as_ref()?.digits.clone()
}

fn lees_name() -> Phi<String> {
    Phi::new("Dr Lee".to_owned())
}

fn certified(app: &App) -> DeviceIdentity {
    app.identity.clone().expect("certified")
}

#[tokio::test]
async fn a_clinic_is_set_up_a_device_enrolled_revoked_and_the_clinic_recovered_and_each_visit_says_so() {
    let clinic = Clinic::opens().await;
    let (laptop, phone) = (Keyring::default(), Keyring::default());
    let mut ada = App::sign_in(&clinic, "ada", &laptop).await;
    let sheet = set_up(&mut ada).await;
    let mut lee = App::sign_in(&clinic, "lee", &phone).await;
    enrol(&mut ada, &mut lee).await;

    // A visit by the clinician's device, for a patient with the clinician's link.
    let device = certified(&lee);
    assert_eq!(patient_meets(&clinic, &lee, &device, &device).await, Outcome::Verified);

    // The next start needs nobody.
    drop(lee);
    let mut lee = App::sign_in(&clinic, "lee", &phone).await;
    until("the same certificate", [&mut lee], |[lee]| lee.identity.is_some()).await;
    assert_eq!(certified(&lee).public(), device.public());

    // The device is lost: its person is signed out, and its old certificate opens no new link.
    let rows = |ada: &App| ada.snapshot().office.as_ref().expect("an admin").devices.clone();
    let lees = |ada: &App| {
        rows(ada).into_iter().find(|row| row.state == RowState::Certified && row.name.as_ref() == Some(&lees_name()))
    };
    until("the device and its person on the list", [&mut ada], |[ada]| lees(ada).is_some()).await;
    let row = lees(&ada).expect("on the list");
    ada.want(KeysIntent::Revoke(row.device));
    until("the revocation", [&mut ada, &mut lee], |[ada, lee]| lee.is_signed_out && rows(ada).len() == 1).await;
    until("the admin's next statement", [&mut ada], |[ada]| {
        ada.identity.as_ref().is_some_and(|admin| admin.epoch() > device.epoch())
    })
    .await;
    let newest = certified(&ada);
    let mut lee = App::sign_in(&clinic, "lee", &phone).await;
    let on_a_new_link = patient_meets(&clinic, &lee, &newest, &device).await;
    assert_eq!(on_a_new_link, Outcome::Refused(Refusal::RevocationsTooOld));
    let on_an_old_link = patient_meets(&clinic, &lee, &device, &device).await;
    assert_eq!(on_an_old_link, Outcome::Refused(Refusal::DeviceRevoked));
    until("the word of it", [&mut lee], |[lee]| lee.snapshot().device == DeviceStanding::Revoked).await;
    assert!(lee.identity.is_none());

    // Found again, and enrolled anew with other keys.
    lee.want(KeysIntent::AskAnew);
    enrol(&mut ada, &mut lee).await;
    let second = certified(&lee);
    assert_ne!(second.public(), device.public());
    assert_eq!(patient_meets(&clinic, &lee, &second, &second).await, Outcome::Verified);

    // The admin's laptop is gone; the sheet is not.
    drop(ada);
    let mut ada = App::sign_in(&clinic, "ada", &Keyring::default()).await;
    until("no keys here", [&mut ada], |[ada]| stage(ada) == OfficeStage::Elsewhere).await;
    ada.want(KeysIntent::Recover(Phi::new(sheet)));
    let to_certify = |ada: &App| {
        rows(ada)
            .into_iter()
            .find(|row| row.state == RowState::ToCertifyAnew && row.role == Some(DeviceRole::Clinician))
    };
    until("the cards of the lost laptop", [&mut ada, &mut lee], |[ada, lee]| {
        to_certify(ada).is_some() && lee.snapshot().device == DeviceStanding::Replaced
    })
    .await;
    ada.want(KeysIntent::CertifyAnew(to_certify(&ada).unwrap().device));
    until("the new certificate", [&mut ada, &mut lee], |[_, lee]| lee.identity.is_some()).await;
    let third = certified(&lee);
    assert_eq!((third.public(), third.clinic()), (second.public(), second.clinic()));
    assert_eq!(patient_meets(&clinic, &lee, &third, &third).await, Outcome::Verified);
    let before = patient_meets(&clinic, &lee, &third, &second).await;
    assert_eq!(before, Outcome::Refused(Refusal::RevocationsTooOld));
    let before = patient_meets(&clinic, &lee, &second, &second).await;
    assert_eq!(before, Outcome::Refused(Refusal::DeviceRevoked));
}
