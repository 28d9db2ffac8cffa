//! The audit log at an auditor's desk.

use std::path::PathBuf;

use signaling_protocol::{AccountState, StaffRow};

use super::accounts::signed_in_as;
use super::*;
use crate::auditing::{
    AuditAnswer, AuditAsk, AuditFilter, AuditIntent, AuditProblem, AuditTold, AuditView, LogTrouble, NotWritten, Span,
    VerifiedLog,
};

const VISIT: &str = "vis_AQEBAQEBAQEBAQEBAQEBAQ";

fn verified(rows: u64) -> LogStanding {
    LogStanding::Verified(VerifiedLog { rows, unix_micros: 1_800_000_000_000_000, since: Some(3), key: String::new() })
}

fn told(log: LogStanding, told: AuditTold) -> DeskAnswer {
    let row = StaffRow {
        staff: StaffId::from_random([1; 16]),
        name: Phi::new("ada".to_owned()),
        role: StaffRole::Auditor,
        state: AccountState::Active,
    };
    DeskAnswer::Audit(Box::new(AuditAnswer { log, staff: vec![row], told }))
}

fn rows(numbers: impl IntoIterator<Item = u64>, more: bool) -> AuditTold {
    let row = |number| ::audit::row(1, "server", "key_drawn").unwrap().finish(number, None).unwrap();
    AuditTold::Rows { rows: numbers.into_iter().map(row).collect(), more }
}

fn view(desk: &Desk) -> AuditView {
    *desk.snapshot().audit.clone().expect("the page")
}

fn ask(outputs: &[DeskOutput]) -> (RequestNumber, AuditAsk) {
    match asked(outputs) {
        (number, DeskRequest::Audit { ask, .. }) => (number, ask),
        other => panic!("{other:?}"),
    }
}

/// An auditor who looks at the log, and the first page of it.
fn looking() -> Desk {
    let mut desk = signed_in_as(StaffRole::Auditor);
    let (number, first) = ask(&desk.want(2, DeskIntent::Audit(AuditIntent::Show)));
    assert!(matches!(first, AuditAsk::Rows(wanted) if wanted == Default::default()));
    desk.answer(3, number, told(verified(120), rows((70..120).rev(), true)));
    desk
}

#[test]
fn only_an_auditor_sees_the_log() {
    for role in [StaffRole::Admin, StaffRole::Clinician, StaffRole::FrontDesk] {
        let mut desk = signed_in_as(role);
        assert!(!desk.snapshot().reads_log, "{role:?}");
        assert!(desk.want(2, DeskIntent::Audit(AuditIntent::Show)).is_empty(), "{role:?}");
        assert_eq!(desk.snapshot().audit, None);
    }
}

#[test]
fn pages_lead_back_in_time_and_forward_again() {
    let mut desk = looking();
    let seen = view(&desk);
    assert_eq!((seen.rows.len(), seen.rows[0].number, seen.has_older, seen.has_newer), (50, 119, true, false));
    assert_eq!(seen.accounts.len(), 1);
    let (number, older) = ask(&desk.want(4, DeskIntent::Audit(AuditIntent::Older)));
    assert!(matches!(older, AuditAsk::Rows(wanted) if wanted.before == Some(70)));
    assert!(desk.want(4, DeskIntent::Audit(AuditIntent::Older)).is_empty(), "one thing at a time");
    desk.answer(5, number, told(verified(121), rows((20..70).rev(), true)));
    assert_eq!((view(&desk).rows[0].number, view(&desk).has_newer), (69, true));
    let (number, _) = ask(&desk.want(6, DeskIntent::Audit(AuditIntent::Older)));
    desk.answer(7, number, told(verified(121), rows((0..20).rev(), false)));
    assert!(!view(&desk).has_older);
    assert!(desk.want(8, DeskIntent::Audit(AuditIntent::Older)).is_empty());
    let (number, newer) = ask(&desk.want(9, DeskIntent::Audit(AuditIntent::Newer)));
    assert!(matches!(newer, AuditAsk::Rows(wanted) if wanted.before == Some(70)));
    // A page that does not come leaves the one that is shown.
    desk.answer(10, number, DeskAnswer::Unreachable);
    assert_eq!((view(&desk).rows[0].number, view(&desk).problem.is_some()), (19, true));
    let (number, newer) = ask(&desk.want(11, DeskIntent::Audit(AuditIntent::Newer)));
    assert!(matches!(newer, AuditAsk::Rows(wanted) if wanted.before == Some(70)));
    desk.answer(12, number, told(verified(121), rows((20..70).rev(), true)));
    let (_, newest) = ask(&desk.want(13, DeskIntent::Audit(AuditIntent::Newer)));
    assert!(matches!(newest, AuditAsk::Rows(wanted) if wanted.before.is_none()));
}

