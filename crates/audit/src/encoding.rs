//! Bytes in text: base64url without padding (RFC 4648 section 5), as everywhere on the wire.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Bytes as text.
pub fn to_base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Bytes of any length from text; none if it is anything else.
pub fn bytes_from_base64(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// `N` bytes from text; none if it is anything else, also another spelling of the same bytes.
pub fn from_base64<const N: usize>(text: &str) -> Option<[u8; N]> {
    // Three characters more than are needed at most: the decoder asks for room by the length of the text.
    if text.len() != (N * 4).div_ceil(3) {
        return None;
    }
    let mut bytes = [0; N];
    matches!(URL_SAFE_NO_PAD.decode_slice(text, &mut bytes), Ok(length) if length == N).then_some(bytes)
}
