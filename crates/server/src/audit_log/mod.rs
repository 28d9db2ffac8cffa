//! The audit log as it is asked: checkpoints for everybody, receipts of endpoints, rows and evidence for auditors.
//!
//! The rows are written by the [ledger](crate::store); this reads them, signs the tree's root and erases what is over. The maths is
//! [`audit`]'s.

mod evidence;
mod offline;
mod retention;
mod settings;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use audit::{
    Checkpoint, LogSigner, Receipt, SignedCheckpoint, bundle_key, consistency_proof, inclusion_proof, root, to_base64,
    verify_consistency,
};
use rusqlite::{Connection, OptionalExtension, params};
use signaling_protocol::{
    AuditRowsReply, Base64, CheckpointReply, Code, EndpointId, InviteKey, OriginHashes, OriginReply, ReceiptRequest,
    VisitId,
};
use tracing::{error, warn};

use crate::locked::lock;
use crate::storage_key::Place;
use crate::store::log::{Stored, origins, size};
use crate::store::{Actor, AuditId, Database, Event, OpenError, as_word, open_database};

pub(crate) use evidence::MOST_SINCE;
pub use offline::{AuditError, hold, holds, public_key};

/// The name of the key among the secrets.
const KEY: &str = "audit-log";

/// How often a checkpoint is kept here too: apps keep them, and these are only for whoever looks at this disk.
const STORE_EVERY: Duration = Duration::from_secs(60);

/// Rows of one answer.
const MOST_ROWS: u64 = 500;

/// Receipts of one endpoint: a call that is connected anew every minute for an hour, opened and closed.
const MOST_RECEIPTS: u32 = 120;

/// Which rows are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted {
    /// About this, or by it.
    pub(crate) about: Option<AuditId>,
    /// And about this, or by it.
    pub(crate) also: Option<AuditId>,
    /// Of this kind.
    pub(crate) what: Option<Word>,
    /// Not before then, in microseconds of Unix time.
    pub(crate) since: Option<u64>,
    /// Not after then.
    pub(crate) until: Option<u64>,
    /// Before this row.
    pub(crate) before: Option<u64>,
    /// So many; [`MOST_ROWS`] at most.
    pub(crate) most: Option<u64>,
    /// Of the log's first so many rows, with what proves it.
    pub(crate) proofs: Option<u64>,
}

/// A word for the kind of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word([u8; 32], usize);

impl std::str::FromStr for Word {
    type Err = Code;

    fn from_str(text: &str) -> Result<Self, Code> {
        let is_word = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let mut word = [0; 32];
        let room = word.get_mut(..text.len()).filter(|_| is_word).ok_or(Code::Malformed)?;
        room.copy_from_slice(text.as_bytes());
        Ok(Self(word, text.len()))
    }
}

impl Word {
    fn as_str(&self) -> &str {
        self.0.get(..self.1).and_then(|word| std::str::from_utf8(word).ok()).unwrap_or_default()
    }
}

/// The log of a data directory.
pub(crate) struct AuditLog {
    database: Mutex<Database>,
    signer: LogSigner,
    newest: Mutex<Newest>,
}

#[derive(Default)]
struct Newest {
    signed: Option<SignedCheckpoint>,
    stored_unix_micros: u64,
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        warn!(%error, "the audit log cannot be read or written");
        Self(Code::StorageFailed)
    }
}

impl From<Code> for Failed {
    fn from(code: Code) -> Self {
        Self(code)
    }
}

/// Why a transaction changed nothing.
#[derive(Debug)]
struct Failed(Code);

impl AuditLog {
    /// The log of this data directory. Its key is drawn at the first start.
    pub(crate) fn open(place: impl Into<Place>) -> Result<Self, OpenError> {
        let place = place.into();
        let failed = |source| OpenError::Database { path: place.directory.clone(), source };
        let mut database = open_database(&place)?;
        let seed = seed(&mut database).map_err(failed)?;
        let signer = LogSigner::from_seed(&seed)
            .map_err(|error| failed(rusqlite::Error::ToSqlConversionFailure(Box::new(error))))?;
        let stored = database.read(|rows| goes_on(rows, &signer)).map_err(failed)?;
        if !stored {
            error!(
                "the audit log is not the one that this server signed: rows were changed or are gone; keep this data directory as \
                 it is, and see docs/audit.md"
            );
        }
        Ok(Self { database: Mutex::new(database), signer, newest: Mutex::default() })
    }

