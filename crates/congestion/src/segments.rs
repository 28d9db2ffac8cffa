//! How a dense stream is cut: into pieces that fill packets, whatever messages they are made of.
//!
//! Each piece that is written becomes a packet of TCP, and a record of TLS. A call that fills a link of 1.5 Mbps wrote 180 a second, a
//! third of them voices of a tenth of a packet: headers and acknowledgements took a twentieth of the link. So while pieces fill
//! quickly, what is left over waits for the next bytes a moment. Apps and the relay cut what they send alike.

use std::ops::Add;
use std::time::Duration;

/// Bytes on their way into a stream. `T` is the moment by which whoever writes it sleeps.
#[derive(Debug)]
pub struct Segments<T> {
    bytes: Vec<u8>,
    /// When a piece was last full.
    filled: Option<T>,
}

/// What is to be done with them.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<T> {
    /// To be written now, as one piece.
    Write(Vec<u8>),
    /// Nothing until then, unless more comes.
    Wait(T),
    /// Nothing until more comes.
    Nothing,
}

impl<T> Default for Segments<T> {
    fn default() -> Self {
        Self { bytes: Vec::new(), filled: None }
    }
}

impl<T: Copy + PartialOrd + Add<Duration, Output = T>> Segments<T> {
    /// More is to be written.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// What is to be written now; all of it if nothing more will come.
    pub fn next(&mut self, now: T, is_last: bool) -> Next<T> {
        let whole = self.bytes.len() / SEGMENT * SEGMENT;
        if whole > 0 {
            self.filled = Some(now);
            let rest = self.bytes.split_off(whole);
            return Next::Write(std::mem::replace(&mut self.bytes, rest));
        }
        match self.filled {
            _ if self.bytes.is_empty() => Next::Nothing,
            Some(filled) if !is_last && now < filled + HOLD => Next::Wait(filled + HOLD),
            _ => Next::Write(std::mem::take(&mut self.bytes)),
        }
    }
}

/// Bytes of a piece. With the record of TLS around it (22 bytes) it fits into a packet of a path that carries 1,400 bytes, as by a VPN; the usual one
/// carries 1,500.
pub const SEGMENT: usize = 1_320;
/// In this time a stream of a megabit fills a piece, so that what waits mostly leaves sooner. A stream that fills none in this time,
/// such as a voice alone, waits for nothing.
const HOLD: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use units::Timestamp;

    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_000);

    fn written(next: Next<Timestamp>) -> usize {
        match next {
            Next::Write(bytes) => bytes.len(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_voice_alone_waits_for_nothing() {
        let (mut segments, start) = (Segments::default(), START);
        for number in 0..10 {
            segments.push(&[7; 150]);
            let now = start + Duration::from_millis(20) * number;
            assert_eq!((written(segments.next(now, false)), segments.next(now, false)), (150, Next::Nothing));
        }
    }

    #[test]
    fn what_is_left_of_a_full_piece_waits_for_more_and_not_for_long() {
        let (mut segments, start) = (Segments::default(), START);
        segments.push(&[1; 1_000]);
        assert_eq!(written(segments.next(start, false)), 1_000, "nothing was dense yet");
        segments.push(&[2; SEGMENT + 80]);
        assert_eq!(written(segments.next(start, false)), SEGMENT);
        assert_eq!(segments.next(start, false), Next::Wait(start + HOLD));
        segments.push(&[3; 2 * SEGMENT]);
        let soon = start + HOLD / 2;
        assert_eq!(written(segments.next(soon, false)), 2 * SEGMENT, "in whole packets");
        assert_eq!(segments.next(soon, false), Next::Wait(soon + HOLD), "dense still");
        assert_eq!(written(segments.next(soon + HOLD, false)), 80);
        segments.push(&[4; 80]);
        assert_eq!(written(segments.next(soon + HOLD, false)), 80, "not dense any more");
    }

    #[test]
    fn the_last_bytes_wait_for_nothing() {
        let (mut segments, start) = (Segments::default(), START);
        segments.push(&[1; SEGMENT + 1]);
        assert_eq!(written(segments.next(start, true)), SEGMENT);
        assert_eq!((written(segments.next(start, true)), segments.next(start, true)), (1, Next::Nothing));
    }
}
