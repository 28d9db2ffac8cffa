//! Sealed boxes (scheme 1): what two apps say to each other through a server that can neither read, change, swap, replay
//! nor reorder it.
//!
//! | bytes | box |
//! |---|---|
//! | 1 | scheme, 1 |
//! | 4, 4 | epoch, sequence number within it; this header is the additional data |
//! | 32 | encapsulated key: only in the first box of an epoch, number 0 |
//! | … | ciphertext and tag; the whole box has 256, 320, … 1024, 1280, … 4096, 5120, … 16384 bytes |
//!
//! In a first box what is sealed begins with the signature by the bundle's key over label ‖ enc ‖ info ‖ the rest, and
//! with what the sender is known by; in every box follow kind (1), length (2), content, zeros.

use std::collections::VecDeque;
use std::fmt;

use ed25519_dalek::{Signer, SigningKey};
use signaling_protocol::{Role, VisitId};
use units::Phi;
use zeroize::{Zeroize, Zeroizing};

use crate::codec::{Reader, framed, hash, is_signed};
use crate::suite::{self, ENC_BYTES, Receiver, Sender, TAG_BYTES};
use crate::{
    Capability, ConnectionParameters, DtlsFingerprint, InnerError, InnerMessage, OwnBundle, PatientDevice, PeerBundle,
    Psk, SrtpProfile, Transcript,
};

pub use errors::{ChannelError, OpenError, SealError};
pub use facts::PeerFacts;
use layout::*;
pub use layout::{MAX_BOX_BYTES, MAX_CONTENT_BYTES};

mod errors;
mod facts;
mod layout;

/// A box, and the numbers in its header for the envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedBox {
    /// Counts the sender's epochs.
    pub epoch: u32,
    /// Counts from 0 within the epoch.
    pub seq: u32,
    /// What goes into the envelope.
    pub bytes: Vec<u8>,
}

/// What was in a box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// A message, in this epoch of the sender's.
    Message {
        /// The sender's epoch.
        epoch: u32,
        /// What was said.
        message: InnerMessage,
    },
    /// The other side misses these: send them again as they are. Empty if it misses nothing.
    SendAgain(Vec<SealedBox>),
    /// The other side misses what is not kept any more: begin an epoch and say anew what still matters.
    BeginAnew,
    /// Of a later version: pass over it.
    Unknown,
}

/// Both ways between our bundle and one other. To be kept as long as our bundle lives, whatever the server says of the
/// other endpoint: a new channel for the same two bundles would take old boxes again.
///
/// **Invariant:** nothing changes but by boxes that are authentic; what the server makes up can only be dropped.
pub struct SealedChannel {
    pair: Pair,
    own_role: Role,
    signing: SigningKey,
    agreement: Zeroizing<[u8; 32]>,
    psk: Psk,
    peer: PeerBundle,
    /// What every first box of ours says of us.
    name: Option<(Phi<String>, [u8; 16])>,
    device: Option<PatientDevice>,
    sending: Sending,
    receiving: Option<Receiving>,
    facts: Option<PeerFacts>,
    own_capabilities: crate::Capabilities,
}

struct Sending {
    epoch: u32,
    random: Zeroizing<[u8; 32]>,
    context: Option<Sender>,
    next: u32,
    kept: VecDeque<SealedBox>,
    pin: Pin,
}

struct Receiving {
    epoch: u32,
    context: Receiver,
    next: u32,
    pin: Pin,
}

/// The DTLS fingerprint that one side said last: it cannot change within an epoch.
#[derive(Default, Clone, Copy)]
struct Pin {
    last: Option<DtlsFingerprint>,
    in_this_epoch: bool,
}