    /// Does something that waits for the disk.
    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        act: impl FnOnce(&Self) -> Result<T, Failed> + Send + 'static,
    ) -> Result<T, Code> {
        let (this, by) = (Arc::clone(self), crate::store::acting::current());
        let working = tokio::task::spawn_blocking(move || crate::store::acting::sync_scope(by, || act(&this)));
        working.await.map_err(|_| Code::Internal)?.map_err(|Failed(code)| code)
    }

    /// The newest checkpoint, and what proves that the log, or its first `until` rows, goes on from its first `since` rows.
    pub(crate) async fn checkpoint(
        self: &Arc<Self>,
        unix_micros: u64,
        since: Option<u64>,
        until: Option<u64>,
    ) -> Result<CheckpointReply, Code> {
        self.blocking(move |this| {
            let signed = this.sign(unix_micros)?;
            let size = signed.checkpoint.size;
            let until = until.unwrap_or(size);
            if until > size {
                return Err(Failed(Code::Malformed));
            }
            let consistency = since.map(|since| this.consistency(since, until)).transpose()?;
            Ok(CheckpointReply {
                key: Base64(this.signer.public().to_bytes().to_vec()),
                checkpoint: signed.note().to_owned(),
                consistency: consistency.map(|proof| Base64(proof.concat())),
            })
        })
        .await
    }

    fn consistency(&self, since: u64, size: u64) -> Result<Vec<audit::Hash>, Failed> {
        lock(&self.database).read(|rows| {
            let proof = consistency_proof(&Stored(rows), since, size).map_err(|_| Code::Malformed)?;
            Ok(proof?)
        })
    }

    /// Signs what is there, unless that was done already.
    fn sign(&self, unix_micros: u64) -> Result<SignedCheckpoint, Failed> {
        let mut newest = lock(&self.newest);
        let mut database = lock(&self.database);
        let size = database.read(size)?;
        if let Some(signed) = newest.signed.as_ref().filter(|signed| signed.checkpoint.size == size) {
            return Ok(signed.clone());
        }
        let root = database.read(|rows| root(&Stored(rows), size))?;
        let signed = SignedCheckpoint::sign(&self.signer, Checkpoint { size, root, unix_micros });
        if unix_micros.abs_diff(newest.stored_unix_micros) >= STORE_EVERY.as_micros() as u64 {
            database.write(Actor::Server, |rows, _| {
                let sql = "INSERT INTO audit_checkpoints VALUES (?, ?) ON CONFLICT DO NOTHING";
                rows.execute(sql, params![size as i64, signed.note()]).map(drop)
            })?;
            newest.stored_unix_micros = unix_micros;
        }
        newest.signed = Some(signed.clone());
        Ok(signed)
    }

    /// Writes down what an endpoint says of its connection, if it is signed by the key of its bundle.
    pub(crate) async fn take_receipt(
        self: &Arc<Self>,
        visit: VisitId,
        endpoint: EndpointId,
        bundle: Base64,
        said: ReceiptRequest,
    ) -> Result<(), Code> {
        let agreed = said.agreed.0.try_into().map_err(|_| Code::Malformed)?;
        let receipt = Receipt {
            visit: visit.to_string(),
            endpoint: endpoint.to_string(),
            peer: said.peer.to_string(),
            happened: match said.happened {
                signaling_protocol::ReceiptKind::Opened => audit::Happened::Opened,
                signaling_protocol::ReceiptKind::Closed => audit::Happened::Closed,
            },
            agreed,
            path: match said.path {
                signaling_protocol::ReceiptPath::Direct => audit::PathKind::Direct,
                signaling_protocol::ReceiptPath::Relayed => audit::PathKind::Relayed,
                signaling_protocol::ReceiptPath::Unknown => audit::PathKind::Unknown,
            },
            level: as_word(&said.level),
            unix_micros: said.receipt_at,
        };
        let key = bundle_key(bundle.as_ref()).ok_or(Code::Malformed)?;
        receipt.verify(&key, &said.signature.0).map_err(|_| Code::Malformed)?;
        let event = Event::Receipt {
            visit,
            endpoint,
            peer: said.peer,
            happened: said.happened,
            agreed: InviteKey(agreed),
            path: said.path,
            level: said.level,
            receipt_at: said.receipt_at,
            signature: said.signature,
        };
        self.blocking(move |this| {
            lock(&this.database).write(Actor::Endpoint(endpoint), |rows, events| {
                let sql =
                    "SELECT count(*) FROM audit_about JOIN audit_rows USING (number) WHERE id = ? AND what = 'receipt'
                    AND row LIKE '%\"endpoint\":\"' || id || '\"%'";
                let given: u32 = rows.query_row(sql, [endpoint.to_string()], |row| row.get(0))?;
                if given >= MOST_RECEIPTS {
                    return Err(Failed(Code::TooManyRequests));
                }
                // The same again is answered as the first time.
                let same = format!("%\"signature\":\"{}\"%", to_base64(&said.signature.0));
                let sql = "SELECT 1 FROM audit_about JOIN audit_rows USING (number) WHERE id = ? AND row LIKE ?";
                let known = rows.query_row(sql, params![endpoint.to_string(), same], |_| Ok(())).optional()?;
                events.extend(known.is_none().then_some(event));
                Ok(())
            })
        })
        .await
    }

    /// The newest rows that are wanted.
    pub(crate) async fn rows(self: &Arc<Self>, wanted: Wanted) -> Result<AuditRowsReply, Code> {
        self.blocking(move |this| {
            lock(&this.database).read(|rows| {
                let size = size(rows)?;
                if wanted.proofs.is_some_and(|proven| proven > size) {
                    return Err(Failed(Code::Malformed));
                }
                let most = wanted.most.unwrap_or(MOST_ROWS).min(MOST_ROWS);
                let mut found = find(rows, &wanted, most + 1)?;
                let more = found.len() as u64 > most;
                found.truncate(most as usize);
                let proofs = match wanted.proofs {
                    None => Vec::new(),
                    Some(proven) => prove(rows, &found, proven)?,
                };
                Ok(AuditRowsReply { size, rows: found.into_iter().map(|(_, row)| row).collect(), more, proofs })
            })
        })
        .await
    }

    /// What an address is in the rows, as long as it can be found out.
    pub(crate) async fn origin(self: &Arc<Self>, address: IpAddr) -> Result<OriginReply, Code> {
        self.blocking(move |this| {
            let origins = lock(&this.database).read(|rows| Ok::<_, Failed>(origins(rows, address)?))?;
            let told = |origin: audit::Origin| OriginHashes {
                from_key: origin.key,
                from: Base64(origin.address.to_vec()),
                from_net: Base64(origin.network.to_vec()),
            };
            Ok(OriginReply { origins: origins.into_iter().map(told).collect() })
        })
        .await
    }
}

