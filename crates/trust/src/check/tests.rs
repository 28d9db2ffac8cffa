use proptest::prelude::*;

use super::*;

const T: Transcript = Transcript([7; 32]);
const OTHER: Transcript = Transcript([8; 32]);
const UNUSED: [u8; 32] = [0; 32];

fn sides() -> (SpokenCheck, SpokenCheck) {
    (SpokenCheck::new(Role::Host, T), SpokenCheck::new(Role::Guest, T))
}

/// Runs a check that the first begins with nonces made of this number.
fn run(first: &mut SpokenCheck, second: &mut SpokenCheck, number: u8) {
    let commit = first.start([number; 32]).unwrap();
    let commit = second.handle(&commit, [number + 100; 32]).unwrap().unwrap();
    let reveal = first.handle(&commit, UNUSED).unwrap().unwrap();
    let reveal = second.handle(&reveal, UNUSED).unwrap().unwrap();
    assert_eq!(first.handle(&reveal, UNUSED), Ok(None));
}

fn reveal(run: u8, nonce: &[u8]) -> CheckMessage {
    CheckMessage::Reveal { run, nonce: Base64(nonce.to_vec()) }
}

fn commit(run: u8, hash: &[u8]) -> CheckMessage {
    CheckMessage::Commit { run, hash: Base64(hash.to_vec()) }
}

#[test]
fn both_see_the_same_digits_whoever_begins() {
    for host_begins in [true, false] {
        let (mut host, mut guest) = sides();
        if host_begins {
            run(&mut host, &mut guest, 1)
        } else {
            run(&mut guest, &mut host, 1)
        }
        assert!(host.digits().is_some());
        assert_eq!(host.digits(), guest.digits());
        assert!(!host.is_compared());
        assert_eq!(host.person_says(true), Ok(None));
        assert!(host.is_compared() && host.digits().is_none());
        assert!(!guest.is_compared(), "one side's person speaks for that side alone");
    }
}

#[test]
fn both_may_begin_at_once() {
    let (mut host, mut guest) = sides();
    let (from_host, from_guest) = (host.start([1; 32]).unwrap(), guest.start([2; 32]).unwrap());
    let from_host = guest.handle(&from_host, UNUSED).map(|answer| (answer.unwrap(), host.handle(&from_guest, UNUSED)));
    let (from_guest, from_host) = from_host.unwrap();
    assert_eq!(host.handle(&from_guest, UNUSED), Ok(None));
    assert_eq!(guest.handle(&from_host.unwrap().unwrap(), UNUSED), Ok(None));
    assert!(host.digits().is_some());
    assert_eq!(host.digits(), guest.digits());
}

#[test]
fn ten_digits_are_shown_in_two_groups() {
    assert_eq!(Digits(1).to_string(), "00000 00001");
    assert_eq!(Digits(9_876_543_210).to_string(), "98765 43210");
    assert_eq!(format!("{:?}", Digits(9_876_543_210)), "Digits([secret])");
}

#[test]
fn everything_is_in_the_digits() {
    let all = [
        Digits::of(&T, 1, &[1; 32], &[2; 32]),
        Digits::of(&OTHER, 1, &[1; 32], &[2; 32]),
        Digits::of(&T, 2, &[1; 32], &[2; 32]),
        Digits::of(&T, 1, &[3; 32], &[2; 32]),
        Digits::of(&T, 1, &[1; 32], &[3; 32]),
        Digits::of(&T, 1, &[2; 32], &[1; 32]),
    ];
    for (index, one) in all.iter().enumerate() {
        assert!(!all[..index].contains(one), "{index}");
        assert!(one.0 < 10_000_000_000);
    }
}

#[test]
fn somebody_between_the_two_makes_the_digits_differ() {
    // A liar keeps to the protocol with both: it agrees on one transcript with each.
    let (mut host, mut guest) = (SpokenCheck::new(Role::Host, T), SpokenCheck::new(Role::Guest, OTHER));
    let (mut as_guest, mut as_host) = (SpokenCheck::new(Role::Guest, T), SpokenCheck::new(Role::Host, OTHER));
    run(&mut host, &mut as_guest, 1);
    run(&mut as_host, &mut guest, 2);
    assert_ne!(host.digits(), guest.digits());
}

#[test]
fn digits_that_differ_end_everything_on_both_sides() {
    let (mut host, mut guest) = sides();
    run(&mut host, &mut guest, 1);
    guest.person_says(true).unwrap();
    let said = host.person_says(false).unwrap().unwrap();
    assert_eq!(said, CheckMessage::Differ);
    assert_eq!(guest.handle(&said, UNUSED), Err(CheckError::Differ));
    for mut side in [host, guest] {
        assert!(side.is_different() && !side.is_compared());
        assert_eq!(side.start([9; 32]), Err(CheckError::OutOfTurn));
        assert_eq!(side.handle(&commit(2, &[0; 32]), [8; 32]), Err(CheckError::Differ));
        assert!(!side.set_transcript(OTHER));
        assert!(side.is_different() && !side.stop());
    }
}

