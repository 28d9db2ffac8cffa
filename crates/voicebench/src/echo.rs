//! PLACE: this part is written elsewhere and replaces this file.

use anyhow::{Result, bail};
use serde_json::Value;

/// What the part is told.
#[derive(Debug, clap::Args)]
pub struct Arguments {}

/// Measures and answers the rows.
pub fn run(_: &Arguments) -> Result<Value> {
    bail!("this part is not there yet")
}
