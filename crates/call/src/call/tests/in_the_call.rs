//! Live: switches, losing each other, finding each other, hanging up.

use signaling_protocol::LeaveReason;
use trust::ByeReason;
use units::{DataRate, PictureSize};

use super::*;
use crate::{CameraFormat, DeviceInput, MediaState, PictureOff, PicturePlan, Problem, ReconnectCause};

fn reconnecting(scene: &Scene) -> Option<ReconnectCause> {
    match scene.phase() {
        Phase::Reconnecting { cause, .. } => Some(cause),
        _ => None,
    }
}

fn restarts(commands: &[(EndpointId, PeerCommand)]) -> usize {
    commands.iter().filter(|(_, command)| matches!(command, PeerCommand::CreateOffer { restart: true })).count()
}

#[test]
fn hanging_up_says_good_bye_closes_media_and_lets_the_word_get_through() {
    for (mut scene, request) in
        [(Scene::host_live(), SignalingRequest::End), (Scene::guest_live(), SignalingRequest::Leave)]
    {
        scene.intent(Intent::HangUp);
        assert_eq!(ended(&scene), Some(EndReason::HungUp));
        assert!(!scene.call.is_finished());
        let outputs = scene.outputs();
        assert_eq!(requests(&outputs), [request]);
        let closes =
            |outputs: &[Output]| outputs.iter().any(|output| matches!(output, Output::Peer(THEM, PeerCommand::Close)));
        assert!(outputs.iter().any(|output| matches!(output, Output::Peer(THEM, PeerCommand::CloseMedia))));
        assert!(!closes(&outputs));
        scene.wait(secs(2));
        assert!(closes(&scene.outputs()) && scene.call.is_finished());
        assert_eq!(scene.call.poll_timeout(), None);
    }
}

#[test]
fn their_good_bye_ends_the_call_at_once() {
    for mut scene in [Scene::host_live(), Scene::guest_live()] {
        scene.control(ControlMessage::Bye { reason: ByeReason::HungUp });
        assert_eq!(ended(&scene), Some(EndReason::TheyHungUp));
        assert!(scene.call.is_finished());
    }
}

#[test]
fn a_guest_who_left_by_the_servers_word_has_hung_up() {
    let mut scene = Scene::host_live();
    scene.event(Event::Left { endpoint: THEM, reason: LeaveReason::Left });
    assert_eq!(ended(&scene), Some(EndReason::TheyHungUp));
    assert!(scene.requests().contains(&SignalingRequest::End));
}

#[test]
fn the_loss_of_the_server_is_only_mentioned() {
    let mut scene = Scene::host_live();
    let phase = scene.phase();
    scene.signaling(SignalingInput::StreamDown);
    scene.wait(secs(3_000));
    assert_eq!(scene.phase(), phase);
    assert!(!scene.call.snapshot().signaling_up);
    scene.signaling(SignalingInput::StreamUp);
    assert!(scene.call.snapshot().signaling_up);
}

#[test]
fn a_stream_of_theirs_that_breaks_while_they_are_heard_changes_nothing() {
    let mut scene = Scene::host_live();
    scene.event(Event::Away { endpoint: THEM });
    scene.event(Event::Left { endpoint: THEM, reason: LeaveReason::ConnectionLost });
    scene.wait(secs(3_000));
    assert!(matches!(scene.phase(), Phase::Live { .. }));
}

#[test]
fn a_killed_app_is_shown_as_what_it_is_within_five_seconds() {
    let mut scene = Scene::host_live();
    let killed = scene.now;
    scene.wait(millis(700));
    scene.event(Event::Away { endpoint: THEM });
    scene.wait(millis(800));
    scene.peer(PeerInput::NothingHeard { since: killed });
    assert_eq!(reconnecting(&scene), Some(ReconnectCause::TheirAppStopped));
    assert_eq!(scene.phase(), Phase::Reconnecting { since: killed, cause: ReconnectCause::TheirAppStopped });
}

#[test]
fn silence_is_a_lost_link_until_the_server_knows_better() {
    let mut scene = Scene::host_live();
    let silent = scene.now;
    scene.wait(millis(1_500));
    scene.peer(PeerInput::NothingHeard { since: silent });
    assert!(matches!(scene.phase(), Phase::Live { .. }), "a second and a half may be a handover");
    scene.wait(millis(500));
    scene.peer(PeerInput::NothingHeard { since: silent });
    assert_eq!(reconnecting(&scene), Some(ReconnectCause::LinkLost));
    scene.wait(millis(500));
    scene.event(Event::Away { endpoint: THEM });
    assert_eq!(reconnecting(&scene), Some(ReconnectCause::TheirAppStopped));
    scene.event(Event::Back { endpoint: THEM });
    assert_eq!(reconnecting(&scene), Some(ReconnectCause::LinkLost), "it lives");
    scene.peer(PeerInput::HeardAgain);
    assert!(matches!(scene.phase(), Phase::Live { .. }));
}

