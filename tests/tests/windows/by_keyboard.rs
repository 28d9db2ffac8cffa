//! The whole way of both people without a mouse.

use atspi::Role;
use testkit::fake_camera::{FakeCamera, Kind};

use crate::clinic::Clinic;
use crate::footage;
use crate::hands::Key;
use crate::person::Person;

const CLINICIAN_WHISTLES: u32 = 700;
const PATIENT_WHISTLES: u32 = 500;

#[test]
fn two_people_meet_talk_and_part_without_touching_a_mouse() {
    let clinic = Clinic::opens();
    let mut clinician = Person::sits_down("clinician", None);
    let mut patient = Person::sits_down("patient", Some(FakeCamera::plug_in(Kind::Usual)));
    clinician.sound.whistle("mic_feed", CLINICIAN_WHISTLES);
    patient.sound.whistle("mic_feed", PATIENT_WHISTLES);

    clinician.opens_housecall(&clinic.of_one());
    signs_in(&clinic, &clinician);
    carries_the_link(&clinician, &patient);
    patient.opens_housecall(&[]);
    joins(&patient);

    clinician.sees(Role::Label, "Somebody waits");
    clinician.hands.press(&[Key::CONTROL, Key::SHIFT, Key::of('a')]);
    clinician.watches_until("the patient is seen", "Their picture", footage::shows_a_bright_quarter);
    clinician.waits_until("the patient is heard", |clinician| clinician.ears.hears(PATIENT_WHISTLES));
    patient.waits_until("the clinician is heard", |patient| patient.ears.hears(CLINICIAN_WHISTLES));

    patient.hands.press(&[Key::CONTROL, Key::of('d')]);
    clinician.sees(Role::Label, "Their microphone is off.");
    clinician.waits_until("the patient is silent", |clinician| clinician.ears.hears_no(PATIENT_WHISTLES));
    patient.hands.press(&[Key::CONTROL, Key::of('d')]);
    clinician.waits_until("the patient is heard again", |clinician| clinician.ears.hears(PATIENT_WHISTLES));
    patient.hands.press(&[Key::CONTROL, Key::of('e')]);
    clinician.sees(Role::Label, "Their camera is off.");
    // By the button this time.
    patient.tabs_to(Role::Button, "Turn camera on");
    patient.hands.press(&[Key::SPACE]);
    clinician.watches_until("the patient is seen again", "Their picture", footage::shows_a_bright_quarter);

    clinician.hands.press(&[Key::CONTROL, Key::SHIFT, Key::of('h')]);
    patient.reads("The clinic ended the call.");
    clinician.sees(Role::Label, "You ended the visit.");
    clinician.tabs_to(Role::Button, "Back to your desk");
    clinician.hands.press(&[Key::ENTER]);
    clinician.sees(Role::Heading, "Your desk");
    patient.tabs_to(Role::Button, "Close Housecall");
    patient.hands.press(&[Key::ENTER]);
    assert_eq!(patient.sees_it_end(), 0);
    clinician.closes_the_window();
    assert_eq!(clinician.sees_it_end(), 0);
}

fn signs_in(clinic: &Clinic, clinician: &Person) {
    clinician.tabs_to(Role::Button, "Sign in as a clinician");
    clinician.hands.press(&[Key::SPACE]);
    clinician.tabs_to(Role::ToggleButton, "Server without a public certificate");
    clinician.hands.press(&[Key::SPACE]);
    for (field, text) in
        [("Clinic's server", clinic.address()), ("Name", clinic.name()), ("Certificate pin", clinic.pin())]
    {
        clinician.tabs_to(Role::Entry, field);
        clinician.types(Role::Entry, field, text);
    }
    clinician.tabs_to(Role::PasswordText, "Password");
    clinician.types(Role::PasswordText, "Password", &clinic.password());
    clinician.tabs_to(Role::Entry, "One-time code");
    clinician.types(Role::Entry, "One-time code", &clinic.digits(clinic.name()));
    clinician.hands.press(&[Key::ENTER]);
    clinician.sees(Role::Heading, "Your desk");
}

fn carries_the_link(clinician: &Person, patient: &Person) {
    clinician.tabs_to(Role::Button, "Start a visit");
    clinician.hands.press(&[Key::SPACE]);
    clinician.tabs_to(Role::Button, "Copy the link");
    clinician.hands.press(&[Key::SPACE]);
    clinician.waits_until("the link is on the clipboard", |clinician| clinician.hands.clipboard().is_some());
    patient.hands.put_on_clipboard(&clinician.hands.clipboard().expect("a link"));
}

fn joins(patient: &Person) {
    patient.tabs_to(Role::Entry, "Your visit's link");
    patient.hands.press(&[Key::CONTROL, Key::of('v')]);
    patient.tabs_to(Role::Button, "Open the visit");
    patient.hands.press(&[Key::ENTER]);
    patient.watches_until("the own picture moves", "Your picture", footage::shows_a_bright_quarter);
    patient.tabs_to(Role::Button, "Join the visit");
    patient.hands.press(&[Key::SPACE]);
    patient.sees(Role::Heading, "You are in the waiting room");
}
