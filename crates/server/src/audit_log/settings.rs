//! With which settings the server serves: a row whenever they are others than at the last start.

use rusqlite::{Connection, OptionalExtension};
use sha2::{Digest, Sha256};
use signaling_protocol::InviteKey;

use super::AuditLog;
use crate::locked::lock;
use crate::relaying::RelayChoice;
use crate::serve::Config;
use crate::store::{Actor, Event, RelayWord};

const DAY_SECS: u64 = 24 * 3_600;

impl AuditLog {
    /// Writes down with which settings the server serves from now on, if it is not written already. Who serves without the
    /// operator's having changed anything writes nothing.
    pub(crate) fn note_settings(&self, config: &Config) -> rusqlite::Result<()> {
        let event = event_of(config);
        lock(&self.database).write(Actor::Operator, |rows, events| {
            if !is_newest(rows, &event)? {
                events.push(event);
            }
            Ok(())
        })
    }
}

/// What matters to the people in visits stands there by itself; of the rest it can be seen that it is another.
fn event_of(config: &Config) -> Event {
    let relay = match &config.relay {
        RelayChoice::Own(_) => RelayWord::Own,
        RelayChoice::Coturn(_) => RelayWord::Coturn,
        RelayChoice::None => RelayWord::None,
    };
    Event::SettingsChanged {
        relay,
        relay_only: config.relay_only,
        private_peers: matches!(&config.relay, RelayChoice::Own(options) if options.private_peers),
        own_certificate: config.certificate.is_some(),
        proxies: config.proxies.iter().count(),
        log_days: config.retention.log.as_secs() / DAY_SECS,
        names_days: config.retention.names.as_secs() / DAY_SECS,
        others: InviteKey(others(config)),
    }
}

/// A hash of the settings that are names and addresses. Where the server listens for apps is left out: whoever reaches it sees that.
fn others(config: &Config) -> [u8; 32] {
    let relay = match &config.relay {
        RelayChoice::Own(options) => {
            format!("{:?} {:?} {:?} {:?}", options.addresses, options.listen, options.ports, options.quotas)
        }
        RelayChoice::Coturn(coturn) => format!("{:?}", coturn.urls),
        RelayChoice::None => String::new(),
    };
    let proxies: Vec<_> = config.proxies.iter().collect();
    let certificate = config.certificate.as_ref().map(|files| &files.certificate);
    let all = (&config.phone, relay, proxies, &config.metrics, certificate, config.limits);
    Sha256::digest(format!("{all:?}")).into()
}

/// Whether the newest row of its kind says the same. One whose text was erased says nothing.
fn is_newest(rows: &Connection, event: &Event) -> rusqlite::Result<bool> {
    let sql = "SELECT row FROM audit_rows WHERE what = 'settings_changed' ORDER BY number DESC LIMIT 1";
    let newest: Option<Option<String>> = rows.query_row(sql, [], |row| row.get(0)).optional()?;
    let newest = newest.flatten().and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
    let (Some(newest), Ok(serde_json::Value::Object(members))) = (newest, serde_json::to_value(event)) else {
        return Ok(false);
    };
    Ok(members.iter().all(|(name, value)| newest.get(name) == Some(value)))
}