#[test]
fn a_nonce_other_than_the_committed_one_is_refused() {
    let begun = || {
        let (mut host, mut guest) = sides();
        let first = host.start([1; 32]).unwrap();
        let second = guest.handle(&first, [2; 32]).unwrap().unwrap();
        host.handle(&second, UNUSED).unwrap();
        host
    };
    for wrong in [reveal(1, &[3; 32]), reveal(2, &[2; 32]), reveal(0, &[2; 32]), reveal(1, &[2; 31]), reveal(1, &[])] {
        let mut host = begun();
        assert_eq!(host.handle(&wrong, UNUSED), Err(CheckError::NotCommitted));
        assert!(host.digits().is_none());
        assert_eq!(host.handle(&reveal(1, &[2; 32]), UNUSED), Err(CheckError::OutOfTurn), "the run is over");
    }
    assert!(begun().handle(&reveal(1, &[2; 32]), UNUSED).is_ok());
}

#[test]
fn a_nonce_committed_to_in_another_run_is_refused() {
    // Same nonce, hash of another run: a commitment says for which run it is.
    let (mut host, _) = sides();
    host.start([1; 32]).unwrap();
    let hash = commitment(Role::Guest, 2, &T, &[2; 32]);
    host.handle(&commit(1, &hash), UNUSED).unwrap();
    assert_eq!(host.handle(&reveal(1, &[2; 32]), UNUSED), Err(CheckError::NotCommitted));
}

#[test]
fn a_commitment_sent_back_to_its_maker_cannot_be_opened() {
    let (mut host, _) = sides();
    let own = host.start([1; 32]).unwrap();
    let own_reveal = host.handle(&own, UNUSED).unwrap().unwrap();
    assert_eq!(host.handle(&own_reveal, UNUSED), Err(CheckError::NotCommitted));
}

#[test]
fn nothing_is_revealed_before_the_other_side_is_committed() {
    let (mut host, _) = sides();
    assert_eq!(host.handle(&reveal(1, &[2; 32]), UNUSED), Err(CheckError::OutOfTurn));
    host.start([1; 32]).unwrap();
    assert_eq!(host.handle(&reveal(1, &[2; 32]), UNUSED), Err(CheckError::OutOfTurn));
    let (mut host, _) = sides();
    host.start([1; 32]).unwrap();
    assert_eq!(host.handle(&commit(1, &[2; 31]), UNUSED), Err(CheckError::OutOfTurn));
}

#[test]
fn a_second_commitment_does_not_replace_the_first() {
    let (mut host, mut guest) = sides();
    let first = host.start([1; 32]).unwrap();
    let second = guest.handle(&first, [2; 32]).unwrap().unwrap();
    host.handle(&second, UNUSED).unwrap();
    assert_eq!(host.handle(&commit(1, &[3; 32]), [4; 32]), Err(CheckError::OutOfTurn));
    assert_eq!(guest.handle(&first, [5; 32]), Err(CheckError::OutOfTurn));
}

#[test]
fn a_nonce_is_revealed_to_a_commitment_of_its_own_run_alone() {
    let (mut host, _) = sides();
    host.start([1; 32]).unwrap();
    let answer = host.handle(&commit(2, &[2; 32]), [9; 32]).unwrap();
    let hash = commitment(Role::Host, 2, &T, &[9; 32]);
    assert_eq!(answer, Some(commit(2, &hash)), "they begin another, with another nonce of ours");
    assert_eq!(host.runs, 2);

    let (mut host, _) = sides();
    host.start([1; 32]).unwrap();
    host.stop();
    host.start([2; 32]).unwrap();
    assert_eq!(host.handle(&commit(1, &[2; 32]), [9; 32]), Err(CheckError::OutOfTurn), "that one is over");
}

#[test]
fn a_run_that_did_not_end_is_followed_by_another_and_there_are_three() {
    let (mut host, mut guest) = sides();
    host.start([1; 32]).unwrap();
    assert_eq!(host.start([2; 32]), Err(CheckError::OutOfTurn));
    assert!(host.stop() && !host.stop());
    run(&mut host, &mut guest, 3);
    assert_eq!((host.runs, guest.runs), (2, 2), "they heard nothing of the first");
    assert!(guest.stop());
    run(&mut guest, &mut host, 4);
    assert_eq!(host.digits(), guest.digits());
    guest.person_says(true).unwrap();
    assert_eq!(guest.start([5; 32]), Err(CheckError::TooManyRuns));
    assert_eq!(host.handle(&commit(4, &[0; 32]), [6; 32]), Err(CheckError::TooManyRuns));
    assert!(guest.is_compared());
}

