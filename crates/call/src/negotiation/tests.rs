//! What the scenes of whole calls do not show: limits, and what is passed over.

use trust::{
    CandidateKind, Extensions, IceCredentials, PictureParameters, Setup, SrtpProfile, Transport, VoiceParameters,
};

use super::*;

fn parameters(tag: u8, setup: Setup) -> ConnectionParameters {
    ConnectionParameters {
        ice: IceCredentials::new("ufrag", "apasswordofmorethan22chars").unwrap(),
        fingerprint: DtlsFingerprint([tag; 32]),
        setup,
        srtp: vec![SrtpProfile::AeadAes128Gcm],
        voice: VoiceParameters { payload_type: 111, red_payload_type: Some(63), ssrc: u32::from(tag) },
        picture: PictureParameters {
            payload_type: 102,
            ssrc: 1_000 + u32::from(tag),
            rtx_payload_type: 103,
            rtx_ssrc: 2_000 + u32::from(tag),
            profile_level_id: [0x42, 0xe0, 0x1f],
        },
        extensions: Extensions { mid: 1, transport_cc: 2 },
    }
}

fn candidate(port: u16) -> Candidate {
    Candidate {
        foundation: "1".parse().unwrap(),
        component: 1,
        transport: Transport::Udp,
        priority: 1,
        address: [192, 0, 2, 1].into(),
        port,
        kind: CandidateKind::Host,
        related: None,
    }
}

fn actions(negotiation: &mut Negotiation) -> Vec<Action> {
    std::iter::from_fn(|| negotiation.poll_action()).collect()
}

