use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use signaling_protocol::{SessionId, StaffId};
use trust::UnixTime;

use super::*;
use crate::{CallEnd, IDLE_LOCK};

mod accounts;
mod audit;
mod own_account;

const HOUR: u64 = 3600;

fn at(secs: u64) -> Timestamp {
    Timestamp::from_millis(secs * 1_000)
}

fn desk() -> Desk {
    let day = UnixTime(1_800_000_000);
    let device = clinic::clinic_of_one(&[7; 32], "Dr Grace Hopper", day).expect("a name");
    let config = DeskConfig::new(Some(device), day);
    Desk::new(config, Box::new(StdRng::seed_from_u64(1)))
}

fn sign_in_as(server: &str, name: &str, password: &str) -> DeskIntent {
    DeskIntent::SignIn {
        server: server.to_owned(),
        pin: None,
        name: Phi::new(name.to_owned()),
        password: Phi::new(password.to_owned()),
        totp: Some(Phi::new("123 456".to_owned())),
    }
}

fn reply(role: StaffRole) -> DeskAnswer {
    DeskAnswer::SignedIn(SignInReply {
        token: Phi::new("token".to_owned()),
        expires_in_secs: 900,
        staff: StaffId::from_random([1; 16]),
        role,
        session: SessionId::from_random([2; 16]),
        session_ends_in_secs: 12 * HOUR,
        refresh_token: Phi::new("refresh".to_owned()),
        device_token: None,
    })
}

impl Desk {
    fn want(&mut self, secs: u64, intent: DeskIntent) -> Vec<DeskOutput> {
        self.handle_input(at(secs), DeskInput::Intent(intent));
        self.outputs()
    }

    fn answer(&mut self, secs: u64, number: RequestNumber, answer: DeskAnswer) -> Vec<DeskOutput> {
        self.handle_input(at(secs), DeskInput::Signaling { number, answer });
        self.outputs()
    }

    fn end_call(&mut self, secs: u64) -> Vec<DeskOutput> {
        let summary = CallSummary { end: CallEnd::ByUs, talk: None };
        self.handle_input(at(secs), DeskInput::CallEnded { summary });
        self.outputs()
    }

    fn outputs(&mut self) -> Vec<DeskOutput> {
        std::iter::from_fn(|| self.poll_output()).collect()
    }

    fn phase(&self) -> &DeskPhase {
        &self.snapshot().phase
    }
}

fn asked(outputs: &[DeskOutput]) -> (RequestNumber, DeskRequest) {
    let found = outputs.iter().find_map(|output| match output {
        DeskOutput::Ask { number, request } => Some((*number, request.clone())),
        _ => None,
    });
    found.expect("a question")
}

fn forgot(outputs: &[DeskOutput]) -> bool {
    outputs.iter().any(|output| matches!(output, DeskOutput::ForgetToken))
}

fn ready() -> Desk {
    let mut desk = desk();
    let (number, _) = asked(&desk.want(0, sign_in_as("clinic.example", "doctor", "secret")));
    desk.answer(1, number, reply(StaffRole::Clinician));
    assert_eq!(*desk.phase(), DeskPhase::Ready { problem: None });
    desk
}

fn in_visit() -> (Desk, HostCall) {
    let mut desk = ready();
    let (number, _) = asked(&desk.want(10, DeskIntent::StartVisit));
    let outputs = desk.answer(11, number, DeskAnswer::VisitMade(VisitId::from_random([2; 16])));
    let (number, _) = asked(&outputs);
    let outputs = desk.answer(12, number, DeskAnswer::InviteMade(InviteId::from_random([3; 16])));
    let call = outputs.into_iter().find_map(|output| match output {
        DeskOutput::StartCall(call) => Some(*call),
        _ => None,
    });
    (desk, call.expect("a call"))
}

