use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use signaling_protocol::InviteId;
use x25519_dalek::StaticSecret;

use super::*;
use crate::fixtures::*;
use crate::{Capabilities, InviteSecret, KeyFingerprint, compare_certificate};

mod said;

use said::without;

impl SealedChannel {
    /// For the test vectors.
    pub(crate) fn info(&self, epoch: u32, sender: Role) -> Vec<u8> {
        self.pair.info(epoch, sender)
    }

    pub(crate) fn psk_id(&self) -> &[u8] {
        &self.pair.psk_id
    }
}

fn message(opened: Result<Opened, OpenError>) -> InnerMessage {
    match opened {
        Ok(Opened::Message { message, .. }) => message,
        other => panic!("{other:?}"),
    }
}

/// Host and guest who have said offer and answer.
fn talking() -> (SealedChannel, SealedChannel) {
    let (mut host, mut guest) = channels();
    assert_eq!(message(guest.open(&host.seal(&offer(1)).unwrap().bytes)), offer(1));
    assert_eq!(message(host.open(&guest.seal(&answer(2)).unwrap().bytes)), answer(2));
    (host, guest)
}

const HELLO: InnerMessage = InnerMessage::OfferRequest;

#[test]
fn what_one_side_seals_the_other_opens_both_ways_and_in_order() {
    let (mut host, mut guest) = talking();
    for generation in 0..3 {
        let said = InnerMessage::EndOfCandidates { generation };
        assert_eq!(message(guest.open(&host.seal(&said).unwrap().bytes)), said);
        assert_eq!(message(host.open(&guest.seal(&said).unwrap().bytes)), said);
    }
    let sealed = host.seal(&HELLO).unwrap();
    assert_eq!((sealed.epoch, sealed.seq), (0, 4));
    assert_eq!(guest.open(&sealed.bytes), Ok(Opened::Message { epoch: 0, message: HELLO }));
}

#[test]
fn the_first_box_says_who_is_there() {
    let (host, guest) = talking();
    let clinician = guest.peer_facts().unwrap();
    assert_eq!(clinician.name.as_ref().unwrap().expose(), NAME);
    assert_eq!(clinician.device, Some(KeyFingerprint::of_key(&device_keys().public().signing)));
    assert_eq!(host.peer_facts(), Some(&PeerFacts { name: None, device: None }));
    assert_eq!(guest.peer().id(), host_bundle().id());
}

#[test]
fn nothing_said_can_be_read_by_who_carries_it() {
    let (mut host, mut guest) = channels();
    for sealed in [host.seal(&offer(1)).unwrap(), guest.seal(&answer(2)).unwrap(), host.seal(&HELLO).unwrap()] {
        for planted in [NAME.as_bytes(), b"ufrag", b"kind", &DtlsFingerprint([1; 32]).to_string().as_bytes()[..8]] {
            assert!(!sealed.bytes.windows(planted.len()).any(|window| window == planted));
        }
    }
}

#[test]
fn every_byte_of_a_box_counts() {
    let (mut host, mut guest) = channels();
    for first in [true, false] {
        let sealed = host.seal(&offer(1)).unwrap();
        for at in 0..sealed.bytes.len() {
            let mut bad = sealed.bytes.clone();
            bad[at] ^= 1;
            let error = guest.open(&bad).unwrap_err();
            assert!(!error.is_authentic(), "byte {at}: {error:?}");
            if at >= HEADER_BYTES {
                assert_eq!(error, OpenError::NotSealedForUs, "byte {at}");
            }
            let cut = if at > 0 && padded(at) == at { OpenError::NotSealedForUs } else { OpenError::Malformed };
            assert_eq!(guest.open(&sealed.bytes[..at]), Err(cut), "cut at {at}");
        }
        assert_eq!(guest.open(&[sealed.bytes.as_slice(), &[0]].concat()), Err(OpenError::Malformed));
        // None of that did any harm.
        assert_eq!(message(guest.open(&sealed.bytes)), offer(1), "first: {first}");
    }
}

