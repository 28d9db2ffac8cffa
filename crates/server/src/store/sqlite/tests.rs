//! What is written is read again, and what cannot be written changes nothing.

use signaling_protocol::{
    Admission, EndReason, EndpointId, GuestRole, InviteId, LeaveReason, Role, StaffId, VisitId, VisitState,
};

use super::*;

fn changes() -> Vec<Change> {
    let visit = VisitId::from_random([1; 16]);
    let endpoint = EndpointId::from_random([2; 16]);
    let invite = InviteId::from_random([3; 16]);
    let visit_row = VisitRow {
        visit,
        creator: StaffId::from_random([5; 16]),
        host: Some(StaffId::from_random([4; 16])),
        state: VisitState::Ended,
        ended: Some(EndReason::HostEnded),
        created_unix_micros: 1_700_000_000_000_000,
        ended_unix_micros: Some(1_700_000_000_000_001),
        planned: Some(Planned {
            start_unix_secs: 1_800_000_000,
            length_minutes: 30,
            time_zone: "Europe/Berlin".to_owned(),
        }),
        locked: true,
    };
    let endpoint_row = EndpointRow {
        endpoint,
        visit,
        role: Role::Guest,
        admission: Admission::Admitted,
        invite: Some(invite),
        bundle: Base64(vec![0, 255, 7]),
        gone: Some(LeaveReason::ConnectionLost),
        joined_unix_micros: 5,
    };
    let invite_row = InviteRow {
        invite,
        visit,
        key: InviteKey([5; 32]),
        expires_unix_micros: 77,
        opens_unix_micros: 7,
        role: GuestRole::Interpreter,
        revoked: false,
        tries: 0,
    };
    vec![
        Change::ChallengeKey([9; 32]),
        Change::Visit(VisitRow {
            state: VisitState::Scheduled,
            ended: None,
            ended_unix_micros: None,
            host: None,
            planned: None,
            locked: false,
            ..visit_row.clone()
        }),
        Change::Invite(invite_row.clone()),
        Change::Endpoint(EndpointRow { admission: Admission::Waiting, gone: None, ..endpoint_row.clone() }),
        Change::Token([6; 32], endpoint),
        Change::Visit(visit_row),
        Change::Endpoint(endpoint_row),
        Change::Invite(InviteRow { revoked: true, tries: 3, ..invite_row }),
    ]
}

#[test]
fn rows_are_read_as_they_were_written_last() {
    let directory = tempfile::tempdir().unwrap();
    SqliteStore::open(directory.path()).unwrap().apply(&changes()).unwrap();
    let mut memory = crate::store::MemoryStore::default();
    memory.apply(&changes()).unwrap();
    assert_eq!(SqliteStore::open(directory.path()).unwrap().load().unwrap(), memory.load().unwrap());
}

#[test]
fn a_visit_is_forgotten_with_all_that_was_in_it_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(directory.path()).unwrap();
    let mut memory = crate::store::MemoryStore::default();
    let Change::Visit(row) = &changes()[1] else { panic!() };
    let other = Change::Visit(VisitRow { visit: VisitId::from_random([8; 16]), ..row.clone() });
    for store in [&mut store as &mut dyn Store, &mut memory] {
        store.apply(&changes()).unwrap();
        store.apply(&[other.clone(), Change::ForgetVisit(row.visit)]).unwrap();
    }
    let rows = store.load().unwrap();
    assert_eq!(rows, memory.load().unwrap());
    assert_eq!((rows.visits.len(), rows.invites.len(), rows.endpoints.len(), rows.tokens.len()), (1, 0, 0, 0));
}

