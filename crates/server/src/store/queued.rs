//! A store whose disk has a thread of its own: a slow one slows down only those who wait for what they wrote.
//!
//! [`Store::apply`] takes changes in and answers at once; they are written in their order, as many as wait in one
//! transaction. Who must not answer before its changes are on the disk waits by [`Disk`]. If the disk fails, what
//! had been taken in stays and is tried again, and until that is written nothing more is taken in: the visits refuse then
//! as they do with a disk that fails at once.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::watch;
use tracing::{error, info, warn};

use super::acting::{self, By};
use super::{Change, Rows, Store, StoreError};

/// How far the disk has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Progress {
    /// All changes up to this one are written.
    written: u64,
    /// The last try failed, and has not been made good yet.
    is_failing: bool,
}

/// Changes on their way to the disk.
#[derive(Debug)]
pub struct QueuedStore {
    rows: Option<Rows>,
    queue: Arc<Queue>,
}

#[derive(Debug)]
struct Queue {
    state: Mutex<State>,
    /// Something was put in, or the owner is gone.
    changed: Condvar,
    progress: watch::Sender<Progress>,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Unit>,
    last: u64,
    /// Why the last try failed.
    failure: Option<String>,
    /// What the database would never take, the newest few.
    refused: VecDeque<u64>,
    is_closed: bool,
}

/// What belongs together: all of it is written, or nothing.
#[derive(Debug, Clone)]
struct Unit {
    number: u64,
    /// Who asked for it; none: nobody, it was the server by itself.
    by: Option<By>,
    changes: Vec<Change>,
}

impl Unit {
    /// What is to be written, and by whom if anybody among those that are written together is known.
    fn changes(&self, with_by: bool) -> impl Iterator<Item = Change> {
        let by = with_by.then(|| Change::By(self.by.unwrap_or(By::SERVER)));
        by.into_iter().chain(self.changes.iter().cloned())
    }
}

impl QueuedStore {
    /// Reads what `store` has, and lets a thread write to it from now on.
    ///
    /// # Errors
    /// When the rows cannot be read, or the system gives no thread.
    pub fn start(mut store: Box<dyn Store + Send>) -> Result<Self, StoreError> {
        let rows = store.load()?;
        let queue = Arc::new(Queue {
            state: Mutex::default(),
            changed: Condvar::new(),
            progress: watch::Sender::new(Progress::default()),
        });
        let seen_by_thread = Arc::clone(&queue);
        thread::Builder::new()
            .name("disk".into())
            .spawn(move || seen_by_thread.write_all(store))
            .map_err(|error| StoreError::passing(error.to_string()))?;
        Ok(Self { rows: Some(rows), queue })
    }

    /// The number of what was taken in last.
    pub fn last(&self) -> u64 {
        self.queue.lock().last
    }

    /// How to wait for the disk.
    pub fn disk(&self) -> Disk {
        Disk(Arc::clone(&self.queue))
    }
}

impl Store for QueuedStore {
    fn load(&mut self) -> Result<Rows, StoreError> {
        self.rows.take().ok_or_else(|| StoreError::passing("they have been read already".to_owned()))
    }

    fn apply(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut state = self.queue.lock();
        if let Some(reason) = &state.failure {
            return Err(StoreError::passing(reason.clone()));
        }
        if state.waiting.len() >= MOST_WAITING {
            return Err(StoreError::passing("the disk does not keep up".to_owned()));
        }
        state.last += 1;
        let number = state.last;
        state.waiting.push_back(Unit { number, by: acting::current(), changes: changes.to_vec() });
        drop(state);
        self.queue.changed.notify_one();
        Ok(())
    }
}

impl Drop for QueuedStore {
    fn drop(&mut self) {
        self.queue.lock().is_closed = true;
        // Not joined: a disk that hangs would hang the program's end as well. Who wants all written waits for it before.
        self.queue.changed.notify_one();
    }
}

/// Waits for the disk.
#[derive(Debug, Clone)]
pub struct Disk(Arc<Queue>);

