//! Half a core for each client, as on an old laptop: a control group with a quota, made by writing to the kernel's files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::house::Place;

/// Microseconds of processor time in each [`PERIOD`].
const QUOTA: u32 = 50_000;
/// The kernel's own default.
const PERIOD: u32 = 100_000;

/// Joins the group, then becomes what follows: what it starts is in the group as well.
const INTO_GROUP: &str = r#"echo $$ > "$1" && shift && exec "$@""#;

/// A group of processes that has half a core. Dropping it removes the group, once nobody is in it.
#[derive(Debug)]
pub(super) struct HalfCore(PathBuf);

impl HalfCore {
    /// Makes a group.
    pub(super) fn new(name: &str) -> Result<Self> {
        let name = format!("housecall-bench-{}-{name}", std::process::id());
        let (one, two) = (Path::new("/sys/fs/cgroup/cpu"), Path::new("/sys/fs/cgroup"));
        // Version 1 of control groups, then version 2.
        if one.join("cpu.cfs_quota_us").is_file() {
            let group = Self::make(&one.join(name))?;
            fs::write(group.0.join("cpu.cfs_period_us"), PERIOD.to_string())?;
            fs::write(group.0.join("cpu.cfs_quota_us"), QUOTA.to_string())?;
            return Ok(group);
        }
        if two.join("cgroup.controllers").is_file() {
            // Refused where somebody else runs the groups; then the quota is refused as well, and says so.
            let _ = fs::write(two.join("cgroup.subtree_control"), "+cpu");
            let group = Self::make(&two.join(name))?;
            fs::write(group.0.join("cpu.max"), format!("{QUOTA} {PERIOD}")).context(NO_GROUPS)?;
            return Ok(group);
        }
        bail!(NO_GROUPS)
    }

    fn make(folder: &Path) -> Result<Self> {
        fs::create_dir(folder).with_context(|| format!("{NO_GROUPS} ({})", folder.display()))?;
        Ok(Self(folder.to_owned()))
    }

    /// The same place, in the group.
    pub(super) fn around(&self, place: &Place) -> Place {
        let words = ["sh", "-c", INTO_GROUP, "sh"].map(Into::into);
        let group = self.0.join("cgroup.procs").into_os_string();
        Place { prefix: words.into_iter().chain([group]).chain(place.prefix.iter().cloned()).collect() }
    }
}

const NO_GROUPS: &str = "this machine gives no control group with a quota: run without --half-core, or as root";

impl Drop for HalfCore {
    fn drop(&mut self) {
        // An empty group that stays behind costs nothing.
        let _ = fs::remove_dir(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_held_joins_the_group_before_anything_else() {
        let held = HalfCore(PathBuf::from("/nowhere")).around(&Place { prefix: vec!["lab".into()] });
        assert_eq!(held.prefix[4..], ["/nowhere/cgroup.procs", "lab"]);
        assert_eq!(held.prefix[..2], ["sh", "-c"]);
    }
}