#[test]
fn a_box_that_is_brought_again_is_not_opened_again() {
    let (mut host, mut guest) = channels();
    let sealed: Vec<_> = (0..3).map(|_| host.seal(&HELLO).unwrap()).collect();
    for one in &sealed {
        guest.open(&one.bytes).unwrap();
    }
    for one in &sealed {
        assert_eq!(guest.open(&one.bytes), Err(OpenError::Replayed));
    }
}

#[test]
fn a_box_that_comes_early_waits_for_the_one_before_it() {
    let (mut host, mut guest) = channels();
    let sealed: Vec<_> = (0..3).map(|_| host.seal(&HELLO).unwrap()).collect();
    assert_eq!(guest.open(&sealed[1].bytes), Err(OpenError::Gap { expected: 0, got: 1 }));
    guest.open(&sealed[0].bytes).unwrap();
    assert_eq!(guest.open(&sealed[2].bytes), Err(OpenError::Gap { expected: 1, got: 2 }));
    guest.open(&sealed[1].bytes).unwrap();
    guest.open(&sealed[2].bytes).unwrap();
}

#[test]
fn a_box_renumbered_on_its_way_is_not_opened() {
    let (mut host, mut guest) = talking();
    host.seal(&HELLO).unwrap();
    let mut later = host.seal(&HELLO).unwrap().bytes;
    later[8] = 1;
    assert_eq!(guest.open(&later), Err(OpenError::NotSealedForUs));
    let mut first = channels().0.seal(&HELLO).unwrap().bytes;
    first[4] = 1;
    assert_eq!(guest.open(&first), Err(OpenError::NotSealedForUs), "an epoch that was never begun");
}

#[test]
fn an_epoch_begins_anew_and_the_one_before_it_is_over() {
    let (mut host, mut guest) = talking();
    let lost = host.seal(&HELLO).unwrap();
    host.begin_epoch([41; 32]);
    let sealed = host.seal(&HELLO).unwrap();
    assert_eq!((sealed.epoch, sealed.seq), (1, 0));
    assert_eq!(guest.open(&sealed.bytes), Ok(Opened::Message { epoch: 1, message: HELLO }));
    assert_eq!(guest.open(&lost.bytes), Err(OpenError::OldEpoch));
    host.begin_epoch([42; 32]);
    let skipped = host.seal(&HELLO).unwrap();
    host.begin_epoch([43; 32]);
    let sealed = host.seal(&HELLO).unwrap();
    assert_eq!(guest.open(&sealed.bytes), Ok(Opened::Message { epoch: 3, message: HELLO }));
    assert_eq!(guest.open(&skipped.bytes), Err(OpenError::OldEpoch));
    guest.open(&host.seal(&HELLO).unwrap().bytes).unwrap();
}

#[test]
fn an_epoch_in_which_nothing_was_said_is_not_ended() {
    let (mut host, _) = channels();
    host.begin_epoch([41; 32]);
    host.begin_epoch([42; 32]);
    assert_eq!(host.seal(&HELLO).unwrap().epoch, 0);
    host.begin_epoch([43; 32]);
    assert_eq!(host.seal(&HELLO).unwrap().epoch, 1);
}

#[test]
fn a_later_epoch_that_is_forged_does_not_end_the_one_that_stands() {
    let (mut host, mut guest) = talking();
    let next = host.seal(&HELLO).unwrap();
    let mut forged = vec![1; 256];
    forged[1..9].copy_from_slice(&[0, 0, 0, 9, 0, 0, 0, 0]);
    assert_eq!(guest.open(&forged), Err(OpenError::NotSealedForUs));
    assert_eq!(message(guest.open(&next.bytes)), HELLO);
}

#[test]
fn the_last_epoch_seals_nothing() {
    let (mut host, _) = channels();
    host.seal(&HELLO).unwrap();
    host.sending.epoch = u32::MAX - 1;
    host.begin_epoch([1; 32]);
    assert_eq!(host.seal(&HELLO), Err(SealError::TooLarge));
    let (mut host, _) = channels();
    host.seal(&HELLO).unwrap();
    host.sending.next = u32::MAX;
    assert_eq!(host.seal(&HELLO), Err(SealError::TooLarge));
}