#[test]
fn what_colleagues_keep_about_a_visit_and_its_links_goes_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(directory.path()).unwrap();
    store.apply(&changes()).unwrap();
    let Change::Visit(row) = &changes()[1] else { panic!() };
    let Change::Invite(invite) = &changes()[2] else { panic!() };
    let staff = StaffId::from_random([4; 16]).to_string();
    let add = "INSERT INTO staff (staff, name, role, password_hash) VALUES (?, 'lee', 'clinician', '')";
    store.database.forge().execute(add, [&staff]).unwrap();
    let other = VisitId::from_random([8; 16]).to_string();
    for object in [row.visit.to_string(), invite.invite.to_string(), other.clone()] {
        let values = params![object, staff];
        store.database.forge().execute("INSERT INTO staff_objects VALUES (7, ?, ?, 1)", values).unwrap();
        store.database.forge().execute("INSERT INTO staff_boxes VALUES (7, ?, ?, 1, x'00')", values).unwrap();
    }
    store.apply(&[Change::ForgetVisit(row.visit)]).unwrap();
    for table in ["staff_objects", "staff_boxes"] {
        let left: Vec<String> =
            all(store.database.forge(), &format!("SELECT object FROM {table}"), |row| row.get(0)).unwrap();
        assert_eq!(left, [other.as_str()], "{table}");
    }
}

#[test]
fn the_rows_of_the_first_version_are_taken_over() {
    let directory = tempfile::tempdir().unwrap();
    let database = Connection::open(directory.path().join(FILE)).unwrap();
    database.execute_batch(MIGRATIONS[0]).unwrap();
    let insert = "INSERT INTO visits VALUES (?, ?, ?, ?, 7)";
    let id = |number| VisitId::from_random([number; 16]).to_string();
    let host = StaffId::from_random([4; 16]).to_string();
    database.execute(insert, params![id(1), host, "ended", "host_ended"]).unwrap();
    database.execute(insert, params![id(2), host, "open", None::<String>]).unwrap();
    database.pragma_update(None, "user_version", 1).unwrap();
    drop(database);
    let rows = SqliteStore::open(directory.path()).unwrap().load().unwrap();
    let ended: Vec<_> = rows.visits.iter().map(|row| row.ended_unix_micros.is_some()).collect();
    assert_eq!(ended, [true, false]);
}

#[test]
fn one_change_that_cannot_be_written_undoes_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(directory.path()).unwrap();
    let [visit, ..] = &changes()[1..] else { panic!() };
    let stray = Change::Token([1; 32], EndpointId::from_random([99; 16]));
    assert!(store.apply(&[visit.clone(), stray]).is_err());
    assert_eq!(store.load().unwrap(), Rows::default());
    store.apply(&changes()).unwrap();
}

#[test]
fn without_room_nothing_is_written_and_nothing_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(directory.path()).unwrap();
    store.apply(&changes()).unwrap();
    let before = store.load().unwrap();
    store.set_room(0).unwrap();
    let Change::Endpoint(row) = &changes()[3] else { panic!() };
    let large =
        EndpointRow { endpoint: EndpointId::from_random([8; 16]), bundle: Base64(vec![1; 65_536]), ..row.clone() };
    let error = store.apply(&[Change::Endpoint(large.clone())]).unwrap_err();
    assert!(error.to_string().contains("nothing was changed: database or disk is full"), "{error}");
    assert_eq!(store.load().unwrap(), before);
    store.set_room(1_000).unwrap();
    store.apply(&[Change::Endpoint(large)]).unwrap();
}

#[test]
fn the_data_of_a_newer_version_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(directory.path()).unwrap();
    store.database.forge().pragma_update(None, "user_version", 99).unwrap();
    drop(store);
    let error = SqliteStore::open(directory.path()).unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error}");
}

#[test]
fn a_file_that_is_no_database_is_named() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(FILE), b"these are not the rows you look for".repeat(100)).unwrap();
    let error = SqliteStore::open(directory.path()).unwrap_err();
    assert!(error.to_string().contains(FILE), "{error}");
}

const SEED: &[u8] = b"a seed of twenty byt";
const KEY: [u8; 32] = *b"the server's key for challenges!";

