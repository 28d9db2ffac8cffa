//! What is done about accounts.

use std::io::{self, BufRead, Read, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use server::accounts::{add_user, give_code, set_up};
use units::Phi;

use super::arguments::{AddUser, UserCommand, Where};

/// A password is a line; whoever pipes in more has piped in the wrong file.
const LONGEST_LINE: u64 = 4_096;

pub(crate) fn begin(data: Where) -> Result<()> {
    print_code(&set_up(&data.place()?)?)?;
    let next =
        "Start the server with `housecall-server serve`, open Housecall, choose \"Begin with a code\", and type it.";
    writeln!(io::stderr(), "{next} It is good for 72 hours, once.").ok();
    Ok(())
}

pub(crate) fn run(command: UserCommand) -> Result<()> {
    match command {
        UserCommand::Add(arguments) => add(arguments),
        UserCommand::Code(arguments) => print_code(&give_code(&arguments.data.place()?, &arguments.name)?),
    }
}

/// Alone on standard output, so that a script can take it.
fn print_code(code: &Phi<String>) -> Result<()> {
    writeln!(io::stdout(), "{}", code.expose()).context("the code could not be printed; ask for another")
}

fn add(arguments: AddUser) -> Result<()> {
    let password = read_password()?;
    let place = arguments.data.place()?;
    let file = NewFile::make(&arguments.totp_out)?;
    match add_user(&place, &arguments.name, arguments.role.into(), &password) {
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
