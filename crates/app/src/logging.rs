//! Where the log goes: standard error and, of a window, a file on this device; only what helps to find a fault.

use std::io::IsTerminal;
use std::path::PathBuf;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::manners::log_file::LogFile;

/// Starts logging; `HOUSECALL_LOG` takes a filter as `tracing-subscriber` reads it.
///
/// Libraries are quieter than we are: see [`LIBRARIES`].
///
/// `file` keeps on this device what went wrong: see [`LogFile`].
pub(crate) fn start(verbose: bool, file: Option<PathBuf>) {
    let ours = if verbose { "debug" } else { "warn" };
    let default = format!("{ours},{LIBRARIES}");
    let wish = std::env::var("HOUSECALL_LOG").unwrap_or_default();
    let filter = if wish.is_empty() { Ok(EnvFilter::new(&default)) } else { EnvFilter::try_new(&wish) };
    let misread = filter.is_err();
    let terminal = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_filter(filter.unwrap_or_else(|_| EnvFilter::new(&default)));
    tracing_subscriber::registry().with(terminal).with(file.map(LogFile::layer)).init();
    if misread {
        tracing::warn!("HOUSECALL_LOG is not a filter and was passed over; one looks like `call=debug,peer=info`");
    }
}

/// The WebRTC library is silent: it calls every stray datagram an error, and prints addresses; what matters of it comes
/// as an event. PulseAudio's calls an orderly end a fault. What keeps a window from opening we say ourselves, and
/// warnings of screens without a size and languages without a name help nobody.
const LIBRARIES: &str = "webrtc=off,rtc=off,hyper=warn,h2=warn,rustls=warn,pulseaudio=off,eframe=off,winit=error,\
                         egui_system_font_provider=error";
