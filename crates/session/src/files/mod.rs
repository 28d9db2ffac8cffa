//! The thread that reads and writes the files of a visit. Dull on purpose: what is sent and taken is decided by `transfer`.
//!
//! Bytes go from a file to the connection and from the connection to a file here, past the engine, as pictures do. Disks may take
//! their time, so it is a thread of its own; it looks every few milliseconds while something moves, and sleeps otherwise.

mod clerk;
mod folder;
mod hashing;
mod ours;
mod report;
mod sink;
mod still;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use devices::camera::StillTaker;
use peer::{BulkStreams, Peer};
use tokio::sync::mpsc;
use transfer::{Command, FileHash, Kind, LocalFile, News, TransferId, Trouble};
use units::Clock;

use self::clerk::Clerk;
pub(crate) use self::report::HandedLog;
use crate::headless::InputError;

/// Commands that wait for a disk; the engine gives few at a time. One that does not get through is said to have failed.
const COMMANDS: usize = 256;
/// What is said that waits for the driver. `Block`: it is quick, and news must not be lost.
const NEWS: usize = 256;

/// What the thread says.
#[derive(Debug)]
pub(crate) enum FromFiles {
    /// For the engine.
    News(News),
    /// A file was read to its end: the engine offers it.
    Read(LocalFile),
    /// A part of an earlier run lies in the folder.
    Kept { bytes: u64, sha256: FileHash },
    /// A file that is to be offered cannot be read.
    NotRead,
    /// A file that they offered is whole, and stands here now.
    Saved(TransferId, PathBuf),
    /// A photograph is whole, and on no disk.
    Photograph(TransferId, Vec<u8>),
}

enum ToFiles {
    Command(Command),
    Attach(Arc<Peer>, BulkStreams),
    Detach,
    /// What is accepted from now on is written to this folder.
    SaveTo(PathBuf),
    /// Read this to its end, and say what it is.
    Read(PathBuf, Kind),
    /// A thread that hashes is done.
    Hashed(Hashed),
    /// The driver is gone.
    Stop,
}

enum Hashed {
    /// A file that is to be offered.
    Ours(PathBuf, Kind, Option<(u64, FileHash)>),
    /// A photograph as a file, if there is one.
    Still(Option<Vec<u8>>),
    /// One that came.
    Theirs(TransferId, Option<FileHash>),
}

/// Where goes what is taken of theirs.
#[derive(Debug, Clone, Default)]
pub(crate) struct SaveTo {
    /// Files, until the person names another folder; without one nothing can be written.
    pub(crate) folder: Option<PathBuf>,
    /// Photographs go to memory alone, in the place of the folder: whoever asked for them saves them, or does not.
    pub(crate) photographs_in_memory: bool,
}

/// What was counted, over the whole visit.
#[derive(Debug, Default)]
pub(crate) struct FileMeters {
    /// Bytes of files that left, and of them those that left not for the first time; whole blocks.
    pub(crate) sent_bytes: AtomicU64,
    pub(crate) sent_again_bytes: AtomicU64,
    /// Bytes of files that came, and of them those that were there already.
    pub(crate) received_bytes: AtomicU64,
    pub(crate) received_again_bytes: AtomicU64,
}

impl FileMeters {
    /// All four, in their order.
    fn read(&self) -> [u64; 4] {
        [&self.sent_bytes, &self.sent_again_bytes, &self.received_bytes, &self.received_again_bytes]
            .map(|meter| meter.load(Ordering::Relaxed))
    }
}

/// The driver's end of the thread, which ends with it.
pub(crate) struct Files {
    to: SyncSender<ToFiles>,
    pub(crate) from: mpsc::Receiver<FromFiles>,
    pub(crate) meters: Arc<FileMeters>,
    /// Said when the thread could not be told.
    failed: Vec<News>,
}

impl Files {
    /// Starts the thread.
    pub(crate) fn start(clock: Clock, save_to: SaveTo) -> Result<Self, InputError> {
        let (to, inbox) = sync_channel(COMMANDS);
        let (news, from) = mpsc::channel(NEWS);
        let meters = Arc::new(FileMeters::default());
        let clerk = Clerk::new(clock, (inbox, to.clone()), news, meters.clone(), save_to);
        std::thread::Builder::new()
            .name("files".to_owned())
            .spawn(move || clerk.run())
            .map_err(|error| InputError::System(error.to_string()))?;
        Ok(Self { to, from, meters, failed: Vec::new() })
    }

    pub(crate) fn command(&mut self, command: Command) {
        if let Err(TrySendError::Full(ToFiles::Command(command))) = self.to.try_send(ToFiles::Command(command)) {
            tracing::error!("the disk does not keep up with what is wanted of files");
            self.failed.extend(failure(&command));
        }
    }

    /// What failed at once; the rest comes by [`from`](Self::from).
    pub(crate) fn take_failed(&mut self) -> Vec<News> {
        std::mem::take(&mut self.failed)
    }

    pub(crate) fn attach(&self, peer: &Arc<Peer>, streams: BulkStreams) {
        self.say(ToFiles::Attach(peer.clone(), streams));
    }

    pub(crate) fn detach(&self) {
        self.say(ToFiles::Detach);
    }

    /// What is accepted from now on is written to this folder.
    pub(crate) fn save_to(&self, folder: PathBuf) {
        self.say(ToFiles::SaveTo(folder));
    }

    /// Reads a file, for it to be offered.
    pub(crate) fn read(&self, path: PathBuf, kind: Kind) {
        self.say(ToFiles::Read(path, kind));
    }

    /// Takes a photograph and offers it, or says that there is none. It takes seconds: beside everything else.
    pub(crate) fn take_still(&mut self, camera: Option<StillTaker>) {
        let to = self.to.clone();
        let take = move |camera: StillTaker| {
            // Err: the visit is over.
            let _ = to.send(ToFiles::Hashed(Hashed::Still(still::take(&camera))));
        };
        let begun =
            camera.map(|camera| std::thread::Builder::new().name("still".to_owned()).spawn(move || take(camera)));
        if !matches!(begun, Some(Ok(_))) {
            self.failed.push(News::NoStill);
        }
    }

    fn say(&self, what: ToFiles) {
        if self.to.try_send(what).is_err() {
            tracing::error!("the thread of the files does not keep up");
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // Full: it works, and sees that nobody listens.
        let _ = self.to.try_send(ToFiles::Stop);
    }
}

/// What is said of a command that was not done.
fn failure(command: &Command) -> Option<News> {
    match command {
        Command::Send { id, .. } => Some(News::Broken { id: *id, incoming: false, trouble: Trouble::Unreadable }),
        Command::Receive { id, .. } | Command::Tell(id) => {
            Some(News::Broken { id: *id, incoming: true, trouble: Trouble::Unwritable })
        }
        Command::TakeStill => Some(News::NoStill),
        Command::Pause(_) | Command::Close { .. } => None,
    }
}
