//! The spoken check: ten digits that both people read to each other. If somebody sits between them, the digits differ.
//!
//! ```text
//! either ──Commit──▶ other        each commits to a nonce before it knows the other's, so nobody can choose
//!        ◀──Commit──              nonces until digits fit; each reveals only what it committed to
//!        ──Reveal──▶
//!        ◀──Reveal──              digits = HKDF(transcript, both nonces)
//! ```
//! A liar between the two has one guess in ten thousand million a run, and [`MOST_RUNS`] runs a visit. A nonce serves for
//! one run: used again with another certificate, it would let that certificate be chosen until digits fit.

use std::fmt;
use std::str::FromStr;

use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use signaling_protocol::{Base64, Role};
use subtle::ConstantTimeEq;

use crate::Transcript;
use crate::codec::{hash, secret_debug};

/// What the two apps say to each other for a check, as JSON: over the control channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum CheckMessage {
    /// A nonce is drawn; this is its hash.
    Commit {
        /// Counts the checks of the visit from 1.
        run: u8,
        /// Of role, run, transcript and nonce.
        hash: Base64,
    },
    /// The nonce itself.
    Reveal {
        /// Of the commitment.
        run: u8,
        /// The 32 bytes.
        nonce: Base64,
    },
    /// A person says that the digits differ: the call is over.
    Differ,
}

/// Ten digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digits(u64);

impl fmt::Display for Digits {
    /// In two groups of five, as they are read out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:05} {:05}", self.0 / 100_000, self.0 % 100_000)
    }
}

impl FromStr for Digits {
    type Err = NotDigits;

    /// As they were read out: ten digits, with white space wherever it is.
    fn from_str(text: &str) -> Result<Self, NotDigits> {
        let digits: String = text.chars().filter(|sign| !sign.is_whitespace()).collect();
        let are_ten = digits.len() == 10 && digits.bytes().all(|sign| sign.is_ascii_digit());
        are_ten.then(|| digits.parse().map(Self)).and_then(Result::ok).ok_or(NotDigits)
    }
}

/// What was read out is not ten digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these are not ten digits: read them out again")]
pub struct NotDigits;

secret_debug!(Digits);

/// ```text
/// Idle ──start, or their Commit──▶ Committed ──their Reveal──▶ Shown ──person: same──▶ Idle, compared
///                                                                └──person or they: differ──▶ Different (for good)
/// ```
enum Step {
    Idle,
    Committed { nonce: [u8; 32], theirs: Option<[u8; 32]>, revealed: bool },
    Shown(Digits),
    Different,
}

/// One side of the checks of one visit with one other endpoint.
pub struct SpokenCheck {
    role: Role,
    transcript: Transcript,
    step: Step,
    compared: bool,
    /// How often a nonce was committed to.
    runs: u8,
    used: Vec<[u8; 32]>,
}

impl SpokenCheck {
    /// No check yet. In an enrolment the device that vouches is the host.
    pub fn new(role: Role, transcript: Transcript) -> Self {
        Self { role, transcript, step: Step::Idle, compared: false, runs: 0, used: Vec::new() }
    }

    /// The two agree on something else now: another bundle or certificate. Whether a check or its result was lost by
    /// that: it is to be shown.
    pub fn set_transcript(&mut self, transcript: Transcript) -> bool {
        if self.transcript == transcript {
            return false;
        }
        self.transcript = transcript;
        let was_compared = std::mem::take(&mut self.compared);
        self.stop() || was_compared
    }

    /// A run that does not go on is given up. Whether there was one.
    pub fn stop(&mut self) -> bool {
        let is_running = matches!(self.step, Step::Committed { .. } | Step::Shown(_));
        if is_running {
            self.step = Step::Idle;
        }
        is_running
    }

    /// Our person wants to compare. `nonce` was drawn for this run from the operating system.
    ///
    /// # Errors
    /// If a check is under way, or there were too many.
    pub fn start(&mut self, nonce: [u8; 32]) -> Result<CheckMessage, CheckError> {
        if !matches!(self.step, Step::Idle) {
            return Err(CheckError::OutOfTurn);
        }
        self.commit(self.runs + 1, nonce, None)
    }

    /// They said something. What to answer, if anything. `nonce` was drawn as for [`start`](Self::start); it is used if
    /// they begin.
    ///
    /// # Errors
    /// Whatever does not fit; the run is over then. After [`CheckError::Differ`] the call is.
    pub fn handle(&mut self, message: &CheckMessage, nonce: [u8; 32]) -> Result<Option<CheckMessage>, CheckError> {
        let result = match message {
            _ if self.is_different() => Err(CheckError::Differ),
            CheckMessage::Commit { run, hash } => self.on_commit(*run, hash.as_ref(), nonce).map(Some),
            CheckMessage::Reveal { run, nonce } => self.on_reveal(*run, nonce.as_ref()),
            CheckMessage::Differ => Err(CheckError::Differ),
        };
        match result {
            Err(CheckError::Differ) => (self.step, self.compared) = (Step::Different, false),
            Err(_) => drop(self.stop()),
            Ok(_) => {}
        }
        result
    }

