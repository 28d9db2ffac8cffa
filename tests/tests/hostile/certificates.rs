//! Papers of who says to be the clinician: over, forged, of another role, revoked.

use std::time::Duration;

use call::{EndReason, Refusal};
use signaling_protocol::{Base64, Event, Notice, Role};
use trust::{DeviceRole, Epoch};

use crate::apps::Habit;
use crate::fixtures::{ANOTHER_CLINIC, DAY, Papers, SERIAL};
use crate::script::{Script, now};
use crate::verdict::{connects, goes_on, honest, refused, refused_as};
use crate::world::{LIMIT, World};

/// The server shows a clinician with these papers to the patient.
#[track_caller]
fn shows(papers: Papers, refusal: Refusal) {
    refused(Role::Guest, refusal, || Script::bundles(Role::Host, move |seat, _| papers.bundle(seat.visit)));
}

#[test]
fn a_certificate_that_is_over() {
    shows(Papers { device_days: (-9, 7), ..Papers::default() }, Refusal::CertificateExpired);
}

#[test]
fn a_certificate_from_the_future() {
    shows(Papers { device_days: (2, 5), ..Papers::default() }, Refusal::CertificateExpired);
}

/// By a server that says a week ago, too: what the clocks say of each other is told to the person and excuses nothing.
#[test]
fn an_old_certificate_shown_a_week_later() {
    refused_as(Role::Guest, Refusal::ClockWrong, |lies| match lies {
        true => (Script::honest(), Habit { guest_ahead: Duration::from_secs(8 * DAY), ..Habit::default() }),
        false => honest(),
    });
}

#[test]
fn a_certificate_for_longer_than_a_week() {
    let papers = Papers::default();
    refused(Role::Guest, Refusal::ForgedCertificate, || {
        Script::bundles(Role::Host, move |seat, _| papers.bundle_for_days(seat.visit, 30))
    });
}

#[test]
fn papers_whose_clinic_is_ours_by_name_alone() {
    // The clinic's key is no secret: it stands before papers that another key signed.
    let papers = Papers { clinic: ANOTHER_CLINIC, ..Papers::default() };
    refused(Role::Guest, Refusal::ForgedCertificate, || {
        Script::bundles(Role::Host, move |seat, honest| {
            let mut forged = papers.bundle(seat.visit);
            let chain = |bundle: &[u8]| 87 + 2 * usize::from(bundle[86]);
            let (of, at) = (chain(honest), chain(&forged));
            forged[at..at + 32].copy_from_slice(&honest[of..of + 32]);
            forged
        })
    });
}

#[test]
fn a_device_that_another_issuing_key_certified() {
    let (ours, theirs) = (Papers::default(), Papers { clinic: ANOTHER_CLINIC, issuer: [77; 32], ..Papers::default() });
    refused(Role::Guest, Refusal::ForgedCertificate, || {
        Script::bundles(Role::Host, move |seat, _| {
            let (mut forged, other) = (ours.bundle(seat.visit), theirs.bundle(seat.visit));
            // Clinic's key and issuing key are ours, the device's certificate is theirs.
            let device = 87 + 2 * usize::from(forged[86]) + 32 + 115;
            forged[device..device + 186].copy_from_slice(&other[device..device + 186]);
            forged
        })
    });
}

#[test]
fn a_device_of_the_front_desk() {
    shows(Papers { role: DeviceRole::FrontDesk, ..Papers::default() }, Refusal::WrongRole);
}

#[test]
fn a_device_of_an_admin() {
    shows(Papers { role: DeviceRole::Admin, ..Papers::default() }, Refusal::WrongRole);
}

#[test]
fn a_device_of_an_auditor() {
    shows(Papers { role: DeviceRole::Auditor, ..Papers::default() }, Refusal::WrongRole);
}

#[test]
fn a_device_that_its_own_list_says_is_revoked() {
    shows(Papers { revoked: vec![SERIAL], ..Papers::default() }, Refusal::DeviceRevoked);
}

#[test]
fn a_revocation_hidden_behind_a_list_that_is_over() {
    shows(Papers { list_days: (-9, 7), ..Papers::default() }, Refusal::RevocationsTooOld);
}

#[test]
fn a_revocation_hidden_behind_a_list_older_than_the_link() {
    refused_as(Role::Guest, Refusal::RevocationsTooOld, |lies| match lies {
        true => {
            let link = |mut link: session::Link| {
                link.epoch = Some(Epoch::new(1, 5).0);
                link
            };
            (Script::honest(), Habit { link, ..Habit::default() })
        }
        false => honest(),
    });
}

fn told(notice: Base64) -> Event {
    Event::Notice { notice: Notice { epoch: 0, notice } }
}

/// A list of the clinic's own, with this counter.
fn list(counter: u16, revoked: &[u64]) -> Papers {
    Papers { counter, revoked: revoked.to_vec(), ..Papers::default() }
}

#[test]
fn a_revoked_device_whose_own_papers_are_fine() {
    refused(Role::Guest, Refusal::DeviceRevoked, || before_hello(vec![list(6, &[SERIAL])]));
}

#[test]
fn a_revocation_taken_back_by_an_older_list() {
    refused(Role::Guest, Refusal::DeviceRevoked, || before_hello(vec![list(6, &[SERIAL]), list(5, &[])]));
}

/// The patient is told these lists before anybody is met.
fn before_hello(lists: Vec<Papers>) -> Script {
    Script::honest().events(move |seat, event| {
        let lists = lists.iter().map(|papers| now(told(papers.notice())));
        match event {
            Event::Hello { .. } if seat.role == Role::Guest => lists.chain([now(event)]).flatten().collect(),
            event => now(event),
        }
    })
}

#[test]
fn a_revocation_that_is_hidden_from_the_clinician() {
    revoked_in_the_call(Role::Guest, Refusal::DeviceRevoked);
}

#[test]
fn a_revocation_that_is_hidden_from_the_patient() {
    revoked_in_the_call(Role::Host, Refusal::OwnDeviceRevoked);
}

/// Only one end is told that the device is revoked; that end stops the call. Another device's revocation stops nothing.
#[track_caller]
fn revoked_in_the_call(told_to: Role, refusal: Refusal) {
    goes_on(Script::honest, |world| {
        tell(world, told_to, list(6, &[SERIAL + 1]).notice());
        world.pass(Duration::from_millis(300));
        assert!(world.is_live(), "{:?}", world.seen);
        let mut another = World::open(world.clinic, Script::honest(), &Habit::default());
        connects(&mut another);
        tell(&another, told_to, list(6, &[SERIAL]).notice());
        assert!(another.until(LIMIT, |world| world.seen.iter().all(|seen| seen.ended.is_some())), "{:?}", another.seen);
        assert_eq!(another.seen(told_to).ended, Some(EndReason::Refused(refusal)));
        another.close();
    });
}

#[test]
fn a_revocation_that_another_clinic_signed() {
    goes_on(Script::honest, |world| {
        let forged = Papers { clinic: ANOTHER_CLINIC, ..list(6, &[SERIAL]) }.notice();
        for role in [Role::Host, Role::Guest] {
            tell(world, role, forged.clone());
        }
        world.pass(Duration::from_millis(300));
    });
}

fn tell(world: &World<'_>, role: Role, notice: Base64) {
    let seats = world.proxy.liar.seats(role);
    world.proxy.liar.tell(seats[0].endpoint, &told(notice));
}
