//! The forger's hand: seals what no app of ours would, byte by byte as docs/trust.md has it.

use ed25519_dalek::{Signer, SigningKey};
use hpke::aead::{AeadCtxS, AesGcm256};
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeS, PskBundle, Serializable};
use rand::SeedableRng;
use rand::rngs::StdRng;
use signaling_protocol::{Base64, EndpointId, Envelope, InviteId, MessageId, Role, SCHEME_SEALED, VisitId};

use crate::fixtures::{derive, framed};

type Context = AeadCtxS<AesGcm256, HkdfSha256, X25519HkdfSha256>;

/// Seals from one bundle to another.
pub(crate) struct Hand {
    pub(crate) visit: VisitId,
    pub(crate) invite: InviteId,
    /// The link's secret.
    pub(crate) secret: [u8; 32],
    pub(crate) role: Role,
    /// Whole bundles, host's and guest's.
    pub(crate) bundles: [Vec<u8>; 2],
    /// Signs first boxes: the bundle's own key, or another.
    pub(crate) signing: SigningKey,
    /// What first boxes say of who seals.
    pub(crate) facts: Facts,
    pub(crate) epoch: u32,
    pub(crate) next: u32,
    pub(crate) context: Option<Context>,
}

/// What a first box says of its sender; who proves something signs `enc ‖ info`.
pub(crate) type Facts = Box<dyn Fn(&[u8], &[u8]) -> Vec<u8> + Send>;

impl Hand {
    /// The next box of this content.
    pub(crate) fn seal(&mut self, kind: u8, content: &[u8]) -> Vec<u8> {
        let mut plain = vec![kind];
        plain.extend_from_slice(&u16::try_from(content.len()).unwrap().to_be_bytes());
        plain.extend_from_slice(content);
        self.seal_plain(plain)
    }

    /// The next box of a message in JSON.
    pub(crate) fn say(&mut self, message: &serde_json::Value) -> Vec<u8> {
        self.seal(1, message.to_string().as_bytes())
    }

    /// What was said before does not count any more.
    pub(crate) fn begin_epoch(&mut self) {
        (self.epoch, self.next, self.context) = (self.epoch + 1, 0, None);
    }

    fn seal_plain(&mut self, plain: Vec<u8>) -> Vec<u8> {
        let mut bytes = vec![SCHEME_SEALED];
        bytes.extend_from_slice(&self.epoch.to_be_bytes());
        bytes.extend_from_slice(&self.next.to_be_bytes());
        let header = bytes.clone();
        let first = self.next == 0;
        let (mut enc, mut facts) = (Vec::new(), Vec::new());
        if first {
            let (encapped, context) = self.context();
            self.context = Some(context);
            facts = (self.facts)(&encapped, &self.info());
            enc = encapped;
        }
        let head = header.len() + if first { 32 + 64 } else { 0 };
        let size = padded(head + facts.len() + plain.len() + 16);
        let mut rest = [facts, plain].concat();
        rest.resize(size - head - 16, 0);
        if first {
            let signed = framed(&[b"housecall first box v1", &enc, &self.info(), &rest]);
            rest = [self.signing.sign(&signed).to_bytes().to_vec(), rest].concat();
        }
        bytes.extend_from_slice(&enc);
        bytes.extend_from_slice(&self.context.as_mut().unwrap().seal(&rest, &header).unwrap());
        self.next += 1;
        bytes
    }

    fn context(&self) -> (Vec<u8>, Context) {
        let theirs = &self.bundles[1 - self.role as usize];
        let key = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(&theirs[50..82]).unwrap();
        let psk = derive(&self.secret, b"housecall psk v1");
        let psk_id = framed(&[b"housecall psk id v1", self.invite.as_bytes()]);
        let mode = OpModeS::Psk(PskBundle::new(&psk, &psk_id).unwrap());
        let mut dice = StdRng::from_seed([self.epoch as u8 ^ 0x5a; 32]);
        let (enc, context): (_, Context) = hpke::setup_sender_with_rng(&mode, &key, &self.info(), &mut dice).unwrap();
        (enc.to_bytes().to_vec(), context)
    }

    fn info(&self) -> Vec<u8> {
        let direction = if self.role == Role::Host { 1 } else { 2 };
        framed(&[
            b"housecall seal v1",
            &[SCHEME_SEALED],
            &[0, 0x20, 0, 1, 0, 2],
            self.visit.as_bytes(),
            &self.epoch.to_be_bytes(),
            &[direction],
            &self.bundles[0],
            &self.bundles[1],
        ])
    }
}

/// An envelope around a box.
pub(crate) fn envelope(to: EndpointId, sealed: Vec<u8>) -> Envelope {
    let number = |at: usize| u32::from_be_bytes(sealed[at..at + 4].try_into().unwrap());
    Envelope {
        id: MessageId::from_random(rand::random()),
        to,
        from: None,
        seq: number(5),
        epoch: number(1),
        scheme: SCHEME_SEALED,
        ttl_ms: 30_000,
        sealed: Base64(sealed),
    }
}

/// The sizes that boxes have.
pub(crate) fn padded(used: usize) -> usize {
    (used.max(256)..).find(|size| signaling_protocol::is_sealed_size(*size)).unwrap()
}
