//! `housecall headless audit`: what an auditor does, without a window.

use std::io::Write;

use anyhow::{Context, Result};
use session::{AuditCommand as Command, TypedSpan, carry_out_audit};

use crate::audit_arguments::{AuditArguments, AuditCommand, SpanArguments};
use crate::day::staff_account;

/// Does it, and writes the answer to standard output.
pub(crate) fn run(arguments: AuditArguments) -> Result<u8> {
    let AuditArguments { staff, command } = arguments;
    let (account, proxies) = staff_account(staff)?;
    let answer = carry_out_audit(&account, proxies, read(command))?;
    writeln!(std::io::stdout().lock(), "{answer}").context("the answer cannot be written")?;
    Ok(0)
}

fn read(command: AuditCommand) -> Command {
    match command {
        AuditCommand::Rows { kind, account, about, span, before } => {
            Command::Rows { kind, account, about, span: typed(span), before }
        }
        AuditCommand::Touched { device, span } => Command::Touched { device, span: typed(span) },
        AuditCommand::Access => Command::Access,
        AuditCommand::Export { visit, out } => Command::Export { visit, file: out },
    }
}

fn typed(span: SpanArguments) -> TypedSpan {
    TypedSpan { zone: span.zone, from: span.from, until: span.until }
}
