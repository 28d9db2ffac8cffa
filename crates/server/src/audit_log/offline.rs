//! What an operator does about the log by the command line, also while the server serves.

use audit::{LogKey, NoteError, to_base64};
use signaling_protocol::Code;

use super::retention::EVERYTHING;
use super::{LogSigner, seed};
use crate::storage_key::Place;
use crate::store::{Actor, AuditId, Event, OpenError, open_database};

/// It was not done.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The database will not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database cannot be read or written.
    #[error("the audit log cannot be read or written: {0}")]
    Database(#[from] rusqlite::Error),
    /// The key in it is none.
    #[error("the log's key cannot be used: {0}")]
    Key(#[from] NoteError),
    /// What was named is no id.
    #[error("that is no id: write it as it stands in the log, as in vis_AQEBAQEBAQEBAQEBAQEBAQ, or `all`")]
    Id,
}

impl From<Code> for AuditError {
    fn from(_: Code) -> Self {
        Self::Id
    }
}

/// The log's name and its public key in base64url: what an auditor writes down when the server is set up.
///
/// # Errors
/// [`AuditError`].
pub fn public_key(place: impl Into<Place>) -> Result<(String, String), AuditError> {
    let mut database = open_database(place)?;
    let signer = LogSigner::from_seed(&seed(&mut database)?)?;
    let key: &LogKey = signer.public();
    Ok((key.name().to_owned(), to_base64(&key.to_bytes())))
}

/// From now on what is about `about` (an id, or `all`) is kept beyond its time; or, with `held` false, no longer.
///
/// # Errors
/// [`AuditError`].
pub fn hold(place: impl Into<Place>, about: &str, held: bool) -> Result<(), AuditError> {
    let about: Option<AuditId> = if about == "all" { None } else { Some(about.parse()?) };
    let name = about.as_ref().map_or(EVERYTHING, AuditId::as_str);
    open_database(place)?.write(Actor::Operator, |rows, events| {
        let changed = match held {
            true => rows.execute("INSERT INTO audit_holds VALUES (?) ON CONFLICT DO NOTHING", [name])?,
            false => rows.execute("DELETE FROM audit_holds WHERE about = ?", [name])?,
        };
        events.extend((changed > 0).then_some(Event::Hold { about, held }));
        Ok(())
    })
}

/// What is on hold.
///
/// # Errors
/// [`AuditError`].
pub fn holds(place: impl Into<Place>) -> Result<Vec<String>, AuditError> {
    open_database(place)?.read(|rows| {
        let mut query = rows.prepare("SELECT about FROM audit_holds ORDER BY about")?;
        let found = query.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(found.into_iter().map(|about| if about == EVERYTHING { "all".to_owned() } else { about }).collect())
    })
}
