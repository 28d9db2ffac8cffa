//! What the two apps say to each other over the control channel: small JSON objects with a `kind`.

use serde::{Deserialize, Serialize};
use transfer::ChatMessage;
use trust::{ByeReason, CheckMessage};

use units::Phi;

use crate::{Facts, Mode};

/// A message over the control channel of a verified connection: nobody between the two can read or write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ControlMessage {
    /// The host's own word that the guest is in. From a guest it means nothing.
    Admitted,
    /// The sender's switches, and what its person chose.
    MediaState(MediaState),
    /// Of the comparison of digits.
    Check {
        /// What.
        check: CheckMessage,
    },
    /// From a guest: where the patient is and whom to call.
    Facts {
        /// All of it, in the place of what was said before.
        facts: Facts,
    },
    /// From a host: the code that the clinic gave is wanted.
    CodeAsked {
        /// How many were wrong.
        wrong: u8,
    },
    /// From a guest: the code.
    Code {
        /// As it was typed.
        code: Phi<String>,
    },
    /// From a host: it was right.
    CodeRight,
    /// The newest checkpoint of the clinic's audit log that the sender keeps.
    Log {
        /// A signed note.
        checkpoint: String,
    },
    /// Of what the two write to each other.
    Chat {
        /// What.
        chat: ChatMessage,
    },
    /// Of what the two hand each other.
    Transfer {
        /// What.
        transfer: transfer::Message,
    },
    /// The sender hangs up; nothing follows.
    Bye {
        /// Why.
        reason: ByeReason,
    },
}

/// What the sender of this sends, and how it wants to be sent to. Who leaves a field out knows nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaState {
    /// The microphone is silenced or absent.
    pub muted: bool,
    /// The camera is stopped or absent.
    pub camera_off: bool,
    /// Whether the sender shows pictures at all.
    #[serde(default = "yes")]
    pub receives_picture: bool,
    /// What the sender's link leaves of its picture.
    #[serde(default)]
    pub picture: PictureSent,
    /// The sender's link is paid by the megabyte: it is to be sent little.
    #[serde(default)]
    pub save_data: bool,
    /// What the pictures of both keep when a link is thin.
    #[serde(default)]
    pub mode: Mode,
    /// The how manyth choice of the mode this is, of both people together; the higher one holds, of two equal ones the
    /// host's. Zero: nobody has chosen.
    #[serde(default)]
    pub mode_choice: u32,
}

impl Default for MediaState {
    /// All is on, nothing was chosen.
    fn default() -> Self {
        Self {
            muted: false,
            camera_off: false,
            receives_picture: true,
            picture: PictureSent::Moving,
            save_data: false,
            mode: Mode::Smooth,
            mode_choice: 0,
        }
    }
}

/// What a link leaves of the picture of whoever sends over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PictureSent {
    /// Single pictures, seconds apart.
    Slides,
    /// None: it carries the voice alone.
    LinkTooThin,
    /// A picture that moves, if there is any.
    #[default]
    #[serde(other)]
    Moving,
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

const KINDS: [&str; 11] =
    ["admitted", "media_state", "check", "facts", "code_asked", "code", "code_right", "log", "chat", "transfer", "bye"];

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
            ControlMessage::MediaState(MediaState { muted: true, receives_picture: false, ..MediaState::default() }),
            ControlMessage::MediaState(MediaState {
                picture: PictureSent::Slides,
                save_data: true,
                mode: Mode::Sharp,
                mode_choice: 7,
                ..MediaState::default()
            }),
            ControlMessage::Check { check: CheckMessage::Commit { run: 1, hash: Base64(vec![7; 32]) } },
            ControlMessage::Check { check: CheckMessage::Differ },
            ControlMessage::Facts { facts: Facts { place: Phi::new("5 Elm Street".to_owned()), ..Facts::default() } },
            ControlMessage::CodeAsked { wrong: 2 },
            ControlMessage::Code { code: Phi::new("4711".to_owned()) },
            ControlMessage::CodeRight,
            ControlMessage::Log { checkpoint: "a note".to_owned() },
            ControlMessage::Chat { chat: ChatMessage::Got { run: 7, number: 2 } },
            ControlMessage::Transfer { transfer: transfer::Message::AskStill },
            ControlMessage::Bye { reason: ByeReason::HungUp },
        ] {
            assert_eq!(ControlMessage::from_bytes(&message.to_bytes()), Ok(message));
        }
    }

    #[test]
    fn the_words_on_the_channel_stay_as_they_are() {
        let state = MediaState { muted: true, picture: PictureSent::LinkTooThin, ..MediaState::default() };
        let json = concat!(
            r#"{"kind":"media_state","muted":true,"camera_off":false,"receives_picture":true,"#,
            r#""picture":"link_too_thin","save_data":false,"mode":"smooth","mode_choice":0}"#
        );
        assert_eq!(ControlMessage::MediaState(state).to_bytes(), json.as_bytes());
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
    fn an_earlier_version_may_say_less_and_a_later_one_what_nobody_knows_yet() {
        let earlier = br#"{"kind":"media_state","muted":true,"camera_off":false}"#;
        let state = MediaState { muted: true, ..MediaState::default() };
        assert_eq!(ControlMessage::from_bytes(earlier), Ok(ControlMessage::MediaState(state)));
        let later =
            br#"{"kind":"media_state","muted":true,"camera_off":false,"picture":"hologram","mode":"dreamy","x":1}"#;
        assert_eq!(ControlMessage::from_bytes(later), Ok(ControlMessage::MediaState(state)));
    }

    #[test]
    fn the_longest_line_and_the_longest_list_of_what_has_arrived_fit() {
        let mut chat = transfer::Chat::new(u32::MAX);
        let longest = "\"".repeat(transfer::chat::MOST_TEXT);
        let chat = chat.write(units::Timestamp::ZERO, &longest).expect("as long as may be");
        let mut have = transfer::BlockSet::new();
        for run in 0..200 {
            have.insert(u32::MAX - 2 - run * 3..u32::MAX - 1 - run * 3);
        }
        let (id, have) = (transfer::TransferId(u32::MAX), transfer::Pieces::of(&have));
        for message in [
            ControlMessage::Chat { chat },
            ControlMessage::Transfer { transfer: transfer::Message::Accept { id, have } },
        ] {
            assert_eq!(ControlMessage::from_bytes(&message.to_bytes()), Ok(message));
        }
    }

    #[test]
    fn a_later_version_may_write_and_hand_over_in_other_ways() {
        let chat = ControlMessage::from_bytes(br#"{"kind":"chat","chat":{"say":"draw","line":[1,2]}}"#);
        assert_eq!(chat, Ok(ControlMessage::Chat { chat: ChatMessage::Unknown }));
        let transfer = ControlMessage::from_bytes(br#"{"kind":"transfer","transfer":{"say":"stream"}}"#);
        assert_eq!(transfer, Ok(ControlMessage::Transfer { transfer: transfer::Message::Unknown }));
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