#[test]
fn a_stream_that_breaks_long_after_the_path_is_the_same_lost_link() {
    let mut scene = Scene::host_live();
    scene.peer(PeerInput::Disconnected);
    scene.wait(secs(20));
    scene.event(Event::Away { endpoint: THEM });
    assert_eq!(reconnecting(&scene), Some(ReconnectCause::LinkLost));
}

#[test]
fn a_connection_closed_without_a_word_is_a_stopped_app_and_is_replaced() {
    let mut scene = Scene::host_live();
    scene.peer(PeerInput::ControlClosed);
    assert_eq!(reconnecting(&scene), Some(ReconnectCause::TheirAppStopped));
    scene.wait(secs(1));
    assert_eq!(opened(&scene.commands()), [THEM]);
}

#[test]
fn a_path_that_comes_back_by_itself_is_not_restarted() {
    let mut scene = Scene::host_live();
    scene.peer(PeerInput::Disconnected);
    scene.wait(millis(2_900));
    scene.peer(PeerInput::IceConnected);
    assert!(matches!(scene.phase(), Phase::Live { .. }));
    scene.wait(secs(60));
    assert_eq!(restarts(&scene.commands()), 0);
}

#[test]
fn a_path_that_stays_lost_is_restarted_after_three_seconds() {
    let mut scene = Scene::host_live();
    scene.peer(PeerInput::Disconnected);
    scene.wait(millis(3_100));
    assert_eq!(restarts(&scene.commands()), 1);
    scene.peer(PeerInput::Offer(offer(1, 1)));
    assert_eq!(scene.said(), [InnerMessage::Offer { generation: 1, parameters: offer(1, 1) }]);
    scene.say(InnerMessage::Answer { generation: 1, parameters: answer(2, 1) });
    scene.peer(PeerInput::IceConnected);
    assert!(matches!(scene.phase(), Phase::Live { .. }));
    let commands = scene.commands();
    assert!(!commands.iter().any(|(_, command)| matches!(command, PeerCommand::CloseMedia)), "the gate stays open");
}

#[test]
fn what_the_host_offers_into_an_outage_breaks_nothing_and_is_let_go_when_the_path_is_back() {
    let mut scene = Scene::host_live();
    scene.peer(PeerInput::Disconnected);
    scene.wait(millis(3_100));
    assert_eq!(restarts(&scene.commands()), 1);
    scene.peer(PeerInput::Offer(offer(1, 1)));
    assert_eq!(scene.said().len(), 1);
    scene.wait(secs(8));
    assert_eq!(scene.said().len(), 1, "said again");
    scene.wait(secs(60));
    let commands = scene.commands();
    assert_eq!(restarts(&commands), 0, "one that was not answered is not made again");
    assert!(!commands.iter().any(|(_, command)| matches!(command, PeerCommand::Close)), "the old path may come back");
    scene.peer(PeerInput::HeardAgain);
    assert!(matches!(scene.phase(), Phase::Live { .. }));
    scene.wait(secs(60));
    assert_eq!(scene.said(), [], "nobody is asked any more");
    scene.peer(PeerInput::Disconnected);
    scene.wait(millis(3_100));
    assert_eq!(restarts(&scene.commands()), 1, "the next loss is tried anew");
}

#[test]
fn a_guest_who_hears_the_host_again_lets_an_offer_of_another_path_pass_once() {
    let mut scene = Scene::guest_live();
    let takes = |scene: &mut Scene| {
        scene.say(InnerMessage::Offer { generation: 1, parameters: offer(1, 1) });
        scene.commands().iter().any(|(_, command)| matches!(command, PeerCommand::AcceptOffer(_)))
    };
    assert!(!takes(&mut scene));
    assert!(!takes(&mut scene), "what a server kept comes at once");
    scene.wait(secs(5));
    assert!(takes(&mut scene), "the host does not hear us");
}

#[test]
fn an_ice_restart_with_another_certificate_ends_the_call() {
    let mut scene = Scene::host_live();
    scene.peer(PeerInput::Disconnected);
    scene.wait(millis(3_100));
    scene.peer(PeerInput::Offer(offer(1, 1)));
    scene.say_with_another_certificate(InnerMessage::Answer { generation: 1, parameters: answer(66, 1) });
    assert_eq!(ended(&scene), Some(EndReason::Refused(crate::Refusal::FingerprintChanged)));
}

