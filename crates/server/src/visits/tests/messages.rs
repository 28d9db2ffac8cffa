//! Boxes and mailboxes.

use std::time::Duration;

use signaling_protocol::{Base64, Code, Event, Notice, SCHEME_SEALED};

use super::clinic::{Clinic, Person, kinds, texts};
use crate::store::{EndpointRow, InviteRow, Rows, Store, VisitRow};
use crate::visits::{Command, Reply};

#[test]
fn a_box_arrives_in_order_stamped_with_its_sender() {
    let mut clinic = Clinic::new();
    let (_, mut host, mut guest) = clinic.call();
    for text in ["one", "two", "three"] {
        host.sends(&mut clinic, &guest, text);
    }
    let events = guest.hears(&mut clinic);
    assert_eq!(texts(&events), ["one", "two", "three"]);
    let Event::Message { envelope } = &events[0] else { panic!() };
    assert_eq!(envelope.from, Some(host.id));
}

#[test]
fn a_sender_cannot_pose_as_another() {
    let mut clinic = Clinic::new();
    let (_, host, mut guest) = clinic.call();
    let mut message = guest.writes(&host, "hello");
    message.from = Some(host.id);
    clinic.ask(Command::Send { by: guest.id, messages: vec![message] }).unwrap();
    let mut host = host;
    let events = host.hears(&mut clinic);
    assert!(matches!(&events[0], Event::Message { envelope } if envelope.from == Some(guest.id)));
}

#[test]
fn those_who_wait_may_exchange_boxes_with_the_host_and_never_with_each_other() {
    let mut clinic = Clinic::new();
    let link = clinic.link();
    let second = clinic.link_to(link.visit, 8);
    let mut host = clinic.host(link.visit);
    let mut ada = clinic.guest(&link, b"ada");
    let mut bob = clinic.guest(&second, b"bob");
    ada.sends(&mut clinic, &host, "from ada");
    assert_eq!(texts(&host.hears(&mut clinic)), ["from ada"]);
    let message = ada.writes(&bob, "psst");
    assert_eq!(clinic.ask(Command::Send { by: ada.id, messages: vec![message] }), Err(Code::EndpointNotFound));
    let Some(Event::Hello { participants, .. }) = bob.hears(&mut clinic).into_iter().next() else { panic!() };
    assert_eq!(participants.iter().map(|one| one.endpoint).collect::<Vec<_>>(), [host.id]);
}

#[test]
fn a_message_sent_again_is_answered_again_and_delivered_once() {
    let mut clinic = Clinic::new();
    let (_, mut host, mut guest) = clinic.call();
    let message = host.writes(&guest, "once");
    let command = Command::Send { by: host.id, messages: vec![message.clone(), message.clone()] };
    let first = clinic.ask(command.clone());
    assert_eq!(clinic.ask(command.clone()), first);
    assert_eq!(texts(&guest.hears(&mut clinic)), ["once"]);
    let mut other = message;
    other.sealed = Base64(b"another".to_vec());
    assert_eq!(clinic.ask(Command::Send { by: host.id, messages: vec![other] }), Err(Code::MessageIdReused));
    clinic.done(Command::Leave { by: guest.id });
    assert_eq!(clinic.ask(command), first, "also when the receiver has gone since");
}

#[test]
fn a_request_is_taken_whole_or_not_at_all() {
    let mut clinic = Clinic::new();
    let (_, mut host, mut guest) = clinic.call();
    let good = host.writes(&guest, "good");
    let mut lost = host.writes(&guest, "lost");
    lost.to = signaling_protocol::EndpointId::from_random([9; 16]);
    let command = Command::Send { by: host.id, messages: vec![good.clone(), lost] };
    assert_eq!(clinic.ask(command), Err(Code::EndpointNotFound));
    assert_eq!(kinds(&guest.hears(&mut clinic)), [] as [&str; 0]);
    assert!(matches!(clinic.ask(Command::Send { by: host.id, messages: vec![good] }), Ok(Reply::Sent(_))));
}

#[test]
fn too_much_at_once_is_refused() {
    let mut clinic = Clinic::new();
    let (_, mut host, guest) = clinic.call();
    let send = |messages| Command::Send { by: host.id, messages };
    assert_eq!(clinic.ask(send(vec![])), Err(Code::Malformed));
    let mut large = host_writes(&mut clinic, &guest);
    large.sealed = Base64(vec![0; 16 * 1024 + 1]);
    assert_eq!(clinic.ask(send(vec![large])), Err(Code::TooLarge));
    let many: Vec<_> = (0..17).map(|_| host.writes(&guest, "x")).collect();
    assert_eq!(clinic.ask(Command::Send { by: host.id, messages: many }), Err(Code::TooLarge));
}

