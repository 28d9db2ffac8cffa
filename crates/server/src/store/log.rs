//! The audit log's rows: each is written in the transaction of what it tells, and never changed.
//!
//! What they are and how they hang together is [`audit`]'s. Here they are stored: the rows, the tree's inner nodes, an index of
//! every id in them, and for each visit the number of its last row. Appending takes as many reads as the size has bits.

use std::error::Error;
use std::net::IpAddr;

use audit::{Frontier, Hash, Nodes, Origin, RecordError, Row, leaf_hash, row};
use hmac::{Hmac, KeyInit, Mac};
use rand::TryRng;
use rand::rngs::SysRng;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::Sha256;

use super::acting::By;
use super::ledger::Event;

/// How long addresses are hashed by the same key.
const KEY_USED_MICROS: u64 = 30 * DAY_MICROS;

/// When such a key is destroyed, counted from when it was drawn: every hash is anybody's guess 90 days after it was made, at the
/// latest.
const KEY_KEPT_MICROS: u64 = 90 * DAY_MICROS;

const DAY_MICROS: u64 = 24 * 3600 * 1_000_000;

/// Secrets of that kind are called so, with their number behind it.
const KEY_NAME: &str = "origin/";

type Result<T> = rusqlite::Result<T>;

/// The tree's nodes, as they are stored.
pub(crate) struct Stored<'c>(pub(crate) &'c Connection);

impl Nodes for Stored<'_> {
    type Error = rusqlite::Error;

    fn node(&self, level: u32, at: u64) -> Result<Hash> {
        if level == 0 {
            let mut query = self.0.prepare_cached("SELECT hash FROM audit_rows WHERE number = ?")?;
            return query.query_row([at as i64], |row| row.get(0));
        }
        let mut query = self.0.prepare_cached("SELECT hash FROM audit_nodes WHERE level = ? AND place = ?")?;
        query.query_row(params![level, at as i64], |row| row.get(0))
    }
}

/// How many rows there are.
pub(crate) fn size(rows: &Connection) -> Result<u64> {
    let mut query = rows.prepare_cached("SELECT coalesce(max(number), -1) + 1 FROM audit_rows")?;
    query.query_row([], |row| row.get::<_, i64>(0)).map(|size| size as u64)
}

/// Appends what happened.
pub(super) fn append(rows: &Connection, events: &[(By, Event)], unix_micros: u64) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let mut frontier = Frontier::load(&Stored(rows), size(rows)?)?;
    for (by, event) in events {
        let number = frontier.size();
        let text = text(rows, by, event, number, unix_micros)?;
        let row = Row::parse(&text).map_err(unwritable)?;
        let hash = leaf_hash(text.as_bytes());
        let sql = "INSERT INTO audit_rows (number, what, unix_micros, row, hash) VALUES (?, ?, ?, ?, ?)";
        let mut insert = rows.prepare_cached(sql)?;
        insert.execute(params![number as i64, row.what, unix_micros as i64, text, hash])?;
        let mut about = rows.prepare_cached("INSERT INTO audit_about VALUES (?, ?) ON CONFLICT DO NOTHING")?;
        for id in row.ids() {
            about.execute(params![id, number as i64])?;
        }
        if let Some(visit) = row.visit() {
            let sql = "INSERT INTO audit_chains VALUES (?, ?) ON CONFLICT DO UPDATE SET number = excluded.number";
            rows.prepare_cached(sql)?.execute(params![visit, number as i64])?;
        }
        let mut fresh = Vec::new();
        frontier.push(hash, |level, at, hash| fresh.push((level, at, hash)));
        let mut node = rows.prepare_cached("INSERT INTO audit_nodes VALUES (?, ?, ?)")?;
        for (level, at, hash) in fresh.into_iter().filter(|(level, ..)| *level > 0) {
            node.execute(params![level, at as i64, hash])?;
        }
    }
    Ok(())
}

/// A row's text at its place.
fn text(rows: &Connection, by: &By, event: &Event, number: u64, unix_micros: u64) -> Result<String> {
    let serde_json::Value::Object(members) = serde_json::to_value(event).map_err(unwritable)? else {
        return Err(unwritable(RecordError::Unwritable));
    };
    let what = members.get("what").and_then(|what| what.as_str()).unwrap_or_default();
    let mut row = row(unix_micros, &by.actor.to_string(), what).map_err(unwritable)?;
    let mut visit = None;
    for (name, value) in &members {
        match value {
            _ if name == "what" => continue,
            serde_json::Value::Null => continue,
            serde_json::Value::String(text) => {
                visit = visit.or((name == "visit").then_some(text));
                row.put(name, text.as_str())
            }
            serde_json::Value::Bool(flag) => row.put(name, *flag),
            serde_json::Value::Number(number) => {
                row.put(name, number.as_u64().ok_or(RecordError::Unwritable).map_err(unwritable)?)
            }
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => Err(RecordError::Unwritable),
        }
        .map_err(unwritable)?;
    }
    if let Some(session) = by.session {
        row.put("by_session", session.to_string().as_str()).map_err(unwritable)?;
    }
    if let Some(from) = by.from {
        row.from(&origin(rows, from, unix_micros)?).map_err(unwritable)?;
    }
    let follows = match visit {
        None => None,
        Some(visit) => {
            let mut query = rows.prepare_cached("SELECT number FROM audit_chains WHERE visit = ?")?;
            query.query_row([visit], |row| row.get::<_, i64>(0)).optional()?.map(|number| number as u64)
        }
    };
    row.finish(number, follows).map_err(unwritable)
}

