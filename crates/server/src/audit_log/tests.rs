//! The log of a real database: what is written stands in it, proven, and what was done to it past the server is found.

use std::net::Ipv4Addr;

use audit::evidence::{Known, Refusal, Verified, verify};
use audit::{Row, evidence};
use signaling_protocol::{StaffId, StaffRole};

use super::*;
use crate::Retention;
use crate::store::acting::{By, sync_scope};

const NOW: u64 = 1_800_000_000_000_000;

struct House {
    folder: tempfile::TempDir,
    log: Arc<AuditLog>,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = Arc::new(AuditLog::open(folder.path()).unwrap());
        Self { folder, log }
    }

    fn staff(number: u8) -> StaffId {
        StaffId::from_random([number; 16])
    }

    /// Something happens, and so many times.
    fn live(&self, times: u8) {
        for number in 0..times {
            self.event(Event::AccountAdded { staff: Self::staff(number), role: StaffRole::Clinician });
        }
    }

    fn event(&self, event: Event) {
        let written = lock(&self.log.database).write(Actor::Server, |_, events| {
            events.push(event);
            Ok::<_, Failed>(())
        });
        written.unwrap();
    }

    fn visit_locked(&self, visit: VisitId, locked: bool) {
        self.event(Event::Visit {
            visit,
            host: None,
            start_unix_secs: None,
            locked,
            state: signaling_protocol::VisitState::Open,
            ended: None,
        });
    }

    fn forge(&self, sql: &str) {
        lock(&self.log.database).forge().execute_batch(sql).unwrap();
    }

    async fn file(&self, about: Option<&str>, since: Vec<u64>) -> String {
        let about = about.map(|about| about.parse().unwrap());
        self.log.evidence(Self::staff(200), NOW, about, since).await.unwrap()
    }

    async fn rows(&self, wanted: Wanted) -> Vec<String> {
        self.log.rows(wanted).await.unwrap().rows
    }
}

fn check(file: &str, kept: &[&str]) -> Result<Verified, Refusal> {
    let known = Known { key: None, kept: kept.iter().map(|note| (*note).to_owned()).collect() };
    verify(file.strip_suffix('\n').unwrap().split('\n'), &known)
}

#[tokio::test]
async fn what_happens_is_in_the_log_and_evidence_of_it_is_believed() {
    let house = House::new();
    house.live(40);
    let early = house.log.checkpoint(NOW, None, None).await.unwrap();
    let (visit, other) = (VisitId::from_random([7; 16]), VisitId::from_random([8; 16]));
    for number in 0..20 {
        house.visit_locked(if number % 3 == 0 { other } else { visit }, number % 2 == 0);
    }
    let whole = house.file(None, Vec::new()).await;
    let found = check(&whole, &[&early.checkpoint]).unwrap();
    // The drawing of the key, 60 events, and that this file was taken.
    assert_eq!((found.rows, found.checkpoint.size), (62, 62));
    let file = house.file(Some(&visit.to_string()), vec![41]).await;
    let found = check(&file, &[&early.checkpoint]).unwrap();
    assert_eq!((found.rows, found.is_gapless, found.since), (14, true, vec![41]));
    let last = file.lines().last().unwrap();
    assert!(last.contains("\"what\":\"exported\""), "the file tells that it was taken: {last}");
    let later = house.log.checkpoint(NOW, Some(41), None).await.unwrap();
    let mut keeper = audit::Keeper::first(house.log.signer.public().clone(), &early.checkpoint).unwrap();
    let proof: Vec<_> = later.consistency.unwrap().0.chunks(32).map(|hash| hash.try_into().unwrap()).collect();
    keeper.take(&house.log.signer.public().clone(), &later.checkpoint, &proof).unwrap();
}