#[test]
fn nothing_is_restarted_while_nobody_can_be_told_and_a_path_that_is_back_needs_none() {
    let mut scene = Scene::host_live();
    scene.signaling(SignalingInput::StreamDown);
    scene.peer(PeerInput::Disconnected);
    scene.wait(secs(60));
    assert_eq!(restarts(&scene.commands()), 0);
    scene.signaling(SignalingInput::StreamUp);
    scene.wait(millis(300));
    scene.peer(PeerInput::IceConnected);
    scene.wait(secs(60));
    assert_eq!(restarts(&scene.commands()), 0, "what was not sent is dropped");
    assert!(matches!(scene.phase(), Phase::Live { .. }));
}

#[test]
fn a_link_that_is_back_after_a_minute_is_used_within_two_seconds() {
    let mut scene = Scene::host_live();
    scene.signaling(SignalingInput::StreamDown);
    scene.peer(PeerInput::Disconnected);
    scene.wait(secs(60));
    scene.outputs();
    scene.signaling(SignalingInput::StreamUp);
    scene.wait(secs(1));
    assert_eq!(restarts(&scene.commands()), 1);
}

#[test]
fn a_path_that_stays_lost_ends_the_call_after_the_grace() {
    for mut scene in [Scene::host_live(), Scene::guest_live()] {
        scene.signaling(SignalingInput::StreamDown);
        scene.peer(PeerInput::Disconnected);
        scene.wait(secs(599));
        assert_eq!(reconnecting(&scene), Some(ReconnectCause::LinkLost));
        scene.wait(secs(2));
        assert_eq!(ended(&scene), Some(EndReason::ConnectionLost));
    }
}

#[test]
fn a_guest_whose_path_is_lost_asks_for_a_restart_and_then_for_a_new_connection() {
    let mut scene = Scene::guest_live();
    scene.peer(PeerInput::Disconnected);
    scene.wait(millis(3_100));
    assert_eq!(scene.said(), [InnerMessage::IceRestartRequest]);
    scene.wait(secs(20));
    assert_eq!(
        scene.said(),
        [InnerMessage::IceRestartRequest, InnerMessage::IceRestartRequest, InnerMessage::OfferRequest]
    );
}

#[test]
fn a_new_connection_needs_the_hosts_word_anew() {
    let mut scene = Scene::guest_live();
    scene.peer(PeerInput::Disconnected);
    scene.begin_epoch();
    scene.say(InnerMessage::Offer { generation: 1, parameters: offer(5, 0) });
    let commands = scene.commands();
    assert!(matches!(
        &commands[..],
        [(_, PeerCommand::Close), (_, PeerCommand::Open { .. }), (_, PeerCommand::AcceptOffer(_))]
    ));
    scene.peer(PeerInput::Answer(answer(6, 0)));
    scene.connect(5);
    assert!(matches!(scene.phase(), Phase::Reconnecting { .. }));
    scene.control(ControlMessage::Admitted);
    assert!(matches!(scene.phase(), Phase::Live { .. }));
    assert!(opens_media(&scene.commands()));
}

#[test]
fn a_host_gives_its_word_again_over_a_new_connection() {
    let mut scene = Scene::host_live();
    scene.peer(PeerInput::ControlClosed);
    scene.wait(secs(1));
    scene.peer(PeerInput::Offer(offer(5, 0)));
    scene.begin_epoch();
    scene.say(InnerMessage::Answer { generation: 1, parameters: answer(6, 0) });
    scene.outputs();
    scene.connect(6);
    let commands = scene.commands();
    assert_eq!(control_messages(&commands)[0], ControlMessage::Admitted);
    assert!(opens_media(&commands));
    assert!(matches!(scene.phase(), Phase::Live { .. }));
}

#[test]
fn switches_are_told_once_and_shown() {
    let mut scene = Scene::guest_live();
    scene.intent(Intent::SetMuted(true));
    scene.intent(Intent::SetMuted(true));
    let state = MediaState { muted: true, ..MediaState::default() };
    assert_eq!(control_messages(&scene.commands()), [ControlMessage::MediaState(state)]);
    scene.intent(Intent::SetCameraOff(true));
    assert_eq!(scene.call.snapshot().picture_plan, PicturePlan::Off(PictureOff::CameraOff));

    let theirs = MediaState { camera_off: true, receives_picture: false, ..MediaState::default() };
    scene.control(ControlMessage::MediaState(theirs));
    assert_eq!(scene.call.snapshot().remote, Some(theirs.into()));
    scene.intent(Intent::SetCameraOff(false));
    assert_eq!(scene.call.snapshot().picture_plan, PicturePlan::Off(PictureOff::NotWanted));
}

pub(super) fn estimate(kbps: u64) -> PeerInput {
    let target = DataRate::from_kbps(kbps);
    PeerInput::Estimate { target, loss: 0.0, voice_loss: 0.0, loss_follows_loss: 0.0, round_trip: None }
}

