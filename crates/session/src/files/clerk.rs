//! The thread itself: what it has, what it is told, and how often it looks.

mod receiving;
mod sending;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver as Inbox, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use peer::{BulkOut, BulkStreams, Peer};
use tokio::sync::mpsc;
use transfer::{Command, Departures, FileHash, Kind, LocalFile, News, Piece, TransferId, Trouble};
use units::{Clock, Phi, Timestamp};

use self::receiving::Arriving;
use super::folder::Folder;
use super::ours::Ours;
use super::{FileMeters, FromFiles, Hashed, SaveTo, ToFiles, hashing};

/// What a photograph is called.
const STILL: &str = "photograph.jpg";
/// From one look to the next while something moves.
const LOOK: Duration = Duration::from_millis(4);

/// Everything of the thread.
pub(super) struct Clerk {
    clock: Clock,
    inbox: Inbox<ToFiles>,
    to_self: SyncSender<ToFiles>,
    news: mpsc::Sender<FromFiles>,
    meters: Arc<FileMeters>,
    folder: Option<Folder>,
    photographs_in_memory: bool,
    attached: Option<(Arc<Peer>, BulkStreams)>,
    departures: Departures,
    /// What was offered.
    ours: HashMap<u64, Ours>,
    next_handle: u64,
    /// Pieces on the way.
    flying: HashMap<u64, Piece>,
    next_tag: u64,
    /// A piece for which there was no room.
    unsent: Option<BulkOut>,
    incoming: HashMap<TransferId, Arriving>,
}

/// The driver is gone.
struct Gone;

impl Clerk {
    pub(super) fn new(
        clock: Clock,
        (inbox, to_self): (Inbox<ToFiles>, SyncSender<ToFiles>),
        news: mpsc::Sender<FromFiles>,
        meters: Arc<FileMeters>,
        save_to: SaveTo,
    ) -> Self {
        Self {
            clock,
            inbox,
            to_self,
            news,
            meters,
            folder: save_to.folder.map(Folder::new),
            photographs_in_memory: save_to.photographs_in_memory,
            attached: None,
            departures: Departures::default(),
            ours: HashMap::new(),
            next_handle: 0,
            flying: HashMap::new(),
            next_tag: 0,
            unsent: None,
            incoming: HashMap::new(),
        }
    }

    pub(super) fn run(mut self) {
        // Err: nobody is there who could be told.
        let _ = self.work();
        for arriving in self.incoming.values() {
            arriving.sink.note(&arriving.receiver.have());
        }
    }

