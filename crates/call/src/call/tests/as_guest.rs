//! The guest: joining by a link, knowing the host, waiting for its word.

use signaling_protocol::{Code, IceServer, join_signing_bytes};
use trust::ByeReason;

use super::*;
use crate::{Refusal, RequestKind};

#[test]
fn a_guest_joins_by_a_signature_of_the_links_key_over_its_bundle() {
    let mut scene = Scene::guest();
    scene.intent(Intent::Join);
    assert_eq!(scene.requests(), [SignalingRequest::Challenge(INVITE)]);
    scene.signaling(SignalingInput::Challenge(Challenge([9; 48])));
    let requests = scene.requests();
    let [SignalingRequest::JoinGuest { invite, request }] = &requests[..] else { panic!("{requests:?}") };
    let fits = secret().sign_join(*invite, &Challenge([9; 48]), request.bundle.as_ref());
    assert_eq!(request.signature, fits);
    assert!(!join_signing_bytes(*invite, &request.challenge, request.bundle.as_ref()).is_empty());
    scene.joined(Role::Guest);
    assert_eq!(scene.phase(), Phase::WaitingRoom { since: scene.now });
}

#[test]
fn a_link_that_does_not_work_ends_the_call_with_the_servers_reason() {
    for code in [Code::InviteNotUsable, Code::InviteExpired, Code::InviteInUse, Code::VisitEnded] {
        let mut scene = Scene::guest();
        scene.intent(Intent::Join);
        scene.signaling(SignalingInput::Challenge(Challenge([9; 48])));
        scene.signaling(SignalingInput::Refused { request: RequestKind::Join, code });
        assert_eq!(ended(&scene), Some(EndReason::Refused(Refusal::Server(code))));
        assert_eq!(EndReason::Refused(Refusal::Server(code)).to_string(), code.title());
    }
}

#[test]
fn a_place_that_is_kept_for_our_app_that_died_is_asked_for_again_until_it_is_free() {
    let mut scene = Scene::guest();
    scene.intent(Intent::Join);
    for _ in 0..12 {
        assert_eq!(scene.requests(), [SignalingRequest::Challenge(INVITE)]);
        scene.signaling(SignalingInput::Challenge(Challenge([9; 48])));
        assert!(matches!(scene.requests()[..], [SignalingRequest::JoinGuest { .. }]));
        scene.signaling(SignalingInput::Refused { request: RequestKind::Join, code: Code::InvitePlaceKept });
        assert_eq!((scene.phase(), scene.requests()), (Phase::Lobby, vec![]));
        scene.wait(Duration::from_secs(3));
    }
    scene.requests();
    scene.signaling(SignalingInput::Challenge(Challenge([9; 48])));
    scene.joined(Role::Guest);
    assert_eq!(scene.phase(), Phase::WaitingRoom { since: scene.now });
}

#[test]
fn a_place_that_is_kept_for_ever_ends_the_call_and_so_does_one_whose_owner_came_back() {
    for (code, tries) in [(Code::InvitePlaceKept, 60), (Code::InviteInUse, 1)] {
        let mut scene = Scene::guest();
        scene.intent(Intent::Join);
        scene.signaling(SignalingInput::Challenge(Challenge([9; 48])));
        scene.signaling(SignalingInput::Refused { request: RequestKind::Join, code: Code::InvitePlaceKept });
        for _ in 0..tries {
            assert_eq!(scene.phase(), Phase::Lobby);
            scene.wait(Duration::from_secs(3));
            scene.signaling(SignalingInput::Challenge(Challenge([9; 48])));
            scene.signaling(SignalingInput::Refused { request: RequestKind::Join, code });
        }
        assert_eq!(ended(&scene), Some(EndReason::Refused(Refusal::Server(code))));
    }
}

#[test]
fn a_host_with_another_key_than_the_links_never_connects() {
    let mut scene = Scene::guest();
    scene.intent(Intent::Join);
    scene.signaling(SignalingInput::Challenge(Challenge([9; 48])));
    scene.joined(Role::Guest);
    scene.outputs();
    scene.hello(Admission::Waiting, vec![host_at(THEM, &identity_of(66))]);
    assert_eq!(ended(&scene), Some(EndReason::Refused(Refusal::WrongClinicKey)));
    let outputs = scene.outputs();
    assert_eq!(requests(&outputs), [SignalingRequest::Leave]);
    assert!(!outputs.iter().any(|output| matches!(output, Output::Peer(..))));
}

