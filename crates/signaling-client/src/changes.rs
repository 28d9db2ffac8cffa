//! Word that this device's network changed, for those who wait for the old one.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

/// Tells everybody who listens.
#[derive(Debug)]
pub(crate) struct Changed(watch::Sender<()>);

/// Listens from the moment it was made or last heard something.
#[derive(Debug, Clone)]
pub(crate) struct Changes(watch::Receiver<()>);

impl Changed {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(()))
    }

    pub(crate) fn tell(&self) {
        self.0.send_replace(());
    }

    pub(crate) fn listen(&self) -> Changes {
        Changes(self.0.subscribe())
    }
}

impl Changes {
    /// Until it is told; for ever, if nobody is left who could tell.
    pub(crate) async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending().await
        }
    }

    /// Waits before another try: for `least`, as a server asked, and until `pause` is over or the network is another, by
    /// which that try may succeed at once. Whether it is another.
    pub(crate) async fn pause(&mut self, pause: Duration, least: Duration) -> bool {
        sleep(least).await;
        tokio::select! {
            biased;
            () = self.next() => true,
            () = sleep(pause.saturating_sub(least)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_ends_when_the_network_changes_but_not_before_the_server_wants() {
        let changed = Changed::new();
        let mut changes = changed.listen();
        let began = Instant::now();
        assert!(!changes.pause(secs(8), Duration::ZERO).await);
        assert_eq!(began.elapsed(), secs(8));
        changed.tell();
        assert!(changes.pause(secs(8), secs(3)).await, "told before it began to wait");
        assert_eq!(began.elapsed(), secs(11));
        let (ended, ()) = tokio::join!(changes.pause(secs(8), Duration::ZERO), async {
            sleep(secs(2)).await;
            changed.tell();
        });
        assert!(ended);
        assert_eq!(began.elapsed(), secs(13));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_left_to_tell_is_no_change() {
        let changed = Changed::new();
        let mut changes = changed.listen();
        drop(changed);
        assert!(!changes.pause(secs(8), Duration::ZERO).await);
    }
}
