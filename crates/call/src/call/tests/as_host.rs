//! The host: who waits, who is warmed, who comes in.

use signaling_protocol::{Code, EndReason as VisitEndReason, LeaveReason};

use super::*;
use crate::{MilestoneKind, Problem, Refusal, RequestKind};

#[test]
fn a_host_joins_opens_its_stream_and_waits() {
    let mut scene = Scene::host();
    scene.intent(Intent::Join);
    assert!(matches!(&scene.requests()[..], [SignalingRequest::JoinHost { visit: VISIT, .. }]));
    assert_eq!(scene.phase(), Phase::Lobby);
    scene.joined(Role::Host);
    assert_eq!(scene.requests(), [SignalingRequest::OpenEvents, SignalingRequest::GetIce]);
    assert_eq!(scene.phase(), Phase::WaitingRoom { since: scene.now });
    assert!(scene.call.snapshot().signaling_up);
}

#[test]
fn the_next_two_are_warmed_and_no_media_passes() {
    let mut scene = Scene::host_with(&[THEM, OTHER, THIRD]);
    let commands = scene.commands();
    assert_eq!(opened(&commands), [THEM, OTHER]);
    assert!(!opens_media(&commands));
    let waiting = &scene.call.snapshot().waiting;
    assert_eq!(waiting.iter().map(|one| one.endpoint).collect::<Vec<_>>(), [THEM, OTHER, THIRD]);
    assert!(waiting.iter().all(|one| !one.warm && one.invite == INVITE));

    scene.event(Event::Left { endpoint: OTHER, reason: LeaveReason::Left });
    assert_eq!(opened(&scene.commands()), [THIRD], "the queue moves up");
}

#[test]
fn a_connection_that_stands_is_warm_and_still_silent() {
    let mut scene = Scene::host_warm();
    assert!(scene.call.snapshot().waiting[0].warm);
    assert!(!scene.call.snapshot().media_open);
    let commands = scene.commands();
    assert!(!opens_media(&commands) && control_messages(&commands).is_empty());
    assert!(matches!(scene.phase(), Phase::WaitingRoom { .. }));
}

#[test]
fn who_is_admitted_hears_it_first_and_then_media_opens() {
    let mut scene = Scene::host_warm();
    scene.outputs();
    scene.intent(Intent::Admit(THEM));
    let outputs = scene.outputs();
    assert_eq!(requests(&outputs), [SignalingRequest::Admit(THEM)]);
    assert!(!outputs.iter().any(|output| matches!(output, Output::Peer(..))), "not before it is written down");

    scene.signaling(SignalingInput::Admitted(THEM));
    let commands = scene.commands();
    let word = commands.iter().position(|(_, command)| matches!(command, PeerCommand::SendControl(_)));
    let media = commands.iter().position(|(_, command)| matches!(command, PeerCommand::OpenMedia));
    assert!(word < media && word.is_some(), "{commands:?}");
    assert_eq!(control_messages(&commands)[0], ControlMessage::Admitted);
    assert_eq!(scene.phase(), Phase::Live { since: scene.now });
    assert!(scene.call.snapshot().waiting.is_empty());
}

#[test]
fn milestones_of_a_warm_path_are_told_with_the_time_they_had() {
    let mut scene = Scene::host_warm();
    let connected = scene.now;
    scene.wait(secs(5));
    scene.outputs();
    scene.intent(Intent::Admit(THEM));
    scene.signaling(SignalingInput::Admitted(THEM));
    let decided = scene.now;
    let milestones: Vec<_> = scene
        .outputs()
        .into_iter()
        .filter_map(|output| match output {
            Output::Milestone(milestone) => Some((milestone.kind, milestone.at)),
            _ => None,
        })
        .collect();
    assert!(milestones.contains(&(MilestoneKind::Admitted, decided)));
    assert!(milestones.contains(&(MilestoneKind::DtlsConnected, connected)), "{milestones:?}");
    assert!(milestones.contains(&(MilestoneKind::Negotiated, connected)));
}

#[test]
fn no_word_of_the_server_opens_the_hosts_gate() {
    let mut scene = Scene::host_warm();
    scene.outputs();
    scene.event(Event::Admitted { endpoint: THEM });
    scene.signaling(SignalingInput::Admitted(THEM));
    scene.hello(Admission::Admitted, vec![Participant { admission: Admission::Admitted, ..guest_at(THEM) }]);
    scene.control(ControlMessage::Admitted);
    scene.wait(secs(60));
    assert!(!opens_media(&scene.commands()));
    assert!(matches!(scene.phase(), Phase::WaitingRoom { .. }));
}

