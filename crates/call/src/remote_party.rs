//! One other endpoint of the visit, as this call knows it.

use signaling_protocol::{Base64, EndpointId, InviteId, Participant, Role};
use units::{DataRate, Phi, Timestamp};

use crate::admission::{GuestGate, HostGate};
use crate::channel::Channel;
use crate::negotiation::Negotiation;
use crate::quality::LinkEstimate;
use crate::reconnection::Reconnection;
use crate::{Facts, MediaState, Milestone, ReconnectCause};

/// One other endpoint of the visit. Its bundle was verified before it got here.
#[derive(Debug)]
pub(crate) struct RemoteParty {
    pub(crate) endpoint: EndpointId,
    pub(crate) bundle: Base64,
    /// By which link a guest came.
    pub(crate) invite: Option<InviteId>,
    pub(crate) since: Timestamp,
    pub(crate) gate: Gate,
    pub(crate) negotiation: Negotiation,
    pub(crate) channel: Channel,
    /// The same app, under another name: it says that it joined anew. It is met when this one is not heard.
    pub(crate) successor: Option<Participant>,
    pub(crate) path: Path,
    /// The server says that its stream broke, or that it is gone: it cannot be told anything.
    pub(crate) unreachable: bool,
    /// When the server last said that it is there again.
    pub(crate) back: Option<Timestamp>,
    /// The server counts it as admitted: it came in with an earlier app of ours.
    pub(crate) in_visit: bool,
    /// The server has forgotten it: only its connection is left.
    pub(crate) gone: bool,
    /// Connections that did not come about, in a row.
    pub(crate) failed_connections: u32,
    /// When another connection is to be made, or asked for, after one that did not come about.
    pub(crate) reopen_at: Option<Timestamp>,
    /// When a path to it was found for the first time: from then on a handshake is owed.
    pub(crate) first_path: Option<Timestamp>,
    /// What its connection last said of the path.
    pub(crate) link: Option<LinkEstimate>,
    /// What we last told its connection.
    pub(crate) media_open: bool,
    /// What we last told its connection of how much we can use.
    pub(crate) told_wanted: Option<DataRate>,
    /// Whether the host's word was given over this connection.
    pub(crate) word_given: bool,
    /// Our switches as we last told them over this connection.
    pub(crate) told_switches: Option<MediaState>,
    /// Whether what is handed over was begun over this connection.
    pub(crate) hears_handing: bool,
    /// Theirs, as they last told us.
    pub(crate) switches: Option<MediaState>,
    /// Host: what they said of where they are.
    pub(crate) facts: Option<Facts>,
    /// Guest: whether they were told over this connection where we are.
    pub(crate) told_facts: bool,
    /// Host: the tries at the code of their link.
    pub(crate) code: CodeTries,
    /// Guest: they want the clinic's code, and so many were wrong.
    pub(crate) asks_code: Option<u8>,
    /// Control messages that came before the connection was verified.
    pub(crate) early_control: Vec<Vec<u8>>,
    /// What its connection reached before it was known to be the partner's.
    pub(crate) milestones: Vec<Milestone>,
    /// How often it has shown us a checkpoint.
    pub(crate) logs_shown: u8,
    /// The connection that the audit log was told is open, by the hash of its certificates.
    pub(crate) receipt: Option<[u8; 32]>,
}

/// The tries at a code of somebody who waits.
#[derive(Debug, Default)]
pub(crate) struct CodeTries {
    /// Whether they were asked over this connection since the last wrong one.
    pub(crate) told: bool,
    /// Said, and not counted yet.
    pub(crate) typed: Option<Phi<String>>,
    /// How many were wrong.
    pub(crate) wrong: u8,
}

/// Our gate towards it.
#[derive(Debug)]
pub(crate) enum Gate {
    /// We are the host, it is a guest.
    Host(HostGate),
    /// We are a guest, it is a host.
    Guest(GuestGate),
}

