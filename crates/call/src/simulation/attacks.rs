//! What a server that lies tries. Each attack ends by its name before anything is heard; its twin, the same world without
//! the attack, connects.

use signaling_protocol::{Base64, Event, Participant, Role, SCHEME_OPEN};
use trust::{
    BundleKeys, Capabilities, DeviceRole, DtlsFingerprint, Epoch, HostIdentity, InviteSecret, OwnBundle, UnixTime,
};

use super::people::People;
use super::world::{GUEST, HOST, Lie, World, participant_of};
use super::{ANOTHER_VISIT, DAY, INVITE, SERIAL, VISIT, device, device_with, issuer, revocations, secret};
use crate::{EndReason, HostInvite, Input, Problem, Refusal, SignalingInput};

/// The guest's app refuses the one world by this name, and lives through its twin.
fn guest_refuses(refusal: Refusal, world: impl Fn(bool) -> World) {
    let twin = world(false).run(40);
    assert!(twin.are_both_live(), "the twin: {:?} {:?}", twin.phase(HOST), twin.phase(GUEST));
    let world = world(true).run(40);
    assert_eq!(world.ended(GUEST), Some(EndReason::Refused(refusal)));
    assert!(!world.did_anybody_open(), "media was open");
}

/// The host's app turns the guest of the one world away for this, and lives through its twin.
fn host_refuses(reason: Refusal, world: impl Fn(bool) -> World) {
    let twin = world(false).run(40);
    assert!(twin.are_both_live(), "the twin: {:?} {:?}", twin.phase(HOST), twin.phase(GUEST));
    let world = world(true).run(40);
    let problem = world.apps[HOST].call.snapshot().problem;
    let named = matches!(problem, Some(Problem::GuestRefused { reason: named, .. }) if named == reason)
        || world.ended(HOST) == Some(EndReason::Refused(reason));
    assert!(named, "{problem:?} {:?}", world.ended(HOST));
    assert!(!world.did_anybody_open(), "media was open");
}

fn with(people: &People, lies: bool, lie: Lie) -> World {
    let mut world = World::new(people);
    if lies {
        world.lie = lie;
    }
    world
}

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

