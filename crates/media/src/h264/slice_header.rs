//! What the first bytes of a picture tell of which others it needs (ITU-T H.264 §7.3.2.1 and §7.3.3).

use super::depacketize::{FU_A, SEQUENCE_PARAMETERS, SLICE, STAP_A, TYPE_MASK, importance, units};

/// What a sequence parameter set says of the numbers of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Numbering {
    /// `frame_num` has so many bits, 4 to 16.
    pub(crate) bits: u32,
    /// Whether pictures of upper temporal layers may be left out: `gaps_in_frame_num_value_allowed_flag`.
    pub(crate) may_have_gaps: bool,
}

/// The beginning of a picture's first slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FirstSlice {
    /// `frame_num`: how many pictures that others need came before it, since the last key frame, modulo 2^bits.
    pub(crate) number: u32,
    /// `nal_ref_idc`: 0 if no other picture needs this one, 3 if all do.
    pub(crate) importance: u8,
}

/// What the sequence parameter set in an access unit with start codes says; `None` if there is none of a kind that WebRTC
/// knows (constrained baseline).
pub(crate) fn numbering(annexb: &[u8]) -> Option<Numbering> {
    let unit = units(annexb).find(|unit| unit[0] & TYPE_MASK == SEQUENCE_PARAMETERS)?;
    let (&BASELINE, rest) = unit.get(1..)?.split_first()? else { return None };
    // Constraints and level.
    let mut bits = Bits::new(rest.get(2..)?);
    let _id = bits.golomb()?;
    let frame_num_bits = bits.golomb()?.checked_add(4).filter(|bits| *bits <= 16)?;
    match bits.golomb()? {
        0 => drop(bits.golomb()?),
        2 => {}
        // Order types with cycles: nobody in WebRTC sends them.
        _ => return None,
    }
    let _references = bits.golomb()?;
    Some(Numbering { bits: frame_num_bits, may_have_gaps: bits.take(1)? == 1 })
}

/// The first slice of a P picture in an access unit with start codes.
pub(crate) fn first_slice(annexb: &[u8], numbering: Numbering) -> Option<FirstSlice> {
    units(annexb).find(|unit| unit[0] & TYPE_MASK == SLICE).and_then(|unit| slice(unit[0], &unit[1..], numbering))
}

/// The first slice of a P picture that begins with this RTP payload (RFC 6184); `None` if no picture does.
pub(crate) fn starts_picture(payload: &[u8], numbering: Numbering) -> Option<FirstSlice> {
    match *payload {
        [header, ref rest @ ..] if header & TYPE_MASK == SLICE => slice(header, rest, numbering),
        [header, fragment, ref rest @ ..]
            if header & TYPE_MASK == FU_A && fragment & (START | TYPE_MASK) == START | SLICE =>
        {
            slice(header, rest, numbering)
        }
        [outer, _, _, header, ref rest @ ..] if outer & TYPE_MASK == STAP_A && header & TYPE_MASK == SLICE => {
            slice(header, rest, numbering)
        }
        _ => None,
    }
}

fn slice(header: u8, rest: &[u8], numbering: Numbering) -> Option<FirstSlice> {
    let mut bits = Bits::new(rest);
    // The first macroblock; another than 0 is not the first slice.
    (bits.golomb()? == 0).then_some(())?;
    let (_kind, _parameters) = (bits.golomb()?, bits.golomb()?);
    Some(FirstSlice { number: bits.take(numbering.bits)?, importance: importance(header) })
}

/// Bits of a unit, emulation prevention undone (§7.4.1).
struct Bits<'a> {
    bytes: std::slice::Iter<'a, u8>,
    zeros: u32,
    byte: u8,
    left: u32,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes: bytes.iter(), zeros: 0, byte: 0, left: 0 }
    }

    fn bit(&mut self) -> Option<u32> {
        if self.left == 0 {
            let mut byte = *self.bytes.next()?;
            if byte == 3 && self.zeros >= 2 {
                self.zeros = 0;
                byte = *self.bytes.next()?;
            }
            self.zeros = if byte == 0 { self.zeros + 1 } else { 0 };
            (self.byte, self.left) = (byte, 8);
        }
        self.left -= 1;
        Some(u32::from(self.byte >> self.left & 1))
    }

    fn take(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0, |value, _| Some(value << 1 | self.bit()?))
    }

    /// An unsigned Exp-Golomb number (§9.1) of up to 33 bits, as slices and parameter sets have them.
    fn golomb(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 16 {
                return None;
            }
        }
        Some((1 << zeros) - 1 + self.take(zeros)?)
    }
}

/// `profile_idc` of baseline (§A.2.1).
const BASELINE: u8 = 66;
/// The start bit of a fragment (RFC 6184 §5.8).
const START: u8 = 0x80;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Parameters with `frame_num` of 5 bits, order type 2, two references and the flag: `1`, `010`, `011`, `011`, flag.
    fn parameters(may_have_gaps: bool) -> Vec<u8> {
        let bits: u16 = 0b1010_0110_1100_0000 | if may_have_gaps { 1 << 5 } else { 0 };
        [[0, 0, 0, 1, 0x67, BASELINE, 0xc0, 31].as_slice(), &bits.to_be_bytes()].concat()
    }

    #[test]
    fn parameters_say_how_pictures_are_numbered() {
        for may_have_gaps in [false, true] {
            assert_eq!(numbering(&parameters(may_have_gaps)), Some(Numbering { bits: 5, may_have_gaps }));
        }
        let mut high = parameters(true);
        high[5] = 100;
        assert_eq!(numbering(&high), None);
    }

    #[test]
    fn a_slice_is_the_first_of_its_picture_if_it_begins_at_the_first_block() {
        let numbering = Numbering { bits: 5, may_have_gaps: true };
        // First block 0, kind 0, parameters 0, number 19.
        let first = [0b1111_0011_u8];
        let expected = Some(FirstSlice { number: 19, importance: 3 });
        assert_eq!(starts_picture(&[&[0x61], first.as_slice()].concat(), numbering), expected);
        assert_eq!(starts_picture(&[&[0x7c, 0x81], first.as_slice()].concat(), numbering), expected);
        assert_eq!(starts_picture(&[&[0x78, 0, 2, 0x61], first.as_slice()].concat(), numbering), expected);
        assert_eq!(first_slice(&[&[0, 0, 1, 9, 0, 0, 1, 0x61], first.as_slice()].concat(), numbering), expected);
        assert_eq!(starts_picture(&[&[0x7c, 0x01], first.as_slice()].concat(), numbering), None, "a later fragment");
        assert_eq!(starts_picture(&[0x61, 0b0101_1100, 0b1100_0000], numbering), None, "a later slice");
    }

    #[test]
    fn emulation_prevention_is_undone() {
        let mut bits = Bits::new(&[0, 0, 3, 1]);
        assert_eq!(bits.take(24), Some(1));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(3), Just(0x67), any::<u8>()], 0..40)) {
            let _ = numbering(&bytes);
            let numbering = Numbering { bits: 16, may_have_gaps: true };
            let _ = (first_slice(&bytes, numbering), starts_picture(&bytes, numbering));
        }
    }
}