impl SealedChannel {
    /// A channel in which nothing was said. `device`: a patient's, to be known by again. `random` was drawn for this.
    ///
    /// # Errors
    /// If the two cannot speak with each other.
    pub fn new(
        visit: VisitId,
        own: &OwnBundle,
        peer: &PeerBundle,
        psk: &Psk,
        device: Option<&PatientDevice>,
        random: [u8; 32],
    ) -> Result<Self, ChannelError> {
        let (host, guest) = match (own.role, peer.role) {
            (Role::Host, Role::Guest) => (own.bytes.clone(), peer.bytes.clone()),
            (Role::Guest, Role::Host) => (peer.bytes.clone(), own.bytes.clone()),
            _ => return Err(ChannelError::SameRole),
        };
        if own.capabilities.common_version(&peer.capabilities).is_none() {
            return Err(ChannelError::NoCommonVersion);
        }
        if !peer.capabilities.has(Capability::SUITE_1) {
            return Err(ChannelError::NoCommonSuite);
        }
        let psk_id = framed(&[PSK_ID_LABEL, &guest[INVITE_IN_BUNDLE]]);
        Ok(Self {
            pair: Pair { visit, host, guest, psk_id },
            own_role: own.role,
            signing: own.signing.clone(),
            agreement: Zeroizing::new(own.agreement.to_bytes()),
            psk: psk.clone(),
            peer: peer.clone(),
            name: own.name.clone(),
            device: device.cloned(),
            sending: Sending::new(0, random),
            receiving: None,
            facts: None,
            own_capabilities: own.capabilities.clone(),
        })
    }

    // What changes it.

    /// What was said before does not count any more; the other side need not wait for what was lost. Nothing happens if
    /// nothing was said. Needed before another DTLS fingerprint.
    pub fn begin_epoch(&mut self, random: [u8; 32]) {
        if self.sending.next > 0 {
            // u32::MAX epochs of one join are more than there is time for: the last one then refuses to seal.
            let pin = self.sending.pin.for_another_epoch();
            self.sending = Sending { pin, ..Sending::new(self.sending.epoch.saturating_add(1), random) };
        }
    }

    /// Seals a message; the first of an epoch signed.
    ///
    /// # Errors
    /// If it is too large, or names another DTLS fingerprint than one before it in this epoch.
    pub fn seal(&mut self, message: &InnerMessage) -> Result<SealedBox, SealError> {
        let mut pin = self.sending.pin;
        if let Some((_, parameters)) = described(message) {
            pin.set(parameters.fingerprint).ok_or(SealError::FingerprintChanged)?;
        }
        let sealed = self.seal_content(KIND_MESSAGE, &message.to_bytes())?;
        self.sending.pin = pin;
        Ok(sealed)
    }

    /// Asks for what is missing since the last box that was opened.
    ///
    /// # Errors
    /// As [`seal`](Self::seal).
    pub fn ask_again(&mut self) -> Result<SealedBox, SealError> {
        let (epoch, next) = self.receiving.as_ref().map_or((0, 0), |receiving| (receiving.epoch, receiving.next));
        self.seal_content(KIND_ASK_AGAIN, &[epoch.to_be_bytes(), next.to_be_bytes()].concat())
    }

    /// Opens the next box. One that comes too early is to be held and tried again.
    ///
    /// # Errors
    /// See [`OpenError::is_authentic`] for which of them say something about the other side.
    pub fn open(&mut self, bytes: &[u8]) -> Result<Opened, OpenError> {
        let (header, rest) = Header::read(bytes)?;
        let plain = match &mut self.receiving {
            Some(now) if header.epoch < now.epoch => return Err(OpenError::OldEpoch),
            Some(now) if header.epoch == now.epoch => {
                if header.seq < now.next {
                    return Err(OpenError::Replayed);
                }
                if header.seq > now.next {
                    return Err(OpenError::Gap { expected: now.next, got: header.seq });
                }
                let plain = now.context.open(rest, &header.bytes()).map_err(|_| OpenError::NotSealedForUs)?;
                now.next = now.next.saturating_add(1);
                plain
            }
            _ if header.seq > 0 => return Err(OpenError::Gap { expected: 0, got: header.seq }),
            _ => self.open_first(header, rest)?,
        };
        let plain = Zeroizing::new(plain);
        let content = if header.seq == 0 { self.read_facts(header, rest, &plain)? } else { &plain };
        let (kind, content) = read_content(content).ok_or(OpenError::Padding)?;
        match kind {
            KIND_MESSAGE => match InnerMessage::from_bytes(content) {
                Ok(message) => {
                    self.check_parameters(&message)?;
                    Ok(Opened::Message { epoch: header.epoch, message })
                }
                Err(InnerError::UnknownKind) => Ok(Opened::Unknown),
                Err(error) => Err(error.into()),
            },
            KIND_ASK_AGAIN => self.send_again(content).ok_or(OpenError::Padding),
            _ => Ok(Opened::Unknown),
        }
    }

