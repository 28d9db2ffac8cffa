//! The clinic's audit log, as somebody of the staff asks for it. Before anything is asked it is looked whether the log goes on
//! from what this machine keeps of it, and every row is proven against what was found so: nothing is shown by the server's word.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use audit::evidence::{Known, verify};
use audit::{Keeper, Row, leaf_hash, to_base64, verify_inclusion};
use desk::auditing::{
    AccessFound, AuditAnswer, AuditAsk, AuditTold, Chase, Exported, LogStanding, LogTrouble, NotWritten, PAGE,
    RowsWanted, Span, Touched, Touching, VerifiedLog,
};
use desk::{AccountState, StaffRow};
use signaling_client::{ClientError, RowsQuery, SignalingClient};
use signaling_protocol::{Code, VisitId};
use trust::{KeyFingerprint, ServerAddress};
use units::Phi;

use crate::kept_logs::KeptLog;
use crate::whole_file::WholeFile;

/// Rows that are asked for at once where all are looked through: as many as the server gives.
const AT_ONCE: u64 = 500;

/// Questions about one thing where all rows are looked through: 20,000 rows.
const MOST_QUESTIONS: usize = 40;

/// Sessions of one machine that are looked through.
const MOST_SESSIONS: usize = 500;

/// Somebody of the staff, and what this machine keeps of the clinic's log.
pub(crate) struct Auditor {
    client: SignalingClient,
    token: Phi<String>,
    /// The first is kept for the server's address; another for the clinic's key, once that is known, as visits keep it.
    logs: Vec<KeptLog>,
}

/// Why there is no answer.
enum Unasked {
    Client(ClientError),
    Log(LogTrouble),
}

impl From<ClientError> for Unasked {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

impl Auditor {
    /// `path` is where checkpoints are kept, if they are.
    pub(crate) fn new(
        client: SignalingClient,
        token: Phi<String>,
        path: Option<&Path>,
        server: &ServerAddress,
        clinic: Option<KeyFingerprint>,
    ) -> Self {
        // Who has signed in has not met the clinic's key yet. The address is what they typed, so a server cannot choose it.
        let by_address = KeyFingerprint(leaf_hash(format!("housecall server {}", server.base_url()).as_bytes()));
        let kept = |of| KeptLog::new(path.map(Path::to_owned), of, true);
        Self { client, token, logs: [by_address].into_iter().chain(clinic).map(kept).collect() }
    }

    /// Whether the log goes on from what this machine has seen of it; what is kept now.
    pub(crate) async fn look(&self) -> Result<(LogStanding, Option<Keeper>), ClientError> {
        let mut found = None;
        for log in &self.logs {
            let since = beside(log, KeptLog::since).await.unwrap_or_default();
            let reply = match self.client.checkpoint(&self.token, since).await {
                Err(ClientError::Refused(refusal)) if refusal.code == Code::Malformed && since > 0 => {
                    return Ok((wrong(audit::Alarm::RolledBack), None));
                }
                reply => reply?,
            };
            match beside(log, move |log| log.take(&reply)).await {
                Some(Ok(keeper)) => found = found.or(Some((since, keeper))),
                Some(Err(alarm)) => return Ok((wrong(alarm), None)),
                None => return Ok((LogStanding::Unknown, None)),
            }
        }
        let Some((since, keeper)) = found else { return Ok((LogStanding::Unknown, None)) };
        let checkpoint = keeper.newest().checkpoint;
        let verified = VerifiedLog {
            rows: checkpoint.size,
            unix_micros: checkpoint.unix_micros,
            since: (since > 0).then_some(since),
            key: to_base64(&keeper.key().to_bytes()),
        };
        Ok((LogStanding::Verified(verified), Some(keeper)))
    }

    /// Asks one thing.
    pub(crate) async fn ask(&self, ask: AuditAsk) -> Result<AuditAnswer, ClientError> {
        let (log, keeper) = self.look().await?;
        let staff = self.client.staff(&self.token).await?.staff;
        let keeper = keeper.as_ref();
        let told = match ask {
            AuditAsk::Rows(wanted) => {
                self.rows(&wanted, PAGE, keeper).await.map(|(rows, more)| AuditTold::Rows { rows, more })
            }
            AuditAsk::Touched(device, span) => self.touched(device, span, keeper).await.map(AuditTold::Touched),
            AuditAsk::Access => self.access(&staff).await.map(|found| AuditTold::Access(Box::new(found))),
            AuditAsk::Export(visit, file) => self.export(visit, file, keeper).await,
        };
        match told {
            Ok(told) => Ok(AuditAnswer { log, staff, told }),
            Err(Unasked::Client(error)) => Err(error),
            Err(Unasked::Log(trouble)) => {
                tracing::error!(?trouble, "the server lists rows that are not in the clinic's audit log");
                Ok(AuditAnswer { log: LogStanding::Wrong(trouble), staff, told: AuditTold::Withheld })
            }
        }
    }