#[test]
fn an_admission_that_is_not_written_down_lets_nobody_in() {
    let mut scene = Scene::host_warm();
    scene.intent(Intent::Admit(THEM));
    scene.outputs();
    scene.signaling(SignalingInput::Refused { request: RequestKind::Admit(THEM), code: Code::StorageFailed });
    assert!(!opens_media(&scene.commands()));
    assert_eq!(scene.call.snapshot().problem, Some(Problem::AdmissionFailed(THEM)));
    scene.intent(Intent::Admit(THEM));
    assert_eq!(scene.requests(), [SignalingRequest::Admit(THEM)], "it can be tried again");
}

#[test]
fn somebody_without_a_link_of_ours_is_turned_away_by_name() {
    let mut stranger = guest_at(OTHER);
    stranger.bundle = Base64(
        OwnBundle::guest([1; 64], INVITE, &InviteSecret::from_random([66; 32]), &Capabilities::app()).bytes().to_vec(),
    );
    let mut scene = Scene::host_with(&[]);
    scene.outputs();
    scene.event(Event::Joined { participant: stranger });
    assert_eq!(scene.requests(), [SignalingRequest::Deny(OTHER)]);
    assert!(scene.call.snapshot().waiting.is_empty());
    let problem = Problem::GuestRefused { endpoint: OTHER, reason: Refusal::NotByOurLink };
    assert_eq!(scene.call.snapshot().problem, Some(problem));
    scene.intent(Intent::Admit(OTHER));
    assert_eq!(scene.requests(), [], "nobody can be admitted who is not there");
}

#[test]
fn a_stranger_with_a_wrong_certificate_cannot_end_the_visit() {
    let mut scene = Scene::host_with(&[THEM]);
    scene.peer(PeerInput::Offer(offer(1, 0)));
    scene.say(InnerMessage::Answer { generation: 0, parameters: answer(2, 0) });
    scene.outputs();
    scene.peer(PeerInput::IceConnected);
    scene.peer(PeerInput::AnotherCertificate);
    assert_eq!(scene.requests(), [SignalingRequest::Deny(THEM)]);
    assert!(matches!(scene.phase(), Phase::WaitingRoom { .. }));
    let problem = Problem::GuestRefused { endpoint: THEM, reason: Refusal::FingerprintMismatch };
    assert_eq!(scene.call.snapshot().problem, Some(problem));
}

#[test]
fn a_partner_with_a_wrong_certificate_ends_the_call() {
    let mut scene = Scene::host_with(&[THEM]);
    scene.intent(Intent::Admit(THEM));
    scene.signaling(SignalingInput::Admitted(THEM));
    assert_eq!(scene.phase(), Phase::Connecting { since: scene.now });
    scene.peer(PeerInput::Offer(offer(1, 0)));
    scene.say(InnerMessage::Answer { generation: 0, parameters: answer(2, 0) });
    scene.peer(PeerInput::DtlsConnected { remote_fingerprint: DtlsFingerprint([66; 32]) });
    assert_eq!(ended(&scene), Some(EndReason::Refused(Refusal::FingerprintMismatch)));
}

#[test]
fn who_is_denied_is_gone() {
    let mut scene = Scene::host_warm();
    scene.outputs();
    scene.intent(Intent::Deny(THEM));
    let outputs = scene.outputs();
    assert_eq!(requests(&outputs), [SignalingRequest::Deny(THEM)]);
    assert!(outputs.iter().any(|output| matches!(output, Output::Peer(THEM, PeerCommand::Close))));
    assert!(scene.call.snapshot().waiting.is_empty());
}

#[test]
fn a_second_guest_cannot_be_admitted_beside_the_first() {
    let mut scene = Scene::host_live();
    scene.event(Event::Joined { participant: guest_at(OTHER) });
    scene.outputs();
    scene.intent(Intent::Admit(OTHER));
    assert_eq!(scene.requests(), []);
    assert_eq!(scene.call.snapshot().problem, Some(Problem::AlreadySomebodyIn));
}

