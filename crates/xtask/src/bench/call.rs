//! A call between the two programs over the link laboratory.
use crate::workspace::Workspace;
use anyhow::Result;
use std::path::Path;
/// What `bench call` is told.
#[derive(Debug, clap::Args)]
pub struct CallArguments {}
/// Measures.
pub fn call(_workspace: &Workspace, _arguments: &CallArguments) -> Result<()> {
    Ok(())
}
/// Scores.
pub fn score_again(_workspace: &Workspace, _folder: &Path) -> Result<()> {
    Ok(())
}
