//! What is backed up comes back, and nothing of it can be read without the key.

use super::*;
use crate::accounts::{add_user, give_code, set_up};
use signaling_protocol::StaffRole;
use units::Phi;

/// A clinic with an account, its storage key outside of the data directory, and room for backups.
struct House(tempfile::TempDir);

impl House {
    fn new() -> Self {
        let house = Self(tempfile::tempdir().unwrap());
        add_user(house.place(), "ada", StaffRole::Admin, &Phi::new("correct horse".to_owned())).unwrap();
        house
    }

    fn place(&self) -> Place {
        self.at("data")
    }

    fn at(&self, directory: &str) -> Place {
        let key = crate::storage_key::KeySource::File(self.0.path().join("key"));
        Place { directory: self.0.path().join(directory), key }
    }

    fn backup(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

#[test]
fn a_backup_comes_back_elsewhere_with_everything_but_sessions() {
    let house = House::new();
    let place = house.place();
    fs::create_dir(place.directory.join("tls")).unwrap();
    fs::write(place.directory.join("tls/key.pem"), "a key").unwrap();
    let database = Connection::open(place.directory.join(FILE)).unwrap();
    let session = "INSERT INTO sessions SELECT 'ses_1', staff, 'laptop', 1, 1, x'01' FROM staff";
    database.execute(session, []).unwrap();
    let made = back_up(&place, &house.backup("one")).unwrap();
    assert_eq!(made.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), [FILE, "tls/key.pem"]);
    assert!(matches!(back_up(&place, &house.backup("one")), Err(BackupError::Exists(_))));
    let other = house.at("other");
    assert_eq!(inspect(&other, &house.backup("one")).unwrap(), made);
    assert!(!other.directory.exists(), "looking makes nothing");
    assert_eq!(restore(&other, &house.backup("one")).unwrap(), made);
    assert_eq!(fs::read_to_string(other.directory.join("tls/key.pem")).unwrap(), "a key");
    let database = Connection::open(other.directory.join(FILE)).unwrap();
    let count = |table: &str| {
        database.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, u32>(0)).unwrap()
    };
    assert_eq!((count("staff"), count("sessions")), (1, 0));
    drop(database);
    give_code(&other, "ada").unwrap();
    for directory in [&place.directory, &other.directory] {
        let strays = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
        let strays: Vec<_> = strays.filter(|name| name.to_string_lossy().starts_with('.')).collect();
        assert!(strays.is_empty(), "{strays:?}");
    }
}

#[test]
fn a_living_database_is_never_written_over() {
    let house = House::new();
    back_up(&house.place(), &house.backup("one")).unwrap();
    let sentence = restore(&house.place(), &house.backup("one")).unwrap_err().to_string();
    assert!(sentence.contains("there is a database in"), "{sentence}");
    let empty = house.at("empty");
    make_private(&empty.directory).unwrap();
    let _serving = DataLock::take(&empty.directory).unwrap();
    assert!(matches!(restore(&empty, &house.backup("one")), Err(BackupError::Lock(_))));
}

#[test]
fn a_torn_file_another_key_and_another_file_are_refused_and_leave_nothing() {
    let house = House::new();
    back_up(&house.place(), &house.backup("one")).unwrap();
    let whole = fs::read(house.backup("one")).unwrap();
    let other = house.at("other");
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 4;
    for (bytes, words) in [
        (&whole[..whole.len() - 1], "is torn"),
        (&whole[..whole.len() / 2], "is torn"),
        (&whole[..30], "is torn"),
        (&changed[..], "is torn"),
        (b"PK and so on", "is no backup"),
    ] {
        fs::write(house.backup("bad"), bytes).unwrap();
        for result in [restore(&other, &house.backup("bad")), inspect(&other, &house.backup("bad"))] {
            let sentence = result.unwrap_err().to_string();
            assert!(sentence.contains(words), "{sentence}");
        }
        assert!(!other.directory.join(FILE).exists() && !other.directory.join("tls").exists());
    }
    let strange = House::new();
    let sentence = restore(&strange.at("other"), &house.backup("one")).unwrap_err().to_string();
    assert!(sentence.contains("which is not here; put that key"), "{sentence}");
    fs::remove_file(house.0.path().join("key")).unwrap();
    assert!(matches!(restore(&other, &house.backup("one")), Err(BackupError::Key(KeyError::Missing(_)))));
}

#[test]
fn a_damaged_database_is_not_backed_up() {
    let house = House::new();
    let path = house.place().directory.join(FILE);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle - 6_000..middle + 6_000].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    let error = back_up(&house.place(), &house.backup("one")).unwrap_err();
    assert!(matches!(error, BackupError::Damaged(_)), "{error}");
    assert!(!house.backup("one").exists());
    assert!(matches!(back_up(&house.at("none"), &house.backup("one")), Err(BackupError::NoDatabase(_))));
}

#[test]
fn a_backup_of_an_older_version_leaves_it_as_it_is_and_is_upgraded_when_it_is_back() {
    let house = House::new();
    let old = house.at("old");
    make_private(&old.directory).unwrap();
    let database = Connection::open(old.directory.join(FILE)).unwrap();
    MIGRATIONS[..5].iter().for_each(|step| database.execute_batch(step).unwrap());
    database.pragma_update(None, "user_version", 5).unwrap();
    drop(database);
    assert_eq!(back_up(&old, &house.backup("backup")).unwrap().database_version, 5);
    let found = version(&Connection::open(old.directory.join(FILE)).unwrap()).unwrap();
    assert_eq!(found, 5, "a backup before an upgrade does not upgrade");
    let new = house.at("new");
    restore(&new, &house.backup("backup")).unwrap();
    set_up(&new).unwrap();
    assert_eq!(version(&Connection::open(new.directory.join(FILE)).unwrap()).unwrap(), MIGRATIONS.len());
}