fn said(negotiation: &mut Negotiation) -> Vec<InnerMessage> {
    let messages = actions(negotiation).into_iter().filter_map(|action| match action {
        Action::Message(message) => Some(message),
        _ => None,
    });
    messages.collect()
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

#[test]
fn copies_in_the_voice_are_for_two_who_both_take_them() {
    for (host_takes, guest_takes) in [(true, true), (true, false), (false, true)] {
        let says = |takes: bool, mut parameters: ConnectionParameters| {
            parameters.voice.red_payload_type = takes.then_some(63);
            parameters
        };
        let mut host = Negotiation::new(Role::Host);
        assert!(!host.takes_red());
        host.open(at(0), Vec::new(), HandshakePatience::First);
        host.on_local_offer(at(10), says(host_takes, parameters(1, Setup::ActPass)));
        assert!(!host.takes_red(), "nobody has answered");
        host.on_answer(at(20), 0, says(guest_takes, parameters(2, Setup::Active))).unwrap();
        assert_eq!(host.takes_red(), host_takes && guest_takes);
    }
}

fn offered() -> Negotiation {
    let mut host = Negotiation::new(Role::Host);
    host.open(at(0), Vec::new(), HandshakePatience::First);
    host.on_local_offer(at(10), parameters(1, Setup::ActPass));
    actions(&mut host);
    host
}

#[test]
fn candidates_found_before_the_offer_was_said_follow_it() {
    let mut host = Negotiation::new(Role::Host);
    host.open(at(0), Vec::new(), HandshakePatience::First);
    host.on_local_candidates(vec![candidate(1)]);
    assert!(said(&mut host).is_empty());
    host.on_local_offer(at(10), parameters(1, Setup::ActPass));
    host.on_local_candidates(vec![candidate(1), candidate(2)]);
    host.on_local_candidates_ended();
    let messages = said(&mut host);
    assert!(matches!(messages[0], InnerMessage::Offer { generation: 0, .. }));
    assert_eq!(messages[1], InnerMessage::Candidates { generation: 0, candidates: vec![candidate(1)] });
    assert_eq!(messages[2], InnerMessage::Candidates { generation: 0, candidates: vec![candidate(2)] }, "each once");
    assert_eq!(messages[3], InnerMessage::EndOfCandidates { generation: 0 });
}

#[test]
fn an_answer_to_another_offer_and_a_second_answer_are_passed_over() {
    let mut host = offered();
    assert_eq!(host.on_answer(at(20), 7, parameters(2, Setup::Active)), Ok(()));
    assert!(!host.is_settled());
    assert_eq!(host.on_answer(at(30), 0, parameters(2, Setup::Active)), Ok(()));
    assert_eq!(host.on_answer(at(40), 0, parameters(66, Setup::Active)), Ok(()));
    assert_eq!(actions(&mut host).len(), 1);
    assert_eq!(host.on_dtls_connected(at(50), DtlsFingerprint([66; 32])), Err(Refusal::FingerprintMismatch));
    assert_eq!(host.on_dtls_connected(at(50), DtlsFingerprint([2; 32])), Ok(()));
}

#[test]
fn a_connection_without_announced_parameters_is_nobodys() {
    let mut host = offered();
    assert_eq!(host.on_dtls_connected(at(50), DtlsFingerprint([2; 32])), Err(Refusal::FingerprintMismatch));
    assert_eq!(host.verified_since(), None);
}

#[test]
fn no_more_candidates_are_tried_than_the_protocol_allows() {
    let mut host = offered();
    host.on_answer(at(20), 0, parameters(2, Setup::Active)).unwrap();
    actions(&mut host);
    for port in 1..=40 {
        host.on_remote_candidates(0, vec![candidate(port), candidate(port), candidate(port + 100)]);
    }
    let tried: usize = actions(&mut host)
        .into_iter()
        .map(|action| match action {
            Action::Command(PeerCommand::AddCandidates(candidates)) => candidates.len(),
            other => panic!("{other:?}"),
        })
        .sum();
    assert_eq!(tried, MOST_CANDIDATES);
    host.on_remote_candidates(5, vec![candidate(999)]);
    assert!(actions(&mut host).is_empty(), "of another generation");
}

#[test]
fn many_candidates_go_in_several_messages() {
    let mut host = offered();
    host.on_local_candidates((1..=70).map(candidate).collect());
    let sizes: Vec<_> = said(&mut host)
        .into_iter()
        .map(|message| match message {
            InnerMessage::Candidates { candidates, .. } => candidates.len(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sizes, [32, 32, 6]);
}

#[test]
fn an_older_offer_is_passed_over_and_a_guest_never_takes_an_answer() {
    let mut guest = Negotiation::new(Role::Guest);
    assert_eq!(guest.on_offer(at(0), 3, parameters(1, Setup::ActPass), 0, &[], false), Ok(true));
    guest.on_local_answer(at(10), parameters(2, Setup::Active));
    actions(&mut guest);
    assert_eq!(guest.on_offer(at(0), 2, parameters(1, Setup::ActPass), 0, &[], false), Ok(false));
    assert_eq!(guest.on_answer(at(20), 3, parameters(2, Setup::Active)), Ok(()));
    assert!(actions(&mut guest).is_empty());
    assert_eq!(
        guest.on_offer(at(0), 3, parameters(66, Setup::ActPass), 1, &[], false),
        Err(Refusal::FingerprintChanged)
    );
}

#[test]
fn another_path_is_taken_at_once_where_nobody_is_heard_and_else_only_when_it_is_offered_again_after_a_while() {
    for heard in [false, true] {
        let mut guest = Negotiation::new(Role::Guest);
        guest.on_offer(at(0), 0, parameters(1, Setup::ActPass), 0, &[], false).unwrap();
        guest.on_local_answer(at(10), parameters(2, Setup::Active));
        actions(&mut guest);
        let mut takes = |millis| {
            guest.on_offer(at(millis), 1, parameters(1, Setup::ActPass), 0, &[], heard).unwrap();
            actions(&mut guest).iter().any(|it| matches!(it, Action::Command(PeerCommand::AcceptOffer(_))))
        };
        assert_eq!(takes(20), !heard);
        assert!(!takes(20) && !takes(40), "a server kept them until we could be told");
        assert_eq!(takes(5_020), heard, "offered again, it is taken; taken already, it is not");
    }
}

#[test]
fn another_path_that_nobody_answers_to_is_never_late_and_the_first_one_is() {
    let mut host = offered();
    assert!(host.is_late(at(30_010)));
    host.on_answer(at(20), 0, parameters(2, Setup::Active)).unwrap();
    host.on_dtls_connected(at(50), DtlsFingerprint([2; 32])).unwrap();
    host.set_control_open(true);
    host.restart_ice(at(100));
    assert!(!host.has_offered_restart(), "not yet described");
    host.on_local_offer(at(110), parameters(1, Setup::ActPass));
    assert!(host.has_offered_restart());
    assert_eq!(host.deadline(), None);
    assert_eq!(host.say_again_at(), Some(at(5_110)));
}

#[test]
fn either_side_begins_an_epoch_with_each_connection_and_not_with_a_restart_of_ice() {
    let begins = |actions: Vec<Action>| actions.iter().filter(|action| matches!(action, Action::BeginEpoch)).count();
    let mut host = Negotiation::new(Role::Host);
    host.open(at(0), Vec::new(), HandshakePatience::First);
    assert_eq!(begins(actions(&mut host)), 1);
    host.restart_ice(at(10));
    assert_eq!(begins(actions(&mut host)), 0);

    let mut guest = Negotiation::new(Role::Guest);
    for (generation, tag, epoch, begun) in [(0, 1, 0, 1), (1, 1, 0, 0), (2, 5, 1, 1)] {
        guest.on_offer(at(0), generation, parameters(tag, Setup::ActPass), epoch, &[], false).unwrap();
        assert_eq!(begins(actions(&mut guest)), begun, "{generation}");
        guest.on_local_answer(at(10), parameters(2, Setup::Active));
        actions(&mut guest);
    }
}

#[test]
fn a_second_answer_in_other_words_is_for_another_attempt() {
    let mut host = offered();
    let first = parameters(2, Setup::Active);
    host.on_answer(at(20), 0, first.clone()).unwrap();
    assert!(!host.is_another_answer(0, &first), "the same, said again");
    let mut second = first.clone();
    second.ice = IceCredentials::new("other", "apasswordofmorethan22chars").unwrap();
    assert!(host.is_another_answer(0, &second), "of the same certificate");
    assert!(!host.is_another_answer(1, &second), "of another offer");
    host.on_dtls_connected(at(50), DtlsFingerprint([2; 32])).unwrap();
    assert!(!host.is_another_answer(0, &second), "what stands needs none");
}

#[test]
fn another_certificate_or_other_sources_are_another_connection_and_other_credentials_are_not() {
    let mut host = offered();
    let theirs = parameters(2, Setup::Active);
    assert!(!host.is_for_this_connection(&theirs), "they have not spoken");
    host.on_answer(at(20), 0, theirs.clone()).unwrap();
    let restarted = |change: fn(&mut ConnectionParameters)| {
        let mut after = theirs.clone();
        change(&mut after);
        host.is_for_this_connection(&after)
    };
    assert!(restarted(|it| it.ice = IceCredentials::new("other", "apasswordofmorethan22chars").unwrap()));
    assert!(restarted(|it| it.setup = Setup::Passive));
    assert!(!restarted(|it| it.fingerprint = DtlsFingerprint([66; 32])));
    assert!(!restarted(|it| it.voice.ssrc += 1));
    assert!(!restarted(|it| it.picture.ssrc += 1));
}

#[test]
fn a_connection_is_complete_once_it_is_verified_and_words_could_be_said_over_it() {
    let answered = || {
        let mut host = offered();
        host.on_answer(at(20), 0, parameters(2, Setup::Active)).unwrap();
        host
    };
    for control_first in [false, true] {
        let mut host = answered();
        assert!(!host.is_complete() && !host.is_control_open() && host.verified_since().is_none());
        for control in [control_first, !control_first] {
            assert!(!host.is_complete());
            if control {
                host.set_control_open(true);
            } else {
                host.on_dtls_connected(at(30), DtlsFingerprint([2; 32])).unwrap();
            }
        }
        assert!(host.is_complete() && host.is_control_open());
        assert_eq!(host.verified_since(), Some(at(30)));
        host.set_control_open(false);
        assert!(host.is_complete() && !host.is_control_open(), "words were said over it");
    }
    let mut host = answered();
    host.on_dtls_connected(at(30), DtlsFingerprint([2; 32])).unwrap();
    host.on_dtls_connected(at(90), DtlsFingerprint([2; 32])).unwrap();
    assert_eq!(host.verified_since(), Some(at(30)), "since the first time");
    assert_eq!(host.on_dtls_connected(at(95), DtlsFingerprint([66; 32])), Err(Refusal::FingerprintMismatch));
}

#[test]
fn an_offer_is_answered_again_in_its_own_words_alone_and_once_there_is_an_answer() {
    let mut guest = Negotiation::new(Role::Guest);
    let theirs = parameters(1, Setup::ActPass);
    let again = |guest: &mut Negotiation, parameters: &ConnectionParameters| {
        assert_eq!(guest.on_offer(at(20), 0, parameters.clone(), 0, &[], false), Ok(false));
        actions(guest).len()
    };
    assert_eq!(guest.on_offer(at(0), 0, theirs.clone(), 0, &[], false), Ok(true));
    actions(&mut guest);
    assert_eq!(again(&mut guest, &theirs), 0, "the answer is being made");
    guest.on_local_answer(at(10), parameters(2, Setup::Active));
    actions(&mut guest);
    assert_eq!(again(&mut guest, &theirs), 2, "in another epoch");
    let ice = IceCredentials::new("other", "apasswordofmorethan22chars").unwrap();
    assert_eq!(again(&mut guest, &ConnectionParameters { ice, ..theirs }), 0, "not what was answered");
}

/// Answered at 20 ms; nothing is found or verified yet.
fn answered(patience: HandshakePatience) -> Negotiation {
    let mut host = Negotiation::new(Role::Host);
    host.open(at(0), Vec::new(), patience);
    host.on_local_offer(at(10), parameters(1, Setup::ActPass));
    host.on_answer(at(20), 0, parameters(2, Setup::Active)).unwrap();
    actions(&mut host);
    host
}

fn asked() -> Negotiation {
    let mut guest = Negotiation::new(Role::Guest);
    assert_eq!(guest.on_offer(at(7), 0, parameters(1, Setup::ActPass), 0, &[], false), Ok(true));
    actions(&mut guest);
    guest
}

#[test]
fn each_step_is_told_from_the_others() {
    let told = |it: &Negotiation| {
        [it.is_idle(), it.is_describing(), it.is_settled(), it.is_free(), it.has_connection()].map(u8::from)
    };
    let mut host = Negotiation::new(Role::Host);
    assert_eq!(told(&host), [1, 0, 0, 1, 0]);
    host.open(at(0), Vec::new(), HandshakePatience::First);
    assert_eq!(told(&host), [0, 1, 0, 0, 1]);
    host.on_local_offer(at(10), parameters(1, Setup::ActPass));
    assert_eq!(told(&host), [0, 0, 0, 0, 1]);
    host.on_answer(at(20), 0, parameters(2, Setup::Active)).unwrap();
    assert_eq!(told(&host), [0, 0, 1, 1, 1]);
    actions(&mut host);
    host.close();
    host.close();
    assert_eq!(told(&host), [1, 0, 0, 1, 0]);
    assert!(matches!(actions(&mut host)[..], [Action::Command(PeerCommand::Close)]), "once");

    let mut guest = asked();
    assert_eq!(told(&guest), [0, 1, 0, 0, 1]);
    guest.on_local_answer(at(10), parameters(2, Setup::Active));
    assert_eq!(told(&guest), [0, 0, 1, 1, 1]);
}

#[test]
fn a_handshake_has_thirty_seconds_in_all_and_ten_from_the_path_and_ten_to_the_control_channel() {
    let mut host = offered();
    assert_eq!((host.handshake_deadline(), host.has_path()), (None, false), "nobody has answered");
    host.on_answer(at(20), 0, parameters(2, Setup::Active)).unwrap();
    assert_eq!(host.handshake_deadline(), Some(at(30_020)));
    host.on_ice_connected(at(5_000));
    host.on_ice_connected(at(6_000));
    assert_eq!((host.handshake_deadline(), host.has_path()), (Some(at(15_000)), true), "from the first path on");
    host.on_path_lost();
    assert_eq!((host.handshake_deadline(), host.has_path()), (Some(at(30_020)), false));
    host.on_ice_connected(at(25_000));
    assert_eq!(host.handshake_deadline(), Some(at(30_020)), "a late path gives no more time");
    host.on_dtls_connected(at(25_500), DtlsFingerprint([2; 32])).unwrap();
    assert_eq!(host.handshake_deadline(), Some(at(35_500)));
    for open in [true, false] {
        host.set_control_open(open);
        assert_eq!(host.handshake_deadline(), None);
    }

    let mut early = offered();
    early.on_ice_connected(at(15));
    early.on_answer(at(20), 0, parameters(2, Setup::Active)).unwrap();
    assert_eq!(early.handshake_deadline(), Some(at(10_020)), "a path before the answer counts from the answer");
    let mut patient = answered(HandshakePatience::Last);
    patient.on_ice_connected(at(1_000));
    assert_eq!(patient.handshake_deadline(), Some(at(21_000)), "twice as long, the second time");
}

#[test]
fn what_is_waited_for_is_late_at_its_deadline_and_not_before() {
    for role in [Role::Host, Role::Guest] {
        let idle = Negotiation::new(role);
        assert_eq!((idle.deadline(), idle.is_late(at(90_000)), idle.is_busy(at(0))), (None, false, false));
    }
    let mut host = Negotiation::new(Role::Host);
    host.open(at(5), Vec::new(), HandshakePatience::First);
    assert_eq!((host.deadline(), host.is_busy(at(90_000))), (Some(at(10_005)), true));
    host.on_local_offer(at(10), parameters(1, Setup::ActPass));
    assert_eq!((host.deadline(), host.is_busy(at(90_000))), (Some(at(30_010)), true));
    host.on_answer(at(20), 0, parameters(2, Setup::Active)).unwrap();
    host.on_ice_connected(at(5_000));
    assert_eq!(host.deadline(), Some(at(15_000)));
    for (millis, late) in [(14_999, false), (15_000, true), (15_001, true)] {
        assert_eq!((host.is_late(at(millis)), host.is_busy(at(millis))), (late, !late), "{millis}");
    }

    let mut guest = asked();
    assert_eq!((guest.deadline(), guest.is_busy(at(90_000))), (Some(at(10_007)), true));
    guest.on_local_answer(at(20), parameters(2, Setup::Active));
    assert_eq!((guest.deadline(), guest.is_late(at(90_000))), (None, false), "the handshake is the host's to watch");
    assert!(guest.is_busy(at(30_019)) && !guest.is_busy(at(30_020)));
}

#[test]
fn what_has_failed_is_waited_for_no_more_until_it_stands_after_all() {
    let mut guest = asked();
    assert!(!guest.is_failed());
    guest.set_failed();
    assert_eq!((guest.is_failed(), guest.deadline(), guest.is_late(at(90_000))), (true, None, false));
    assert!(!guest.is_busy(at(10)));
    guest.on_dtls_connected(at(30), DtlsFingerprint([1; 32])).unwrap();
    assert!(!guest.is_failed() && guest.is_busy(at(10)));
    let mut nobody = Negotiation::new(Role::Guest);
    nobody.set_failed();
    assert!(!nobody.is_failed());
}

#[test]
fn whoever_could_not_be_told_has_their_whole_time_again_and_a_handshake_that_was_made_has_not() {
    let mut host = offered();
    host.give_time(at(20_000));
    assert_eq!(host.deadline(), Some(at(50_000)));
    host.on_answer(at(21_000), 0, parameters(2, Setup::Active)).unwrap();
    host.give_time(at(29_000));
    assert_eq!(host.deadline(), Some(at(59_000)));
    host.on_dtls_connected(at(30_000), DtlsFingerprint([2; 32])).unwrap();
    host.give_time(at(39_000));
    assert_eq!(host.deadline(), Some(at(40_000)));
}

#[test]
fn an_offer_is_said_again_after_five_seconds_and_an_answer_when_the_other_side_may_have_lost_it() {
    let mut host = Negotiation::new(Role::Host);
    host.open(at(0), Vec::new(), HandshakePatience::First);
    assert_eq!(host.say_again_at(), None);
    actions(&mut host);
    host.say_again(at(5));
    assert!(actions(&mut host).is_empty(), "there are no words yet");
    host.on_local_offer(at(10), parameters(1, Setup::ActPass));
    assert_eq!(host.say_again_at(), Some(at(5_010)));
    actions(&mut host);
    host.say_again(at(6_000));
    let again = actions(&mut host);
    assert!(matches!(again[..], [Action::BeginEpoch, Action::Message(InnerMessage::Offer { generation: 0, .. })]));
    assert_eq!((host.say_again_at(), host.deadline()), (Some(at(11_000)), Some(at(30_010))), "the offer is no younger");
    host.on_answer(at(7_000), 0, parameters(2, Setup::Active)).unwrap();

    let mut guest = asked();
    guest.on_local_answer(at(10), parameters(2, Setup::Active));
    guest.on_local_candidates(vec![candidate(1)]);
    actions(&mut guest);
    guest.say_again(at(20));
    assert_eq!(said(&mut guest).len(), 2, "the answer and its candidate");
    assert_eq!(guest.say_again_at(), None);
}

#[test]
fn both_sides_words_are_said_again_for_as_long_as_no_path_is_found() {
    let mut host = answered(HandshakePatience::First);
    host.on_local_candidates(vec![candidate(1)]);
    let deadline = host.deadline();
    actions(&mut host);
    let again = host.say_again_at().expect("no path yet");
    host.say_again(again);
    assert_eq!(said(&mut host).len(), 2, "the offer and its candidate");
    assert_eq!(
        (host.say_again_at(), host.deadline()),
        (Some(again + ANSWER_PATIENCE), deadline),
        "no more time for it"
    );
    host.on_ice_connected(again);
    assert_eq!(host.say_again_at(), None);
    host.on_path_lost();
    assert!(host.say_again_at().is_some(), "there is no handshake yet");
    host.on_dtls_connected(again, DtlsFingerprint([2; 32])).unwrap();
    assert_eq!(host.say_again_at(), None, "who wants another path asks for one");
}

#[test]
fn an_offer_asked_for_again_is_of_no_use_the_second_time() {
    let mut host = offered();
    assert_eq!([host.was_asked_again(), host.was_asked_again()], [false, true]);
    host.open(at(50), Vec::new(), HandshakePatience::First);
    assert!(!host.was_asked_again(), "of another connection it is the first time");
    host.close();
    assert_eq!([host.was_asked_again(), host.was_asked_again()], [false, false]);
}

#[test]
fn two_wishes_for_an_offer_within_two_seconds_are_about_the_same_trouble() {
    let mut host = Negotiation::new(Role::Host);
    host.open(at(5_000), Vec::new(), HandshakePatience::First);
    let lately = [5_000, 6_999, 7_000, 7_001].map(|millis| host.offered_lately(at(millis)));
    assert_eq!(lately, [true, true, false, false]);
}

#[test]
fn a_restart_begins_with_no_candidates_of_the_old_paths() {
    let mut host = answered(HandshakePatience::First);
    host.on_local_candidates(vec![candidate(1)]);
    host.on_local_candidates_ended();
    host.on_remote_candidates(0, (1..=64).map(candidate).collect());
    actions(&mut host);
    host.restart_ice(at(100));
    assert!(matches!(actions(&mut host)[..], [Action::Command(PeerCommand::CreateOffer { restart: true })]));
    host.on_local_offer(at(110), parameters(1, Setup::ActPass));
    assert!(matches!(said(&mut host)[..], [InnerMessage::Offer { generation: 1, .. }]), "and no candidates");
    host.on_remote_candidates(0, vec![candidate(70)]);
    assert!(actions(&mut host).is_empty(), "of the paths before");
    host.on_remote_candidates(1, vec![candidate(1)]);
    assert!(matches!(actions(&mut host)[..], [Action::Command(PeerCommand::AddCandidates(_))]));
    let mut nobody = Negotiation::new(Role::Host);
    nobody.restart_ice(at(0));
    assert!(nobody.is_idle() && actions(&mut nobody).is_empty());
}

#[test]
fn candidates_of_somebody_who_has_not_described_themselves_are_passed_over() {
    let mut host = offered();
    host.on_remote_candidates(0, vec![candidate(1)]);
    assert!(actions(&mut host).is_empty());
}

#[test]
fn a_question_about_the_path_can_be_let_go_and_who_answers_it_yet_is_followed() {
    let mut host = answered(HandshakePatience::First);
    host.on_dtls_connected(at(30), DtlsFingerprint([2; 32])).unwrap();
    host.set_control_open(true);
    let accepts = |host: &mut Negotiation, millis, generation| {
        assert_eq!(host.on_answer(at(millis), generation, parameters(2, Setup::Active)), Ok(()));
        actions(host).iter().any(|it| matches!(it, Action::Command(PeerCommand::AcceptAnswer(_))))
    };
    for generation in [1, 2] {
        host.restart_ice(at(100));
        host.on_local_offer(at(110), parameters(1, Setup::ActPass));
        host.give_up_step(at(200));
        assert!(host.is_settled() && !host.has_offered_restart());
        assert_eq!((host.say_again_at(), host.deadline()), (None, None));
        actions(&mut host);
        assert!(!accepts(&mut host, 290, generation - 1), "of a question before");
        assert!(accepts(&mut host, 300, generation), "they have left the old path");
        assert!(!accepts(&mut host, 310, generation), "once");
    }
    let forged = host.on_answer(at(400), 2, parameters(66, Setup::Active));
    assert_eq!(forged, Ok(()), "nothing is asked");
    host.restart_ice(at(500));
    host.on_local_offer(at(510), parameters(1, Setup::ActPass));
    host.give_up_step(at(600));
    let forged = host.on_answer(at(700), 3, parameters(66, Setup::Active));
    assert_eq!(forged, Err(Refusal::FingerprintChanged));
}

#[test]
fn a_restart_answered_by_another_certificate_is_refused() {
    let mut host = answered(HandshakePatience::First);
    host.restart_ice(at(100));
    host.on_local_offer(at(110), parameters(1, Setup::ActPass));
    actions(&mut host);
    assert_eq!(host.on_answer(at(120), 1, parameters(66, Setup::Active)), Err(Refusal::FingerprintChanged));
    assert!(!host.is_settled() && actions(&mut host).is_empty());
    assert_eq!(host.on_answer(at(130), 1, parameters(2, Setup::Active)), Ok(()));
    assert!(host.is_settled());
}

#[test]
fn a_host_never_takes_an_offer() {
    let mut host = Negotiation::new(Role::Host);
    assert_eq!(host.on_offer(at(0), 0, parameters(2, Setup::ActPass), 0, &[], false), Ok(false));
    assert!(host.is_idle() && actions(&mut host).is_empty());
}