/// What proves that each of these rows is in the log's first `proven` rows.
fn prove(rows: &Connection, found: &[(u64, String)], proven: u64) -> Result<Vec<Base64>, Failed> {
    let proof = |(number, _): &(u64, String)| {
        let proof = inclusion_proof(&Stored(rows), proven, *number).map_err(|_| Code::Internal)??;
        Ok(Base64(proof.concat()))
    };
    found.iter().map(proof).collect()
}

/// The newest rows that are wanted and have not been erased: number and text.
fn find(rows: &Connection, wanted: &Wanted, most: u64) -> rusqlite::Result<Vec<(u64, String)>> {
    let sql = "SELECT number, row FROM audit_rows WHERE row IS NOT NULL AND number < :before
            AND (:about IS NULL OR number IN (SELECT number FROM audit_about WHERE id = :about))
            AND (:also IS NULL OR number IN (SELECT number FROM audit_about WHERE id = :also))
            AND (:what IS NULL OR what = :what) AND unix_micros BETWEEN :since AND :until
        ORDER BY number DESC LIMIT :most";
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    rows.prepare_cached(sql)?
        .query_map(
            rusqlite::named_params! {
                ":before": signed(wanted.before.unwrap_or(u64::MAX).min(wanted.proofs.unwrap_or(u64::MAX))),
                ":about": wanted.about.as_ref().map(AuditId::as_str),
                ":also": wanted.also.as_ref().map(AuditId::as_str),
                ":what": wanted.what.as_ref().map(Word::as_str),
                ":since": signed(wanted.since.unwrap_or(0)),
                ":until": signed(wanted.until.unwrap_or(u64::MAX)),
                ":most": signed(most),
            },
            |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?)),
        )?
        .collect()
}

/// The seed of the log's key, drawn if there is none.
fn seed(database: &mut Database) -> rusqlite::Result<[u8; 32]> {
    let mut fresh = [0; 32];
    rand::TryRng::try_fill_bytes(&mut rand::rngs::SysRng, &mut fresh)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    database.write(Actor::Server, |rows, events| {
        let sql = "INSERT INTO secrets VALUES (?1, seal('secrets.value', ?1, ?2)) ON CONFLICT DO NOTHING";
        if rows.execute(sql, params![KEY, fresh])? == 1 {
            events.push(Event::KeyDrawn);
        }
        rows.query_row("SELECT unseal('secrets.value', name, value) FROM secrets WHERE name = ?", [KEY], |row| {
            row.get(0)
        })
    })
}

/// Whether the log goes on from the last checkpoint that was kept here.
fn goes_on(rows: &Connection, signer: &LogSigner) -> rusqlite::Result<bool> {
    let sql = "SELECT note FROM audit_checkpoints ORDER BY size DESC LIMIT 1";
    let Some(note) = rows.query_row(sql, [], |row| row.get::<_, String>(0)).optional()? else { return Ok(true) };
    let Ok(signed) = SignedCheckpoint::parse(signer.public(), &note) else { return Ok(false) };
    let (before, now) = (signed.checkpoint, size(rows)?);
    if before.size > now {
        return Ok(false);
    }
    let Ok(proof) = consistency_proof(&Stored(rows), before.size, now) else { return Ok(false) };
    let root = root(&Stored(rows), now)?;
    Ok(verify_consistency((before.size, &before.root), (now, &root), &proof?).is_ok())
}