    /// Our person has compared: for our side alone. What to tell them, if the digits differ.
    ///
    /// # Errors
    /// [`CheckError::OutOfTurn`] if no digits are shown.
    pub fn person_says(&mut self, same: bool) -> Result<Option<CheckMessage>, CheckError> {
        let Step::Shown(_) = self.step else { return Err(CheckError::OutOfTurn) };
        self.compared = same;
        self.step = if same { Step::Idle } else { Step::Different };
        Ok((!same).then_some(CheckMessage::Differ))
    }

    /// What is to be read out now.
    pub fn digits(&self) -> Option<Digits> {
        if let Step::Shown(digits) = self.step { Some(digits) } else { None }
    }

    /// Whether our person has found the digits the same, and nothing has changed since.
    pub fn is_compared(&self) -> bool {
        self.compared
    }

    /// Whether somebody has found that the digits differ: nothing may go on.
    pub fn is_different(&self) -> bool {
        matches!(self.step, Step::Different)
    }

    fn commit(&mut self, run: u8, nonce: [u8; 32], theirs: Option<[u8; 32]>) -> Result<CheckMessage, CheckError> {
        if run > MOST_RUNS {
            return Err(CheckError::TooManyRuns);
        }
        if self.used.contains(&nonce) {
            return Err(CheckError::NonceUsedBefore);
        }
        self.runs = run;
        self.used.push(nonce);
        self.step = Step::Committed { nonce, theirs, revealed: false };
        let hash = commitment(self.role, run, &self.transcript, &nonce);
        Ok(CheckMessage::Commit { run, hash: Base64(hash.to_vec()) })
    }

    fn on_commit(&mut self, run: u8, hash: &[u8], fresh: [u8; 32]) -> Result<CheckMessage, CheckError> {
        let hash = hash.try_into().map_err(|_| CheckError::OutOfTurn)?;
        match &mut self.step {
            // Both began at once, or they answer.
            Step::Committed { nonce, theirs: theirs @ None, revealed } if run == self.runs => {
                (*theirs, *revealed) = (Some(hash), true);
                Ok(CheckMessage::Reveal { run, nonce: Base64(nonce.to_vec()) })
            }
            // They begin, or begin again after a run that did not end.
            _ if run > self.runs => self.commit(run, fresh, Some(hash)),
            _ => Err(CheckError::OutOfTurn),
        }
    }

    fn on_reveal(&mut self, run: u8, nonce: &[u8]) -> Result<Option<CheckMessage>, CheckError> {
        let Step::Committed { nonce: own, theirs: Some(committed), revealed } = &self.step else {
            return Err(CheckError::OutOfTurn);
        };
        let (own, revealed) = (*own, *revealed);
        let theirs: [u8; 32] = nonce.try_into().map_err(|_| CheckError::NotCommitted)?;
        let their_role = if self.role == Role::Host { Role::Guest } else { Role::Host };
        let opened = commitment(their_role, run, &self.transcript, &theirs);
        if run != self.runs || !bool::from(opened.ct_eq(committed)) {
            return Err(CheckError::NotCommitted);
        }
        let (host, guest) = if self.role == Role::Host { (own, theirs) } else { (theirs, own) };
        self.step = Step::Shown(Digits::of(&self.transcript, run, &host, &guest));
        Ok((!revealed).then(|| CheckMessage::Reveal { run, nonce: Base64(own.to_vec()) }))
    }
}

impl Digits {
    /// HKDF-SHA256 (RFC 5869): salt is the transcript, the secret both nonces. Of 2^64 numbers, each ten digits have as
    /// many as any others, but for one in 10^9.
    fn of(transcript: &Transcript, run: u8, host: &[u8; 32], guest: &[u8; 32]) -> Self {
        let mut bytes = [0; 8];
        Hkdf::<Sha256>::new(Some(&transcript.0), &[host.as_slice(), guest].concat())
            .expand(&[DIGITS_LABEL, &[run]].concat(), &mut bytes)
            .expect("8 bytes are fewer than HKDF can give");
        Self(u64::from_be_bytes(bytes) % 10_000_000_000)
    }
}

/// The role is in it, or a commitment could be sent back to who made it.
fn commitment(role: Role, run: u8, transcript: &Transcript, nonce: &[u8; 32]) -> [u8; 32] {
    let role = if role == Role::Host { 1 } else { 2 };
    hash(&[COMMIT_LABEL, &[role, run], &transcript.0, nonce])
}

/// Why a check did not come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// Not what comes next.
    #[error("the comparison of digits was interrupted: start it again")]
    OutOfTurn,
    /// The nonce is not the one that was committed to, or the two do not agree on what is compared.
    #[error(
        "the other side did not keep to the comparison of digits: start it again, and ask the clinic if it fails twice"
    )]
    NotCommitted,
    /// The digits differ.
    #[error("the digits differ: somebody may be between the two of you; the call is ended, ask the clinic")]
    Differ,
    /// [`MOST_RUNS`] are over.
    #[error("digits were compared too often in this visit: end it and ask the clinic for another link")]
    TooManyRuns,
    /// The caller drew nothing anew: a fault of this app.
    #[error("this app drew no new random number: end the call and start the app again")]
    NonceUsedBefore,
}

impl fmt::Debug for SpokenCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpokenCheck(run {}, compared: {})", self.runs, self.compared)
    }
}

/// Checks a visit: each gives a liar one guess.
pub const MOST_RUNS: u8 = 3;
const COMMIT_LABEL: &[u8] = b"housecall digits commitment v1";
const DIGITS_LABEL: &[u8] = b"housecall digits v1";

#[cfg(test)]
mod tests;
