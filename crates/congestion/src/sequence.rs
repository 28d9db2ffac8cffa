//! Sixteen-bit sequence numbers, unwrapped into numbers that only grow.

/// Unwraps sixteen-bit sequence numbers (RFC 3550, RFC 1982 arithmetic): each is read as the number nearest to the last.
///
/// Numbering starts at 65 536 + the first value, so that a packet that came before the first still has a number.
#[derive(Debug, Clone, Default)]
pub struct SequenceUnwrapper {
    last: Option<u64>,
}

impl SequenceUnwrapper {
    /// An unwrapper that has seen nothing.
    pub const fn new() -> Self {
        Self { last: None }
    }

    /// An unwrapper that reads its first value as the number nearest to `number`.
    pub const fn near(number: u64) -> Self {
        Self { last: Some(number) }
    }

    /// The number of `sequence`, which becomes the one that the next is compared with.
    pub fn unwrap(&mut self, sequence: u16) -> u64 {
        let number = self.peek(sequence);
        self.last = Some(number);
        number
    }

    /// The number of `sequence`, without taking note of it.
    pub fn peek(&self, sequence: u16) -> u64 {
        let Some(last) = self.last else {
            return 0x1_0000 + u64::from(sequence);
        };
        let step = sequence.wrapping_sub(last as u16) as i16;
        // Before number zero there is nothing: such a step is read forwards.
        last.checked_add_signed(i64::from(step)).unwrap_or(last + u64::from(step as u16))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_go_on_over_the_wrap_and_back() {
        let mut unwrapper = SequenceUnwrapper::new();
        let first = unwrapper.unwrap(65_534);
        assert_eq!(unwrapper.unwrap(65_535), first + 1);
        assert_eq!(unwrapper.unwrap(1), first + 3);
        assert_eq!(unwrapper.unwrap(0), first + 2);
        assert_eq!(unwrapper.unwrap(65_533), first - 1);
    }

    proptest! {
        #[test]
        fn a_number_keeps_its_low_sixteen_bits(values in prop::collection::vec(any::<u16>(), 1..200)) {
            let mut unwrapper = SequenceUnwrapper::near(0);
            for value in values {
                prop_assert_eq!(unwrapper.unwrap(value) as u16, value);
            }
        }
    }
}
