//! What colleagues keep at the server: which clinic they are, their devices, revocations, and boxes sealed to each other.
//!
//! All of it is opaque bytes and public keys. What may follow what is decided by pure functions in `rules` and `checks`;
//! each request is one transaction of the [ledger](crate::store), and when it is written, whoever listens hears of it, also
//! if who asked has gone meanwhile.
//!
//! **Invariant:** what is counted against a quota is counted by account, and nobody's bytes take the place of another's:
//! each account has its own newest revision of a box.

mod boxes;
mod checks;
mod clinicians;
mod enrolment;
mod records;
mod rules;
mod take_overs;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::Connection;
use signaling_protocol::{
    Clinic, ClinicReply, Code, DeviceId, Notice, NoticeRequest, StaffEvent, StaffId, StaffLimits,
};
use tokio::sync::watch;
use tracing::{info, warn};
use units::Timestamp;

use crate::accounts::end_sessions_of;
use crate::locked::lock;
use crate::permissions::Caller;
use crate::rate::TokenBucket;
use crate::storage_key::Place;
use crate::store::{Actor, Database, Event, OpenError, acting, forget_take_overs, open_database};
use crate::visits::first_cursor;
use checks::Checks;
use rules::Step;

/// How long a request waits for its turn at the database.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many seconds' worth of requests one account may make at once: an app that starts asks for all there is.
const BURST_SECS: f64 = 6.0;

/// What colleagues keep.
pub(crate) struct Staff {
    limits: StaffLimits,
    database: Arc<tokio::sync::Mutex<Database>>,
    checks: Mutex<Checks>,
    turns: Mutex<HashMap<StaffId, TokenBucket>>,
    streams: Mutex<HashMap<StaffId, usize>>,
    standing: watch::Sender<Standing>,
}

/// How things stand, as everybody who listens is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Rises with every change, and from one start of the server to the next.
    pub(crate) version: u64,
    clinic: Option<Clinic>,
    /// The newest revocations.
    pub(crate) notice: Option<Notice>,
    devices: u64,
    checks: u64,
    boxes: u64,
}

impl Standing {
    /// As it is told.
    pub(crate) fn event(&self) -> StaffEvent {
        StaffEvent::Clinic {
            clinic: self.clinic.clone(),
            notice: self.notice.clone(),
            devices: self.devices,
            checks: self.checks,
            boxes: self.boxes,
        }
    }

    fn next(&mut self) -> u64 {
        self.version += 1;
        self.version
    }
}

/// Why a transaction changed nothing.
enum Undone {
    Refused(Code),
    Failed(rusqlite::Error),
}

impl From<Code> for Undone {
    fn from(code: Code) -> Self {
        Self::Refused(code)
    }
}

impl From<rusqlite::Error> for Undone {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error)
    }
}

/// What happens in a transaction, and after it if it was written.
type Done<T> = Result<T, Undone>;

impl Staff {
    /// What is kept in this data directory. `unix_micros` is the time of this start; `room` as in
    /// [`Config::database_room`](crate::Config).
    pub(crate) fn open(data: impl Into<Place>, unix_micros: u64, room: Option<u32>) -> Result<Self, OpenError> {
        let place = data.into();
        let mut database = open_database(&place)?;
        let failed = |source| OpenError::Database { path: place.directory.clone(), source };
        if let Some(pages) = room {
            database.set_room(pages).map_err(failed)?;
        }
        database.write(Actor::Server, |rows, events| forget_take_overs(rows, unix_micros, events)).map_err(failed)?;
        let version = first_cursor(unix_micros);
        let standing = Standing {
            version,
            clinic: database.read(records::clinic).map_err(failed)?,
            notice: database.read(records::notice).map_err(failed)?,
            devices: version,
            checks: version,
            boxes: version,
        };
        Ok(Self {
            limits: StaffLimits::default(),
            database: Arc::new(tokio::sync::Mutex::new(database)),
            checks: Mutex::default(),
            turns: Mutex::default(),
            streams: Mutex::default(),
            standing: watch::Sender::new(standing),
        })
    }