/// Changes what comes to this app in boxes.
fn changing(side: usize, change: impl Fn(&mut signaling_protocol::Envelope) + 'static) -> Lie {
    Box::new(move |to, mut event| {
        if let Event::Message { envelope } = &mut event
            && to == side
        {
            change(envelope);
        }
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
    let keys = BundleKeys::from_random([1; 64]);
    let host = Base64(keys.host_bundle(VISIT, &HostIdentity::from_secret(&[7; 32])));
    let guest = Base64(keys.guest_bundle(INVITE, &secret()));
    let people = People::default();
    guest_refuses(Refusal::OlderApp, |lies| with(&people, lies, swapping(Role::Host, host.clone())));
    host_refuses(Refusal::OlderApp, |lies| with(&people, lies, swapping(Role::Guest, guest.clone())));
}

#[test]
fn a_seal_that_was_taken_off() {
    let people = People::default();
    let strip = |side| changing(side, |envelope| envelope.scheme = SCHEME_OPEN);
    guest_refuses(Refusal::NotSealed, |lies| with(&people, lies, strip(GUEST)));
    host_refuses(Refusal::NotSealed, |lies| with(&people, lies, strip(HOST)));
}

#[test]
fn a_scheme_that_we_do_not_know() {
    let people = People::default();
    guest_refuses(Refusal::NewerApp, |lies| with(&people, lies, changing(GUEST, |envelope| envelope.scheme = 2)));
    guest_refuses(Refusal::NewerApp, |lies| with(&people, lies, changing(GUEST, |envelope| envelope.sealed.0[0] = 2)));
}

#[test]
fn boxes_that_were_changed_on_their_way() {
    let people = People::default();
    for byte in [10, 60, 300] {
        let flip = |side| changing(side, move |envelope| envelope.sealed.0[byte.min(250)] ^= 1);
        guest_refuses(Refusal::Tampered, |lies| with(&people, lies, flip(GUEST)));
        host_refuses(Refusal::Tampered, |lies| with(&people, lies, flip(HOST)));
    }
    let cut = |side| changing(side, |envelope| envelope.sealed.0.truncate(100));
    guest_refuses(Refusal::Tampered, |lies| with(&people, lies, cut(GUEST)));
    host_refuses(Refusal::Tampered, |lies| with(&people, lies, cut(HOST)));
}

#[test]
fn a_key_of_low_order_in_a_first_box() {
    let people = People::default();
    let zero = |side| {
        changing(side, |envelope| {
            if envelope.seq == 0 {
                envelope.sealed.0[9..41].fill(0);
            }
        })
    };
    guest_refuses(Refusal::UnsafeKeys, |lies| with(&people, lies, zero(GUEST)));
    host_refuses(Refusal::UnsafeKeys, |lies| with(&people, lies, zero(HOST)));
}

#[test]
fn numbers_on_the_envelope_are_not_believed() {
    let people = People::default();
    let lie = changing(GUEST, |envelope| (envelope.seq, envelope.epoch) = (77, 99));
    assert!(with(&people, true, lie).run(10).are_both_live());
}

#[test]
fn boxes_of_another_visit_by_the_same_link() {
    let people = People::default();
    let mut before = World::new(&people);
    before.apps[HOST].call = people.host(7);
    before.apps[GUEST].call = people.guest(8);
    let before = before.run(10);
    assert!(before.are_both_live());
    let of = |side: usize| -> Vec<_> {
        before.boxes.iter().filter(|(from, _)| *from != side).map(|(_, envelope)| envelope.sealed.clone()).collect()
    };
    let splice = |side: usize| {
        let old = of(side);
        changing(side, move |envelope| envelope.sealed = old[envelope.seq as usize % old.len()].clone())
    };
    guest_refuses(Refusal::Tampered, |lies| with(&people, lies, splice(GUEST)));
    host_refuses(Refusal::Tampered, |lies| with(&people, lies, splice(HOST)));
}

#[test]
fn boxes_that_are_sent_back_to_who_sealed_them() {
    let people = People::default();
    let mut world = World::new(&people).run(10);
    assert!(world.are_both_live());
    let dropped = world.assurance(HOST).dropped_boxes;
    let guest = world.endpoint(GUEST);
    for (from, mut envelope) in world.boxes.clone() {
        if from == HOST {
            envelope.from = Some(guest);
            world.tell(HOST, Input::Signaling(SignalingInput::Event(Event::Message { envelope })));
        }
    }
    world.pass(20);
    assert!(world.are_both_live(), "what the server makes up ends no call that is heard");
    assert!(world.assurance(HOST).dropped_boxes > dropped);
}

#[test]
fn boxes_that_are_brought_again_later_and_after_coming_back() {
    let mut world = World::new(&People::default()).run(10);
    let replay = |world: &mut World| {
        for (from, mut envelope) in world.boxes.clone() {
            envelope.from = Some(world.endpoint(from));
            world.tell(1 - from, Input::Signaling(SignalingInput::Event(Event::Message { envelope })));
        }
    };
    let open = world.boxes.len();
    replay(&mut world);
    world.pass(5);
    assert!(world.are_both_live());
    assert_eq!(world.boxes.len(), open, "nobody answers what was answered");
    world.forget_guest();
    world.pass(1);
    replay(&mut world);
    world.pass(30);
    assert!(world.are_both_live(), "{:?} {:?}", world.phase(HOST), world.phase(GUEST));
}

#[test]
fn another_certificate_in_the_handshake() {
    let people = People::default();
    for side in [HOST, GUEST] {
        let world = |lies: bool| {
            let mut world = World::new(&people);
            world.shown[side] = lies.then_some(DtlsFingerprint([66; 32]));
            world
        };
        if side == HOST {
            host_refuses(Refusal::FingerprintMismatch, world);
        } else {
            guest_refuses(Refusal::FingerprintMismatch, world);
        }
    }
}

#[test]
fn protection_that_both_have_and_one_leaves_out() {
    let people = People::default();
    let world = |side: usize| {
        let people = &people;
        move |lies: bool| {
            let mut world = World::new(people);
            if lies {
                world.describe = match side {
                    HOST => |side, parameters| if side == HOST { weaker(parameters) } else { parameters },
                    _ => |side, parameters| if side == GUEST { weaker(parameters) } else { parameters },
                };
            }
            world
        }
    };
    guest_refuses(Refusal::Downgraded, world(HOST));
    host_refuses(Refusal::Downgraded, world(GUEST));
}

fn weaker(mut parameters: trust::ConnectionParameters) -> trust::ConnectionParameters {
    parameters.srtp.retain(|profile| *profile != trust::SrtpProfile::AeadAes256Gcm);
    parameters
}

#[test]
fn media_that_is_not_protected_at_all() {
    let people = People::default();
    guest_refuses(Refusal::Parameters, |lies| {
        let mut world = World::new(&people);
        if lies {
            world.describe = |side, mut parameters| {
                parameters.srtp.retain(|_| side != HOST);
                parameters
            };
        }
        world
    });
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
    guest_refuses(Refusal::CertificateExpired, of_people(|people| people.guest_day = far(8)));
    guest_refuses(Refusal::CertificateExpired, of_people(|people| people.guest_day = UnixTime(DAY.0 - 86_400)));
}

#[test]
fn a_device_that_is_revoked_in_the_call_ends_it_at_both_ends() {
    for (revoked, ends) in [(SERIAL + 1, false), (SERIAL, true)] {
        let mut world = World::new(&People::default()).run(10);
        let issuer = issuer(7);
        let notice = issuer.notice(&revocations(&issuer, 6, &[revoked]));
        world.tell(GUEST, Input::Signaling(SignalingInput::Revocations(notice.clone())));
        assert_eq!(world.ended(GUEST), ends.then_some(EndReason::Refused(Refusal::DeviceRevoked)));
        let mut world = World::new(&People::default()).run(10);
        world.tell(HOST, Input::Signaling(SignalingInput::Revocations(notice)));
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
            world.tell(side, Input::Signaling(SignalingInput::Revocations(notice.clone())));
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
