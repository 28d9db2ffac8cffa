//! Where the log goes: standard error, and only what helps to find a fault.

use tracing_subscriber::EnvFilter;

/// Starts logging; `HOUSECALL_LOG` takes a filter as `tracing-subscriber` reads it.
///
/// The WebRTC library warns about harmless things many times a second, so it is heard only from errors up.
pub(crate) fn start(verbose: bool) {
    let ours = if verbose { "debug" } else { "warn" };
    let default = format!(
        "{ours},webrtc=error,rtc=error,rtc_ice=error,rtc_sctp=error,rtc_dtls=error,hyper=warn,h2=warn,rustls=warn"
    );
    let filter = EnvFilter::try_from_env("HOUSECALL_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(true).init();
}