/// Whether the connection that is made for an offer may use relays alone, if this is wanted before joining and said after.
fn relay_only(wanted: &[bool], clinic: bool) -> bool {
    let mut scene = Scene::guest();
    for wanted in wanted {
        scene.intent(Intent::SetRelayOnly(*wanted));
    }
    scene.intent(Intent::Join);
    scene.signaling(SignalingInput::Challenge(Challenge([9; 48])));
    scene.joined(Role::Guest);
    let servers = Vec::new();
    scene.signaling(SignalingInput::Ice(IceReply { servers, ttl_secs: 600, relay_only: clinic }));
    // Too late: addresses may be known already.
    scene.intent(Intent::SetRelayOnly(!wanted.last().copied().unwrap_or_default()));
    scene.hello(Admission::Waiting, vec![host_at(THEM, &identity())]);
    scene.say(InnerMessage::Offer { generation: 0, parameters: offer(1, 0) });
    let outputs = scene.outputs();
    let opened = outputs.iter().find_map(|output| match output {
        Output::Peer(_, PeerCommand::Open { relay_only, .. }) => Some(*relay_only),
        _ => None,
    });
    opened.expect("a connection")
}

#[test]
fn a_connection_uses_relays_alone_if_the_person_or_the_clinic_wants_it() {
    assert!(!relay_only(&[], false));
    assert!(relay_only(&[true], false));
    assert!(relay_only(&[], true));
    assert!(relay_only(&[true, false], true));
    assert!(!relay_only(&[true, false], false));
}

#[test]
fn an_offer_is_answered_and_nothing_is_heard_yet() {
    let mut scene = Scene::guest_warm();
    let outputs = scene.outputs();
    let commands: Vec<_> = outputs
        .iter()
        .filter_map(|output| match output {
            Output::Peer(endpoint, command) => Some((*endpoint, command.clone())),
            _ => None,
        })
        .collect();
    assert!(matches!(commands[0].1, PeerCommand::Open { offerer: false, .. }));
    assert!(matches!(commands[1].1, PeerCommand::AcceptOffer(_)));
    assert!(!opens_media(&commands));
    assert!(matches!(scene.phase(), Phase::WaitingRoom { .. }));
}

#[test]
fn the_hosts_word_opens_the_guests_media_at_once() {
    let mut scene = Scene::guest_warm();
    scene.outputs();
    scene.control(ControlMessage::Admitted);
    assert!(opens_media(&scene.commands()));
    assert_eq!(scene.phase(), Phase::Live { since: scene.now });
}

#[test]
fn a_word_that_came_before_the_connection_was_verified_counts_after_it() {
    let mut scene = Scene::guest_waiting();
    scene.say(InnerMessage::Offer { generation: 0, parameters: offer(1, 0) });
    scene.peer(PeerInput::Answer(answer(2, 0)));
    scene.peer(PeerInput::ControlOpened);
    scene.control(ControlMessage::Admitted);
    assert!(!opens_media(&scene.commands()));
    scene.connect(1);
    assert!(opens_media(&scene.commands()));
}

#[test]
fn the_servers_event_alone_shows_admission_and_opens_nothing() {
    let mut scene = Scene::guest_warm();
    scene.outputs();
    scene.event(Event::Admitted { endpoint: ME });
    assert_eq!(scene.phase(), Phase::Connecting { since: scene.now });
    scene.wait(secs(60));
    assert!(!opens_media(&scene.commands()));
}

#[test]
fn without_the_hosts_word_nothing_opens_and_the_call_ends_by_name() {
    let mut scene = Scene::guest_waiting();
    scene.say(InnerMessage::Offer { generation: 0, parameters: offer(1, 0) });
    scene.peer(PeerInput::Answer(answer(2, 0)));
    scene.peer(PeerInput::IceConnected);
    scene.peer(PeerInput::DtlsConnected { remote_fingerprint: DtlsFingerprint([1; 32]) });
    scene.event(Event::Admitted { endpoint: ME });
    scene.wait(secs(60));
    assert!(matches!(scene.phase(), Phase::Connecting { .. }), "admitted, connecting");
    assert!(!opens_media(&scene.commands()));
    scene.wait(secs(31));
    assert_eq!(ended(&scene), Some(EndReason::HandshakeUnfinished));
}

