//! Encoder, redundancy, link and playout, in virtual time.

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde_json::Value;

/// What the part is told.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The folder with clinician.wav and patient.wav.
    #[arg(long, value_name = "FOLDER")]
    media: PathBuf,
    /// Where to write what was said and what was heard.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

/// Measures and answers the rows.
pub fn run(arguments: &Arguments) -> Result<Value> {
    bail!("not there yet: {} {}", arguments.media.display(), arguments.out.display())
}
