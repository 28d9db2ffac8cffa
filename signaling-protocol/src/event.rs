//! What the server tells an endpoint, over the event stream or by long-poll.

use serde::{Deserialize, Serialize};

use crate::{Base64, EndpointId, Envelope, Limits, WaitingNote};

/// What an endpoint is in a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The clinician: admits, opens every negotiation, ends the visit.
    Host,
    /// The patient, or whoever came by a link.
    Guest,
}

/// Where an endpoint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Admission {
    /// In the waiting room.
    Waiting,
    /// In the visit.
    Admitted,
}

/// Where a visit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VisitState {
    /// Made, nobody has come.
    Scheduled,
    /// The host or a guest is there.
    Open,
    /// Somebody was admitted.
    Active,
    /// All are away; it can go on.
    Paused,
    /// It is over.
    Ended,
}

/// An endpoint as the others see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// Its id.
    pub endpoint: EndpointId,
    /// What it is in the visit.
    pub role: Role,
    /// Where it stands.
    pub admission: Admission,
    /// Its public bundle, opaque to the server.
    pub bundle: Base64,
}

/// Why an endpoint is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaveReason {
    /// It said so.
    Left,
    /// Its stream broke and did not come back.
    ConnectionLost,
    /// The host took it out, or did not let it in.
    Removed,
}

/// Why a visit is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The host ended it.
    HostEnded,
    /// All were away longer than the grace.
    Abandoned,
    /// Its time was over.
    Expired,
    /// It was called off before anybody was admitted.
    Cancelled,
    /// The patient did not come.
    NoShow,
}

/// One thing that happened. On the stream its `kind` is the SSE event name as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// Always first: how things stand. After a gap it replaces all that the endpoint believed.
    Hello {
        /// Who is told.
        endpoint: EndpointId,
        /// Where it stands itself.
        admission: Admission,
        /// Where the visit stands.
        state: VisitState,
        /// The others whom it may see: guests see hosts, hosts see everybody.
        participants: Vec<Participant>,
    },
    /// Somebody came into the waiting room, or into the visit.
    Joined {
        /// Who.
        participant: Participant,
    },
    /// Somebody's stream broke; it may come back.
    Away {
        /// Who.
        endpoint: EndpointId,
    },
    /// Somebody's stream is there again.
    Back {
        /// Who.
        endpoint: EndpointId,
    },
    /// Somebody is gone.
    Left {
        /// Who.
        endpoint: EndpointId,
        /// Why.
        reason: LeaveReason,
    },
    /// Somebody was admitted. To the guest it is the fallback for the host's own word.
    Admitted {
        /// Who.
        endpoint: EndpointId,
    },
    /// You are not let in.
    Denied,
    /// You were taken out.
    Removed,
    /// A message for you.
    Message {
        /// The message.
        envelope: Envelope,
    },
    /// The visit is somewhere else in its life.
    Visit {
        /// Where.
        state: VisitState,
        /// Why, if it is over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<EndReason>,
    },
    /// Relay credentials run out soon: ask again.
    IceRefresh,
    /// The limits changed.
    Limits {
        /// The new ones.
        limits: Limits,
    },
    /// The clinic's revocations: after each `hello` if there are any, and at once when there are later ones. Opaque to the
    /// server; an app checks it by itself, and believes the epoch inside.
    Notice {
        /// The newest.
        #[serde(flatten)]
        notice: Notice,
    },
    /// To hosts: whether anybody new may come in. After each `hello` if nobody may.
    Locked {
        /// Whether nobody may.
        locked: bool,
    },
    /// To those who wait: what the clinic lets them know. After each `hello` if there is something.
    Note {
        /// What.
        note: WaitingNote,
    },
    /// Your mailbox ran over or your cursor is unknown; a `hello` follows.
    Reset,
    /// The server goes away; come back after this many milliseconds.
    Bye {
        /// When to come back.
        retry_ms: u32,
    },
}

/// A clinic's revocations, signed by its issuing key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Which of two is the later one: generation of the issuing key (high half) and counter.
    pub epoch: u32,
    /// The issuing key's certificate and its revocations, opaque to the server.
    pub notice: Base64,
}

/// What came is not an event that this version can use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// A kind that a later version knows: ignore and count it.
    #[error("an event of an unknown kind")]
    UnknownKind,
    /// A known kind with a wrong body.
    #[error("an event that is not what the protocol says")]
    Malformed,
}

const KINDS: [&str; 17] = [
    "hello",
    "joined",
    "away",
    "back",
    "left",
    "admitted",
    "denied",
    "removed",
    "message",
    "visit",
    "ice_refresh",
    "limits",
    "notice",
    "locked",
    "note",
    "reset",
    "bye",
];

impl Event {
    /// Reads an event from its JSON.
    ///
    /// # Errors
    /// [`EventError::UnknownKind`] is to be ignored and counted, [`EventError::Malformed`] is the server's fault.
    pub fn from_json(json: &[u8]) -> Result<Self, EventError> {
        of_known_kind(json, &KINDS)
    }

    /// The name of its kind, as on the wire.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Hello { .. } => "hello",
            Self::Joined { .. } => "joined",
            Self::Away { .. } => "away",
            Self::Back { .. } => "back",
            Self::Left { .. } => "left",
            Self::Admitted { .. } => "admitted",
            Self::Denied => "denied",
            Self::Removed => "removed",
            Self::Message { .. } => "message",
            Self::Visit { .. } => "visit",
            Self::IceRefresh => "ice_refresh",
            Self::Limits { .. } => "limits",
            Self::Notice { .. } => "notice",
            Self::Locked { .. } => "locked",
            Self::Note { .. } => "note",
            Self::Reset => "reset",
            Self::Bye { .. } => "bye",
        }
    }
}

/// Reads an event if its kind is one of these.
pub(crate) fn of_known_kind<'a, T: Deserialize<'a>>(json: &'a [u8], kinds: &[&str]) -> Result<T, EventError> {
    #[derive(Deserialize)]
    struct Kind<'a> {
        #[serde(borrow)]
        kind: std::borrow::Cow<'a, str>,
    }
    let kind: Kind<'_> = serde_json::from_slice(json).map_err(|_| EventError::Malformed)?;
    if !kinds.contains(&kind.kind.as_ref()) {
        return Err(EventError::UnknownKind);
    }
    serde_json::from_slice(json).map_err(|_| EventError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_a_later_version_is_told_from_a_broken_event() {
        assert_eq!(Event::from_json(br#"{"kind":"hologram","x":1}"#), Err(EventError::UnknownKind));
        assert_eq!(Event::from_json(br#"{"kind":"bye"}"#), Err(EventError::Malformed));
        assert_eq!(Event::from_json(b"not json"), Err(EventError::Malformed));
        assert_eq!(Event::from_json(br#"{"kind":"bye","retry_ms":5,"later":true}"#), Ok(Event::Bye { retry_ms: 5 }));
    }

    #[test]
    fn the_list_of_kinds_is_the_enum() {
        for event in [Event::Denied, Event::Removed, Event::Reset, Event::IceRefresh, Event::Bye { retry_ms: 1 }] {
            assert!(KINDS.contains(&event.kind()));
            assert_eq!(Event::from_json(&serde_json::to_vec(&event).unwrap()), Ok(event));
        }
    }
}
