//! What an auditor does without a window: the rows of the log, what a device did, who has access, the evidence of a visit. Each
//! is one go from signing in to the answer.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use desk::DeviceRole;
use desk::auditing::{
    AccessDevice, AuditAsk, AuditFilter, AuditProblem, AuditTold, Chase, DeviceAccess, LogStanding, LogTrouble,
    NotWritten, Span, access_lines,
};
use desk::day::Calendar;
use serde_json::{Value, json};
use signaling_protocol::{StaffId, VisitId};
use units::Clock;

use crate::headless::{Account, InputError, runtime};
use crate::identity;
use crate::proxies::{ProxyChoice, ProxyFinder};
use crate::signed_in::{Going, SignedIn};

/// What is asked of the audit log.
#[derive(Debug)]
pub enum AuditCommand {
    /// A page of rows, the newest first.
    Rows {
        /// Of this kind.
        kind: Option<String>,
        /// By this account, or about it.
        account: Option<StaffId>,
        /// About this.
        about: Option<String>,
        /// From when to when, as it is typed.
        span: TypedSpan,
        /// Before this row.
        before: Option<u64>,
    },
    /// Which visits a device touched.
    Touched {
        /// `dev_…`, `mac_…` or `ses_…`.
        device: String,
        /// From when to when, as it is typed.
        span: TypedSpan,
    },
    /// Who has access now.
    Access,
    /// The evidence of a visit.
    Export {
        /// Which.
        visit: VisitId,
        /// Where it is written; nothing may be there yet. The checkpoint that is kept is written beside it.
        file: PathBuf,
    },
}

/// From when to when, on the clock of a time zone.
#[derive(Debug, Clone, Default)]
pub struct TypedSpan {
    /// The zone; UTC without one.
    pub zone: Option<String>,
    /// Not before then.
    pub from: String,
    /// Not after then.
    pub until: String,
}

impl TypedSpan {
    fn calendar(&self) -> Result<Calendar, InputError> {
        Ok(self.zone.as_deref().map(Calendar::new).transpose()?.unwrap_or_else(Calendar::utc))
    }

    fn read(&self) -> Result<Span, InputError> {
        Span::read(&self.calendar()?, &self.from, &self.until).map_err(typed)
    }
}

/// How long this machine's device may take to say how it stands, before others' certificates are left unverified.
const DEVICE_WITHIN: Duration = Duration::from_secs(5);

/// Asks one thing and answers what came of it, as JSON. What is said of the log is under `log`: `state` is `verified`, or what
/// is wrong.
///
/// # Errors
/// What was given cannot be used, or the server says no.
pub fn run(account: &Account, proxies: ProxyChoice, command: AuditCommand) -> Result<Value, InputError> {
    let clock = Clock::starting_at(Instant::now(), SystemTime::now());
    let ask = read(&command)?;
    runtime()?.block_on(async {
        let signed_in = SignedIn::by(account, ProxyFinder::new(proxies), Going::On, clock).await?;
        let answer = signed_in.auditor(account).ask(ask).await;
        let answer = match answer {
            Err(error) => Err(InputError::Asked(error)),
            Ok(answer) => {
                let own = match &answer.told {
                    AuditTold::Access(_) => own_device(&signed_in).await,
                    _ => None,
                };
                told(answer.told, &answer.staff, own.as_ref(), clock).map(|mut told| {
                    told["log"] = standing(&answer.log);
                    told
                })
            }
        };
        // It may have gone on meanwhile.
        signed_in.keep().await;
        answer
    })
}

fn read(command: &AuditCommand) -> Result<AuditAsk, InputError> {
    Ok(match command {
        AuditCommand::Rows { kind, account, about, span, before } => {
            let filter = AuditFilter {
                kind: kind.clone(),
                account: *account,
                about: about.clone().unwrap_or_default(),
                from: span.from.clone(),
                until: span.until.clone(),
            };
            AuditAsk::Rows(filter.wanted(&span.calendar()?, *before).map_err(typed)?)
        }
        AuditCommand::Touched { device, span } => {
            Chase::of(device).ok_or(InputError::NotADevice)?;
            AuditAsk::Touched(device.trim().to_owned(), span.read()?)
        }
        AuditCommand::Access => AuditAsk::Access,
        AuditCommand::Export { visit, file } => AuditAsk::Export(*visit, file.clone()),
    })
}

