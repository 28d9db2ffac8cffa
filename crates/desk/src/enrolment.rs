//! A second factor that is to be set up, as an authenticator app takes it: typed, or read from a picture.

use std::fmt;

use units::Phi;

/// The secret of a second factor (TOTP, RFC 6238): 160 bits, as RFC 4226 section 4 recommends.
#[derive(Clone, PartialEq, Eq)]
pub struct Enrolment {
    secret: [u8; 20],
}

impl Enrolment {
    /// With these bits, drawn at random.
    pub const fn new(secret: [u8; 20]) -> Self {
        Self { secret }
    }

    pub(crate) const fn secret(&self) -> &[u8; 20] {
        &self.secret
    }

    /// To be typed into an authenticator app: base32, in eight groups of four.
    pub fn text(&self) -> Phi<String> {
        let letters = base32(&self.secret);
        let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
        Phi::new(groups.join(" "))
    }

    /// To be read by an authenticator app's camera: the key URI that they all take
    /// (github.com/google/google-authenticator/wiki/Key-Uri-Format). `name` is the account's.
    pub fn url(&self, name: &str) -> Phi<String> {
        let secret: String = base32(&self.secret).into_iter().collect();
        let mut label = String::new();
        for byte in name.trim().bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => label.push(char::from(byte)),
                other => label.push_str(&format!("%{other:02X}")),
            }
        }
        Phi::new(format!("otpauth://totp/Housecall:{label}?secret={secret}&issuer=Housecall"))
    }
}

impl fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Enrolment([secret])")
    }
}

/// RFC 4648 section 6, of whole groups of five bytes.
fn base32(bytes: &[u8; 20]) -> Vec<char> {
    let group = |group: &[u8]| {
        let bits = group.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        (0..8).rev().map(move |place| char::from(ALPHABET[(bits >> (5 * place)) as usize & 31]))
    };
    bytes.chunks(5).flat_map(group).collect()
}

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_written_as_authenticator_apps_read_it() {
        // RFC 6238 appendix B: its secret, as everybody's test vectors have it in base32.
        let enrolment = Enrolment::new(*b"12345678901234567890");
        assert_eq!(enrolment.text().expose(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert_eq!(
            enrolment.url(" Zoë O'Hara ").expose(),
            "otpauth://totp/Housecall:Zo%C3%AB%20O%27Hara?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Housecall"
        );
        assert_eq!(format!("{enrolment:?}"), "Enrolment([secret])");
    }
}
