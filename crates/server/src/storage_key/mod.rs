//! The key that seals what would let somebody in: secrets of second factors, the server's own keys, backups. It lies outside of
//! the database, so that who has only the database, or only a backup, has none of them.
//!
//! A row's value is sealed by AES-256-GCM under a key derived for rows, with a random nonce and bound to its column and row,
//! so that it opens in no other place. SQL does it by two functions that every connection knows:
//! `seal('staff.totp_secret', staff, value)` and `unseal(…)`.

mod source;

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use rand::TryRng;
use rand::rngs::SysRng;
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;

pub(crate) use source::made_beside;
pub use source::{KeyError, KeySource, Place, fresh_key_line};

use crate::data_lock::{DataLock, LockError};
use crate::store::{FILE, OpenError, open_database};

/// Which key something was sealed with: tells nothing of the key.
pub(crate) type KeyId = [u8; 4];

/// The first byte of what is sealed, for a format that may come after this one.
const FORMAT: u8 = 1;

/// Format, key and nonce stand before what is sealed.
const HEAD: usize = 1 + size_of::<KeyId>() + NONCE_LEN;

/// Something does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Sealed {
    /// It was sealed with a key that is not here.
    #[error("it is sealed with the storage key {}, which is not here", hex(.0))]
    ByAnother(KeyId),
    /// It was changed, or stood elsewhere, or is no such thing.
    #[error("it does not open with the storage key that sealed it: it was changed, or moved from another place")]
    Broken,
    /// The system gives no randomness.
    #[error("the operating system gives no random numbers")]
    Random,
}

/// The storage key cannot be changed for another.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// A server serves with it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// There is nothing sealed.
    #[error("there is no database in {}; name the data directory of a server with --data", .0.display())]
    NoDatabase(std::path::PathBuf),
    /// The key is not in a file.
    #[error(
        "the key is given by the environment: put a new one (`housecall-server key new`) before it there, and start the server"
    )]
    Given,
    /// It cannot be had or written.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// Puts a new key before those in the key file, and seals everything anew with it. When it breaks off between the two, the
/// next start seals.
///
/// # Errors
/// When a server serves from there, or the key is not in a file.
pub fn rotate(place: &Place) -> Result<(), RotateError> {
    if !place.directory.join(FILE).exists() {
        return Err(RotateError::NoDatabase(place.directory.clone()));
    }
    let _lock = DataLock::take(&place.directory)?;
    place.key_file().ok_or(RotateError::Given)?;
    // With the key that is there first, so that a wrong one is found before there are two.
    drop(open_database(place)?);
    place.add_key()?;
    open_database(place)?;
    Ok(())
}

/// One storage key, by what follows from it.
struct StorageKey {
    id: KeyId,
    rows: LessSafeKey,
    secret: zeroize::Zeroizing<[u8; 32]>,
}

impl StorageKey {
    fn new(secret: zeroize::Zeroizing<[u8; 32]>) -> Self {
        let mut id = KeyId::default();
        id.copy_from_slice(&derived(&secret, &[], b"housecall storage key: id")[..4]);
        let rows = aes(&derived(&secret, &[], b"housecall storage key: rows"));
        Self { id, rows, secret }
    }
}

/// The keys that are here, the newest first: it seals, all of them open.
pub struct StorageKeys(Vec<StorageKey>);

impl StorageKeys {
    /// `None` without any.
    fn new(secrets: Vec<zeroize::Zeroizing<[u8; 32]>>) -> Option<Self> {
        (!secrets.is_empty()).then(|| Self(secrets.into_iter().map(StorageKey::new).collect()))
    }

    /// The one that seals.
    pub(crate) fn newest(&self) -> KeyId {
        self.0[0].id
    }