#[test]
fn what_is_known_of_a_path_before_anybody_is_admitted_sets_the_first_pictures() {
    let mut scene = Scene::host_warm();
    scene.peer(estimate(150));
    let before = scene.call.snapshot().picture_plan;
    assert_eq!(before, Scene::host_warm().call.snapshot().picture_plan, "nobody is sent anything yet");
    scene.intent(Intent::Admit(THEM));
    scene.signaling(SignalingInput::Admitted(THEM));
    let PicturePlan::On { height, .. } = scene.call.snapshot().picture_plan else { panic!("no picture") };
    assert!(height <= 180, "{height} rows");
}

#[test]
fn the_connection_is_told_how_much_can_be_used_when_that_changes() {
    let mut scene = Scene::host_warm();
    scene.intent(Intent::Admit(THEM));
    scene.signaling(SignalingInput::Admitted(THEM));
    let wanted = |scene: &mut Scene| {
        let of = |(_, command)| if let PeerCommand::SetWanted(wanted) = command { Some(wanted) } else { None };
        scene.commands().into_iter().filter_map(of).collect::<Vec<_>>()
    };
    let with_picture = wanted(&mut scene);
    assert_eq!(with_picture.len(), 1);
    scene.peer(estimate(1_000));
    assert_eq!(wanted(&mut scene), []);
    scene.intent(Intent::SetCameraOff(true));
    let alone = wanted(&mut scene);
    assert!(alone.len() == 1 && alone[0] <= DataRate::from_kbps(200) && alone[0] < with_picture[0], "{alone:?}");
    scene.intent(Intent::SetCameraOff(false));
    assert_eq!(wanted(&mut scene), with_picture);
}

#[test]
fn the_estimate_sets_the_encoders_and_nothing_else_does() {
    let mut scene = Scene::host_live();
    scene.wait(secs(1));
    scene.peer(estimate(60));
    let outputs = scene.outputs();
    let quality = outputs.iter().find_map(|output| match output {
        Output::Quality { voice, picture } => Some((*voice, *picture)),
        _ => None,
    });
    let (voice, picture) = quality.expect("the encoders are told");
    assert!(matches!(picture, PicturePlan::Slides { .. }), "{picture:?}");
    assert!(voice.wire_rate() <= DataRate::from_kbps(60));
    assert_eq!((scene.call.snapshot().voice_plan, scene.call.snapshot().picture_plan), (voice, picture));
}

#[test]
fn a_device_that_is_gone_is_told_to_both() {
    let mut scene = Scene::host_live();
    scene.input(Input::Device(DeviceInput::CameraLost));
    assert_eq!(scene.call.snapshot().problem, Some(Problem::CameraLost));
    assert_eq!(scene.call.snapshot().picture_plan, PicturePlan::Off(PictureOff::NoCamera));
    let state = MediaState { camera_off: true, ..MediaState::default() };
    assert_eq!(control_messages(&scene.commands()), [ControlMessage::MediaState(state)]);
    let format = CameraFormat { size: PictureSize::new(320, 180), fps: 15 };
    scene.input(Input::Device(DeviceInput::CameraBack(format)));
    assert_eq!(scene.call.snapshot().problem, None);
}

#[test]
fn another_camera_is_never_sent_larger_or_faster_than_it_is() {
    let mut scene = Scene::host_live();
    let format = CameraFormat { size: PictureSize::new(320, 180), fps: 15 };
    scene.input(Input::Device(DeviceInput::CameraBack(format)));
    let PicturePlan::On { height, fps, .. } = scene.call.snapshot().picture_plan else { panic!("no picture") };
    assert!(height <= 180 && fps <= 15, "{height} rows, {fps} a second");
}

#[test]
fn after_the_end_nothing_happens_any_more() {
    let mut scene = Scene::guest_live();
    scene.control(ControlMessage::Bye { reason: ByeReason::HungUp });
    scene.outputs();
    scene.intent(Intent::HangUp);
    scene.begin_epoch();
    scene.say(InnerMessage::Offer { generation: 9, parameters: offer(9, 0) });
    scene.control(ControlMessage::Admitted);
    scene.event(Event::Admitted { endpoint: ME });
    scene.wait(secs(1_000));
    assert!(scene.outputs().is_empty());
    assert_eq!(ended(&scene), Some(EndReason::TheyHungUp));
}

#[test]
fn who_hung_up_before_the_server_let_them_in_does_not_stay_there() {
    let mut scene = Scene::guest();
    scene.intent(Intent::Join);
    scene.signaling(SignalingInput::Challenge(Challenge([9; 48])));
    scene.intent(Intent::HangUp);
    assert!(!scene.requests().contains(&SignalingRequest::Leave));
    scene.joined(Role::Guest);
    assert_eq!(scene.requests(), [SignalingRequest::Leave]);
}
