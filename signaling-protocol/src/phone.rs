//! The clinic's telephone number.

/// Whether this can be a telephone number that people are shown: digits, and what people write between them (ITU-T E.123).
/// What a server says is shown to people, so it is nothing else.
pub fn is_phone_number(text: &str) -> bool {
    let written = |c: char| c.is_ascii_digit() || matches!(c, '+' | '(' | ')' | '-' | '.' | '/' | ' ' | '#' | '*');
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (FEWEST_DIGITS..=MOST_DIGITS).contains(&digits)
        && text.len() <= LONGEST
        && text.trim() == text
        && text.chars().all(written)
}

/// Emergency numbers and those of a house.
const FEWEST_DIGITS: usize = 3;
/// E.164 has fifteen, and an extension of five.
const MOST_DIGITS: usize = 20;
const LONGEST: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_digits_and_what_stands_between_them() {
        for number in ["+1 555 0100", "(0 30) 123-45/67", "112", "+49.30.1234567 #12"] {
            assert!(is_phone_number(number), "{number}");
        }
        for other in ["", "12", "call 555 0100", "<b>5550100", " 5550100", "5550100\n", "٥٥٥٠١٠٠", &"1".repeat(21)]
        {
            assert!(!is_phone_number(other), "{other}");
        }
    }
}
