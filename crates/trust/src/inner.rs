//! What one app says to the other inside an envelope's box.

use serde::{Deserialize, Serialize};

use crate::wire::{CandidateWire, ConnectionWire};
use crate::{Candidate, CandidateError, ConnectionError, ConnectionParameters, Setup};

/// Why an app says good-bye.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ByeReason {
    /// The person hung up.
    HungUp,
    /// The app could not go on.
    Failed,
    /// The app refuses to go on with this peer: something about it did not fit.
    Refused,
    /// A reason of a later version.
    #[serde(other)]
    Unknown,
}

/// One message from app to app. Only the host offers; `generation` counts its offers, and what belongs to an older one
/// is passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InnerMessage {
    /// The host's half of a negotiation.
    Offer {
        /// Counts the host's offers.
        generation: u32,
        /// What the guest must know.
        parameters: ConnectionParameters,
    },
    /// The guest's half.
    Answer {
        /// Of the offer.
        generation: u32,
        /// What the host must know.
        parameters: ConnectionParameters,
    },
    /// Addresses found, at most [`MAX_CANDIDATES`].
    Candidates {
        /// Of the offer.
        generation: u32,
        /// The addresses.
        candidates: Vec<Candidate>,
    },
    /// No more addresses will come.
    EndOfCandidates {
        /// Of the offer.
        generation: u32,
    },
    /// The guest asks for an offer.
    OfferRequest,
    /// From the guest: make an offer that restarts ICE. From the host: I am about to, because my end of the path is gone.
    IceRestartRequest,
    /// Good-bye.
    Bye {
        /// Why.
        reason: ByeReason,
    },
}

impl InnerMessage {
    /// The message as JSON.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(&InnerWire::from(self)).expect("plain structs, strings and numbers always serialise")
    }

    /// Reads and checks a message that came in a box.
    ///
    /// # Errors
    /// [`InnerError::UnknownKind`] is to be passed over; whatever else is to be refused.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InnerError> {
        if bytes.len() > MAX_INNER_BYTES {
            return Err(InnerError::TooLarge);
        }
        let kind: KindWire<'_> = serde_json::from_slice(bytes).map_err(|_| InnerError::Malformed)?;
        if !KINDS.contains(&kind.kind.as_ref()) {
            return Err(InnerError::UnknownKind);
        }
        match serde_json::from_slice(bytes).map_err(|_| InnerError::Malformed)? {
            InnerWire::Offer { generation, parameters } => {
                Ok(Self::Offer { generation, parameters: parameters.try_into()? })
            }
            InnerWire::Answer { generation, parameters } => {
                let parameters = ConnectionParameters::try_from(parameters)?;
                // RFC 8842 section 5.3: the answerer decides.
                if parameters.setup == Setup::ActPass {
                    return Err(ConnectionError::Setup.into());
                }
                Ok(Self::Answer { generation, parameters })
            }
            InnerWire::Candidates { candidates, .. } if candidates.len() > MAX_CANDIDATES => Err(InnerError::TooLarge),
            InnerWire::Candidates { generation, candidates } => {
                let candidates = candidates.into_iter().map(Candidate::try_from).collect::<Result<_, _>>()?;
                Ok(Self::Candidates { generation, candidates })
            }
            InnerWire::EndOfCandidates { generation } => Ok(Self::EndOfCandidates { generation }),
            InnerWire::OfferRequest => Ok(Self::OfferRequest),
            InnerWire::IceRestartRequest => Ok(Self::IceRestartRequest),
            InnerWire::Bye { reason } => Ok(Self::Bye { reason }),
        }
    }
}

/// Why an inner message is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InnerError {
    /// A kind that a later version knows: pass over it.
    #[error("the other app sent a message of a kind that this app does not know")]
    UnknownKind,
    /// Not what the protocol says.
    #[error("the other app sent a message that is not in a form that this app knows")]
    Malformed,
    /// More than [`MAX_INNER_BYTES`] or [`MAX_CANDIDATES`].
    #[error("the other app sent a message that is too large")]
    TooLarge,
    /// Connection parameters that are not to be used.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// A candidate that is not to be used.
    #[error(transparent)]
    Candidate(#[from] CandidateError),
}

/// Bytes of one inner message at most: what one box holds.
pub const MAX_INNER_BYTES: usize = 16 * 1024;
/// Candidates in one message at most. 32 of the longest are 8 KiB, so a message of them always fits a box.
pub const MAX_CANDIDATES: usize = 32;

#[derive(Deserialize)]
struct KindWire<'a> {
    #[serde(borrow)]
    kind: std::borrow::Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum InnerWire {
    Offer { generation: u32, parameters: ConnectionWire },
    Answer { generation: u32, parameters: ConnectionWire },
    Candidates { generation: u32, candidates: Vec<CandidateWire> },
    EndOfCandidates { generation: u32 },
    OfferRequest,
    IceRestartRequest,
    Bye { reason: ByeReason },
}

const KINDS: [&str; 7] =
    ["offer", "answer", "candidates", "end_of_candidates", "offer_request", "ice_restart_request", "bye"];

impl From<&InnerMessage> for InnerWire {
    fn from(message: &InnerMessage) -> Self {
        match message {
            InnerMessage::Offer { generation, parameters } => {
                Self::Offer { generation: *generation, parameters: parameters.into() }
            }
            InnerMessage::Answer { generation, parameters } => {
                Self::Answer { generation: *generation, parameters: parameters.into() }
            }
            InnerMessage::Candidates { generation, candidates } => Self::Candidates {
                generation: *generation,
                candidates: candidates.iter().map(CandidateWire::from).collect(),
            },
            InnerMessage::EndOfCandidates { generation } => Self::EndOfCandidates { generation: *generation },
            InnerMessage::OfferRequest => Self::OfferRequest,
            InnerMessage::IceRestartRequest => Self::IceRestartRequest,
            InnerMessage::Bye { reason } => Self::Bye { reason: *reason },
        }
    }
}

#[cfg(test)]
mod tests;