/// A data directory as the version before sealing left it.
fn unsealed(directory: &std::path::Path) {
    let database = Connection::open(directory.join(FILE)).unwrap();
    database.pragma_update(None, "journal_mode", "WAL").unwrap();
    MIGRATIONS[..5].iter().for_each(|step| database.execute_batch(step).unwrap());
    database.pragma_update(None, "user_version", 5).unwrap();
    database.execute("INSERT INTO secrets VALUES ('challenge', ?)", [KEY]).unwrap();
    let staff = "INSERT INTO staff (staff, name, role, password_hash, totp_secret) VALUES (?, ?, 'admin', '', ?)";
    database.execute(staff, params![StaffId::from_random([1; 16]).to_string(), "ada", SEED]).unwrap();
    database.execute(staff, params![StaffId::from_random([2; 16]).to_string(), "new", None::<Vec<u8>>]).unwrap();
}

/// Whether these bytes are in any file of the directory but the key's.
fn is_there(directory: &std::path::Path, needle: &[u8]) -> bool {
    std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}

fn seeds(database: &mut Database) -> Vec<Option<Vec<u8>>> {
    let sql = "SELECT unseal('staff.totp_secret', staff, totp_secret) FROM staff ORDER BY name";
    database.read(|rows| all(rows, sql, |row| row.get(0))).unwrap()
}

#[test]
fn the_version_from_which_on_secrets_are_sealed_is_the_one_that_seals_them() {
    let seals: Vec<_> = MIGRATIONS.iter().map(|step| step.contains("seal(")).collect();
    assert_eq!(seals.iter().position(|seals| *seals), Some(SEALED_SINCE - 1));
}

#[test]
fn what_stood_there_plain_is_sealed_and_in_no_file_any_more() {
    let directory = tempfile::tempdir().unwrap();
    unsealed(directory.path());
    assert!(is_there(directory.path(), SEED) && is_there(directory.path(), &KEY), "or nothing would be shown");
    let mut store = SqliteStore::open(directory.path()).unwrap();
    for secret in [SEED, &KEY] {
        assert!(!is_there(directory.path(), secret), "{}", String::from_utf8_lossy(secret));
    }
    assert_eq!(seeds(&mut store.database), [Some(SEED.to_vec()), None]);
    assert_eq!(store.load().unwrap().challenge_key, Some(KEY));
}

#[test]
fn a_database_does_not_open_without_its_key_or_with_anothers_and_none_is_made() {
    let (directory, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let place = Place::from(directory.path());
    for path in [&directory, &other] {
        SqliteStore::open(path.path()).unwrap();
    }
    let (key, others) = (place.key_file().unwrap(), Place::from(other.path()).key_file().unwrap());
    std::fs::rename(&key, directory.path().join("away")).unwrap();
    let sentence = SqliteStore::open(&place).unwrap_err().to_string();
    assert!(sentence.contains("is not there; put it back") && !key.exists(), "{sentence}");
    std::fs::copy(others, &key).unwrap();
    let sentence = SqliteStore::open(&place).unwrap_err().to_string();
    assert!(sentence.contains("put the right key back"), "{sentence}");
    std::fs::rename(directory.path().join("away"), &key).unwrap();
    SqliteStore::open(&place).unwrap();
}

#[test]
fn with_a_new_key_all_that_is_sealed_is_sealed_anew() {
    let directory = tempfile::tempdir().unwrap();
    unsealed(directory.path());
    let place = Place::from(directory.path());
    drop(SqliteStore::open(&place).unwrap());
    let old = place.keys().unwrap();
    place.add_key().unwrap();
    let mut store = SqliteStore::open(&place).unwrap();
    assert_eq!(seeds(&mut store.database), [Some(SEED.to_vec()), None]);
    let newest = place.keys().unwrap().newest();
    assert_ne!(newest, old.newest());
    for (table, _, column) in SEALED {
        let sql = format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL");
        let sealed: Vec<Vec<u8>> = store.database.read(|rows| all(rows, &sql, |row| row.get(0))).unwrap();
        assert!(!sealed.is_empty() && sealed.iter().all(|sealed| id_in(sealed) == Some(newest)), "{table}.{column}");
    }
    // The old one alone opens nothing of it now.
    let lines = std::fs::read_to_string(place.key_file().unwrap()).unwrap();
    std::fs::write(place.key_file().unwrap(), lines.lines().last().unwrap()).unwrap();
    assert!(matches!(SqliteStore::open(&place), Err(OpenError::Key(KeyError::Another { .. }))));
}
