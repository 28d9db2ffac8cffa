//! A piece of a file on its way, one to a packet.

use crate::TransferId;

/// Bytes of a block: what has arrived is counted in blocks. Small, so that on a thin link a packet of one holds no word up
/// for long (584 bytes with all headers: 16 ms at 300 kbps).
pub const BLOCK: usize = 512;

/// Blocks of one frame at most. With its own header, RTP's and SRTP's, UDP's, IPv6's and a relay's this stays below the 1,280
/// bytes that every IPv6 link carries (RFC 8200, section 5).
pub const MOST_BLOCKS: u32 = 2;

/// The form of what follows. Another number is for a later version.
const VERSION: u8 = 1;
const HEADER: usize = 9;

/// One frame: version, transfer, number of the first block, then the bytes; numbers with the highest byte first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Of which transfer of its sender.
    pub id: TransferId,
    /// The number of the first block.
    pub first: u32,
    /// Whole blocks; the file's last one may be shorter.
    pub data: &'a [u8],
}

/// What came is no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Too short, too long, or empty.
    #[error("a frame of a file has a wrong length")]
    Length,
    /// Of a later version.
    #[error("a frame of a file is in an unknown form")]
    Version,
}

impl<'a> Frame<'a> {
    /// Reads what came.
    ///
    /// # Errors
    /// If it is no frame of ours; it is to be passed over.
    pub fn read(bytes: &'a [u8]) -> Result<Self, FrameError> {
        let Some((&[version, i0, i1, i2, i3, b0, b1, b2, b3], data)) = bytes.split_first_chunk::<HEADER>() else {
            return Err(FrameError::Length);
        };
        if version != VERSION {
            return Err(FrameError::Version);
        }
        if data.is_empty() || data.len() > BLOCK * MOST_BLOCKS as usize {
            return Err(FrameError::Length);
        }
        let id = TransferId(u32::from_be_bytes([i0, i1, i2, i3]));
        Ok(Self { id, first: u32::from_be_bytes([b0, b1, b2, b3]), data })
    }

    /// As it goes over the wire.
    pub fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + self.data.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.id.0.to_be_bytes());
        bytes.extend_from_slice(&self.first.to_be_bytes());
        bytes.extend_from_slice(self.data);
        bytes
    }
}

/// How many blocks a file of so many bytes has; `None` if they cannot be numbered.
pub fn blocks_of(bytes: u64) -> Option<u32> {
    u32::try_from(bytes.div_ceil(BLOCK as u64)).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_frame_is_read_as_it_is_written() {
        let frame = Frame { id: TransferId(0x0102_0304), first: 7, data: b"some bytes" };
        let bytes = frame.to_bytes();
        assert_eq!(bytes[..HEADER], [1, 1, 2, 3, 4, 0, 0, 0, 7]);
        assert_eq!(Frame::read(&bytes), Ok(frame));
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        assert_eq!(Frame::read(&[]), Err(FrameError::Length));
        assert_eq!(Frame::read(&[1; HEADER]), Err(FrameError::Length), "it carries nothing");
        assert_eq!(Frame::read(&[2; 20]), Err(FrameError::Version));
        assert_eq!(Frame::read(&[1; HEADER + 1_025]), Err(FrameError::Length));
    }

    #[test]
    fn blocks_are_counted_up() {
        let counts = [0, 1, 512, 513, u64::from(u32::MAX) * 512 + 1].map(blocks_of);
        assert_eq!(counts, [Some(0), Some(1), Some(1), Some(2), None]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..1_200)) {
            if let Ok(frame) = Frame::read(&bytes) {
                prop_assert_eq!(frame.to_bytes(), bytes);
            }
        }
    }
}