    /// Rows, and whether there are more before them. Where the log goes on, each is proven to be in it; where it does not, they
    /// are what the server says, and whoever is shown them is told.
    async fn rows(
        &self,
        wanted: &RowsWanted,
        most: u64,
        keeper: Option<&Keeper>,
    ) -> Result<(Vec<String>, bool), Unasked> {
        let query = RowsQuery {
            about: wanted.about.clone(),
            also: wanted.also.clone(),
            what: wanted.what.clone(),
            since: wanted.span.since,
            until: wanted.span.until,
            before: wanted.before,
            most: Some(most),
            proofs: keeper.map(|keeper| keeper.newest().checkpoint.size),
        };
        let reply = self.client.audit_rows(&self.token, &query).await?;
        if let Some(keeper) = keeper {
            let proofs = reply.proofs.iter().map(|proof| proof.0.as_slice()).chain(std::iter::repeat(&[][..]));
            for (row, proof) in reply.rows.iter().zip(proofs) {
                prove(row, proof, keeper).map_err(Unasked::Log)?;
            }
        }
        Ok((reply.rows, reply.more))
    }

    /// All rows, and whether these are all.
    async fn all(&self, mut wanted: RowsWanted, keeper: Option<&Keeper>) -> Result<(Vec<String>, bool), Unasked> {
        let mut all = Vec::new();
        for _ in 0..MOST_QUESTIONS {
            let (rows, more) = self.rows(&wanted, AT_ONCE, keeper).await?;
            let last = rows.last().and_then(|row| Row::parse(row).ok()).map(|row| row.number);
            all.extend(rows);
            let goes_back = last.is_some_and(|last| wanted.before.is_none_or(|before| last < before));
            if !more {
                return Ok((all, true));
            }
            if !goes_back {
                break;
            }
            wanted.before = last;
        }
        Ok((all, false))
    }

    async fn touched(&self, device: String, span: Span, keeper: Option<&Keeper>) -> Result<Touched, Unasked> {
        let (mut open, mut sessions, mut is_whole) = (Vec::from_iter(Chase::of(&device)), BTreeSet::new(), true);
        while let Some(step) = open.pop() {
            let Some(wanted) = step.asks() else {
                if let Chase::Session(session) = step {
                    sessions.insert(session);
                }
                continue;
            };
            let (rows, whole) = self.all(wanted, keeper).await?;
            is_whole &= whole;
            let mut next: Vec<_> = rows.iter().filter_map(|row| step.follow(row)).collect();
            next.dedup();
            if next.is_empty() {
                next.extend(step.at_least());
            }
            open.extend(next);
        }
        is_whole &= sessions.len() <= MOST_SESSIONS;
        let mut touching = Touching::default();
        for session in sessions.iter().take(MOST_SESSIONS) {
            let (rows, whole) = self.all(Touching::asks(session, span), keeper).await?;
            is_whole &= whole;
            rows.iter().for_each(|row| touching.take(row));
        }
        Ok(touching.finish(device, sessions.len(), is_whole))
    }

    async fn access(&self, staff: &[StaffRow]) -> Result<AccessFound, Unasked> {
        let mut found = AccessFound::default();
        for row in staff.iter().filter(|row| row.state == AccountState::Active) {
            found.sessions.push((row.staff, self.client.sessions(&self.token, row.staff).await?.sessions));
        }
        let mut after = None;
        loop {
            let page = self.client.devices(&self.token, after).await?;
            after = page.devices.last().map(|device| device.device);
            found.devices.extend(page.devices);
            found.waiting = page.waiting;
            if !page.more || after.is_none() {
                return Ok(found);
            }
        }
    }