/// A message that its sender has not counted.
fn host_writes(clinic: &mut Clinic, to: &Person) -> signaling_protocol::Envelope {
    let _ = clinic;
    signaling_protocol::Envelope {
        id: signaling_protocol::MessageId::from_random([0xEE; 16]),
        to: to.id,
        from: None,
        seq: 0,
        epoch: 0,
        scheme: signaling_protocol::SCHEME_OPEN,
        ttl_ms: 1_000,
        sealed: Base64(vec![]),
    }
}

#[test]
fn who_sends_without_end_is_slowed_down() {
    let mut clinic = Clinic::new();
    let (_, mut host, guest) = clinic.call();
    let mut refused = 0;
    for _ in 0..200 {
        let message = host.writes(&guest, "x");
        refused +=
            u32::from(clinic.ask(Command::Send { by: host.id, messages: vec![message] }) == Err(Code::TooManyRequests));
    }
    assert_eq!(refused, 80);
    clinic.pass(Duration::from_secs(1));
    host.sends(&mut clinic, &guest, "slowly");
}

#[test]
fn a_message_past_its_time_is_not_delivered() {
    let mut clinic = Clinic::new();
    let (_, mut host, mut guest) = clinic.call();
    guest.breaks(&mut clinic);
    host.sends(&mut clinic, &guest, "stale");
    clinic.pass(Duration::from_secs(30));
    host.sends(&mut clinic, &guest, "fresh");
    guest.returns(&mut clinic);
    assert_eq!(texts(&guest.hears(&mut clinic)), ["fresh"]);
}

#[test]
fn a_mailbox_that_runs_over_says_reset_and_hello() {
    let mut clinic = Clinic::with(|config| config.limits.mailbox_messages = 10);
    let (_, mut host, mut guest) = clinic.call();
    for n in 0..11 {
        host.sends(&mut clinic, &guest, &n.to_string());
    }
    let events = guest.hears(&mut clinic);
    assert_eq!(kinds(&events), ["reset", "hello", "message"], "the cursor cannot be resumed");
    assert_eq!(texts(&events), ["10"], "the one that made it run over");
    host.sends(&mut clinic, &guest, "on");
    assert_eq!(texts(&guest.hears(&mut clinic)), ["on"]);
}

#[test]
fn who_waits_cannot_crowd_out_what_others_say_to_a_host_who_is_away() {
    let mut clinic = Clinic::new();
    let (link, mut host, mut guest) = clinic.call();
    let second = clinic.link_to(link.visit, 8);
    let mut pest = clinic.guest(&second, b"pest");
    host.hears(&mut clinic);
    host.breaks(&mut clinic);
    let mut taken = 0;
    for _ in 0..100 {
        let message = pest.writes(&host, "let me in");
        match clinic.ask(Command::Send { by: pest.id, messages: vec![message] }) {
            Ok(_) => taken += 1,
            Err(code) => assert_eq!(code, Code::TooManyRequests),
        }
        clinic.pass(Duration::from_millis(100));
    }
    assert_eq!(taken, 25, "a tenth of 256");
    guest.sends(&mut clinic, &host, "are you there?");
    host.returns(&mut clinic);
    let events = host.hears(&mut clinic);
    assert!(!kinds(&events).contains(&"reset"), "{:?}", kinds(&events));
    assert_eq!(texts(&events).last().map(String::as_str), Some("are you there?"));
    // What was heard makes room.
    pest.sends(&mut clinic, &host, "me again");
}

#[test]
fn what_is_past_its_time_takes_no_room_of_its_sender() {
    let mut clinic = Clinic::with(|config| config.limits.mailbox_messages = 20);
    let (_, mut host, mut guest) = clinic.call();
    host.breaks(&mut clinic);
    for _ in 0..4 {
        guest.sends(&mut clinic, &host, "early");
    }
    let message = guest.writes(&host, "too many");
    assert_eq!(clinic.ask(Command::Send { by: guest.id, messages: vec![message] }), Err(Code::TooManyRequests));
    clinic.pass(Duration::from_secs(30));
    guest.sends(&mut clinic, &host, "late");
    host.returns(&mut clinic);
    assert_eq!(texts(&host.hears(&mut clinic)), ["late"]);
}

#[test]
fn a_stream_that_lost_its_place_gets_hello_and_the_messages_that_wait() {
    let mut clinic = Clinic::new();
    let (_, mut host, mut guest) = clinic.call();
    host.sends(&mut clinic, &guest, "kept");
    guest.cursor = None;
    let events = guest.hears(&mut clinic);
    assert_eq!(kinds(&events), ["hello", "message"]);
    guest.cursor = Some(12);
    assert_eq!(kinds(&guest.hears(&mut clinic)), ["reset", "hello", "message"]);
}

