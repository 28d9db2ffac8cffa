//! The keys of who signs in without a window: a clinic's key that is made, and a device that is let in by digits which files
//! carry from one program to the other, as two people would by voice. What is decided is [`desk::Keys`]'s, as in a window; what
//! is kept is in the system's keyring, and nowhere else.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use desk::{DeviceRole, DeviceStanding, KeysIntent, KeysProblem, KeysSnapshot, OfficeStage};
use serde_json::{Value, json};
use signaling_client::ClientError;
use units::{Clock, Phi};
use zeroize::Zeroizing;

use super::KeysHandle;
use crate::headless::{Account, InputError, runtime};
use crate::proxies::{ProxyChoice, ProxyFinder};
use crate::signed_in::{Going, SignedIn, stands};
use crate::whole_file::WholeFile;

/// How often the file is looked for that tells what the other side reads out.
const LISTEN: Duration = Duration::from_millis(200);

/// What is to be done about keys.
#[derive(Debug)]
pub enum KeysCommand {
    /// Make the clinic's key, on an admin's machine.
    SetUp {
        /// Where the recovery sheet's eight groups are written, for their owner alone: to be printed, and taken away.
        sheet_out: PathBuf,
    },
    /// Have this machine's device certified.
    Ask(Spoken),
    /// Certify a device that waits, from the admin's machine that has the clinic's keys.
    LetIn {
        /// Whose account it is.
        account: Phi<String>,
        /// As patients see its person.
        name: Phi<String>,
        /// What it is for.
        role: DeviceRole,
        /// How digits are compared with it.
        spoken: Spoken,
    },
}

/// How ten digits are compared without a voice.
#[derive(Debug)]
pub struct Spoken {
    /// Where this side's are written once they are shown.
    pub digits_out: PathBuf,
    /// Where the other side's are read once they are there.
    pub digits_in: PathBuf,
}

/// Does one thing about keys, and answers with what came of it, as JSON.
///
/// # Errors
/// What was given cannot be used, the server says no, the digits differ, or it took longer than `give_up`.
pub fn run(
    account: &Account,
    proxies: ProxyChoice,
    give_up: Duration,
    command: KeysCommand,
) -> Result<Value, InputError> {
    let clock = Clock::starting_at(Instant::now(), SystemTime::now());
    runtime()?.block_on(async {
        let signed_in = SignedIn::by(account, ProxyFinder::new(proxies), Going::On, clock).await?;
        signed_in.look_at_log(account).await;
        let (keys, _news) = signed_in.keys().await?;
        let mut apart = Apart(keys);
        let done = tokio::time::timeout(give_up, apart.carry_out(command)).await;
        signed_in.keep().await;
        done.unwrap_or_else(|_| Err(said(stands(&apart.0.snapshot().device))))
    })
}

struct Apart(KeysHandle);

impl Apart {
    async fn carry_out(&mut self, command: KeysCommand) -> Result<Value, InputError> {
        match command {
            KeysCommand::SetUp { sheet_out } => self.set_up(&sheet_out).await,
            KeysCommand::Ask(spoken) => self.ask(&spoken).await,
            KeysCommand::LetIn { account, name, role, spoken } => self.let_in(account, name, role, &spoken).await,
        }
    }

    async fn set_up(&mut self, sheet_out: &Path) -> Result<Value, InputError> {
        let unwritable = |source| InputError::Sheet { path: sheet_out.to_owned(), source };
        let file = WholeFile::prepare(sheet_out).map_err(unwritable)?;
        let stage = self.until(|seen| stage_of(seen).filter(|stage| *stage != OfficeStage::Opening)).await?;
        match stage {
            OfficeStage::NotSetUp => self.0.intend(KeysIntent::SetUp),
            _ => return Err(said("the clinic is set up already, and its key is where that was done")),
        }
        let sheet = self
            .until(|seen| match stage_of(seen)? {
                OfficeStage::Sheet(sheet) => Some(sheet),
                _ => None,
            })
            .await?;
        file.finish(Zeroizing::new(format!("{}\n", sheet.groups.expose())).as_bytes()).map_err(unwritable)?;
        // What is asked back is read from what was written: a sheet that nobody can read is no sheet.
        let written = Zeroizing::new(std::fs::read_to_string(sheet_out).map_err(unwritable)?);
        let groups: Vec<_> = written.trim().split('-').collect();
        let typed = sheet.asked.map(|asked| Phi::new(groups.get(asked - 1).copied().unwrap_or_default().to_owned()));
        self.0.intend(KeysIntent::ConfirmSheet(typed.to_vec()));
        let clinic = self.until(|seen| certified(seen).and_then(|()| seen.clinic.clone())).await?;
        Ok(json!({ "clinic": clinic }))
    }

    async fn ask(&mut self, spoken: &Spoken) -> Result<Value, InputError> {
        loop {
            let seen = self
                .until(|seen| match &seen.device {
                    DeviceStanding::Comparing(Some(_)) | DeviceStanding::Certified { .. } => Some(seen.clone()),
                    _ => None,
                })
                .await?;
            match &seen.device {
                DeviceStanding::Comparing(Some(digits)) => {
                    let same = spoken.compare(digits).await?;
                    self.0.intend(KeysIntent::SameOnDevice(same));
                    self.until(|seen| (!matches!(seen.device, DeviceStanding::Comparing(_))).then_some(())).await?;
                    if !same {
                        return Err(said(DIFFERENT));
                    }
                }
                _ => return Ok(json!({ "clinic": seen.clinic })),
            }
        }
    }

