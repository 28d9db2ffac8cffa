//! Runs the visits: tells them the time, carries requests to them, and rings for whoever has news.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use signaling_protocol::{Code, EndpointId};
use tokio::sync::{Notify, watch};
use units::{Clock, Timestamp};

use crate::store::{Disk, QueuedStore};
use crate::visits::{Command, Reply, Visits};
use crate::wall_clock::unix_micros;

/// So many bells are no burden.
const FEW_BELLS: usize = 64;

/// The visits with a clock, a lock and bells.
pub(crate) struct Driver {
    clock: Clock,
    visits: Mutex<Visits<QueuedStore>>,
    disk: Disk,
    /// One for every endpoint that has a stream.
    bells: Mutex<HashMap<EndpointId, Arc<Notify>>>,
    /// How many bells were left when those that nobody holds were taken away last.
    swept: AtomicUsize,
    /// The next timer may be another one.
    timer: Notify,
    /// Whether the server goes away.
    closing: watch::Sender<bool>,
    /// The version of the list of the day.
    version: watch::Sender<u64>,
}

impl Driver {
    pub(crate) fn new(clock: Clock, visits: Visits<QueuedStore>) -> Self {
        Self {
            clock,
            disk: visits.store().disk(),
            version: watch::Sender::new(visits.version()),
            visits: Mutex::new(visits),
            bells: Mutex::default(),
            swept: AtomicUsize::new(FEW_BELLS),
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

    pub(crate) fn unix_micros(&self) -> u64 {
        unix_micros()
    }

    /// Carries out a request, and answers when what it changed is on the disk. Only who changes something waits for that.
    ///
    /// The others in the visit hear of it at once: what they hear is lost with the server's memory as well.
    pub(crate) async fn handle(&self, command: Command) -> Result<Reply, Code> {
        let (result, writing) = self.decide(command);
        self.settle(result?, writing).await
    }

    /// As [`Self::handle`], if `may` still says so in the very moment in which it is decided: nobody is put out of the visits
    /// between that and what follows from it.
    pub(crate) async fn handle_if(
        &self,
        may: impl FnOnce(Timestamp) -> Result<(), Code>,
        command: Command,
    ) -> Result<Reply, Code> {
        let (result, writing) = self.decide_if(may, command);
        self.settle(result?, writing).await
    }

    /// Carries out a request, whose answer nobody is to be given before [`Self::settle`].
    pub(crate) fn decide(&self, command: Command) -> (Result<Reply, Code>, Writing) {
        self.decide_if(|_| Ok(()), command)
    }

    fn decide_if(
        &self,
        may: impl FnOnce(Timestamp) -> Result<(), Code>,
        command: Command,
    ) -> (Result<Reply, Code>, Writing) {
        let waits = Waits::of(&command);
        self.with(|visits, now| {
            let result = may(now).and_then(|()| visits.handle(now, command));
            (result, Writing { waits, last: visits.store().last() })
        })
    }

    /// The answer, once what it says is on the disk.
    pub(crate) async fn settle(&self, reply: Reply, Writing { waits, last }: Writing) -> Result<Reply, Code> {
        match waits {
            Waits::No => Ok(reply),
            // The last of all, not of this request's own: it may be answered from what another is still writing.
            Waits::ToBeSure => self.disk.has_written(last).await.then_some(reply).ok_or(Code::StorageFailed),
            Waits::ALittle => {
                tokio::time::timeout(HANG_UP, self.disk.has_written(last)).await.ok();
                Ok(reply)
            }
        }
    }

    /// Whether an endpoint is in its visit.
    pub(crate) fn is_present(&self, endpoint: EndpointId) -> bool {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner).is_present(endpoint)
    }

    /// Whether what people ask for can be stored just now.
    pub(crate) async fn is_ready(&self) -> bool {
        let (is_ready, last) = self.with(|visits, _| (visits.is_ready(), visits.store().last()));
        is_ready && self.disk.has_written(last).await
    }

    /// Waits until all is on the disk; whether it is.
    pub(crate) async fn flush(&self) -> bool {
        let last = self.with(|visits, _| visits.store().last());
        self.disk.has_written(last).await
    }

    /// Does something to the visits, and rings for whom it concerns.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Visits<QueuedStore>, Timestamp) -> T) -> T {
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        visits.set_wall_clock(now, unix_micros());
        let result = act(&mut visits, now);
        let (woken, version) = (visits.take_woken(), visits.version());
        drop(visits);
        self.version.send_if_modified(|told| std::mem::replace(told, version) != version);
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
        if bells.len() >= self.swept.load(Ordering::Relaxed) * 2 {
            bells.retain(|_, bell| Arc::strong_count(bell) > 1);
            self.swept.store(bells.len().max(FEW_BELLS), Ordering::Relaxed);
        }
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
                    biased;
                    () = tokio::time::sleep_until(at.into()) => self.with(|visits, now| visits.handle_timeout(now)),
                    // Looking through everything for the next moment is not done for each of thousands of changes a second.
                    () = changed => tokio::time::sleep(LOOK_AGAIN).await,
                },
            }
        }
    }

    /// Completes once the list of the day is another one than at `known`.
    pub(crate) async fn another_version(&self, known: u64) {
        // The sender lives as long as this.
        self.version.subscribe().wait_for(|version| *version != known).await.ok();
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

/// How late something may be that became due sooner by a change: what time brings is counted in seconds.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How long hanging up waits for the disk: it succeeds in any case, and nobody is to look at a button for long.
const HANG_UP: Duration = Duration::from_secs(1);

/// What an answer waits for.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub(crate) struct Writing {
    waits: Waits,
    /// Up to where the disk is to come.
    last: u64,
}