#[test]
fn a_box_for_another_way_visit_link_or_bundle_is_not_opened() {
    let (mut host, mut guest) = channels();
    let own = host.seal(&HELLO).unwrap();
    // Sent back to who sealed it.
    assert_eq!(host.open(&own.bytes), Err(OpenError::NotSealedForUs));

    let psk = secret().psk();
    let (host_own, guest_own) = (host_bundle(), guest_bundle());
    let host_of = |visit, host: &OwnBundle, guest: &OwnBundle, psk: &Psk| {
        SealedChannel::new(visit, host, &seen_guest(guest), psk, None, [31; 32]).unwrap()
    };
    let another_visit = host_of(signaling_protocol::VisitId::from_random([9; 16]), &host_own, &guest_own, &psk);
    let another_secret = InviteSecret::from_random([66; 32]).psk();
    let another_link = host_of(VISIT, &host_own, &guest_own, &another_secret);
    let another_guest = OwnBundle::guest([77; 64], INVITE, &secret(), &Capabilities::app());
    let for_another = host_of(VISIT, &host_own, &another_guest, &psk);
    // The same keys, another word about what they can do.
    let less = Capabilities::app().without(Capability::VOICE_RED);
    let stripped = OwnBundle::guest([22; 64], INVITE, &secret(), &less);
    let for_stripped = host_of(VISIT, &host_own, &stripped, &psk);
    let stripped_host = OwnBundle::host([21; 64], VISIT, &device(), &less);
    let as_stripped = host_of(VISIT, &stripped_host, &guest_own, &psk);
    let wrong = [another_visit, another_link, for_another, for_stripped, as_stripped];
    for (index, mut channel) in wrong.into_iter().enumerate() {
        let sealed = channel.seal(&HELLO).unwrap();
        assert_eq!(guest.open(&sealed.bytes), Err(OpenError::NotSealedForUs), "{index}");
    }
    assert_eq!(message(guest.open(&own.bytes)), HELLO);
}

#[test]
fn a_guest_of_another_invite_with_the_same_secret_is_another_guest() {
    let another = InviteId::from_random([66; 16]);
    let own = OwnBundle::guest([22; 64], another, &secret(), &Capabilities::app());
    let seen = PeerBundle::verify_guest(own.bytes(), another, &secret().invite_key()).unwrap();
    let mut host = SealedChannel::new(VISIT, &host_bundle(), &seen, &secret().psk(), None, [31; 32]).unwrap();
    assert_ne!(host.pair.psk_id, channels().0.pair.psk_id);
    let sealed = host.seal(&HELLO).unwrap();
    assert_eq!(channels().1.open(&sealed.bytes), Err(OpenError::NotSealedForUs));
}

#[test]
fn who_only_holds_the_links_secret_cannot_speak_for_the_clinician() {
    // The forger knows the secret and the server's copy of both bundles; it has not the key that the bundle names.
    let mut forger = host_bundle();
    forger.signing = SigningKey::from_bytes(&[66; 32]);
    forger.agreement = StaticSecret::from([66; 32]);
    let (mut forger, mut guest) = {
        let (_, guest) = channels();
        (
            SealedChannel::new(VISIT, &forger, &seen_guest(&guest_bundle()), &secret().psk(), None, [1; 32]).unwrap(),
            guest,
        )
    };
    let forged = forger.seal(&offer(6)).unwrap();
    assert_eq!(guest.open(&forged.bytes), Err(OpenError::NotSigned));
    assert!(guest.peer_facts().is_none() && guest.peer_fingerprint().is_none());
    // Not in a later epoch either, and the true clinician is heard as if nothing had been.
    let mut host = channels().0;
    assert_eq!(message(guest.open(&host.seal(&offer(1)).unwrap().bytes)), offer(1));
    forger.begin_epoch([2; 32]);
    assert_eq!(guest.open(&forger.seal(&offer(6)).unwrap().bytes), Err(OpenError::NotSigned));
    assert_eq!(guest.peer_fingerprint(), Some(DtlsFingerprint([1; 32])));
    guest.open(&host.seal(&HELLO).unwrap().bytes).unwrap();
}