    fn work(&mut self) -> Result<(), Gone> {
        self.tell_what_is_kept()?;
        loop {
            let moves = !self.departures.is_empty() || !self.incoming.is_empty();
            let heard = if moves {
                self.inbox.recv_timeout(LOOK)
            } else {
                self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match heard {
                Ok(what) => self.hear(what)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            if moves {
                if self.news.is_closed() {
                    return Ok(());
                }
                self.hear_fates();
                self.take_frames()?;
                self.send()?;
                self.look()?;
            }
        }
    }

    fn tell_what_is_kept(&self) -> Result<(), Gone> {
        for (bytes, sha256) in self.folder.as_ref().map(Folder::kept).unwrap_or_default() {
            self.tell(FromFiles::Kept { bytes, sha256 })?;
        }
        Ok(())
    }

    fn tell(&self, what: FromFiles) -> Result<(), Gone> {
        self.news.blocking_send(what).map_err(|_| Gone)
    }

    fn say(&self, news: News) -> Result<(), Gone> {
        self.tell(FromFiles::News(news))
    }

    fn now(&self) -> Timestamp {
        self.clock.timestamp(Instant::now())
    }

    fn hear(&mut self, what: ToFiles) -> Result<(), Gone> {
        match what {
            ToFiles::Command(command) => self.obey(&command),
            ToFiles::Attach(peer, streams) => {
                self.lose_connection();
                peer.set_bulk_active(self.departures.is_active());
                self.attached = Some((peer, streams));
                Ok(())
            }
            ToFiles::Detach => {
                self.lose_connection();
                Ok(())
            }
            ToFiles::SaveTo(folder) => {
                if self.folder.as_ref().is_some_and(|known| known.is_at(&folder)) {
                    return Ok(());
                }
                self.folder = Some(Folder::new(folder));
                self.tell_what_is_kept()
            }
            ToFiles::Read(path, kind) => {
                self.hash(move || {
                    let read = hashing::hash_of(&path).map_err(|error| tracing::warn!(%error, "a file is not read"));
                    Hashed::Ours(path, kind, read.ok())
                });
                Ok(())
            }
            ToFiles::Hashed(Hashed::Ours(path, kind, read)) => self.offer(path, kind, read),
            ToFiles::Hashed(Hashed::Still(Some(jpeg))) => self.offer_still(jpeg),
            ToFiles::Hashed(Hashed::Still(None)) => self.say(News::NoStill),
            ToFiles::Hashed(Hashed::Theirs(id, hash)) => self.conclude(id, hash),
            ToFiles::Stop => Err(Gone),
        }
    }

    /// Hashing takes seconds for a large file: beside everything else.
    fn hash(&self, work: impl FnOnce() -> Hashed + Send + 'static) {
        let to_self = self.to_self.clone();
        let spawned = std::thread::Builder::new().name("hash".to_owned()).spawn(move || {
            // Err: the visit is over.
            let _ = to_self.send(ToFiles::Hashed(work()));
        });
        if let Err(error) = spawned {
            tracing::error!(%error, "no thread to hash a file");
        }
    }

    fn offer(&mut self, path: PathBuf, kind: Kind, read: Option<(u64, FileHash)>) -> Result<(), Gone> {
        let Some((bytes, sha256)) = read else { return self.tell(FromFiles::NotRead) };
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let handle = self.keep(Ours::Closed(path, bytes));
        self.tell(FromFiles::Read(LocalFile { handle, kind, name: Phi::new(name), bytes, sha256 }))
    }

    fn offer_still(&mut self, jpeg: Vec<u8>) -> Result<(), Gone> {
        let (bytes, sha256) = (jpeg.len() as u64, hashing::hash_of_bytes(&jpeg));
        let handle = self.keep(Ours::Made(jpeg));
        let name = Phi::new(STILL.to_owned());
        self.tell(FromFiles::Read(LocalFile { handle, kind: Kind::Still, name, bytes, sha256 }))
    }

    fn keep(&mut self, ours: Ours) -> u64 {
        let handle = self.next_handle;
        self.next_handle += 1;
        self.ours.insert(handle, ours);
        handle
    }

    fn obey(&mut self, command: &Command) -> Result<(), Gone> {
        let now = self.now();
        self.departures.command(now, command);
        match command {
            Command::Send { id, handle, .. } => {
                if self.ours.get_mut(handle).is_none_or(|ours| ours.open().is_err()) {
                    self.say(News::Broken { id: *id, incoming: false, trouble: Trouble::Unreadable })?;
                }
            }
            Command::Receive { id, kind, name, bytes, sha256 } => self.receive(*id, *kind, name, (*bytes, *sha256))?,
            Command::Tell(id) => self.tell_what_is_there(*id)?,
            Command::Close { id, incoming: true, delete } => {
                if let Some(arriving) = self.incoming.remove(id) {
                    if *delete {
                        arriving.sink.delete();
                    } else {
                        arriving.sink.note(&arriving.receiver.have());
                    }
                }
            }
            // Which file it was is known no more; the open ones are few. A photograph comes from who has the camera.
            Command::Close { .. } | Command::Pause(_) | Command::TakeStill => {}
        }
        if let Some((peer, _)) = &self.attached {
            peer.set_bulk_active(self.departures.is_active());
        }
        Ok(())
    }
}
