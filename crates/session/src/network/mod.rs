//! Notices that this device's network became another one, and that the machine slept.
//!
//! What the system says of interfaces wakes it; what counts is then looked up: which addresses there are, and by which of
//! them packets leave. Routes change without a word to who listens for addresses, so the same is looked up every second in
//! any case, and more often for a while after something was said.

mod settling;
mod sleep;
mod standing;

use std::time::{Duration, Instant, SystemTime};

use netwatcher::AsyncWatch;
use netwatcher::async_adapter::Tokio;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep_until};
use units::{Clock, Timestamp};

use settling::Settling;
use sleep::SleepWatch;
pub(crate) use standing::Change;
use standing::Standing;
pub(crate) use standing::{has_way_out, own_addresses};

/// What the network did.
#[derive(Debug)]
pub(crate) enum NetworkNews {
    /// Addresses or ways out came or went.
    Changed(Change),
    /// The machine slept a moment ago.
    Woke,
}

/// Watches until nobody listens any more. Inside a runtime of tokio.
pub(crate) fn watch(clock: Clock) -> mpsc::Receiver<NetworkNews> {
    let (news, receiver) = mpsc::channel(NEWS);
    tokio::spawn(Watcher { clock, news, quick_until: Timestamp::ZERO }.run());
    receiver
}

struct Watcher {
    clock: Clock,
    news: mpsc::Sender<NetworkNews>,
    /// Until then it looks more often: addresses come before their routes.
    quick_until: Timestamp,
}

impl Watcher {
    async fn run(mut self) {
        let mut system = netwatcher::watch_interfaces_async::<Tokio>();
        if let Err(error) = &system {
            tracing::warn!(?error, "the system does not tell of its interfaces: they are looked at every second");
        }
        let mut settling = Settling::new(self.look().unwrap_or_default());
        let mut sleep_watch = SleepWatch::default();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let next = settling.poll_timeout().into_iter().chain(self.quick_look()).min();
            let next = next.and_then(|at| self.clock.instant(at)).unwrap_or_else(|| Instant::now() + TICK);
            tokio::select! {
                () = self.news.closed() => return,
                () = told(&mut system) => self.quick_until = self.now() + QUICK_FOR,
                _ = tick.tick() => {
                    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                    if sleep_watch.has_slept(self.now(), wall) {
                        self.quick_until = self.now() + QUICK_FOR;
                        self.say(NetworkNews::Woke).await;
                    }
                }
                () = sleep_until(next.into()) => {}
            }
            if let Some(standing) = self.look() {
                settling.see(self.now(), standing);
            }
            if let Some(change) = settling.due(self.now()) {
                tracing::debug!(?change, "the network is another");
                self.say(NetworkNews::Changed(change)).await;
            }
        }
    }

    fn look(&self) -> Option<Standing> {
        match netwatcher::list_interfaces() {
            Ok(interfaces) => Some(Standing::now(interfaces.values())),
            Err(error) => {
                tracing::debug!(?error, "the interfaces cannot be listed");
                None
            }
        }
    }

    fn quick_look(&self) -> Option<Timestamp> {
        let now = self.now();
        (now < self.quick_until).then_some(now + QUICK_LOOK)
    }

    fn now(&self) -> Timestamp {
        self.clock.timestamp(Instant::now())
    }

    async fn say(&self, news: NetworkNews) {
        // Nobody listens any more: the loop ends by that.
        let _ = self.news.send(news).await;
    }
}

/// Until the system says something of its interfaces.
async fn told(system: &mut Result<AsyncWatch, netwatcher::Error>) {
    match system {
        Ok(watch) => drop(watch.changed().await),
        Err(_) => std::future::pending().await,
    }
}

/// News that wait for the call: few, and a word about the network must not be lost (`Block`).
const NEWS: usize = 8;
/// How often everything is looked at, whatever the system says.
const TICK: Duration = Duration::from_secs(1);
/// For how long it is looked at more often after the system said something, and how often.
const QUICK_FOR: Duration = Duration::from_secs(3);
const QUICK_LOOK: Duration = Duration::from_millis(100);
