//! The thread that reads and writes the files of a visit. Dull on purpose: what is sent and taken is decided by `transfer`.
//!
//! Bytes go from a file to the connection and from the connection to a file here, past the engine, as pictures do. Disks may take
//! their time, so it is a thread of its own; it looks every few milliseconds while something moves, and sleeps otherwise.

mod folder;
mod hashing;
mod report;

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver as Inbox, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use peer::{BulkFate, BulkOut, BulkStreams, Fate, Peer};
use tokio::sync::mpsc;
use transfer::{
    Command, Departures, FileHash, Frame, Kind, LocalFile, MOST_BLOCKS, News, Piece, Receiver, TransferId, Trouble,
};
use units::{Clock, DataRate, Phi};

use self::folder::{Folder, Part};
pub(crate) use self::report::HandedLog;
use crate::headless::InputError;

/// From one look to the next while something moves.
const LOOK: Duration = Duration::from_millis(4);
/// Commands that wait for a disk; the engine gives few at a time. One that does not get through is said to have failed.
const COMMANDS: usize = 256;
/// What is said that waits for the driver. `Block`: it is quick, and news must not be lost.
const NEWS: usize = 256;
/// On a thinner link a piece is one block, so that it holds no word up for long.
const WHOLE_PIECES_FROM: DataRate = DataRate::from_kbps(600);
/// How much is written before what is there is written down: lost of it, when the app is killed, is as much at most.
const NOTED_BYTES: u64 = 128 * 1024;
const NOTED_EACH: Duration = Duration::from_millis(250);
/// Frames that are taken in one go, so that what is to be sent is not forgotten for it.
const MOST_AT_ONCE: usize = 512;

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
}

