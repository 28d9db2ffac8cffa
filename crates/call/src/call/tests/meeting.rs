//! Whom an app meets, how many, and under which name.

use signaling_protocol::LeaveReason;
use trust::Capability;

use super::*;
use crate::{Problem, Refusal};

/// Of an app that cannot seal as we do.
fn without_our_suite() -> Capabilities {
    Capabilities::app().without(Capability::SUITE_1)
}

fn refused(scene: &Scene) -> Option<Refusal> {
    match scene.call.snapshot().problem {
        Some(Problem::GuestRefused { reason, .. }) => Some(reason),
        _ => None,
    }
}

#[test]
fn a_host_with_whom_nothing_can_be_sealed_ends_the_call() {
    let mut scene = Scene::guest();
    scene.intent(Intent::Join);
    scene.signaling(SignalingInput::Challenge(Challenge([9; 48])));
    scene.joined(Role::Guest);
    let bundle = OwnBundle::host([4; 64], VISIT, &identity(), &without_our_suite());
    let bundle = Base64(bundle.bytes().to_vec());
    scene.hello(Admission::Waiting, vec![Participant { bundle, ..host_at(THEM, &identity()) }]);
    assert_eq!(ended(&scene), Some(EndReason::Refused(Refusal::OlderApp)));
}

#[test]
fn a_guest_with_whom_nothing_can_be_sealed_is_turned_away_by_the_word_that_the_server_knows() {
    let waits = (Admission::Waiting, SignalingRequest::Deny(THEM));
    for (admission, request) in [waits, (Admission::Admitted, SignalingRequest::Remove(THEM))] {
        let mut scene = Scene::host_with(&[]);
        scene.outputs();
        let bundle = OwnBundle::guest([4; 64], INVITE, &secret(), &without_our_suite());
        let bundle = Base64(bundle.bytes().to_vec());
        scene.event(Event::Joined { participant: Participant { bundle, admission, ..guest_at(THEM) } });
        assert_eq!((refused(&scene), scene.requests()), (Some(Refusal::OlderApp), vec![request]));
        assert!(scene.call.snapshot().waiting.is_empty() && ended(&scene).is_none());
    }
}

#[test]
fn whom_the_server_counts_as_admitted_is_removed_and_not_denied() {
    let waits = (Admission::Waiting, SignalingRequest::Deny(THEM));
    for (admission, request) in [waits, (Admission::Admitted, SignalingRequest::Remove(THEM))] {
        let mut scene = Scene::host_with(&[]);
        scene.event(Event::Joined { participant: Participant { admission, ..guest_at(THEM) } });
        scene.outputs();
        assert_eq!(scene.call.snapshot().waiting.len(), 1, "the server's word lets nobody in");
        scene.intent(Intent::Deny(THEM));
        assert_eq!(scene.requests(), [request]);
    }
}

#[test]
fn a_link_is_good_in_its_last_second_and_not_after_it() {
    // The scene begins a second after the origin of its clock.
    for (seconds, waiting, reason) in [(1, 1, None), (0, 0, Some(Refusal::LinkExpired))] {
        let invite = HostInvite { not_after: DAY.plus(seconds), ..invite() };
        let mut scene = Scene::new(Party::Host { device: identity(), visit: VISIT, invites: vec![invite] });
        scene.intent(Intent::Join);
        scene.joined(Role::Host);
        scene.hello(Admission::Admitted, vec![guest_at(THEM)]);
        assert_eq!((scene.call.snapshot().waiting.len(), refused(&scene)), (waiting, reason));
    }
}

#[test]
fn sixteen_apps_are_met_in_a_visit_and_no_more_though_each_has_gone_before_the_next() {
    let mut scene = Scene::host_with(&[]);
    for number in 0..17 {
        assert_eq!(refused(&scene), None, "{number} were met");
        let endpoint = EndpointId::from_random([100 + number; 16]);
        scene.event(Event::Joined { participant: guest_at(endpoint) });
        scene.event(Event::Left { endpoint, reason: LeaveReason::ConnectionLost });
    }
    assert_eq!(refused(&scene), Some(Refusal::TooManyBundles));
    let endpoint = EndpointId::from_random([100; 16]);
    scene.event(Event::Joined { participant: guest_at(endpoint) });
    assert_eq!(scene.call.snapshot().waiting.len(), 1, "who was met before is met again");
}

#[test]
fn what_the_server_says_of_ourselves_is_nobody_else() {
    let mut scene = Scene::guest_live();
    let stranger = Participant { bundle: Base64(vec![2; 300]), ..host_at(ME, &identity()) };
    scene.event(Event::Joined { participant: stranger });
    assert!(matches!(scene.phase(), Phase::Live { .. }));

    let mut scene = Scene::host_live();
    let stranger = Participant { bundle: Base64(vec![2; 300]), ..guest_at(ME) };
    scene.event(Event::Joined { participant: stranger });
    assert_eq!((refused(&scene), scene.requests()), (None, vec![]));
}

#[test]
fn an_app_under_a_new_name_leaves_the_old_one_at_the_server_only_if_it_is_still_there() {
    for is_gone in [false, true] {
        let mut scene = Scene::host_live();
        scene.event(Event::Joined { participant: Participant { endpoint: OTHER, ..guest_at(THEM) } });
        if is_gone {
            scene.event(Event::Left { endpoint: THEM, reason: LeaveReason::ConnectionLost });
        }
        scene.outputs();
        scene.peer(PeerInput::ControlClosed);
        let requests = scene.requests();
        assert!(requests.contains(&SignalingRequest::Admit(OTHER)), "{requests:?}");
        assert_eq!(requests.contains(&SignalingRequest::Remove(THEM)), !is_gone, "{requests:?}");
    }
}

#[test]
fn an_app_that_waits_waits_on_under_a_new_name() {
    let mut scene = Scene::host_with(&[THEM]);
    scene.outputs();
    scene.event(Event::Joined { participant: Participant { endpoint: OTHER, ..guest_at(THEM) } });
    let snapshot = scene.call.snapshot();
    assert!(matches!(snapshot.waiting[..], [one] if one.endpoint == OTHER), "{:?}", snapshot.waiting);
    assert_eq!(snapshot.partner, None);
    assert!(matches!(scene.phase(), Phase::WaitingRoom { .. }), "{:?}", scene.phase());
    assert!(!scene.requests().contains(&SignalingRequest::Admit(OTHER)));
}

#[test]
fn an_app_that_is_lost_goes_on_being_healed_under_its_new_name() {
    for mut scene in [Scene::host_live(), Scene::guest_live()] {
        let lost = scene.now;
        scene.peer(PeerInput::Disconnected);
        scene.wait(secs(10));
        let participant = match scene.call.role() {
            Role::Host => Participant { endpoint: OTHER, ..guest_at(THEM) },
            Role::Guest => Participant { endpoint: OTHER, ..host_at(THEM, &identity()) },
        };
        scene.event(Event::Joined { participant });
        assert_eq!(scene.call.snapshot().partner, Some(OTHER));
        assert!(matches!(scene.phase(), Phase::Reconnecting { since, .. } if since == lost), "{:?}", scene.phase());
    }
}
