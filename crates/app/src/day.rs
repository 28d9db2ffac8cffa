//! `housecall headless day`: what staff do about the day, without a window.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use session::desk::day::{Choice, VisitCard};
use session::{
    Account, Appointment, CancelReason, DayCommand as Command, DeviceBy, GuestRole, Moved, ProxyChoice, WaitingNote,
    WholeFile, office,
};

use crate::day_arguments::{BesideWord, ClockChange, DayArguments, DayCommand, NoteWord, StaffArguments};
use crate::headless::{account_of, json_file};

/// Does it, and writes the answer to standard output; a link goes to its file alone.
pub(crate) fn run(arguments: DayArguments) -> Result<u8> {
    let DayArguments { staff, identity, command } = arguments;
    let (account, proxies) = staff_account(staff)?;
    let (command, invite_out) = read(command)?;
    let prepare = |path: PathBuf| {
        WholeFile::prepare(&path).map_err(|error| anyhow!("the link cannot be written to {}: {error}", path.display()))
    };
    let device = identity.as_deref().map_or(DeviceBy::Keyring, DeviceBy::Folder);
    // A mistyped folder is known before anything is made.
    let file = invite_out.map(prepare).transpose()?;
    let mut answer = office::run(&account, device, proxies, command)?;
    let link = answer.as_object_mut().and_then(|members| members.remove("link"));
    if let (Some(file), Some(link)) = (file, link.as_ref().and_then(|link| link.as_str())) {
        file.finish(format!("{link}\n").as_bytes()).context("the link cannot be written; make room on the disk")?;
    }
    writeln!(std::io::stdout().lock(), "{answer}").context("the answer cannot be written")?;
    Ok(0)
}

fn read(command: DayCommand) -> Result<(Command, Option<PathBuf>)> {
    Ok(match command {
        DayCommand::Schedule { start, zone, clock_change, minutes, clinician, card_file, invite_out } => {
            let card: Option<VisitCard> = card_file.as_deref().map(|path| json_file("the card", path)).transpose()?;
            let choice = clock_change.map(chosen);
            let card = card.unwrap_or_default();
            let appointment = Appointment { start, zone, choice, minutes, clinician, card };
            (Command::Schedule(Box::new(appointment)), Some(invite_out))
        }
        DayCommand::Move { visit, start, zone, clock_change, minutes } => {
            let choice = clock_change.map(chosen);
            (Command::Move(visit, Moved { start, zone, choice, minutes }), None)
        }
        DayCommand::List { day, zone } => (Command::List { day, zone }, None),
        DayCommand::Cancel { visit } => (Command::Cancel(visit, CancelReason::Cancelled), None),
        DayCommand::NoShow { visit } => (Command::Cancel(visit, CancelReason::NoShow), None),
        DayCommand::HandOver { visit, clinician } => (Command::HandOver(visit, clinician), None),
        DayCommand::Tell { visit, note } => (Command::Tell(visit, said(note)), None),
        DayCommand::Reinvite { visit, invite_out } => (Command::Reinvite(visit), Some(invite_out)),
        DayCommand::Invite { visit, role, invite_out } => {
            let role = match role {
                BesideWord::Guardian => GuestRole::Guardian,
                BesideWord::Interpreter => GuestRole::Interpreter,
            };
            (Command::Invite(visit, role), Some(invite_out))
        }
        DayCommand::Revoke { visit, invite } => (Command::Revoke(visit, invite), None),
    })
}

/// Who of the staff asks, with the secrets read from their files, and by way of which proxies.
pub(crate) fn staff_account(staff: StaffArguments) -> Result<(Account, ProxyChoice)> {
    let account = Account { known_file: staff.known_file, ..account_of(staff.account)? };
    Ok((account, staff.network.proxies()))
}

const fn chosen(which: ClockChange) -> Choice {
    match which {
        ClockChange::Earlier => Choice::Earlier,
        ClockChange::Later => Choice::Later,
        ClockChange::Rule => Choice::ByRule,
    }
}

const fn said(note: NoteWord) -> WaitingNote {
    match note {
        NoteWord::Late { minutes } => WaitingNote::Late { minutes },
        NoteWord::Next => WaitingNote::Next,
        NoteWord::CallUs => WaitingNote::CallUs,
        NoteWord::Nothing => WaitingNote::Nothing,
    }
}
