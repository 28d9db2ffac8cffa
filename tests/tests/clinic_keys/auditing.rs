//! An auditor's window: what it is shown of the log is proven against what this machine keeps, also right after a sign-in.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use session::desk::auditing::{
    AuditFilter, AuditIntent, AuditProblem, AuditView, DeviceAccess, LogStanding, LogTrouble, NotWritten,
};
use session::desk::{DeskIntent, DeskSnapshot};
use session::{DeskHandle, MediaChoices, Memory, Session, Unattended, WindowConfig};
use signaling_protocol::{CreateVisitRequest, StaffRole, VisitId};
use testkit::python::verify_evidence;
use units::{Clock, Phi};

use crate::clinic::{Clinic, password};

const PEOPLE: [(&str, StaffRole); 2] = [("lee", StaffRole::Clinician), ("aud", StaffRole::Auditor)];

/// How long an answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// An auditor at a window without a screen.
struct Auditor {
    session: Session,
    desk: DeskHandle,
}

impl Auditor {
    fn opens(folder: &Path) -> Self {
        session::install_crypto_provider();
        let clock = Clock::starting_at(Instant::now(), SystemTime::now());
        let media = MediaChoices::without_devices();
        let memory = Memory::open(&folder.join("known")).unwrap();
        let config = WindowConfig::new(clock, media, memory);
        let session = Session::start(config, Unattended::default(), None, Arc::new(|| {})).unwrap();
        let desk = session.open_desk(None).unwrap();
        Self { session, desk }
    }

    /// Signs in, and looks at the log once it is known how that stands.
    async fn signs_in(&self, clinic: &Clinic, name: &str) {
        self.desk.intend(DeskIntent::SignIn {
            server: clinic.address().base_url(),
            pin: Some(clinic.pin().parse().unwrap()),
            name: Phi::new(name.to_owned()),
            password: password(),
            totp: Some(clinic.digits(name)),
        });
        self.waits("a desk", |desk| desk.reads_log.then_some(())).await;
    }