#[test]
fn who_only_holds_the_links_secret_cannot_speak_for_a_guest_who_is_there() {
    let mut forger = guest_bundle();
    forger.signing = SigningKey::from_bytes(&[66; 32]);
    let mut forger =
        SealedChannel::new(VISIT, &forger, &seen_host(&host_bundle()), &secret().psk(), None, [1; 32]).unwrap();
    assert_eq!(channels().0.open(&forger.seal(&answer(6)).unwrap().bytes), Err(OpenError::NotSigned));
}

#[test]
fn the_signature_of_one_first_box_serves_for_no_other() {
    // Two first boxes of one side: the same key, another enc. A holder of the secret who could open one and seal it again
    // has the signature, and it does not fit.
    let (mut host, mut guest) = channels();
    let info = host.pair.info(0, Role::Host);
    let mut plain = vec![0];
    host.write_facts(&[0; 32], &info, &mut plain);
    let signature = host.signing.sign(&first_box_bytes(&[5; 32], &info, &plain[1..])).to_bytes();
    let psk = Some((host.psk.bytes(), host.pair.psk_id.as_slice()));
    let (enc, mut context) = suite::sender(&host.peer.agreement, psk, &info, [8; 32]).unwrap();
    let payload = |signature: [u8; 64], count: usize| {
        let mut plain = [&signature, &plain[1..], &[1, 0, 0]].concat();
        plain.resize(count, 0);
        plain
    };
    let header = Header { epoch: 0, seq: 0 }.bytes();
    let size = 512 - HEADER_BYTES - ENC_BYTES - TAG_BYTES;
    let sealed = context.seal(&payload(signature, size), &header).unwrap();
    let forged = [header.as_slice(), &enc, &sealed].concat();
    assert_eq!(guest.open(&forged), Err(OpenError::NotSigned));
    assert!(guest.open(&host.seal(&HELLO).unwrap().bytes).is_ok());
}

#[test]
fn an_encapsulated_key_of_low_order_is_refused() {
    let (mut host, mut guest) = channels();
    let good = host.seal(&HELLO).unwrap().bytes;
    for point in low_order_points() {
        let mut bad = good.clone();
        bad[HEADER_BYTES..HEADER_BYTES + 32].copy_from_slice(&point);
        assert_eq!(guest.open(&bad), Err(OpenError::LowOrderPoint), "{point:?}");
    }
    assert!(guest.open(&good).is_ok());
}

#[test]
fn boxes_come_in_few_sizes_and_padding_is_zero() {
    let (mut host, mut guest) = channels();
    let mut seen = std::collections::BTreeSet::new();
    for many in 0..60 {
        let candidates = vec![candidate(); many % 33];
        let said = InnerMessage::Candidates { generation: many as u32, candidates };
        let sealed = host.seal(&said).unwrap();
        assert_eq!(padded(sealed.bytes.len()), sealed.bytes.len());
        seen.insert(sealed.bytes.len());
        assert_eq!(message(guest.open(&sealed.bytes)), said);
    }
    assert!(seen.len() >= 5, "{seen:?}");
    let sizes = [0, 256, 257, 1_024, 1_025, 4_096, 4_097, MAX_BOX_BYTES];
    assert_eq!(sizes.map(padded), [256, 256, 320, 1_024, 1_280, 4_096, 5_120, MAX_BOX_BYTES]);
    for (bytes, read) in [
        (&[1, 0, 2, 7, 8, 0, 0][..], Some((1, &[7, 8][..]))),
        (&[1, 0, 2, 7, 8, 0, 1], None),
        (&[1, 0, 2, 7], None),
        (&[1, 0], None),
        (&[], None),
        (&[9, 0, 0], Some((9, &[]))),
    ] {
        assert_eq!(read_content(bytes), read);
    }
}

