//! A clinic with its real server, and calls between the real programs.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use trust::Link;
use xtask::house::{End, House, Options, Place};
use xtask::programs::Programs;
use xtask::recording::Sound;
use xtask::report::Report;

const CALL_SECS: u32 = 3;
/// How long an end may take beside its call: a busy machine, a slow password hash, files to finish.
const AROUND: Duration = Duration::from_secs(40);

/// A name that nobody knows but a proxy.
pub(crate) const NAME: &str = "clinic.example";
/// By which address others would reach the relay of a clinic that is reached by that name (RFC 5737: nobody's).
pub(crate) const RELAY: &str = "198.51.100.7";

/// A server with an account.
pub(crate) struct Clinic {
    pub(crate) house: House,
    // Last: the folder goes when nothing writes into it any more.
    _folder: TempDir,
}

/// One end of a call: its further words, the proxy that it is told of, and what else stands in its environment.
#[derive(Default, Clone, Copy)]
pub(crate) struct Side<'a> {
    pub(crate) words: &'a [&'a str],
    /// As the environment has it.
    pub(crate) proxy: Option<&'a str>,
    /// A desktop and the folder of its settings.
    pub(crate) desktop: Option<(&'a str, &'a Path)>,
    /// A folder with programs that go before those of this machine.
    pub(crate) programs: Option<&'a Path>,
    /// Whom this machine's authorities are: a file of certificates.
    pub(crate) roots: Option<&'a Path>,
    /// A patient's link names the clinic so, in the place of its address.
    pub(crate) name: Option<&'a str>,
}

impl Side<'_> {
    fn options(self, duration_secs: u32) -> Options {
        Options { duration_secs, more: self.words.iter().map(Into::into).collect(), ..Options::default() }
    }

    /// Whatever this machine goes by, no test does, unless it says so.
    pub(crate) fn prepare(self, mut command: Command) -> Command {
        for variable in ["HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
            command.env_remove(variable).env_remove(variable.to_ascii_lowercase());
        }
        if let Some(proxy) = self.proxy {
            command.env("HTTPS_PROXY", proxy);
        }
        command.env_remove("XDG_CURRENT_DESKTOP");
        if let Some((desktop, folder)) = self.desktop {
            command
                .env("XDG_CURRENT_DESKTOP", desktop)
                .env("XDG_CONFIG_HOME", folder)
                .env("GSETTINGS_BACKEND", "keyfile");
        }
        if let Some(folder) = self.programs {
            let others = std::env::var_os("PATH").unwrap_or_default();
            let all = std::iter::once(PathBuf::from(folder)).chain(std::env::split_paths(&others));
            command.env("PATH", std::env::join_paths(all).expect("paths"));
        }
        if let Some(roots) = self.roots {
            command.env("SSL_CERT_FILE", roots).env_remove("SSL_CERT_DIR");
        }
        command
    }
}

impl Clinic {
    pub(crate) fn open() -> Self {
        Self::at(Ipv4Addr::LOCALHOST.into())
    }

    pub(crate) fn at(address: IpAddr) -> Self {
        Self::with(address, &[])
    }

    /// One on this machine that patients may know by its [`NAME`], which leads there by way of a proxy alone: so that no test needs
    /// a network around the machine.
    pub(crate) fn with_a_name() -> Self {
        Self::with(Ipv4Addr::LOCALHOST.into(), &["--relay-address", RELAY])
    }

    /// With further words for the server.
    pub(crate) fn with(address: IpAddr, more: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("housecall-relay-").tempdir().expect("a folder");
        let programs = Programs::for_tests().expect("the programs");
        let listen = SocketAddr::new(address, 0).to_string();
        let house = House::open_with(programs, folder.path(), &Place::default(), &listen, more).expect("a server");
        Self { house, _folder: folder }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.house.server.url.strip_prefix("https://").expect("a URL").parse().expect("an address")
    }

    /// `NAME:PORT`
    pub(crate) fn named(&self) -> String {
        format!("{NAME}:{}", self.address().port())
    }

    /// Both ends of one call, over: the patient's report and the clinician's. Each has seen and heard the other.
    pub(crate) fn call(&self, host: Side<'_>, guest: Side<'_>) -> [Report; 2] {
        let place = Place::default();
        let command = self.house.host_command(&place, &host.options(CALL_SECS + 10), "1s");
        let mut host = self.house.start_host(&mut host.prepare(command), |_| {}).expect("the clinician's end");
        if let Some(name) = guest.name {
            self.rename(name);
        }
        let command = self.house.join_command(&place, &guest.options(CALL_SECS));
        let mut guest = self.house.start_guest(&mut guest.prepare(command), |_| {}).expect("the patient's end");
        [&mut guest, &mut host].map(|end: &mut End| {
            let status = end.process.wait(Duration::from_secs(CALL_SECS.into()) + AROUND).expect("an end that ends");
            assert_eq!(status.code(), Some(0), "{}{}", end.process.stdout(), end.process.stderr());
            let heard = Sound::read(&end.files().speaker).expect("what was heard");
            assert!(heard.audible_secs() > 0.5, "the other's tone is heard");
            let report = end.report().expect("a report");
            assert!(report.shown_unix_us().len() > 20, "pictures came");
            report
        })
    }

    /// The same link, by another name of the server.
    fn rename(&self, name: &str) {
        let path = self.house.link_file();
        let link: Link = std::fs::read_to_string(&path).expect("a link").trim().parse().expect("a link");
        let server = format!("{name}:{}", link.server.port()).parse().expect("a name");
        std::fs::write(&path, Link { server, ..link }.to_string()).expect("it is written");
    }
}

/// What this field was in the samples of a side, each value once.
pub(crate) fn values(report: &Report, field: &str) -> Vec<String> {
    let samples = report.samples().iter().filter_map(|sample| sample[field].as_str());
    let mut values: Vec<String> = samples.map(ToOwned::to_owned).collect();
    values.dedup();
    values
}

/// By which address this machine reaches others; nothing is sent for that.
pub(crate) fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}
