//! What a joining app signs: a challenge that stands for itself, so that asking for one stores nothing.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use signaling_protocol::{Challenge, InviteId};

/// How long a challenge may be signed. A minute: a join over a bad link, with its retries, takes a few seconds.
const CHALLENGE_LIFE: Duration = Duration::from_secs(60);

/// Binds the keyed hash to its use.
const LABEL: &[u8] = b"housecall challenge v1\0";

/// Makes and checks challenges: time (8 bytes) ‖ nonce (8) ‖ HMAC-SHA256 over label, invite, time and nonce (32).
pub(super) struct Challenger {
    key: [u8; 32],
}

impl Challenger {
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// A challenge for `invite`, whether there is such an invite or not.
    pub(super) fn issue(&self, unix_micros: u64, invite: InviteId, nonce: [u8; 8]) -> Challenge {
        let mut bytes = [0; 48];
        bytes[..8].copy_from_slice(&unix_micros.to_be_bytes());
        bytes[8..16].copy_from_slice(&nonce);
        let tag = self.mac(invite, &bytes[..16]).finalize().into_bytes();
        bytes[16..].copy_from_slice(&tag);
        Challenge(bytes)
    }

    /// Whether this challenge was issued here for `invite`, within the last minute.
    pub(super) fn is_good(&self, unix_micros: u64, invite: InviteId, challenge: &Challenge) -> bool {
        let (head, tag) = challenge.0.split_at(16);
        let genuine = self.mac(invite, head).verify_slice(tag).is_ok();
        let issued = head[..8].try_into().map_or(0, u64::from_be_bytes);
        let age = unix_micros.checked_sub(issued);
        genuine && age.is_some_and(|age| Duration::from_micros(age) <= CHALLENGE_LIFE)
    }

    fn mac(&self, invite: InviteId, head: &[u8]) -> Hmac<Sha256> {
        // HMAC pads a short key with zeros to its block (RFC 2104), which is what is done here.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.key);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(LABEL);
        mac.update(invite.as_bytes());
        mac.update(head);
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000_000;

    #[test]
    fn a_challenge_is_good_for_a_minute_and_for_its_invite() {
        let challenger = Challenger::new([1; 32]);
        let (invite, other) = (InviteId::from_random([2; 16]), InviteId::from_random([3; 16]));
        let challenge = challenger.issue(5 * MINUTE, invite, [9; 8]);
        assert!(challenger.is_good(5 * MINUTE, invite, &challenge));
        assert!(challenger.is_good(6 * MINUTE, invite, &challenge));
        assert!(!challenger.is_good(6 * MINUTE + 1, invite, &challenge));
        assert!(!challenger.is_good(5 * MINUTE - 1, invite, &challenge), "from the future");
        assert!(!challenger.is_good(5 * MINUTE, other, &challenge));
        assert!(!Challenger::new([4; 32]).is_good(5 * MINUTE, invite, &challenge));
    }

    #[test]
    fn every_bit_of_a_challenge_counts() {
        let challenger = Challenger::new([1; 32]);
        let invite = InviteId::from_random([2; 16]);
        let challenge = challenger.issue(5 * MINUTE, invite, [9; 8]);
        for bit in 0..48 * 8 {
            let mut forged = challenge;
            forged.0[bit / 8] ^= 1 << (bit % 8);
            assert!(!challenger.is_good(5 * MINUTE, invite, &forged), "bit {bit}");
        }
    }
}