    /// Seals a value of this row of this column.
    pub(crate) fn seal(&self, column: &str, row: &str, value: &[u8]) -> Result<Vec<u8>, Sealed> {
        let key = &self.0[0];
        let mut nonce = [0; NONCE_LEN];
        SysRng.try_fill_bytes(&mut nonce).map_err(|_| Sealed::Random)?;
        let mut inside = value.to_vec();
        let sealing = Nonce::assume_unique_for_key(nonce);
        key.rows
            .seal_in_place_append_tag(sealing, Aad::from(place(column, row)), &mut inside)
            .map_err(|_| Sealed::Broken)?;
        Ok([&[FORMAT][..], &key.id, &nonce, &inside].concat())
    }

    /// What was sealed for this row of this column.
    pub(crate) fn unseal(&self, column: &str, row: &str, sealed: &[u8]) -> Result<Vec<u8>, Sealed> {
        let (head, inside) = sealed.split_at_checked(HEAD).ok_or(Sealed::Broken)?;
        let id = id_in(head).ok_or(Sealed::Broken)?;
        let key = self.0.iter().find(|key| key.id == id).ok_or(Sealed::ByAnother(id))?;
        let nonce = Nonce::try_assume_unique_for_key(&head[HEAD - NONCE_LEN..]).map_err(|_| Sealed::Broken)?;
        let mut inside = inside.to_vec();
        let opened = key.rows.open_in_place(nonce, Aad::from(place(column, row)), &mut inside);
        Ok(opened.map_err(|_| Sealed::Broken)?.to_vec())
    }

    /// The key of one file, which its salt makes another for every file.
    pub(crate) fn file_key(&self, id: KeyId, salt: &[u8; 32]) -> Result<LessSafeKey, Sealed> {
        let key = self.0.iter().find(|key| key.id == id).ok_or(Sealed::ByAnother(id))?;
        Ok(aes(&derived(&key.secret, salt, b"housecall storage key: file")))
    }

    /// Makes `seal` and `unseal` known to a connection. SQL of the schema's own may not use them (sqlite.org/deterministic.html).
    pub(crate) fn teach(self: &std::sync::Arc<Self>, connection: &Connection) -> rusqlite::Result<()> {
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
        let keys = std::sync::Arc::clone(self);
        connection.create_scalar_function("seal", 3, flags, move |call| {
            on_bytes(call, |column, row, value| keys.seal(column, row, value))
        })?;
        let keys = std::sync::Arc::clone(self);
        connection.create_scalar_function("unseal", 3, flags, move |call| {
            on_bytes(call, |column, row, value| keys.unseal(column, row, value))
        })
    }
}

impl fmt::Debug for StorageKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StorageKeys({})", self.0.iter().map(|key| hex(&key.id)).collect::<Vec<_>>().join(", "))
    }
}

/// Nothing becomes nothing; what is not bytes is refused.
fn on_bytes(
    call: &Context<'_>,
    act: impl FnOnce(&str, &str, &[u8]) -> Result<Vec<u8>, Sealed>,
) -> rusqlite::Result<Option<Vec<u8>>> {
    let failed = |error: Sealed| rusqlite::Error::UserFunctionError(Box::new(error));
    let value = match call.get_raw(2) {
        ValueRef::Null => return Ok(None),
        ValueRef::Blob(value) => value,
        _ => return Err(failed(Sealed::Broken)),
    };
    let (column, row) = (call.get::<String>(0)?, call.get::<String>(1)?);
    act(&column, &row, value).map(Some).map_err(failed)
}

/// Which key a sealed value or row names.
pub(crate) fn id_in(sealed: &[u8]) -> Option<KeyId> {
    let (format, rest) = sealed.split_first()?;
    (*format == FORMAT).then_some(())?;
    rest.get(..4)?.try_into().ok()
}

/// What a sealed value is bound to. Neither holds a zero byte: columns are ours, rows are ids and words.
fn place(column: &str, row: &str) -> Vec<u8> {
    format!("housecall row\0{column}\0{row}").into_bytes()
}

struct KeyBytes;

