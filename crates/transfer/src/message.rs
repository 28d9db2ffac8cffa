//! What the two apps say to each other of transfers, over the control channel.

use serde::{Deserialize, Serialize};
use units::Phi;

use crate::{FileHash, Pieces};

/// The number of a transfer, drawn by who offers it. Both sides may draw the same one: a transfer is known by its offerer and
/// its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TransferId(pub u32);

/// What is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A photograph that the clinician asked for.
    Still,
    /// A file.
    #[default]
    #[serde(other)]
    File,
}

/// Something that is offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Its number.
    pub id: TransferId,
    /// What.
    #[serde(default)]
    pub of: Kind,
    /// How its owner calls it. Whoever receives it makes a name of its own of this ([`safe_name`](crate::safe_name)).
    pub name: Phi<String>,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of it, so that it is known again, and known to be whole.
    pub sha256: FileHash,
}

/// Why a receiver does not take something, or not any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The person does not want it.
    Declined,
    /// It is larger than is taken.
    TooLarge,
    /// Too much is open already.
    TooMany,
    /// Its bytes could not be written.
    NotWritten,
    /// All came, and it is not what was offered.
    WrongHash,
    /// Another reason, of a later version.
    #[serde(other)]
    Unknown,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum Message {
    /// From who would send. Said again on each new connection until it is over.
    Offer(Offer),
    /// From who receives: send what is not in `have`. Said again on each new connection.
    Accept {
        /// Which.
        id: TransferId,
        /// What is there already.
        have: Pieces,
    },
    /// From who receives: not, or not any more.
    Refuse {
        /// Which.
        id: TransferId,
        /// Why.
        why: Reason,
    },
    /// From who sends: all has left; what is there?
    Ask {
        /// Which.
        id: TransferId,
    },
    /// From who receives, when asked: this is.
    Have {
        /// Which.
        id: TransferId,
        /// What.
        have: Pieces,
    },
    /// From who receives: it is whole, its hash is right.
    Arrived {
        /// Which.
        id: TransferId,
    },
    /// From who offered: not any more.
    Withdraw {
        /// Which.
        id: TransferId,
    },
    /// From a clinician: a photograph is wished for.
    AskStill,
    /// The answer, if the patient does not want to; else it is an offer.
    RefuseStill,
    /// Of a later version.
    #[serde(other)]
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BlockSet;

    #[test]
    fn the_words_stay_as_they_are() {
        let offer = Offer {
            id: TransferId(7),
            of: Kind::Still,
            name: Phi::new("a.png".to_owned()),
            bytes: 3,
            sha256: FileHash([0; 32]),
        };
        let json = |message: &Message| serde_json::to_string(message).expect("a message");
        let zeros = "0".repeat(64);
        assert_eq!(
            json(&Message::Offer(offer)),
            format!(r#"{{"say":"offer","id":7,"of":"still","name":"a.png","bytes":3,"sha256":"{zeros}"}}"#)
        );
        let accept = Message::Accept { id: TransferId(7), have: Pieces::of(&BlockSet::all(2)) };
        assert_eq!(json(&accept), r#"{"say":"accept","id":7,"have":[[0,2]]}"#);
        assert_eq!(
            json(&Message::Refuse { id: TransferId(7), why: Reason::TooLarge }),
            r#"{"say":"refuse","id":7,"why":"too_large"}"#
        );
    }

    #[test]
    fn a_later_version_may_say_more() {
        let read = |json: &str| serde_json::from_str::<Message>(json).expect("to be read");
        assert_eq!(read(r#"{"say":"sing"}"#), Message::Unknown);
        let refused = Message::Refuse { id: TransferId(1), why: Reason::Unknown };
        assert_eq!(read(r#"{"say":"refuse","id":1,"why":"full_moon","x":2}"#), refused);
    }
}