fn candidate() -> crate::Candidate {
    crate::Candidate {
        foundation: "1".parse().unwrap(),
        component: 1,
        transport: crate::Transport::Udp,
        priority: 1,
        address: "192.0.2.7".parse().unwrap(),
        port: 9_999,
        kind: crate::CandidateKind::Host,
        related: None,
    }
}

/// Seals what `seal` would not.
fn sealed_raw(channel: &mut SealedChannel, kind: u8, content: &[u8]) -> Vec<u8> {
    channel.seal_content(kind, content).unwrap().bytes
}

#[test]
fn the_largest_message_fits_and_a_larger_one_is_refused() {
    let device = PatientDevice::for_clinic(&[5; 32], &clinic().fingerprint());
    let psk = secret().psk();
    let mut guest =
        SealedChannel::new(VISIT, &guest_bundle(), &seen_host(&host_bundle()), &psk, Some(&device), [3; 32]).unwrap();
    assert_eq!(guest.seal_content(9, &vec![1; MAX_CONTENT_BYTES + 1]).err(), Some(SealError::TooLarge));
    assert_eq!(sealed_raw(&mut guest, 9, &vec![1; MAX_CONTENT_BYTES]).len(), 16_384);
    assert_eq!(
        channels().0.open(&sealed_raw(&mut guest, 9, &vec![1; MAX_CONTENT_BYTES])).err(),
        Some(OpenError::Gap { expected: 0, got: 1 })
    );
}

#[test]
fn what_a_later_version_says_is_passed_over() {
    let (mut host, mut guest) = talking();
    assert_eq!(guest.open(&sealed_raw(&mut host, 9, b"?")), Ok(Opened::Unknown));
    let later = br#"{"kind":"later"}"#;
    assert_eq!(guest.open(&sealed_raw(&mut host, KIND_MESSAGE, later)), Ok(Opened::Unknown));
    assert_eq!(message(guest.open(&host.seal(&HELLO).unwrap().bytes)), HELLO);
}

#[test]
fn a_message_that_is_not_to_be_used_is_named() {
    let (mut host, mut guest) = talking();
    let error = guest.open(&sealed_raw(&mut host, KIND_MESSAGE, b"{")).unwrap_err();
    assert_eq!(error, OpenError::Inner(InnerError::Malformed));
    assert!(error.is_authentic());
    let error = guest.open(&sealed_raw(&mut host, KIND_ASK_AGAIN, b"1234567")).unwrap_err();
    assert_eq!(error, OpenError::Padding);
}

#[test]
fn only_sealed_schemes_are_read() {
    let (mut host, mut guest) = channels();
    let mut bytes = host.seal(&HELLO).unwrap().bytes;
    bytes[0] = 2;
    assert_eq!(guest.open(&bytes), Err(OpenError::LaterScheme));
    bytes[0] = 0;
    assert_eq!(guest.open(&bytes), Err(OpenError::Malformed));
    assert_eq!(guest.open(&HELLO.to_bytes()), Err(OpenError::LaterScheme), "an open box, as scheme 0 had it");
    assert_eq!(guest.open(&[]), Err(OpenError::Malformed));
    assert_eq!(guest.open(&[1; MAX_BOX_BYTES + 1_024]), Err(OpenError::Malformed));
}

#[test]
fn two_who_cannot_speak_with_each_other_are_told() {
    let psk = secret().psk();
    let new = |own: &OwnBundle, peer: &PeerBundle| SealedChannel::new(VISIT, own, peer, &psk, None, [0; 32]).err();
    assert_eq!(new(&host_bundle(), &seen_host(&host_bundle())), Some(ChannelError::SameRole));
    assert_eq!(new(&guest_bundle(), &seen_guest(&guest_bundle())), Some(ChannelError::SameRole));
    let no_suite = OwnBundle::guest([22; 64], INVITE, &secret(), &without(Capability::SUITE_1));
    assert_eq!(new(&host_bundle(), &seen_guest(&no_suite)), Some(ChannelError::NoCommonSuite));
    let later = OwnBundle::guest([22; 64], INVITE, &secret(), &Capabilities::of_versions(2, 3));
    assert_eq!(new(&host_bundle(), &seen_guest(&later)), Some(ChannelError::NoCommonVersion));
}