#[test]
fn a_patient_who_starts_the_app_again_takes_the_place_of_the_dead_one() {
    let mut scene = Scene::host_live();
    scene.peer(PeerInput::ControlClosed);
    scene.event(Event::Away { endpoint: THEM });
    scene.event(Event::Joined { participant: guest_at(OTHER) });
    scene.outputs();
    scene.intent(Intent::Admit(OTHER));
    scene.signaling(SignalingInput::Admitted(OTHER));
    let requests = scene.requests();
    assert!(requests.contains(&SignalingRequest::Remove(THEM)), "{requests:?}");
    assert_eq!(scene.phase(), Phase::Connecting { since: scene.now });
    assert_eq!(scene.call.snapshot().partner, Some(OTHER));
}

#[test]
fn an_offer_that_nobody_answers_is_said_again() {
    let mut scene = Scene::host_with(&[THEM]);
    scene.peer(PeerInput::Offer(offer(1, 0)));
    scene.outputs();
    scene.wait(secs(4));
    assert_eq!(scene.said(), []);
    scene.wait(secs(2));
    assert_eq!(scene.said(), [InnerMessage::Offer { generation: 0, parameters: offer(1, 0) }]);
}

#[test]
fn a_connection_that_does_not_come_about_is_tried_once_more_and_then_left_until_admission() {
    let mut scene = Scene::host_with(&[THEM]);
    for generation in 0..2 {
        let commands = scene.commands();
        assert_eq!(opened(&commands), [THEM], "{generation}");
        scene.peer(PeerInput::Offer(offer(1 + generation, 0)));
        scene.say(InnerMessage::Answer { generation: generation.into(), parameters: answer(9, 0) });
        scene.wait(secs(31));
    }
    let commands = scene.commands();
    assert!(opened(&commands).is_empty() && commands.iter().any(|(_, command)| matches!(command, PeerCommand::Close)));
    scene.wait(secs(300));
    assert!(opened(&scene.commands()).is_empty());

    scene.intent(Intent::Admit(THEM));
    scene.signaling(SignalingInput::Admitted(THEM));
    assert_eq!(opened(&scene.commands()), [THEM]);
    for generation in 2..4 {
        scene.peer(PeerInput::Offer(offer(1 + generation, 0)));
        scene.say(InnerMessage::Answer { generation: generation.into(), parameters: answer(9, 0) });
        assert_eq!(ended(&scene), None);
        scene.wait(secs(31));
    }
    scene.wait(secs(31));
    assert_eq!(ended(&scene), Some(EndReason::NoConnection), "a minute and a half without any path");
}

#[test]
fn who_falls_asleep_when_admitted_is_waited_for() {
    let mut scene = Scene::host_with(&[THEM]);
    scene.peer(PeerInput::Offer(offer(1, 0)));
    scene.say(InnerMessage::Answer { generation: 0, parameters: answer(9, 0) });
    scene.peer(PeerInput::IceConnected);
    scene.intent(Intent::Admit(THEM));
    scene.signaling(SignalingInput::Admitted(THEM));
    scene.event(Event::Away { endpoint: THEM });
    scene.wait(secs(300));
    assert_eq!(ended(&scene), None, "the lid is closed");
    scene.event(Event::Back { endpoint: THEM });
    scene.wait(secs(29));
    assert_eq!(ended(&scene), None, "and open");
    scene.wait(secs(62));
    assert!(ended(&scene).is_some(), "there, and no connection comes about");
}

#[test]
fn two_paths_without_a_handshake_end_an_admitted_connection() {
    let mut scene = Scene::host_with(&[THEM]);
    scene.intent(Intent::Admit(THEM));
    scene.signaling(SignalingInput::Admitted(THEM));
    for (generation, patience) in [(0, 10), (1, 20)] {
        assert_eq!(ended(&scene), None);
        scene.peer(PeerInput::Offer(offer(1 + generation, 0)));
        scene.say(InnerMessage::Answer { generation: generation.into(), parameters: answer(9, 0) });
        scene.peer(PeerInput::IceConnected);
        scene.wait(secs(patience) - millis(100));
        assert_eq!(ended(&scene), None);
        scene.wait(millis(200));
    }
    assert_eq!(ended(&scene), Some(EndReason::HandshakeUnfinished));
}

#[test]
fn a_handshake_over_a_path_that_comes_and_goes_has_thirty_seconds_in_all() {
    let mut scene = Scene::host_with(&[THEM]);
    scene.intent(Intent::Admit(THEM));
    scene.signaling(SignalingInput::Admitted(THEM));
    scene.peer(PeerInput::Offer(offer(1, 0)));
    scene.say(InnerMessage::Answer { generation: 0, parameters: answer(9, 0) });
    for _ in 0..6 {
        assert_eq!(ended(&scene), None);
        scene.peer(PeerInput::IceConnected);
        scene.wait(secs(4));
        scene.peer(PeerInput::Disconnected);
        scene.wait(secs(1));
    }
    assert_eq!(ended(&scene), None);
    scene.wait(secs(1));
    assert_eq!(ended(&scene), Some(EndReason::HandshakeUnfinished));
}