impl KeyType for KeyBytes {
    fn len(&self) -> usize {
        32
    }
}

/// HKDF-SHA256 (RFC 5869).
fn derived(secret: &[u8; 32], salt: &[u8], info: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    let expanded = Salt::new(HKDF_SHA256, salt).extract(secret);
    let filled = expanded.expand(&[info], KeyBytes).and_then(|okm| okm.fill(&mut bytes));
    filled.unwrap_or_else(|_| unreachable!("one block of SHA-256 is 32 bytes"));
    bytes
}

fn aes(bytes: &[u8; 32]) -> LessSafeKey {
    let key = UnboundKey::new(&AES_256_GCM, bytes).unwrap_or_else(|_| unreachable!("a key of AES-256 has 32 bytes"));
    LessSafeKey::new(key)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn keys(bytes: &[u8]) -> StorageKeys {
        StorageKeys::new(bytes.iter().map(|byte| [*byte; 32].into()).collect()).unwrap()
    }

    #[test]
    fn a_value_opens_in_its_own_place_alone_and_not_when_a_bit_is_changed() {
        let here = keys(&[1]);
        let sealed = here.seal("staff.totp_secret", "stf_a", b"twenty bytes of seed").unwrap();
        assert_eq!(here.unseal("staff.totp_secret", "stf_a", &sealed).unwrap(), b"twenty bytes of seed");
        assert_ne!(here.seal("staff.totp_secret", "stf_a", b"twenty bytes of seed").unwrap(), sealed);
        for (column, row) in [("staff.totp_secret", "stf_b"), ("secrets.value", "stf_a")] {
            assert_eq!(here.unseal(column, row, &sealed), Err(Sealed::Broken));
        }
        for at in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[at / 8] ^= 1 << (at % 8);
            assert!(here.unseal("staff.totp_secret", "stf_a", &changed).is_err(), "bit {at}");
        }
        for length in 0..sealed.len() {
            assert!(here.unseal("staff.totp_secret", "stf_a", &sealed[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn the_newest_key_seals_and_the_older_ones_open_still() {
        let (old, both, new) = (keys(&[1]), keys(&[2, 1]), keys(&[2]));
        let sealed = old.seal("c", "r", b"x").unwrap();
        assert_eq!(both.unseal("c", "r", &sealed).unwrap(), b"x");
        assert_eq!(new.unseal("c", "r", &sealed), Err(Sealed::ByAnother(old.newest())));
        let sealed = both.seal("c", "r", b"x").unwrap();
        assert_eq!((id_in(&sealed), both.newest()), (Some(new.newest()), new.newest()));
        assert!(old.unseal("c", "r", &sealed).is_err() && new.unseal("c", "r", &sealed).is_ok());
    }

    #[test]
    fn sql_seals_and_unseals_and_leaves_nothing_as_nothing() {
        let connection = Connection::open_in_memory().unwrap();
        Arc::new(keys(&[1])).teach(&connection).unwrap();
        let ask = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, Option<Vec<u8>>>(0));
        assert_eq!(ask("SELECT unseal('c', 'r', seal('c', 'r', x'0102'))").unwrap(), Some(vec![1, 2]));
        assert_eq!(ask("SELECT seal('c', 'r', NULL)").unwrap(), None);
        assert!(ask("SELECT unseal('c', 'other', seal('c', 'r', x'0102'))").is_err());
        assert!(ask("SELECT seal('c', 'r', 'text')").is_err());
        // A schema that somebody changed cannot make the server open what it would not.
        connection.execute_batch("CREATE VIEW v AS SELECT unseal('c', 'r', x'00')").unwrap();
        assert!(ask("SELECT * FROM v").is_err());
    }

    #[test]
    fn keys_are_never_shown() {
        let shown = format!("{:?}", keys(&[0xab]));
        assert!(shown.starts_with("StorageKeys(") && !shown.contains("abab") && !shown.contains("171"), "{shown}");
    }
}