#[test]
fn a_sealed_box_has_a_size_that_boxes_are_padded_to() {
    let mut clinic = Clinic::new();
    let (_, mut host, mut guest) = clinic.call();
    let mut send = |clinic: &mut Clinic, guest: &Person, scheme, bytes| {
        let mut message = host.writes(guest, "");
        (message.scheme, message.sealed) = (scheme, Base64(vec![7; bytes]));
        clinic.ask(Command::Send { by: host.id, messages: vec![message] }).err()
    };
    for bytes in [256, 320, 1_024, 1_280, 4_096, 5_120, 16_384] {
        assert_eq!(send(&mut clinic, &guest, SCHEME_SEALED, bytes), None, "{bytes}");
    }
    assert_eq!(guest.hears(&mut clinic).len(), 7);
    for bytes in [0, 255, 257, 1_088, 4_352, 16_383] {
        for scheme in [SCHEME_SEALED, 2, 255] {
            assert_eq!(send(&mut clinic, &guest, scheme, bytes), Some(Code::BoxSize), "{bytes}");
        }
    }
    assert_eq!(send(&mut clinic, &guest, SCHEME_SEALED, 16_385), Some(Code::TooLarge));
    assert_eq!(kinds(&guest.hears(&mut clinic)), [] as [&str; 0]);
}

#[test]
fn a_mailbox_holds_63_of_the_largest_sealed_boxes() {
    let mut clinic = Clinic::new();
    let (_, mut host, mut guest) = clinic.call();
    guest.breaks(&mut clinic);
    for _ in 0..63 {
        let mut message = host.writes(&guest, "");
        (message.scheme, message.sealed) = (SCHEME_SEALED, Base64(vec![7; 16_384]));
        clinic.ask(Command::Send { by: host.id, messages: vec![message] }).unwrap();
    }
    guest.returns(&mut clinic);
    assert_eq!(kinds(&guest.hears(&mut clinic)), ["message"; 63]);
}

#[test]
fn later_revocations_are_told_at_once_and_earlier_ones_never() {
    let mut clinic = Clinic::new();
    let (_, mut host, mut guest) = clinic.call();
    let notice = |epoch| Notice { epoch, notice: Base64(vec![epoch as u8]) };
    let heard = |events: Vec<Event>| {
        let epochs = events.iter().filter_map(|event| match event {
            Event::Notice { notice } => Some(notice.epoch),
            _ => None,
        });
        epochs.collect::<Vec<_>>()
    };
    clinic.visits.set_notice(notice(2));
    assert!(clinic.visits.take_woken().is_superset(&[host.id, guest.id].into()));
    clinic.visits.set_notice(notice(2));
    clinic.visits.set_notice(notice(1));
    for person in [&mut host, &mut guest] {
        assert_eq!(heard(person.hears(&mut clinic)), [2]);
    }
    clinic.visits.set_notice(notice(3));
    guest.cursor = None;
    let events = guest.hears(&mut clinic);
    assert_eq!(kinds(&events), ["hello", "notice"], "with a new hello the newest alone");
    assert_eq!(heard(events), [3]);
    clinic.done(Command::Leave { by: guest.id });
    host.hears(&mut clinic);
    clinic.visits.set_notice(notice(4));
    assert_eq!(heard(host.hears(&mut clinic)), [4]);
    assert_eq!(heard(guest.hears(&mut clinic)), [] as [u32; 0], "who is gone hears nothing");
}

#[test]
fn no_row_holds_a_box() {
    let mut clinic = Clinic::new();
    let (link, mut host, mut guest) = clinic.call();
    host.sends(&mut clinic, &guest, "v=0 a=fingerprint a=ice-ufrag");
    guest.sends(&mut clinic, &host, "Wilhelmina Planted-Patient");
    guest.breaks(&mut clinic);
    host.sends(&mut clinic, &guest, "one that nobody has taken");
    clinic.pass(Duration::from_secs(20));
    // All of it by name, so that a row with something new in it stops here.
    let Rows { challenge_key, visits, invites, endpoints, tokens, take_overs: _ } = clinic.store.load().unwrap();
    assert!(challenge_key.is_some() && tokens.len() == 2);
    for row in visits {
        let VisitRow {
            visit,
            creator: _,
            host: _,
            state: _,
            ended: _,
            ended_unix_micros: _,
            created_unix_micros: _,
            planned: _,
            locked: _,
        } = row;
        assert_eq!(visit, link.visit);
    }
    for row in invites {
        let InviteRow {
            invite,
            key,
            visit: _,
            expires_unix_micros: _,
            opens_unix_micros: _,
            role: _,
            revoked: _,
            tries: _,
        } = row;
        assert_eq!((invite, key.0), (link.invite, link.key.verifying_key().to_bytes()));
    }
    let mut bundles = Vec::new();
    for row in endpoints {
        let EndpointRow {
            bundle,
            endpoint: _,
            visit: _,
            role: _,
            admission: _,
            invite: _,
            gone: _,
            joined_unix_micros: _,
        } = row;
        bundles.push(bundle.0);
    }
    bundles.sort();
    assert_eq!(bundles, [b"guest".to_vec(), b"host".to_vec()]);
}
