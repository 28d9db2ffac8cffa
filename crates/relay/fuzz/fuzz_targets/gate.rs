#![no_main]
//! A relay, a stranger, a client with an allocation and a peer: whatever they say, nothing leaves for a forbidden peer.

use std::net::SocketAddr;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use relay::{Admissions, Client, Config, Family, Grant, Output, Peers, Quotas, Relay, Secret, Transport, is_public};
use testkit::turn::TurnClient;
use units::Timestamp;

struct All;

impl Admissions for All {
    fn admits(&self, _: &Grant) -> bool {
        true
    }
}

const UNIX: u64 = 1_790_000_000;

struct House {
    relay: Relay,
    turn: TurnClient,
    port: u16,
}

impl House {
    fn carry_out(&mut self, now: Timestamp) {
        while let Some(output) = self.relay.poll_output() {
            match output {
                Output::ToPeer { peer, .. } => assert!(is_public(peer.ip()) && peer.port() >= 1_024, "{peer}"),
                Output::ToClient { bytes, .. } => drop(self.turn.read(&bytes)),
                Output::Open { client, family } => {
                    self.port += 1;
                    let ip = if family == Family::V4 { "203.0.112.9" } else { "2a00:1::9" };
                    let relayed = SocketAddr::new(ip.parse().unwrap(), self.port);
                    self.relay.handle_opened(now, client, family, Some(relayed));
                }
                Output::Close { .. } | Output::HangUp { .. } => {}
            }
        }
    }
}

// Each piece is a length, who says it, and what.
fuzz_target!(|bytes: &[u8]| {
    let relayed = ["203.0.112.9", "2a00:1::9"].map(|ip| ip.parse().unwrap()).to_vec();
    let peers = Peers { private: false, own: relayed.clone(), listen_port: 443 };
    let mut relay = Relay::new(Config { relayed, peers, quotas: Quotas::default() }, Secret::new([5; 32]));
    let (visit, endpoint) = (relay.tag("visit", "a"), relay.tag("endpoint", "b"));
    let (credential, _) = relay.issue(UNIX, visit, endpoint);
    let turn = TurnClient::new(&credential.username, &credential.password);
    let mut house = House { relay, turn, port: 50_000 };
    let mut now = Timestamp::from_millis(1_000);
    let client = |port| Client { transport: Transport::Datagrams, address: SocketAddr::new("9.0.0.1".parse().unwrap(), port) };
    let peer: SocketAddr = "8.8.8.8:5000".parse().unwrap();
    for _ in 0..2 {
        let request = house.turn.allocate(false);
        house.relay.handle_client(now, UNIX, client(4_000), &request, &All);
        house.carry_out(now);
    }
    let mut rest = bytes;
    while let [length, who, after @ ..] = rest {
        let (piece, after) = after.split_at(usize::from(*length).min(after.len()));
        rest = after;
        let address = |piece: &[u8]| -> SocketAddr {
            let octets: [u8; 4] = piece.first_chunk().copied().unwrap_or([8, 8, 4, 4]);
            SocketAddr::from((octets, if who & 0x80 == 0 { 5_000 } else { 53 }))
        };
        let says = match who % 8 {
            // As it is, by the client and by a stranger.
            0 | 1 => piece.to_vec(),
            // Truly signed, to wherever.
            2 => house.turn.permission(&piece.chunks_exact(4).map(address).collect::<Vec<_>>()),
            3 => house.turn.channel(0x4000 + u16::from(*who / 8), address(piece)),
            4 => house.turn.send(address(piece), piece),
            5 => TurnClient::channel_data(0x4000 + u16::from(*who / 8), piece),
            6 => {
                house.relay.handle_peer(now, "203.0.112.9:50001".parse().unwrap(), peer, piece);
                house.carry_out(now);
                continue;
            }
            _ => {
                now += Duration::from_secs(u64::from(*length));
                house.relay.handle_timeout(now, UNIX + now.as_millis() / 1_000, &All);
                house.carry_out(now);
                continue;
            }
        };
        house.relay.handle_client(now, UNIX, client(if who % 8 == 1 { 4_001 } else { 4_000 }), &says, &All);
        house.carry_out(now);
    }
});
