//! What staff see: the day, accounts and sessions, the audit log.

use std::time::Duration;

use desk::auditing::{
    AccessDevice, AccessLine, AccessSession, AuditFilter, AuditLine, AuditView, DeviceAccess, LogStanding, VerifiedLog,
};
use desk::day::{Calendar, DaySnapshot, QueueRow, QueueSnapshot, VisitCard, Whose};
use desk::{
    AccountState, ColleaguesView, DeskPhase, DeviceRole, DeviceStanding, Enrolment, OfficeStage, SessionId,
    SessionLine, SessionsView, StaffId, StaffRole, StaffRow,
};
use signaling_protocol::{ListedVisit, VisitId, VisitState};
use units::Phi;

use super::{Moment, device};

/// Somebody begins by a one-time code.
pub fn beginning() -> Moment {
    let enrolment = Enrolment::new(*b"12345678901234567890");
    Moment::desk(DeskPhase::Beginning { enrolment, is_asking: false, problem: None })
}

/// Codes of one account.
pub fn recovery_codes() -> Vec<Phi<String>> {
    ["abcd-efgh-ijkl-mnop", "2345-6723-4567-2345", "qrst-uvwx-yzab-cdef"].map(|code| Phi::new(code.to_owned())).into()
}

/// An admin who has just made an account.
pub fn colleagues() -> Moment {
    let mut moment = Moment::office(OfficeStage::Here);
    let row = |number, name: &str, role, state| StaffRow {
        staff: StaffId::from_random([number; 16]),
        name: Phi::new(name.to_owned()),
        role,
        state,
    };
    let rows = vec![
        row(1, "ada", StaffRole::Admin, AccountState::Active),
        row(2, "lee", StaffRole::Clinician, AccountState::Disabled),
        row(3, "sam", StaffRole::FrontDesk, AccountState::Waiting),
    ];
    let code = Some((Phi::new("sam".to_owned()), Phi::new("abcd-efgh-ijkl-mnop".to_owned())));
    let desk = moment.desk.as_mut().expect("a desk");
    desk.is_admin = true;
    desk.colleagues = Some(ColleaguesView { rows, code, is_asking: false, problem: None });
    moment
}

/// A desk whose clinician looks at their sessions.
pub fn signed_in_twice() -> Moment {
    let mut moment = Moment::desk(DeskPhase::Ready { problem: None });
    let line = |number, label: &str, is_this| SessionLine {
        session: SessionId::from_random([number; 16]),
        label: label.to_owned(),
        began_ago: Duration::from_secs(3_900),
        used_ago: Duration::from_secs(720),
        is_this,
    };
    let lines = vec![line(1, "Housecall on Linux", true), line(2, "Housecall on Windows", false)];
    moment.desk.as_mut().expect("a desk").sessions = Some(SessionsView { lines, is_asking: false, problem: None });
    moment
}

/// A visit of the day, with whom, and for how long they have waited.
pub fn queue_row(number: u8, name: &str, state: VisitState, waits_secs: Option<u64>) -> QueueRow {
    QueueRow {
        listed: ListedVisit {
            visit: VisitId::from_random([number; 16]),
            creator: StaffId::from_random([1; 16]),
            clinician: None,
            state,
            reason: None,
            planned: None,
            created_unix_secs: 0,
            locked: false,
            taken_over_unix_secs: None,
            hosted: false,
            admitted: 0,
            waiting: Vec::new(),
            invites: Vec::new(),
        },
        card: Some(VisitCard { name: Phi::new(name.to_owned()), ..VisitCard::default() }),
        waits_secs,
        away: false,
        whose: Whose::Own,
    }
}

/// A clinician's day: one waits, one comes later, one is over.
pub fn today() -> Moment {
    let mut visits = vec![
        queue_row(1, "Wilhelmina Ångström", VisitState::Open, Some(240)),
        queue_row(2, "Αναστασία Παπαδοπούλου", VisitState::Open, None),
        queue_row(3, "Bob", VisitState::Ended, None),
    ];
    visits[0].card.as_mut().expect("a card").notes = Phi::new("Blood pressure, new tablets".to_owned());
    let queue = QueueSnapshot { visits, waiting: vec![0], arrivals: 1, badge: 1 };
    let clocks = ["14:30", "15:00", "13:30"].map(|clock| Some(clock.to_owned())).into();
    let day = DaySnapshot { queue, clocks, ..DaySnapshot::default() };
    Moment { day: Some(day), ..Moment::desk(DeskPhase::Ready { problem: None }) }
}

/// A visit.
pub const VISIT: &str = "vis_AQEBAQEBAQEBAQEBAQEBAQ";

/// An auditor who looks at the audit log.
pub fn audit() -> Moment {
    let mut moment = Moment::device(DeviceStanding::Certified {
        name: Phi::new("aud".to_owned()),
        role: DeviceRole::Auditor,
        days_left: 6,
    });
    let account = |number, name: &str, role| StaffRow {
        staff: StaffId::from_random([number; 16]),
        name: Phi::new(name.to_owned()),
        role,
        state: AccountState::Active,
    };
    let lee = StaffId::from_random([2; 16]);
    let berlin = Calendar::new("Europe/Berlin").expect("a zone");
    let row = |members: &str| AuditLine::read(members, &berlin).expect("a row");
    let receipt = "{\"at\":1792845001000000,\"by\":\"end_AQEBAQEBAQEBAQEBAQEBAQ\",\"happened\":\"opened\",\"level\":\"compared\",\
                   \"n\":811,\"path\":\"direct\",\"v\":1,\"visit\":\"vis_AgICAgICAgICAgICAgICAg\",\"what\":\"receipt\"}";
    let visit = format!(
        "{{\"at\":1792845000000000,\"by\":\"{lee}\",\"host\":\"{lee}\",\"locked\":false,\"n\":810,\"state\":\"active\",\
         \"v\":1,\"visit\":\"{VISIT}\",\"what\":\"visit\"}}"
    );
    let log = VerifiedLog { rows: 812, unix_micros: 0, since: Some(700), key: "A".repeat(43) };
    let view = AuditView {
        log: LogStanding::Verified(log),
        verified_at: Some("2026-10-24 14:31:00".to_owned()),
        zone: berlin.name().to_owned(),
        accounts: vec![account(1, "ada", StaffRole::Admin), account(2, "lee", StaffRole::Clinician)],
        filter: AuditFilter::default(),
        rows: vec![row(receipt), row(&visit)],
        has_older: true,
        has_newer: false,
        touched: None,
        access: None,
        exported: None,
        folder: "/evidence".to_owned(),
        is_asking: false,
        problem: None,
    };
    let desk = moment.desk.as_mut().expect("a desk");
    (desk.enters_visits, desk.reads_log, desk.audit) = (false, true, Some(Box::new(view)));
    moment
}

/// Who has access.
pub fn access() -> Vec<AccessLine> {
    let state = DeviceAccess::Vouched { role: DeviceRole::Clinician, until: "2026-10-30 08:00".to_owned() };
    let session = AccessSession {
        session: SessionId::from_random([2; 16]),
        label: "Housecall on Linux".to_owned(),
        began: "2026-10-24 08:00".to_owned(),
        used: "2026-10-24 14:15".to_owned(),
    };
    vec![AccessLine {
        staff: StaffId::from_random([2; 16]),
        name: Phi::new("lee".to_owned()),
        role: StaffRole::Clinician,
        state: AccountState::Active,
        sessions: vec![session],
        devices: vec![AccessDevice { device: device(3), state }],
    }]
}
