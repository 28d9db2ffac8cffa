//! What was written during a visit: in order, each line once, and known to have arrived.
//!
//! The control channel keeps order and loses nothing while a connection lasts. Over connections that are lost and apps that are
//! started again, this does: a line is said again until it was acknowledged, and taken once.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use units::{Phi, Timestamp};

use crate::name::is_invisible;

/// Bytes of a line at most: escaped in JSON and with all around it, it still fits into a control message of 4 KiB.
pub const MOST_TEXT: usize = 1_500;
/// Lines that are kept; the oldest go.
const MOST_LINES: usize = 1_000;
/// Lines of ours that wait to be acknowledged.
const MOST_WAITING: usize = 64;

/// What is said of the chat over the control channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum ChatMessage {
    /// A line.
    Line {
        /// Drawn by the sender's app when it started: numbers begin anew with it.
        run: u32,
        /// One more than the line before it, from one on.
        number: u32,
        /// The number of the sender's oldest line that it does not know to have arrived: earlier ones do not come any more.
        oldest: u32,
        /// What.
        text: Phi<String>,
    },
    /// All lines of this run up to this number are there.
    Got {
        /// Which run of the other's.
        run: u32,
        /// Up to which.
        number: u32,
    },
    /// The sender's person has saved what was written.
    Saved,
    /// Of a later version.
    #[serde(other)]
    Unknown,
}

/// A line, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whether it is ours.
    pub ours: bool,
    /// What. Never to be taken for anything but text: what looks like a link is one only to be read.
    pub text: Phi<String>,
    /// When it was written here, or came.
    pub at: Timestamp,
    /// What is known of it.
    pub state: LineState,
}

/// What is known of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineState {
    /// Ours: on its way, or waiting for a connection.
    Waiting,
    /// Ours: their app has it. Theirs: it came.
    Arrived,
}

/// A line that is not taken. Its `Display` is one sentence for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TextError {
    /// Nothing is in it.
    #[error("There is nothing to send.")]
    Empty,
    /// More than [`MOST_TEXT`].
    #[error("The message is too long; send it in parts.")]
    TooLong,
    /// Too many lines have not arrived yet.
    #[error("The last messages have not arrived yet; wait for the connection.")]
    TooManyWaiting,
}

/// What was written in a visit. Gone with it.
#[derive(Debug, Clone)]
pub struct Chat {
    run: u32,
    /// The number of our last line.
    number: u32,
    /// Ours that were not acknowledged.
    waiting: VecDeque<(u32, Phi<String>)>,
    /// Which run of theirs, and the last number that came.
    theirs: Option<(u32, u32)>,
    /// With the numbers of ours.
    lines: VecDeque<(Line, Option<u32>)>,
    saved_by_us: bool,
    saved_by_them: bool,
}

impl Chat {
    /// Nothing was written. `run` is random.
    pub const fn new(run: u32) -> Self {
        Self {
            run,
            number: 0,
            waiting: VecDeque::new(),
            theirs: None,
            lines: VecDeque::new(),
            saved_by_us: false,
            saved_by_them: false,
        }
    }

    // What changes it.

    /// Our person wrote this; what to say now, if they are connected.
    ///
    /// # Errors
    /// If it is not sent.
    pub fn write(&mut self, now: Timestamp, text: &str) -> Result<ChatMessage, TextError> {
        let text = clean(text);
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        if text.len() > MOST_TEXT {
            return Err(TextError::TooLong);
        }
        if self.waiting.len() >= MOST_WAITING {
            return Err(TextError::TooManyWaiting);
        }
        self.number += 1;
        let text = Phi::new(text);
        self.waiting.push_back((self.number, text.clone()));
        self.keep(Line { ours: true, text: text.clone(), at: now, state: LineState::Waiting }, Some(self.number));
        Ok(ChatMessage::Line { run: self.run, number: self.number, oldest: self.oldest(), text })
    }

    /// A connection is there, for the first time or again: what to say over it.
    pub fn on_connected(&self) -> Vec<ChatMessage> {
        let line = |(number, text): &(u32, Phi<String>)| ChatMessage::Line {
            run: self.run,
            number: *number,
            oldest: self.oldest(),
            text: text.clone(),
        };
        let saved = self.saved_by_us.then_some(ChatMessage::Saved);
        self.waiting.iter().map(line).chain(saved).collect()
    }