#[test]
fn a_connection_that_could_not_be_made_is_asked_for_again() {
    let mut scene = Scene::guest_waiting();
    scene.say(InnerMessage::Offer { generation: 0, parameters: offer(1, 0) });
    scene.outputs();
    scene.peer(PeerInput::Failed);
    scene.wait(millis(100));
    assert_eq!(scene.said(), [InnerMessage::OfferRequest]);
    // The host says the same again: it cannot know that it is no use.
    scene.begin_epoch();
    scene.say(InnerMessage::Offer { generation: 0, parameters: offer(1, 0) });
    assert_eq!(scene.said(), [InnerMessage::OfferRequest]);
    scene.begin_epoch();
    scene.say(InnerMessage::Offer { generation: 1, parameters: offer(5, 0) });
    assert_eq!(opened(&scene.commands()), [THEM]);
    assert_eq!(ended(&scene), None);
}

#[test]
fn an_answer_that_is_never_made_is_not_waited_for_for_ever() {
    let mut scene = Scene::guest_waiting();
    scene.say(InnerMessage::Offer { generation: 0, parameters: offer(1, 0) });
    scene.outputs();
    scene.wait(millis(9_900));
    assert_eq!(scene.said(), []);
    scene.wait(millis(200));
    assert_eq!(scene.said(), [InnerMessage::OfferRequest]);
}

#[test]
fn a_guest_whom_the_server_forgot_in_the_call_stays_in_it_and_joins_anew_when_it_is_lost() {
    let mut scene = Scene::guest_live();
    let forgotten = SignalingInput::Refused { request: RequestKind::Events, code: Code::NotSignedIn };
    scene.signaling(forgotten);
    scene.wait(secs(1_000));
    assert!(matches!(scene.phase(), Phase::Live { .. }));
    assert_eq!(scene.requests(), []);
    scene.peer(PeerInput::Disconnected);
    scene.wait(secs(2));
    assert_eq!(scene.requests(), [], "it may come back by itself");
    scene.wait(secs(2));
    assert_eq!(scene.requests(), [SignalingRequest::Challenge(INVITE)]);
}

#[test]
fn another_certificate_than_the_announced_one_ends_the_call() {
    // We compare what was shown; the connection may have done so before.
    let shown = PeerInput::DtlsConnected { remote_fingerprint: DtlsFingerprint([66; 32]) };
    for input in [shown, PeerInput::AnotherCertificate] {
        let mut scene = Scene::guest_waiting();
        scene.say(InnerMessage::Offer { generation: 0, parameters: offer(1, 0) });
        scene.peer(PeerInput::Answer(answer(2, 0)));
        scene.peer(input);
        assert_eq!(ended(&scene), Some(EndReason::Refused(Refusal::FingerprintMismatch)));
    }
}

#[test]
fn another_certificate_in_the_same_epoch_ends_the_call() {
    let mut scene = Scene::guest_warm();
    scene.say_with_another_certificate(InnerMessage::Offer { generation: 1, parameters: offer(66, 0) });
    assert_eq!(ended(&scene), Some(EndReason::Refused(Refusal::FingerprintChanged)));
}

#[test]
fn an_offer_said_again_is_answered_again_with_the_same_words() {
    let mut scene = Scene::guest_warm();
    let first = scene.said();
    scene.begin_epoch();
    scene.say(InnerMessage::Offer { generation: 0, parameters: offer(1, 0) });
    let outputs = scene.outputs();
    assert!(!outputs.iter().any(|output| matches!(output, Output::Peer(..))), "nothing is done again");
    let again = requests(&outputs);
    let [SignalingRequest::Send(envelopes)] = &again[..] else { panic!("{again:?}") };
    assert_eq!(envelopes[0].epoch, 1);
    assert_eq!(scene.read(&envelopes[0]).as_ref(), first.first());
}

#[test]
fn an_offer_that_is_not_encrypted_is_refused_by_name() {
    let mut scene = Scene::guest_waiting();
    let plain = ConnectionParameters { srtp: Vec::new(), ..offer(1, 0) };
    scene.say(InnerMessage::Offer { generation: 0, parameters: plain });
    assert_eq!(ended(&scene), Some(EndReason::Refused(Refusal::Parameters)));
}