#[test]
fn a_clinician_signs_in_makes_a_visit_and_gets_its_link() {
    let (desk, call) = in_visit();
    let DeskPhase::InVisit { link } = desk.phase() else { panic!("{:?}", desk.phase()) };
    let read: Link = link.expose().parse().expect("a link");
    assert_eq!(read, call.link);
    assert_eq!(read.clinic_key, call.identity.clinic());
    let [(invite, secret, not_after)] = &call.invites[..] else { panic!("one link: {:?}", call.invites) };
    assert_eq!((*invite, secret), (read.invite, &read.secret));
    let good_for = not_after.0 - 1_800_000_000;
    assert!((4 * HOUR..4 * HOUR + 60).contains(&good_for), "{good_for} s");
    assert_eq!(call.token.expose(), "token");
}

#[test]
fn a_server_may_be_typed_with_its_scheme_or_without_and_a_code_in_two_groups() {
    for server in ["clinic.example", " https://clinic.example/ ", "clinic.example/"] {
        let (_, request) = asked(&desk().want(0, sign_in_as(server, " doctor ", "secret")));
        let DeskRequest::SignIn { server, request, .. } = request else { panic!("{request:?}") };
        assert_eq!(server.base_url(), "https://clinic.example:443");
        assert_eq!(request.name.expose(), "doctor");
        assert_eq!(request.totp.expect("a code").expose(), "123456");
    }
}

#[test]
fn what_cannot_be_right_is_not_sent() {
    let cases = [("not a server", "doctor", "secret"), ("http://clinic.example", "doctor", "secret")];
    for (server, name, password) in cases {
        let mut desk = desk();
        let outputs = desk.want(0, sign_in_as(server, name, password));
        assert!(matches!(outputs[..], [DeskOutput::Changed]), "{outputs:?}");
        assert!(matches!(desk.phase(), DeskPhase::SignedOut { problem: Some(DeskProblem::Server(_)) }));
    }
    for (name, password, problem) in
        [(" ", "secret", DeskProblem::NameMissing), ("doctor", "", DeskProblem::PasswordMissing)]
    {
        let mut desk = desk();
        desk.want(0, sign_in_as("clinic.example", name, password));
        assert_eq!(*desk.phase(), DeskPhase::SignedOut { problem: Some(problem) });
    }
}

#[test]
fn a_refusal_is_said_and_leaves_the_name() {
    let mut desk = desk();
    let (number, _) = asked(&desk.want(0, sign_in_as("clinic.example", "doctor", "wrong")));
    desk.answer(1, number, DeskAnswer::Refused(Code::SignInRefused));
    let problem = Some(DeskProblem::Refused(Code::SignInRefused));
    assert_eq!(*desk.phase(), DeskPhase::SignedOut { problem });
    assert_eq!(desk.snapshot().name.as_ref().expect("a name").expose(), "doctor");
}

#[test]
fn only_clinicians_come_to_the_desk() {
    for role in [StaffRole::Admin, StaffRole::Auditor] {
        let mut desk = desk();
        let (number, _) = asked(&desk.want(0, sign_in_as("clinic.example", "other", "secret")));
        assert!(forgot(&desk.answer(1, number, reply(role))));
        assert_eq!(*desk.phase(), DeskPhase::SignedOut { problem: Some(DeskProblem::NotAClinician) });
    }
}

#[test]
fn an_untouched_desk_locks_after_its_time_and_forgets_its_token() {
    let mut desk = ready();
    let lock_at = at(1) + IDLE_LOCK;
    assert_eq!(desk.poll_timeout(), Some(lock_at));
    desk.handle_timeout(lock_at.before(Duration::from_secs(1)));
    assert_eq!(*desk.phase(), DeskPhase::Ready { problem: None });
    desk.handle_timeout(lock_at);
    assert!(forgot(&desk.outputs()));
    assert_eq!(*desk.phase(), DeskPhase::Locked { problem: None });
    assert_eq!(desk.snapshot().name.as_ref().expect("a name").expose(), "doctor");
    assert!(desk.want(2_000, DeskIntent::StartVisit).is_empty(), "a locked desk makes no visit");

    let (number, _) = asked(&desk.want(2_001, sign_in_as("clinic.example", "doctor", "wrong")));
    desk.answer(2_002, number, DeskAnswer::Refused(Code::SignInRefused));
    assert!(matches!(desk.phase(), DeskPhase::Locked { problem: Some(_) }));
    let (number, _) = asked(&desk.want(2_003, sign_in_as("clinic.example", "doctor", "secret")));
    desk.answer(2_004, number, reply(StaffRole::Clinician));
    assert_eq!(*desk.phase(), DeskPhase::Ready { problem: None });
}

