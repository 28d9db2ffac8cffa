//! `housecall headless keys`: a clinic's key that is made, and devices that are let in, without a window.

use std::io::Write;

use anyhow::{Context, Result};
use session::desk::DeviceRole;
use session::{KeysCommand as Command, Spoken, carry_out_keys};
use units::Phi;

use crate::arguments::Span;
use crate::day::staff_account;
use crate::keys_arguments::{KeysArguments, KeysCommand, RoleWord, SpokenArguments};

/// Does it, and writes the answer to standard output.
pub(crate) fn run(arguments: KeysArguments) -> Result<u8> {
    let KeysArguments { staff, give_up: Span(give_up), command } = arguments;
    let (account, proxies) = staff_account(staff)?;
    let answer = carry_out_keys(&account, proxies, give_up, read(command))?;
    writeln!(std::io::stdout().lock(), "{answer}").context("the answer cannot be written")?;
    Ok(0)
}

fn read(command: KeysCommand) -> Command {
    match command {
        KeysCommand::SetUp { sheet_out } => Command::SetUp { sheet_out },
        KeysCommand::Ask { spoken } => Command::Ask(by_files(spoken)),
        KeysCommand::LetIn { account, name, role, spoken } => {
            let role = match role {
                RoleWord::Admin => DeviceRole::Admin,
                RoleWord::Clinician => DeviceRole::Clinician,
                RoleWord::FrontDesk => DeviceRole::FrontDesk,
                RoleWord::Auditor => DeviceRole::Auditor,
            };
            Command::LetIn { account: Phi::new(account), name: Phi::new(name), role, spoken: by_files(spoken) }
        }
    }
}

fn by_files(spoken: SpokenArguments) -> Spoken {
    Spoken { digits_out: spoken.digits_out, digits_in: spoken.digits_in }
}
