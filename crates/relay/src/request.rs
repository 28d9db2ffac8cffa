//! What a client's message asks for, read before the library sees it: who asks, and to whom it would lead.

use std::net::SocketAddr;

use stun_types::attribute::{ErrorCode, MessageIntegrity, MessageIntegritySha256, Nonce, Userhash, Username};
use stun_types::message::{
    IntegrityAlgorithm, Message, MessageIntegrityCredentials, MessageWrite, MessageWriteExt, MessageWriteVec,
    TransactionId,
};
use stun_types::prelude::{Attribute, AttributeExt, AttributeFromRaw, AttributeStaticType};
use turn_types::attribute::{
    AdditionalAddressFamily, ChannelNumber, EvenPort, RequestedAddressFamily, ReservationToken, XorPeerAddress,
};

/// The requests of TURN that are carried out. The rest, allocations of TCP (RFC 6062) among it, is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Allocate,
    Refresh,
    CreatePermission,
    ChannelBind,
}

/// A client's message, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// For a peer: ChannelData, or a Send indication.
    Data,
    /// A request of the kinds that are carried out.
    Request(Kind),
    /// A request of another kind.
    Foreign,
    /// Nothing for a relay.
    Nothing,
}

/// RFC 8489 section 5.
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const HEADER: usize = 20;

/// Why the library is not asked at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// A request.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) message: Message<'a>,
    pub(crate) kind: Kind,
    pub(crate) name: Option<Name>,
    /// XOR-PEER-ADDRESS.
    pub(crate) peers: Vec<SocketAddr>,
    /// CHANNEL-NUMBER.
    pub(crate) channel: Option<u16>,
    /// Whether it wants a port of its choice: EVEN-PORT, RESERVATION-TOKEN.
    pub(crate) is_choosy: bool,
    /// Whether it says of which family its addresses are to be: REQUESTED-ADDRESS-FAMILY, ADDITIONAL-ADDRESS-FAMILY.
    pub(crate) names_family: bool,
}

/// By what a client says who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    Plain(String),
    Hash([u8; 32]),
}

/// Names longer than this are none of ours.
const LONGEST_NAME: usize = 128;

pub(crate) fn sort(bytes: &[u8]) -> Sort {
    let Some(first) = bytes.first() else { return Sort::Nothing };
    if (0x40..0x80).contains(first) {
        return Sort::Data;
    }
    let Some(header) = bytes.first_chunk::<HEADER>() else { return Sort::Nothing };
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    // The library takes messages that are longer than they say; nobody sends any in good faith.
    if *first >= 0x40 || header[4..8] != MAGIC_COOKIE || length % 4 != 0 || HEADER + length != bytes.len() {
        return Sort::Nothing;
    }
    match u16::from_be_bytes([header[0], header[1]]) {
        0x0003 => Sort::Request(Kind::Allocate),
        0x0004 => Sort::Request(Kind::Refresh),
        0x0008 => Sort::Request(Kind::CreatePermission),
        0x0009 => Sort::Request(Kind::ChannelBind),
        0x0016 => Sort::Data,
        // The two bits of the class: zero in a request.
        other if other & 0x0110 == 0 => Sort::Foreign,
        _ => Sort::Nothing,
    }
}

impl<'a> Request<'a> {
    /// Reads a request whose header is whole (see [`sort`]).
    ///
    /// What is written twice is refused: of two names the library might believe the other one.
    pub(crate) fn read(kind: Kind, bytes: &'a [u8]) -> Result<Self, Malformed> {
        let message = Message::from_bytes(bytes).map_err(|_| Malformed)?;
        let transaction = message.transaction_id();
        let (mut name, mut peers, mut channel, mut is_choosy) = (None, Vec::new(), None, false);
        let mut seen = Vec::new();
        for (_, attribute) in message.iter_attributes() {
            let sort = attribute.get_type();
            if sort == XorPeerAddress::TYPE {
                if kind == Kind::ChannelBind && !peers.is_empty() {
                    return Err(Malformed);
                }
                peers.push(XorPeerAddress::from_raw(attribute).map_err(|_| Malformed)?.addr(transaction));
                continue;
            }
            if seen.contains(&sort) {
                return Err(Malformed);
            }
            seen.push(sort);
            if sort == Username::TYPE {
                let username = Username::from_raw(attribute).map_err(|_| Malformed)?.username().to_owned();
                if username.len() > LONGEST_NAME || name.is_some() {
                    return Err(Malformed);
                }
                name = Some(Name::Plain(username));
            } else if sort == Userhash::TYPE {
                let hash = *Userhash::from_raw(attribute).map_err(|_| Malformed)?.hash();
                if name.replace(Name::Hash(hash)).is_some() {
                    return Err(Malformed);
                }
            } else if sort == Nonce::TYPE {
                // The library cuts it at its fifth byte, wherever that lies in a letter.
                let nonce = Nonce::from_raw(attribute).map_err(|_| Malformed)?;
                if !nonce.nonce().is_ascii() {
                    return Err(Malformed);
                }
            } else if sort == ChannelNumber::TYPE {
                channel = Some(ChannelNumber::from_raw(attribute).map_err(|_| Malformed)?.channel());
            } else if sort == EvenPort::TYPE || sort == ReservationToken::TYPE {
                is_choosy = true;
            }
        }
        let names_family =
            [RequestedAddressFamily::TYPE, AdditionalAddressFamily::TYPE].iter().any(|sort| seen.contains(sort));
        // Of two signatures the library might look at the other one.
        if [MessageIntegrity::TYPE, MessageIntegritySha256::TYPE].iter().all(|sort| seen.contains(sort)) {
            return Err(Malformed);
        }
        Ok(Self { message, kind, name, peers, channel, is_choosy, names_family })
    }

    /// By which algorithm the request is signed with `credentials`; none if it is not.
    pub(crate) fn signed_by(&self, credentials: &MessageIntegrityCredentials) -> Option<IntegrityAlgorithm> {
        self.message.validate_integrity(credentials).ok()
    }

    pub(crate) fn transaction(&self) -> TransactionId {
        self.message.transaction_id()
    }

    /// Refuses it, signed if the request was.
    pub(crate) fn refuse(
        &self,
        code: u16,
        signer: Option<(&MessageIntegrityCredentials, IntegrityAlgorithm)>,
    ) -> Option<Vec<u8>> {
        refuse(&self.message, code, signer)
    }
}

/// Refuses a request that is not even read.
pub(crate) fn refuse_unread(bytes: &[u8], code: u16) -> Option<Vec<u8>> {
    refuse(&Message::from_bytes(bytes).ok()?, code, None)
}

fn refuse(
    message: &Message<'_>,
    code: u16,
    signer: Option<(&MessageIntegrityCredentials, IntegrityAlgorithm)>,
) -> Option<Vec<u8>> {
    let error = ErrorCode::builder(code).build().ok()?;
    let room = HEADER + error.padded_len() + 40;
    let mut answer = Message::builder_error(message, MessageWriteVec::with_capacity(room));
    answer.add_attribute(&error).ok()?;
    if let Some((credentials, algorithm)) = signer {
        answer.add_message_integrity(credentials, algorithm).ok()?;
    }
    Some(answer.finish())
}
