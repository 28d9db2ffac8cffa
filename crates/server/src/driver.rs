//! Runs the visits: tells them the time, carries requests to them, and rings for whoever has news.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use signaling_protocol::{Code, EndpointId};
use tokio::sync::{Notify, watch};
use units::{Clock, Timestamp};

use crate::store::SqliteStore;
use crate::visits::{Command, Reply, Visits};

/// The visits with a clock, a lock and bells.
pub(crate) struct Driver {
    clock: Clock,
    visits: Mutex<Visits<SqliteStore>>,
    /// One for every endpoint that has a stream.
    bells: Mutex<HashMap<EndpointId, Arc<Notify>>>,
    /// The next timer may be another one.
    timer: Notify,
    /// Whether the server goes away.
    closing: watch::Sender<bool>,
}

impl Driver {
    pub(crate) fn new(clock: Clock, visits: Visits<SqliteStore>) -> Self {
        Self {
            clock,
            visits: Mutex::new(visits),
            bells: Mutex::default(),
            timer: Notify::new(),
            closing: watch::Sender::new(false),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.timestamp(Instant::now())
    }

    pub(crate) fn unix_secs(&self) -> u64 {
        unix_micros() / 1_000_000
    }

    /// Carries out a request where waiting for the disk stalls nobody else's connection.
    pub(crate) async fn handle(self: &Arc<Self>, command: Command) -> Result<Reply, Code> {
        let this = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || this.with(|visits, now| visits.handle(now, command)));
        done.await.unwrap_or(Err(Code::Internal))
    }

    /// Does something to the visits, and rings for whom it concerns.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Visits<SqliteStore>, Timestamp) -> T) -> T {
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        visits.set_wall_clock(now, unix_micros());
        let result = act(&mut visits, now);
        let woken = visits.take_woken();
        drop(visits);
        if !woken.is_empty() {
            let bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
            for bell in woken.iter().filter_map(|endpoint| bells.get(endpoint)) {
                bell.notify_waiters();
            }
        }
        self.timer.notify_one();
        result
    }

    /// What rings when there is something new for `endpoint`.
    pub(crate) fn bell(&self, endpoint: EndpointId) -> Arc<Notify> {
        let mut bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        // Only streams hold bells: one that nobody else holds hangs there from an earlier stream.
        bells.retain(|_, bell| Arc::strong_count(bell) > 1);
        Arc::clone(bells.entry(endpoint).or_default())
    }

    /// Lets time pass for the visits, for as long as the server runs.
    pub(crate) async fn keep_time(self: Arc<Self>) {
        loop {
            let changed = self.timer.notified();
            let next = {
                let visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
                visits.poll_timeout().and_then(|at| self.clock.instant(at))
            };
            match next {
                None => changed.await,
                Some(at) => tokio::select! {
                    () = changed => {}
                    () = tokio::time::sleep_until(at.into()) => {
                        let this = Arc::clone(&self);
                        let passed = tokio::task::spawn_blocking(move || {
                            this.with(|visits, now| visits.handle_timeout(now));
                        });
                        passed.await.ok();
                    }
                },
            }
        }
    }

    /// Says to every stream that the server goes away.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Completes once the server goes away.
    pub(crate) async fn closed(&self) {
        // The sender lives as long as this.
        self.closing.subscribe().wait_for(|closing| *closing).await.ok();
    }
}

/// What the wall clock says now: a machine may learn the time of day after the server has started.
fn unix_micros() -> u64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    since_epoch.as_micros() as u64
}
