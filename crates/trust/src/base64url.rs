//! 32 bytes as 43 characters of base64url without padding (RFC 4648 section 5), in the one canonical way.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// How long 32 bytes are as text.
pub(crate) const CHARS_OF_32_BYTES: usize = 43;

/// Writes 32 bytes.
pub(crate) fn encode_32(bytes: &[u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads 32 bytes; `None` for any other length, alphabet or form (two texts never give the same bytes).
pub(crate) fn decode_32(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_one_text_and_texts_one_length() {
        let text = encode_32(&[0xfb; 32]);
        assert_eq!(text.len(), CHARS_OF_32_BYTES);
        assert_eq!(decode_32(&text), Some([0xfb; 32]));
        // The last character carries 4 bits of data and 2 that must be zero: `B` for `A` would be a second text.
        assert_eq!(decode_32(&"A".repeat(43)), Some([0; 32]));
        assert_eq!(decode_32(&format!("{}B", "A".repeat(42))), None);
        assert_eq!(decode_32(&format!("{text}=")), None);
        assert_eq!(decode_32(&text.replace('-', "+").replace('_', "/")), None);
        assert_eq!(decode_32(&"ä".repeat(43)), None);
    }
}
