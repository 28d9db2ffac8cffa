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
    assert_eq!(guest.on_offer(at(0), 3, parameters(1, Setup::ActPass), 0, &[]), Ok(true));
    guest.on_local_answer(at(10), parameters(2, Setup::Active));
    actions(&mut guest);
    assert_eq!(guest.on_offer(at(0), 2, parameters(1, Setup::ActPass), 0, &[]), Ok(false));
    assert_eq!(guest.on_answer(at(20), 3, parameters(2, Setup::Active)), Ok(()));
    assert!(actions(&mut guest).is_empty());
    assert_eq!(guest.on_offer(at(0), 3, parameters(66, Setup::ActPass), 1, &[]), Err(Refusal::FingerprintChanged));
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
        guest.on_offer(at(0), generation, parameters(tag, Setup::ActPass), epoch, &[]).unwrap();
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
