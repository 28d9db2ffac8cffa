//! The `housecall-server` program: `serve`, and `user add`.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use server::accounts::add_user;
use server::{CertificateFiles, Config, serve};
use signaling_protocol::StaffRole;
use tracing_subscriber::EnvFilter;
use units::Phi;

/// A clinic's Housecall server: visits and waiting room, accounts, STUN.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves until it is told to stop. Prints one line when it is ready.
    Serve(Serve),
    /// The staff's accounts.
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
}

#[derive(Args)]
struct Serve {
    /// Where everything is kept; made if it is not there.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Address and port, for HTTPS by TCP and for STUN by UDP.
    #[arg(long, value_name = "ADDR:PORT")]
    listen: SocketAddr,
    /// A certificate chain in PEM; without it, a self-signed one is made and links carry its pin.
    #[arg(long, value_name = "F", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key in PEM.
    #[arg(long, value_name = "F", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

#[derive(Subcommand)]
enum UserCommand {
    /// Makes an account; the password is read from standard input. Works while the server serves.
    Add(AddUser),
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
    /// Asks for a second factor at sign-in, and writes its secret (base32, for an authenticator app) to this new file.
    #[arg(long, value_name = "F")]
    totp_out: Option<PathBuf>,
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
    let filter = EnvFilter::try_from_env("HOUSECALL_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(io::stderr).init();
    let done = match Arguments::parse().command {
        Command::Serve(arguments) => run(arguments),
        Command::User { command: UserCommand::Add(arguments) } => add(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            writeln!(io::stderr(), "housecall-server: {error}").ok();
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(arguments: Serve) -> Result<()> {
    let certificate = arguments.tls_cert.zip(arguments.tls_key);
    let certificate = certificate.map(|(certificate, key)| CertificateFiles { certificate, key });
    let config = Config { certificate, ..Config::new(arguments.data, arguments.listen) };
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

fn add(arguments: &AddUser) -> Result<()> {
    let password = read_password()?;
    let file = arguments.totp_out.as_deref().map(NewFile::make).transpose()?;
    let secret = add_user(&arguments.data, &arguments.name, arguments.role.into(), &password, file.is_some());
    match (secret, file) {
        (Ok(Some(secret)), Some(file)) => file.write(&secret),
        (Ok(_), _) => Ok(()),
        (Err(error), file) => {
            if let Some(file) = file {
                file.discard();
            }
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