impl Disk {
    /// Completes when what was taken in as `number`, and all before it, is written: `true`; or `false` when it is not and
    /// nobody knows when it will be.
    pub async fn has_written(&self, number: u64) -> bool {
        let mut progress = self.0.progress.subscribe();
        let settled = progress.wait_for(|progress| progress.written >= number || progress.is_failing);
        let written = match tokio::time::timeout(PATIENCE, settled).await {
            Ok(Ok(progress)) => progress.written >= number,
            Ok(Err(_)) | Err(_) => false,
        };
        written && !self.0.lock().refused.contains(&number)
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread: writes until the owner is gone and nothing waits.
    fn write_all(&self, mut store: Box<dyn Store + Send>) {
        while let Some(units) = self.next() {
            self.write(&mut *store, units);
        }
    }

    /// What waits, once there is something; `None` when there will never be anything more.
    fn next(&self) -> Option<VecDeque<Unit>> {
        let mut state = self.lock();
        loop {
            if !state.waiting.is_empty() {
                return Some(std::mem::take(&mut state.waiting));
            }
            if state.is_closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Writes these, however long it takes.
    fn write(&self, store: &mut dyn Store, mut units: VecDeque<Unit>) {
        let with_by = units.iter().any(|unit| unit.by.is_some());
        let all: Vec<Change> = units.iter().flat_map(|unit| unit.changes(with_by)).collect();
        if let (true, Some(last)) = (store.apply(&all).is_ok(), units.back()) {
            return self.settle(last.number);
        }
        // One by one, so that one which the database would never take does not keep the others out.
        while let Some(unit) = units.front() {
            match store.apply(&unit.changes(with_by).collect::<Vec<_>>()) {
                Ok(()) => self.settle(unit.number),
                Err(problem) if problem.is_lasting => {
                    error!(%problem, "a change contradicts what is stored and is dropped");
                    self.refuse(unit.number);
                }
                Err(problem) => {
                    warn!(%problem, "tried again soon");
                    if !self.fail(problem.reason) {
                        return;
                    }
                    continue;
                }
            }
            units.pop_front();
        }
    }

    fn settle(&self, number: u64) {
        let was_failing = self.lock().failure.take().is_some();
        if was_failing {
            info!("the database can be written again");
        }
        self.progress.send_replace(Progress { written: number, is_failing: false });
    }

    fn refuse(&self, number: u64) {
        let mut state = self.lock();
        state.refused.push_back(number);
        if state.refused.len() > MOST_REFUSED {
            state.refused.pop_front();
        }
        drop(state);
        self.settle(number);
    }

    /// Takes nothing more in and waits for a while; whether it is worth trying again.
    fn fail(&self, reason: String) -> bool {
        let mut state = self.lock();
        state.failure = Some(reason);
        self.progress.send_modify(|progress| progress.is_failing = true);
        let waited = self.changed.wait_timeout_while(state, TRY_AGAIN, |state| !state.is_closed);
        !waited.unwrap_or_else(PoisonError::into_inner).0.is_closed
    }
}

/// How soon a disk that failed is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(500);

/// How long somebody waits for the disk before they are told that it failed. What they asked for may be written later.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a disk that stands still gets behind by in [`PATIENCE`] at a thousand changes a second.
const MOST_WAITING: usize = 10_000;

/// There is none unless this program has a fault.
const MOST_REFUSED: usize = 64;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc::{Receiver, Sender, channel};

    use signaling_protocol::{StaffId, VisitId, VisitState};

    use super::*;
    use crate::store::VisitRow;

    /// A disk that writes when it is let, and may fail.
    struct TestDisk {
        let_go: Receiver<()>,
        written: Sender<Vec<Change>>,
        is_full: Arc<AtomicBool>,
    }

    impl Store for TestDisk {
        fn load(&mut self) -> Result<Rows, StoreError> {
            Ok(Rows::default())
        }

        fn apply(&mut self, changes: &[Change]) -> Result<(), StoreError> {
            self.let_go.recv().ok();
            if self.is_full.load(Ordering::SeqCst) {
                return Err(StoreError::passing("no space is left".to_owned()));
            }
            if changes.contains(&visit(13)) {
                return Err(StoreError { reason: "thirteen".to_owned(), is_lasting: true });
            }
            self.written.send(changes.to_vec()).ok();
            Ok(())
        }
    }

    struct Hands {
        let_go: Sender<()>,
        written: Receiver<Vec<Change>>,
        is_full: Arc<AtomicBool>,
    }

    fn disk() -> (QueuedStore, Hands) {
        let (let_go, lets_go) = channel();
        let (writes, written) = channel();
        let is_full = Arc::new(AtomicBool::new(false));
        let disk = TestDisk { let_go: lets_go, written: writes, is_full: Arc::clone(&is_full) };
        (QueuedStore::start(Box::new(disk)).unwrap(), Hands { let_go, written, is_full })
    }

    fn visit(number: u8) -> Change {
        Change::Visit(VisitRow {
            visit: VisitId::from_random([number; 16]),
            creator: StaffId::from_random([0; 16]),
            host: None,
            state: VisitState::Scheduled,
            ended: None,
            ended_unix_micros: None,
            created_unix_micros: 0,
            planned: None,
            locked: false,
        })
    }

    #[tokio::test]
    async fn nobody_waits_for_a_slow_disk_but_who_asks_and_what_waits_is_written_at_once() {
        let (mut store, hands) = disk();
        store.apply(&[visit(1)]).unwrap();
        // The thread has taken the first and stands still; the others pile up.
        while !store.queue.lock().waiting.is_empty() {
            tokio::task::yield_now().await;
        }
        for number in 2..5 {
            store.apply(&[visit(number)]).unwrap();
        }
        let last = store.last();
        let waits = tokio::spawn({
            let disk = store.disk();
            async move { disk.has_written(last).await }
        });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        hands.let_go.send(()).unwrap();
        hands.let_go.send(()).unwrap();
        assert!(waits.await.unwrap());
        let written: Vec<_> = hands.written.try_iter().collect();
        assert_eq!(written, [vec![visit(1)], vec![visit(2), visit(3), visit(4)]]);
    }

    #[tokio::test]
    async fn while_the_disk_fails_nothing_more_is_taken_in_and_what_was_is_written_in_the_end() {
        let (mut store, hands) = disk();
        hands.is_full.store(true, Ordering::SeqCst);
        for _ in 0..100 {
            hands.let_go.send(()).unwrap();
        }
        store.apply(&[visit(1)]).unwrap();
        let first = store.last();
        assert!(!store.disk().has_written(first).await);
        let error = store.apply(&[visit(2)]).unwrap_err();
        assert!(error.to_string().contains("no space is left"), "{error}");
        hands.is_full.store(false, Ordering::SeqCst);
        let mut progress = store.queue.progress.subscribe();
        progress.wait_for(|progress| progress.written >= first).await.unwrap();
        assert!(store.disk().has_written(first).await);
        store.apply(&[visit(3)]).unwrap();
        assert!(store.disk().has_written(store.last()).await);
        let written: Vec<_> = hands.written.try_iter().collect();
        assert_eq!(written, [vec![visit(1)], vec![visit(3)]]);
    }

    #[tokio::test]
    async fn what_the_database_would_never_take_is_refused_and_keeps_nobody_else_out() {
        let (mut store, hands) = disk();
        store.apply(&[visit(1)]).unwrap();
        while !store.queue.lock().waiting.is_empty() {
            tokio::task::yield_now().await;
        }
        for number in [2, 13, 3] {
            store.apply(&[visit(number)]).unwrap();
        }
        for _ in 0..100 {
            hands.let_go.send(()).unwrap();
        }
        let disk = store.disk();
        assert!(disk.has_written(2).await && !disk.has_written(3).await && disk.has_written(4).await);
        let written: Vec<_> = hands.written.try_iter().collect();
        assert_eq!(written, [vec![visit(1)], vec![visit(2)], vec![visit(3)]]);
    }

    #[test]
    fn what_was_taken_in_is_written_though_its_owner_is_gone() {
        let (mut store, hands) = disk();
        for number in 1..4 {
            store.apply(&[visit(number)]).unwrap();
        }
        drop(store);
        for _ in 0..3 {
            hands.let_go.send(()).unwrap();
        }
        let written: Vec<_> = hands.written.iter().flatten().collect();
        assert_eq!(written, [visit(1), visit(2), visit(3)]);
    }
}