    /// How things stand, and word of every change.
    pub(crate) fn watch(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// One more stream of this account, until the answer is dropped.
    pub(crate) fn stream(self: &Arc<Self>, of: StaffId) -> Result<StreamPlace, Code> {
        let mut streams = lock(&self.streams);
        let count = streams.entry(of).or_default();
        if *count >= self.limits.streams {
            return Err(Code::TooManyRequests);
        }
        *count += 1;
        Ok(StreamPlace { staff: Arc::clone(self), of })
    }

    /// Which clinic this is.
    pub(crate) fn clinic(&self) -> ClinicReply {
        let standing = self.standing.borrow();
        ClinicReply { clinic: standing.clinic.clone(), notice: standing.notice.clone(), limits: self.limits }
    }

    /// An admin's app sets the clinic up, or recovers it.
    pub(crate) async fn set_up(self: &Arc<Self>, now: Timestamp, by: Caller, asked: Clinic) -> Result<(), Code> {
        let limits = self.limits;
        self.change(now, by, move |database, told| {
            if rules::set_up(records::clinic(database)?.as_ref(), &asked, &limits)? == Step::Write {
                records::write_clinic(database, &asked)?;
                let event = Event::ClinicSetUp { generation: asked.generation };
                told.push(
                    event,
                    Box::new(move |standing| {
                        info!(generation = asked.generation, "the clinic is set up");
                        standing.next();
                        standing.clinic = Some(asked);
                    }),
                );
            }
            Ok(())
        })
        .await
    }

    /// An admin's app revokes devices. `at_once` is called when it is written, with the notice and with those whose devices
    /// they were.
    pub(crate) async fn revoke(
        self: &Arc<Self>,
        now: Timestamp,
        by: Caller,
        asked: NoticeRequest,
        at_once: impl FnOnce(Notice, Vec<StaffId>) + Send + 'static,
    ) -> Result<(), Code> {
        let limits = self.limits;
        if asked.revoked.len() > MOST_REVOKED {
            return Err(Code::TooLarge);
        }
        self.change(now, by, move |database, told| {
            let (clinic, known) = (records::clinic(database)?, records::notice(database)?);
            if rules::revoke(clinic.as_ref(), known.as_ref(), &asked.notice, &limits)? == Step::Write {
                records::write_notice(database, &asked.notice)?;
                let mut owners = Vec::new();
                for device in &asked.revoked {
                    owners.extend(records::remove_device(database, *device)?);
                }
                // Who has a lost device has its tokens too.
                for owner in &owners {
                    end_sessions_of(database, *owner, Some(by.session))?;
                    told.events.push(Event::SessionsEnded { staff: *owner });
                }
                let event = Event::NoticePublished { epoch: asked.notice.epoch };
                told.push(
                    event,
                    Box::new(move |standing| {
                        info!(devices = asked.revoked.len(), "devices are revoked");
                        standing.devices = standing.next();
                        standing.boxes = standing.version;
                        standing.notice = Some(asked.notice.clone());
                        at_once(asked.notice, owners);
                    }),
                );
            }
            Ok(())
        })
        .await
    }

    /// Carries out what changes something, in one transaction, when this account and the database have time for it.
    async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        now: Timestamp,
        by: Caller,
        act: impl FnOnce(&Connection, &mut Telling<'_>) -> Done<T> + Send + 'static,
    ) -> Result<T, Code> {
        let who = Actor::Staff(by.staff);
        self.transact(now, by, move |database| {
            let mut told = Vec::new();
            let result = database.write(who, |rows, events| act(rows, &mut Telling { told: &mut told, events }))?;
            Ok((result, told))
        })
        .await
    }

    /// Carries out what only reads.
    async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        now: Timestamp,
        by: Caller,
        act: impl FnOnce(&Connection) -> Done<T> + Send + 'static,
    ) -> Result<T, Code> {
        self.transact(now, by, move |database| Ok((database.read(act)?, Vec::new()))).await
    }

    async fn transact<T: Send + 'static>(
        self: &Arc<Self>,
        now: Timestamp,
        by: Caller,
        act: impl FnOnce(&mut Database) -> Done<(T, Vec<Told>)> + Send + 'static,
    ) -> Result<T, Code> {
        if !self.has_turn(now, by.staff) {
            return Err(Code::TooManyRequests);
        }
        // Waited for here and not in a thread: a slow disk must not use up all of them.
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.database).lock_owned()).await;
        let mut database = turn.map_err(|_| Code::StorageFailed)?;
        let (this, by) = (Arc::clone(self), acting::current());
        let working = tokio::task::spawn_blocking(move || match acting::sync_scope(by, || act(&mut database)) {
            Ok((result, told)) => {
                // Before the next has its turn, so that it is told in the order in which it was written.
                for one in told {
                    this.standing.send_modify(one);
                }
                Ok(result)
            }
            Err(Undone::Refused(code)) => Err(code),
            Err(Undone::Failed(error)) => {
                warn!(%error, "what colleagues keep cannot be read or written");
                Err(Code::StorageFailed)
            }
        });
        working.await.map_err(|_| Code::Internal)?
    }

    fn has_turn(&self, now: Timestamp, of: StaffId) -> bool {
        let rate = f64::from(self.limits.requests_per_second);
        let mut turns = lock(&self.turns);
        turns.entry(of).or_insert_with(|| TokenBucket::new(now, BURST_SECS * rate, rate)).take(now, 1.0)
    }
}

/// What whoever listens is told of a change once it is written.
type Told = Box<dyn FnOnce(&mut Standing) + Send>;

/// What a transaction says of itself, to who keeps account of it and to who listens.
struct Telling<'a> {
    told: &'a mut Vec<Told>,
    events: &'a mut Vec<Event>,
}

impl Telling<'_> {
    /// This happened, and whoever listens is told so.
    fn push(&mut self, event: Event, told: Told) {
        self.events.push(event);
        self.told.push(told);
    }

    /// For what is not kept: whoever listens is told.
    fn push_unkept(&mut self, told: Told) {
        self.told.push(told);
    }
}

/// Devices that one notice takes off the list; the statement in it holds no more serials either.
const MOST_REVOKED: usize = 64;

/// A stream's place among those of its account.
pub(crate) struct StreamPlace {
    staff: Arc<Staff>,
    of: StaffId,
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut streams = lock(&self.staff.streams);
        if let Some(count) = streams.get_mut(&self.of) {
            *count = count.saturating_sub(1);
        }
    }
}

/// 128 random bits for a device.
fn draw() -> Result<DeviceId, Code> {
    let mut bits = [0; 16];
    rand::TryRng::try_fill_bytes(&mut rand::rngs::SysRng, &mut bits).map_err(|_| Code::Internal)?;
    Ok(DeviceId::from_random(bits))
}