/// Whether a request's answer waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    /// It writes nothing.
    No,
    /// It is to last.
    ToBeSure,
    /// It is to last, but happens whether it can be written or not.
    ALittle,
}

impl Waits {
    fn of(command: &Command) -> Self {
        match command {
            Command::Challenge { .. } | Command::Send { .. } | Command::Ice { .. } => Self::No,
            Command::End { .. } | Command::Leave { .. } => Self::ALittle,
            Command::Note { .. } => Self::No,
            Command::CreateVisit { .. }
            | Command::Plan { .. }
            | Command::Assign { .. }
            | Command::TakeOver { .. }
            | Command::Cancel { .. }
            | Command::RevokeInvite { .. }
            | Command::Lock { .. }
            | Command::CountTry { .. }
            | Command::CreateInvite { .. }
            | Command::JoinGuest { .. }
            | Command::JoinHost { .. }
            | Command::Admit { .. }
            | Command::Deny { .. }
            | Command::Remove { .. } => Self::ToBeSure,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::SystemTime;

    use rand::SeedableRng;
    use rand::rngs::StdRng;
    use signaling_protocol::{Base64, CreateVisitRequest, HostJoinRequest, InviteId, Limits, StaffId, VersionRange};

    use super::*;
    use crate::store::{Change, Rows, Store, StoreError};
    use crate::visits::{Config, StaffMember, Timing};

    /// A disk that writes when it is let.
    struct SlowDisk(mpsc::Receiver<()>);

    impl Store for SlowDisk {
        fn load(&mut self) -> Result<Rows, StoreError> {
            Ok(Rows::default())
        }

        fn apply(&mut self, _: &[Change]) -> Result<(), StoreError> {
            self.0.recv().map_err(|error| StoreError::passing(error.to_string()))
        }
    }

    /// A disk that writes at once, and is never read.
    struct FastDisk;

    impl Store for FastDisk {
        fn load(&mut self) -> Result<Rows, StoreError> {
            Ok(Rows::default())
        }

        fn apply(&mut self, _: &[Change]) -> Result<(), StoreError> {
            Ok(())
        }
    }

    fn driver(disk: Box<dyn Store + Send>) -> Arc<Driver> {
        let store = QueuedStore::start(disk).unwrap();
        let config = Config { limits: Limits::default(), timing: Timing::default(), origin_unix_micros: 0 };
        let visits = Visits::open(Timestamp::ZERO, config, store, Box::new(StdRng::seed_from_u64(1))).unwrap();
        Arc::new(Driver::new(Clock::starting_at(Instant::now(), SystemTime::now()), visits))
    }

    #[tokio::test]
    async fn nobody_is_put_out_between_being_looked_at_and_coming_in() {
        let driver = driver(Box::new(FastDisk));
        let staff = StaffId::from_random([1; 16]);
        let by = StaffMember::own(staff);
        let made = driver.handle(Command::CreateVisit { by, request: CreateVisitRequest::default() }).await.unwrap();
        let Reply::Visit(made) = made else { panic!("{made:?}") };
        let join = || {
            let bundle = Base64(b"host".to_vec());
            let request = HostJoinRequest { protocol: VersionRange::CURRENT, bundle, take_over: true };
            Command::JoinHost { staff, visit: made.visit, request }
        };
        let is_hosted = || driver.with(|visits, now| visits.list(now, by, 0, u64::MAX).visits[0].hosted);
        assert_eq!(driver.handle_if(|_| Err(Code::NotSignedIn), join()).await, Err(Code::NotSignedIn));
        assert!(!is_hosted());
        // Signed out just after somebody looked: putting them out has to wait until they are in.
        let (tell, told) = mpsc::channel();
        let may = |_| {
            let driver = Arc::clone(&driver);
            std::thread::spawn(move || {
                driver.with(|visits, now| visits.put_out_staff(now, staff));
                tell.send(()).unwrap();
            });
            assert!(told.recv_timeout(Duration::from_millis(100)).is_err(), "put out too early");
            Ok(())
        };
        driver.handle_if(may, join()).await.unwrap();
        told.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(!is_hosted());
    }

    #[tokio::test]
    async fn while_the_disk_is_slow_only_who_changes_something_waits_for_it() {
        let (let_go, disk) = mpsc::channel();
        let driver = driver(Box::new(SlowDisk(disk)));
        let making = tokio::spawn({
            let driver = Arc::clone(&driver);
            let by = StaffMember::own(StaffId::from_random([1; 16]));
            async move { driver.handle(Command::CreateVisit { by, request: CreateVisitRequest::default() }).await }
        });
        for _ in 0..50 {
            let invite = InviteId::from_random([2; 16]);
            driver.handle(Command::Challenge { invite }).await.unwrap();
        }
        assert!(!making.is_finished(), "a visit is answered before it is on the disk");
        // The key of the challenges, and the visit.
        for _ in 0..2 {
            let_go.send(()).unwrap();
        }
        assert!(matches!(making.await.unwrap(), Ok(Reply::Visit(_))));
    }
}