#[test]
fn what_is_missing_is_sent_again_as_it_was() {
    let (mut host, mut guest) = talking();
    let sent: Vec<_> = (0..3).map(|_| host.seal(&HELLO).unwrap()).collect();
    let ask = guest.ask_again().unwrap();
    assert_eq!(host.open(&ask.bytes), Ok(Opened::SendAgain(sent.clone())));
    for one in &sent {
        guest.open(&one.bytes).unwrap();
    }
    let ask = guest.ask_again().unwrap();
    assert_eq!(host.open(&ask.bytes), Ok(Opened::SendAgain(vec![])));
    // Of an epoch of which it has heard nothing, all.
    host.begin_epoch([40; 32]);
    let sent: Vec<_> = (0..3).map(|_| host.seal(&HELLO).unwrap()).collect();
    let ask = guest.ask_again().unwrap();
    assert_eq!(host.open(&ask.bytes), Ok(Opened::SendAgain(sent)));
}

#[test]
fn who_has_heard_nothing_yet_asks_for_the_beginning() {
    let (mut host, mut guest) = channels();
    let sent = vec![host.seal(&HELLO).unwrap()];
    assert_eq!(host.open(&guest.ask_again().unwrap().bytes), Ok(Opened::SendAgain(sent)));
}

#[test]
fn what_is_not_kept_any_more_needs_a_new_epoch() {
    let (mut host, mut guest) = talking();
    for _ in 0..MOST_KEPT {
        host.seal(&HELLO).unwrap();
    }
    assert!(
        matches!(host.open(&guest.ask_again().unwrap().bytes), Ok(Opened::SendAgain(all)) if all.len() == MOST_KEPT)
    );
    host.seal(&HELLO).unwrap();
    assert_eq!(host.sending.kept.len(), MOST_KEPT);
    assert_eq!(host.open(&guest.ask_again().unwrap().bytes), Ok(Opened::BeginAnew));
}

#[test]
fn nobody_asks_for_what_was_never_said() {
    let (mut host, mut guest) = talking();
    let ask = |epoch: u32, next: u32| [epoch.to_be_bytes(), next.to_be_bytes()].concat();
    let later = sealed_raw(&mut guest, KIND_ASK_AGAIN, &ask(0, 2));
    assert_eq!(host.open(&later), Err(OpenError::Padding));
    let other = sealed_raw(&mut guest, KIND_ASK_AGAIN, &ask(1, 0));
    assert_eq!(host.open(&other), Err(OpenError::Padding));
    let longer = sealed_raw(&mut guest, KIND_ASK_AGAIN, &[ask(0, 1), vec![0]].concat());
    assert_eq!(host.open(&longer), Err(OpenError::Padding));
    let fits = sealed_raw(&mut guest, KIND_ASK_AGAIN, &ask(0, 1));
    assert_eq!(host.open(&fits), Ok(Opened::SendAgain(vec![])));
}

#[test]
fn both_sides_have_one_transcript_and_any_change_makes_another() {
    let (mut host, mut guest) = talking();
    let before = host.transcript().unwrap();
    assert_eq!(guest.transcript(), Some(before));
    host.begin_epoch([40; 32]);
    guest.open(&host.seal(&offer(1)).unwrap().bytes).unwrap();
    assert_eq!((host.transcript(), guest.transcript()), (Some(before), Some(before)), "said again");
    for channel in [&mut host, &mut guest] {
        channel.begin_epoch([44; 32]);
        assert_eq!(channel.transcript(), Some(before), "an epoch alone changes nothing");
    }
    guest.open(&host.seal(&HELLO).unwrap().bytes).unwrap();
    assert_eq!(guest.transcript(), Some(before));
    host.begin_epoch([41; 32]);
    guest.open(&host.seal(&offer(3)).unwrap().bytes).unwrap();
    assert_eq!(host.transcript(), guest.transcript());
    assert_ne!(host.transcript(), Some(before));
    let (mut host, guest) = channels();
    host.seal(&offer(1)).unwrap();
    assert_eq!((host.transcript(), guest.transcript()), (None, None));
}