    // What asks it.

    /// What is known of the other side; nothing before its first box.
    pub fn peer_facts(&self) -> Option<&PeerFacts> {
        self.facts.as_ref()
    }

    /// The other side's bundle.
    pub fn peer(&self) -> &PeerBundle {
        &self.peer
    }

    /// The one certificate that the other side may show; what it last said.
    pub fn peer_fingerprint(&self) -> Option<DtlsFingerprint> {
        self.receiving.as_ref()?.pin.last
    }

    /// All that both sides must agree on, once both fingerprints were said.
    pub fn transcript(&self) -> Option<Transcript> {
        let (own, peer) = (self.sending.pin.last?, self.peer_fingerprint()?);
        let (host, guest) = if self.own_role == Role::Host { (own, peer) } else { (peer, own) };
        Some(Transcript::of_visit(self.pair.visit, &self.pair.host, &self.pair.guest, &host, &guest))
    }

    /// What both ends tell the audit log of the certificates: the transcript, salted by what nobody without the link knows.
    pub fn receipt_fingerprints(&self) -> Option<[u8; 32]> {
        Some(hash(&[RECEIPT_LABEL, self.psk.bytes(), &self.transcript()?.0]))
    }

    // Helpers.

    pub(crate) fn seal_content(&mut self, kind: u8, content: &[u8]) -> Result<SealedBox, SealError> {
        let header = Header { epoch: self.sending.epoch, seq: self.sending.next };
        if header.epoch == u32::MAX || header.seq == u32::MAX || content.len() > MAX_CONTENT_BYTES {
            return Err(SealError::TooLarge);
        }
        let first = header.seq == 0;
        let mut facts = Zeroizing::new(Vec::new());
        let mut enc = [0; ENC_BYTES];
        let info = self.pair.info(header.epoch, self.own_role);
        if first {
            let psk = Some((self.psk.bytes(), self.pair.psk_id.as_slice()));
            let (key, context) = suite::sender(&self.peer.agreement, psk, &info, *self.sending.random)
                .expect("a verified bundle has a sound key");
            self.sending.random.zeroize();
            self.sending.context = Some(context);
            enc = key;
            self.write_facts(&enc, &info, &mut facts);
        }
        let head = HEADER_BYTES + if first { ENC_BYTES + SIGNATURE_BYTES } else { 0 };
        let used = head + facts.len() + CONTENT_HEAD_BYTES + content.len() + TAG_BYTES;
        let size = padded(used);
        let mut plain = facts;
        plain.push(kind);
        plain.extend_from_slice(&(content.len() as u16).to_be_bytes());
        plain.extend_from_slice(content);
        plain.resize(size - head - TAG_BYTES, 0);
        if first {
            let signed = first_box_bytes(&enc, &info, &plain);
            let signature = self.signing.sign(&signed).to_bytes();
            plain.splice(0..0, signature);
        }
        let context = self.sending.context.as_mut().expect("made with the first box");
        let sealed = context.seal(&plain, &header.bytes()).map_err(|_| SealError::TooLarge)?;
        let mut bytes = header.bytes().to_vec();
        bytes.extend_from_slice(if first { &enc } else { &[] });
        bytes.extend_from_slice(&sealed);
        let sealed = SealedBox { epoch: header.epoch, seq: header.seq, bytes };
        self.sending.next += 1;
        self.sending.kept.push_back(sealed.clone());
        if self.sending.kept.len() > MOST_KEPT {
            self.sending.kept.pop_front();
        }
        Ok(sealed)
    }

