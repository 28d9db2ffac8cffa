//! What else runs inside of the link laboratory: the messenger between two browsers, whose words pass over the measured
//! link as an app's do, a TCP download that takes what it can get, and a proxy to the port of the web. Each is this program
//! again, started on a host.

use std::env;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::house::Place;
use crate::middlebox::ConnectProxy;
use crate::process::{Process, wait_until};
use crate::say::say;

/// What one of the programs in the laboratory does.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum WireArguments {
    /// Takes two connections and carries the lines of each to the other.
    Carry {
        /// Where to listen.
        listen: String,
    },
    /// Carries standard input to the carrier and what comes back to standard output.
    Talk {
        /// Where the carrier is.
        to: String,
    },
    /// Gives whoever connects as much as TCP will take.
    Pour {
        /// Where to listen.
        listen: String,
    },
    /// Takes what is poured and prints the bytes of each second.
    Drain {
        /// Where it is poured.
        from: String,
    },
    /// Tunnels to port 443 of any host, and to nothing else.
    Proxy {
        /// Where to listen.
        listen: String,
    },
}

/// Runs one of them until its connection or its standard input ends.
pub fn wire(arguments: &WireArguments) -> Result<()> {
    match arguments {
        WireArguments::Carry { listen } => carry(&listening(listen)?),
        WireArguments::Talk { to } => talk(TcpStream::connect(to)?),
        WireArguments::Pour { listen } => pour(&listening(listen)?),
        WireArguments::Drain { from } => drain(TcpStream::connect(from)?),
        WireArguments::Proxy { listen } => {
            let _proxy = ConnectProxy::start(listen, 443)?;
            say(READY);
            loop {
                thread::park();
            }
        }
    }
}

fn listening(at: &str) -> Result<TcpListener> {
    let listener = TcpListener::bind(at).with_context(|| format!("cannot listen at {at}"))?;
    say(READY);
    Ok(listener)
}

fn carry(listener: &TcpListener) -> Result<()> {
    let one = listener.accept()?.0;
    let other = listener.accept()?.0;
    for stream in [&one, &other] {
        stream.set_nodelay(true)?;
    }
    let back = (other.try_clone()?, one.try_clone()?);
    let there = thread::spawn(move || pass(one, other));
    pass(back.0, back.1);
    let _ = there.join();
    Ok(())
}

fn talk(stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let incoming = stream.try_clone()?;
    thread::spawn(move || pass(incoming, io::stdout()));
    pass(io::stdin(), stream.try_clone()?);
    Ok(stream.shutdown(Shutdown::Both)?)
}

/// Carries lines, each as soon as it is whole, until either end is gone.
fn pass(from: impl io::Read, mut to: impl io::Write) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        if to.write_all(&line).and_then(|()| to.flush()).is_err() {
            return;
        }
        line.clear();
    }
}

fn pour(listener: &TcpListener) -> Result<()> {
    let (mut stream, _) = listener.accept()?;
    // What most servers send with, whatever this machine does: RFC 9438.
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(&stream).set_tcp_congestion(b"cubic").context("this system's TCP has no CUBIC")?;
    let block = [0_u8; 16 * 1024];
    // Whoever drains hangs up when it has enough.
    while stream.write_all(&block).is_ok() {}
    Ok(())
}

fn drain(mut stream: TcpStream) -> Result<()> {
    let mut block = vec![0_u8; 64 * 1024];
    let (mut bytes, mut second) = (0, Instant::now());
    stream.set_read_timeout(Some(Duration::from_millis(100)))?;
    loop {
        match stream.read(&mut block) {
            Ok(0) => return Ok(()),
            Ok(count) => bytes += count,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            Err(error) => return Err(error.into()),
        }
        if second.elapsed() >= Duration::from_secs(1) {
            say(bytes);
            (bytes, second) = (0, second + Duration::from_secs(1));
        }
    }
}

const READY: &str = "ready";
const START: Duration = Duration::from_secs(10);

/// This program, on a host of the laboratory.
pub(super) fn command(place: &Place, words: [&str; 2]) -> Result<Command> {
    let this = env::current_exe().context("this program's own file is not known")?;
    let mut command = place.command(&this);
    command.args(["bench", "wire"]).args(words);
    Ok(command)
}

/// Starts a listening one and waits until it listens.
pub(super) fn listen(place: &Place, words: [&str; 2]) -> Result<Process> {
    let mut process = Process::spawn("the laboratory's wire", &mut command(place, words)?, |_| {})?;
    wait_until(START, || Ok(process.stdout().contains(READY) || !process.is_running()))?;
    anyhow::ensure!(process.is_running(), "the laboratory's wire: {}", process.stderr().trim());
    Ok(process)
}

/// One end of the messenger between two browsers. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Talk {
    child: Child,
    words: ChildStdin,
}

impl Talk {
    /// Connects to the carrier; `heard` is called for each line that comes from the other end.
    pub(super) fn start(place: &Place, to: &str, heard: impl Fn(String) + Send + 'static) -> Result<Self> {
        let mut command = command(place, ["talk", to])?;
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (words, lines) = child.stdin.take().zip(child.stdout.take()).context("no pipes")?;
        thread::spawn(move || BufReader::new(lines).lines().map_while(Result::ok).for_each(heard));
        Ok(Self { child, words })
    }

    /// Sends a line.
    pub(super) fn send(&mut self, line: &str) -> Result<()> {
        writeln!(self.words, "{line}").and_then(|()| self.words.flush()).context("the messenger is gone")
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        // An error says that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_carrier_brings_each_line_to_the_other_end() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let carrier = thread::spawn(move || carry(&listener));
        let mut one = TcpStream::connect(at).unwrap();
        let mut other = TcpStream::connect(at).unwrap();
        one.write_all(b"from one\n").unwrap();
        other.write_all(b"from the other\n").unwrap();
        let mut lines = [String::new(), String::new()];
        BufReader::new(&one).read_line(&mut lines[0]).unwrap();
        BufReader::new(&other).read_line(&mut lines[1]).unwrap();
        assert_eq!(lines, ["from the other\n", "from one\n"]);
        one.shutdown(Shutdown::Both).unwrap();
        other.shutdown(Shutdown::Both).unwrap();
        carrier.join().unwrap().unwrap();
    }
}