#[test]
fn a_channel_can_live_in_another_thread() {
    fn can<T: Send>() {}
    can::<SealedChannel>();
}

#[test]
fn a_channel_prints_numbers_alone() {
    let (host, guest) = talking();
    assert_eq!(format!("{host:?}"), "SealedChannel(sent (0, 1), received Some((0, 1)))");
    assert_eq!(format!("{:?}", channels().0), "SealedChannel(sent (0, 0), received None)");
    drop(guest);
}

#[test]
fn sealing_adds_little_to_a_join() {
    let (host, guest) = (host_bundle(), guest_bundle());
    let before = 178 + 146;
    let bundles = host.bytes().len() + guest.bytes().len() - before;
    let (mut host, mut guest) = channels_of(&host, &guest);
    let mut boxes = 0;
    for said in [offer(1), InnerMessage::Candidates { generation: 0, candidates: vec![candidate(); 4] }] {
        let sealed = host.seal(&said).unwrap();
        boxes += sealed.bytes.len() - said.to_bytes().len();
    }
    for said in [answer(1), InnerMessage::Candidates { generation: 0, candidates: vec![candidate(); 4] }] {
        let sealed = guest.seal(&said).unwrap();
        boxes += sealed.bytes.len() - said.to_bytes().len();
    }
    // In base64, both bundles and all boxes: what the guest's side sends and hears.
    let added = (bundles + boxes).div_ceil(3) * 4;
    assert!(added <= 1_400, "{bundles} and {boxes} bytes, {added} characters");
}

proptest! {
    #[test]
    fn no_bytes_panic_nor_harm(bytes in proptest::collection::vec(any::<u8>(), 0..600), size in 0..MAX_BOX_BYTES) {
        let (mut host, mut guest) = talking();
        let mut bytes = bytes;
        prop_assert!(guest.open(&bytes).is_err());
        bytes.resize(padded(size), 7);
        bytes[..9].copy_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0, 1]);
        prop_assert_eq!(guest.open(&bytes), Err(OpenError::NotSealedForUs));
        bytes[4] = 1;
        bytes[8] = 0;
        prop_assert!(guest.open(&bytes).is_err());
        prop_assert!(guest.open(&host.seal(&HELLO).unwrap().bytes).is_ok());
    }

    #[test]
    fn whatever_is_inside_a_true_seal_does_not_panic(kind: u8, content in proptest::collection::vec(any::<u8>(), 0..300)) {
        let (mut host, mut guest) = talking();
        let _ = guest.open(&sealed_raw(&mut host, kind, &content));
        prop_assert!(guest.open(&host.seal(&HELLO).unwrap().bytes).is_ok());
    }

    #[test]
    fn whatever_order_boxes_come_in_they_are_opened_once_and_in_order(order in proptest::collection::vec(0..6_usize, 0..40)) {
        let (mut host, mut guest) = channels();
        let sealed: Vec<_> = (0..6).map(|generation| host.seal(&InnerMessage::EndOfCandidates { generation }).unwrap()).collect();
        let mut next = 0;
        for index in order {
            match guest.open(&sealed[index].bytes) {
                Ok(Opened::Message { message: InnerMessage::EndOfCandidates { generation }, .. }) => {
                    prop_assert_eq!((generation, index), (next, next as usize));
                    next += 1;
                }
                Err(OpenError::Replayed) => prop_assert!(index < next as usize),
                Err(OpenError::Gap { .. }) => prop_assert!(index > next as usize),
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}