    /// Opens the first box of a later epoch aside, and takes it in the place of the old one once it is proved.
    fn open_first(&mut self, header: Header, rest: &[u8]) -> Result<Vec<u8>, OpenError> {
        let (enc, sealed) = rest.split_first_chunk().ok_or(OpenError::Malformed)?;
        let info = self.pair.info(header.epoch, self.peer.role);
        let psk = Some((self.psk.bytes(), self.pair.psk_id.as_slice()));
        let mut context = suite::receiver(&self.agreement, psk, &info, enc).map_err(|_| OpenError::LowOrderPoint)?;
        let plain = context.open(sealed, &header.bytes()).map_err(|_| OpenError::NotSealedForUs)?;
        let (signature, signed) = plain.split_first_chunk().ok_or(OpenError::Malformed)?;
        // Whoever holds the link's secret could have sealed this; only who made the bundle could sign it.
        if !is_signed(&self.peer.signing, &first_box_bytes(enc, &info, signed), signature) {
            return Err(OpenError::NotSigned);
        }
        let pin = self.receiving.as_ref().map_or(Pin::default(), |before| before.pin.for_another_epoch());
        self.receiving = Some(Receiving { epoch: header.epoch, context, next: 1, pin });
        Ok(plain)
    }

    /// The checks of an offer or an answer that need to know what was said before.
    fn check_parameters(&mut self, message: &InnerMessage) -> Result<(), OpenError> {
        let Some((is_offer, parameters)) = described(message) else { return Ok(()) };
        let receiving = self.receiving.as_mut().expect("a box was opened");
        receiving.pin.set(parameters.fingerprint).ok_or(OpenError::FingerprintChanged)?;
        let used = [
            (Capability::VOICE_RED, parameters.voice.red_payload_type.is_some()),
            (Capability::SRTP_AES_256, parameters.srtp.contains(&SrtpProfile::AeadAes256Gcm)),
        ];
        for (capability, is_used) in used {
            let (theirs, ours) = (self.peer.capabilities.has(capability), self.own_capabilities.has(capability));
            if is_used && !theirs {
                return Err(OpenError::NotAnnounced(capability));
            }
            // An answer leaves out what the offerer cannot do.
            if !is_used && theirs && (is_offer || ours) {
                return Err(OpenError::Downgraded(capability));
            }
        }
        Ok(())
    }

    fn send_again(&self, content: &[u8]) -> Option<Opened> {
        let mut reader = Reader(content);
        let (epoch, next) = (reader.u32()?, reader.u32()?);
        reader.end()?;
        let from = if epoch == self.sending.epoch { next } else { 0 };
        if epoch > self.sending.epoch || from > self.sending.next {
            return None;
        }
        let oldest = self.sending.kept.front().map_or(self.sending.next, |kept| kept.seq);
        if from < oldest {
            return Some(Opened::BeginAnew);
        }
        Some(Opened::SendAgain(self.sending.kept.iter().filter(|kept| kept.seq >= from).cloned().collect()))
    }
}

impl Pin {
    /// `None` for a change within the epoch.
    fn set(&mut self, fingerprint: DtlsFingerprint) -> Option<()> {
        if self.in_this_epoch && self.last != Some(fingerprint) {
            return None;
        }
        *self = Self { last: Some(fingerprint), in_this_epoch: true };
        Some(())
    }

    fn for_another_epoch(self) -> Self {
        Self { in_this_epoch: false, ..self }
    }
}

impl Sending {
    fn new(epoch: u32, random: [u8; 32]) -> Self {
        let random = Zeroizing::new(random);
        Self { epoch, random, context: None, next: 0, kept: VecDeque::new(), pin: Pin::default() }
    }
}

impl fmt::Debug for SealedChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let received = self.receiving.as_ref().map(|receiving| (receiving.epoch, receiving.next));
        write!(f, "SealedChannel(sent {:?}, received {received:?})", (self.sending.epoch, self.sending.next))
    }
}

fn described(message: &InnerMessage) -> Option<(bool, &ConnectionParameters)> {
    match message {
        InnerMessage::Offer { parameters, .. } => Some((true, parameters)),
        InnerMessage::Answer { parameters, .. } => Some((false, parameters)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
