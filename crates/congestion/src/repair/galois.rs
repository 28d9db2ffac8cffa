//! Arithmetic in GF(2⁸), the field of bytes (polynomial x⁸ + x⁴ + x³ + x² + 1, generator x).

/// Powers of the generator twice over, so that a sum of two logarithms needs no remainder; and logarithms.
const TABLES: ([u8; 510], [u8; 256]) = {
    let (mut powers, mut logarithms) = ([0; 510], [0; 256]);
    let mut power: u16 = 1;
    let mut exponent = 0;
    while exponent < 255 {
        powers[exponent] = power as u8;
        powers[exponent + 255] = power as u8;
        logarithms[power as usize] = exponent as u8;
        power <<= 1;
        if power & 0x100 != 0 {
            power ^= 0x11d;
        }
        exponent += 1;
    }
    (powers, logarithms)
};

/// `value / by`; `by` must not be zero.
pub(super) fn divide(value: u8, by: u8) -> u8 {
    if value == 0 {
        return 0;
    }
    let (powers, logarithms) = &TABLES;
    powers[255 + usize::from(logarithms[usize::from(value)]) - usize::from(logarithms[usize::from(by)])]
}

/// Adds `factor` times `bytes` to `sum`, as far as both are long.
pub(super) fn add_scaled(sum: &mut [u8], bytes: &[u8], factor: u8) {
    match factor {
        0 => {}
        1 => sum.iter_mut().zip(bytes).for_each(|(sum, byte)| *sum ^= byte),
        _ => {
            let (powers, logarithms) = &TABLES;
            let scale = usize::from(logarithms[usize::from(factor)]);
            for (sum, byte) in sum.iter_mut().zip(bytes).filter(|(_, byte)| **byte != 0) {
                *sum ^= powers[scale + usize::from(logarithms[usize::from(*byte)])];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(a: u8, b: u8) -> u8 {
        let mut product = [0];
        add_scaled(&mut product, &[a], b);
        product[0]
    }

    #[test]
    fn dividing_undoes_multiplying_and_sums_are_multiplied_piece_by_piece() {
        for a in 0..=255 {
            for b in 1..=255 {
                assert_eq!(divide(times(a, b), b), a);
                assert_eq!(times(a ^ 0x53, b), times(a, b) ^ times(0x53, b));
            }
        }
        assert_eq!(times(2, 0x80), 0x1d);
    }
}