fn typed(problem: AuditProblem) -> InputError {
    match problem {
        AuditProblem::Time => InputError::Calendar(desk::day::CalendarError::Time),
        _ => InputError::NotAnId,
    }
}

/// This machine's device, if the clinic vouches for it: by it the others' certificates are verified.
async fn own_device(signed_in: &SignedIn) -> Option<trust::DeviceIdentity> {
    tokio::time::timeout(DEVICE_WITHIN, signed_in.device()).await.ok()?.ok()
}

fn standing(log: &LogStanding) -> Value {
    match log {
        LogStanding::Unknown => json!({ "state": "unknown" }),
        LogStanding::Verified(log) => json!({
            "state": "verified", "rows": log.rows, "unix_micros": log.unix_micros, "since": log.since, "key": log.key,
        }),
        LogStanding::Wrong(trouble) => json!({ "state": match trouble {
            LogTrouble::OtherKey => audit::Alarm::OtherKey.name(),
            LogTrouble::NotSigned => audit::Alarm::NotSigned.name(),
            LogTrouble::RolledBack => audit::Alarm::RolledBack.name(),
            LogTrouble::Forked => audit::Alarm::Forked.name(),
            LogTrouble::NotIncluded(_) => "log_row_not_included",
        } }),
    }
}

fn told(
    told: AuditTold,
    staff: &[desk::StaffRow],
    own: Option<&trust::DeviceIdentity>,
    clock: Clock,
) -> Result<Value, InputError> {
    Ok(match told {
        AuditTold::Rows { rows, more } => {
            let rows: Vec<Value> = rows.iter().filter_map(|row| serde_json::from_str(row).ok()).collect();
            json!({ "rows": rows, "more": more })
        }
        AuditTold::Withheld => json!({ "rows": [], "more": false }),
        AuditTold::Touched(found) => {
            let visits = found.visits.iter().map(|visit| {
                json!({ "visit": visit.visit, "by": visit.by, "rows": visit.rows,
                    "first_unix_micros": visit.first_unix_micros, "last_unix_micros": visit.last_unix_micros })
            });
            let visits: Vec<_> = visits.collect();
            json!({ "device": found.device, "sessions": found.sessions, "visits": visits, "whole": found.is_whole })
        }
        AuditTold::Access(found) => {
            let now = identity::unix_now(clock);
            let lines = access_lines(staff, &found, own, now, &Calendar::utc());
            let accounts = lines.iter().map(|line| {
                let devices: Vec<_> = line.devices.iter().map(device).collect();
                let sessions: Vec<_> = line
                    .sessions
                    .iter()
                    .map(|one| json!({ "session": one.session, "label": one.label, "began": one.began, "used": one.used }))
                    .collect();
                json!({ "staff": line.staff, "name": line.name.expose(), "role": line.role, "state": line.state,
                    "sessions": sessions, "devices": devices })
            });
            json!({ "accounts": accounts.collect::<Vec<_>>() })
        }
        AuditTold::Exported(exported) => json!({
            "visit": exported.visit, "file": exported.file, "checkpoint": exported.checkpoint, "rows": exported.rows,
            "agreed": exported.agreed, "one_sided": exported.one_sided, "refused": exported.refused,
        }),
        AuditTold::NotWritten(why) => {
            return Err(InputError::Evidence(match why {
                NotWritten::Exists => {
                    "there is a file of that name already, or one beside it that ends in .checkpoint".to_owned()
                }
                NotWritten::System(why) => why,
            }));
        }
    })
}

fn device(device: &AccessDevice) -> Value {
    let (state, role, until) = match &device.state {
        DeviceAccess::Vouched { role, until } => ("vouched", Some(role_word(*role)), Some(until)),
        DeviceAccess::Over => ("over", None, None),
        DeviceAccess::Revoked => ("revoked", None, None),
        DeviceAccess::NotVouched => ("not_vouched", None, None),
        DeviceAccess::Waiting => ("waiting", None, None),
        DeviceAccess::Listed => ("listed", None, None),
    };
    json!({ "device": device.device, "state": state, "role": role, "until": until })
}

/// As accounts' roles are written on the wire.
const fn role_word(role: DeviceRole) -> &'static str {
    match role {
        DeviceRole::Admin => "admin",
        DeviceRole::Clinician => "clinician",
        DeviceRole::FrontDesk => "front_desk",
        DeviceRole::Auditor => "auditor",
    }
}
