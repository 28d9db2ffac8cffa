//! Where the app keeps what is its person's: the system's own places, by `etcetera` (XDG on Linux).

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use etcetera::AppStrategy;
use etcetera::app_strategy::{AppStrategyArgs, choose_native_strategy};

fn strategy() -> Option<impl AppStrategy> {
    let names = AppStrategyArgs {
        top_level_domain: "org".to_owned(),
        author: "Housecall".to_owned(),
        app_name: "Housecall".to_owned(),
    };
    choose_native_strategy(names).ok()
}

/// What the person would miss: whom the app has met.
pub(crate) fn data(name: &str) -> Option<PathBuf> {
    strategy().map(|folders| folders.in_data_dir(name))
}

/// What the person chose.
pub(crate) fn config(name: &str) -> Option<PathBuf> {
    strategy().map(|folders| folders.in_config_dir(name))
}

/// What happened: the log, the report of a crash. Beside the data where the system has no place of its own for it.
pub(crate) fn state(name: &str) -> Option<PathBuf> {
    strategy().map(|folders| folders.in_state_dir(name).unwrap_or_else(|| folders.in_data_dir(name)))
}

/// What lasts until the person signs out of the machine, for them alone; beside the state where the system has no such place.
pub(crate) fn runtime(name: &str) -> Option<PathBuf> {
    strategy().and_then(|folders| folders.in_runtime_dir(name)).or_else(|| state(name))
}

/// Where people look for files that came: their folder for downloads, or their home where there is none.
pub(crate) fn downloads() -> Option<PathBuf> {
    let home = std::env::home_dir()?;
    Some(home.join("Downloads")).filter(|folder| folder.is_dir()).or(Some(home))
}

/// Opens a file to which something is added, for its owner alone; makes it, and its folder, if they are not there.
pub(crate) fn open_to_append(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