    /// They said this; what to answer.
    pub fn on_message(&mut self, now: Timestamp, message: ChatMessage) -> Option<ChatMessage> {
        match message {
            ChatMessage::Line { run, number, oldest, text } => {
                let last = match self.theirs {
                    Some((known, last)) if known == run => last,
                    // One of the two apps was started again: what it knows to have arrived does not come again.
                    _ => oldest.min(number).saturating_sub(1),
                };
                // Beyond a gap nothing is taken: all of it is said again, in order.
                let is_next = number == last.saturating_add(1);
                if is_next {
                    self.take(now, text.expose());
                }
                let last = if is_next { number } else { last };
                self.theirs = Some((run, last));
                Some(ChatMessage::Got { run, number: last })
            }
            ChatMessage::Got { run, number } if run == self.run => {
                while self.waiting.front().is_some_and(|(waits, _)| *waits <= number) {
                    self.waiting.pop_front();
                }
                for (line, ours) in &mut self.lines {
                    if ours.is_some_and(|ours| ours <= number) {
                        line.state = LineState::Arrived;
                    }
                }
                None
            }
            ChatMessage::Saved => {
                self.saved_by_them = true;
                None
            }
            ChatMessage::Got { .. } | ChatMessage::Unknown => None,
        }
    }

    /// Our person has saved what was written; the other side is to know.
    pub fn on_saved(&mut self) -> ChatMessage {
        self.saved_by_us = true;
        ChatMessage::Saved
    }

    fn take(&mut self, now: Timestamp, text: &str) {
        let text = clean(text);
        if !text.is_empty() && text.len() <= MOST_TEXT {
            self.keep(Line { ours: false, text: Phi::new(text), at: now, state: LineState::Arrived }, None);
        }
    }

    fn oldest(&self) -> u32 {
        self.waiting.front().map_or(self.number, |(number, _)| *number)
    }

    fn keep(&mut self, line: Line, number: Option<u32>) {
        if self.lines.len() >= MOST_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back((line, number));
    }

    // What asks it.

    /// The lines, in order.
    pub fn lines(&self) -> impl ExactSizeIterator<Item = &Line> {
        self.lines.iter().map(|(line, _)| line)
    }

    /// How many of ours have not arrived.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether our person saved what was written, and whether theirs did.
    pub const fn saved(&self) -> (bool, bool) {
        (self.saved_by_us, self.saved_by_them)
    }
}

