//! Backups, the storage key, and what is kept of the audit log.

use std::io::{self, Write};

use anyhow::Result;
use server::audit_log::{hold, holds, public_key};
use server::backup::{Manifest, back_up, inspect, restore};
use server::storage_key::{fresh_key_line, rotate};

use super::arguments::{AuditCommand, Backup, KeyCommand, Restore};

pub(crate) fn make(arguments: Backup) -> Result<()> {
    let made = back_up(&arguments.data.place()?, &arguments.to)?;
    say(&format!("{} is written and was read once more: {}.", arguments.to.display(), words(&made)));
    Ok(())
}

pub(crate) fn bring_back(arguments: Restore) -> Result<()> {
    let place = arguments.data.place()?;
    if arguments.check {
        let found = inspect(&place, &arguments.from)?;
        say(&format!("{} is whole and opens: {}.", arguments.from.display(), words(&found)));
        return Ok(());
    }
    let found = restore(&place, &arguments.from)?;
    say(&format!("{} holds the backup: {}. Everybody signs in anew.", place.directory.display(), words(&found)));
    Ok(())
}

pub(crate) fn keys(command: KeyCommand) -> Result<()> {
    match command {
        // Alone on standard output, so that a script can take it.
        KeyCommand::New => Ok(write!(io::stdout(), "{}", fresh_key_line()?.expose())?),
        KeyCommand::Rotate(data) => {
            rotate(&data.place()?)?;
            say("Everything is sealed with a new key. Copy the key file to where you keep the last one.");
            Ok(())
        }
    }
}

/// What was asked for stands alone on standard output.
pub(crate) fn log(command: AuditCommand) -> Result<()> {
    let said = match command {
        AuditCommand::Key(data) => {
            let (name, key) = public_key(&data.place()?)?;
            format!("{name}\n{key}\n")
        }
        AuditCommand::Hold(held) => hold(&held.data.place()?, &held.about, true).map(|()| String::new())?,
        AuditCommand::Release(held) => hold(&held.data.place()?, &held.about, false).map(|()| String::new())?,
        AuditCommand::Holds(data) => holds(&data.place()?)?.into_iter().map(|about| about + "\n").collect(),
    };
    Ok(io::stdout().write_all(said.as_bytes())?)
}

fn words(manifest: &Manifest) -> String {
    let Manifest { program, database_version, made_unix_secs, .. } = manifest;
    format!("version {program}, database version {database_version}, made at {made_unix_secs} (Unix time)")
}

fn say(sentence: &str) {
    writeln!(io::stderr(), "{sentence}").ok();
}
