//! The two gates: nobody hears anybody before a person has said so.
//!
//! Either side has a gate of its own, closed at first, and sends and takes not one packet of media while it is closed.
//!
//! - **The host's** opens for one endpoint after the person chose "admit" for that endpoint *and* the server wrote it
//!   down. No event of the server opens it.
//! - **The guest's** opens on the host's own word alone: `admitted` over the control channel of the connection whose
//!   certificate was compared with the announced fingerprint. The word counts for the connection it came over; the host
//!   says it again whenever the channel opens. The server's `admitted` event only lets the guest show that it is being
//!   connected.
//!
//! A server that lies can therefore make an app show "connecting", and nothing else. That the announced fingerprint is
//! the host's is proved by the seal: see the `channel` module.
//!
//! Who was admitted is a bundle, not a name that the server gives: the same app that joins anew is let in again by the
//! host's app itself, another one with the same link waits.

use units::Timestamp;

/// The host's gate for one endpoint.
///
/// ```text
/// Closed ──person admits──▶ Asked ──server wrote it down──▶ Open
///    ▲                        │
///    └─ server refuses, or ───┘
///       says nothing for long
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum HostGate {
    /// Waits.
    #[default]
    Closed,
    /// The person said yes; the server has not answered.
    Asked {
        /// When the person said so.
        since: Timestamp,
    },
    /// In.
    Open,
}

/// The guest's gate towards one host.
///
/// ```text
/// Closed ──server's event──▶ Announced
///    │                           │
///    └───── host's word ─────────┴──▶ Open
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

    /// Whether anybody said that we are in: enough to show it.
    pub(crate) fn is_announced(&self) -> bool {
        self.server_said || self.host_said
    }

    /// Whether media may pass: the host itself said so, over this connection.
    pub(crate) fn is_open(&self) -> bool {
        self.host_said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_word_opens_the_guests_gate() {
        let mut gate = GuestGate::default();
        assert!(!gate.is_open() && !gate.is_announced());
        gate.on_host_word();
        assert!(gate.is_open() && gate.is_announced());
    }

    #[test]
    fn the_servers_event_opens_nothing() {
        let mut gate = GuestGate::default();
        gate.on_server_event();
        assert!(gate.is_announced());
        assert!(!gate.is_open());
    }

    #[test]
    fn the_word_counts_for_the_connection_it_came_over() {
        let mut gate = GuestGate::default();
        gate.on_server_event();
        gate.on_host_word();
        gate.on_new_connection();
        assert!(!gate.is_open() && gate.is_announced());
    }
}
