//! What comes: from the connection to files.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use transfer::{FileHash, Frame, Kind, News, Receiver, TransferId, Trouble};
use units::Phi;

use super::super::folder::Folder;
use super::super::sink::{Finished, Sink};
use super::super::{FromFiles, Hashed};
use super::{Clerk, Gone};

/// How much is written before what is there is written down: lost of it, when the app is killed, is as much at most.
const NOTED_BYTES: u64 = 128 * 1024;
const NOTED_EACH: Duration = Duration::from_millis(250);
/// Frames that are taken in one go, so that what is to be sent is not forgotten for it.
const MOST_AT_ONCE: usize = 512;

/// A file that is being received.
pub(super) struct Arriving {
    pub(super) receiver: Receiver,
    pub(super) sink: Sink,
    sha256: FileHash,
    /// What was written down last, and when.
    noted: (u64, Instant),
    told: u64,
    hashing: bool,
}

impl Arriving {
    /// How much longer it may become.
    fn missing_bytes(&self) -> u64 {
        self.receiver.bytes().saturating_sub(self.receiver.have_bytes())
    }
}

impl Clerk {
    pub(super) fn receive(
        &mut self,
        id: TransferId,
        kind: Kind,
        name: &Phi<String>,
        (bytes, sha256): (u64, FileHash),
    ) -> Result<(), Gone> {
        if let Some(arriving) = self.incoming.get(&id) {
            return self.say(News::Ready { id, have: arriving.receiver.have() });
        }
        let promised = self.incoming.values().map(Arriving::missing_bytes).fold(0, u64::saturating_add);
        let opened = if kind == Kind::Still && self.photographs_in_memory {
            Sink::in_memory(bytes).map(Ok)
        } else {
            let open = |folder: &Folder| folder.open(name.expose(), bytes, sha256, promised).map(Sink::File);
            self.folder.as_ref().map(open)
        };
        let sink = match opened {
            Some(Ok(sink)) => sink,
            Some(Err(error)) => {
                tracing::warn!(%error, "a file that was accepted cannot be written");
                return self.say(News::Broken { id, incoming: true, trouble: Trouble::Unwritable });
            }
            None => return self.say(News::Broken { id, incoming: true, trouble: Trouble::Unwritable }),
        };
        let Some(receiver) = Receiver::new(id, bytes, &sink.kept()) else {
            return self.say(News::Broken { id, incoming: true, trouble: Trouble::Unwritable });
        };
        let (have, there) = (receiver.have(), receiver.have_bytes());
        let arriving = Arriving { receiver, sink, sha256, noted: (there, Instant::now()), told: 0, hashing: false };
        self.incoming.insert(id, arriving);
        self.say(News::Ready { id, have })
    }

    pub(super) fn take_frames(&mut self) -> Result<(), Gone> {
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
            if let Err(error) = arriving.sink.write(write.offset, write.data) {
                tracing::warn!(%error, "a file that comes cannot be written");
                self.say(News::Broken { id: frame.id, incoming: true, trouble: Trouble::Unwritable })?;
            }
        }
        Ok(())
    }

    /// What is there is told and written down now and then; what is whole is looked at.
    pub(super) fn look(&mut self) -> Result<(), Gone> {
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
                arriving.sink.note(&arriving.receiver.have());
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

    pub(super) fn tell_what_is_there(&mut self, id: TransferId) -> Result<(), Gone> {
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
        let hasher = arriving.sink.hasher();
        self.hash(move || Hashed::Theirs(id, hasher()));
    }

    pub(super) fn conclude(&mut self, id: TransferId, hash: Option<FileHash>) -> Result<(), Gone> {
        let Some(arriving) = self.incoming.get_mut(&id) else { return Ok(()) };
        if hash.is_some_and(|hash| hash != arriving.sha256) {
            return self.say(News::WrongHash(id));
        }
        let finished = hash.is_some().then(|| arriving.sink.finish());
        match finished {
            Some(Ok(Finished::File(path))) => self.tell(FromFiles::Saved(id, path))?,
            Some(Ok(Finished::Memory(jpeg))) => self.tell(FromFiles::Photograph(id, jpeg))?,
            Some(Err(_)) | None => {
                return self.say(News::Broken { id, incoming: true, trouble: Trouble::Unwritable });
            }
        }
        self.say(News::Whole(id))
    }
}
