//! Where the source stands and where cargo builds.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The two folders everything else is named from.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The folder with the root `Cargo.toml`.
    pub root: PathBuf,
    /// Cargo's target folder.
    pub target: PathBuf,
}

impl Workspace {
    /// The workspace that the running program belongs to. The target folder is `CARGO_TARGET_DIR`, else the cache in
    /// the home folder when it is there (CI makes it: a fresh clone then builds only what changed), else `target/`.
    pub fn find() -> Result<Self> {
        let start = match env::var_os("CARGO_MANIFEST_DIR") {
            Some(folder) => PathBuf::from(folder),
            None => env::current_dir().context("the current folder cannot be read")?,
        };
        let root = start
            .ancestors()
            .find(|folder| folder.join("Cargo.lock").is_file() && folder.join("crates/xtask").is_dir())
            .context("no Housecall workspace here: run this inside of the clone")?
            .to_owned();
        let target = target_folder(&root, env::var_os("CARGO_TARGET_DIR").map(PathBuf::from), home_cache());
        Ok(Self { root, target })
    }
}

fn home_cache() -> Option<PathBuf> {
    Some(PathBuf::from(env::var_os("HOME")?).join(".cache/housecall-target"))
}

fn target_folder(root: &Path, asked: Option<PathBuf>, cache: Option<PathBuf>) -> PathBuf {
    match (asked, cache) {
        // Relative ones are meant from where cargo stands, and we start it in the root.
        (Some(asked), _) => root.join(asked),
        (None, Some(cache)) if cache.is_dir() => cache,
        (None, _) => root.join("target"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_folder_is_what_was_asked_for_then_the_cache_then_the_usual() {
        let root = Path::new("/clone");
        let there = env::temp_dir();
        let missing = there.join("no-such-cache-of-housecall");
        assert_eq!(target_folder(root, Some("/t".into()), Some(there.clone())), Path::new("/t"));
        assert_eq!(target_folder(root, Some("t".into()), None), Path::new("/clone/t"));
        assert_eq!(target_folder(root, None, Some(there.clone())), there);
        assert_eq!(target_folder(root, None, Some(missing)), Path::new("/clone/target"));
        assert_eq!(target_folder(root, None, None), Path::new("/clone/target"));
    }

    #[test]
    fn the_workspace_is_found_from_within() {
        let found = Workspace::find().unwrap();
        assert!(found.root.join("crates/xtask/Cargo.toml").is_file());
    }
}