/// The path to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Path {
    /// There never was one.
    Never,
    /// It is heard.
    Up,
    /// It was heard and is not any more.
    Lost { since: Timestamp, cause: ReconnectCause, reconnection: Reconnection },
}

impl RemoteParty {
    pub(crate) fn new(
        our_role: Role,
        endpoint: EndpointId,
        bundle: Base64,
        channel: Channel,
        invite: Option<InviteId>,
        now: Timestamp,
    ) -> Self {
        Self {
            endpoint,
            bundle,
            invite,
            since: now,
            gate: match our_role {
                Role::Host => Gate::Host(HostGate::default()),
                Role::Guest => Gate::Guest(GuestGate::default()),
            },
            negotiation: Negotiation::new(our_role),
            channel,
            successor: None,
            path: Path::Never,
            unreachable: false,
            back: None,
            in_visit: false,
            gone: false,
            failed_connections: 0,
            reopen_at: None,
            first_path: None,
            link: None,
            media_open: false,
            told_wanted: None,
            word_given: false,
            told_switches: None,
            hears_handing: false,
            switches: None,
            facts: None,
            told_facts: false,
            code: CodeTries::default(),
            asks_code: None,
            early_control: Vec::new(),
            milestones: Vec::new(),
            logs_shown: 0,
            receipt: None,
        }
    }

    /// Whether somebody said that the two belong together now: the host's person, or towards a host its word or the
    /// server's event.
    pub(crate) fn is_admitted(&self) -> bool {
        match &self.gate {
            Gate::Host(gate) => *gate == HostGate::Open,
            Gate::Guest(gate) => gate.is_announced(),
        }
    }

    /// Whether media may pass now: the gate is open, and the connection is one over which the word could be given.
    pub(crate) fn may_open_media(&self) -> bool {
        self.negotiation.is_complete()
            && match &self.gate {
                Gate::Host(gate) => *gate == HostGate::Open,
                Gate::Guest(gate) => gate.is_open(),
            }
    }

    /// Whether our person said yes and the server has not answered yet.
    pub(crate) fn is_being_admitted(&self) -> bool {
        matches!(self.gate, Gate::Host(HostGate::Asked { .. }))
    }

    /// The control channel is open: what was said over one before it may not have come through.
    pub(crate) fn on_control_opened(&mut self) {
        self.negotiation.set_control_open(true);
        self.channel.stop_check();
        self.word_given = false;
        self.told_switches = None;
        self.hears_handing = false;
        self.told_facts = false;
        self.code.told = false;
        self.asks_code = None;
        if self.negotiation.is_complete() {
            self.failed_connections = 0;
        }
    }

    /// A connection was begun: what was said over the old one does not count for it.
    pub(crate) fn on_new_connection(&mut self) {
        self.reopen_at = None;
        self.media_open = false;
        self.word_given = false;
        self.told_switches = None;
        self.hears_handing = false;
        self.early_control.clear();
        self.channel.stop_check();
        if let Gate::Guest(gate) = &mut self.gate {
            gate.on_new_connection();
        }
        if let Path::Lost { reconnection, .. } = &mut self.path {
            reconnection.connection_renewed();
        }
    }

    /// The path is lost from `since` on.
    pub(crate) fn lose_path(&mut self, since: Timestamp, reconnection: Reconnection) {
        let cause = if self.unreachable { ReconnectCause::TheirAppStopped } else { ReconnectCause::LinkLost };
        self.path = Path::Lost { since, cause, reconnection };
    }

    /// What seems to have happened, now that more is known.
    pub(crate) fn set_cause(&mut self, new: ReconnectCause) {
        if let Path::Lost { cause, .. } = &mut self.path {
            *cause = new;
        }
    }

    pub(crate) fn reconnection(&mut self) -> Option<&mut Reconnection> {
        match &mut self.path {
            Path::Lost { reconnection, .. } => Some(reconnection),
            Path::Never | Path::Up => None,
        }
    }
}
