//! One window for a person: who starts the program again, or clicks on a link, is shown the window that is open.
//!
//! A lock says who was first; it falls with the program. The first listens on a socket of its person's own, and all that it ever
//! takes from there is a link's letters, or the wish to be seen. It is no secret channel: whoever can write there is the
//! same person on the same machine, and could type the link as well; it is read as a stranger's all the same.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use interprocess::local_socket::traits::{ListenerExt, Stream as _};
use interprocess::local_socket::{ListenerOptions, Name, Stream};

/// The first line of what is said; the number is the version.
const HEAD: &str = "housecall open 1\n";
/// What is answered when it was understood.
const ANSWER: &[u8] = b"ok\n";
/// A link is shorter.
const MOST_BYTES: usize = 4_096;
/// The one who was first may just be starting.
const PATIENCE: Duration = Duration::from_secs(2);
/// Nobody needs longer to say so little.
const MOST_TIME: Duration = Duration::from_secs(2);

/// Which of several this one is.
pub(crate) enum Start {
    /// The first: it hears of the others.
    First(Instance),
    /// Another one is open, and was told.
    Told,
    /// Nobody answers, or nothing can be kept here: this one opens a window of its own.
    Alone,
}

/// The first of a person's starts, as long as the program runs.
pub(crate) struct Instance {
    _lock: File,
    told: Arc<Mutex<Option<Told>>>,
    wake: Arc<Mutex<Option<Wake>>>,
}

/// Calls the window to draw; from any thread.
pub(crate) type Wake = Box<dyn Fn() + Send>;

/// What another start wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// The window to the front.
    Show,
    /// The visit of this link.
    Open(String),
}

impl Instance {
    /// What another start said since it was asked last: the newest.
    pub(crate) fn take(&self) -> Option<Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whom to wake when another start says something.
    pub(crate) fn wake_by(&self, wake: Wake) {
        *self.wake.lock().unwrap_or_else(PoisonError::into_inner) = Some(wake);
    }
}

/// Finds out who is first, by what lies in `folder`, which is made for its owner alone.
pub(crate) fn start(folder: &Path, link: Option<&str>) -> Start {
    match try_start(folder, link) {
        Ok(start) => start,
        Err(error) => {
            tracing::debug!(%error, "whether another window is open is not known");
            Start::Alone
        }
    }
}

fn try_start(folder: &Path, link: Option<&str>) -> io::Result<Start> {
    make_private(folder)?;
    let lock = File::options().create(true).truncate(false).write(true).open(folder.join("lock"))?;
    match lock.try_lock() {
        Ok(()) => {
            let (told, wake) = (Arc::default(), Arc::default());
            let instance = Instance { _lock: lock, told, wake };
            listen(folder, &instance)?;
            Ok(Start::First(instance))
        }
        Err(TryLockError::WouldBlock) => Ok(tell(folder, link)),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The socket's name: a file in the folder, and on Windows a pipe by the account's name, since pipes lie in no folder.
#[cfg(not(windows))]
fn name(folder: &Path) -> io::Result<Name<'static>> {
    use interprocess::local_socket::{GenericFilePath, ToFsName};
    folder.join("socket").to_fs_name::<GenericFilePath>()
}

#[cfg(windows)]
fn name(_folder: &Path) -> io::Result<Name<'static>> {
    use interprocess::local_socket::{GenericNamespaced, ToNsName};
    let account = std::env::var("USERNAME").unwrap_or_default();
    format!("housecall-{account}").to_ns_name::<GenericNamespaced>()
}

/// Hears others on a thread of its own.
fn listen(folder: &Path, instance: &Instance) -> io::Result<()> {
    // What lies there is of one that is gone: the lock is ours.
    let options = ListenerOptions::new().name(name(folder)?).try_overwrite(true);
    #[cfg(unix)]
    let options = interprocess::os::unix::local_socket::ListenerOptionsExt::mode(options, 0o600);
    let listener = options.create_sync()?;
    let (told, wake) = (instance.told.clone(), instance.wake.clone());
    let hear = move || {
        for stream in listener.incoming() {
            let Some(wish) = stream.ok().and_then(|stream| hear(stream).ok()) else {
                // Out of handles, or nonsense: not again at once.
                std::thread::sleep(Duration::from_millis(50));
                continue;
            };
            *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(wish);
            if let Some(wake) = &*wake.lock().unwrap_or_else(PoisonError::into_inner) {
                wake();
            }
        }
    };
    std::thread::Builder::new().name("second start".to_owned()).spawn(hear).map(drop)
}

/// What one says, and the answer to it.
fn hear(mut stream: Stream) -> io::Result<Told> {
    // Pipes have no such thing; there the limit of bytes alone holds.
    let _ = stream.set_recv_timeout(Some(MOST_TIME));
    let _ = stream.set_send_timeout(Some(MOST_TIME));
    let begun = Instant::now();
    let mut said = Vec::new();
    let mut piece = [0; 512];
    // Two lines: the head, and what is wanted.
    while said.iter().filter(|byte| **byte == b'\n').count() < 2 {
        let length = stream.read(&mut piece)?;
        if length == 0 || said.len() + length > MOST_BYTES || begun.elapsed() > MOST_TIME {
            return Err(io::ErrorKind::InvalidData.into());
        }
        said.extend_from_slice(&piece[..length]);
    }
    let told = understand(&said).ok_or(io::ErrorKind::InvalidData)?;
    stream.write_all(ANSWER)?;
    Ok(told)
}

