//! A TURN client (RFC 8656) without sockets: it writes requests and reads what comes back, and asks for whatever it is told, also
//! for what no honest client would.

use std::net::SocketAddr;

use stun_types::attribute::{ErrorCode, MessageIntegrity, Nonce, Realm, Userhash, Username, XorMappedAddress};
use stun_types::message::{
    IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageClass, MessageIntegrityCredentials, MessageWrite,
    MessageWriteExt, MessageWriteVec, Method,
};
use stun_types::prelude::{AttributeStaticType, AttributeWrite};
use turn_types::AddressFamily;
use turn_types::attribute::{
    ChannelNumber, Data, Lifetime, RequestedAddressFamily, RequestedTransport, XorPeerAddress, XorRelayedAddress,
};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH, SEND};

/// One client's name and password, and what the server said of them.
#[derive(Debug, Clone)]
pub struct TurnClient {
    /// USERNAME.
    pub username: String,
    /// The password.
    pub password: String,
    /// Whether it shows only the hash of its name (RFC 8489 section 14.4).
    pub anonymous: bool,
    challenge: Option<(String, String)>,
}

/// What came from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TurnAnswer {
    /// A request was carried out; what it allocated, if it did.
    Done {
        /// XOR-RELAYED-ADDRESS.
        relayed: Option<SocketAddr>,
        /// XOR-MAPPED-ADDRESS.
        mapped: Option<SocketAddr>,
        /// LIFETIME, in seconds.
        lifetime: Option<u32>,
    },
    /// A request was refused.
    Refused {
        /// By which code.
        code: u16,
        /// Whether the server signed it with our password.
        signed: bool,
    },
    /// What a peer sent, in a Data indication.
    Data {
        /// Who.
        peer: SocketAddr,
        /// What.
        bytes: Vec<u8>,
    },
    /// What a peer sent, by its channel.
    Channel {
        /// Which.
        number: u16,
        /// What.
        bytes: Vec<u8>,
    },
    /// Nothing of TURN.
    Other,
}

impl TurnClient {
    /// A client with this name and password.
    pub fn new(username: &str, password: &str) -> Self {
        Self { username: username.to_owned(), password: password.to_owned(), anonymous: false, challenge: None }
    }

    /// Asks for a relayed UDP address.
    pub fn allocate(&self, v6: bool) -> Vec<u8> {
        let family = RequestedAddressFamily::new(if v6 { AddressFamily::IPV6 } else { AddressFamily::IPV4 });
        self.request(ALLOCATE, &[&RequestedTransport::new(RequestedTransport::UDP), &family])
    }

    /// Asks for one of whichever family, as WebRTC's clients do.
    pub fn allocate_any(&self) -> Vec<u8> {
        self.request(ALLOCATE, &[&RequestedTransport::new(RequestedTransport::UDP)])
    }

    /// Refreshes the allocation, or ends it with a lifetime of zero.
    pub fn refresh(&self, lifetime_secs: u32) -> Vec<u8> {
        self.request(REFRESH, &[&Lifetime::new(lifetime_secs)])
    }

    /// Asks for permissions.
    pub fn permission(&self, peers: &[SocketAddr]) -> Vec<u8> {
        self.build(CREATE_PERMISSION, |message| {
            for peer in peers {
                let peer = XorPeerAddress::new(*peer, message.transaction_id());
                message.add_attribute(&peer).expect("there is room");
            }
        })
    }

    /// Binds a channel.
    pub fn channel(&self, number: u16, peer: SocketAddr) -> Vec<u8> {
        self.build(CHANNEL_BIND, |message| {
            let peer = XorPeerAddress::new(peer, message.transaction_id());
            message.add_attribute(&ChannelNumber::new(number)).expect("there is room");
            message.add_attribute(&peer).expect("there is room");
        })
    }

    /// Any request with these attributes, signed once the server has said how.
    pub fn request(&self, method: Method, attributes: &[&dyn AttributeWrite]) -> Vec<u8> {
        self.build(method, |message| {
            for attribute in attributes {
                message.add_attribute(*attribute).expect("there is room");
            }
        })
    }