#[test]
fn what_is_looked_for_stays_over_the_pages_and_what_cannot_be_is_not_asked() {
    let mut desk = looking();
    for (filter, problem) in [
        (AuditFilter { about: "Anna".to_owned(), ..AuditFilter::default() }, AuditProblem::NotAVisit),
        (AuditFilter { from: "yesterday".to_owned(), ..AuditFilter::default() }, AuditProblem::Time),
    ] {
        let outputs = desk.want(4, DeskIntent::Audit(AuditIntent::Find(filter)));
        assert!(matches!(outputs[..], [DeskOutput::Changed]), "{outputs:?}");
        assert_eq!(view(&desk).problem, Some(problem));
    }
    let filter = AuditFilter { about: VISIT.to_owned(), kind: Some("visit".to_owned()), ..AuditFilter::default() };
    let (number, _) = ask(&desk.want(5, DeskIntent::Audit(AuditIntent::Find(filter.clone()))));
    desk.answer(6, number, told(verified(120), rows([9, 8], true)));
    assert_eq!((view(&desk).filter, view(&desk).problem), (filter, None));
    let (_, older) = ask(&desk.want(7, DeskIntent::Audit(AuditIntent::Older)));
    let AuditAsk::Rows(wanted) = older else { panic!("{older:?}") };
    assert_eq!((wanted.about.as_deref(), wanted.what.as_deref(), wanted.before), (Some(VISIT), Some("visit"), Some(8)));
}

#[test]
fn what_is_wrong_with_the_log_is_said_to_everybody_who_has_signed_in() {
    let mut desk = signed_in_as(StaffRole::Admin);
    desk.handle_input(at(3), DeskInput::Log(LogStanding::Wrong(LogTrouble::Forked)));
    assert_eq!(desk.snapshot().log_trouble, Some(LogTrouble::Forked));
    desk.want(4, DeskIntent::SignOut);
    assert_eq!(desk.snapshot().log_trouble, None);

    let mut desk = looking();
    assert_eq!(view(&desk).verified_at.as_deref(), Some("2027-01-15 08:00:00"));
    let (number, _) = ask(&desk.want(4, DeskIntent::Audit(AuditIntent::Show)));
    desk.answer(5, number, told(LogStanding::Wrong(LogTrouble::NotIncluded(7)), AuditTold::Withheld));
    assert_eq!((view(&desk).rows.len(), view(&desk).log.trouble()), (0, Some(LogTrouble::NotIncluded(7))));
}

#[test]
fn the_log_is_told_to_go_on_from_what_was_kept_before_the_sign_in() {
    let since = |desk: &Desk| match view(desk).log {
        LogStanding::Verified(log) => log.since,
        other => panic!("{other:?}"),
    };
    let log = |rows, since| {
        LogStanding::Verified(VerifiedLog { rows, unix_micros: 1_800_000_000_000_000, since, key: String::new() })
    };
    for kept in [None, Some(70)] {
        let mut desk = signed_in_as(StaffRole::Auditor);
        desk.handle_input(at(2), DeskInput::Log(log(100, kept)));
        for (number_of_rows, just_kept) in [(101, 100), (102, 101)] {
            let (number, _) = ask(&desk.want(3, DeskIntent::Audit(AuditIntent::Show)));
            desk.answer(4, number, told(log(number_of_rows, Some(just_kept)), rows([5], false)));
            assert_eq!(since(&desk), kept, "not from a moment ago");
        }
        // Who signs in next is told from where this one ended.
        desk.want(5, DeskIntent::SignOut);
        assert_eq!(desk.snapshot().log_trouble, None);
    }
}

#[test]
fn evidence_goes_to_the_file_that_was_named() {
    let mut desk = looking();
    let export = |visit: &str, file: &str| {
        DeskIntent::Audit(AuditIntent::Export { visit: visit.to_owned(), file: file.to_owned() })
    };
    for (intent, problem) in
        [(export("Anna", "/tmp/x"), AuditProblem::NotAVisit), (export(VISIT, " "), AuditProblem::NoFile)]
    {
        desk.want(4, intent);
        assert_eq!(view(&desk).problem, Some(problem));
    }
    let (number, asked) = ask(&desk.want(5, export(VISIT, " /tmp/x ")));
    assert_eq!(asked, AuditAsk::Export(VISIT.parse().unwrap(), PathBuf::from("/tmp/x")));
    desk.answer(6, number, told(verified(120), AuditTold::NotWritten(NotWritten::Exists)));
    assert_eq!(view(&desk).problem, Some(AuditProblem::NotWritten(NotWritten::Exists)));
    assert_eq!(view(&desk).rows.len(), 50, "what was shown is there still");
}

#[test]
fn a_device_is_asked_about_by_its_id_and_the_page_closes_with_all_that_was_found() {
    let mut desk = looking();
    let touched = |device: &str| {
        let (from, until) = ("2027-01-15".to_owned(), String::new());
        DeskIntent::Audit(AuditIntent::TouchedBy { device: device.to_owned(), from, until })
    };
    desk.want(4, touched("the laptop"));
    assert_eq!(view(&desk).problem, Some(AuditProblem::NotADevice));
    let (_, asked) = ask(&desk.want(5, touched("dev_AQEBAQEBAQEBAQEBAQEBAQ")));
    let since = Some(1_799_971_200);
    assert_eq!(asked, AuditAsk::Touched("dev_AQEBAQEBAQEBAQEBAQEBAQ".to_owned(), Span { since, until: None }));
    desk.want(6, DeskIntent::Audit(AuditIntent::Hide));
    assert_eq!(desk.snapshot().audit, None);
    let mut desk = looking();
    desk.want(4, DeskIntent::Lock);
    assert_eq!(desk.snapshot().audit, None, "a locked desk shows nothing");
}
