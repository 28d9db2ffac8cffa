//! The recovery sheet: the clinic's key and the key to what colleagues share, on paper.
//!
//! Eight groups of five characters: 160 bits in base32 without letters that look like digits (Crockford's alphabet), four
//! to a group, and a check character at the end of each, so that a slip of the pen is found where it is.

use trust::codec::{derive, secret_debug};
use x25519_dalek::StaticSecret;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{BoxSecret, ClinicKey};

/// What stands on the sheet. Whoever holds it is the clinic.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct RecoverySecret([u8; 20]);

impl RecoverySecret {
    /// The secret of these 160 bits, which the caller drew from the operating system.
    pub const fn from_random(bits: [u8; 20]) -> Self {
        Self(bits)
    }

    /// The key whose fingerprint links carry.
    pub fn clinic_key(&self) -> ClinicKey {
        ClinicKey::from_secret(&derive(&self.0, b"housecall clinic key v1"))
    }

    /// The key to which every staff box is sealed too.
    pub fn box_secret(&self) -> BoxSecret {
        BoxSecret(StaticSecret::from(*derive(&self.0, b"housecall recovery box key v1")))
    }

    /// As it is printed: never shown elsewhere, never logged.
    pub fn to_sheet(&self) -> String {
        let groups: Vec<String> = self
            .symbols()
            .chunks_exact(4)
            .enumerate()
            .map(|(group, symbols)| {
                let all = symbols.iter().copied().chain([check(group, symbols)]);
                all.map(|symbol| char::from(ALPHABET[usize::from(symbol)])).collect()
            })
            .collect();
        groups.join("-")
    }

    /// Reads what somebody typed: in either case, with any spaces and hyphens, with O for 0 and I or L for 1.
    ///
    /// # Errors
    /// Which group is wrong.
    pub fn from_sheet(text: &str) -> Result<Self, RecoveryError> {
        let mut typed = Zeroizing::new([0; GROUPS * 5]);
        let mut count = 0;
        for letter in text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-') {
            let place = typed.get_mut(count).ok_or(RecoveryError::Length)?;
            *place = value(letter).ok_or(RecoveryError::Group(count / 5 + 1))?;
            count += 1;
        }
        if count < typed.len() {
            return Err(RecoveryError::Length);
        }
        let mut secret = Self([0; 20]);
        for (index, group) in typed.chunks_exact(5).enumerate() {
            let (symbols, sum) = (&group[..4], group[4]);
            if check(index, symbols) != sum {
                return Err(RecoveryError::Group(index + 1));
            }
            for (place, symbol) in symbols.iter().enumerate() {
                for bit in (0..5).filter(|bit| symbol >> (4 - bit) & 1 == 1) {
                    let at = (index * 4 + place) * 5 + bit;
                    // Each bit once: a sum is the union.
                    secret.0[at / 8] += 0x80 >> (at % 8);
                }
            }
        }
        Ok(secret)
    }

    fn symbols(&self) -> [u8; GROUPS * 4] {
        let bit = |at: usize| self.0[at / 8] >> (7 - at % 8) & 1;
        std::array::from_fn(|place| (0..5).fold(0, |symbol, at| 2 * symbol + bit(place * 5 + at)))
    }
}

secret_debug!(RecoverySecret);

/// What was typed is not what stands on the sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecoveryError {
    /// Too few or too many characters.
    #[error("the recovery sheet has eight groups of five letters and digits: type all of them")]
    Length,
    /// This group, counted from 1, has a slip.
    #[error("group {0} is not as it stands on the recovery sheet: look at it again")]
    Group(usize),
}

/// Odd weights: every single wrong character changes it; and the group is in it, so groups cannot change places.
fn check(group: usize, symbols: &[u8]) -> u8 {
    let sum: usize = symbols.iter().enumerate().map(|(place, symbol)| (2 * place + 3) * usize::from(*symbol)).sum();
    ((sum + 5 * group + 7) % 32) as u8
}

fn value(letter: char) -> Option<u8> {
    let letter = match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    ALPHABET.iter().position(|symbol| char::from(*symbol) == letter).map(|place| place as u8)
}