#[test]
fn whoever_moves_the_mouse_is_not_locked_out() {
    let mut desk = ready();
    desk.want(800, DeskIntent::Activity);
    desk.handle_timeout(at(1) + IDLE_LOCK);
    assert_eq!(*desk.phase(), DeskPhase::Ready { problem: None });
    assert_eq!(desk.poll_timeout(), Some(at(800) + IDLE_LOCK));
}

#[test]
fn whoever_comes_when_the_time_is_over_finds_it_locked_though_no_timer_came_first() {
    let mut desk = ready();
    assert!(forgot(&desk.want(1 + IDLE_LOCK.as_secs(), DeskIntent::Activity)));
    assert_eq!(*desk.phase(), DeskPhase::Locked { problem: None });
}

#[test]
fn a_visit_is_never_locked_nor_ended_by_the_end_of_a_token() {
    let (mut desk, _) = in_visit();
    assert_eq!(desk.poll_timeout(), None);
    desk.handle_timeout(at(13 * HOUR));
    assert!(matches!(desk.phase(), DeskPhase::InVisit { .. }));
    assert!(forgot(&desk.end_call(13 * HOUR)));
    assert_eq!(*desk.phase(), DeskPhase::SignedOut { problem: Some(DeskProblem::SignInOver) });
}

#[test]
fn after_a_visit_comes_its_summary_and_then_the_desk() {
    let (mut desk, _) = in_visit();
    let outputs = desk.want(100, DeskIntent::CloseVisit);
    assert!(matches!(outputs[..], [DeskOutput::EndCall]), "{outputs:?}");
    desk.end_call(5_000);
    assert!(matches!(desk.phase(), DeskPhase::Summary(_)));
    desk.handle_timeout(at(5_001));
    assert!(matches!(desk.phase(), DeskPhase::Summary(_)), "a long call was no idle time");
    desk.want(5_002, DeskIntent::CloseVisit);
    assert_eq!(*desk.phase(), DeskPhase::Ready { problem: None });
    assert!(desk.snapshot().last_visit.is_some());
}

#[test]
fn signing_out_of_a_visit_ends_it_first_and_leaves_nothing_behind() {
    let (mut desk, _) = in_visit();
    let outputs = desk.want(100, DeskIntent::SignOut);
    assert!(matches!(outputs[..], [DeskOutput::EndCall]), "{outputs:?}");
    assert!(forgot(&desk.end_call(101)));
    let snapshot = desk.snapshot();
    assert_eq!(snapshot.phase, DeskPhase::SignedOut { problem: None });
    assert!(snapshot.name.is_none() && snapshot.server.is_none() && snapshot.last_visit.is_none());
}

#[test]
fn an_answer_to_a_visit_that_was_given_up_changes_nothing() {
    let mut desk = ready();
    let (first, _) = asked(&desk.want(10, DeskIntent::StartVisit));
    desk.want(11, DeskIntent::CloseVisit);
    assert!(desk.answer(12, first, DeskAnswer::VisitMade(VisitId::from_random([2; 16]))).is_empty());
    let (second, _) = asked(&desk.want(13, DeskIntent::StartVisit));
    assert!(desk.answer(14, first, DeskAnswer::VisitMade(VisitId::from_random([2; 16]))).is_empty());
    assert_ne!(first, second);
}

