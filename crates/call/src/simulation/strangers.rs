//! Who is not who they should be: bundles, links, certificates, devices. Each is refused by its name before anything is
//! heard; its twin, the same world with the right one, connects.

use signaling_protocol::{Base64, Event, Notice, Participant, Role};
use trust::{Capabilities, DeviceRole, Epoch, InviteSecret, OwnBundle, UnixTime};

use super::attacks::{guest_refuses, host_refuses, with};
use super::people::People;
use super::world::{GUEST, HOST, Lie, World, participant_of};
use super::{ANOTHER_VISIT, DAY, INVITE, SERIAL, VISIT, device, device_with, issuer, revocations, secret};
use crate::{EndReason, HostInvite, Input, Problem, Refusal, SignalingInput};

/// Everybody of this role has this bundle, says the server.
fn swapping(role: Role, bundle: Base64) -> Lie {
    Box::new(move |_, event| {
        let swap = |participant: Participant| {
            if participant.role == role { Participant { bundle: bundle.clone(), ..participant } } else { participant }
        };
        let event = match event {
            Event::Joined { participant } => Event::Joined { participant: swap(participant) },
            Event::Hello { endpoint, admission, state, participants } => {
                let participants = participants.into_iter().map(swap).collect();
                Event::Hello { endpoint, admission, state, participants }
            }
            event => event,
        };
        vec![(0, event)]
    })
}

#[test]
fn another_clinics_bundle_in_the_place_of_the_hosts() {
    let forged = participant_of(&device_with(66, DeviceRole::Clinician, 5, &[]), VISIT);
    let people = People::default();
    guest_refuses(Refusal::WrongClinicKey, |lies| with(&people, lies, swapping(Role::Host, forged.clone())));
}

#[test]
fn a_bundle_of_our_clinician_from_another_visit() {
    let spliced = participant_of(&device(), ANOTHER_VISIT);
    let people = People::default();
    guest_refuses(Refusal::AnotherVisit, |lies| with(&people, lies, swapping(Role::Host, spliced.clone())));
}

#[test]
fn a_bundle_with_a_changed_byte() {
    let mut changed = participant_of(&device(), VISIT);
    changed.0[20] ^= 1;
    let people = People::default();
    guest_refuses(Refusal::ForgedCertificate, |lies| with(&people, lies, swapping(Role::Host, changed.clone())));
}

#[test]
fn a_guests_bundle_by_another_link() {
    let stranger = InviteSecret::from_random([66; 32]);
    let bundle = OwnBundle::guest([1; 64], INVITE, &stranger, &Capabilities::app());
    let bundle = Base64(bundle.bytes().to_vec());
    let people = People::default();
    host_refuses(Refusal::NotByOurLink, |lies| with(&people, lies, swapping(Role::Guest, bundle.clone())));
}

#[test]
fn bundles_of_the_version_that_did_not_seal() {
    // Version 1; nothing else of it is looked at.
    let version_1 = |role: u8, rest: usize| Base64([vec![1, role], vec![3; rest]].concat());
    let (host, guest) = (version_1(1, 208), version_1(2, 176));
    let people = People::default();
    guest_refuses(Refusal::OlderApp, |lies| with(&people, lies, swapping(Role::Host, host.clone())));
    host_refuses(Refusal::OlderApp, |lies| with(&people, lies, swapping(Role::Guest, guest.clone())));
}

/// A world whose people differ from the usual ones.
fn of_people(change: impl Fn(&mut People)) -> impl Fn(bool) -> World {
    move |lies| {
        let mut people = People::default();
        if lies {
            change(&mut people);
        }
        World::new(&people)
    }
}

#[test]
fn a_link_whose_time_is_over_or_that_was_for_another_visit() {
    host_refuses(Refusal::LinkExpired, of_people(|people| people.invite.not_after = DAY));
    host_refuses(Refusal::LinkOfAnotherVisit, of_people(|people| people.invite.visit = ANOTHER_VISIT));
    host_refuses(
        Refusal::NotByOurLink,
        of_people(|people| {
            people.invite = HostInvite { secret: InviteSecret::from_random([3; 32]), ..people.invite.clone() };
        }),
    );
}

#[test]
fn a_device_that_may_not_host() {
    for role in [DeviceRole::Admin, DeviceRole::FrontDesk, DeviceRole::Auditor] {
        guest_refuses(Refusal::WrongRole, of_people(|people| people.device = device_with(7, role, 5, &[])));
    }
}

#[test]
fn a_device_that_was_revoked_and_a_revocation_that_is_hidden() {
    let listed = || device_with(7, DeviceRole::Clinician, 5, &[SERIAL]);
    guest_refuses(Refusal::DeviceRevoked, of_people(|people| people.device = listed()));
    let older = || device_with(7, DeviceRole::Clinician, 4, &[]);
    guest_refuses(Refusal::RevocationsTooOld, of_people(|people| people.device = older()));
    guest_refuses(Refusal::RevocationsTooOld, of_people(|people| people.least_epoch = Epoch::new(1, 6)));
}

#[test]
fn a_certificate_that_is_over_or_from_the_future() {
    let far = |days: u64| UnixTime(DAY.0 + days * 86_400);
    for day in [far(8), UnixTime(DAY.0 - 86_400)] {
        let is_that_day = of_people(|people| (people.guest_day, people.server_day) = (day, day));
        guest_refuses(Refusal::CertificateExpired, is_that_day);
        // Only the guest's own clock says so: refused all the same, and the person told what to look at.
        guest_refuses(Refusal::ClockWrong, of_people(|people| people.guest_day = day));
    }
}

