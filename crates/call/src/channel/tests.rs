//! Order, gaps and limits; what is inside is for `trust` to test.

use signaling_protocol::{InviteId, VisitId};
use trust::{Capabilities, Epoch, Expected, InviteSecret, OwnBundle, UnixTime};

use super::*;

const VISIT: VisitId = VisitId::from_random([1; 16]);
const INVITE: InviteId = InviteId::from_random([2; 16]);

/// The host's channel and the guest's.
fn channels() -> (Channel, Channel) {
    let now = UnixTime(1_800_000_000);
    let secret = InviteSecret::from_random([8; 32]);
    let device = clinic::clinic_of_one(&[7; 32], "Dr Grace Hopper", now).unwrap();
    let host = OwnBundle::host([3; 64], VISIT, &device, &Capabilities::app());
    let guest = OwnBundle::guest([4; 64], INVITE, &secret, &Capabilities::app());
    let expected = Expected { clinic: device.clinic(), least_epoch: Epoch::default(), role: None, now };
    let seen_host = PeerBundle::verify_host(host.bytes(), VISIT, &expected).unwrap();
    let seen_guest = PeerBundle::verify_guest(guest.bytes(), INVITE, &secret.invite_key()).unwrap();
    let of = |own, peer: &PeerBundle, random| {
        SealedChannel::new(VISIT, own, peer, &secret.psk(), None, [random; 32]).unwrap()
    };
    (Channel::new(Role::Host, of(&host, &seen_guest, 5)), Channel::new(Role::Guest, of(&guest, &seen_host, 6)))
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// Tells what was said by its number.
fn numbered(generation: u32) -> InnerMessage {
    InnerMessage::EndOfCandidates { generation }
}

fn say(channel: &mut Channel, generation: u32) -> Base64 {
    Base64(channel.say(&numbered(generation)).unwrap().bytes)
}

fn read(taken: Vec<Taken>) -> Vec<u32> {
    let numbers = taken.into_iter().filter_map(|taken| match taken {
        Taken::Message { message: InnerMessage::EndOfCandidates { generation }, .. } => Some(generation),
        _ => None,
    });
    numbers.collect()
}

#[test]
fn each_box_is_read_once_and_in_order() {
    let (mut host, mut guest) = channels();
    let sent: Vec<_> = (0..4).map(|number| say(&mut host, number)).collect();
    let mut seen = Vec::new();
    for index in [0, 0, 2, 3, 2, 1, 1, 0] {
        seen.extend(read(guest.take(at(0), sent[index].clone())));
    }
    assert_eq!(seen, [0, 1, 2, 3]);
    assert_eq!(guest.poll_timeout(), None);
    assert_eq!(guest.dropped(), 3, "twice the first, once the second");
}

#[test]
fn what_is_missing_is_asked_for_again_and_comes() {
    let (mut host, mut guest) = channels();
    let first = say(&mut host, 0);
    assert_eq!(read(guest.take(at(0), first)), [0]);
    let (_lost, late) = (say(&mut host, 1), say(&mut host, 2));
    assert!(guest.take(at(100), late).is_empty());
    assert_eq!(guest.poll_timeout(), Some(at(2_100)));
    assert_eq!(guest.has_lost(at(2_099)), None);
    assert_eq!(guest.has_lost(at(2_100)), Some(Lost::AskAgain));
    assert_eq!(guest.has_lost(at(2_101)), None, "once a while");
    let asked = Base64(guest.ask_again().unwrap().bytes);
    let taken = host.take(at(2_200), asked);
    let [Taken::SendAgain(boxes)] = &taken[..] else { panic!("{taken:?}") };
    let again = boxes.iter().flat_map(|sealed| read(guest.take(at(2_300), Base64(sealed.bytes.clone()))));
    assert_eq!(again.collect::<Vec<_>>(), [1, 2]);
    assert_eq!(guest.poll_timeout(), None);
}

#[test]
fn what_does_not_come_though_it_was_asked_for_is_said_anew_in_another_epoch() {
    let (mut host, mut guest) = channels();
    let (lost, late) = (say(&mut host, 0), say(&mut host, 1));
    assert!(guest.take(at(0), late.clone()).is_empty());
    assert_eq!(guest.has_lost(at(2_000)), Some(Lost::AskAgain));
    assert_eq!(guest.has_lost(at(4_000)), Some(Lost::SayAnew));
    host.begin_epoch([9; 32]);
    let anew = say(&mut host, 2);
    assert_eq!(read(guest.take(at(4_100), anew)), [2]);
    assert_eq!(guest.poll_timeout(), None);
    assert!(read(guest.take(at(4_200), lost)).is_empty());
    assert!(read(guest.take(at(4_200), late)).is_empty());
}

#[test]
fn boxes_that_are_too_early_do_not_put_off_asking_and_progress_does() {
    let (mut host, mut guest) = channels();
    let sent: Vec<_> = (0..5).map(|number| say(&mut host, number)).collect();
    assert!(guest.take(at(0), sent[1].clone()).is_empty());
    assert!(guest.take(at(1_500), sent[3].clone()).is_empty());
    assert_eq!(guest.poll_timeout(), Some(at(2_000)), "whoever brings more and more of them could put it off for ever");
    assert_eq!(read(guest.take(at(1_600), sent[0].clone())), [0, 1]);
    assert_eq!(guest.poll_timeout(), Some(at(3_600)), "what came late was all that was missing then");
    assert_eq!(read(guest.take(at(1_700), sent[2].clone())), [2, 3]);
    assert_eq!(guest.poll_timeout(), None);
}

#[test]
fn a_server_cannot_make_us_keep_more_than_a_negotiation() {
    let (mut host, mut guest) = channels();
    let first = say(&mut host, 0);
    for number in 1..=200 {
        guest.take(at(0), say(&mut host, number));
    }
    assert_eq!(guest.held.len(), MOST_HELD);
    assert_eq!(read(guest.take(at(0), first)), [0]);
}

#[test]
fn boxes_that_were_made_up_do_not_keep_the_true_ones_out() {
    let (mut host, mut guest) = channels();
    let sent: Vec<_> = (0..3).map(|number| say(&mut host, number)).collect();
    let mut forged = sent[1].clone();
    *forged.0.last_mut().unwrap() ^= 1;
    assert!(guest.take(at(0), forged).is_empty(), "too early to tell");
    let seen: Vec<_> = sent.into_iter().flat_map(|sealed| read(guest.take(at(1), sealed))).collect();
    assert_eq!(seen, [0, 1, 2]);
    assert_eq!(guest.dropped(), 1);
}

#[test]
fn old_boxes_are_not_taken_from_who_is_met_again() {
    let (mut host, mut guest) = channels();
    let old = say(&mut host, 0);
    assert_eq!(read(guest.take(at(0), old.clone())), [0]);
    guest.meet_again([10; 32]);
    assert!(read(guest.take(at(1), old)).is_empty());
    host.meet_again([11; 32]);
    let new = say(&mut host, 1);
    assert_eq!(read(guest.take(at(2), new)), [1]);
}

#[test]
fn whoever_is_met_again_is_read_without_what_was_lost_before() {
    let (mut host, mut guest) = channels();
    let (_lost, late) = (say(&mut host, 0), say(&mut host, 1));
    assert!(guest.take(at(0), late).is_empty());
    guest.suspect(at(0), Refusal::Tampered);
    guest.meet_again([10; 32]);
    assert_eq!((guest.poll_timeout(), guest.suspicion()), (None, None), "that was before");
    assert!(guest.held.is_empty());
    host.meet_again([11; 32]);
    let new = say(&mut host, 2);
    assert_eq!(read(guest.take(at(100), new)), [2]);
    let new = say(&mut guest, 3);
    assert_eq!(read(host.take(at(100), new)), [3]);
}

#[test]
fn a_suspicion_counts_from_the_first_and_until_it_was_acted_upon() {
    let (_, mut guest) = channels();
    assert_eq!(guest.suspicion(), None);
    guest.suspect(at(100), Refusal::Tampered);
    guest.suspect(at(9_000), Refusal::UnsafeKeys);
    assert_eq!(guest.suspicion(), Some((at(10_100), Refusal::Tampered)));
    guest.settle_suspicion();
    assert_eq!(guest.suspicion(), None);
}

#[test]
fn what_is_not_even_looked_at_is_counted_as_dropped() {
    let (_, mut guest) = channels();
    guest.drop_one();
    guest.drop_one();
    assert_eq!(guest.dropped(), 2);
}