#[test]
fn a_token_that_the_server_does_not_know_any_more_leads_to_the_sign_in() {
    let mut desk = ready();
    let (number, _) = asked(&desk.want(10, DeskIntent::StartVisit));
    assert!(forgot(&desk.answer(11, number, DeskAnswer::Refused(Code::NotSignedIn))));
    assert_eq!(*desk.phase(), DeskPhase::SignedOut { problem: Some(DeskProblem::SignInOver) });
}

#[test]
fn two_visits_have_two_secrets_and_nothing_prints_them() {
    let (mut desk, first) = in_visit();
    let printed = format!("{desk:?} {:?} {first:?}", desk.snapshot());
    let DeskPhase::InVisit { link } = desk.phase().clone() else { panic!("a visit") };
    let secret = link.expose().split(['#', '.']).nth_back(2).expect("a secret").to_owned();
    assert!(!printed.contains(&secret) && !printed.contains("\"token\""), "{printed}");
    desk.end_call(20);
    let (number, _) = asked(&desk.want(21, DeskIntent::StartVisit));
    let outputs = desk.answer(22, number, DeskAnswer::VisitMade(VisitId::from_random([4; 16])));
    let (_, DeskRequest::CreateInvite { request, .. }) = asked(&outputs) else { panic!("{outputs:?}") };
    assert_ne!(request.invite_key, first.invites[0].1.invite_key());
}

proptest! {
    /// Whatever happens in whatever order: no question without a token but the sign-in, and after it was forgotten
    /// nothing is begun.
    #[test]
    fn nothing_is_begun_while_nobody_is_signed_in(steps in prop::collection::vec((0u8..11, 0u64..6), 0..60)) {
        let mut desk = desk();
        let (mut now, mut signed_in) = (0, false);
        for (step, number) in steps {
            now += 200;
            let number = RequestNumber(number);
            let outputs = match step {
                0 => desk.want(now, sign_in_as("clinic.example", "doctor", "secret")),
                1 => desk.want(now, DeskIntent::StartVisit),
                2 => desk.want(now, DeskIntent::CloseVisit),
                3 => desk.want(now, DeskIntent::SignOut),
                4 => desk.answer(now, number, reply(StaffRole::Clinician)),
                5 => desk.answer(now, number, DeskAnswer::VisitMade(VisitId::from_random([2; 16]))),
                6 => desk.answer(now, number, DeskAnswer::InviteMade(InviteId::from_random([3; 16]))),
                7 => desk.answer(now, number, DeskAnswer::Refused(Code::NotSignedIn)),
                8 => desk.end_call(now),
                9 => { now += 1_000; desk.handle_timeout(at(now)); desk.outputs() }
                _ => desk.answer(now, number, DeskAnswer::Failed(units::ServerTrouble::Stranger)),
            };
            for output in outputs {
                match output {
                    DeskOutput::ForgetToken => signed_in = false,
                    DeskOutput::SignOut => {}
                    DeskOutput::Ask { request: DeskRequest::SignIn { .. }, .. } => {}
                    DeskOutput::OpenKeys { .. } => prop_assert!(false, "an identity was given"),
                    DeskOutput::Ask { .. } | DeskOutput::StartCall(_) | DeskOutput::EndCall => prop_assert!(signed_in),
                    DeskOutput::Changed => {
                        signed_in |= matches!(desk.snapshot().phase, DeskPhase::Ready { .. });
                    }
                }
            }
        }
    }
}

fn named(called: &str) -> (Desk, Option<[u8; 32]>) {
    let mut desk = ready();
    let (number, _) = asked(&desk.want(10, DeskIntent::StartVisitWith(Phi::new(called.to_owned()))));
    let (number, _) = asked(&desk.answer(11, number, DeskAnswer::VisitMade(VisitId::from_random([2; 16]))));
    let outputs = desk.answer(12, number, DeskAnswer::InviteMade(InviteId::from_random([3; 16])));
    let patient = outputs.into_iter().find_map(|output| match output {
        DeskOutput::StartCall(call) => Some(call.patient),
        _ => None,
    });
    (desk, patient.expect("a call"))
}