/// What the server brings an app of the clinic's revocations.
fn told(notice: &[u8]) -> Input {
    let notice = Notice { epoch: 0, notice: Base64(notice.to_vec()) };
    Input::Signaling(SignalingInput::Event(Event::Notice { notice }))
}

#[test]
fn a_device_that_is_revoked_in_the_call_ends_it_at_both_ends() {
    for (revoked, ends) in [(SERIAL + 1, false), (SERIAL, true)] {
        let mut world = World::new(&People::default()).run(10);
        let issuer = issuer(7);
        let notice = issuer.notice(&revocations(&issuer, 6, &[revoked]));
        world.tell(GUEST, told(&notice));
        assert_eq!(world.ended(GUEST), ends.then_some(EndReason::Refused(Refusal::DeviceRevoked)));
        let mut world = World::new(&People::default()).run(10);
        world.tell(HOST, told(&notice));
        assert_eq!(world.ended(HOST), ends.then_some(EndReason::Refused(Refusal::OwnDeviceRevoked)));
    }
}

#[test]
fn a_notice_that_is_forged_or_old_is_passed_over() {
    let mut world = World::new(&People::default()).run(10);
    let (ours, another) = (issuer(7), issuer(66));
    let mut changed = ours.notice(&revocations(&ours, 6, &[SERIAL]));
    *changed.last_mut().unwrap() ^= 1;
    let old = ours.notice(&revocations(&ours, 4, &[SERIAL]));
    for notice in [another.notice(&revocations(&another, 6, &[SERIAL])), changed, old, vec![], vec![1; 500]] {
        for side in [HOST, GUEST] {
            world.tell(side, told(&notice));
        }
    }
    world.pass(1);
    assert!(world.are_both_live());
}

#[test]
fn another_app_with_the_same_link_waits_and_is_told_apart() {
    let people = People::default();
    let mut world = World::new(&people).run(10);
    assert!(world.are_both_live());
    world.admits = false;
    world.restart_guest(&people);
    world.pass(30);
    let waiting = &world.apps[HOST].call.snapshot().waiting;
    assert!(matches!(waiting[..], [one] if one.reused), "{waiting:?}");
    assert!(!world.apps[GUEST].was_open, "it hears nobody before a person has said so");
    let endpoint = world.endpoint(GUEST);
    world.intend(HOST, crate::Intent::Admit(endpoint));
    world.pass(5);
    assert!(world.are_both_live(), "{:?} {:?}", world.phase(HOST), world.phase(GUEST));
}

#[test]
fn the_first_app_of_a_link_raises_no_alarm() {
    let mut world = World::new(&People::default());
    world.admits = false;
    let world = world.run(5);
    let waiting = &world.apps[HOST].call.snapshot().waiting;
    assert!(matches!(waiting[..], [one] if !one.reused), "{waiting:?}");
}

#[test]
fn another_bundle_under_the_same_name_ends_it() {
    let people = People::default();
    let mut world = World::new(&people).run(10);
    let endpoint = world.endpoint(HOST);
    let participant = Participant {
        endpoint,
        role: Role::Host,
        admission: signaling_protocol::Admission::Admitted,
        bundle: participant_of(&device(), VISIT),
    };
    world.tell(GUEST, Input::Signaling(SignalingInput::Event(Event::Joined { participant })));
    assert_eq!(world.ended(GUEST), Some(EndReason::Refused(Refusal::BundleChanged)));
}

#[test]
fn more_apps_than_a_visit_can_have_are_not_met() {
    let mut world = World::new(&People::default());
    world.admits = false;
    let mut world = world.run(5);
    for number in 0..40_u8 {
        let bundle = OwnBundle::guest([number; 64], INVITE, &secret(), &Capabilities::app());
        let endpoint = signaling_protocol::EndpointId::from_random([100 + number; 16]);
        let participant = Participant {
            endpoint,
            role: Role::Guest,
            admission: signaling_protocol::Admission::Waiting,
            bundle: Base64(bundle.bytes().to_vec()),
        };
        world.tell(HOST, Input::Signaling(SignalingInput::Event(Event::Joined { participant })));
        let reason = signaling_protocol::LeaveReason::ConnectionLost;
        world.tell(HOST, Input::Signaling(SignalingInput::Event(Event::Left { endpoint, reason })));
    }
    let problem = world.apps[HOST].call.snapshot().problem;
    assert!(matches!(problem, Some(Problem::GuestRefused { reason: Refusal::TooManyBundles, .. })), "{problem:?}");
    assert!(world.ended(HOST).is_none());
}
#[test]
fn a_device_that_is_known_to_be_revoked_is_not_met() {
    for (revoked, ends) in [(SERIAL + 1, false), (SERIAL, true)] {
        let issuer = issuer(7);
        let notice = issuer.notice(&revocations(&issuer, 6, &[revoked]));
        let mut world = World::new(&People::default());
        world.tell(GUEST, told(&notice));
        // What comes after it is older, or nobody's: it is not forgotten for that.
        world.tell(GUEST, told(&issuer.notice(&revocations(&issuer, 5, &[]))));
        world.tell(GUEST, told(&[]));
        let world = world.run(10);
        assert_eq!(world.ended(GUEST), ends.then_some(EndReason::Refused(Refusal::DeviceRevoked)));
        assert_eq!(world.are_both_live(), !ends);
    }
}