#[test]
fn a_connection_that_failed_before_it_was_verified_is_made_once_more_and_then_named() {
    let mut scene = Scene::host_with(&[THEM]);
    scene.intent(Intent::Admit(THEM));
    scene.signaling(SignalingInput::Admitted(THEM));
    for generation in 0..2 {
        assert_eq!(opened(&scene.commands()), [THEM], "{generation}");
        scene.peer(PeerInput::Offer(offer(1 + generation, 0)));
        assert!(
            matches!(scene.said()[0], InnerMessage::Offer { generation: said, .. } if said == u32::from(generation))
        );
        scene.say(InnerMessage::Answer { generation: generation.into(), parameters: answer(9, 0) });
        scene.peer(PeerInput::IceConnected);
        scene.peer(PeerInput::Failed);
    }
    assert_eq!(ended(&scene), Some(EndReason::HandshakeUnfinished));
}

#[test]
fn a_slow_connection_of_somebody_who_waits_turns_nobody_away() {
    let mut scene = Scene::host_with(&[THEM]);
    for generation in 0..2 {
        scene.peer(PeerInput::Offer(offer(1 + generation, 0)));
        scene.say(InnerMessage::Answer { generation: generation.into(), parameters: answer(9, 0) });
        scene.peer(PeerInput::IceConnected);
        scene.peer(PeerInput::Failed);
    }
    scene.wait(secs(60));
    let requests = scene.requests();
    assert!(!requests.iter().any(|it| matches!(it, SignalingRequest::Deny(_) | SignalingRequest::Remove(_))));
    assert_eq!(scene.call.snapshot().waiting.len(), 1);
}

#[test]
fn connections_that_cannot_even_be_made_are_tried_with_back_off() {
    let mut scene = Scene::host_with(&[THEM]);
    scene.intent(Intent::Admit(THEM));
    scene.signaling(SignalingInput::Admitted(THEM));
    let mut tries = 0;
    for _ in 0..600 {
        if !opened(&scene.commands()).is_empty() {
            tries += 1;
            scene.peer(PeerInput::Failed);
        }
        scene.wait(millis(100));
    }
    assert!((5..=9).contains(&tries), "{tries} tries in a minute");
}

#[test]
fn an_offer_that_is_never_made_is_not_waited_for_for_ever() {
    let mut scene = Scene::host_with(&[THEM]);
    scene.outputs();
    scene.wait(millis(10_100));
    assert_eq!(opened(&scene.commands()), [THEM]);
}

#[test]
fn the_host_says_its_word_again_whenever_the_channel_opens() {
    let mut scene = Scene::host_live();
    scene.peer(PeerInput::ControlOpened);
    assert_eq!(control_messages(&scene.commands())[0], ControlMessage::Admitted);
}

#[test]
fn two_are_never_being_let_in_at_once() {
    let mut scene = Scene::host_with(&[THEM, OTHER]);
    scene.outputs();
    scene.intent(Intent::Admit(THEM));
    scene.intent(Intent::Admit(OTHER));
    assert_eq!(scene.requests(), [SignalingRequest::Admit(THEM)]);
    assert_eq!(scene.call.snapshot().problem, Some(Problem::AlreadySomebodyIn));
}

#[test]
fn an_admission_that_the_server_does_not_answer_is_given_up_and_counts_for_nothing_later() {
    let mut scene = Scene::host_warm();
    scene.event(Event::Joined { participant: guest_at(OTHER) });
    scene.intent(Intent::Admit(OTHER));
    scene.wait(secs(31));
    assert_eq!(scene.call.snapshot().problem, Some(Problem::AdmissionFailed(OTHER)));
    scene.intent(Intent::Admit(THEM));
    scene.signaling(SignalingInput::Admitted(THEM));
    scene.outputs();
    scene.signaling(SignalingInput::Admitted(OTHER));
    assert_eq!(scene.call.snapshot().partner, Some(THEM));
    assert!(!opens_media(&scene.commands()));
    scene.intent(Intent::Deny(OTHER));
    assert_eq!(scene.requests(), [SignalingRequest::Remove(OTHER)], "the server counts it as admitted");
}

