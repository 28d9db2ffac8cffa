//! The `housecall-server` program: `setup`, `serve`, `doctor`, and what is done about accounts.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use server::accounts::{add_user, give_code, set_up};
use server::doctor::doctor;
use server::{CertificateFiles, Config, Coturn, RelayChoice, RelayOptions, serve};
use signaling_protocol::StaffRole;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Directive;
use units::Phi;

/// A clinic's Housecall server: visits and waiting room, accounts, STUN and TURN.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes the data directory of a new clinic, and prints a one-time code by which its first admin begins in the app.
    Setup(Setup),
    /// Serves until it is told to stop. Prints one line when it is ready.
    Serve(Serve),
    /// Looks at the machine, its network and the settings, which are those of `serve`, and says what is wrong.
    Doctor(Doctor),
    /// The staff's accounts.
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
}

#[derive(Args)]
struct Setup {
    /// Where everything is to be kept; made if it is not there.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

#[derive(Args)]
struct Serve {
    /// Where everything is kept; made if it is not there.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Address and port, for HTTPS and TURN by TCP and for STUN and TURN by UDP.
    #[arg(long, value_name = "ADDR:PORT")]
    listen: SocketAddr,
    /// A certificate chain in PEM; without it, a self-signed one is made and links carry its pin.
    #[arg(long, value_name = "F", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key in PEM.
    #[arg(long, value_name = "F", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// The clinic's telephone number: apps name it to people whose visit does not come about.
    #[arg(long, value_name = "NUMBER")]
    phone: Option<String>,
    #[command(flatten)]
    relay: Relay,
}

#[derive(Args)]
struct Doctor {
    #[command(flatten)]
    serve: Serve,
    /// The host in the links, if it is a name or none of this machine's addresses.
    #[arg(long, value_name = "HOST")]
    name: Option<String>,
    /// Prints what was found as JSON, and nothing else.
    #[arg(long)]
    json: bool,
}

/// The relay, for visits whose two sides do not reach each other.
#[derive(Args)]
#[command(next_help_heading = "Relay")]
struct Relay {
    /// Relays nothing.
    #[arg(long, conflicts_with_all = ["relay_address", "relay_listen", "relay_ports", "relay_private_peers", "coturn"])]
    no_relay: bool,
    /// The address that others reach the relay by, if it is none of this machine's (behind a NAT); twice for IPv4 and IPv6.
    #[arg(long, value_name = "ADDR")]
    relay_address: Vec<IpAddr>,
    /// The address of this machine where relayed sockets are opened; twice for IPv4 and IPv6.
    #[arg(long, value_name = "ADDR")]
    relay_listen: Vec<IpAddr>,
    /// Their ports, by UDP: what a firewall must let through.
    #[arg(long, value_name = "LOW-HIGH", value_parser = ports, default_value = "49152-65535")]
    relay_ports: Ports,
    /// Forwards into private networks too: only if all who wait for a visit may reach what is there.
    #[arg(long)]
    relay_private_peers: bool,
    /// Lets visits go by the relay alone, so that nobody learns the other's address.
    #[arg(long, conflicts_with = "no_relay")]
    relay_only: bool,
    /// Hands out credentials for a coturn (`use-auth-secret`) instead, by this URL; may be given several times.
    #[arg(long, value_name = "URL", value_parser = turn_url, requires = "coturn_secret_file",
        conflicts_with_all = ["relay_address", "relay_listen", "relay_ports", "relay_private_peers"])]
    coturn: Vec<String>,
    /// The file with the coturn's `static-auth-secret`.
    #[arg(long, value_name = "F", requires = "coturn")]
    coturn_secret_file: Option<PathBuf>,
}

/// The lowest and the highest of a range of ports.
#[derive(Clone, Copy)]
struct Ports(u16, u16);

/// Fewer would not do for one visit.
const FEWEST_PORTS: u16 = 8;

fn ports(text: &str) -> Result<Ports, String> {
    let both = text.split_once('-').and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
    match both {
        Some((low, high)) if low >= 1_024 && high >= low && high - low >= FEWEST_PORTS => Ok(Ports(low, high)),
        _ => Err("write it as 49152-65535, from 1024 on and with room for at least nine".to_owned()),
    }
}

fn turn_url(text: &str) -> Result<String, String> {
    let is_turn = text.starts_with("turn:") || text.starts_with("turns:");
    is_turn.then(|| text.to_owned()).ok_or_else(|| "write it as turn:HOST:PORT?transport=udp, or turns:".to_owned())
}

impl Relay {
    fn choice(self) -> Result<RelayChoice> {
        if self.no_relay {
            return Ok(RelayChoice::None);
        }
        if let Some(path) = self.coturn_secret_file {
            let secret = std::fs::read_to_string(&path);
            let secret = secret.with_context(|| format!("the coturn's secret {} cannot be read", path.display()))?;
            let secret = secret.trim();
            if secret.is_empty() {
                bail!("there is no secret in {}; write the coturn's static-auth-secret into it", path.display());
            }
            return Ok(RelayChoice::Coturn(Coturn { urls: self.coturn, secret: Phi::new(secret.to_owned()) }));
        }
        Ok(RelayChoice::Own(RelayOptions {
            addresses: self.relay_address,
            listen: self.relay_listen,
            ports: self.relay_ports.0..=self.relay_ports.1,
            private_peers: self.relay_private_peers,
            ..RelayOptions::default()
        }))
    }
}