/// Without signs that are not seen or turn others around; new lines and tabs stay.
fn clean(text: &str) -> String {
    let joins = |it: char| matches!(it, '\u{200c}' | '\u{200d}');
    let shown = |it: &char| match *it {
        '\n' | '\t' => true,
        // Persian and emoji need the two joiners.
        it => joins(it) || !(it.is_control() || is_invisible(it)),
    };
    text.replace("\r\n", "\n").chars().filter(shown).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(5);

    fn texts(chat: &Chat) -> Vec<String> {
        chat.lines().map(|line| line.text.expose().clone()).collect()
    }

    #[test]
    fn a_line_is_said_again_until_it_has_arrived_and_is_taken_once() {
        let (mut ours, mut theirs) = (Chat::new(1), Chat::new(2));
        let lost = ours.write(NOW, "Take it twice a day").expect("a line");
        assert_eq!(ours.lines().next().map(|line| line.state), Some(LineState::Waiting));
        for _ in 0..2 {
            for message in ours.on_connected() {
                assert_eq!(message, lost);
                let _ = theirs.on_message(NOW, message);
            }
        }
        let got = theirs.on_message(NOW, lost).expect("an answer");
        assert_eq!(texts(&theirs), ["Take it twice a day"]);
        assert_eq!(ours.on_message(NOW, got), None);
        assert_eq!(ours.lines().next().map(|line| line.state), Some(LineState::Arrived));
        assert!(ours.on_connected().is_empty());
    }

    #[test]
    fn an_app_that_is_started_again_goes_on_and_repeats_nothing() {
        let mut theirs = Chat::new(2);
        let mut first = Chat::new(1);
        let mut second = Chat::new(9);
        for chat in [&mut first, &mut second] {
            for text in ["a", "b"] {
                let line = chat.write(NOW, text).expect("a line");
                let got = theirs.on_message(NOW, line).expect("an answer");
                let _ = chat.on_message(NOW, got);
            }
        }
        assert_eq!(texts(&theirs), ["a", "b", "a", "b"]);
        let mut restarted = Chat::new(3);
        let late = second.write(NOW, "c").expect("a line");
        let got = restarted.on_message(NOW, late).expect("an answer");
        assert_eq!((texts(&restarted), second.on_message(NOW, got), second.waiting()), (vec!["c".into()], None, 0));
    }

    #[test]
    fn nothing_that_hides_or_turns_letters_is_shown() {
        let mut theirs = Chat::new(2);
        let text = Phi::new("see \u{202e}moc.live\u{202c} \u{7}now\r\nplease\u{200b}".to_owned());
        let _ = theirs.on_message(NOW, ChatMessage::Line { run: 1, number: 1, oldest: 1, text });
        assert_eq!(texts(&theirs), ["see moc.live now\nplease"]);
    }

    #[test]
    fn what_is_empty_too_long_or_too_much_is_refused_with_a_sentence() {
        let mut chat = Chat::new(1);
        assert_eq!(chat.write(NOW, " \n "), Err(TextError::Empty));
        assert_eq!(chat.write(NOW, &"x".repeat(MOST_TEXT + 1)), Err(TextError::TooLong));
        for _ in 0..MOST_WAITING {
            assert!(chat.write(NOW, "x").is_ok());
        }
        assert_eq!(chat.write(NOW, "x"), Err(TextError::TooManyWaiting));
        for error in [TextError::Empty, TextError::TooLong, TextError::TooManyWaiting] {
            assert!(error.to_string().ends_with('.'));
        }
    }

    #[test]
    fn the_longest_line_fits_into_a_control_message() {
        let mut chat = Chat::new(u32::MAX);
        let line = chat.write(NOW, &"\"".repeat(MOST_TEXT)).expect("a line");
        assert!(serde_json::to_vec(&line).expect("a message").len() < 4 * 1024 - 64);
    }

    #[test]
    fn a_flood_fills_no_memory() {
        let mut theirs = Chat::new(2);
        for number in 1..5_000 {
            let text = Phi::new(number.to_string());
            let _ = theirs.on_message(NOW, ChatMessage::Line { run: 1, number, oldest: number, text });
        }
        assert_eq!(theirs.lines().len(), MOST_LINES);
    }

    #[test]
    fn both_see_that_it_was_saved() {
        let (mut ours, mut theirs) = (Chat::new(1), Chat::new(2));
        let _ = theirs.on_message(NOW, ours.on_saved());
        assert_eq!((ours.saved(), theirs.saved()), ((true, false), (false, true)));
        assert_eq!(ours.on_connected(), [ChatMessage::Saved], "who comes back sees it too");
    }

    proptest! {
        #[test]
        fn lines_arrive_in_order_and_once_over_any_number_of_lost_connections(
            steps in prop::collection::vec((0_u8..3, any::<bool>()), 0..80),
        ) {
            let (mut ours, mut theirs) = (Chat::new(1), Chat::new(2));
            let mut written = Vec::new();
            for (step, arrives) in steps {
                let said = if step == 0 {
                    ours.on_connected()
                } else {
                    let text = written.len().to_string();
                    let Ok(line) = ours.write(NOW, &text) else { continue };
                    written.push(text);
                    vec![line]
                };
                // What is lost is lost with its connection, and everything after it too, until the next one.
                for message in said.into_iter().filter(|_| arrives) {
                    if let Some(got) = theirs.on_message(NOW, message) {
                        let _ = ours.on_message(NOW, got);
                    }
                }
            }
            for message in ours.on_connected() {
                if let Some(got) = theirs.on_message(NOW, message) {
                    let _ = ours.on_message(NOW, got);
                }
            }
            prop_assert_eq!(texts(&theirs), written);
            prop_assert_eq!(ours.waiting(), 0);
        }
    }
}
