//! From mouth to ear through real device code: two virtual sound cards on a PulseAudio server of the bench's own, between
//! them the product's microphone, near-end processing, encoder, playout and loudspeaker over the link `good` on both sides.
//!
//! What is not on this way: the packets' encryption and sockets (below a millisecond on one machine), and what a real
//! card's own buffers add. Spoken is what the server gives to the microphone, heard what it takes for the
//! loudspeaker.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use testkit::sound_server::SoundServer;

mod ruler;
mod talk;

/// What the part is told.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The folder with patient.wav.
    #[arg(long, value_name = "FOLDER")]
    media: PathBuf,
    /// How long to talk, in seconds; the first ten are not counted.
    #[arg(long, default_value_t = 75)]
    seconds: u64,
    /// Talks on the sound server of the environment, which the bench started.
    #[arg(long, hide = true)]
    on_this_server: bool,
}

/// Measures and answers the rows.
///
/// # Errors
/// PulseAudio is not there, or nothing is heard.
pub fn run(arguments: &Arguments) -> Result<Value> {
    let voice = arguments.media.join("patient.wav");
    ensure!(voice.is_file(), "there is no {}; name the folder of the voices by --media", voice.display());
    if arguments.on_this_server {
        return measure(&voice, arguments.seconds);
    }
    // The sound library takes its server from the environment only, and a process must not change its own.
    let server = SoundServer::start();
    let program = std::env::current_exe().context("this program's own file is not known")?;
    let output = Command::new(program)
        .arg("devices")
        .arg("--on-this-server")
        .arg("--media")
        .arg(&arguments.media)
        .arg("--seconds")
        .arg(arguments.seconds.to_string())
        .envs(server.environment())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        bail!("the talk on the bench's own sound server failed");
    }
    serde_json::from_slice(&output.stdout).context("the talk gave no JSON")
}

fn measure(voice: &std::path::Path, seconds: u64) -> Result<Value> {
    let talked = talk::talk(voice, seconds)?;
    let error = ruler::delays(&talked.spoken, &talked.spoken_again)?;
    let delays = ruler::delays(&talked.spoken, &talked.heard)?;
    let (median, p95) = (ruler::quantile(&delays, 0.5), ruler::quantile(&delays, 0.95));
    Ok(json!({
        "mouth_to_ear_ms": { "median": median, "p95": p95, "windows": delays.len(), "bar_median": 120, "bar_p95": 150 },
        "of_which": {
            "link_ms": talk::LINK_MS,
            "packet_ms": 20,
            "playout_ms": ruler::quantile(&talked.playout_ms, 0.5),
            "loudspeaker_ring_ms": ruler::quantile(&talked.ring_ms, 0.5),
        },
        "ruler_error_ms": { "median": ruler::quantile(&error, 0.5), "p95": ruler::quantile(&error, 0.95) },
        "concealed_share": talked.concealed_share,
        "cpu_percent_of_a_core": talked.cpu,
    }))
}
