//! Redundant audio data (RFC 2198): earlier packets ride in front of the newest one.

use super::encoder::{EncodedVoice, RedundantBlock};

/// What a RED payload holds, still in its bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct RedPacket<'a> {
    /// The newest voice.
    pub primary: &'a [u8],
    /// Earlier voice, oldest first as it stands in the packet; `RedBlock::offset` says how much earlier.
    pub redundant: Vec<RedBlock<'a>>,
}

impl RedPacket<'_> {
    /// The earlier voice as the receiver takes it.
    pub fn redundant_blocks(&self) -> Vec<RedundantBlock> {
        let owned = |block: &RedBlock<'_>| RedundantBlock { offset: block.offset, payload: block.payload.to_vec() };
        self.redundant.iter().map(owned).collect()
    }
}

impl std::fmt::Debug for RedPacket<'_> {
    /// Without what is said.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RedPacket({} bytes, {} blocks)", self.primary.len(), self.redundant.len())
    }
}

/// One earlier packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RedBlock<'a> {
    /// How many samples it begins before the newest.
    pub offset: u16,
    /// Its Opus packet.
    pub payload: &'a [u8],
}

/// Bytes that are not RED.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedError {
    /// The headers end before the last one.
    #[error("The redundant voice packet ends within its headers; it is treated as lost.")]
    Headers,
    /// The blocks are longer than the packet.
    #[error("The redundant voice packet is shorter than its blocks; it is treated as lost.")]
    Blocks,
    /// The newest block is of another payload type than the voice, or empty.
    #[error("The redundant voice packet holds no voice; it is treated as lost.")]
    NoVoice,
    /// More blocks than any sender of a voice has reason for.
    #[error("The redundant voice packet holds too many blocks; it is treated as lost.")]
    TooMany,
}

/// Joins the voice and its earlier packets. What RED cannot carry (too early, too long) is left out.
pub fn pack(opus_payload_type: u8, voice: &EncodedVoice) -> Vec<u8> {
    let carried = || voice.redundant.iter().filter(|block| block.offset < OFFSETS && block.payload.len() < LENGTHS);
    let blocks: usize = carried().map(|block| block.payload.len() + BLOCK_HEADER).sum();
    let mut bytes = Vec::with_capacity(blocks + PRIMARY_HEADER + voice.payload.len());
    for block in carried() {
        let length = block.payload.len() as u32;
        let header =
            FOLLOWS << 24 | u32::from(opus_payload_type & PAYLOAD_TYPE) << 24 | u32::from(block.offset) << 10 | length;
        bytes.extend_from_slice(&header.to_be_bytes());
    }
    bytes.push(opus_payload_type & PAYLOAD_TYPE);
    for block in carried() {
        bytes.extend_from_slice(&block.payload);
    }
    bytes.extend_from_slice(&voice.payload);
    bytes
}

/// How many bytes [`pack`] adds for so many earlier packets.
pub const fn overhead(blocks: usize) -> usize {
    blocks * BLOCK_HEADER + PRIMARY_HEADER
}

/// Takes a RED payload apart. Blocks of other payload types than the voice, and empty ones, are left out.
pub fn parse(opus_payload_type: u8, payload: &[u8]) -> Result<RedPacket<'_>, RedError> {
    let mut headers = Vec::new();
    let mut rest = payload;
    let primary_type = loop {
        let (&first, after) = rest.split_first().ok_or(RedError::Headers)?;
        if u32::from(first) & FOLLOWS == 0 {
            rest = after;
            break first & PAYLOAD_TYPE;
        }
        let (&header, after) = rest.split_first_chunk::<BLOCK_HEADER>().ok_or(RedError::Headers)?;
        if headers.len() == MAX_BLOCKS {
            return Err(RedError::TooMany);
        }
        headers.push(u32::from_be_bytes(header));
        rest = after;
    };
    let mut redundant = Vec::with_capacity(headers.len());
    for header in headers {
        let length = (header & (LENGTHS as u32 - 1)) as usize;
        let (block, after) = rest.split_at_checked(length).ok_or(RedError::Blocks)?;
        rest = after;
        let offset = (header >> 10) as u16 & (OFFSETS - 1);
        let is_voice = (header >> 24) as u8 & PAYLOAD_TYPE == opus_payload_type & PAYLOAD_TYPE;
        // An offset of zero would stand in the place of the newest voice itself.
        if is_voice && !block.is_empty() && offset > 0 {
            redundant.push(RedBlock { offset, payload: block });
        }
    }
    if primary_type != opus_payload_type & PAYLOAD_TYPE || rest.is_empty() {
        return Err(RedError::NoVoice);
    }
    Ok(RedPacket { primary: rest, redundant })
}