#[test]
fn who_is_denied_or_removed_is_told_so() {
    for (event, reason) in [(Event::Denied, EndReason::Denied), (Event::Removed, EndReason::Removed)] {
        let mut scene = Scene::guest_warm();
        scene.outputs();
        scene.event(event);
        assert_eq!(ended(&scene), Some(reason));
        assert_eq!(scene.requests(), [], "the server knows");
    }
}

#[test]
fn a_guest_whose_host_came_back_in_another_app_goes_on_with_it_on_its_word() {
    let mut scene = Scene::guest_live();
    scene.peer(PeerInput::ControlClosed);
    assert!(matches!(scene.phase(), Phase::Reconnecting { .. }));
    scene.event(Event::Joined { participant: host_at(OTHER, &identity()) });
    scene.say_as(OTHER, InnerMessage::Offer { generation: 0, parameters: offer(5, 0) });
    for input in [
        PeerInput::Answer(answer(6, 0)),
        PeerInput::IceConnected,
        PeerInput::DtlsConnected { remote_fingerprint: DtlsFingerprint([5; 32]) },
        PeerInput::ControlOpened,
    ] {
        scene.input(Input::Peer(OTHER, input));
    }
    assert!(!opens_media(&scene.commands()), "the old host's word does not count for the new one");
    assert!(matches!(scene.phase(), Phase::Reconnecting { .. }));
    scene.input(Input::Peer(OTHER, PeerInput::Control(ControlMessage::Admitted.to_bytes())));
    let commands = scene.commands();
    assert!(opens_media(&commands));
    assert!(commands.iter().any(|(endpoint, command)| *endpoint == THEM && matches!(command, PeerCommand::Close)));
    assert_eq!(scene.call.snapshot().partner, Some(OTHER));
    assert!(matches!(scene.phase(), Phase::Live { .. }));
}

/// A guest with an offer, whose question for servers is not answered; which connections it opens in the end.
fn opened_without_servers(relay_only: bool) -> Vec<(EndpointId, Vec<IceServer>, bool)> {
    let mut scene = Scene::guest();
    scene.intent(Intent::Join);
    scene.signaling(SignalingInput::Challenge(Challenge([9; 48])));
    let reply = JoinReply {
        protocol: 1,
        visit: VISIT,
        endpoint: ME,
        endpoint_token: "token".to_owned().into(),
        role: Role::Guest,
        limits: Limits::default(),
        relay_only,
    };
    scene.signaling(SignalingInput::Joined(reply));
    scene.signaling(SignalingInput::StreamUp);
    scene.hello(Admission::Waiting, vec![host_at(THEM, &identity())]);
    scene.say(InnerMessage::Offer { generation: 0, parameters: offer(1, 0) });
    assert!(opened(&scene.commands()).is_empty());
    scene.wait(secs(4));
    let commands = scene.commands();
    let opened = commands.iter().filter_map(|(endpoint, command)| match command {
        PeerCommand::Open { ice, relay_only, .. } => Some((*endpoint, ice.clone(), *relay_only)),
        _ => None,
    });
    opened.collect()
}

#[test]
fn servers_for_a_path_that_never_come_do_not_hold_up_an_offer_for_long() {
    assert_eq!(opened_without_servers(false), [(THEM, vec![], false)]);
}

#[test]
fn a_clinic_that_hides_addresses_does_so_where_its_servers_are_not_heard_of() {
    assert_eq!(opened_without_servers(true), [(THEM, vec![], true)]);
}

#[test]
fn a_good_bye_in_a_box_counts_like_one_over_the_control_channel() {
    let mut scene = Scene::guest_live();
    scene.say(InnerMessage::Bye { reason: ByeReason::HungUp });
    assert_eq!(ended(&scene), Some(EndReason::TheyHungUp));
}

#[test]
fn digits_are_compared_with_who_is_heard_and_not_before() {
    let mut scene = Scene::guest_warm();
    scene.event(Event::Admitted { endpoint: ME });
    for live in [false, true] {
        if live {
            scene.control(ControlMessage::Admitted);
        }
        scene.outputs();
        scene.intent(Intent::StartCheck);
        let said = control_messages(&scene.commands());
        assert_eq!(said.iter().any(|message| matches!(message, ControlMessage::Check { .. })), live, "{said:?}");
    }
}