#[test]
fn a_patient_who_has_a_name_here_is_remembered_under_an_opaque_one() {
    let (mut desk, ada) = named("Ada Lovelace");
    assert!(ada.is_some() && ada == named("ada  lovelace").1);
    assert_ne!(ada, named("Ada Byron").1);
    assert_eq!(desk.snapshot().patient.as_ref().map(Phi::expose).map(String::as_str), Some("Ada Lovelace"));
    desk.end_call(60);
    assert_eq!(desk.snapshot().patient, None, "nothing of the name stays when the visit is over");
    desk.want(61, DeskIntent::StartVisit);
    assert_eq!(desk.snapshot().patient, None);
    assert_eq!(named("  ").1, None);
    assert_eq!(in_visit().1.patient, None);
}

fn desk_of_whoever_signs_in() -> Desk {
    Desk::new(DeskConfig::new(None, UnixTime(1_800_000_000)), Box::new(StdRng::seed_from_u64(1)))
}

fn certified() -> Option<Box<DeviceIdentity>> {
    clinic::clinic_of_one(&[9; 32], "Dr Lee", UnixTime(1_800_000_000)).ok().map(Box::new)
}

/// Signs in and says what was asked for.
fn signs_in(desk: &mut Desk, role: StaffRole) -> Vec<DeskOutput> {
    let asked = desk.want(0, sign_in_as("clinic.example", "lee", "secret"));
    let number = asked.iter().find_map(|output| match output {
        DeskOutput::Ask { number, .. } => Some(*number),
        _ => None,
    });
    desk.answer(1, number.expect("a question"), reply(role))
}

#[test]
fn who_signs_in_on_a_device_that_is_not_certified_comes_to_their_keys_first() {
    let mut desk = desk_of_whoever_signs_in();
    let outputs = signs_in(&mut desk, StaffRole::Clinician);
    assert!(outputs.iter().any(|output| matches!(output, DeskOutput::OpenKeys { role: StaffRole::Clinician, .. })));
    assert_eq!(desk.snapshot().phase, DeskPhase::Keys);
    assert!(desk.want(2, DeskIntent::StartVisit).is_empty(), "no visit without a certificate");
    desk.handle_input(at(3), DeskInput::Identity(certified()));
    assert_eq!(desk.snapshot().phase, DeskPhase::Ready { problem: None });
    desk.handle_input(at(4), DeskInput::Identity(None));
    assert_eq!(desk.snapshot().phase, DeskPhase::Keys, "revoked, or over");
}

#[test]
fn an_admin_has_keys_and_no_visits() {
    let mut desk = desk_of_whoever_signs_in();
    signs_in(&mut desk, StaffRole::Admin);
    desk.handle_input(at(3), DeskInput::Identity(certified()));
    assert_eq!(desk.snapshot().phase, DeskPhase::Keys);
    assert!(desk.want(4, DeskIntent::StartVisit).is_empty());
}

#[test]
fn links_name_the_clinic_that_certified_who_is_signed_in() {
    let mut desk = desk_of_whoever_signs_in();
    signs_in(&mut desk, StaffRole::Clinician);
    let device = certified();
    let clinic = device.as_ref().map(|device| device.clinic());
    desk.handle_input(at(3), DeskInput::Identity(device));
    let number = |outputs: Vec<DeskOutput>| {
        outputs.iter().find_map(|output| if let DeskOutput::Ask { number, .. } = output { Some(*number) } else { None })
    };
    let asked = number(desk.want(4, DeskIntent::StartVisit)).expect("a question");
    let asked =
        number(desk.answer(5, asked, DeskAnswer::VisitMade(VisitId::from_random([1; 16])))).expect("a question");
    let outputs = desk.answer(6, asked, DeskAnswer::InviteMade(InviteId::from_random([2; 16])));
    let call = outputs.iter().find_map(|output| match output {
        DeskOutput::StartCall(call) => Some(call),
        _ => None,
    });
    let call = call.expect("a call");
    assert_eq!((Some(call.link.clinic_key), Some(call.identity.clinic())), (clinic, clinic));
}

