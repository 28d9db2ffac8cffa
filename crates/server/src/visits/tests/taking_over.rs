//! Breaking the glass: who may, what becomes of who was there, and what is asked twice.

use signaling_protocol::{
    AssignRequest, Base64, Code, Event, LeaveReason, NoteCommitment, StaffId, TakeOverId, TakeOverReason, VisitId,
    VisitState,
};

use super::clinic::{CLINICIAN, Clinic};
use crate::visits::{Command, Reply, StaffMember};

const COLLEAGUE: StaffId = StaffId::from_random([0xC2; 16]);
const THIRD: StaffId = StaffId::from_random([0xC3; 16]);

fn take_over(clinic: &mut Clinic, by: StaffId, visit: VisitId, note: u8) -> Result<TakeOverId, Code> {
    let commitment = NoteCommitment([note; 32]);
    let reason = TakeOverReason::ClinicianAbsent;
    match clinic.ask(Command::TakeOver { by, visit, reason, commitment, sealed: Base64(vec![note]) })? {
        Reply::TakenOver(reply) => Ok(reply.take_over),
        other => panic!("{other:?}"),
    }
}

fn taken_over_at(clinic: &Clinic, by: StaffId) -> Option<u64> {
    let list = clinic.visits.list(clinic.now, StaffMember::own(by), 0, u64::MAX);
    list.visits.first().and_then(|visit| visit.taken_over_unix_secs)
}

#[test]
fn a_colleagues_visit_is_taken_over_in_the_middle_of_a_call_and_the_patient_stays() {
    let mut clinic = Clinic::new();
    let (link, mut host, mut guest) = clinic.call();
    let list = clinic.visits.list_of_colleagues(clinic.now, COLLEAGUE, 0, u64::MAX);
    assert_eq!(list.visits.iter().map(|one| (one.visit, one.admitted)).collect::<Vec<_>>(), [(link.visit, 1)]);
    assert!(list.visits[0].invites.is_empty(), "its links are nobody else's");
    assert_eq!(taken_over_at(&clinic, CLINICIAN), None);
    take_over(&mut clinic, COLLEAGUE, link.visit, 1).unwrap();
    assert_eq!(host.hears(&mut clinic), [Event::Removed]);
    assert_eq!(guest.hears(&mut clinic), [Event::Left { endpoint: host.id, reason: LeaveReason::Removed }]);
    assert_eq!(clinic.visits.state(link.visit), Some(VisitState::Active));
    for _ in 0..2 {
        let seen = clinic.visits.list(clinic.now, StaffMember::own(COLLEAGUE), 0, u64::MAX);
        assert_eq!(seen.visits[0].clinician, Some(COLLEAGUE));
        assert!(seen.visits[0].taken_over_unix_secs.is_some());
        assert!(clinic.visits.list(clinic.now, StaffMember::own(CLINICIAN), 0, u64::MAX).visits.is_empty());
        clinic.restart();
    }
    // Given back by hand, it is nobody's booty any more.
    let request = AssignRequest { clinician: Some(CLINICIAN) };
    clinic.done(Command::Assign { by: StaffMember::own(COLLEAGUE), visit: link.visit, request });
    assert_eq!(taken_over_at(&clinic, CLINICIAN), None);
}

#[test]
fn ones_own_and_nobodys_need_no_glass_broken_and_what_is_over_cannot_be_had() {
    let mut clinic = Clinic::new();
    let link = clinic.link();
    assert_eq!(take_over(&mut clinic, CLINICIAN, link.visit, 1), Err(Code::TakeOverNotNeeded));
    let request = AssignRequest { clinician: None };
    clinic.done(Command::Assign { by: StaffMember::own(CLINICIAN), visit: link.visit, request });
    assert_eq!(take_over(&mut clinic, COLLEAGUE, link.visit, 1), Err(Code::TakeOverNotNeeded));
    assert!(clinic.visits.list_of_colleagues(clinic.now, COLLEAGUE, 0, u64::MAX).visits.is_empty());
    let nowhere = VisitId::from_random([9; 16]);
    assert_eq!(take_over(&mut clinic, COLLEAGUE, nowhere, 1), Err(Code::VisitNotFound));
    let (over, host, _) = clinic.call();
    clinic.done(Command::End { by: host.id });
    assert_eq!(take_over(&mut clinic, COLLEAGUE, over.visit, 1), Err(Code::VisitEnded));
    assert!(clinic.visits.list_of_colleagues(clinic.now, COLLEAGUE, 0, u64::MAX).visits.is_empty());
}

#[test]
fn asked_again_it_is_answered_as_the_first_time_and_done_once() {
    let mut clinic = Clinic::new();
    let link = clinic.link();
    let first = take_over(&mut clinic, COLLEAGUE, link.visit, 1).unwrap();
    assert_eq!(take_over(&mut clinic, COLLEAGUE, link.visit, 1), Ok(first));
    clinic.restart();
    assert_eq!(take_over(&mut clinic, COLLEAGUE, link.visit, 1), Ok(first));
    assert_eq!(take_over(&mut clinic, COLLEAGUE, link.visit, 2), Err(Code::TakeOverNotNeeded), "theirs already");
    // A third takes it, and it is taken back: that is another one, also with the same note.
    let second = take_over(&mut clinic, THIRD, link.visit, 3).unwrap();
    let third = take_over(&mut clinic, COLLEAGUE, link.visit, 1).unwrap();
    assert!(first != second && second != third && first != third);
}

#[test]
fn what_cannot_be_written_is_not_taken_over() {
    let mut clinic = Clinic::new();
    let (link, mut host, _) = clinic.call();
    clinic.store.set_full(true);
    assert_eq!(take_over(&mut clinic, COLLEAGUE, link.visit, 1), Err(Code::StorageFailed));
    clinic.store.set_full(false);
    assert_eq!(host.hears(&mut clinic), []);
    assert_eq!(taken_over_at(&clinic, CLINICIAN), None);
    take_over(&mut clinic, COLLEAGUE, link.visit, 1).unwrap();
}
