//! What the two apps say to each other over the control channel: small JSON objects with a `kind`.

use serde::{Deserialize, Serialize};
use trust::{ByeReason, CheckMessage};

/// A message over the control channel of a verified connection: nobody between the two can read or write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ControlMessage {
    /// The host's own word that the guest is in. From a guest it means nothing.
    Admitted,
    /// The sender's switches.
    MediaState {
        /// The microphone is silenced or absent.
        muted: bool,
        /// The camera is stopped or absent.
        camera_off: bool,
        /// Whether the sender shows pictures at all.
        #[serde(default = "yes")]
        receives_picture: bool,
    },
    /// Of the comparison of digits.
    Check {
        /// What.
        check: CheckMessage,
    },
    /// The sender hangs up; nothing follows.
    Bye {
        /// Why.
        reason: ByeReason,
    },
}

/// What came over the control channel is not a message that this version can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ControlMessageError {
    /// A kind that a later version knows: ignored.
    #[error("a control message of an unknown kind")]
    UnknownKind,
    /// Not a control message.
    #[error("what came over the control channel is not a control message")]
    Malformed,
}

/// The longest control message. Generous: today's are below 100 bytes, and a later version may say more.
const MAX_BYTES: usize = 4 * 1024;

const KINDS: [&str; 4] = ["admitted", "media_state", "check", "bye"];

const fn yes() -> bool {
    true
}

impl ControlMessage {
    /// As it goes over the channel.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an enum of booleans and names is always JSON")
    }

    /// Reads what came.
    ///
    /// # Errors
    /// [`ControlMessageError::UnknownKind`] is to be ignored.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ControlMessageError> {
        #[derive(Deserialize)]
        struct Kind<'a> {
            #[serde(borrow)]
            kind: std::borrow::Cow<'a, str>,
        }
        if bytes.len() > MAX_BYTES {
            return Err(ControlMessageError::Malformed);
        }
        let kind: Kind<'_> = serde_json::from_slice(bytes).map_err(|_| ControlMessageError::Malformed)?;
        if !KINDS.contains(&kind.kind.as_ref()) {
            return Err(ControlMessageError::UnknownKind);
        }
        serde_json::from_slice(bytes).map_err(|_| ControlMessageError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use signaling_protocol::Base64;

    #[test]
    fn a_message_is_read_as_it_is_written() {
        for message in [
            ControlMessage::Admitted,
            ControlMessage::MediaState { muted: true, camera_off: false, receives_picture: false },
            ControlMessage::Check { check: CheckMessage::Commit { run: 1, hash: Base64(vec![7; 32]) } },
            ControlMessage::Check { check: CheckMessage::Differ },
            ControlMessage::Bye { reason: ByeReason::HungUp },
        ] {
            assert_eq!(ControlMessage::from_bytes(&message.to_bytes()), Ok(message));
        }
    }

    #[test]
    fn the_words_on_the_channel_stay_as_they_are() {
        let state = ControlMessage::MediaState { muted: true, camera_off: false, receives_picture: true };
        let json = br#"{"kind":"media_state","muted":true,"camera_off":false,"receives_picture":true}"#;
        assert_eq!(state.to_bytes(), json);
        assert_eq!(ControlMessage::Admitted.to_bytes(), br#"{"kind":"admitted"}"#);
    }

    #[test]
    fn a_later_version_may_say_more() {
        assert_eq!(ControlMessage::from_bytes(br#"{"kind":"wave"}"#), Err(ControlMessageError::UnknownKind));
        assert_eq!(ControlMessage::from_bytes(br#"{"kind":"admitted","gladly":true}"#), Ok(ControlMessage::Admitted));
        let bye = ControlMessage::from_bytes(br#"{"kind":"bye","reason":"tea_time"}"#);
        assert_eq!(bye, Ok(ControlMessage::Bye { reason: ByeReason::Unknown }));
    }

    #[test]
    fn what_is_too_long_is_not_read() {
        let mut long = br#"{"kind":"admitted","x":""#.to_vec();
        long.extend(std::iter::repeat_n(b'x', MAX_BYTES));
        long.extend_from_slice(br#""}"#);
        assert_eq!(ControlMessage::from_bytes(&long), Err(ControlMessageError::Malformed));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = ControlMessage::from_bytes(&bytes);
        }
    }
}
