//! The two gates: nobody hears anybody before a person has said so.
//!
//! Either side has a gate of its own, closed at first, and sends and takes not one packet of media while it is closed.
//!
//! - **The host's** opens for one endpoint after the person chose "admit" for that endpoint *and* the server wrote it
//!   down. No event of the server opens it.
//! - **The guest's** opens on the host's own word: `admitted` over the control channel of the connection whose
//!   certificate was compared with the announced fingerprint. The word counts for the connection it came over.
//! - **The fallback:** if the control channel does not open within two seconds of the connection, the guest takes the
//!   server's `admitted` event instead, because else a visit would be lost to a broken channel.
//!
//! What a lying server achieves with that fallback: a guest who believes to be admitted and sends voice and picture to
//! the host's app, which throws every packet away, because *its* gate is closed; it plays nothing, shows nothing and
//! sends nothing. Nobody hears anybody. The media goes over the connection to whoever holds the fingerprint that was
//! announced, never through the server. (That the announced fingerprint is the host's is what sealing will prove; with
//! open boxes a server that swaps it sits between the two with or without this rule.)

use std::time::Duration;

use units::Timestamp;

/// The host's gate for one endpoint.
///
/// ```text
/// Closed ──person admits──▶ Asked ──server wrote it down──▶ Open
///    ▲                        │
///    └──── server refuses ────┘
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum HostGate {
    /// Waits.
    #[default]
    Closed,
    /// The person said yes; the server has not answered.
    Asked,
    /// In.
    Open,
}

/// The guest's gate towards one host.
///
/// ```text
/// Closed ──server's event──▶ ServerSaid ──control channel stays away for 2 s──▶ Open
///    │                           │                                                ▲
///    └──────── host's word ──────┴────────────────────────────────────────────────┘
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct GuestGate {
    server_said: bool,
    host_said: bool,
}

impl GuestGate {
    /// The server's event, or its snapshot of the visit.
    pub(crate) fn on_server_event(&mut self) {
        self.server_said = true;
    }

    /// The host's word over the control channel of a verified connection.
    pub(crate) fn on_host_word(&mut self) {
        self.host_said = true;
    }

    /// A new connection: the word that came over the old one does not count for it.
    pub(crate) fn on_new_connection(&mut self) {
        self.host_said = false;
    }

    /// Whether anybody said that we are in.
    pub(crate) fn is_admitted(&self) -> bool {
        self.server_said || self.host_said
    }

    /// Whether the host itself said so.
    pub(crate) fn has_host_word(&self) -> bool {
        self.host_said
    }

    /// Whether media may pass over a connection that was verified at `verified`.
    pub(crate) fn is_open(&self, now: Timestamp, verified: Timestamp, control_open: bool) -> bool {
        self.host_said || (self.server_said && !control_open && now >= fallback_at(verified))
    }

    /// When [`is_open`](Self::is_open) may answer otherwise.
    pub(crate) fn poll_timeout(&self, verified: Timestamp, control_open: bool) -> Option<Timestamp> {
        (self.server_said && !self.host_said && !control_open).then(|| fallback_at(verified))
    }
}

fn fallback_at(verified: Timestamp) -> Timestamp {
    verified + CONTROL_PATIENCE
}

/// How long the control channel may take after the connection. It needs two round trips: 1.7 s on the worst link that
/// carries a voice.
const CONTROL_PATIENCE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn the_hosts_word_opens_the_guests_gate_at_once() {
        let mut gate = GuestGate::default();
        assert!(!gate.is_open(at(60_000), at(0), true) && !gate.is_admitted());
        gate.on_host_word();
        assert!(gate.is_open(at(0), at(0), true));
    }

    #[test]
    fn the_servers_event_alone_opens_nothing_while_the_host_can_speak() {
        let mut gate = GuestGate::default();
        gate.on_server_event();
        assert!(gate.is_admitted());
        assert!(!gate.is_open(at(3_600_000), at(0), true));
        assert_eq!(gate.poll_timeout(at(0), true), None);
    }

    #[test]
    fn the_servers_event_is_taken_when_the_control_channel_stays_away() {
        let mut gate = GuestGate::default();
        gate.on_server_event();
        assert_eq!(gate.poll_timeout(at(500), false), Some(at(2_500)));
        assert!(!gate.is_open(at(2_499), at(500), false));
        assert!(gate.is_open(at(2_500), at(500), false));
    }

    #[test]
    fn the_word_counts_for_the_connection_it_came_over() {
        let mut gate = GuestGate::default();
        gate.on_host_word();
        gate.on_new_connection();
        assert!(!gate.is_open(at(60_000), at(0), true));
    }
}