/// The bit of a header's first byte that says that another header follows.
const FOLLOWS: u32 = 0x80;
const PAYLOAD_TYPE: u8 = 0x7f;
const BLOCK_HEADER: usize = 4;
const PRIMARY_HEADER: usize = 1;
/// 14 bits: 341 ms at 48 kHz.
const OFFSETS: u16 = 1 << 14;
/// 10 bits.
const LENGTHS: usize = 1 << 10;
/// Chromium's receiver takes 32; nine bits of voice in a packet would be 11 blocks.
const MAX_BLOCKS: usize = 32;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OPUS: u8 = 111;

    fn voice(payload: &[u8], redundant: &[(u16, &[u8])]) -> EncodedVoice {
        let block = |&(offset, payload): &(u16, &[u8])| RedundantBlock { offset, payload: payload.to_vec() };
        EncodedVoice {
            payload: payload.to_vec(),
            timestamp: 9_600,
            samples: 960,
            redundant: redundant.iter().map(block).collect(),
        }
    }

    #[test]
    fn a_packet_looks_as_the_rfc_draws_it() {
        let bytes = pack(OPUS, &voice(b"new", &[(960, b"old")]));
        // F=1 PT=111, offset 960 = 0b00001111000000, length 3 = 0b0000000011; F=0 PT=111.
        assert_eq!(bytes, [0xef, 0x0f, 0x00, 0x03, 0x6f, b'o', b'l', b'd', b'n', b'e', b'w']);
        assert_eq!(bytes.len(), 6 + overhead(1));
    }

    #[test]
    fn what_was_packed_comes_out_again_oldest_first() {
        let packed = pack(OPUS, &voice(b"newest", &[(1_920, b"older"), (960, b"old")]));
        let parsed = parse(OPUS, &packed).expect("RED");
        assert_eq!(parsed.primary, b"newest");
        let blocks: Vec<_> = parsed.redundant.iter().map(|block| (block.offset, block.payload)).collect();
        assert_eq!(blocks, [(1_920, &b"older"[..]), (960, &b"old"[..])]);
        assert_eq!(parse(OPUS, &pack(OPUS, &voice(b"alone", &[]))).expect("RED").primary, b"alone");
    }

    #[test]
    fn what_red_cannot_carry_is_left_out() {
        let long = vec![7; 1_024];
        let packed = pack(OPUS, &voice(b"new", &[(16_384, b"too early"), (960, &long), (480, b"fits")]));
        let parsed = parse(OPUS, &packed).expect("RED");
        assert_eq!(parsed.redundant, [RedBlock { offset: 480, payload: b"fits" }]);
    }

    #[test]
    fn broken_packets_are_named_and_foreign_blocks_left_out() {
        assert_eq!(parse(OPUS, &[]), Err(RedError::Headers));
        assert_eq!(parse(OPUS, &[0xef, 0, 0]), Err(RedError::Headers));
        assert_eq!(parse(OPUS, &[0xef, 0x0f, 0, 0x09, 0x6f, 1, 2]), Err(RedError::Blocks));
        assert_eq!(parse(OPUS, &[0x6f]), Err(RedError::NoVoice), "no voice behind the header");
        assert_eq!(parse(OPUS, &[0x60, 1]), Err(RedError::NoVoice), "another codec's");
        assert_eq!(parse(OPUS, &[0xef; 4 * 40]), Err(RedError::TooMany));
        let foreign = [0xe0, 0x0f, 0, 0x01, 0x6f, 9, 1];
        assert_eq!(parse(OPUS, &foreign), Ok(RedPacket { primary: &[1], redundant: Vec::new() }));
        let in_its_own_place = [0xef, 0, 0, 0x01, 0x6f, 9, 1];
        assert_eq!(parse(OPUS, &in_its_own_place), Ok(RedPacket { primary: &[1], redundant: Vec::new() }));
    }

    proptest! {
        #[test]
        fn any_bytes_are_either_refused_or_lie_within_the_packet(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(parsed) = parse(OPUS, &bytes) {
                let held = parsed.redundant.iter().map(|block| block.payload.len() + 4).sum::<usize>();
                prop_assert!(!parsed.primary.is_empty());
                prop_assert!(parsed.primary.len() + held < bytes.len());
                prop_assert!(parsed.redundant.iter().all(|block| (1..16_384).contains(&block.offset)));
            }
        }

        #[test]
        fn every_cut_of_a_true_packet_is_survived(
            blocks in proptest::collection::vec((1_u16..20_000, proptest::collection::vec(any::<u8>(), 1..1_100)), 0..4),
            primary in proptest::collection::vec(any::<u8>(), 1..300),
            cut in any::<prop::sample::Index>(),
        ) {
            let redundant: Vec<_> = blocks.iter().map(|(offset, payload)| (*offset, payload.as_slice())).collect();
            let packed = pack(OPUS, &voice(&primary, &redundant));
            let carried: Vec<_> =
                redundant.iter().filter(|(offset, payload)| *offset < 16_384 && payload.len() < 1_024).collect();
            let parsed = parse(OPUS, &packed).expect("RED");
            prop_assert_eq!(parsed.primary, &primary[..]);
            prop_assert_eq!(parsed.redundant.len(), carried.len());
            let _ = parse(OPUS, &packed[..cut.index(packed.len())]);
        }
    }
}