#[derive(Subcommand)]
enum UserCommand {
    /// Makes an account, for scripts: people begin by a code from an admin's app. The password is read from standard input.
    /// Works while the server serves.
    Add(AddUser),
    /// Prints a one-time code by which somebody begins anew, when no admin can help: password and second factor are void.
    Code(GiveCode),
}

#[derive(Args)]
struct GiveCode {
    /// The name of the account.
    name: String,
    /// Where everything is kept.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

#[derive(Args)]
struct AddUser {
    /// The name to sign in with.
    name: String,
    /// What the account may do.
    #[arg(long, value_enum)]
    role: Role,
    /// Where everything is kept.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The secret of the second factor (base32, for an authenticator app) is written to this new file.
    #[arg(long, value_name = "F")]
    totp_out: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Role {
    Admin,
    Clinician,
    FrontDesk,
    Auditor,
}

impl From<Role> for StaffRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Admin => Self::Admin,
            Role::Clinician => Self::Clinician,
            Role::FrontDesk => Self::FrontDesk,
            Role::Auditor => Self::Auditor,
        }
    }
}

/// A password is a line; whoever pipes in more has piped in the wrong file.
const LONGEST_LINE: u64 = 4_096;

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    // What a doctor finds stands on standard output.
    let usual = if matches!(command, Command::Doctor(_)) { "error" } else { "info" };
    let filter = EnvFilter::try_from_env("HOUSECALL_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    // They tell people's addresses, at every level.
    let filter = RELAY_LIBRARIES.iter().fold(filter, |filter, library| filter.add_directive(off(library)));
    let colours = io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(io::stderr).init();
    let done = match command {
        Command::Serve(arguments) => run(arguments),
        Command::Doctor(arguments) => match examine(arguments) {
            Ok(exit) => return ExitCode::from(exit),
            Err(error) => {
                writeln!(io::stderr(), "housecall-server: {error:#}").ok();
                return ExitCode::from(EXIT_USAGE);
            }
        },
        Command::Setup(Setup { data }) => begin(&data),
        Command::User { command: UserCommand::Add(arguments) } => add(&arguments),
        Command::User { command: UserCommand::Code(GiveCode { name, data }) } => {
            give_code(&data, &name).map_err(Into::into).and_then(|code| print_code(&code))
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            writeln!(io::stderr(), "housecall-server: {error}").ok();
            ExitCode::FAILURE
        }
    }
}

/// What the relay stands on.
const RELAY_LIBRARIES: [&str; 4] = ["turn_server_proto", "turn_types", "stun_proto", "stun_types"];

fn off(target: &str) -> Directive {
    // A name and a level are a directive; that all of these are, a test knows.
    format!("{target}=off").parse().unwrap_or_default()
}

impl Serve {
    fn config(self) -> Result<Config> {
        let certificate = self.tls_cert.zip(self.tls_key);
        let certificate = certificate.map(|(certificate, key)| CertificateFiles { certificate, key });
        let (relay_only, phone) = (self.relay.relay_only, self.phone);
        let relay = self.relay.choice()?;
        let config = Config { certificate, relay, relay_only, phone, ..Config::new(self.data, self.listen) };
        config.check()?;
        Ok(config)
    }
}

/// Something that was given cannot be used: 1 and 2 are a doctor's verdicts, this is `EX_USAGE` of sysexits.h.
const EXIT_USAGE: u8 = 64;

#[tokio::main]
async fn examine(arguments: Doctor) -> Result<u8> {
    let Doctor { serve, name, json } = arguments;
    let checkup = doctor(&serve.config()?, name.as_deref()).await;
    let page = if json {
        let all = serde_json::json!({ "exit": checkup.exit(), "checkup": &checkup });
        serde_json::to_string_pretty(&all)? + "\n"
    } else {
        checkup.page()
    };
    io::stdout().write_all(page.as_bytes()).ok();
    Ok(checkup.exit())
}

#[tokio::main]
async fn run(arguments: Serve) -> Result<()> {
    let config = arguments.config()?;
    // Listened for before the line is out: whoever reads it may stop the server at once.
    let stop = Stop::new().context("signals cannot be listened for")?;
    let running = serve(config).await?;
    writeln!(io::stdout(), "ready {} {}", running.base_url, running.pin_text())
        .and_then(|()| io::stdout().flush())
        .context("the ready line could not be printed")?;
    stop.asked_for().await;
    running.shutdown().await;
    Ok(())
}