#[tokio::test]
async fn who_changes_the_database_is_found_out() {
    for (number, sql) in [
        "UPDATE audit_rows SET row = replace(row, 'clinician', 'admin') WHERE number = 5",
        "UPDATE audit_rows SET row = NULL WHERE number = 5; UPDATE audit_rows SET hash = zeroblob(32) WHERE number = 5",
        "DELETE FROM audit_rows WHERE number = 5",
        "UPDATE audit_rows SET number = 1000 WHERE number = 5; UPDATE audit_rows SET number = 5 WHERE number = 6;
         UPDATE audit_rows SET number = 6 WHERE number = 1000",
        "DELETE FROM audit_rows WHERE number > 20; DELETE FROM audit_nodes WHERE level = 3 AND place > 1",
    ]
    .into_iter()
    .enumerate()
    {
        let house = House::new();
        house.live(30);
        let kept = house.log.checkpoint(NOW, None, None).await.unwrap();
        check(&house.file(None, Vec::new()).await, &[&kept.checkpoint]).unwrap();
        house.forge(sql);
        // Either no file can be made of it any more, or nobody believes it.
        let file = house.log.evidence(House::staff(1), NOW, None, Vec::new()).await;
        assert!(file.is_err() || check(&file.unwrap(), &[&kept.checkpoint]).is_err(), "{number}: {sql}");
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_written_undoes_what_it_would_have_told() {
    let house = House::new();
    house.live(3);
    // Its place is taken: the next row cannot be written.
    house.forge("CREATE TRIGGER full BEFORE INSERT ON audit_rows BEGIN SELECT raise(ABORT, 'full'); END");
    let refused = lock(&house.log.database).write(Actor::Server, |rows, events| {
        rows.execute("INSERT INTO secrets VALUES ('test', x'00')", [])?;
        events.push(Event::KeyDrawn);
        Ok::<_, Failed>(())
    });
    assert!(refused.is_err());
    let sql = "SELECT count(*) FROM secrets WHERE name = 'test'";
    let count: u32 = lock(&house.log.database).read(|rows| rows.query_row(sql, [], |row| row.get(0))).unwrap();
    assert_eq!(count, 0);
}

#[tokio::test]
async fn from_where_is_a_hash_that_nobody_can_make_once_its_key_is_gone() {
    let house = House::new();
    let by = |last| By {
        actor: Actor::Server,
        session: None,
        from: Some(std::net::IpAddr::V4(Ipv4Addr::new(203, 0, 113, last))),
    };
    for last in [1, 2, 1] {
        sync_scope(Some(by(last)), || house.live(1));
    }
    let rows = house.rows(Wanted::default()).await;
    let origins: Vec<_> = rows.iter().filter_map(|row| Row::parse(row).unwrap().origin()).collect();
    assert_eq!(origins.len(), 3);
    assert_eq!(origins[0], origins[2], "the same address");
    assert!(origins[0].address != origins[1].address && origins[0].network == origins[1].network);
    assert!(!rows.iter().any(|row| row.contains("203.0.113")));
    let known = house.log.origin(by(1).from.unwrap()).await.unwrap().origins;
    assert_eq!((known.len(), &known[0].from.0[..]), (1, &origins[0].address[..]));
    // 91 days later.
    let real = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros() as u64;
    let later = real + 91 * 24 * 3600 * 1_000_000;
    house.log.erase_old(later, Duration::from_secs(u64::MAX / 2_000_000)).unwrap();
    assert_eq!(house.log.origin(by(1).from.unwrap()).await.unwrap().origins, []);
}

#[tokio::test]
async fn what_is_over_is_erased_but_for_what_is_on_hold_and_the_log_still_holds() {
    let house = House::new();
    house.live(10);
    let held = House::staff(3).to_string();
    hold(house.folder.path(), &held, true).unwrap();
    let kept = house.log.checkpoint(NOW, None, None).await.unwrap();
    // All of this happened a moment ago, and six years and a day from now it is over.
    let real = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros() as u64;
    let span = Retention::default().log;
    let later = real + span.as_micros() as u64 + 24 * 3600 * 1_000_000;
    assert_eq!(house.log.erase_old(real, span).unwrap(), 0, "not before");
    assert_eq!(house.log.erase_old(later, span).unwrap(), 10);
    let left = house.rows(Wanted::default()).await;
    assert_eq!(
        left.iter().filter(|row| row.contains(&held)).count(),
        2,
        "what was held, and that it is held: {left:?}"
    );
    assert_eq!(left.len(), 3, "and that the others were erased: {left:?}");
    let gone = House::staff(4).to_string();
    let found = check(&house.file(None, Vec::new()).await, &[&kept.checkpoint]).unwrap();
    assert_eq!((found.rows, found.erased), (4, 10));
    let path = house.folder.path().join("housecall.sqlite3");
    drop(house.log);
    let bytes = std::fs::read(path).unwrap();
    let holds = |needle: &str| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
    assert!(holds(&held) && !holds(&gone), "what was erased is on the disk no more");
}

#[tokio::test]
async fn rows_are_found_by_what_they_are_about_by_kind_and_by_time() {
    let house = House::new();
    house.live(12);
    let visit = VisitId::from_random([7; 16]);
    house.visit_locked(visit, true);
    let about = |about: String| Wanted { about: Some(about.parse().unwrap()), ..Wanted::default() };
    assert_eq!(house.rows(about(visit.to_string())).await.len(), 1);
    assert_eq!(house.rows(about(House::staff(5).to_string())).await.len(), 1);
    assert_eq!(house.rows(about(House::staff(55).to_string())).await.len(), 0);
    let what = Wanted { what: Some("account_added".parse().unwrap()), ..Wanted::default() };
    assert_eq!(house.rows(what).await.len(), 12);
    assert_eq!(house.rows(Wanted { before: Some(3), ..what }).await.len(), 2);
    assert_eq!(house.rows(Wanted { until: Some(1_000), ..Wanted::default() }).await.len(), 0);
    let newest = house.rows(Wanted::default()).await;
    let numbers: Vec<_> = newest.iter().map(|row| Row::parse(row).unwrap().number).collect();
    assert!(numbers.is_sorted_by(|one, next| one > next), "the newest first");
    assert!("free text".parse::<Word>().is_err() && "x".repeat(33).parse::<Word>().is_err());
}

#[tokio::test]
async fn rows_are_proven_against_a_size_and_found_by_two_things_at_once() {
    let house = House::new();
    house.live(12);
    let visit = VisitId::from_random([7; 16]);
    house.visit_locked(visit, true);
    let kept = house.log.checkpoint(NOW, None, None).await.unwrap();
    let checkpoint = SignedCheckpoint::parse(house.log.signer.public(), &kept.checkpoint).unwrap().checkpoint;
    house.live(5);
    let wanted = Wanted { proofs: Some(checkpoint.size), most: Some(4), ..Wanted::default() };
    let page = house.log.rows(wanted).await.unwrap();
    assert_eq!((page.rows.len(), page.proofs.len(), page.more, page.size), (4, 4, true, 19));
    for (row, proof) in page.rows.iter().zip(&page.proofs) {
        let number = Row::parse(row).unwrap().number;
        assert!(number < checkpoint.size, "no later row can be proven");
        let (hashes, []) = proof.0.as_chunks::<32>() else { panic!("hashes") };
        audit::verify_inclusion(&checkpoint.root, checkpoint.size, number, row.as_bytes(), hashes).unwrap();
    }
    assert_eq!(house.log.rows(Wanted { proofs: Some(20), ..wanted }).await, Err(Code::Malformed));
    let both = |also: AuditId| Wanted { about: Some(visit.to_string().parse().unwrap()), also: Some(also), ..wanted };
    assert_eq!(house.rows(both(visit.to_string().parse().unwrap())).await.len(), 1);
    assert_eq!(house.rows(both(House::staff(5).to_string().parse().unwrap())).await.len(), 0);
}

#[tokio::test]
async fn at_the_next_start_a_log_that_was_cut_is_told() {
    let house = House::new();
    house.live(10);
    house.log.checkpoint(NOW, None, None).await.unwrap();
    let is_whole = |log: &AuditLog| lock(&log.database).read(|rows| goes_on(rows, &log.signer)).unwrap();
    assert!(is_whole(&house.log));
    house.live(3);
    assert!(is_whole(&house.log));
    house.forge("DELETE FROM audit_rows WHERE number > 6");
    assert!(!is_whole(&house.log));
}

#[tokio::test]
async fn evidence_of_a_file_that_is_too_young_is_refused() {
    let house = House::new();
    house.live(2);
    let refused = house.log.evidence(House::staff(1), NOW, None, vec![1_000]).await;
    assert_eq!(refused, Err(Code::Malformed));
    assert_eq!(evidence::WHOLE, "*");
}