/// What was said, if it is what another start says. The link is read where every link is.
fn understand(said: &[u8]) -> Option<Told> {
    let wish = std::str::from_utf8(said).ok()?.strip_prefix(HEAD)?.strip_suffix('\n')?;
    if wish.is_empty() {
        return Some(Told::Show);
    }
    let is_link = (wish.starts_with("https://") || wish.starts_with("housecall:")) && !wish.contains(char::is_control);
    is_link.then(|| Told::Open(wish.to_owned()))
}

/// Tells the first one, for a while.
fn tell(folder: &Path, link: Option<&str>) -> Start {
    // What is no link at all is shown where it was clicked, by a window that says so.
    let said = format!("{HEAD}{}\n", link.unwrap_or_default());
    if said.len() > MOST_BYTES || understand(said.as_bytes()).is_none() {
        return Start::Alone;
    }
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        match say(folder, said.as_bytes()) {
            Ok(()) => return Start::Told,
            Err(error) => tracing::debug!(%error, "the window that is open does not answer"),
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Start::Alone
}

fn say(folder: &Path, said: &[u8]) -> io::Result<()> {
    let mut stream = Stream::connect(name(folder)?)?;
    let _ = stream.set_recv_timeout(Some(PATIENCE));
    let _ = stream.set_send_timeout(Some(PATIENCE));
    stream.write_all(said)?;
    let mut answer = [0; ANSWER.len()];
    stream.read_exact(&mut answer)?;
    if answer == ANSWER { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    const LINK: &str = "housecall://clinic.example/j/x#1.secret";

    fn first(folder: &Path) -> (Instance, std::sync::mpsc::Receiver<()>) {
        let Start::First(instance) = start(folder, None) else { panic!("somebody was first") };
        let (woken, wakes) = channel();
        instance.wake_by(Box::new(move || assert!(woken.send(()).is_ok(), "nobody listens")));
        (instance, wakes)
    }

    #[test]
    fn a_second_start_hands_its_link_to_the_first_and_a_third_wants_to_be_seen() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("housecall");
        let (instance, wakes) = first(&folder);
        assert!(matches!(start(&folder, Some(LINK)), Start::Told));
        wakes.recv().unwrap();
        assert_eq!(instance.take(), Some(Told::Open(LINK.to_owned())));
        assert_eq!(instance.take(), None);
        assert!(matches!(start(&folder, None), Start::Told));
        wakes.recv().unwrap();
        assert_eq!(instance.take(), Some(Told::Show));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&folder), mode(&folder.join("socket")) & 0o077), (0o700, 0));
        }
    }

    #[test]
    fn a_link_that_is_none_is_shown_where_it_was_clicked() {
        let folder = tempfile::tempdir().unwrap();
        let (instance, _wakes) = first(folder.path());
        let long = format!("https://{}", "x".repeat(MOST_BYTES));
        for link in ["file:///etc/passwd", "https://a\nhttps://b", "clinic:", &long] {
            assert!(matches!(start(folder.path(), Some(link)), Start::Alone), "{link}");
        }
        assert_eq!(instance.take(), None);
    }

    #[test]
    fn nonsense_on_the_socket_is_passed_over_and_the_next_link_is_heard() {
        let folder = tempfile::tempdir().unwrap();
        let (instance, wakes) = first(folder.path());
        let flood = vec![b'x'; 1 << 20];
        let bad: [&[u8]; 6] = [
            b"",
            b"\n\n",
            b"housecall open 2\n\n",
            b"housecall open 1\nfile:///etc/passwd\n",
            b"housecall open 1\n\xFF\n",
            &flood,
        ];
        for said in bad {
            let mut stream = Stream::connect(name(folder.path()).unwrap()).unwrap();
            // It may be hung up on while it speaks.
            let _ = stream.write_all(said);
            drop(stream);
        }
        // One that says nothing keeps the others waiting no longer than it may.
        let silent = Stream::connect(name(folder.path()).unwrap()).unwrap();
        drop(silent);
        assert!(matches!(start(folder.path(), Some(LINK)), Start::Told));
        wakes.recv().unwrap();
        assert_eq!(instance.take(), Some(Told::Open(LINK.to_owned())));
    }

    #[test]
    fn who_finds_the_first_one_gone_is_the_first() {
        let folder = tempfile::tempdir().unwrap();
        // A socket that nobody listens at, as one that was killed leaves it.
        fs::write(folder.path().join("lock"), b"").unwrap();
        drop(ListenerOptions::new().name(name(folder.path()).unwrap()).create_sync().unwrap());
        let (_instance, _wakes) = first(folder.path());
        assert!(matches!(start(folder.path(), Some(LINK)), Start::Told));
    }

    #[test]
    fn who_gets_no_answer_opens_a_window_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let lock = File::options().create(true).truncate(false).write(true).open(folder.path().join("lock")).unwrap();
        lock.lock().unwrap();
        assert!(matches!(start(folder.path(), Some(LINK)), Start::Alone));
    }
}