#[test]
fn who_comes_after_a_lock_has_no_keys_of_who_was_there() {
    let mut desk = desk_of_whoever_signs_in();
    signs_in(&mut desk, StaffRole::Clinician);
    desk.handle_input(at(3), DeskInput::Identity(certified()));
    desk.handle_timeout(at(3 + IDLE_LOCK.as_secs()));
    assert_eq!(desk.snapshot().phase, DeskPhase::Locked { problem: None });
    let again = signs_in(&mut desk, StaffRole::Clinician);
    assert!(again.iter().any(|output| matches!(output, DeskOutput::OpenKeys { .. })));
    assert_eq!(desk.snapshot().phase, DeskPhase::Keys);
}

#[test]
fn who_is_signed_out_by_the_server_is_told_so_and_keeps_a_visit_that_goes_on() {
    let mut desk = desk_of_whoever_signs_in();
    signs_in(&mut desk, StaffRole::Clinician);
    desk.handle_input(at(3), DeskInput::SignedOut);
    assert_eq!(desk.snapshot().phase, DeskPhase::SignedOut { problem: Some(DeskProblem::SignInOver) });
}

#[test]
fn a_visit_that_was_planned_is_held_by_what_its_card_says() {
    use crate::day::{CardLink, VisitCard};
    use signaling_protocol::GuestRole;

    let visit = VisitId::from_random([7; 16]);
    let invite = |byte| InviteId::from_random([byte; 16]);
    let mut card = VisitCard { name: Phi::new("Wilhelmina".to_owned()), ..VisitCard::default() };
    card.replace(None, CardLink::new(invite(1), &[1; 32], GuestRole::Guardian, 9));
    card.replace(None, CardLink::new(invite(2), &[2; 32], GuestRole::Patient, 10));
    let length = Some(Duration::from_secs(1_800));
    let hold = |card: &VisitCard| {
        let card = Box::new(card.clone());
        DeskIntent::HoldVisit { visit, card, length, takes_over: false }
    };
    let mut desk = ready();
    let outputs = desk.want(10, hold(&card));
    let call = outputs.into_iter().find_map(|output| match output {
        DeskOutput::StartCall(call) => Some(*call),
        _ => None,
    });
    let call = call.expect("a call");
    assert_eq!((call.visit, call.invites.len()), (visit, 2));
    assert_eq!((call.longest, call.claims), (length, true), "left to another device that is in it");
    let DeskPhase::InVisit { link } = desk.phase() else { panic!("{:?}", desk.phase()) };
    assert_eq!(link.expose().parse::<Link>().expect("a link").invite, invite(2), "the patient's own");
    assert_eq!(call.card, Some(card));
    // Without a link there is nobody who could come.
    let mut desk = ready();
    desk.want(10, hold(&VisitCard::default()));
    assert_eq!(*desk.phase(), DeskPhase::Ready { problem: Some(DeskProblem::OddAnswer) });
}

#[test]
fn the_front_desk_signs_in_and_enters_no_visit() {
    let mut desk = desk();
    let (number, _) = asked(&desk.want(0, sign_in_as("clinic.example", "fay", "secret")));
    desk.answer(1, number, reply(StaffRole::FrontDesk));
    assert_eq!(*desk.phase(), DeskPhase::Ready { problem: None });
    assert!(!desk.snapshot().enters_visits);
    assert!(desk.want(2, DeskIntent::StartVisit).is_empty());
    assert_eq!(*desk.phase(), DeskPhase::Ready { problem: None });
}