#[test]
fn a_stray_message_does_not_take_back_what_was_compared() {
    let (mut host, mut guest) = sides();
    run(&mut host, &mut guest, 1);
    host.person_says(true).unwrap();
    assert!(host.handle(&reveal(1, &[2; 32]), UNUSED).is_err());
    assert!(host.is_compared());
    assert_eq!(host.person_says(true), Err(CheckError::OutOfTurn));
}

#[test]
fn a_nonce_serves_for_one_run() {
    let (mut host, _) = sides();
    host.start([1; 32]).unwrap();
    host.stop();
    assert_eq!(host.start([1; 32]), Err(CheckError::NonceUsedBefore));
    assert!(host.start([2; 32]).is_ok());
}

#[test]
fn another_bundle_or_certificate_takes_the_level_away() {
    let (mut host, mut guest) = sides();
    run(&mut host, &mut guest, 1);
    host.person_says(true).unwrap();
    assert!(!host.set_transcript(T) && host.is_compared());
    assert!(host.set_transcript(OTHER) && !host.is_compared());
    assert!(!host.set_transcript(T), "nothing was left to lose");
    assert!(!host.is_compared(), "nor does it come back");
    // In the middle of a run too: what is shown is not shown any more.
    assert!(guest.set_transcript(OTHER) && guest.digits().is_none());
    let (mut host, mut guest) = sides();
    let first = host.start([1; 32]).unwrap();
    let second = guest.handle(&first, [2; 32]).unwrap().unwrap();
    let revealed = host.handle(&second, UNUSED).unwrap().unwrap();
    assert!(host.set_transcript(OTHER));
    assert_eq!(host.handle(&reveal(1, &[2; 32]), UNUSED), Err(CheckError::OutOfTurn));
    assert!(guest.handle(&revealed, UNUSED).is_ok());
}

#[test]
fn two_who_do_not_agree_on_what_is_compared_see_no_digits() {
    let (mut host, mut guest) = (SpokenCheck::new(Role::Host, T), SpokenCheck::new(Role::Guest, OTHER));
    let first = host.start([1; 32]).unwrap();
    let second = guest.handle(&first, [2; 32]).unwrap().unwrap();
    let revealed = host.handle(&second, UNUSED).unwrap().unwrap();
    assert_eq!(guest.handle(&revealed, UNUSED), Err(CheckError::NotCommitted));
}

#[test]
fn messages_are_small_and_have_the_form_of_the_specification() {
    let written = serde_json::to_string(&commit(1, &[0; 32])).unwrap();
    assert_eq!(written, format!(r#"{{"step":"commit","run":1,"hash":"{}"}}"#, "A".repeat(43)));
    let written = serde_json::to_string(&reveal(2, &[0; 32])).unwrap();
    assert_eq!(written, format!(r#"{{"step":"reveal","run":2,"nonce":"{}"}}"#, "A".repeat(43)));
    assert_eq!(serde_json::to_string(&CheckMessage::Differ).unwrap(), r#"{"step":"differ"}"#);
}

#[test]
fn a_check_does_not_print_what_is_secret() {
    assert_eq!(format!("{:?}", sides().0), "SpokenCheck(run 0, compared: false)");
}

proptest! {
    #[test]
    fn whatever_a_liar_says_no_digits_are_compared_by_it(said in proptest::collection::vec((0..3_u8, 0..5_u8, any::<[u8; 32]>()), 0..20)) {
        let (mut host, _) = sides();
        let _ = host.start([1; 32]);
        for (index, (kind, run, bytes)) in said.into_iter().enumerate() {
            let message = match kind {
                0 => commit(run, &bytes),
                1 => reveal(run, &bytes),
                _ => CheckMessage::Differ,
            };
            let _ = host.handle(&message, [index as u8 + 2; 32]);
            prop_assert!(!host.is_compared() && host.digits().is_none());
        }
    }
}

#[test]
fn digits_that_were_read_out_are_read_again() {
    let digits = Digits(1_234_567);
    assert_eq!(digits.to_string(), "00012 34567");
    for text in ["00012 34567", "0001234567\n", " 000 123 4567 "] {
        assert_eq!(text.parse(), Ok(digits), "{text}");
    }
    for text in ["", "1234567", "00012 345678", "00012-34567", "+001234567", "0001234567\u{661}"] {
        assert_eq!(text.parse::<Digits>(), Err(NotDigits), "{text}");
    }
}
