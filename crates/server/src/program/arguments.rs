//! The command line, and what it and the environment and the settings' file come to.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use server::settings::{Settings, refuse_unknown};
use server::storage_key::Place;
use signaling_protocol::StaffRole;

/// A clinic's Housecall server: visits and waiting room, accounts, STUN and TURN.
#[derive(Parser)]
#[command(version, about)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Makes the data directory of a new clinic, and prints a one-time code by which its first admin begins in the app.
    Setup(Where),
    /// Serves until it is told to stop. Prints one line when it is ready; reads its certificate anew on SIGHUP.
    Serve(With),
    /// Looks at the settings and the files that they name, and says which are weak and what to do; opens nothing.
    Check(Check),
    /// Looks at the machine, its network and the settings, which are those of `serve`, and says what is wrong.
    Doctor(Check),
    /// The staff's accounts.
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Writes a sealed backup to a new file, while the server serves or not, and reads it once more to be sure.
    Backup(Backup),
    /// Brings a backup back into a data directory without a database. Everybody is signed out by it.
    Restore(Restore),
    /// The audit log: its key, and what is kept beyond its time.
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// The storage key, which seals second factors, the server's keys and backups.
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
}

/// All settings.
#[derive(Args)]
pub(crate) struct With {
    /// The settings' file (TOML). What is given here or in the environment goes before it.
    #[arg(long, value_name = "F", env = server::settings::FILE_VARIABLE)]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

/// Where the data is.
#[derive(Args)]
pub(crate) struct Where {
    /// The settings' file (TOML), for where the data and its key are.
    #[arg(long, value_name = "F", env = server::settings::FILE_VARIABLE)]
    config: Option<PathBuf>,
    /// Where everything is kept; made if it is not there.
    #[arg(long, value_name = "DIR", env = "HOUSECALL_SERVER_DATA")]
    data: Option<PathBuf>,
    /// The file with the key of what is sealed there. Without it, one in the data directory.
    #[arg(long, value_name = "F", env = "HOUSECALL_SERVER_STORAGE_KEY_FILE")]
    storage_key_file: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) with: With,
    /// Prints what was found as JSON, and nothing else.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Backup {
    #[command(flatten)]
    pub(crate) data: Where,
    /// The new file.
    #[arg(long, value_name = "F")]
    pub(crate) to: PathBuf,
}

#[derive(Args)]
pub(crate) struct Restore {
    #[command(flatten)]
    pub(crate) data: Where,
    /// The backup.
    #[arg(long, value_name = "F")]
    pub(crate) from: PathBuf,
    /// Only reads the backup to its end, and changes nothing.
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// Prints a new key, for a file, the environment or systemd's credentials.
    New,
    /// Puts a new key before those in the key file, and seals everything anew with it; the server must not be running. The
    /// keys before it stay in the file, because earlier backups need them.
    Rotate(Where),
}

#[derive(Subcommand)]
pub(crate) enum AuditCommand {
    /// Prints the log's name and its public key: write both down where nobody who runs this server can change them.
    Key(Where),
    /// Keeps what is about something beyond its time (legal hold).
    Hold(Held),
    /// Keeps it no longer than anything else.
    Release(Held),
    /// Prints what is on hold.
    Holds(Where),
}

#[derive(Args)]
pub(crate) struct Held {
    /// A visit, an account, any id of the log; or `all`.
    pub(crate) about: String,
    #[command(flatten)]
    pub(crate) data: Where,
}

#[derive(Subcommand)]
pub(crate) enum UserCommand {
    /// Makes an account, for scripts: people begin by a code from an admin's app. The password is read from standard input.
    /// Works while the server serves.
    Add(AddUser),
    /// Prints a one-time code by which somebody begins anew, when no admin can help: password and second factor are void.
    Code(GiveCode),
}

#[derive(Args)]
pub(crate) struct GiveCode {
    /// The name of the account.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) data: Where,
}

#[derive(Args)]
pub(crate) struct AddUser {
    /// The name to sign in with.
    pub(crate) name: String,
    /// What the account may do.
    #[arg(long, value_enum)]
    pub(crate) role: Role,
    #[command(flatten)]
    pub(crate) data: Where,
    /// The secret of the second factor (base32, for an authenticator app) is written to this new file.
    #[arg(long, value_name = "F")]
    pub(crate) totp_out: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Role {
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

impl With {
    /// What all three places say, and where the data and its key are.
    pub(crate) fn resolve(self) -> Result<(Settings, Place)> {
        let below = self.config.as_deref().map(Settings::read).transpose()?.unwrap_or_default();
        known_variables_alone()?;
        let settings = self.settings.over(below);
        let place = settings.place(variable)?;
        Ok((settings, place))
    }
}

impl Where {
    /// Where the data and its key are.
    pub(crate) fn place(self) -> Result<Place> {
        let Self { config, data, storage_key_file } = self;
        let (_, place) =
            With { config, settings: Settings { data, storage_key_file, ..Settings::default() } }.resolve()?;
        Ok(place)
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn known_variables_alone() -> Result<()> {
    let program = Arguments::command();
    let known: Vec<String> = program
        .get_subcommands()
        .flat_map(|command| command.get_arguments())
        .filter_map(|argument| Some(argument.get_env()?.to_string_lossy().into_owned()))
        .collect();
    let names = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    Ok(refuse_unknown(names, |name| known.iter().any(|known| known == name))?)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            &["--tls-cert", "c", "--tls-key", "k", "--metrics-listen", "127.0.0.1:9464", "--trusted-proxy", "10.0.0.1"],
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
            &["--tls-cert", "c"],
            &["--trusted-proxy", "everybody"],
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
                Command::Serve(with) => {
                    let (settings, place) = with.resolve().unwrap();
                    settings.config(place).map(drop).map_err(|error| error.to_string())
                }
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