    /// Writes a visit's evidence, and beside it the checkpoint that this machine keeps. A file that this machine does not believe
    /// is written, too: it shows that something is wrong.
    async fn export(&self, visit: VisitId, file: PathBuf, keeper: Option<&Keeper>) -> Result<AuditTold, Unasked> {
        let mut checkpoint = file.clone().into_os_string();
        checkpoint.push(".checkpoint");
        let checkpoint = PathBuf::from(checkpoint);
        let places = (file.clone(), checkpoint.clone());
        let prepared = blocking(move || Ok((free(&places.0)?, free(&places.1)?))).await;
        let (evidence_file, checkpoint_file) = match prepared {
            Ok(prepared) => prepared,
            Err(why) => return Ok(AuditTold::NotWritten(why)),
        };
        let kept = match (keeper, self.logs.first()) {
            (Some(keeper), _) => Some(keeper.clone()),
            (None, Some(log)) => beside(log, KeptLog::keeper).await.flatten(),
            (None, None) => None,
        };
        let about = visit.to_string();
        let since = kept.as_ref().map_or(0, |kept| kept.newest().checkpoint.size);
        let text = match self.client.evidence(&self.token, &about, since).await {
            // A log that was cut goes on from nothing that is kept. Its file is refused for that.
            Err(ClientError::Refused(refusal)) if refusal.code == Code::Malformed && since > 0 => {
                self.client.evidence(&self.token, &about, 0).await?
            }
            text => text?,
        };
        let note = kept.as_ref().map(|kept| kept.newest().note().to_owned());
        let known =
            Known { key: kept.as_ref().map(|kept| kept.key().to_bytes()), kept: note.clone().into_iter().collect() };
        let written = blocking(move || {
            let found = verify(text.strip_suffix('\n').unwrap_or(&text).split('\n'), &known);
            evidence_file.finish(text.as_bytes()).map_err(system)?;
            checkpoint_file.finish(note.unwrap_or_default().as_bytes()).map_err(system)?;
            Ok(found)
        });
        let found = match written.await {
            Ok(found) => found,
            Err(why) => return Ok(AuditTold::NotWritten(why)),
        };
        let (rows, agreed, one_sided) = found.as_ref().map_or((0, 0, 0), |one| (one.rows, one.agreed, one.one_sided));
        let refused = match &found {
            Ok(found) if found.about == about => None,
            Ok(_) => Some("foreign_row"),
            Err(refusal) => Some(refusal.name()),
        };
        Ok(AuditTold::Exported(Exported { visit, file, checkpoint, rows, agreed, one_sided, refused }))
    }
}

fn wrong(alarm: audit::Alarm) -> LogStanding {
    tracing::error!(alarm = alarm.name(), why = %alarm, "the clinic's audit log is not what it was");
    LogStanding::Wrong(alarm.into())
}

/// Whether a row is in the log that was verified.
fn prove(row: &str, proof: &[u8], keeper: &Keeper) -> Result<(), LogTrouble> {
    let checkpoint = keeper.newest().checkpoint;
    let number = Row::parse(row).map_or(u64::MAX, |row| row.number);
    let (hashes, rest) = proof.as_chunks::<32>();
    let is_in = number < checkpoint.size
        && rest.is_empty()
        && verify_inclusion(&checkpoint.root, checkpoint.size, number, row.as_bytes(), hashes).is_ok();
    is_in.then_some(()).ok_or(LogTrouble::NotIncluded(number))
}

/// A place for a file where there is none yet.
fn free(path: &Path) -> Result<WholeFile, NotWritten> {
    match path.try_exists() {
        Ok(true) => Err(NotWritten::Exists),
        Ok(false) => WholeFile::prepare(path).map_err(system),
        Err(error) => Err(system(error)),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn system(error: io::Error) -> NotWritten {
    NotWritten::System(error.to_string())
}

/// What waits for the disk, or takes its time.
async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, NotWritten> + Send + 'static,
) -> Result<T, NotWritten> {
    let failed = |error: tokio::task::JoinError| NotWritten::System(error.to_string());
    tokio::task::spawn_blocking(act).await.map_err(failed)?
}

/// What waits for the disk, about a log that is kept.
pub(crate) async fn beside<T: Send + 'static>(
    log: &KeptLog,
    act: impl FnOnce(&KeptLog) -> T + Send + 'static,
) -> Option<T> {
    let log = log.clone();
    tokio::task::spawn_blocking(move || act(&log)).await.ok()
}

#[cfg(test)]
mod tests {
    use audit::{Checkpoint, LogSigner, MemoryNodes, SignedCheckpoint, inclusion_proof, root};

    use super::*;

    #[test]
    fn a_row_that_is_not_in_the_log_that_was_verified_is_not_believed() {
        let row = |number: u64, what| audit::row(1, "server", what).unwrap().finish(number, None).unwrap();
        let rows: Vec<_> = (0..5).map(|number| row(number, "key_drawn")).collect();
        let nodes = MemoryNodes::of(rows.iter().map(|row| leaf_hash(row.as_bytes())));
        let signer = LogSigner::from_seed(&[1; 32]).unwrap();
        let checkpoint = Checkpoint { size: 5, root: root(&nodes, 5).unwrap(), unix_micros: 1 };
        let note = SignedCheckpoint::sign(&signer, checkpoint).note().to_owned();
        let keeper = Keeper::first(signer.public().clone(), &note).unwrap();
        let proof = |number| inclusion_proof(&nodes, 5, number).unwrap().unwrap().concat();
        for (number, row) in (0..).zip(&rows) {
            assert_eq!(prove(row, &proof(number), &keeper), Ok(()));
        }
        let refused = [
            (row(2, "backed_up"), proof(2), 2),
            (rows[2].clone(), proof(3), 2),
            (rows[2].clone(), Vec::new(), 2),
            (rows[2].clone(), [proof(2), vec![0]].concat(), 2),
            (row(5, "key_drawn"), proof(4), 5),
            ("no row".to_owned(), proof(4), u64::MAX),
        ];
        for (row, proof, number) in refused {
            assert_eq!(prove(&row, &proof, &keeper), Err(LogTrouble::NotIncluded(number)), "{row}");
        }
    }
}
