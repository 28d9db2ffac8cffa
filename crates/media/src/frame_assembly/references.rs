//! Which picture can be decoded though something before it is missing.

use crate::h264::slice_header::{FirstSlice, Numbering, first_slice, numbering, starts_picture};

/// Follows the pictures that others need, by the numbers that H.264 itself gives them.
///
/// `frame_num` counts the pictures that others need, so that a picture whose number follows the last one's misses nothing,
/// whatever of the upper temporal layer was lost. And where the stream has a middle layer, a picture of the lowest can
/// be decoded without the middle ones before it: such streams announce that numbers may be left out, rank their layers
/// by `nal_ref_idc`, and number the lowest in even steps.
#[derive(Debug, Default)]
pub(super) struct References {
    numbering: Option<Numbering>,
    /// Number of the last picture that was handed out and that others need.
    last: Option<u32>,
    /// The same of the lowest layer.
    last_lowest: Option<u32>,
    /// From one picture of the lowest layer to the next.
    stride: Option<u32>,
}

impl References {
    /// This access unit is handed out; what it needs was before.
    pub(super) fn on_frame(&mut self, annexb: &[u8], key: bool) {
        if key {
            let numbering = numbering(annexb);
            if numbering != self.numbering {
                *self = Self { numbering, ..Self::default() };
            }
            // A key frame's number is 0 (§7.4.3). What follows it may have other layers than what came before.
            (self.last, self.last_lowest, self.stride) = (Some(0), Some(0), None);
            return;
        }
        let Some((numbering, slice)) = self.numbering.and_then(|it| Some((it, first_slice(annexb, it)?))) else {
            // Of a stream that is not understood nothing is left out.
            (self.last, self.last_lowest) = (None, None);
            return;
        };
        if slice.importance > 0 {
            self.last = Some(slice.number);
        }
        if slice.importance == LOWEST_LAYER {
            self.stride = self.last_lowest.map(|last| steps(last, slice.number, numbering));
            self.last_lowest = Some(slice.number);
        }
    }

    /// Whether a picture begins with this RTP payload, `missing` packets after what was handed out, that needs nothing
    /// but that.
    pub(super) fn allow(&self, payload: &[u8], missing: u64) -> bool {
        let Some((numbering, last)) = self.numbering.zip(self.last) else { return false };
        if missing >> numbering.bits != 0 {
            // So many that the numbers could have gone all the way round.
            return false;
        }
        let Some(FirstSlice { number, importance }) = starts_picture(payload, numbering) else { return false };
        if steps(last, number, numbering) == 1 {
            return true;
        }
        numbering.may_have_gaps
            && importance == LOWEST_LAYER
            && self
                .last_lowest
                .zip(self.stride)
                .is_some_and(|(last, stride)| stride <= MOST_STRIDE && steps(last, number, numbering) == stride)
    }
}

fn steps(from: u32, to: u32, numbering: Numbering) -> u32 {
    to.wrapping_sub(from) & ((1 << numbering.bits) - 1)
}

/// `nal_ref_idc` of the pictures that all others need.
const LOWEST_LAYER: u8 = 3;
/// With one middle layer every other picture that others need is of the lowest; more layers than three nobody sends.
const MOST_STRIDE: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMETERS: [u8; 10] = [0, 0, 0, 1, 0x67, 66, 0xc0, 31, 0b1010_0110, 0b1110_0000];

    /// The payload of a picture, as one slice.
    fn picture(number: u8, importance: u8) -> [u8; 2] {
        [importance << 5 | 1, 0b1110_0000 | number]
    }

    fn after(frames: &[(u8, u8)]) -> References {
        let mut references = References::default();
        references.on_frame(&PARAMETERS, true);
        for &(number, importance) in frames {
            references.on_frame(&[&[0, 0, 1], picture(number, importance).as_slice()].concat(), false);
        }
        references
    }

    #[test]
    fn after_a_key_frame_nothing_is_known_of_the_layers_of_before() {
        let mut references = after(&[(1, 1), (2, 3), (3, 1), (4, 3)]);
        assert!(references.allow(&picture(6, 3), 1), "the middle one is not needed");
        references.on_frame(&PARAMETERS, true);
        assert!(!references.allow(&picture(2, 3), 1), "the one before it may be of the lowest layer too");
    }

    #[test]
    fn a_number_that_follows_misses_nothing() {
        let references = after(&[(1, 3), (2, 3), (3, 0)]);
        for importance in 0..=3 {
            assert!(references.allow(&picture(3, importance), 4));
            assert!(!references.allow(&picture(4, importance), 4));
            assert!(!references.allow(&picture(2, importance), 4));
        }
        assert!(!references.allow(&picture(3, 3), 32), "32 lost pictures have the same number");
    }

    #[test]
    fn the_lowest_layer_needs_no_middle_one() {
        // Lowest, highest, middle, highest, lowest.
        let references = after(&[(1, 0), (1, 1), (2, 0), (2, 3)]);
        assert!(references.allow(&picture(4, 3), 2), "the middle one between is not needed");
        assert!(!references.allow(&picture(4, 0), 2), "but by the highest it is");
        assert!(!references.allow(&picture(4, 1), 2));
        assert!(!references.allow(&picture(6, 3), 2), "one of the lowest is missing");
        assert!(!after(&[(1, 3), (2, 3)]).allow(&picture(4, 3), 2), "no middle layer was ever seen");
    }
}
