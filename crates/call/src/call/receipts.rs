//! What we say of our connections to the clinic's audit log: opened, and closed, each once, the same as the other end.

use signaling_protocol::{Base64, EndpointId, ReceiptKind, ReceiptLevel, ReceiptPath, ReceiptRequest, Signature};
use trust::Level;

use super::Call;
use crate::{ControlMessage, Output, PeerCommand};

/// One a join: nobody is to make us ask the server without end.
const MOST_LOGS_SHOWN: u8 = 8;

/// What is to be said; by what way the packets went, the driver knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptDraft {
    /// To whom the connection is.
    pub peer: EndpointId,
    /// What became of it.
    pub happened: ReceiptKind,
    /// The salted hash of both certificates: the same at both ends.
    pub agreed: [u8; 32],
    /// How sure we are of the other side.
    pub level: ReceiptLevel,
    /// When, in microseconds of Unix time, by our clock.
    pub unix_micros: u64,
}

impl Call {
    /// The receipt for the server, signed by the key of our join. None before we have joined.
    pub fn receipt(&self, draft: &ReceiptDraft, path: ReceiptPath) -> Option<ReceiptRequest> {
        let receipt = audit::Receipt {
            visit: self.visit?.to_string(),
            endpoint: self.me?.to_string(),
            peer: draft.peer.to_string(),
            happened: match draft.happened {
                ReceiptKind::Opened => audit::Happened::Opened,
                ReceiptKind::Closed => audit::Happened::Closed,
            },
            agreed: draft.agreed,
            path: match path {
                ReceiptPath::Direct => audit::PathKind::Direct,
                ReceiptPath::Relayed => audit::PathKind::Relayed,
                ReceiptPath::Unknown => audit::PathKind::Unknown,
            },
            level: level_word(draft.level).to_owned(),
            unix_micros: draft.unix_micros,
        };
        let signature = self.own.sign_receipt(receipt.record().ok()?.as_bytes());
        Some(ReceiptRequest {
            peer: draft.peer,
            happened: draft.happened,
            agreed: Base64(draft.agreed.to_vec()),
            path,
            level: draft.level,
            receipt_at: draft.unix_micros,
            signature: Signature(signature),
        })
    }

    /// Our public bundle, by whose key the receipts are signed.
    #[cfg(test)]
    pub(crate) fn bundle(&self) -> &[u8] {
        self.own.bytes()
    }

    /// Media passes to this one from now on.
    pub(super) fn receipt_of_opening(&mut self, index: usize) {
        let agreed = self.remotes[index].channel.receipt_fingerprints();
        // The gate of one connection may close and open again.
        if agreed.is_none() || self.remotes[index].receipt == agreed {
            return;
        }
        self.receipt_of_closing(index);
        self.remotes[index].receipt = agreed;
        self.draft(index, ReceiptKind::Opened);
    }

    /// The connection to this one is over, if it was told that there is one.
    pub(super) fn receipt_of_closing(&mut self, index: usize) {
        self.draft(index, ReceiptKind::Closed);
        self.remotes[index].receipt = None;
    }

    /// Shows our partner what we keep of the clinic's log: to two people a server may show two logs.
    pub(super) fn show_log(&mut self, checkpoint: String) {
        let Some(partner) = self.partner else { return };
        let bytes = ControlMessage::Log { checkpoint }.to_bytes();
        if self.index(partner).is_some_and(|index| self.remotes[index].negotiation.is_control_open()) {
            self.peer(partner, PeerCommand::SendControl(bytes));
        }
    }

    pub(super) fn on_their_log(&mut self, index: usize, checkpoint: String) {
        let remote = &mut self.remotes[index];
        if remote.logs_shown < MOST_LOGS_SHOWN && self.partner == Some(remote.endpoint) {
            remote.logs_shown += 1;
            self.outputs.push_back(Output::CompareLog(checkpoint));
        }
    }

    fn draft(&mut self, index: usize, happened: ReceiptKind) {
        let remote = &self.remotes[index];
        let Some(agreed) = remote.receipt else { return };
        let level = match self.assurance(index).map_or(Level::LinkPage, |known| known.level) {
            Level::LinkPage => ReceiptLevel::Page,
            Level::LinkApp => ReceiptLevel::App,
            Level::KnownDevice => ReceiptLevel::Known,
            Level::DigitsCompared => ReceiptLevel::Compared,
        };
        let (peer, unix_micros) = (remote.endpoint, self.config.unix(self.told_at).0.saturating_mul(1_000_000));
        let draft = ReceiptDraft { peer, happened, agreed, level, unix_micros };
        self.outputs.push_back(Output::Receipt(draft));
    }
}

/// As it is on the wire, and so in what is signed.
const fn level_word(level: ReceiptLevel) -> &'static str {
    match level {
        ReceiptLevel::Page => "page",
        ReceiptLevel::App => "app",
        ReceiptLevel::Known => "known",
        ReceiptLevel::Compared => "compared",
    }
}