/// The ways in which an operator stops a program.
struct Stop {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn new() -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?,
        })
    }

    #[cfg(unix)]
    async fn asked_for(mut self) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn asked_for(self) {
        tokio::signal::ctrl_c().await.ok();
    }
}

fn begin(data: &Path) -> Result<()> {
    print_code(&set_up(data)?)?;
    let next =
        "Start the server with `housecall-server serve`, open Housecall, choose \"Begin with a code\", and type it.";
    writeln!(io::stderr(), "{next} It is good for 72 hours, once.").ok();
    Ok(())
}

/// Alone on standard output, so that a script can take it.
fn print_code(code: &Phi<String>) -> Result<()> {
    writeln!(io::stdout(), "{}", code.expose()).context("the code could not be printed; ask for another")
}

fn add(arguments: &AddUser) -> Result<()> {
    let password = read_password()?;
    let file = NewFile::make(&arguments.totp_out)?;
    match add_user(&arguments.data, &arguments.name, arguments.role.into(), &password) {
        Ok(secret) => file.write(&secret),
        Err(error) => {
            file.discard();
            Err(error.into())
        }
    }
}

fn read_password() -> Result<Phi<String>> {
    let mut line = String::new();
    io::stdin().lock().take(LONGEST_LINE).read_line(&mut line).context("the password could not be read")?;
    let password = line.trim_end_matches(['\n', '\r']);
    if password.is_empty() {
        bail!("there is no password on standard input; type it, or pipe it in");
    }
    Ok(Phi::new(password.to_owned()))
}

/// The file for a secret, made before the account: an account whose secret could not be written is of no use.
struct NewFile<'a> {
    path: &'a Path,
    file: std::fs::File,
}

impl<'a> NewFile<'a> {
    fn make(path: &'a Path) -> Result<Self> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(path) {
            Ok(file) => Ok(Self { path, file }),
            Err(error) => bail!("the file {} cannot be made: {error}; give a new one with --totp-out", path.display()),
        }
    }

    fn write(mut self, secret: &Phi<String>) -> Result<()> {
        let written = writeln!(self.file, "{}", secret.expose()).and_then(|()| self.file.sync_all());
        match written {
            Ok(()) => Ok(()),
            Err(error) => bail!(
                "the account was made, but its second factor could not be written to {}: {error}; make another account",
                self.path.display()
            ),
        }
    }

    fn discard(self) {
        std::fs::remove_file(self.path).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_relay_stands_on_logs_nothing() {
        for library in RELAY_LIBRARIES {
            assert_eq!(off(library).to_string(), format!("{library}=off"));
        }
    }

    #[test]
    fn flags_of_the_relay_that_do_not_go_together_are_refused() {
        let parse = |flags: &[&str]| {
            let words = ["housecall-server", "serve", "--data", "d", "--listen", "127.0.0.1:0"];
            Arguments::try_parse_from(words.iter().chain(flags))
        };
        for good in [
            &[][..],
            &["--no-relay"],
            &["--relay-address", "192.0.2.1", "--relay-address", "2001:db8::1", "--relay-ports", "50000-50100"],
            &["--coturn", "turn:a:1", "--coturn", "turns:a:2", "--coturn-secret-file", "f", "--relay-only"],
        ] {
            assert!(parse(good).is_ok(), "{good:?}");
        }
        for bad in [
            &["--no-relay", "--relay-private-peers"][..],
            &["--no-relay", "--relay-only"],
            &["--coturn", "turn:a:1"],
            &["--coturn-secret-file", "f"],
            &["--coturn", "stun:a:1", "--coturn-secret-file", "f"],
            &["--relay-ports", "50000-50001"],
            &["--relay-ports", "1-65535"],
            &["--no-relay", "--coturn", "turn:a:1", "--coturn-secret-file", "f"],
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_relay_that_serves_everybody_is_refused_at_the_start_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "s").unwrap();
        let secret = secret.to_str().unwrap();
        let start = |flags: &[&str]| {
            let words = ["housecall-server", "serve", "--data", "d", "--listen", "127.0.0.1:0"];
            match Arguments::try_parse_from(words.iter().chain(flags)).unwrap().command {
                Command::Serve(serve) => serve.config().map(drop).map_err(|error| error.to_string()),
                _ => Ok(()),
            }
        };
        for public in
            ["turn:openrelay.metered.ca:80", "turns:global.turn.twilio.com:443?transport=tcp", "turn:eu.xirsys.com"]
        {
            let refused =
                start(&["--coturn", "turn:turn.clinic.example", "--coturn", public, "--coturn-secret-file", secret]);
            let sentence = refused.unwrap_err();
            assert!(sentence.starts_with(public) && sentence.contains("name a coturn of your own"), "{sentence}");
        }
        assert_eq!(start(&["--coturn", "turn:turn.clinic.example", "--coturn-secret-file", secret]), Ok(()));
        assert_eq!(start(&["--phone", "+1 555 0100"]), Ok(()));
        assert!(start(&["--phone", "call me"]).unwrap_err().contains("write digits"));
    }
}
