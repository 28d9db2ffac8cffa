//! RFC 6184 payloads to H.264 with start codes.

/// A payload that packetization mode 1 (RFC 6184 §6.3) does not allow or that is cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("A packet of the picture is damaged.")]
pub struct Malformed;

/// Joins the payloads of one picture, given in order, to an access unit.
#[derive(Debug, Default)]
pub struct Depacketizer {
    annexb: Vec<u8>,
    /// Whether a fragmented unit has begun and not ended.
    in_fragment: bool,
    key: bool,
}

impl Depacketizer {
    /// An access unit with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next payload.
    pub fn push(&mut self, payload: &[u8]) -> Result<(), Malformed> {
        let (&header, rest) = payload.split_first().ok_or(Malformed)?;
        match header & TYPE_MASK {
            SINGLE_FIRST..=SINGLE_LAST => self.unit(payload),
            STAP_A => self.aggregate(rest),
            FU_A => self.fragment(header, rest),
            _ => Err(Malformed),
        }
    }

    /// The access unit and whether it holds an IDR slice; an error if a fragment never ended or nothing came.
    pub fn finish(self) -> Result<(Vec<u8>, bool), Malformed> {
        if self.in_fragment || self.annexb.is_empty() { Err(Malformed) } else { Ok((self.annexb, self.key)) }
    }

    fn unit(&mut self, unit: &[u8]) -> Result<(), Malformed> {
        let &header = unit.first().ok_or(Malformed)?;
        if self.in_fragment || !(SINGLE_FIRST..=SINGLE_LAST).contains(&(header & TYPE_MASK)) {
            return Err(Malformed);
        }
        self.begin(header);
        self.annexb.extend_from_slice(&unit[1..]);
        Ok(())
    }

    /// STAP-A (§5.7.1): units behind one another, each with its length in two bytes.
    fn aggregate(&mut self, mut rest: &[u8]) -> Result<(), Malformed> {
        while let Some((length, behind)) = rest.split_first_chunk::<2>() {
            let length = usize::from(u16::from_be_bytes(*length));
            let (unit, behind) = behind.split_at_checked(length).ok_or(Malformed)?;
            self.unit(unit)?;
            rest = behind;
        }
        if rest.is_empty() { Ok(()) } else { Err(Malformed) }
    }

    /// FU-A (§5.8): a piece of a unit; the unit's header is put together from the indicator and the FU header.
    fn fragment(&mut self, indicator: u8, rest: &[u8]) -> Result<(), Malformed> {
        let (&fu, data) = rest.split_first().ok_or(Malformed)?;
        let (start, end) = (fu & 0x80 != 0, fu & 0x40 != 0);
        if start == self.in_fragment || !(SINGLE_FIRST..=SINGLE_LAST).contains(&(fu & TYPE_MASK)) {
            return Err(Malformed);
        }
        if start {
            self.begin(indicator & !TYPE_MASK | fu & TYPE_MASK);
        }
        self.annexb.extend_from_slice(data);
        self.in_fragment = !end;
        Ok(())
    }

    fn begin(&mut self, header: u8) {
        self.key |= header & TYPE_MASK == IDR_SLICE;
        self.annexb.extend_from_slice(&START_CODE);
        self.annexb.push(header);
    }
}

/// Whether this payload can only be a key frame's first: it begins with a sequence parameter set.
pub fn starts_key_frame(payload: &[u8]) -> bool {
    let first = match payload {
        [header, _, _, first, ..] if header & TYPE_MASK == STAP_A => *first,
        [header, ..] => *header,
        [] => return false,
    };
    first & TYPE_MASK == SEQUENCE_PARAMETERS
}

/// Whether an access unit with start codes can be decoded from nothing: it brings its parameters and an IDR slice.
pub(super) fn is_key_frame(annexb: &[u8]) -> bool {
    let mut parameters = false;
    for unit in units(annexb) {
        match unit[0] & TYPE_MASK {
            SEQUENCE_PARAMETERS => parameters = true,
            IDR_SLICE => return parameters,
            _ => {}
        }
    }
    false
}

/// How important the first slice of an access unit with start codes is, as its `nal_ref_idc` has it (ITU-T H.264
/// §7.4.1): 0 if no other picture needs it; 3 if there is no slice.
pub(super) fn slice_importance(annexb: &[u8]) -> u8 {
    let is_slice = |header: &u8| (SLICE..=IDR_SLICE).contains(&(header & TYPE_MASK));
    units(annexb).map(|unit| unit[0]).find(is_slice).map_or(MOST_IMPORTANT, importance)
}