fn unwritable(error: impl Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}

/// A key of addresses.
struct Key {
    number: u64,
    drawn_unix_micros: u64,
    secret: [u8; 32],
}

/// The keys that are not destroyed, the newest first.
fn keys(rows: &Connection) -> Result<Vec<Key>> {
    let sql = "SELECT name, unseal('secrets.value', name, value) FROM secrets WHERE name GLOB 'origin/*'";
    let mut query = rows.prepare_cached(sql)?;
    let read = query.query_map([], |row| {
        let (name, value): (String, [u8; 40]) = (row.get(0)?, row.get(1)?);
        let unreadable = || rusqlite::Error::InvalidColumnType(0, name.clone(), Type::Text);
        let number = name.strip_prefix(KEY_NAME).and_then(|number| number.parse().ok()).ok_or_else(unreadable)?;
        let (drawn, secret) = value.split_first_chunk::<8>().ok_or_else(unreadable)?;
        let secret = secret.try_into().map_err(|_| unreadable())?;
        Ok(Key { number, drawn_unix_micros: u64::from_be_bytes(*drawn), secret })
    })?;
    let mut keys = read.collect::<Result<Vec<_>>>()?;
    keys.sort_by_key(|key| std::cmp::Reverse(key.number));
    Ok(keys)
}

/// Destroys the keys of addresses whose time is over.
pub(crate) fn destroy_old_keys(rows: &Connection, unix_micros: u64) -> Result<()> {
    for key in keys(rows)? {
        // A clock that was set back must not keep a key for ever.
        if key.drawn_unix_micros.abs_diff(unix_micros) >= KEY_KEPT_MICROS {
            rows.execute("DELETE FROM secrets WHERE name = ?", [format!("{KEY_NAME}{}", key.number)])?;
        }
    }
    Ok(())
}

/// What an address is by the newest key, which is drawn if need be.
fn origin(rows: &Connection, from: IpAddr, unix_micros: u64) -> Result<Origin> {
    let newest = keys(rows)?.into_iter().next();
    let in_use = |key: &Key| key.drawn_unix_micros.abs_diff(unix_micros) < KEY_USED_MICROS;
    // By the day, so that no number comes a second time when all keys are gone.
    let next = newest.as_ref().map_or(0, |key| key.number + 1).max(unix_micros / DAY_MICROS);
    let key = match newest.filter(in_use) {
        Some(key) => key,
        None => {
            destroy_old_keys(rows, unix_micros)?;
            let mut secret = [0; 32];
            SysRng.try_fill_bytes(&mut secret).map_err(unwritable)?;
            let value = [&unix_micros.to_be_bytes()[..], &secret].concat();
            rows.execute(
                "INSERT INTO secrets VALUES (?1, seal('secrets.value', ?1, ?2))",
                params![format!("{KEY_NAME}{next}"), value],
            )?;
            Key { number: next, drawn_unix_micros: unix_micros, secret }
        }
    };
    Ok(hashed(&key, from))
}

/// What an address is by every key that is left, the newest first.
pub(crate) fn origins(rows: &Connection, from: IpAddr) -> Result<Vec<Origin>> {
    Ok(keys(rows)?.iter().map(|key| hashed(key, from)).collect())
}

fn hashed(key: &Key, from: IpAddr) -> Origin {
    let from = from.to_canonical();
    let network: Vec<u8> = match from {
        IpAddr::V4(address) => address.octets()[..3].to_vec(),
        IpAddr::V6(address) => address.octets()[..6].to_vec(),
    };
    let address = match from {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let hash = |label: &[u8], bytes: &[u8]| {
        // HMAC takes keys of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(&key.secret).unwrap_or_else(|_| unreachable!());
        mac.update(label);
        mac.update(bytes);
        let mut short = [0; 16];
        short.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        short
    };
    Origin { address: hash(b"address\0", &address), network: hash(b"network\0", &network), key: key.number }
}
