//! What a program does that is asked to stop by the system or by Ctrl-C.

/// Told twice to stop: as a shell reports a program that SIGINT ended.
const EXIT_KILLED: i32 = 130;

/// Waits until the program is asked to stop: Ctrl-C everywhere, and SIGTERM where there is one.
pub(crate) async fn told_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = tokio::signal::ctrl_c() => return,
            }
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Ends the program at once when it is asked a second time.
pub(crate) async fn end_when_told_again() {
    told_to_stop().await;
    tracing::warn!("told twice to stop");
    std::process::exit(EXIT_KILLED);
}
