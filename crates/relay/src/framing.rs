//! Messages on a stream (RFC 8656 section 3.1 and 12.5): STUN says its length, ChannelData is padded to four bytes.

use std::ops::Range;

/// The longest message that is taken: a datagram as WebRTC sends them is at most 1,500 bytes.
pub const LARGEST_MESSAGE: usize = 4_096;

/// What came is no STUN: the stream is of no use any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no STUN message and no ChannelData")]
pub struct FramingError;

/// Cuts a stream into messages.
#[derive(Debug, Default)]
pub struct Deframer {
    buffer: Vec<u8>,
    /// Where in it the next message begins.
    start: usize,
}

impl Deframer {
    /// Takes what came. It keeps no more than one message and what came at once.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message, without padding; none if more must come first.
    ///
    /// # Errors
    /// When what comes is no STUN, or longer than [`LARGEST_MESSAGE`].
    pub fn next_message(&mut self) -> Result<Option<&[u8]>, FramingError> {
        let Some((message, whole)) = next_range(&self.buffer[self.start..])? else { return Ok(None) };
        if self.buffer.len() - self.start < whole {
            return Ok(None);
        }
        let start = self.start;
        self.start += whole;
        Ok(Some(&self.buffer[start + message.start..start + message.end]))
    }
}

/// Where the message that begins here lies, and how many bytes it takes with its padding.
fn next_range(bytes: &[u8]) -> Result<Option<(Range<usize>, usize)>, FramingError> {
    let Some(&[first, _, high, low]) = bytes.first_chunk() else {
        return if bytes.first().is_some_and(|first| first & 0x80 != 0) { Err(FramingError) } else { Ok(None) };
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    let (message, whole) = match first {
        0x00..=0x3f if length % 4 == 0 => (20 + length, 20 + length),
        0x40..=0x7f => (4 + length, 4 + length + padding(length)),
        _ => return Err(FramingError),
    };
    if whole > LARGEST_MESSAGE {
        return Err(FramingError);
    }
    Ok(Some((0..message, whole)))
}

/// How many bytes follow a message of `length` on a stream, so that the next begins at a multiple of four.
pub const fn padding(length: usize) -> usize {
    length.next_multiple_of(4) - length
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn messages() -> Vec<Vec<u8>> {
        let mut stun = vec![0, 1, 0, 4, 0x21, 0x12, 0xa4, 0x42];
        stun.extend([9; 16]);
        let data = |length: u8| [&[0x40, 1, 0, length][..], &vec![length; length.into()]].concat();
        vec![stun.clone(), data(5), data(4), data(0), data(255), stun, data(1)]
    }

    fn stream(messages: &[Vec<u8>]) -> Vec<u8> {
        let padded = |message: &Vec<u8>| [&message[..], &vec![0; padding(message.len())]].concat();
        messages.iter().flat_map(padded).collect()
    }

    proptest! {
        #[test]
        fn messages_come_out_as_they_went_in_however_they_are_cut(cuts in prop::collection::vec(1_usize..40, 1..200)) {
            let bytes = stream(&messages());
            let (mut deframer, mut got, mut rest) = (Deframer::default(), Vec::new(), &bytes[..]);
            for cut in cuts.iter().cycle() {
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                deframer.push(piece);
                while let Some(message) = deframer.next_message().unwrap() {
                    got.push(message.to_vec());
                }
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(got, messages());
        }

        #[test]
        fn no_stream_panics_and_none_is_kept_beyond_a_message(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 0..30)) {
            let mut deframer = Deframer::default();
            'stream: for piece in pieces {
                deframer.push(&piece);
                loop {
                    match deframer.next_message() {
                        Ok(Some(message)) => prop_assert!(message.len() <= LARGEST_MESSAGE),
                        Ok(None) => break,
                        Err(FramingError) => break 'stream,
                    }
                }
                prop_assert!(deframer.buffer.len() - deframer.start < LARGEST_MESSAGE);
            }
        }
    }

    #[test]
    fn http_and_tls_are_no_stun() {
        for bytes in [&b"GET / HTTP/1.1\r\n"[..], &[0x16, 3, 1, 2, 0], &[0x80, 0], &[0x40, 0, 0xff, 0xff]] {
            let mut deframer = Deframer::default();
            deframer.push(bytes);
            assert_eq!(deframer.next_message(), Err(FramingError), "{bytes:?}");
        }
    }
}
