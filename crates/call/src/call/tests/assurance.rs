//! How sure a live call is of who is there: what is made up, and what a comparison of digits goes over.

use super::*;
use crate::{Check, Problem};

#[test]
fn a_made_up_box_is_forgotten_while_the_other_side_is_heard() {
    for mut scene in [Scene::host_live(), Scene::guest_live()] {
        let mut envelope = scene.boxed(THEM, &InnerMessage::OfferRequest);
        *envelope.sealed.0.last_mut().unwrap() ^= 1;
        scene.event(Event::Message { envelope });
        scene.wait(secs(20));
        assert!(matches!(scene.phase(), Phase::Live { .. }));
        assert_eq!(scene.call.snapshot().assurance.as_ref().map(|assurance| assurance.dropped_boxes), Some(1));
        assert!(scene.call.poll_timeout().is_none_or(|at| at > scene.now), "it asks to be woken for what is over");
        scene.peer(PeerInput::Disconnected);
        scene.wait(secs(1));
        assert!(matches!(scene.phase(), Phase::Reconnecting { .. }), "and is no reason later");
    }
}

#[test]
fn a_box_without_a_seal_is_counted_and_ends_nothing_while_the_other_side_is_heard() {
    for mut scene in [Scene::host_live(), Scene::guest_live()] {
        let envelope = scene.boxed(THEM, &InnerMessage::OfferRequest);
        scene.event(Event::Message { envelope: Envelope { scheme: signaling_protocol::SCHEME_OPEN, ..envelope } });
        assert!(matches!(scene.phase(), Phase::Live { .. }));
        assert_eq!(scene.call.snapshot().assurance.as_ref().map(|assurance| assurance.dropped_boxes), Some(1));
    }
}

fn check(scene: &Scene) -> Option<Check> {
    scene.call.snapshot().assurance.as_ref().map(|assurance| assurance.check)
}

#[test]
fn a_comparison_of_digits_goes_with_the_control_channel_that_it_went_over() {
    for mut scene in [Scene::host_live(), Scene::guest_live()] {
        // The first box tells who is there.
        scene.say(InnerMessage::EndOfCandidates { generation: 0 });
        assert_eq!(check(&scene), Some(Check::None));
        scene.intent(Intent::StartCheck);
        assert_eq!(check(&scene), Some(Check::Asked));
        scene.peer(PeerInput::ControlOpened);
        assert_eq!(check(&scene), Some(Check::Lost), "what was said may not have come through");
        scene.intent(Intent::StartCheck);
        assert_eq!(check(&scene), Some(Check::Asked), "it begins again");
    }
}

#[test]
fn who_began_three_comparisons_is_told_that_there_are_no_more() {
    let mut scene = Scene::host_live();
    scene.say(InnerMessage::EndOfCandidates { generation: 0 });
    for _ in 0..3 {
        scene.intent(Intent::StartCheck);
        assert_eq!((check(&scene), scene.call.snapshot().problem), (Some(Check::Asked), None));
        scene.peer(PeerInput::ControlOpened);
    }
    scene.intent(Intent::StartCheck);
    assert_eq!(scene.call.snapshot().problem, Some(Problem::CheckedTooOften));
    assert_eq!(check(&scene), Some(Check::Lost));
    assert!(matches!(scene.phase(), Phase::Live { .. }));
}

#[test]
fn no_comparison_of_digits_begins_over_a_control_channel_that_is_closed() {
    for is_closed in [false, true] {
        let mut scene = Scene::host_live();
        if is_closed {
            scene.peer(PeerInput::ControlClosed);
            scene.peer(PeerInput::DtlsConnected { remote_fingerprint: DtlsFingerprint([2; 32]) });
            scene.outputs();
        }
        assert!(matches!(scene.phase(), Phase::Live { .. }));
        scene.intent(Intent::StartCheck);
        assert_eq!(control_messages(&scene.commands()).is_empty(), is_closed);
        assert_eq!(check(&scene) == Some(Check::Asked), !is_closed);
    }
}
