//! Where the log goes: standard error, and only what helps to find a fault.

use tracing_subscriber::EnvFilter;

/// Starts logging; `HOUSECALL_LOG` takes a filter as `tracing-subscriber` reads it.
///
/// The WebRTC library is silent: it calls every stray datagram an error, and prints addresses. What matters of it comes
/// as an event.
pub(crate) fn start(verbose: bool) {
    let ours = if verbose { "debug" } else { "warn" };
    let default = format!(
        "{ours},webrtc=off,rtc=off,hyper=warn,h2=warn,rustls=warn"
    );
    let filter = EnvFilter::try_from_env("HOUSECALL_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(true).init();
}