const GROUPS: usize = 8;
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: RecoverySecret = RecoverySecret::from_random(
        *b"\x00\x44\x32\x14\xc7\x42\x54\xb6\x35\xcf\x84\x65\x3a\x56\xd7\xc6\x75\xbe\x77\xdf",
    );

    #[test]
    fn a_sheet_is_eight_groups_of_five() {
        // The 160 bits are the symbols 0 to 31 in their order.
        let sheet = SECRET.to_sheet();
        let data: String = sheet.split('-').map(|group| &group[..4]).collect();
        assert_eq!(data.as_bytes(), ALPHABET);
        assert!(sheet.split('-').all(|group| group.len() == 5) && sheet.split('-').count() == 8);
        assert_eq!(RecoverySecret::from_sheet(&sheet), Ok(SECRET));
    }

    #[test]
    fn a_sheet_is_read_as_people_type_it() {
        let sheet = SECRET.to_sheet();
        let typed = sheet.to_lowercase().replace('0', "o").replace('1', "l").replace('-', "  - \n");
        assert_eq!(RecoverySecret::from_sheet(&typed), Ok(SECRET.clone()));
        assert_eq!(RecoverySecret::from_sheet(&sheet.replace('1', "i").replace('-', "")), Ok(SECRET));
    }

    #[test]
    fn a_slip_is_found_in_its_group() {
        let sheet = SECRET.to_sheet();
        for at in (0..sheet.len()).filter(|at| at % 6 != 5) {
            for wrong in ALPHABET.iter().filter(|symbol| **symbol != sheet.as_bytes()[at]) {
                let mut typed = sheet.clone().into_bytes();
                typed[at] = *wrong;
                let typed = String::from_utf8(typed).unwrap();
                assert_eq!(RecoverySecret::from_sheet(&typed), Err(RecoveryError::Group(at / 6 + 1)), "{typed}");
            }
        }
        assert_eq!(RecoverySecret::from_sheet(&sheet.replace('2', "U")), Err(RecoveryError::Group(1)));
        let mut typed = sheet;
        typed.replace_range(45..46, "ß");
        assert_eq!(RecoverySecret::from_sheet(&typed), Err(RecoveryError::Group(8)));
    }

    #[test]
    fn groups_cannot_change_places() {
        let sheet = SECRET.to_sheet();
        let groups: Vec<_> = sheet.split('-').collect();
        for first in 0..8 {
            for second in first + 1..8 {
                let mut swapped = groups.clone();
                swapped.swap(first, second);
                let read = RecoverySecret::from_sheet(&swapped.join("-"));
                assert_eq!(read, Err(RecoveryError::Group(first + 1)));
            }
        }
    }

    #[test]
    fn every_part_of_a_sheet_is_needed() {
        let sheet = SECRET.to_sheet();
        for wrong in
            ["", "-", &sheet[..sheet.len() - 1], &sheet[..41], &format!("{sheet}0"), &format!("{sheet}{sheet}")]
        {
            assert_eq!(RecoverySecret::from_sheet(wrong), Err(RecoveryError::Length), "{wrong}");
        }
    }

    #[test]
    fn what_the_sheet_gives_is_the_same_for_ever() {
        let key = |byte| RecoverySecret::from_random([byte; 20]).clinic_key().fingerprint();
        assert_eq!(key(1), key(1));
        assert_ne!(key(1), key(2));
        let public = |byte| RecoverySecret::from_random([byte; 20]).box_secret().public();
        assert_eq!(public(1), public(1));
        assert_ne!(public(1), public(2));
        assert_eq!(format!("{:?}", RecoverySecret::from_random([b'S'; 20])), "RecoverySecret([secret])");
    }

    proptest! {
        #[test]
        fn every_secret_is_read_as_it_is_printed(bits: [u8; 20]) {
            let secret = RecoverySecret::from_random(bits);
            prop_assert_eq!(RecoverySecret::from_sheet(&secret.to_sheet()), Ok(secret));
        }

        #[test]
        fn no_text_panics(text in ".{0,80}") {
            let _ = RecoverySecret::from_sheet(&text);
        }
    }
}