#[test]
fn who_came_back_is_not_replaced_by_an_admission_that_was_written_late() {
    let mut scene = Scene::host_live();
    scene.peer(PeerInput::Disconnected);
    scene.event(Event::Joined { participant: guest_at(OTHER) });
    scene.intent(Intent::Admit(OTHER));
    scene.peer(PeerInput::IceConnected);
    scene.outputs();
    scene.signaling(SignalingInput::Admitted(OTHER));
    assert_eq!(scene.requests(), [SignalingRequest::Remove(OTHER)]);
    assert_eq!(scene.call.snapshot().partner, Some(THEM));
    assert!(matches!(scene.phase(), Phase::Live { .. }));
}

#[test]
fn who_is_denied_while_the_server_lets_them_in_is_removed() {
    let mut scene = Scene::host_warm();
    scene.intent(Intent::Admit(THEM));
    scene.outputs();
    scene.intent(Intent::Deny(THEM));
    assert_eq!(scene.requests(), [SignalingRequest::Remove(THEM)]);
    scene.signaling(SignalingInput::Admitted(THEM));
    assert_eq!(scene.requests(), [SignalingRequest::Remove(THEM)], "once more, for it was written after that");
    assert!(matches!(scene.phase(), Phase::WaitingRoom { .. }));
}

#[test]
fn a_server_cannot_fill_the_waiting_room_without_end() {
    let mut scene = Scene::host_with(&[]);
    scene.outputs();
    for number in 20..220 {
        scene.event(Event::Joined { participant: guest_at(EndpointId::from_random([number; 16])) });
    }
    assert_eq!(scene.call.snapshot().waiting.len(), 12);

    let mut scene = Scene::host_with(&[]);
    scene.outputs();
    for number in 20..220 {
        let endpoint = EndpointId::from_random([number; 16]);
        scene.event(Event::Joined { participant: Participant { bundle: Base64(vec![1]), ..guest_at(endpoint) } });
    }
    assert_eq!(scene.requests().len(), 12, "telling it again and again stops nobody");
}

#[test]
fn only_a_person_takes_over_from_another_device() {
    let mut scene = Scene::host();
    scene.intent(Intent::Join);
    assert!(matches!(&scene.requests()[..], [SignalingRequest::JoinHost { request, .. }] if request.take_over));
    scene.joined(Role::Host);
    scene.outputs();
    scene.signaling(SignalingInput::Refused { request: RequestKind::Events, code: Code::NotSignedIn });
    assert!(matches!(&scene.requests()[..], [SignalingRequest::JoinHost { request, .. }] if !request.take_over));
    scene.signaling(SignalingInput::Refused { request: RequestKind::Join, code: Code::HostPresent });
    assert_eq!(ended(&scene), Some(EndReason::Removed));
}

#[test]
fn a_path_without_a_handshake_is_given_ten_seconds() {
    let mut scene = Scene::host_with(&[THEM]);
    scene.peer(PeerInput::Offer(offer(1, 0)));
    scene.say(InnerMessage::Answer { generation: 0, parameters: answer(2, 0) });
    scene.peer(PeerInput::IceConnected);
    scene.outputs();
    scene.wait(millis(9_900));
    assert!(opened(&scene.commands()).is_empty());
    scene.wait(millis(200));
    assert_eq!(opened(&scene.commands()), [THEM]);
}

#[test]
fn a_visit_that_the_server_ended_is_over_and_not_ended_again() {
    let mut scene = Scene::host_live();
    scene.event(Event::Visit { state: VisitState::Ended, reason: Some(VisitEndReason::Expired) });
    assert_eq!(ended(&scene), Some(EndReason::VisitOver));
    assert_eq!(scene.requests(), []);
}

#[test]
fn a_host_whom_the_server_forgot_while_it_waited_joins_again() {
    let mut scene = Scene::host_with(&[THEM]);
    scene.outputs();
    scene.signaling(SignalingInput::Refused { request: RequestKind::Events, code: Code::NotSignedIn });
    assert!(matches!(&scene.requests()[..], [SignalingRequest::JoinHost { .. }]));
    scene.joined(Role::Host);
    assert!(matches!(scene.phase(), Phase::WaitingRoom { .. }));
}