    async fn waits<T>(&self, what: &str, mut seen: impl FnMut(&DeskSnapshot) -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            let snapshot = self.desk.snapshot();
            if let Some(found) = seen(&snapshot) {
                return found;
            }
            assert!(Instant::now() < until, "no {what}: {snapshot:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until the log is told to go on from so many rows; it has so many now.
    async fn goes_on_from(&self, what: &str, is_so: impl Fn(Option<u64>, u64) -> bool) {
        self.waits(what, |desk| match &desk.audit.as_deref()?.log {
            LogStanding::Verified(log) => is_so(log.since, log.rows).then_some(()),
            LogStanding::Unknown | LogStanding::Wrong(_) => None,
        })
        .await;
    }

    /// What the page shows once this is done.
    async fn does(&self, intent: AuditIntent) -> AuditView {
        // What cannot be asked is said at once, and said no more when something else is asked: so an answer is told from what
        // was there before, however soon it comes.
        if self.desk.snapshot().audit.is_some() {
            let odd = AuditFilter { about: "no id".to_owned(), ..AuditFilter::default() };
            self.desk.intend(DeskIntent::Audit(AuditIntent::Find(odd)));
            let refused = |desk: &DeskSnapshot| desk.audit.as_deref()?.problem.clone();
            self.waits("a refusal", |desk| refused(desk).filter(|why| *why == AuditProblem::NotAVisit)).await;
        }
        self.desk.intend(DeskIntent::Audit(intent));
        self.waits("an answer", |desk| {
            let view = desk.audit.as_deref()?;
            let is_new = !view.is_asking && view.problem != Some(AuditProblem::NotAVisit);
            is_new.then(|| view.clone())
        })
        .await
    }

    fn leaves(self) {
        // Within a runtime, where another may not be dropped.
        std::thread::spawn(move || drop(self.session.close(&[]))).join().unwrap();
    }
}

async fn makes_a_visit(clinic: &Clinic) -> (VisitId, signaling_protocol::SessionId) {
    let client = clinic.client();
    let lee = clinic.sign_in_by(&client, "lee").await;
    let request = CreateVisitRequest::default();
    (client.plan_visit(&lee.token, &request).await.unwrap().visit, lee.session)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_sees_what_was_proven_and_takes_a_visits_evidence_that_both_verifiers_believe() {
    let clinic = Clinic::with(&PEOPLE).await;
    let (visit, session) = makes_a_visit(&clinic).await;
    let folder = tempfile::tempdir().unwrap();
    let aud = Auditor::opens(folder.path());
    aud.signs_in(&clinic, "aud").await;
    let kept = folder.path().join("known.logs");
    aud.waits("a checkpoint", |_| kept.exists().then_some(())).await;
    let view = aud.does(AuditIntent::Show).await;
    let LogStanding::Verified(log) = &view.log else { panic!("{view:?}") };
    assert_eq!(view.rows[0].number, log.rows - 1, "the newest row is proven");
    // What the sign-in itself has kept was not seen before.
    aud.goes_on_from("the first time", |since, _| since.is_none()).await;
    assert_eq!(view.accounts.len(), PEOPLE.len());

    let filter = AuditFilter { about: visit.to_string(), ..AuditFilter::default() };
    let view = aud.does(AuditIntent::Find(filter)).await;
    assert!(!view.rows.is_empty() && view.rows.iter().all(|row| row.visit == Some(visit.to_string())), "{view:?}");

    let view =
        aud.does(AuditIntent::TouchedBy { device: session.to_string(), from: String::new(), until: String::new() });
    let touched = view.await.touched.expect("what was found");
    assert_eq!((touched.sessions, touched.is_whole), (1, true));
    assert_eq!(touched.visits[0].visit, visit.to_string());
    let never =
        AuditIntent::TouchedBy { device: session.to_string(), from: String::new(), until: "2020-01-01".to_owned() };
    assert_eq!(aud.does(never).await.touched.expect("what was found").visits, []);

    let view = aud.does(AuditIntent::ShowAccess).await;
    let access = view.access.expect("who has access");
    let lee = access.iter().find(|line| line.name.expose() == "lee").expect("lee");
    assert_eq!((lee.role, lee.sessions.len(), lee.sessions[0].session), (StaffRole::Clinician, 1, session));
    let vouched = |line: &session::desk::auditing::AccessLine| {
        line.devices.iter().any(|device| matches!(device.state, DeviceAccess::Vouched { .. }))
    };
    assert!(!access.iter().any(vouched), "there is no clinic's key yet");

    let file = folder.path().join("evidence.jsonl");
    let export = AuditIntent::Export { visit: visit.to_string(), file: file.display().to_string() };
    let exported = aud.does(export.clone()).await.exported.expect("a file");
    assert_eq!((exported.refused, &exported.file), (None, &file));
    let key = match aud.does(AuditIntent::Show).await.log {
        LogStanding::Verified(log) => log.key,
        other => panic!("{other:?}"),
    };
    let (text, kept) = (fs::read_to_string(&file).unwrap(), fs::read_to_string(&exported.checkpoint).unwrap());
    assert_eq!(verify_evidence(folder.path(), &text, Some(&key), &[&kept]), None);
    let tampered = text.replacen("\"scheduled\"", "\"cancelled\"", 1);
    assert_ne!(tampered, text);
    assert!(verify_evidence(folder.path(), &tampered, Some(&key), &[&kept]).is_some());
    let again = aud.does(export).await.problem;
    assert_eq!(again, Some(AuditProblem::NotWritten(NotWritten::Exists)), "nothing is written over");
    aud.leaves();

    let aud = Auditor::opens(folder.path());
    aud.signs_in(&clinic, "aud").await;
    aud.does(AuditIntent::Show).await;
    // Of the rows that there are now, this sign-in's are later.
    aud.goes_on_from("from the last time", |since, rows| since >= Some(log.rows) && since < Some(rows)).await;
    aud.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_long_log_are_fetched_one_by_one() {
    let clinic = Clinic::with(&PEOPLE).await;
    let client = clinic.client();
    let lee = clinic.sign_in_by(&client, "lee").await;
    for _ in 0..60 {
        client.plan_visit(&lee.token, &CreateVisitRequest::default()).await.unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let aud = Auditor::opens(folder.path());
    aud.signs_in(&clinic, "aud").await;
    let newest = aud.does(AuditIntent::Show).await;
    assert_eq!((newest.rows.len(), newest.has_older, newest.has_newer), (50, true, false));
    let older = aud.does(AuditIntent::Older).await;
    assert_eq!(older.rows[0].number + 1, newest.rows[49].number);
    assert!(older.has_newer);
    let back = aud.does(AuditIntent::Newer).await;
    assert!(!back.has_newer && back.rows[0].number >= newest.rows[0].number);
    aud.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_not_the_one_that_was_kept_is_told_at_the_sign_in_already() {
    let (clinic, other) = (Clinic::with(&PEOPLE).await, Clinic::with(&PEOPLE).await);
    let folder = tempfile::tempdir().unwrap();
    for one in [&clinic, &other] {
        let aud = Auditor::opens(folder.path());
        aud.signs_in(one, "aud").await;
        aud.does(AuditIntent::Show).await;
        aud.leaves();
    }
    // As if the one server had drawn another key and begun its log anew: what was kept of both changes places.
    let path = folder.path().join("known.logs");
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(' ').collect()).collect();
    let [head, one, two] = &lines[..] else { panic!("{text}") };
    let swapped = [head.join(" "), [one[0], two[1], two[2]].join(" "), [two[0], one[1], one[2]].join(" ")];
    fs::write(&path, swapped.join("\n") + "\n").unwrap();

    let aud = Auditor::opens(folder.path());
    aud.signs_in(&clinic, "aud").await;
    let trouble = aud.waits("a warning", |desk| desk.log_trouble).await;
    assert_eq!(trouble, LogTrouble::OtherKey);
    let view = aud.does(AuditIntent::Show).await;
    assert_eq!(view.log.trouble(), Some(LogTrouble::OtherKey));
    assert!(!view.rows.is_empty(), "what the server says can be read still");
    assert_eq!(fs::read_to_string(&path).unwrap(), swapped.join("\n") + "\n", "what was kept stays");
    aud.leaves();
}