    async fn let_in(
        &mut self,
        account: Phi<String>,
        name: Phi<String>,
        role: DeviceRole,
        spoken: &Spoken,
    ) -> Result<Value, InputError> {
        let device = self
            .until(|seen| {
                let office = seen.office.as_ref().filter(|office| office.stage == OfficeStage::Here)?;
                office.waiting.iter().find(|row| row.account.as_ref() == Some(&account)).map(|row| row.device)
            })
            .await?;
        self.0.intend(KeysIntent::Compare { device, name, role });
        let digits = self
            .until(|seen| seen.office.as_ref()?.comparing.as_ref().filter(|one| one.device == device)?.digits.clone())
            .await?;
        let same = spoken.compare(&digits).await?;
        self.0.intend(KeysIntent::SameAsAdmin(same));
        // Digits that differ are a problem, and told as one.
        self.until(|seen| {
            let office = seen.office.as_ref().filter(|office| !office.busy && office.comparing.is_none())?;
            office.devices.iter().find(|row| row.device == device).map(|_| ())
        })
        .await?;
        Ok(json!({ "device": device }))
    }

    /// Waits until there is something to be seen of it. What went wrong meanwhile is told; who waits goes no further than the
    /// time that whoever started this gives.
    async fn until<T>(&mut self, seen: impl Fn(&KeysSnapshot) -> Option<T>) -> Result<T, InputError> {
        loop {
            let snapshot = self.0.snapshot();
            if let Some(problem) = &snapshot.problem {
                return Err(said(&sentence_of(problem)));
            }
            if snapshot.device == DeviceStanding::KeyringUnreadable {
                return Err(InputError::NotCertified(stands(&snapshot.device)));
            }
            if let Some(found) = seen(&snapshot) {
                return Ok(found);
            }
            self.0.changed().await;
        }
    }
}

impl Spoken {
    /// Reads this side's digits out and hears the other's. True if they are the same.
    async fn compare(&self, digits: &Phi<String>) -> Result<bool, InputError> {
        let unwritable = |source| InputError::DigitsOut { path: self.digits_out.clone(), source };
        let own = only_digits(digits.expose());
        let file = WholeFile::prepare(&self.digits_out).map_err(unwritable)?;
        file.finish(format!("{}\n", digits.expose()).as_bytes()).map_err(unwritable)?;
        loop {
            let heard = std::fs::read_to_string(&self.digits_in).map(|text| only_digits(&text)).unwrap_or_default();
            // What is not there whole is not heard yet.
            if heard.len() == own.len() {
                return Ok(heard == own);
            }
            tokio::time::sleep(LISTEN).await;
        }
    }
}

fn only_digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn stage_of(seen: &KeysSnapshot) -> Option<OfficeStage> {
    seen.office.as_ref().map(|office| office.stage.clone())
}

fn certified(seen: &KeysSnapshot) -> Option<()> {
    matches!(seen.device, DeviceStanding::Certified { .. }).then_some(())
}

/// What a script is told of it; a window has words of its own, with what to click.
fn sentence_of(problem: &KeysProblem) -> String {
    let sentence = match problem {
        KeysProblem::SheetGroup(_) | KeysProblem::SheetLength | KeysProblem::AnotherSheet => {
            "the sheet cannot be read again as it was written"
        }
        KeysProblem::Name => "patients cannot be shown this name: it has 1 to 64 bytes and nothing but signs",
        KeysProblem::CheckFailed => "the two did not come to digits; try again",
        KeysProblem::CheckedTooOften => "digits were compared too often for one request; let the device ask anew",
        KeysProblem::Differed => DIFFERENT,
        KeysProblem::TooManyRevoked => "more devices were lost within a week than one list takes",
        KeysProblem::TooManyWait => "two other devices of this account wait already",
        KeysProblem::OddAnswer => "what the server says about keys cannot be",
        KeysProblem::Refused(code) => return ClientError::Refused((*code).into()).to_string(),
        KeysProblem::Failed(sentence) => return sentence.clone(),
    };
    sentence.to_owned()
}

const DIFFERENT: &str = "the digits are not the same: somebody may be between the two, and nothing was certified";

fn said(sentence: &str) -> InputError {
    InputError::Keys(sentence.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn digits_are_read_out_whole_and_compared_with_what_is_heard() {
        let folder = tempfile::tempdir().unwrap();
        let spoken = Spoken { digits_out: folder.path().join("own"), digits_in: folder.path().join("theirs") };
        for (heard, same) in [("12345 67890\n", true), ("12345 67891\n", false)] {
            std::fs::write(&spoken.digits_in, heard).unwrap();
            assert_eq!(spoken.compare(&Phi::new("12345 67890".to_owned())).await.unwrap(), same);
        }
        assert_eq!(std::fs::read_to_string(&spoken.digits_out).unwrap(), "12345 67890\n");
        std::fs::write(&spoken.digits_in, "12345").unwrap();
        let digits = Phi::new("12345 67890".to_owned());
        let heard = tokio::time::timeout(LISTEN * 2, spoken.compare(&digits)).await;
        assert!(heard.is_err(), "half of it was heard");
        let nowhere = Spoken { digits_out: folder.path().join("no/such/folder"), ..spoken };
        assert!(matches!(nowhere.compare(&digits).await, Err(InputError::DigitsOut { .. })));
    }
}