/// The units of an access unit, without their start codes, none empty. A trailing zero byte may be left at their ends.
pub(super) fn units(annexb: &[u8]) -> impl Iterator<Item = &[u8]> {
    let starts = annexb.windows(3).enumerate().filter(|(_, three)| **three == [0, 0, 1]).map(|(at, _)| at + 3);
    let ends = starts.clone().skip(1).map(|start| start - 3).chain([annexb.len()]);
    starts.zip(ends).filter_map(|(start, end)| annexb.get(start..end).filter(|unit| !unit.is_empty()))
}

/// `nal_ref_idc` in a unit's first byte.
pub(super) const fn importance(header: u8) -> u8 {
    header >> 5 & MOST_IMPORTANT
}

const MOST_IMPORTANT: u8 = 3;
pub(super) const SLICE: u8 = 1;
/// The type in a unit's first byte (ITU-T H.264 §7.3.1).
pub(super) const TYPE_MASK: u8 = 0x1f;
pub(super) const IDR_SLICE: u8 = 5;
pub(super) const SEQUENCE_PARAMETERS: u8 = 7;
/// Types of units that stand for themselves (RFC 6184 table 1).
const SINGLE_FIRST: u8 = 1;
const SINGLE_LAST: u8 = 23;
pub(super) const STAP_A: u8 = 24;
pub(super) const FU_A: u8 = 28;
const START_CODE: [u8; 4] = [0, 0, 0, 1];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn joined(payloads: &[&[u8]]) -> Result<(Vec<u8>, bool), Malformed> {
        let mut depacketizer = Depacketizer::new();
        for payload in payloads {
            depacketizer.push(payload)?;
        }
        depacketizer.finish()
    }

    #[test]
    fn single_aggregated_and_fragmented_units_become_one_access_unit() {
        let stap: &[u8] = &[0x78, 0, 2, 0x67, 1, 0, 3, 0x68, 2, 3];
        let unit = joined(&[stap, &[0x7c, 0x85, 9], &[0x7c, 0x05, 8], &[0x7c, 0x45, 7], &[0x41, 5]]);
        let expected = [
            [0, 0, 0, 1, 0x67, 1].as_slice(),
            &[0, 0, 0, 1, 0x68, 2, 3],
            &[0, 0, 0, 1, 0x65, 9, 8, 7],
            &[0, 0, 0, 1, 0x41, 5],
        ];
        assert_eq!(unit, Ok((expected.concat(), true)));
        assert!(is_key_frame(&unit.expect("a unit").0));
        assert!(starts_key_frame(stap) && starts_key_frame(&[0x67]) && !starts_key_frame(&[0x41, 5]));
    }

    #[test]
    fn what_is_cut_short_or_out_of_order_is_damaged() {
        for payloads in [
            &[[].as_slice()] as &[&[u8]],
            &[],
            &[&[0x7c]],
            &[&[0x7c, 0x05, 1]],
            &[&[0x7c, 0x85, 1]],
            &[&[0x7c, 0x85, 1], &[0x7c, 0x85, 1]],
            &[&[0x7c, 0x85, 1], &[0x41, 1]],
            &[&[0x78, 0, 9, 0x67]],
            &[&[0x78, 0]],
            &[&[0x78, 0, 0]],
            &[&[0x78, 0, 1, 0x78]],
            &[&[0x79, 0, 0, 0]],
            &[&[0x00, 1]],
            &[&[0x1f, 1]],
        ] {
            assert_eq!(joined(payloads), Err(Malformed), "{payloads:?}");
        }
    }

    #[test]
    fn a_key_frame_needs_its_parameters() {
        assert!(!is_key_frame(&[0, 0, 0, 1, 0x65, 1]));
        assert!(!is_key_frame(&[0, 0, 1, 0x67, 1, 0, 0, 1, 0x41]));
        assert!(!is_key_frame(&[0, 0, 1, 0x67, 0, 0, 1]));
        assert!(is_key_frame(&[0, 0, 1, 0x67, 0, 0, 0, 1, 0x65]));
    }

    proptest! {
        #[test]
        fn no_payload_makes_it_panic(payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..8)) {
            let mut depacketizer = Depacketizer::new();
            for payload in &payloads {
                let _ = starts_key_frame(payload);
                if depacketizer.push(payload).is_err() {
                    break;
                }
            }
            if let Ok((unit, _)) = depacketizer.finish() {
                let _ = is_key_frame(&unit);
            }
        }
    }
}