    /// Data for a peer, in a Send indication.
    pub fn send(&self, peer: SocketAddr, bytes: &[u8]) -> Vec<u8> {
        let mut message = Message::builder_indication(SEND, MessageWriteVec::new());
        let peer = XorPeerAddress::new(peer, message.transaction_id());
        message.add_attribute(&peer).expect("there is room");
        message.add_attribute(&Data::new(bytes)).expect("there is room");
        message.finish()
    }

    /// Data for a channel's peer; without the padding that a stream needs.
    pub fn channel_data(number: u16, bytes: &[u8]) -> Vec<u8> {
        [&number.to_be_bytes()[..], &(bytes.len() as u16).to_be_bytes(), bytes].concat()
    }

    /// Reads what came, and learns the server's realm and nonce from it.
    pub fn read(&mut self, bytes: &[u8]) -> TurnAnswer {
        if let [first @ 0x40..=0x7f, second, high, low, data @ ..] = bytes {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let number = u16::from_be_bytes([*first, *second]);
            return data
                .get(..length)
                .map_or(TurnAnswer::Other, |data| TurnAnswer::Channel { number, bytes: data.to_vec() });
        }
        let Ok(message) = Message::from_bytes(bytes) else { return TurnAnswer::Other };
        if let (Ok(realm), Ok(nonce)) = (message.attribute::<Realm>(), message.attribute::<Nonce>()) {
            self.challenge = Some((realm.realm().to_owned(), nonce.nonce().to_owned()));
        }
        let transaction = message.transaction_id();
        match message.class() {
            MessageClass::Success => TurnAnswer::Done {
                relayed: message.attribute::<XorRelayedAddress>().ok().map(|relayed| relayed.addr(transaction)),
                mapped: message.attribute::<XorMappedAddress>().ok().map(|mapped| mapped.addr(transaction)),
                lifetime: message.attribute::<Lifetime>().ok().map(|lifetime| lifetime.seconds()),
            },
            MessageClass::Error => TurnAnswer::Refused {
                code: message.attribute::<ErrorCode>().map_or(0, |error| error.code()),
                signed: message.has_attribute(MessageIntegrity::TYPE)
                    && self.credentials().is_some_and(|credentials| message.validate_integrity(&credentials).is_ok()),
            },
            MessageClass::Indication => {
                match (message.attribute::<XorPeerAddress>(), message.attribute::<Data<'_>>()) {
                    (Ok(peer), Ok(data)) => {
                        TurnAnswer::Data { peer: peer.addr(transaction), bytes: data.data().to_vec() }
                    }
                    _ => TurnAnswer::Other,
                }
            }
            MessageClass::Request => TurnAnswer::Other,
        }
    }

    fn credentials(&self) -> Option<MessageIntegrityCredentials> {
        let (realm, _) = self.challenge.as_ref()?;
        Some(LongTermKeyCredentials::new(self.username.clone(), self.password.clone(), realm.clone()).into())
    }

    fn build(&self, method: Method, attributes: impl FnOnce(&mut MessageWriteVec)) -> Vec<u8> {
        let mut message = Message::builder_request(method, MessageWriteVec::new());
        attributes(&mut message);
        if let (Some((realm, nonce)), Some(credentials)) = (&self.challenge, self.credentials()) {
            if self.anonymous {
                let hash = Userhash::new(Userhash::compute(&self.username, realm));
                message.add_attribute(&hash).expect("there is room");
            } else {
                let username = Username::new(&self.username).expect("a short name");
                message.add_attribute(&username).expect("there is room");
            }
            message.add_attribute(&Realm::new(realm).expect("the server's own")).expect("there is room");
            message.add_attribute(&Nonce::new(nonce).expect("the server's own")).expect("there is room");
            message.add_message_integrity(&credentials, IntegrityAlgorithm::Sha1).expect("there is room");
        }
        message.finish()
    }
}