#[test]
fn what_a_restarted_server_lost_is_said_again_at_once_in_a_new_epoch() {
    let mut scene = Scene::host_with(&[THEM]);
    scene.peer(PeerInput::Offer(offer(1, 0)));
    scene.outputs();
    scene.wait(millis(100));
    scene.event(Event::Reset);
    scene.hello(Admission::Admitted, vec![guest_at(THEM)]);
    let requests = scene.requests();
    let [SignalingRequest::Send(envelopes)] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!((envelopes[0].epoch, envelopes[0].seq), (1, 0));
    let again = InnerMessage::Offer { generation: 0, parameters: offer(1, 0) };
    assert_eq!(scene.read(&envelopes[0]), Some(again));
}

#[test]
fn a_connection_that_stands_needs_nothing_said_again() {
    let mut scene = Scene::host_warm();
    scene.outputs();
    scene.hello(Admission::Admitted, vec![guest_at(THEM)]);
    assert_eq!(scene.requests(), []);
}

#[test]
fn somebody_admitted_who_goes_before_they_met_leaves_the_waiting_room_to_the_next() {
    let mut scene = Scene::host_with(&[THEM]);
    scene.intent(Intent::Admit(THEM));
    scene.signaling(SignalingInput::Admitted(THEM));
    scene.event(Event::Left { endpoint: THEM, reason: LeaveReason::ConnectionLost });
    assert!(matches!(scene.phase(), Phase::WaitingRoom { .. }));
    assert_eq!(scene.call.snapshot().partner, None);
}

#[test]
fn boxes_for_two_go_in_two_requests() {
    let mut scene = Scene::host_with(&[THEM, OTHER]);
    for endpoint in [THEM, OTHER] {
        scene.input(Input::Peer(endpoint, PeerInput::Offer(offer(1, 0))));
    }
    scene.outputs();
    scene.hello(Admission::Admitted, vec![guest_at(THEM), guest_at(OTHER)]);
    let receivers: Vec<Vec<_>> = scene
        .requests()
        .into_iter()
        .map(|request| match request {
            SignalingRequest::Send(envelopes) => envelopes.iter().map(|envelope| envelope.to).collect(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(receivers, [vec![THEM], vec![OTHER]]);
}

#[test]
fn the_app_that_was_let_in_is_let_in_again_under_another_name_and_no_other_app_is() {
    for (bundle_of, again) in [(THEM, true), (THIRD, false)] {
        let mut scene = Scene::host_with(&[THEM]);
        scene.intent(Intent::Admit(THEM));
        scene.signaling(SignalingInput::Admitted(THEM));
        scene.event(Event::Left { endpoint: THEM, reason: LeaveReason::ConnectionLost });
        scene.outputs();
        let participant = Participant { endpoint: OTHER, ..guest_at(bundle_of) };
        scene.event(Event::Joined { participant });
        assert_eq!(scene.requests().contains(&SignalingRequest::Admit(OTHER)), again);
        let waiting = &scene.call.snapshot().waiting;
        assert!(matches!(waiting[..], [one] if one.endpoint == OTHER && one.reused != again), "{waiting:?}");
    }
}

#[test]
fn an_app_that_is_heard_stays_who_it_is_and_goes_on_under_its_new_name_when_it_is_not() {
    let mut scene = Scene::host_live();
    let participant = Participant { endpoint: OTHER, ..guest_at(THEM) };
    scene.event(Event::Joined { participant: participant.clone() });
    scene.wait(secs(60));
    assert_eq!((scene.call.snapshot().partner, scene.requests()), (Some(THEM), vec![]));
    scene.peer(PeerInput::ControlClosed);
    assert_eq!(scene.call.snapshot().partner, Some(OTHER));
    assert!(matches!(scene.phase(), Phase::Reconnecting { .. }), "{:?}", scene.phase());
    assert!(scene.requests().contains(&SignalingRequest::Admit(OTHER)));
    scene.hello(Admission::Admitted, vec![guest_at(THEM), participant]);
    assert_eq!(scene.call.snapshot().partner, Some(OTHER), "the old name is over");
}

#[test]
fn a_new_name_that_is_gone_again_takes_nobodys_place() {
    let mut scene = Scene::host_live();
    scene.event(Event::Joined { participant: Participant { endpoint: OTHER, ..guest_at(THEM) } });
    scene.event(Event::Left { endpoint: OTHER, reason: LeaveReason::ConnectionLost });
    scene.peer(PeerInput::ControlClosed);
    assert_eq!(scene.call.snapshot().partner, Some(THEM));
}