enum ToFiles {
    Command(Command),
    Attach(Arc<Peer>, BulkStreams),
    Detach,
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
    /// One that came.
    Theirs(TransferId, Option<FileHash>),
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
    /// Starts the thread. What is accepted is written to `folder`; without one nothing can be.
    pub(crate) fn start(clock: Clock, folder: Option<PathBuf>) -> Result<Self, InputError> {
        let (to, inbox) = sync_channel(COMMANDS);
        let (news, from) = mpsc::channel(NEWS);
        let meters = Arc::new(FileMeters::default());
        let clerk = Clerk {
            clock,
            inbox,
            to_self: to.clone(),
            news,
            meters: meters.clone(),
            folder: folder.map(Folder::new),
            attached: None,
            departures: Departures::default(),
            outgoing: HashMap::new(),
            places: HashMap::new(),
            next_handle: 0,
            flying: HashMap::new(),
            next_tag: 0,
            unsent: None,
            incoming: HashMap::new(),
        };
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

    /// Reads a file, for it to be offered.
    pub(crate) fn read(&self, path: PathBuf, kind: Kind) {
        self.say(ToFiles::Read(path, kind));
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

/// A file that is being received.
struct Arriving {
    receiver: Receiver,
    part: Part,
    sha256: FileHash,
    /// What was written down last, and when.
    noted: (u64, Instant),
    told: u64,
    hashing: bool,
}

/// Everything of the thread.
struct Clerk {
    clock: Clock,
    inbox: Inbox<ToFiles>,
    to_self: SyncSender<ToFiles>,
    news: mpsc::Sender<FromFiles>,
    meters: Arc<FileMeters>,
    folder: Option<Folder>,
    attached: Option<(Arc<Peer>, BulkStreams)>,
    departures: Departures,
    /// Files that are being sent, open.
    outgoing: HashMap<u64, File>,
    /// Where files lie that were read to be offered, and how long they were.
    places: HashMap<u64, (PathBuf, u64)>,
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
    fn run(mut self) {
        // Err: nobody is there who could be told.
        let _ = self.work();
        for arriving in self.incoming.values().filter(|arriving| !arriving.part.is_finished()) {
            arriving.part.note(&arriving.receiver.have());
        }
    }

    fn work(&mut self) -> Result<(), Gone> {
        for (bytes, sha256) in self.folder.as_ref().map(Folder::kept).unwrap_or_default() {
            self.tell(FromFiles::Kept { bytes, sha256 })?;
        }
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

    fn tell(&self, what: FromFiles) -> Result<(), Gone> {
        self.news.blocking_send(what).map_err(|_| Gone)
    }

    fn say(&self, news: News) -> Result<(), Gone> {
        self.tell(FromFiles::News(news))
    }

    fn now(&self) -> units::Timestamp {
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
            ToFiles::Read(path, kind) => {
                self.hash(move || {
                    let read = hashing::hash_of(&path).map_err(|error| tracing::warn!(%error, "a file is not read"));
                    Hashed::Ours(path, kind, read.ok())
                });
                Ok(())
            }
            ToFiles::Hashed(Hashed::Ours(path, kind, read)) => self.offer(path, kind, read),
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
        let handle = self.next_handle;
        self.next_handle += 1;
        self.places.insert(handle, (path, bytes));
        self.tell(FromFiles::Read(LocalFile { handle, kind, name: Phi::new(name), bytes, sha256 }))
    }

    fn obey(&mut self, command: &Command) -> Result<(), Gone> {
        let now = self.now();
        self.departures.command(now, command);
        match command {
            Command::Send { id, handle, .. } => {
                if self.open(*handle).is_none() {
                    self.say(News::Broken { id: *id, incoming: false, trouble: Trouble::Unreadable })?;
                }
            }
            Command::Receive { id, name, bytes, sha256, .. } => self.receive(*id, name, *bytes, *sha256)?,
            Command::Tell(id) => self.tell_what_is_there(*id)?,
            Command::Close { id, incoming: true, delete } => {
                if let Some(arriving) = self.incoming.remove(id) {
                    if *delete {
                        arriving.part.delete();
                    } else if !arriving.part.is_finished() {
                        arriving.part.note(&arriving.receiver.have());
                    }
                }
            }
            // Which file it was is known no more; the open ones are few.
            Command::Close { .. } | Command::Pause(_) => {}
            // No camera is asked here for a picture in its full size yet.
            Command::TakeStill => self.say(News::NoStill)?,
        }
        if let Some((peer, _)) = &self.attached {
            peer.set_bulk_active(self.departures.is_active());
        }
        Ok(())
    }

    // What is sent.

    fn open(&mut self, handle: u64) -> Option<&File> {
        if !self.outgoing.contains_key(&handle) {
            let (path, bytes) = self.places.get(&handle)?;
            let file = File::open(path).ok()?;
            if file.metadata().ok()?.len() != *bytes {
                return None;
            }
            self.outgoing.insert(handle, file);
        }
        self.outgoing.get(&handle)
    }

    fn hear_fates(&mut self) {
        let now = self.now();
        let Some((_, streams)) = &mut self.attached else { return };
        while let Ok(BulkFate { tag, fate }) = streams.fates.try_recv() {
            let Some(piece) = self.flying.remove(&tag) else { continue };
            match fate {
                Fate::Arrived => self.departures.on_fate(now, &piece, true),
                Fate::Lost => self.departures.on_fate(now, &piece, false),
                Fate::NotSent => self.departures.on_not_sent(&piece),
            }
        }
    }

    fn send(&mut self) -> Result<(), Gone> {
        let now = self.now();
        let Some((peer, _)) = &self.attached else { return Ok(()) };
        let peer = peer.clone();
        let most_blocks = if peer.stats().target >= WHOLE_PIECES_FROM { MOST_BLOCKS } else { 1 };
        if let Some(unsent) = self.unsent.take()
            && let Err(unsent) = peer.send_bulk(unsent)
        {
            self.unsent = Some(unsent);
            return Ok(());
        }
        while let Some((handle, piece)) = self.departures.next(now, most_blocks) {
            let mut data = vec![0; piece.bytes];
            let read = self.open(handle).is_some_and(|file| hashing::read_at(file, piece.offset, &mut data).is_ok());
            if !read {
                return self.say(News::Broken { id: piece.id, incoming: false, trouble: Trouble::Unreadable });
            }
            let payload = Frame { id: piece.id, first: piece.first, data: &data }.to_bytes().into();
            let tag = self.next_tag;
            self.next_tag += 1;
            self.flying.insert(tag, piece);
            if let Err(unsent) = peer.send_bulk(BulkOut { tag, payload }) {
                self.unsent = Some(unsent);
                break;
            }
        }
        Ok(())
    }

    fn lose_connection(&mut self) {
        if let Some((peer, _)) = &self.attached {
            peer.set_bulk_active(false);
        }
        // What waited had not left.
        self.hear_fates();
        self.attached = None;
        if let Some(piece) = self.unsent.take().and_then(|unsent| self.flying.remove(&unsent.tag)) {
            self.departures.on_not_sent(&piece);
        }
        self.flying.clear();
        self.departures.on_connection_lost();
    }

    // What comes.

    fn receive(&mut self, id: TransferId, name: &Phi<String>, bytes: u64, sha256: FileHash) -> Result<(), Gone> {
        if let Some(arriving) = self.incoming.get(&id) {
            return self.say(News::Ready { id, have: arriving.receiver.have() });
        }
        let opened = self.folder.as_ref().map(|folder| folder.open(name.expose(), bytes, sha256));
        let part = match opened {
            Some(Ok(part)) => part,
            Some(Err(error)) => {
                tracing::warn!(%error, "a file that was accepted cannot be written");
                return self.say(News::Broken { id, incoming: true, trouble: Trouble::Unwritable });
            }
            None => return self.say(News::Broken { id, incoming: true, trouble: Trouble::Unwritable }),
        };
        let Some(receiver) = Receiver::new(id, bytes, part.kept()) else {
            return self.say(News::Broken { id, incoming: true, trouble: Trouble::Unwritable });
        };
        let (have, there) = (receiver.have(), receiver.have_bytes());
        let arriving = Arriving { receiver, part, sha256, noted: (there, Instant::now()), told: 0, hashing: false };
        self.incoming.insert(id, arriving);
        self.say(News::Ready { id, have })
    }

    fn take_frames(&mut self) -> Result<(), Gone> {
        for _ in 0..MOST_AT_ONCE {
            let Some((_, streams)) = &mut self.attached else { return Ok(()) };
            let Ok(payload) = streams.received.try_recv() else { return Ok(()) };
            let Ok(frame) = Frame::read(&payload) else { continue };
            let Some(arriving) = self.incoming.get_mut(&frame.id).filter(|arriving| !arriving.hashing) else {
                continue;
            };
            let again = arriving.receiver.again_bytes();
            let write = match arriving.receiver.on_frame(&frame) {
                Ok(write) => write,
                Err(refused) => {
                    tracing::debug!(%refused, "a piece of a file is passed over");
                    continue;
                }
            };
            let again = arriving.receiver.again_bytes() - again;
            self.meters.received_bytes.fetch_add(frame.data.len() as u64, Ordering::Relaxed);
            self.meters.received_again_bytes.fetch_add(again, Ordering::Relaxed);
            let Some(write) = write else { continue };
            if let Err(error) = arriving.part.write(write.offset, write.data) {
                tracing::warn!(%error, "a file that comes cannot be written");
                self.say(News::Broken { id: frame.id, incoming: true, trouble: Trouble::Unwritable })?;
            }
        }
        Ok(())
    }

    /// What is there is told and written down now and then; what is whole is looked at.
    fn look(&mut self) -> Result<(), Gone> {
        let now = self.now();
        self.departures.look(now);
        while let Some(news) = self.departures.poll_news() {
            self.say(news)?;
        }
        let (sent, again) = self.departures.sent_bytes();
        self.meters.sent_bytes.store(sent, Ordering::Relaxed);
        self.meters.sent_again_bytes.store(again, Ordering::Relaxed);
        let mut news = Vec::new();
        let mut whole = Vec::new();
        for (id, arriving) in &mut self.incoming {
            let there = arriving.receiver.have_bytes();
            let (noted, at) = arriving.noted;
            let due = there != noted && at.elapsed() >= NOTED_EACH;
            if (due || there.saturating_sub(noted) >= NOTED_BYTES) && !arriving.hashing {
                arriving.part.note(&arriving.receiver.have());
                arriving.noted = (there, Instant::now());
            }
            if due && arriving.told != there {
                arriving.told = there;
                news.push(News::Moved { id: *id, incoming: true, bytes: there });
            }
            if arriving.receiver.is_whole() && !arriving.hashing {
                whole.push(*id);
            }
        }
        news.into_iter().try_for_each(|news| self.say(news))?;
        whole.into_iter().for_each(|id| self.examine(id));
        Ok(())
    }

    fn tell_what_is_there(&mut self, id: TransferId) -> Result<(), Gone> {
        // What came before the question is in the queue.
        self.take_frames()?;
        self.take_frames()?;
        match self.incoming.get(&id) {
            Some(arriving) if !arriving.receiver.is_whole() => {
                let have = arriving.receiver.have();
                self.say(News::Have { id, have })
            }
            // It is being looked at, or will be in a moment.
            _ => Ok(()),
        }
    }

    /// All of it is there: is it what was offered?
    fn examine(&mut self, id: TransferId) {
        let Some(arriving) = self.incoming.get_mut(&id) else { return };
        arriving.hashing = true;
        let path = arriving.part.path().to_owned();
        self.hash(move || Hashed::Theirs(id, hashing::hash_of(&path).ok().map(|(_, hash)| hash)));
    }

    fn conclude(&mut self, id: TransferId, hash: Option<FileHash>) -> Result<(), Gone> {
        let Some(arriving) = self.incoming.get_mut(&id) else { return Ok(()) };
        if hash.is_some_and(|hash| hash != arriving.sha256) {
            return self.say(News::WrongHash(id));
        }
        let finished = hash.is_some() && arriving.part.finish().is_ok();
        self.say(if finished {
            News::Whole(id)
        } else {
            News::Broken { id, incoming: true, trouble: Trouble::Unwritable }
        })
    }
}
